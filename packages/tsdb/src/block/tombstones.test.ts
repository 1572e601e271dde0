import assert from 'node:assert/strict';
import {test} from 'node:test';
import fc from 'fast-check';
import {KernelMemory} from '@narthex/kernels/kernel-memory.ts';
import {TestDisk} from '../testing-disk.ts';
import {FileCorruption} from './corruption.ts';
import {
  addInterval,
  coversAll,
  type Intervals,
  readTombstones,
  Tombstones,
  touches,
  writeTombstones,
} from './tombstones.ts';

const memory = () => new KernelMemory({maximumBytes: 1 << 20});

const cases: [name: string, before: number[], added: [number, number], want: number[]][] = [
  ['the first', [], [1, 2], [1, 2]],
  ['before', [10, 20], [1, 8], [1, 8, 10, 20]],
  ['just before', [10, 20], [1, 9], [1, 20]],
  ['just behind', [10, 20], [21, 25], [10, 25]],
  ['between', [1, 2, 10, 20], [4, 8], [1, 2, 4, 8, 10, 20]],
  ['over some', [1, 2, 5, 6, 8, 9, 20, 21], [4, 10], [1, 2, 4, 10, 20, 21]],
  ['inside', [1, 10], [4, 5], [1, 10]],
  ['from the begin of time', [5, 10, 20, 30], [-Infinity, 15], [-Infinity, 15, 20, 30]],
  ['to the end of time', [5, 10, 20, 30], [18, Infinity], [5, 10, 18, Infinity]],
];
for (const [name, before, [min, max], want] of cases) {
  test(`an interval is added: ${name}`, () => assert.deepEqual(addInterval(before, min, max), want));
}

const pairs = fc.array(fc.tuple(fc.integer({min: -20, max: 20}), fc.nat(6)), {maxLength: 12});

test('intervals hold the times that were added, apart and in order', () => {
  fc.assert(
    fc.property(pairs, (list) => {
      const intervals = list.reduce<Intervals>((all, [min, length]) => addInterval(all, min, min + length), []);
      for (let time = -25; time < 35; time++) {
        const isIn = list.some(([min, length]) => time >= min && time <= min + length);
        assert.equal(coversAll(intervals, time, time), isIn);
        assert.equal(touches(intervals, time, time), isIn);
      }
      for (let i = 1; i + 1 < intervals.length; i += 2) assert.ok(intervals[i] + 1 < intervals[i + 1]);
    }),
  );
});

test('tombstones are read as they were written', () => {
  const big = fc.tuple(fc.nat(), fc.integer({min: -(2 ** 52), max: 2 ** 52}), fc.integer({min: 0, max: 2 ** 52}));
  fc.assert(
    fc.property(fc.array(big), (list) => {
      const disk = new TestDisk();
      disk.makeFolder('/block');
      const tombstones = new Tombstones();
      for (const [ref, min, length] of list) tombstones.add(ref, min, min + length);
      tombstones.add(7, -Infinity, -9e15);
      const bytes = writeTombstones(disk, '/block', tombstones, memory());
      const found = readTombstones(disk, '/block', memory());
      assert.equal(found.bytes, bytes);
      assert.deepEqual(found.tombstones.refs(), tombstones.refs());
      for (const ref of tombstones.refs()) assert.deepEqual(found.tombstones.get(ref), tombstones.get(ref));
      assert.equal(found.tombstones.total, tombstones.total);
    }),
    {numRuns: 50},
  );
});

test('a damaged file is named, whatever byte of it', () => {
  const disk = new TestDisk();
  disk.makeFolder('/block');
  const tombstones = new Tombstones();
  tombstones.add(3, 10, 20);
  writeTombstones(disk, '/block', tombstones, memory());
  const good = disk.bytes('/block/tombstones').slice();
  for (let i = 0; i < good.length; i++) {
    disk.put('/block/tombstones', good.with(i, good[i] ^ 4));
    assert.throws(() => readTombstones(disk, '/block', memory()), FileCorruption);
    disk.put('/block/tombstones', good.subarray(0, i));
    assert.throws(() => readTombstones(disk, '/block', memory()), FileCorruption);
  }
});
