import assert from 'node:assert/strict';
import {test} from 'node:test';
import fc from 'fast-check';
import {COUNTER_RESET} from './float-histogram.ts';
import {histogramJson} from './json.ts';
import {anyHistogram} from './testing/arbitrary.ts';
import {EMPTY, type PlainHistogram, plainBuckets, toWorkSheet} from './testing/reference.ts';
import {formatHistogram, testExpression} from './text.ts';

const full: PlainHistogram = {
  ...EMPTY,
  schema: 1,
  counterReset: COUNTER_RESET.gauge,
  zeroThreshold: 0.001,
  zeroCount: 2,
  count: 1e6,
  sum: -0.25,
  positive: new Map([
    [-1, 1.5],
    [0, 0],
    [2, 3],
  ]),
  negative: new Map([
    [0, 0],
    [1, 4],
    [2, 5],
  ]),
};
const custom: PlainHistogram = {
  ...EMPTY,
  schema: -53,
  count: 6,
  sum: NaN,
  bounds: [0.5, 10],
  positive: new Map([
    [0, 1],
    [1, 2],
    [2, 3],
  ]),
};
const tiny: PlainHistogram = {...EMPTY, count: 1e-7, sum: 1e21, positive: new Map([[1025, 1e-7]])};

test('as in messages', () => {
  const format = (plain: PlainHistogram): string => formatHistogram(toWorkSheet(plain));
  assert.equal(format(EMPTY), '{count:0, sum:0}');
  const buckets =
    '[-2,-1.414213562373095):5, [-1.414213562373095,-1):4, [-0.001,0.001]:2, (0.5,0.7071067811865475]:1.5, (1.414213562373095,2]:3';
  assert.equal(format(full), `{count:1e+06, sum:-0.25, ${buckets}}`);
  assert.equal(format(custom), '{count:6, sum:NaN, [-Inf,0.5]:1, (0.5,10]:2, (10,+Inf]:3}');
  assert.equal(format({...EMPTY, zeroCount: 1}), '{count:0, sum:0, [-0,0]:1}');
  assert.equal(format(tiny), '{count:1e-07, sum:1e+21, (1.7976931348623157e+308,+Inf]:1e-07}');
});

test('as in tests of rules', () => {
  const format = (plain: PlainHistogram): string => testExpression(toWorkSheet(plain));
  assert.equal(format(EMPTY), '{{}}');
  const numbers = 'schema:1 count:1e+06 sum:-0.25 z_bucket:2 z_bucket_w:0.001';
  const buckets = 'offset:-1 buckets:[1.5 0 0 3] n_offset:1 n_buckets:[4 5]';
  assert.equal(format(full), `{{${numbers} counter_reset_hint:gauge ${buckets}}}`);
  assert.equal(format(custom), '{{schema:-53 count:6 sum:NaN custom_values:[0.5 10] buckets:[1 2 3]}}');
  const bare = {...EMPTY, schema: -53, counterReset: COUNTER_RESET.reset};
  assert.equal(format(bare), '{{schema:-53 custom_values:[] counter_reset_hint:reset}}');
  assert.equal(format({...EMPTY, counterReset: COUNTER_RESET.notReset}), '{{counter_reset_hint:not_reset}}');
  const far = {
    ...EMPTY,
    positive: new Map([
      [0, 1],
      [2 ** 31 - 1, 2],
    ]),
  };
  assert.equal(format(far), '{{buckets:[1 ... 2]}}');
});

test('as the API gives it', () => {
  const json = (plain: PlainHistogram): unknown => JSON.parse(histogramJson(toWorkSheet(plain)));
  assert.equal(histogramJson(toWorkSheet(EMPTY)), '{"count":"0","sum":"0"}');
  assert.deepEqual(json(full), {
    count: '1000000',
    sum: '-0.25',
    buckets: [
      [1, '-2', '-1.414213562373095', '5'],
      [1, '-1.414213562373095', '-1', '4'],
      [3, '-0.001', '0.001', '2'],
      [0, '0.5', '0.7071067811865475', '1.5'],
      [0, '1.414213562373095', '2', '3'],
    ],
  });
  assert.deepEqual(json(custom), {
    count: '6',
    sum: 'NaN',
    buckets: [
      [3, '-Inf', '0.5', '1'],
      [0, '0.5', '10', '2'],
      [0, '10', '+Inf', '3'],
    ],
  });
  assert.deepEqual(json({...EMPTY, zeroThreshold: 1.5, zeroCount: 1, positive: new Map([[1, 2]])}), {
    count: '0',
    sum: '0',
    buckets: [
      [3, '-1.5', '1.5', '1'],
      [0, '1.5', '2', '2'],
    ],
  });
});

test('the JSON lists the buckets from the lowest to the highest', () => {
  const property = fc.property(anyHistogram, (plain) => {
    const parsed = JSON.parse(histogramJson(toWorkSheet(plain))) as {buckets?: [number, string, string, string][]};
    const number = (text: string): number => Number(text.replace('Inf', 'Infinity'));
    const found = (parsed.buckets ?? []).map(([, ...texts]) => texts.map(number));
    const want = plainBuckets(plain).filter(({count}) => count !== 0);
    assert.deepEqual(
      found,
      want.map(({lower, upper, count}) => [lower, upper, count]),
    );
  });
  fc.assert(property);
});
