import type {SourceRange} from '../parse/ast.ts';
import type {Annotations} from './annotations.ts';
import type {TimedValue, Value} from './values.ts';

/** What a function over a range sees of one series at one step. */
export interface RangeInput {
  readonly name: string;
  /** Samples within the range; for anchored and smoothed ones also around it. */
  readonly samples: readonly TimedValue[];
  /** Other arguments at this step, in order. */
  readonly parameters: readonly number[];
  readonly timeMs: number;
  /** The range is (startMs, endMs]. */
  readonly startMs: number;
  readonly endMs: number;
  readonly rangeSeconds: number;
  readonly isAnchored: boolean;
  readonly isSmoothed: boolean;
  /** Upstream shows the place of the first argument, or of all of them. */
  readonly firstRange: SourceRange;
  readonly allRanges: SourceRange;
  readonly annotations: Annotations;
}

/** The value for one series at one step; undefined: none. There is at least one sample. */
export type RangeFunction = (input: RangeInput) => Value | undefined;

/** rate: both; increase: a counter, not by time; delta: neither. */
export interface RateKind {
  readonly isCounter: boolean;
  readonly isRate: boolean;
}
