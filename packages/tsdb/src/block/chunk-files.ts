import path from 'node:path';
import type {Disk} from '../disk.ts';
import {reasonOf, StorageError} from '../errors.ts';
import {ByteCursor} from './byte-cursor.ts';
import type {CachedFile, FileCache} from './file-cache.ts';
import {guard} from './section.ts';

const CHUNKS_MAGIC = 0x85bd40dd;
const HEADER_BYTES = 8;
const FORMAT = 1;
/** The longest length in front of a chunk. */
const LENGTH_BYTES = 5;
/** Encoding and checksum. */
const OVERHEAD_BYTES = 1 + 4;
const FILE = 0x1_0000_0000;
/** What a chunk takes whose length nobody knows yet: more would mostly be read for nothing. */
const CHUNK_BYTES_USUAL = 1024;

/**
 * The chunks of a block, read through a thread's cache. `find` looks at one chunk, checks its checksum and leaves in `encoding`, `address` and
 * `length` what it found. Throws FileCorruption, or StorageError `block_read` when the system cannot read.
 */
export class ChunkFiles {
  /** How the chunk that was found last is encoded; its data lie at `address` of `cache.memory` until something else is read through the cache. */
  encoding = 0;
  address = 0;
  length = 0;
  readonly cache: FileCache;
  readonly #dir: string;
  readonly #files: readonly CachedFile[];
  readonly #cursor = new ByteCursor();

  private constructor(dir: string, cache: FileCache, files: readonly CachedFile[]) {
    this.#dir = dir;
    this.cache = cache;
    this.#files = files;
  }

  /** Opens the files of a `chunks` folder: those named by a number, in the order of these. */
  static open(dir: string, disk: Disk, cache: FileCache): ChunkFiles {
    const files: CachedFile[] = [];
    try {
      for (const name of chunkFileNames(dir, disk)) {
        const file = cache.open(path.join(dir, name), disk);
        files.push(file);
        checkHeader(file);
      }
    } catch (error) {
      for (const file of files) file.close();
      throw error;
    }
    return new ChunkFiles(dir, cache, files);
  }

  /** Bytes of all files. */
  get sizeBytes(): number {
    return this.#files.reduce((bytes, file) => bytes + file.size, 0);
  }

  close(): void {
    for (const file of this.#files) file.close();
  }

  /** Find the chunk at `ref` (number of the file * 2^32 + offset). */
  find(ref: number): void {
    const file = this.#fileOf(ref);
    const offset = ref % FILE;
    guard(file, offset, 'chunk', () => this.#find(file, offset));
  }

  /** Samples of the chunk that was found, as it says itself. */
  get sampleCount(): number {
    const {u8} = this.cache.memory;
    return this.length < 2 ? 0 : (u8[this.address] << 8) | u8[this.address + 1];
  }

  /** The data of the chunk that was found; good until something else is read through the cache. */
  get bytes(): Uint8Array<ArrayBuffer> {
    return this.cache.memory.u8.subarray(this.address, this.address + this.length);
  }

  /** Read what lies from the chunk at `first` to the one at `last`, which the caller is going to find: neighbours come with one read. */
  readRun(first: number, last: number): void {
    const file = this.#fileOf(first);
    const end = last < first || last - first > FILE ? first : last;
    file.prefetch(first % FILE, end - first + CHUNK_BYTES_USUAL);
  }

  #find(file: CachedFile, offset: number): void {
    if (offset < HEADER_BYTES) throw file.corruption(offset, 'there is no chunk in the header');
    const headBytes = file.available(offset, LENGTH_BYTES);
    const head = file.at(offset, headBytes);
    const cursor = this.#cursor.set(this.cache.memory.u8, head, head + headBytes);
    const length = cursor.uvarint();
    const begin = offset + cursor.at - head;
    const at = file.at(begin, length + OVERHEAD_BYTES);
    if (!this.cache.isIntact(at, 1 + length)) throw file.corruption(offset, 'the checksum of a chunk is wrong');
    this.encoding = this.cache.memory.u8[at];
    this.address = at + 1;
    this.length = length;
  }

  #fileOf(ref: number): CachedFile {
    const number = Math.floor(ref / FILE);
    const file = this.#files[number];
    if (file !== undefined) return file;
    throw new StorageError(
      'block_read',
      `${this.#dir}: there is no chunk file number ${number}, only ${this.#files.length}`,
    );
  }
}

function chunkFileNames(dir: string, disk: Disk): string[] {
  try {
    return disk
      .names(dir)
      .filter((name) => /^\d{1,15}$/.test(name))
      .sort((a, b) => Number(a) - Number(b));
  } catch (error) {
    throw new StorageError('block_read', `cannot list ${dir}: ${reasonOf(error)}`, error);
  }
}

function checkHeader(file: CachedFile): void {
  const at = file.at(0, HEADER_BYTES);
  const cursor = new ByteCursor().set(file.cache.memory.u8, at, at + HEADER_BYTES);
  const magic = cursor.be32();
  if (magic !== CHUNKS_MAGIC) throw file.corruption(0, `invalid magic number ${magic.toString(16)}`);
  const format = cursor.byte();
  if (format !== FORMAT) throw file.corruption(4, `invalid chunk format version ${format}`);
}
