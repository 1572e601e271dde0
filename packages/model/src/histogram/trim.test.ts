import assert from 'node:assert/strict';
import {test} from 'node:test';
import fc from 'fast-check';
import {fractionBelow} from './interpolate.ts';
import {anyCounter, anyHistogram} from './testing/arbitrary.ts';
import {EMPTY, type PlainHistogram, plainBuckets, plainCompact, toPlain, toWorkSheet} from './testing/reference.ts';
import {type TrimSide, trimHistogram} from './trim.ts';

function trim(plain: PlainHistogram, limit: number, side: TrimSide): PlainHistogram {
  const histogram = toWorkSheet(plain);
  trimHistogram(histogram, limit, side);
  return toPlain(histogram);
}

const {SQRT2, sqrt} = Math;
const exponential: PlainHistogram = {
  ...EMPTY,
  count: 8,
  sum: 99,
  positive: new Map([
    [0, 0],
    [1, 4],
    [3, 4],
  ]),
};
const negative: PlainHistogram = {
  ...EMPTY,
  count: 8,
  sum: -99,
  negative: new Map([
    [1, 4],
    [3, 4],
  ]),
};
const zero: PlainHistogram = {...EMPTY, zeroThreshold: 1, zeroCount: 4, count: 4, sum: 99};
const custom: PlainHistogram = {
  ...EMPTY,
  schema: -53,
  count: 8,
  sum: 99,
  bounds: [10, 20],
  positive: new Map([
    [0, 2],
    [1, 4],
    [2, 2],
  ]),
};
const below0 = {...custom, bounds: [-10, 20]};

