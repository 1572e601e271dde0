import type {Labels} from '@narthex/model/labels.ts';
import {quoteGo} from '@narthex/model/quote.ts';
import {isStaleAt, NORMAL_NAN_BITS} from '@narthex/model/stale.ts';
import {COUNTER_RESET} from '@narthex/model/histogram/float-histogram.ts';
import {ClassicHistogram} from './custom-buckets.ts';
import {
  type EntryKind,
  EntryKind as Kind,
  type EntryParser,
  type EntryParserOptions,
  type LabelSink,
  type MetricType,
} from './entry.ts';
import {duplicateName, labelsOf} from './label-pairs.ts';
import {NativeHistogram} from './native-histogram.ts';
import {BoundaryTexts} from './protobuf/boundary-texts.ts';
import type {IntColumn} from './protobuf/columns.ts';
import {FamilyMessage} from './protobuf/family-message.ts';
import {FAMILY_TYPE, MetricMessage} from './protobuf/metric-message.ts';
import {nativeFault, takeNative} from './protobuf/native-message.ts';
import {BOUNDARY, type FamilyLabel, SeriesBytes} from './protobuf/series-bytes.ts';
import {WireReader} from './protobuf/wire-reader.ts';

/** What is left to give of a metric, in this order. */
const NATIVE = 1;
/** The one series of a counter, gauge or untyped metric. */
const NUMBER = 2;
/** The series of a summary or a classic histogram: count, sum, then quantiles or buckets. */
const FIELDS = 4;
/** The classic histogram as a native one. */
const CUSTOM = 8;

const COUNT_FIELD = 0;
const SUM_FIELD = 1;
const FIRST_BOUNDARY = 2;

const SUFFIX = {
  none: Buffer.from(''),
  count: Buffer.from('_count'),
  sum: Buffer.from('_sum'),
  bucket: Buffer.from('_bucket'),
} as const;

const TYPE_LABEL = Buffer.from('__type__');
const UNIT_LABEL = Buffer.from('__unit__');
/** Offsets are kept in 31 bits. */
const BODY_BYTES_MAX = 2 ** 31 - 1;

/**
 * Reads delimited `io.prometheus.client.MetricFamily` messages, entry by entry as from text: help, unit when there is one, type, then the series of each
 * metric. Metrics without a message of the family's type count as 0; unknown fields are skipped. Errors are in upstream's words (model/textparse).
 */
export class ProtobufParser implements EntryParser {
  unit = '';
  readonly seriesStart = 0;
  readonly values = new Float64Array(2);
  readonly histogram = new NativeHistogram();
  hasExemplarTimestamp = false;
  exemplarTimestampMs = 0;

  private readonly options: EntryParserOptions;
  private readonly reader = new WireReader();
  private readonly family = new FamilyMessage(this.reader);
  private readonly metric = new MetricMessage();
  private readonly series = new SeriesBytes(this.reader);
  private readonly classic = new ClassicHistogram();
  private readonly boundaries = new BoundaryTexts();
  private readonly words = new Uint32Array(this.values.buffer);
  private familyEnd = 0;

  /** What `next` gave last; `End` while between families. */
  private kind: EntryKind = Kind.End;
  private pending = 0;
  /** The next series of FIELDS. */
  private field = 0;
  private fieldCount = 0;
  /** The one exemplar of the entry, -1 without. */
  private exemplar = -1;
  /** Exemplars of which those with a time are the entry's, when it may have several. */
  private exemplars: IntColumn | undefined;
  private nextExemplarAt = 0;
  /** The exemplar that `nextExemplar` found. */
  private shownExemplar = -1;

  constructor(options: EntryParserOptions = {}) {
    this.options = options;
  }

  reset(body: Uint8Array, start = 0, end = body.length): void {
    this.reader.load(body, start, end);
    this.familyEnd = start;
    this.pending = 0;
    this.beginEntry();
    this.kind = Kind.End;
    this.unit = '';
    if (end > BODY_BYTES_MAX) throw this.reader.fault(`body of ${end} bytes, want at most ${BODY_BYTES_MAX}`);
  }

  next(): EntryKind {
    this.beginEntry();
    this.kind = this.advance();
    return this.kind;
  }

  private beginEntry(): void {
    this.exemplar = this.shownExemplar = -1;
    this.exemplars = undefined;
    this.nextExemplarAt = 0;
    this.hasExemplarTimestamp = false;
    this.exemplarTimestampMs = 0;
  }

  private advance(): EntryKind {
    switch (this.kind) {
      case Kind.End:
        return this.enterFamily();
      case Kind.Help:
        return this.unit === '' ? Kind.Type : Kind.Unit;
      case Kind.Unit:
        return Kind.Type;
      default:
        return this.nextSample();
    }
  }

