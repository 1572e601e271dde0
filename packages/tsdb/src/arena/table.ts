import type {Arena} from './arena.ts';
import type {ArenaReader} from './reader.ts';

// A hash table from 32-bit hashes to numbers, grown a piece at a time (extendible hashing). Entries (hash, value + 1) lie in
// blocks by linear probing; a directory of 2^bits pointers, chosen by the low bits of the hash, leads to the blocks. A full
// block is rebuilt larger until it has 64 KiB, then split in two by one more bit; the directory, a few KiB, doubles when a
// block has used up its bits. So the largest piece of work ever is one split: some 6500 entries, well below 2 ms however
// many millions the table holds. Docs: docs/decisions/hash-tables.md says why not two whole tables.
//
// Readers look without locks: an entry's hash is written before its value, entries never move within a block, removed ones
// leave a mark that nobody reuses, and a rebuilt block is a new one, published by its pointer while the old one, still
// right, waits for its readers to leave.
//
//   header     directory address | bits, entries
//   block      capacity, taken entries (marks included), living entries, depth; then the entries

/** Bytes of a table's header; it must lie at a multiple of 4 and be zero at first. */
export const TABLE_BYTES = 8;
/** No value: what `first` and `next` give at the end. */
export const NONE = -1;

const BLOCK_HEADER = 16;
const BLOCK_BYTES_MIN = 1024;
const BLOCK_BYTES_MAX = 65536;
const BITS_MASK = 15;
const BITS_MAX = 15;
const DIRECTORY_WORDS_MIN = 4;
const REMOVED = -1;
const LOAD_MAX = 0.8;

const capacityOf = (bytes: number): number => (bytes - BLOCK_HEADER) >>> 3;
const bytesOfCapacity = (capacity: number): number => capacity * 8 + BLOCK_HEADER;
const directoryBytes = (bits: number): number => Math.max(DIRECTORY_WORDS_MIN, 1 << bits) * 4;

/** Looks values up; the caller compares what they stand for: `for (let v = t.first(hash); v !== NONE; v = t.next())`. */
export class TableReader {
  protected readonly u32: Uint32Array<SharedArrayBuffer>;
  protected readonly i32: Int32Array<SharedArrayBuffer>;
  protected readonly word: number;
  #hash = 0;
  /** Words: the block's first entry, the entry looked at next, and the end of the block. */
  #start = 0;
  #at = 0;
  #end = 0;
  #left = 0;

  /** The table whose header lies at `header`. */
  constructor(arena: ArenaReader, header: number) {
    this.u32 = arena.u32;
    this.i32 = arena.i32;
    this.word = header >>> 2;
  }

  /** Entries in the table now. */
  get count(): number {
    return Atomics.load(this.i32, this.word + 1) >>> 0;
  }

  /** The first value that was inserted with `hash` (32 bits, of either sign), or NONE. Inside an epoch, or in the writer. */
  first(hash: number): number {
    const block = this.blockOf(hash);
    if (block === 0) {
      this.#left = 0;
      return NONE;
    }
    const capacity = this.u32[block];
    this.#hash = hash | 0;
    this.#start = block + BLOCK_HEADER / 4;
    this.#at = this.#start + 2 * homeOf(hash, capacity);
    this.#end = this.#start + 2 * capacity;
    this.#left = capacity;
    return this.next();
  }

  /** The next value with the hash that `first` was given, or NONE. */
  next(): number {
    const {i32} = this;
    const hash = this.#hash;
    let at = this.#at;
    for (let left = this.#left; left > 0; left--) {
      const stored = Atomics.load(i32, at + 1);
      if (stored === 0) break;
      const isMatch = i32[at] === hash && stored !== REMOVED;
      at = at + 2 === this.#end ? this.#start : at + 2;
      if (!isMatch) continue;
      this.#at = at;
      this.#left = left - 1;
      return stored - 1;
    }
    this.#left = 0;
    return NONE;
  }

  /** The word at which the block for `hash` begins; 0 when the table is empty. */
  protected blockOf(hash: number): number {
    const root = Atomics.load(this.i32, this.word);
    if (root === 0) return 0;
    const at = (root >>> 2) & ~3;
    return Atomics.load(this.i32, at + (hash & ((1 << (root & BITS_MASK)) - 1))) >>> 2;
  }
}

/** The entry at which a search begins: by the high bits, since the directory goes by the low ones. */
function homeOf(hash: number, capacity: number): number {
  return ((hash >>> 16) * capacity) >>> 16;
}

/** A table as its one writer has it. */
export class TableWriter extends TableReader {
  readonly #arena: Arena;

  constructor(arena: Arena, header: number) {
    super(arena, header);
    this.#arena = arena;
    if (this.u32[this.word] === 0) this.#create();
  }

  /** As readers have it; the one writer knows what it stored, and needs no atomic loads. */
  protected override blockOf(hash: number): number {
    const root = this.u32[this.word];
    return this.u32[(((root >>> 2) & ~3) >>> 0) + (hash & ((1 << (root & BITS_MASK)) - 1))] >>> 2;
  }

  /** Add `value` (below 2^31 - 1) under `hash`. Throws ArenaFullError, nothing changed; never after `reserve(hash)`. */
  insert(hash: number, value: number): void {
    this.reserve(hash);
    this.#put(this.blockOf(hash), hash, value + 1);
    Atomics.store(this.i32, this.word + 1, this.u32[this.word + 1] + 1);
  }

  /** Make room so that the next `insert(hash, …)` cannot fail. Throws ArenaFullError, nothing changed. */
  reserve(hash: number): void {
    for (;;) {
      const block = this.blockOf(hash);
      if (this.u32[block + 1] < Math.floor(this.u32[block] * LOAD_MAX)) return;
      this.#makeRoom(hash, block);
    }
  }

