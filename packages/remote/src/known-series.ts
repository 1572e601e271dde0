import type {KernelMemory} from '@narthex/kernels/kernel-memory.ts';
import {
  KEY_BYTES,
  KNOWN_BYTES,
  WRITE_KEY,
  WRITE_MASK,
  WRITE_SEED,
  WRITE_TABLE,
} from '@narthex/kernels/layout/remote-write.ts';

const FIRST_RECORDS = 1024;

/**
 * The series that senders wrote before, by two hashes of the raw bytes of their labels, as the kernel `remoteWrite` wants them:
 * docs/decisions/known-series.md says why hashes are enough. It lies in the lower part of a memory for good and grows where
 * it is, so room is made before a request takes scratch above it.
 */
export class KnownSeries {
  readonly #memory: KernelMemory;
  /** Unknown to senders, who could else choose labels that all hash alike. */
  readonly #seed = crypto.getRandomValues(new Uint32Array(2));
  readonly #key: number;
  readonly #table: number;
  #records = 0;
  #count = 0;

  /** Takes the lower part of `memory`, which holds nothing that is released later. */
  constructor(memory: KernelMemory) {
    this.#memory = memory;
    this.#key = memory.alloc(KEY_BYTES);
    crypto.getRandomValues(memory.u8.subarray(this.#key, this.#key + KEY_BYTES));
    this.#table = memory.alloc(0);
    this.#resize(FIRST_RECORDS);
  }

  /** Forget all series; the memory must hold no scratch. */
  clear(): void {
    this.#count = 0;
    this.#records = 0;
    this.#resize(FIRST_RECORDS);
  }

  get count(): number {
    return this.#count;
  }

  /** Whether a request with so many series fits without `reserve`. */
  fits(series: number): boolean {
    return 2 * (this.#count + series) <= this.#records;
  }

  /** Make room for `series` more series; the memory must hold no scratch. Throws MemoryLimitError, nothing changed. */
  reserve(series: number): void {
    if (this.fits(series)) return;
    const before = this.#records;
    this.#resize(2 ** Math.ceil(Math.log2(2 * (this.#count + series))));
    this.#memory.kernels.growKnown(this.#table, before - 1, this.#records - 1);
  }

  /** Tell a walk's state where the table is and how it is hashed. */
  describe(state: number): void {
    const {u32} = this.#memory;
    u32[(state + WRITE_TABLE) >>> 2] = this.#table;
    u32[(state + WRITE_MASK) >>> 2] = this.#records - 1;
    u32[(state + WRITE_KEY) >>> 2] = this.#key;
    u32.set(this.#seed, (state + WRITE_SEED) >>> 2);
  }

  /** Remember the series at which the walk stopped. */
  add(state: number, slot: number): void {
    this.#memory.kernels.rememberSeries(state, slot);
    this.#count++;
  }

  /** Let the table have `records`, the new ones zero. */
  #resize(records: number): void {
    this.#memory.resizeLast(this.#table, records * KNOWN_BYTES);
    this.#memory.u8.fill(0, this.#table + this.#records * KNOWN_BYTES, this.#table + records * KNOWN_BYTES);
    this.#records = records;
  }
}
