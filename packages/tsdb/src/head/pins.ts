import type {KernelMemory} from '@narthex/kernels/kernel-memory.ts';
import {
  BANK_CLOSED,
  BANK_CLOSED_COUNT,
  BANK_COMMIT,
  BANK_NEWEST_TIME,
  BANK_NEWEST_VALUE,
  BANK_OPEN,
  BANK_OPEN_BYTES,
  BANK_OPEN_COUNT,
  BANK_OUT_OF_ORDER,
  BANK_TOMBSTONES,
  SERIES_BANKS,
  SERIES_BANK_BYTES,
} from '@narthex/kernels/layout/series.ts';
import type {ArenaReader} from '../arena/reader.ts';
import type {RecordsReader} from '../arena/records.ts';
import {WORD_COMMIT} from '../arena/layout.ts';
import {OutOfOrderBlocks} from './out-of-order-block.ts';

// A row is what one series looked like after the reader's commit: a copy of the bank that this commit or an earlier one made,
// in the reader's own memory, with the slot where the bank has its commit.

/** Bytes of a row. */
export const ROW_BYTES = SERIES_BANK_BYTES;
const ROW_SLOT = BANK_COMMIT;
const WORDS = ROW_BYTES / 4;
/** How often all rows are read again with a newer commit because a series was committed twice meanwhile. */
const RENEWALS_MAX = 3;

/** Whether commit `a` came after `b`; commits are 32-bit numbers that wrap around. */
const isAfter = (a: number, b: number): boolean => ((a - b) | 0) > 0;

/**
 * Takes what series records say at one commit. Readers never wait: of a record's two banks, one is whole at any moment, and
 * the bank that the writer works on carries the number of a commit that is not published yet.
 */
export class Pinner {
  readonly #words: Int32Array<SharedArrayBuffer>;
  readonly #records: RecordsReader;
  readonly #memory: KernelMemory;
  readonly #outOfOrder: OutOfOrderBlocks;
  #commit = 0;
  /** Whether the last `pin` gave rows of one commit. */
  isWhole = true;

  constructor(arena: ArenaReader, records: RecordsReader, memory: KernelMemory) {
    this.#words = arena.i32;
    this.#records = records;
    this.#memory = memory;
    this.#outOfOrder = new OutOfOrderBlocks(arena);
  }

  /** The commit that rows are of. */
  get commit(): number {
    return this.#commit;
  }

  /** Take the published commit; inside an epoch. */
  renew(): void {
    this.#commit = Atomics.load(this.#words, WORD_COMMIT);
  }

  /**
   * Write rows for the `count` slots at `slots` to `rows`, except for series without a sample at or after `startMs`; returns
   * how many. All rows are of one commit, newer than the one before when a series got two commits in between; only when that happens
   * over and over, a row may be of a newer commit than others.
   */
  pin(slots: number, count: number, startMs: number, rows: number): number {
    for (let renewals = 0; ; renewals++) {
      this.isWhole = true;
      const pinned = this.#pinAll(slots, count, startMs, rows, renewals === RENEWALS_MAX);
      if (pinned >= 0) return pinned;
      this.renew();
    }
  }

  /** -1 when a series has nothing as old as the commit; `alone`: then that series is read at a newer commit. */
  #pinAll(slots: number, count: number, startMs: number, rows: number, alone: boolean): number {
    const {u32, i32, f64} = this.#memory;
    const directory = this.#records.directory();
    let row = rows;
    for (let i = 0; i < count; i++) {
      const slot = u32[(slots >>> 2) + i];
      const record = this.#records.addressIn(directory, slot);
      if (!this.#copyBank(record, i32, row)) {
        if (!alone) return -1;
        this.#pinAlone(record, i32, row);
      }
      const newest = f64[(row + BANK_NEWEST_TIME) >>> 3];
      const late = u32[(row + BANK_OUT_OF_ORDER) >>> 2];
      if ((newest < startMs || newest === -Infinity) && !(late !== 0 && this.#outOfOrder.maxTime(late) >= startMs))
        continue;
      u32[(row + ROW_SLOT) >>> 2] = slot;
      row += ROW_BYTES;
    }
    return (row - rows) / ROW_BYTES;
  }

  #pinAlone(record: number, target: Int32Array, row: number): void {
    const commit = this.#commit;
    this.isWhole = false;
    do this.renew();
    while (!this.#copyBank(record, target, row));
    this.#commit = commit;
  }

  /** Copy the newest bank of `record` that is no newer than the commit; false when both are. */
  #copyBank(record: number, target: Int32Array, row: number): boolean {
    const words = this.#words;
    const first = (record + SERIES_BANKS) >>> 2;
    const second = first + (SERIES_BANK_BYTES >>> 2);
    for (;;) {
      const commitA = Atomics.load(words, first);
      const commitB = Atomics.load(words, second);
      const tooNewA = isAfter(commitA, this.#commit);
      const tooNewB = isAfter(commitB, this.#commit);
      if (tooNewA && tooNewB) return false;
      const useA = tooNewB || (!tooNewA && isAfter(commitA, commitB));
      const bank = useA ? first : second;
      // Atomic loads stay in order: when the number is still the same after them, none is of a later commit.
      for (let i = 1; i < WORDS; i++) target[(row >>> 2) + i] = Atomics.load(words, bank + i);
      if (Atomics.load(words, bank) === (useA ? commitA : commitB)) return true;
    }
  }
}

/** What rows say, read from the reader's own memory. */
export class Rows {
  readonly #memory: KernelMemory;
  readonly #start: number;

  constructor(memory: KernelMemory, start: number) {
    this.#memory = memory;
    this.#start = start;
  }

  slot(i: number): number {
    return this.#word(i, ROW_SLOT);
  }

  /** Address of the open chunk in the arena, 0 for none. */
  open(i: number): number {
    return this.#word(i, BANK_OPEN);
  }

  openCount(i: number): number {
    return this.#word(i, BANK_OPEN_COUNT);
  }

  /** Bytes of encoded data in the open chunk. */
  openBytes(i: number): number {
    return this.#word(i, BANK_OPEN_BYTES);
  }

  /** Address of the list of closed chunks in the arena. */
  closed(i: number): number {
    return this.#word(i, BANK_CLOSED);
  }

  closedCount(i: number): number {
    return this.#word(i, BANK_CLOSED_COUNT);
  }

  /** Address of the block of out-of-order samples in the arena, 0 for none. */
  outOfOrder(i: number): number {
    return this.#word(i, BANK_OUT_OF_ORDER);
  }

  /** Address of the block of deleted intervals in the arena, 0 for none. */
  tombstones(i: number): number {
    return this.#word(i, BANK_TOMBSTONES);
  }

  newestTime(i: number): number {
    return this.#memory.f64[(this.#start + i * ROW_BYTES + BANK_NEWEST_TIME) >>> 3];
  }

  /** Where the bits of the newest value lie in the reader's memory. */
  newestValueAddress(i: number): number {
    return this.#start + i * ROW_BYTES + BANK_NEWEST_VALUE;
  }

  #word(i: number, field: number): number {
    return this.#memory.u32[(this.#start + i * ROW_BYTES + field) >>> 2];
  }
}
