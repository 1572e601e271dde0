import type {Aggregation, BinaryExpr, Call, Expr, TrimOp, UnaryExpr, VectorSelector} from '../parse/ast.ts';
import {isSetOperator, isTrim} from '../parse/ast.ts';
import {METRIC_NAME} from '@narthex/model/labels.ts';
import {Aggregate} from './aggregate.ts';
import {AggregateQuantile, CountValues, SelectRows} from './aggregate-select.ts';
import {changesMeaning, computeScalar} from './arithmetic.ts';
import {buildCall} from './build-call.ts';
import {computeWithScalar, negateCells} from './cell-transforms.ts';
import {DistinctRows, type EqualRows} from './distinct-rows.ts';
import {Join} from './join.ts';
import {type CellTransform, MapCells} from './map-cells.ts';
import {ALL_LABELS, type LabelDemand, NO_LABELS, type Operator} from './operator.ts';
import {onceFor, type PartOfQuery} from './part-of-query.ts';
import {AGGREGATES} from './ops.ts';
import type {QueryContext} from './query-context.ts';
import {assert, executionError, notSupported} from './query-error.ts';
import {type QueryShape, withoutParens} from './query-shape.ts';
import {Repeat} from './repeat.ts';
import {lookupsOf, movementOf, type RangeVector, type Windows, windowsOf} from './sampled-window.ts';
import {type SampleSource, SelectedSamples, SubquerySamples} from './sample-source.ts';
import {constant, fillScalarOf, newColumn, type Scalar, scalarAt} from './scalar.ts';
import {Selector, type SelectorOptions} from './selector.ts';
import {SetJoin} from './set-join.ts';
import {firstStepOf, isMoment, type StepGrid, stepTime, subqueryGrid} from './step-grid.ts';

/** What is wanted of a range vector. */
export interface SampleDemand {
  readonly demand: LabelDemand;
  /** The function above drops the name. */
  readonly dropName: boolean;
  /** It is the result of the query itself, no argument. */
  readonly isResult: boolean;
}

/**
 * Turns an expression into operators. Operators that must see all of their input before they give anything work in `stages`, which run in order (left
 * before right, inner before outer) and give errors in upstream's order; the others pass batches on when they are asked.
 *
 * Chains of operators are followed in a loop, so that their length is not bound by the stack.
 */
export class Builder {
  readonly context: QueryContext;
  readonly shape: QueryShape;
  readonly stages: (() => void)[] = [];

  constructor(context: QueryContext, shape: QueryShape) {
    this.context = context;
    this.shape = shape;
  }

  /** An operator for an instant vector expression. */
  vector(expr: Expr, grid: StepGrid, demand: LabelDemand = ALL_LABELS): Operator {
    const spine = this.#spineOf(expr, grid);
    const {bottom, bottomGrid} = spine;
    const before = this.stages.length;
    let operator = this.#vectorBelow(bottom, bottomGrid, spine.nodes.length === 0 ? demand : ALL_LABELS);
    for (let i = spine.nodes.length - 1; i >= 0; i--) {
      const {node, grid: outer, inner} = spine.nodes[i];
      operator = this.#binaryOver(node, operator, inner, before);
      if (inner === outer) continue;
      this.#placeStages(before, onceFor(outer));
      operator = new Repeat(this.context, operator, outer);
    }
    return operator;
  }

  /** A scalar expression; a column is filled when the stages before its use have run. */
  scalar(expr: Expr, grid: StepGrid): Scalar {
    if (!isMoment(grid) && this.#isRepeated(expr)) return this.#repeatedScalar(expr, grid);
    const nodes: BinaryExpr[] = [];
    let bottom = withoutParens(expr);
    let isRepeated = false;
    while (bottom.kind === 'binary' && !isRepeated) {
      nodes.push(bottom);
      isRepeated = !isMoment(grid) && this.#isRepeated(bottom.lhs);
      bottom = isRepeated ? bottom.lhs : withoutParens(bottom.lhs);
    }
    let value = isRepeated ? this.#repeatedScalar(bottom, grid) : this.#plainScalar(bottom, grid);
    for (let i = nodes.length - 1; i >= 0; i--) {
      const right = this.scalar(nodes[i].rhs, grid);
      const {op} = nodes[i];
      if (isTrim(op)) this.#refuseTrim(op);
      else value = this.#column(grid, [value, right], ([a, b]) => computeScalar(this.context, op, a, b));
    }
    return value;
  }

  /** Fails where upstream does: after both sides were computed. */
  #refuseTrim(op: TrimOp): void {
    this.stages.push(() => {
      throw executionError(`operator "${op}" not allowed for Scalar operations`);
    });
  }

