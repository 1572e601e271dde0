import assert from 'node:assert/strict';
import {test} from 'node:test';
import fc from 'fast-check';
import {COUNTER_RESET} from './float-histogram.ts';
import {isCounterReset} from './reset.ts';
import {anyCounter, anyPair} from './testing/arbitrary.ts';
import {EMPTY, type PlainHistogram, plainAdd, plainIsReset, toPlain, toWorkSheet} from './testing/reference.ts';

const isReset = (current: PlainHistogram, previous: PlainHistogram): boolean =>
  isCounterReset(toWorkSheet(current), toWorkSheet(previous));

const {unknown, reset, notReset, gauge} = COUNTER_RESET;
const one: PlainHistogram = {
  ...EMPTY,
  schema: 1,
  count: 5,
  positive: new Map([
    [0, 2],
    [2, 3],
  ]),
};
const custom = (bounds: number[], counts: [number, number][]): PlainHistogram => ({
  ...EMPTY,
  schema: -53,
  count: 10,
  bounds,
  positive: new Map(counts),
});

const cases: [name: string, current: PlainHistogram, previous: PlainHistogram, want: boolean][] = [
  ['nothing new', one, one, false],
  ['the sum may fall', {...one, sum: -5}, one, false],
  ['a lower count', {...one, count: 4}, one, true],
  [
    'a lower bucket',
    {
      ...one,
      positive: new Map([
        [0, 1],
        [2, 4],
      ]),
    },
    one,
    true,
  ],
  ['a lower negative bucket', {...one, negative: new Map([[0, 1]])}, {...one, negative: new Map([[0, 2]])}, true],
  ['a bucket that vanished', {...one, positive: new Map([[0, 5]])}, one, true],
  [
    'an empty bucket that vanished',
    one,
    {
      ...one,
      positive: new Map([
        [0, 2],
        [1, 0],
        [2, 3],
      ]),
    },
    false,
  ],
  [
    'a new bucket',
    {
      ...one,
      positive: new Map([
        [0, 2],
        [1, 1],
        [2, 3],
      ]),
    },
    one,
    false,
  ],
  [
    'a coarser schema that counts all of it',
    {
      ...one,
      schema: 0,
      positive: new Map([
        [0, 2],
        [1, 3],
      ]),
    },
    one,
    false,
  ],
  [
    'a coarser schema that counts less',
    {
      ...one,
      schema: 0,
      positive: new Map([
        [0, 3],
        [1, 2],
      ]),
    },
    one,
    true,
  ],
  [
    'a finer schema',
    {
      ...one,
      schema: 2,
      positive: new Map([
        [0, 9],
        [4, 9],
      ]),
    },
    one,
    true,
  ],
  ['a narrower zero bucket', one, {...one, zeroThreshold: 1e-9}, true],
  [
    'a wider zero bucket that counts what it swallows',
    {...one, zeroThreshold: 1, zeroCount: 2, positive: new Map([[2, 3]])},
    one,
    false,
  ],
  [
    'a wider zero bucket that counts less',
    {...one, zeroThreshold: 1, zeroCount: 1, positive: new Map([[2, 3]])},
    one,
    true,
  ],
  ['a zero bucket that ends within a populated bucket', {...one, zeroThreshold: 0.9, zeroCount: 9}, one, true],
  ['a lower zero count', {...one, zeroCount: 1}, {...one, zeroCount: 2}, true],
  ['a hint of a reset', {...one, counterReset: reset}, one, true],
  ['a hint of no reset', {...one, count: 0, counterReset: notReset}, one, false],
  ['a gauge is looked at like a counter', {...one, count: 4, counterReset: gauge}, one, true],
  ['the hint of the one before does not count', one, {...one, counterReset: reset}, false],
  ['from exponential to custom buckets', custom([], [[0, 10]]), one, true],
  ['from custom to exponential buckets', {...one, count: 10}, custom([], []), true],
  [
    'other bounds, the common ones count as much',
    custom(
      [1, 2, 4],
      [
        [1, 3],
        [3, 1],
      ],
    ),
    custom(
      [2, 3],
      [
        [0, 3],
        [2, 1],
      ],
    ),
    false,
  ],
  [
    'other bounds, a common one counts less',
    custom(
      [1, 2, 4],
      [
        [1, 2],
        [3, 9],
      ],
    ),
    custom(
      [2, 3],
      [
        [0, 3],
        [2, 1],
      ],
    ),
    true,
  ],
  [
    'no common bounds',
    custom([1], [[0, 4]]),
    custom(
      [2],
      [
        [0, 1],
        [1, 3],
      ],
    ),
    false,
  ],
  [
    'no common bounds and fewer observations',
    custom([1], [[0, 3]]),
    custom(
      [2],
      [
        [0, 1],
        [1, 3],
      ],
    ),
    true,
  ],
];
for (const [name, current, previous, want] of cases) test(name, () => assert.equal(isReset(current, previous), want));

test('resets are those of the plain rules', () => {
  const property = fc.property(fc.oneof(anyPair, fc.tuple(anyCounter, anyCounter)), ([a, b]) => {
    const current = toWorkSheet(a);
    assert.equal(isCounterReset(current, toWorkSheet(b)), plainIsReset(a, b));
    assert.deepEqual(toPlain(current), a);
  });
  fc.assert(property, {numRuns: 2000});
});

test('a counter that only counted on was not reset, whatever its zero bucket and bounds became', () => {
  const property = fc.property(anyCounter, anyCounter, (before, more) => {
    fc.pre((before.schema === -53) === (more.schema === -53));
    const after = plainAdd(before, {...more, schema: before.schema, counterReset: unknown}, 1)!;
    fc.pre(after.counterReset !== reset);
    assert.equal(isReset(after, before), false);
  });
  fc.assert(property);
});
