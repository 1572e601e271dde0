import {utf8Length, writeUtf8} from '@narthex/model/utf8.ts';
import type {LabelTable} from './label-table.ts';
import {labelSetIdOf} from './label-table.ts';
import {type QueryHeap, U32Column} from './query-heap.ts';
import type {RowTable} from './row-table.ts';

/** The texts of the labels of a result: each distinct symbol gets a number and its UTF-8 bytes once, each row a list of numbers. */
export class SymbolTexts {
  readonly #heap: QueryHeap;
  readonly #labels: LabelTable;
  /** Hash table of symbol and number + 1. */
  #slots = 0;
  #slotsBytes = 0;
  #count = 0;
  readonly offsets: U32Column;
  #texts = 0;
  #textsBytes = 0;
  #used = 0;
  #pairs = new Uint32Array(64);
  /** Numbers of name, value, name, value... of all rows. */
  readonly numbers: U32Column;
  /** Where the numbers of each row begin; one more than there are rows. */
  readonly begins: U32Column;

  constructor(heap: QueryHeap, labels: LabelTable) {
    this.#heap = heap;
    this.#labels = labels;
    this.offsets = new U32Column(heap);
    this.numbers = new U32Column(heap);
    this.begins = new U32Column(heap);
    this.offsets.push(0);
    this.begins.push(0);
    this.#growSlots(4096);
  }

  /** Address of the bytes of all texts. */
  get texts(): number {
    return this.#texts;
  }

  /** Number of distinct texts. */
  get length(): number {
    return this.#count;
  }

  /** Adds the labels of all rows of a table, in its order. */
  addRows(table: RowTable): void {
    for (let row = 0; row < table.rows; row++) {
      const pairs = this.#labels.pairs(labelSetIdOf(table.labelsOf(row)));
      const {length} = pairs;
      // Adding a text may move the memory's views.
      if (length > this.#pairs.length) this.#pairs = new Uint32Array(length * 2);
      this.#pairs.set(pairs);
      for (let i = 0; i < length; i++) this.numbers.push(this.#numberOf(this.#pairs[i]));
      this.begins.push(this.numbers.length);
    }
  }

  /** The rows' numbers in the order of their labels, names and values compared by bytes. */
  sortedRows(rows: number): Uint32Array {
    const {kernels} = this.#heap.memory;
    const ranks = this.#ranks();
    const keys = new U32Column(this.#heap);
    for (let i = 0; i < this.numbers.length; i++) keys.push(ranks.get(this.numbers.get(i)));
    const order = new U32Column(this.#heap);
    for (let row = 0; row < rows; row++) order.push(row);
    const scratch = this.#heap.take(rows * 4 + 4);
    kernels.orderByKeys(rows, order.address, this.begins.address, keys.address, scratch);
    const sorted = order.view().slice();
    this.#heap.give(scratch, rows * 4 + 4);
    for (const column of [ranks, keys, order]) column.free();
    return sorted;
  }

  /** Most bytes that the labels of a row take as JSON. */
  jsonBytesMax(row: number): number {
    let bytes = 2;
    for (let i = this.begins.get(row); i < this.begins.get(row + 1); i++) {
      const number = this.numbers.get(i);
      bytes += 3 + 6 * (this.offsets.get(number + 1) - this.offsets.get(number));
    }
    return bytes;
  }

  free(): void {
    this.#heap.give(this.#slots, this.#slotsBytes);
    this.#heap.give(this.#texts, this.#textsBytes);
    for (const column of [this.offsets, this.numbers, this.begins]) column.free();
  }

  /** The place of each text among all texts, by bytes. */
  #ranks(): U32Column {
    const count = this.#count;
    const order = new U32Column(this.#heap);
    const ranks = new U32Column(this.#heap);
    for (let i = 0; i < count; i++) order.push(i);
    ranks.resize(count, 0);
    const scratch = this.#heap.take(count * 4 + 4);
    const {kernels} = this.#heap.memory;
    kernels.orderByBytes(count, order.address, this.offsets.address, this.#texts, scratch);
    for (let i = 0; i < count; i++) ranks.set(order.get(i), i);
    this.#heap.give(scratch, count * 4 + 4);
    order.free();
    return ranks;
  }

  #numberOf(symbol: number): number {
    const slot = this.#slotOf(symbol);
    const known = this.#heap.memory.u32[slot + 1];
    if (known !== 0) return known - 1;
    this.#addText(this.#labels.text(symbol));
    const {u32} = this.#heap.memory;
    u32[slot] = symbol;
    u32[slot + 1] = ++this.#count;
    if (this.#count * 16 > this.#slotsBytes) this.#growSlots(this.#slotsBytes * 4);
    return this.#count - 1;
  }

  /** Index of the words of a symbol in the hash table, or of the free ones where it belongs. */
  #slotOf(symbol: number): number {
    const {u32} = this.#heap.memory;
    const mask = this.#slotsBytes / 8 - 1;
    let slot = Math.imul(symbol, 0x9e3779b1) >>> 7;
    for (; ; slot++) {
      const at = (this.#slots >>> 2) + (slot & mask) * 2;
      if (u32[at + 1] === 0 || u32[at] === symbol) return at;
    }
  }

  #addText(text: string): void {
    const end = this.#used + utf8Length(text);
    if (end > this.#textsBytes) {
      const bytes = Math.max(65_536, end * 2);
      const to = this.#heap.take(bytes);
      this.#heap.memory.u8.copyWithin(to, this.#texts, this.#texts + this.#used);
      this.#heap.give(this.#texts, this.#textsBytes);
      this.#texts = to;
      this.#textsBytes = bytes;
    }
    writeUtf8(text, this.#heap.memory.u8, this.#texts + this.#used);
    this.#used = end;
    this.offsets.push(end);
  }

  #growSlots(bytes: number): void {
    const oldSlots = this.#slots;
    const oldBytes = this.#slotsBytes;
    this.#slots = this.#heap.take(bytes);
    this.#slotsBytes = bytes;
    const {u32} = this.#heap.memory;
    u32.fill(0, this.#slots >>> 2, (this.#slots + bytes) >>> 2);
    for (let at = oldSlots >>> 2; at < (oldSlots + oldBytes) >>> 2; at += 2) {
      if (u32[at + 1] === 0) continue;
      const slot = this.#slotOf(u32[at]);
      u32[slot] = u32[at];
      u32[slot + 1] = u32[at + 1];
    }
    this.#heap.give(oldSlots, oldBytes);
  }
}
