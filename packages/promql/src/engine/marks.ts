import {FloatHistogram} from '@narthex/model/histogram/float-histogram.ts';
import {isCounterReset} from '@narthex/model/histogram/reset.ts';
import type {MixedSeries} from './mixed-series.ts';
import type {QueryContext} from './query-context.ts';

const COLUMNS = 2;

/** Places in a series between two samples, found once for all windows: a place is marked at the later one of the samples. */
export class Marks {
  readonly #context: QueryContext;
  #capacity = 0;
  #block = 0;
  #before = 0;
  #next = 0;

  constructor(context: QueryContext) {
    this.#context = context;
  }

  /** Asks `isMarked` for each of `count` samples but the first one. */
  fill(count: number, isMarked: (i: number) => boolean): void {
    this.#reserve(count + 1);
    const {f64} = this.#context.heap.memory;
    let marks = 0;
    for (let i = 0; i < count; i++) {
      f64[this.#before + i] = marks;
      if (i > 0 && isMarked(i)) marks++;
    }
    f64[this.#before + count] = marks;
    let next = count;
    f64[this.#next + count] = count;
    for (let i = count - 1; i >= 0; i--) {
      if (f64[this.#before + i + 1] > f64[this.#before + i]) next = i;
      f64[this.#next + i] = next;
    }
  }

  isMarked(i: number): boolean {
    return this.next(i) === i;
  }

  /** The first marked sample at or behind `i`; the number of samples when there is none. `i` may be that number. */
  next(i: number): number {
    return this.#context.heap.memory.f64[this.#next + i];
  }

  /** Marks within the samples from `from` to before `end`; one at `from` is not within. */
  within(from: number, end: number): number {
    const {f64} = this.#context.heap.memory;
    return f64[this.#before + end] - f64[this.#before + from + 1];
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
    this.#before = this.#block >>> 3;
    this.#next = this.#before + this.#capacity;
  }
}

/** Two work sheets that follow a series, so that each histogram is read once. */
export class Neighbours {
  #previous = new FloatHistogram();
  #current = new FloatHistogram();
  #at = -1;

  /** Forgets what was read; for the next series. */
  clear(): void {
    this.#at = -1;
  }

  /** Whether two histograms that follow each other, the later one being sample `i`, are a reset. */
  isReset(series: MixedSeries, i: number): boolean {
    this.#read(series, i);
    return isCounterReset(this.#current, this.#previous);
  }

  /** The two histograms, the later one being sample `i`; valid until the next call. */
  pair(series: MixedSeries, i: number): {previous: FloatHistogram; current: FloatHistogram} {
    this.#read(series, i);
    return {previous: this.#previous, current: this.#current};
  }

  #read(series: MixedSeries, i: number): void {
    if (this.#at === i) return;
    if (this.#at === i - 1) [this.#previous, this.#current] = [this.#current, this.#previous];
    else series.read(i - 1, this.#previous);
    series.read(i, this.#current);
    this.#at = i;
  }
}
