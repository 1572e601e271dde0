import type {Labels} from '@narthex/model/labels.ts';

/** What `next()` of a parser found. */
export const EntryKind = {
  /** The body is over. */
  End: 0,
  /** `# TYPE`: `name()`, `metricType`. */
  Type: 1,
  /** `# HELP`: `name()`, `text()`. */
  Help: 2,
  /** `# UNIT` (OpenMetrics): `name()`, `text()`. */
  Unit: 3,
  /** A sample. */
  Series: 4,
  /** Any other comment (text format only): `text()`, with its `#`. */
  Comment: 5,
} as const;

export type EntryKind = (typeof EntryKind)[keyof typeof EntryKind];

/** Types of metric families; `unknown` is called `untyped` in the text format. */
export type MetricType =
  | 'counter'
  | 'gauge'
  | 'histogram'
  | 'gaugehistogram'
  | 'summary'
  | 'info'
  | 'stateset'
  | 'unknown';

/** Takes labels in the order of the line; `LabelsBuilder` of the model is one. */
export interface LabelSink {
  set(name: string, value: string): unknown;
}

export interface ParserOptions {
  /** Adds `__type__` and `__unit__` from the metadata and drops such labels of the target. Default false. */
  readonly typeAndUnitLabels?: boolean;
  /** OpenMetrics: `_created` lines are no series but give `startTimestampMs()`. Default false. */
  readonly createdAsStartTimestamp?: boolean;
}

/**
 * Reads an exposition entry by entry. Nothing is allocated for an entry until its labels, texts or names are asked
 * for; every accessor speaks of the entry that `next()` found last. Offsets count bytes of `body`.
 */
export interface ExpositionParser {
  /** What is read; the parser keeps a reference, the caller changes nothing while parsing. */
  readonly body: Uint8Array;
  /** Where `next()` goes on. A caller that has consumed whole lines itself (line prediction) moves it. */
  position: number;
  /** The type that the last `# TYPE` declared; it decides about `le` and `quantile`. A caller that skips lines sets it. */
  metricType: MetricType;
  /** The unit that the last `# UNIT` declared, '' without. */
  unit: string;

  /** Starts over with body[start, end) and forgets all metadata. */
  reset(body: Uint8Array, start?: number, end?: number): void;
  /** Finds the next entry; throws `ParseError`, after which only `reset` makes sense. */
  next(): EntryKind;
  /**
   * Reads the one sample line at body[start, end), its newline included, with the metadata seen so far;
   * throws `ParseError` when it is anything else. Leaves the parser at `end`.
   */
  parseSeriesLine(body: Uint8Array, start: number, end: number): void;

  /** The series as written (name and braces): the bytes body[seriesStart, seriesEnd). */
  readonly seriesStart: number;
  readonly seriesEnd: number;
  /** The metric name without quotes: body[nameStart, nameEnd). Also the name of a metadata entry. */
  readonly nameStart: number;
  readonly nameEnd: number;
  /** Labels without the metric name, in the order of the line. */
  readonly labelCount: number;
  /** Four offsets a label: start and end of its name, start and end of its value, without quotes. Valid until `next`. */
  readonly labelRanges: Uint32Array;
  /** Whether a name or value of the line has a backslash, so that its bytes are not its text. */
  readonly hasEscapes: boolean;
  /** Cell 0 is the value, cell 1 that of the exemplar. NaN has the bits of the ordinary NaN. */
  readonly values: Float64Array;
  readonly hasTimestamp: boolean;
  /** 0 without a timestamp. */
  readonly timestampMs: number;

  /** Gives the labels of the sample with the metric name, `le` and `quantile` in their normal form ("1" → "1.0"). */
  labels(out: LabelSink): void;
  /** The same as a label set of its own; labels without a value are none. */
  seriesLabels(): Labels;
  /** The first label name (or `__name__`) that the line has twice. Upstream fails the scrape on it. */
  duplicateLabel(): string | undefined;
  /** When the series began, 0 when unknown. */
  startTimestampMs(): number;

  readonly hasExemplar: boolean;
  readonly hasExemplarTimestamp: boolean;
  readonly exemplarTimestampMs: number;
  exemplarLabels(out: LabelSink): void;

  /** The metric name of the entry. */
  name(): string;
  /** Help, unit, type or comment of a metadata entry, without escapes. */
  text(): string;
}
