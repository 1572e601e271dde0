import {
  ALL_SERIES,
  ALL_UNSORTED,
  NAME_BYTES,
  NAME_PAIRS,
  NAME_RECORDS,
  NAME_SERIES,
  PAIR_BYTES,
  PAIR_ORDINAL,
  PAIR_RECORDS,
  PAIR_SLOTS,
  PAIR_TABLE,
  PAIR_VALUE,
  UNSORTED,
} from '@narthex/kernels/layout/label-index.ts';
import type {Arena} from '../arena/arena.ts';
import type {ArenaReader} from '../arena/reader.ts';
import {RecordsReader, RecordsWriter} from '../arena/records.ts';
import {NONE, TableReader, TableWriter} from '../arena/table.ts';
import {VectorWriter, vectorCount} from '../arena/vector.ts';
import {hashPair} from './hash.ts';
import type {SymbolReader, SymbolWriter} from './symbols.ts';

// Which series have a label: for each pair (name, value) that occurs, a record with the vector of slots, in rising order;
// for each name, a record with the vector of its pairs, so that regular expressions and label values see one name only.
// A pair is found by a table on the hash of its two symbols, a name by its symbol's record.

/** Stands for a pair that all series have. */
export const ALL = 0xffff_ffff;

/** Postings as their one writer has them. */
export class PostingsWriter {
  readonly #arena: Arena;
  readonly #symbols: SymbolWriter;
  readonly #vectors: VectorWriter;
  readonly #table: TableWriter;
  readonly #pairs: RecordsWriter;
  readonly #names: RecordsWriter;
  readonly #seed: number;

  constructor(arena: Arena, symbols: SymbolWriter) {
    this.#arena = arena;
    this.#symbols = symbols;
    this.#vectors = new VectorWriter(arena);
    this.#table = new TableWriter(arena, PAIR_TABLE);
    this.#pairs = new RecordsWriter(arena, PAIR_RECORDS, PAIR_BYTES);
    this.#names = new RecordsWriter(arena, NAME_RECORDS, NAME_BYTES);
    this.#seed = arena.hashSeed;
  }

  /** Label pairs that occur. */
  get pairCount(): number {
    return this.#table.count;
  }

  /**
   * Make room for one more series with label (`name`, `value`); returns the address of the pair's record. Throws
   * ArenaFullError; a pair without series may then be left, which readers skip.
   */
  reserve(name: number, value: number): number {
    const hash = hashPair(name, value, this.#seed);
    let pair = this.#table.first(hash);
    while (pair !== NONE && !this.#isPair(pair, name, value)) pair = this.#table.next();
    if (pair === NONE) pair = this.#addPair(hash, name, value);
    const record = this.#pairs.address(pair);
    this.#vectors.reserve(record + PAIR_SLOTS);
    return record;
  }

  /** Make room for one more series in the list of all. */
  reserveAll(): void {
    this.#vectors.reserve(ALL_SERIES);
  }

  /** Let readers know that a slot comes next that is smaller than some before it, in the lists of `pairs` (record addresses) and of all. */
  markUnsorted(pairs: Uint32Array): void {
    for (const pair of pairs) this.#arena.u32[(pair + PAIR_ORDINAL) >>> 2] |= UNSORTED;
    this.#arena.u32[ALL_UNSORTED >>> 2] = UNSORTED;
  }

  #isPair(pair: number, name: number, value: number): boolean {
    const record = this.#pairs.address(pair) >>> 2;
    return this.#arena.u32[record] === name && this.#arena.u32[record + PAIR_VALUE / 4] === value;
  }

  #addPair(hash: number, name: number, value: number): number {
    const pairs = this.#names.address(this.#nameOf(name)) + NAME_PAIRS;
    this.#vectors.reserve(pairs);
    this.#table.reserve(hash);
    this.#pairs.reserve();
    const record = this.#pairs.reserved >>> 2;
    this.#arena.u32[record] = name;
    this.#arena.u32[record + PAIR_VALUE / 4] = value;
    this.#arena.u32[record + PAIR_ORDINAL / 4] = vectorCount(this.#arena, pairs);
    const pair = this.#pairs.publish();
    this.#table.insert(hash, pair);
    this.#vectors.push(pairs, pair);
    this.#symbols.use(name, 1);
    this.#symbols.use(value, 1);
    return pair;
  }

