import assert from 'node:assert/strict';
import {test} from 'node:test';
import {Arena} from './arena.ts';
import {HEAD_ROOTS, INDEX_ROOTS} from './layout.ts';
import {RecordsReader, RecordsWriter} from './records.ts';
import {VectorView, VectorWriter, vectorCount} from './vector.ts';

const MIB = 1 << 20;

for (const count of [0, 1, 2, 4, 5, 33, 16_384, 16_385, 200_000]) {
  test(`a vector of ${count} values reads back`, () => {
    const arena = Arena.create({bytes: 8 * MIB});
    const writer = new VectorWriter(arena);
    const want = Array.from({length: count}, (_, i) => (i * 3) % 0x7fff_ffff);
    for (const value of want) writer.push(INDEX_ROOTS, value);
    const view = new VectorView(arena).read(INDEX_ROOTS);
    const out = new Uint32Array(count + 1);
    assert.equal(view.copyTo(out, 1), count);
    assert.deepEqual([...out.subarray(1)], want);
    assert.equal(vectorCount(arena, INDEX_ROOTS), count);
    for (let i = 0; i < count; i += 997) assert.equal(view.at(i), want[i]);
  });
}

test('a view keeps what it saw while the vector grows', () => {
  const arena = Arena.create({bytes: 8 * MIB});
  const writer = new VectorWriter(arena);
  const views: VectorView[] = [];
  for (let i = 0; i < 40_000; i++) {
    writer.push(INDEX_ROOTS, i);
    if (i % 111 === 0) views.push(new VectorView(arena).read(INDEX_ROOTS));
  }
  for (const [k, view] of views.entries()) {
    assert.equal(view.count, k * 111 + 1);
    for (let i = 0; i < view.count; i += 50) assert.equal(view.at(i), i);
  }
});

test('clearing gives all memory back after the epoch', () => {
  const arena = Arena.create({bytes: 8 * MIB});
  const writer = new VectorWriter(arena);
  for (let i = 0; i < 100_000; i++) writer.push(INDEX_ROOTS, i);
  writer.clear(INDEX_ROOTS);
  arena.epochs.reclaim(1000);
  assert.equal(arena.epochs.retiredBytes, 0);
  arena.slabs.trim();
  assert.equal(arena.usedBytes, 65536);
  writer.push(INDEX_ROOTS, 5);
  assert.equal(new VectorView(arena).read(INDEX_ROOTS).at(0), 5);
});

for (const recordBytes of [4, 12, 20, 64, 200]) {
  test(`records of ${recordBytes} bytes stay where they are`, () => {
    const arena = Arena.create({bytes: 64 * MIB});
    const records = new RecordsWriter(arena, HEAD_ROOTS, recordBytes);
    const addresses: number[] = [];
    for (let i = 0; i < 50_000; i++) {
      records.reserve();
      addresses.push(records.reserved);
      assert.equal(arena.u32[records.reserved >>> 2], 0);
      arena.u32[records.reserved >>> 2] = i;
      assert.equal(records.publish(), i);
    }
    const reader = new RecordsReader(arena, HEAD_ROOTS, recordBytes);
    const directory = reader.directory();
    assert.equal(reader.count, 50_000);
    for (const [i, address] of addresses.entries()) {
      assert.equal(reader.addressIn(directory, i), address);
      assert.equal(arena.u32[address >>> 2], i);
    }
  });
}
