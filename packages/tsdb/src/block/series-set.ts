import type {KernelMemory} from '@narthex/kernels/kernel-memory.ts';
import type {ChunkDecoder} from '../chunk/decoder.ts';
import {dropDeleted} from '../chunk/drop-deleted.ts';
import {isFloatEncoding} from '../chunk/encoding.ts';
import type {SampleExtras} from '../chunk/extras.ts';
import {chunkSamples} from '../chunk/header.ts';
import {HistogramChunkDecoder} from '../chunk/histogram-decoder.ts';
import {shiftedExtras} from '../chunk/shifted-extras.ts';
import type {Block} from './block.ts';
import type {SeriesRefs} from './block-postings.ts';
import {SeriesEntry} from './series-entry.ts';
import {coversAll, type Intervals} from './tombstones.ts';

const NOTHING: Intervals = [];
const DATA_BYTES = 16 << 10;

/** What a set reads through; `symbolOf` gives the querier's symbol of one of the block. */
export interface BlockSetSources {
  readonly block: Block;
  readonly memory: KernelMemory;
  readonly decoder: ChunkDecoder;
  readonly symbolOf: (symbol: number) => number;
}

/** Chunks of one series, copied out of the cache. */
class LoadedChunks {
  count = 0;
  data = new Uint8Array(DATA_BYTES);
  /** Bytes in `data`. */
  length = 0;
  readonly encodings: number[] = [];
  readonly ends: number[] = [];
  readonly samples: number[] = [];

  clear(): void {
    this.count = 0;
    this.length = 0;
  }

  add(encoding: number, bytes: Uint8Array): void {
    const end = this.length + bytes.length;
    if (end > this.data.length) {
      const larger = new Uint8Array(2 * end);
      larger.set(this.data.subarray(0, this.length));
      this.data = larger;
    }
    this.data.set(bytes, this.length);
    this.encodings[this.count] = encoding;
    this.samples[this.count] = chunkSamples(encoding, bytes, 0, bytes.length);
    this.ends[this.count++] = end;
    this.length = end;
  }

  start(k: number): number {
    return k === 0 ? 0 : this.ends[k - 1];
  }
}

/**
 * The series of a block that a select found, in the order of labels, with their samples in [startMs, endMs] that were not deleted. Good while
 * the block is open and the memory of the list of series is held. Methods throw FileCorruption, ChunkError and StorageError `block_read`.
 */
export class BlockSeriesSet {
  readonly #sources: BlockSetSources;
  readonly #refs: SeriesRefs;
  readonly #startMs: number;
  readonly #endMs: number;
  readonly #entry = new SeriesEntry();
  readonly #chunks = new LoadedChunks();
  readonly #histograms = new HistogramChunkDecoder();
  #entryOf = -1;
  #chunksOf = -1;

  constructor(sources: BlockSetSources, refs: SeriesRefs, range: {readonly startMs: number; readonly endMs: number}) {
    this.#sources = sources;
    this.#refs = refs;
    this.#startMs = range.startMs;
    this.#endMs = range.endMs;
  }

  get length(): number {
    return this.#refs.count;
  }

  /** Copies the label pairs of series `i` (name symbol, value symbol, ...) to `out`; returns the number of labels, which may be more than fit. */
  labels(i: number, out: Uint32Array): number {
    const {labels, labelCount} = this.#look(i);
    const count = Math.min(2 * labelCount, out.length);
    for (let at = 0; at < count; at++) out[at] = this.#sources.symbolOf(labels[at]);
    return labelCount;
  }

  /** Samples in the chunks that `read` looks at for series `i`. */
  samplesMax(i: number): number {
    const {count, samples} = this.#load(i);
    let sum = 0;
    for (let k = 0; k < count; k++) sum += samples[k];
    return sum;
  }

  /** As promql's `SeriesSet.read`. */
  read(i: number, times: number, values: number, extras: SampleExtras): number {
    const chunks = this.#load(i);
    let count = 0;
    for (let k = 0; k < chunks.count; k++) {
      const from = chunks.start(k);
      count += this.#sources.decoder.decodeBytes(
        chunks.encodings[k],
        chunks.data,
        from,
        chunks.ends[k],
        chunks.samples[k],
        this.#startMs,
        this.#endMs,
        times + 8 * count,
        values + 8 * count,
        shiftedExtras(extras, count),
      );
    }
    return dropDeleted(this.#sources.memory, this.#intervals(i), {times, values, starts: extras.starts, count});
  }

