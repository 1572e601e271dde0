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
