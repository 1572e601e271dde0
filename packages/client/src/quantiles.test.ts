import assert from 'node:assert/strict';
import {test} from 'node:test';
import fc from 'fast-check';
import {quantileOf, QuantileStream} from './quantile-stream.ts';
import {SlidingQuantiles} from './sliding-quantiles.ts';
import {targetsOf} from './summary.ts';

const TARGETS = targetsOf([0.01, 0.5, 0.9, 0.99]);

/** How far the rank of `value` in `sorted` is from that of the quantile, in observations. */
function rankError(sorted: readonly number[], value: number, quantile: number): number {
  const first = sorted.indexOf(value) + 1;
  const last = sorted.lastIndexOf(value) + 1;
  assert.ok(first > 0, `${value} was never observed`);
  const wanted = Math.ceil(quantile * sorted.length);
  return Math.max(0, first - wanted, wanted - last);
}

/** Lists of values that jump about, sometimes few different ones, from a handful of numbers (which shrink well). */
const piece = fc
  .record({
    length: fc.nat(300),
    start: fc.nat(9999),
    step: fc.integer({min: 1, max: 9999}),
    modulus: fc.integer({min: 1, max: 9999}),
  })
  .map(({length, start, step, modulus}) => Array.from({length}, (_, i) => (start + i * step) % modulus));
const pieces = fc.array(piece, {maxLength: 12, size: 'max'});

test('ranks of quantiles stay within their errors, however many streams share the observations', () => {
  fc.assert(
    fc.property(pieces, fc.integer({min: 1, max: 4}), (lists, count) => {
      const streams = Array.from({length: count}, () => new QuantileStream(TARGETS));
      for (const [i, list] of lists.entries()) streams[i % count].addSorted(Float64Array.from(list).sort());
      const sorted = lists.flat().sort((a, b) => a - b);
      for (const {quantile, error} of TARGETS) {
        const found = quantileOf(streams, quantile);
        if (sorted.length === 0) assert.ok(Number.isNaN(found));
        else assert.ok(rankError(sorted, found, quantile) <= error * sorted.length + 1);
      }
    }),
  );
});

test('a long stream stays small and exact enough, sorted, reversed or mixed', () => {
  const count = 50_000;
  const orders: ((i: number) => number)[] = [(i) => i, (i) => count - i, (i) => (i * 7919) % count];
  for (const order of orders) {
    const stream = new QuantileStream(TARGETS);
    for (let i = 0; i < count; i += 500)
      stream.addSorted(Float64Array.from({length: 500}, (_, j) => order(i + j)).sort());
    assert.ok(stream.size < 2000, `${stream.size} values kept`);
    for (const {quantile, error} of TARGETS) {
      assert.ok(
        Math.abs(quantileOf([stream], quantile) - quantile * count) <= error * count + 1,
        `quantile ${quantile}`,
      );
    }
  }
});

test('observations leave the window', () => {
  let now = 0;
  const window = new SlidingQuantiles(TARGETS, 1000, 5, () => now);
  assert.ok(Number.isNaN(window.quantile(0.5)));
  for (let i = 0; i < 100; i++) window.observe(1);
  now = 700;
  for (let i = 0; i < 300; i++) window.observe(2);
  assert.equal(window.quantile(0.01), 1);
  assert.equal(window.quantile(0.5), 2);
  now = 1300;
  assert.equal(window.quantile(0.01), 2);
  now = 5000;
  assert.ok(Number.isNaN(window.quantile(0.5)));
});

test('the slices of a window together stay within the errors', () => {
  let now = 0;
  const window = new SlidingQuantiles(TARGETS, 1000, 5, () => now);
  const count = 20_000;
  for (let i = 0; i < count; i++) {
    now = Math.floor((i * 999) / count);
    window.observe((i * 7919) % count);
  }
  for (const {quantile, error} of TARGETS) {
    assert.ok(Math.abs(window.quantile(quantile) - quantile * count) <= error * count + 1, `quantile ${quantile}`);
  }
});

test('a small window is exact', () => {
  const window = new SlidingQuantiles(TARGETS, 1000, 5, () => 0);
  for (const x of [3, 1, 2]) window.observe(x);
  assert.equal(window.quantile(0.5), 2);
  assert.equal(window.quantile(0.99), 3);
  assert.equal(window.quantile(0.01), 1);
});
