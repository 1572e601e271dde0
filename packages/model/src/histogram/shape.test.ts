// Everything that looks at one histogram alone: scale, resolution, compaction, equality, size, checks, records.
import assert from 'node:assert/strict';
import {test} from 'node:test';
import fc from 'fast-check';
import {compact} from './compact.ts';
import {isSameHistogram} from './equals.ts';
import {COUNTER_RESET, FloatHistogram} from './float-histogram.ts';
import {readRecord, recordBytes, writeRecord} from './record.ts';
import {reduceResolution} from './resolution.ts';
import {divideHistogram, hasOverflow, multiplyHistogram} from './scale.ts';
import {upstreamBytes} from './size.ts';
import {anyExponential, anyHistogram} from './testing/arbitrary.ts';
import {EMPTY, type PlainHistogram, plainCompact, plainReduce, toPlain, toWorkSheet} from './testing/reference.ts';
import {validateHistogram} from './validate.ts';

const {reset, gauge} = COUNTER_RESET;

/** What a function makes of a histogram. */
function after(plain: PlainHistogram, change: (histogram: FloatHistogram) => void): PlainHistogram {
  const histogram = toWorkSheet(plain);
  change(histogram);
  return toPlain(histogram);
}

const full: PlainHistogram = {
  ...EMPTY,
  counterReset: reset,
  zeroThreshold: 0.5,
  zeroCount: 2,
  count: 12,
  sum: 6,
  positive: new Map([
    [1, 4],
    [3, 0],
  ]),
  negative: new Map([[2, 6]]),
};

test('multiplication and division scale every count and the sum', () => {
  const half: PlainHistogram = {
    ...full,
    zeroCount: 1,
    count: 6,
    sum: 3,
    positive: new Map([
      [1, 2],
      [3, 0],
    ]),
    negative: new Map([[2, 3]]),
  };
  assert.deepEqual(
    after(full, (h) => multiplyHistogram(h, 0.5)),
    half,
  );
  assert.deepEqual(
    after(full, (h) => divideHistogram(h, 2)),
    half,
  );
});

test('a negative factor or divisor makes a gauge, 0 and NaN do not', () => {
  assert.equal(after(full, (h) => multiplyHistogram(h, -1)).counterReset, gauge);
  assert.equal(after(full, (h) => divideHistogram(h, -1)).counterReset, gauge);
  for (const factor of [0, -0, NaN]) {
    assert.equal(after(full, (h) => multiplyHistogram(h, factor)).counterReset, reset);
    assert.equal(after(full, (h) => divideHistogram(h, factor)).counterReset, reset);
  }
});

test('division by 0 of either sign removes the buckets', () => {
  const noBuckets = {positive: new Map(), negative: new Map()};
  for (const [zero, end] of [
    [0, Infinity],
    [-0, -Infinity],
  ]) {
    const want = {...full, ...noBuckets, zeroCount: end, count: end, sum: end};
    assert.deepEqual(
      after(full, (h) => divideHistogram(h, zero)),
      want,
    );
  }
});

test('resolution is reduced as by the plain rule', () => {
  const property = fc.property(anyExponential, fc.nat(4), (plain, steps) => {
    const schema = Math.max(-4, plain.schema - steps);
    assert.deepEqual(
      after(plain, (h) => reduceResolution(h, schema)),
      plainReduce(plain, schema),
    );
  });
  fc.assert(property);
  assert.throws(() => after(full, (h) => reduceResolution(h, 1)), RangeError);
});

test('reserved schemas are reduced however far they are off', () => {
  const fine = {
    ...EMPTY,
    schema: 52,
    positive: new Map([
      [-5, 1],
      [0, 2],
      [1, 4],
      [2 ** 30, 8],
    ]),
  };
  assert.deepEqual(
    after(fine, (h) => reduceResolution(h, 8)).positive,
    new Map([
      [0, 3],
      [1, 12],
    ]),
  );
});

test('compaction drops the buckets that count 0, and only these', () => {
  fc.assert(fc.property(anyHistogram, (plain) => assert.deepEqual(after(plain, compact), plainCompact(plain))));
});

test('equal is the same data: empty buckets, NaN and the sign of 0 count, hints do not', () => {
  const same = (a: PlainHistogram, b: PlainHistogram): boolean => isSameHistogram(toWorkSheet(a), toWorkSheet(b));
  assert.ok(same(full, {...full, counterReset: gauge}));
  assert.ok(same({...full, sum: NaN}, {...full, sum: NaN}));
  assert.ok(!same({...full, sum: 0}, {...full, sum: -0}));
  assert.ok(!same(full, plainCompact(full)));
  assert.ok(!same(full, {...full, schema: 1}));
  assert.ok(!same(full, {...full, zeroThreshold: 0.25}));
  assert.ok(!same(full, {...full, negative: new Map([[2, 7]])}));
  const custom = {...EMPTY, schema: -53, bounds: [1, 2]};
  assert.ok(same(custom, {...custom, bounds: [1, 2]}));
  assert.ok(!same(custom, {...custom, bounds: [1, 3]}));
  fc.assert(fc.property(anyHistogram, (plain) => assert.ok(same(plain, plain))));
});

test('overflow is any infinite number', () => {
  const overflows = (plain: PlainHistogram): boolean => hasOverflow(toWorkSheet(plain));
  assert.ok(!overflows(full));
  assert.ok(!overflows({...full, sum: NaN}));
  assert.ok(overflows({...full, sum: -Infinity}));
  assert.ok(overflows({...full, negative: new Map([[2, Infinity]])}));
});

