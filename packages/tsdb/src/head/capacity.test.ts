import assert from 'node:assert/strict';
import {test} from 'node:test';
import {ArenaFullError} from '../arena/errors.ts';
import type {PlainSample} from './reference-head.ts';
import {TestHead, bitsOf} from './testing-head.ts';

const T0 = 1_700_000_000_000;
const sample = (series: number, time: number, value = 1): PlainSample => ({
  series,
  time: T0 + time,
  bits: bitsOf(value),
});

test('a full arena refuses new series and takes samples of known ones', () => {
  const head = new TestHead({arenaBytes: 6 << 20, reserveBytes: 2 << 20});
  let count = 0;
  assert.throws(
    () => {
      for (;;) head.series(count++);
    },
    (error) => error instanceof ArenaFullError && error.code === 'arena_full',
  );
  count--;
  assert.ok(count > 1000);
  assert.equal(head.head.counters.seriesRefused, 1);
  assert.equal(head.head.seriesCount, count);
  for (let time = 0; time < 200; time++) {
    assert.equal(head.append([sample(3, time * 15_000, time), sample(count - 1, time * 15_000, time)]).stored, 2);
  }
  assert.equal(head.readAll().get('3')!.length, 200);
  assert.equal(head.readAll().get(String(count - 1))!.length, 200);
});

test('a commit that may not fit is refused before anything is stored', () => {
  const head = new TestHead({arenaBytes: 4 << 20});
  const many = Array.from({length: 4000}, (_, i) => sample(i % 50, i));
  assert.throws(() => head.append(many), ArenaFullError);
  assert.equal(head.readAll().size, 0);
  assert.equal(head.head.counters.samplesAppended, 0);
  for (let i = 0; i < many.length; i += 500) assert.equal(head.append(many.slice(i, i + 500)).stored, 500);
});

test('blocks that chunks grew out of are used again', () => {
  const head = new TestHead();
  const used: number[] = [];
  for (let time = 0; time < 3000; time++) {
    head.append(Array.from({length: 20}, (_, i) => sample(i, time * 15_000, Math.sin(time * (i + 1)))));
    if (time % 1000 === 999) used.push(head.head.arena.usedBytes);
  }
  assert.ok(used[2]! - used[1]! <= 1 << 16, `arena grew: ${used.join(', ')}`);
  assert.equal(head.head.arena.epochs.retiredCount, 0);
});

test('chunks that were closed lie in segments, which hold them at their exact size', () => {
  const head = new TestHead();
  for (let time = 0; time < 480; time++) head.append([sample(1, time * 15_000, time % 7)]);
  const lengths = head.select(-Infinity, Infinity, (set, i) =>
    Array.from({length: set.chunkCount(i) - 1}, (_, k) => set.copyChunk(i, k).length),
  );
  const sum = lengths.get('1')!.reduce((a, b) => a + b);
  assert.ok(sum > 0);
  assert.equal(head.head.segmentBytes, sum);
});

test('a reader that began before a segment was made reads what it saw then', () => {
  const head = new TestHead({segmentBytes: 1 << 16});
  const {reader, readerMemory} = head;
  reader.begin();
  const before = reader.select([], -Infinity, Infinity);
  reader.end();
  assert.equal(before.length, 0);
  for (let time = 0; time < 100; time++) head.append([sample(1, time * 15_000, Math.random())]);
  reader.begin();
  const set = reader.select([], -Infinity, Infinity);
  for (let time = 100; time < 20_000; time++) head.append([sample(1, time * 15_000, time / 7)]);
  const times = readerMemory.alloc(set.samplesMax(0) * 8);
  assert.equal(set.read(0, times, readerMemory.alloc(set.samplesMax(0) * 8)), 100);
  reader.end();
  assert.equal(head.readAll().get('1')!.length, 20_000);
});
