import assert from 'node:assert/strict';
import {test} from 'node:test';
import {Arena} from './arena.ts';
import {clearReader, ReaderEpoch} from './epochs.ts';
import {HEAD_ROOTS} from './layout.ts';
import {RecordsWriter} from './records.ts';
import {TableWriter} from './table.ts';
import {BLOCK_BYTES, RECORD_BYTES, RECORDS, scramble, TABLE, VECTOR} from './testing-threads.ts';
import {type ReaderReport, runWithReaders, WORD_PROGRESS} from './testing-threads.ts';
import {VectorWriter} from './vector.ts';

const MIB = 1 << 20;
const READER = new URL('testing-reader.ts', import.meta.url);

/** Publishes a new block each step, retires the old one and takes back what is free. */
function publishBlocks(arena: Arena, steps: number): (step: number) => boolean {
  let old = 0;
  return (step) => {
    const block = arena.slabs.alloc(BLOCK_BYTES);
    arena.u32.fill(step + 1, block >>> 2, (block + BLOCK_BYTES) >>> 2);
    Atomics.store(arena.i32, HEAD_ROOTS >>> 2, block | 0);
    Atomics.store(arena.i32, WORD_PROGRESS, step + 1);
    if (old !== 0) arena.epochs.retire(old, BLOCK_BYTES);
    old = block;
    arena.epochs.reclaim(8);
    return step < steps;
  };
}

const faultsOf = (reports: readonly ReaderReport[]): string[] => reports.flatMap((report) => report.faults);

test('readers never see what was given back', async () => {
  const arena = Arena.create({bytes: 4 * MIB});
  const reports = await runWithReaders(arena, READER, 'blocks', 2, publishBlocks(arena, 60_000));
  assert.deepEqual(faultsOf(reports), []);
  for (const {rounds} of reports) assert.ok(rounds > 100, `${rounds} rounds`);
  arena.epochs.reclaim(Infinity);
  assert.equal(arena.epochs.retiredCount, 0);
});

test('the same readers without epochs do see it', async () => {
  const arena = Arena.create({bytes: 4 * MIB});
  const reports = await runWithReaders(arena, READER, 'blocks without epochs', 2, publishBlocks(arena, 60_000));
  assert.notDeepEqual(faultsOf(reports), []);
});

test('readers find all that was published while tables, vectors and records grow', async () => {
  const arena = Arena.create({bytes: 64 * MIB});
  const table = new TableWriter(arena, TABLE);
  const vectors = new VectorWriter(arena);
  const records = new RecordsWriter(arena, RECORDS, RECORD_BYTES);
  const reports = await runWithReaders(arena, READER, 'lists', 2, (step) => {
    records.reserve();
    arena.u32[(records.reserved >>> 2) + 2] = step;
    records.publish();
    table.insert(scramble(step), step);
    vectors.push(VECTOR, step);
    Atomics.store(arena.i32, WORD_PROGRESS, step + 1);
    arena.epochs.reclaim(8);
    return step < 200_000;
  });
  assert.deepEqual(faultsOf(reports), []);
  for (const {rounds} of reports) assert.ok(rounds > 100, `${rounds} rounds`);
});

test('what is retired waits for the readers of its epoch, and only for them', () => {
  const arena = Arena.create({bytes: MIB});
  const early = new ReaderEpoch(arena, 0);
  const late = new ReaderEpoch(arena, 1);
  early.enter();
  assert.ok(early.isInside);
  const address = arena.slabs.alloc(64);
  arena.epochs.retire(address, 64);
  const epoch = arena.epochs.advance();
  late.enter();
  assert.equal(arena.epochs.reclaim(10), 0);
  assert.ok(!arena.epochs.hasPassed(epoch));
  assert.equal(arena.epochs.retiredBytes, 64);
  early.leave();
  assert.ok(arena.epochs.hasPassed(epoch));
  assert.equal(arena.epochs.reclaim(10), 1);
  assert.equal(arena.epochs.retiredBytes, 0);
  late.leave();
});

test('a dead reader holds things until it is cleared', () => {
  const arena = Arena.create({bytes: MIB});
  new ReaderEpoch(arena, 3).enter();
  arena.epochs.retire(arena.slabs.alloc(64), 64);
  assert.equal(arena.epochs.reclaim(10), 0);
  clearReader(arena, 3);
  assert.equal(arena.epochs.reclaim(10), 1);
});

test('epochs wrap around', () => {
  const arena = Arena.create({bytes: MIB});
  Atomics.store(arena.i32, 4, 0x7fff_fffe);
  const reader = new ReaderEpoch(arena, 0);
  for (let i = 0; i < 5; i++) {
    arena.epochs.retire(arena.slabs.alloc(64), 64);
    reader.enter();
    assert.equal(arena.epochs.reclaim(10), 0);
    reader.leave();
    assert.equal(arena.epochs.reclaim(10), 1);
  }
  Atomics.store(arena.i32, 4, -1);
  arena.epochs.retire(arena.slabs.alloc(64), 64);
  reader.enter();
  assert.equal(arena.epochs.reclaim(10), 0);
  assert.equal(arena.epochs.current, 1);
  reader.leave();
  assert.equal(arena.epochs.reclaim(10), 1);
});

test('no call gives back more than its limit', () => {
  const arena = Arena.create({bytes: 4 * MIB});
  for (let i = 0; i < 10_000; i++) arena.epochs.retire(arena.slabs.alloc(64), 64);
  assert.equal(arena.epochs.reclaim(100), 100);
  assert.equal(arena.epochs.retiredCount, 9900);
  while (arena.epochs.retiredCount > 0) assert.ok(arena.epochs.reclaim(1000) <= 1000);
  arena.slabs.trim();
  assert.equal(arena.usedBytes, 65536);
});
