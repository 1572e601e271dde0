import type {KernelMemory} from '@narthex/kernels/kernel-memory.ts';
import type {FloatHistogram} from '@narthex/model/histogram/float-histogram.ts';
import {recordBytes, writeRecord} from '@narthex/model/histogram/record.ts';
import {NORMAL_NAN_BITS} from '@narthex/model/stale.ts';
import {HISTOGRAM_HIGH, type SampleExtras, type SeriesSet} from '../storage.ts';
import type {KeptSeries, StoredSample} from './memory-storage.ts';

/** The series of a MemoryStorage that a select found. */
export class MemorySeriesSet implements SeriesSet {
  readonly length: number;
  readonly #memory: KernelMemory;
  readonly #series: readonly KeptSeries[];
  readonly #startMs: number;
  readonly #endMs: number;

  constructor(memory: KernelMemory, series: readonly KeptSeries[], startMs: number, endMs: number) {
    this.#memory = memory;
    this.#series = series;
    this.length = series.length;
    this.#startMs = startMs;
    this.#endMs = endMs;
  }

  labels(i: number, out: Uint32Array): number {
    const {symbols} = this.#series[i];
    out.set(symbols);
    return symbols.length / 2;
  }

  samplesMax(i: number): number {
    return this.#samplesOf(i).length;
  }

  read(i: number, times: number, values: number, extras: SampleExtras): number {
    const found = this.#samplesOf(i);
    for (const [at, sample] of found.entries()) this.#write(sample, at, times, values, extras);
    return found.length;
  }

  readNewest(i: number, times: number, values: number, extras: SampleExtras): number {
    const newest = this.#samplesOf(i).at(-1);
    if (newest === undefined) return 0;
    this.#write(newest, 0, times, values, extras);
    return 1;
  }

  #samplesOf(i: number): StoredSample[] {
    const {samples} = this.#series[i];
    return samples.slice(firstAfter(samples, this.#startMs - 1), firstAfter(samples, this.#endMs));
  }

  /** Writes a sample as number `at` of the columns. */
  #write(sample: StoredSample, at: number, times: number, values: number, extras: SampleExtras): void {
    const word = sample.histogram === undefined ? floatWord(sample.bits) : this.#record(sample.histogram, extras);
    const {f64, u64} = this.#memory;
    f64[(times >>> 3) + at] = sample.timeMs;
    u64[(values >>> 3) + at] = word;
    if (extras.starts !== 0) f64[(extras.starts >>> 3) + at] = sample.startMs;
  }

  #record(histogram: FloatHistogram, extras: SampleExtras): bigint {
    const address = extras.histogram(recordBytes(histogram));
    writeRecord(this.#memory, address, histogram);
    return (BigInt(HISTOGRAM_HIGH) << 32n) | BigInt(address);
  }
}

/** A float's bits; NaNs that would look like histograms become plain ones. */
const floatWord = (bits: bigint): bigint => (bits >> 32n === BigInt(HISTOGRAM_HIGH) ? NORMAL_NAN_BITS : bits);

/** The number of the first sample after `timeMs`; all of them when there is none. */
function firstAfter(samples: readonly StoredSample[], timeMs: number): number {
  let lo = 0;
  let hi = samples.length;
  while (lo < hi) {
    const middle = (lo + hi) >>> 1;
    if (samples[middle].timeMs <= timeMs) lo = middle + 1;
    else hi = middle;
  }
  return lo;
}
