import assert from 'node:assert/strict';
import {test} from 'node:test';
import {StorageError} from '../errors.ts';
import type {CommitLog, LogDeletion} from './commit-log.ts';
import type {PlainSample} from './reference-head.ts';
import {TestHead, bitsOf} from './testing-head.ts';
import type {SeriesRef} from './types.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const T0 = 236_112 * 2 * HOUR;

const sample = (series: number, time: number): PlainSample => ({series, time: T0 + time, bits: bitsOf(time)});

const timesOf = (head: TestHead, series: number): number[] =>
  (head.readAll().get(String(series)) ?? []).map(({time}) => time - T0);

const remove = (head: TestHead, series: readonly number[], min: number, max: number): number =>
  head.head.delete(
    series.map((name) => head.series(name)),
    T0 + min,
    T0 + max,
    head.memory,
  );

const intervalsOf = (head: TestHead, series: number): number[] =>
  (head.select(-Infinity, Infinity, (set, i) => set.intervals(i)).get(String(series)) ?? []).map((time) => time - T0);

/** Samples at 0, 1, ... of each series. */
function filled(series: readonly number[], samples: number): TestHead {
  const head = new TestHead({outOfOrderWindowMs: 9 * HOUR});
  for (let time = 0; time < samples; time++) head.append(series.map((name) => sample(name, time)));
  return head;
}

const cases: [name: string, deletions: [min: number, max: number][], left: number[], intervals: number[]][] = [
  ['both ends are included', [[2, 4]], [0, 1, 5], [2, 4]],
  [
    'ends are those of the series',
    [
      [-9, 1],
      [5, 99],
    ],
    [2, 3, 4],
    [0, 1, 5, 5],
  ],
  [
    'neighbours become one',
    [
      [1, 2],
      [3, 3],
    ],
    [0, 4, 5],
    [1, 3],
  ],
  [
    'a later one joins others',
    [
      [0, 0],
      [4, 4],
      [1, 5],
    ],
    [],
    [0, 5],
  ],
  [
    'nothing before or after',
    [
      [-5, -1],
      [6, 9],
    ],
    [0, 1, 2, 3, 4, 5],
    [],
  ],
];
for (const [name, deletions, left, intervals] of cases) {
  test(`deletions: ${name}`, () => {
    const head = filled([1, 2], 6);
    for (const [min, max] of deletions) remove(head, [1], min, max);
    assert.deepEqual(timesOf(head, 1), left);
    assert.deepEqual(intervalsOf(head, 1), intervals);
    assert.deepEqual(timesOf(head, 2), [0, 1, 2, 3, 4, 5]);
    assert.equal(head.readNewest().get('1')!.at(-1)?.time, left.length === 0 ? undefined : T0 + left.at(-1)!);
  });
}

test('what comes later is not deleted', () => {
  const head = filled([1], 3);
  assert.equal(remove(head, [1, 7, 1], -Infinity, Infinity), 2);
  head.append([sample(1, 3)]);
  assert.deepEqual(timesOf(head, 1), [3]);
});

test('samples out of order are deleted too, in chunks or not', () => {
  const head = filled([1], 1);
  head.append([sample(1, HOUR), sample(2, 9 * HOUR)]);
  for (let time = 10; time < 60; time++) head.append([sample(1, time), sample(3, time)]);
  remove(head, [1, 3], 12, 57);
  assert.deepEqual(timesOf(head, 1), [0, 10, 11, 58, 59, HOUR]);
  assert.deepEqual(timesOf(head, 3), [10, 11, 58, 59]);
});

test('intervals go with what they are about', () => {
  const head = new TestHead({outOfOrderWindowMs: 99 * HOUR});
  const {epochs} = head.head.arena;
  for (let time = 0; time < 8 * HOUR; time += MINUTE) head.append([sample(1, time), sample(2, time)]);
  head.append([sample(2, 5)]);
  remove(head, [1, 2], 0, HOUR);
  remove(head, [1, 2], 3 * HOUR, 7 * HOUR);
  const truncate = (time: number): void => {
    const truncation = head.head.truncate(T0 + time);
    while (!truncation.step(500));
    epochs.reclaim(Infinity);
  };
  truncate(4 * HOUR);
  assert.deepEqual(intervalsOf(head, 1), [3 * HOUR, 7 * HOUR]);
  assert.deepEqual(intervalsOf(head, 2), [0, HOUR, 3 * HOUR, 7 * HOUR]);
  assert.deepEqual(timesOf(head, 1).slice(0, 1), [7 * HOUR + MINUTE]);
  head.append([sample(3, 20 * HOUR)]);
  truncate(16 * HOUR);
  assert.deepEqual(timesOf(head, 2), [], 'its sample out of order stays deleted');
  const closing = head.head.outOfOrder.close(head.memory);
  while (!closing.step(500));
  const truncation = head.head.outOfOrder.truncate(closing.boundary);
  while (!truncation.step(500));
  truncate(16 * HOUR);
  truncate(16 * HOUR);
  assert.deepEqual([...head.readAll().keys()], ['3']);
  assert.equal(epochs.retiredCount, 0);
});

class FakeLog implements CommitLog {
  readonly deletions: [ref: number, min: number, max: number][] = [];
  isFailing = false;

  log(): void {}

  logDeletion({memory: {f64}, count, refs, minTimes, maxTimes}: LogDeletion): void {
    if (this.isFailing) throw new StorageError('wal_write', 'no space left on device');
    for (let i = 0; i < count; i++) {
      this.deletions.push([f64[refs / 8 + i]!, f64[minTimes / 8 + i]! - T0, f64[maxTimes / 8 + i]! - T0]);
    }
  }
}

test('deletions are logged as they are clamped; when that fails nothing is deleted', () => {
  const head = filled([1, 2], 4);
  const log = new FakeLog();
  head.head.attachLog(log);
  log.isFailing = true;
  assert.throws(() => remove(head, [1, 2], 1, 9), {code: 'wal_write'});
  assert.deepEqual(timesOf(head, 1), [0, 1, 2, 3]);
  log.isFailing = false;
  remove(head, [1, 2], 1, 9);
  assert.deepEqual(log.deletions, [
    [head.head.ref(head.series(1)), 1, 3],
    [head.head.ref(head.series(2)), 1, 3],
  ]);
});

test('deletions come back from the log', () => {
  const head = new TestHead();
  const names = ['__name__', 'test', 'series', '1'];
  const bytes = Buffer.from(names.join(''));
  const ranges = Uint32Array.from([0, 8, 8, 12, 12, 18, 18, 19]);
  head.head.replaySeries(5 as SeriesRef, bytes, ranges, 2);
  for (let time = 0; time < 4; time++) head.append([sample(1, time)]);
  const at = (ref: number, min: number, max: number) => ({ref, minTimeMs: min, maxTimeMs: max});
  assert.equal(head.head.replayTombstones([at(5, T0 + 1, T0 + 9), at(77, 0, 1)]), 1);
  assert.deepEqual([timesOf(head, 1), intervalsOf(head, 1)], [[0], [1, 9]]);
  assert.equal(head.head.ref(head.series(2)), 78, 'the reference was given before');
  head.head.replayTombstones([at(5, Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER)]);
  head.append([sample(1, 10)]);
  assert.deepEqual(timesOf(head, 1), [10]);
});
