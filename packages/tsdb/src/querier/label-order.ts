import {compareUtf8} from '@narthex/model/utf8.ts';
import type {SeriesSource} from './series-source.ts';

/** Rows of several sources in the order of their labels. */
export interface OrderedRows {
  /** Of each row in turn: which source it is of, and its number there. Equal ones are in the order of sources. */
  readonly sources: Uint32Array;
  readonly rows: Uint32Array;
  /** Where each series begins among the rows; the last one is their number. */
  readonly starts: Uint32Array;
}

/** Orders the series of all `sources` by labels, as upstream compares them: names and values in byte order, the shorter set first. */
export function orderByLabels(sources: readonly SeriesSource[], text: (symbol: number) => string): OrderedRows {
  const labels = new LabelTable(sources);
  labels.rank(text);
  const order = Uint32Array.from({length: labels.rows}, (_, i) => i).sort((a, b) => labels.compare(a, b) || a - b);
  const starts: number[] = [];
  for (let i = 0; i < order.length; i++) {
    if (i === 0 || labels.compare(order[i - 1], order[i]) !== 0) starts.push(i);
  }
  const firsts: number[] = [];
  for (let first = 0, s = 0; s < sources.length; first += sources[s++].length) firsts.push(first);
  const sourceOf = (row: number) => firsts.findLastIndex((first) => first <= row);
  const bySource = order.map(sourceOf);
  return {
    sources: bySource,
    rows: order.map((row, i) => row - firsts[bySource[i]]),
    starts: Uint32Array.from([...starts, order.length]),
  };
}

/** The labels of all rows, one behind the other; first as symbols, then as the places of these in byte order. */
class LabelTable {
  readonly rows: number;
  readonly #ends: Uint32Array;
  #cells = new Uint32Array(1024);

  constructor(sources: readonly SeriesSource[]) {
    this.rows = sources.reduce((sum, {length}) => sum + length, 0);
    this.#ends = new Uint32Array(this.rows);
    let pairs = new Uint32Array(256);
    let row = 0;
    let end = 0;
    for (const source of sources) {
      for (let i = 0; i < source.length; i++) {
        const cells = 2 * source.labels(i, pairs);
        if (cells > pairs.length) {
          pairs = new Uint32Array(2 * cells);
          source.labels(i, pairs);
        }
        this.#reserve(end + cells);
        this.#cells.set(pairs.subarray(0, cells), end);
        this.#ends[row++] = end += cells;
      }
    }
    this.#cells = this.#cells.subarray(0, end);
  }

  /** Put in the place of each symbol that of its text among all texts. */
  rank(text: (symbol: number) => string): void {
    const symbols = [...new Set(this.#cells)].map((symbol) => ({symbol, text: text(symbol)}));
    symbols.sort((a, b) => compareUtf8(a.text, b.text));
    const ranks = new Map(symbols.map(({symbol}, rank) => [symbol, rank]));
    for (let i = 0; i < this.#cells.length; i++) this.#cells[i] = ranks.get(this.#cells[i])!;
  }

  compare(a: number, b: number): number {
    let i = a === 0 ? 0 : this.#ends[a - 1];
    let k = b === 0 ? 0 : this.#ends[b - 1];
    for (; i < this.#ends[a] && k < this.#ends[b]; i++, k++) {
      if (this.#cells[i] !== this.#cells[k]) return this.#cells[i] - this.#cells[k];
    }
    return this.#ends[a] - i - (this.#ends[b] - k);
  }

  #reserve(cells: number): void {
    if (cells <= this.#cells.length) return;
    const larger = new Uint32Array(2 * cells);
    larger.set(this.#cells);
    this.#cells = larger;
  }
}