  /** A range vector as series of samples, for windows at the steps of `grid`. */
  samples(node: RangeVector, grid: StepGrid, {demand, dropName, isResult}: SampleDemand): SampleSource {
    const windows = this.windows(node, grid);
    if (node.kind === 'matrixSelector') {
      const from = windows.firstMs - windows.rangeMs - windows.beforeMs + 1;
      const to = windows.lastMs + windows.afterMs;
      const statsAt = this.shape.isStatsOnly(node.selector) ? lookupsOf(windows, grid) : undefined;
      return new SelectedSamples(this.context, node.selector.matchers, from, to, demand, dropName, statsAt);
    }
    const step = this.shape.stepMsOf(node) || this.context.options.subqueryStepMs;
    const inner = subqueryGrid(windows.firstMs, windows.lastMs, windows.rangeMs, step);
    // Where the subquery is the result, all of its rows are.
    const part = isResult
      ? {weight: 1, grid, shiftMs: 0, rangeMs: 0}
      : {weight: 0, grid, shiftMs: grid.startMs - windows.firstMs, rangeMs: windows.rangeMs};
    const rows = this.#within(part, () => this.vector(node.expr, inner));
    return new SubquerySamples(this.context, rows, dropName, part);
  }

  /** The windows of a range vector at the steps of `grid`. */
  windows(node: RangeVector, grid: StepGrid): Windows {
    return windowsOf(this.shape, node, grid, this.context.options.lookbackMs);
  }

