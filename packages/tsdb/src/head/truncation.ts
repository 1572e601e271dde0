import {
  BANK_CLOSED,
  BANK_CLOSED_COUNT,
  BANK_NEWEST_TIME,
  BANK_OPEN,
  BANK_OPEN_BYTES,
  BANK_OPEN_COUNT,
  BANK_OUT_OF_ORDER,
  BANK_TOMBSTONES,
  CLOSED_BYTES,
  CLOSED_LIST_HEADER,
  CLOSED_MIN_TIME,
  CLOSED_SPAN,
  SERIES_NEXT_CUT,
  SERIES_REF,
} from '@narthex/kernels/layout/series.ts';
import type {Arena} from '../arena/arena.ts';
import {WORD_COMMIT} from '../arena/layout.ts';
import type {Collection} from '../index/collection.ts';
import type {SeriesIndex} from '../index/series-index.ts';
import {HEAD_CLOSED_CHUNKS, HEAD_MIN_TIME, HEAD_OPEN_CHUNKS, HEAD_SERIES} from './layout.ts';
import {carryOver, claimBank, fenceClaims, firstTimeOf} from './banks.ts';
import {openChunkBytes} from './open-chunk.ts';
import {OutOfOrderBlocks} from './out-of-order-block.ts';
import type {Segments} from './segments.ts';
import {type SeriesRecords, closedListBytes, newestBank, otherBank} from './series.ts';
import {readTombstones, tombstoneBytes, tombstoneCount, writeTombstones} from './tombstone-block.ts';

// Takes chunks that end before a time out of the head, a slice at a time, while others append and read:
//
//   1  the chunks of some hundred series go with one commit, as samples come: a new bank without them, then its publication
//   2  series that have nothing left are taken out of the index, in its slices
//   3  when no reader is left that began before, their slots and the segments of the old chunks are free

/** Series that one commit takes chunks from. */
const SERIES_PER_COMMIT = 256;
/** Room that the new lists of one commit take at most, but for series of a thousand chunks. */
const COPY_BYTES = SERIES_PER_COMMIT * 4096;
/** Marks a series (in SERIES_NEXT_CUT, which means nothing without an open chunk) that had no samples at the last truncation. */
const WAS_EMPTY = 1;

/** What a truncation works on. */
export interface TruncatedHead {
  readonly arena: Arena;
  readonly records: SeriesRecords;
  readonly segments: Segments;
  readonly index: SeriesIndex;
}

/** What the head wants to know of a truncation. */
export interface TruncationEvents {
  /** So many series are about to be removed: they take no samples any more. */
  onRemove(series: number): void;
  /** All is done, so many chunks are gone. */
  onDone(chunks: number): void;
}

/** Takes the past out of a head; see `Head.truncate`. */
export class Truncation {
  /** No sample before it is kept, unless it shares its chunk with a later one. */
  readonly timeMs: number;
  readonly #head: TruncatedHead;
  readonly #events: TruncationEvents;
  readonly #outOfOrder: OutOfOrderBlocks;
  readonly #work: Generator<undefined, undefined>;
  /** Records of the slice that lose chunks. */
  readonly #changed = new Uint32Array(SERIES_PER_COMMIT);
  #removed = new Uint32Array(1024);
  #removedCount = 0;
  #refs = new Float64Array(0);
  /** Whether there is room for shorter lists; else only series that lose all closed chunks are cut. */
  #canCopy = true;
  #oldest = Infinity;
  #limit = 0;
  #chunksRemoved = 0;

  constructor(head: TruncatedHead, timeMs: number, events: TruncationEvents) {
    this.#head = head;
    this.timeMs = timeMs;
    this.#events = events;
    this.#outOfOrder = new OutOfOrderBlocks(head.arena);
    this.#work = this.#run();
  }

  /** Do some more, about `limit` times 100 ns of it; true when all is done. */
  step(limit: number): boolean {
    this.#limit = limit;
    return this.#work.next().done === true;
  }

  /** References of the series that were removed, complete when all is done: the log must keep them while it has their samples. */
  get removedRefs(): Float64Array {
    return this.#refs;
  }

  get chunksRemoved(): number {
    return this.#chunksRemoved;
  }

  *#run(): Generator<undefined, undefined> {
    const {arena, records, segments} = this.#head;
    const count = records.count;
    for (let slot = 0; slot < count; slot += SERIES_PER_COMMIT) {
      this.#dropChunks(slot, Math.min(slot + SERIES_PER_COMMIT, count));
      // What has to be rewritten takes some 500 ns a series.
      this.#limit -= SERIES_PER_COMMIT * 5;
      if (this.#limit <= 0) yield;
    }
    arena.f64[HEAD_MIN_TIME >>> 3] = this.#oldest === Infinity ? this.timeMs : Math.max(this.timeMs, this.#oldest);
    yield* this.#removeSeries();
    const epoch = arena.epochs.advance();
    while (!arena.epochs.hasPassed(epoch)) yield;
    segments.dropBefore(this.timeMs);
    this.#events.onDone(this.#chunksRemoved);
  }

