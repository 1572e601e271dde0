import type {KernelMemory} from '@narthex/kernels/kernel-memory.ts';
import {STATUS_OUT_OF_ORDER, STATUS_STORED_OUT_OF_ORDER} from '@narthex/kernels/layout/head-batch.ts';
import {BANK_OUT_OF_ORDER} from '@narthex/kernels/layout/series.ts';
import type {Arena} from '../arena/arena.ts';
import {assert} from '../arena/errors.ts';
import type {Appender} from './appender.ts';
import type {ChunkKeeper} from './chunk-keeper.ts';
import type {OutOfOrderLog} from './commit-log.ts';
import {HEAD_OUT_OF_ORDER_MAX_TIME, HEAD_OUT_OF_ORDER_MIN_TIME} from './layout.ts';
import {OutOfOrderBlocks} from './out-of-order-block.ts';
import type {StagedChunk} from './out-of-order-chunks.ts';
import {OutOfOrderStage} from './out-of-order-stage.ts';
import {OutOfOrderClosing, OutOfOrderTruncation} from './out-of-order-truncation.ts';
import type {Segments} from './segments.ts';
import {type SeriesRecords, newestBank} from './series.ts';
import type {SampleBatch, SeriesSlot} from './types.ts';

/** What out-of-order samples of a head share with the others. */
export interface OutOfOrderParts {
  readonly arena: Arena;
  readonly records: SeriesRecords;
  readonly segments: Segments;
  readonly appender: Appender;
}

/**
 * The part of a head for samples that do not come in order: older than the newest of their series, or than what chunks in order take, yet
 * within a window before the newest sample of all. They lie beside the others, and readers merge them.
 */
export class OutOfOrder {
  readonly #parts: OutOfOrderParts;
  readonly #stage: OutOfOrderStage;
  readonly #blocks: OutOfOrderBlocks;
  #log: OutOfOrderLog | undefined;
  #windowMs = 0;
  #isStaged = false;
  /** Least time of samples appended since a truncation began. */
  #minSince = Infinity;
  #truncation: OutOfOrderTruncation | undefined;
  #appended = 0;

  constructor(parts: OutOfOrderParts) {
    this.#parts = parts;
    this.#stage = new OutOfOrderStage(parts.arena, parts.records, parts.segments);
    this.#blocks = new OutOfOrderBlocks(parts.arena);
    this.#setTimes(Infinity, -Infinity);
  }

  /** How old such a sample may be, in ms before the newest of all; 0: none is accepted. May change at any time between appends. */
  get windowMs(): number {
    return this.#windowMs;
  }

  set windowMs(windowMs: number) {
    this.#windowMs = Math.max(0, windowMs);
  }

  /** From now on accepted samples go to `log` before they are stored. */
  attachLog(log: OutOfOrderLog | undefined): void {
    this.#log = log;
  }

  /** From now on closed chunks go to `keeper` too. */
  keepChunks(keeper: ChunkKeeper): void {
    this.#stage.keepChunks(keeper);
  }

  /** Time of the oldest sample out of order, ms; +Infinity while there is none. */
  get minTime(): number {
    return this.#parts.arena.f64[HEAD_OUT_OF_ORDER_MIN_TIME >>> 3];
  }

  /** Time of the newest sample out of order, ms; -Infinity while there is none. */
  get maxTime(): number {
    return this.#parts.arena.f64[HEAD_OUT_OF_ORDER_MAX_TIME >>> 3];
  }

  /** Samples ever stored. */
  get samplesAppended(): number {
    return this.#appended;
  }

  /** Chunks ever closed. */
  get chunksClosed(): number {
    return this.#stage.chunksClosed;
  }

  /** The oldest time that is accepted out of order while the newest sample of the head is at `newestMs`; +Infinity when none is. */
  acceptedFrom(newestMs: number): number {
    return this.#windowMs > 0 ? newestMs - this.#windowMs : Infinity;
  }

  /**
   * Take the samples of a validated batch that are out of order; gives whether there is something to store. Throws ArenaFullError,
   * nothing changed. Then either `apply` or `discard`.
   */
  stage(batch: SampleBatch): boolean {
    const {block} = this.#parts.appender;
    this.#isStaged = false;
    if (block.tally(STATUS_STORED_OUT_OF_ORDER) === 0) return false;
    if (batch.discardOutOfOrder === true) return this.#refuse(batch.count);
    this.#staged(batch.memory, () => this.#stage.addBatch(batch, block));
    return this.#isStaged;
  }