  private enterFamily(): EntryKind {
    const {reader, family} = this;
    reader.at = this.familyEnd;
    while (reader.enterDelimited()) {
      this.familyEnd = reader.end;
      if (family.read()) {
        this.unit = family.unit();
        const extra = this.options.typeAndUnitLabels === true ? this.familyLabels() : undefined;
        this.series.setFamily(family.nameStart, family.nameEnd, extra);
        return Kind.Help;
      }
      reader.at = reader.end;
    }
    return Kind.End;
  }

  private familyLabels(): FamilyLabel[] {
    const labels: FamilyLabel[] = [];
    if (this.metricType !== 'unknown') labels.push({name: TYPE_LABEL, value: Buffer.from(this.metricType)});
    if (this.unit !== '') labels.push({name: UNIT_LABEL, value: Buffer.from(this.unit)});
    return labels;
  }

  private nextSample(): EntryKind {
    while (this.pending === 0) {
      if (!this.family.enterMetric()) return this.enterFamily();
      const bytes = this.reader.end - this.reader.at;
      this.metric.read(this.reader, this.family.type);
      this.reader.leave(this.familyEnd);
      this.plan(bytes);
    }
    if (this.pending & NATIVE) return this.takeNative();
    if (this.pending & NUMBER) return this.takeNumber();
    return this.pending & FIELDS ? this.takeField() : this.takeCustom();
  }

  /** Decides what the metric that was just read, a message of `bytes` bytes, gives. */
  private plan(bytes: number): void {
    const {metric, family} = this;
    this.field = 0;
    this.fieldCount = 0;
    switch (family.type) {
      case FAMILY_TYPE.summary:
        this.pending = FIELDS;
        this.fieldCount = FIRST_BOUNDARY + metric.quantiles.length;
        break;
      case FAMILY_TYPE.histogram:
      case FAMILY_TYPE.gaugeHistogram:
        this.pending = this.planHistogram();
        if (this.pending & FIELDS) this.fieldCount = FIRST_BOUNDARY + this.bucketSeries();
        break;
      default:
        this.pending = NUMBER;
    }
    this.series.setLabels(metric.labels, {
      bytes,
      boundary: this.isSummary ? BOUNDARY.quantile : BOUNDARY.le,
      seriesCount: this.fieldCount + 1,
    });
  }

  private planHistogram(): number {
    const {histogram} = this.metric;
    const {ignoreNativeHistograms, keepClassicHistograms, convertClassicHistograms} = this.options;
    if (ignoreNativeHistograms === true || !histogram.isNative) {
      if (convertClassicHistograms !== true) return FIELDS;
      return keepClassicHistograms === true ? FIELDS | CUSTOM : CUSTOM;
    }
    const fault = nativeFault(histogram);
    if (fault !== undefined) throw this.reader.fault(`histogram ${quoteGo(this.family.name())}: ${fault}`);
    return keepClassicHistograms === true && histogram.bounds.length > 0 ? NATIVE | FIELDS : NATIVE;
  }

  /** Buckets up to the first for +Inf; when none is, one more. */
  private bucketSeries(): number {
    const {values, length} = this.metric.histogram.bounds;
    const infinite = values.subarray(0, length).indexOf(Infinity);
    return infinite < 0 ? length + 1 : infinite + 1;
  }

  private takeNative(): EntryKind {
    this.pending &= ~NATIVE;
    takeNative(this.metric.histogram, this.isGauge, this.histogram);
    return this.giveHistogram();
  }

  private takeCustom(): EntryKind {
    this.pending &= ~CUSTOM;
    const {classic} = this;
    const {histogram} = this.metric;
    classic.clear();
    classic.setCount(histogram.count);
    classic.setSum(histogram.sampleSum);
    for (let i = 0; i < histogram.bounds.length; i++) {
      classic.setBucket(histogram.bounds.values[i], histogram.counts.values[i]);
    }
    const fault = classic.convert(this.histogram);
    if (fault !== undefined) throw this.reader.fault(fault);
    if (this.isGauge) this.histogram.counterReset = COUNTER_RESET.gauge;
    return this.giveHistogram();
  }

  private get isGauge(): boolean {
    return this.family.type === FAMILY_TYPE.gaugeHistogram;
  }

  private giveHistogram(): EntryKind {
    const {exemplars, bucketExemplars} = this.metric.histogram;
    this.exemplars = exemplars.length > 0 ? exemplars : bucketExemplars;
    this.series.setPlain();
    return Kind.Histogram;
  }

  private takeNumber(): EntryKind {
    this.pending &= ~NUMBER;
    this.exemplar = this.metric.exemplar;
    this.series.setPlain();
    this.setValueBits(0, this.metric.valueWords, 0);
    return Kind.Series;
  }

  private takeField(): EntryKind {
    const {field} = this;
    this.field = field + 1;
    if (this.field === this.fieldCount) this.pending &= ~FIELDS;
    if (field === COUNT_FIELD) this.giveCount();
    else if (field === SUM_FIELD) this.giveSum();
    else this.giveBoundary(field - FIRST_BOUNDARY);
    return Kind.Series;
  }

