import type {KernelMemory} from '@narthex/kernels/kernel-memory.ts';
import {forgetCounterReset} from '@narthex/model/histogram/record.ts';
import {HISTOGRAM_HIGH} from './extras.ts';
import {RunMerge} from './merge-runs.ts';
import type {SampleColumns} from './sample-columns.ts';

/** Puts runs of samples that stand one behind the other in columns into the order of their times, in place (see `RunMerge`). */
export class RunJoiner {
  readonly #memory: KernelMemory;
  readonly #merge = new RunMerge();
  /** Copies of what is merged: times, cells, starts. */
  #times = new Float64Array(0);
  #cells = new BigUint64Array(0);
  #starts = new Float64Array(0);

  constructor(memory: KernelMemory) {
    this.#memory = memory;
  }

  /**
   * Run `k` is at places [runStarts[k], runStarts[k + 1]) of `columns`; gives how many samples there are then: each time once. A histogram that does
   * not follow its neighbour of the same run says nothing about counter resets any more.
   */
  join(columns: SampleColumns, runStarts: readonly number[]): number {
    const {f64, u64, u32} = this.#memory;
    const {times, values, starts, count} = columns;
    this.#takeCopies(columns);
    const merge = this.#merge;
    merge.begin(this.#times, runStarts, runStarts.length - 1);
    let merged = 0;
    for (let from = merge.next(); from >= 0; from = merge.next(), merged++) {
      f64[(times >>> 3) + merged] = this.#times[from];
      u64[(values >>> 3) + merged] = this.#cells[from];
      if (starts !== 0) f64[(starts >>> 3) + merged] = this.#starts[from];
      const word = (values >>> 2) + 2 * merged;
      if (u32[word + 1] === HISTOGRAM_HIGH && !merge.isConsecutive) forgetCounterReset(this.#memory, u32[word]);
    }
    // What comes next may have no starts and count on zeros.
    if (starts !== 0) f64.fill(0, (starts >>> 3) + merged, (starts >>> 3) + count);
    return merged;
  }

  #takeCopies({times, values, starts, count}: SampleColumns): void {
    const {f64, u64} = this.#memory;
    if (this.#times.length < count) {
      this.#times = new Float64Array(count * 2);
      this.#cells = new BigUint64Array(count * 2);
      this.#starts = new Float64Array(count * 2);
    }
    this.#times.set(f64.subarray(times >>> 3, (times >>> 3) + count));
    this.#cells.set(u64.subarray(values >>> 3, (values >>> 3) + count));
    if (starts !== 0) this.#starts.set(f64.subarray(starts >>> 3, (starts >>> 3) + count));
  }
}
