import type {KernelMemory} from '@narthex/kernels/kernel-memory.ts';

// A segment is a row of pages of 32 KiB. A record is cut into fragments so that none crosses the end of a page; a fragment
// is 7 bytes of header (kind and compression, length, CRC-32C of the data, both big-endian) and its data. Where fewer than
// 7 bytes are left in a page, they are zero. FORMAT.md has the whole layout.

export const PAGE_BYTES = 32 * 1024;
export const FRAGMENT_HEADER_BYTES = 7;
/** The most data bytes of one fragment. */
export const FRAGMENT_DATA_MAX = PAGE_BYTES - FRAGMENT_HEADER_BYTES;

export const KIND_MASK = 0b111;
export const KIND_PADDING = 0;
export const KIND_FULL = 1;
export const KIND_FIRST = 2;
export const KIND_MIDDLE = 3;
export const KIND_LAST = 4;
/** The record's bytes are a Snappy block. */
export const SNAPPY_FLAG = 1 << 3;
/** The record's bytes are a Zstandard frame. */
export const ZSTD_FLAG = 1 << 4;

/** A piece of the writer's KernelMemory. */
export interface Span {
  readonly at: number;
  readonly length: number;
}

/** Where the next byte goes once a record of `length` bytes was framed at `offset` of a segment, padding included. */
export function offsetAfter(offset: number, length: number): number {
  let left = length;
  let end = offset;
  do {
    const taken = Math.min(left, PAGE_BYTES - (end % PAGE_BYTES) - FRAGMENT_HEADER_BYTES);
    end = skipFullPage(end + FRAGMENT_HEADER_BYTES + taken);
    left -= taken;
  } while (left > 0);
  return end;
}

/** The start of the next page when no header fits into what is left of this one. */
function skipFullPage(offset: number): number {
  const left = PAGE_BYTES - (offset % PAGE_BYTES);
  return left < FRAGMENT_HEADER_BYTES ? offset + left : offset;
}

/**
 * Cuts records into fragments, in one piece of memory that can be written to the segment with one call.
 * `begin`, then `add` once a record; then `framed` is to be written at the offset given to `begin`.
 */
export class Framer {
  /** Fragments framed since the object was made. */
  fragments = 0;
  /** Bytes of fragments with their headers, without padding, since the object was made. */
  fragmentBytes = 0;
  #memory!: KernelMemory;
  #start = 0;
  #length = 0;
  #offset = 0;

  /**
   * The records lie in `memory`, and at `start` it has room for all that will be added (`offsetAfter` tells how much);
   * `offset` is where that will lie in the segment.
   */
  begin(memory: KernelMemory, start: number, offset: number): void {
    this.#memory = memory;
    this.#start = start;
    this.#length = 0;
    this.#offset = offset;
  }

  /** What was added since `begin`, ready to be written. */
  get framed(): Span {
    return {at: this.#start, length: this.#length};
  }

  /** Frame one record, which may be empty; `flags` tells its compression. */
  add(record: Span, flags: number): void {
    let from = record.at;
    const end = record.at + record.length;
    let first = true;
    do {
      const room = PAGE_BYTES - ((this.#offset + this.#length) % PAGE_BYTES) - FRAGMENT_HEADER_BYTES;
      const taken = Math.min(end - from, room);
      this.#fragment(kindOf(first, from + taken === end) | flags, from, taken);
      from += taken;
      first = false;
    } while (from < end);
  }

  #fragment(type: number, from: number, length: number): void {
    const {kernels, crc32cTables, u8} = this.#memory;
    const at = this.#start + this.#length;
    const crc = kernels.crc32c(crc32cTables, 0, from, length);
    u8[at] = type;
    u8[at + 1] = length >>> 8;
    u8[at + 2] = length;
    u8[at + 3] = crc >>> 24;
    u8[at + 4] = crc >>> 16;
    u8[at + 5] = crc >>> 8;
    u8[at + 6] = crc;
    u8.copyWithin(at + FRAGMENT_HEADER_BYTES, from, from + length);
    this.fragments++;
    this.fragmentBytes += FRAGMENT_HEADER_BYTES + length;
    this.#advance(FRAGMENT_HEADER_BYTES + length);
  }

  #advance(bytes: number): void {
    const end = this.#offset + this.#length + bytes;
    const padded = skipFullPage(end);
    const at = this.#start + this.#length + bytes;
    this.#memory.u8.fill(0, at, at + padded - end);
    this.#length = padded - this.#offset;
  }
}

function kindOf(first: boolean, last: boolean): number {
  if (first) return last ? KIND_FULL : KIND_FIRST;
  return last ? KIND_LAST : KIND_MIDDLE;
}
