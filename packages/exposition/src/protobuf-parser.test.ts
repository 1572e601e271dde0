import assert from 'node:assert/strict';
import {test} from 'node:test';
import {NORMAL_NAN_BITS, STALE_NAN_BITS} from '@narthex/model/stale.ts';
import {EntryKind, type EntryParserOptions} from './entry.ts';
import {entryLines} from './entry-lines.test-data.ts';
import type {HistogramPoint, Metric, MetricFamily, NativePoint} from './family.ts';
import {ProtobufParser} from './protobuf-parser.ts';
import {encodeProtobuf} from './protobuf-writer.ts';
import {WireWriter} from './protobuf/wire-writer.ts';

function read(families: readonly MetricFamily[], options: EntryParserOptions = {}): string[] {
  return entryLines(new ProtobufParser(options), encodeProtobuf(families));
}

/** The lines of the metrics alone. */
function samples(family: Omit<MetricFamily, 'name'>, options: EntryParserOptions = {}): string[] {
  return read([{name: 'm', ...family}], options).filter((line) => !/^(HELP|TYPE|UNIT)/.test(line));
}

const number = (value: number): Metric['point'] => ({kind: 'number', value});
const classic = (...buckets: [upperBound: number, count: number][]): HistogramPoint => ({
  kind: 'histogram',
  count: 9,
  sum: 1.5,
  buckets: buckets.map(([upperBound, count]) => ({upperBound, count})),
});
const noBuckets = {spans: [], counts: []};
const nativePart: NativePoint = {
  isFloat: false,
  schema: 2,
  zeroThreshold: 0.5,
  zeroCount: 1,
  positive: {spans: [{offset: -3, length: 2}, {offset: 4, length: 1}], counts: [1, 2, 5]}, // prettier-ignore
  negative: noBuckets,
};
const native = (part: Partial<NativePoint> = {}, point = classic()): HistogramPoint => ({
  ...point,
  native: {...nativePart, ...part},
});

test('help, unit, type, then samples; unit only when there is one', () => {
  assert.deepEqual(
    read([
      {name: 'a', help: 'x\ny', type: 'gauge', unit: 's', metrics: [{labels: [], point: number(1)}]},
      {name: 'b', type: 'unknown', metrics: [{labels: [], point: number(2), timestampMs: -5}]},
      {name: 'none', type: 'counter', metrics: []},
    ]),
    ['HELP a x\ny', 'UNIT a s', 'TYPE a gauge', 'a 1', 'HELP b ', 'TYPE b unknown', 'b 2 @-5'],
  );
});

test('labels are sorted by their bytes, the name in front', () => {
  const labels = [['z', '1'], ['a', ''], ['Z', '2'], ['é', '3'], ['\u{1f600}', '4'], ['\uff5e', '5']] as const; // prettier-ignore
  const body = encodeProtobuf([{name: 'm', type: 'gauge', metrics: [{labels, point: number(1)}]}]);
  const parser = new ProtobufParser();
  parser.reset(body);
  while (parser.next() !== EntryKind.Series);
  const series = Buffer.from(parser.seriesBytes.subarray(parser.seriesStart, parser.seriesEnd)).toString('latin1');
  assert.deepEqual(
    series.split('\xff').map((part) => Buffer.from(part, 'latin1').toString()),
    ['m', 'Z', '2', 'a', '', 'z', '1', 'é', '3', '\uff5e', '5', '\u{1f600}', '4'],
  );
  assert.equal(
    parser.seriesLabels().toString(),
    '{"Z"="2", __name__="m", z="1", "é"="3", "\uff5e"="5", "\u{1f600}"="4"}'.replace('"Z"', 'Z'),
  );
  assert.equal(parser.labelCount, 6);
  assert.equal(parser.duplicateLabel(), undefined);
});

test('labels given twice are seen', () => {
  const parser = new ProtobufParser();
  for (const [names, want] of [
    [['b', 'a', 'b'], 'b'],
    [['__name__'], '__name__'],
    [['a', 'b'], undefined],
  ] as const) {
    // prettier-ignore
    const labels = names.map((name, i) => [name, String(i)] as const);
    parser.reset(encodeProtobuf([{name: 'm', type: 'gauge', metrics: [{labels, point: number(1)}]}]));
    while (parser.next() !== EntryKind.Series);
    assert.equal(parser.duplicateLabel(), want);
  }
});

