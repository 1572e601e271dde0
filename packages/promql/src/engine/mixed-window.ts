import type {FloatHistogram} from '@narthex/model/histogram/float-histogram.ts';
import type {HistogramArena} from './histogram-arena.ts';
import type {MixedSeries} from './mixed-series.ts';
import type {QueryContext} from './query-context.ts';

/** Steps after which it is looked whether the query is to stop; each may go over many histograms. */
const STEPS_UNCHECKED = 64;

/** Windows at equal distances over a series, and where their cells go. */
export interface WindowSpan {
  /** End of the first window and the steps between windows, in ms. */
  readonly firstMs: number;
  readonly moveMs: number;
  readonly steps: number;
  readonly rangeMs: number;
  /** How far windows look before their start and behind their end. */
  readonly beforeMs: number;
  readonly afterMs: number;
  readonly cells: number;
}

/** One window over a mixed series, with at least one sample, and the cell that is computed from it. One object is used for all windows. */
export class MixedWindow {
  readonly #context: QueryContext;
  readonly series: MixedSeries;
  /** Its samples are those from `from` to before `end`. */
  from = 0;
  end = 0;
  /** Where it begins (excluded) and ends; extended windows have samples outside. */
  startMs = 0;
  endMs = 0;
  cell = 0;
  /** Takes the records of results. */
  #target: HistogramArena | undefined;
  /** Bits of NOTE over all windows of a series. */
  notes = 0;
  /** Windows of a series with overlapping start timestamps. */
  overlaps = 0;
  /** Samples in all windows of a series, and those that the window before did not have, as statistics count them. */
  queryable = 0;
  read = 0;

  constructor(context: QueryContext, series: MixedSeries) {
    this.#context = context;
    this.series = series;
  }

  /** Goes through the windows of a series, computes their cells and leaves those without samples as they are. Records of results go to `target`. */
  slide(span: WindowSpan, fn: MixedFunction, target: HistogramArena): void {
    const {series} = this;
    let seen = 0;
    this.#clear(target);
    for (let step = 0; step < span.steps; step++) {
      if (step % STEPS_UNCHECKED === 0) this.#context.checkpoint();
      this.#moveTo(span.firstMs + step * span.moveMs, span);
      if (this.from === this.end) continue;
      this.queryable += series.weight(this.from, this.end);
      this.read += series.weight(Math.max(this.from, seen), this.end);
      seen = this.end;
      this.cell = span.cells + step * 8;
      fn.compute(this);
    }
    if (fn.givesSamples === true) target.adopt(span.cells, span.steps);
  }

  /** How many of its samples are histograms. */
  get histograms(): number {
    return this.series.histograms(this.from, this.end);
  }

  get samples(): number {
    return this.end - this.from;
  }

  get isMixed(): boolean {
    const {histograms} = this;
    return histograms > 0 && histograms < this.samples;
  }

  setFloat(value: number): void {
    this.#context.heap.memory.f64[this.cell >>> 3] = value;
  }

  setAbsent(): void {
    this.#context.heap.memory.kernels.cellsClear(this.cell, 1);
  }

  /** Keeps a copy of the work sheet as the result. */
  setHistogram(histogram: FloatHistogram): void {
    this.#target!.put(this.cell, histogram);
  }

  #clear(target: HistogramArena): void {
    this.#target = target;
    this.from = 0;
    this.end = 0;
    this.notes = 0;
    this.overlaps = 0;
    this.queryable = 0;
    this.read = 0;
  }

  #moveTo(endMs: number, {rangeMs, beforeMs, afterMs}: WindowSpan): void {
    const {series} = this;
    this.endMs = endMs;
    this.startMs = endMs - rangeMs;
    while (this.end < series.count && series.time(this.end) <= endMs + afterMs) this.end++;
    while (this.from < this.end && series.time(this.from) <= this.startMs - beforeMs) this.from++;
  }
}

/** Computes cells from windows with histograms. */
export interface MixedFunction {
  /** Its cells are first filled with what kernels have for the floats alone. */
  readonly usesKernel: boolean;
  /** Results are samples as they were: the records they refer to are to be copied. */
  readonly givesSamples?: boolean;
  /** Called once a series, before its windows. */
  begin?(series: MixedSeries): void;
  /** Computes the cell of a window. */
  compute(window: MixedWindow): void;
  /** Gives memory back. */
  free?(): void;
}
