import {ByteWriter} from '../block/byte-writer.ts';
import type {BlockWriter} from '../block/block-writer.ts';
import type {CompactionSource} from './source.ts';

/** Symbols between two pauses. */
const SLICE = 4096;

/**
 * Adds the symbols of all sources to `writer`, each once; gives for each source the new number of each of its symbols.
 * Pauses now and then.
 */
export function* mergeSymbols(
  sources: readonly CompactionSource[],
  writer: BlockWriter,
): Generator<undefined, Uint32Array[]> {
  const lists = sources.map((source) => new SymbolList(source));
  for (let count = 1; ; count++) {
    const first = lists.reduce(smaller);
    if (first.isDone) return lists.map((list) => list.numbers);
    const text = first.text.view();
    const number = writer.addSymbol(first.text.bytes, 0, first.text.length);
    // The list that has the text goes on last.
    for (const list of lists)
      if (list !== first && !list.isDone && list.text.length === text.length) list.takeIf(text, number);
    first.take(number);
    if (count % SLICE === 0) yield;
  }
}

const smaller = (a: SymbolList, b: SymbolList): SymbolList => {
  if (b.isDone) return a;
  return a.isDone || Buffer.compare(b.text.view(), a.text.view()) < 0 ? b : a;
};

/** The symbols of one source that are not numbered yet. */
class SymbolList {
  readonly numbers: Uint32Array;
  /** The first of them. */
  readonly text = new ByteWriter();
  readonly #source: CompactionSource;
  #next = 0;

  constructor(source: CompactionSource) {
    this.#source = source;
    this.numbers = new Uint32Array(source.symbolCount);
    this.#read();
  }

  get isDone(): boolean {
    return this.#next === this.numbers.length;
  }

  take(number: number): void {
    this.numbers[this.#next++] = number;
    this.#read();
  }

  takeIf(text: Uint8Array, number: number): void {
    if (Buffer.compare(this.text.view(), text) === 0) this.take(number);
  }

  #read(): void {
    if (this.isDone) return;
    const bytes = this.#source.symbol(this.#next);
    this.text.clear();
    this.text.put(bytes, 0, bytes.length);
  }
}
