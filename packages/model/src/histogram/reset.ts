import {exponentialBound, isSameBounds, customBound} from './bounds.ts';
import {type Buckets, COUNTER_RESET, type FloatHistogram} from './float-histogram.ts';
import {coarserIndex} from './resolution.ts';
import {ZeroBucket} from './zero-bucket.ts';

const previousZeroBucket = new ZeroBucket();

/**
 * Whether the counter behind two histograms that follow each other was reset in between: something was counted less, or the layout changed in a way that
 * only a new start explains (finer schema, smaller zero threshold, a bucket cut by the new zero bucket). A hint in `current` settles it at once.
 */
export function isCounterReset(current: FloatHistogram, previous: FloatHistogram): boolean {
  if (current.counterReset === COUNTER_RESET.reset) return true;
  if (current.counterReset === COUNTER_RESET.notReset) return false;
  if (current.count < previous.count) return true;
  if (current.hasCustomBuckets) {
    if (!previous.hasCustomBuckets) return true;
    if (!isSameBounds(current.customBounds, previous.customBounds)) return hasCommonBucketLost(current, previous);
  }
  if (current.schema > previous.schema || current.zeroThreshold < previous.zeroThreshold) return true;
  previousZeroBucket.widen(previous, current.zeroThreshold, undefined);
  if (previousZeroBucket.threshold !== current.zeroThreshold) return true;
  if (current.zeroCount < previousZeroBucket.count) return true;
  const steps = previous.schema - current.schema;
  return (
    hasBucketLost(current, current.positive, previous.positive, steps) ||
    hasBucketLost(current, current.negative, previous.negative, steps)
  );
}

/** Whether a bucket of `previous`, at a schema finer by `steps`, counts more than it does in `buckets`, the zero bucket aside. */
function hasBucketLost(current: FloatHistogram, buckets: Buckets, previous: Buckets, steps: number): boolean {
  const {indexes, counts, length} = buckets;
  const {indexes: oldIndexes, counts: oldCounts, length: oldLength} = previous;
  const hasZeroBucket = current.zeroThreshold !== 0 && !current.hasCustomBuckets;
  let at = 0;
  for (let i = 0; i < oldLength;) {
    const index = coarserIndex(oldIndexes[i], steps);
    let count = 0;
    do count += oldCounts[i++];
    while (i < oldLength && coarserIndex(oldIndexes[i], steps) === index);
    if (hasZeroBucket && exponentialBound(current.schema, index) <= current.zeroThreshold) continue;
    while (at < length && indexes[at] < index) at++;
    const isListed = at < length && indexes[at] === index;
    if (isListed ? counts[at] < count : count !== 0) return true;
  }
  return false;
}

/** `hasBucketLost` for custom buckets with different bounds, between the bounds that both have. */
function hasCommonBucketLost(current: FloatHistogram, previous: FloatHistogram): boolean {
  const mine = current.customBounds;
  const theirs = previous.customBounds;
  let currentAt = 0;
  let previousAt = 0;
  for (let i = 0, j = 0; i <= mine.length && j <= theirs.length;) {
    const bound = customBound(mine, i);
    const otherBound = customBound(theirs, j);
    if (bound !== otherBound) {
      if (bound < otherBound) i++;
      else j++;
      continue;
    }
    const currentEnd = endOfBuckets(current.positive, currentAt, i++);
    const previousEnd = endOfBuckets(previous.positive, previousAt, j++);
    if (sumOf(current.positive, currentAt, currentEnd) < sumOf(previous.positive, previousAt, previousEnd)) return true;
    currentAt = currentEnd;
    previousAt = previousEnd;
  }
  return false;
}

/** The position behind the last bucket up to `index`, from `at` on. */
function endOfBuckets({indexes, length}: Buckets, at: number, index: number): number {
  let end = at;
  while (end < length && indexes[end] <= index) end++;
  return end;
}

function sumOf({counts}: Buckets, from: number, to: number): number {
  let sum = 0;
  for (let i = from; i < to; i++) sum += counts[i];
  return sum;
}
