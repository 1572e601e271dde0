import {isSameBounds} from './bounds.ts';
import type {Buckets, FloatHistogram} from './float-histogram.ts';

/**
 * Whether two histograms hold the same data: schema, bounds, zero bucket, sum, counts, and the same buckets listed, also empty ones. Numbers are told apart
 * as `Object.is` does: NaN is NaN, 0 is not -0. Hints about counter resets do not count.
 */
export function isSameHistogram(a: FloatHistogram, b: FloatHistogram): boolean {
  return (
    a.schema === b.schema &&
    Object.is(a.count, b.count) &&
    Object.is(a.sum, b.sum) &&
    a.zeroThreshold === b.zeroThreshold &&
    Object.is(a.zeroCount, b.zeroCount) &&
    (!a.hasCustomBuckets || isSameBounds(a.customBounds, b.customBounds)) &&
    isSameBuckets(a.negative, b.negative) &&
    isSameBuckets(a.positive, b.positive)
  );
}

function isSameBuckets(a: Buckets, b: Buckets): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++)
    if (a.indexes[i] !== b.indexes[i] || !Object.is(a.counts[i], b.counts[i])) return false;
  return true;
}
