import assert from 'node:assert/strict';
import {test} from 'node:test';
import {formatFloat} from '@narthex/model/value.ts';
import {formatHistogram} from './histogram-literal.ts';
import {parseMetric, parseSeriesDescription, type SequenceValue} from './series-description.ts';

function show(value: SequenceValue): string {
  if (value.kind === 'omitted') return '_';
  if (value.kind === 'stale') return 'stale';
  return value.kind === 'float' ? formatFloat(value.value) : formatHistogram(value.histogram);
}

const sequences: [text: string, values: string][] = [
  ['up 1 2+3x2 5-1x1', '1 2 5 8 5 4'],
  ['up 1x3', '1 1 1 1'],
  ['up -0x1', '-0 -0'],
  ['up _ _x2 stale _', '_ _ _ stale _'],
  ['up stale _ 0.5 -Inf', 'stale _ 0.5 -Inf'],
  ['up {{}}x1', '{{}} {{}}'],
  [
    'up {{count:1 buckets:[1]}}+{{count:2 buckets:[2]}}x2',
    '{{count:1 buckets:[1]}} {{count:3 buckets:[3]}} {{count:5 buckets:[5]}}',
  ],
  ['up {{buckets:[1 1]}}-{{offset:2 buckets:[1]}}x1', '{{buckets:[1 1]}} {{buckets:[1 1 -1]}}'],
  ['up {{buckets:[4]}}+{{schema:1 buckets:[1 2 3]}}x1', '{{buckets:[4]}} {{buckets:[5 5]}}'],
  [
    'up {{z_bucket:1 buckets:[1 2]}}+{{z_bucket:1 z_bucket_w:1 buckets:[5 5]}}x1',
    '{{z_bucket:1 buckets:[1 2]}} {{z_bucket:3 z_bucket_w:1 offset:1 buckets:[7]}}',
  ],
  [
    'up {{z_bucket:1 z_bucket_w:1.5 offset:1 buckets:[2 3]}}+{{offset:1 buckets:[4 5]}}x1',
    '{{z_bucket:1 z_bucket_w:1.5 offset:1 buckets:[2 3]}} {{z_bucket:7 z_bucket_w:2 offset:2 buckets:[8]}}',
  ],
  [
    'up {{schema:-53 custom_values:[1 2 3] buckets:[1 1 1 1]}}+{{schema:-53 custom_values:[1 3] buckets:[1 1 1]}}x1',
    '{{schema:-53 custom_values:[1 2 3] buckets:[1 1 1 1]}} {{schema:-53 custom_values:[1 3] buckets:[2 3 2]}}',
  ],
  ['up {{counter_reset_hint:reset}}+{{counter_reset_hint:not_reset}}x1', '{{counter_reset_hint:reset}} {{}}'],
];
for (const [text, values] of sequences) {
  test(`the values of ${text}`, () => {
    assert.equal(parseSeriesDescription(text).values.map(show).join(' '), values);
  });
}

const errors: [text: string, message: string][] = [
  ['up what', '1:4: parse error: unexpected identifier "what" in series values, expected number or "stale"'],
  [
    'up 1x1.5',
    '1:6: parse error: invalid repetition in series values: strconv.ParseUint: parsing "1.5": invalid syntax',
  ],
  ['up 1x99999999999', '1:6: parse error: series description has more than 5000000 values'],
  ['up {{sum:1 sum:2}}', '1:1: parse error: duplicate key "sum" in histogram'],
  [
    'up {{count:1}}+{{schema:-53}}x1',
    '1:31: parse error: error combining histograms: cannot merge from schema -53 to 0',
  ],
  ['{a=1} 2', "1:4: parse error: unexpected character inside braces: '1'"],
  ['{a "x"} 2', '1:4: parse error: unexpected string "\\"x\\"" in label set, expected "="'],
];
for (const [text, message] of errors) {
  test(`the error of ${text}`, () => {
    assert.throws(() => parseSeriesDescription(text), {name: 'ParseError', message});
  });
}

test('a hint counts as set only where it is written', () => {
  const {values} = parseSeriesDescription('up {{counter_reset_hint:unknown}} {{}}');
  assert.deepEqual(
    values.map((value) => value.kind === 'histogram' && value.hintSet),
    [true, false],
  );
});

test('a metric is its labels', () => {
  assert.deepEqual(
    [...parseMetric('up{job="x", "a b"=\'y\',}').entries()],
    [
      ['__name__', 'up'],
      ['a b', 'y'],
      ['job', 'x'],
    ],
  );
  assert.equal(parseMetric('{"metric name"}').get('__name__'), 'metric name');
  assert.equal(parseMetric('').length, 0);
});
