// Quantiles, fractions, averages and variances.
import assert from 'node:assert/strict';
import {test} from 'node:test';
import fc from 'fast-check';
import {exp2, log2} from '../binary-exponent.ts';
import {histogramFraction} from './fraction.ts';
import {histogramAverage, histogramDeviation, histogramVariance} from './moments.ts';
import {type NanNote, OBSERVED_NANS, histogramQuantile} from './quantile.ts';
import {anyCounter, anyHistogram} from './testing/arbitrary.ts';
import {
  EMPTY,
  type PlainBucket,
  type PlainHistogram,
  kahan,
  plainBuckets,
  toPlain,
  toWorkSheet,
} from './testing/reference.ts';

const {none, counted, result} = OBSERVED_NANS;
type Noted = readonly [value: number, nans: number];

function quantile(q: number, plain: PlainHistogram): Noted {
  const note: NanNote = {nans: none};
  const histogram = toWorkSheet(plain);
  const value = histogramQuantile(q, histogram, note);
  assert.deepEqual(toPlain(histogram), plain, 'the histogram stays as it is');
  return [value, note.nans];
}

function fraction(lower: number, upper: number, plain: PlainHistogram): Noted {
  const note: NanNote = {nans: none};
  const value = histogramFraction(lower, upper, toWorkSheet(plain), note);
  return [value, note.nans];
}

const positive: PlainHistogram = {
  ...EMPTY,
  count: 8,
  sum: 20,
  positive: new Map([
    [1, 4],
    [3, 4],
  ]),
};
const negative: PlainHistogram = {
  ...EMPTY,
  count: 8,
  sum: -20,
  negative: new Map([
    [1, 4],
    [3, 4],
  ]),
};
const zero: PlainHistogram = {...EMPTY, zeroThreshold: 1, zeroCount: 4, count: 4};
const custom: PlainHistogram = {
  ...EMPTY,
  schema: -53,
  count: 8,
  bounds: [10, 20],
  positive: new Map([
    [0, 2],
    [1, 4],
    [2, 2],
  ]),
};

const quantiles: [name: string, histogram: PlainHistogram, q: number, want: number][] = [
  ['below 0', positive, -0.1, -Infinity],
  ['above 1', positive, 1.1, Infinity],
  ['not a number', positive, NaN, NaN],
  ['without observations', EMPTY, 0.5, NaN],
  ['in the middle of a bucket, logarithmically', positive, 0.25, Math.SQRT2],
  ['at the end of a bucket', positive, 0.5, 4],
  ['of a lower part', {...positive, positive: new Map([[1, 8]])}, 0.5, Math.SQRT2],
  ['the lowest', positive, 0, 1],
  ['the highest', positive, 1, 8],
  ['among negative buckets', negative, 0.75, -Math.SQRT2],
  ['in the zero bucket, evenly', zero, 0.75, 0.5],
  ['in the zero bucket beside positive buckets', {...zero, count: 8, positive: new Map([[1, 4]])}, 0.25, 0.5],
  ['in the zero bucket beside negative buckets', {...zero, count: 8, negative: new Map([[1, 4]])}, 0.75, -0.5],
  ['in a custom bucket, evenly', custom, 0.5, 15],
  ['in the first custom bucket, from 0 on', custom, 0.125, 5],
  ['in a first custom bucket below 0', {...custom, bounds: [-10, 20]}, 0.125, -10],
  ['in the last custom bucket', custom, 0.9, 20],
  ['beyond inexact counts', {...positive, count: 9}, 0, 1],
];
for (const [name, histogram, q, want] of quantiles)
  test(`quantile ${name}`, () => {
    const [value, nans] = quantile(q, histogram);
    assert.ok(Object.is(value, want) || Math.abs(value - want) < 1e-14, `${value}, want ${want}`);
    assert.equal(nans, none);
  });

test('NaNs count as the highest observations', () => {
  const withNans = {...positive, count: 10, sum: NaN, positive: new Map([[1, 8]])};
  assert.deepEqual(quantile(0.9, withNans), [NaN, result]);
  assert.deepEqual(quantile(0.8, withNans), [2, counted]);
  const infinite = {...withNans, count: 8};
  assert.deepEqual(quantile(1, infinite), [2, none]);
});

