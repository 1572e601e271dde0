import type {KernelMemory} from '@narthex/kernels/kernel-memory.ts';
import {StorageError, reasonOf} from '../errors.ts';
import {RecordUnpacker} from './compression.ts';
import {WalCorruption} from './corruption.ts';
import type {Disk, DiskFile} from '../disk.ts';
import {
  FRAGMENT_DATA_MAX,
  FRAGMENT_HEADER_BYTES,
  KIND_FIRST,
  KIND_FULL,
  KIND_LAST,
  KIND_MASK,
  KIND_MIDDLE,
  KIND_PADDING,
  PAGE_BYTES,
  SNAPPY_FLAG,
  type Span,
  ZSTD_FLAG,
} from './framing.ts';
import {GrowingBuffer} from './growing-buffer.ts';

const WINDOW_BYTES = 1024 * 1024;
/** What `#window` holds: one read, and in front of it the fragment that the last read cut. */
const BUFFER_BYTES = WINDOW_BYTES + 2 * PAGE_BYTES;

/**
 * Reads the records of one segment, the oldest first, in reads of 1 MiB. Everything is checked: lengths, kinds, checksums,
 * padding. Between construction and `close`, the reader takes space of `memory` that is given back by the caller's `release`.
 */
export class SegmentReader {
  readonly path: string;
  readonly #memory: KernelMemory;
  readonly #file: DiskFile;
  /** Address of the bytes [#from, #to) of the file. */
  readonly #window: number;
  readonly #assembly: GrowingBuffer;
  readonly #unpacker: RecordUnpacker;
  #from = 0;
  #to = 0;
  #atEnd = false;
  #position = 0;
  #recordStart = 0;
  #recordEnd = 0;

  /** Throws StorageError `wal_read` when the segment cannot be opened. */
  constructor(options: {disk: Disk; path: string; memory: KernelMemory}) {
    this.path = options.path;
    this.#memory = options.memory;
    this.#file = openToRead(options.disk, options.path);
    this.#window = options.memory.alloc(BUFFER_BYTES);
    this.#assembly = new GrowingBuffer(options.memory);
    this.#unpacker = new RecordUnpacker(options.memory);
  }

  /** Where in the segment the record that `next` gave begins. */
  get recordStart(): number {
    return this.#recordStart;
  }

  /** Where in the segment the last whole record ends; 0 before the first. */
  get recordEnd(): number {
    return this.#recordEnd;
  }

  close(): void {
    this.#file.close();
  }

  /**
   * The next record, uncompressed, which stays until the next call; undefined at the end of the segment.
   * Throws WalCorruption at the first place where the bytes are not a log's, also when the last record is cut short.
   */
  next(): Span | undefined {
    this.#recordStart = this.#position;
    let fragments = 0;
    for (;;) {
      const header = this.#header();
      if (header === undefined) {
        if (fragments > 0) throw this.corruption('last record is torn');
        return undefined;
      }
      if ((header & KIND_MASK) === KIND_PADDING) {
        this.#skipPadding();
        if (fragments === 0) this.#recordStart = this.#recordEnd = this.#position;
        continue;
      }
      const data = this.#fragment();
      const kind = header & KIND_MASK;
      this.#checkOrder(kind, fragments);
      fragments++;
      if (kind === KIND_FULL) return this.#finish(header, data);
      if (kind === KIND_FIRST) this.#assembly.clear();
      this.#assembly.append(data);
      if (kind === KIND_LAST) return this.#finish(header, this.#assembly.span);
    }
  }

  /** The error for the record that begins at `recordStart`, for a caller that finds it undecodable. */
  corruption(reason: string): WalCorruption {
    return new WalCorruption(this.path, this.#recordStart, reason);
  }

  #finish(header: number, packed: Span): Span {
    const record = this.#unpack(header, packed);
    this.#recordEnd = this.#position;
    return record;
  }

