import {
  STATUS_CONFLICT,
  STATUS_DUPLICATE,
  STATUS_OUT_OF_BOUNDS,
  STATUS_OUT_OF_ORDER,
  STATUS_REMOVED,
  STATUS_STORED,
  STATUS_STORED_OUT_OF_ORDER,
  STATUS_TOO_OLD,
} from '@narthex/kernels/layout/head-batch.ts';
import {BATCH_LOG_REFS, BATCH_LOG_TIMES, BATCH_LOG_VALUES} from '@narthex/kernels/layout/head-batch.ts';
import type {KernelMemory} from '@narthex/kernels/kernel-memory.ts';
import type {Labels} from '@narthex/model/labels.ts';
import {Arena} from '../arena/arena.ts';
import {ArenaFullError, assert} from '../arena/errors.ts';
import {SeriesIndex} from '../index/series-index.ts';
import {Appender} from './appender.ts';
import type {CommitLog} from './commit-log.ts';
import {
  HEAD_CHUNK_RANGE,
  HEAD_CLOSED_CHUNKS,
  HEAD_MAX_TIME,
  HEAD_MIN_TIME,
  HEAD_MIN_VALID_TIME,
  HEAD_OPEN_CHUNKS,
  HEAD_SERIES,
  HEAD_UNSORTED,
} from './layout.ts';
import {eachKnownRun} from './known-runs.ts';
import {SeriesEncoder, UnloggedSeries} from './log-series.ts';
import type {StagedChunk} from './out-of-order-chunks.ts';
import {OutOfOrder} from './out-of-order.ts';
import {OutOfOrderReplay} from './out-of-order-replay.ts';
import {RawLabels} from './raw-labels.ts';
import {RefTable} from './ref-table.ts';
import {type SegmentMessage, Segments} from './segments.ts';
import {SeriesRecords} from './series.ts';
import {Tombstones} from './tombstones.ts';
import {Truncation} from './truncation.ts';
import type {AppendOutcome, SampleBatch, SeriesRef, SeriesSlot} from './types.ts';

export interface HeadOptions {
  /** Size and budget of the shared memory for series, index and open chunks, at most 4 GiB; costs nothing before it is used. */
  readonly arenaBytes: number;
  /** Kept back of it for samples of known series; a sixteenth unless told. */
  readonly reserveBytes?: number;
  /** Size of a segment of closed chunks; 16 MiB unless told. */
  readonly segmentBytes?: number;
  /** Threads that read at once, at most 896; 64 unless told. */
  readonly readersMax?: number;
  /** The time range of a block, which chunks don't cross, in ms; two hours unless told. */
  readonly chunkRangeMs?: number;
  /** How far before the newest sample of all one may lie that does not come in order, ms; none may unless told. See `OutOfOrder.windowMs`. */
  readonly outOfOrderWindowMs?: number;
  /** Told of segments, to pass it on to all readers' threads at once (see `SegmentSource`). */
  readonly announce?: (message: SegmentMessage) => void;
  /** Seed of the index's hashes; random unless a test wants the same layout again. */
  readonly hashSeed?: number;
}

/** What a reader's thread needs to begin: can be posted to it. Segments announced later must be passed on to it. */
export interface HeadShared {
  readonly memory: WebAssembly.Memory<SharedArrayBuffer>;
  readonly segments: readonly SegmentMessage[];
}

/** Counters since the head was made, for its metrics. */
export interface HeadCounters {
  readonly samplesAppended: number;
  /** Those of them that did not come in order. */
  readonly outOfOrderAppended: number;
  readonly duplicates: number;
  readonly conflicts: number;
  readonly outOfOrder: number;
  readonly outOfBounds: number;
  readonly tooOld: number;
  readonly seriesCreated: number;
  readonly seriesRemoved: number;
  readonly chunksRemoved: number;
  /** Series that were refused because the arena is full. */
  readonly seriesRefused: number;
  readonly chunksCreated: number;
  readonly commits: number;
}

/** Samples as the log has them: f64 references, times (ms) and values at multiples of 8 in `memory`. */
export interface ReplayBatch {
  readonly memory: KernelMemory;
  readonly refs: number;
  readonly times: number;
  readonly values: number;
  readonly count: number;
  /** As `SampleBatch.starts`. */
  readonly starts?: number;
}

/** A deleted interval from the log, both ends (ms) included. */
export interface ReplayTombstone {
  readonly ref: number;
  readonly minTimeMs: number;
  readonly maxTimeMs: number;
}

