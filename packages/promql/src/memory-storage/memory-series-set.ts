import type {KernelMemory} from '@narthex/kernels/kernel-memory.ts';
import type {SeriesSet} from '../storage.ts';
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
    return this.#series[i].samples.length;
  }

  read(i: number, times: number, values: number): number {
    const found = this.#samplesOf(i);
    for (const [at, sample] of found.entries()) this.#write(sample, times + at * 8, values + at * 8);
    return found.length;
  }

  readNewest(i: number, times: number, values: number): number {
    const newest = this.#samplesOf(i).at(-1);
    if (newest === undefined) return 0;
    this.#write(newest, times, values);
    return 1;
  }

  #samplesOf(i: number): StoredSample[] {
    return this.#series[i].samples.filter(
      ({timeMs, histogram}) => timeMs >= this.#startMs && timeMs <= this.#endMs && histogram === undefined,
    );
  }

  #write({timeMs, bits}: StoredSample, time: number, value: number): void {
    this.#memory.f64[time >>> 3] = timeMs;
    this.#memory.u64[value >>> 3] = bits;
  }
}