  #unpack(header: number, packed: Span): Span {
    try {
      if ((header & SNAPPY_FLAG) !== 0) return this.#unpacker.snappy(packed);
      if ((header & ZSTD_FLAG) !== 0) return this.#unpacker.zstd(packed);
      return packed;
    } catch (error) {
      throw this.corruption(`cannot decompress the record: ${reasonOf(error)}`);
    }
  }

  /** The first byte of the next fragment, or of padding; undefined at the end of the file. */
  #header(): number | undefined {
    if (!this.#fill(1)) return undefined;
    return this.#memory.u8[this.#window + this.#position - this.#from];
  }

  /** The rest of the page is padding: all zeros, and less than a page where the file ends. */
  #skipPadding(): void {
    const left = PAGE_BYTES - (this.#position % PAGE_BYTES);
    this.#fill(left);
    const at = this.#window + this.#position - this.#from;
    const length = Math.min(left, this.#to - this.#position);
    for (const byte of this.#memory.u8.subarray(at, at + length)) {
      if (byte !== 0) throw this.corruption('unexpected non-zero byte in padded page');
    }
    this.#position += length;
  }

  /** The data of the fragment here, which stays until the next call; moves behind it. */
  #fragment(): Span {
    if (!this.#fill(FRAGMENT_HEADER_BYTES)) throw this.corruption('the header of the last record is torn');
    const header = this.#window + this.#position - this.#from;
    const {u8} = this.#memory;
    const length = (u8[header + 1]! << 8) | u8[header + 2]!;
    const want = ((u8[header + 3]! << 24) | (u8[header + 4]! << 16) | (u8[header + 5]! << 8) | u8[header + 6]!) >>> 0;
    if (length > FRAGMENT_DATA_MAX) throw this.corruption(`invalid record size ${length}`);
    if (!this.#fill(FRAGMENT_HEADER_BYTES + length)) throw this.corruption('last record is torn');
    const at = this.#window + this.#position - this.#from + FRAGMENT_HEADER_BYTES;
    const {kernels, crc32cTables} = this.#memory;
    const got = kernels.crc32c(crc32cTables, 0, at, length) >>> 0;
    if (got !== want) {
      throw this.corruption(`unexpected checksum ${got.toString(16)}, expected ${want.toString(16)}`);
    }
    this.#position += FRAGMENT_HEADER_BYTES + length;
    return {at, length};
  }

  #checkOrder(kind: number, fragments: number): void {
    if (kind > KIND_LAST) throw this.corruption(`unexpected record type ${kind}`);
    const continues = kind === KIND_MIDDLE || kind === KIND_LAST;
    if (continues === fragments > 0) return;
    throw this.corruption(`unexpected ${KIND_NAMES[kind]} record`);
  }

  /** Have `bytes` bytes from the position in the window; false when the file ends before. */
  #fill(bytes: number): boolean {
    while (this.#position + bytes > this.#to) {
      if (this.#atEnd) return false;
      this.#readOn();
    }
    return true;
  }

  #readOn(): void {
    const {u8} = this.#memory;
    const kept = this.#to - this.#position;
    const from = this.#window + this.#position - this.#from;
    u8.copyWithin(this.#window, from, from + kept);
    this.#from = this.#position;
    const at = this.#window + kept;
    const read = this.#read(u8, at, at + WINDOW_BYTES);
    if (read === 0) this.#atEnd = true;
    this.#to += read;
  }

  #read(u8: Uint8Array, from: number, to: number): number {
    try {
      return this.#file.read(u8, from, to, this.#to);
    } catch (error) {
      throw new StorageError('wal_read', `cannot read ${this.path} at ${this.#to}: ${reasonOf(error)}`, error);
    }
  }
}

const KIND_NAMES = ['padding', 'full', 'first', 'middle', 'last'];

function openToRead(disk: Disk, file: string): DiskFile {
  try {
    return disk.openToRead(file);
  } catch (error) {
    throw new StorageError('wal_read', `cannot open segment ${file}: ${reasonOf(error)}`, error);
  }
}
