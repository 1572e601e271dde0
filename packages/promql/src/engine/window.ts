import {quoteGo} from '@narthex/model/quote.ts';
import {formatFloatG} from '@narthex/model/value.ts';
import type {Call, SourceRange} from '../parse/ast.ts';
import type {AnnotationPlace} from './annotations.ts';
import {isAbsentAt} from './arithmetic.ts';
import {cellsOfExtents} from './foresight.ts';
import type {Operator} from './operator.ts';
import {MixedWindows, needsMixedWindows} from './mixed-windows.ts';
import type {QueryContext} from './query-context.ts';
import {executionError} from './query-error.ts';
import type {RowBatch} from './row-batch.ts';
import type {SampleSource} from './sample-source.ts';
import {columnOf, type Scalar} from './scalar.ts';
import {type StepGrid, stretchOf} from './step-grid.ts';
import type {Windows} from './sampled-window.ts';
import {countWindows} from './window-counts.ts';
import {computeWindows, type WindowTask} from './window-kernels.ts';
import {annotate, annotateOverlaps} from './window-notes.ts';

export interface WindowOptions extends Windows {
  readonly call: Call;
  readonly grid: StepGrid;
  /** The scalar arguments, in order. */
  readonly scalars: readonly Scalar[];
  /** Where the range vector stands in the query, for annotations. */
  readonly argumentRange: SourceRange;
}

const NO_SERIES = {times: 0, values: 0, scratch: 0, count: 0, steps: 0, nowMs: 0, a: 0, b: 0, cells: 0};
const STATS_BYTES = 16;
const COUNTER_SUFFIXES = ['_total', '_sum', '_count', '_bucket'];

/** A function over a range vector: each series is decoded once, all its steps are computed in one pass. */
export class WindowFunction implements Operator {
  readonly grid: StepGrid;
  readonly distinctWithoutName: boolean;
  readonly #context: QueryContext;
  readonly #source: SampleSource;
  readonly #options: WindowOptions;
  readonly #name: string;
  readonly #notes: AnnotationPlace;
  readonly #task: WindowTask;
  /** For series with histograms or start timestamps; made for the first of them. */
  #mixed: MixedWindows | undefined;
  /** Addresses of the columns of the first two scalar arguments. */
  #a = 0;
  #b = 0;
  #badSteps: readonly number[] = [];
  #isPrepared = false;
  #lastNameChecked: string | undefined;

