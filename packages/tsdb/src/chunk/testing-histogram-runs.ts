// Runs of histograms as one series has them, for property tests.
import type {CounterReset} from '@narthex/model/histogram/float-histogram.ts';
import fc from 'fast-check';
import {type PlainSample, stale} from './testing-histograms.ts';

/** What happens between a histogram and the next. */
interface Step {
  readonly kind:
    | 'more'
    | 'same'
    | 'less'
    | 'moved'
    | 'gone'
    | 'zeros moved'
    | 'other layout'
    | 'zeros go'
    | 'stale'
    | 'other bounds';
  readonly indexes: readonly number[];
  readonly negatives: readonly number[];
  readonly amount: number;
  readonly gap: number;
  readonly start: number;
  readonly hint: CounterReset;
}

const index = fc.oneof(
  {weight: 20, arbitrary: fc.integer({min: -6, max: 20})},
  {weight: 1, arbitrary: fc.constantFrom(-(2 ** 31), 2 ** 31 - 1, 70_000)},
);
const step: fc.Arbitrary<Step> = fc.record({
  kind: fc.oneof(
    {weight: 12, arbitrary: fc.constant('more' as const)},
    fc.constantFrom(
      'same' as const,
      'less' as const,
      'other layout' as const,
      'stale' as const,
      'other bounds' as const,
    ),
    fc.constantFrom('moved' as const, 'gone' as const, 'zeros moved' as const),
    {weight: 2, arbitrary: fc.constant('zeros go' as const)},
  ),
  indexes: fc.uniqueArray(index, {maxLength: 5}),
  negatives: fc.uniqueArray(index, {maxLength: 2}),
  amount: fc.oneof(fc.integer({min: 0, max: 9}), fc.constantFrom(300, 70_000, 2 ** 25, 2 ** 40)),
  gap: fc.oneof(fc.constant(15_000), fc.integer({min: 1, max: 100_000}), fc.constantFrom(2 ** 33, 2 ** 45)),
  start: fc.oneof({weight: 5, arbitrary: fc.constant(-1)}, fc.constant(0), fc.integer({min: -1000, max: 2 ** 41})),
  hint: fc.oneof({weight: 15, arbitrary: fc.constant<CounterReset>(0)}, fc.constantFrom<CounterReset>(1, 2)),
});

/** Runs of histograms with counts that are whole numbers, or not. */
export const runs = (isFloat: boolean): fc.Arbitrary<PlainSample[]> =>
  fc
    .record({
      steps: fc.array(step, {minLength: 1, maxLength: 30}),
      schema: fc.constantFrom(-53, -4, 0, 3, 8),
      isGauge: fc.boolean(),
      threshold: fc.constantFrom(0, 2 ** -128, 2 ** 10, 2 ** 11, 2 ** -243, 2 ** -244, 0.3),
      bounds: fc.uniqueArray(
        fc.oneof(
          fc.double({noNaN: true}),
          fc.integer({min: -5, max: 40_000}).map((n) => n / 1000),
        ),
        {maxLength: 4},
      ),
    })
    .map(({steps, ...base}) => run(steps, base, isFloat));

const MOVED_TO = 30;

/** The buckets with what the first of them counted in another one: a reset that the count does not tell. */
function move(buckets: ReadonlyMap<number, number>, isGone: boolean): Map<number, number> {
  const moved = new Map(buckets);
  for (const [first, count] of buckets) {
    moved.set(MOVED_TO, (moved.get(MOVED_TO) ?? 0) + count);
    if (isGone) moved.delete(first);
    else moved.set(first, 0);
    break;
  }
  return moved;
}

function run(
  steps: readonly Step[],
  base: {schema: number; isGauge: boolean; threshold: number; bounds: number[]},
  isFloat: boolean,
): PlainSample[] {
  const samples: PlainSample[] = [];
  const unit = isFloat ? 1 / 7 : 1;
  let time = -5000;
  let start = 0;
  let {schema, bounds} = base;
  let positive = new Map<number, number>();
  let negative = new Map<number, number>();
  let zeroCount = 0;
  for (const {kind, indexes, negatives, amount, gap, hint, ...next} of steps) {
    time += gap;
    if (next.start >= 0) ({start} = next);
    if (kind === 'stale') {
      samples.push(stale(time, start));
      continue;
    }
    const sign = kind === 'less' ? -1 : 1;
    const add = (map: Map<number, number>, keys: readonly number[]): Map<number, number> => {
      const sum = new Map(map);
      for (const key of keys) sum.set(key, Math.max(0, (sum.get(key) ?? 0) + sign * amount * unit));
      return sum;
    };
    if (kind === 'other layout' && schema !== -53) schema = schema === 0 ? 1 : 0;
    if (kind === 'other bounds') bounds = bounds.concat(1e9 + samples.length);
    if (kind === 'zeros go') positive = new Map([...positive].filter(([, count]) => count > 0));
    if (kind === 'moved' || kind === 'gone') positive = move(positive, kind === 'gone');
    if (kind === 'zeros moved' && schema !== -53) {
      positive = new Map([...positive, [MOVED_TO, (positive.get(MOVED_TO) ?? 0) + zeroCount]]);
      zeroCount = 0;
    }
    if (kind !== 'same') {
      positive = add(positive, indexes);
      if (schema !== -53) negative = add(negative, negatives);
      if (schema !== -53) zeroCount = Math.max(0, zeroCount + sign * (amount % 3) * unit);
    }
    let count = zeroCount;
    for (const map of [positive, negative]) for (const n of map.values()) count += n;
    samples.push({
      time,
      start,
      hint: base.isGauge ? 3 : hint,
      schema,
      zeroThreshold: schema === -53 ? 0 : base.threshold,
      zeroCount,
      count,
      sum: count * 1.1 - samples.length,
      positive,
      negative,
      bounds: schema === -53 ? bounds : [],
    });
  }
  return samples;
}
