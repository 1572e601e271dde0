import assert from 'node:assert/strict';
import {test} from 'node:test';
import fc from 'fast-check';
import {Arena} from './arena.ts';
import {ArenaFullError} from './errors.ts';
import {PAGE_BYTES} from './layout.ts';
import {ArenaReader} from './reader.ts';
import {slabBytes} from './slabs.ts';

const MIB = 1 << 20;

test('a reader attaches to an arena and refuses other memory', () => {
  const arena = Arena.create({bytes: MIB, hashSeed: 7});
  const reader = ArenaReader.attach(arena.memory);
  assert.equal(reader.budgetBytes, MIB);
  assert.equal(reader.usedBytes, PAGE_BYTES);
  assert.equal(reader.hashSeed, 7);
  const other = new WebAssembly.Memory({initial: 1, maximum: 1, shared: true});
  assert.throws(() => ArenaReader.attach(other as never), /no arena/);
});

const sizes: [bytes: number, taken: number][] = [
  [1, 16],
  [16, 16],
  [17, 32],
  [104, 112],
  [128, 128],
  [129, 160],
  [193, 224],
  [256, 256],
  [257, 320],
  [32768, 32768],
  [32769, 65536],
  [65537, 131072],
];
for (const [bytes, taken] of sizes) test(`${bytes} bytes take ${taken}`, () => assert.equal(slabBytes(bytes), taken));

test('admission ends before allocation does', () => {
  const {slabs} = Arena.create({bytes: MIB, reserveBytes: 4 * PAGE_BYTES});
  let taken = 0;
  while (slabs.hasRoom) {
    slabs.alloc(32768);
    taken++;
  }
  assert.throws(() => slabs.admit(), ArenaFullError);
  assert.equal(taken, 2 * (15 - 4) - 1);
  for (let i = 0; i < 9; i++) slabs.alloc(32768);
  assert.throws(() => slabs.alloc(32768), ArenaFullError);
  assert.equal(slabs.freeBytes, 0);
});

test('a page goes to another size when its last slab is given back', () => {
  const {slabs} = Arena.create({bytes: 4 * PAGE_BYTES});
  const small: number[] = [];
  try {
    for (;;) small.push(slabs.alloc(16));
  } catch (error) {
    assert.ok(error instanceof ArenaFullError);
  }
  assert.equal(small.length, (3 * PAGE_BYTES) / 16);
  for (const address of small) slabs.free(address, 16);
  assert.equal(slabs.freeBytes, 2 * PAGE_BYTES);
  assert.ok(slabs.alloc(3 * PAGE_BYTES) > 0);
});

test('giving back with a wrong size is noticed', () => {
  const {slabs} = Arena.create({bytes: MIB});
  const address = slabs.alloc(64);
  assert.throws(() => slabs.free(address, 128), /no slab of 128 bytes/);
  assert.throws(() => slabs.free(address + 16, 64), /no slab of 64 bytes/);
});

test('blocks in use never overlap, and all is free at the end', () => {
  const step = fc.tuple(fc.integer({min: 1, max: 150_000}), fc.boolean(), fc.nat());
  fc.assert(
    fc.property(fc.array(step, {maxLength: 200}), (steps) => {
      const arena = Arena.create({bytes: 4 * MIB});
      const used: {address: number; bytes: number}[] = [];
      for (const [bytes, isFree, pick] of steps) {
        if (isFree && used.length > 0) {
          const [{address, bytes}] = used.splice(pick % used.length, 1);
          arena.slabs.free(address, bytes);
          continue;
        }
        try {
          used.push({address: arena.slabs.alloc(bytes), bytes});
        } catch (error) {
          assert.ok(error instanceof ArenaFullError);
        }
      }
      used.sort((a, b) => a.address - b.address);
      for (const [i, {address, bytes}] of used.entries()) {
        assert.equal(address % 16, 0);
        assert.ok(address + bytes <= (used[i + 1]?.address ?? arena.budgetBytes), 'overlap');
      }
      for (const {address, bytes} of used) arena.slabs.free(address, bytes);
      arena.slabs.trim();
      assert.equal(arena.usedBytes, PAGE_BYTES);
    }),
    {numRuns: 50},
  );
});
