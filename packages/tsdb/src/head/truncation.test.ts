import assert from 'node:assert/strict';
import {test} from 'node:test';
import fc from 'fast-check';
import {type PlainSample, ReferenceHead} from './reference-head.ts';
import {TestHead, bitsOf} from './testing-head.ts';
import type {SeriesRef} from './types.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const T0 = 236_112 * 2 * HOUR;

const sample = (series: number, time: number, value = 1): PlainSample => ({
  series,
  time: T0 + time,
  bits: bitsOf(value),
});

/** Cuts all before T0 + `time`, in small steps; returns the references that went. */
function truncate(head: TestHead, time: number, between = () => {}): number[] {
  const truncation = head.head.truncate(T0 + time);
  for (let steps = 0; !truncation.step(2000); steps++) {
    between();
    assert.ok(steps < 10_000, 'the truncation does not end');
  }
  head.head.arena.epochs.reclaim(Infinity);
  return [...truncation.removedRefs];
}

/** A sample each minute in [from, to) for each of `series`. */
function fill(head: TestHead, series: readonly number[], from: number, to: number): void {
  for (let time = from; time < to; time += MINUTE) head.append(series.map((name) => sample(name, time, time / MINUTE)));
}

const timesOf = (head: TestHead, series: number): number[] =>
  (head.readAll().get(String(series)) ?? []).map(({time}) => (time - T0) / MINUTE);

test('chunks that end before the time go, those that cross it stay whole', () => {
  const head = new TestHead();
  fill(head, [1], 0, 5 * HOUR);
  assert.equal(head.head.chunkCount, 3);
  truncate(head, 3 * HOUR);
  assert.equal(head.head.chunkCount, 2);
  assert.equal(timesOf(head, 1)[0], 120);
  assert.equal(timesOf(head, 1).length, 180);
  assert.equal(head.head.minTime, T0 + 3 * HOUR);
  assert.equal(head.head.counters.chunksRemoved, 1);
});

test('series that end before the time go with their labels; the same labels make a new series later', () => {
  const head = new TestHead();
  fill(head, [1, 2], 0, HOUR);
  fill(head, [2, 3], HOUR, 3 * HOUR);
  const slot = head.series(1);
  const ref = head.head.ref(slot);
  const generation = head.head.generation;
  assert.deepEqual(truncate(head, 2 * HOUR), [ref]);
  assert.equal(head.head.generation, generation + 1);
  assert.equal(head.head.has(slot, ref), false);
  assert.deepEqual([...head.readAll().keys()], ['2', '3']);
  assert.equal(head.head.seriesCount, 2);

  const again = head.series(1);
  assert.equal(again, slot, 'the slot is used again');
  assert.notEqual(head.head.ref(again), ref);
  head.append([sample(1, 3 * HOUR)]);
  assert.deepEqual([...head.readAll().keys()], ['2', '3', '1'], 'rows come in the order of references');
  assert.equal(head.head.counters.seriesCreated, 4);
  assert.equal(head.head.counters.seriesRemoved, 1);
});

test('samples for a kept slot of a removed series are refused', () => {
  const head = new TestHead();
  fill(head, [1], 0, HOUR);
  fill(head, [2], HOUR, 3 * HOUR);
  const {memory} = head;
  const [slots, times, values, statuses] = [memory.alloc(8), memory.alloc(8), memory.alloc(8), memory.alloc(8)];
  memory.u32[slots / 4] = head.series(1);
  memory.f64[times / 8] = T0 + 3 * HOUR;
  truncate(head, 2 * HOUR);
  assert.equal(head.head.append({memory, slots, times, values, statuses, count: 1}).removed, 1);
  assert.equal(memory.u8[statuses], 6);
});

test('a series without samples stays for one truncation: its first commit may be on its way', () => {
  const head = new TestHead();
  head.series(1);
  fill(head, [2], 0, HOUR);
  assert.deepEqual(truncate(head, 1), []);
  assert.equal(head.head.seriesCount, 2);
  assert.deepEqual(truncate(head, 2), [1]);
  assert.equal(head.head.seriesCount, 1);
});

test('a series that gets samples while it is looked at stays', () => {
  const head = new TestHead();
  fill(
    head,
    Array.from({length: 600}, (_, i) => i),
    0,
    2 * MINUTE,
  );
  const removed = truncate(head, HOUR / 2, () => head.append([sample(1, HOUR), sample(599, HOUR)]));
  assert.equal(timesOf(head, 1).at(-1), 60);
  assert.equal(timesOf(head, 599).at(-1), 60);
  assert.ok(removed.length >= 598);
});