const fractions: [name: string, histogram: PlainHistogram, lower: number, upper: number, want: number][] = [
  ['of all', positive, -Infinity, Infinity, 1],
  ['of nothing', EMPTY, -Infinity, Infinity, NaN],
  ['between NaN and anything', positive, NaN, 1, NaN],
  ['between bounds in disorder', positive, 2, 1, 0],
  ['of a whole bucket', positive, 1, 2, 0.5],
  ['between buckets', positive, 2, 4, 0],
  ['of a part of a bucket, logarithmically', positive, 0, Math.SQRT2, 0.25],
  ['of a part of a negative bucket', negative, -Math.SQRT2, 0, 0.25],
  ['of the zero bucket, evenly', zero, 0, 0.5, 0.25],
  ['of the zero bucket beside positive buckets', {...zero, count: 8, positive: new Map([[1, 4]])}, 0, 0.5, 0.25],
  ['of the zero bucket beside negative buckets', {...zero, count: 8, negative: new Map([[1, 4]])}, -0.5, 0, 0.25],
  ['of a custom bucket, evenly', custom, 10, 15, 0.25],
  ['into the last custom bucket', custom, 0, 1e9, 0.75],
  ['within a first custom bucket that reaches below 0', {...custom, bounds: [-10, 20]}, -Infinity, -20, 0.25],
];
for (const [name, histogram, lower, upper, want] of fractions)
  test(`fraction ${name}`, () => {
    const [value, nans] = fraction(lower, upper, histogram);
    assert.ok(Object.is(value, want) || Math.abs(value - want) < 1e-14, `${value}, want ${want}`);
    assert.equal(nans, none);
  });

test('NaNs are observations outside of every range', () => {
  const withNans = {...positive, count: 10, sum: NaN};
  assert.deepEqual(fraction(-Infinity, Infinity, withNans), [0.8, counted]);
  assert.deepEqual(fraction(-Infinity, Infinity, {...withNans, count: 8}), [1, none]);
});

test('average and variance', () => {
  assert.equal(histogramAverage(toWorkSheet(positive)), 2.5);
  assert.equal(histogramAverage(toWorkSheet(EMPTY)), NaN);
  const pair = {...EMPTY, count: 2, sum: 0, positive: new Map([[1, 1]]), negative: new Map([[1, 1]])};
  assert.ok(Math.abs(histogramVariance(toWorkSheet(pair)) - 2) < 1e-14);
  assert.equal(histogramVariance(toWorkSheet({...zero, sum: 8})), 4);
  assert.equal(histogramDeviation(toWorkSheet({...zero, sum: 8})), 2);
  const even = {...custom, count: 4, sum: 60, positive: new Map([[1, 4]])};
  assert.equal(histogramVariance(toWorkSheet(even)), 0);
});

/** A zero bucket beside buckets of one sign holds nothing of the other. */
function oneSided(bucket: PlainBucket, plain: PlainHistogram): PlainBucket {
  if (plain.positive.size > 0 && plain.negative.size === 0) return {...bucket, lower: 0};
  return plain.negative.size > 0 && plain.positive.size === 0 ? {...bucket, upper: 0} : bucket;
}

function plainQuantile(q: number, plain: PlainHistogram): Noted {
  if (q < 0 || q > 1) return [q < 0 ? -Infinity : Infinity, none];
  if (plain.count === 0 || Number.isNaN(q)) return [NaN, none];
  const hasNans = Number.isNaN(plain.sum);
  const isUpwards = hasNans || q < 0.5;
  const buckets = isUpwards ? plainBuckets(plain) : plainBuckets(plain).reverse();
  const rank = (isUpwards ? q : 1 - q) * plain.count;
  let seen = 0;
  let at = buckets.findIndex(({count}) => count !== 0 && (seen += count) >= rank);
  if (at < 0) at = buckets.length - 1;
  let bucket = buckets[at] ?? {lower: 0, upper: 0, count: 0};
  if (plain.schema === -53) {
    if (bucket.lower === -Infinity && bucket.upper <= 0) return [bucket.upper, none];
    if (bucket.lower === -Infinity) bucket = {...bucket, lower: 0};
    else if (bucket.upper === Infinity) return [bucket.lower, none];
  } else if (bucket.lower < 0 && bucket.upper > 0) bucket = oneSided(bucket, plain);
  if (seen > plain.count) seen = plain.count;
  if (seen < rank) return hasNans ? [NaN, result] : [bucket.upper, none];
  const within = isUpwards ? rank - (seen - bucket.count) : seen - rank;
  let nans: number = none;
  if (hasNans) {
    const rest = buckets.slice(at + 1);
    if (rest.reduce((sum, {count}) => sum + count, seen) < plain.count) nans = counted;
    bucket = rest.at(-1) ?? bucket;
  }
  const {lower, upper, count} = bucket;
  const share = within / count;
  if (plain.schema === -53 || (lower <= 0 && upper >= 0)) return [lower + (upper - lower) * share, nans];
  const [from, to] = [log2(Math.abs(lower)), log2(Math.abs(upper))];
  return [lower > 0 ? exp2(from + (to - from) * share) : -exp2(to + (from - to) * (1 - share)), nans];
}