  /** Builds something whose stages count samples as those of `part`. */
  #within<T>(part: PartOfQuery, build: () => T): T {
    const before = this.stages.length;
    const built = build();
    this.#placeStages(before, part);
    return built;
  }

  #placeStages(from: number, part: PartOfQuery): void {
    const {stats} = this.context;
    for (let i = from; i < this.stages.length; i++) {
      const stage = this.stages[i];
      this.stages[i] = () => stats.within(part, stage);
    }
  }

  /** An operator whose input must be complete: its work becomes a stage. */
  stage<T extends Operator & {run(): void}>(operator: T): T {
    this.stages.push(() => operator.run());
    return operator;
  }

  /** Checks for equal labels after names were dropped, unless there can be none. `haveNoName`: types and units were dropped as well. */
  distinct(operator: Operator, wasDistinct: boolean, equal: EqualRows, haveNoName = true): Operator {
    if (wasDistinct || this.context.options.delayedNameRemoval) return operator;
    return new DistinctRows(this.context, operator, equal, haveNoName);
  }

  /** A cell-by-cell operation on top of `child`. */
  map(child: Operator, transform: CellTransform, dropName: boolean, atEnd?: () => void): Operator {
    const wasDistinct = child.distinctWithoutName;
    const canExtend = child instanceof MapCells && (wasDistinct || !dropName);
    const map = canExtend ? child : new MapCells(this.context, child);
    map.add(transform, dropName, atEnd);
    return dropName ? this.distinct(map, wasDistinct, 'merge') : map;
  }

  #spineOf(
    expr: Expr,
    grid: StepGrid,
  ): {nodes: {node: BinaryExpr; grid: StepGrid; inner: StepGrid}[]; bottom: Expr; bottomGrid: StepGrid} {
    const nodes: {node: BinaryExpr; grid: StepGrid; inner: StepGrid}[] = [];
    let bottom = expr;
    let outer = grid;
    for (;;) {
      const node = withoutParens(bottom);
      if (node.kind !== 'binary') break;
      const inner = this.#isRepeated(bottom) ? firstStepOf(outer) : outer;
      nodes.push({node, grid: outer, inner});
      outer = inner;
      bottom = node.lhs.type === 'scalar' ? node.rhs : node.lhs;
    }
    return {nodes, bottom, bottomGrid: outer};
  }

  #isRepeated(expr: Expr): boolean {
    for (let node = expr; ; node = node.expr) {
      if (this.shape.isRepeated(node)) return true;
      if (node.kind !== 'paren') return false;
    }
  }

  #vectorBelow(expr: Expr, grid: StepGrid, demand: LabelDemand): Operator {
    const inner = this.#isRepeated(expr) ? firstStepOf(grid) : grid;
    if (inner === grid) return this.#plain(withoutParens(expr), grid, demand);
    const once = this.#within(onceFor(grid), () => this.#plain(withoutParens(expr), inner, demand));
    return new Repeat(this.context, once, grid);
  }

  #plain(expr: Expr, grid: StepGrid, demand: LabelDemand): Operator {
    switch (expr.kind) {
      case 'vectorSelector':
        return this.selector(expr, grid, demand);
      case 'aggregation':
        return this.#aggregation(expr, grid);
      case 'call':
        return buildCall(this, expr, grid, demand);
      case 'unary':
        return this.#unary(expr, grid, demand);
      default:
        throw new Error(`broken invariant: ${expr.kind} is no instant vector`);
    }
  }

  /** A vector selector, or the times (or start timestamps) of its samples. */
  selector(node: VectorSelector, grid: StepGrid, demand: LabelDemand, timesOf?: 'time' | 'start'): Operator {
    const lookup = this.shape.lookupOf(node);
    const dropName = timesOf !== undefined;
    // Where times are asked for at a fixed time, upstream selects samples by the offset and then forgets it.
    const forgottenOffsetMs = dropName && lookup.atMs !== undefined ? lookup.offsetMs : 0;
    const {firstMs, moveMs} = movementOf({...lookup, offsetMs: lookup.offsetMs - forgottenOffsetMs}, grid);
    const {matchers, smoothed, range} = node;
    const wanted = timesOf ?? (smoothed ? 'smoothed' : 'value');
    const isStatsOnly = this.shape.isStatsOnly(node);
    const times = {grid, firstMs, moveMs, forgottenOffsetMs};
    const options: SelectorOptions = {...times, matchers, demand, wanted, dropName, isStatsOnly, range};
    return new Selector(this.context, options);
  }

  #unary(expr: UnaryExpr, grid: StepGrid, demand: LabelDemand): Operator {
    if (expr.op === '+') return this.vector(expr.expr, grid, demand);
    return this.map(this.vector(expr.expr, grid), negateCells(this.context), true);
  }

  #aggregation(expr: Aggregation, grid: StepGrid): Operator {
    const {op, grouping, without} = expr;
    const {labels} = this.context;
    if (op === 'count_values') return this.#countValues(expr, grid);
    const names = without ? [METRIC_NAME, ...grouping] : grouping;
    const hasName = !without && grouping.includes(METRIC_NAME);
    const projection = labels.projection(names, !without);
    if (op in AGGREGATES) {
      const staticName = op === 'sum' || op === 'avg' ? staticNameOf(expr.expr) : '';
      const child = this.vector(expr.expr, grid, aggregationDemand(names, without, staticName === undefined));
      return this.stage(new Aggregate(this.context, child, expr, projection, hasName, staticName));
    }
    const parameter = this.scalar(expr.param!, grid);
    const child = this.vector(expr.expr, grid);
    if (op === 'quantile') {
      return this.stage(new AggregateQuantile(this.context, child, expr, projection, parameter, hasName));
    }
    return this.stage(new SelectRows(this.context, child, expr, projection, parameter));
  }

  #countValues(expr: Aggregation, grid: StepGrid): Operator {
    const {grouping, without} = expr;
    const label = withoutParens(expr.param!);
    assert(label.kind === 'string', 'the label of count_values is a string literal');
    const names = without ? [METRIC_NAME, ...grouping] : [...grouping, label.value];
    const projection = this.context.labels.projection(names, !without);
    return this.stage(new CountValues(this.context, this.vector(expr.expr, grid), label.value, projection));
  }

  /** A binary operation whose vector on the left (or the only vector) is built already; its stages begin at `before`. */
  #binaryOver(node: BinaryExpr, operator: Operator, grid: StepGrid, before: number): Operator {
    const {lhs, rhs, matching} = node;
    if (matching === undefined || lhs.type === 'scalar' || rhs.type === 'scalar') {
      const isScalarLeft = lhs.type === 'scalar';
      const after = this.stages.length;
      const scalar = this.scalar(isScalarLeft ? lhs : rhs, grid);
      if (isScalarLeft) this.stages.splice(before, 0, ...this.stages.splice(after));
      const dropName = changesMeaning(node.op) || node.returnBool;
      const {transform, atEnd} = computeWithScalar(this.context, node, scalar, isScalarLeft, grid);
      return this.map(operator, transform, dropName, atEnd);
    }
    const right = (): Operator => this.vector(rhs, grid);
    if (isSetOperator(node.op)) {
      return this.#lateJoin(operator, right, (a, b) => new SetJoin(this.context, node, matching, a, b));
    }
    return this.#lateJoin(operator, right, (a, b) => new Join(this.context, node, matching, a, b));
  }

  /** Puts the work on the left side before all that the right side needs. */
  #lateJoin<T extends Operator & {takeLeft(): void; takeRight(): void}>(
    left: Operator,
    right: () => Operator,
    make: (left: Operator, right: Operator) => T,
  ): T {
    const before = this.stages.length;
    const join = make(left, right());
    this.stages.splice(before, 0, () => join.takeLeft());
    this.stages.push(() => join.takeRight());
    return join;
  }

  /** Evaluated at the first step; all steps have its value. */
  #repeatedScalar(expr: Expr, grid: StepGrid): Scalar {
    const once = this.#within(onceFor(grid), () => this.scalar(expr, firstStepOf(grid)));
    if (once.kind === 'constant') return once;
    const address = newColumn(this.context, grid);
    this.stages.push(() => this.context.heap.memory.kernels.cellsRepeat(once.address, address, grid.count));
    return {kind: 'column', address};
  }

  #plainScalar(expr: Expr, grid: StepGrid): Scalar {
    switch (expr.kind) {
      case 'number':
        return constant(expr.value);
      case 'unary':
        return this.#scalarUnary(expr, grid);
      case 'call':
        return this.#scalarCall(expr, grid);
      default:
        throw new Error(`broken invariant: ${expr.kind} is no scalar`);
    }
  }

  #scalarUnary(expr: UnaryExpr, grid: StepGrid): Scalar {
    const value = this.scalar(expr.expr, grid);
    if (expr.op === '+') return value;
    return this.#column(grid, [value], ([x]) => -x);
  }

  #scalarCall(call: Call, grid: StepGrid): Scalar {
    const folded = this.shape.constantOf(call);
    if (folded !== undefined) return constant(folded);
    switch (call.func.name) {
      case 'pi':
        return constant(Math.PI);
      case 'time':
        return this.#timeColumn(grid);
      case 'scalar':
        return this.#scalarOf(call.args[0], grid);
      case 'max_of':
        return this.#column(grid, this.#scalars(call.args, grid), ([a, b]) => Math.max(a, b));
      case 'min_of':
        return this.#column(grid, this.#scalars(call.args, grid), ([a, b]) => Math.min(a, b));
      default:
        throw notSupported(`function ${call.func.name}()`);
    }
  }

  #scalars(args: readonly Expr[], grid: StepGrid): Scalar[] {
    return args.map((arg) => this.scalar(arg, grid));
  }

  #timeColumn(grid: StepGrid): Scalar {
    const address = newColumn(this.context, grid);
    const {f64} = this.context.heap.memory;
    for (let step = 0; step < grid.count; step++) f64[(address >>> 3) + step] = stepTime(grid, step) / 1000;
    return {kind: 'column', address};
  }

  /** A value a step from others; computed now where all are constant. */
  #column(grid: StepGrid, inputs: readonly Scalar[], compute: (values: readonly number[]) => number): Scalar {
    const valuesAt = (step: number) => inputs.map((input) => scalarAt(this.context, input, step));
    if (inputs.every(({kind}) => kind === 'constant')) return constant(compute(valuesAt(0)));
    // Nobody else looks at the columns of the inputs, so the first of them takes the result.
    const reused = inputs.find((input) => input.kind === 'column');
    const address = reused?.kind === 'column' ? reused.address : newColumn(this.context, grid);
    this.stages.push(() => {
      for (let step = 0; step < grid.count; step++) {
        const value = compute(valuesAt(step));
        this.context.heap.memory.f64[(address >>> 3) + step] = value;
      }
    });
    return {kind: 'column', address};
  }

  /** scalar(): the value of the only row at each step, NaN where there are more or none. */
  #scalarOf(expr: Expr, grid: StepGrid): Scalar {
    const child = this.vector(expr, grid, NO_LABELS);
    const address = newColumn(this.context, grid);
    this.stages.push(() => fillScalarOf(this.context, child, address));
    return {kind: 'column', address};
  }
}

/** The metric name that all series of a selector have, as its matchers say; undefined where they leave it open or `expr` is no selector. */
function staticNameOf(expr: Expr): string | undefined {
  const inner = withoutParens(expr);
  if (inner.kind !== 'vectorSelector') return undefined;
  return inner.matchers.find(({type, name}) => type === '=' && name === METRIC_NAME)?.value;
}

/** The labels that an aggregation looks at: those it groups by and, for warnings that tell it, the metric name. */
function aggregationDemand(names: readonly string[], without: boolean, isNameWanted: boolean): LabelDemand {
  if (without) return {kind: 'without', names: isNameWanted ? names.filter((name) => name !== METRIC_NAME) : names};
  if (isNameWanted && !names.includes(METRIC_NAME)) return {kind: 'by', names: [...names, METRIC_NAME]};
  return names.length === 0 ? NO_LABELS : {kind: 'by', names};
}
