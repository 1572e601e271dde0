import {MemoryLimitError} from '@narthex/kernels/kernel-memory.ts';
import type {Expr, ValueType} from '../parse/ast.ts';
import {walk} from '../parse/ast.ts';
import {type ParserOptions, parseExpr} from '../parse/parser.ts';
import {Builder} from './builder.ts';
import {mergeEqualRows} from './distinct-rows.ts';
import {removeNamesOfSamples} from './merge-samples.ts';
import {dropsName, labelSetIdOf} from './label-table.ts';
import {DEFAULT_OPTIONS, type EngineOptions, QueryContext, type QueryRun} from './query-context.ts';
import {QueryError} from './query-error.ts';
import {tooMuchMemory} from './query-heap.ts';
import {QueryResult, type ResultRows, type ResultValue} from './query-result.ts';
import {QueryShape, type QueryTimes, withoutParens} from './query-shape.ts';
import {type QueryStats, SampleStats, StepSamples} from './query-stats.ts';
import {RowTable} from './row-table.ts';
import {rangeVectorOf, type RangeVector} from './sampled-window.ts';
import {ALL_LABELS} from './operator.ts';
import {sampleRows} from './sample-rows.ts';
import {scalarAt} from './scalar.ts';
import {gridOf, type StepGrid, stepTime} from './step-grid.ts';
import {SymbolTexts} from './symbol-texts.ts';

/** How a query is read and evaluated. */
export interface PrepareOptions extends ParserOptions, Partial<EngineOptions> {}

/** A query that was parsed and checked; it can be run any number of times. */
export interface PreparedQuery {
  readonly text: string;
  readonly expr: Expr;
  readonly type: ValueType;
  readonly options: EngineOptions;
}

/** Parses and checks a query. Throws `ParseError` with upstream's text. */
export function prepare(text: string, options: PrepareOptions = {}): PreparedQuery {
  const expr = parseExpr(text, options);
  return {text, expr, type: expr.type, options: {...DEFAULT_OPTIONS, ...definedOf(options)}};
}

/** Evaluates at one time. Throws QueryError; a thrown MemoryLimitError never gets out. */
export function instant(query: PreparedQuery, run: QueryRun, timeMs: number): QueryResult {
  const times = {startMs: timeMs, endMs: timeMs, stepMs: 0};
  return new Evaluation(query, run, times, gridOf(timeMs, timeMs, 1)).evaluate();
}

/** Evaluates at `startMs`, `startMs + stepMs`, ... up to `endMs`. Throws QueryError. */
export function range(
  query: PreparedQuery,
  run: QueryRun,
  startMs: number,
  endMs: number,
  stepMs: number,
): QueryResult {
  if (query.type !== 'vector' && query.type !== 'scalar') {
    const type = query.type === 'matrix' ? 'range vector' : query.type;
    throw new QueryError(
      'bad_data',
      `invalid expression type "${type}" for range query, must be Scalar or instant Vector`,
    );
  }
  return new Evaluation(query, run, {startMs, endMs, stepMs}, gridOf(startMs, endMs, stepMs)).evaluate();
}

class Evaluation {
  readonly #query: PreparedQuery;
  readonly #run: QueryRun;
  readonly #times: QueryTimes;
  readonly #grid: StepGrid;
  readonly #isRange: boolean;
  readonly #mark: number;
  readonly #begin = performance.now();
  /** When the operators were built and began to run. */
  #prepared: number | undefined;
  #sortMs = 0;
  #context: QueryContext | undefined;

  constructor(query: PreparedQuery, run: QueryRun, times: QueryTimes, grid: StepGrid) {
    this.#query = query;
    this.#run = run;
    this.#times = times;
    this.#grid = grid;
    this.#isRange = times.stepMs > 0;
    this.#mark = run.memory.mark();
  }

  evaluate(): QueryResult {
    try {
      const result = this.#evaluate();
      this.#run.onEnd?.(result.stats);
      return result;
    } catch (error) {
      this.#run.onEnd?.(this.#stats());
      this.#run.memory.release(this.#mark);
      throw error instanceof MemoryLimitError ? tooMuchMemory(error) : error;
    }
  }

