import assert from 'node:assert/strict';
import {test} from 'node:test';
import {FloatHistogram} from '@narthex/model/histogram/float-histogram.ts';
import {Labels} from '@narthex/model/labels.ts';
import fc from 'fast-check';
import {bitsOf, MemoryStorage} from '../memory-storage/memory-storage.ts';
import {NarthexEngine} from '../promqltest/narthex-engine.ts';
import type {Answer, AnswerSample} from '../promqltest/script-engine.ts';

const MINUTE = 60_000;
const SAMPLES_MAX = 1_000_000;
const nameOf = (name: string): Labels => Labels.of([['__name__', name]]);

interface Counted {
  readonly gap: number;
  readonly count: number;
  /** How long before the sample counting began; 0 when that is not known. */
  readonly since: number;
}

const counted = fc.record({
  gap: fc.constantFrom(1_000, 15_000, 15_000, 30_000, 90_000),
  count: fc.integer({min: 0, max: 40}),
  since: fc.constantFrom(0, 0, 1, 15_000, 20_000, 200_000),
});

/** A histogram with all observations in one bucket behaves like the float that counts them. */
function oneBucket(count: number): FloatHistogram {
  const histogram = new FloatHistogram();
  histogram.count = count;
  histogram.sum = count;
  histogram.positive.push(3, count);
  return histogram;
}

function twins(samples: readonly Counted[]): MemoryStorage {
  const storage = new MemoryStorage();
  let time = 0;
  for (const {gap, count, since} of samples) {
    time += gap;
    const start = since === 0 ? 0 : Math.max(1, time - since);
    storage.append(nameOf('floats_total'), time, bitsOf(count), start);
    storage.appendHistogram(nameOf('histograms_total'), time, oneBucket(count), start);
  }
  return storage;
}

function growing(samples: readonly Counted[]): Counted[] {
  let total = 0;
  return samples.map((sample) => ({...sample, count: (total += sample.count)}));
}

function evaluate(storage: MemoryStorage, text: string): Answer {
  const answer = new NarthexEngine(storage, SAMPLES_MAX).range(text, 0, 10 * MINUTE, 25_000);
  assert.ok(!('error' in answer), `${text}: ${'error' in answer ? answer.error : ''}`);
  return answer;
}

function samplesOf({value}: Answer): readonly AnswerSample[] {
  assert.ok(value.type === 'matrix' && value.rows.length <= 1);
  return value.rows[0]?.samples ?? [];
}

const functions = ['rate', 'increase', 'delta', 'irate', 'idelta', 'sum_over_time', 'avg_over_time'].flatMap((name) => [
  `${name}(X[2m])`,
  `${name}(X[40s])`,
  `${name}(X[5m] offset 1m)`,
  `${name}(X[4m:20s])`,
]);
const extended = ['rate', 'increase', 'delta'].flatMap((name) => [
  `${name}(X[2m] anchored)`,
  `${name}(X[2m] smoothed)`,
  `${name}(X[30s] smoothed)`,
]);
const counts = ['resets', 'changes', 'count_over_time', 'ts_of_last_over_time', 'absent_over_time'];

for (const expression of [...functions, ...extended, 'X', 'X smoothed', 'last_over_time(X[1m])']) {
  // Smoothed lookups know that histograms are counters, but not that floats are.
  const isGrowing = expression === 'X smoothed';
  test(`counts of histograms are what floats would be: ${expression}`, () => {
    const property = fc.property(fc.array(counted, {minLength: 1, maxLength: 40}), (samples) => {
      const storage = twins(isGrowing ? growing(samples) : samples);
      const floats = samplesOf(evaluate(storage, expression.replace('X', 'floats_total')));
      const histograms = samplesOf(evaluate(storage, expression.replace('X', 'histograms_total')));
      assert.deepEqual(
        histograms.map(({timeMs}) => timeMs),
        floats.map(({timeMs}) => timeMs),
      );
      for (const [i, {histogram}] of histograms.entries()) {
        assertClose(histogram!.count, floats[i].value);
        assertClose(histogram!.sum, floats[i].value);
        assertClose(
          histogram!.positive.counts.subarray(0, histogram!.positive.length).reduce((a, b) => a + b, 0),
          floats[i].value,
        );
      }
    });
    fc.assert(property, {numRuns: 40});
  });
}

test('what is counted about histograms is what is counted about floats', () => {
  const ranges = ['[2m]', '[40s]', '[3m:30s]'];
  const expression = fc
    .oneof(
      fc.tuple(fc.constantFrom(...counts), fc.constantFrom(...ranges)),
      fc.tuple(fc.constantFrom('resets', 'changes'), fc.constant('[2m] anchored')),
    )
    .map(([name, range]) => `${name}(X${range})`);
  const property = fc.property(fc.array(counted, {minLength: 1, maxLength: 40}), expression, (samples, text) => {
    const storage = twins(samples);
    const floats = samplesOf(evaluate(storage, text.replace('X', 'floats_total')));
    const histograms = samplesOf(evaluate(storage, text.replace('X', 'histograms_total')));
    assert.deepEqual(histograms, floats);
  });
  fc.assert(property, {numRuns: 300});
});

const FLOAT_FUNCTIONS = (
  'rate increase delta irate idelta sum_over_time avg_over_time min_over_time deriv ' +
  'stddev_over_time first_over_time last_over_time changes resets ts_of_min_over_time'
).split(' ');

test('windows of floats do not change when there are histograms elsewhere', () => {
  const value = fc.oneof(fc.double({min: -1e3, max: 1e3, noNaN: true}), fc.constantFrom(NaN, Infinity, 1e308));
  const floats = fc.array(fc.tuple(fc.constantFrom(1_000, 15_000, 40_000), value), {minLength: 1, maxLength: 40});
  const ranges = fc.constantFrom('[25s]', '[2m]');
  const property = fc.property(floats, fc.constantFrom(...FLOAT_FUNCTIONS), ranges, (samples, name, range) => {
    const storage = new MemoryStorage();
    storage.appendHistogram(nameOf('mixed_total'), 0, oneBucket(3));
    let time = 0;
    for (const [gap, float] of samples) {
      time += gap;
      storage.append(nameOf('plain_total'), time, bitsOf(float));
      storage.append(nameOf('mixed_total'), time, bitsOf(float));
    }
    const plain = samplesOf(evaluate(storage, `${name}(plain_total${range})`));
    const mixed = samplesOf(evaluate(storage, `${name}(mixed_total${range})`));
    // From there on the histogram is in no window.
    const later = (all: readonly AnswerSample[]) => all.filter(({timeMs}) => timeMs >= 2 * MINUTE);
    assert.deepEqual(later(mixed), later(plain));
  });
  fc.assert(property, {numRuns: 300});
});

function assertClose(actual: number, expected: number): void {
  const tolerance = 1e-9 * Math.max(1, Math.abs(actual), Math.abs(expected));
  assert.ok(Math.abs(actual - expected) <= tolerance, `${actual} instead of ${expected}`);
}
