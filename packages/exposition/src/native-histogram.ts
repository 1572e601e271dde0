import {
  type Buckets,
  COUNTER_RESET,
  type CounterReset,
  type FloatHistogram,
} from '@narthex/model/histogram/float-histogram.ts';

const LENGTH = 16;
const NO_BOUNDS = new Float64Array(0);

/**
 * The buckets of one sign: spans of buckets side by side, and their counts in a flat list. The offset of the first span
 * is the index of its bucket, that of another the gap behind the span before.
 */
export class SpanBuckets {
  spanCount = 0;
  offsets = new Int32Array(LENGTH);
  lengths = new Uint32Array(LENGTH);
  bucketCount = 0;
  /** Observations in each bucket, not cumulative, no differences. Whole numbers are exact up to 2^53. */
  counts = new Float64Array(LENGTH);

  clear(): void {
    this.spanCount = 0;
    this.bucketCount = 0;
  }

  /** Adds a span of `length` buckets, whose counts the caller adds. */
  addSpan(offset: number, length = 0): void {
    if (this.spanCount === this.offsets.length) {
      const {offsets, lengths} = this;
      this.offsets = new Int32Array(2 * offsets.length);
      this.lengths = new Uint32Array(2 * lengths.length);
      this.offsets.set(offsets);
      this.lengths.set(lengths);
    }
    this.offsets[this.spanCount] = offset;
    this.lengths[this.spanCount++] = length;
  }

  /** Makes room for `buckets` buckets in all; what is listed stays. */
  reserve(buckets: number): void {
    if (buckets <= this.counts.length) return;
    const {counts} = this;
    this.counts = new Float64Array(Math.max(buckets, 2 * counts.length));
    this.counts.set(counts);
  }

  /** Adds a bucket to the last span. */
  addBucket(count: number): void {
    this.reserve(this.bucketCount + 1);
    this.counts[this.bucketCount++] = count;
    this.lengths[this.spanCount - 1]++;
  }

  /** The first span but the first of all whose offset is negative, so that spans overlap; undefined when all is well. */
  spanFault(): string | undefined {
    for (let i = 1; i < this.spanCount; i++) {
      if (this.offsets[i] >= 0) continue;
      return `span number ${i + 1} with offset ${this.offsets[i]}: histogram has a span whose offset is negative`;
    }
    return undefined;
  }
}

/**
 * A native histogram as formats carry it. Parsers fill the same one again and again; it is compact: no bucket is empty
 * (with custom buckets, two empty ones between others may stay), spans are as few as can be.
 */
export class NativeHistogram {
  /** Whether counts came as floats. */
  isFloat = false;
  counterReset: CounterReset = COUNTER_RESET.unknown;
  schema = 0;
  zeroThreshold = 0;
  zeroCount = 0;
  count = 0;
  sum = 0;
  readonly positive = new SpanBuckets();
  readonly negative = new SpanBuckets();
  /** Upper bounds of custom buckets, ascending, without +Inf. Replaced, never changed in place. */
  customBounds: Float64Array = NO_BOUNDS;

  clear(): void {
    this.isFloat = false;
    this.counterReset = COUNTER_RESET.unknown;
    this.schema = 0;
    this.zeroThreshold = 0;
    this.zeroCount = 0;
    this.count = 0;
    this.sum = 0;
    this.positive.clear();
    this.negative.clear();
    this.customBounds = NO_BOUNDS;
  }
}

/**
 * Adds buckets one by one to an empty list and keeps it compact on the way: empty buckets at the ends are left out, and so
 * are more than `emptyMax` of them between others. With 0 that is upstream's Compact(0).
 */
export class SpanWriter {
  private readonly target: SpanBuckets;
  private readonly emptyMax: number;
  /** Buckets from the last bucket added, or from index 0, to the next. */
  private gap = 0;

  constructor(target: SpanBuckets, emptyMax: number) {
    this.target = target;
    this.emptyMax = emptyMax;
    target.clear();
  }

  /** Goes on `offset` buckets further. */
  skip(offset: number): void {
    this.gap += offset;
  }

  add(count: number): void {
    if (count === 0) {
      this.gap++;
      return;
    }
    const {target, gap} = this;
    if (target.spanCount === 0 || gap < 0 || gap > this.emptyMax) target.addSpan(gap);
    else for (let i = 0; i < gap; i++) target.addBucket(0);
    target.addBucket(count);
    this.gap = 0;
  }
}

/** Fills `into` with the histogram. Its spans must be without fault (`spanFault`). */
export function toFloatHistogram(from: NativeHistogram, into: FloatHistogram): void {
  into.schema = from.schema;
  into.counterReset = from.counterReset;
  into.zeroThreshold = from.zeroThreshold;
  into.zeroCount = from.zeroCount;
  into.count = from.count;
  into.sum = from.sum;
  listBuckets(from.positive, into.positive);
  listBuckets(from.negative, into.negative);
  into.customBounds = from.customBounds;
}

function listBuckets(from: SpanBuckets, into: Buckets): void {
  into.clear();
  into.reserve(from.bucketCount);
  let index = 0;
  let bucket = 0;
  for (let span = 0; span < from.spanCount; span++) {
    index += from.offsets[span];
    for (let i = 0; i < from.lengths[span]; i++) into.push(index++, from.counts[bucket++]);
  }
}
