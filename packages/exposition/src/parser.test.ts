import assert from 'node:assert/strict';
import {test} from 'node:test';
import {NORMAL_NAN_BITS} from '@narthex/model/stale.ts';
import {conformanceBytes, conformanceCases, skip} from './conformance.test-data.ts';
import {EntryKind, type ExpositionParser, type ParserOptions} from './entry.ts';
import {createParser} from './parser.ts';

interface Exemplar {
  Labels: Record<string, string>;
  Value?: number;
  HasTs?: boolean;
  Ts?: number;
}

interface Entry {
  m?: string;
  v?: number | string;
  t?: number;
  lset?: Record<string, string>;
  typ?: string;
  help?: string;
  unit?: string;
  comment?: string;
  es?: Exemplar[];
  st?: number;
}

interface ParseCase {
  name: string;
  format: string;
  input: string;
  typeAndUnitLabels?: boolean;
  skipStartTimestampSeries?: boolean;
  entries: Entry[];
}

function parserOf(mediaType: string, options: ParserOptions): ExpositionParser {
  return createParser(mediaType === 'text/plain' ? 'text' : 'openmetrics', options);
}

function readEntries(parser: ExpositionParser): Entry[] {
  const entries: Entry[] = [];
  for (let kind = parser.next(); kind !== EntryKind.End; kind = parser.next()) entries.push(readEntry(parser, kind));
  return entries;
}

function readEntry(parser: ExpositionParser, kind: EntryKind): Entry {
  switch (kind) {
    case EntryKind.Help:
      return {m: parser.name(), help: parser.text()};
    case EntryKind.Type:
      return {m: parser.name(), typ: parser.metricType};
    case EntryKind.Unit:
      return {m: parser.name(), unit: parser.text()};
    case EntryKind.Comment:
      return {comment: parser.text()};
    default:
      return readSample(parser);
  }
}

function readSample(parser: ExpositionParser): Entry {
  const bits = new BigUint64Array(parser.values.buffer)[0];
  const [value] = parser.values;
  if (Number.isNaN(value)) assert.equal(bits, NORMAL_NAN_BITS);
  const entry: Entry = {
    m: Buffer.from(parser.body).toString('utf8', parser.seriesStart, parser.seriesEnd),
    v: Number.isNaN(value) ? 'NaN' : value,
    lset: collect((out) => parser.labels(out)),
  };
  if (parser.hasTimestamp) entry.t = parser.timestampMs;
  const st = parser.startTimestampMs();
  if (st !== 0) entry.st = st;
  if (parser.hasExemplar) entry.es = [readExemplar(parser)];
  return entry;
}

function readExemplar(parser: ExpositionParser): Exemplar {
  const exemplar: Exemplar = {Labels: collect((out) => parser.exemplarLabels(out)), Value: parser.values[1]};
  if (!parser.hasExemplarTimestamp) return exemplar;
  return {...exemplar, HasTs: true, Ts: parser.exemplarTimestampMs};
}

function collect(read: (out: Map<string, string>) => void): Record<string, string> {
  const labels = new Map<string, string>();
  read(labels);
  return Object.fromEntries(labels);
}

for (const [i, c] of conformanceCases<ParseCase>('parse.json').entries()) {
  test(`parse.json ${i}: ${c.name}`, () => {
    const parser = parserOf(c.format, {
      typeAndUnitLabels: c.typeAndUnitLabels ?? false,
      createdAsStartTimestamp: c.skipStartTimestampSeries ?? false,
    });
    parser.reset(Buffer.from(c.input));
    const want = c.entries.map((entry) => (entry.lset === undefined ? entry : Object.assign(entry, {v: entry.v ?? 0})));
    assert.deepEqual(readEntries(parser), want);
  });
}

interface ErrorCase {
  format: string;
  input: string | {base64: string};
  fail: boolean;
  errMsg?: string;
}

test('parse-errors.json', {skip}, async (t) => {
  for (const [i, c] of conformanceCases<ErrorCase>('parse-errors.json').entries()) {
    await t.test(`${i} ${JSON.stringify(c.input)}`, () => {
      const parser = parserOf(c.format, {createdAsStartTimestamp: true});
      parser.reset(conformanceBytes(c.input));
      if (c.fail) assert.throws(() => readEntries(parser), {name: 'ParseError', message: c.errMsg!});
      else readEntries(parser);
    });
  }
});

test('protobuf is refused by its name', () => {
  assert.throws(() => createParser('protobuf'), {name: 'ParseError', message: /PrometheusProto/});
});

