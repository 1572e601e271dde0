import assert from 'node:assert/strict';
import {test} from 'node:test';
import fc from 'fast-check';
import {Labels} from '@narthex/model/labels.ts';
import {RawLabels} from './raw-labels.ts';
import {RefTable} from './ref-table.ts';
import {sortByRef} from './sort-by-ref.ts';
import {TestHead} from './testing-head.ts';
import type {SeriesRef} from './types.ts';

const T0 = 1_700_000_000_000;

function replaySeries(head: TestHead, ref: number, name: string): void {
  const raw = new RawLabels();
  raw.set(Labels.fromObject({__name__: 'test', series: name}));
  head.head.replaySeries(ref as SeriesRef, raw.bytes, raw.ranges, 2);
}

/** Replays (ref, time) pairs with the time as value; returns the unknown ones. */
function replaySamples(head: TestHead, samples: readonly [ref: number, time: number][]): number {
  const {memory} = head;
  const count = samples.length;
  const [refs, times, values] = [memory.alloc(count * 8), memory.alloc(count * 8), memory.alloc(count * 8)];
  for (const [i, [ref, time]] of samples.entries()) {
    memory.f64[refs! / 8 + i] = ref;
    memory.f64[times! / 8 + i] = T0 + time;
    memory.f64[values! / 8 + i] = time;
  }
  return head.head.replaySamples({memory, refs: refs!, times: times!, values: values!, count});
}

const timesIn = (head: TestHead): [string, number[]][] =>
  [...head.readAll()].map(([name, samples]) => [name, samples.map(({time}) => time - T0)]);

test('samples come back under their references', () => {
  const head = new TestHead();
  replaySeries(head, 10, 'a');
  replaySeries(head, 11, 'b');
  assert.equal(
    replaySamples(head, [
      [11, 1],
      [10, 2],
      [11, 3],
    ]),
    0,
  );
  assert.deepEqual(timesIn(head), [
    ['a', [2]],
    ['b', [1, 3]],
  ]);
  head.head.endReplay();
  assert.equal(head.head.ref(head.series('new')), 12);
});

test('samples of unknown references are counted and left out', () => {
  const head = new TestHead();
  replaySeries(head, 10, 'a');
  assert.equal(
    replaySamples(head, [
      [9, 1],
      [10, 2],
      [11, 3],
      [9, 3],
      [10, 4],
    ]),
    3,
  );
  assert.deepEqual(timesIn(head), [['a', [2, 4]]]);
});

test('two references of the same labels lead to one series', () => {
  const head = new TestHead();
  replaySeries(head, 10, 'a');
  replaySeries(head, 20, 'a');
  replaySamples(head, [
    [10, 1],
    [20, 2],
    [10, 3],
  ]);
  assert.equal(head.head.seriesCount, 1);
  assert.deepEqual(timesIn(head), [['a', [1, 2, 3]]]);
  assert.equal(head.head.ref(head.series('a')), 10);
  assert.equal(head.head.ref(head.series('b')), 21);
});

test('samples that are in blocks, or not newer than what is there, are left out', () => {
  const head = new TestHead();
  head.head.minValidTime = T0 + 5;
  replaySeries(head, 1, 'a');
  replaySamples(head, [
    [1, 4],
    [1, 5],
    [1, 5],
    [1, 7],
    [1, 6],
  ]);
  assert.deepEqual(timesIn(head), [['a', [5, 7]]]);
});

test('old samples are not out of bounds: they were checked when they came', () => {
  const head = new TestHead();
  replaySeries(head, 1, 'a');
  replaySeries(head, 2, 'b');
  replaySamples(head, [[1, 90_000_000]]);
  replaySamples(head, [[2, 0]]);
  assert.deepEqual(timesIn(head), [
    ['a', [90_000_000]],
    ['b', [0]],
  ]);
});

test('rows come in the order of references, whatever the order in the log', () => {
  const head = new TestHead();
  const refs = [5, 3, 9, 1, 7];
  for (const ref of refs) replaySeries(head, ref, String(ref));
  replaySamples(
    head,
    refs.map((ref) => [ref, 0]),
  );
  assert.deepEqual([...head.readAll().keys()], ['1', '3', '5', '7', '9']);
});

test('sortByRef sorts', () => {
  fc.assert(
    fc.property(fc.uniqueArray(fc.nat()), (list) => {
      const count = list.length;
      const refs = new Float64Array(2 * count);
      const slots = new Uint32Array(2 * count);
      refs.set(list);
      slots.set(list.map((ref) => ref ^ 1));
      sortByRef(slots, refs, count);
      const want = list.toSorted((a, b) => a - b);
      assert.deepEqual([...refs.subarray(0, count)], want);
      assert.deepEqual(
        [...slots.subarray(0, count)],
        want.map((ref) => ref ^ 1),
      );
    }),
  );
});

test('RefTable is a map', () => {
  const ref = fc.oneof(
    fc.integer({min: 1, max: 3000}),
    fc.maxSafeInteger().map((n) => Math.abs(n) + 1),
  );
  fc.assert(
    fc.property(fc.array(fc.tuple(ref, fc.nat()), {maxLength: 3000, size: 'max'}), (entries) => {
      const table = new RefTable();
      const map = new Map<number, number>();
      for (const [key, slot] of entries) {
        table.set(key, slot);
        map.set(key, slot);
      }
      for (const [key, slot] of map) assert.equal(table.get(key), slot);
      for (const [key] of entries) assert.equal(table.get(key + 1), map.get(key + 1) ?? -1);
    }),
    {numRuns: 20},
  );
});
