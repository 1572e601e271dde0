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
   *
   * A histogram is written as a record (model's histogram/record.ts) to room that `extras` gives, its value being a word of HISTOGRAM_HIGH and the
   * record's address; a stale histogram is the stale marker. A storage that has histograms gives a float whose bits look like such a word as a plain NaN.
   */
  read(i: number, times: number, values: number, extras: SampleExtras): number;
  /**
   * What is known of series `i` without decoding: writes the times of an early and a late sample within the select to `out` and returns how many
   * samples lie between them, both included; 0 when nothing is known. Queries that are too large are refused by it before they read anything.
   */
  extent?(i: number, out: Float64Array): number;
  /** Newest sample at or before the end of the select, without decoding where that is possible: writes one time and value; 1 or 0. */
  readNewest(i: number, times: number, values: number, extras: SampleExtras): number;
}

/** The high half of a value that stands for a histogram; the low half is the address of its record. */
export const HISTOGRAM_HIGH = 0x7ff00001;

/** What only some samples have. A storage of plain floats need not look at it. */
export interface SampleExtras {
  /** Address of an f64 column for the start timestamps of samples in ms, filled with 0, which stands for unknown; 0 when nobody wants them. */
  readonly starts: number;
  /** The address of room for a histogram's record; it lives as long as the samples. Not to be called while scratch of `memory.alloc` is held. */
  histogram(bytes: number): number;
}