type Rest = Partial<PlainHistogram>;
const cases: [name: string, histogram: PlainHistogram, side: TrimSide, limit: number, want: Rest][] = [
  ['beyond all buckets: nothing changes, not even empty buckets', exponential, 'below', 8, {}],
  ['before all buckets: nothing changes', exponential, 'above', 1, {}],
  ['all of it', exponential, 'below', 1, {count: 0, sum: 0, positive: new Map()}],
  ['at a bound, upper part', exponential, 'above', 4, {count: 4, sum: 4 * sqrt(32), positive: new Map([[3, 4]])}],
  ['at a bound, lower part', exponential, 'below', 2, {count: 4, sum: 4 * SQRT2, positive: new Map([[1, 4]])}],
  [
    'within a bucket, logarithmically',
    exponential,
    'below',
    SQRT2,
    {count: 2, sum: 2 * sqrt(SQRT2), positive: new Map([[1, 2]])},
  ],
  [
    'within a bucket, upper part',
    exponential,
    'above',
    sqrt(32),
    {count: 2, sum: 2 * sqrt(8 * sqrt(32)), positive: new Map([[3, 2]])},
  ],
  [
    'within a negative bucket',
    negative,
    'below',
    -SQRT2,
    {
      count: 6,
      sum: -4 * sqrt(32) - 2 * sqrt(2 * SQRT2),
      negative: new Map([
        [1, 2],
        [3, 4],
      ]),
    },
  ],
  [
    'within a negative bucket, upper part',
    negative,
    'above',
    -SQRT2,
    {count: 2, sum: -2 * sqrt(SQRT2), negative: new Map([[1, 2]])},
  ],
  ['within the zero bucket, evenly', zero, 'below', 0.5, {zeroCount: 3, count: 3, sum: -0.75}],
  ['within the zero bucket, upper part', zero, 'above', 0.5, {zeroCount: 1, count: 1, sum: 0.75}],
  [
    'the zero bucket beside positive buckets begins at 0',
    {...zero, count: 8, positive: new Map([[1, 4]])},
    'below',
    0.5,
    {zeroCount: 2, count: 2, sum: 0.5, positive: new Map()},
  ],
  [
    'the zero bucket beside negative buckets ends at 0',
    {...zero, count: 8, negative: new Map([[1, 4]])},
    'above',
    -0.5,
    {zeroCount: 2, count: 2, sum: -0.5, negative: new Map()},
  ],
  ['at the edge of the zero bucket', zero, 'above', 1, {zeroCount: 0, count: 0, sum: 0}],
  [
    'within a custom bucket, evenly',
    custom,
    'below',
    15,
    {
      count: 4,
      sum: 35,
      positive: new Map([
        [0, 2],
        [1, 2],
      ]),
    },
  ],
  [
    'within a custom bucket, upper part',
    custom,
    'above',
    15,
    {
      count: 4,
      sum: 75,
      positive: new Map([
        [1, 2],
        [2, 2],
      ]),
    },
  ],
  ['within the first custom bucket, from 0 on', custom, 'below', 5, {count: 1, sum: 2.5, positive: new Map([[0, 1]])}],
  [
    'within the first custom bucket, upper part',
    custom,
    'above',
    5,
    {
      count: 7,
      sum: 107.5,
      positive: new Map([
        [0, 1],
        [1, 4],
        [2, 2],
      ]),
    },
  ],
  ['below 0, where the first custom bucket begins at 0', custom, 'below', -1, {count: 0, sum: 0, positive: new Map()}],
  [
    'within a first custom bucket that ends below 0: all below',
    below0,
    'below',
    -20,
    {count: 2, sum: -40, positive: new Map([[0, 2]])},
  ],
  [
    'within a first custom bucket that ends below 0: none above',
    below0,
    'above',
    -20,
    {
      count: 6,
      sum: 60,
      positive: new Map([
        [1, 4],
        [2, 2],
      ]),
    },
  ],
  [
    'within the last custom bucket: none below',
    custom,
    'below',
    30,
    {
      count: 6,
      sum: 70,
      positive: new Map([
        [0, 2],
        [1, 4],
      ]),
    },
  ],
  [
    'within the last custom bucket: all of it above',
    custom,
    'above',
    30,
    {count: 2, sum: 60, positive: new Map([[2, 2]])},
  ],
  ['at infinity', custom, 'below', Infinity, {}],
  ['not a number drops all', exponential, 'above', NaN, {count: 0, sum: 0, positive: new Map()}],
];
for (const [name, histogram, side, limit, want] of cases)
  test(`${side} the limit: ${name}`, () => {
    const rest = trim(histogram, limit, side);
    const round = (x: number): number => Math.round(x * 1e12) / 1e12;
    const rounded = {...rest, count: round(rest.count), sum: round(rest.sum)};
    for (const part of ['positive', 'negative'] as const)
      rounded[part] = new Map([...rest[part]].map(([index, count]) => [index, round(count)]));
    const wanted = {...histogram, ...want};
    assert.deepEqual(rounded, {...wanted, sum: round(wanted.sum)});
  });

const anyLimit = fc.oneof(fc.constantFrom(0, -1, 1, 2, -4, Infinity, -Infinity, NaN), fc.double({min: -9, max: 9}));
const anySide = fc.constantFrom<TrimSide>('below', 'above');

test('the two sides of a limit hold what there was, where every bucket has two ends', () => {
  const property = fc.property(anyCounter, fc.double({min: -9, max: 9, noNaN: true}), (plain, limit) => {
    fc.pre(plainBuckets(plain).every(({lower, upper}) => Number.isFinite(lower) && Number.isFinite(upper)));
    const [lower, upper] = [trim(plain, limit, 'below'), trim(plain, limit, 'above')];
    // Only the sign that has observations decides where the zero bucket ends, so both halves of it are cut alike.
    assert.ok(Math.abs(lower.count + upper.count - plain.count) < 1e-9 * (1 + plain.count));
  });
  fc.assert(property);
});

type Part = readonly [kept: number, middle: number];
interface Cut {
  readonly lower: number;
  readonly upper: number;
  readonly count: number;
}

