import type {Evaluated, Evaluation, NaiveOptions, StepInput, StepResult} from './evaluation.ts';
import {hasEqualLabels, hasPoint, Rows, scalarSample, vectorAt} from './matrix.ts';
import {Labels} from '@narthex/model/labels.ts';
import {type MemoryStorage, matchesAll, type StoredSeries} from '../memory-storage/memory-storage.ts';
import type {
  Aggregation,
  BinaryExpr,
  Call,
  Expr,
  MatrixSelector,
  Subquery,
  UnaryExpr,
  VectorMatching,
  VectorSelector,
} from '../parse/ast.ts';
import {COUNTER_RESET} from '@narthex/model/histogram/float-histogram.ts';
import {aggregate, checkCountValues, countValues} from './aggregate.ts';
import {Annotations} from './annotations.ts';
import {binaryStep, scalarOperation} from './binary.ts';
import {callInstant, SORTS} from './instant-functions.ts';
import {evaluateInfo} from './info.ts';
import {keyOf, matchedLabels, withoutMetadata} from './label-sets.ts';
import {joinLabels, mergeEqualSeries, replaceLabels} from './label-functions.ts';
import * as notes from './notes.ts';
import type {PreparedTree} from './prepare.ts';
import {callOverRange} from './range-call.ts';
import {PlainReader, type SampleReader, StatsReader} from './sample-reader.ts';
import {extendFloats, smoothSeries} from './extended-windows.ts';
import {negated} from './histograms.ts';
import {
  isHistogram,
  type RangeSeries,
  type Sample,
  sameLabelset,
  type Series,
  type TimedValue,
  UndefinedUpstream,
} from './values.ts';

/**
 * Evaluates PromQL as upstream does it: each part of an expression over all steps, to a matrix, before the part around it; then step by step. Errors, the order of
 * rows and annotations are those that follow from that. Where upstream leaves the order of rows to a hash map, it is that of first appearance.
 *
 * Nothing here is fast. It is the oracle for the engine, so each rule is written down where it applies, in the plainest way.
 */
export class Evaluator implements Evaluation {
  readonly storage: MemoryStorage;
  readonly tree: PreparedTree;
  readonly options: NaiveOptions;
  readonly startMs: number;
  readonly endMs: number;
  readonly stepMs: number;

  constructor(
    storage: MemoryStorage,
    tree: PreparedTree,
    options: NaiveOptions,
    times: {readonly startMs: number; readonly endMs: number; readonly stepMs: number},
  ) {
    this.storage = storage;
    this.tree = tree;
    this.options = options;
    this.startMs = times.startMs;
    this.endMs = times.endMs;
    this.stepMs = times.stepMs;
  }

  /** Times of the steps. */
  get times(): number[] {
    const times: number[] = [];
    for (let timeMs = this.startMs; timeMs <= this.endMs; timeMs += this.stepMs) times.push(timeMs);
    return times;
  }

  /** Upstream takes short cuts where there is one step and knows it from this. */
  get isInstant(): boolean {
    return this.startMs === this.endMs;
  }

  evaluate(expr: Expr): Evaluated {
    if (this.endMs < this.startMs) return {series: [], annotations: new Annotations()};
    return this.tree.repeated.has(expr) ? this.#repeat(expr) : this.#evaluate(expr);
  }

  /** A range vector as the result of a query. */
  evaluateRange(expr: Expr): {series: RangeSeries[]; annotations: Annotations} {
    if (expr.kind === 'paren') return this.evaluateRange(expr.expr);
    if (expr.kind === 'subquery') {
      const {child, series, annotations} = this.#runSubquery(expr);
      return {series: rangesOf(series, child.times), annotations};
    }
    if (expr.kind === 'matrixSelector') return {series: this.#bareWindows(expr), annotations: new Annotations()};
    throw new Error(`no range vector: ${expr.kind}`);
  }

  #evaluate(expr: Expr): Evaluated {
    const constant = expr.kind === 'number' ? expr.value : this.tree.constantOf(expr);
    if (constant !== undefined) return this.steps([], undefined, () => [[scalarSample(constant)]]);
    switch (expr.kind) {
      case 'paren':
        return this.evaluate(expr.expr);
      case 'vectorSelector':
        return this.#select(expr);
      case 'unary':
        return this.#unary(expr);
      case 'binary':
        return this.#binary(expr);
      case 'aggregation':
        return this.#aggregation(expr);
      case 'call':
        return this.#call(expr);
      default:
        throw new Error(`no instant vector or scalar: ${expr.kind}`);
    }
  }

