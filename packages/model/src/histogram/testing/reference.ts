// Native histograms the plain way: buckets in a Map, one function a rule, no thought of speed. The tests compare the real functions with these.
import {exponentialBound} from '../bounds.ts';
import {COUNTER_RESET, CUSTOM_BUCKETS_SCHEMA, type CounterReset, FloatHistogram} from '../float-histogram.ts';

/** A number and what it misses, for Kahan's summation. */
type Sum = readonly [sum: number, missed: number];
type Counts = ReadonlyMap<number, number>;

export interface PlainHistogram {
  readonly schema: number;
  readonly counterReset: CounterReset;
  readonly zeroThreshold: number;
  readonly zeroCount: number;
  readonly count: number;
  readonly sum: number;
  readonly positive: Counts;
  readonly negative: Counts;
  readonly bounds: readonly number[];
}

export const EMPTY: PlainHistogram = {
  schema: 0,
  counterReset: COUNTER_RESET.unknown,
  zeroThreshold: 0,
  zeroCount: 0,
  count: 0,
  sum: 0,
  positive: new Map(),
  negative: new Map(),
  bounds: [],
};

const SIDES = ['positive', 'negative'] as const;

export function toWorkSheet(plain: PlainHistogram): FloatHistogram {
  const histogram = new FloatHistogram();
  const {schema, counterReset, zeroThreshold, zeroCount, count, sum} = plain;
  Object.assign(histogram, {schema, counterReset, zeroThreshold, zeroCount, count, sum});
  histogram.customBounds = Float64Array.from(plain.bounds);
  for (const side of SIDES) for (const [index, count] of sorted(plain[side])) histogram[side].push(index, count);
  return histogram;
}

export function toPlain(histogram: FloatHistogram): PlainHistogram {
  const {schema, counterReset, zeroThreshold, zeroCount, count, sum} = histogram;
  const [positive, negative] = SIDES.map((side) => {
    const {indexes, counts, length} = histogram[side];
    return new Map(Array.from({length}, (_, i) => [indexes[i], counts[i]]));
  });
  const bounds = [...histogram.customBounds];
  return {schema, counterReset, zeroThreshold, zeroCount, count, sum, positive, negative, bounds};
}

const sorted = (counts: Counts): [number, number][] => [...counts].sort(([a], [b]) => a - b);

const isCustom = ({schema}: PlainHistogram): boolean => schema === CUSTOM_BUCKETS_SCHEMA;

/** Neumaier's step, written from its definition. */
export function kahan([sum, missed]: Sum, added: number): Sum {
  const total = sum + added;
  if (Math.abs(total) === Infinity) return [total, 0];
  const lost = Math.abs(sum) >= Math.abs(added) ? sum - total + added : added - total + sum;
  return [total, missed + lost];
}

export function plainReduce(plain: PlainHistogram, schema: number): PlainHistogram {
  const width = 2 ** (plain.schema - schema);
  const merge = (counts: Counts): Counts => {
    const merged = new Map<number, number>();
    for (const [index, count] of sorted(counts)) {
      const into = Math.ceil(index / width);
      merged.set(into, merged.has(into) ? merged.get(into)! + count : count);
    }
    return merged;
  };
  return {...plain, schema, positive: merge(plain.positive), negative: merge(plain.negative)};
}

export function plainCompact(plain: PlainHistogram): PlainHistogram {
  const keep = (counts: Counts): Counts => new Map(sorted(counts).filter(([, count]) => count !== 0));
  return {...plain, positive: keep(plain.positive), negative: keep(plain.negative)};
}

export interface PlainZeroBucket {
  readonly threshold: number;
  readonly count: Sum;
}

/** The zero bucket that a threshold of at least `threshold` gives; with `missed`, of a sum with compensation. */
export function plainWiden(plain: PlainHistogram, threshold: number, missed?: PlainHistogram): PlainZeroBucket {
  let count: Sum = [plain.zeroCount, missed?.zeroCount ?? 0];
  let wide = threshold;
  const swallow = (side: 'positive' | 'negative'): boolean => {
    const before = wide;
    for (const [index, added] of sorted(plain[side])) {
      if (exponentialBound(plain.schema, index - 1) >= wide) break;
      count = kahan(count, added);
      if (missed !== undefined) count = kahan(count, missed[side].get(index)!);
      const upper = exponentialBound(plain.schema, index);
      if (upper > wide && added !== 0) wide = upper;
    }
    return wide !== before;
  };
  if (threshold === plain.zeroThreshold) return {threshold, count};
  swallow('positive');
  while (swallow('negative')) {
    // What is missed is not forgotten when the count starts anew.
    count = [plain.zeroCount, count[1]];
    swallow('positive');
  }
  return {threshold: wide, count};
}

