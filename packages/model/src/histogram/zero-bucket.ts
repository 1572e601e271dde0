import {bucketBound} from './bounds.ts';
import {compact, compactCompensated} from './compact.ts';
import type {Buckets, FloatHistogram} from './float-histogram.ts';
import {compensate} from './kahan.ts';

/** What a histogram's zero bucket would be with a larger threshold. */
export class ZeroBucket {
  threshold = 0;
  count = 0;
  /** What `count` misses, by Kahan's summation. */
  missed = 0;

  /** Fills it with the zero bucket as it is. */
  read(histogram: FloatHistogram, missed: FloatHistogram | undefined): void {
    this.threshold = histogram.zeroThreshold;
    this.count = histogram.zeroCount;
    this.missed = missed === undefined ? 0 : missed.zeroCount;
  }

  /**
   * Fills it with the zero bucket that `histogram` would have with a threshold of at least `threshold`, which is not below its own. Where that lies within
   * a bucket with observations, the threshold moves up to the end of that bucket. The histogram stays as it is.
   */
  widen(histogram: FloatHistogram, threshold: number, missed: FloatHistogram | undefined): void {
    this.read(histogram, missed);
    if (threshold === this.threshold) return;
    this.threshold = threshold;
    this.#swallow(histogram, histogram.positive, missed?.positive);
    // A negative bucket that moves the threshold makes the positive ones count anew. What is missed so far stays, as upstream has it.
    while (this.#swallow(histogram, histogram.negative, missed?.negative)) {
      this.count = histogram.zeroCount;
      this.#swallow(histogram, histogram.positive, missed?.positive);
    }
  }

  /** Adds the buckets of one sign that begin below the threshold; whether the last of them moved it. */
  #swallow(histogram: FloatHistogram, buckets: Buckets, missed: Buckets | undefined): boolean {
    for (let i = 0; i < buckets.length; i++) {
      const index = buckets.indexes[i];
      const count = buckets.counts[i];
      if (bucketBound(histogram, index - 1) >= this.threshold) return false;
      this.#add(count);
      if (missed !== undefined) this.#add(missed.counts[i]);
      const upper = bucketBound(histogram, index);
      if (upper > this.threshold) {
        if (count === 0) return false;
        this.threshold = upper;
        return true;
      }
    }
    return false;
  }

  #add(count: number): void {
    this.missed = compensate(this.count, count, this.missed);
    this.count += count;
  }
}

const mine = new ZeroBucket();

/**
 * Brings `histogram` to a zero bucket that swallows those of both histograms and ends within no bucket of either; `theirs` becomes the zero bucket of
 * `other` then, which stays as it is. `missed` is the compensation of `histogram`, changed with it.
 */
export function reconcileZeroBuckets(
  histogram: FloatHistogram,
  other: FloatHistogram,
  theirs: ZeroBucket,
  missed?: FloatHistogram,
): void {
  theirs.read(other, undefined);
  while (theirs.threshold !== histogram.zeroThreshold) {
    if (theirs.threshold < histogram.zeroThreshold) theirs.widen(other, histogram.zeroThreshold, undefined);
    else if (theirs.threshold > histogram.zeroThreshold) widenInPlace(histogram, theirs.threshold, missed);
    else return; // NaN has no order.
  }
}

function widenInPlace(histogram: FloatHistogram, threshold: number, missed: FloatHistogram | undefined): void {
  mine.widen(histogram, threshold, missed);
  histogram.zeroCount = mine.count;
  histogram.zeroThreshold = mine.threshold;
  empty(histogram, histogram.positive, missed?.positive);
  empty(histogram, histogram.negative, missed?.negative);
  if (missed === undefined) return compact(histogram);
  missed.zeroCount = mine.missed;
  compactCompensated(histogram, missed);
}

/** Empties the buckets that begin below the zero threshold. */
function empty(histogram: FloatHistogram, buckets: Buckets, missed: Buckets | undefined): void {
  for (let i = 0; i < buckets.length; i++) {
    if (bucketBound(histogram, buckets.indexes[i] - 1) >= histogram.zeroThreshold) return;
    buckets.counts[i] = 0;
    if (missed !== undefined) missed.counts[i] = 0;
  }
}