test('the last line of the text format needs no newline', () => {
  const parser = createParser('text');
  for (const [line, value, timestampMs] of [
    ['a 1', 1, 0],
    ['a{b="c"} 2 3', 2, 3],
  ] as const) {
    parser.reset(Buffer.from(line));
    assert.equal(parser.next(), EntryKind.Series);
    assert.equal(parser.values[0], value);
    assert.equal(parser.hasTimestamp ? parser.timestampMs : 0, timestampMs);
    assert.equal(parser.position, line.length);
    assert.equal(parser.next(), EntryKind.End);
  }
});

test('a carriage return is part of what it follows', () => {
  const parser = createParser('text');
  parser.reset(Buffer.from('a 1\r\n'));
  assert.throws(() => parser.next(), {message: /parsing "1\\r": invalid syntax/});
  parser.reset(Buffer.from('# HELP a x\r\n'));
  assert.equal(parser.next(), EntryKind.Help);
  assert.equal(parser.text(), 'x\r');
});

test('one line at a time, with the metadata that came before', () => {
  const body = Buffer.from('# TYPE h histogram\nh_bucket{le="1"} 7\nh_sum 3\n');
  const parser = createParser('text');
  parser.reset(body);
  assert.equal(parser.next(), EntryKind.Type);
  const line = body.indexOf('h_bucket');
  const end = body.indexOf('h_sum');
  parser.parseSeriesLine(body, line, end);
  assert.equal(parser.seriesLabels().toString(), '{__name__="h_bucket", le="1.0"}');
  assert.equal(parser.position, end);
  for (const [start, stop] of [
    [0, line],
    [line, body.length],
    [line, line],
  ]) {
    assert.throws(() => parser.parseSeriesLine(body, start, stop), {name: 'ParseError', message: /one sample line/});
  }
});

test('a caller that has consumed lines itself moves the position', () => {
  const parser = createParser('openmetrics');
  const body = Buffer.from('a 1\nnonsense\nb 2\n# EOF\n');
  parser.reset(body);
  parser.next();
  parser.position = body.indexOf('b 2');
  assert.equal(parser.next(), EntryKind.Series);
  assert.equal(parser.name(), 'b');
  assert.equal(parser.next(), EntryKind.End);
});

const times: [format: 'text' | 'openmetrics', line: string, timestampMs: number | RegExp][] = [
  ['text', 'a 1 1234', 1234],
  ['text', 'a 1 9223372036854775807', Number.MAX_SAFE_INTEGER],
  ['text', 'a 1 0000000000000000000000012', 12],
  ['text', 'a 1 9223372036854775808', /strconv.ParseInt: parsing "9223372036854775808": value out of range/],
  ['text', 'a 1 -1', /expected timestamp or new record/],
  ['openmetrics', 'a 1 -1.5', -1500],
  ['openmetrics', 'a 1 1.0015', 1001],
  ['openmetrics', 'a 1 1e300', Number.MAX_SAFE_INTEGER],
];
for (const [format, line, want] of times) {
  test(`time of ${JSON.stringify(line)} in ${format}`, () => {
    const parser = createParser(format);
    parser.reset(Buffer.from(`${line}\n# EOF\n`));
    if (typeof want === 'object') return void assert.throws(() => parser.next(), {message: want});
    parser.next();
    assert.equal(parser.timestampMs, want);
  });
}

test('labels given twice are seen', () => {
  const duplicates: [line: string, want: string | undefined][] = [
    ['a{b="1",c="2"} 1', undefined],
    ['a{c="1",b="2"} 1', undefined],
    ['a{b="1",b="1"} 1', 'b'],
    ['a{c="1",b="1",c="2"} 1', 'c'],
    ['a{__name__="b"} 1', '__name__'],
  ];
  for (const [line, want] of duplicates) {
    const parser = createParser('text');
    parser.reset(Buffer.from(line));
    parser.next();
    assert.equal(parser.duplicateLabel(), want, line);
  }
});

test('names that are not UTF-8 are refused', () => {
  for (const line of ['{"\xff"} 1', '{"a","\xff"="b"} 1', '# HELP "\xff" x']) {
    for (const format of ['text', 'openmetrics'] as const) {
      const parser = createParser(format);
      parser.reset(Buffer.from(`${line}\n# EOF\n`, 'latin1'));
      assert.throws(() => parser.next(), {
        name: 'ParseError',
        message: /invalid metric name or label names: "\\"\\xff/,
      });
    }
  }
});

test('protobuf.json', {skip: 'PrometheusProto is not supported yet'}, () => {});
