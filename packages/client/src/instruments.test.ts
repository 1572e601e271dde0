import assert from 'node:assert/strict';
import {test} from 'node:test';
import fc from 'fast-check';
import {exponentialBuckets, exponentialBucketsRange, linearBuckets} from './buckets.ts';
import {MetricError} from './errors.ts';
import {Registry} from './registry.ts';

const help = 'x';

test('a counter never falls', () => {
  const counter = new Registry().counter({name: 'a_total', help});
  counter.inc();
  counter.inc(0.5);
  counter.inc(0);
  for (const by of [-1, Number.NaN]) assert.throws(() => counter.inc(by), MetricError);
  assert.equal(counter.value, 1.5);
});

test('a counter counts errors and lets them pass', async () => {
  const counter = new Registry().counter({name: 'a_total', help});
  assert.throws(() => counter.countErrors(() => assert.fail('sync')), /sync/);
  await assert.rejects(
    counter.countErrors(async () => assert.fail('async')),
    /async/,
  );
  assert.equal(
    counter.countErrors(() => 7),
    7,
  );
  assert.equal(counter.value, 2);
});

test('a gauge goes both ways and counts work in progress', async () => {
  const gauge = new Registry().gauge({name: 'a', help});
  gauge.set(10);
  gauge.inc();
  gauge.dec(3);
  gauge.add(-1);
  assert.equal(gauge.value, 7);
  const work = gauge.track(() => Promise.resolve());
  assert.equal(gauge.value, 8);
  await work;
  assert.equal(gauge.value, 7);
  assert.throws(() => gauge.track(() => assert.fail('x')), /x/);
  assert.equal(gauge.value, 7);
});

test('exemplars longer than 128 characters are refused', () => {
  const counter = new Registry().counter({name: 'a_total', help});
  counter.inc(1, {id: '☃'.repeat(126)});
  assert.throws(() => counter.inc(1, {id: '☃'.repeat(127)}), MetricError);
  counter.inc(1, {id: '😱'.repeat(126)});
  assert.throws(() => counter.inc(1, {id: '😱'.repeat(127)}), MetricError);
});

test('the newest exemplar of a bucket is shown, and none after a reset', () => {
  const histogram = new Registry().histogram({name: 'a', help, buckets: [1, 2]});
  histogram.observe(0.5, {id: 'old'});
  histogram.observe(0.7, {id: 'new'});
  const shown = (): unknown[] => {
    const point = histogram.point();
    return point.kind === 'histogram' ? point.buckets.map((bucket) => bucket.exemplar?.labels) : [];
  };
  assert.deepEqual(shown(), [[['id', 'new']], undefined, undefined]);
  histogram.reset();
  assert.deepEqual(shown(), [undefined, undefined, undefined]);
});

const bound = fc.integer({min: -50, max: 50});
const bounds = fc
  .oneof(fc.uniqueArray(bound, {maxLength: 8}), fc.uniqueArray(bound, {minLength: 20, maxLength: 60}))
  .map((list) => list.sort((a, b) => a - b));
const observations = fc.array(
  fc.oneof(fc.integer({min: -60, max: 60}), fc.constantFrom(Number.NaN, Infinity, -Infinity, 0.5)),
);

test('buckets, count and sum of a histogram agree with counting by hand', () => {
  fc.assert(
    fc.property(bounds, observations, (buckets, values) => {
      const histogram = new Registry().histogram({name: 'a', help, buckets});
      for (const value of values) histogram.observe(value);
      const point = histogram.point();
      assert.ok(point.kind === 'histogram');
      for (const {upperBound, count} of point.buckets) {
        const below = upperBound === Infinity ? values : values.filter((value) => value <= upperBound);
        assert.equal(count, below.length);
      }
      assert.equal(point.buckets.at(-1)!.count, point.count);
      assert.equal(histogram.count, values.length);
      assert.equal(
        histogram.sum,
        values.reduce((sum, value) => sum + value, 0),
      );
    }),
  );
});

test('timers observe seconds', async () => {
  const histogram = new Registry().histogram({name: 'a', help});
  const elapsed = histogram.startTimer()();
  assert.equal(histogram.sum, elapsed);
  assert.equal(
    histogram.time(() => 7),
    7,
  );
  await assert.rejects(
    histogram.time(async () => assert.fail('x')),
    /x/,
  );
  assert.equal(histogram.count, 3);
});

test('bucket makers', () => {
  assert.deepEqual(linearBuckets(1, 2, 3), [1, 3, 5]);
  assert.deepEqual(exponentialBuckets(1, 10, 3), [1, 10, 100]);
  assert.deepEqual(exponentialBucketsRange(1, 100, 3), [1, 10, 100]);
  assert.throws(() => linearBuckets(1, 0, 3), MetricError);
  assert.throws(() => exponentialBuckets(0, 2, 3), MetricError);
  assert.throws(() => exponentialBucketsRange(1, 1, 3), MetricError);
  assert.throws(() => linearBuckets(1, 1, 0), MetricError);
});
