import {bucketsOf, CUSTOM_BUCKETS_SCHEMA, spansOf, type Bucket, type HistogramLiteral} from './histogram-literal.ts';
import type {HistogramHint} from './token.ts';

/** Two histograms that cannot be added; the message is upstream's. */
export class HistogramSumError extends Error {
  override readonly name = 'HistogramSumError';
}

/** A histogram while it is being added to; a side's buckets are in order of index. */
interface Sum {
  schema: number;
  zeroThreshold: number;
  zeroCount: number;
  positive: Bucket[];
  negative: Bucket[];
}

/**
 * `base` plus `sign` times `increment` as the steps of a series description (`{{...}}+{{...}}x3`) add them: plain code
 * for tests and rule files, not for queries. The increment may have a higher resolution than the base, never a lower
 * one. Throws `HistogramSumError`.
 */
export function addHistograms(base: HistogramLiteral, increment: HistogramLiteral, sign: 1 | -1): HistogramLiteral {
  if (base.schema > increment.schema) {
    const schemas = `${increment.schema} to ${base.schema}`;
    throw new HistogramSumError(`error combining histograms: cannot merge from schema ${schemas}`);
  }
  if ((base.schema === CUSTOM_BUCKETS_SCHEMA) !== (increment.schema === CUSTOM_BUCKETS_SCHEMA)) {
    throw new HistogramSumError(
      'cannot apply this operation on histograms with a mix of exponential and custom bucket schemas',
    );
  }
  const totals = {
    count: base.count + sign * increment.count,
    sum: base.sum + sign * increment.sum,
    counterResetHint: combineHints(base.counterResetHint, increment.counterResetHint),
  };
  const isCustom = base.schema === CUSTOM_BUCKETS_SCHEMA;
  return {...base, ...(isCustom ? addCustom : addExponential)(base, increment, sign), ...totals};
}

/** A gauge stays a gauge; otherwise two different hints cancel each other. */
function combineHints(a: HistogramHint, b: HistogramHint): HistogramHint {
  if (a === b) return a;
  return a === 'gauge' || b === 'gauge' ? 'gauge' : 'unknown';
}

function addExponential(base: HistogramLiteral, increment: HistogramLiteral, sign: 1 | -1): Partial<HistogramLiteral> {
  const target = sumOf(base);
  const source = sumOf(increment);
  reconcileZeroBuckets(target, source);
  const shift = source.schema - target.schema;
  const add = (side: 'positive' | 'negative') =>
    addBuckets(target[side], outsideZero(reduceResolution(source[side], shift), target), sign);
  const positive = add('positive');
  const negative = add('negative');
  return {
    zeroThreshold: target.zeroThreshold,
    zeroCount: target.zeroCount + sign * source.zeroCount,
    positiveSpans: spansOf(positive),
    positiveBuckets: positive.map((bucket) => bucket.count),
    negativeSpans: spansOf(negative),
    negativeBuckets: negative.map((bucket) => bucket.count),
    customValues: [],
  };
}

function sumOf(histogram: HistogramLiteral): Sum {
  return {
    schema: histogram.schema,
    zeroThreshold: histogram.zeroThreshold,
    zeroCount: histogram.zeroCount,
    positive: bucketsOf(histogram.positiveSpans, histogram.positiveBuckets),
    negative: bucketsOf(histogram.negativeSpans, histogram.negativeBuckets),
  };
}

/**
 * Widens the zero buckets until they are the same. The buckets swallowed leave the target; those of the source are
 * passed over later.
 */
function reconcileZeroBuckets(target: Sum, source: Sum): void {
  while (source.zeroThreshold !== target.zeroThreshold) {
    if (target.zeroThreshold > source.zeroThreshold) widenZeroBucket(source, target.zeroThreshold);
    if (source.zeroThreshold > target.zeroThreshold) {
      widenZeroBucket(target, source.zeroThreshold);
      const isKept = ({index, count}: Bucket) => bound(index - 1, target.schema) >= target.zeroThreshold && count !== 0;
      target.positive = target.positive.filter(isKept);
      target.negative = target.negative.filter(isKept);
    }
  }
}

