import type {KernelMemory} from '@narthex/kernels/kernel-memory.ts';
import {COUNTER_RESET, FloatHistogram} from '@narthex/model/histogram/float-histogram.ts';
import {readRecord, writeRecord} from '@narthex/model/histogram/record.ts';
import {isCounterReset} from '@narthex/model/histogram/reset.ts';
import {isHistogramAt} from './histogram-arena.ts';

/** The times that a series is looked up at. */
export interface Lookups {
  readonly firstMs: number;
  readonly moveMs: number;
  readonly steps: number;
  /** How far each looks back. */
  readonly backMs: number;
}

/**
 * Takes what nobody needs from histograms whose count and sum alone are wanted, as upstream does on reading them: buckets, zero bucket and bounds go. Since
 * without buckets nobody could later, hints that are unknown are found out, from the histogram that was read before. Where lookups are so far apart that they
 * jump over samples, there is none.
 */
export class HistogramStats {
  readonly #lookups: Lookups;
  readonly #stats = new FloatHistogram();
  #current = new FloatHistogram();
  #previous = new FloatHistogram();
  #hasPrevious = false;
  /** The sample that was read last. */
  #read = -1;

  constructor(lookups: Lookups) {
    this.#lookups = lookups;
  }

  /** Changes the records of the histograms among the samples of a series, in the order in which lookups come to them. */
  reduce(memory: KernelMemory, times: number, values: number, count: number): void {
    const {firstMs, moveMs, steps, backMs} = this.#lookups;
    const timeOf = (i: number): number => (i < count ? memory.f64[(times >>> 3) + i] : Infinity);
    this.#read = -1;
    this.#hasPrevious = false;
    let at = 0;
    let reached = -Infinity;
    for (let step = 0; step < steps && at < count; step++) {
      const timeMs = firstMs + step * moveMs;
      if (timeMs - backMs > reached) {
        if (timeMs - backMs > timeOf(at)) this.#hasPrevious = false;
        while (timeOf(at) < timeMs - backMs) at++;
      }
      for (; timeOf(at) < timeMs; at++) this.#visit(memory, values, at);
      reached = timeOf(at);
      if (at < count) this.#visit(memory, values, at);
    }
  }

  #visit(memory: KernelMemory, values: number, i: number): void {
    const cell = values + i * 8;
    if (i === this.#read || !isHistogramAt(memory.u32, cell)) return;
    this.#read = i;
    const record = memory.u32[cell >>> 2];
    readRecord(memory, record, this.#current);
    if (this.#hasPrevious && this.#current.counterReset === COUNTER_RESET.unknown) this.#findReset();
    this.#strip();
    writeRecord(memory, record, this.#stats);
    [this.#previous, this.#current] = [this.#current, this.#previous];
    this.#hasPrevious = true;
  }

  #findReset(): void {
    const {reset, notReset} = COUNTER_RESET;
    this.#current.counterReset = isCounterReset(this.#current, this.#previous) ? reset : notReset;
  }

  #strip(): void {
    const {schema, counterReset, count, sum} = this.#current;
    this.#stats.schema = schema;
    this.#stats.counterReset = counterReset;
    this.#stats.count = count;
    this.#stats.sum = sum;
  }
}
