import {Labels} from '@narthex/model/labels.ts';
import type {HistogramLiteral} from './histogram-literal.ts';
import {SeriesParser} from './series-parser.ts';
import {TokenStream} from './token-stream.ts';

/** One value of a series in a test: `_` is `omitted`, `stale` ends the series. */
export type SequenceValue =
  | {readonly kind: 'omitted'}
  | {readonly kind: 'stale'}
  | {readonly kind: 'float'; readonly value: number}
  | {
      readonly kind: 'histogram';
      readonly histogram: HistogramLiteral;
      /** The literal named its counter reset hint, so that a test compares it. */
      readonly hintSet: boolean;
    };

export interface SeriesDescription {
  readonly labels: Labels;
  /** The values one step after the other, repetitions written out. */
  readonly values: readonly SequenceValue[];
}

/**
 * Parses a series of a test: `up{job="x"} 1 2+3x4 _x2 stale {{count:3}}`. Throws `ParseError` with upstream's texts.
 */
export function parseSeriesDescription(text: string): SeriesDescription {
  const tokens = new TokenStream(text, 'series');
  const parser = new SeriesParser(tokens);
  return tokens.parseWhole(() => parser.parseDescription())!;
}

/** Parses labels as a metric: `up{job="x"}`, `{"metric name", job="x"}`. Throws `ParseError` with upstream's texts. */
export function parseMetric(text: string): Labels {
  const tokens = new TokenStream(text, 'expression');
  const parser = new SeriesParser(tokens);
  return tokens.parseWhole(() => parser.parseMetric())!;
}
