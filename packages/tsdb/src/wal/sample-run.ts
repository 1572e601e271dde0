import type {KernelMemory} from '@narthex/kernels/kernel-memory.ts';
import {CORRUPT} from '@narthex/kernels/layout/codes.ts';
import {
  DECODE_AT,
  DECODE_BEYOND,
  DECODE_BYTES,
  DECODE_COUNT,
  DECODE_DONE,
  DECODE_END,
  DECODE_HEAP,
  DECODE_OLD,
  DECODE_REFUSED,
} from '@narthex/kernels/layout/wal-histograms.ts';
import type {ReplayBatch} from '../head/head.ts';
import type {Span} from './framing.ts';
import {RECORD_SAMPLES, RECORD_SAMPLES_2, hasStarts} from './record-types.ts';

/** A float takes ten bytes of a record at least. */
const SAMPLE_BYTES_MIN = 10;
const CAPACITY = 512 * 1024;
const GROUPS_BYTES = 256 * 1024;
const HEAP_BYTES = 4 * 1024 * 1024;

/** Samples of the log. Their values are cells, those of histograms refer to records in the same memory. */
export interface LoggedSamples extends ReplayBatch {
  /** f64 start times in ms, 0 for unknown; the address is 0 when none is known. */
  readonly starts: number;
}

/** What became of the samples of a log. */
export interface SampleCounts {
  /** Samples that were read. */
  samples: number;
  /** Left out since they are older than wanted. */
  samplesOld: number;
  /** Left out since their time or reference is beyond ±2^53. */
  samplesBeyond: number;
  /** Histograms that were left out: their schema is one of a later version, or their spans are no histogram's. */
  histogramsRefused: number;
}

/** Addresses of columns of samples. */
interface Columns {
  readonly refs: number;
  readonly times: number;
  readonly values: number;
  readonly starts: number;
}

export interface SampleRunOptions {
  /** Samples before it (ms) are left out. */
  minTime: number;
  /** `series`: those of a series lie together in their order. `log`: as they are in the log. */
  order: 'series' | 'log';
  /** Counts that the run adds to. */
  counts: SampleCounts;
  /** Takes samples, which are valid during the call. */
  give: (samples: LoggedSamples) => void;
  /** Samples that are kept until they are given. */
  capacity?: number;
}

/**
 * Samples of many records, floats and histograms, to be replayed series by series: a series' place in the head is then looked up by the
 * processor once for all of its samples, not again for each scrape. Takes space of the memory that the caller releases.
 */
export class SampleRun {
  readonly #memory: KernelMemory;
  readonly #options: SampleRunOptions;
  /** Numbers of floats that the kernel left out. */
  readonly #left: number;
  /** How far the kernel is in a record of histograms. */
  readonly #state: number;
  #groups = 0;
  #logged!: Columns;
  #grouped!: Columns;
  #capacity = 0;
  #heap = 0;
  #heapBytes = 0;
  #heapUsed = 0;
  #started = false;
  #count = 0;

  constructor(memory: KernelMemory, options: SampleRunOptions) {
    this.#memory = memory;
    this.#options = options;
    this.#left = memory.alloc(8);
    this.#state = memory.alloc(DECODE_BYTES);
    if (options.order === 'series') this.#groups = memory.alloc(GROUPS_BYTES);
    this.#take(options.capacity ?? CAPACITY);
  }

  /** Samples that were not given yet. */
  get count(): number {
    return this.#count;
  }

  /** Take the samples of a record in; false when it is corrupt, and then none of what was not given yet is of this record. */
  add(record: Span): boolean {
    const type = this.#memory.u8[record.at]!;
    if (hasStarts(type) !== this.#started) {
      this.flush();
      this.#started = hasStarts(type);
    }
    return type === RECORD_SAMPLES || type === RECORD_SAMPLES_2 ? this.#addFloats(record) : this.#addHistograms(record);
  }

  /** Give all that was taken in. */
  flush(): void {
    const count = this.#count;
    this.#count = 0;
    this.#heapUsed = 0;
    if (count > 0) this.#options.give(this.#samples(count));
  }

  /** Forget what was not given yet. */
  drop(): void {
    this.#count = 0;
    this.#heapUsed = 0;
  }

