import {
  BANK_COMMIT,
  BANK_NEWEST_TIME,
  CLOSED_BYTES,
  CLOSED_LIST_HEADER,
  SERIES_BANKS,
  SERIES_BANK_BYTES,
  SERIES_BYTES,
  SERIES_REF,
} from '@narthex/kernels/layout/series.ts';
import type {Arena} from '../arena/arena.ts';
import type {ArenaReader} from '../arena/reader.ts';
import {RecordsReader, RecordsWriter} from '../arena/records.ts';
import {slabBytes} from '../arena/slabs.ts';
import {WORD_COMMIT} from '../arena/layout.ts';
import {HEAD_RECORDS} from './layout.ts';
import type {SeriesRef, SeriesSlot} from './types.ts';

/** So far behind the current commit that no reader's commit is older. */
const LONG_AGO = 1 << 20;

/** The series records, for any thread. */
export const seriesRecords = (arena: ArenaReader): RecordsReader =>
  new RecordsReader(arena, HEAD_RECORDS, SERIES_BYTES);

/** The series records, for the writer: makes them. */
export class SeriesRecords {
  readonly #arena: Arena;
  readonly #records: RecordsWriter;
  /** Slots of removed series. */
  readonly #free: number[] = [];

  constructor(arena: Arena) {
    this.#arena = arena;
    this.#records = new RecordsWriter(arena, HEAD_RECORDS, SERIES_BYTES);
  }

  /** Slots that exist. */
  get count(): number {
    return this.#records.count;
  }

  /** What kernels find records by; changes when series are made. */
  get directory(): number {
    return this.#records.directory();
  }

  address(slot: number): number {
    return this.#records.address(slot);
  }

  /** Recycle the slots of series that nobody can find any more. */
  release(slots: Uint32Array): void {
    for (const slot of slots) this.#free.push(slot);
  }

  /**
   * Make a series without samples; `introduce` then tells the index of its slot, which is when readers find it. Throws what
   * `introduce` throws, or ArenaFullError; nothing was made then.
   */
  create(ref: SeriesRef, introduce: (slot: SeriesSlot) => void): SeriesSlot {
    const recycled = this.#free.pop();
    if (recycled !== undefined) return this.#recreate(recycled as SeriesSlot, ref, introduce);
    this.#records.reserve();
    const slot = this.#records.count as SeriesSlot;
    this.#initialize(this.#records.reserved, ref);
    introduce(slot);
    this.#records.publish();
    return slot;
  }

  ref(slot: number): SeriesRef {
    return this.refAt(this.address(slot));
  }

  /** The reference in the record at `address`. */
  refAt(address: number): SeriesRef {
    return this.#arena.f64[(address + SERIES_REF) >>> 3] as SeriesRef;
  }

  #recreate(slot: SeriesSlot, ref: SeriesRef, introduce: (slot: SeriesSlot) => void): SeriesSlot {
    const record = this.address(slot);
    this.#arena.u8.fill(0, record, record + SERIES_BYTES);
    this.#initialize(record, ref);
    try {
      introduce(slot);
      return slot;
    } catch (error) {
      this.#arena.f64[(record + SERIES_REF) >>> 3] = 0;
      this.#free.push(slot);
      throw error;
    }
  }

  /** Fill in a record of zeros, or one that was filled in before and not used. */
  #initialize(record: number, ref: SeriesRef): void {
    const {u32, f64, i32} = this.#arena;
    const commit = Atomics.load(i32, WORD_COMMIT) - LONG_AGO;
    const first = record + SERIES_BANKS;
    const second = first + SERIES_BANK_BYTES;
    f64[(record + SERIES_REF) >>> 3] = ref;
    u32[(first + BANK_COMMIT) >>> 2] = commit;
    u32[(second + BANK_COMMIT) >>> 2] = commit - 1;
    f64[(first + BANK_NEWEST_TIME) >>> 3] = -Infinity;
    f64[(second + BANK_NEWEST_TIME) >>> 3] = -Infinity;
  }
}

/** The bank of `record` that the later commit made; numbers of commits wrap around. `words` is the arena's. */
export function newestBank(words: Int32Array, record: number): number {
  const first = record + SERIES_BANKS;
  const second = first + SERIES_BANK_BYTES;
  return ((words[(first + BANK_COMMIT) >>> 2] - words[(second + BANK_COMMIT) >>> 2]) | 0) >= 0 ? first : second;
}

/** The bank of `record` that is not `bank`. */
export const otherBank = (record: number, bank: number): number =>
  2 * (record + SERIES_BANKS) + SERIES_BANK_BYTES - bank;

/** Bytes of a list for `capacity` closed chunks. */
export const closedListBytes = (capacity: number): number => CLOSED_LIST_HEADER + capacity * CLOSED_BYTES;

/** The capacity of a list that takes the place of a full one of `capacity`, as large as its slab allows. */
export function grownCapacity(capacity: number): number {
  const wanted = capacity === 0 ? 2 : Math.max(capacity + 2, Math.floor(capacity * 1.4));
  return Math.floor((slabBytes(closedListBytes(wanted)) - CLOSED_LIST_HEADER) / CLOSED_BYTES);
}
