import assert from 'node:assert/strict';
import {NORMAL_NAN_BITS} from '@narthex/model/stale.ts';
import {type CaseResult, type CaseText, eachCase, type ListRunner, runCase} from '@narthex/model/testing/cases.ts';
import {EntryKind, type EntryParser, type ParserOptions} from '../entry.ts';
import {parseOpenMetricsFamilies} from '../openmetrics-families.ts';
import {openMetricsOfFamily} from '../openmetrics-writer.ts';
import {createEntryParser} from '../parser.ts';
import {parseTextFamilies} from '../text-families.ts';
import {textOfFamily} from '../text-writer.ts';
import {assertSameFamilies, familyOf, type JsonFamily} from './json-family.ts';
import {normalized, type ParsedEntry, type ProtobufCaseFile, readEntries, runProtobufCases} from './protobuf-cases.ts';

const FORMATS: Readonly<Record<string, 'text' | 'openmetrics' | 'protobuf'>> = {
  'text/plain': 'text',
  'application/openmetrics-text': 'openmetrics',
  'application/vnd.google.protobuf': 'protobuf',
};

function parserOf(mediaType: string, body: Uint8Array, options: ParserOptions): EntryParser {
  const format = FORMATS[mediaType];
  assert.ok(format !== undefined, `unknown format ${mediaType}`);
  const parser = createEntryParser(format, options);
  parser.reset(body);
  return parser;
}

function bytesOf(text: CaseText): Uint8Array {
  return typeof text === 'string' ? Buffer.from(text) : Buffer.from(text.base64, 'base64');
}

/** The error of `run`; undefined without. Anything but a ParseError is a mistake. */
function errorOf(run: () => void): string | undefined {
  try {
    run();
    return undefined;
  } catch (error) {
    if ((error as Error).name !== 'ParseError') throw error;
    return (error as Error).message;
  }
}

interface ParseCase {
  readonly name: string;
  readonly format: string;
  readonly input: CaseText;
  readonly typeAndUnitLabels?: boolean;
  readonly skipStartTimestampSeries?: boolean;
  readonly entries: readonly ParsedEntry[];
}

const parse = eachCase<ParseCase>((c) => {
  const open = () =>
    parserOf(c.format, bytesOf(c.input), {
      typeAndUnitLabels: c.typeAndUnitLabels ?? false,
      createdAsStartTimestamp: c.skipStartTimestampSeries ?? false,
    });
  assert.deepEqual(normalized([...readEntries(open())]), normalized(c.entries));
  assertNormalNaN(open());
});

function assertNormalNaN(parser: EntryParser): void {
  const bits = new BigUint64Array(parser.values.buffer, parser.values.byteOffset);
  for (let kind = parser.next(); kind !== EntryKind.End; kind = parser.next()) {
    if (kind === EntryKind.Series && Number.isNaN(parser.values[0])) assert.equal(bits[0], NORMAL_NAN_BITS);
  }
}

interface ParseErrorCase {
  readonly format: string;
  readonly input: CaseText;
  readonly fail: boolean;
  readonly errMsg?: string;
}

const parseErrors = eachCase<ParseErrorCase>(({format, input, fail, errMsg}) => {
  const parser = parserOf(format, bytesOf(input), {createdAsStartTimestamp: true});
  const error = errorOf(() => void [...readEntries(parser)]);
  if (fail && errMsg === undefined) assert.ok(error !== undefined, 'no error');
  else assert.equal(error, fail ? errMsg : undefined);
});

const protobuf: ListRunner = (list) =>
  [...runProtobufCases(list as ProtobufCaseFile)].map(({name, pass, expected, got}) =>
    runCase(name, () => {
      assert.deepEqual(got, expected);
      assert.ok(pass);
    }),
  );

const textParse = eachCase<{input: string; families: JsonFamily[]}>(({input, families}) => {
  assertSameFamilies(parseTextFamilies(Buffer.from(input)), families);
});

interface TextErrorCase {
  readonly input: CaseText;
  readonly fail: boolean;
  readonly errPrefix?: string;
  readonly errPrefixLegacy?: string;
}

const textParseErrors = eachCase<TextErrorCase>(({input, fail, errPrefix = '', errPrefixLegacy}) => {
  const startOfError = (validation: 'utf8' | 'legacy', prefix: string) =>
    errorOf(() => void parseTextFamilies(bytesOf(input), validation))?.slice(0, prefix.length);
  assert.equal(startOfError('utf8', errPrefix), fail ? errPrefix : undefined);
  if (errPrefixLegacy !== undefined) assert.equal(startOfError('legacy', errPrefixLegacy), errPrefixLegacy);
});

interface WriteCase {
  readonly family: JsonFamily;
  readonly output: string;
}

/** The sign of an infinite value, which the lists lost, from the wanted output. */
function infinityIn({output}: WriteCase): number {
  return /[} ]-Inf/.test(output) ? -Infinity : Infinity;
}

const nameOf = ({family}: WriteCase) => family.Name;
const textCreate = eachCase<WriteCase>(
  (c) => assert.equal(textOfFamily(familyOf(c.family, infinityIn(c))), c.output),
  nameOf,
);
const openMetricsCreate = eachCase<WriteCase>(
  (c) => assert.equal(openMetricsOfFamily(familyOf(c.family, infinityIn(c))), c.output),
  nameOf,
);

/** The lists of the folder `exposition`, by the name of their file. */
export const EXPOSITION_LISTS: ReadonlyMap<string, ListRunner> = new Map([
  ['parse.json', parse],
  ['parse-errors.json', parseErrors],
  ['protobuf.json', protobuf],
  ['expfmt-text-parse.json', textParse],
  ['expfmt-text-parse-error.json', textParseErrors],
  ['expfmt-text-create.json', textCreate],
  ['expfmt-openmetrics-create.json', openMetricsCreate],
]);

/** A page of the OpenMetrics project's tests, whose `test.json` says whether it should parse. */
export function runOpenMetricsPage(name: string, body: Uint8Array, shouldParse: boolean): CaseResult {
  return runCase(name, () => {
    const error = errorOf(() => void parseOpenMetricsFamilies(body));
    if (!shouldParse) assert.ok(error !== undefined, 'the page is accepted');
    else {
      assert.equal(error, undefined);
      // The scrape parser is not as strict, but takes whatever is right.
      runPage(body, 'application/openmetrics-text');
    }
  });
}

/** A page that scrapes have to accept, to the last line. */
export function runScrapePage(name: string, body: Uint8Array, mediaType: string): CaseResult {
  return runCase(name, () => runPage(body, mediaType));
}

function runPage(body: Uint8Array, mediaType: string): void {
  const parser = parserOf(mediaType, body, {});
  let samples = 0;
  const error = errorOf(() => {
    for (let kind = parser.next(); kind !== EntryKind.End; kind = parser.next()) samples++;
  });
  assert.equal(error, undefined);
  assert.ok(samples > 0 || body.length < 10, 'the page has no entries');
}
