import type {Arena} from './arena.ts';
import {ArenaFullError} from './errors.ts';
import type {ArenaReader} from './reader.ts';

// A list of numbers below 2^31 that only grows. Its header is three words somewhere in the arena, zero at the start:
//
//   where     0: nothing · odd: the one value, shifted left by one · ..00: address of the values
//             ..10: address of a directory of blocks of 64 KiB, when there are more values than one block holds
//   count     values that readers may see
//   capacity  the writer's
//
// Writer: value first, then count. A list that grows is copied (64 KiB at most: larger ones get another block), its place
// published, and the old place retired. Reader: count first, then place, which then has at least that many values.

/** Bytes of a vector's header; it must lie at a multiple of 4 and be zero at first. */
export const VECTOR_BYTES = 12;

const BLOCK_SHIFT = 14;
const BLOCK_VALUES = 1 << BLOCK_SHIFT;
const BLOCK_BYTES = BLOCK_VALUES * 4;
const DIRECTORY_TAG = 2;
const DIRECTORY_MIN = 8;

/** Words of the directory of a vector with `blocks` blocks. */
const directoryWords = (blocks: number): number => Math.max(DIRECTORY_MIN, 1 << (32 - Math.clz32(blocks - 1)));

/** Capacity after `capacity`: doubled while short, then in steps of a half and a third, as slabs have them. */
function grown(capacity: number): number {
  if (capacity < 4) return 4;
  if (capacity < 32) return capacity * 2;
  return (capacity & (capacity - 1)) === 0 ? capacity * 1.5 : (capacity / 3) * 4;
}

/** The writer's operations on vectors; `header` is a vector's address. */
export class VectorWriter {
  readonly #arena: Arena;
  readonly #u32: Uint32Array<SharedArrayBuffer>;
  readonly #i32: Int32Array<SharedArrayBuffer>;

  constructor(arena: Arena) {
    this.#arena = arena;
    this.#u32 = arena.u32;
    this.#i32 = arena.i32;
  }