/**
 * Takes the counts of all buckets that begin below `threshold` into the zero bucket, which ends where the last filled
 * one of them does.
 */
function widenZeroBucket(histogram: Sum, threshold: number): void {
  const sides = [...histogram.positive, ...histogram.negative];
  const cut = sides.find(
    ({index, count}) =>
      count !== 0 && bound(index - 1, histogram.schema) < threshold && bound(index, histogram.schema) > threshold,
  );
  if (cut !== undefined) {
    widenZeroBucket(histogram, bound(cut.index, histogram.schema));
    return;
  }
  for (const {index, count} of sides) {
    if (bound(index - 1, histogram.schema) < threshold) histogram.zeroCount += count;
  }
  histogram.zeroThreshold = threshold;
}

/** The buckets but those at the beginning that lie within the zero bucket. */
function outsideZero(buckets: readonly Bucket[], {schema, zeroThreshold}: Sum): readonly Bucket[] {
  const first = buckets.findIndex(({index}) => !(bound(index, schema) <= zeroThreshold));
  return first < 0 ? [] : buckets.slice(first);
}

/** Upper bound of a bucket of an exponential schema, without sign. */
function bound(index: number, schema: number): number {
  const value = 2 ** (index * 2 ** -schema);
  // The last bucket of finite numbers ends with them.
  return index * 2 ** -schema === 1024 ? Number.MAX_VALUE : value;
}

function reduceResolution(buckets: readonly Bucket[], shift: number): Bucket[] {
  const reduced: Bucket[] = [];
  for (const {index, count} of buckets) {
    const target = shift === 0 ? index : ((index - 1) >> shift) + 1;
    const last = reduced.at(-1);
    if (last?.index === target) reduced[reduced.length - 1] = {index: target, count: last.count + count};
    else reduced.push({index: target, count});
  }
  return reduced;
}

function addBuckets(target: readonly Bucket[], source: readonly Bucket[], sign: 1 | -1): Bucket[] {
  const counts = new Map(target.map(({index, count}) => [index, count]));
  for (const {index, count} of source) {
    const before = counts.get(index);
    counts.set(index, before === undefined ? sign * count : before + sign * count);
  }
  return [...counts].map(([index, count]) => ({index, count})).sort((a, b) => a.index - b.index);
}

function addCustom(base: HistogramLiteral, increment: HistogramLiteral, sign: 1 | -1): Partial<HistogramLiteral> {
  const target = bucketsOf(base.positiveSpans, base.positiveBuckets);
  const source = bucketsOf(increment.positiveSpans, increment.positiveBuckets);
  const isSame =
    base.customValues.length === increment.customValues.length &&
    base.customValues.every((value, i) => value === increment.customValues[i]);
  const customValues = isSame
    ? base.customValues
    : base.customValues.filter((value) => increment.customValues.includes(value));
  const buckets = isSame
    ? addBuckets(target, source, sign)
    : addBuckets(
        mergeInto(customValues, target, base.customValues),
        mergeInto(customValues, source, increment.customValues),
        sign,
      ).filter(({count}) => count !== 0);
  return {
    zeroThreshold: 0,
    zeroCount: 0,
    positiveSpans: spansOf(buckets),
    positiveBuckets: buckets.map((bucket) => bucket.count),
    negativeSpans: [],
    negativeBuckets: [],
    customValues,
  };
}

/** Buckets between `bounds` as those between the fewer `common` ones. */
function mergeInto(common: readonly number[], buckets: readonly Bucket[], bounds: readonly number[]): Bucket[] {
  const merged: Bucket[] = [];
  for (const {index, count} of buckets) {
    const found = index < bounds.length ? common.findIndex((value) => value >= bounds[index]) : -1;
    merged.push({index: found < 0 ? common.length : found, count});
  }
  return addBuckets([], merged, 1);
}
