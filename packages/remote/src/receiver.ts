import type {KernelMemory} from '@narthex/kernels/kernel-memory.ts';
import {CORRUPT} from '@narthex/kernels/layout/codes.ts';
import {
  WRITE_CAPACITY,
  WRITE_DONE,
  WRITE_END,
  WRITE_HISTOGRAM_COUNT,
  WRITE_IRREGULAR,
  WRITE_LABELS_END,
  WRITE_MORE,
  WRITE_POSITION,
  WRITE_SAMPLE_COUNT,
  WRITE_SERIES,
  WRITE_SERIES_COUNT,
  WRITE_SERIES_END,
  WRITE_SLOTS,
  WRITE_STAGED,
  WRITE_STATE_BYTES,
  WRITE_TIME,
  WRITE_TIMES,
  WRITE_UNKNOWN,
  WRITE_VALUES,
} from '@narthex/kernels/layout/remote-write.ts';
import {Staging} from '@narthex/tsdb/head/staging.ts';
import type {AppendOutcome, SampleBatch, SeriesSlot} from '@narthex/tsdb/head/types.ts';
import {KnownSeries} from './known-series.ts';
import {sortRanges} from './label-ranges.ts';
import {readSeries} from './plain-series.ts';
import {WriteError} from './write-error.ts';

/** Where written samples go: the database of the ingest thread. */
export interface SampleStore {
  /** Goes up when slots may have been given to other series. */
  readonly generation: number;
  getOrCreateRaw(bytes: Uint8Array, ranges: Uint32Array, labelCount: number): SeriesSlot;
  append(batch: SampleBatch): AppendOutcome;
}

export interface ReceiverOptions {
  /** A memory of the receiver's own: what it remembers of series stays there. */
  readonly memory: KernelMemory;
  readonly store: SampleStore;
  /** Whether an error of the store means that a new series has no room. */
  readonly isRefusal: (error: unknown) => boolean;
}

/** What became of a request that was stored as far as it could be. */
export interface WriteOutcome {
  readonly samples: number;
  /** Series left out for their labels. */
  readonly invalidSeries: number;
}

/** As upstream: a request may claim no more. */
const DECODED_BYTES_MAX = 32 << 20;
const PADDING = 16;
const AHEAD_MS_MAX = 10 * 60 * 1000;
const LABELS_MAX = 4096;
const LABELS_FIRST = 64;

/** Takes remote-write requests, version 1: decodes a request, finds its series by their raw bytes, appends its samples as one commit. */
export class WriteReceiver {
  readonly #options: ReceiverOptions;
  readonly #known: KnownSeries;
  /** Where the remembered series end: nothing below may be given back. */
  #floor = 0;
  /** The store's, for which the remembered slots are right. */
  #generation: number;
  /** The ranges of one series' labels. */
  #ranges = new Uint32Array(4 * LABELS_FIRST);

  constructor(options: ReceiverOptions) {
    this.#options = options;
    this.#known = new KnownSeries(options.memory);
    this.#generation = options.store.generation;
  }

  /** Series that are remembered. */
  get knownSeries(): number {
    return this.#known.count;
  }

