import type {KernelMemory} from '@narthex/kernels/kernel-memory.ts';
import {eachKnownRun} from './known-runs.ts';
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
    return eachKnownRun(batch, this.#slotOf, (run) => this.#outOfOrder.replay(run));
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
}
