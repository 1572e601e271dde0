import type {KernelMemory} from '@narthex/kernels/kernel-memory.ts';
import {
  KNOWN_BYTES,
  WRITE_KEYS,
  WRITE_LABELS_END,
  WRITE_MASK,
  WRITE_SEED,
  WRITE_SERIES,
  WRITE_TABLE,
} from '@narthex/kernels/layout/remote-write.ts';

const FIRST_RECORDS = 1024;
const BLOCK_BYTES = 1 << 20;
/** Kernels may read so far behind the bytes they compare. */
const PADDING = 16;

/**
 * The series that senders wrote before, by the raw bytes of their labels, as the kernel `remoteWrite` wants them. It lies in the lower part of a
 * memory for good; room is made before a request takes scratch above it.
 */
export class KnownSeries {
  readonly #memory: KernelMemory;
  /** Unknown to senders, who could else choose labels that all hash alike. */
  readonly #seed = crypto.getRandomValues(new Uint32Array(2));
  #table = 0;
  #records = 0;
  #count = 0;
  #blockAt = 0;
  #blockEnd = 0;
  readonly #floor: number;

  constructor(memory: KernelMemory) {
    this.#memory = memory;
    this.#floor = memory.mark();
    this.reserve(0, 0);
  }

  /** Forget all series; the memory must hold no scratch. */
  clear(): void {
    this.#memory.release(this.#floor);
    this.#records = 0;
    this.#count = 0;
    this.#blockEnd = 0;
    this.reserve(0, 0);
  }

  get count(): number {
    return this.#count;
  }

  /** Whether a request with so many series fits without `reserve`. */
  fits(series: number, labelBytes: number): boolean {
    return 2 * (this.#count + series) <= this.#records && this.#blockAt + labelBytes + PADDING <= this.#blockEnd;
  }

  /** Make room for `series` more series with `labelBytes` of labels in all; the memory must hold no scratch. Throws MemoryLimitError. */
  reserve(series: number, labelBytes: number): void {
    const memory = this.#memory;
    if (this.#blockAt + labelBytes + PADDING > this.#blockEnd) {
      const bytes = Math.max(BLOCK_BYTES, labelBytes + PADDING);
      this.#blockAt = memory.alloc(bytes);
      this.#blockEnd = this.#blockAt + bytes;
    }
    if (2 * (this.#count + series) > this.#records || this.#records === 0) this.#grow(2 * (this.#count + series));
  }

  /** Tell a walk's state where the table is and how it is hashed. */
  describe(state: number): void {
    const {u32} = this.#memory;
    u32[(state + WRITE_TABLE) >>> 2] = this.#table;
    u32[(state + WRITE_MASK) >>> 2] = this.#records - 1;
    u32[(state + WRITE_KEYS) >>> 2] = 0;
    u32.set(this.#seed, (state + WRITE_SEED) >>> 2);
  }

  /** Remember the labels of the series at which the walk stopped. */
  add(state: number, slot: number): void {
    const {u8, u32, kernels} = this.#memory;
    const from = u32[(state + WRITE_SERIES) >>> 2]!;
    const to = u32[(state + WRITE_LABELS_END) >>> 2]!;
    u8.copyWithin(this.#blockAt, from, to);
    kernels.rememberSeries(state, this.#blockAt, slot);
    this.#blockAt += to - from;
    this.#count++;
  }

  #grow(records: number): void {
    const size = 2 ** Math.ceil(Math.log2(Math.max(FIRST_RECORDS, records)));
    const table = this.#memory.alloc(size * KNOWN_BYTES);
    this.#memory.u8.fill(0, table, table + size * KNOWN_BYTES);
    if (this.#records > 0) this.#memory.kernels.moveKnown(this.#table, this.#records - 1, table, size - 1);
    this.#table = table;
    this.#records = size;
  }
}
