import {LABEL_SET_HEADER, LABEL_SET_RECORDS, LABEL_SET_TABLE} from '@narthex/kernels/layout/label-index.ts';
import type {Arena} from '../arena/arena.ts';
import {assert} from '../arena/errors.ts';
import type {ArenaReader} from '../arena/reader.ts';
import {RecordsReader, RecordsWriter} from '../arena/records.ts';
import {NONE, TableWriter} from '../arena/table.ts';

// The labels of a series, stored once, at their exact size and never changed:
//
//   hash · number of labels · name symbol, value symbol of each label, in byte order of names
//
// A column of addresses leads from a series' slot to its label set, a table from the hash to the slot.

const LABEL_BYTES = 8;
const RECORD_BYTES = 4;

/** Bytes of a label set of `labelCount` labels. */
export const labelSetBytes = (labelCount: number): number => LABEL_SET_HEADER + labelCount * LABEL_BYTES;

/** Label sets as a reader's thread sees them, inside an epoch. */
export class LabelSetReader {
  readonly #arena: ArenaReader;
  readonly #records: RecordsReader;

  constructor(arena: ArenaReader) {
    this.#arena = arena;
    this.#records = new RecordsReader(arena, LABEL_SET_RECORDS, RECORD_BYTES);
  }

  /** Slots that exist: series from here on are still being entered. */
  get slots(): number {
    return this.#records.count;
  }

  /** What `valueIn` wants; good for slots below what `slots` was, until the end of the epoch. */
  directory(): number {
    return this.#records.directory();
  }

  /** Where the label set of `slot` lies (hash, count, pairs); it stays there as long as the series lives. */
  address(slot: number): number {
    return this.#arena.u32[this.#records.address(slot) >>> 2];
  }

  /** `address`, the directory taken once for many. */
  addressIn(directory: number, slot: number): number {
    return this.#arena.u32[this.#records.addressIn(directory, slot) >>> 2];
  }

  /** Copies the pairs (name symbol, value symbol, ...) of `slot` to `out`; returns the number of labels. */
  labels(slot: number, out: Uint32Array): number {
    const {u32} = this.#arena;
    const at = this.address(slot) >>> 2;
    const count = u32[at + 1];
    for (let i = 0; i < 2 * count; i++) out[i] = u32[at + 2 + i];
    return count;
  }

  /** The value symbol of label `name` (a symbol) in the set of `slot`, or NONE. */
  value(slot: number, name: number): number {
    return this.valueIn(this.directory(), slot, name);
  }

  /** `value`, the directory taken once for many. */
  valueIn(directory: number, slot: number, name: number): number {
    const {u32} = this.#arena;
    const at = this.addressIn(directory, slot) >>> 2;
    const end = at + 2 + 2 * u32[at + 1];
    for (let i = at + 2; i < end; i += 2) if (u32[i] === name) return u32[i + 1];
    return NONE;
  }
}

/** Label sets as their one writer has them. */
export class LabelSetWriter {
  readonly #arena: Arena;
  readonly #table: TableWriter;
  readonly #records: RecordsWriter;

  constructor(arena: Arena) {
    this.#arena = arena;
    this.#table = new TableWriter(arena, LABEL_SET_TABLE);
    this.#records = new RecordsWriter(arena, LABEL_SET_RECORDS, RECORD_BYTES);
  }

  /** Slots that exist, those of removed series included. */
  get slots(): number {
    return this.#records.count;
  }

  /** Where the label set of `slot` lies. */
  address(slot: number): number {
    return this.#arena.u32[this.#records.address(slot) >>> 2];
  }

  /** Make room for one more set of `labelCount` labels and return its address. Throws ArenaFullError, nothing changed. */
  reserve(hash: number, labelCount: number): number {
    this.#table.reserve(hash);
    this.#records.reserve();
    return this.#arena.slabs.alloc(labelSetBytes(labelCount));
  }

  /** The address of the record of `slot`, which leads to its label set: the next new slot or one that was removed. */
  record(slot: number): number {
    return slot === this.#records.count ? this.#records.reserved : this.#records.address(slot);
  }

  /** Let `slot` be found; its record leads to its label set already. Cannot fail after `reserve`. */
  publish(slot: number, hash: number): void {
    if (slot === this.#records.count) this.#records.publish();
    this.#table.insert(hash, slot);
  }

  /** Let `slot` not be found any more. Its label set stays for those who know the slot. */
  unlink(slot: number): void {
    const isFound = this.#table.remove(this.#arena.i32[this.address(slot) >>> 2], slot);
    assert(isFound, `slot ${slot} has no series`);
  }

  /** Give back the label set of `slot`, which was unlinked and which no reader can know any more. */
  release(slot: number): void {
    const address = this.address(slot);
    this.#arena.slabs.free(address, labelSetBytes(this.#arena.u32[(address >>> 2) + 1]));
    this.#arena.u32[this.#records.address(slot) >>> 2] = 0;
  }
}
