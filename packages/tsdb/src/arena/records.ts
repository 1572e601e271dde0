import type {Arena} from './arena.ts';
import {assert} from './errors.ts';
import {PAGE_BYTES} from './layout.ts';
import type {ArenaReader} from './reader.ts';

// Records of one size that never move: they lie in chunks of 2^k records, found through a directory. The header is three
// words, zero at the start: directory, chunks, count. When the directory grows it is copied, republished, and the old one
// retired, so a reader that took it keeps a good one until the end of its epoch.

/** Bytes of the header of records; it must lie at a multiple of 4 and be zero at first. */
export const RECORDS_BYTES = 12;

const DIRECTORY_MIN = 16;
const SHIFT_MAX = 14;

const directoryWords = (chunks: number): number => Math.max(DIRECTORY_MIN, 1 << (32 - Math.clz32(chunks - 1)));

/** The least k for which 2^k records fill their pages to 31/32: both sides derive it from the record's size. */
function chunkShift(recordBytes: number): number {
  for (let shift = 0; shift < SHIFT_MAX; shift++) {
    const pages = (recordBytes << shift) / PAGE_BYTES;
    if (pages >= 31 / 32 && pages / Math.ceil(pages) >= 31 / 32) return shift;
  }
  return SHIFT_MAX;
}

/** Records as any thread sees them. */
export class RecordsReader {
  protected readonly arena: ArenaReader;
  protected readonly word: number;
  readonly recordBytes: number;
  /** 2^shift records lie together, at `recordBytes` from each other. */
  readonly shift: number;

  /** `recordBytes` is a multiple of 4 (of 8 when records hold f64), the same for writer and readers. */
  constructor(arena: ArenaReader, header: number, recordBytes: number) {
    assert(recordBytes > 0 && recordBytes % 4 === 0, `records of ${recordBytes} bytes, want a multiple of 4`);
    this.arena = arena;
    this.word = header >>> 2;
    this.recordBytes = recordBytes;
    this.shift = chunkShift(recordBytes);
  }

  /** Records that readers may see: numbers 0 to count - 1. */
  get count(): number {
    return Atomics.load(this.arena.i32, this.word + 2) >>> 0;
  }

  /** What `addressIn` wants; good until the end of the epoch, for records that were counted before it was taken. */
  directory(): number {
    return Atomics.load(this.arena.i32, this.word) >>> 0;
  }

  /** Address of record `i`, the directory taken once for many. */
  addressIn(directory: number, i: number): number {
    const chunk = this.arena.u32[(directory >>> 2) + (i >>> this.shift)];
    return chunk + (i & ((1 << this.shift) - 1)) * this.recordBytes;
  }

  /** Address of record `i`; it stays the same for good. */
  address(i: number): number {
    return this.addressIn(this.directory(), i);
  }
}

/** Records as their one writer has them. */
export class RecordsWriter extends RecordsReader {
  readonly #arena: Arena;
  #capacity: number;
  // What the header says: its one writer need not load it.
  #directory: number;
  #count: number;

  constructor(arena: Arena, header: number, recordBytes: number) {
    super(arena, header, recordBytes);
    this.#arena = arena;
    this.#capacity = arena.u32[this.word + 1] << this.shift;
    this.#directory = super.directory();
    this.#count = super.count;
  }

  override get count(): number {
    return this.#count;
  }

  override directory(): number {
    return this.#directory;
  }

  /** Make room for one more. Throws ArenaFullError, nothing changed; the next `reserved` then cannot fail. */
  reserve(): void {
    if (this.count < this.#capacity) return;
    const chunks = this.#capacity >>> this.shift;
    const bytes = this.recordBytes << this.shift;
    const chunk = this.#arena.slabs.allocZeroed(bytes);
    try {
      this.#growDirectory(chunks);
    } catch (error) {
      this.#arena.slabs.free(chunk, bytes);
      throw error;
    }
    this.arena.u32[(this.directory() >>> 2) + chunks] = chunk;
    this.arena.u32[this.word + 1] = chunks + 1;
    this.#capacity += 1 << this.shift;
  }

  /** Address of the record that the next `publish` makes visible; zero at first. `reserve` must have been called. */
  get reserved(): number {
    return this.address(this.count);
  }

  /** Let readers see the reserved record; returns its number. */
  publish(): number {
    Atomics.store(this.arena.i32, this.word + 2, this.#count + 1);
    return this.#count++;
  }

  #growDirectory(chunks: number): void {
    const words = directoryWords(chunks + 1);
    const old = this.directory();
    if (old !== 0 && words === directoryWords(chunks)) return;
    const target = this.#arena.slabs.allocZeroed(words * 4);
    this.arena.u32.copyWithin(target >>> 2, old >>> 2, (old >>> 2) + (old === 0 ? 0 : chunks));
    Atomics.store(this.arena.i32, this.word, target | 0);
    this.#directory = target;
    if (old !== 0) this.#arena.epochs.retire(old, directoryWords(chunks) * 4);
  }
}
