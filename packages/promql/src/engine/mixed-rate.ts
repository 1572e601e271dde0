// rate, increase and delta where there are histograms or start timestamps (upstream: promql/functions.go, extrapolatedRate and histogramRate).
import {compact} from '@narthex/model/histogram/compact.ts';
import {COUNTER_RESET, CUSTOM_BUCKETS_SCHEMA, FloatHistogram} from '@narthex/model/histogram/float-histogram.ts';
import {counterResetOfRecord, schemaOfRecord} from '@narthex/model/histogram/record.ts';
import {isCounterReset} from '@narthex/model/histogram/reset.ts';
import {reduceResolution} from '@narthex/model/histogram/resolution.ts';
import {multiplyHistogram} from '@narthex/model/histogram/scale.ts';
import {add, subtract} from './histogram-change.ts';
import {Marks, Neighbours} from './marks.ts';
import type {MixedSeries} from './mixed-series.ts';
import {isReset} from './mixed-switches.ts';
import type {MixedFunction, MixedWindow} from './mixed-window.ts';
import type {QueryContext} from './query-context.ts';
import {isStartOverlap, isStartReset} from './start-timestamps.ts';
import {NOTE} from './window-notes.ts';

export interface RateKind {
  readonly isCounter: boolean;
  /** Seconds that the change is divided by; undefined for the change itself. */
  readonly perSeconds: number | undefined;
}

/** Windows without extended ends. */
export class MixedRate implements MixedFunction {
  /** Floats with start timestamps are not the kernel's. */
  readonly usesKernel: boolean;
  readonly #context: QueryContext;
  readonly #kind: RateKind;
  readonly #resets: Marks;
  readonly #overlaps: Marks;
  readonly #neighbours = new Neighbours();
  readonly #result = new FloatHistogram();
  readonly #first = new FloatHistogram();
  readonly #sheet = new FloatHistogram();

  constructor(context: QueryContext, kind: RateKind, hasStarts: boolean) {
    this.#context = context;
    this.#kind = kind;
    this.usesKernel = !hasStarts;
    this.#resets = new Marks(context);
    this.#overlaps = new Marks(context);
  }