/** What stays of a bucket that the limit cuts. */
function plainCut({lower, upper, count}: Cut, limit: number, side: TrimSide, middle: Middle, isCustom: boolean): Part {
  if (lower === -Infinity && upper <= 0) return side === 'below' ? [count, limit] : [0, 0];
  if (lower === -Infinity) {
    if (limit < 0 || upper === Infinity || (limit === 0 && side === 'below')) return [0, 0];
    return side === 'below' ? [(count * limit) / upper, limit / 2] : [count * (1 - limit / upper), (limit + upper) / 2];
  }
  if (upper === Infinity) return side === 'below' ? [0, 0] : [count, limit];
  const below = count * fractionBelow(lower, upper, limit, isCustom);
  return side === 'below' ? [below, middle(lower, limit)] : [count - below, middle(limit, upper)];
}

type Middle = (lower: number, upper: number) => number;

/** The geometric mean, the arithmetic one for custom buckets; of a bucket without end what is known of it. */
const middleOf =
  (sign: number, isCustom: boolean): Middle =>
  (lower, upper) => {
    const ends = [lower, upper].filter((bound) => Math.abs(bound) !== Infinity);
    if (ends.length === 0) return 0;
    if (ends.length === 1) return ends[0] === upper && upper > 0 ? upper / 2 : ends[0];
    return isCustom ? (lower + upper) / 2 : sign * sqrt(Math.abs(lower * upper));
  };

function plainTrim(plain: PlainHistogram, limit: number, side: TrimSide): PlainHistogram {
  const isCustom = plain.schema === -53;
  const parts: Part[] = [];
  const trimSide = (part: 'positive' | 'negative', sign: number): [number, number][] =>
    [...plain[part]].map(([index, count]) => {
      if (count === 0) return [index, count];
      const [bucket] = plainBuckets({...plain, ...EMPTY_BUCKETS, [part]: new Map([[index, count]])});
      const middle = middleOf(sign, isCustom);
      let kept: Part = [0, 0];
      if (side === 'below' ? bucket.upper <= limit : bucket.lower >= limit)
        kept = [count, middle(bucket.lower, bucket.upper)];
      else if (side === 'below' ? bucket.lower < limit : bucket.upper > limit)
        kept = plainCut(bucket, limit, side, middle, isCustom);
      parts.push(kept);
      return [index, kept[0]];
    });
  const rest = {...plain, positive: new Map(trimSide('positive', 1)), negative: new Map(trimSide('negative', -1))};
  if (plain.zeroCount > 0) {
    parts.push(plainTrimZero(plain, limit, side));
    rest.zeroCount = parts.at(-1)![0];
  }
  const isSame = [rest, plain].map((h) => [h.zeroCount, ...h.positive.values(), ...h.negative.values()]);
  if (isSame[0].every((count, i) => count === isSame[1][i] || (i === 0 && Object.is(count, isSame[1][i]))))
    return plain;
  const [count, sum] = parts.reduce(([n, s], [kept, middle]) => [n + kept, s + middle * kept], [0, 0]);
  return plainCompact({...rest, count, sum});
}

const EMPTY_BUCKETS = {zeroThreshold: 0, zeroCount: 0, positive: new Map(), negative: new Map()};

function plainTrimZero(plain: PlainHistogram, limit: number, side: TrimSide): Part {
  const has = (counts: ReadonlyMap<number, number>): boolean => [...counts.values()].some((count) => count !== 0);
  const lower = has(plain.positive) && !has(plain.negative) ? 0 : -plain.zeroThreshold;
  const upper = has(plain.negative) && !has(plain.positive) ? 0 : plain.zeroThreshold;
  const all: Part = [plain.zeroCount, (lower + upper) / 2];
  if (limit <= lower) return side === 'below' ? [0, 0] : all;
  if (limit >= upper) return side === 'below' ? all : [0, 0];
  if (side === 'below') return [plain.zeroCount * ((limit - lower) / (upper - lower)), (lower + limit) / 2];
  return [plain.zeroCount * ((upper - limit) / (upper - lower)), (limit + upper) / 2];
}

test('what stays is what the plain rules leave, digit by digit', () => {
  const property = fc.property(fc.oneof(anyHistogram, anyCounter), anyLimit, anySide, (plain, limit, side) =>
    assert.deepEqual(trim(plain, limit, side), plainTrim(plain, limit, side)),
  );
  fc.assert(property, {numRuns: 2000});
});
