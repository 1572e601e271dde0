/** Schema of histograms whose bucket bounds are listed one by one (custom values). */
export const CUSTOM_BUCKETS_SCHEMA = -53;
/** Exponential schemas go from -4 (bounds grow by 65536) to 8 (by 1.0027). */
export const SCHEMA_MIN = -4;
export const SCHEMA_MAX = 8;

/** What is known about how a histogram follows the one before it. The numbers are those of the protobuf format and of stored chunks. */
export const COUNTER_RESET = {unknown: 0, reset: 1, notReset: 2, gauge: 3} as const;
export type CounterReset = (typeof COUNTER_RESET)[keyof typeof COUNTER_RESET];

const NO_BOUNDS = new Float64Array(0);

/**
 * The buckets of one sign of a histogram: two flat columns, sorted by index, each index at most once. A bucket may be listed with a count of 0; that
 * differs from not being listed only for `equals` and the detection of resets.
 */
export class Buckets {
  /** `length` of the entries are in use. Replaced when the list grows. */
  indexes = new Int32Array(8);
  counts = new Float64Array(8);
  length = 0;

  clear(): void {
    this.length = 0;
  }

  /** Adds a bucket behind the last one. */
  push(index: number, count: number): void {
    if (this.length === this.counts.length) this.reserve(this.length * 2);
    this.indexes[this.length] = index;
    this.counts[this.length++] = count;
  }

  /** Makes room for `capacity` buckets in all; what is listed stays. */
  reserve(capacity: number): void {
    if (capacity <= this.counts.length) return;
    const {indexes, counts} = this;
    this.indexes = new Int32Array(capacity);
    this.counts = new Float64Array(capacity);
    this.indexes.set(indexes);
    this.counts.set(counts);
  }

  copyFrom(other: Buckets): void {
    this.reserve(other.length);
    this.indexes.set(other.indexes.subarray(0, other.length));
    this.counts.set(other.counts.subarray(0, other.length));
    this.length = other.length;
  }

  /** The position of a bucket in the list; -1 when it is not listed. */
  find(index: number): number {
    let lo = 0;
    let hi = this.length;
    while (lo < hi) {
      const middle = (lo + hi) >>> 1;
      if (this.indexes[middle] < index) lo = middle + 1;
      else hi = middle;
    }
    return lo < this.length && this.indexes[lo] === index ? lo : -1;
  }
}

/**
 * A native histogram whose counts are floats: what PromQL computes with. It is a work sheet: functions change it in place, `copyFrom` fills it again, its
 * columns stay. Histograms that are kept, one a sample, are records in memory (`record.ts`), not objects of this class.
 */
export class FloatHistogram {
  /** -4 to 8, or CUSTOM_BUCKETS_SCHEMA. */
  schema = 0;
  counterReset: CounterReset = COUNTER_RESET.unknown;
  /** The zero bucket takes observations whose absolute value is at most this. */
  zeroThreshold = 0;
  zeroCount = 0;
  count = 0;
  sum = 0;
  /** With custom buckets all buckets are here, bucket i reaching from bound i - 1 (excluded) to bound i. */
  readonly positive = new Buckets();
  readonly negative = new Buckets();
  /** The upper bounds of custom buckets, ascending, without +Inf. Shared between histograms, so never changed in place: replace it. */
  customBounds: Float64Array = NO_BOUNDS;

  get hasCustomBuckets(): boolean {
    return this.schema === CUSTOM_BUCKETS_SCHEMA;
  }

  /** Makes it the empty histogram of schema 0. */
  clear(): void {
    this.schema = 0;
    this.counterReset = COUNTER_RESET.unknown;
    this.zeroThreshold = 0;
    this.zeroCount = 0;
    this.count = 0;
    this.sum = 0;
    this.positive.clear();
    this.negative.clear();
    this.customBounds = NO_BOUNDS;
  }

  copyFrom(other: FloatHistogram): void {
    this.schema = other.schema;
    this.counterReset = other.counterReset;
    this.zeroThreshold = other.zeroThreshold;
    this.zeroCount = other.zeroCount;
    this.count = other.count;
    this.sum = other.sum;
    this.positive.copyFrom(other.positive);
    this.negative.copyFrom(other.negative);
    this.customBounds = other.customBounds;
  }

  clone(): FloatHistogram {
    const copy = new FloatHistogram();
    copy.copyFrom(this);
    return copy;
  }
}