function withZeroBucket(plain: PlainHistogram, zero: PlainZeroBucket): PlainHistogram {
  const outside = (counts: Counts): Counts =>
    new Map([...counts].filter(([index]) => exponentialBound(plain.schema, index - 1) >= zero.threshold));
  const zeroBucket = {zeroThreshold: zero.threshold, zeroCount: zero.count[0]};
  return {...plain, ...zeroBucket, positive: outside(plain.positive), negative: outside(plain.negative)};
}

/** The hint of a sum and whether the hints contradict each other. */
export function plainHint(a: CounterReset, b: CounterReset): {hint: CounterReset; collides: boolean} {
  if (a === b) return {hint: a, collides: false};
  if (a === COUNTER_RESET.gauge || b === COUNTER_RESET.gauge) return {hint: COUNTER_RESET.gauge, collides: false};
  const collides = a !== COUNTER_RESET.unknown && b !== COUNTER_RESET.unknown;
  return {hint: COUNTER_RESET.unknown, collides};
}

/** `a` + `sign` · `b`; undefined when they do not go together. */
export function plainAdd(a: PlainHistogram, b: PlainHistogram, sign: 1 | -1): PlainHistogram | undefined {
  if (isCustom(a) !== isCustom(b)) return undefined;
  const numbers = {
    counterReset: plainHint(a.counterReset, b.counterReset).hint,
    count: a.count + sign * b.count,
    sum: a.sum + sign * b.sum,
  };
  if (isCustom(a)) return {...plainAddCustom(a, b, sign), ...numbers};
  let mine = a;
  let theirs: PlainZeroBucket = {threshold: b.zeroThreshold, count: [b.zeroCount, 0]};
  while (mine.zeroThreshold !== theirs.threshold) {
    if (theirs.threshold < mine.zeroThreshold) theirs = plainWiden(b, mine.zeroThreshold);
    else mine = plainCompact(withZeroBucket(mine, plainWiden(mine, theirs.threshold)));
  }
  const schema = Math.min(a.schema, b.schema);
  const coarse = plainReduce(mine, schema);
  const other = plainReduce(b, schema);
  const isOutside = (index: number): boolean => exponentialBound(schema, index) > mine.zeroThreshold;
  return {
    ...coarse,
    ...numbers,
    zeroCount: mine.zeroCount + sign * theirs.count[0],
    positive: addCounts(coarse.positive, other.positive, sign, isOutside),
    negative: addCounts(coarse.negative, other.negative, sign, isOutside),
  };
}

function addCounts(a: Counts, b: Counts, sign: 1 | -1, isOutside: (index: number) => boolean): Counts {
  const total = new Map(a);
  for (const [index, count] of b) {
    if (!isOutside(index)) continue;
    total.set(index, a.has(index) ? a.get(index)! + sign * count : sign * count);
  }
  return new Map(sorted(total));
}

function plainAddCustom(a: PlainHistogram, b: PlainHistogram, sign: 1 | -1): PlainHistogram {
  if (a.bounds.join() === b.bounds.join()) return {...a, positive: addCounts(a.positive, b.positive, sign, () => true)};
  const bounds = a.bounds.filter((bound) => b.bounds.includes(bound));
  const sums = new Map<number, Sum>();
  for (const [{positive, bounds: own}, factor] of [
    [a, 1],
    [b, sign],
  ] as const) {
    for (const [index, count] of sorted(positive)) {
      const upper = own[index] ?? Infinity;
      const into = [...bounds, Infinity].findIndex((bound) => bound >= upper);
      sums.set(into, kahan(sums.get(into) ?? [0, 0], factor * count));
    }
  }
  const listed = [...sums].filter(([, [sum, missed]]) => sum !== 0 || missed !== 0);
  return {...a, bounds, positive: new Map(sorted(new Map(listed.map(([index, [sum]]) => [index, sum]))))};
}

/** A sum and its compensation. */
export type PlainSum = readonly [sum: PlainHistogram, missed: PlainHistogram];

