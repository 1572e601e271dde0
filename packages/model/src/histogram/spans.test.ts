import assert from 'node:assert/strict';
import {test} from 'node:test';
import fc from 'fast-check';
import {Buckets} from './float-histogram.ts';
import {Spans, fillFromDeltas, fillFromSpans, reduceReservedSchema} from './spans.ts';
import {anyHistogram} from './testing/arbitrary.ts';
import {EMPTY, toPlain, toWorkSheet} from './testing/reference.ts';

function spansOf(list: readonly (readonly [offset: number, length: number])[]): Spans {
  const spans = new Spans();
  for (const [offset, length] of list) spans.push(offset, length);
  return spans;
}

const entries = ({indexes, counts, length}: Buckets): [number, number][] =>
  Array.from({length}, (_, i) => [indexes[i], counts[i]]);

test('the first offset is an index, others are gaps; empty spans only move', () => {
  const buckets = new Buckets();
  buckets.push(99, 99);
  fillFromSpans(
    buckets,
    spansOf([
      [-2, 1],
      [0, 1],
      [1, 0],
      [2, 2],
    ]),
    [1, 2, 3, 4],
  );
  assert.deepEqual(entries(buckets), [
    [-2, 1],
    [-1, 2],
    [3, 3],
    [4, 4],
  ]);
  fillFromSpans(buckets, spansOf([]), []);
  assert.deepEqual(entries(buckets), []);
});

test('deltas add up over the ends of spans', () => {
  const buckets = new Buckets();
  fillFromDeltas(
    buckets,
    spansOf([
      [3, 2],
      [4, 2],
    ]),
    [5, -2, 4, -7],
  );
  assert.deepEqual(entries(buckets), [
    [3, 5],
    [4, 3],
    [9, 7],
    [10, 0],
  ]);
});

test('only so many counts are read as asked for', () => {
  const buckets = new Buckets();
  fillFromSpans(buckets, spansOf([[0, 1]]), Float64Array.of(1, 2, 3), 1);
  assert.deepEqual(entries(buckets), [[0, 1]]);
});

test('spans that overlap, leave the indexes or do not fit are refused', () => {
  const cases: [spans: [number, number][], counts: number[], message: string][] = [
    [
      [
        [0, 1],
        [-1, 1],
      ],
      [1, 2],
      'span number 2 with offset -1: histogram has a span whose offset is negative',
    ],
    [
      [[0, 2]],
      [1],
      'spans need 2 buckets, have 1 buckets: histogram spans specify different number of buckets than provided',
    ],
    [
      [[0, 1]],
      [1, 2],
      'spans need 1 buckets, have 2 buckets: histogram spans specify different number of buckets than provided',
    ],
    [
      [
        [2 ** 31 - 1, 1],
        [0, 1],
      ],
      [1, 2],
      'span number 2 ends at bucket 2147483649',
    ],
  ];
  for (const [list, counts, message] of cases) {
    const fill = (): void => fillFromSpans(new Buckets(), spansOf(list), counts);
    assert.throws(fill, {name: 'HistogramError', message});
  }
});

test('spans of buckets give the buckets back, and are as few as can be', () => {
  const property = fc.property(anyHistogram, (plain) => {
    const {positive} = toWorkSheet(plain);
    const spans = new Spans();
    spans.fromBuckets(positive);
    const again = new Buckets();
    fillFromSpans(again, spans, positive.counts, positive.length);
    assert.deepEqual(entries(again), [...plain.positive]);
    for (let i = 1; i < spans.length; i++) assert.ok(spans.offsets[i] > 0);
  });
  fc.assert(property);
});

test('reserved schemas come down to 8, other schemas stay', () => {
  const reduce = (schema: number) => {
    const histogram = toWorkSheet({
      ...EMPTY,
      schema,
      positive: new Map([
        [1, 1],
        [2, 2],
        [3, 4],
      ]),
    });
    reduceReservedSchema(histogram);
    return toPlain(histogram);
  };
  assert.deepEqual(
    reduce(9).positive,
    new Map([
      [1, 3],
      [2, 4],
    ]),
  );
  assert.equal(reduce(9).schema, 8);
  assert.equal(reduce(52).schema, 8);
  for (const schema of [8, 53, -9, -53]) assert.equal(reduce(schema).schema, schema);
});
