import type {KernelMemory} from '@narthex/kernels/kernel-memory.ts';
import {
  CLOSED_BYTES,
  CLOSED_LENGTH,
  CLOSED_LIST_HEADER,
  CLOSED_MIN_TIME,
  CLOSED_OFFSET,
  CLOSED_SAMPLES,
  CLOSED_SEGMENT,
  CLOSED_SPAN,
} from '@narthex/kernels/layout/series.ts';
import {CORRUPT} from '@narthex/kernels/layout/codes.ts';
import {XOR_BITS, XOR_DATA, XOR_FIRST_TIME} from '@narthex/kernels/layout/xor-chunk.ts';
import {assert} from '../arena/errors.ts';
import type {ArenaReader} from '../arena/reader.ts';
import type {LabelSetReader} from '../index/label-sets.ts';
import type {ChunkCopier} from './chunk-copier.ts';
import type {Rows} from './pins.ts';

/** What a set of series reads through. */
export interface SeriesSetSources {
  readonly arena: ArenaReader;
  readonly memory: KernelMemory;
  readonly labelSets: LabelSetReader;
  readonly chunks: ChunkCopier;
}

/**
 * The series that a select found, each as one commit left it, with their samples in [startMs, endMs]. Good until the reader
 * ends its epoch or the memory of the select is released.
 */
export class HeadSeriesSet {
  readonly length: number;
  readonly #sources: SeriesSetSources;
  readonly #rows: Rows;
  readonly #startMs: number;
  readonly #endMs: number;

  constructor(sources: SeriesSetSources, rows: Rows, length: number, startMs: number, endMs: number) {
    this.length = length;
    this.#sources = sources;
    this.#rows = rows;
    this.#startMs = startMs;
    this.#endMs = endMs;
  }

  /** Copies the label pairs of series `i` (name symbol, value symbol, ... in byte order of names) to `out`; returns the number of labels. */
  labels(i: number, out: Uint32Array): number {
    return this.#sources.labelSets.labels(this.#rows.slot(i), out);
  }

