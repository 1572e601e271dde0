import {ByteCursor, CursorError} from './byte-cursor.ts';
import type {CachedFile} from './file-cache.ts';

/** Bytes that are read at once of a table that is gone through from end to end. */
const WINDOW_BYTES = 256 << 10;
/** The longest entry of a table: names and values are of 1 MiB at most. */
const ENTRY_BYTES_MAX = 64 << 20;

/** A part of an index file: a length of four bytes, so many bytes, their CRC-32C. */
export interface Section {
  /** Where the content begins, in bytes from the start of the file. */
  readonly start: number;
  /** Where it ends: its checksum follows. */
  readonly end: number;
}

/** The section that begins with its length at `offset`. Throws FileCorruption when it does not fit into the file. */
export function sectionAt(file: CachedFile, offset: number): Section {
  const at = file.at(offset, 4);
  const length = new ByteCursor().set(file.cache.memory.u8, at, at + 4).be32();
  if (offset + 4 + length + 4 > file.size)
    throw file.corruption(offset, `a section of ${length} bytes, but the file ends`);
  return {start: offset + 4, end: offset + 4 + length};
}

/**
 * Goes through a section once from its begin to its end, in windows, and checks its checksum on the way. Nothing else may be read
 * of the cache meanwhile.
 */
export class SectionScan {
  /** At the next entry. Its bytes are those of the window. */
  readonly cursor = new ByteCursor();
  readonly #file: CachedFile;
  readonly #section: Section;
  #crc = 0;
  /** Where the window ends, in bytes of the file. */
  #read: number;

  constructor(file: CachedFile, section: Section) {
    this.#file = file;
    this.#section = section;
    this.#read = section.start;
  }

  /** Where the cursor is, in bytes of the file. */
  get position(): number {
    return this.#read - this.cursor.left;
  }

  /** Have the cursor look at `bytes` more at least, or at all that is left of the section. */
  need(bytes: number): void {
    const {cursor} = this;
    if (cursor.left >= bytes || this.#read === this.#section.end) return;
    if (bytes > ENTRY_BYTES_MAX) throw this.#file.corruption(this.position, `an entry of ${bytes} bytes is too long`);
    this.#refill(bytes);
  }

  /** Read on to the end and check the checksum. */
  finish(): void {
    const {cache} = this.#file;
    while (this.#read < this.#section.end) {
      this.cursor.at = this.cursor.end;
      this.#refill(1);
    }
    const at = this.#file.at(this.#section.end, 4);
    const want = new ByteCursor().set(cache.memory.u8, at, at + 4).be32();
    if (want !== this.#crc) throw this.#file.corruption(this.#section.start, 'the checksum of the section is wrong');
  }

  #refill(bytes: number): void {
    const {cache} = this.#file;
    const {left} = this.cursor;
    const wanted = Math.min(Math.max(WINDOW_BYTES, bytes), left + this.#section.end - this.#read);
    const rest = this.cursor.bytes.slice(this.cursor.at, this.cursor.end);
    const window = cache.scratch(wanted);
    const {u8, kernels, crc32cTables} = cache.memory;
    u8.set(rest, window);
    const fresh = u8.subarray(window + left, window + wanted);
    this.#file.readInto(fresh, this.#read);
    this.#crc = kernels.crc32c(crc32cTables, this.#crc, window + left, fresh.length) >>> 0;
    this.#read += fresh.length;
    this.cursor.set(u8, window, window + wanted);
  }
}

/** What `read` returns; its CursorError becomes a corruption of `file` at `offset`. */
export function guard<T>(file: CachedFile, offset: number, what: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof CursorError) throw file.corruption(offset, `${what}: ${error.message}`);
    throw error;
  }
}
