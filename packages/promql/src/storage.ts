import type {Matcher} from '@narthex/model/matcher.ts';

/** Names and values of labels as numbers: equal text = equal symbol within one querier. Symbol ids are below 2^31. */
export interface SymbolTable {
  text(symbol: number): string;
  /** The symbol of `text`, -1 when no series has it. */
  find(text: string): number;
}

/** What the engine reads series through. A storage implements it structurally; all times are milliseconds since the epoch. */
export interface Querier {
  readonly symbols: SymbolTable;
  /**
   * Series that match all matchers and may have samples in [startMs, endMs] (both inclusive), in upstream's row order (series reference order in
   * the head). Several sets may be open at once.
   */
  select(matchers: readonly Matcher[], startMs: number, endMs: number): SeriesSet;
}

export interface SeriesSet {
  readonly length: number;
  /** Copies the label pairs of series `i` (name symbol, value symbol, ... in byte order of names) to `out`; returns the number of labels. */
  labels(i: number, out: Uint32Array): number;
  /** An upper bound of the samples that `read` gives for series `i`. */
  samplesMax(i: number): number;
  /**
   * Decodes the samples of series `i` within [startMs, endMs] of the select, oldest first, to `times` (f64 ms) and `values` (f64 bits, stale
   * markers included), addresses in the querier's KernelMemory; returns their number. May use `memory.alloc` for scratch and releases it.
   */
  read(i: number, times: number, values: number): number;
  /** Newest sample at or before the end of the select, without decoding where that is possible: writes one time and value; 1 or 0. */
  readNewest(i: number, times: number, values: number): number;
}
