import type {KernelMemory} from '@narthex/kernels/kernel-memory.ts';
import type {Matcher} from '@narthex/model/matcher.ts';
import {NONE} from '../arena/table.ts';
import {VectorView} from '../arena/vector.ts';
import type {IndexReader} from './index-reader.ts';
import {isPlaceOfPair} from './postings.ts';
import type {Selector} from './select.ts';
import type {SlotList} from './slot-lists.ts';
import {SymbolSorter} from './sort-symbols.ts';

/** Symbols in byte order of their texts: `count` u32 at `address` of the thread's memory, which the caller releases. */
export interface SymbolList {
  readonly address: number;
  readonly count: number;
}

/**
 * Names and values of labels, for a reader's thread inside an epoch. Without matchers only the index is looked at, never the
 * series. A `limit` of 0 is none; otherwise the first so many in byte order are given.
 */
export class LabelLists {
  readonly #index: IndexReader;
  readonly #memory: KernelMemory;
  readonly #selector: Selector;
  readonly #pairs: VectorView;
  readonly #sorter: SymbolSorter;

  constructor(index: IndexReader, memory: KernelMemory, selector: Selector) {
    this.#index = index;
    this.#memory = memory;
    this.#selector = selector;
    this.#pairs = new VectorView(index.arena);
    this.#sorter = new SymbolSorter(index.arena, index.symbols, memory);
  }

  /** Names of the labels of all series that match all `matchers`. Throws MemoryLimitError. */
  names(matchers: readonly Matcher[], limit: number): SymbolList {
    const mark = this.#memory.mark();
    const {postings} = this.#index;
    const names = new SymbolCollector(this.#memory, postings.nameCount);
    if (matchers.length === 0) {
      for (let name = 0; name < postings.nameCount && !names.isFull; name++) {
        if (postings.seriesWith(name) > 0) names.push(postings.symbolOf(name));
      }
    } else this.#namesOf(this.#selector.select(matchers), names);
    return this.#finish(mark, names, limit);
  }

  /** Values of label `name` of all series that match all `matchers`. Throws MemoryLimitError. */
  values(name: string, matchers: readonly Matcher[], limit: number): SymbolList {
    const mark = this.#memory.mark();
    const symbol = this.#index.symbols.find(name);
    const number = symbol === NONE ? NONE : this.#index.postings.nameOf(symbol);
    if (number === NONE) return {address: mark, count: 0};
    const pairs = this.#pairs.read(this.#index.postings.pairsOf(number));
    const values = new SymbolCollector(this.#memory, pairs.count);
    if (matchers.every((matcher) => matcher.name === name)) this.#valuesOfName(pairs, matchers, values);
    else this.#valuesOf(this.#selector.select(matchers), symbol, values);
    return this.#finish(mark, values, limit);
  }

  /** The texts of a list, for callers that know it to be short. */
  texts(list: SymbolList): string[] {
    const symbols = this.#memory.u32.subarray(list.address >>> 2, (list.address >>> 2) + list.count);
    return Array.from(symbols, (symbol) => this.#index.symbols.text(symbol));
  }

  #valuesOfName(pairs: VectorView, matchers: readonly Matcher[], values: SymbolCollector): void {
    const {postings} = this.#index;
    const verdicts = matchers.map((matcher) => this.#selector.verdicts(matcher));
    const directory = postings.directory();
    for (let i = 0; i < pairs.count; i++) {
      const pair = pairs.at(i);
      if (!isPlaceOfPair(pair) || !postings.hasSeries(directory, pair)) continue;
      if (verdicts.every((v) => v.of(pair, i))) values.push(postings.valueIn(directory, pair));
    }
  }

  #namesOf(slots: SlotList, names: SymbolCollector): void {
    const {labelSets, arena} = this.#index;
    const seen = new SymbolSet(this.#memory, this.#index.symbols.limit);
    const directory = labelSets.directory();
    const list = slots.values();
    for (let i = 0; i < list.length && !names.isFull; i++) {
      const at = labelSets.addressIn(directory, list[i]) >>> 2;
      const end = at + 2 + 2 * arena.u32[at + 1];
      for (let word = at + 2; word < end; word += 2) if (seen.add(arena.u32[word])) names.push(arena.u32[word]);
    }
  }

  #valuesOf(slots: SlotList, name: number, values: SymbolCollector): void {
    const {labelSets} = this.#index;
    const seen = new SymbolSet(this.#memory, this.#index.symbols.limit);
    const directory = labelSets.directory();
    const list = slots.values();
    for (let i = 0; i < list.length && !values.isFull; i++) {
      const value = labelSets.valueIn(directory, list[i], name);
      if (value !== NONE && seen.add(value)) values.push(value);
    }
  }

  #finish(mark: number, symbols: SymbolCollector, limit: number): SymbolList {
    this.#memory.release(mark);
    const address = this.#memory.alloc(symbols.count * 4);
    this.#sorter.sort(address, symbols.count);
    const count = limit > 0 ? Math.min(limit, symbols.count) : symbols.count;
    this.#memory.resizeLast(address, count * 4);
    return {address, count};
  }
}

/** Symbols on their way to a list, first of what is taken from the memory. */
class SymbolCollector {
  readonly #memory: KernelMemory;
  readonly #word: number;
  readonly #capacity: number;
  count = 0;

  constructor(memory: KernelMemory, capacity: number) {
    this.#memory = memory;
    this.#word = memory.alloc(capacity * 4) >>> 2;
    this.#capacity = capacity;
  }

  /** Whether all that there can be is in: what appears meanwhile is left out. */
  get isFull(): boolean {
    return this.count === this.#capacity;
  }

  push(symbol: number): void {
    if (!this.isFull) this.#memory.u32[this.#word + this.count++] = symbol;
  }
}

/** A set of symbols, one bit each. */
class SymbolSet {
  readonly #u32: Uint32Array;
  readonly #word: number;
  readonly #limit: number;

  constructor(memory: KernelMemory, limit: number) {
    const bytes = (limit + 32) >>> 3;
    const address = memory.alloc(bytes + 4);
    memory.u8.fill(0, address, address + bytes + 4);
    this.#word = address >>> 2;
    this.#limit = limit;
    this.#u32 = memory.u32;
  }

  /** Whether `symbol` was not in the set yet. Symbols that are newer than the set are never taken in. */
  add(symbol: number): boolean {
    if (symbol >= this.#limit) return false;
    const at = this.#word + (symbol >>> 5);
    const bit = 1 << (symbol & 31);
    if ((this.#u32[at] & bit) !== 0) return false;
    this.#u32[at] |= bit;
    return true;
  }
}
