import assert from 'node:assert/strict';
import {test} from 'node:test';
import * as fc from 'fast-check';
import {TestMemory, bitsOf} from './testing.ts';

const memory = new TestMemory();
const NORMAL_NAN = 0x7ff8000000000001n;

const bits = fc.oneof(
  {weight: 4, arbitrary: fc.double().map(bitsOf)},
  {
    weight: 1,
    arbitrary: fc.constantFrom(0x7ff0000000000002n, 0x7ff0000000000001n, 0x000000007ff00001n, 0xfff0000100000000n),
  },
  {weight: 1, arbitrary: fc.bigInt({min: 0n, max: 0xffffffffn}).map((low) => (0x7ff00001n << 32n) | low)},
);

test('only what looks like a histogram becomes a plain NaN', () => {
  fc.assert(
    fc.property(fc.array(bits, {maxLength: 40}), (list) =>
      memory.scoped(() => {
        const at = memory.putLongs(list);
        const wanted = list.map((value) => (value >> 32n === 0x7ff00001n ? NORMAL_NAN : value));
        const found = memory.kernels.plainFloats(at, list.length);
        assert.equal(found, list.filter((value) => value >> 32n === 0x7ff00001n).length);
        assert.deepEqual([...memory.u64.subarray(at / 8, at / 8 + list.length)], wanted);
      }),
    ),
    {numRuns: 300},
  );
});