  /** Append `value`, below 2^31. Throws ArenaFullError, nothing changed; never after `reserve`. */
  push(header: number, value: number): void {
    const word = header >>> 2;
    const count = this.#u32[word + 1];
    if (count === this.#u32[word + 2]) this.reserve(header);
    if (this.#u32[word + 2] === 1) Atomics.store(this.#i32, word, (value << 1) | 1);
    else this.#u32[this.#placeOf(this.#u32[word], count)] = value;
    Atomics.store(this.#i32, word + 1, count + 1);
  }

  /** Append `values`; returns how many: fewer than all only when the arena is full. */
  append(header: number, values: Uint32Array): number {
    const word = header >>> 2;
    let done = 0;
    while (done < values.length && this.#hasRoom(header)) {
      const count = this.#u32[word + 1];
      const capacity = this.#u32[word + 2];
      if (capacity === 1) {
        this.push(header, values[done++]);
        continue;
      }
      const room = Math.min(capacity - count, BLOCK_VALUES - (count & (BLOCK_VALUES - 1)), values.length - done);
      this.#u32.set(values.subarray(done, done + room), this.#placeOf(this.#u32[word], count));
      Atomics.store(this.#i32, word + 1, count + room);
      done += room;
    }
    return done;
  }

  #hasRoom(header: number): boolean {
    try {
      this.reserve(header);
      return true;
    } catch (error) {
      if (error instanceof ArenaFullError) return false;
      throw error;
    }
  }

  /** Make room for one more value, so that the next `push` cannot fail. Throws ArenaFullError, nothing changed. */
  reserve(header: number): void {
    const word = header >>> 2;
    const capacity = this.#u32[word + 2];
    if (this.#u32[word + 1] < capacity) return;
    if (capacity === 0) this.#u32[word + 2] = 1;
    else if (capacity < BLOCK_VALUES) this.#growValues(word, capacity);
    else this.#addBlock(word, capacity);
  }

  /** Put `value` in the place of value `i`: readers see the one or the other. */
  replace(header: number, i: number, value: number): void {
    const word = header >>> 2;
    const where = this.#u32[word];
    if ((where & 1) !== 0) Atomics.store(this.#i32, word, (value << 1) | 1);
    else Atomics.store(this.#i32, this.#placeOf(where, i), value);
  }

  /** Value `i`. */
  at(header: number, i: number): number {
    const where = this.#u32[header >>> 2];
    return (where & 1) !== 0 ? where >>> 1 : this.#u32[this.#placeOf(where, i)];
  }

  /** Give back all memory of the vector and make it empty. Readers in older epochs must have been cut off from the header. */
  clear(header: number): void {
    const word = header >>> 2;
    const where = this.#u32[word];
    const capacity = this.#u32[word + 2];
    this.#u32.fill(0, word, word + 3);
    if (capacity <= 1) return;
    if ((where & DIRECTORY_TAG) === 0) this.#arena.epochs.retire(where, capacity * 4);
    else this.#retireDirectory(where - DIRECTORY_TAG, capacity >>> BLOCK_SHIFT);
  }

  /** The word of value `i` of a vector whose values do not lie in its header. */
  #placeOf(where: number, i: number): number {
    if ((where & DIRECTORY_TAG) === 0) return (where >>> 2) + i;
    const block = this.#u32[((where - DIRECTORY_TAG) >>> 2) + (i >>> BLOCK_SHIFT)];
    return (block >>> 2) + (i & (BLOCK_VALUES - 1));
  }

  #growValues(word: number, capacity: number): void {
    const bytes = grown(capacity) * 4;
    const target = this.#arena.slabs.alloc(bytes);
    const where = this.#u32[word];
    if (capacity === 1) this.#u32[target >>> 2] = where >>> 1;
    else this.#u32.copyWithin(target >>> 2, where >>> 2, (where >>> 2) + capacity);
    Atomics.store(this.#i32, word, target | 0);
    this.#u32[word + 2] = bytes >>> 2;
    if (capacity > 1) this.#arena.epochs.retire(where, capacity * 4);
  }

  #addBlock(word: number, capacity: number): void {
    const blocks = capacity >>> BLOCK_SHIFT;
    const block = this.#arena.slabs.alloc(BLOCK_BYTES);
    try {
      this.#growDirectory(word, blocks);
    } catch (error) {
      this.#arena.slabs.free(block, BLOCK_BYTES);
      throw error;
    }
    this.#u32[((this.#u32[word] - DIRECTORY_TAG) >>> 2) + blocks] = block;
    this.#u32[word + 2] = capacity + BLOCK_VALUES;
  }

  /** See that the directory has room for a block more than `blocks`. */
  #growDirectory(word: number, blocks: number): void {
    const words = directoryWords(blocks + 1);
    const isFirst = blocks === 1;
    if (!isFirst && words === directoryWords(blocks)) return;
    const target = this.#arena.slabs.alloc(words * 4);
    const where = this.#u32[word];
    if (isFirst) this.#u32[target >>> 2] = where;
    else this.#u32.copyWithin(target >>> 2, where >>> 2, (where >>> 2) + blocks);
    Atomics.store(this.#i32, word, (target + DIRECTORY_TAG) | 0);
    if (!isFirst) this.#arena.epochs.retire(where - DIRECTORY_TAG, directoryWords(blocks) * 4);
  }

  #retireDirectory(directory: number, blocks: number): void {
    for (let i = 0; i < blocks; i++) this.#arena.epochs.retire(this.#u32[(directory >>> 2) + i], BLOCK_BYTES);
    this.#arena.epochs.retire(directory, directoryWords(blocks) * 4);
  }
}

/** How many values readers of the vector may see now. */
export function vectorCount(arena: ArenaReader, header: number): number {
  return Atomics.load(arena.i32, (header >>> 2) + 1) >>> 0;
}

/**
 * A vector as it was when `read` was called: any thread's, good until the end of its epoch (the writer's: until it clears
 * the vector). One object serves many vectors, one after the other.
 */
export class VectorView {
  readonly #u32: Uint32Array<SharedArrayBuffer>;
  readonly #i32: Int32Array<SharedArrayBuffer>;
  #where = 0;
  /** Values that lie together: a vector is runs of so many, the last one shorter. */
  static readonly runValues = BLOCK_VALUES;
  /** Values seen. */
  count = 0;

  constructor(arena: ArenaReader) {
    this.#u32 = arena.u32;
    this.#i32 = arena.i32;
  }

  /** Look at the vector at `header` as it is now. */
  read(header: number): this {
    const word = header >>> 2;
    this.count = Atomics.load(this.#i32, word + 1) >>> 0;
    this.#where = Atomics.load(this.#i32, word) >>> 0;
    return this;
  }

  /** Value `i`, below `count`. */
  at(i: number): number {
    const where = this.#where;
    if ((where & 1) !== 0) return where >>> 1;
    if ((where & DIRECTORY_TAG) === 0) return this.#u32[(where >>> 2) + i];
    const block = this.#u32[((where - DIRECTORY_TAG) >>> 2) + (i >>> BLOCK_SHIFT)];
    return this.#u32[(block >>> 2) + (i & (BLOCK_VALUES - 1))];
  }

  /** Values lie in runs of 16384 (the last one shorter): the number of runs. One value alone has a run of no address. */
  get runs(): number {
    return (this.count + BLOCK_VALUES - 1) >>> BLOCK_SHIFT;
  }

  /** Where in `u32` run `i` begins; -1 when the vector's one value lies in its header: take `at(0)`. */
  runStart(i: number): number {
    const where = this.#where;
    if ((where & 1) !== 0) return -1;
    if ((where & DIRECTORY_TAG) === 0) return where >>> 2;
    return this.#u32[((where - DIRECTORY_TAG) >>> 2) + i] >>> 2;
  }

  /** Values of run `i`. */
  runLength(i: number): number {
    return Math.min(BLOCK_VALUES, this.count - i * BLOCK_VALUES);
  }

  /** Copy all values to `out` from `offset` on; returns how many. */
  copyTo(out: Uint32Array, offset = 0): number {
    for (let i = 0; i < this.runs; i++) {
      const start = this.runStart(i);
      if (start < 0) out[offset] = this.at(0);
      else out.set(this.#u32.subarray(start, start + this.runLength(i)), offset + i * BLOCK_VALUES);
    }
    return this.count;
  }
}
