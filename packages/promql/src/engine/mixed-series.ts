import type {FloatHistogram} from '@narthex/model/histogram/float-histogram.ts';
import {readRecord} from '@narthex/model/histogram/record.ts';
import {HISTOGRAM_HIGH} from '../storage.ts';
import {weightOf} from './histogram-weight.ts';
import type {QueryContext} from './query-context.ts';

/** Columns of samples as a source gives them: addresses. */
export interface SampleColumns {
  readonly times: number;
  readonly values: number;
  /** 0 when start timestamps are not looked at. */
  readonly starts: number;
  readonly count: number;
}

const COLUMNS = 4;

/**
 * A series that has histograms (or start timestamps): its samples in order, whatever they are, and its floats alone, as kernels want them. One object is used
 * for all series of an operator; what it says holds until the next `load`.
 */
export class MixedSeries {
  readonly #context: QueryContext;
  #capacity = 0;
  #block = 0;
  #times = 0;
  #values = 0;
  #starts = 0;
  count = 0;
  /** How many of the samples before each one are histograms, and how much the samples before each one weigh: f64 columns of `count` + 1. */
  #histogramsBefore = 0;
  #weightBefore = 0;
  /** Addresses of the floats alone. */
  floatTimes = 0;
  floatValues = 0;
  floatCount = 0;

  constructor(context: QueryContext) {
    this.#context = context;
  }

  /** Takes up a series, whose columns stay where they are. */
  load({times, values, starts, count}: SampleColumns): void {
    this.#times = times;
    this.#values = values;
    this.#starts = starts;
    this.count = count;
    this.#reserve(count + 1);
    this.#split();
  }

  get hasStarts(): boolean {
    return this.#starts !== 0;
  }

  time(i: number): number {
    return this.#context.heap.memory.f64[(this.#times >>> 3) + i];
  }

  /** The value of a float. */
  value(i: number): number {
    return this.#context.heap.memory.f64[(this.#values >>> 3) + i];
  }

  /** Start timestamp in ms, 0 when not known. */
  start(i: number): number {
    return this.#starts === 0 ? 0 : this.#context.heap.memory.f64[(this.#starts >>> 3) + i];
  }

  isHistogram(i: number): boolean {
    return this.#context.heap.memory.u32[(this.#values >>> 2) + 2 * i + 1] === HISTOGRAM_HIGH;
  }

  /** Address of the record of a histogram. */
  record(i: number): number {
    return this.#context.heap.memory.u32[(this.#values >>> 2) + 2 * i];
  }

  /** Fills a work sheet with a histogram. */
  read(i: number, into: FloatHistogram): void {
    readRecord(this.#context.heap.memory, this.record(i), into);
  }

  /** Makes `cell` what the sample is; that of a histogram refers to the source's record. */
  copy(i: number, cell: number): void {
    const {u32} = this.#context.heap.memory;
    u32[cell >>> 2] = u32[(this.#values >>> 2) + 2 * i];
    u32[(cell >>> 2) + 1] = u32[(this.#values >>> 2) + 2 * i + 1];
  }

  /** How many of the samples from `from` to before `end` are histograms. */
  histograms(from: number, end: number): number {
    const {f64} = this.#context.heap.memory;
    return f64[(this.#histogramsBefore >>> 3) + end] - f64[(this.#histogramsBefore >>> 3) + from];
  }

  /** How many floats the samples from `from` to before `end` count as in statistics. */
  weight(from: number, end: number): number {
    const {f64} = this.#context.heap.memory;
    return f64[(this.#weightBefore >>> 3) + end] - f64[(this.#weightBefore >>> 3) + from];
  }

  free(): void {
    this.#context.heap.give(this.#block, this.#capacity * 8 * COLUMNS);
    this.#block = 0;
    this.#capacity = 0;
  }

  #reserve(capacity: number): void {
    if (capacity <= this.#capacity) return;
    this.free();
    this.#capacity = capacity * 2;
    this.#block = this.#context.heap.take(this.#capacity * 8 * COLUMNS);
    [this.#histogramsBefore, this.#weightBefore, this.floatTimes, this.floatValues] = [0, 1, 2, 3].map(
      (column) => this.#block + column * this.#capacity * 8,
    );
  }

  #split(): void {
    const {memory} = this.#context.heap;
    const {f64, u32} = memory;
    let floats = 0;
    let weight = 0;
    for (let i = 0; i < this.count; i++) {
      f64[(this.#histogramsBefore >>> 3) + i] = i - floats;
      f64[(this.#weightBefore >>> 3) + i] = weight;
      if (this.isHistogram(i)) {
        weight += weightOf(memory, this.record(i));
        continue;
      }
      f64[(this.floatTimes >>> 3) + floats] = f64[(this.#times >>> 3) + i];
      u32[(this.floatValues >>> 2) + 2 * floats] = u32[(this.#values >>> 2) + 2 * i];
      u32[(this.floatValues >>> 2) + 2 * floats + 1] = u32[(this.#values >>> 2) + 2 * i + 1];
      floats++;
      weight++;
    }
    f64[(this.#histogramsBefore >>> 3) + this.count] = this.count - floats;
    f64[(this.#weightBefore >>> 3) + this.count] = weight;
    this.floatCount = floats;
  }
}
