import {compareUtf8} from '@narthex/model/utf8.ts';
import {Labels, METRIC_NAME} from '@narthex/model/labels.ts';
import type {SymbolTable} from '../storage.ts';
import {LocalSymbols} from './local-symbols.ts';
import {type QueryHeap, U32Column} from './query-heap.ts';

/** Symbols from here on are made by the query, those below come from the storage. */
const LOCAL_SYMBOLS = 2 ** 31;
const UNKNOWN = 0xffffffff;
const TABLE_BYTES = 32;
const LABELS_MAX = 4096;
const TEXTS_MAX = 4096;

/** A set of labels, by its number in the query's LabelTable; equal sets have equal numbers. */
export type LabelSetId = number;

/** The set without labels. */
export const EMPTY_SET: LabelSetId = 0;

/** Added to a LabelSetId (upper bit of the u32): the name is to be dropped at the end (delayed name removal). */
export const DROP_NAME = 2 ** 31;

export const labelSetIdOf = (ref: number): LabelSetId => (ref & 0x7fffffff) >>> 0;
export const dropsName = (ref: number): boolean => ref >= DROP_NAME;

/**
 * The label sets of one query as numbers, over the symbols of its storage and those the query makes itself. Everything proportional to the number of
 * sets lies in the query's memory.
 */
export class LabelTable {
  readonly #heap: QueryHeap;
  readonly #storage: SymbolTable;
  readonly #table: number;
  readonly #offsets: U32Column;
  #slots: number;
  #slotsBytes = 1024;
  #pool: number;
  #poolBytes = 4096;
  /** Pairs of one set being built: name and value symbol of each, `LABELS_MAX` at most. */
  readonly scratch: number;

  readonly #local: LocalSymbols;
  readonly #texts = new Map<number, string>();
  readonly #names = new Map<string, number>();
  readonly #projections = new Map<string, Projection>();

