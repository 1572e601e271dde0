// The first page of the arena. All offsets are bytes; `WORD_…` names are indexes of 32-bit words (for `u32` and `i32`).
//
//      0  magic, version, sizes, counters, epoch, published commit
//    512  roots of the index (headers of its vectors, records and tables)
//   2048  words that belong to the head, laid out by `head/`
//   8192  one cache line a reader: its epoch
//  65536  pages, handed out by `slabs.ts`

/** The unit in which memory is handed out, and the size of WebAssembly's pages. */
export const PAGE_BYTES = 65536;
export const PAGE_SHIFT = 16;

export const MAGIC = 0x4854524e;
export const LAYOUT_VERSION = 1;

export const WORD_MAGIC = 0;
export const WORD_VERSION = 1;
/** Pages of the whole memory: its budget. */
export const WORD_PAGES = 2;
/** Pages taken, the first one included. */
export const WORD_PAGES_USED = 3;
/** The global epoch: never 0, compared with wrap-around. */
export const WORD_EPOCH = 4;
export const WORD_READERS_MAX = 5;
/** Seed of all hashes in this arena, so that nobody outside can prepare collisions. */
export const WORD_HASH_SEED = 6;
/** Number of the last published commit (written by the head with `Atomics`). */
export const WORD_COMMIT = 8;
/** Changes whenever a symbol's number was given to another string: caches by symbol are then cleared. */
export const WORD_SYMBOL_GENERATION = 9;

/** Headers of the index. */
export const INDEX_ROOTS = 512;
/** Free for the head: 6 KiB of zeros at the start. */
export const HEAD_ROOTS = 2048;
export const HEAD_ROOTS_END = 8192;

export const READERS = 8192;
export const READER_BYTES = 64;
export const READERS_MAX = (PAGE_BYTES - READERS) / READER_BYTES;
