import {exponentialBound, isSameBounds} from './bounds.ts';
import {Buckets, COUNTER_RESET, type FloatHistogram} from './float-histogram.ts';
import {mapCustomBuckets} from './map-bounds.ts';
import {mergeBuckets, reduceResolution} from './resolution.ts';
import {ZeroBucket, reconcileZeroBuckets} from './zero-bucket.ts';

/** What happened in an addition or subtraction: bits, to be tested one by one. */
export const ADDED = {
  /** One histogram says that its counter was reset, the other that it was not; the result says neither. */
  resetCollision: 1,
  /** The custom bounds differed, the result has those that both had. */
  boundsReconciled: 2,
  /** Exponential and custom buckets do not go together: the target is unchanged. No other bit is set. */
  incompatible: 4,
} as const;

// One thread computes one sum at a time, so scratch can live as long as the module.
const theirZeroBucket = new ZeroBucket();
const merged = new Buckets();

/**
 * Adds `other` to `target`, at the lower resolution and with the wider zero bucket of both; which buckets are listed is the union. Returns bits of `ADDED`.
 * `other`, which is not `target` itself, stays as it is.
 */
export function addHistogram(target: FloatHistogram, other: FloatHistogram): number {
  return combine(target, other, 1);
}

/** Subtracts `other` from `target`; as `addHistogram` otherwise. PromQL's `-` makes the result a gauge besides. */
export function subtractHistogram(target: FloatHistogram, other: FloatHistogram): number {
  return combine(target, other, -1);
}

function combine(target: FloatHistogram, other: FloatHistogram, sign: 1 | -1): number {
  if (target.hasCustomBuckets !== other.hasCustomBuckets) return ADDED.incompatible;
  const collision = adjustCounterReset(target, other);
  if (!target.hasCustomBuckets) {
    reconcileZeroBuckets(target, other, theirZeroBucket);
    target.zeroCount += sign * theirZeroBucket.count;
  }
  target.count += sign * other.count;
  target.sum += sign * other.sum;
  if (!target.hasCustomBuckets) {
    combineExponential(target, other, sign);
    return collision;
  }
  if (isSameBounds(target.customBounds, other.customBounds)) {
    addBuckets(target.positive, other.positive, 0, sign);
    return collision;
  }
  mapCustomBuckets(target, other, sign);
  return collision | ADDED.boundsReconciled;
}

function combineExponential(target: FloatHistogram, other: FloatHistogram, sign: 1 | -1): void {
  if (other.schema < target.schema) reduceResolution(target, other.schema);
  const steps = other.schema - target.schema;
  addBucketsFromFiner(target, target.positive, other.positive, steps, sign);
  addBucketsFromFiner(target, target.negative, other.negative, steps, sign);
}

function addBucketsFromFiner(
  histogram: FloatHistogram,
  target: Buckets,
  other: Buckets,
  steps: number,
  sign: 1 | -1,
): void {
  let theirs = other;
  if (steps > 0) {
    merged.copyFrom(other);
    mergeBuckets(merged, steps);
    theirs = merged;
  }
  addBuckets(target, theirs, bucketsWithin(histogram, theirs), sign);
}

/** How many buckets of the list, at the schema of `histogram`, end within its zero bucket. */
export function bucketsWithin({schema, zeroThreshold}: FloatHistogram, {indexes, length}: Buckets): number {
  let i = 0;
  while (i < length && exponentialBound(schema, indexes[i]) <= zeroThreshold) i++;
  return i;
}

/** Adds the buckets of `other` from position `from` on, multiplied by `sign`. */
function addBuckets(target: Buckets, other: Buckets, from: number, sign: 1 | -1): void {
  let i = target.length - 1;
  let to = i + countMissing(target, other, from);
  target.reserve(to + 1);
  target.length = to + 1;
  const {indexes, counts} = target;
  const {indexes: theirs, counts: added} = other;
  // From the end, so that buckets move into the room behind them.
  for (let j = other.length - 1; j >= from; j--) {
    const index = theirs[j];
    for (; i >= 0 && indexes[i] > index; i--, to--) {
      indexes[to] = indexes[i];
      counts[to] = counts[i];
    }
    const count = sign * added[j];
    counts[to] = i >= 0 && indexes[i] === index ? counts[i--] + count : count;
    indexes[to--] = index;
  }
}

/** How many buckets of `other`, from position `from` on, `target` does not list. */
export function countMissing(target: Buckets, other: Buckets, from: number): number {
  const {indexes, length} = target;
  const {indexes: theirs, length: end} = other;
  let missing = 0;
  let i = 0;
  for (let j = from; j < end; j++) {
    const index = theirs[j];
    while (i < length && indexes[i] < index) i++;
    if (i < length && indexes[i] === index) i++;
    else missing++;
  }
  return missing;
}

/** The hint of a sum: a gauge when either is one, else unknown when they differ. Returns `ADDED.resetCollision` or 0. */
export function adjustCounterReset(target: FloatHistogram, other: FloatHistogram): number {
  const {unknown, gauge} = COUNTER_RESET;
  const mine = target.counterReset;
  const theirs = other.counterReset;
  if (mine === theirs || mine === gauge) return 0;
  target.counterReset = theirs === gauge ? gauge : unknown;
  return theirs === gauge || mine === unknown || theirs === unknown ? 0 : ADDED.resetCollision;
}
