import type {KernelMemory} from '@narthex/kernels/kernel-memory.ts';
import type {BlockWriter} from '../block/block-writer.ts';
import {addInterval, coversAll, type Intervals, touches} from '../block/tombstones.ts';
import {ChunkBuilder} from '../chunk/builder.ts';
import {ChunkDecoder} from '../chunk/decoder.ts';
import {CHUNK_FLOAT_HISTOGRAM_START, CHUNK_HISTOGRAM_START, CHUNK_XOR, CHUNK_XOR2} from '../chunk/encoding.ts';
import {dropDeleted} from '../chunk/drop-deleted.ts';
import {chainSamples} from './chain-samples.ts';
import {decodeChunk} from './decode-chunk.ts';
import {PendingChunks} from './pending-chunks.ts';
import type {CompactionSource, LoadedChunk} from './source.ts';

/** What a block is to hold, and how. */
export interface MergeOptions {
  /** Samples in [minTime, maxTime). */
  readonly minTime: number;
  readonly maxTime: number;
  /** CHUNK_XOR or CHUNK_XOR2: for floats that are encoded again because chunks overlap. */
  readonly floatEncoding?: number | undefined;
}

/**
 * Makes the chunks of one series out of those of its sources, by upstream's rules (tsdb/querier.go, storage/merge.go): a chunk from which
 * nothing is deleted and which overlaps with no other is copied as it is; one with deletions is encoded again, alone; those
 * that overlap become new chunks of 120 samples. `add` the sources of a series in the order of their times, then `write`.
 */
export class SeriesMerger {
  readonly #memory: KernelMemory;
  readonly #minTime: number;
  /** Of the last sample that is wanted. */
  readonly #lastTime: number;
  readonly #decoder: ChunkDecoder;
  readonly #builder: ChunkBuilder;
  /** For chunks that stay one. */
  readonly #single: ChunkBuilder;
  readonly #chunks = new PendingChunks();
  readonly #loaded: LoadedChunk = {encoding: 0, bytes: new Uint8Array(0), from: 0, to: 0};
  readonly #sources: CompactionSource[] = [];

  /** Samples are decoded in `memory`, for the time of one series. */
  constructor(memory: KernelMemory, options: MergeOptions) {
    this.#memory = memory;
    this.#minTime = options.minTime;
    this.#lastTime = options.maxTime - 1;
    this.#decoder = new ChunkDecoder(memory);
    this.#builder = new ChunkBuilder(memory, {floatEncoding: options.floatEncoding ?? CHUNK_XOR});
    this.#single = new ChunkBuilder(memory, {samplesMax: Infinity});
  }

  /** Take what is wanted of the present series of `source`. */
  add(source: CompactionSource): void {
    const number = this.#sources.push(source) - 1;
    const {chunkCount, minTimes, maxTimes} = source;
    const intervals = this.#unwanted(source);
    for (let k = 0; k < chunkCount; k++) {
      const [minTime, maxTime] = [minTimes[k], maxTimes[k]];
      if (maxTime < this.#minTime || minTime > this.#lastTime) continue;
      if (coversAll(source.intervals, minTime, maxTime)) continue;
      if (touches(intervals, minTime, maxTime)) this.#addWithout(source, k, intervals);
      else this.#chunks.add(minTime, maxTime, number, k);
    }
  }

  /** Write the chunks of the series that was added to `writer`, which may be none. */
  write(writer: BlockWriter): void {
    const chunks = this.#chunks;
    chunks.sort();
    for (let i = 0; i < chunks.count;) i = this.#writeGroup(i, writer);
    chunks.clear();
    this.#sources.length = 0;
  }

  /** What was deleted of the series, and what lies before and after the wanted time where chunks reach there. */
  #unwanted({intervals, chunkCount, minTimes, maxTimes}: CompactionSource): Intervals {
    let isFront = false;
    let isBack = false;
    for (let k = 0; k < chunkCount; k++) {
      if (maxTimes[k] < this.#minTime || minTimes[k] > this.#lastTime) continue;
      isFront ||= minTimes[k] < this.#minTime;
      isBack ||= maxTimes[k] > this.#lastTime;
    }
    const front = isFront ? addInterval(intervals, -Infinity, this.#minTime - 1) : intervals;
    return isBack ? addInterval(front, this.#lastTime + 1, Infinity) : front;
  }

  /** Hold chunk `k` without the samples in `intervals`, as a chunk of the same encoding. */
  #addWithout(source: CompactionSource, k: number, intervals: Intervals): void {
    const memory = this.#memory;
    const mark = memory.mark();
    source.load(k, this.#loaded);
    const {encoding} = this.#loaded;
    const all = decodeChunk(memory, this.#decoder, this.#loaded);
    const builder = this.#single;
    builder.floatEncoding = encoding === CHUNK_XOR2 ? CHUNK_XOR2 : CHUNK_XOR;
    builder.histogramStarts = encoding === CHUNK_HISTOGRAM_START || encoding === CHUNK_FLOAT_HISTOGRAM_START;
    builder.begin(all.times, all.values, all.starts, dropDeleted(memory, intervals, all));
    while (builder.next()) this.#chunks.hold(builder.minTime, builder.maxTime, builder.encoding, builder.bytes);
    memory.release(mark);
  }

  /** Write the chunk at place `first` of the order and those that overlap with it; gives the place behind. */
  #writeGroup(first: number, writer: BlockWriter): number {
    const {order, minTimes, maxTimes, count} = this.#chunks;
    const chunk = order[first];
    let end = maxTimes[chunk];
    let previous = chunk;
    const overlapping: number[] = [];
    let next = first + 1;
    for (; next < count && minTimes[order[next]] <= end; next++) {
      const other = order[next];
      if (this.#isSame(previous, other)) continue;
      overlapping.push(other);
      end = Math.max(end, maxTimes[other]);
      previous = other;
    }
    if (overlapping.length === 0) this.#copy(chunk, writer);
    else this.#writeMerged([...overlapping, chunk], writer);
    return next;
  }

  #isSame(a: number, b: number): boolean {
    const {minTimes, maxTimes} = this.#chunks;
    if (minTimes[a] !== minTimes[b] || maxTimes[a] !== maxTimes[b]) return false;
    const first = this.#load(a);
    const bytes = first.bytes.slice(first.from, first.to);
    const second = this.#load(b);
    return Buffer.compare(bytes, second.bytes.subarray(second.from, second.to)) === 0;
  }

  #copy(i: number, writer: BlockWriter): void {
    const {encoding, bytes, from, to} = this.#load(i);
    writer.addChunk(encoding, bytes, from, to, this.#chunks.minTimes[i], this.#chunks.maxTimes[i]);
  }

  #writeMerged(chunks: readonly number[], writer: BlockWriter): void {
    const memory = this.#memory;
    const mark = memory.mark();
    const runs = chunks.map((i) => decodeChunk(memory, this.#decoder, this.#load(i)));
    const {times, values, starts, count} = chainSamples(memory, runs);
    const builder = this.#builder;
    builder.begin(times, values, starts, count);
    while (builder.next()) {
      const {encoding, bytes, minTime, maxTime} = builder;
      writer.addChunk(encoding, bytes, 0, bytes.length, minTime, maxTime);
    }
    memory.release(mark);
  }

  #load(i: number): LoadedChunk {
    const source = this.#chunks.sourceOf(i);
    if (source < 0) this.#chunks.loadHeld(i, this.#loaded);
    else this.#sources[source].load(this.#chunks.placeOf(i), this.#loaded);
    return this.#loaded;
  }
}
