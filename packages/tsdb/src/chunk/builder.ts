import type {KernelMemory} from '@narthex/kernels/kernel-memory.ts';
import {XOR_DATA, XOR_OVERHEAD, XOR_SAMPLE_BYTES_MAX, XOR_SAMPLES_MAX} from '@narthex/kernels/layout/xor-chunk.ts';
import {XOR2_DATA, XOR2_OVERHEAD, XOR2_SAMPLE_BYTES_MAX} from '@narthex/kernels/layout/xor2-chunk.ts';
import {COUNTER_RESET, type CounterReset} from '@narthex/model/histogram/float-histogram.ts';
import {isIntegerRecord} from '@narthex/model/histogram/record.ts';
import {isStaleAt} from '@narthex/model/stale.ts';
import {assert} from '../arena/errors.ts';
import {
  CHUNK_FLOAT_HISTOGRAM,
  CHUNK_FLOAT_HISTOGRAM_START,
  CHUNK_HISTOGRAM,
  CHUNK_HISTOGRAM_START,
  CHUNK_XOR,
  CHUNK_XOR2,
} from './encoding.ts';
import {HISTOGRAM_HIGH} from './extras.ts';
import {HistogramChunkEncoder, type HistogramOutcome} from './histogram-encoder.ts';

/** Samples of a chunk in blocks, where nothing else ends it before. */
const BLOCK_CHUNK_SAMPLES = 120;
/** What the first sample of a chunk takes more than later ones. */
const FIRST_SAMPLE_BYTES = 16;

/** What upstream tells samples apart by: samples of two kinds never share a chunk. */
type SampleKind = 'float' | 'integer histogram' | 'float histogram';

/**
 * Encodes runs of samples of one series as chunks, by upstream's rules (storage/series.go, NewSeriesToChunkEncoder):
 *
 * - a chunk has one kind of sample and up to `samplesMax` of them;
 * - floats become XOR chunks, XOR2 with `floatEncoding` or when the chunk's first sample has a start; an XOR chunk ends before a sample with a start;
 * - histograms with and without a start have encodings of their own; chunks end where counters were reset or layouts do not agree.
 *
 * A stale marker behind a histogram is taken for the end of a series of histograms, as upstream's head does, and stays in their chunk.
 * Use: `begin` with a run, then `next` until it gives false; after each the fields below are about the chunk made.
 */
export class ChunkBuilder {
  /** CHUNK_XOR or CHUNK_XOR2: for floats of which nothing demands XOR2. */
  floatEncoding: number;
  /** Whether histograms without a start get the encodings with starts too. */
  histogramStarts: boolean;
  /** Samples of a chunk, at most; Infinity for one chunk as long as its samples allow. */
  samplesMax: number;

  encoding = 0;
  /** The encoded data; belongs to the builder, valid until the next call of `next`. */
  bytes: Uint8Array = new Uint8Array(0);
  samples = 0;
  /** Times of the oldest and newest sample, ms. */
  minTime = 0;
  maxTime = 0;

  readonly #memory: KernelMemory;
  readonly #histograms = new HistogramChunkEncoder();
  #floats = new Uint8Array(1024);
  #times = 0;
  #values = 0;
  #starts = 0;
  #count = 0;
  /** The first sample that is in no chunk yet. */
  #next = 0;
  #kind: SampleKind = 'float';
  #header: CounterReset = COUNTER_RESET.unknown;

  constructor(
    memory: KernelMemory,
    options: {floatEncoding?: number; histogramStarts?: boolean; samplesMax?: number} = {},
  ) {
    this.#memory = memory;
    this.floatEncoding = options.floatEncoding ?? CHUNK_XOR;
    this.histogramStarts = options.histogramStarts ?? false;
    this.samplesMax = options.samplesMax ?? BLOCK_CHUNK_SAMPLES;
  }

  /**
   * Begins a run of `count` samples with rising times: columns of f64 times in ms, cells, and f64 starts in ms (0 instead of an address when there are
   * none) in the memory, which stay as they are until `next` gave false.
   */
  begin(times: number, values: number, starts: number, count: number): void {
    this.#times = times;
    this.#values = values;
    this.#starts = starts;
    this.#count = count;
    this.#next = 0;
    this.#kind = 'float';
    this.#header = COUNTER_RESET.unknown;
  }

