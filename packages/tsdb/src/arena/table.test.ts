import assert from 'node:assert/strict';
import {test} from 'node:test';
import fc from 'fast-check';
import {Arena} from './arena.ts';
import {INDEX_ROOTS} from './layout.ts';
import {NONE, TableReader, TableWriter} from './table.ts';
import {scramble} from './testing-threads.ts';

const MIB = 1 << 20;
const valuesOf = (table: TableReader, hash: number): number[] => {
  const values: number[] = [];
  for (let value = table.first(hash); value !== NONE; value = table.next()) values.push(value);
  return values.sort((a, b) => a - b);
};

test('agrees with a map of arrays', () => {
  const hash = fc.oneof(fc.nat(5), fc.nat(0xffff_ffff));
  const step = fc.tuple(hash, fc.nat(3), fc.boolean());
  fc.assert(
    fc.property(fc.array(step, {maxLength: 600}), (steps) => {
      const arena = Arena.create({bytes: 8 * MIB});
      const table = new TableWriter(arena, INDEX_ROOTS);
      const want = new Map<number, number[]>();
      let count = 0;
      for (const [hash, value, isRemoval] of steps) {
        const list = want.get(hash) ?? [];
        if (isRemoval) {
          const at = list.indexOf(value);
          assert.equal(table.remove(hash, value), at >= 0);
          if (at >= 0) list.splice(at, 1);
          count -= at >= 0 ? 1 : 0;
        } else {
          table.insert(hash, value);
          list.push(value);
          count++;
        }
        want.set(hash, list);
        arena.epochs.reclaim(10);
      }
      assert.equal(table.count, count);
      const reader = new TableReader(arena, INDEX_ROOTS);
      for (const [hash, list] of want)
        assert.deepEqual(
          valuesOf(reader, hash),
          list.sort((a, b) => a - b),
        );
    }),
    {numRuns: 60},
  );
});

test('holds a hundred thousand entries in many blocks', () => {
  const arena = Arena.create({bytes: 16 * MIB});
  const table = new TableWriter(arena, INDEX_ROOTS);
  for (let i = 0; i < 100_000; i++) {
    table.insert(scramble(i), i);
    arena.epochs.reclaim(100);
  }
  for (let i = 0; i < 100_000; i++) assert.ok(valuesOf(table, scramble(i)).includes(i));
  assert.equal(valuesOf(table, scramble(100_001)).length, 0);
  assert.ok(arena.usedBytes < 4 * MIB, `${arena.usedBytes} bytes`);
});

test('survives hashes that are all the same', () => {
  const arena = Arena.create({bytes: 64 * MIB});
  const table = new TableWriter(arena, INDEX_ROOTS);
  for (let i = 0; i < 20_000; i++) table.insert(0xdead_beef, i);
  assert.equal(valuesOf(table, 0xdead_beef).length, 20_000);
});

test('a removed entry leaves room in the end', () => {
  const arena = Arena.create({bytes: 4 * MIB});
  const table = new TableWriter(arena, INDEX_ROOTS);
  for (let i = 0; i < 50_000; i++) {
    table.insert(scramble(i), i);
    if (i >= 10) assert.ok(table.remove(scramble(i - 10), i - 10));
    arena.epochs.reclaim(10);
  }
  assert.equal(table.count, 10);
  assert.ok(arena.usedBytes < 4 * 65536 + 65536);
});
