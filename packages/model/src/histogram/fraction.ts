import {BucketCursor} from './bucket-cursor.ts';
import type {FloatHistogram} from './float-histogram.ts';
import {fractionBelow} from './interpolate.ts';
import {OBSERVED_NANS, type NanNote, onlySign} from './quantile.ts';

const cursor = new BucketCursor();

/**
 * The fraction of a native histogram's observations between two values, interpolated as quantiles are; `note` is set to what NaNs did to it. NaN without
 * observations or for a bound that is NaN, 0 when `lower` is not below `upper`.
 */
export function histogramFraction(lower: number, upper: number, histogram: FloatHistogram, note: NanNote): number {
  note.nans = OBSERVED_NANS.none;
  if (histogram.count === 0 || Number.isNaN(lower) || Number.isNaN(upper)) return NaN;
  if (lower >= upper) return 0;
  const lowerRank = rankOf(lower, histogram);
  const upperRank = rankOf(upper, histogram);
  let count = histogram.count;
  if (Number.isNaN(histogram.sum)) {
    count = countInBuckets(histogram);
    if (count < histogram.count) note.nans = OBSERVED_NANS.counted;
  }
  return (clamp(upperRank, count) - clamp(lowerRank, count)) / histogram.count;
}

/** Counts beyond that of all observations come from inexact sums. */
const clamp = (rank: number, count: number): number => (rank === Infinity || rank > count ? count : rank);

/** The observations below `value`; Infinity when it is beyond all buckets. */
function rankOf(value: number, histogram: FloatHistogram): number {
  const sign = onlySign(histogram);
  let rank = 0;
  cursor.startUpwards(histogram);
  while (cursor.next()) {
    let {lower, upper} = cursor;
    const spansZero = lower <= 0 && upper >= 0;
    // Beside buckets of one sign only, this bucket is taken to hold nothing of the other.
    if (spansZero && sign > 0) lower = 0;
    if (spansZero && sign < 0) upper = 0;
    if (lower >= value) return rank;
    if (upper > value) return rankInBucket(value, lower, upper, rank, spansZero || histogram.hasCustomBuckets);
    rank += cursor.count;
  }
  return Infinity;
}

/** `rank` observations are below the bucket. Within a bucket without end nothing can be interpolated, so it counts as a whole or not at all. */
function rankInBucket(value: number, lower: number, upper: number, rank: number, isLinear: boolean): number {
  if (isLinear && lower === -Infinity) return cursor.count;
  return rank + cursor.count * fractionBelow(lower, upper, value, isLinear);
}

function countInBuckets(histogram: FloatHistogram): number {
  let count = 0;
  cursor.startUpwards(histogram);
  while (cursor.next()) count += cursor.count;
  return count;
}