test('memory and segments come back', () => {
  const head = new TestHead({segmentBytes: 1 << 16});
  fill(head, [1], 0, MINUTE);
  const series = Array.from({length: 50}, (_, i) => i + 10);
  const used: number[] = [];
  for (let round = 0; round < 4; round++) {
    const from = round * 6 * HOUR;
    fill(
      head,
      series.map((name) => name + 1000 * round),
      from,
      from + 5 * HOUR,
    );
    fill(head, [1], from + 5 * HOUR, from + 5 * HOUR + MINUTE);
    truncate(head, from + 5 * HOUR);
    used.push(head.head.arena.usedBytes);
    assert.equal(head.head.seriesCount, 1);
    assert.equal(head.head.segmentBytes, 0);
    assert.equal(head.head.shared.segments.length, 0);
  }
  assert.ok(used[3]! <= used[0]! + (1 << 16), used.join(' '));
});

test('a reader that began before keeps reading what was there', () => {
  const head = new TestHead();
  fill(head, [1, 2], 0, 5 * HOUR);
  const {reader, readerMemory} = head;
  reader.begin();
  const set = reader.select([], -Infinity, Infinity);
  const truncation = head.head.truncate(T0 + 6 * HOUR);
  for (let i = 0; i < 100; i++) assert.equal(truncation.step(1000), false, 'it waits for the reader');
  const times = readerMemory.alloc(set.samplesMax(0) * 8);
  assert.equal(set.read(0, times, readerMemory.alloc(set.samplesMax(0) * 8)), 300);
  assert.equal(head.nameOf(set, 1), '2');
  reader.end();
  while (!truncation.step(1000));
  assert.equal(head.readAll().size, 0);
});

test('segments wait for the readers that began before', () => {
  const head = new TestHead();
  fill(head, [1], 0, 5 * HOUR);
  head.reader.begin();
  const truncation = head.head.truncate(T0 + 4 * HOUR);
  for (let i = 0; i < 100; i++) assert.equal(truncation.step(1000), false);
  assert.ok(head.head.segmentBytes > 0);
  head.reader.end();
  while (!truncation.step(1000));
  assert.equal(head.head.segmentBytes, 0);
  assert.equal(timesOf(head, 1).length, 60);
});

test('samples from the time on are as a plain list has them, whatever happens meanwhile', () => {
  const step = fc.record({
    series: fc.array(fc.nat(30), {minLength: 1, maxLength: 10}),
    repeat: fc.nat(40),
    cut: fc.option(fc.integer({min: -HOUR, max: 3 * HOUR}), {freq: 3}),
  });
  fc.assert(
    fc.property(fc.array(step, {minLength: 1, maxLength: 25}), (steps) => {
      const head = new TestHead();
      const reference = new ReferenceHead(2 * HOUR);
      const clock = {time: 0};
      const append = (series: readonly number[]) => {
        clock.time += MINUTE / 2;
        const batch = series.map((name) => sample(name, clock.time, clock.time));
        head.append(batch);
        reference.append(batch);
      };
      for (const {series, repeat, cut} of steps) {
        for (let i = 0; i < repeat; i++) append(series);
        if (cut === null) continue;
        const time = Math.min(clock.time - cut, clock.time);
        if (T0 + time < head.head.minValidTime) continue;
        reference.minValidTime = T0 + time;
        truncate(head, time, () => append(series));
        const read = head.readAll(T0 + time);
        for (const name of reference.samples.keys()) {
          const want = reference.read(name, T0 + time, Infinity).map((s) => [s.time, s.bits]);
          assert.deepEqual(
            (read.get(String(name)) ?? []).map((s) => [s.time, s.bits]),
            want,
          );
        }
      }
    }),
    {numRuns: 25},
  );
});

test('the log is told of references that were never used before', () => {
  const head = new TestHead();
  const refs = new Set<SeriesRef>();
  for (let round = 0; round < 3; round++) {
    fill(head, [1, 2, 3], round * 4 * HOUR, round * 4 * HOUR + MINUTE);
    for (const name of [1, 2, 3]) refs.add(head.head.ref(head.series(name)));
    truncate(head, round * 4 * HOUR + HOUR);
  }
  assert.equal(refs.size, 9);
});
