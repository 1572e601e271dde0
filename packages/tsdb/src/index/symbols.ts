import {
  SYMBOL_BYTES,
  SYMBOL_LENGTH,
  SYMBOL_NAME,
  SYMBOL_RECORDS,
  SYMBOL_TABLE,
  SYMBOL_USES,
} from '@narthex/kernels/layout/label-index.ts';
import type {Arena} from '../arena/arena.ts';
import type {ArenaReader} from '../arena/reader.ts';
import {RecordsReader, RecordsWriter} from '../arena/records.ts';
import {NONE, TableReader, TableWriter} from '../arena/table.ts';
import {WORD_SYMBOL_GENERATION} from '../arena/layout.ts';
import {hashBytes} from './hash.ts';

// Every label name and value is stored once, as its bytes, and has a number: its symbol. A record each says where the bytes
// lie, how many label pairs use it, and which label name it spells, if any.

/** Words of a record. */
const LENGTH = SYMBOL_LENGTH / 4;
const USES = SYMBOL_USES / 4;
const NAME = SYMBOL_NAME / 4;

/** Longest name or value that is kept. */
export const SYMBOL_BYTES_MAX = 1 << 20;

/** A label name or value is longer than the storage takes. */
export class SymbolTooLongError extends Error {
  override readonly name = 'SymbolTooLongError';
  readonly code = 'symbol_too_long';
  readonly bytes: number;

  constructor(bytes: number) {
    super(`label name or value of ${bytes} bytes, at most ${SYMBOL_BYTES_MAX} are stored`);
    this.bytes = bytes;
  }
}

/** Symbols as their one writer has them. */
export class SymbolWriter {
  readonly #arena: Arena;
  readonly #table: TableWriter;
  readonly #records: RecordsWriter;
  readonly #seed: number;
  /** First of the released symbols + 1; the next one + 1 lies in its record. */
  #free = 0;

  constructor(arena: Arena) {
    this.#arena = arena;
    this.#table = new TableWriter(arena, SYMBOL_TABLE);
    this.#records = new RecordsWriter(arena, SYMBOL_RECORDS, SYMBOL_BYTES);
    this.#seed = arena.hashSeed;
  }

  get count(): number {
    return this.#table.count;
  }

