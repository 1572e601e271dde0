import type {ArenaReader} from '../arena/reader.ts';

// What BANK_OUT_OF_ORDER leads to: a block of the arena that never changes, all that a series has out of order at one commit.
// A few open samples lie in it as they are, by their times; the list of closed chunks is made as the one of chunks in order
// (layout/series.ts), but its chunks overlap and stand in the order they were closed. From the block's address on:
//
//    0  u32  open samples               16  f64  least time of all samples, ms
//    4  u32  closed chunks              24  f64  greatest time
//    8  u32  address of their list      32  open samples: f64 time, ms · 8 bytes cell · f64 start, ms
//
// The low half of a cell that stands for a histogram is the address of its record in the arena. Records belong to the block
// that has the sample now, until its chunk is closed.

/** Samples that are open at most (upstream: out_of_order_cap_max). */
export const OPEN_MAX = 32;

const OPEN_COUNT = 0;
const CLOSED_COUNT = 4;
const CLOSED_LIST = 8;
const MIN_TIME = 16;
const MAX_TIME = 24;
const SAMPLES = 32;
const SAMPLE_BYTES = 24;

/** Bytes of a block with `open` open samples. */
export const outOfOrderBytes = (open: number): number => SAMPLES + open * SAMPLE_BYTES;

/** Blocks of out-of-order samples by their addresses in the arena; 0 is one without any. */
export class OutOfOrderBlocks {
  readonly #arena: ArenaReader;

  constructor(arena: ArenaReader) {
    this.#arena = arena;
  }

  openCount(block: number): number {
    return block === 0 ? 0 : this.#arena.u32[(block + OPEN_COUNT) >>> 2];
  }

  closedCount(block: number): number {
    return block === 0 ? 0 : this.#arena.u32[(block + CLOSED_COUNT) >>> 2];
  }

  /** Address of the list of closed chunks; 0 is none. */
  closedList(block: number): number {
    return block === 0 ? 0 : this.#arena.u32[(block + CLOSED_LIST) >>> 2];
  }

  /** Least time of all samples, ms; +Infinity without any. */
  minTime(block: number): number {
    return block === 0 ? Infinity : this.#arena.f64[(block + MIN_TIME) >>> 3];
  }

  /** Greatest time of all samples, ms; -Infinity without any. */
  maxTime(block: number): number {
    return block === 0 ? -Infinity : this.#arena.f64[(block + MAX_TIME) >>> 3];
  }

  /** Address of open sample `k`: its time, its cell and its start, 8 bytes each. */
  sample(block: number, k: number): number {
    return block + SAMPLES + k * SAMPLE_BYTES;
  }

  /** Time of open sample `k`, ms. */
  openTime(block: number, k: number): number {
    return this.#arena.f64[this.sample(block, k) >>> 3];
  }

  /** Write what stands in front of the samples; for the writer, before anyone sees the block. */
  fill(block: number, open: number, closed: number, list: number, minTime: number, maxTime: number): void {
    const {u32, f64} = this.#arena;
    u32[(block + OPEN_COUNT) >>> 2] = open;
    u32[(block + CLOSED_COUNT) >>> 2] = closed;
    u32[(block + CLOSED_LIST) >>> 2] = list;
    f64[(block + MIN_TIME) >>> 3] = minTime;
    f64[(block + MAX_TIME) >>> 3] = maxTime;
  }
}