  /** One commit for the series at slots [from, to). */
  #dropChunks(from: number, to: number): void {
    const {arena, records} = this.#head;
    const {slabs, epochs} = arena;
    const commit = (Atomics.load(arena.i32, WORD_COMMIT) + 1) | 0;
    let changed = 0;
    for (let slot = from; slot < to; slot++) {
      const record = records.address(slot);
      if (arena.f64[(record + SERIES_REF) >>> 3] === 0) continue;
      const bank = newestBank(arena.i32, record);
      if (this.#isGone(bank)) this.#noteEmpty(slot, record);
      else if (this.#isOld(bank) || this.#oldTombstones(bank) > 0) this.#changed[changed++] = record;
      else if (!this.#isEmpty(bank)) this.#noteOldest(firstTimeOf(this.#head.arena, bank));
    }
    if (changed === 0) return;
    if (slabs.freeBytes < COPY_BYTES) epochs.reclaim(Infinity);
    this.#canCopy = slabs.freeBytes >= COPY_BYTES;
    for (let i = 0; i < changed; i++) claimBank(arena, this.#changed[i]!, commit);
    fenceClaims(arena);
    for (let i = 0; i < changed; i++) this.#rewrite(this.#changed[i]!);
    Atomics.store(arena.i32, WORD_COMMIT, commit);
    for (let slot = from; slot < to; slot++) this.#removeIfEmptied(slot);
    epochs.reclaim(SERIES_PER_COMMIT * 4);
  }

  /** Fill the claimed bank of `record` with what is kept of the other. */
  #rewrite(record: number): void {
    const {u8, f64, u32, slabs, epochs} = this.#head.arena;
    const target = carryOver(this.#head.arena, record);
    const bank = otherBank(record, target);
    const count = u32[(bank + BANK_CLOSED_COUNT) >>> 2];
    const old = this.#firstKept(bank);
    const dropped = old < count && !this.#canCopy ? 0 : old;
    const list = u32[(bank + BANK_CLOSED) >>> 2];
    if (dropped > 0 && list !== 0) {
      const kept = Math.max(0, count - dropped);
      const copy = kept === 0 ? 0 : slabs.alloc(closedListBytes(kept));
      if (kept > 0) {
        const start = list + CLOSED_LIST_HEADER + dropped * CLOSED_BYTES;
        u8.copyWithin(copy + CLOSED_LIST_HEADER, start, start + kept * CLOSED_BYTES);
        u32[copy >>> 2] = kept;
      }
      u32[(target + BANK_CLOSED) >>> 2] = copy;
      u32[(target + BANK_CLOSED_COUNT) >>> 2] = kept;
      epochs.retire(list, closedListBytes(u32[list >>> 2]));
    }
    u32[(target + BANK_TOMBSTONES) >>> 2] = this.#keptTombstones(bank);
    this.#countRemoved(HEAD_CLOSED_CHUNKS, Math.min(dropped, count));
    if (dropped > count) this.#dropOpen(target, u32[(bank + BANK_OPEN) >>> 2]);
    f64[(target + BANK_NEWEST_TIME) >>> 3] = this.#isEmpty(target) ? -Infinity : f64[(bank + BANK_NEWEST_TIME) >>> 3];
    if (!this.#isEmpty(target)) this.#noteOldest(firstTimeOf(this.#head.arena, target));
  }

  #dropOpen(bank: number, chunk: number): void {
    const {u32, epochs} = this.#head.arena;
    u32[(bank + BANK_OPEN) >>> 2] = 0;
    u32[(bank + BANK_OPEN_COUNT) >>> 2] = 0;
    u32[(bank + BANK_OPEN_BYTES) >>> 2] = 0;
    epochs.retire(chunk, openChunkBytes(this.#head.arena, chunk));
    this.#countRemoved(HEAD_OPEN_CHUNKS, 1);
  }

  #countRemoved(counter: number, chunks: number): void {
    this.#head.arena.u32[counter >>> 2] -= chunks;
    this.#chunksRemoved += chunks;
  }

  /** The address of the intervals of `bank` that are not old. */
  #keptTombstones(bank: number): number {
    const {arena} = this.#head;
    const block = arena.u32[(bank + BANK_TOMBSTONES) >>> 2];
    const old = this.#oldTombstones(bank);
    const count = tombstoneCount(arena, block);
    if (old === 0 || (old < count && !this.#canCopy)) return block;
    arena.epochs.retire(block, tombstoneBytes(count));
    if (old === count) return 0;
    const kept = arena.slabs.alloc(tombstoneBytes(count - old));
    writeTombstones(arena, kept, readTombstones(arena, block).slice(2 * old));
    return kept;
  }

  /** Intervals of `bank` that end before all that it may keep: samples out of order stay until they are in blocks of their own. */
  #oldTombstones(bank: number): number {
    const {arena} = this.#head;
    const block = arena.u32[(bank + BANK_TOMBSTONES) >>> 2];
    if (block === 0) return 0;
    const oldest = Math.min(this.timeMs, this.#outOfOrder.minTime(arena.u32[(bank + BANK_OUT_OF_ORDER) >>> 2]));
    const intervals = readTombstones(arena, block);
    let old = 0;
    while (2 * old < intervals.length && intervals[2 * old + 1] < oldest) old++;
    return old;
  }

  /** Whether `bank` has chunks in order that go. */
  #isOld(bank: number): boolean {
    return !this.#isEmpty(bank) && firstTimeOf(this.#head.arena, bank) < this.timeMs && this.#firstKept(bank) > 0;
  }

  /** Whether there are no samples at all. */
  #isGone(bank: number): boolean {
    return this.#isEmpty(bank) && this.#head.arena.u32[(bank + BANK_OUT_OF_ORDER) >>> 2] === 0;
  }

  /** Whether there are no samples in order. */
  #isEmpty(bank: number): boolean {
    const {u32} = this.#head.arena;
    return u32[(bank + BANK_CLOSED_COUNT) >>> 2] === 0 && u32[(bank + BANK_OPEN_COUNT) >>> 2] === 0;
  }

  /** Chunks of `bank` that end before the time; one more than the closed ones when the open one does. */
  #firstKept(bank: number): number {
    const {u32, f64} = this.#head.arena;
    const count = u32[(bank + BANK_CLOSED_COUNT) >>> 2];
    let entry = u32[(bank + BANK_CLOSED) >>> 2] + CLOSED_LIST_HEADER;
    for (let i = 0; i < count; i++, entry += CLOSED_BYTES) {
      if (f64[(entry + CLOSED_MIN_TIME) >>> 3] + u32[(entry + CLOSED_SPAN) >>> 2] >= this.timeMs) return i;
    }
    const isOpenOld = f64[(bank + BANK_NEWEST_TIME) >>> 3] < this.timeMs;
    return u32[(bank + BANK_OPEN_COUNT) >>> 2] > 0 && isOpenOld ? count + 1 : count;
  }

  #noteOldest(timeMs: number): void {
    if (timeMs < this.#oldest) this.#oldest = timeMs;
  }

  /** A series that was just made may wait for its first commit: it goes when it is still without samples the next time. */
  #noteEmpty(slot: number, record: number): void {
    const word = (record + SERIES_NEXT_CUT) >>> 2;
    if (this.#head.arena.u32[word] === WAS_EMPTY) this.#remove(slot);
    else this.#head.arena.u32[word] = WAS_EMPTY;
  }

  #removeIfEmptied(slot: number): void {
    const {arena, records} = this.#head;
    const record = records.address(slot);
    if (arena.f64[(record + SERIES_REF) >>> 3] === 0) return;
    if (!this.#isGone(newestBank(arena.i32, record))) return;
    if (arena.u32[(record + SERIES_NEXT_CUT) >>> 2] !== WAS_EMPTY) this.#remove(slot);
  }

  #remove(slot: number): void {
    if (this.#removedCount === this.#removed.length) {
      const larger = new Uint32Array(this.#removedCount * 2);
      larger.set(this.#removed);
      this.#removed = larger;
    }
    this.#removed[this.#removedCount++] = slot;
  }

  /** Take the series out that are still without samples. */
  *#removeSeries(): Generator<undefined, undefined> {
    const slots = this.#claimRemoved();
    if (slots.length === 0) return;
    const collection: Collection = this.#head.index.collect(slots);
    while (!collection.step(this.#limit)) yield;
    this.#head.records.release(slots);
  }

  /** Of a series without samples, so that nobody looks at them any more. */
  #retireTombstones(bank: number): void {
    const {arena} = this.#head;
    const block = arena.u32[(bank + BANK_TOMBSTONES) >>> 2];
    if (block !== 0) arena.epochs.retire(block, tombstoneBytes(tombstoneCount(arena, block)));
  }

  /** The series that are still without samples; from now on they take none. */
  #claimRemoved(): Uint32Array {
    const {arena, records} = this.#head;
    const {f64} = arena;
    const slots = this.#removed.subarray(0, this.#removedCount).filter((slot) => {
      return this.#isGone(newestBank(arena.i32, records.address(slot)));
    });
    this.#refs = Float64Array.from(slots, (slot) => records.ref(slot));
    for (const slot of slots) {
      f64[(records.address(slot) + SERIES_REF) >>> 3] = 0;
      this.#retireTombstones(newestBank(arena.i32, records.address(slot)));
    }
    arena.u32[HEAD_SERIES >>> 2] -= slots.length;
    if (slots.length > 0) this.#events.onRemove(slots.length);
    return slots;
  }
}
