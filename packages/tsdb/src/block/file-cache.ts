import {KernelMemory} from '@narthex/kernels/kernel-memory.ts';
import {type Disk, type DiskFile, readAt} from '../disk.ts';
import {reasonOf, StorageError} from '../errors.ts';
import {FileCorruption} from './corruption.ts';

// Files of blocks are read by positioned reads into pages of one cache, which all files that a thread has open share. Its memory
// is one that kernels work on, so that checksums need no copy. What lies across pages, and what is longer than a few of them, is
// put together in scratch.

/** Longest piece of a file that is read as one: a series, a postings list's head, 32 symbols. Hostile files name larger ones. */
const PIECE_BYTES_MAX = 64 << 20;
/** From so many pages on a piece is read past the cache. */
const PIECE_PAGES_MAX = 16;
/** The most that is read ahead of one who reads on and on. */
const READ_AHEAD_BYTES = 512 << 10;
const NO_FILE = -1;

/** Pages of files within a budget, for one thread. */
export class FileCache {
  /** Where pages and scratch lie. */
  readonly memory: KernelMemory;
  readonly pageBytes: number;
  /** Reads of the system and what they gave, since the cache was made. */
  reads = 0;
  readBytes = 0;
  readonly #frames: number;
  /** What each frame has: the number of the file, of its page, and whether it was used since the hand passed by. */
  readonly #fileOf: Int32Array;
  readonly #pageOf: Int32Array;
  readonly #isUsed: Uint8Array;
  readonly #address: Uint32Array;
  readonly #files = new Map<number, CachedFile>();
  #made = 0;
  #hand = 0;
  #nextFile = 0;
  #scratch = 0;
  #scratchBytes = 0;
  #staging = 0;

