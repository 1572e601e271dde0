// Sums of many histograms with Kahan's summation. Beside the sum there is a second histogram, its compensation, which lists the same buckets and holds what
// each number of the sum misses; adding it once at the end gives the result.
import {ADDED, adjustCounterReset, bucketsWithin, countMissing} from './add.ts';
import {isSameBounds} from './bounds.ts';
import {Buckets, type FloatHistogram} from './float-histogram.ts';
import {compensate} from './kahan.ts';
import {mapCustomBuckets} from './map-bounds.ts';
import {addCompensated, copyLayout, mergeCompensatedBuckets} from './resolution.ts';
import {ZeroBucket, reconcileZeroBuckets} from './zero-bucket.ts';

const theirZeroBucket = new ZeroBucket();
const merged = new Buckets();
const mergedMissed = new Buckets();
const nothingMissed = new Buckets();

/** Makes `missed` the compensation of a sum that so far misses nothing: the layout of `sum`, every number 0. */
export function startCompensation(missed: FloatHistogram, sum: FloatHistogram): void {
  missed.copyFrom(sum);
  missed.zeroCount = 0;
  missed.count = 0;
  missed.sum = 0;
  missed.positive.counts.fill(0, 0, missed.positive.length);
  missed.negative.counts.fill(0, 0, missed.negative.length);
}

/**
 * Adds `other` to `sum` and keeps what that misses in `missed`, which `startCompensation` made for `sum`. Returns bits of `ADDED`; `other` stays as it is.
 */
export function addCompensatedHistogram(sum: FloatHistogram, missed: FloatHistogram, other: FloatHistogram): number {
  if (sum.hasCustomBuckets !== other.hasCustomBuckets) return ADDED.incompatible;
  const collision = adjustCounterReset(sum, other);
  if (!sum.hasCustomBuckets) {
    reconcileZeroBuckets(sum, other, theirZeroBucket, missed);
    addToZeroCount(sum, missed, theirZeroBucket.count);
    addToZeroCount(sum, missed, theirZeroBucket.missed);
  }
  missed.count = compensate(sum.count, other.count, missed.count);
  sum.count += other.count;
  missed.sum = compensate(sum.sum, other.sum, missed.sum);
  sum.sum += other.sum;
  if (!sum.hasCustomBuckets) {
    addExponential(sum, missed, other);
    return collision;
  }
  if (isSameBounds(sum.customBounds, other.customBounds)) {
    addBuckets(sum.positive, missed.positive, other.positive, nothingMissed, 0);
    return collision;
  }
  mapCustomBuckets(sum, other, 1, missed);
  return collision | ADDED.boundsReconciled;
}

function addToZeroCount(sum: FloatHistogram, missed: FloatHistogram, count: number): void {
  missed.zeroCount = compensate(sum.zeroCount, count, missed.zeroCount);
  sum.zeroCount += count;
}

function addExponential(sum: FloatHistogram, missed: FloatHistogram, other: FloatHistogram): void {
  if (other.schema < sum.schema) {
    mergeCompensatedBuckets(sum.positive, missed.positive, sum.schema - other.schema);
    mergeCompensatedBuckets(sum.negative, missed.negative, sum.schema - other.schema);
    sum.schema = other.schema;
  }
  const steps = other.schema - sum.schema;
  addSide(sum, sum.positive, missed.positive, other.positive, steps);
  addSide(sum, sum.negative, missed.negative, other.negative, steps);
  missed.schema = sum.schema;
  missed.zeroThreshold = sum.zeroThreshold;
}

function addSide(histogram: FloatHistogram, sum: Buckets, missed: Buckets, other: Buckets, steps: number): void {
  if (steps === 0) return addBuckets(sum, missed, other, nothingMissed, bucketsWithin(histogram, other));
  merged.copyFrom(other);
  mergedMissed.copyFrom(other);
  mergedMissed.counts.fill(0, 0, other.length);
  mergeCompensatedBuckets(merged, mergedMissed, steps);
  addBuckets(sum, missed, merged, mergedMissed, bucketsWithin(histogram, merged));
}

/** Adds the buckets of `other` from position `from` on; `otherMissed` lists the same buckets or none. */
function addBuckets(sum: Buckets, missed: Buckets, other: Buckets, otherMissed: Buckets, from: number): void {
  let i = sum.length - 1;
  let to = i + countMissing(sum, other, from);
  resize(sum, to + 1);
  resize(missed, to + 1);
  // From the end, so that buckets move into the room behind them.
  for (let j = other.length - 1; j >= from; j--) {
    const index = other.indexes[j];
    for (; i >= 0 && sum.indexes[i] > index; i--, to--) move(sum, missed, i, to);
    const theirMissed = otherMissed.length === 0 ? 0 : otherMissed.counts[j];
    if (i >= 0 && sum.indexes[i] === index) {
      move(sum, missed, i--, to);
      addCompensated(sum, missed, to, other.counts[j]);
      if (theirMissed !== 0) addCompensated(sum, missed, to, theirMissed);
    } else {
      sum.indexes[to] = index;
      sum.counts[to] = other.counts[j];
      missed.counts[to] = theirMissed;
    }
    to--;
  }
  copyLayout(sum, missed);
}

function resize(buckets: Buckets, length: number): void {
  buckets.reserve(length);
  buckets.length = length;
}

function move(sum: Buckets, missed: Buckets, from: number, to: number): void {
  sum.indexes[to] = sum.indexes[from];
  sum.counts[to] = sum.counts[from];
  missed.counts[to] = missed.counts[from];
}
