import type {SampleExtras, SeriesSet} from '../storage.ts';
import {isAbsentAt} from './arithmetic.ts';
import {HistogramArena} from './histogram-arena.ts';
import {HistogramStats, type Lookups} from './histogram-stats.ts';
import type {QueryContext} from './query-context.ts';

/** Room for the decoded samples of one series, used again for the next one. */
export class SampleBuffer implements SampleExtras {
  readonly #context: QueryContext;
  readonly #wantsStarts: boolean;
  readonly #stats: HistogramStats | undefined;
  #capacity = 0;
  /** Addresses of f64 columns; valid until the next `reserve`. */
  times = 0;
  values = 0;
  /** Start timestamps; 0 when nobody asked for them. */
  starts = 0;
  /** As many bytes again, for kernels that want scratch. */
  scratch = 0;
  /** Records of the values that are histograms. */
  readonly histograms: HistogramArena;

  /** `wantsStarts`: start timestamps are read, too. `statsAt`: nothing but count and sum of histograms is wanted, at these lookups. */
  constructor(
    context: QueryContext,
    {wantsStarts = false, statsAt}: {wantsStarts?: boolean; statsAt?: Lookups | undefined} = {},
  ) {
    this.#context = context;
    this.#wantsStarts = wantsStarts;
    this.#stats = statsAt === undefined ? undefined : new HistogramStats(statsAt);
    this.histograms = new HistogramArena(context);
  }

  reserve(samples: number): void {
    if (samples <= this.#capacity) return;
    this.#free();
    this.#capacity = Math.max(256, samples * 2);
    this.#context.hold(this.#capacity);
    const bytes = this.#capacity * 8;
    this.times = this.#context.heap.take(bytes);
    this.values = this.#context.heap.take(bytes);
    this.scratch = this.#context.heap.take(bytes);
    if (this.#wantsStarts) this.starts = this.#context.heap.take(bytes);
  }

  /** Reads the samples of one series, stale markers included; returns their number. */
  read(set: SeriesSet, series: number): number {
    const samples = set.samplesMax(series);
    this.reserve(samples);
    this.histograms.clear();
    if (this.starts !== 0) {
      this.#context.heap.memory.f64.fill(0, this.starts >>> 3, (this.starts >>> 3) + samples);
    }
    const count = set.read(series, this.times, this.values, this);
    if (!this.histograms.isEmpty) this.#stats?.reduce(this.#context.heap.memory, this.times, this.values, count);
    return count;
  }

  /** Removes the stale markers among `count` samples, and NaNs that look like histograms where there are none; returns how many samples are left. */
  dropStale(count: number): number {
    const {kernels} = this.#context.heap.memory;
    if (this.starts !== 0) this.#dropStarts(count);
    return kernels.dropStale(this.times, this.values, count, !this.histograms.isEmpty);
  }

  histogram(bytes: number): number {
    return this.histograms.take(bytes);
  }

  free(): void {
    this.#free();
    this.histograms.free();
  }

  /** Removes the start timestamps of stale markers, before those themselves go. */
  #dropStarts(count: number): void {
    const {f64, u32} = this.#context.heap.memory;
    const begin = this.starts >>> 3;
    let kept = 0;
    for (let i = 0; i < count; i++) {
      if (!isAbsentAt(u32, this.values + i * 8)) f64[begin + kept++] = f64[begin + i];
    }
  }

  #free(): void {
    for (const column of [this.times, this.values, this.scratch, this.starts]) {
      this.#context.heap.give(column, this.#capacity * 8);
    }
    this.#context.release(this.#capacity);
    this.#capacity = 0;
    this.times = 0;
    this.values = 0;
    this.scratch = 0;
    this.starts = 0;
  }
}