  /** Write what is staged to the log; throws StorageError, and what is staged is discarded then. */
  log(memory: KernelMemory): void {
    if (!this.#isStaged || this.#log === undefined || this.#stage.accepted === 0) return;
    const mark = memory.mark();
    try {
      this.#log.log(this.#stage.pieces());
    } catch (error) {
      this.discard();
      throw error;
    } finally {
      memory.release(mark);
    }
  }

  /** Store what is staged in the commit of this number. */
  readonly apply = (commit: number): void => {
    if (!this.#isStaged) return;
    this.#isStaged = false;
    const {minTime, maxTime, accepted} = this.#stage;
    this.#stage.apply(commit);
    this.#appended += accepted;
    this.#cover(minTime, maxTime);
  };

  get isStaged(): boolean {
    return this.#isStaged;
  }

  /** Forget what is staged. */
  discard(): void {
    if (this.#isStaged) this.#stage.discard();
    this.#isStaged = false;
  }

  /**
   * Begin to make chunks of all samples that are out of order, so that a block can be made of them (upstream: NewOOOCompactionHead). The log is to
   * begin a new segment before: what older ones have is in chunks when `step` has given true, and may go once the block is there. `memory` gives scratch space.
   */
  close(memory: KernelMemory): OutOfOrderClosing {
    return new OutOfOrderClosing(this.#parts, (records) => this.#closeAll(memory, records));
  }

  /**
   * Begin to take out the chunks that were there when a closing ended (its `boundary`), now that a block has their samples and readers know it.
   * Call `step` in between other work until it returns true; one truncation at a time.
   */
  truncate(boundary: number): OutOfOrderTruncation {
    assert(this.#truncation === undefined, 'a truncation of out-of-order chunks is under way');
    this.#minSince = Infinity;
    this.#truncation = new OutOfOrderTruncation(this.#parts, boundary, (minTime, maxTime) => {
      const oldest = Math.min(minTime, this.#minSince);
      this.#setTimes(oldest, oldest === Infinity ? -Infinity : Math.max(maxTime, this.maxTime));
      this.#truncation = undefined;
    });
    return this.#truncation;
  }

  /**
   * Samples from the log, of known series, whatever their times. Those at the time of an open sample of their series are left out. Slots are
   * in `batch`; its statuses are not touched.
   */
  replay(batch: SampleBatch): void {
    const {appender, records} = this.#parts;
    appender.stage(batch, false);
    appender.block.accept(STATUS_STORED_OUT_OF_ORDER, (slot) => records.address(slot));
    this.#staged(batch.memory, () => this.#stage.addBatch(batch, appender.block));
    const {accepted} = this.#stage;
    if (this.#isStaged) appender.commit(this.apply);
    this.#appended -= accepted;
  }

  /** A chunk that was found on disk; chunks of a series in the order they were written. */
  replayChunk(memory: KernelMemory, slot: SeriesSlot, chunk: StagedChunk, bytes: Uint8Array): void {
    const record = this.#parts.records.address(slot);
    this.#staged(memory, () => this.#stage.addChunk(record, chunk, bytes));
    this.#parts.appender.commit(this.apply);
    this.#cover(chunk.minTime, chunk.maxTime);
  }

  /** A marker from the log whose chunk is on disk, or was: the open samples of the series, which the log gave before it, are in chunks. */
  replayMarker(memory: KernelMemory, slot: SeriesSlot): void {
    const record = this.#parts.records.address(slot);
    if (this.#blocks.openCount(this.#blockOf(record)) === 0) return;
    this.#staged(memory, () => this.#stage.dropOpen(record));
    this.#parts.appender.commit(this.apply);
  }

  #blockOf(record: number): number {
    const {i32, u32} = this.#parts.arena;
    return u32[(newestBank(i32, record) + BANK_OUT_OF_ORDER) >>> 2];
  }

  #closeAll(memory: KernelMemory, records: Uint32Array): void {
    this.#staged(memory, () => {
      for (const record of records) this.#stage.close(record);
    });
    if (this.#isStaged) this.#parts.appender.commit(this.apply);
  }

  #staged(memory: KernelMemory, work: () => void): void {
    this.#stage.begin(memory);
    try {
      work();
    } catch (error) {
      this.#stage.discard();
      throw error;
    }
    this.#isStaged = this.#stage.changed > 0;
  }

  #refuse(count: number): false {
    const {block} = this.#parts.appender;
    for (let i = 0; i < count; i++) {
      if (block.status(i) === STATUS_STORED_OUT_OF_ORDER) block.reclassify(i, STATUS_OUT_OF_ORDER);
    }
    return false;
  }

  #cover(minTime: number, maxTime: number): void {
    this.#minSince = Math.min(this.#minSince, minTime);
    this.#setTimes(Math.min(this.minTime, minTime), Math.max(this.maxTime, maxTime));
  }

  #setTimes(minTime: number, maxTime: number): void {
    const {f64} = this.#parts.arena;
    f64[HEAD_OUT_OF_ORDER_MIN_TIME >>> 3] = minTime;
    f64[HEAD_OUT_OF_ORDER_MAX_TIME >>> 3] = maxTime;
  }
}