  /** Samples in the chunks that `read` looks at for series `i`. */
  samplesMax(i: number): number {
    let samples = 0;
    const end = this.#closedEnd(i);
    for (let entry = this.#closedStart(i); entry < end; entry += CLOSED_BYTES) {
      if (this.#overlaps(entry)) samples += this.#u16(entry + CLOSED_SAMPLES);
    }
    return this.#isOpenWanted(i) ? samples + this.#rows.openCount(i) : samples;
  }

  /**
   * Decodes the samples of series `i` within the range, oldest first: times (f64 ms) to `times`, the bits of values to
   * `values`, addresses in the reader's memory with room for `samplesMax(i)`; returns their number.
   */
  read(i: number, times: number, values: number): number {
    let count = 0;
    const end = this.#closedEnd(i);
    for (let entry = this.#closedStart(i); entry < end; entry += CLOSED_BYTES) {
      if (this.#overlaps(entry)) count += this.#decodeClosed(entry, times + 8 * count, values + 8 * count);
    }
    if (this.#isOpenWanted(i)) count += this.#decodeOpen(i, times + 8 * count, values + 8 * count);
    return count;
  }

  /** Newest sample within the range: writes one time and value; 1 or 0. Decodes nothing when it is the newest of all. */
  readNewest(i: number, times: number, values: number): number {
    const newest = this.#rows.newestTime(i);
    if (newest < this.#startMs) return 0;
    if (newest > this.#endMs) return this.#decodeNewest(i, times, values);
    const {f64, u32} = this.#sources.memory;
    const from = this.#rows.newestValueAddress(i) >>> 2;
    f64[times >>> 3] = newest;
    u32[values >>> 2] = u32[from];
    u32[(values >>> 2) + 1] = u32[from + 1];
    return 1;
  }

  /** The newest sample of the last chunk that has one in the range. */
  #decodeNewest(i: number, times: number, values: number): number {
    if (this.#isOpenWanted(i) && this.#newestOfOpen(i, times, values)) return 1;
    const start = this.#closedStart(i);
    for (let entry = this.#closedEnd(i) - CLOSED_BYTES; entry >= start; entry -= CLOSED_BYTES) {
      if (this.#minTime(entry) > this.#endMs) continue;
      return this.#overlaps(entry) && this.#newestOfClosed(entry, times, values) ? 1 : 0;
    }
    return 0;
  }

  #newestOfOpen(i: number, times: number, values: number): boolean {
    const {memory} = this.#sources;
    const mark = memory.mark();
    const samples = this.#rows.openCount(i);
    const scratch = memory.alloc(samples * 16);
    const count = this.#decodeOpen(i, scratch, scratch + samples * 8);
    this.#copyLast(scratch, scratch + samples * 8, count, times, values);
    memory.release(mark);
    return count > 0;
  }

  #newestOfClosed(entry: number, times: number, values: number): boolean {
    const {memory} = this.#sources;
    const mark = memory.mark();
    const samples = this.#u16(entry + CLOSED_SAMPLES);
    const scratch = memory.alloc(samples * 16);
    const count = this.#decodeClosed(entry, scratch, scratch + samples * 8);
    this.#copyLast(scratch, scratch + samples * 8, count, times, values);
    memory.release(mark);
    return count > 0;
  }

  #copyLast(fromTimes: number, fromValues: number, count: number, times: number, values: number): void {
    if (count === 0) return;
    const {u8} = this.#sources.memory;
    const last = (count - 1) * 8;
    u8.copyWithin(times, fromTimes + last, fromTimes + last + 8);
    u8.copyWithin(values, fromValues + last, fromValues + last + 8);
  }

  #decodeClosed(entry: number, times: number, values: number): number {
    const {arena, chunks, memory} = this.#sources;
    const mark = memory.mark();
    const length = this.#u16(entry + CLOSED_LENGTH);
    const segment = arena.u32[(entry + CLOSED_SEGMENT) >>> 2];
    const data = chunks.fromSegment(segment, arena.u32[(entry + CLOSED_OFFSET) >>> 2], length);
    const count = this.#decode(data, length, this.#u16(entry + CLOSED_SAMPLES), times, values);
    memory.release(mark);
    return count;
  }

  /** The writer may append meanwhile: only what was there at the commit is decoded, and that does not change. */
  #decodeOpen(i: number, times: number, values: number): number {
    const {arena, chunks, memory} = this.#sources;
    const mark = memory.mark();
    const chunk = this.#rows.open(i);
    const length = (Atomics.load(arena.i32, (chunk + XOR_BITS) >>> 2) + 7) >>> 3;
    const data = chunks.fromArena(chunk + XOR_DATA, length);
    const count = this.#decode(data, length, this.#rows.openCount(i), times, values);
    memory.release(mark);
    return count;
  }

  #decode(data: number, length: number, samples: number, times: number, values: number): number {
    const {kernels} = this.#sources.memory;
    const count = kernels.xorDecode(data, length, samples, this.#startMs, this.#endMs, times, values) >>> 0;
    assert(count !== CORRUPT, `a chunk of the head with ${samples} samples in ${length} bytes cannot be decoded`);
    return count;
  }

  #isOpenWanted(i: number): boolean {
    if (this.#rows.openCount(i) === 0 || this.#rows.newestTime(i) < this.#startMs) return false;
    const {i32, u32} = this.#sources.arena;
    const word = (this.#rows.open(i) + XOR_FIRST_TIME) >>> 2;
    return i32[word + 1] * 0x1_0000_0000 + u32[word] <= this.#endMs;
  }

  /** Address of the first closed chunk's entry. */
  #closedStart(i: number): number {
    return this.#rows.closed(i) + CLOSED_LIST_HEADER;
  }

  #closedEnd(i: number): number {
    return this.#closedStart(i) + this.#rows.closedCount(i) * CLOSED_BYTES;
  }

  #overlaps(entry: number): boolean {
    const minTime = this.#minTime(entry);
    if (minTime > this.#endMs) return false;
    return minTime + this.#sources.arena.u32[(entry + CLOSED_SPAN) >>> 2] >= this.#startMs;
  }

  #minTime(entry: number): number {
    return this.#sources.arena.f64[(entry + CLOSED_MIN_TIME) >>> 3];
  }

  #u16(address: number): number {
    return (this.#sources.arena.u32[address >>> 2] >>> ((address & 2) * 8)) & 0xffff;
  }
}