  private giveCount(): void {
    const {metric} = this;
    this.series.setSuffixed(SUFFIX.count);
    this.setValue(this.isSummary ? metric.summaryCount : metric.histogram.count);
  }

  private giveSum(): void {
    this.series.setSuffixed(SUFFIX.sum);
    if (this.isSummary) this.setValueBits(0, this.metric.valueWords, 0);
    else this.setValue(this.metric.histogram.sampleSum);
  }

  private giveBoundary(i: number): void {
    const {quantiles, quantileValues, histogram} = this.metric;
    if (this.isSummary) {
      this.series.setBounded(SUFFIX.none, BOUNDARY.quantile, this.boundaries.at(i, quantiles.values[i]));
      this.setValueBits(0, quantileValues.words, i);
      return;
    }
    const isGiven = i < histogram.bounds.length;
    const bound = isGiven ? histogram.bounds.values[i] : Infinity;
    this.series.setBounded(SUFFIX.bucket, BOUNDARY.le, this.boundaries.at(i, bound));
    this.setValue(isGiven ? histogram.counts.values[i] : histogram.count);
    if (isGiven) this.exemplar = histogram.bucketExemplars.values[i];
  }

  private get isSummary(): boolean {
    return this.family.type === FAMILY_TYPE.summary;
  }

  private setValue(value: number): void {
    this.values[0] = value;
    this.settleNan(0);
  }

  /** Takes bits `i` of `words` for cell `cell` of the values. */
  private setValueBits(cell: number, words: Uint32Array, i: number): void {
    this.words[2 * cell] = words[2 * i];
    this.words[2 * cell + 1] = words[2 * i + 1];
    this.settleNan(cell);
  }

  /** No NaN with other bits than the two known ones goes further: storage uses some of them for what is no float. */
  private settleNan(cell: number): void {
    if (!Number.isNaN(this.values[cell]) || isStaleAt(this.words, cell)) return;
    this.words[2 * cell] = NAN_LOW;
    this.words[2 * cell + 1] = NAN_HIGH;
  }

  get metricType(): MetricType {
    return this.family.metricType;
  }

  get seriesBytes(): Uint8Array {
    return this.series.bytes;
  }

  get seriesEnd(): number {
    return this.series.length;
  }

  get labelCount(): number {
    return this.series.labelCount;
  }

  get hasTimestamp(): boolean {
    // As upstream: no time and the time 0 are the same.
    return this.metric.timestampMs !== 0;
  }

  get timestampMs(): number {
    return this.metric.timestampMs;
  }

  labels(out: LabelSink): void {
    const pairs = this.series.pairs();
    for (let i = 0; i < pairs.length; i += 2) out.set(pairs[i], pairs[i + 1]);
  }

  seriesLabels(): Labels {
    return labelsOf(this.series.pairs());
  }

  duplicateLabel(): string | undefined {
    return duplicateName(this.series.pairs());
  }

  startTimestampMs(): number {
    return this.metric.startMs;
  }

  nextExemplar(): boolean {
    const i = this.findExemplar();
    this.shownExemplar = i;
    if (i < 0) return false;
    const {exemplars} = this.metric;
    this.setValueBits(1, exemplars.values.words, i);
    this.hasExemplarTimestamp = exemplars.timed.values[i] === 1;
    this.exemplarTimestampMs = exemplars.timesMs.values[i];
    return true;
  }

  private findExemplar(): number {
    const {exemplars: candidates, exemplar} = this;
    if (candidates === undefined) {
      this.exemplar = -1;
      return exemplar;
    }
    const {timed} = this.metric.exemplars;
    while (this.nextExemplarAt < candidates.length) {
      const i = candidates.values[this.nextExemplarAt++];
      // Exemplars of native histograms need a time, as upstream.
      if (i >= 0 && timed.values[i] === 1) return i;
    }
    return -1;
  }

  exemplarLabels(out: LabelSink): void {
    const {exemplars} = this.metric;
    const i = this.shownExemplar;
    if (i < 0) return;
    const {bytes} = this.reader;
    const body = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
    const ranges = exemplars.labels.values;
    for (let label = 0; label < exemplars.labelCount(i); label++) {
      const at = exemplars.labelAt(i, label);
      out.set(body.toString('utf8', ranges[at], ranges[at + 1]), body.toString('utf8', ranges[at + 2], ranges[at + 3]));
    }
  }

  name(): string {
    return this.kind === Kind.Series || this.kind === Kind.Histogram ? this.series.pairs()[1] : this.family.name();
  }

  text(): string {
    if (this.kind === Kind.Type) return this.metricType;
    return this.kind === Kind.Help ? this.family.help() : this.unit;
  }
}

const NAN_LOW = Number(NORMAL_NAN_BITS & 0xffffffffn);
const NAN_HIGH = Number(NORMAL_NAN_BITS >> 32n);