  /** Evaluates the first step alone and repeats it. */
  #repeat(expr: Expr): Evaluated {
    const {startMs, stepMs} = this;
    const once = new Evaluator(this.storage, this.tree, this.options, {startMs, endMs: startMs, stepMs});
    const {series, annotations} = once.#evaluate(expr);
    const count = this.times.length;
    const repeated = series.map((one) => ({...one, points: Array.from({length: count}, () => one.points[0])}));
    return {series: repeated, annotations};
  }

  /**
   * Evaluates the parts and then calls `compute` for each step with what they have there (upstream: rangeEval). The label sets of a step must differ, or else the
   * query fails; with delayed name removal that is only looked at in range queries. Undefined parts and strings have no samples.
   */
  steps(
    parts: readonly (Expr | undefined)[],
    matching: VectorMatching | undefined,
    compute: (input: StepInput) => StepResult,
  ): Evaluated {
    const annotations = new Annotations();
    const matrices = parts.map((part): readonly Series[] => {
      if (part === undefined || part.type === 'string') return [];
      const evaluated = this.evaluate(part);
      annotations.merge(evaluated.annotations);
      return evaluated.series;
    });
    const signatureOf = (labels: Labels) =>
      matching === undefined ? '' : keyOf(matchedLabels(labels, matching.on, matching.labels));
    const rows = new Rows(this.times.length, this.options.reversesUnordered);
    for (const [step, timeMs] of this.times.entries()) {
      const vectors = matrices.map((matrix) => vectorAt(matrix, step, timeMs));
      const [samples, found] = compute({timeMs, vectors, signatureOf});
      annotations.merge(found);
      if (this.isInstant) return {series: this.#instantRows(samples), annotations};
      rows.addStep(step, samples);
    }
    return {series: rows.series(), annotations};
  }

  #instantRows(samples: readonly Sample[]): Series[] {
    if (!this.options.delayedNameRemoval && hasEqualLabels(samples)) throw sameLabelset();
    return samples.map(({labels, dropName, value}) => ({labels, dropName, points: [value]}));
  }

  #select(node: VectorSelector): Evaluated {
    const offsetMs = this.tree.offsetMs(node);
    if (node.smoothed) return smoothSeries(this, node, this.matching(node), offsetMs);
    const series: Series[] = [];
    for (const stored of this.matching(node)) {
      const reader = this.readerOf(node, stored);
      const points = this.times.map((timeMs) => reader.newest(timeMs - offsetMs, this.options.lookbackMs)?.value);
      series.push({labels: stored.labels, dropName: false, points});
    }
    return {series: series.filter(hasPoint), annotations: new Annotations()};
  }

  /** The stored series that a selector means. */
  matching(node: VectorSelector): StoredSeries[] {
    return this.storage.series.filter(({labels}) => matchesAll(labels, node.matchers));
  }

  readerOf(node: VectorSelector, stored: StoredSeries): SampleReader {
    return this.tree.statsOnly.has(node) ? new StatsReader(stored) : new PlainReader(stored);
  }

  /** A range vector selector that stands alone. */
  #bareWindows(node: MatrixSelector): RangeSeries[] {
    const {selector} = node;
    const {lookbackMs} = this.options;
    const endMs = this.startMs - this.tree.offsetMs(selector);
    const startMs = endMs - this.tree.rangeMs(node);
    const beforeMs = selector.anchored || selector.smoothed ? lookbackMs : 0;
    const afterMs = selector.smoothed ? lookbackMs : 0;
    const found = this.matching(selector).map(({labels, samples}): RangeSeries => {
      let window = new PlainReader({labels, samples}).window(startMs - beforeMs, endMs + afterMs);
      if (selector.anchored || selector.smoothed) window = extendFloats(window, startMs, endMs, selector);
      return {labels, dropName: false, samples: window};
    });
    return found.filter(({samples}) => samples.length > 0);
  }

  #unary(node: UnaryExpr): Evaluated {
    const {series, annotations} = this.evaluate(node.expr);
    if (node.op === '+') return {series, annotations};
    const isDelayed = this.options.delayedNameRemoval;
    const result = series.map((one) => ({
      labels: isDelayed ? one.labels : withoutMetadata(one.labels),
      dropName: true,
      points: one.points.map((value) => (isHistogram(value) ? negated(value) : value === undefined ? value : -value)),
    }));
    return {series: isDelayed ? result : mergeEqualSeries(result, this.options.reversesUnordered), annotations};
  }

  #binary(node: BinaryExpr): Evaluated {
    const {lhs, rhs, op} = node;
    if (lhs.type === 'scalar' && rhs.type === 'scalar') {
      return this.steps([lhs, rhs], undefined, ({vectors: [[x], [y]]}) => [
        [scalarSample(scalarOperation(op, x.value as number, y.value as number))],
      ]);
    }
    const {delayedNameRemoval} = this.options;
    return this.steps([lhs, rhs], node.matching, (input) => binaryStep(node, input, delayedNameRemoval));
  }

  #aggregation(node: Aggregation): Evaluated {
    const argument = this.tree.argument(node, node.expr);
    if (node.op === 'count_values') {
      checkCountValues(node);
      return this.steps([argument], undefined, ({vectors: [vector], timeMs}) => [
        countValues(node, vector, timeMs, this.options.reversesUnordered),
      ]);
    }
    const annotations = new Annotations();
    const parameter = node.param && this.evaluate(this.tree.argument(node, node.param));
    annotations.merge(parameter?.annotations);
    const input = this.evaluate(argument);
    annotations.merge(input.annotations);
    const result = aggregate(this, node, parameter?.series[0]?.points, input.series);
    return {series: result.series, annotations: annotations.merge(result.annotations)};
  }

  #call(node: Call): Evaluated {
    const args = node.args.map((arg) => this.tree.argument(node, arg));
    const {name} = node.func;
    if ((name === 'timestamp' || name === 'start_timestamp') && args[0].kind === 'vectorSelector') {
      return this.#timestamps(node, args[0]);
    }
    if (args.some((arg) => arg.type === 'matrix')) return callOverRange(this, node, args);
    if (name === 'label_replace') return replaceLabels(this, args);
    if (name === 'label_join') return joinLabels(this, args);
    if (name === 'info') return evaluateInfo(this, args);
    // Upstream keeps one set for all steps here, which is merged again at each of them.
    const kept = new Annotations();
    if (SORTS.has(name) && !this.isInstant) kept.add(notes.sortInRange(node.range));
    return this.steps(args, undefined, (input) => {
      const [samples, annotations] = callInstant(this.options, name, args, input);
      const isKept = SORTS.has(name) && !this.isInstant;
      return [isKept ? inOrderOf(input.vectors[0], samples) : samples, kept.merge(annotations)];
    });
  }

  /** timestamp() and start_timestamp() of a selector look at the samples themselves. */
  #timestamps(node: Call, selector: VectorSelector): Evaluated {
    const isStart = node.func.name === 'start_timestamp';
    const {lookbackMs, delayedNameRemoval, useStartTimestamps} = this.options;
    const atMs = this.tree.atMs(selector);
    const selectedMs = (atMs ?? 0) - this.tree.writtenOffsetMs(selector);
    const isSelected = (sampleMs: number) => sampleMs > selectedMs - lookbackMs && sampleMs <= selectedMs;
    const readers = this.matching(selector).map((stored) => {
      const samples = stored.samples.filter((sample) => atMs === undefined || isSelected(sample.timeMs));
      return {stored, reader: new PlainReader({...stored, samples})};
    });
    return this.steps([], undefined, ({timeMs}) => {
      // When there is an `@`, upstream selects samples by the offset and then forgets it.
      const lookupMs = atMs ?? timeMs - this.tree.offsetMs(selector);
      const samples: Sample[] = [];
      if (isStart && !useStartTimestamps) return [samples];
      for (const {stored, reader} of readers) {
        const sample = reader.newest(lookupMs, lookbackMs);
        if (sample === undefined) continue;
        const labels = delayedNameRemoval ? stored.labels : withoutMetadata(stored.labels);
        const value = (isStart ? sample.startMs : sample.timeMs) / 1000;
        samples.push({labels, dropName: true, value, timeMs});
      }
      return [samples];
    });
  }

  /** The rows of a subquery as a range vector, as functions over ranges see it. */
  subquery(node: Subquery): {series: RangeSeries[]; annotations: Annotations} {
    const {child, series, annotations} = this.#runSubquery(node);
    const forgotten = series.map((one) => ({...one, points: one.points.map(withoutResetHint)}));
    return {series: rangesOf(forgotten, child.times), annotations};
  }

  /** Evaluates the inner expression at multiples of the subquery's step. */
  #runSubquery(node: Subquery): {child: Evaluator} & Evaluated {
    const offsetMs = this.tree.offsetMs(node);
    const rangeMs = this.tree.rangeMs(node);
    const stepMs = this.tree.stepMs(node) || this.options.subqueryStepMs;
    const lastMs = this.startMs + Math.trunc((this.endMs - this.startMs) / this.stepMs) * this.stepMs;
    const beforeMs = this.startMs - offsetMs - rangeMs;
    let startMs = stepMs * Math.trunc(beforeMs / stepMs) + 0;
    if (startMs <= beforeMs) startMs += stepMs;
    const times = {startMs, endMs: lastMs - offsetMs, stepMs};
    const hasMoved = this.tree.setOffsets(startMs, node.expr);
    // Upstream looks at times of the outer query then, of all things.
    if (hasMoved && startMs === this.startMs) throw new UndefinedUpstream('a subquery that begins with its query');
    const child = new Evaluator(this.storage, this.tree, this.options, times);
    return {child, ...child.evaluate(node.expr)};
  }
}

/** Over several steps an order is lost at once. */
function inOrderOf(vector: readonly Sample[], sorted: readonly Sample[]): Sample[] {
  const present = new Set(sorted);
  return vector.filter((sample) => present.has(sample));
}

/** Hints are about the sample before, which a subquery may not have looked at. */
function withoutResetHint(value: Series['points'][number]): Series['points'][number] {
  if (!isHistogram(value) || value.counterReset === COUNTER_RESET.gauge) return value;
  const copy = value.clone();
  copy.counterReset = COUNTER_RESET.unknown;
  return copy;
}

/** Rows of a matrix as ranges: each value with its time. */
function rangesOf(series: readonly Series[], times: readonly number[]): RangeSeries[] {
  return series.map(({labels, dropName, points}) => ({
    labels,
    dropName,
    samples: points.flatMap((value, i): TimedValue[] =>
      value === undefined ? [] : [{timeMs: times[i], startMs: 0, value}],
    ),
  }));
}