/** The compensation of a sum that misses nothing. */
export function plainNothingMissed(sum: PlainHistogram): PlainHistogram {
  const zeros = (counts: Counts): Counts => new Map([...counts].map(([index]) => [index, 0]));
  const numbers = {zeroCount: 0, count: 0, sum: 0};
  return {...sum, ...numbers, positive: zeros(sum.positive), negative: zeros(sum.negative)};
}

/** `sum` + `b` by Kahan's summation; undefined when they do not go together. */
export function plainKahanAdd([a, missed]: PlainSum, b: PlainHistogram): PlainSum | undefined {
  if (isCustom(a) !== isCustom(b)) return undefined;
  const [count, missedCount] = kahan([a.count, missed.count], b.count);
  const [sum, missedSum] = kahan([a.sum, missed.sum], b.sum);
  const {hint: counterReset} = plainHint(a.counterReset, b.counterReset);
  const [total, totalMissed] = isCustom(a) ? kahanAddCustom([a, missed], b) : kahanAddExponential([a, missed], b);
  return [
    {...total, counterReset, count, sum},
    {...totalMissed, count: missedCount, sum: missedSum},
  ];
}

function kahanAddExponential([a, missed]: PlainSum, b: PlainHistogram): PlainSum {
  let mine: PlainSum = [a, missed];
  let theirs: PlainZeroBucket = {threshold: b.zeroThreshold, count: [b.zeroCount, 0]};
  while (mine[0].zeroThreshold !== theirs.threshold) {
    if (theirs.threshold < mine[0].zeroThreshold) theirs = plainWiden(b, mine[0].zeroThreshold);
    else mine = kahanWiden(mine, theirs.threshold);
  }
  const before: Sum = [mine[0].zeroCount, mine[1].zeroCount];
  const [zeroCount, missedZeroCount] = kahan(kahan(before, theirs.count[0]), theirs.count[1]);
  const schema = Math.min(a.schema, b.schema);
  const {zeroThreshold} = mine[0];
  const coarse = kahanReduce(mine, schema);
  const other = kahanReduce([b, plainNothingMissed(b)], schema);
  const sides = SIDES.map((side) => {
    const sums = joined(coarse, side);
    for (const [index, [count, countMissed]] of joined(other, side)) {
      if (exponentialBound(schema, index) <= zeroThreshold) continue;
      const old = sums.get(index);
      const added = old === undefined ? old : kahan(old, count);
      if (added === undefined) sums.set(index, [count, countMissed]);
      else sums.set(index, countMissed === 0 ? added : kahan(added, countMissed));
    }
    return sums;
  });
  return [
    {...coarse[0], zeroCount, ...split(sides, 0)},
    {...coarse[1], zeroCount: missedZeroCount, zeroThreshold, ...split(sides, 1)},
  ];
}

function kahanWiden([a, missed]: PlainSum, threshold: number): PlainSum {
  const zero = plainWiden(a, threshold, missed);
  const wide = withZeroBucket(a, zero);
  const wideMissed = withZeroBucket({...missed, schema: a.schema}, {...zero, count: [zero.count[1], 0]});
  const sides = SIDES.map((side) => {
    const listed = [...joined([wide, wideMissed], side)].filter(([, [count, lost]]) => count !== 0 || lost !== 0);
    return new Map(listed);
  });
  return [
    {...wide, ...split(sides, 0)},
    {...wideMissed, ...split(sides, 1)},
  ];
}

function kahanReduce(sums: PlainSum, schema: number): PlainSum {
  const [a, missed] = sums;
  if (a.schema === schema) return sums;
  const width = 2 ** (a.schema - schema);
  const sides = SIDES.map((side) => {
    const merged = new Map<number, Sum>();
    for (const [index, [count, lost]] of joined(sums, side)) {
      const into = Math.ceil(index / width);
      const old = merged.get(into);
      merged.set(into, old === undefined ? [count, lost] : kahan(kahan(old, count), lost));
    }
    return merged;
  });
  return [
    {...a, schema, ...split(sides, 0)},
    {...missed, schema, ...split(sides, 1)},
  ];
}

const joined = ([a, missed]: PlainSum, side: 'positive' | 'negative'): Map<number, Sum> =>
  new Map(sorted(a[side]).map(([index, count]) => [index, [count, missed[side].get(index)!]]));

function split(sides: readonly Map<number, Sum>[], part: 0 | 1): {positive: Counts; negative: Counts} {
  const [positive, negative] = sides.map(
    (sums) => new Map([...sums].map(([index, sum]): [number, number] => [index, sum[part]]).sort(([x], [y]) => x - y)),
  );
  return {positive, negative};
}