  constructor(heap: QueryHeap, storage: SymbolTable) {
    this.#heap = heap;
    this.#storage = storage;
    this.#table = heap.take(TABLE_BYTES);
    this.#slots = heap.take(this.#slotsBytes);
    this.#pool = heap.take(this.#poolBytes);
    this.scratch = heap.take(LABELS_MAX * 8);
    this.#offsets = new U32Column(heap);
    this.#local = new LocalSymbols(heap);
    const {u32} = heap.memory;
    u32.fill(0, this.#slots >>> 2, (this.#slots + this.#slotsBytes) >>> 2);
    u32.fill(0, this.#table >>> 2, (this.#table + TABLE_BYTES) >>> 2);
    this.#offsets.push(0);
    this.#reserve(0);
    this.intern(0);
  }

  /** Number of label sets so far. */
  get size(): number {
    return this.#heap.memory.u32[(this.#table >>> 2) + 4];
  }

  /** The number of the set whose `count` pairs stand in `scratch`, sorted by name. */
  intern(count: number): LabelSetId {
    this.#reserve(count);
    return this.#heap.memory.kernels.labelSetOf(this.#table, this.scratch, count) >>> 0;
  }

  /** A view of the pairs of a set (name symbol, value symbol, ...), valid until the heap is used next. */
  pairs(id: LabelSetId): Uint32Array {
    const begin = this.#offsets.get(id) * 2;
    const end = this.#offsets.get(id + 1) * 2;
    const pool = this.#pool >>> 2;
    return this.#heap.memory.u32.subarray(pool + begin, pool + end);
  }

  /** The value symbol of a label; -1 when the set has none of that name. */
  valueSymbol(id: LabelSetId, name: number): number {
    const pairs = this.pairs(id);
    for (let i = 0; i < pairs.length; i += 2) if (pairs[i] === name) return pairs[i + 1];
    return -1;
  }

  /** The value of a label, '' when the set has none of that name. */
  value(id: LabelSetId, name: string): string {
    const symbol = this.find(name);
    const value = symbol < 0 ? -1 : this.valueSymbol(id, symbol);
    return value < 0 ? '' : this.text(value);
  }

  /** The set with `name` set to `value`, or without `name` when `value` is ''. */
  with(id: LabelSetId, name: string, value: string): LabelSetId {
    const nameSymbol = this.symbol(name);
    const valueSymbol = value === '' ? -1 : this.symbol(value);
    return this.withSymbols(id, nameSymbol, valueSymbol);
  }

  /** The set with the label `name` set to `value`, or without it when `value` is -1; both are symbols. */
  withSymbols(id: LabelSetId, name: number, value: number): LabelSetId {
    const text = this.text(name);
    const pairs = this.pairs(id);
    const out = this.#heap.memory.u32;
    const begin = this.scratch >>> 2;
    let at = begin;
    let isSet = value < 0;
    for (let i = 0; i < pairs.length; i += 2) {
      const isSame = pairs[i] === name;
      if (!isSet && (isSame || compareUtf8(this.text(pairs[i]), text) > 0)) {
        out[at++] = name;
        out[at++] = value;
        isSet = true;
      }
      if (isSame) continue;
      out[at++] = pairs[i];
      out[at++] = pairs[i + 1];
    }
    if (!isSet) {
      out[at++] = name;
      out[at++] = value;
    }
    return this.intern((at - begin) / 2);
  }

  /** The set as `Labels`, for messages and for the few places that want texts. */
  labels(id: LabelSetId): Labels {
    const texts: string[] = [];
    for (const symbol of this.pairs(id).slice()) texts.push(this.text(symbol));
    return Labels.fromSorted(texts);
  }

  /** Number of the set with these labels. */
  ofLabels(labels: Iterable<readonly [name: string, value: string]>): LabelSetId {
    const symbols: number[] = [];
    for (const [name, value] of Labels.of(labels).entries()) symbols.push(this.symbol(name), this.symbol(value));
    this.#heap.memory.u32.set(symbols, this.scratch >>> 2);
    return this.intern(symbols.length / 2);
  }

  /** The symbol of `text`; -1 when neither the storage nor the query knows it. */
  find(text: string): number {
    const known = this.#names.get(text);
    if (known !== undefined) return known;
    const stored = this.#storage.find(text);
    const symbol = stored >= 0 ? stored : this.#findLocal(text);
    if (symbol >= 0 && this.#names.size < TEXTS_MAX) this.#names.set(text, symbol);
    return symbol;
  }

  /** The symbol of `text`, made when there is none yet. */
  symbol(text: string): number {
    const found = this.find(text);
    return found >= 0 ? found : LOCAL_SYMBOLS + this.#local.add(text);
  }

  text(symbol: number): string {
    const known = this.#texts.get(symbol);
    if (known !== undefined) return known;
    const isLocal = symbol >= LOCAL_SYMBOLS;
    const text = isLocal ? this.#local.text(symbol - LOCAL_SYMBOLS) : this.#storage.text(symbol);
    if (this.#texts.size >= TEXTS_MAX) this.#texts.clear();
    this.#texts.set(symbol, text);
    return text;
  }

  /** The map from sets to what is left of them when only (`keep`) or all but the labels in `names` stay. The same arguments give the same object. */
  projection(names: readonly string[], keep: boolean): Projection {
    const key = JSON.stringify([keep, ...names.toSorted()]);
    let projection = this.#projections.get(key);
    if (projection === undefined) {
      projection = new Projection(this.#heap, this, names, keep);
      this.#projections.set(key, projection);
    }
    return projection;
  }

  /** Sets without name, type and unit: what is left when a function changes the meaning of a value. */
  get withoutName(): Projection {
    return this.projection([METRIC_NAME, '__type__', '__unit__'], false);
  }

  #findLocal(text: string): number {
    const number = this.#local.find(text);
    return number < 0 ? -1 : LOCAL_SYMBOLS + number;
  }

  /** Room for one more set with `count` pairs. */
  #reserve(count: number): void {
    const heap = this.#heap;
    const sets = heap.memory.u32[(this.#table >>> 2) + 4];
    this.#offsets.length = sets + 1;
    this.#offsets.reserve(sets + 2);
    const needed = (this.#offsets.get(sets) + count) * 8;
    if (needed > this.#poolBytes) {
      const to = heap.take(needed * 2);
      heap.memory.u8.copyWithin(to, this.#pool, this.#pool + this.#poolBytes);
      heap.give(this.#pool, this.#poolBytes);
      this.#pool = to;
      this.#poolBytes = needed * 2;
    }
    const mustRehash = (sets + 1) * 8 > this.#slotsBytes;
    if (mustRehash) {
      heap.give(this.#slots, this.#slotsBytes);
      this.#slotsBytes *= 4;
      this.#slots = heap.take(this.#slotsBytes);
      heap.memory.u32.fill(0, this.#slots >>> 2, (this.#slots + this.#slotsBytes) >>> 2);
    }
    const header = this.#table >>> 2;
    const {u32} = heap.memory;
    u32[header] = this.#slots;
    u32[header + 1] = this.#offsets.address;
    u32[header + 2] = this.#pool;
    u32[header + 3] = this.#slotsBytes / 4 - 1;
    if (mustRehash) heap.memory.kernels.labelSetsRehash(this.#table);
  }
}

/** Maps label sets to the part of them that has (or has not) certain names; remembers what it mapped. */
export class Projection {
  readonly #heap: QueryHeap;
  readonly #table: LabelTable;
  readonly #names: readonly string[];
  readonly #keep: boolean;
  readonly #known: U32Column;
  /** Address of the symbols of the names that exist; those made later cannot stand in a set of the storage, but in one of the query. */
  readonly #symbols: number;

  constructor(heap: QueryHeap, table: LabelTable, names: readonly string[], keep: boolean) {
    this.#heap = heap;
    this.#table = table;
    this.#names = names;
    this.#keep = keep;
    this.#known = new U32Column(heap);
    this.#symbols = heap.take(Math.max(1, names.length) * 4);
    const symbols = names.map((name) => table.symbol(name));
    heap.memory.u32.set(symbols, this.#symbols >>> 2);
  }

  /** What is left of the set `id`. */
  of(id: LabelSetId): LabelSetId {
    if (id >= this.#known.length) this.#known.resize(Math.max(id + 1, this.#known.length * 2, 64), UNKNOWN);
    const known = this.#known.get(id);
    if (known !== UNKNOWN) return known;
    const pairs = this.#table.pairs(id);
    this.#heap.memory.u32.set(pairs, this.#table.scratch >>> 2);
    const mapped = this.ofScratch(pairs.length / 2);
    this.#known.set(id, mapped);
    return mapped;
  }

  /** What is left of the `count` pairs in the table's `scratch`. */
  ofScratch(count: number): LabelSetId {
    const {scratch} = this.#table;
    const kept = this.#heap.memory.kernels.labelsFilter(scratch, count, this.#symbols, this.#names.length, this.#keep);
    return this.#table.intern(kept);
  }
}
