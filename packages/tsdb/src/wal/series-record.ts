import type {KernelMemory} from '@narthex/kernels/kernel-memory.ts';
import {
  LOGGED_LABELS,
  LOGGED_NEXT,
  LOGGED_RANGES,
  LOGGED_RANGE_BYTES,
  LOGGED_REF_HIGH,
  LOGGED_REF_LOW,
  LOGGED_SORTED,
} from '@narthex/kernels/layout/wal-series.ts';
import type {Span} from './framing.ts';
import {RECORD_SERIES} from './record-types.ts';

/** Series with more labels are read without the kernel. */
const DECODED_LABELS = 64;

/**
 * Walks through the series of a series record: reference and label set each. The bytes of the labels stay where the record
 * is; `ranges` holds, for each label, where name and value begin and end in the memory (name start, name end, value start,
 * value end), names in byte order.
 */
export class SeriesRecordReader {
  readonly #memory: KernelMemory;
  /** What the kernel says of one series. */
  readonly #decoded: number;
  #start = 0;
  #at = 0;
  #end = 0;
  refHigh = 0;
  refLow = 0;
  labelCount = 0;
  ranges = new Uint32Array(4 * DECODED_LABELS);

  /** Takes space of `memory`, which the caller releases. */
  constructor(memory: KernelMemory) {
    this.#memory = memory;
    this.#decoded = memory.alloc(LOGGED_RANGES + DECODED_LABELS * LOGGED_RANGE_BYTES);
  }

  /** Begin with a record of type series. */
  open(record: Span): void {
    this.#at = record.at + 1;
    this.#end = record.at + record.length;
  }

  /** The bytes of the series, reference and all. */
  get span(): Span {
    return {at: this.#start, length: this.#at - this.#start};
  }

  /** Go to the next series; false after the last. Throws an Error when the record is cut off or not a series record's. */
  next(): boolean {
    if (this.#at === this.#end) return false;
    this.#start = this.#at;
    if (!this.#nextByKernel()) this.#nextPlainly();
    return true;
  }

  /** Read a series of usual size in one go; false when it is not one. */
  #nextByKernel(): boolean {
    const {kernels, u32} = this.#memory;
    if (kernels.walDecodeSeries(this.#at, this.#end, this.#decoded, DECODED_LABELS) === 0) return false;
    const fields = this.#decoded >>> 2;
    this.refHigh = u32[fields + LOGGED_REF_HIGH / 4]!;
    this.refLow = u32[fields + LOGGED_REF_LOW / 4]!;
    this.labelCount = u32[fields + LOGGED_LABELS / 4]!;
    this.#at = u32[fields + LOGGED_NEXT / 4]!;
    const ranges = fields + LOGGED_RANGES / 4;
    for (let i = 0; i < 4 * this.labelCount; i++) this.ranges[i] = u32[ranges + i]!;
    if (u32[fields + LOGGED_SORTED / 4] === 0) this.#sort();
    return true;
  }

  #nextPlainly(): void {
    this.refHigh = this.#word();
    this.refLow = this.#word();
    const count = this.#varint();
    // A label takes two bytes at least: what claims more is no record.
    if (count * 2 > this.#end - this.#at) throw new Error('invalid size');
    this.labelCount = count;
    if (count * 4 > this.ranges.length) this.ranges = new Uint32Array(count * 8);
    for (let i = 0; i < count * 4; i += 2) this.#text(i);
    this.#sort();
  }

  #text(i: number): void {
    const length = this.#varint();
    if (length > this.#end - this.#at) throw new Error('invalid size');
    this.ranges[i] = this.#at;
    this.#at += length;
    this.ranges[i + 1] = this.#at;
  }

  #word(): number {
    const {u8} = this.#memory;
    const at = this.#at;
    if (this.#end - at < 4) throw new Error('invalid size');
    this.#at = at + 4;
    return ((u8[at]! << 24) | (u8[at + 1]! << 16) | (u8[at + 2]! << 8) | u8[at + 3]!) >>> 0;
  }

  #varint(): number {
    const {u8} = this.#memory;
    let value = 0;
    for (let scale = 1; this.#at < this.#end && scale < 2 ** 35; scale *= 128) {
      const byte = u8[this.#at++]!;
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
    }
    throw new Error('invalid size');
  }

  /** Every version writes labels in order; if one doesn't, the rest of the program need not know. */
  #sort(): void {
    for (let i = 1; i < this.labelCount; i++) {
      for (let j = i; j > 0 && this.#compareNames(j - 1, j) > 0; j--) this.#swap(j - 1, j);
    }
  }

  #compareNames(a: number, b: number): number {
    const {u8} = this.#memory;
    const {ranges} = this;
    const lengthA = ranges[4 * a + 1]! - ranges[4 * a]!;
    const lengthB = ranges[4 * b + 1]! - ranges[4 * b]!;
    for (let i = 0; i < lengthA && i < lengthB; i++) {
      const difference = u8[ranges[4 * a]! + i]! - u8[ranges[4 * b]! + i]!;
      if (difference !== 0) return difference;
    }
    return lengthA - lengthB;
  }

  #swap(a: number, b: number): void {
    const kept = this.ranges.slice(4 * a, 4 * a + 4);
    this.ranges.copyWithin(4 * a, 4 * b, 4 * b + 4);
    this.ranges.set(kept, 4 * b);
  }
}

/** Label sets to log, in the layout of the head's `LogCommit`. */
export interface SeriesToLog {
  readonly memory: KernelMemory;
  readonly seriesCount: number;
  readonly seriesRefs: number;
  readonly seriesLabels: number;
  readonly seriesLabelEnds: number;
}

/** Encode a series record to new space of the memory. */
export function encodeSeries(series: SeriesToLog): Span {
  const {memory, seriesCount, seriesRefs, seriesLabels, seriesLabelEnds} = series;
  const lastEnd = memory.u32[(seriesLabelEnds >>> 2) + seriesCount - 1]!;
  const length = 1 + 8 * seriesCount + lastEnd;
  const at = memory.alloc(length);
  memory.u8[at] = RECORD_SERIES;
  memory.kernels.walEncodeSeries(seriesRefs, seriesLabels, seriesLabelEnds, seriesCount, at + 1);
  return {at, length};
}