  #nameOf(symbol: number): number {
    const known = this.#symbols.nameOf(symbol);
    if (known !== NONE) return known;
    this.#names.reserve();
    this.#arena.u32[this.#names.reserved >>> 2] = symbol;
    const name = this.#names.publish();
    this.#symbols.setName(symbol, name);
    return name;
  }
}

/** Postings as a reader's thread sees them, inside an epoch. Pairs and names are numbers, lists addresses of vectors. */
export class PostingsReader {
  readonly #arena: ArenaReader;
  readonly #symbols: SymbolReader;
  readonly #table: TableReader;
  readonly #pairs: RecordsReader;
  readonly #names: RecordsReader;
  readonly #seed: number;

  constructor(arena: ArenaReader, symbols: SymbolReader) {
    this.#arena = arena;
    this.#symbols = symbols;
    this.#table = new TableReader(arena, PAIR_TABLE);
    this.#pairs = new RecordsReader(arena, PAIR_RECORDS, PAIR_BYTES);
    this.#names = new RecordsReader(arena, NAME_RECORDS, NAME_BYTES);
    this.#seed = arena.hashSeed;
  }

  /** Label pairs that occur. */
  get pairCount(): number {
    return this.#table.count;
  }

  /** Label names that occur: numbers 0 to nameCount - 1. */
  get nameCount(): number {
    return this.#names.count;
  }

  /** The number of label pair (`name`, `value`), both symbols, or NONE. */
  find(name: number, value: number): number {
    let pair = this.#table.first(hashPair(name, value, this.#seed));
    while (pair !== NONE && (this.valueOf(pair) !== value || this.nameSymbolOf(pair) !== name))
      pair = this.#table.next();
    return pair;
  }

  /** The symbol of the pair's label name. */
  nameSymbolOf(pair: number): number {
    return this.#arena.u32[this.#pairs.address(pair) >>> 2];
  }

  /** The symbol of the pair's value. */
  valueOf(pair: number): number {
    return this.#arena.u32[(this.#pairs.address(pair) + PAIR_VALUE) >>> 2];
  }

  /** The place of `pair` among the pairs of its name. */
  ordinalOf(pair: number): number {
    return (this.#arena.u32[(this.#pairs.address(pair) + PAIR_ORDINAL) >>> 2] & ~UNSORTED) >>> 0;
  }

  /** The vector of the slots that have `pair`, or of all slots for ALL. */
  slotsOf(pair: number): number {
    return pair === ALL ? ALL_SERIES : this.#pairs.address(pair) + PAIR_SLOTS;
  }

  /** How many series have `pair`; all series for ALL. */
  seriesOf(pair: number): number {
    return vectorCount(this.#arena, this.slotsOf(pair));
  }

  /** Whether the slots counted before are in rising order (slots of removed series are used again). */
  isSorted(pair: number): boolean {
    const word = pair === ALL ? ALL_UNSORTED : this.#pairs.address(pair) + PAIR_ORDINAL;
    return (this.#arena.u32[word >>> 2] & UNSORTED) === 0;
  }

  /** The number of the label name with this symbol, or NONE. */
  nameOf(symbol: number): number {
    return this.#symbols.nameOf(symbol);
  }

  /** The symbol that spells label name `name`. */
  symbolOf(name: number): number {
    return this.#arena.u32[this.#names.address(name) >>> 2];
  }

  /** The vector of the pairs of label name `name`. */
  pairsOf(name: number): number {
    return this.#names.address(name) + NAME_PAIRS;
  }

  /** How many series have label name `name`. */
  seriesWith(name: number): number {
    return Atomics.load(this.#arena.i32, (this.#names.address(name) + NAME_SERIES) >>> 2) >>> 0;
  }
}
