import {COUNTER_RESET} from '@narthex/model/histogram/float-histogram.ts';
import {type EntryKind, EntryKind as Kind, type EntryParser} from '../entry.ts';
import type {NativeHistogram, SpanBuckets} from '../native-histogram.ts';
import {ProtobufParser} from '../protobuf-parser.ts';

/** A list of cases of upstream's protobuf parser, as JSON. */
export interface ProtobufCaseFile {
  /** The body that all cases read, but those that have their own. */
  readonly input_base64: string;
  readonly cases: readonly ProtobufCase[];
}

interface ProtobufCase {
  readonly name: string;
  readonly input_base64?: string;
  readonly options: {
    readonly ignoreNativeHistograms?: boolean;
    readonly parseClassicHistograms?: boolean;
    readonly convertClassicHistogramsToNHCB?: boolean;
    readonly enableTypeAndUnitLabels?: boolean;
  };
  readonly entries?: readonly Readonly<Record<string, unknown>>[];
  /** Part of the error that ends reading. */
  readonly errMsg?: string;
}

/** One case and how it went. */
export interface CaseOutcome {
  readonly name: string;
  readonly pass: boolean;
  /** Both as JSON can say them; equal when it passed. */
  readonly expected: unknown;
  readonly got: unknown;
}

/** Runs all cases of the file. */
export function* runProtobufCases(file: ProtobufCaseFile): Generator<CaseOutcome> {
  for (const c of file.cases) {
    const got = outcome(c, Buffer.from(c.input_base64 ?? file.input_base64, 'base64'));
    const expected = {entries: normalized(c.entries ?? got.entries), error: c.errMsg};
    const error = c.errMsg !== undefined && got.error?.includes(c.errMsg) ? c.errMsg : got.error;
    const normal = {entries: normalized(got.entries), error};
    yield {name: c.name, pass: JSON.stringify(normal) === JSON.stringify(expected), expected, got: normal};
  }
}

function outcome({options}: ProtobufCase, body: Uint8Array): {entries: readonly ParsedEntry[]; error?: string} {
  const parser = new ProtobufParser({
    ignoreNativeHistograms: options.ignoreNativeHistograms ?? false,
    keepClassicHistograms: options.parseClassicHistograms ?? false,
    convertClassicHistograms: options.convertClassicHistogramsToNHCB ?? false,
    typeAndUnitLabels: options.enableTypeAndUnitLabels ?? false,
  });
  const entries: ParsedEntry[] = [];
  try {
    parser.reset(body);
    for (const entry of readEntries(parser)) entries.push(entry);
    return {entries};
  } catch (error) {
    return {entries, error: (error as Error).message};
  }
}

/** An entry with upstream's field names: what its tests compare. */
export type ParsedEntry = Readonly<Record<string, unknown>>;

/** All entries of the body that `parser` was given. */
export function* readEntries(parser: EntryParser): Generator<ParsedEntry> {
  for (let kind = parser.next(); kind !== Kind.End; kind = parser.next()) yield readEntry(parser, kind);
}

function readEntry(parser: EntryParser, kind: EntryKind): ParsedEntry {
  switch (kind) {
    case Kind.Help:
      return {m: parser.name(), help: parser.text()};
    case Kind.Type:
      return {m: parser.name(), typ: parser.metricType};
    case Kind.Unit:
      return {m: parser.name(), unit: parser.text()};
    case Kind.Comment:
      return {comment: parser.text()};
    default:
      return readSample(parser, kind);
  }
}

function readSample(parser: EntryParser, kind: EntryKind): ParsedEntry {
  const entry: Record<string, unknown> = {m: seriesText(parser)};
  if (kind === Kind.Series) entry.v = parser.values[0];
  else entry[parser.histogram.isFloat ? 'fhs' : 'shs'] = readHistogram(parser.histogram);
  entry.lset = collect((out) => parser.labels(out));
  if (parser.hasTimestamp) entry.t = parser.timestampMs;
  entry.st = parser.startTimestampMs();
  const exemplars: unknown[] = [];
  while (parser.nextExemplar()) exemplars.push(readExemplar(parser));
  entry.es = exemplars;
  return entry;
}

/** Text, or base64 of what is none. */
function seriesText({seriesBytes, seriesStart, seriesEnd}: EntryParser): string | {base64: string} {
  const bytes = Buffer.from(seriesBytes.subarray(seriesStart, seriesEnd));
  const text = bytes.toString();
  return Buffer.from(text).equals(bytes) ? text : {base64: bytes.toString('base64')};
}

function readExemplar(parser: EntryParser): ParsedEntry {
  const exemplar = {Labels: collect((out) => parser.exemplarLabels(out)), Value: parser.values[1]};
  return parser.hasExemplarTimestamp ? {...exemplar, HasTs: true, Ts: parser.exemplarTimestampMs} : exemplar;
}

function collect(read: (out: Map<string, string>) => void): Record<string, string> {
  const labels = new Map<string, string>();
  read(labels);
  return Object.fromEntries(labels);
}

function readHistogram(histogram: NativeHistogram): ParsedEntry {
  const {positive, negative, isFloat} = histogram;
  const isGauge = histogram.counterReset === COUNTER_RESET.gauge;
  return {
    CounterResetHint: isGauge ? 'gauge' : 'unknown',
    Schema: histogram.schema,
    Count: histogram.count,
    Sum: histogram.sum,
    ZeroCount: histogram.zeroCount,
    ZeroThreshold: histogram.zeroThreshold,
    PositiveSpans: spansOf(positive),
    NegativeSpans: spansOf(negative),
    PositiveBuckets: bucketsOf(positive, isFloat),
    NegativeBuckets: bucketsOf(negative, isFloat),
    CustomValues: [...histogram.customBounds],
  };
}

function spansOf(side: SpanBuckets): unknown[] {
  const spans: unknown[] = [];
  for (let i = 0; i < side.spanCount; i++) spans.push({Offset: side.offsets[i], Length: side.lengths[i]});
  return spans;
}

/** Counts of floats as they are, of integers as differences. */
function bucketsOf({counts, bucketCount}: SpanBuckets, isFloat: boolean): number[] {
  const list = [...counts.subarray(0, bucketCount)];
  return isFloat ? list : list.map((count, i) => (i === 0 ? count : count - list[i - 1]));
}

/** The same with sorted keys and without what means nothing: zeros, empty lists, absent marks. */
export function normalized(value: unknown): unknown {
  if (Array.isArray(value)) return value.map((part) => normalized(part) ?? 0);
  if (typeof value === 'number') return normalNumber(value);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value)
    .map(([key, part]): [string, unknown] => [
      key,
      key === 'lset' || key === 'Labels' ? sorted(part) : normalized(part),
    ])
    .filter(([key, part]) => KEPT.has(key) || !isNothing(part));
  return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** An empty help is still a help. */
const KEPT: ReadonlySet<string> = new Set(['help', 'unit', 'comment', 't', 'Labels']);

function isNothing(part: unknown): boolean {
  if (Array.isArray(part)) return part.length === 0;
  return part === undefined || part === null || part === 0 || part === false || part === '' || part === 'unknown';
}

function sorted(labels: unknown): unknown {
  return Object.fromEntries(Object.entries(labels as object).sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** JSON has no NaN, no infinities and no -0; integers that a number cannot hold for sure are texts too. */
function normalNumber(value: number): number | string {
  if (Number.isNaN(value)) return 'NaN';
  if (!Number.isFinite(value)) return value > 0 ? '+Inf' : '-Inf';
  return Number.isInteger(value) && !Number.isSafeInteger(value) ? String(BigInt(value)) : value + 0;
}
