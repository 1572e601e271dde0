import assert from 'node:assert/strict';
import {test} from 'node:test';
import * as fc from 'fast-check';
import {TestMemory} from './testing.ts';

const memory = new TestMemory();

/** CRC-32C bit by bit, going on from `crc`. */
function plain(bytes: Uint8Array, crc = 0): number {
  let rest = ~crc;
  for (const byte of bytes) {
    rest ^= byte;
    for (let bit = 0; bit < 8; bit++) rest = rest & 1 ? (rest >>> 1) ^ 0x82f63b78 : rest >>> 1;
  }
  return ~rest >>> 0;
}

function crc32c(bytes: Uint8Array, crc = 0): number {
  return memory.scoped(() => {
    const at = memory.put(bytes);
    return memory.kernels.crc32c(memory.crc32cTables, crc, at, bytes.length) >>> 0;
  });
}

test('the check value of the standard', () => {
  assert.equal(crc32c(new TextEncoder().encode('123456789')), 0xe3069283);
});

test('agrees with the sum made bit by bit, in one go or two', () => {
  fc.assert(
    fc.property(fc.uint8Array({maxLength: 100}), fc.nat(100), (bytes, cut) => {
      const whole = plain(bytes);
      assert.equal(crc32c(bytes), whole);
      assert.equal(crc32c(bytes.subarray(cut), crc32c(bytes.subarray(0, cut))), whole);
    }),
  );
});
