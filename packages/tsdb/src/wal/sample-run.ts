import type {KernelMemory} from '@narthex/kernels/kernel-memory.ts';
import type {ReplayBatch} from '../head/head.ts';
import type {Span} from './framing.ts';

const CORRUPT = 0xffffffff;
/** A sample takes ten bytes of a record at least. */
const SAMPLE_BYTES_MIN = 10;
const CAPACITY = 512 * 1024;
const GROUPS_BYTES = 256 * 1024;

/** Columns of samples in the memory: f64 references, f64 times, values. */
interface Columns {
  readonly refs: number;
  readonly times: number;
  readonly values: number;
}

/**
 * Samples of many records, to be replayed series by series: a series' place in the head is then looked up by the processor once
 * for all of its samples, not again for each scrape. Takes space of the memory that the caller releases.
 */
export class SampleRun {
  readonly #memory: KernelMemory;
  readonly #beyond: number;
  readonly #groups: number;
  #logged!: Columns;
  #grouped!: Columns;
  #capacity = 0;
  count = 0;

  constructor(memory: KernelMemory) {
    this.#memory = memory;
    this.#beyond = memory.alloc(8);
    this.#groups = memory.alloc(GROUPS_BYTES);
    this.#take(CAPACITY);
  }

  /** Samples that `add` left out last time, since their time or reference is beyond ±2^53. */
  get beyond(): number {
    return this.#memory.u32[this.#beyond >>> 2]!;
  }

  /** Whether `add` takes this record without losing what is here. */
  hasRoomFor(record: Span): boolean {
    return this.count + samplesMax(record) <= this.#capacity;
  }

  /** Decode a record behind what is here; needs room or an empty run. Returns the number of samples, or -1 for no samples record. */
  add(record: Span): number {
    if (!this.hasRoomFor(record)) this.#take(samplesMax(record));
    const {refs, times, values} = this.#logged;
    const offset = this.count * 8;
    const {kernels} = this.#memory;
    const {at, length} = record;
    const added =
      kernels.walDecodeSamples(at, length, refs + offset, times + offset, values + offset, this.#beyond) >>> 0;
    if (added === CORRUPT) return -1;
    this.count += added;
    return added;
  }

  /** All samples until now, those of a series together and in their order; they stay until the next `add`. Empties the run. */
  takeGrouped(): ReplayBatch {
    const {count} = this;
    const from = this.#logged;
    const to = this.#grouped;
    const {kernels} = this.#memory;
    kernels.walGroupSamples(from.refs, from.times, from.values, count, to.refs, to.times, to.values, this.#groups);
    this.count = 0;
    return {memory: this.#memory, ...to, count};
  }

  #take(capacity: number): void {
    this.#capacity = capacity;
    this.#logged = this.#columns(capacity);
    this.#grouped = this.#columns(capacity);
  }

  #columns(capacity: number): Columns {
    const refs = this.#memory.alloc(capacity * 8);
    const times = this.#memory.alloc(capacity * 8);
    const values = this.#memory.alloc(capacity * 8);
    return {refs, times, values};
  }
}

const samplesMax = (record: Span): number => Math.floor(record.length / SAMPLE_BYTES_MIN) + 1;

/** The samples from `from` to `to` of a batch. */
export function sliceBatch(batch: ReplayBatch, from: number, to: number): ReplayBatch {
  const {memory, refs, times, values} = batch;
  return {memory, refs: refs + from * 8, times: times + from * 8, values: values + from * 8, count: to - from};
}
