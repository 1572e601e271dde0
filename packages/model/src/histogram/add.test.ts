import assert from 'node:assert/strict';
import {test} from 'node:test';
import fc from 'fast-check';
import {ADDED, addHistogram, subtractHistogram} from './add.ts';
import {COUNTER_RESET} from './float-histogram.ts';
import {addCompensatedHistogram, startCompensation} from './kahan-add.ts';
import {anyExponential, anyHistogram, anyPair} from './testing/arbitrary.ts';
import {
  EMPTY,
  type PlainHistogram,
  type PlainSum,
  plainAdd,
  plainHint,
  plainKahanAdd,
  plainNothingMissed,
  toPlain,
  toWorkSheet,
} from './testing/reference.ts';

const {unknown, reset, notReset, gauge} = COUNTER_RESET;

const exponential = (fields: Partial<PlainHistogram>): PlainHistogram => ({...EMPTY, ...fields});
const custom = (bounds: number[], counts: [number, number][]): PlainHistogram =>
  exponential({schema: -53, bounds, positive: new Map(counts)});

function add(a: PlainHistogram, b: PlainHistogram): {sum: PlainHistogram; outcome: number} {
  const target = toWorkSheet(a);
  const outcome = addHistogram(target, toWorkSheet(b));
  return {sum: toPlain(target), outcome};
}

test('the coarser schema wins and finer buckets fall into its buckets', () => {
  const fine = exponential({
    schema: 1,
    positive: new Map([
      [1, 1],
      [2, 2],
      [3, 4],
    ]),
  });
  const coarse = exponential({
    schema: 0,
    positive: new Map([
      [0, 8],
      [2, 16],
    ]),
  });
  const want = new Map([
    [0, 8],
    [1, 3],
    [2, 20],
  ]);
  assert.deepEqual(add(fine, coarse).sum, exponential({positive: want}));
  assert.deepEqual(add(coarse, fine).sum, exponential({positive: want}));
});

test('the wider zero bucket swallows the buckets within it', () => {
  const narrow = exponential({
    zeroThreshold: 0.5,
    zeroCount: 1,
    positive: new Map([
      [0, 2],
      [1, 4],
    ]),
    negative: new Map([[0, 8]]),
  });
  const wide = exponential({zeroThreshold: 1, zeroCount: 16, positive: new Map([[1, 32]])});
  const want = exponential({zeroThreshold: 1, zeroCount: 27, positive: new Map([[1, 36]])});
  assert.deepEqual(add(narrow, wide).sum, want);
  assert.deepEqual(add(wide, narrow).sum, want);
});

test('a zero threshold within a populated bucket moves to the end of that bucket', () => {
  const cut = exponential({zeroThreshold: 1.5, zeroCount: 1});
  const whole = exponential({
    positive: new Map([
      [1, 2],
      [2, 4],
    ]),
  });
  const want = exponential({zeroThreshold: 2, zeroCount: 3, positive: new Map([[2, 4]])});
  assert.deepEqual(add(cut, whole).sum, want);
  assert.deepEqual(add(whole, cut).sum, want);
  const empty = exponential({
    positive: new Map([
      [1, 0],
      [2, 4],
    ]),
  });
  assert.equal(add(empty, cut).sum.zeroThreshold, 1.5);
});

test('custom buckets are added over the bounds that both have', () => {
  const a = custom(
    [1, 2, 4],
    [
      [0, 1],
      [1, 2],
      [2, 4],
      [3, 8],
    ],
  );
  const b = custom(
    [2, 3, 4],
    [
      [0, 16],
      [1, 32],
      [3, 64],
    ],
  );
  const {sum, outcome} = add(a, b);
  assert.deepEqual(
    sum,
    custom(
      [2, 4],
      [
        [0, 19],
        [1, 36],
        [2, 72],
      ],
    ),
  );
  assert.equal(outcome, ADDED.boundsReconciled);
  assert.deepEqual(add(custom([1], [[0, 1]]), custom([2], [[0, 2]])).sum, custom([], [[0, 3]]));
});

test('exponential and custom buckets do not go together, and nothing changes', () => {
  const a = exponential({counterReset: reset, count: 1, positive: new Map([[1, 1]])});
  const b = {...custom([1], [[0, 1]]), counterReset: notReset};
  assert.deepEqual(add(a, b), {sum: a, outcome: ADDED.incompatible});
  assert.deepEqual(add(b, a), {sum: b, outcome: ADDED.incompatible});
});