  /**
   * Store a request whose body is in snappy's block format. Everything that can be stored is; throws WriteError with status 400 when something
   * could not be for a reason that lies in the request, and what the store throws when nothing could be written.
   */
  write(body: Uint8Array): WriteOutcome {
    const {memory, store} = this.#options;
    if (store.generation !== this.#generation) this.#forget(store.generation);
    const mark = memory.mark();
    try {
      return this.#write(body, mark);
    } finally {
      memory.release(Math.max(mark, this.#floor));
    }
  }

  #forget(generation: number): void {
    this.#known.clear();
    this.#floor = this.#options.memory.mark();
    this.#generation = generation;
  }

  #write(body: Uint8Array, mark: number): WriteOutcome {
    const {memory} = this.#options;
    const walk = this.#decode(body);
    const series = walk.get(WRITE_SERIES_COUNT);
    if (this.#known.fits(series)) return this.#walk(walk);
    // Room for what is remembered is below the scratch of requests: take the request off, and put it on again above.
    memory.release(mark);
    this.#known.reserve(series);
    this.#floor = memory.mark();
    return this.#walk(this.#decode(body));
  }

  #decode(body: Uint8Array): Walk {
    const {memory} = this.#options;
    const source = memory.alloc(body.length + PADDING);
    memory.u8.set(body, source);
    const length = memory.kernels.snappyLength(source, body.length) >>> 0;
    if (length === CORRUPT) throw new WriteError(400, 'snappy: corrupt input');
    if (length > DECODED_BYTES_MAX) {
      throw new WriteError(
        400,
        `snappy: decoded block is too large: ${length} bytes, want at most ${DECODED_BYTES_MAX}`,
      );
    }
    const target = memory.alloc(length + PADDING);
    if (memory.kernels.snappyDecode(source, body.length, target, length) >>> 0 !== length) {
      throw new WriteError(400, 'snappy: corrupt input');
    }
    const walk = new Walk(memory, target, target + length);
    if (memory.kernels.remoteWriteCheck(walk.state) !== WRITE_DONE) throw corruptRequest();
    return walk;
  }

  #walk(walk: Walk): WriteOutcome {
    const {memory} = this.#options;
    const histograms = walk.get(WRITE_HISTOGRAM_COUNT);
    const staging = new Staging(memory, walk.get(WRITE_SAMPLE_COUNT) + 1);
    this.#known.describe(walk.state);
    walk.begin(staging);
    const run: Run = {staging, ranges: memory.alloc(16 * LABELS_MAX), invalid: 0, refused: 0};
    for (;;) {
      const reason = memory.kernels.remoteWrite(walk.state);
      staging.count = walk.get(WRITE_STAGED);
      if (reason === WRITE_DONE) break;
      if (reason === WRITE_MORE) continue;
      if (reason === WRITE_UNKNOWN) this.#resolve(walk, run);
      else if (walk.isSeriesReason(reason)) this.#takePlainly(walk, run);
      else throw corruptRequest();
      walk.set(WRITE_STAGED, staging.count);
    }
    return this.#append(run, histograms);
  }

  /** A series that was not written before: find its slot and remember it. */
  #resolve(walk: Walk, run: Run): void {
    const {u8, kernels} = this.#options.memory;
    const start = walk.get(WRITE_SERIES);
    const count = kernels.labelRanges(start, walk.get(WRITE_LABELS_END), run.ranges, LABELS_MAX) >>> 0;
    if (count === CORRUPT) throw corruptRequest();
    const ranges = this.#copyRanges(run.ranges, count);
    const isPlain = kernels.labelsArePlain(run.ranges, count) !== 0;
    const slot = isPlain ? this.#slotOf(u8, ranges, count, run) : this.#sortedSlotOf(u8, ranges, count, run);
    if (slot === undefined) walk.set(WRITE_POSITION, walk.get(WRITE_SERIES_END));
    else this.#known.add(walk.state, slot);
  }

  /** The ranges of `count` labels, until the next call. */
  #copyRanges(at: number, count: number): Uint32Array {
    const {u32} = this.#options.memory;
    if (this.#ranges.length < 4 * count) this.#ranges = new Uint32Array(8 * count);
    const from = at >>> 2;
    for (let i = 0; i < 4 * count; i++) this.#ranges[i] = u32[from + i]!;
    return this.#ranges;
  }

  /** A series that the kernel does not read: its fields stand in an unusual order, or a time is extreme. */
  #takePlainly(walk: Walk, run: Run): void {
    const {u8} = this.#options.memory;
    const series = readSeries(u8, walk.get(WRITE_SERIES), walk.get(WRITE_SERIES_END));
    walk.set(WRITE_POSITION, walk.get(WRITE_SERIES_END));
    const slot = this.#sortedSlotOf(u8, series.ranges, series.ranges.length / 4, run);
    if (slot === undefined) return;
    for (const [i, time] of series.times.entries()) run.staging.addBits(slot, time, series.values.subarray(i, i + 1));
  }

  /** The slot of labels that may be in any order, or faulty. */
  #sortedSlotOf(bytes: Uint8Array, ranges: ArrayLike<number>, count: number, run: Run): SeriesSlot | undefined {
    const sorted = sortRanges(bytes, ranges, count);
    if (typeof sorted !== 'string') return this.#slotOf(bytes, sorted.ranges, sorted.count, run);
    run.invalid++;
    return undefined;
  }

  #slotOf(bytes: Uint8Array, ranges: Uint32Array, count: number, run: Run): SeriesSlot | undefined {
    try {
      return this.#options.store.getOrCreateRaw(bytes, ranges, count);
    } catch (error) {
      if (!this.#options.isRefusal(error)) throw error;
      run.refused++;
      return undefined;
    }
  }

  #append({staging, invalid, refused}: Run, histograms: number): WriteOutcome {
    const ahead = staging.dropAfter(Date.now() + AHEAD_MS_MAX);
    const outcome = this.#options.store.append(staging.batch());
    const fault = faultOf(outcome, ahead, refused, histograms);
    if (fault !== undefined) throw new WriteError(refused > 0 && fault.startsWith('no room') ? 503 : 400, fault);
    return {samples: outcome.stored + outcome.duplicates, invalidSeries: invalid};
  }
}

