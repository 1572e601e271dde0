import assert from 'node:assert/strict';
import {test} from 'node:test';
import * as fc from 'fast-check';
import {CORRUPT} from '../layout/codes.ts';
import {decodeSnappy} from './snappy.reference.ts';
import {TestMemory} from './testing.ts';

const memory = new TestMemory();

/** What the kernels decode, or undefined for a corrupt block. */
function decode(block: Uint8Array): Uint8Array | undefined {
  return memory.scoped(() => {
    const source = memory.put(block);
    const length = memory.kernels.snappyLength(source, block.length) >>> 0;
    if (length === CORRUPT || length > 1 << 22) return undefined;
    const target = memory.room(length);
    const decoded = memory.kernels.snappyDecode(source, block.length, target, length) >>> 0;
    return decoded === CORRUPT ? undefined : memory.bytes(target, decoded);
  });
}

function encode(bytes: Uint8Array): Uint8Array {
  return memory.scoped(() => {
    const source = memory.put(bytes);
    const target = memory.room(memory.kernels.snappyEncodedMax(bytes.length));
    const table = memory.room(32768);
    return memory.bytes(target, memory.kernels.snappyEncode(source, bytes.length, target, table));
  });
}

function decodeByReference(block: Uint8Array): Uint8Array | undefined {
  try {
    return decodeSnappy(block);
  } catch (error) {
    assert.ok(error instanceof RangeError);
    return undefined;
  }
}

/** Bytes with repetitions near and far. */
const compressible = fc
  .array(fc.tuple(fc.uint8Array({minLength: 1, maxLength: 40}), fc.integer({min: 1, max: 12}), fc.boolean()), {
    maxLength: 40,
  })
  .map((parts) => {
    const out: number[] = [];
    for (const [bytes, times, back] of parts) {
      const piece = back && out.length > 100 ? out.slice(bytes[0] % 50, 50 + bytes[0]) : [...bytes];
      for (let i = 0; i < times; i++) out.push(...piece);
    }
    return Uint8Array.from(out);
  });

test('what was encoded decodes to the same', () => {
  fc.assert(
    fc.property(compressible, (bytes) => {
      const block = encode(bytes);
      assert.deepEqual(decodeSnappy(block), bytes);
      assert.deepEqual(decode(block), bytes);
    }),
  );
});

const large: [name: string, length: number, byteAt: (i: number) => number][] = [
  ['zeros', 200_000, () => 0],
  ['text', 150_001, (i) => `http_requests_total{code="${(i >> 9) % 7}"} `.charCodeAt(i % 30)],
  ['noise', 65_537, (i) => (Math.imul(i, 0x9e3779b1) >>> 11) & 0xff],
  ['one block exactly', 65_536, (i) => i % 251],
];
for (const [name, length, byteAt] of large) {
  test(`several blocks of 64 KiB: ${name}`, () => {
    const bytes = Uint8Array.from({length}, (_, i) => byteAt(i));
    const block = encode(bytes);
    assert.deepEqual(decode(block), bytes);
    if (name === 'zeros') assert.ok(block.length < length / 15);
  });
}

test('any bytes decode as the reference does, or are called corrupt', () => {
  const block = fc
    .tuple(fc.nat(60), fc.uint8Array({maxLength: 60}))
    .map(([length, rest]) => Uint8Array.of(length, ...rest));
  fc.assert(
    fc.property(block, (bytes) => assert.deepEqual(decode(bytes), decodeByReference(bytes))),
    {numRuns: 3000},
  );
});

test('a damaged block decodes as the reference does', () => {
  fc.assert(
    fc.property(compressible, fc.nat(), fc.integer({min: 1, max: 255}), (bytes, at, flip) => {
      const block = encode(bytes);
      block[at % block.length] ^= flip;
      const wanted = decodeByReference(block.slice());
      assert.deepEqual(decode(block), wanted);
    }),
    {numRuns: 1000},
  );
});

const blocks: [name: string, block: number[], want: number[] | undefined][] = [
  ['nothing', [], undefined],
  ['an empty block', [0], []],
  ['a literal', [3, 2 << 2, 1, 2, 3], [1, 2, 3]],
  ['a literal with its length in a byte', [2, 60 << 2, 1, 7, 8], [7, 8]],
  ['a literal with its length in four bytes', [2, 63 << 2, 1, 0, 0, 0, 7, 8], [7, 8]],
  ['a literal of 4 GiB', [2, 63 << 2, 255, 255, 255, 255, 7, 8], undefined],
  ['a run by a copy over itself', [6, 0, 9, 1 | (1 << 2), 1], [9, 9, 9, 9, 9, 9]],
  ['a copy with a distance of four bytes', [3, 0, 9, 3 | (1 << 2), 1, 0, 0, 0], [9, 9, 9]],
  ['a copy from before the beginning', [6, 0, 9, 1 | (1 << 2), 2], undefined],
  ['a copy of distance 0', [6, 0, 9, 1 | (1 << 2), 0], undefined],
  ['a copy without its distance', [6, 0, 9, 2 | (1 << 2), 1], undefined],
  ['more than claimed', [1, 1 << 2, 1, 2], undefined],
  ['less than claimed', [3, 1 << 2, 1, 2], undefined],
  ['a literal whose length is cut off', [0x81, 0xb4, 1, 61 << 2, 0], undefined],
  ['a claim without end', [255, 255, 255, 255, 255, 0], undefined],
];
for (const [name, block, want] of blocks) {
  test(`a block: ${name}`, () => assert.deepEqual(decode(Uint8Array.from(block)), want && Uint8Array.from(want)));
}

test('copies of every size and distance end where they should, near the end too', () => {
  const letters = Array.from({length: 70}, (_, i) => i + 1);
  for (const distance of [1, 3, 7, 8, 9, 15, 16, 17, 31, 33, 63, 64, 70]) {
    for (let size = 1; size <= 64; size += 7) {
      for (let tail = 0; tail <= 80; tail++) {
        const length = letters.length + size + tail;
        const block = [
          length < 128 ? [length] : [(length & 127) | 128, length >> 7],
          [60 << 2, letters.length - 1],
          letters,
        ];
        block.push([2 | ((size - 1) << 2), distance, 0]);
        if (tail > 0) block.push([60 << 2, tail - 1], new Array<number>(tail).fill(99));
        const bytes = Uint8Array.from(block.flat());
        assert.deepEqual(decode(bytes), decodeSnappy(bytes));
      }
    }
  }
});
