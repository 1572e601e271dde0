import {bucketBound} from './bounds.ts';
import {compact} from './compact.ts';
import type {Buckets, FloatHistogram} from './float-histogram.ts';
import {fractionBelow} from './interpolate.ts';

/** Which observations stay: those below the limit (PromQL's `</`) or those above it (`>/`). */
export type TrimSide = 'below' | 'above';

/**
 * Drops the observations on the other side of `limit`. Of a bucket that the limit cuts, the part that interpolation puts on the right side stays; of one
 * without end all or nothing. If anything was dropped, count and sum are computed anew from the buckets and buckets without observations are dropped too.
 */
export function trimHistogram(histogram: FloatHistogram, limit: number, side: TrimSide): void {
  new Trim(histogram, limit, side).run();
}

class Trim {
  readonly #histogram: FloatHistogram;
  readonly #limit: number;
  readonly #keepsBelow: boolean;
  #isChanged = false;
  /** What stays, over all buckets. */
  #count = 0;
  #sum = 0;
  /** What stays of the bucket looked at last, and where in it that is. */
  #kept = 0;
  #middle = 0;

  constructor(histogram: FloatHistogram, limit: number, side: TrimSide) {
    this.#histogram = histogram;
    this.#limit = limit;
    this.#keepsBelow = side === 'below';
  }

  run(): void {
    const histogram = this.#histogram;
    const hasPositive = this.#trimBuckets(histogram.positive, 1);
    const hasNegative = this.#trimBuckets(histogram.negative, -1);
    if (histogram.zeroCount > 0) this.#trimZeroBucket(hasPositive, hasNegative);
    if (!this.#isChanged) return;
    histogram.count = this.#count;
    histogram.sum = this.#sum;
    compact(histogram);
  }

  /** Trims the buckets of one sign; whether there were observations in them. */
  #trimBuckets({indexes, counts, length}: Buckets, sign: 1 | -1): boolean {
    let hasObservations = false;
    for (let i = 0; i < length; i++) {
      if (counts[i] === 0) continue;
      hasObservations = true;
      const far = bucketBound(this.#histogram, indexes[i]);
      const near = bucketBound(this.#histogram, indexes[i] - 1);
      if (sign === 1) this.#trimBucket(near, far, counts[i], sign);
      else this.#trimBucket(-far, -near, counts[i], sign);
      this.#count += this.#kept;
      this.#sum += this.#middle * this.#kept;
      if (counts[i] === this.#kept) continue;
      counts[i] = this.#kept;
      this.#isChanged = true;
    }
    return hasObservations;
  }

  #trimBucket(lower: number, upper: number, count: number, sign: 1 | -1): void {
    const limit = this.#limit;
    const isKept = this.#keepsBelow ? upper <= limit : lower >= limit;
    if (isKept) return this.#keep(count, this.#middleOf(lower, upper, sign));
    const isCut = this.#keepsBelow ? lower < limit : upper > limit;
    if (!isCut) return this.#keep(0, 0);
    if (lower === -Infinity) return this.#cutEndlessBelow(upper, count);
    if (upper === Infinity) return this.#cutEndlessAbove(count);
    const below = count * fractionBelow(lower, upper, limit, this.#histogram.hasCustomBuckets);
    if (this.#keepsBelow) this.#keep(below, this.#middleOf(lower, limit, sign));
    else this.#keep(count - below, this.#middleOf(limit, upper, sign));
  }

  #keep(count: number, middle: number): void {
    this.#kept = count;
    this.#middle = middle;
  }

  /** Where nobody knows how the observations lie, a custom bucket that ends above 0 is taken to begin at 0. */
  #cutEndlessBelow(upper: number, count: number): void {
    const limit = this.#limit;
    const isEven = upper > 0 && upper !== Infinity;
    if (this.#keepsBelow) {
      if (limit > 0 && isEven) this.#keep((count * limit) / upper, limit / 2);
      else if (upper <= 0) this.#keep(count, limit);
      else this.#keep(0, 0);
    } else if (limit >= 0 && isEven) this.#keep(count * (1 - limit / upper), (limit + upper) / 2);
    else this.#keep(0, 0);
  }

  #cutEndlessAbove(count: number): void {
    if (this.#keepsBelow) this.#keep(0, 0);
    else this.#keep(count, this.#limit);
  }

  /** Where the observations between two bounds are taken to lie for the sum. */
  #middleOf(lower: number, upper: number, sign: 1 | -1): number {
    const isLowerEndless = lower === -Infinity || lower === Infinity;
    const isUpperEndless = upper === -Infinity || upper === Infinity;
    if (isLowerEndless && isUpperEndless) return 0;
    if (isLowerEndless) return upper > 0 ? upper / 2 : upper;
    if (isUpperEndless) return lower;
    if (this.#histogram.hasCustomBuckets) return (lower + upper) / 2;
    return sign * Math.sqrt(Math.abs(lower * upper));
  }

  #trimZeroBucket(hasPositive: boolean, hasNegative: boolean): void {
    const histogram = this.#histogram;
    const {zeroThreshold, zeroCount} = histogram;
    // Beside observations of one sign only, it is taken to hold nothing of the other.
    const lower = hasPositive && !hasNegative ? 0 : -zeroThreshold;
    const upper = hasNegative && !hasPositive ? 0 : zeroThreshold;
    this.#cutZeroBucket(lower, upper, zeroCount);
    this.#sum += this.#middle * this.#kept;
    this.#count += this.#kept;
    if (zeroCount === this.#kept) return;
    histogram.zeroCount = this.#kept;
    this.#isChanged = true;
  }

  #cutZeroBucket(lower: number, upper: number, count: number): void {
    const limit = this.#limit;
    if (limit <= lower || limit >= upper) {
      const isKept = this.#keepsBelow ? limit > lower : limit <= lower;
      if (isKept) this.#keep(count, (lower + upper) / 2);
      else this.#keep(0, 0);
    } else if (this.#keepsBelow) this.#keep(count * ((limit - lower) / (upper - lower)), (lower + limit) / 2);
    else this.#keep(count * ((upper - limit) / (upper - lower)), (limit + upper) / 2);
  }
}