  /** Makes the next chunk of the run; false when all samples are in chunks. May take scratch from the memory and releases it. */
  next(): boolean {
    const from = this.#next;
    if (from === this.#count) return false;
    this.#kind = this.#kindAt(from);
    const end = this.#kind === 'float' ? this.#nextFloats(from) : this.#nextHistograms(from);
    const {f64} = this.#memory;
    this.minTime = f64[(this.#times >>> 3) + from];
    this.maxTime = f64[(this.#times >>> 3) + end - 1];
    this.samples = end - from;
    this.#next = end;
    return true;
  }

  #kindAt(i: number): SampleKind {
    const memory = this.#memory;
    const word = (this.#values >>> 2) + 2 * i;
    if (memory.u32[word + 1] === HISTOGRAM_HIGH) {
      return isIntegerRecord(memory, memory.u32[word]) ? 'integer histogram' : 'float histogram';
    }
    return isStaleAt(memory.u32, word >>> 1) ? this.#kind : 'float';
  }

  #startAt(i: number): number {
    return this.#starts === 0 ? 0 : this.#memory.f64[(this.#starts >>> 3) + i];
  }

  /** Makes a chunk of the floats from `from` on; gives the sample behind. */
  #nextFloats(from: number): number {
    const isXor2 = this.floatEncoding === CHUNK_XOR2 || this.#startAt(from) !== 0;
    const limit = Math.min(this.#count, from + Math.min(this.samplesMax, XOR_SAMPLES_MAX));
    const {u32} = this.#memory;
    const high = (this.#values >>> 2) + 1;
    let end = from;
    for (; end < limit && u32[high + 2 * end] !== HISTOGRAM_HIGH; end++) if (!isXor2 && this.#startAt(end) !== 0) break;
    if (isXor2) this.#encodeXor2(from, end - from);
    else this.#encodeXor(from, end - from);
    return end;
  }

  #encodeXor(from: number, count: number): void {
    const memory = this.#memory;
    const {kernels} = memory;
    const mark = memory.mark();
    const capacity = count * XOR_SAMPLE_BYTES_MAX + FIRST_SAMPLE_BYTES;
    const chunk = memory.alloc(capacity + XOR_OVERHEAD);
    kernels.xorInit(chunk, capacity);
    const appended = kernels.xorAppendMany(chunk, this.#times + from * 8, this.#values + from * 8, count);
    assert(appended === count, 'an XOR chunk has room for the samples it was made for');
    this.encoding = CHUNK_XOR;
    this.#takeFloats(chunk + XOR_DATA, kernels.xorBytes(chunk));
    memory.release(mark);
  }

  #encodeXor2(from: number, count: number): void {
    const memory = this.#memory;
    const {kernels} = memory;
    const mark = memory.mark();
    const capacity = count * XOR2_SAMPLE_BYTES_MAX + FIRST_SAMPLE_BYTES;
    const chunk = memory.alloc(capacity + XOR2_OVERHEAD);
    const starts = this.#starts === 0 ? 0 : this.#starts + from * 8;
    kernels.xor2Init(chunk, capacity);
    const [times, values] = [this.#times + from * 8, this.#values + from * 8];
    const appended = kernels.xor2AppendMany(chunk, times, values, starts, count);
    assert(appended === count, 'an XOR2 chunk has room for the samples it was made for');
    this.encoding = CHUNK_XOR2;
    this.#takeFloats(chunk + XOR2_DATA, kernels.xor2Bytes(chunk));
    memory.release(mark);
  }

  #takeFloats(data: number, length: number): void {
    if (this.#floats.length < length) this.#floats = new Uint8Array(length * 2);
    this.#floats.set(this.#memory.u8.subarray(data, data + length));
    this.bytes = this.#floats.subarray(0, length);
  }

  /** Makes a chunk of the histograms from `from` on; gives the sample behind. */
  #nextHistograms(from: number): number {
    const encoder = this.#histograms;
    const encoding = this.#histogramEncoding(from);
    const limit = Math.min(this.#count, from + this.samplesMax);
    encoder.begin(encoding, this.#header);
    this.#header = COUNTER_RESET.unknown;
    let end = from;
    while (end < limit && this.#kindAt(end) === this.#kind && this.#histogramEncoding(end) === encoding) {
      if (this.#appendHistogram(end) === 'new chunk') {
        this.#header = encoder.nextHeader;
        break;
      }
      end++;
    }
    this.encoding = encoding;
    this.bytes = encoder.bytes();
    return end;
  }

  #appendHistogram(i: number): HistogramOutcome {
    const memory = this.#memory;
    const word = (this.#values >>> 2) + 2 * i;
    const time = memory.f64[(this.#times >>> 3) + i];
    if (memory.u32[word + 1] !== HISTOGRAM_HIGH) return this.#histograms.appendStale(time, this.#startAt(i));
    return this.#histograms.append(memory, time, this.#startAt(i), memory.u32[word]);
  }

  #histogramEncoding(i: number): number {
    const hasStart = this.histogramStarts || this.#startAt(i) !== 0;
    if (this.#kind === 'integer histogram') return hasStart ? CHUNK_HISTOGRAM_START : CHUNK_HISTOGRAM;
    return hasStart ? CHUNK_FLOAT_HISTOGRAM_START : CHUNK_FLOAT_HISTOGRAM;
  }
}
