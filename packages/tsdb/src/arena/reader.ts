import {assert} from './errors.ts';
import {
  LAYOUT_VERSION,
  MAGIC,
  WORD_HASH_SEED,
  WORD_MAGIC,
  WORD_PAGES,
  WORD_PAGES_USED,
  WORD_VERSION,
} from './layout.ts';
import {PAGE_BYTES} from './layout.ts';

/**
 * The arena as any thread sees it: the shared memory and views over it that never change (the arena never grows). Addresses
 * are unsigned 32-bit byte addresses: `address >>> 2` indexes `u32` and `i32`, and an address that was computed with bit
 * operations needs `>>> 0`. Nothing that was reached through a published pointer may be used outside an epoch (`epochs.ts`).
 *
 * By convention readers only read; the one thing they write is their own line of the table of epochs.
 */
export class ArenaReader {
  readonly memory: WebAssembly.Memory<SharedArrayBuffer>;
  readonly u8: Uint8Array<SharedArrayBuffer>;
  readonly u32: Uint32Array<SharedArrayBuffer>;
  /** The same words, for `Atomics`. */
  readonly i32: Int32Array<SharedArrayBuffer>;
  readonly f64: Float64Array<SharedArrayBuffer>;
  readonly u64: BigUint64Array<SharedArrayBuffer>;

  constructor(memory: WebAssembly.Memory<SharedArrayBuffer>) {
    const {buffer} = memory;
    this.memory = memory;
    this.u8 = new Uint8Array(buffer);
    this.u32 = new Uint32Array(buffer);
    this.i32 = new Int32Array(buffer);
    this.f64 = new Float64Array(buffer);
    this.u64 = new BigUint64Array(buffer);
  }

  /** The arena in `memory`, which `Arena.create` has laid out (in another thread, usually). */
  static attach(memory: WebAssembly.Memory<SharedArrayBuffer>): ArenaReader {
    const reader = new ArenaReader(memory);
    assert(Atomics.load(reader.i32, WORD_MAGIC) === MAGIC, 'this memory is no arena');
    assert(
      reader.u32[WORD_VERSION] === LAYOUT_VERSION,
      `arena layout ${reader.u32[WORD_VERSION]}, want ${LAYOUT_VERSION}`,
    );
    return reader;
  }

  /** The size of the arena: all that its data may ever take. */
  get budgetBytes(): number {
    return this.u32[WORD_PAGES] * PAGE_BYTES;
  }

  /** Bytes in pages that are in use; any thread may ask. */
  get usedBytes(): number {
    return (Atomics.load(this.i32, WORD_PAGES_USED) >>> 0) * PAGE_BYTES;
  }

  /** Seed of the hashes in this arena. */
  get hashSeed(): number {
    return this.u32[WORD_HASH_SEED];
  }
}
