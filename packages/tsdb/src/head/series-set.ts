import type {KernelMemory} from '@narthex/kernels/kernel-memory.ts';
import {CLOSED_BYTES, CLOSED_LIST_HEADER} from '@narthex/kernels/layout/series.ts';
import {CORRUPT} from '@narthex/kernels/layout/codes.ts';
import {OPEN_DATA, OPEN_ENCODING} from '@narthex/kernels/layout/xor-chunk.ts';
import {assert} from '../arena/errors.ts';
import type {ArenaReader} from '../arena/reader.ts';
import type {Intervals} from '../block/tombstones.ts';
import type {SampleExtras} from '../chunk/extras.ts';
import type {LabelSetReader} from '../index/label-sets.ts';
import type {ChunkCopier} from './chunk-copier.ts';
import {ClosedChunks} from './closed-chunks.ts';
import {LateReader} from './late-reader.ts';
import {openFirstTime} from './open-chunk.ts';
import type {Rows} from './pins.ts';

/** What a set of series reads through. */
export interface SeriesSetSources {
  readonly arena: ArenaReader;
  readonly memory: KernelMemory;
  readonly labelSets: LabelSetReader;
  readonly chunks: ChunkCopier;
}

/** What was selected, both ends included, and whether all rows are of one commit. */
export interface SeriesSetOptions {
  readonly startMs: number;
  readonly endMs: number;
  readonly isWhole: boolean;
  /** What came in order is read from here on only, out-of-order samples from `startMs` on; as `startMs` unless told. */
  readonly inOrderMs?: number;
}

/** For callers that know of floats only. */
const FLOATS_ONLY: SampleExtras = {
  starts: 0,
  histogram() {
    throw new Error('a series has histograms, which this read has no room for');
  },
};

/** A chunk in the reader's memory. */
export interface ChunkCopy {
  /** Where the encoded data begins, as blocks have it: the big-endian count first. The caller releases the memory. */
  readonly address: number;
  readonly length: number;
  /** One of those of chunk/encoding.ts. */
  readonly encoding: number;
  readonly samples: number;
  /** Times of the first and of the last sample, ms. */
  readonly minTime: number;
  readonly maxTime: number;
}

/**
 * The series that a select found, each as one commit left it, with their samples in [startMs, endMs]. Good until the reader
 * ends its epoch or the memory of the select is released.
 */
export class HeadSeriesSet {
  readonly length: number;
  /** Whether all series are of one commit; false only when series were committed twice during several looks at all of them. */
  readonly isWhole: boolean;
  readonly #sources: SeriesSetSources;
  readonly #rows: Rows;
  readonly #closed: ClosedChunks;
  readonly #startMs: number;
  readonly #endMs: number;
  readonly #late: LateReader;