/** What the ends of 64 bits are read as. */
const TIME_FIRST = Number.MIN_SAFE_INTEGER;
const TIME_LAST = Number.MAX_SAFE_INTEGER;
const SEGMENT_BYTES = 16 * 1024 * 1024;
const CHUNK_RANGE_MS = 2 * 3600 * 1000;
/** Blocks given back at once when there is no room for a new series. */
const RECLAIM_MAX = 8192;

/**
 * The newest samples of all series, as their one writer has them; readers in any thread see each `append` whole or not at
 * all (`HeadReader`). Nothing here lives on the JavaScript heap once a series or sample.
 */
export class Head {
  readonly arena: Arena;
  readonly index: SeriesIndex;
  /** Samples that do not come in order. */
  readonly outOfOrder: OutOfOrder;
  readonly #tombstones: Tombstones;
  readonly #records: SeriesRecords;
  readonly #segments: Segments;
  readonly #appender: Appender;
  readonly #encoder: SeriesEncoder;
  readonly #unlogged = new UnloggedSeries();
  readonly #rawLabels = new RawLabels();
  readonly #chunkRangeMs: number;
  #log: CommitLog | undefined;
  #replayed: RefTable | undefined;
  readonly #otherRefs: number[] = [];
  #nextRef = 1;
  #samplesAppended = 0;
  #duplicates = 0;
  #conflicts = 0;
  #outOfOrder = 0;
  #outOfBounds = 0;
  #tooOld = 0;
  #seriesCreated = 0;
  #seriesRemoved = 0;
  #chunksRemoved = 0;
  #seriesRefused = 0;
  #generation = 0;
  #truncation: Truncation | undefined;
  #commits = 0;