  begin(series: MixedSeries): void {
    if (!this.#kind.isCounter) return;
    this.#neighbours.clear();
    this.#resets.fill(
      series.count,
      (i) => series.isHistogram(i) === series.isHistogram(i - 1) && isReset(series, i, this.#neighbours),
    );
    if (this.usesKernel) return;
    this.#overlaps.fill(series.count, (i) => isStartOverlap(series.start(i - 1), series.time(i - 1), series.start(i)));
  }

  compute(window: MixedWindow): void {
    if (window.isMixed) {
      window.notes |= NOTE.mixedKinds;
      return window.setAbsent();
    }
    if (window.histograms > 0) this.#histogram(window);
    else if (!this.usesKernel) this.#float(window);
  }

  free(): void {
    this.#resets.free();
    this.#overlaps.free();
  }

  #float(window: MixedWindow): void {
    const {series, from, end} = window;
    this.#noteOverlap(window);
    const first = series.value(from);
    let change = series.value(end - 1) - first;
    for (let i = this.#resets.next(from + 1); i < end; i = this.#resets.next(i + 1)) change += series.value(i - 1);
    const isStarted = this.#startsWithin(window);
    if (isStarted) change += first;
    else if (window.samples === 1) return window.setAbsent();
    window.setFloat(change * this.#factor(window, isStarted, change, first));
  }

  #histogram(window: MixedWindow): void {
    const {series, from} = window;
    const result = this.#result;
    const isStarted = this.#startsWithin(window);
    if (window.samples === 1 && !isStarted) return window.setAbsent();
    series.read(from, this.#first);
    const firstCount = this.#first.count;
    if (window.samples === 1) result.copyFrom(this.#first);
    else {
      const notes = this.#change(window);
      window.notes |= notes;
      if ((notes & NOTE.mixedSchemas) !== 0) return window.setAbsent();
      if (isStarted) {
        series.read(from, this.#first);
        const added = add(result, this.#first);
        window.notes |= added;
        if ((added & NOTE.mixedSchemas) !== 0) return window.setAbsent();
      }
    }
    multiplyHistogram(result, this.#factor(window, isStarted, result.count, firstCount));
    window.setHistogram(result);
  }

  /** Fills the result with the change over a window with at least two histograms. Returns bits of NOTE; with `mixedSchemas` there is no result. */
  #change(window: MixedWindow): number {
    const {series, from, end} = window;
    const {isCounter} = this.#kind;
    const first = this.#first;
    const result = this.#result;
    // The first one does not matter when there is a reset behind it.
    const isFirstReset = isCounter && this.#resets.isMarked(from + 1);
    if (isFirstReset) this.#emptyLike(series, from + 1);
    const schema = this.#lowestSchema(window);
    if (schema === undefined) return NOTE.mixedSchemas | (isCounter ? this.#hintsAtEnds(window) : 0);
    series.read(end - 1, result);
    if (schema !== CUSTOM_BUCKETS_SCHEMA) reduceResolution(result, schema);
    let notes = subtract(result, first);
    if ((notes & NOTE.mixedSchemas) !== 0) return notes;
    notes |= isCounter ? this.#addResets(window, isFirstReset) : 0;
    if ((notes & NOTE.mixedSchemas) !== 0) return NOTE.mixedSchemas;
    notes |= this.#hints(window);
    result.counterReset = COUNTER_RESET.gauge;
    compact(result);
    return notes;
  }

  /** Makes the first histogram empty, of the layout of another one. */
  #emptyLike(series: MixedSeries, i: number): void {
    series.read(i, this.#sheet);
    this.#first.clear();
    this.#first.schema = this.#sheet.schema;
    this.#first.customBounds = this.#sheet.customBounds;
  }

  /** The lowest schema of a window; undefined when exponential and custom buckets are mixed. What a gauge had in between does not matter. */
  #lowestSchema({series, from, end}: MixedWindow): number | undefined {
    let lowest = this.#first.schema;
    const isCustom = lowest === CUSTOM_BUCKETS_SCHEMA;
    const last = this.#schema(series, end - 1);
    if ((last === CUSTOM_BUCKETS_SCHEMA) !== isCustom) return undefined;
    lowest = Math.min(lowest, last);
    for (let i = from + 1; this.#kind.isCounter && i < end - 1; i++) {
      const schema = this.#schema(series, i);
      if ((schema === CUSTOM_BUCKETS_SCHEMA) !== isCustom) return undefined;
      lowest = Math.min(lowest, schema);
    }
    return lowest;
  }

  #addResets(window: MixedWindow, isFirstReset: boolean): number {
    const {series, from, end} = window;
    this.#noteOverlap(window);
    let notes = isFirstReset ? this.#addFirst(window) : 0;
    for (let i = this.#resets.next(from + 2); i < end; i = this.#resets.next(i + 1)) {
      series.read(i - 1, this.#sheet);
      notes |= add(this.#result, this.#sheet);
    }
    return notes;
  }

  /** The first histogram is an empty one now: adding it changes nothing but maybe the bounds. */
  #addFirst({series, from}: MixedWindow): number {
    const isStart = isStartReset(series.start(from), series.time(from), series.start(from + 1), series.time(from + 1));
    series.read(from + 1, this.#sheet);
    return isStart || isCounterReset(this.#sheet, this.#first) ? add(this.#result, this.#first) : 0;
  }

  #hints(window: MixedWindow): number {
    const {series, from, end} = window;
    if (!this.#kind.isCounter) {
      return this.#isGauge(series, from) && this.#isGauge(series, end - 1) ? 0 : NOTE.notGauge;
    }
    for (let i = from; i < end; i++) if (this.#isGauge(series, i)) return NOTE.notCounter;
    return 0;
  }

  /** Upstream keeps this one when it gives up at the last histogram, but not when it does at one in between. */
  #hintsAtEnds({series, from, end}: MixedWindow): number {
    const isCustom = this.#first.schema === CUSTOM_BUCKETS_SCHEMA;
    if ((this.#schema(series, end - 1) === CUSTOM_BUCKETS_SCHEMA) === isCustom) return 0;
    return this.#isGauge(series, from) || this.#isGauge(series, end - 1) ? NOTE.notCounter : 0;
  }

  #schema(series: MixedSeries, i: number): number {
    return schemaOfRecord(this.#context.heap.memory, series.record(i));
  }

  #isGauge(series: MixedSeries, i: number): boolean {
    return counterResetOfRecord(this.#context.heap.memory, series.record(i)) === COUNTER_RESET.gauge;
  }

  #noteOverlap(window: MixedWindow): void {
    if (!this.usesKernel && this.#overlaps.next(window.from + 1) < window.end) window.overlaps++;
  }

  /** Whether the counter of the first sample began within the window, so that it is known to have been 0 then. */
  #startsWithin({series, from, startMs}: MixedWindow): boolean {
    const start = series.start(from);
    return this.#kind.isCounter && start !== 0 && start > startMs && start < series.time(from);
  }

  /** What the change between the samples is multiplied with; `first` is the value (or count) that it started from. */
  #factor(window: MixedWindow, isStarted: boolean, change: number, first: number): number {
    const {series, from, end, startMs, endMs} = window;
    const {isCounter, perSeconds} = this.#kind;
    const firstMs = series.time(from);
    const lastMs = series.time(end - 1);
    let sampled = (lastMs - firstMs) / 1000;
    const average = window.samples > 1 ? sampled / (window.samples - 1) : 0;
    const threshold = average * 1.1;
    let toStart = (firstMs - startMs) / 1000;
    let toEnd = (endMs - lastMs) / 1000;
    if (toEnd >= threshold) toEnd = average / 2;
    if (isStarted) {
      toStart = 0;
      sampled = (lastMs - series.start(from)) / 1000;
    } else {
      if (toStart >= threshold) toStart = average / 2;
      const toZero = isCounter && change > 0 && first >= 0 ? sampled * (first / change) : toStart;
      if (toZero < toStart) toStart = toZero;
    }
    const factor = sampled === 0 ? 1 : (sampled + toStart + toEnd) / sampled;
    return perSeconds === undefined ? factor : factor / perSeconds;
  }
}