test('size is that of upstream: 168 bytes, and 8 for each bucket, span and bound', () => {
  const bytes = (plain: PlainHistogram): number => upstreamBytes(toWorkSheet(plain));
  assert.equal(bytes(EMPTY), 168);
  assert.equal(
    bytes({
      ...EMPTY,
      positive: new Map([
        [0, 1],
        [1, 1],
        [3, 1],
      ]),
      negative: new Map([[-1, 1]]),
    }),
    168 + 8 * 7,
  );
  assert.equal(bytes({...EMPTY, schema: -53, bounds: [1, 2, 3], positive: new Map([[3, 1]])}), 168 + 8 * 5);
});

const custom: PlainHistogram = {...EMPTY, schema: -53, count: 1, bounds: [1, 2], positive: new Map([[2, 1]])};
const faults: [name: string, histogram: PlainHistogram, message: string | undefined][] = [
  ['a good one', full, undefined],
  ['a good custom one', custom, undefined],
  ['a count of NaN', {...full, count: NaN}, undefined],
  [
    'a schema',
    {...full, schema: 9},
    'histogram has an invalid schema, which must be between -4 and 8 for exponential buckets, or -53 for custom buckets, got schema 9',
  ],
  ['a count below 0', {...full, count: -1.5}, "observation count is  -1.5: histogram's observation count is negative"],
  [
    'a bucket',
    {
      ...full,
      positive: new Map([
        [1, 1],
        [2, -2e6],
      ]),
    },
    'positive side: bucket number 2 has observation count of -2e+06: histogram has a bucket whose observation count is negative',
  ],
  [
    'a negative bucket',
    {...full, negative: new Map([[1, -1]])},
    'negative side: bucket number 1 has observation count of -1: histogram has a bucket whose observation count is negative',
  ],
  [
    'the zero bucket',
    {...full, zeroCount: -1},
    'zero bucket has observation count of -1: histogram has a bucket whose observation count is negative',
  ],
  [
    'bounds beside exponential buckets',
    {...full, bounds: [1]},
    'histogram with exponential schema must not have custom bounds',
  ],
  [
    'bounds that descend',
    {...custom, bounds: [2, 1]},
    'custom buckets: previous bound is 2.000000 and current is 1.000000: histogram custom bounds must be in strictly increasing order',
  ],
  ['a bound of NaN', {...custom, bounds: [1, NaN]}, 'custom buckets: histogram custom bounds must not be NaN'],
  [
    'a bound of Infinity',
    {...custom, bounds: [1, Infinity]},
    'custom buckets: last +Inf bound must not be explicitly defined: histogram custom bounds must be finite',
  ],
  [
    'too few bounds',
    {...custom, bounds: [1]},
    'custom buckets: only 1 custom bounds defined which is insufficient to cover total span length of 3: histogram custom bounds are too few',
  ],
  [
    'a bucket before the first',
    {...custom, positive: new Map([[-1, 1]])},
    'custom buckets: span number 1 with offset -1: histogram has a span whose offset is negative',
  ],
  ['a zero count', {...custom, zeroCount: 1}, 'custom buckets: must have zero count of 0'],
  ['a zero threshold', {...custom, zeroThreshold: 1}, 'custom buckets: must have zero threshold of 0'],
  ['negative custom buckets', {...custom, negative: new Map([[0, 1]])}, 'custom buckets: must not have negative spans'],
];
for (const [name, histogram, message] of faults)
  test(`check: ${name}`, () => assert.equal(validateHistogram(toWorkSheet(histogram))?.message, message));

test('counts of integers must add up to the count; with NaN observations they may be less', () => {
  const check = (plain: PlainHistogram): string | undefined =>
    validateHistogram(toWorkSheet(plain), 'integers')?.message;
  assert.equal(check(full), undefined);
  assert.equal(check({...full, count: 13, sum: NaN}), undefined);
  const found = '12 observations found in buckets, but the Count field is';
  const wanted = "histogram's observation count should";
  const equal = 'equal the number of observations found in the buckets (in absence of NaN)';
  assert.equal(check({...full, count: 13}), `${found} 13: ${wanted} ${equal}`);
  const least = 'be at least the number of observations found in the buckets';
  assert.equal(check({...full, count: 11, sum: NaN}), `${found} 11: ${wanted} ${least}`);
  const bucket = 'positive side: bucket number 1 has observation count of -2000000';
  const negative = 'histogram has a bucket whose observation count is negative';
  assert.equal(check({...full, positive: new Map([[1, -2e6]])}), `${bucket}: ${negative}`);
});

test('a record gives back what was written, beside others', () => {
  const property = fc.property(fc.array(anyHistogram, {maxLength: 5}), (plains) => {
    const buffer = new ArrayBuffer(65_536);
    const views = {u32: new Uint32Array(buffer), i32: new Int32Array(buffer), f64: new Float64Array(buffer)};
    const addresses: number[] = [];
    let end = 8;
    for (const histogram of plains.map(toWorkSheet)) {
      addresses.push(end);
      writeRecord(views, end, histogram);
      end += recordBytes(histogram);
    }
    const into = new FloatHistogram();
    const read = addresses.map((at) => (readRecord(views, at, into), toPlain(into)));
    assert.deepEqual(read, plains);
  });
  fc.assert(property);
});