test('hints: a gauge wins, differing hints give unknown, contradicting ones are reported', () => {
  const cases = [
    [unknown, unknown, unknown, 0],
    [reset, reset, reset, 0],
    [reset, unknown, unknown, 0],
    [unknown, notReset, unknown, 0],
    [gauge, reset, gauge, 0],
    [notReset, gauge, gauge, 0],
    [reset, notReset, unknown, ADDED.resetCollision],
    [notReset, reset, unknown, ADDED.resetCollision],
  ] as const;
  for (const [a, b, want, wantOutcome] of cases) {
    const {sum, outcome} = add(exponential({counterReset: a}), exponential({counterReset: b}));
    assert.deepEqual([sum.counterReset, outcome], [want, wantOutcome], `${a} + ${b}`);
  }
});

test('a threshold that is no number ends without a result to compare, but it ends', () => {
  assert.equal(add(exponential({zeroThreshold: NaN}), exponential({zeroThreshold: 1})).outcome, 0);
});

test('sums and differences equal the plain ones, digit by digit', () => {
  const property = fc.property(anyPair, fc.constantFrom<[1, -1]>(1, -1), ([a, b], sign) => {
    const target = toWorkSheet(a);
    const other = toWorkSheet(b);
    const outcome = sign === 1 ? addHistogram(target, other) : subtractHistogram(target, other);
    const want = plainAdd(a, b, sign);
    assert.deepEqual(toPlain(target), want ?? a);
    assert.deepEqual(toPlain(other), b, 'the other histogram stays as it is');
    assert.equal(outcome & ADDED.incompatible, want === undefined ? ADDED.incompatible : 0);
    const collides = want !== undefined && plainHint(a.counterReset, b.counterReset).collides;
    assert.equal(outcome & ADDED.resetCollision, collides ? ADDED.resetCollision : 0);
    const isReconciled = want !== undefined && a.bounds.join() !== b.bounds.join();
    assert.equal(outcome & ADDED.boundsReconciled, isReconciled ? ADDED.boundsReconciled : 0);
  });
  fc.assert(property, {numRuns: 2000});
});

test('compensated sums equal the plain ones, digit by digit, step by step', () => {
  const property = fc.property(
    fc.array(fc.oneof(anyExponential, anyHistogram), {minLength: 2, maxLength: 5}),
    (list) => {
      const sum = toWorkSheet(list[0]);
      const missed = toWorkSheet(EMPTY);
      startCompensation(missed, sum);
      let want: PlainSum = [list[0], plainNothingMissed(list[0])];
      for (const other of list.slice(1)) {
        const outcome = addCompensatedHistogram(sum, missed, toWorkSheet(other));
        const next = plainKahanAdd(want, other);
        assert.equal(outcome & ADDED.incompatible, next === undefined ? ADDED.incompatible : 0);
        want = next ?? want;
        assert.deepEqual([toPlain(sum), toPlain(missed)], want);
      }
    },
  );
  fc.assert(property, {numRuns: 2000});
});

test('a compensated sum keeps what a plain sum loses', () => {
  const big = exponential({count: 2 ** 53, sum: 1e100, zeroCount: 2 ** 53, positive: new Map([[1, 2 ** 53]])});
  const one = exponential({count: 1, sum: 1, zeroCount: 1, positive: new Map([[1, 1]])});
  const sum = toWorkSheet(big);
  const missed = toWorkSheet(EMPTY);
  startCompensation(missed, sum);
  for (let i = 0; i < 10; i++) addCompensatedHistogram(sum, missed, toWorkSheet(one));
  addCompensatedHistogram(sum, missed, toWorkSheet(exponential({sum: -1e100})));
  addHistogram(sum, missed);
  const all = 2 ** 53 + 10;
  assert.deepEqual(toPlain(sum), exponential({count: all, sum: 10, zeroCount: all, positive: new Map([[1, all]])}));
});

test('a bucket whose sum is 0 stays while it misses something', () => {
  const sum = toWorkSheet(
    exponential({
      positive: new Map([
        [0, 1],
        [5, 1e100],
      ]),
    }),
  );
  const missed = toWorkSheet(EMPTY);
  startCompensation(missed, sum);
  for (const count of [1, -1e100])
    addCompensatedHistogram(sum, missed, toWorkSheet(exponential({positive: new Map([[5, count]])})));
  addCompensatedHistogram(sum, missed, toWorkSheet(exponential({zeroThreshold: 1})));
  addHistogram(sum, missed);
  assert.deepEqual(toPlain(sum), exponential({zeroThreshold: 1, zeroCount: 1, positive: new Map([[5, 1]])}));
});
