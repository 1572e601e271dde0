// Wraps a parser of text, whose classic histograms come line by line, and gives each as one native histogram:
//
//    wrapped    TYPE h   h_bucket 1   h_bucket +Inf   h_count   h_sum   g
//    given      TYPE h                                                  h{custom buckets}   g
//
// That a histogram is over shows only in the entry behind it. So the wrapped parser stands one entry ahead while a histogram is
// given, and accessors answer from what was collected.
import type {Labels} from '@narthex/model/labels.ts';
import {formatLabelName, LabelsBuilder, METRIC_NAME} from '@narthex/model/labels.ts';
import {quoteGo} from '@narthex/model/quote.ts';
import {parseGoFloat} from '@narthex/model/value.ts';
import {ClassicHistogram} from './custom-buckets.ts';
import {type EntryKind, EntryKind as Kind, type EntryParser, type LabelSink, type MetricType} from './entry.ts';
import {NativeHistogram} from './native-histogram.ts';

const BOUNDARY = 'le';
const SUFFIXES = ['_bucket', '_sum', '_count'] as const;
const NO_BYTES = new Uint8Array(0);

type Suffix = (typeof SUFFIXES)[number];

interface Exemplar {
  readonly labels: readonly (readonly [name: string, value: string])[];
  readonly value: number;
  readonly hasTimestamp: boolean;
  readonly timestampMs: number;
}

export interface CustomBucketOptions {
  /** Gives the lines of classic histograms too. */
  readonly keepClassic: boolean;
  /** Asks the wrapped parser when histograms began, which may cost a look ahead. */
  readonly startTimestamps: boolean;
}

/** Makes native histograms with custom buckets of the classic histograms that a parser of text finds, as upstream. */
export class CustomBucketParser implements EntryParser {
  readonly histogram = new NativeHistogram();

  private readonly inner: EntryParser;
  private readonly options: CustomBucketOptions;
  private readonly classic = new ClassicHistogram();
  private readonly ownValues = new Float64Array(2);
  /** What the wrapped parser found last. */
  private entry: EntryKind = Kind.End;
  /** Whether a collected histogram is being given, and the wrapped parser is one entry ahead. */
  private isGiving = false;
  private isCollecting = false;
  /** Labels of the line that the wrapped parser is at, when it may belong to a histogram. */
  private lineLabels: Labels | undefined;
  /** The family that the last `# TYPE` declared. */
  private typeName = '';
  private ownType: MetricType = 'unknown';

  private collectedName = '';
  /** The labels that all lines of the histogram have. */
  private collectedKey = '';
  private collectedLabels: Labels | undefined;
  private collectedUnit = '';
  private collectedStartMs = 0;
  private collectedHasTimestamp = false;
  private collectedTimestampMs = 0;
  private exemplars: Exemplar[] = [];
  private nextExemplarAt = 0;
  private ownBytes: Uint8Array = NO_BYTES;

  constructor(inner: EntryParser, options: CustomBucketOptions) {
    this.inner = inner;
    this.options = options;
  }

  reset(body: Uint8Array, start = 0, end = body.length): void {
    this.inner.reset(body, start, end);
    this.entry = Kind.End;
    this.isGiving = this.isCollecting = false;
    this.lineLabels = undefined;
    this.typeName = '';
    this.ownType = 'unknown';
    this.classic.clear();
    this.exemplars = [];
  }

  next(): EntryKind {
    if (this.isGiving) {
      this.isGiving = false;
      this.exemplars = [];
      if (this.entry !== Kind.Series || this.isShown()) return this.entry;
    }
    for (;;) {
      this.entry = this.inner.next();
      this.lineLabels = this.mayBelong() ? this.inner.seriesLabels() : undefined;
      if (this.entry === Kind.Type) this.takeType();
      if (this.isCollecting && !this.goesOn() && this.finish()) return Kind.Histogram;
      if (this.entry !== Kind.Series || this.isShown()) return this.entry;
    }
  }

  private takeType(): void {
    this.typeName = this.inner.name();
    this.ownType = this.inner.metricType;
  }

  private mayBelong(): boolean {
    return this.entry === Kind.Series && this.ownType === 'histogram';
  }

  /** Takes the line for a histogram if it is one's; says whether the line itself is given. */
  private isShown(): boolean {
    return !this.collect() || this.options.keepClassic;
  }

  /** Whether the entry is one more line of the histogram being collected. */
  private goesOn(): boolean {
    const labels = this.lineLabels;
    if (labels === undefined) return false;
    const [, name] = splitName(labels.get(METRIC_NAME));
    return name === this.collectedName && keyOf(labels) === this.collectedKey;
  }

  /** Whether the line belongs to a classic histogram; then its value is taken. */
  private collect(): boolean {
    const labels = this.lineLabels;
    if (labels === undefined) return false;
    const [suffix, name] = splitName(labels.get(METRIC_NAME));
    if (suffix === undefined || name !== this.typeName) return false;
    const bound = suffix === '_bucket' ? boundOf(labels) : 0;
    if (bound === undefined) return false;
    if (!this.isCollecting) this.begin(labels, name);
    this.collectedHasTimestamp = this.inner.hasTimestamp;
    this.collectedTimestampMs = this.inner.timestampMs;
    this.collectExemplars();
    const [value] = this.inner.values;
    if (suffix === '_bucket') this.classic.setBucket(bound, value);
    else if (suffix === '_count') this.classic.setCount(value);
    else this.classic.setSum(value);
    return true;
  }