function kahanAddCustom([a, missed]: PlainSum, b: PlainHistogram): PlainSum {
  const isSame = a.bounds.join() === b.bounds.join();
  const bounds = isSame ? a.bounds : a.bounds.filter((bound) => b.bounds.includes(bound));
  const sums = new Map<number, Sum>();
  if (isSame) {
    for (const [index, sum] of joined([a, missed], 'positive')) sums.set(index, sum);
    for (const [index, count] of b.positive)
      sums.set(index, sums.has(index) ? kahan(sums.get(index)!, count) : [count, 0]);
  } else {
    const into = (index: number, own: readonly number[]): number =>
      [...bounds, Infinity].findIndex((bound) => bound >= (own[index] ?? Infinity));
    const add = (index: number, count: number): unknown => sums.set(index, kahan(sums.get(index) ?? [0, 0], count));
    for (const [index, [count, lost]] of joined([a, missed], 'positive')) {
      add(into(index, a.bounds), count);
      add(into(index, a.bounds), lost);
    }
    for (const [index, count] of sorted(b.positive)) add(into(index, b.bounds), count);
    for (const [index, [count, lost]] of sums) if (count === 0 && lost === 0) sums.delete(index);
  }
  const {positive} = split([sums, new Map()], 0);
  return [
    {...a, bounds, positive},
    {...missed, bounds, positive: split([sums, new Map()], 1).positive},
  ];
}

export function plainIsReset(current: PlainHistogram, previous: PlainHistogram): boolean {
  if (current.counterReset === COUNTER_RESET.reset) return true;
  if (current.counterReset === COUNTER_RESET.notReset) return false;
  if (current.count < previous.count) return true;
  if (isCustom(current) !== isCustom(previous)) return true;
  if (isCustom(current)) return isLostCustom(current, previous);
  if (current.schema > previous.schema || current.zeroThreshold < previous.zeroThreshold) return true;
  const zero = plainWiden(previous, current.zeroThreshold);
  if (zero.threshold !== current.zeroThreshold || current.zeroCount < zero.count[0]) return true;
  const coarse = plainReduce(previous, current.schema);
  return SIDES.some((side) =>
    [...coarse[side]].some(([index, count]) => {
      const isZero = current.zeroThreshold !== 0 && exponentialBound(current.schema, index) <= current.zeroThreshold;
      return !isZero && isLess(current[side].get(index), count);
    }),
  );
}

const isLess = (count: number | undefined, before: number): boolean =>
  count === undefined ? before !== 0 : count < before;

function isLostCustom(current: PlainHistogram, previous: PlainHistogram): boolean {
  if (current.bounds.join() === previous.bounds.join())
    return [...previous.positive].some(([index, count]) => isLess(current.positive.get(index), count));
  const common = [...current.bounds.filter((bound) => previous.bounds.includes(bound)), Infinity];
  const rollUp = ({positive, bounds}: PlainHistogram, below: number, bound: number): number =>
    sorted(positive)
      .filter(([index]) => (bounds[index] ?? Infinity) > below && (bounds[index] ?? Infinity) <= bound)
      .reduce((sum, [, count]) => sum + count, 0);
  return common.some((bound, i) => {
    const below = common[i - 1] ?? -Infinity;
    return rollUp(current, below, bound) < rollUp(previous, below, bound);
  });
}

export interface PlainBucket {
  readonly lower: number;
  readonly upper: number;
  readonly count: number;
}

/** All buckets from the lowest to the highest, cut at the zero bucket. */
export function plainBuckets(plain: PlainHistogram): PlainBucket[] {
  const {schema, bounds, zeroThreshold: zero, zeroCount} = plain;
  if (isCustom(plain))
    return sorted(plain.positive).map(([index, count]) => {
      return {lower: index === 0 ? -Infinity : bounds[index - 1], upper: bounds[index] ?? Infinity, count};
    });
  const side = (counts: Counts): PlainBucket[] =>
    sorted(counts).map(([index, count]) => {
      const near = exponentialBound(schema, index - 1);
      return {lower: near > 0 && near < zero ? zero : near, upper: exponentialBound(schema, index), count};
    });
  const negative = side(plain.negative).map(({lower, upper, count}) => ({lower: -upper, upper: -lower, count}));
  const middle = zeroCount > 0 ? [{lower: -zero, upper: zero, count: zeroCount}] : [];
  return [...negative.reverse(), ...middle, ...side(plain.positive)];
}
