import {
  type Buckets,
  COUNTER_RESET,
  CUSTOM_BUCKETS_SCHEMA,
  FloatHistogram,
} from '@narthex/model/histogram/float-histogram.ts';
import {
  type Bucket,
  bucketsOf,
  formatHistogram,
  type HistogramLiteral,
  type HistogramSpan,
  spansOf,
} from '../parse/histogram-literal.ts';
import type {HistogramHint} from '../parse/token.ts';

const HINTS = {
  unknown: COUNTER_RESET.unknown,
  reset: COUNTER_RESET.reset,
  not_reset: COUNTER_RESET.notReset,
  gauge: COUNTER_RESET.gauge,
} as const satisfies Record<HistogramHint, number>;
const HINT_NAMES = Object.keys(HINTS) as HistogramHint[];

/** The histogram that a literal of the test language stands for. */
export function histogramOf(literal: HistogramLiteral): FloatHistogram {
  const histogram = new FloatHistogram();
  histogram.schema = literal.schema;
  histogram.counterReset = HINTS[literal.counterResetHint];
  histogram.zeroThreshold = literal.zeroThreshold;
  histogram.zeroCount = literal.zeroCount;
  histogram.count = literal.count;
  histogram.sum = literal.sum;
  histogram.customBounds = Float64Array.from(literal.customValues);
  fill(histogram.positive, literal.positiveSpans, literal.positiveBuckets);
  fill(histogram.negative, literal.negativeSpans, literal.negativeBuckets);
  return histogram;
}

function fill(buckets: Buckets, spans: readonly HistogramSpan[], counts: readonly number[]): void {
  for (const {index, count} of bucketsOf(spans, counts)) buckets.push(index, count);
}

/** A histogram as a literal of the test language, its hint included where it says something. */
export function showHistogram(histogram: FloatHistogram): string {
  const positive = filledBuckets(histogram.positive);
  const negative = filledBuckets(histogram.negative);
  const {schema, count, sum, zeroThreshold, zeroCount} = histogram;
  return formatHistogram({
    schema,
    count,
    sum,
    zeroThreshold,
    zeroCount,
    positiveSpans: spansOf(positive),
    positiveBuckets: positive.map(({count}) => count),
    negativeSpans: spansOf(negative),
    negativeBuckets: negative.map(({count}) => count),
    customValues: [...histogram.customBounds],
    counterResetHint: HINT_NAMES[histogram.counterReset],
  });
}

function filledBuckets({indexes, counts, length}: Buckets): Bucket[] {
  return Array.from({length}, (_, i) => ({index: indexes[i], count: counts[i]})).filter(({count}) => count !== 0);
}

const NORMAL_MIN = 2.2250738585072014e-308;
const TOLERANCE = 1e-6;

/** Whether two numbers are the same to the test language: within a millionth of their sum; NaN is the same as NaN. */
export function isAlmost(a: number, b: number): boolean {
  if (a === b || (Number.isNaN(a) && Number.isNaN(b))) return true;
  const sum = Math.abs(a) + Math.abs(b);
  const difference = Math.abs(a - b);
  if (a === 0 || b === 0 || sum < NORMAL_MIN) return difference < TOLERANCE * NORMAL_MIN;
  return difference / Math.min(sum, Number.MAX_VALUE) < TOLERANCE;
}

/**
 * Whether two histograms are the same to the test language: schema, zero threshold and custom bounds exactly, all counts and the sum almost, empty buckets left
 * aside, and the hint where `withHint` says that it was written down.
 */
export function isAlmostHistogram(got: FloatHistogram, want: FloatHistogram, withHint: boolean): boolean {
  return (
    got.schema === want.schema &&
    got.zeroThreshold === want.zeroThreshold &&
    (want.schema !== CUSTOM_BUCKETS_SCHEMA || hasSameBounds(got, want)) &&
    isAlmost(got.count, want.count) &&
    isAlmost(got.sum, want.sum) &&
    isAlmost(got.zeroCount, want.zeroCount) &&
    hasAlmostBuckets(got.positive, want.positive) &&
    hasAlmostBuckets(got.negative, want.negative) &&
    (!withHint || got.counterReset === want.counterReset)
  );
}

function hasSameBounds({customBounds: a}: FloatHistogram, {customBounds: b}: FloatHistogram): boolean {
  return a.length === b.length && a.every((bound, i) => bound === b[i]);
}

function hasAlmostBuckets(got: Buckets, want: Buckets): boolean {
  const a = filledBuckets(got);
  const b = filledBuckets(want);
  return a.length === b.length && a.every(({index, count}, i) => index === b[i].index && isAlmost(count, b[i].count));
}