  private begin(labels: Labels, name: string): void {
    this.isCollecting = true;
    this.collectedName = name;
    this.collectedKey = keyOf(labels);
    this.collectedLabels = new LabelsBuilder(labels).set(METRIC_NAME, name).del(BOUNDARY).labels();
    this.collectedUnit = this.inner.unit;
    this.collectedStartMs = this.options.startTimestamps ? this.inner.startTimestampMs() : 0;
  }

  private collectExemplars(): void {
    const {inner} = this;
    while (inner.nextExemplar()) {
      const labels: [string, string][] = [];
      inner.exemplarLabels({set: (name, value) => labels.push([name, value])});
      this.exemplars.push({
        labels,
        value: inner.values[1],
        hasTimestamp: inner.hasExemplarTimestamp,
        timestampMs: inner.exemplarTimestampMs,
      });
    }
  }

  /** Ends collecting; whether a histogram came of it. One with faults is left out. */
  private finish(): boolean {
    const fault = this.classic.convert(this.histogram);
    this.classic.clear();
    this.isCollecting = false;
    this.isGiving = fault === undefined && !this.hasNegative();
    if (!this.isGiving) this.exemplars = [];
    this.nextExemplarAt = 0;
    if (this.isGiving) this.ownBytes = Buffer.from(seriesText(this.collectedLabels!));
    return this.isGiving;
  }

  private hasNegative(): boolean {
    const {counts, bucketCount} = this.histogram.positive;
    return counts.subarray(0, bucketCount).some((count) => count < 0);
  }

  get metricType(): MetricType {
    return this.isGiving ? 'histogram' : this.inner.metricType;
  }

  get unit(): string {
    return this.isGiving ? this.collectedUnit : this.inner.unit;
  }

  get seriesBytes(): Uint8Array {
    return this.isGiving ? this.ownBytes : this.inner.seriesBytes;
  }

  get seriesStart(): number {
    return this.isGiving ? 0 : this.inner.seriesStart;
  }

  get seriesEnd(): number {
    return this.isGiving ? this.ownBytes.length : this.inner.seriesEnd;
  }

  get labelCount(): number {
    return this.isGiving ? this.collectedLabels!.length - 1 : this.inner.labelCount;
  }

  get values(): Float64Array {
    return this.isGiving ? this.ownValues : this.inner.values;
  }

  get hasTimestamp(): boolean {
    return this.isGiving ? this.collectedHasTimestamp : this.inner.hasTimestamp;
  }

  get timestampMs(): number {
    return this.isGiving ? this.collectedTimestampMs : this.inner.timestampMs;
  }

  labels(out: LabelSink): void {
    if (!this.isGiving) return this.inner.labels(out);
    for (const [name, value] of this.collectedLabels!.entries()) out.set(name, value);
  }

  seriesLabels(): Labels {
    return this.isGiving ? this.collectedLabels! : this.inner.seriesLabels();
  }

  duplicateLabel(): string | undefined {
    return this.isGiving ? undefined : this.inner.duplicateLabel();
  }

  startTimestampMs(): number {
    return this.isGiving || this.isCollecting ? this.collectedStartMs : this.inner.startTimestampMs();
  }

  nextExemplar(): boolean {
    if (!this.isGiving) return this.inner.nextExemplar();
    if (this.nextExemplarAt === this.exemplars.length) return false;
    this.ownValues[1] = this.exemplars[this.nextExemplarAt++].value;
    return true;
  }

  private get shownExemplar(): Exemplar {
    return this.exemplars[this.nextExemplarAt - 1];
  }

  get hasExemplarTimestamp(): boolean {
    return this.isGiving ? this.shownExemplar.hasTimestamp : this.inner.hasExemplarTimestamp;
  }

  get exemplarTimestampMs(): number {
    return this.isGiving ? this.shownExemplar.timestampMs : this.inner.exemplarTimestampMs;
  }

  exemplarLabels(out: LabelSink): void {
    if (!this.isGiving) return this.inner.exemplarLabels(out);
    for (const [name, value] of this.shownExemplar.labels) out.set(name, value);
  }

  name(): string {
    return this.isGiving ? this.collectedName : this.inner.name();
  }

  text(): string {
    return this.inner.text();
  }
}

function splitName(name: string): [suffix: Suffix | undefined, base: string] {
  for (const suffix of SUFFIXES) if (name.endsWith(suffix)) return [suffix, name.slice(0, -suffix.length)];
  return [undefined, name];
}

/** The upper bound of a bucket, undefined when the line has none that can be read. */
function boundOf(labels: Labels): number | undefined {
  const bound = parseGoFloat(labels.get(BOUNDARY));
  return bound === undefined || Number.isNaN(bound) ? undefined : bound;
}

/** Labels but the name and the bound of the bucket, as one text. */
function keyOf(labels: Labels): string {
  let key = '';
  for (const [name, value] of labels.entries()) {
    if (name !== METRIC_NAME && name !== BOUNDARY) key += `${name.length} ${value.length} ${name}${value}`;
  }
  return key;
}

/** The series as a line of text begins, without blanks; as upstream, also where the name would need quotes. */
function seriesText(labels: Labels): string {
  const parts: string[] = [];
  for (const [name, value] of labels.entries()) {
    if (name !== METRIC_NAME) parts.push(`${formatLabelName(name)}=${quoteGo(value)}`);
  }
  const metric = labels.get(METRIC_NAME);
  return parts.length === 0 ? metric : `${metric}{${parts.join(',')}}`;
}
