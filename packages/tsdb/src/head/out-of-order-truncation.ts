import {BANK_OUT_OF_ORDER, CLOSED_BYTES, CLOSED_LIST_HEADER, SERIES_REF} from '@narthex/kernels/layout/series.ts';
import {ArenaFullError} from '../arena/errors.ts';
import {PAGE_BYTES} from '../arena/layout.ts';
import {carryOver, claimBank, fenceClaims} from './banks.ts';
import {ClosedChunks} from './closed-chunks.ts';
import {HEAD_CLOSED_CHUNKS} from './layout.ts';
import {OutOfOrderBlocks, outOfOrderBytes} from './out-of-order-block.ts';
import type {OutOfOrderParts} from './out-of-order.ts';
import {closedListBytes, newestBank} from './series.ts';

/** Series that one commit changes. */
const SERIES_PER_COMMIT = 256;
/** What a slice of so many series costs, in the units of `step`: some 100 ns. */
const LOOK_COST = SERIES_PER_COMMIT / 4;
const CHANGE_COST = 10;
const CLOSE_COST = 50;
/** Pages that sizes of blocks may open at the same time. */
const SLACK_BYTES = 12 * PAGE_BYTES;

/** Goes over all series, a slice at a time, and tells `visit` of those that have something out of order. */
class Sweep {
  readonly #parts: OutOfOrderParts;
  readonly #wanted: (block: number) => boolean;
  readonly #found = new Uint32Array(SERIES_PER_COMMIT);
  #slot = 0;

  /** `wanted` looks at a series' block of out-of-order samples. */
  constructor(parts: OutOfOrderParts, wanted: (block: number) => boolean) {
    this.#parts = parts;
    this.#wanted = wanted;
  }

  get isDone(): boolean {
    return this.#slot >= this.#parts.records.count;
  }