  constructor(sources: SeriesSetSources, rows: Rows, length: number, how: SeriesSetOptions) {
    this.length = length;
    this.#sources = sources;
    this.#rows = rows;
    this.#closed = new ClosedChunks(sources.arena);
    const inOrderMs = Math.max(how.startMs, how.inOrderMs ?? -Infinity);
    this.#startMs = inOrderMs;
    this.#endMs = how.endMs;
    this.isWhole = how.isWhole;
    this.#late = new LateReader(
      sources,
      rows,
      {startMs: how.startMs, endMs: how.endMs, inOrderMs},
      {
        closedStart: (i) => this.#closedStart(i),
        closedEnd: (i) => this.#closedEnd(i),
        openMinTime: (i) => this.#openMinTime(i),
        decodeClosed: (entry, times, values) => this.#decodeClosed(entry, times, values),
        decodeOpen: (i, times, values) => this.#decodeOpen(i, times, values),
      },
    );
  }

  /** The slot of series `i`. */
  slot(i: number): number {
    return this.#rows.slot(i);
  }

  /** Copies the label pairs of series `i` (name symbol, value symbol, ... in byte order of names) to `out`; returns the number of labels. */
  labels(i: number, out: Uint32Array): number {
    return this.#sources.labelSets.labels(this.#rows.slot(i), out);
  }

  /** Samples in the chunks that `read` looks at for series `i`. */
  samplesMax(i: number): number {
    if (this.#late.concerns(i)) return this.#late.samplesMax(i);
    let samples = 0;
    const end = this.#closedEnd(i);
    for (let entry = this.#closedStart(i); entry < end; entry += CLOSED_BYTES) {
      if (this.#overlaps(entry)) samples += this.#closed.samples(entry);
    }
    return this.#isOpenWanted(i) ? samples + this.#rows.openCount(i) : samples;
  }

  /**
   * What is known of series `i` without decoding: writes the times of the first and the last sample of chunks that lie within the range as a whole to
   * `out`; returns how many samples they have, 0 when there are none.
   */
  extent(i: number, out: Float64Array): number {
    if (this.#late.concerns(i)) return 0;
    let samples = 0;
    const end = this.#closedEnd(i);
    for (let entry = this.#closedStart(i); entry < end; entry += CLOSED_BYTES) {
      const minTime = this.#closed.minTime(entry);
      const maxTime = this.#closed.maxTime(entry);
      if (minTime < this.#startMs || maxTime > this.#endMs) continue;
      if (samples === 0) out[0] = minTime;
      out[1] = maxTime;
      samples += this.#closed.samples(entry);
    }
    const open = this.#rows.openCount(i);
    if (open === 0 || this.#openMinTime(i) < this.#startMs || this.#rows.newestTime(i) > this.#endMs) return samples;
    if (samples === 0) out[0] = this.#openMinTime(i);
    out[1] = this.#rows.newestTime(i);
    return samples + open;
  }

  /**
   * Decodes the samples of series `i` within the range, oldest first: times (f64 ms) to `times`, the bits of values to
   * `values`, addresses in the reader's memory with room for `samplesMax(i)`; returns their number.
   */
  read(i: number, times: number, values: number, extras: SampleExtras = FLOATS_ONLY): number {
    if (this.#late.concerns(i)) return this.#late.read(i, times, values, extras);
    let count = 0;
    const end = this.#closedEnd(i);
    for (let entry = this.#closedStart(i); entry < end; entry += CLOSED_BYTES) {
      if (this.#overlaps(entry)) count += this.#decodeClosed(entry, times + 8 * count, values + 8 * count);
    }
    if (this.#isOpenWanted(i)) count += this.#decodeOpen(i, times + 8 * count, values + 8 * count);
    return count;
  }

  /** Chunks of series `i`, whatever their times, oldest first; the last one may be open. */
  chunkCount(i: number): number {
    return this.#rows.closedCount(i) + (this.#rows.openCount(i) > 0 ? 1 : 0);
  }

  /** Copy chunk `k` of series `i` to new memory. The last byte of an open chunk may have bits of a newer sample. */
  copyChunk(i: number, k: number): ChunkCopy {
    const entry = this.#closedStart(i) + k * CLOSED_BYTES;
    return k < this.#rows.closedCount(i) ? this.#copyClosed(entry) : this.#copyOpen(i);
  }

  /** What was deleted of series `i`; it is still in its chunks. */
  intervals(i: number): Intervals {
    return this.#late.intervals(i);
  }

  /** Closed out-of-order chunks of series `i`, whatever their times; they overlap and stand in the order they were closed. */
  outOfOrderCount(i: number): number {
    return this.#late.closedCount(i);
  }

  /** Copy out-of-order chunk `k` of series `i` to new memory. */
  copyOutOfOrder(i: number, k: number): ChunkCopy {
    return this.#copyClosed(this.#late.closedEntry(i, k));
  }

  /** Newest sample within the range: writes one time and value; 1 or 0. Decodes nothing when it is the newest of all. */
  readNewest(i: number, times: number, values: number, extras: SampleExtras = FLOATS_ONLY): number {
    if (this.#late.concerns(i)) return this.#late.readNewest(i, times, values, extras);
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
      if (this.#closed.minTime(entry) > this.#endMs) continue;
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
    const samples = this.#closed.samples(entry);
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
    const {memory} = this.#sources;
    const mark = memory.mark();
    const length = this.#closed.length(entry);
    const count = this.#decode(this.#fetchClosed(entry, length), length, this.#closed.samples(entry), times, values);
    memory.release(mark);
    return count;
  }

  #decodeOpen(i: number, times: number, values: number): number {
    const {memory} = this.#sources;
    const mark = memory.mark();
    const length = this.#rows.openBytes(i);
    const count = this.#decode(this.#fetchOpen(i, length), length, this.#rows.openCount(i), times, values);
    memory.release(mark);
    return count;
  }

  #fetchClosed(entry: number, length: number): number {
    return this.#sources.chunks.fromSegment(this.#closed.segment(entry), this.#closed.offset(entry), length);
  }

  /** The writer may append meanwhile: only what was there at the commit is looked at, and that does not change. */
  #fetchOpen(i: number, length: number): number {
    const open = this.#rows.open(i);
    return this.#sources.chunks.fromArena(open + this.#sources.arena.u8[open + OPEN_DATA], length);
  }

  #copyClosed(entry: number): ChunkCopy {
    const minTime = this.#closed.minTime(entry);
    const length = this.#closed.length(entry);
    const maxTime = this.#closed.maxTime(entry);
    return {
      address: this.#fetchClosed(entry, length),
      length,
      encoding: this.#closed.encoding(entry),
      samples: this.#closed.samples(entry),
      minTime,
      maxTime,
    };
  }

  #copyOpen(i: number): ChunkCopy {
    const length = this.#rows.openBytes(i);
    const address = this.#fetchOpen(i, length);
    const samples = this.#rows.openCount(i);
    const {u8} = this.#sources.memory;
    u8[address] = samples >>> 8;
    u8[address + 1] = samples & 0xff;
    const encoding = this.#sources.arena.u8[this.#rows.open(i) + OPEN_ENCODING];
    return {address, length, encoding, samples, minTime: this.#openMinTime(i), maxTime: this.#rows.newestTime(i)};
  }

  #decode(data: number, length: number, samples: number, times: number, values: number): number {
    const {kernels} = this.#sources.memory;
    const count = kernels.xorDecode(data, length, samples, this.#startMs, this.#endMs, times, values) >>> 0;
    assert(count !== CORRUPT, `a chunk of the head with ${samples} samples in ${length} bytes cannot be decoded`);
    return count;
  }

  #isOpenWanted(i: number): boolean {
    if (this.#rows.openCount(i) === 0 || this.#rows.newestTime(i) < this.#startMs) return false;
    return this.#openMinTime(i) <= this.#endMs;
  }

  #openMinTime(i: number): number {
    return openFirstTime(this.#sources.arena, this.#rows.open(i));
  }

  /** Address of the first closed chunk's entry. */
  #closedStart(i: number): number {
    return this.#rows.closed(i) + CLOSED_LIST_HEADER;
  }

  #closedEnd(i: number): number {
    return this.#closedStart(i) + this.#rows.closedCount(i) * CLOSED_BYTES;
  }

  #overlaps(entry: number): boolean {
    const minTime = this.#closed.minTime(entry);
    if (minTime > this.#endMs) return false;
    return this.#closed.maxTime(entry) >= this.#startMs;
  }
}
