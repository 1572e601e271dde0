import {ByteCursor} from './byte-cursor.ts';
import {compareBytes} from './compare-bytes.ts';
import type {CachedFile} from './file-cache.ts';
import {guard, sectionAt, SectionScan, type Section} from './section.ts';

/** Symbols between two whose places are kept. */
const STRIDE = 32;
const decoder = new TextDecoder();
const encoder = new TextEncoder();

/**
 * The label names and values of an index, each once, in byte order. A symbol is what series entries refer to it by: its number, or
 * its offset in the file where the index is of version 1. Of 32 symbols the place of one is kept, no text.
 */
export class BlockSymbols {
  /** How many there are. */
  readonly count: number;
  readonly #file: CachedFile;
  readonly #section: Section;
  readonly #isByOffset: boolean;
  /** Offsets of symbols 0, 32, 64, ... from the begin of the section; then its end. */
  readonly #places: Uint32Array;
  readonly #cursor = new ByteCursor();

  private constructor(file: CachedFile, section: Section, count: number, places: Uint32Array, version: number) {
    this.#file = file;
    this.#section = section;
    this.count = count;
    this.#places = places;
    this.#isByOffset = version === 1;
  }

  /** Reads the table at `offset` once, and checks it. Throws FileCorruption or StorageError. */
  static open(file: CachedFile, offset: number, version: number): BlockSymbols {
    if (offset === 0) return new BlockSymbols(file, {start: 0, end: 0}, 0, new Uint32Array(1), version);
    const section = sectionAt(file, offset);
    return guard(file, offset, 'symbols', () => {
      const scan = new SectionScan(file, section);
      scan.need(4);
      const count = scan.cursor.be32();
      if (count > section.end - section.start) throw file.corruption(offset, `${count} symbols are more than fit`);
      const places = new Uint32Array(Math.ceil(count / STRIDE) + 1);
      for (let i = 0; i < count; i++) {
        if (i % STRIDE === 0) places[i / STRIDE] = scan.position - section.start;
        scan.need(10);
        const length = scan.cursor.uvarint();
        scan.need(length);
        scan.cursor.skip(length);
      }
      places[places.length - 1] = scan.position - section.start;
      scan.finish();
      return new BlockSymbols(file, section, count, places, version);
    });
  }

  /** The bytes of a symbol; good until something else is read of the block. Throws FileCorruption for one that is not there. */
  bytes(symbol: number): Uint8Array {
    return guard(this.#file, this.#section.start, `symbol ${symbol}`, () => {
      const cursor = this.#isByOffset ? this.#seekOffset(symbol) : this.#seekNumber(symbol);
      const length = cursor.uvarint();
      cursor.skip(length);
      return cursor.bytes.subarray(cursor.at - length, cursor.at);
    });
  }

  /** The text of a symbol. */
  text(symbol: number): string {
    return decoder.decode(this.bytes(symbol));
  }

  /** The symbol of a text; -1 when there is none. */
  find(text: string): number {
    const wanted = encoder.encode(text);
    return guard(this.#file, this.#section.start, 'symbols', () => this.#find(wanted));
  }

  /** Calls `visit` with every symbol and its bytes, in byte order; they are good during the call, in which nothing else may be read of the block. */
  each(visit: (symbol: number, bytes: Uint8Array) => void): void {
    guard(this.#file, this.#section.start, 'symbols', () => {
      const scan = new SectionScan(this.#file, this.#section);
      scan.need(4);
      if (this.count > 0) scan.cursor.be32();
      for (let i = 0; i < this.count; i++) {
        scan.need(10);
        const {position, cursor} = scan;
        const length = cursor.uvarint();
        scan.need(length);
        cursor.skip(length);
        visit(this.#isByOffset ? position : i, cursor.bytes.subarray(cursor.at - length, cursor.at));
      }
    });
  }

  #seekNumber(symbol: number): ByteCursor {
    if (symbol >= this.count) throw this.#unknown(symbol);
    const cursor = this.#stride(symbol >>> 5);
    for (let i = symbol % STRIDE; i > 0; i--) cursor.skip(cursor.uvarint());
    return cursor;
  }

  #seekOffset(symbol: number): ByteCursor {
    const {start} = this.#section;
    const from = symbol - start;
    const end = this.#places[this.#places.length - 1];
    if (from < 4 || from >= end) throw this.#unknown(symbol);
    const head = this.#piece(from, Math.min(end, from + 10));
    const begin = head.at;
    const length = head.uvarint();
    const bytes = head.at - begin + length;
    if (from + bytes > end) throw this.#unknown(symbol);
    return this.#piece(from, from + bytes);
  }

  #unknown(symbol: number): Error {
    return this.#file.corruption(this.#section.start, `there is no symbol ${symbol}`);
  }

  #find(wanted: Uint8Array): number {
    let lo = 0;
    let hi = this.#places.length - 1;
    if (hi === 0) return -1;
    while (hi - lo > 1) {
      const middle = (lo + hi) >>> 1;
      const cursor = this.#stride(middle);
      if (this.#compare(cursor, wanted) <= 0) lo = middle;
      else hi = middle;
    }
    return this.#findIn(lo, wanted);
  }

  #findIn(stride: number, wanted: Uint8Array): number {
    const cursor = this.#stride(stride);
    const begin = cursor.at;
    for (let i = 0; cursor.left > 0; i++) {
      const {at} = cursor;
      const order = this.#compare(cursor, wanted);
      if (order > 0) return -1;
      if (order < 0) continue;
      return this.#isByOffset ? this.#section.start + this.#places[stride] + (at - begin) : stride * STRIDE + i;
    }
    return -1;
  }

  /** Reads the symbol at the cursor and compares it. */
  #compare(cursor: ByteCursor, wanted: Uint8Array): number {
    const length = cursor.uvarint();
    cursor.skip(length);
    return compareBytes(cursor.bytes, cursor.at - length, cursor.at, wanted, 0, wanted.length);
  }

  #stride(stride: number): ByteCursor {
    return this.#piece(this.#places[stride], this.#places[stride + 1]);
  }

  #piece(from: number, to: number): ByteCursor {
    const at = this.#file.at(this.#section.start + from, to - from);
    return this.#cursor.set(this.#file.cache.memory.u8, at, at + to - from);
  }
}
