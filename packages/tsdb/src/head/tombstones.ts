import type {KernelMemory} from '@narthex/kernels/kernel-memory.ts';
import {BANK_NEWEST_TIME, BANK_OUT_OF_ORDER, BANK_TOMBSTONES} from '@narthex/kernels/layout/series.ts';
import type {Arena} from '../arena/arena.ts';
import {ArenaFullError} from '../arena/errors.ts';
import {PAGE_BYTES} from '../arena/layout.ts';
import {addInterval} from '../block/tombstones.ts';
import {carryOver, claimBank, fenceClaims, firstTimeOf} from './banks.ts';
import type {Appender} from './appender.ts';
import type {CommitLog} from './commit-log.ts';
import {GrowingRows} from './growing-rows.ts';
import {OutOfOrderBlocks} from './out-of-order-block.ts';
import {type SeriesRecords, newestBank} from './series.ts';
import {readTombstones, tombstoneBytes, tombstoneCount, writeTombstones} from './tombstone-block.ts';
import type {SeriesSlot} from './types.ts';

/** Room to begin with. */
const ROWS_MIN = 256;
/** Pages that sizes of blocks may open at the same time. */
const SLACK_BYTES = 12 * PAGE_BYTES;
// A row: address of the record, first and last deleted ms.
const WIDTH = 3;

/** What deletions work on. */
export interface DeletedHead {
  readonly arena: Arena;
  readonly records: SeriesRecords;
  readonly appender: Appender;
}

/** Marks times of series as deleted, as intervals that readers leave out; the samples go with their chunks. */
export class Tombstones {
  readonly #head: DeletedHead;
  readonly #outOfOrder: OutOfOrderBlocks;
  readonly #rows = new GrowingRows(new Float64Array(ROWS_MIN * WIDTH), WIDTH);

  constructor(head: DeletedHead) {
    this.#head = head;
    this.#outOfOrder = new OutOfOrderBlocks(head.arena);
  }

  /**
   * Delete what the series at `slots` have in [minMs, maxMs], as one commit, and write it to `log` before: a few hundred series at a time keep the
   * thread free. Slots without samples there are left out; the others are counted. Intervals end where their series do, so that later samples
   * are not deleted. Throws StorageError when the log cannot be written, ArenaFullError: nothing was deleted then.
   */
  delete(slots: readonly SeriesSlot[], minMs: number, maxMs: number, memory: KernelMemory, log?: CommitLog): number {
    this.#rows.clear();
    for (const slot of slots) this.#addClamped(slot, minMs, maxMs);
    if (this.#rows.count === 0) return 0;
    this.#reserve();
    this.#writeLog(memory, log);
    this.#apply();
    return this.#rows.count;
  }

  /** Put back a deletion as the log has it. Throws ArenaFullError. */
  replay(slot: SeriesSlot, minMs: number, maxMs: number): void {
    this.#rows.clear();
    this.#add(this.#head.records.address(slot), minMs, maxMs);
    this.#reserve();
    this.#apply();
  }

  /** As `replay` of all that the series has now. */
  replayAll(slot: SeriesSlot): void {
    this.#rows.clear();
    this.#addClamped(slot, -Infinity, Infinity);
    this.#reserve();
    this.#apply();
  }

  #addClamped(slot: SeriesSlot, minMs: number, maxMs: number): void {
    const {arena, records} = this.#head;
    const record = records.address(slot);
    if (records.refAt(record) === 0) return;
    const bank = newestBank(arena.i32, record);
    const late = arena.u32[(bank + BANK_OUT_OF_ORDER) >>> 2];
    const min = Math.max(minMs, Math.min(firstTimeOf(arena, bank), this.#outOfOrder.minTime(late)));
    const max = Math.min(maxMs, Math.max(arena.f64[(bank + BANK_NEWEST_TIME) >>> 3], this.#outOfOrder.maxTime(late)));
    if (min <= max) this.#add(record, min, max);
  }

  #add(record: number, minMs: number, maxMs: number): void {
    const row = this.#rows.add();
    this.#rows.cells[row] = record;
    this.#rows.cells[row + 1] = minMs;
    this.#rows.cells[row + 2] = maxMs;
  }

  #bankOf(row: number): number {
    return newestBank(this.#head.arena.i32, this.#rows.cells[row * WIDTH]);
  }

  /** What is logged must not fail any more. */
  #reserve(): void {
    const {arena} = this.#head;
    let needed = SLACK_BYTES;
    for (let i = 0; i < this.#rows.count; i++) {
      const block = arena.u32[(this.#bankOf(i) + BANK_TOMBSTONES) >>> 2];
      needed += 2 * tombstoneBytes(tombstoneCount(arena, block) + 1);
    }
    if (arena.slabs.freeBytes < needed) arena.epochs.reclaim(Infinity);
    if (arena.slabs.freeBytes < needed) throw new ArenaFullError(arena.budgetBytes);
  }

  #writeLog(memory: KernelMemory, log: CommitLog | undefined): void {
    const {cells, count} = this.#rows;
    const mark = memory.mark();
    const refs = memory.alloc(count * 24);
    for (let i = 0; i < count; i++) {
      memory.f64[(refs >>> 3) + i] = this.#head.records.refAt(cells[i * WIDTH]);
      memory.f64[(refs >>> 3) + count + i] = cells[i * WIDTH + 1];
      memory.f64[(refs >>> 3) + 2 * count + i] = cells[i * WIDTH + 2];
    }
    try {
      log?.logDeletion?.({memory, count, refs, minTimes: refs + 8 * count, maxTimes: refs + 16 * count});
    } finally {
      memory.release(mark);
    }
  }

  #apply(): void {
    const {arena, appender} = this.#head;
    if (this.#rows.count === 0) return;
    appender.commit((commit) => {
      for (let i = 0; i < this.#rows.count; i++) {
        // A slot that is named twice is marked once.
        if (!claimBank(arena, this.#rows.cells[i * WIDTH], commit)) this.#rows.cells[i * WIDTH] = 0;
      }
      fenceClaims(arena);
      for (let i = 0; i < this.#rows.count; i++) if (this.#rows.cells[i * WIDTH] !== 0) this.#fill(i);
    });
  }

  #fill(row: number): void {
    const {arena} = this.#head;
    const {cells} = this.#rows;
    const bank = carryOver(arena, cells[row * WIDTH]);
    const old = arena.u32[(bank + BANK_TOMBSTONES) >>> 2];
    const intervals = addInterval(readTombstones(arena, old), cells[row * WIDTH + 1], cells[row * WIDTH + 2]);
    const block = arena.slabs.alloc(tombstoneBytes(intervals.length / 2));
    writeTombstones(arena, block, intervals);
    if (old !== 0) arena.epochs.retire(old, tombstoneBytes(tombstoneCount(arena, old)));
    arena.u32[(bank + BANK_TOMBSTONES) >>> 2] = block;
  }
}