  /** Records of the next slice that are wanted; good until the next call. */
  next(): Uint32Array {
    const {arena, records} = this.#parts;
    const end = Math.min(this.#slot + SERIES_PER_COMMIT, records.count);
    let found = 0;
    for (; this.#slot < end; this.#slot++) {
      const record = records.address(this.#slot);
      if (arena.f64[(record + SERIES_REF) >>> 3] === 0) continue;
      const block = arena.u32[(newestBank(arena.i32, record) + BANK_OUT_OF_ORDER) >>> 2];
      if (block !== 0 && this.#wanted(block)) this.#found[found++] = record;
    }
    return this.#found.subarray(0, found);
  }
}

/** Makes chunks of all samples that are out of order; see `OutOfOrder.close`. */
export class OutOfOrderClosing {
  readonly #parts: OutOfOrderParts;
  readonly #close: (records: Uint32Array) => void;
  readonly #sweep: Sweep;
  #boundary = 0;

  constructor(parts: OutOfOrderParts, close: (records: Uint32Array) => void) {
    this.#parts = parts;
    this.#close = close;
    const blocks = new OutOfOrderBlocks(parts.arena);
    this.#sweep = new Sweep(parts, (block) => blocks.openCount(block) > 0);
  }

  /**
   * Do some more, about `limit` times 100 ns of it; true when all is done. Throws ArenaFullError when there is no room; what was closed stays closed, and
   * a new closing may succeed.
   */
  step(limit: number): boolean {
    for (let left = limit; left > 0 && !this.#sweep.isDone; left -= LOOK_COST) {
      const records = this.#sweep.next();
      if (records.length > 0) this.#close(records);
      left -= records.length * CLOSE_COST;
    }
    if (!this.#sweep.isDone) return false;
    if (this.#boundary === 0) this.#boundary = this.#parts.segments.sealOutOfOrder();
    return true;
  }

  /** What `OutOfOrder.truncate` takes, once all is done: closed chunks in segments below it are those that the block is made of. */
  get boundary(): number {
    return this.#boundary;
  }
}

/** Takes out-of-order chunks out of a head; see `OutOfOrder.truncate`. */
export class OutOfOrderTruncation {
  readonly #parts: OutOfOrderParts;
  readonly #boundary: number;
  readonly #blocks: OutOfOrderBlocks;
  readonly #closed: ClosedChunks;
  readonly #sweep: Sweep;
  readonly #done: (minTime: number, maxTime: number) => void;
  #minTime = Infinity;
  #maxTime = -Infinity;
  #chunksRemoved = 0;
  /** Records of the slice that is not done yet. */
  #pending: Uint32Array = new Uint32Array(0);
  /** The epoch that has to pass before segments go. */
  #epoch: number | undefined;
  #isDone = false;

  /** `done` gets the least and greatest time of what is left. */
  constructor(parts: OutOfOrderParts, boundary: number, done: (minTime: number, maxTime: number) => void) {
    this.#parts = parts;
    this.#boundary = boundary;
    this.#blocks = new OutOfOrderBlocks(parts.arena);
    this.#closed = new ClosedChunks(parts.arena);
    this.#done = done;
    this.#sweep = new Sweep(parts, (block) => this.#isConcerned(block));
  }

  get chunksRemoved(): number {
    return this.#chunksRemoved;
  }

  /** Do some more, about `limit` times 100 ns of it; true when all is done. Throws ArenaFullError; try again later. */
  step(limit: number): boolean {
    const {epochs} = this.#parts.arena;
    for (let left = limit; left > 0 && !(this.#sweep.isDone && this.#pending.length === 0); left -= LOOK_COST) {
      if (this.#pending.length === 0) this.#pending = this.#sweep.next();
      left -= this.#pending.length * CHANGE_COST;
      this.#rewritePending();
    }
    if (!this.#sweep.isDone || this.#pending.length > 0) return false;
    this.#epoch ??= epochs.advance();
    if (!epochs.hasPassed(this.#epoch)) return false;
    if (!this.#isDone) {
      this.#parts.segments.dropOutOfOrderBefore(this.#boundary);
      this.#done(this.#minTime, this.#maxTime);
    }
    this.#isDone = true;
    return true;
  }

  /** Whether the block has chunks that go; if not, what it has is noted. */
  #isConcerned(block: number): boolean {
    if (this.#oldChunks(block) > 0) return true;
    this.#note(this.#blocks.minTime(block), this.#blocks.maxTime(block));
    return false;
  }

  /** Chunks are in the order they were stored, so those in question come first. */
  #oldChunks(block: number): number {
    const count = this.#blocks.closedCount(block);
    let old = 0;
    while (old < count && this.#closed.segment(this.#entry(block, old)) < this.#boundary) old++;
    return old;
  }

  #entry(block: number, k: number): number {
    return this.#blocks.closedList(block) + CLOSED_LIST_HEADER + k * CLOSED_BYTES;
  }

  #rewritePending(): void {
    const records = this.#pending;
    if (records.length > 0) {
      this.#reserve(records);
      this.#parts.appender.commit((commit) => this.#rewriteAll(records, commit));
    }
    this.#pending = new Uint32Array(0);
  }

  /** Once banks are claimed nothing may fail any more. */
  #reserve(records: Uint32Array): void {
    const {i32, u32, slabs, epochs, budgetBytes} = this.#parts.arena;
    let needed = SLACK_BYTES;
    for (const record of records) {
      const block = u32[(newestBank(i32, record) + BANK_OUT_OF_ORDER) >>> 2];
      needed += 2 * (closedListBytes(this.#blocks.closedCount(block)) + outOfOrderBytes(this.#blocks.openCount(block)));
    }
    if (slabs.freeBytes < needed) epochs.reclaim(Infinity);
    if (slabs.freeBytes < needed) throw new ArenaFullError(budgetBytes);
  }

  #rewriteAll(records: Uint32Array, commit: number): void {
    const {arena} = this.#parts;
    for (const record of records) claimBank(arena, record, commit);
    fenceClaims(arena);
    for (const record of records) this.#rewrite(record);
  }

  #rewrite(record: number): void {
    const {u32, epochs} = this.#parts.arena;
    const bank = carryOver(this.#parts.arena, record);
    const old = u32[(bank + BANK_OUT_OF_ORDER) >>> 2];
    const open = this.#blocks.openCount(old);
    const dropped = this.#oldChunks(old);
    const kept = this.#blocks.closedCount(old) - dropped;
    u32[(bank + BANK_OUT_OF_ORDER) >>> 2] = open + kept === 0 ? 0 : this.#shortened(old, dropped);
    const list = this.#blocks.closedList(old);
    epochs.retire(list, closedListBytes(u32[list >>> 2]));
    epochs.retire(old, outOfOrderBytes(open));
    this.#chunksRemoved += dropped;
    u32[HEAD_CLOSED_CHUNKS >>> 2] -= dropped;
  }

  /** A copy of the block `old` without its first `dropped` chunks. */
  #shortened(old: number, dropped: number): number {
    const {u8, slabs} = this.#parts.arena;
    const open = this.#blocks.openCount(old);
    const kept = this.#blocks.closedCount(old) - dropped;
    const list = kept === 0 ? 0 : this.#copyList(this.#entry(old, dropped), kept);
    const block = slabs.alloc(outOfOrderBytes(open));
    u8.copyWithin(block, old, old + outOfOrderBytes(open));
    let minTime = Infinity;
    let maxTime = -Infinity;
    if (open > 0) {
      minTime = this.#blocks.openTime(old, 0);
      maxTime = this.#blocks.openTime(old, open - 1);
    }
    for (let k = 0; k < kept; k++) {
      const entry = list + CLOSED_LIST_HEADER + k * CLOSED_BYTES;
      minTime = Math.min(minTime, this.#closed.minTime(entry));
      maxTime = Math.max(maxTime, this.#closed.maxTime(entry));
    }
    this.#blocks.fill(block, open, kept, list, minTime, maxTime);
    this.#note(minTime, maxTime);
    return block;
  }

  #copyList(from: number, count: number): number {
    const {u8, u32, slabs} = this.#parts.arena;
    const list = slabs.alloc(closedListBytes(count));
    u8.copyWithin(list + CLOSED_LIST_HEADER, from, from + count * CLOSED_BYTES);
    u32[list >>> 2] = count;
    return list;
  }

  #note(minTime: number, maxTime: number): void {
    this.#minTime = Math.min(this.#minTime, minTime);
    this.#maxTime = Math.max(this.#maxTime, maxTime);
  }
}
