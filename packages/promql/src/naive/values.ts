import {FloatHistogram} from '@narthex/model/histogram/float-histogram.ts';
import type {Labels} from '@narthex/model/labels.ts';

/** A value of the language at one time. Histograms are never changed in place once they are a value. */
export type Value = number | FloatHistogram;

export const isHistogram = (value: Value | undefined): value is FloatHistogram => value instanceof FloatHistogram;
export const isFloat = (value: Value | undefined): value is number => typeof value === 'number';

/** One element of an instant vector. */
export interface Sample {
  readonly labels: Labels;
  /** The name goes at the very end: it is still in the labels (delayed name removal). */
  readonly dropName: boolean;
  readonly value: Value;
  /** When the value was measured; the time of evaluation where nothing else is known. */
  readonly timeMs: number;
}

/** A row of a matrix: one label set and its value at each step, undefined where there is none. */
export interface Series {
  readonly labels: Labels;
  readonly dropName: boolean;
  readonly points: readonly (Value | undefined)[];
}

/** A sample within a range. */
export interface TimedValue {
  readonly timeMs: number;
  /** Since when a counter counts; 0 when that is not known. */
  readonly startMs: number;
  readonly value: Value;
}

export interface TimedFloat extends TimedValue {
  readonly value: number;
}

export interface TimedHistogram extends TimedValue {
  readonly value: FloatHistogram;
}

/** A row of a range vector, oldest sample first. */
export interface RangeSeries {
  readonly labels: Labels;
  readonly dropName: boolean;
  readonly samples: readonly TimedValue[];
}

/** The query fails with this message. */
export class NaiveError extends Error {
  override readonly name = 'NaiveError';
}

/** Upstream has no one answer here: a series with two values at the same time, or a crash. Nothing can be compared. */
export class UndefinedUpstream extends Error {
  override readonly name = 'UndefinedUpstream';
}

export const sameLabelset = (): NaiveError => new NaiveError('vector cannot contain metrics with the same labelset');

export function fail(message: string): never {
  throw new NaiveError(message);
}