  constructor(context: QueryContext, source: SampleSource, options: WindowOptions) {
    this.grid = options.grid;
    this.distinctWithoutName = source.distinctWithoutName;
    this.#context = context;
    this.#source = source;
    this.#options = options;
    this.#name = options.call.func.name;
    this.#notes = context.annotations.at(options.argumentRange);
    this.#task = {
      ...NO_SERIES,
      ...options,
      stepMs: options.grid.stepMs,
      stats: context.heap.take(STATS_BYTES),
    };
  }

  next(out: RowBatch): boolean {
    this.#context.checkpoint();
    if (!this.#isPrepared) this.#context.refuseWork(this.cellsAtLeast());
    this.#prepare();
    out.clear();
    while (out.fits(this.grid.count) && this.grid.count > 0 && this.#source.next()) this.#fillRow(out);
    return out.rows > 0;
  }

  cellsAtLeast(): number {
    const {set} = this.#source;
    const {firstMs, moveMs, rangeMs, mode} = this.#options;
    if (set === undefined || mode !== 'plain') return 0;
    // Some two samples are no further apart than the mean; a window that is sure to hold both gives a value.
    const isSure = (samples: number, spanMs: number): boolean =>
      samples > 1 && spanMs / (samples - 1) + moveMs < rangeMs;
    return cellsOfExtents(set, this.grid, firstMs, moveMs, rangeMs, isSure);
  }

  close(): void {
    this.#source.close();
    this.#mixed?.free();
    this.#context.heap.give(this.#task.stats, STATS_BYTES);
  }

  #fillRow(out: RowBatch): void {
    const {firstMs, moveMs, rangeMs, beforeMs, afterMs} = this.#options;
    const {times, count} = this.#source;
    const {f64} = this.#context.heap.memory;
    const oldest = f64[times >>> 3] - afterMs;
    const newest = f64[(times >>> 3) + count - 1];
    const [first, end] = stretchOf(this.grid, firstMs, moveMs, oldest, newest + rangeMs + beforeMs);
    if (first >= end) return;
    const labels = this.#source.labels();
    const cells = out.push(labels, first, end - first);
    this.#setTask(first, end - first, cells);
    const isMixed = needsMixedWindows(this.#context.heap.memory, this.#name, this.#source);
    const present = isMixed ? this.#computeMixed(out) : this.#compute();
    this.#annotate(cells, first, end - first);
    if (present === 0) out.pop();
  }

  /** Points the task to the series and the steps that are to be computed. */
  #setTask(first: number, steps: number, cells: number): void {
    const task = this.#task;
    const {firstMs, moveMs} = this.#options;
    task.times = this.#source.times;
    task.values = this.#source.values;
    task.scratch = this.#source.scratch;
    task.count = this.#source.count;
    task.firstMs = firstMs + first * moveMs;
    task.steps = steps;
    task.nowMs = this.grid.startMs + first * this.grid.stepMs;
    task.a = this.#a === 0 ? 0 : this.#a + first * 8;
    task.b = this.#b === 0 ? 0 : this.#b + first * 8;
    task.cells = cells;
    const {f64} = this.#context.heap.memory;
    f64[task.stats >>> 3] = 0;
    f64[(task.stats >>> 3) + 1] = 0;
  }

  /** Computes the task by kernels; returns how many cells are present. */
  #compute(): number {
    const present = computeWindows(this.#context.heap.memory, this.#name, this.#task);
    this.#countSamples();
    if (present > 0) this.#checkCounterName();
    return present;
  }

  #computeMixed(out: RowBatch): number {
    const task = this.#task;
    this.#mixed ??= new MixedWindows(this.#context, this.#name, task);
    const present = this.#mixed.compute(this.#source, task, out.histograms);
    this.#countSamples();
    const {notes, overlaps} = this.#mixed;
    const {heap} = this.#context;
    if (notes !== 0) annotate(this.#notes, notes, this.#source.nameAndType().name);
    if (overlaps > 0) annotateOverlaps(this.#notes, overlaps, this.#source.nameAndType().name);
    if (heap.memory.kernels.cellsHistograms(task.cells, task.steps) < present) this.#checkCounterName();
    return present;
  }

  #countSamples(): void {
    if (this.#context.stats.isTimed) return countWindows(this.#context, this.#source, this.#task);
    const {f64} = this.#context.heap.memory;
    const stats = this.#task.stats >>> 3;
    this.#context.stats.count(f64[stats], this.#source.readsStorage ? f64[stats + 1] : 0);
  }

  /** Reads the scalar arguments, which the stages before have computed by now. */
  #prepare(): void {
    if (this.#isPrepared) return;
    this.#isPrepared = true;
    const [first, second] = this.#options.scalars;
    if (first !== undefined) this.#a = columnOf(this.#context, first, this.grid);
    if (second !== undefined) this.#b = columnOf(this.#context, second, this.grid);
    this.#badSteps = this.#findBadSteps();
  }

  /** Steps with a parameter that upstream warns about or refuses as soon as a series has samples there. */
  #findBadSteps(): readonly number[] {
    const {f64} = this.#context.heap.memory;
    const bad: number[] = [];
    const isBad = badParameter(this.#name);
    if (isBad === undefined) return bad;
    for (let step = 0; step < this.grid.count; step++) {
      const b = this.#b === 0 ? 0.5 : f64[(this.#b >>> 3) + step];
      if (isBad(f64[(this.#a >>> 3) + step], b)) bad.push(step);
    }
    return bad;
  }

  #annotate(cells: number, first: number, count: number): void {
    for (const step of this.#badSteps) {
      if (step < first || step >= first + count) continue;
      // Smoothing refuses its factors as soon as there is a sample, the others warn about results.
      const isBad =
        this.#name === 'quantile_over_time'
          ? !isAbsentAt(this.#context.heap.memory.u32, cells + (step - first) * 8)
          : this.#hasSamples(step);
      if (isBad) this.#reportBad(step);
    }
  }

  #reportBad(step: number): void {
    const {f64} = this.#context.heap.memory;
    const a = f64[(this.#a >>> 3) + step];
    if (this.#name === 'quantile_over_time') {
      const text = `quantile value should be between 0 and 1, got ${formatFloatG(a)}`;
      this.#notes.warn(text);
      return;
    }
    if (a <= 0 || a >= 1) {
      throw executionError(`invalid smoothing factor. Expected: 0 < sf < 1, got: ${goFixed(a)}`);
    }
    const b = f64[(this.#b >>> 3) + step];
    throw executionError(`invalid trend factor. Expected: 0 < tf < 1, got: ${goFixed(b)}`);
  }

  /** Whether the window of a step has samples. */
  #hasSamples(step: number): boolean {
    const {firstMs, moveMs, rangeMs} = this.#options;
    const {times, count} = this.#source;
    const endMs = firstMs + step * moveMs;
    const {f64} = this.#context.heap.memory;
    return f64.subarray(times >>> 3, (times >>> 3) + count).some((time) => time > endMs - rangeMs && time <= endMs);
  }

  /** rate and increase of what does not look like a counter are worth an info. */
  #checkCounterName(): void {
    if (this.#name !== 'rate' && this.#name !== 'increase') return;
    if (this.distinctWithoutName && this.#lastNameChecked !== undefined) return;
    const {name, type} = this.#source.nameAndType();
    const checked = `${type}\n${name}`;
    if (name === '' || checked === this.#lastNameChecked) return;
    this.#lastNameChecked = checked;
    const {options} = this.#context;
    if (options.typeAndUnitLabels) {
      if (type === 'counter' || type === 'histogram') return;
      const text = `metric might not be a counter, __type__ label is not set to "counter" or "histogram", got ${quoteGo(type)}: ${quoteGo(name)}`;
      this.#notes.info(text);
    } else if (!COUNTER_SUFFIXES.some((suffix) => name.endsWith(suffix))) {
      const text = `metric might not be a counter, name does not end in _total/_sum/_count/_bucket: ${quoteGo(name)}`;
      this.#notes.info(text);
    }
  }
}

/** Which parameters are out of bounds, for the functions that look. */
function badParameter(name: string): ((a: number, b: number) => boolean) | undefined {
  if (name === 'quantile_over_time') return (q) => !(q >= 0 && q <= 1);
  if (name === 'double_exponential_smoothing') return (sf, tf) => sf <= 0 || sf >= 1 || tf <= 0 || tf >= 1;
  return undefined;
}

/** Go's %f. */
function goFixed(x: number): string {
  if (Number.isFinite(x)) return x.toFixed(6);
  return x > 0 ? '+Inf' : '-Inf';
}