test('a classic histogram: count, sum, buckets, and the bucket for +Inf if it is missing', () => {
  const labels = [['a', 'x'], ['p', 'y']] as const; // prettier-ignore
  const metrics = [{labels, point: classic([1, 2], [2.5, 4]), timestampMs: 7, createdMs: 3000}];
  const rest = ' @7 since 3000';
  assert.deepEqual(samples({type: 'histogram', metrics}), [
    `m_count|a|x|p|y 9${rest}`,
    `m_sum|a|x|p|y 1.5${rest}`,
    `m_bucket|a|x|le|1.0|p|y 2${rest}`,
    `m_bucket|a|x|le|2.5|p|y 4${rest}`,
    `m_bucket|a|x|le|+Inf|p|y 9${rest}`,
  ]);
  const toInfinity = [{labels: [], point: classic([1e21, 2], [Infinity, 8], [5, 8])}];
  assert.deepEqual(samples({type: 'gaugehistogram', metrics: toInfinity}), [
    'm_count 9',
    'm_sum 1.5',
    'm_bucket|le|1e+21 2',
    'm_bucket|le|+Inf 8',
  ]);
});

test('a summary: count, sum, quantiles', () => {
  const quantiles = [{quantile: 0, value: 5}, {quantile: 0.99, value: 6}]; // prettier-ignore
  const point = {kind: 'summary', count: 3, sum: 4, quantiles} as const;
  assert.deepEqual(samples({type: 'summary', metrics: [{labels: [['z', '']], point}]}), [
    'm_count|z| 3',
    'm_sum|z| 4',
    'm|quantile|0.0|z| 5',
    'm|quantile|0.99|z| 6',
  ]);
  assert.deepEqual(samples({type: 'summary', metrics: [{labels: [], point: {...point, quantiles: []}}]}), [
    'm_count 3',
    'm_sum 4',
  ]);
});

const both = native({}, classic([1, 2]));
const classicLines = ['m_count 9', 'm_sum 1.5', 'm_bucket|le|1.0 2', 'm_bucket|le|+Inf 9'];
const nativeLine = 'm int 9/1.5 schema 2 zero 1/0.5 + -3:1,2 4:5';
const customLine = 'm int 9/1.5 schema -53 + 0:2,7 bounds 1';
const forms: [name: string, point: HistogramPoint, options: EntryParserOptions, want: string[]][] = [
  ['native ones come alone', both, {}, [nativeLine]],
  ['or with the classic ones', both, {keepClassicHistograms: true}, [nativeLine, ...classicLines]],
  ['or not at all', both, {ignoreNativeHistograms: true}, classicLines],
  ['native ones without classic buckets have no classic series', native(), {keepClassicHistograms: true}, [nativeLine]],
  ['native ones are not converted', both, {convertClassicHistograms: true}, [nativeLine]],
  ['unless they are ignored', both, {ignoreNativeHistograms: true, convertClassicHistograms: true}, [customLine]],
  ['classic ones are converted', classic([1, 2]), {convertClassicHistograms: true}, [customLine]],
  [
    'and can be kept then',
    classic([1, 2]),
    {convertClassicHistograms: true, keepClassicHistograms: true},
    [...classicLines, customLine],
  ],
];
for (const [name, point, options, want] of forms) {
  test(`histograms: ${name}`, () => {
    const metrics = [{labels: [], point}];
    assert.deepEqual(samples({type: 'histogram', metrics}, options), want);
    // Neighbours of other forms change nothing.
    const others = [both, classic([1, 2])].map((other) => ({labels: [], point: other}));
    const alone = others.map((metric) => samples({type: 'histogram', metrics: [metric]}, options));
    const inTheMiddle = samples({type: 'histogram', metrics: [others[0], ...metrics, others[1], others[0]]}, options);
    assert.deepEqual(inTheMiddle, [...alone[0], ...want, ...alone[1], ...alone[0]]);
  });
}