  /** Newest sample within the range: writes one time and value; 1 or 0. */
  readNewest(i: number, times: number, values: number, extras: SampleExtras): number {
    const chunks = this.#load(i);
    for (let k = chunks.count - 1; k >= 0; k--) {
      // What was deleted needs a look at all.
      const found =
        this.#intervals(i).length > 0
          ? this.#newestLeft(i, k, times, values, extras)
          : this.#newestOf(k, times, values, extras);
      if (found > 0) return 1;
    }
    return 0;
  }

  #newestOf(k: number, times: number, values: number, extras: SampleExtras): number {
    const {encodings, data, ends} = this.#chunks;
    const from = this.#chunks.start(k);
    if (isFloatEncoding(encodings[k])) return this.#newestFloat(k, times, values, extras);
    const {memory} = this.#sources;
    const range = [this.#startMs, this.#endMs] as const;
    return this.#histograms.decodeLast(encodings[k], data, from, ends[k], ...range, memory, times, values, extras);
  }

  #newestFloat(k: number, times: number, values: number, extras: SampleExtras): number {
    const {memory, decoder} = this.#sources;
    const {encodings, data, ends, samples} = this.#chunks;
    const mark = memory.mark();
    const room = samples[k] * 8;
    const scratch = memory.alloc(room * 3, 8);
    const starts = extras.starts === 0 ? 0 : scratch + 2 * room;
    memory.u8.fill(0, scratch + 2 * room, scratch + 3 * room);
    const count = decoder.decodeBytes(
      encodings[k],
      data,
      this.#chunks.start(k),
      ends[k],
      samples[k],
      this.#startMs,
      this.#endMs,
      scratch,
      scratch + room,
      {starts, histogram: (bytes) => extras.histogram(bytes)},
    );
    if (count > 0) copyWord(memory, scratch, count - 1, times);
    if (count > 0) copyWord(memory, scratch + room, count - 1, values);
    if (count > 0 && starts > 0) copyWord(memory, starts, count - 1, extras.starts);
    memory.release(mark);
    return Math.min(1, count);
  }

  /** As `#newestOf` where something of the series was deleted: looks before the deleted times again and again. */
  #newestLeft(i: number, k: number, times: number, values: number, extras: SampleExtras): number {
    const end = this.#endMs;
    const intervals = this.#intervals(i);
    let latest = end;
    for (;;) {
      const narrowed = new BlockSeriesSet(this.#sources, this.#refs, {startMs: this.#startMs, endMs: latest});
      narrowed.#chunks.clear();
      narrowed.#chunks.add(
        this.#chunks.encodings[k],
        this.#chunks.data.subarray(this.#chunks.start(k), this.#chunks.ends[k]),
      );
      narrowed.#chunksOf = i;
      if (narrowed.#newestOf(0, times, values, extras) === 0) return 0;
      const time = this.#sources.memory.f64[times >>> 3];
      const at = intervals.findIndex((_, p) => p % 2 === 0 && intervals[p] <= time && time <= intervals[p + 1]);
      if (at < 0) return 1;
      latest = intervals[at] - 1;
    }
  }

  #intervals(i: number): Intervals {
    return this.#sources.block.tombstones.get(this.#ref(i)) ?? NOTHING;
  }

  #ref(i: number): number {
    return this.#sources.memory.u32[(this.#refs.address >>> 2) + i];
  }

  #look(i: number): SeriesEntry {
    if (this.#entryOf !== i) {
      this.#entryOf = -1;
      this.#sources.block.index.series(this.#ref(i), this.#entry);
      this.#entryOf = i;
    }
    return this.#entry;
  }

  #load(i: number): LoadedChunks {
    if (this.#chunksOf === i) return this.#chunks;
    const {chunkCount, minTimes, maxTimes, refs} = this.#look(i);
    const {chunks} = this.#sources.block;
    const intervals = this.#intervals(i);
    this.#chunksOf = -1;
    this.#chunks.clear();
    let first = 0;
    while (first < chunkCount && maxTimes[first] < this.#startMs) first++;
    let end = first;
    while (end < chunkCount && minTimes[end] <= this.#endMs) end++;
    if (end - first > 1) chunks.readRun(refs[first], refs[end - 1]);
    for (let k = first; k < end; k++) {
      if (maxTimes[k] < this.#startMs || coversAll(intervals, minTimes[k], maxTimes[k])) continue;
      chunks.find(refs[k]);
      this.#chunks.add(chunks.encoding, chunks.bytes);
    }
    this.#chunksOf = i;
    return this.#chunks;
  }
}

/** Copy the word at place `i` of the column at `from` to `to`, by its bits. */
function copyWord({u32}: KernelMemory, from: number, i: number, to: number): void {
  const source = (from >>> 2) + 2 * i;
  u32[to >>> 2] = u32[source];
  u32[(to >>> 2) + 1] = u32[source + 1];
}
