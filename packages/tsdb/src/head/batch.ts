import {
  BATCH_BYTES,
  BATCH_COUNT,
  BATCH_FIRST,
  BATCH_LOG_REFS,
  BATCH_LOG_TIMES,
  BATCH_LOG_VALUES,
  BATCH_MAX_TIME,
  BATCH_MIN_TIME,
  BATCH_SERIES,
  BATCH_STATUSES,
  BATCH_STATUS_KINDS,
  BATCH_TALLY,
  BATCH_TIMES,
  BATCH_VALUES,
} from '@narthex/kernels/layout/head-batch.ts';
import type {Arena} from '../arena/arena.ts';
import type {SampleBatch} from './types.ts';

/** Bytes a sample takes here: slot, time, value, what the log needs, status. */
const SAMPLE_BYTES = 4 + 8 + 8 + 24 + 1;
const CAPACITY_MIN = 512;

/** The block of the arena in which one batch at a time is worked on, see layout/head-batch.ts. */
export class BatchBlock {
  readonly address: number;
  readonly #arena: Arena;
  #data = 0;
  #capacity = 0;

  /** Throws ArenaFullError. */
  constructor(arena: Arena) {
    this.#arena = arena;
    this.address = arena.slabs.allocZeroed(BATCH_BYTES);
  }

  /** Bytes that `load` of `count` samples would have to take from the arena. */
  missingBytes(count: number): number {
    return count <= this.#capacity ? 0 : capacityFor(count) * SAMPLE_BYTES;
  }

  /** Copy `batch` in, with room for what the log needs when it is `logged`. Throws ArenaFullError, nothing changed. */
  load(batch: SampleBatch, logged: boolean): void {
    this.reserve(batch.count);
    const {u8} = this.#arena;
    const {memory, count} = batch;
    u8.set(memory.u8.subarray(batch.slots, batch.slots + count * 4), this.word(BATCH_SERIES));
    u8.set(memory.u8.subarray(batch.times, batch.times + count * 8), this.word(BATCH_TIMES));
    u8.set(memory.u8.subarray(batch.values, batch.values + count * 8), this.word(BATCH_VALUES));
    this.setWord(BATCH_COUNT, count);
    this.setWord(BATCH_LOG_REFS, logged ? this.#data + this.#capacity * 16 : 0);
  }

  /** Copy the statuses to `batch`. */
  giveStatuses(batch: SampleBatch): void {
    const statuses = this.word(BATCH_STATUSES);
    batch.memory.u8.set(this.#arena.u8.subarray(statuses, statuses + batch.count), batch.statuses);
  }

  word(offset: number): number {
    return this.#arena.u32[(this.address + offset) >>> 2];
  }

  setWord(offset: number, value: number): void {
    this.#arena.u32[(this.address + offset) >>> 2] = value;
  }

  setNumber(offset: number, value: number): void {
    this.#arena.f64[(this.address + offset) >>> 3] = value;
  }

  /** Samples that the validation gave `status`. */
  tally(status: number): number {
    return this.word(BATCH_TALLY + status * 4);
  }

  /** What became of sample `i`. */
  status(i: number): number {
    return this.#arena.u8[this.word(BATCH_STATUSES) + i];
  }

  /** Address of the record of the series of sample `i`, once it is validated. */
  record(i: number): number {
    return (this.#arena.u32[(this.word(BATCH_SERIES) >>> 2) + i] & ~BATCH_FIRST) >>> 0;
  }

  /** Something else became of sample `i`. */
  reclassify(i: number, status: number): void {
    const tally = (this.address + BATCH_TALLY) >>> 2;
    this.#arena.u32[tally + this.status(i)]--;
    this.#arena.u32[tally + status]++;
    this.#arena.u8[this.word(BATCH_STATUSES) + i] = status;
  }

  /** Take all samples as found to have `status`, without looking at them; `addressOf` gives the record of a slot. */
  accept(status: number, addressOf: (slot: number) => number): void {
    const {u8, u32} = this.#arena;
    const count = this.word(BATCH_COUNT);
    const series = this.word(BATCH_SERIES) >>> 2;
    for (let i = 0; i < count; i++) u32[series + i] = addressOf(u32[series + i]);
    u8.fill(status, this.word(BATCH_STATUSES), this.word(BATCH_STATUSES) + count);
    u32.fill(0, (this.address + BATCH_TALLY) >>> 2, ((this.address + BATCH_TALLY) >>> 2) + BATCH_STATUS_KINDS);
    this.setWord(BATCH_TALLY + status * 4, count);
  }

  /** Least time of the accepted samples. */
  get minTime(): number {
    return this.#arena.f64[(this.address + BATCH_MIN_TIME) >>> 3];
  }

  /** Greatest time of the accepted samples. */
  get maxTime(): number {
    return this.#arena.f64[(this.address + BATCH_MAX_TIME) >>> 3];
  }

  /** Make room for `count` samples. Throws ArenaFullError, nothing changed. */
  reserve(count: number): void {
    if (count <= this.#capacity) return;
    const {slabs} = this.#arena;
    const capacity = capacityFor(count);
    const data = slabs.alloc(capacity * SAMPLE_BYTES);
    if (this.#capacity > 0) slabs.free(this.#data, this.#capacity * SAMPLE_BYTES);
    this.#data = data;
    this.#capacity = capacity;
    this.setWord(BATCH_TIMES, data);
    this.setWord(BATCH_VALUES, data + capacity * 8);
    this.setWord(BATCH_LOG_TIMES, data + capacity * 24);
    this.setWord(BATCH_LOG_VALUES, data + capacity * 32);
    this.setWord(BATCH_SERIES, data + capacity * 40);
    this.setWord(BATCH_STATUSES, data + capacity * 44);
  }
}

const capacityFor = (count: number): number => Math.max(CAPACITY_MIN, 2 ** Math.ceil(Math.log2(count)));
