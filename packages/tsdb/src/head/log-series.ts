import type {KernelMemory} from '@narthex/kernels/kernel-memory.ts';
import type {Arena} from '../arena/arena.ts';
import type {LabelSetWriter} from '../index/label-sets.ts';
import {SymbolReader} from '../index/symbols.ts';
import type {SeriesRecords} from './series.ts';

const SLOTS_MIN = 1024;

/** Series that the log doesn't know yet. */
export class UnloggedSeries {
  #slots = new Uint32Array(SLOTS_MIN);
  count = 0;

  add(slot: number): void {
    if (this.count === this.#slots.length) {
      const larger = new Uint32Array(this.count * 2);
      larger.set(this.#slots);
      this.#slots = larger;
    }
    this.#slots[this.count++] = slot;
  }

  slot(i: number): number {
    return this.#slots[i];
  }

  /** Forget those for which `keep` says no. */
  keepIf(keep: (slot: number) => boolean): void {
    let kept = 0;
    for (let i = 0; i < this.count; i++) if (keep(this.#slots[i])) this.#slots[kept++] = this.#slots[i];
    this.count = kept;
  }

  /** All are in the log. */
  clear(): void {
    this.count = 0;
    if (this.#slots.length > SLOTS_MIN * 64) this.#slots = new Uint32Array(SLOTS_MIN);
  }
}

/** What `LogCommit` says about series. */
export interface SeriesForLog {
  readonly seriesCount: number;
  readonly seriesRefs: number;
  readonly seriesLabels: number;
  readonly seriesLabelEnds: number;
}

/** Writes new series as the log wants them, from the index. */
export class SeriesEncoder {
  readonly #arena: Arena;
  readonly #records: SeriesRecords;
  readonly #labelSets: LabelSetWriter;
  readonly #symbols: SymbolReader;
  #at = 0;

  constructor(arena: Arena, records: SeriesRecords, labelSets: LabelSetWriter) {
    this.#arena = arena;
    this.#records = records;
    this.#labelSets = labelSets;
    this.#symbols = new SymbolReader(arena);
  }

  /** Encode `series` to `memory`, which the caller releases. */
  encode(series: UnloggedSeries, memory: KernelMemory): SeriesForLog {
    const {count} = series;
    const refs = memory.alloc(count * 8);
    const ends = memory.alloc(count * 4);
    const labels = memory.alloc(this.#bytes(series));
    this.#at = labels;
    for (let i = 0; i < count; i++) {
      const slot = series.slot(i);
      memory.f64[refs / 8 + i] = this.#records.ref(slot);
      this.#encodeLabels(memory.u8, this.#labelSets.address(slot));
      memory.u32[ends / 4 + i] = this.#at - labels;
    }
    return {seriesCount: count, seriesRefs: refs, seriesLabels: labels, seriesLabelEnds: ends};
  }

  #bytes(series: UnloggedSeries): number {
    const {u32} = this.#arena;
    let bytes = 0;
    for (let i = 0; i < series.count; i++) {
      const at = this.#labelSets.address(series.slot(i)) >>> 2;
      const end = at + 2 + 2 * u32[at + 1];
      bytes += uvarintBytes(u32[at + 1]);
      for (let word = at + 2; word < end; word++) {
        const length = this.#symbols.length(u32[word]);
        bytes += uvarintBytes(length) + length;
      }
    }
    return bytes;
  }

  #encodeLabels(target: Uint8Array, labelSet: number): void {
    const {u32} = this.#arena;
    const at = labelSet >>> 2;
    const end = at + 2 + 2 * u32[at + 1];
    this.#writeUvarint(target, u32[at + 1]);
    for (let word = at + 2; word < end; word++) this.#writeText(target, u32[word]);
  }

  #writeText(target: Uint8Array, symbol: number): void {
    const length = this.#symbols.length(symbol);
    const address = this.#symbols.address(symbol);
    this.#writeUvarint(target, length);
    target.set(this.#arena.u8.subarray(address, address + length), this.#at);
    this.#at += length;
  }

  #writeUvarint(target: Uint8Array, value: number): void {
    let rest = value;
    while (rest >= 0x80) {
      target[this.#at++] = (rest & 0x7f) | 0x80;
      rest >>>= 7;
    }
    target[this.#at++] = rest;
  }
}

function uvarintBytes(value: number): number {
  let bytes = 1;
  for (let rest = value >>> 7; rest > 0; rest >>>= 7) bytes++;
  return bytes;
}
