import assert from 'node:assert/strict';
import {test} from 'node:test';
import * as fc from 'fast-check';
import {TestMemory} from './testing.ts';
import {xxhash64} from './xxhash64.reference.ts';

const memory = new TestMemory();

const hash = (bytes: Uint8Array): bigint =>
  memory.scoped(() => BigInt.asUintN(64, memory.kernels.xxhash64(memory.put(bytes), bytes.length)));

// Of cespare/xxhash, which Prometheus uses (xxhash_test.go).
const known: [text: string, hash: bigint][] = [
  ['', 0xef46db3751d8e999n],
  ['a', 0xd24ec4f1a98c6e5bn],
  ['as', 0x1c330fb2d66be179n],
  ['asd', 0x631c37ce72a97393n],
  ['asdf', 0x415872f599cea71en],
  ['Call me Ishmael. Some years ago--never mind how long precisely-', 0x02a2e85470d6fd96n],
];
for (const [text, want] of known) {
  test(`the hash of ${JSON.stringify(text)}`, () => assert.equal(hash(new TextEncoder().encode(text)), want));
}

test('hashes as the reference does', () => {
  fc.assert(fc.property(fc.uint8Array({maxLength: 200}), (bytes) => assert.equal(hash(bytes), xxhash64(bytes))));
});

test('hashes as the reference does with a seed', () => {
  const seeded = (bytes: Uint8Array, seed: bigint): bigint =>
    memory.scoped(() => BigInt.asUintN(64, memory.kernels.xxhash64Seeded(memory.put(bytes), bytes.length, seed)));
  fc.assert(
    fc.property(fc.uint8Array({maxLength: 100}), fc.bigInt({min: 0n, max: 2n ** 64n - 1n}), (bytes, seed) =>
      assert.equal(seeded(bytes, seed), xxhash64(bytes, seed)),
    ),
  );
});

test('hashes as the reference does at each length', () => {
  for (let length = 0; length < 100; length++) {
    const bytes = Uint8Array.from({length}, (_, i) => 7 * i + length);
    assert.equal(hash(bytes), xxhash64(bytes), `${length} bytes`);
  }
});

test('stores the hash instead of giving a BigInt', () =>
  memory.scoped(() => {
    const {at, length} = memory.putText('asdf');
    const out = memory.room(8);
    memory.kernels.xxhash64To(at, length, out);
    assert.deepEqual(memory.longs(out, 1), [0x415872f599cea71en]);
  }));
