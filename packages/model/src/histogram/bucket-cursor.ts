import {bucketBound} from './bounds.ts';
import {FloatHistogram} from './float-histogram.ts';

/**
 * Walks over the buckets of a histogram in the order of their bounds, up or down: negative ones, the zero bucket when it counts something, positive ones.
 * Listed buckets are visited even if they count 0. Buckets that overlap with the zero bucket are cut at its threshold. One cursor can walk over many
 * histograms, one after the other; these must not change underneath.
 */
export class BucketCursor {
  /** Observations in the current bucket; 0 before the first one. */
  count = 0;
  #histogram = new FloatHistogram();
  #step: 1 | -1 = 1;
  // Positions count from the lowest negative bucket over the zero bucket, which always has one, to the highest positive bucket.
  #current = -1;
  #next = 0;

  /** Sets out below the lowest bucket. */
  startUpwards(histogram: FloatHistogram): void {
    this.#start(histogram, 1, 0);
  }

  /** Sets out above the highest bucket. */
  startDownwards(histogram: FloatHistogram): void {
    this.#start(histogram, -1, histogram.negative.length + histogram.positive.length);
  }

  #start(histogram: FloatHistogram, step: 1 | -1, next: number): void {
    this.#histogram = histogram;
    this.#step = step;
    this.#current = -1;
    this.#next = next;
    this.count = 0;
  }

  /** Goes to the next bucket; at the end it stays at the last one and returns false. */
  next(): boolean {
    const {negative, positive, zeroCount} = this.#histogram;
    const zero = negative.length;
    if (this.#next === zero && !(zeroCount > 0)) this.#next += this.#step;
    if (this.#next < 0 || this.#next > zero + positive.length) return false;
    const at = this.#next;
    this.#current = at;
    this.#next = at + this.#step;
    if (at === zero) this.count = zeroCount;
    else this.count = at < zero ? negative.counts[zero - 1 - at] : positive.counts[at - zero - 1];
    return true;
  }

  /** The lower bound of the current bucket; 0 before the first one. */
  get lower(): number {
    const at = this.#current;
    const histogram = this.#histogram;
    const zero = histogram.negative.length;
    if (at < 0) return 0;
    if (at < zero) return -bucketBound(histogram, histogram.negative.indexes[zero - 1 - at]);
    if (at === zero) return -histogram.zeroThreshold;
    const bound = bucketBound(histogram, histogram.positive.indexes[at - zero - 1] - 1);
    return bound > 0 && bound < histogram.zeroThreshold ? histogram.zeroThreshold : bound;
  }

  /** The upper bound of the current bucket; 0 before the first one. */
  get upper(): number {
    const at = this.#current;
    const histogram = this.#histogram;
    const zero = histogram.negative.length;
    if (at < 0) return 0;
    if (at > zero) return bucketBound(histogram, histogram.positive.indexes[at - zero - 1]);
    if (at === zero) return histogram.zeroThreshold;
    const bound = -bucketBound(histogram, histogram.negative.indexes[zero - 1 - at] - 1);
    return bound < 0 && bound > -histogram.zeroThreshold ? -histogram.zeroThreshold : bound;
  }

  /** Whether the bucket takes observations that equal its lower bound. */
  get isLowerInclusive(): boolean {
    const {negative, positive, hasCustomBuckets} = this.#histogram;
    const zero = negative.length;
    if (hasCustomBuckets) return positive.indexes[this.#current - zero - 1] === 0;
    return this.#current === zero || this.lower < 0;
  }

  /** Whether the bucket takes observations that equal its upper bound. */
  get isUpperInclusive(): boolean {
    const {negative, hasCustomBuckets} = this.#histogram;
    return hasCustomBuckets || this.#current === negative.length || this.upper > 0;
  }
}
