import {
  ALL_SERIES,
  ALL_VECTOR,
  ALL_VECTOR_SPARE,
  FREE_PLACE,
  NAME_BYTES,
  NAME_FREE,
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

/** Whether a value of a name's vector is a pair: those that are gone leave a place without one. */
export const isPlaceOfPair = (place: number): boolean => place < FREE_PLACE;

/** Postings as their one writer has them. */
export class PostingsWriter {
  readonly #arena: Arena;
  readonly #symbols: SymbolWriter;
  readonly #vectors: VectorWriter;
  readonly #table: TableWriter;
  readonly #pairs: RecordsWriter;
  readonly #names: RecordsWriter;
  readonly #seed: number;
  /** First of the released pairs + 1; the next one + 1 lies in its record. */
  #freePair = 0;

  constructor(arena: Arena, symbols: SymbolWriter) {
    this.#arena = arena;
    this.#symbols = symbols;
    this.#vectors = new VectorWriter(arena);
    this.#table = new TableWriter(arena, PAIR_TABLE);
    this.#pairs = new RecordsWriter(arena, PAIR_RECORDS, PAIR_BYTES);
    this.#names = new RecordsWriter(arena, NAME_RECORDS, NAME_BYTES);
    this.#seed = arena.hashSeed;
    Atomics.store(arena.i32, ALL_SERIES >>> 2, ALL_VECTOR);
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
    const found = this.find(name, value);
    const pair = found === NONE ? this.#addPair(hashPair(name, value, this.#seed), name, value) : found;
    const record = this.#pairs.address(pair);
    this.#vectors.reserve(record + PAIR_SLOTS);
    return record;
  }

  /** Make room for one more series in the list of all. */
  reserveAll(): void {
    this.#vectors.reserve(this.allSlots);
  }

  /** The vector of all series' slots. */
  get allSlots(): number {
    return this.#arena.u32[ALL_SERIES >>> 2];
  }

  /** The vector of all series' slots that readers do not see, to be filled and published. */
  get spareAllSlots(): number {
    return this.allSlots === ALL_VECTOR ? ALL_VECTOR_SPARE : ALL_VECTOR;
  }

  /** Let readers see the spare list of all series; the other one is the spare now, to be cleared when no reader can see it. */
  swapAll(): void {
    Atomics.store(this.#arena.i32, ALL_SERIES >>> 2, this.spareAllSlots);
  }

  /** Let readers know that a slot comes next that is smaller than some before it, in the lists of `pairs` (record addresses) and of all. */
  markUnsorted(pairs: Uint32Array): void {
    for (const pair of pairs) this.#arena.u32[(pair + PAIR_ORDINAL) >>> 2] |= UNSORTED;
    this.#arena.u32[(this.allSlots >>> 2) - 1] = UNSORTED;
  }

  /** The number of label pair (`name`, `value`), both symbols, or NONE. */
  find(name: number, value: number): number {
    let pair = this.#table.first(hashPair(name, value, this.#seed));
    while (pair !== NONE && !this.#isPair(pair, name, value)) pair = this.#table.next();
    return pair;
  }

  /** Pairs are below. */
  get limit(): number {
    return this.#pairs.count;
  }

  /** The vector of the slots that have `pair`. */
  slotsOf(pair: number): number {
    return this.#pairs.address(pair) + PAIR_SLOTS;
  }

  /** The symbol of the pair's label name. */
  nameSymbolOf(pair: number): number {
    return this.#arena.u32[this.#pairs.address(pair) >>> 2];
  }

  /** The symbol of the pair's value. */
  valueOf(pair: number): number {
    return this.#arena.u32[(this.#pairs.address(pair) + PAIR_VALUE) >>> 2];
  }

  /** Series that have the label name with this symbol: one less. To be called before the series leaves the list of all. */
  leaveName(symbol: number): void {
    const series = (this.#names.address(this.#symbols.nameOf(symbol)) + NAME_SERIES) >>> 2;
    Atomics.sub(this.#arena.i32, series, 1);
  }

  /** A new pair of the same name and value that nobody finds, with an empty list. Throws ArenaFullError, nothing changed. */
  cloneOf(pair: number): number {
    this.#reservePair();
    const clone = this.#takePair();
    const source = this.#pairs.address(pair) >>> 2;
    const target = this.#pairs.address(clone) >>> 2;
    this.#arena.u32.copyWithin(target, source, source + PAIR_ORDINAL / 4 + 1);
    this.#arena.u32[target + PAIR_ORDINAL / 4] &= ~UNSORTED;
    return clone;
  }

  /** Let `clone` take the place of `pair`. Throws ArenaFullError, nothing changed. */
  substitute(pair: number, clone: number): true {
    const {u32} = this.#arena;
    const record = this.#pairs.address(pair) >>> 2;
    const hash = hashPair(u32[record], u32[record + PAIR_VALUE / 4], this.#seed);
    this.#table.insert(hash, clone);
    this.#vectors.replace(this.#pairsBeside(pair), this.#ordinalOf(pair), clone);
    this.#table.remove(hash, pair);
    return true;
  }

  /** Let `pair`, which no series has any more, not be found. */
  unlink(pair: number): void {
    const {u32} = this.#arena;
    const record = this.#pairs.address(pair) >>> 2;
    this.#table.remove(hashPair(u32[record], u32[record + PAIR_VALUE / 4], this.#seed), pair);
    this.#vectors.replace(this.#pairsBeside(pair), this.#ordinalOf(pair), FREE_PLACE);
  }

  /** Let the place of `pair` among those of its name be used again: it was unlinked and no reader can know it. */
  releasePlace(pair: number): void {
    const name = this.#nameBeside(pair);
    const free = (name + NAME_FREE) >>> 2;
    const ordinal = this.#ordinalOf(pair);
    this.#vectors.replace(name + NAME_PAIRS, ordinal, FREE_PLACE + this.#arena.u32[free]);
    this.#arena.u32[free] = ordinal + 1;
  }

  /** Give back the list and the number of a pair that nobody can find. */
  release(pair: number): void {
    const record = this.#pairs.address(pair);
    this.#vectors.clear(record + PAIR_SLOTS);
    this.#arena.u32[record >>> 2] = this.#freePair;
    this.#freePair = pair + 1;
  }

  #isPair(pair: number, name: number, value: number): boolean {
    const record = this.#pairs.address(pair) >>> 2;
    return this.#arena.u32[record] === name && this.#arena.u32[record + PAIR_VALUE / 4] === value;
  }

  #ordinalOf(pair: number): number {
    return this.#arena.u32[(this.#pairs.address(pair) + PAIR_ORDINAL) >>> 2] & ~UNSORTED;
  }

  /** Address of the record of the pair's name. */
  #nameBeside(pair: number): number {
    return this.#names.address(this.#symbols.nameOf(this.#arena.u32[this.#pairs.address(pair) >>> 2]));
  }

  /** The vector of all pairs of the pair's name. */
  #pairsBeside(pair: number): number {
    return this.#nameBeside(pair) + NAME_PAIRS;
  }

  #addPair(hash: number, name: number, value: number): number {
    const record = this.#names.address(this.#nameOf(name));
    this.#vectors.reserve(record + NAME_PAIRS);
    this.#table.reserve(hash);
    this.#reservePair();
    const pair = this.#takePair();
    const at = this.#pairs.address(pair) >>> 2;
    this.#arena.u32[at] = name;
    this.#arena.u32[at + PAIR_VALUE / 4] = value;
    this.#arena.u32[at + PAIR_ORDINAL / 4] = this.#place(record, pair);
    this.#table.insert(hash, pair);
    this.#symbols.use(name);
    this.#symbols.use(value);
    return pair;
  }

  /** Put `pair` among those of its name; returns its place. */
  #place(name: number, pair: number): number {
    const free = (name + NAME_FREE) >>> 2;
    const ordinal = this.#arena.u32[free] - 1;
    if (ordinal < 0) {
      this.#vectors.push(name + NAME_PAIRS, pair);
      return vectorCount(this.#arena, name + NAME_PAIRS) - 1;
    }
    this.#arena.u32[free] = this.#vectors.at(name + NAME_PAIRS, ordinal) - FREE_PLACE;
    this.#vectors.replace(name + NAME_PAIRS, ordinal, pair);
    return ordinal;
  }

  #reservePair(): void {
    if (this.#freePair === 0) this.#pairs.reserve();
  }

  /** The number of a pair that nothing leads to: a released one or the next. */
  #takePair(): number {
    if (this.#freePair === 0) return this.#pairs.publish();
    const pair = this.#freePair - 1;
    this.#freePair = this.#arena.u32[this.#pairs.address(pair) >>> 2];
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

  /** What `valueIn` and `hasSeries` want; good for pairs that were seen before, until the end of the epoch. */
  directory(): number {
    return this.#pairs.directory();
  }

  /** `valueOf`, the directory taken once for many. */
  valueIn(directory: number, pair: number): number {
    return this.#arena.u32[(this.#pairs.addressIn(directory, pair) + PAIR_VALUE) >>> 2];
  }

  /** Whether there are series that have `pair`. */
  hasSeries(directory: number, pair: number): boolean {
    return this.#arena.u32[(this.#pairs.addressIn(directory, pair) + PAIR_SLOTS + 4) >>> 2] > 0;
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

  /** The vector of the slots that have `pair`. */
  slotsOf(pair: number): number {
    return this.#pairs.address(pair) + PAIR_SLOTS;
  }

  /** The vector of the slots of all series, as it is at this moment; another one may take its place. */
  allSlots(): number {
    return Atomics.load(this.#arena.i32, ALL_SERIES >>> 2) >>> 0;
  }

  /** How many series have `pair`. */
  seriesOf(pair: number): number {
    return vectorCount(this.#arena, this.slotsOf(pair));
  }

  /** Whether the slots that were counted before in this vector are in rising order (slots of removed series are used again). */
  isSorted(slots: number): boolean {
    return (this.#arena.u32[(slots >>> 2) - 1] & UNSORTED) === 0;
  }

  /** The number of the label name with this symbol, or NONE. */
  nameOf(symbol: number): number {
    return this.#symbols.nameOf(symbol);
  }

  /** The symbol that spells label name `name`. */
  symbolOf(name: number): number {
    return this.#arena.u32[this.#names.address(name) >>> 2];
  }

  /** The vector of the pairs of label name `name`; what `isPlaceOfPair` refuses is none. */
  pairsOf(name: number): number {
    return this.#names.address(name) + NAME_PAIRS;
  }

  /** How many series have label name `name`. */
  seriesWith(name: number): number {
    return Atomics.load(this.#arena.i32, (this.#names.address(name) + NAME_SERIES) >>> 2) >>> 0;
  }
}
