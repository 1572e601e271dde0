// Histograms for property tests: sane ones, and ones whose numbers are the odd floats.
import fc from 'fast-check';
import {exponentialBound} from '../bounds.ts';
import {CUSTOM_BUCKETS_SCHEMA, type CounterReset} from '../float-histogram.ts';
import type {PlainHistogram} from './reference.ts';

const integer = fc.nat(20);
const fraction = fc.integer({min: 0, max: 1000}).map((n) => n / 7);
const odd = fc.constantFrom(0, -0, NaN, Infinity, -Infinity, 5e-324, -5e-324, Number.MAX_VALUE, 1e300, 2 ** -1022);
/** Counts as they are in practice, fractions, and any float. */
const anyCount = fc.oneof(integer, fraction, odd, fc.double());

const nearIndex = fc.integer({min: -12, max: 12});
const farIndex = fc.constantFrom(1 - 2 ** 31, 2 ** 31 - 1, -275_000, 262_144, 262_145, 1024, 1025, -1075, 65);

function counts(count: fc.Arbitrary<number>, index: fc.Arbitrary<number>): fc.Arbitrary<Map<number, number>> {
  const entries = fc.uniqueArray(fc.tuple(index, count), {selector: ([i]) => i, maxLength: 12});
  return entries.map((list) => new Map(list.sort(([a], [b]) => a - b)));
}

const schema = fc.oneof(fc.constantFrom(-1, 0, 1, 2), fc.integer({min: -4, max: 8}));
const hint = fc.constantFrom<CounterReset>(0, 1, 2, 3);

/** 0, a bound of a bucket of this or a coarser schema, or any number. */
const threshold = (finest: number): fc.Arbitrary<number> =>
  fc.oneof(
    fc.constant(0),
    fc.integer({min: -12, max: 6}).map((index) => exponentialBound(finest, index)),
    fc.integer({min: -6, max: 3}).map((index) => exponentialBound(Math.max(-4, finest - 2), index)),
    fc.double({min: 0, max: 4, noNaN: true}),
  );

function exponential(count: fc.Arbitrary<number>, index: fc.Arbitrary<number>): fc.Arbitrary<PlainHistogram> {
  return schema.chain((finest) =>
    fc.record(
      {
        schema: fc.constant(finest),
        counterReset: hint,
        zeroThreshold: threshold(finest),
        zeroCount: count,
        count,
        sum: fc.oneof(
          count,
          count.map((x) => -x),
        ),
        positive: counts(count, index),
        negative: fc.oneof(fc.constant(new Map<number, number>()), counts(count, index)),
        bounds: fc.constant<number[]>([]),
      },
      {noNullPrototype: true},
    ),
  );
}

const boundList = fc.uniqueArray(fc.oneof(fc.integer({min: -4, max: 8}), fc.constantFrom(0.5, 1e300)), {maxLength: 8});

function custom(count: fc.Arbitrary<number>): fc.Arbitrary<PlainHistogram> {
  return boundList.chain((list) =>
    fc.record(
      {
        schema: fc.constant(CUSTOM_BUCKETS_SCHEMA),
        counterReset: hint,
        zeroThreshold: fc.constant(0),
        zeroCount: fc.constant(0),
        count,
        sum: count,
        positive: counts(count, fc.nat(list.length)),
        negative: fc.constant(new Map<number, number>()),
        bounds: fc.constant(list.sort((a, b) => a - b)),
      },
      {noNullPrototype: true},
    ),
  );
}

export const anyExponential = fc.oneof(
  exponential(integer, nearIndex),
  exponential(anyCount, fc.oneof(nearIndex, farIndex)),
);
export const anyCustom = fc.oneof(custom(integer), custom(anyCount));
export const anyHistogram = fc.oneof(anyExponential, anyExponential, anyCustom);

/** Two histograms that mostly go together. */
export const anyPair: fc.Arbitrary<[PlainHistogram, PlainHistogram]> = fc.oneof(
  fc.tuple(anyExponential, anyExponential),
  fc.tuple(anyCustom, anyCustom),
  fc.tuple(anyHistogram, anyHistogram),
);

/** Whole counts, and a count that is their sum, as a histogram of integers has them. */
export const anyCounter = fc.oneof(exponential(integer, nearIndex), custom(integer)).map((plain) => {
  const buckets = [...plain.positive.values(), ...plain.negative.values()];
  return {...plain, count: buckets.reduce((sum, count) => sum + count, plain.zeroCount)};
});