  /** Take the entry (hash, value) out; false when there is none. */
  remove(hash: number, value: number): boolean {
    const {i32} = this;
    const block = this.blockOf(hash);
    const capacity = this.u32[block];
    const start = block + BLOCK_HEADER / 4;
    let i = homeOf(hash, capacity);
    for (let left = capacity; left > 0; left--) {
      const at = start + 2 * i;
      const stored = i32[at + 1];
      if (stored === 0) return false;
      if (stored === value + 1 && i32[at] === (hash | 0)) {
        Atomics.store(i32, at + 1, REMOVED);
        this.u32[block + 2]--;
        Atomics.store(this.i32, this.word + 1, this.u32[this.word + 1] - 1);
        return true;
      }
      if (++i === capacity) i = 0;
    }
    return false;
  }

  #create(): void {
    const directory = this.#arena.slabs.allocZeroed(directoryBytes(0));
    this.u32[directory >>> 2] = this.#newBlock(BLOCK_BYTES_MIN, 0);
    Atomics.store(this.i32, this.word, directory | 0);
  }

  /** An empty block of `bytes`; returns its address. */
  #newBlock(bytes: number, depth: number): number {
    const address = this.#arena.slabs.allocZeroed(bytes);
    this.u32[address >>> 2] = capacityOf(bytes);
    this.u32[(address >>> 2) + 3] = depth;
    return address;
  }

  /** Write an entry where no other is; `stored` is its value + 1. */
  #put(block: number, hash: number, stored: number): void {
    const capacity = this.u32[block];
    const start = block + BLOCK_HEADER / 4;
    let i = homeOf(hash, capacity);
    while (this.i32[start + 2 * i + 1] !== 0) if (++i === capacity) i = 0;
    this.i32[start + 2 * i] = hash;
    Atomics.store(this.i32, start + 2 * i + 1, stored);
    this.u32[block + 1]++;
    this.u32[block + 2]++;
  }

  #makeRoom(hash: number, block: number): void {
    const capacity = this.u32[block];
    const depth = this.u32[block + 3];
    const bytes = bytesOfCapacity(capacity);
    const isMostlyMarks = this.u32[block + 2] < (capacity * LOAD_MAX) / 2;
    if (isMostlyMarks) this.#rebuild(hash, block, bytes);
    else if (bytes < BLOCK_BYTES_MAX) this.#rebuild(hash, block, bytes * 4);
    else if (depth === BITS_MAX) this.#rebuild(hash, block, bytes * 2);
    else this.#split(hash, block, depth);
  }

  /** Put a block of `bytes` with the same entries in the place of `block`. */
  #rebuild(hash: number, block: number, bytes: number): void {
    const depth = this.u32[block + 3];
    const target = this.#newBlock(bytes, depth);
    this.#copyEntries(block, target >>> 2, 0, 0);
    this.#publish(hash & ((1 << depth) - 1), depth, target);
    this.#retireBlock(block);
  }

  /** Put two blocks in the place of `block`, its entries parted by one more bit of their hashes. */
  #split(hash: number, block: number, depth: number): void {
    if (depth === (this.u32[this.word] & BITS_MASK)) this.#doubleDirectory(depth);
    const bytes = bytesOfCapacity(this.u32[block]);
    const low = this.#newBlock(bytes, depth + 1);
    let high = 0;
    try {
      high = this.#newBlock(bytes, depth + 1);
    } catch (error) {
      this.#arena.slabs.free(low, bytes);
      throw error;
    }
    const bit = 1 << depth;
    this.#copyEntries(block, low >>> 2, bit, 0);
    this.#copyEntries(block, high >>> 2, bit, bit);
    const prefix = hash & (bit - 1);
    this.#publish(prefix, depth + 1, low);
    this.#publish(prefix | bit, depth + 1, high);
    this.#retireBlock(block);
  }

  /** Copy the living entries whose hash has `wanted` in the bits of `mask`. */
  #copyEntries(source: number, target: number, mask: number, wanted: number): void {
    const {i32} = this;
    const start = source + BLOCK_HEADER / 4;
    const end = start + 2 * i32[source];
    for (let at = start; at < end; at += 2) {
      const stored = i32[at + 1];
      if (stored === 0 || stored === REMOVED || (i32[at] & mask) !== wanted) continue;
      this.#put(target, i32[at], stored);
    }
  }

  /** Let all pointers of the directory whose low `depth` bits are `prefix` lead to `block`. */
  #publish(prefix: number, depth: number, block: number): void {
    const root = this.u32[this.word];
    const directory = (root >>> 2) & ~3;
    const size = 1 << (root & BITS_MASK);
    for (let i = prefix; i < size; i += 1 << depth) Atomics.store(this.i32, directory + i, block | 0);
  }

  #doubleDirectory(bits: number): void {
    const old = this.u32[this.word] - bits;
    const target = this.#arena.slabs.alloc(directoryBytes(bits + 1));
    const size = 1 << bits;
    this.u32.copyWithin(target >>> 2, old >>> 2, (old >>> 2) + size);
    this.u32.copyWithin((target >>> 2) + size, old >>> 2, (old >>> 2) + size);
    Atomics.store(this.i32, this.word, (target + bits + 1) | 0);
    this.#arena.epochs.retire(old, directoryBytes(bits));
  }

  #retireBlock(block: number): void {
    this.#arena.epochs.retire(block * 4, bytesOfCapacity(this.u32[block]));
  }
}
