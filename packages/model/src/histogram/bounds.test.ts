import assert from 'node:assert/strict';
import {test} from 'node:test';
import fc from 'fast-check';
import {customBound, exponentialBound} from './bounds.ts';

const LARGEST = Number.MAX_VALUE;

test('bounds of exponential buckets', () => {
  const cases: [schema: number, index: number, want: number][] = [
    [0, 0, 1],
    [0, 1, 2],
    [0, -3, 0.125],
    [-2, 1, 16],
    [-4, -2, 2 ** -32],
    [1, 3, 2.82842712474619],
    [2, -1, 0.8408964152537144],
    [3, 3, 1.2968395546510096],
    // The finite values end at the largest float, and then come the infinities.
    [0, 1024, LARGEST],
    [0, 1025, Infinity],
    [-4, 64, LARGEST],
    [-4, 65, Infinity],
    [8, 262_144, LARGEST],
    [8, 262_145, Infinity],
    // Below the smallest float there is nothing.
    [0, -1074, 5e-324],
    [0, -1075, 0],
    [-4, -68, 0],
    [0, 2 ** 31 - 1, Infinity],
    [8, -(2 ** 31), 0],
    [-4, -(2 ** 31), 0],
  ];
  for (const [schema, index, want] of cases)
    assert.equal(exponentialBound(schema, index), want, `schema ${schema}, bucket ${index}`);
});

test('every second bound of a finer schema is one of the coarser', () => {
  const property = fc.property(fc.integer({min: -3, max: 8}), fc.integer({min: -3000, max: 3000}), (schema, index) => {
    assert.equal(exponentialBound(schema, index * 2), exponentialBound(schema - 1, index));
  });
  fc.assert(property);
});

test('bounds are powers of 2^2^-schema up to the last digits, and ascend', () => {
  const property = fc.property(fc.integer({min: 0, max: 8}), fc.integer({min: -1000, max: 1000}), (schema, index) => {
    const bound = exponentialBound(schema, index);
    assert.ok(Math.abs(bound / 2 ** (index / 2 ** schema) - 1) < 1e-15);
    assert.ok(bound < exponentialBound(schema, index + 1));
  });
  fc.assert(property);
});

test('custom bounds have nothing below the first and infinity above the last', () => {
  const bounds = Float64Array.of(-1, 2);
  assert.deepEqual(
    [-1, 0, 1, 2].map((index) => customBound(bounds, index)),
    [-Infinity, -1, 2, Infinity],
  );
});
