// Sums of histograms with different custom bounds. The result has the bounds that both have, so each of its buckets is the sum of whole buckets of either.
import type {Buckets, FloatHistogram} from './float-histogram.ts';
import {compensate} from './kahan.ts';

/** Sums of all buckets of the common bounds, in order, and what they miss. */
interface BoundSums {
  readonly bounds: Float64Array;
  readonly sums: Float64Array;
  readonly missed: Float64Array;
}

/**
 * Adds `other` (or subtracts it) where the custom bounds differ. Buckets that come out as 0 are not listed. With `missed`, the compensation of `target`, both
 * are brought to the common bounds; without it what the sums miss is lost.
 */
export function mapCustomBuckets(
  target: FloatHistogram,
  other: FloatHistogram,
  sign: 1 | -1,
  missed?: FloatHistogram,
): void {
  const bounds = intersectBounds(target.customBounds, other.customBounds);
  const size = bounds.length + 1;
  const sums: BoundSums = {bounds, sums: new Float64Array(size), missed: new Float64Array(size)};
  sumBuckets(sums, target.positive, target.customBounds, 1, missed?.positive);
  sumBuckets(sums, other.positive, other.customBounds, sign, undefined);
  listBuckets(sums, target.positive, missed?.positive);
  target.customBounds = bounds;
  if (missed !== undefined) missed.customBounds = bounds;
}

/** The bounds that both lists have. */
function intersectBounds(a: Float64Array, b: Float64Array): Float64Array {
  const common = new Float64Array(Math.min(a.length, b.length));
  let length = 0;
  for (let i = 0, j = 0; i < a.length && j < b.length;) {
    if (a[i] === b[j]) {
      common[length++] = a[i++];
      j++;
    } else if (a[i] < b[j]) i++;
    else j++;
  }
  return common.slice(0, length);
}

function sumBuckets(
  into: BoundSums,
  buckets: Buckets,
  bounds: Float64Array,
  sign: 1 | -1,
  missed: Buckets | undefined,
): void {
  let at = 0;
  for (let i = 0; i < buckets.length; i++) {
    const index = buckets.indexes[i];
    if (index < bounds.length) while (at < into.bounds.length && into.bounds[at] < bounds[index]) at++;
    else at = into.bounds.length;
    addTo(into, at, sign * buckets.counts[i]);
    if (missed !== undefined) addTo(into, at, missed.counts[i]);
  }
}

function addTo({sums, missed}: BoundSums, at: number, count: number): void {
  missed[at] = compensate(sums[at], count, missed[at]);
  sums[at] += count;
}

function listBuckets({sums, missed}: BoundSums, buckets: Buckets, missedBuckets: Buckets | undefined): void {
  buckets.clear();
  missedBuckets?.clear();
  for (let i = 0; i < sums.length; i++) {
    if (sums[i] === 0 && missed[i] === 0) continue;
    buckets.push(i, sums[i]);
    missedBuckets?.push(i, missed[i]);
  }
}
