import type {Arena} from '../arena/arena.ts';
import {LabelSetWriter} from './label-sets.ts';
import {PostingsWriter} from './postings.ts';
import {SymbolWriter} from './symbols.ts';

/**
 * The index of the head's series, as its one writer has it: label sets to slots and back, and postings. Label sets come as
 * raw bytes; no string is made. To get or create a series: `find`, and when that gives NONE, `add`.
 */
export class SeriesIndex {
  readonly symbols: SymbolWriter;
  readonly labelSets: LabelSetWriter;
  readonly postings: PostingsWriter;
  readonly #arena: Arena;
  /** The label set that `find` looked for: its bytes, and of each name and value its place, hash and symbol (or NONE). */
  #bytes: Uint8Array = new Uint8Array(0);
  #labelCount = 0;
  #ranges = new Uint32Array(128);
  #hashes = new Uint32Array(64);
  #symbols = new Uint32Array(64);
  #pairs = new Uint32Array(32);
  #isKnown = false;

  constructor(arena: Arena) {
    this.#arena = arena;
    this.symbols = new SymbolWriter(arena);
    this.labelSets = new LabelSetWriter(arena);
    this.postings = new PostingsWriter(arena, this.symbols);
  }

  /**
   * The slot of the series with these labels, or NONE. `ranges` has name start, name end, value start, value end in `bytes`
   * of each label, names strictly rising in byte order; labels with an empty value count as absent. Keep `bytes` as they
   * are until `add`.
   */
  find(bytes: Uint8Array, ranges: Uint32Array, labelCount: number): number {
    this.#stage(bytes, ranges, labelCount);
    if (!this.#isKnown) return -1;
    return this.labelSets.find(this.labelSets.hash(this.#symbols, this.#labelCount), this.#symbols, this.#labelCount);
  }

  /**
   * Add the label set that the last `find` did not find as that of `slot`, the number of series so far. Throws ArenaFullError
   * or SymbolTooLongError: then no series was added.
   */
  add(slot: number): void {
    this.#arena.slabs.admit();
    this.#internUnknown();
    const count = this.#labelCount;
    for (let i = 0; i < count; i++) {
      this.#pairs[i] = this.postings.reserve(this.#symbols[2 * i], this.#symbols[2 * i + 1]);
    }
    this.postings.reserveAll();
    const hash = this.labelSets.hash(this.#symbols, count);
    const address = this.labelSets.reserve(hash, count);
    this.labelSets.add(slot, address, hash, this.#symbols, count);
    for (let i = 0; i < count; i++) this.postings.add(this.#pairs[i], slot);
    this.postings.addAll(slot);
  }

  #stage(bytes: Uint8Array, ranges: Uint32Array, labelCount: number): void {
    this.#bytes = bytes;
    this.#reserve(labelCount);
    this.#isKnown = true;
    let count = 0;
    for (let i = 0; i < labelCount; i++) {
      if (ranges[4 * i + 2] === ranges[4 * i + 3]) continue;
      this.#stageText(2 * count, ranges[4 * i], ranges[4 * i + 1]);
      this.#stageText(2 * count + 1, ranges[4 * i + 2], ranges[4 * i + 3]);
      count++;
    }
    this.#labelCount = count;
  }

  #stageText(i: number, start: number, end: number): void {
    const hash = this.symbols.hash(this.#bytes, start, end);
    const symbol = this.symbols.find(hash, this.#bytes, start, end);
    this.#ranges[2 * i] = start;
    this.#ranges[2 * i + 1] = end;
    this.#hashes[i] = hash;
    this.#symbols[i] = symbol;
    if (symbol < 0) this.#isKnown = false;
  }

  #internUnknown(): void {
    if (this.#isKnown) return;
    for (let i = 0; i < 2 * this.#labelCount; i++) {
      if (this.#symbols[i] !== 0xffff_ffff) continue;
      this.#symbols[i] = this.symbols.intern(
        this.#hashes[i],
        this.#bytes,
        this.#ranges[2 * i],
        this.#ranges[2 * i + 1],
      );
    }
    this.#isKnown = true;
  }

  #reserve(labelCount: number): void {
    if (labelCount <= this.#pairs.length) return;
    this.#ranges = new Uint32Array(labelCount * 4);
    this.#hashes = new Uint32Array(labelCount * 2);
    this.#symbols = new Uint32Array(labelCount * 2);
    this.#pairs = new Uint32Array(labelCount);
  }
}
