import {BucketCursor} from './bucket-cursor.ts';
import type {FloatHistogram} from './float-histogram.ts';
import {compensate} from './kahan.ts';

const cursor = new BucketCursor();

/** The mean of the observations; NaN without any. */
export function histogramAverage({sum, count}: FloatHistogram): number {
  return sum / count;
}

/**
 * The estimated variance of the observations, each taken to lie at the middle of its bucket: the geometric mean of the bounds of an exponential bucket, the
 * arithmetic one of a custom bucket, 0 in the zero bucket.
 */
export function histogramVariance(histogram: FloatHistogram): number {
  const mean = histogramAverage(histogram);
  let variance = 0;
  let missed = 0;
  cursor.startUpwards(histogram);
  while (cursor.next()) {
    if (cursor.count === 0) continue;
    const delta = middle(cursor.lower, cursor.upper, histogram.hasCustomBuckets) - mean;
    const added = cursor.count * delta * delta;
    missed = compensate(variance, added, missed);
    variance += added;
  }
  return (variance + missed) / histogram.count;
}

/** The estimated standard deviation of the observations. */
export function histogramDeviation(histogram: FloatHistogram): number {
  return Math.sqrt(histogramVariance(histogram));
}

function middle(lower: number, upper: number, isCustom: boolean): number {
  if (isCustom) return (upper + lower) / 2;
  if (lower <= 0 && upper >= 0) return 0;
  const mean = Math.sqrt(upper * lower);
  return upper < 0 ? -mean : mean;
}