  private constructor(options: HeadOptions) {
    this.#chunkRangeMs = options.chunkRangeMs ?? CHUNK_RANGE_MS;
    this.arena = Arena.create({...options, bytes: options.arenaBytes});
    this.index = new SeriesIndex(this.arena);
    this.#records = new SeriesRecords(this.arena);
    this.#segments = new Segments(
      options.segmentBytes ?? SEGMENT_BYTES,
      this.#chunkRangeMs,
      options.announce ?? (() => {}),
    );
    this.#appender = new Appender(this.arena, this.#records, this.#segments, this.#chunkRangeMs);
    const {arena} = this;
    this.outOfOrder = new OutOfOrder({
      arena,
      records: this.#records,
      segments: this.#segments,
      appender: this.#appender,
    });
    this.#tombstones = new Tombstones({arena, records: this.#records, appender: this.#appender});
    this.outOfOrder.windowMs = options.outOfOrderWindowMs ?? 0;
    this.#encoder = new SeriesEncoder(this.arena, this.#records, this.index.labelSets);
    this.#setTime(HEAD_CHUNK_RANGE, this.#chunkRangeMs);
    this.#setTime(HEAD_MIN_TIME, Infinity);
    this.#setTime(HEAD_MAX_TIME, -Infinity);
    this.#setTime(HEAD_MIN_VALID_TIME, -Infinity);
  }

  /** An empty head. Throws ArenaFullError for an arena that is too small to begin, RangeError when the system refuses it. */
  static create(options: HeadOptions): Head {
    return new Head(options);
  }

  /** What a new reader's thread needs now. */
  get shared(): HeadShared {
    return {memory: this.arena.memory, segments: this.#segments.living()};
  }

  /** From now on commits go to `log` first, series that it doesn't know before all. */
  attachLog(log: CommitLog): void {
    this.#log = log;
  }

  /** The time range of a block, ms. */
  get chunkRangeMs(): number {
    return this.#chunkRangeMs;
  }

  get seriesCount(): number {
    return this.arena.u32[HEAD_SERIES >>> 2];
  }

  /**
   * Rises when series are about to be removed. Whoever keeps slots compares it before using them; when it has risen, `has` says
   * of each slot whether it is still that of the series with this reference, and what is not is to be got again.
   */
  get generation(): number {
    return this.#generation;
  }

  /** Whether `slot` is still that of the series with reference `ref`. */
  has(slot: SeriesSlot, ref: SeriesRef): boolean {
    return this.#records.ref(slot) === ref;
  }

  /** Chunks of all series, open and closed. */
  get chunkCount(): number {
    return this.arena.u32[HEAD_OPEN_CHUNKS >>> 2] + this.arena.u32[HEAD_CLOSED_CHUNKS >>> 2];
  }

  /** Time of the oldest sample, ms; +Infinity while there is none. */
  get minTime(): number {
    return this.#time(HEAD_MIN_TIME);
  }

  /** Time of the newest sample, ms; -Infinity while there is none. */
  get maxTime(): number {
    return this.#time(HEAD_MAX_TIME);
  }

  /** End of the last block: samples before it are out of bounds. */
  get minValidTime(): number {
    return this.#time(HEAD_MIN_VALID_TIME);
  }

  set minValidTime(timeMs: number) {
    this.#setTime(HEAD_MIN_VALID_TIME, timeMs);
  }

  /** The oldest time that is accepted now; -Infinity while the head knows no time. */
  get appendableFrom(): number {
    return this.#appendableAt(this.maxTime);
  }

  /** Bytes of closed chunks, outside the arena. */
  get segmentBytes(): number {
    return this.#segments.usedBytes;
  }

  get counters(): HeadCounters {
    return {
      samplesAppended: this.#samplesAppended + this.outOfOrder.samplesAppended,
      outOfOrderAppended: this.outOfOrder.samplesAppended,
      duplicates: this.#duplicates,
      conflicts: this.#conflicts,
      outOfOrder: this.#outOfOrder,
      outOfBounds: this.#outOfBounds,
      tooOld: this.#tooOld,
      seriesCreated: this.#seriesCreated,
      seriesRemoved: this.#seriesRemoved,
      chunksRemoved: this.#chunksRemoved,
      seriesRefused: this.#seriesRefused,
      chunksCreated: this.#appender.chunksCreated + this.outOfOrder.chunksClosed,
      commits: this.#commits,
    };
  }

  /** The slot of the series with `labels`. Throws ArenaFullError when it is new and there is no room for it. */
  getOrCreate(labels: Labels): SeriesSlot {
    this.#rawLabels.set(labels);
    return this.getOrCreateRaw(this.#rawLabels.bytes, this.#rawLabels.ranges, labels.length);
  }

  /**
   * As `getOrCreate`, for labels as bytes: `ranges` has name start, name end, value start, value end of each label, names
   * strictly rising in byte order; labels with an empty value count as absent.
   */
  getOrCreateRaw(bytes: Uint8Array, ranges: Uint32Array, labelCount: number): SeriesSlot {
    const found = this.index.find(bytes, ranges, labelCount);
    return found >= 0 ? (found as SeriesSlot) : this.#create(this.#nextRef as SeriesRef);
  }

  /** The reference of a series in the log. */
  ref(slot: SeriesSlot): SeriesRef {
    return this.#records.ref(slot);
  }

  /**
   * Store `batch` as one commit: decide about each sample in turn (statuses), write the accepted ones to the log, then store
   * them and let readers see them all at once. Some 100 µs for a thousand samples; split what takes longer than the thread may
   * be busy. Throws StorageError `wal_write` when the log could not be written, ArenaFullError when there is no room
   * for what the samples may need, MemoryLimitError when the batch's memory cannot hold the log's record: nothing was stored then. Only when it is the
   * log of out-of-order samples that could not be written, the others are stored; samples that come again are duplicates.
   */
  append(batch: SampleBatch): AppendOutcome {
    const {block} = this.#appender;
    this.#appender.stage(batch, this.#log !== undefined);
    const newest = this.#newestFor(batch);
    const accepted = this.#appender.validate(this.#appendableAt(newest), this.outOfOrder.acceptedFrom(newest));
    this.outOfOrder.stage(batch);
    this.#writeLog(batch.memory, accepted);
    const failure = this.#writeOutOfOrderLog(batch.memory);
    block.giveStatuses(batch);
    this.#apply(accepted);
    const outcome = this.#counted();
    if (failure !== undefined) throw failure;
    return outcome;
  }

  /**
   * Delete what series have in [minMs, maxMs] at this moment, as one commit that is logged first; gives how many had something there or about. Take a few hundred
   * series at a time. Blocks that have some of it keep it. `memory` gives scratch space. Throws as `append`; nothing was deleted then.
   */
  delete(slots: readonly SeriesSlot[], minMs: number, maxMs: number, memory: KernelMemory): number {
    return this.#tombstones.delete(slots, minMs, maxMs, memory, this.#log);
  }

  /**
   * Begin to take the past out: chunks that end before `timeMs`, segments of such chunks, series that have nothing left. No
   * sample before it is accepted any more. Blocks with that past must be visible before. Call `step` in between other
   * work until it returns true; one truncation at a time.
   */
  truncate(timeMs: number): Truncation {
    assert(this.#truncation === undefined, 'a truncation is under way');
    this.minValidTime = Math.max(this.minValidTime, timeMs);
    const {arena, index} = this;
    const head = {arena, index, records: this.#records, segments: this.#segments};
    this.#truncation = new Truncation(head, timeMs, {
      onRemove: (count) => {
        this.#generation++;
        this.#seriesRemoved += count;
        this.#unlogged.keepIf((slot) => this.#records.ref(slot) !== 0);
      },
      onDone: (chunks) => {
        this.#chunksRemoved += chunks;
        this.#truncation = undefined;
      },
    });
    return this.#truncation;
  }

  /**
   * A series from the log, before any `append`: labels as for `getOrCreateRaw`. Labels that are there already keep their
   * reference; samples of both references then belong to the one series.
   */
  replaySeries(ref: SeriesRef, bytes: Uint8Array, ranges: Uint32Array, labelCount: number): SeriesSlot {
    this.#replayed ??= new RefTable();
    const found = this.index.find(bytes, ranges, labelCount);
    const slot = found >= 0 ? (found as SeriesSlot) : this.#create(ref);
    this.#replayed.set(ref, slot);
    if (this.#records.ref(slot) !== ref) this.#otherRefs.push(ref);
    this.#nextRef = Math.max(this.#nextRef, ref + 1);
    return slot;
  }

  /**
   * Samples from the log. Those before the end of the last block, or not newer than what their series has, are left out as
   * they were then. Returns how many belong to series that `replaySeries` was not told of. Takes scratch space from the
   * batch's memory.
   */
  replaySamples(batch: ReplayBatch): number {
    return eachKnownRun(batch, (ref) => this.#slotOf(ref), this.#replayRun);
  }

  /** References that the log has for series which go by another one: it must keep them as long as it has their samples. */
  get otherRefs(): readonly number[] {
    return this.#otherRefs;
  }

  /** Deletions from the log, each after the samples that it deletes; returns how many are of no known series. */
  replayTombstones(tombstones: readonly ReplayTombstone[]): number {
    let unknown = 0;
    for (const {ref, minTimeMs, maxTimeMs} of tombstones) {
      this.#nextRef = Math.max(this.#nextRef, ref + 1);
      if (maxTimeMs < this.minValidTime) continue;
      const slot = this.#slotOf(ref);
      if (slot < 0) unknown++;
      // Upstream says so of a series that was taken out as a whole; it may have come back behind.
      else if (minTimeMs <= TIME_FIRST && maxTimeMs >= TIME_LAST) this.#tombstones.replayAll(slot as SeriesSlot);
      else this.#tombstones.replay(slot as SeriesSlot, minTimeMs, maxTimeMs);
    }
    return unknown;
  }

  /**
   * What the log of out-of-order samples is to be replayed into, before `endReplay`. `newestChunk`: file * 2^32 + offset of the last chunk that was found
   * on disk, in order or not; -1 without any.
   */
  outOfOrderReplay(memory: KernelMemory, newestChunk: number): OutOfOrderReplay {
    return new OutOfOrderReplay(this.outOfOrder, {memory, newestChunk, slotOf: (ref) => this.#slotOf(ref)});
  }

  /** A chunk of out-of-order samples that was found on disk, before `endReplay`; false when its series is not known. */
  replayOutOfOrderChunk(ref: SeriesRef, chunk: StagedChunk, bytes: Uint8Array, memory: KernelMemory): boolean {
    const slot = this.#slotOf(ref);
    if (slot >= 0) this.outOfOrder.replayChunk(memory, slot as SeriesSlot, chunk, bytes);
    return slot >= 0;
  }

  #slotOf(ref: number): number {
    return this.#replayed?.get(ref) ?? -1;
  }

  /** The log was read: forget what only `replaySamples` needed. Series that were replayed are in the log already. */
  endReplay(): void {
    this.#replayed = undefined;
    this.#unlogged.clear();
  }

  readonly #replayRun = (run: SampleBatch): void => {
    this.#appender.stage(run, false);
    this.#apply(this.#appender.validate(this.minValidTime, Infinity));
  };

  #create(ref: SeriesRef): SeriesSlot {
    const slot = this.#createOrReclaim(ref);
    this.#seriesCreated++;
    if (ref < this.#nextRef || slot < this.#records.count - 1) this.arena.u32[HEAD_UNSORTED >>> 2] = 1;
    this.#nextRef = Math.max(this.#nextRef, ref + 1);
    this.#unlogged.add(slot);
    this.arena.u32[HEAD_SERIES >>> 2]++;
    return slot;
  }

  #createOrReclaim(ref: SeriesRef): SeriesSlot {
    for (;;) {
      try {
        return this.#records.create(ref, this.#introduce);
      } catch (error) {
        if (error instanceof ArenaFullError && this.arena.epochs.reclaim(RECLAIM_MAX) > 0) continue;
        if (error instanceof ArenaFullError) this.#seriesRefused++;
        throw error;
      }
    }
  }

  readonly #introduce = (slot: SeriesSlot): void => this.index.add(slot);

  /** The first sample decides what time it is in a head that knows none, as upstream. */
  #newestFor(batch: SampleBatch): number {
    return this.maxTime !== -Infinity || batch.count === 0 ? this.maxTime : batch.memory.f64[batch.times / 8];
  }

  #appendableAt(newestMs: number): number {
    return Math.max(newestMs - this.#chunkRangeMs / 2, this.minValidTime);
  }

  #apply(accepted: number): void {
    const {block} = this.#appender;
    if (accepted === 0 && !this.outOfOrder.isStaged) return;
    this.#appender.apply(this.outOfOrder.apply);
    this.#commits++;
    this.#samplesAppended += accepted;
    this.#setTime(HEAD_MIN_TIME, Math.min(this.minTime, block.minTime));
    this.#setTime(HEAD_MAX_TIME, Math.max(this.maxTime, block.maxTime));
  }

  #writeLog(memory: KernelMemory, accepted: number): void {
    if (this.#log === undefined || (accepted === 0 && this.#unlogged.count === 0)) return;
    const mark = memory.mark();
    try {
      const series = this.#encoder.encode(this.#unlogged, memory);
      const sampleRefs = this.#copyForLog(memory, BATCH_LOG_REFS, accepted);
      const sampleTimes = this.#copyForLog(memory, BATCH_LOG_TIMES, accepted);
      const sampleValues = this.#copyForLog(memory, BATCH_LOG_VALUES, accepted);
      this.#log.log({...series, memory, sampleCount: accepted, sampleRefs, sampleTimes, sampleValues});
      this.#unlogged.clear();
    } catch (error) {
      this.outOfOrder.discard();
      throw error;
    } finally {
      memory.release(mark);
    }
  }

  /** By now the other samples are in their log, so they are stored whatever happens: else they came back after a restart. */
  #writeOutOfOrderLog(memory: KernelMemory): unknown {
    try {
      this.outOfOrder.log(memory);
      return undefined;
    } catch (error) {
      return error;
    }
  }

  #copyForLog(memory: KernelMemory, field: number, count: number): number {
    const from = this.#appender.block.word(field);
    const to = memory.alloc(count * 8);
    memory.u8.set(this.arena.u8.subarray(from, from + count * 8), to);
    return to;
  }

  #counted(): AppendOutcome {
    const {block} = this.#appender;
    const outcome = {
      stored: block.tally(STATUS_STORED) + block.tally(STATUS_STORED_OUT_OF_ORDER),
      storedOutOfOrder: block.tally(STATUS_STORED_OUT_OF_ORDER),
      duplicates: block.tally(STATUS_DUPLICATE),
      conflicts: block.tally(STATUS_CONFLICT),
      outOfOrder: block.tally(STATUS_OUT_OF_ORDER),
      outOfBounds: block.tally(STATUS_OUT_OF_BOUNDS),
      tooOld: block.tally(STATUS_TOO_OLD),
      removed: block.tally(STATUS_REMOVED),
    };
    this.#duplicates += outcome.duplicates;
    this.#conflicts += outcome.conflicts;
    this.#outOfOrder += outcome.outOfOrder;
    this.#outOfBounds += outcome.outOfBounds;
    this.#tooOld += outcome.tooOld;
    return outcome;
  }

  #time(address: number): number {
    return this.arena.f64[address >>> 3];
  }

  #setTime(address: number, timeMs: number): void {
    this.arena.f64[address >>> 3] = timeMs;
  }
}
