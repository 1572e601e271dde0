import type {KernelMemory} from '@narthex/kernels/kernel-memory.ts';
import type {ArenaReader} from '../arena/reader.ts';
import type {SymbolReader} from './symbols.ts';

// Symbols in byte order of their texts: multikey quicksort (Bentley and Sedgewick 1997) with four bytes a step. The four
// bytes at the current depth, the first one highest, are kept beside each symbol, so that most comparisons touch no text.
// A text that ends within its four bytes is padded with zeros; those that look alike then are told apart by their length.

const SHORT = 12;
const STEP = 4;

/** Sorts symbols in a thread's own memory; one object serves many lists. */
export class SymbolSorter {
  readonly #words: Uint32Array;
  readonly #symbols: SymbolReader;
  readonly #memory: KernelMemory;
  /** Word indexes in the memory: from a symbol's place to the place of its key. */
  #keys = 0;
  #u32: Uint32Array;
  #directory = 0;

  constructor(arena: ArenaReader, symbols: SymbolReader, memory: KernelMemory) {
    this.#words = arena.u32;
    this.#symbols = symbols;
    this.#memory = memory;
    this.#u32 = memory.u32;
  }

  /** Bring the `count` different symbols at `address` into byte order of their texts. Takes 4 bytes each meanwhile. */
  sort(address: number, count: number): void {
    const mark = this.#memory.mark();
    const keys = this.#memory.alloc(count * 4);
    this.#u32 = this.#memory.u32;
    this.#directory = this.#symbols.directory();
    this.#keys = (keys - address) >> 2;
    const start = address >>> 2;
    this.#load(start, start + count, 0);
    this.#sort(start, start + count, 0);
    this.#memory.release(mark);
  }

  /** Texts begin at multiples of 16, so their bytes from `depth` on, a multiple of 4, are one word. */
  #load(from: number, end: number, depth: number): void {
    const words = this.#words;
    for (let i = from; i < end; i++) {
      const record = this.#symbols.recordIn(this.#directory, this.#u32[i]);
      const left = words[record + 1] - depth;
      const word = left > 0 ? words[(words[record] + depth) >>> 2] : 0;
      const key = (word << 24) | ((word & 0xff00) << 8) | ((word >>> 8) & 0xff00) | (word >>> 24);
      this.#u32[this.#keys + i] = left < STEP ? key & (-1 << (8 * (STEP - Math.max(1, left)))) : key;
    }
  }

  /**
   * Sort the range, whose texts agree in their first `depth` bytes and whose keys are loaded. Of the three parts only the smaller
   * two are sorted by recursion, so that the stack stays as deep as the logarithm of the count whatever the texts have in common.
   */
  #sort(from: number, end: number, depth: number): void {
    let [lo, hi, at] = [from, end, depth];
    while (hi - lo > SHORT) {
      const less = this.#partition(lo, hi, this.#pivot(lo, hi));
      const larger = this.#equalEnd;
      const longer = this.#sortEnded(less, larger, at);
      const most = Math.max(less - lo, larger - longer, hi - larger);
      const isEqualMost = most === larger - longer;
      const isLessMost = !isEqualMost && most === less - lo;
      if (!isLessMost) this.#sort(lo, less, at);
      if (isEqualMost || isLessMost) this.#sort(larger, hi, at);
      if (!isEqualMost) this.#sortLonger(longer, larger, at);
      if (isEqualMost) {
        this.#load(longer, larger, at + STEP);
        [lo, hi, at] = [longer, larger, at + STEP];
      } else if (isLessMost) hi = less;
      else lo = larger;
    }
    this.#insertionSort(lo, hi, at);
  }

  #sortLonger(from: number, end: number, depth: number): void {
    this.#load(from, end, depth + STEP);
    this.#sort(from, end, depth + STEP);
  }

  /** Where `#partition` left the end of the keys that equal the pivot. */
  #equalEnd = 0;

  /** Bring smaller keys to the front and larger ones to the back; returns where the equal ones begin. */
  #partition(from: number, end: number, pivot: number): number {
    const u32 = this.#u32;
    const keys = this.#keys;
    let less = from;
    let larger = end;
    for (let i = from; i < larger;) {
      const key = u32[keys + i];
      if (key < pivot) this.#swap(i++, less++);
      else if (key > pivot) this.#swap(i, --larger);
      else i++;
    }
    this.#equalEnd = larger;
    return less;
  }

  /** The range agrees in its keys: bring texts that end there to its front, by length; returns where the longer ones begin. */
  #sortEnded(from: number, end: number, depth: number): number {
    let ended = from;
    for (let i = from; i < end; i++) {
      const record = this.#symbols.recordIn(this.#directory, this.#u32[i]);
      if (this.#words[record + 1] <= depth + STEP) this.#swap(i, ended++);
    }
    this.#insertionSort(from, ended, depth);
    return ended;
  }

  #insertionSort(from: number, end: number, depth: number): void {
    for (let i = from + 1; i < end; i++) {
      for (let k = i; k > from && this.#isLess(k, k - 1, depth); k--) this.#swap(k, k - 1);
    }
  }

  #isLess(i: number, k: number, depth: number): boolean {
    const a = this.#u32[this.#keys + i];
    const b = this.#u32[this.#keys + k];
    return a === b ? this.#symbols.compare(this.#u32[i], this.#u32[k], depth) < 0 : a < b;
  }

  #pivot(from: number, end: number): number {
    const length = end - from;
    const a = this.#u32[this.#keys + from + (length >>> 2)];
    const b = this.#u32[this.#keys + from + (length >>> 1)];
    const c = this.#u32[this.#keys + end - 1 - (length >>> 2)];
    return Math.max(Math.min(a, b), Math.min(Math.max(a, b), c));
  }

  #swap(i: number, k: number): void {
    const u32 = this.#u32;
    const keys = this.#keys;
    const symbol = u32[i];
    const key = u32[keys + i];
    u32[i] = u32[k];
    u32[keys + i] = u32[keys + k];
    u32[k] = symbol;
    u32[keys + k] = key;
  }
}
