import assert from 'node:assert/strict';
import {test} from 'node:test';
import {KernelMemory} from '@narthex/kernels/kernel-memory.ts';
import {formatTimestampSeconds} from '@narthex/model/timestamp.ts';
import {formatFloat} from '@narthex/model/value.ts';
import fc from 'fast-check';
import {POWERS_BYTES, powersOfTen} from './powers-of-ten.ts';

const memory = new KernelMemory({maximumBytes: 1024 * 1024});
const powers = memory.alloc(POWERS_BYTES);
memory.u64.set(powersOfTen(), powers >>> 3);
const out = memory.alloc(64);

function written(value: number): string {
  const [bits] = new BigUint64Array(Float64Array.of(value).buffer);
  const end = memory.kernels.writeFloat(bits, powers, out);
  return Buffer.from(memory.u8.subarray(out, end)).toString();
}

const edges = [
  0,
  -0,
  1,
  -1,
  10,
  100,
  123456789,
  0.1,
  0.3,
  1 / 3,
  1e-6,
  9.999999e-7,
  1e-7,
  1.5e-10,
  1e20,
  1e21,
  1.2345e21,
  123456789012345680000,
  2 ** 53,
  2 ** 53 + 2,
  5e-324,
  2.2250738585072014e-308,
  Number.MAX_VALUE,
  4.35,
  0.000001234,
  1e15,
  999999999999999900,
  9.5,
  2 ** 63,
  2 ** -1022,
  1.7976931348623157e308,
  NaN,
  Infinity,
  -Infinity,
];
for (const value of edges)
  test(`${value} is written as the API does`, () => assert.equal(written(value), formatFloat(value)));

test('any float is written with the digits that JavaScript finds', () => {
  const bits = fc
    .bigInt({min: 0n, max: 2n ** 64n - 1n})
    .map((word) => new Float64Array(BigUint64Array.of(word).buffer)[0]);
  fc.assert(
    fc.property(bits, (value) => assert.equal(written(value), formatFloat(value))),
    {numRuns: 20_000},
  );
});

test('measured values are written with the digits that JavaScript finds', () => {
  const value = fc.oneof(
    fc.integer(),
    fc.integer().map((x) => x / 100),
    fc.double({min: -1e6, max: 1e6}),
    fc.maxSafeInteger(),
  );
  fc.assert(
    fc.property(value, (x) => assert.equal(written(x), formatFloat(x))),
    {numRuns: 5000},
  );
});

test('times are written in seconds, with three digits where there are milliseconds', () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.maxSafeInteger(),
        fc.integer({min: 0, max: 2_000_000_000}).map((s) => s * 1000 + (s % 1000)),
      ),
      (ms) => {
        const end = memory.kernels.writeTimestamp(ms, out);
        assert.equal(Buffer.from(memory.u8.subarray(out, end)).toString(), formatTimestampSeconds(ms));
      },
    ),
    {numRuns: 5000},
  );
});