const anyRank = fc.oneof(fc.constantFrom(-1, 0, 0.5, 1, 2, NaN), fc.double({min: 0, max: 1, noNaN: true}));
const withNanSum = fc.tuple(anyHistogram, fc.boolean()).map(([plain, isNan]) => (isNan ? {...plain, sum: NaN} : plain));

test('quantiles equal the plain ones, digit by digit', () => {
  const property = fc.property(anyRank, fc.oneof(withNanSum, anyCounter), (q, plain) =>
    assert.deepEqual(quantile(q, plain), plainQuantile(q, plain)),
  );
  fc.assert(property, {numRuns: 2000});
});

/** The observations up to a value. */
function plainRank(value: number, plain: PlainHistogram): number {
  let rank = 0;
  for (const bucket of plainBuckets(plain)) {
    const isZero = bucket.lower <= 0 && bucket.upper >= 0;
    const {lower, upper, count} = isZero ? oneSided(bucket, plain) : bucket;
    if (lower >= value) return rank;
    if (upper > value) {
      if (isZero || plain.schema === -53)
        return lower === -Infinity ? count : rank + count * ((value - lower) / (upper - lower));
      const [from, to, log] = [lower, upper, value].map((x) => log2(Math.abs(x)));
      return rank + count * (value > 0 ? (log - from) / (to - from) : 1 - (log - to) / (from - to));
    }
    rank += count;
  }
  return Infinity;
}

function plainFraction(lower: number, upper: number, plain: PlainHistogram): Noted {
  if (plain.count === 0 || Number.isNaN(lower) || Number.isNaN(upper)) return [NaN, none];
  if (lower >= upper) return [0, none];
  const inBuckets = plainBuckets(plain).reduce((sum, {count}) => sum + count, 0);
  const hasNans = Number.isNaN(plain.sum);
  const total = hasNans ? inBuckets : plain.count;
  const [from, to] = [lower, upper].map((value) => {
    const rank = plainRank(value, plain);
    return rank === Infinity || rank > total ? total : rank;
  });
  return [(to - from) / plain.count, hasNans && inBuckets < plain.count ? counted : none];
}

const anyValue = fc.oneof(fc.constantFrom(0, -1, 1, 2, -4, Infinity, -Infinity, NaN), fc.double({min: -9, max: 9}));

test('fractions equal the plain ones, digit by digit', () => {
  const property = fc.property(anyValue, anyValue, fc.oneof(withNanSum, anyCounter), (lower, upper, plain) =>
    assert.deepEqual(fraction(lower, upper, plain), plainFraction(lower, upper, plain)),
  );
  fc.assert(property, {numRuns: 2000});
});

test('variances equal the plain ones, digit by digit', () => {
  const property = fc.property(anyHistogram, (plain) => {
    const mean = plain.sum / plain.count;
    const [variance, missed] = plainBuckets(plain)
      .filter(({count}) => count !== 0)
      .map(({lower, upper, count}) => {
        const isZero = lower <= 0 && upper >= 0;
        const size = isZero ? 0 : Math.sqrt(upper * lower);
        const delta = (plain.schema === -53 ? (upper + lower) / 2 : Math.sign(upper) * size) - mean;
        return count * delta * delta;
      })
      .reduce<readonly [number, number]>(kahan, [0, 0]);
    assert.equal(histogramVariance(toWorkSheet(plain)), (variance + missed) / plain.count);
  });
  fc.assert(property, {numRuns: 500});
});