  /** What `find` and `intern` want to know of `bytes[start..end)`. */
  hash(bytes: Uint8Array, start: number, end: number): number {
    return hashBytes(bytes, start, end, this.#seed);
  }

  /** The symbol of `bytes[start..end)`, or NONE. */
  find(hash: number, bytes: Uint8Array, start: number, end: number): number {
    let symbol = this.#table.first(hash);
    while (symbol !== NONE && !this.#isText(symbol, bytes, start, end)) symbol = this.#table.next();
    return symbol;
  }

  /** The symbol of `bytes[start..end)`, made if there is none. Throws ArenaFullError or SymbolTooLongError, nothing changed. */
  intern(hash: number, bytes: Uint8Array, start: number, end: number): number {
    const found = this.find(hash, bytes, start, end);
    return found === NONE ? this.#add(hash, bytes, start, end) : found;
  }

  /** Count one more label pair that uses `symbol`. */
  use(symbol: number): void {
    this.#arena.u32[(this.#records.address(symbol) >>> 2) + USES]++;
  }

  /**
   * Count one label pair less that uses `symbol`. When it was the last, and no label is named so, the symbol is not found any
   * more, and the answer is true: `release` it when no reader can know it.
   */
  leave(symbol: number): boolean {
    const record = this.#records.address(symbol) >>> 2;
    const {u8, u32} = this.#arena;
    if (--u32[record + USES] > 0 || u32[record + NAME] !== 0) return false;
    this.#table.remove(this.hash(u8, u32[record], u32[record] + u32[record + LENGTH]), symbol);
    return true;
  }

  /** Give back the memory and the number of a symbol that `leave` has let go. Its generation must be over: see `WORD_SYMBOL_GENERATION`. */
  release(symbol: number): void {
    const record = this.#records.address(symbol) >>> 2;
    const {u32, slabs} = this.#arena;
    if (u32[record + LENGTH] > 0) slabs.free(u32[record], u32[record + LENGTH]);
    u32[record] = this.#free;
    this.#free = symbol + 1;
  }

  /** The number of the label name that is spelled `symbol`, or NONE. */
  nameOf(symbol: number): number {
    return this.#arena.u32[(this.#records.address(symbol) >>> 2) + NAME] - 1;
  }

  /** Let readers see that `symbol` spells label name `name`. */
  setName(symbol: number, name: number): void {
    Atomics.store(this.#arena.i32, (this.#records.address(symbol) >>> 2) + NAME, name + 1);
  }

  #isText(symbol: number, bytes: Uint8Array, start: number, end: number): boolean {
    const record = this.#records.address(symbol) >>> 2;
    const {u8, u32} = this.#arena;
    if (u32[record + LENGTH] !== end - start) return false;
    const offset = u32[record] - start;
    for (let i = start; i < end; i++) if (u8[offset + i] !== bytes[i]) return false;
    return true;
  }

  #add(hash: number, bytes: Uint8Array, start: number, end: number): number {
    const length = end - start;
    if (length > SYMBOL_BYTES_MAX) throw new SymbolTooLongError(length);
    this.#table.reserve(hash);
    if (this.#free === 0) this.#records.reserve();
    const address = length === 0 ? 0 : this.#arena.slabs.alloc(length);
    const {u8} = this.#arena;
    if (bytes === u8) u8.copyWithin(address, start, end);
    else u8.set(bytes.subarray(start, end), address);
    const symbol = this.#take();
    const record = this.#records.address(symbol) >>> 2;
    this.#arena.u32[record] = address;
    this.#arena.u32[record + LENGTH] = length;
    this.#table.insert(hash, symbol);
    return symbol;
  }

  /** The number of a symbol that nothing leads to: a released one or the next. */
  #take(): number {
    if (this.#free === 0) return this.#records.publish();
    const symbol = this.#free - 1;
    this.#free = this.#arena.u32[this.#records.address(symbol) >>> 2];
    return symbol;
  }
}

const CACHE_ENTRIES = 16_384;
/** Longer strings are decoded anew each time, which bounds the cache: 16384 × 512 bytes. */
const CACHED_BYTES_MAX = 512;

/**
 * Symbols as a reader's thread sees them, inside an epoch. Texts are decoded when asked for and kept in a small cache;
 * equal symbols are equal texts and the other way round.
 */
export class SymbolReader {
  readonly #arena: ArenaReader;
  readonly #table: TableReader;
  readonly #records: RecordsReader;
  readonly #seed: number;
  readonly #cachedSymbols = new Int32Array(CACHE_ENTRIES).fill(NONE);
  readonly #cachedTexts: string[] = new Array<string>(CACHE_ENTRIES).fill('');
  #bytes = Buffer.alloc(1024);
  #generation = 0;

  constructor(arena: ArenaReader) {
    this.#arena = arena;
    this.#table = new TableReader(arena, SYMBOL_TABLE);
    this.#records = new RecordsReader(arena, SYMBOL_RECORDS, SYMBOL_BYTES);
    this.#seed = arena.hashSeed;
  }

  /** Call after entering an epoch: forgets texts of symbols whose number was given away. True when it did. */
  refresh(): boolean {
    const generation = Atomics.load(this.#arena.i32, WORD_SYMBOL_GENERATION);
    if (generation === this.#generation) return false;
    this.#generation = generation;
    this.#cachedSymbols.fill(NONE);
    return true;
  }

  /** Changes when symbols' numbers were given away: whoever keeps facts by symbol then forgets them. */
  get generation(): number {
    return this.#generation;
  }

  get count(): number {
    return this.#table.count;
  }

  /** All symbols are below. */
  get limit(): number {
    return this.#records.count;
  }

  /** The text of `symbol`. */
  text(symbol: number): string {
    const at = symbol & (CACHE_ENTRIES - 1);
    if (this.#cachedSymbols[at] === symbol) return this.#cachedTexts[at];
    const length = this.length(symbol);
    const text = this.decode(symbol);
    if (length <= CACHED_BYTES_MAX) {
      this.#cachedSymbols[at] = symbol;
      this.#cachedTexts[at] = text;
    }
    return text;
  }

  /** The text of `symbol`, not to be kept in the cache: for a look at many. */
  decode(symbol: number): string {
    const address = this.address(symbol);
    const length = this.length(symbol);
    if (this.#bytes.length < length) this.#bytes = Buffer.alloc(length);
    this.#bytes.set(this.#arena.u8.subarray(address, address + length));
    return this.#bytes.toString('utf8', 0, length);
  }

  /** Whether the bytes of `symbol` begin with `prefix`. */
  startsWith(symbol: number, prefix: Uint8Array): boolean {
    if (prefix.length === 0) return true;
    if (this.length(symbol) < prefix.length) return false;
    const {u8} = this.#arena;
    const address = this.address(symbol);
    for (let i = 0; i < prefix.length; i++) if (u8[address + i] !== prefix[i]) return false;
    return true;
  }

  /** The symbol of `text`, or -1 when the arena has none. */
  find(text: string): number {
    if (this.#bytes.length < text.length * 3) this.#bytes = Buffer.alloc(text.length * 3);
    const length = this.#bytes.write(text, 'utf8');
    const hash = hashBytes(this.#bytes, 0, length, this.#seed);
    let symbol = this.#table.first(hash);
    while (symbol !== NONE && !this.#isText(symbol, length)) symbol = this.#table.next();
    return symbol;
  }

  /** What `recordIn` wants; good for symbols below what `limit` was, until the end of the epoch. */
  directory(): number {
    return this.#records.directory();
  }

  /** The word of the record of `symbol`: address of its bytes, then their number. */
  recordIn(directory: number, symbol: number): number {
    return this.#records.addressIn(directory, symbol) >>> 2;
  }

  /** Where the bytes of `symbol` begin in the arena. */
  address(symbol: number): number {
    return this.#arena.u32[this.#records.address(symbol) >>> 2];
  }

  /** How many bytes `symbol` has. */
  length(symbol: number): number {
    return this.#arena.u32[(this.#records.address(symbol) >>> 2) + LENGTH];
  }

  /** The number of the label name that is spelled `symbol`, or NONE. */
  nameOf(symbol: number): number {
    return Atomics.load(this.#arena.i32, (this.#records.address(symbol) >>> 2) + NAME) - 1;
  }

  /** Order of two symbols by their bytes, which agree in the first `from`: negative, zero or positive. */
  compare(a: number, b: number, from = 0): number {
    if (a === b) return 0;
    const {u8} = this.#arena;
    const atA = this.address(a);
    const atB = this.address(b);
    const lengthA = this.length(a);
    const lengthB = this.length(b);
    const common = Math.min(lengthA, lengthB);
    for (let i = from; i < common; i++) {
      const difference = u8[atA + i] - u8[atB + i];
      if (difference !== 0) return difference;
    }
    return lengthA - lengthB;
  }

  /** Text is compared as bytes: those of `find` lie in `#bytes`. */
  #isText(symbol: number, length: number): boolean {
    if (this.length(symbol) !== length) return false;
    const {u8} = this.#arena;
    const address = this.address(symbol);
    for (let i = 0; i < length; i++) if (u8[address + i] !== this.#bytes[i]) return false;
    return true;
  }
}
