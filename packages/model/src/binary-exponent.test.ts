import assert from 'node:assert/strict';
import {test} from 'node:test';
import fc from 'fast-check';
import {exp2, ldexp, log2} from './binary-exponent.ts';

/** 2^exponent from its bits. */
function powerOfTwo(exponent: number): number {
  const bits = exponent >= -1022 ? BigInt(exponent + 1023) << 52n : 1n << BigInt(exponent + 1074);
  return new Float64Array(BigUint64Array.of(bits).buffer)[0];
}

test('powers of two are exact both ways', () => {
  for (let exponent = -1074; exponent < 1024; exponent++) {
    const power = powerOfTwo(exponent);
    assert.equal(ldexp(1, exponent), power);
    assert.equal(exp2(exponent), power);
    assert.equal(log2(power), exponent);
  }
});

test('ldexp rounds once and runs out at both ends', () => {
  const cases: [fraction: number, exponent: number, want: number][] = [
    [0.5, 1025, Infinity],
    [0.75, 1024, 1.5 * 2 ** 1023],
    [0.5, -1073, 5e-324],
    [0.75, -1073, 1e-323], // 1.5 of the smallest float, to even
    [0.75, -1074, 5e-324],
    [0.5, -1074, 0],
    [0.9, 2 ** 40, Infinity],
    [0.9, -(2 ** 40), 0],
    [-0.5, 2, -2],
  ];
  for (const [fraction, exponent, want] of cases)
    assert.equal(ldexp(fraction, exponent), want, `${fraction}, ${exponent}`);
});

test('results beyond numbers are those of Go', () => {
  assert.deepEqual([0, -0, -1, NaN, Infinity].map(log2), [-Infinity, -Infinity, NaN, NaN, Infinity]);
  assert.deepEqual([NaN, Infinity, -Infinity, 1024, -1075].map(exp2), [NaN, Infinity, 0, Infinity, 0]);
});

test('they are within a digit of what the engine computes', () => {
  fc.assert(
    fc.property(fc.double({min: 2 ** -1022, noNaN: true, noDefaultInfinity: true}), (x) => {
      const want = Math.log2(x);
      assert.ok(Math.abs(log2(x) - want) <= 4e-16 * Math.max(1, Math.abs(want)), `log2 of ${x}`);
    }),
  );
  fc.assert(
    fc.property(fc.double({min: -1000, max: 1000, noNaN: true}), (x) => {
      assert.ok(Math.abs(exp2(x) / 2 ** x - 1) <= 4e-16, `exp2 of ${x}`);
    }),
  );
});