const sides: [name: string, part: Partial<NativePoint>, want: string][] = [
  ['floats', {isFloat: true, zeroCount: 0.5}, 'm float 9/1.5 schema 2 zero 0.5/0.5 + -3:1,2 4:5'],
  [
    'both signs',
    {negative: {spans: [{offset: 7, length: 1}], counts: [3]}},
    'm int 9/1.5 schema 2 zero 1/0.5 + -3:1,2 4:5 - 7:3',
  ],
  [
    'spans that touch, without empty buckets',
    {
      positive: {
        spans: [
          {offset: 1, length: 1},
          {offset: 0, length: 1},
        ],
        counts: [4, 4],
      },
    },
    'm int 9/1.5 schema 2 zero 1/0.5 + 1:4,4',
  ],
  [
    'a zero bucket with observations says that it is native',
    {positive: noBuckets, zeroThreshold: 0},
    'm int 9/1.5 schema 2 zero 1/0',
  ],
  [
    'a span of nothing says that it is native',
    {positive: noBuckets, zeroThreshold: 0, zeroCount: 0},
    'm int 9/1.5 schema 2',
  ],
  [
    'empty buckets and spans that touch are compacted',
    {
      positive: {
        spans: [
          {offset: 1, length: 3},
          {offset: 0, length: 1},
          {offset: 2, length: 0},
          {offset: 3, length: 4},
          {offset: 9, length: 1},
        ],
        counts: [0, 1, 0, 2, 0, 3, 0, 0, 0],
      },
    },
    'm int 9/1.5 schema 2 zero 1/0.5 + 2:1 1:2 6:3',
  ],
];
for (const [name, part, want] of sides) {
  test(`native histograms: ${name}`, () => {
    const metrics = [{labels: [], point: native(part)}];
    assert.deepEqual(samples({type: 'histogram', metrics}), [want]);
    assert.deepEqual(samples({type: 'gaugehistogram', metrics}), [want.replace(/schema \d/, '$& gauge')]);
  });
}

test('native histograms: lists of single fields are the same as packed ones', () => {
  const out = new WireWriter();
  out.text(1, 'm');
  out.varint(3, 4);
  out.message(4, (metric) => {
    metric.message(7, (histogram) => {
      for (const [field, offset] of [
        [9, 3],
        [12, -1],
      ]) {
        // prettier-ignore
        histogram.message(field, (span) => {
          span.zigzag(1, offset);
          span.varint(2, 3);
        });
      }
      for (const delta of [1, -300, 1000]) histogram.zigzag(13, delta);
      for (const delta of [5, 1]) histogram.zigzag(10, delta);
      histogram.varint(1, 7);
      histogram.zigzag(10, 2);
    });
  });
  const page = new WireWriter();
  page.delimited(out.written);
  assert.deepEqual(entryLines(new ProtobufParser(), page.written).slice(2), [
    'm int 7/0 schema 0 + -1:1,-299,701 - 3:5,6,8',
  ]);
});

test('native histograms: a zero bucket says that it is one, and of what numbers', () => {
  const read = (write: (histogram: WireWriter) => void) => {
    const message = new WireWriter();
    message.text(1, 'm');
    message.varint(3, 4);
    message.message(4, (metric) => metric.message(7, write));
    const page = new WireWriter();
    page.delimited(message.written);
    return entryLines(new ProtobufParser(), page.written)[2];
  };
  assert.equal(
    read((out) => out.varint(7, 3)),
    'm int 0/0 schema 0 zero 3/0',
  );
  assert.equal(
    read((out) => out.double(6, 0.5)),
    'm int 0/0 schema 0 zero 0/0.5',
  );
  const floats = (out: WireWriter) => {
    out.double(6, 0.5);
    out.double(8, 2.5);
  };
  assert.equal(read(floats), 'm float 0/0 schema 0 zero 2.5/0.5');
  // As upstream: a zero bucket of floats alone does not say it.
  assert.equal(
    read((out) => out.double(8, 2.5)),
    'm_count 0',
  );
});

test('exemplars: one a counter or bucket, all with a time of a native histogram', () => {
  const exemplar = (value: number, timestampMs?: number) => ({labels: [['id', 'x']] as const, value, timestampMs});
  const counter = {...number(1), exemplar: exemplar(3)} as Metric['point'];
  assert.deepEqual(samples({type: 'counter', metrics: [{labels: [], point: counter}]}), ['m 1 # id=x 3']);
  const timed = {...classic(), buckets: [1, 2, 3].map((upperBound) => ({upperBound, count: 1, exemplar: exemplar(upperBound, upperBound > 1 ? -1 : undefined)}))}; // prettier-ignore
  const lines = samples({type: 'histogram', metrics: [{labels: [], point: timed}]});
  assert.deepEqual(lines.slice(2), [
    'm_bucket|le|1.0 1 # id=x 1',
    'm_bucket|le|2.0 1 # id=x 2 @-1',
    'm_bucket|le|3.0 1 # id=x 3 @-1',
    'm_bucket|le|+Inf 9',
  ]);
  const ofBuckets = `${nativeLine} # id=x 2 @-1 # id=x 3 @-1`;
  const own = native({exemplars: [exemplar(4, 1500), exemplar(5), exemplar(6, 0)]}, timed);
  const metrics = [native({}, timed), own, native({}, timed)].map((point) => ({labels: [], point}));
  assert.deepEqual(samples({type: 'histogram', metrics}), [
    ofBuckets,
    `${nativeLine} # id=x 4 @1500 # id=x 6 @0`,
    ofBuckets,
  ]);
});

