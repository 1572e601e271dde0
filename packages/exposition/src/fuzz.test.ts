import assert from 'node:assert/strict';
import {readdirSync, readFileSync} from 'node:fs';
import {test} from 'node:test';
import fc from 'fast-check';
import {conformancePath, skip} from './conformance.test-data.ts';
import {EntryKind, type ExpositionParser} from './entry.ts';
import {parseOpenMetricsFamilies} from './openmetrics-families.ts';
import {OpenMetricsParser} from './openmetrics-parser.ts';
import {ParseError} from './parse-error.ts';
import {parseTextFamilies} from './text-families.ts';
import {TextParser} from './text-parser.ts';

const SEED = `# HELP "a.b" some \\n help
# TYPE "a.b" histogram
{"a.b",le="0.5",x="\\"q\\" é"} 3 1.5 # {id="1"} 0.4 1.25
# UNIT c_seconds seconds
# TYPE c_seconds counter
c_seconds_total{path="/",code="200"} 1e3 12
c_seconds_created{path="/",code="200"} 1
d NaN
# EOF
`;

/** Bytes that matter to a lexer, more often than others. */
const byte = fc.oneof(fc.constantFrom(...Buffer.from('\0\n\r\t "#\\,={}aA_:09.+-')), fc.nat(255));
const edit = fc.tuple(fc.nat(SEED.length), fc.nat(3), fc.array(byte, {maxLength: 4}));

/** The seed with some bytes taken out and others put in. */
function mutated(edits: readonly [number, number, number[]][]): Uint8Array {
  const bytes = [...Buffer.from(SEED)];
  for (const [at, length, inserted] of edits) bytes.splice(at, length, ...inserted);
  return Uint8Array.from(bytes);
}

const body = fc.oneof(
  fc.array(edit, {minLength: 1, maxLength: 4}).map(mutated),
  fc.array(byte, {maxLength: 80}).map((bytes) => Uint8Array.from(bytes)),
);

/** Reads everything there is to read and checks that ranges lie within the body. */
function readAll(parser: ExpositionParser, bytes: Uint8Array): number {
  parser.reset(bytes);
  let entries = 0;
  for (let kind = parser.next(); kind !== EntryKind.End; kind = parser.next()) {
    assert.ok(++entries <= bytes.length + 1, 'more entries than bytes');
    if (kind === EntryKind.Series) readSeries(parser);
    else parser.text();
    assert.ok(parser.position <= bytes.length);
  }
  return entries;
}

function readSeries(parser: ExpositionParser): void {
  assert.ok(parser.seriesStart >= 0 && parser.seriesStart < parser.seriesEnd);
  assert.ok(parser.nameStart >= parser.seriesStart && parser.nameEnd <= parser.seriesEnd);
  for (let i = 0; i < 4 * parser.labelCount; i++) {
    const at = parser.labelRanges[i];
    assert.ok(at > parser.seriesStart && at < parser.seriesEnd);
  }
  const labels = new Map<string, string>();
  parser.labels(labels);
  assert.deepEqual([...parser.seriesLabels().entries()].sort(), [...labels].filter(([, value]) => value !== '').sort());
  parser.duplicateLabel();
  parser.startTimestampMs();
  parser.exemplarLabels(new Map<string, string>());
}

function refusesCleanly(read: () => unknown): void {
  try {
    read();
  } catch (error) {
    assert.ok(error instanceof ParseError, String((error as Error).stack));
    assert.ok(error.line >= 1);
  }
}

test('nothing but ParseError comes out of a parser', () => {
  fc.assert(
    fc.property(body, (bytes) => {
      for (const parser of [new TextParser(), new TextParser({typeAndUnitLabels: true})]) {
        refusesCleanly(() => readAll(parser, bytes));
      }
      for (const createdAsStartTimestamp of [false, true]) {
        refusesCleanly(() => readAll(new OpenMetricsParser({createdAsStartTimestamp}), bytes));
      }
      refusesCleanly(() => parseTextFamilies(bytes));
      refusesCleanly(() => parseOpenMetricsFamilies(bytes));
    }),
    {numRuns: 1500},
  );
});

test('what lies outside of the given range is never seen', () => {
  fc.assert(
    fc.property(body, fc.array(byte), fc.array(byte), (bytes, before, after) => {
      const around = Uint8Array.from([...before, ...bytes, ...after]);
      for (const parser of [new TextParser(), new OpenMetricsParser()]) {
        const alone = outcome(parser, bytes, 0, bytes.length);
        assert.deepEqual(outcome(parser, around, before.length, before.length + bytes.length), alone);
      }
    }),
    {numRuns: 500},
  );
});

/** Series texts, values and the error of body[start, end). */
function outcome(parser: ExpositionParser, bytes: Uint8Array, start: number, end: number): unknown[] {
  const found: unknown[] = [];
  parser.reset(bytes, start, end);
  try {
    for (let kind = parser.next(); kind !== EntryKind.End; kind = parser.next()) {
      if (kind === EntryKind.Series) found.push(parser.seriesLabels().toString(), parser.values[0], parser.timestampMs);
      else found.push(kind, parser.text());
    }
  } catch (error) {
    found.push((error as Error).message);
  }
  return found;
}

test('real pages are read without fault', {skip}, () => {
  const folder = conformancePath('textparse-testdata');
  for (const name of readdirSync(folder)) {
    const parser = name.endsWith('.om.txt') ? new OpenMetricsParser() : new TextParser();
    const page = readFileSync(`${folder}/${name}`);
    const samples = page
      .toString()
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith('#'));
    let series = 0;
    parser.reset(page);
    for (let kind = parser.next(); kind !== EntryKind.End; kind = parser.next())
      if (kind === EntryKind.Series) series++;
    assert.equal(series, samples.length, name);
  }
});

const hostile: [name: string, body: string][] = [
  ['a label set that never ends', `a{${'b="c",'.repeat(1e5)}`],
  ['many labels in falling order', `a{${Array.from({length: 5e4}, (_, i) => `l${1e6 - i}="x"`).join(',')}} 1\n# EOF\n`],
  ['a string that never ends', `a{b="${'\\\\'.repeat(1e6)}`],
  ['many counters without a created line', `# TYPE a counter\n${'a_total{x="1"} 1\n'.repeat(5e4)}# EOF\n`],
  ['many comments', `${'#\n'.repeat(2e5)}# EOF\n`],
  ['an error in the last of many lines', `${'a 1\n'.repeat(2e5)}a\n`],
];
for (const [name, text] of hostile) {
  // A quadratic reader would take minutes here.
  test(`reads in linear time: ${name}`, {timeout: 20_000}, () => {
    const bytes = Buffer.from(text);
    refusesCleanly(() => countSeries(new TextParser(), bytes));
    refusesCleanly(() => countSeries(new OpenMetricsParser(), bytes));
    refusesCleanly(() => parseTextFamilies(bytes));
    refusesCleanly(() => parseOpenMetricsFamilies(bytes));
  });
}

function countSeries(parser: ExpositionParser, bytes: Uint8Array): number {
  parser.reset(bytes);
  let starts = 0;
  for (let kind = parser.next(); kind !== EntryKind.End; kind = parser.next()) {
    if (kind !== EntryKind.Series) continue;
    starts += parser.startTimestampMs() + parser.seriesLabels().length;
    parser.duplicateLabel();
  }
  return starts;
}
