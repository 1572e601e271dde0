import type {KernelMemory} from '@narthex/kernels/kernel-memory.ts';
import type {Arena} from '../arena/arena.ts';
import {HISTOGRAM_HIGH} from '../chunk/extras.ts';
import {OPEN_MAX, type OutOfOrderBlocks} from './out-of-order-block.ts';

const WORDS = 6;

/** The open out-of-order samples of one series while the writer works on them, by their times. */
export class OpenSamples {
  readonly #arena: Arena;
  readonly #blocks: OutOfOrderBlocks;
  /** Three cells a sample, as in a block: time, cell, start. Cells are moved as words: their bits matter. */
  readonly #f64 = new Float64Array(OPEN_MAX * 3);
  readonly #u32 = new Uint32Array(this.#f64.buffer);
  count = 0;

  constructor(arena: Arena, blocks: OutOfOrderBlocks) {
    this.#arena = arena;
    this.#blocks = blocks;
  }

  get isFull(): boolean {
    return this.count === OPEN_MAX;
  }

  /** Begin with those of `block`. */
  load(block: number): void {
    this.count = this.#blocks.openCount(block);
    const from = this.#blocks.sample(block, 0) >>> 2;
    this.#u32.set(this.#arena.u32.subarray(from, from + this.count * WORDS));
  }

  /** Write all to `block`. */
  save(block: number): void {
    this.#arena.u32.set(this.#u32.subarray(0, this.count * WORDS), this.#blocks.sample(block, 0) >>> 2);
  }

  /** Where a sample at `timeMs` belongs; -1 when there is one. Most come in order among themselves. */
  placeFor(timeMs: number): number {
    let low = 0;
    let high = this.count;
    if (high === 0 || this.#f64[(high - 1) * 3] < timeMs) return high;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#f64[middle * 3] < timeMs) low = middle + 1;
      else high = middle;
    }
    return this.#f64[low * 3] === timeMs ? -1 : low;
  }

  /** Put a sample at `place`; there is room. */
  insert(place: number, timeMs: number, low: number, high: number, startMs: number): void {
    this.#u32.copyWithin((place + 1) * WORDS, place * WORDS, this.count * WORDS);
    this.#f64[place * 3] = timeMs;
    this.#u32[place * WORDS + 2] = low;
    this.#u32[place * WORDS + 3] = high;
    this.#f64[place * 3 + 2] = startMs;
    this.count++;
  }

  /** Address of the record of sample `k` in the arena; 0 when it is a float. */
  record(k: number): number {
    return this.#u32[k * WORDS + 3] === HISTOGRAM_HIGH ? this.#u32[k * WORDS + 2] : 0;
  }

  /** Copy all to new columns of `memory`, records included; the caller releases them. Gives the address of the times; values and starts follow. */
  copyTo(memory: KernelMemory): number {
    const {count} = this;
    const times = memory.alloc(count * 24);
    for (let k = 0; k < count; k++) this.#copySample(memory, k, times + k * 8);
    return times;
  }

  #copySample(memory: KernelMemory, k: number, at: number): void {
    const from = this.record(k);
    const low = from === 0 ? this.#u32[k * WORDS + 2] : copyRecord(this.#arena, from, memory);
    const {f64, u32} = memory;
    f64[at >>> 3] = this.#f64[k * 3];
    const value = (at + this.count * 8) >>> 2;
    u32[value] = low;
    u32[value + 1] = this.#u32[k * WORDS + 3];
    f64[(at + this.count * 16) >>> 3] = this.#f64[k * 3 + 2];
  }
}

/** Copy the record of a histogram to new memory. */
function copyRecord(arena: Arena, from: number, memory: KernelMemory): number {
  const bytes = arena.u32[from >>> 2];
  const to = memory.alloc(bytes);
  memory.u8.set(arena.u8.subarray(from, from + bytes), to);
  return to;
}