interface Run {
  readonly staging: Staging;
  /** Where the kernel writes the ranges of one series' labels. */
  readonly ranges: number;
  invalid: number;
  refused: number;
}

/** The state of one walk of the kernel. */
class Walk {
  readonly state: number;
  readonly #memory: KernelMemory;

  constructor(memory: KernelMemory, start: number, end: number) {
    this.#memory = memory;
    this.state = memory.alloc(WRITE_STATE_BYTES);
    memory.u8.fill(0, this.state, this.state + WRITE_STATE_BYTES);
    this.set(WRITE_POSITION, start);
    this.set(WRITE_END, end);
  }

  get(field: number): number {
    return this.#memory.u32[(this.state + field) >>> 2]!;
  }

  set(field: number, value: number): void {
    this.#memory.u32[(this.state + field) >>> 2] = value;
  }

  begin({slots, times, values, capacity}: Staging): void {
    this.#memory.u8.fill(0, this.state + WRITE_SERIES_COUNT, this.state + WRITE_STATE_BYTES);
    this.set(WRITE_SLOTS, slots);
    this.set(WRITE_TIMES, times);
    this.set(WRITE_VALUES, values);
    this.set(WRITE_CAPACITY, capacity);
    this.set(WRITE_STAGED, 0);
  }

  /** Whether the kernel stopped at one series that can be read in another way. */
  isSeriesReason(reason: number): boolean {
    return reason === WRITE_IRREGULAR || reason === WRITE_TIME;
  }
}

const corruptRequest = () => new WriteError(400, 'proto: illegal wire format in prometheus.WriteRequest');

/** The first reason for which something was left out, in upstream's words where it has some. */
function faultOf(outcome: AppendOutcome, ahead: number, refused: number, histograms: number): string | undefined {
  const {outOfOrder, tooOld, conflicts, outOfBounds} = outcome;
  if (outOfOrder > 0) return 'out of order sample';
  if (tooOld > 0) return 'too old sample';
  if (outOfBounds + ahead > 0) return 'out of bounds';
  if (conflicts > 0) return 'duplicate sample for timestamp';
  if (histograms > 0) return `native histograms are not supported yet: ${histograms} histogram samples were left out`;
  if (refused > 0) return `no room for ${refused} new series: the storage's memory for series is full`;
  return undefined;
}