  /** `budgetBytes`: what pages take at most; `pageBytes`: a power of two, what a lone read costs at least. */
  constructor(budgetBytes: number, pageBytes = 16 << 10) {
    this.pageBytes = pageBytes;
    this.#frames = Math.max(2 * PIECE_PAGES_MAX, Math.floor(budgetBytes / pageBytes));
    this.memory = new KernelMemory({maximumBytes: this.#frames * pageBytes + 2 * PIECE_BYTES_MAX + (4 << 20)});
    this.#fileOf = new Int32Array(this.#frames).fill(NO_FILE);
    this.#pageOf = new Int32Array(this.#frames);
    this.#isUsed = new Uint8Array(this.#frames);
    this.#address = new Uint32Array(this.#frames);
  }

  /** Open a file to be read through the cache. Throws StorageError `block_read`. */
  open(path: string, disk: Disk): CachedFile {
    const file = new CachedFile(this, this.#nextFile++, path, openFile(disk, path));
    this.#files.set(file.number, file);
    return file;
  }

  /** Forget a file's pages. */
  forget(file: CachedFile): void {
    this.#files.delete(file.number);
    for (const frame of file.frames.values()) this.#fileOf[frame] = NO_FILE;
    file.frames.clear();
  }

  /** Where a frame's page lies. */
  touch(frame: number): number {
    this.#isUsed[frame] = 1;
    return this.#address[frame];
  }

  /** Pages that may be loaded at once without driving each other out. */
  get pagesAtOnce(): number {
    return Math.min(this.#frames >>> 1, Math.max(1, Math.floor(READ_AHEAD_BYTES / this.pageBytes)));
  }

  /** A frame for a page of `file`, which it has from now on; its content is yet to be written. */
  take(file: CachedFile, page: number): number {
    const frame = this.#made < this.#frames ? this.#make() : this.#evict();
    this.#fileOf[frame] = file.number;
    this.#pageOf[frame] = page;
    this.#isUsed[frame] = 1;
    file.frames.set(page, frame);
    return this.#address[frame];
  }

  /** Scratch of at least `bytes`; what was there before is gone. */
  scratch(bytes: number): number {
    if (bytes <= this.#scratchBytes) return this.#scratch;
    this.#scratchBytes = Math.max(64 << 10, 2 ** Math.ceil(Math.log2(bytes)));
    this.#scratch = this.memory.alloc(this.#scratchBytes, 64);
    return this.#scratch;
  }

  /** Room for what is read ahead, until it is spread over pages. */
  staging(): number {
    this.#staging ||= this.memory.alloc(this.pagesAtOnce * this.pageBytes, 64);
    return this.#staging;
  }

  /** Whether the CRC-32C of `length` bytes at `at` is the big-endian one behind them. */
  isIntact(at: number, length: number): boolean {
    const {kernels, crc32cTables, u8} = this.memory;
    const found = kernels.crc32c(crc32cTables, 0, at, length) >>> 0;
    const end = at + length;
    return found === ((u8[end] << 24) | (u8[end + 1] << 16) | (u8[end + 2] << 8) | u8[end + 3]) >>> 0;
  }

  #make(): number {
    this.#address[this.#made] = this.memory.alloc(this.pageBytes, 64);
    return this.#made++;
  }

  /** The first frame that was not used since the hand came by last. */
  #evict(): number {
    for (;;) {
      const frame = this.#hand;
      this.#hand = (this.#hand + 1) % this.#frames;
      if (this.#isUsed[frame] !== 0) {
        this.#isUsed[frame] = 0;
        continue;
      }
      if (this.#fileOf[frame] !== NO_FILE) this.#files.get(this.#fileOf[frame])?.frames.delete(this.#pageOf[frame]);
      this.#fileOf[frame] = NO_FILE;
      return frame;
    }
  }
}

/** One file that is read through a cache; of a fixed size, since files of blocks do not change. */
export class CachedFile {
  readonly cache: FileCache;
  readonly number: number;
  readonly path: string;
  readonly size: number;
  /** Frames by page. */
  readonly frames = new Map<number, number>();
  readonly #file: DiskFile;
  /** The page after those that were loaded last, and how many are loaded when it is asked for next. */
  #expected = -1;
  #ahead = 1;

  constructor(cache: FileCache, number: number, path: string, file: DiskFile) {
    this.cache = cache;
    this.number = number;
    this.path = path;
    this.#file = file;
    this.size = sizeOf(file, path);
  }

  /**
   * The address in `cache.memory` of the bytes [offset, offset + length). They stay there until something else is read through
   * the cache. Throws FileCorruption when the file ends before, StorageError `block_read` when the system fails.
   */
  at(offset: number, length: number): number {
    if (offset + length > this.size) throw this.corruption(offset, `${length} bytes there, but the file ends`);
    const {pageBytes} = this.cache;
    const page = Math.floor(offset / pageBytes);
    const start = offset - page * pageBytes;
    if (start + length <= pageBytes) return this.#page(page) + start;
    return this.#piece(offset, length);
  }

  /** Bytes of [offset, offset + length) that are in the file. */
  available(offset: number, length: number): number {
    return Math.max(0, Math.min(length, this.size - offset));
  }

  /** Load [offset, offset + length) as far as the cache allows, in few reads: it is about to be read. */
  prefetch(offset: number, length: number): void {
    const {pageBytes, pagesAtOnce} = this.cache;
    const first = Math.floor(offset / pageBytes);
    const last = Math.floor((Math.min(this.size, offset + length) - 1) / pageBytes);
    for (let page = first; page <= last && page < first + pagesAtOnce; page++) {
      if (!this.frames.has(page)) this.#load(page, Math.min(last, first + pagesAtOnce - 1) - page + 1);
    }
  }

  /** Read [offset, offset + target.length) past the cache. Throws as `at` does. */
  readInto(target: Uint8Array, offset: number): void {
    const {cache} = this;
    let length: number;
    try {
      length = readAt(this.#file, target, offset);
    } catch (error) {
      throw new StorageError('block_read', `cannot read ${this.path}: ${reasonOf(error)}`, error);
    }
    cache.reads++;
    cache.readBytes += length;
    if (length < target.length)
      throw this.corruption(offset + length, `want ${target.length} bytes, but the file ends`);
  }

  corruption(offset: number, reason: string): FileCorruption {
    return new FileCorruption(this.path, offset, reason);
  }

  close(): void {
    this.cache.forget(this);
    this.#file.close();
  }

  #page(page: number): number {
    let frame = this.frames.get(page);
    if (frame === undefined) {
      this.#load(page, this.#aheadOf(page));
      frame = this.frames.get(page)!;
    }
    return this.cache.touch(frame);
  }

  /** Pages to load with `page`: twice as many each time it is the one behind those loaded last. */
  #aheadOf(page: number): number {
    this.#ahead = page === this.#expected ? Math.min(this.#ahead * 2, this.cache.pagesAtOnce) : 1;
    return this.#ahead;
  }

  /** Load pages from `page` on, at most `count`, up to one that is there already. */
  #load(page: number, count: number): void {
    const {cache} = this;
    const {pageBytes} = cache;
    const pagesMax = Math.ceil(this.size / pageBytes) - page;
    let pages = 1;
    while (pages < count && pages < pagesMax && !this.frames.has(page + pages)) pages++;
    const offset = page * pageBytes;
    const length = Math.min(pages * pageBytes, this.size - offset);
    this.#expected = page + pages;
    const buffer = cache.staging();
    this.readInto(cache.memory.u8.subarray(buffer, buffer + length), offset);
    this.#spread(buffer, page, pages, length);
  }

  #spread(buffer: number, page: number, pages: number, length: number): void {
    const {cache} = this;
    const {pageBytes} = cache;
    for (let i = 0; i < pages; i++) {
      const from = buffer + i * pageBytes;
      const to = cache.take(this, page + i);
      cache.memory.u8.copyWithin(to, from, Math.min(from + pageBytes, buffer + length));
    }
  }

  #piece(offset: number, length: number): number {
    const {cache} = this;
    if (length > PIECE_BYTES_MAX) throw this.corruption(offset, `a piece of ${length} bytes is too long`);
    const target = cache.scratch(length);
    if (length > PIECE_PAGES_MAX * cache.pageBytes) {
      this.readInto(cache.memory.u8.subarray(target, target + length), offset);
      return target;
    }
    this.prefetch(offset, length);
    for (let done = 0; done < length;) {
      const page = Math.floor((offset + done) / cache.pageBytes);
      const start = offset + done - page * cache.pageBytes;
      const bytes = Math.min(cache.pageBytes - start, length - done);
      const from = this.#page(page) + start;
      cache.memory.u8.copyWithin(target + done, from, from + bytes);
      done += bytes;
    }
    return target;
  }
}

function openFile(disk: Disk, path: string): DiskFile {
  try {
    return disk.openToRead(path);
  } catch (error) {
    throw new StorageError('block_read', `cannot open ${path}: ${reasonOf(error)}`, error);
  }
}

function sizeOf(file: DiskFile, path: string): number {
  try {
    return file.size();
  } catch (error) {
    file.close();
    throw new StorageError('block_read', `cannot read ${path}: ${reasonOf(error)}`, error);
  }
}
