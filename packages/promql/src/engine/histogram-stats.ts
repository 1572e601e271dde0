import type {KernelMemory} from '@narthex/kernels/kernel-memory.ts';
import {COUNTER_RESET, FloatHistogram} from '@narthex/model/histogram/float-histogram.ts';
import {readRecord, writeRecord} from '@narthex/model/histogram/record.ts';
import {isCounterReset} from '@narthex/model/histogram/reset.ts';
import {isHistogramAt} from './histogram-arena.ts';

/** Takes what nobody needs from histograms whose count and sum alone are wanted, as upstream does on reading them. */
export class HistogramStats {
  readonly #stats = new FloatHistogram();
  #current = new FloatHistogram();
  #previous = new FloatHistogram();

  /**
   * Drops buckets, zero bucket and bounds of the histograms among `count` samples of one series, in their records. Hints that are unknown are found out, since
   * without buckets nobody could later.
   */
  reduce(memory: KernelMemory, values: number, count: number): void {
    let hasPrevious = false;
    for (let cell = values; cell < values + count * 8; cell += 8) {
      if (!isHistogramAt(memory.u32, cell)) continue;
      const record = memory.u32[cell >>> 2];
      readRecord(memory, record, this.#current);
      if (hasPrevious && this.#current.counterReset === COUNTER_RESET.unknown) this.#findReset();
      this.#strip();
      writeRecord(memory, record, this.#stats);
      [this.#previous, this.#current] = [this.#current, this.#previous];
      hasPrevious = true;
    }
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
