import {BucketCursor} from './bucket-cursor.ts';
import type {FloatHistogram} from './float-histogram.ts';
import {exponentialValueAt} from './interpolate.ts';

/** What NaNs among the observations did to a result. They are counted but lie in no bucket; the sum is NaN with them. */
export const OBSERVED_NANS = {
  none: 0,
  /** A quantile may be skewed to higher values, as NaN is considered larger than every observation. A fraction is of all observations, NaNs included. */
  counted: 1,
  /** The quantile falls among them: it is NaN. */
  result: 2,
} as const;
export type ObservedNans = (typeof OBSERVED_NANS)[keyof typeof OBSERVED_NANS];

/** What a function says about its result beside it. */
export interface NanNote {
  nans: ObservedNans;
}

const cursor = new BucketCursor();

/**
 * The quantile `q` of a native histogram; `note` is set to what NaNs did to it. NaN without observations, ±Infinity for a `q` below 0 or above 1. A zero
 * bucket beside buckets of one sign only is taken to hold nothing of the other sign.
 */
export function histogramQuantile(q: number, histogram: FloatHistogram, note: NanNote): number {
  note.nans = OBSERVED_NANS.none;
  if (q < 0) return -Infinity;
  if (q > 1) return Infinity;
  if (histogram.count === 0 || Number.isNaN(q)) return NaN;
  // From the nearer end, which loses the least precision. NaNs count as the highest observations without a bucket, so then only the way up is right.
  const isUpwards = q < 0.5 || Number.isNaN(histogram.sum);
  if (isUpwards) cursor.startUpwards(histogram);
  else cursor.startDownwards(histogram);
  const rank = (isUpwards ? q : 1 - q) * histogram.count;
  return quantileOfRank(rank, isUpwards, histogram, note);
}

/** The value at `rank`, counted from the end that the cursor stands at. */
function quantileOfRank(rank: number, isUpwards: boolean, histogram: FloatHistogram, note: NanNote): number {
  const walked = walkTo(rank);
  let {lower, upper} = cursor;
  if (histogram.hasCustomBuckets) {
    if (lower !== -Infinity && upper === Infinity) return lower;
    if (lower === -Infinity && upper <= 0) return upper;
    if (lower === -Infinity) lower = 0;
  } else if (lower < 0 && upper > 0) {
    const sign = onlySign(histogram);
    if (sign > 0) lower = 0;
    if (sign < 0) upper = 0;
  }
  // Inexact sums may go beyond the count.
  const seen = walked > histogram.count ? histogram.count : walked;
  if (seen < rank) return beyondBuckets(upper, histogram, note);
  const rankInBucket = isUpwards ? rank - (seen - cursor.count) : seen - rank;
  if (Number.isNaN(histogram.sum)) {
    let total = seen;
    // The search for NaNs goes on to the last bucket, and that is the one upstream then interpolates in.
    while (cursor.next()) {
      total += cursor.count;
      ({lower, upper} = cursor);
    }
    if (total < histogram.count) note.nans = OBSERVED_NANS.counted;
  }
  const fraction = rankInBucket / cursor.count;
  const isLinear = histogram.hasCustomBuckets || (lower <= 0 && upper >= 0);
  return isLinear ? lower + (upper - lower) * fraction : exponentialValueAt(lower, upper, fraction);
}

/** Goes on until the buckets passed hold `rank` observations, or to the end; returns how many they hold. */
function walkTo(rank: number): number {
  let seen = 0;
  while (cursor.next()) {
    seen += cursor.count;
    if (cursor.count !== 0 && seen >= rank) break;
  }
  return seen;
}

/** All buckets hold less than the rank: the rest are NaNs, or the counts are inexact. */
function beyondBuckets(highest: number, {sum}: FloatHistogram, note: NanNote): number {
  if (!Number.isNaN(sum)) return highest;
  note.nans = OBSERVED_NANS.result;
  return NaN;
}

/** 1 when only positive buckets are listed, -1 when only negative ones, else 0. */
export function onlySign({positive, negative}: FloatHistogram): number {
  return Math.sign(positive.length) - Math.sign(negative.length);
}
