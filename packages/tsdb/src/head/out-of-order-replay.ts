import type {KernelMemory} from '@narthex/kernels/kernel-memory.ts';
import type {OutOfOrder} from './out-of-order.ts';
import type {ReplayBatch} from './head.ts';
import type {SeriesSlot} from './types.ts';

/** A marker of the log: the samples of this series that the log gave before it are in chunks on disk, the newest of them at `chunk` (file * 2^32 + offset). */
export interface ReplayMarker {
  readonly ref: number;
  readonly chunk: number;
}

/** What the log of out-of-order samples is read into, after the write-ahead log and the chunks on disk, before any append. */
export class OutOfOrderReplay {
  readonly replaysHistograms = true;
  readonly #outOfOrder: OutOfOrder;
  readonly #memory: KernelMemory;
  readonly #newestChunk: number;
  readonly #slotOf: (ref: number) => number;

  constructor(
    outOfOrder: OutOfOrder,
    how: {memory: KernelMemory; newestChunk: number; slotOf: (ref: number) => number},
  ) {
    this.#outOfOrder = outOfOrder;
    this.#memory = how.memory;
    this.#newestChunk = how.newestChunk;
    this.#slotOf = how.slotOf;
  }

  /** This log has none. */
  replaySeries(): void {}

  /** Samples in the order they came; returns how many are of no known series. */
  replaySamples(batch: ReplayBatch): number {
    const {memory, count} = batch;
    const mark = memory.mark();
    const slots = memory.alloc(count * 4);
    let unknown = 0;
    let start = 0;
    for (let i = 0; i < count; i++) {
      const slot = this.#slotOf(memory.f64[(batch.refs >>> 3) + i]);
      memory.u32[(slots >>> 2) + i] = slot;
      if (slot >= 0) continue;
      unknown++;
      this.#replayRun(batch, slots, start, i);
      start = i + 1;
    }
    this.#replayRun(batch, slots, start, count);
    memory.release(mark);
    return unknown;
  }

  /** Returns how many are of no known series. Those of chunks that did not reach the disk mean nothing (upstream: loadWBL). */
  replayMarkers(markers: readonly ReplayMarker[]): number {
    let unknown = 0;
    for (const {ref, chunk} of markers) {
      if (chunk > this.#newestChunk) continue;
      const slot = this.#slotOf(ref);
      if (slot < 0) unknown++;
      else this.#outOfOrder.replayMarker(this.#memory, slot as SeriesSlot);
    }
    return unknown;
  }

  #replayRun(batch: ReplayBatch, slots: number, start: number, end: number): void {
    if (start === end) return;
    const {memory, starts = 0} = batch;
    this.#outOfOrder.replay({
      memory,
      slots: slots + start * 4,
      times: batch.times + start * 8,
      values: batch.values + start * 8,
      statuses: 0,
      count: end - start,
      starts: starts === 0 ? 0 : starts + start * 8,
    });
  }
}