  #evaluate(): QueryResult {
    const {text, expr, options} = this.#query;
    const context = new QueryContext(options, this.#run);
    this.#context = context;
    if (this.#run.countsSteps) context.stats.steps = new StepSamples(this.#grid);
    context.checkpoint('query execution');
    const shape = new QueryShape(text, expr, this.#times);
    checkDurations(shape, expr);
    const builder = new Builder(context, shape);
    const finish = this.#plan(builder);
    this.#prepared = performance.now();
    for (const stage of builder.stages) stage();
    const value = finish();
    return new QueryResult(text, value, context, this.#stats(), () => this.#run.memory.release(this.#mark));
  }

  /** What the evaluation took until now. */
  #stats(): QueryStats {
    const now = performance.now();
    const begun = this.#prepared ?? now;
    const evalTotalTime = (now - this.#begin) / 1000;
    const timings = {
      evalTotalTime,
      resultSortTime: this.#sortMs / 1000,
      queryPreparationTime: (begun - this.#begin) / 1000,
      innerEvalTime: (now - begun - this.#sortMs) / 1000,
      execQueueTime: 0,
      execTotalTime: evalTotalTime,
    };
    const {queryable, read, peak, steps} = this.#context?.stats ?? new SampleStats();
    const points = steps?.points;
    const samples = {
      ...(points && {totalQueryableSamplesPerStep: points.queryable}),
      totalQueryableSamples: queryable,
      ...(points && {samplesReadPerStep: points.read}),
      samplesRead: read,
      peakSamples: peak,
    };
    return {timings, samples};
  }

  /** Builds the operators; the function returned gives the value once the stages have run. */
  #plan(builder: Builder): () => ResultValue {
    const {expr} = this.#query;
    const {context} = builder;
    const grid = this.#grid;
    switch (expr.type) {
      case 'vector': {
        const root = builder.vector(expr, grid, ALL_LABELS);
        return () => this.#rows(context, RowTable.from(context, root));
      }
      case 'scalar': {
        const scalar = builder.scalar(expr, grid);
        return () => {
          if (this.#isRange)
            return this.#rows(
              context,
              scalarRow(context, (step) => scalarAt(context, scalar, step), grid),
            );
          return {type: 'scalar', sample: {timeMs: grid.startMs, value: scalarAt(context, scalar, 0)}};
        };
      }
      case 'matrix':
        return this.#planSamples(builder, rangeVectorOf(expr));
      default: {
        const inner = withoutParens(expr);
        const string = inner.kind === 'string' ? inner.value : '';
        return () => ({type: 'string', timeMs: grid.startMs, text: string});
      }
    }
  }

  /** A bare range vector: its samples at their own times. */
  #planSamples(builder: Builder, node: RangeVector): () => ResultValue {
    const {context} = builder;
    const source = builder.samples(node, this.#grid, {demand: ALL_LABELS, dropName: false, isResult: true});
    const windows = builder.windows(node, this.#grid);
    return () => {
      const samples = sampleRows(context, source, windows);
      const isDelayed = context.options.delayedNameRemoval;
      const {table, times} = isDelayed ? removeNamesOfSamples(context, samples) : samples;
      return {type: 'matrix', rows: this.#sorted(context, {table, grid: this.#grid, times, order: naturalOrder(0)})};
    };
  }

  #rows(context: QueryContext, result: RowTable): ResultValue {
    const table = context.options.delayedNameRemoval ? removeNames(context, result) : result;
    const rows = {table, grid: this.#grid, times: undefined, order: naturalOrder(table.rows)};
    if (!this.#isRange) return {type: 'vector', rows};
    context.checkpoint();
    return {type: 'matrix', rows: this.#sorted(context, rows)};
  }

  #sorted(context: QueryContext, rows: ResultRows): ResultRows {
    const begin = performance.now();
    const texts = new SymbolTexts(context.heap, context.labels);
    texts.addRows(rows.table);
    const order = texts.sortedRows(rows.table.rows);
    texts.free();
    this.#sortMs = performance.now() - begin;
    return {...rows, order};
  }
}

/** The delayed removal of names: at the very end, with a check for labels that became equal. */
function removeNames(context: QueryContext, table: RowTable): RowTable {
  for (let row = 0; row < table.rows; row++) {
    const ref = table.labelsOf(row);
    if (dropsName(ref)) table.setLabels(row, context.labels.withoutName.of(labelSetIdOf(ref)));
  }
  return mergeEqualRows(context, table);
}

function scalarRow(context: QueryContext, valueAt: (step: number) => number, grid: StepGrid): RowTable {
  const table = new RowTable(context);
  if (grid.count === 0) return table;
  const cells = table.push(0, 0, grid.count);
  for (let step = 0; step < grid.count; step++) context.heap.memory.f64[(cells >>> 3) + step] = valueAt(step);
  return table;
}

function naturalOrder(rows: number): Uint32Array {
  const order = new Uint32Array(rows);
  for (let row = 0; row < rows; row++) order[row] = row;
  return order;
}

/** Durations that are computed are checked before anything runs. */
function checkDurations(shape: QueryShape, root: Expr): void {
  walk(root, (node) => {
    if (node.kind === 'vectorSelector') shape.lookupOf(node);
    else if (node.kind === 'matrixSelector') shape.rangeNsOf(node);
    else if (node.kind === 'subquery') {
      shape.lookupOf(node);
      shape.stepMsOf(node);
      shape.rangeNsOf(node);
    }
  });
}

function definedOf(options: PrepareOptions): Partial<EngineOptions> {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
}

/** The time of the last step of a range query, where a client wants to know. */
export const endOfRange = (startMs: number, endMs: number, stepMs: number): number => {
  const grid = gridOf(startMs, endMs, stepMs);
  return stepTime(grid, Math.max(0, grid.count - 1));
};
