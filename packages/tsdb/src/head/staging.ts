import type {KernelMemory} from '@narthex/kernels/kernel-memory.ts';
import {STALE_NAN_BITS} from '@narthex/model/stale.ts';
import type {SampleBatch} from './types.ts';

/**
 * Samples on their way to one commit, in a thread's own memory: taken at construction, given back with the memory's mark. More room is taken
 * when it runs out, and moves what is staged.
 */
export class Staging {
  readonly #memory: KernelMemory;
  #capacity: number;
  slots = 0;
  times = 0;
  values = 0;
  count = 0;

  constructor(memory: KernelMemory, capacity: number) {
    this.#memory = memory;
    this.#capacity = 0;
    this.reserve(capacity);
    this.#capacity = capacity;
  }

  get capacity(): number {
    return this.#capacity;
  }

  /** Make room for `capacity` samples in all. Addresses change, views of the memory may. */
  reserve(capacity: number): void {
    if (capacity <= this.#capacity) return;
    const {slots, times, values, count} = this;
    const memory = this.#memory;
    this.slots = memory.alloc(4 * capacity);
    this.times = memory.alloc(8 * capacity);
    this.values = memory.alloc(8 * capacity);
    memory.u8.copyWithin(this.slots, slots, slots + 4 * count);
    memory.u8.copyWithin(this.times, times, times + 8 * count);
    memory.u8.copyWithin(this.values, values, values + 8 * count);
    this.#capacity = capacity;
  }

  /** Stage a sample whose value is in cell 0 of `cell`, by its bits. */
  addBits(slot: number, timeMs: number, cell: Float64Array): void {
    this.#put(slot, timeMs);
    this.#memory.u8.set(new Uint8Array(cell.buffer, cell.byteOffset, 8), this.values + 8 * this.count++);
  }

  /** Stage an ordinary number (no NaN with a meaning of its own). */
  add(slot: number, timeMs: number, value: number): void {
    this.#put(slot, timeMs);
    this.#memory.f64[this.values / 8 + this.count++] = value;
  }

  /** Stage the marker that ends a series. */
  addStale(slot: number, timeMs: number): void {
    this.#put(slot, timeMs);
    this.#memory.u64[this.values / 8 + this.count++] = STALE_NAN_BITS;
  }

  /** Take out samples later than `latestMs`; gives their number. The others keep their order. */
  dropAfter(latestMs: number): number {
    const {f64, u32, u64} = this.#memory;
    const [slots, times, values] = [this.slots / 4, this.times / 8, this.values / 8];
    let kept = 0;
    for (let i = 0; i < this.count; i++) {
      if (f64[times + i]! > latestMs) continue;
      if (kept !== i) {
        u32[slots + kept] = u32[slots + i]!;
        f64[times + kept] = f64[times + i]!;
        u64[values + kept] = u64[values + i]!;
      }
      kept++;
    }
    const dropped = this.count - kept;
    this.count = kept;
    return dropped;
  }

  /** What is staged, as a batch for the head. */
  batch(): SampleBatch {
    const statuses = this.#memory.alloc(this.count);
    const {slots, times, values, count} = this;
    return {memory: this.#memory, slots, times, values, statuses, count};
  }

  #put(slot: number, timeMs: number): void {
    if (this.count === this.#capacity) this.reserve(2 * this.#capacity + 16);
    this.#memory.u32[this.slots / 4 + this.count] = slot;
    this.#memory.f64[this.times / 8 + this.count] = timeMs;
  }
}