  #addFloats(record: Span): boolean {
    const needed = Math.floor(record.length / SAMPLE_BYTES_MIN) + 1;
    if (this.#count + needed > this.#capacity) this.flush();
    if (needed > this.#capacity) this.#take(needed);
    const {refs, times, values, starts} = this.#logged;
    const offset = this.#count * 8;
    const {kernels, u32} = this.#memory;
    const {minTime, counts} = this.#options;
    const to = [refs + offset, times + offset, values + offset, this.#started ? starts + offset : 0] as const;
    const added = kernels.walDecodeSamples(record.at, record.length, ...to, this.#left, minTime) >>> 0;
    if (added === CORRUPT) return false;
    this.#count += added;
    counts.samples += added;
    counts.samplesBeyond += u32[this.#left >>> 2]!;
    counts.samplesOld += u32[(this.#left >>> 2) + 1]!;
    return true;
  }

  #addHistograms(record: Span): boolean {
    const {u8, u32} = this.#memory;
    const state = this.#state >>> 2;
    u8.fill(0, this.#state, this.#state + DECODE_BYTES);
    u32[state + DECODE_AT / 4] = record.at;
    u32[state + DECODE_END / 4] = record.at + record.length;
    const before = this.#count;
    const heapBefore = this.#heapUsed;
    for (let given = false; ; given = true) {
      const outcome = this.#decodeHistograms(given ? 0 : before);
      if (outcome === DECODE_DONE) break;
      if (outcome === CORRUPT) {
        this.#count = given ? 0 : before;
        this.#heapUsed = given ? 0 : heapBefore;
        return false;
      }
      if (this.#count > 0) this.flush();
      else this.#growHeap();
    }
    this.#countLeftOut();
    return true;
  }

  #countLeftOut(): void {
    const {u32} = this.#memory;
    const {counts} = this.#options;
    const state = this.#state >>> 2;
    counts.samplesBeyond += u32[state + DECODE_BEYOND / 4]!;
    counts.samplesOld += u32[state + DECODE_OLD / 4]!;
    counts.histogramsRefused += u32[state + DECODE_REFUSED / 4]!;
  }

  /** Decode on, as far as there is room. `before` samples of other records are there already. */
  #decodeHistograms(before: number): number {
    const memory = this.#memory;
    const state = this.#state >>> 2;
    memory.u32[state + DECODE_COUNT / 4] = this.#count;
    memory.u32[state + DECODE_HEAP / 4] = this.#heap + this.#heapUsed;
    const {refs, times, values, starts} = this.#logged;
    const heapEnd = this.#heap + this.#heapBytes;
    const columns = [refs, times, values, this.#started ? starts : 0] as const;
    const {minTime, counts} = this.#options;
    const outcome = memory.kernels.walDecodeHistograms(this.#state, ...columns, this.#capacity, heapEnd, minTime) >>> 0;
    if (outcome === CORRUPT) return outcome;
    this.#count = memory.u32[state + DECODE_COUNT / 4]!;
    this.#heapUsed = memory.u32[state + DECODE_HEAP / 4]! - this.#heap;
    counts.samples += this.#count - before;
    return outcome;
  }

  #growHeap(): void {
    this.#heapBytes = Math.max(HEAP_BYTES, 2 * this.#heapBytes);
    this.#heap = this.#memory.alloc(this.#heapBytes);
  }

  #samples(count: number): LoggedSamples {
    const memory = this.#memory;
    const from = this.#logged;
    const starts = this.#started ? from.starts : 0;
    if (this.#options.order === 'log') return {memory, ...from, starts, count};
    const to = this.#grouped;
    const toStarts = this.#started ? to.starts : 0;
    const columns = [from.refs, from.times, from.values, starts] as const;
    memory.kernels.walGroupSamples(...columns, count, to.refs, to.times, to.values, toStarts, this.#groups);
    return {memory, ...to, starts: toStarts, count};
  }

  #take(capacity: number): void {
    this.#capacity = capacity;
    this.#logged = this.#columns(capacity);
    if (this.#options.order === 'series') this.#grouped = this.#columns(capacity);
  }

  #columns(capacity: number): Columns {
    const [refs, times, values, starts] = [0, 1, 2, 3].map(() => this.#memory.alloc(capacity * 8)) as [
      number,
      number,
      number,
      number,
    ];
    return {refs, times, values, starts};
  }
}