test('type and unit as labels replace what a metric says', () => {
  const labels = [['__type__', 'x'], ['__unit__', 'y'], ['__name__', 'z'], ['A', 'b'], ['a', 'b']] as const; // prettier-ignore
  const options = {typeAndUnitLabels: true};
  const metrics = [{labels, point: classic([1, 2])}];
  assert.deepEqual(samples({type: 'histogram', unit: 's', metrics}, options).slice(1, 3), [
    'm_sum|A|b|__type__|histogram|__unit__|s|a|b 1.5',
    'm_bucket|A|b|__type__|histogram|__unit__|s|a|b|le|1.0 2',
  ]);
  const untyped = [{labels, point: number(1)}];
  assert.deepEqual(samples({type: 'unknown', metrics: untyped}, options), ['m|A|b|__type__|x|__unit__|y|a|b 1']);
});

test('NaN has the ordinary bits, the staleness marker its own', () => {
  const parser = new ProtobufParser();
  const bits = new BigUint64Array(parser.values.buffer);
  const value = new BigUint64Array(1);
  for (const [sent, want] of [
    [STALE_NAN_BITS, STALE_NAN_BITS],
    [0x7ff0000100000002n, NORMAL_NAN_BITS],
    [0xfff8000000000000n, NORMAL_NAN_BITS],
    [0x8000000000000000n, 0x8000000000000000n],
  ]) {
    value[0] = sent;
    const body = Buffer.from(encodeProtobuf([{name: 'm', type: 'gauge', metrics: [{labels: [], point: number(1)}]}]));
    Buffer.from(value.buffer).copy(body, body.indexOf(Buffer.from(new Float64Array([1]).buffer)));
    parser.reset(body);
    while (parser.next() !== EntryKind.Series);
    assert.equal(bits[0], want);
  }
});

const gauge = (labels: Metric['labels']): MetricFamily => ({name: 'm', type: 'gauge', metrics: [{labels, point: number(1)}]}); // prettier-ignore
const faults: [name: string, body: Uint8Array, message: string][] = [
  ['a name of nothing', encodeProtobuf([{...gauge([]), name: ''}]), 'invalid metric name: '],
  ['a label name of nothing', encodeProtobuf([gauge([['', 'x']])]), 'invalid label name: '],
  ['a type that is none', broken((out) => out.varint(3, 13)), 'unknown metric type for metric "m": 13'],
  ['a name that is not UTF-8', broken(() => {}, '\u0001'), 'invalid metric name: \ufffd'],
  ['help that is not UTF-8', broken((out) => out.text(2, 'x\u0001')), 'invalid help for metric "m": x\ufffd'],
  [
    'spans of other buckets than there are',
    encodeProtobuf([
      {name: 'm', type: 'histogram', metrics: [{labels: [], point: native({negative: {spans: [], counts: [1, 2]}})}]},
    ]),
    'histogram "m": negative side: spans require 0 buckets, have 2',
  ],
  [
    'spans that are very long',
    encodeProtobuf([
      {
        name: 'm',
        type: 'histogram',
        metrics: [{labels: [], point: native({positive: {spans: [{offset: 0, length: 2 ** 32 - 1}], counts: [1]}})}],
      },
    ]),
    'histogram "m": positive side: spans require 4294967295 buckets, have 1',
  ],
];

/** A family `m` of one empty metric with one more field; 0x01 of a text becomes 0xff, which is no UTF-8. */
function broken(write: (out: WireWriter) => void, name = 'm'): Uint8Array {
  const message = new WireWriter();
  message.text(1, name);
  message.message(4, () => {});
  write(message);
  const page = new WireWriter();
  page.delimited(message.written);
  return page.written.map((byte, i) => (i >= 3 && byte === 1 ? 0xff : byte));
}

for (const [name, body, message] of faults) {
  test(`refused: ${name}`, () => {
    assert.throws(
      () => entryLines(new ProtobufParser(), body),
      (error: Error & {offset?: number}) => {
        assert.equal(error.name, 'ParseError');
        assert.equal(error.message, message);
        assert.ok(error.offset! >= 0 && error.offset! <= body.length);
        return true;
      },
    );
  });
}

test('a conversion that fails is an error', () => {
  const metrics = [{labels: [], point: classic([1, 5], [2, 4])}];
  assert.throws(() => samples({type: 'histogram', metrics}, {convertClassicHistograms: true}), {
    name: 'ParseError',
    message: 'count is not cumulative: 4 < 5',
  });
});
