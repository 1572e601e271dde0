import type {Labels} from '@narthex/model/labels.ts';
import type {NativeHistogram} from './native-histogram.ts';

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
  /** A sample whose value is `histogram` (protobuf, or made of a classic histogram). */
  Histogram: 6,
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

/** Options of `createEntryParser`, which knows native histograms. All are false by default. */
export interface EntryParserOptions extends ParserOptions {
  /** Protobuf: reads the classic part of histograms only. */
  readonly ignoreNativeHistograms?: boolean;
  /** Gives classic histograms also where they come as native ones, or become such. */
  readonly keepClassicHistograms?: boolean;
  /** Makes native histograms with custom buckets of classic ones that do not come as native ones. */
  readonly convertClassicHistograms?: boolean;
}

/**
 * Reads an exposition entry by entry. Nothing is allocated for an entry until its labels, texts or names are asked
 * for; every accessor speaks of the entry that `next()` found last, and what it gives is valid until the next call.
 */
export interface EntryParser {
  /** Starts over with body[start, end) and forgets all metadata. The caller changes nothing there while parsing. */
  reset(body: Uint8Array, start?: number, end?: number): void;
  /** Finds the next entry; throws `ParseError`, after which only `reset` makes sense. */
  next(): EntryKind;

  /** The type of the family that the entry belongs to. */
  readonly metricType: MetricType;
  /** The unit of the family, '' without. */
  readonly unit: string;

  /**
   * Bytes that name the series: seriesBytes[seriesStart, seriesEnd). Equal bytes are equal series. In text they are the
   * series as written (name and braces), in protobuf the name and the sorted labels with 0xff between them.
   */
  readonly seriesBytes: Uint8Array;
  readonly seriesStart: number;
  readonly seriesEnd: number;
  /** Labels without the metric name. */
  readonly labelCount: number;
  /**
   * Cell 0 is the value, cell 1 that of the exemplar. NaN has the bits of the ordinary NaN; protobuf can also say the
   * staleness marker.
   */
  readonly values: Float64Array;
  readonly hasTimestamp: boolean;
  /** 0 without a timestamp. */
  readonly timestampMs: number;
  /** The value of an entry `Histogram`; filled again by the next one. */
  readonly histogram: NativeHistogram;

  /** Gives the labels of the sample with the metric name, `le` and `quantile` in their normal form ("1" → "1.0"). */
  labels(out: LabelSink): void;
  /** The same as a label set of its own; labels without a value are none. */
  seriesLabels(): Labels;
  /** The first label name (or `__name__`) that the sample has twice. Upstream fails the scrape on it. */
  duplicateLabel(): string | undefined;
  /** When the series began, 0 when unknown. */
  startTimestampMs(): number;

  /** Goes to the next exemplar of the sample; false when there is none. What follows speaks of that exemplar. */
  nextExemplar(): boolean;
  readonly hasExemplarTimestamp: boolean;
  readonly exemplarTimestampMs: number;
  exemplarLabels(out: LabelSink): void;

  /** The metric name of the entry, for metadata that of the family. */
  name(): string;
  /** Help, unit, type or comment of a metadata entry, without escapes. */
  text(): string;
}

/** A parser of lines of text. Offsets count bytes of `body`, which is what `seriesBytes` gives. */
export interface ExpositionParser extends EntryParser {
  /** What is read; the parser keeps a reference. */
  readonly body: Uint8Array;
  /** Where `next()` goes on. A caller that has consumed whole lines itself (line prediction) moves it. */
  position: number;
  /** The type that the last `# TYPE` declared; it decides about `le` and `quantile`. A caller that skips lines sets it. */
  metricType: MetricType;
  /** The unit that the last `# UNIT` declared, '' without. */
  unit: string;

  /**
   * Reads the one sample line at body[start, end), its newline included, with the metadata seen so far;
   * throws `ParseError` when it is anything else. Leaves the parser at `end`.
   */
  parseSeriesLine(body: Uint8Array, start: number, end: number): void;

  /** The metric name without quotes: body[nameStart, nameEnd). Also the name of a metadata entry. */
  readonly nameStart: number;
  readonly nameEnd: number;
  /** Four offsets a label: start and end of its name, start and end of its value, without quotes, in the order of the line. */
  readonly labelRanges: Uint32Array;
  /** Whether a name or value of the line has a backslash, so that its bytes are not its text. */
  readonly hasEscapes: boolean;
  /** Whether the line has an exemplar, which accessors speak of without `nextExemplar`. */
  readonly hasExemplar: boolean;
}
