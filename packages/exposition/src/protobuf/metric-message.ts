import {FloatColumn, IntColumn} from './columns.ts';
import {ExemplarTable} from './exemplar-table.ts';
import {HistogramMessage} from './histogram-message.ts';
import {readLabelPair} from './label-pair.ts';
import {readTimestampMs, saturatedMs} from './timestamp.ts';
import {WIRE, type WireReader} from './wire-reader.ts';

/** Types of families by their number in the format. */
export const FAMILY_TYPE = {counter: 0, gauge: 1, summary: 2, untyped: 3, histogram: 4, gaugeHistogram: 5} as const;

/** Fields of a Metric that hold what is measured. */
export const POINT_FIELD = {gauge: 2, counter: 3, summary: 4, untyped: 5, histogram: 7} as const;

/** The field that the metrics of a family of each type hold their value in. */
const FIELD_OF_TYPE: readonly number[] = [
  POINT_FIELD.counter,
  POINT_FIELD.gauge,
  POINT_FIELD.summary,
  POINT_FIELD.untyped,
  POINT_FIELD.histogram,
  POINT_FIELD.histogram,
];

/** One Metric of a family, read into columns that the next one uses again. Offsets count bytes of the body. */
export class MetricMessage {
  /** Four offsets a label, in the order of the message. */
  readonly labels = new IntColumn();
  /** 0 is none. */
  timestampMs = 0;
  /** 0 is none. */
  startMs = 0;
  readonly exemplars = new ExemplarTable();
  readonly histogram = new HistogramMessage(this.exemplars);

  /** The value of a counter, gauge or untyped metric, or the sum of a summary; its bits are those of the message. */
  readonly value = new Float64Array(1);
  readonly valueWords = new Uint32Array(this.value.buffer);
  /** The exemplar of a counter, -1 without. */
  exemplar = -1;
  /** Observations of a summary. */
  summaryCount = 0;
  readonly quantiles = new FloatColumn();
  readonly quantileValues = new FloatColumn();

  /** Reads the message that `reader` has entered; of what it may hold only the point of a family of type `type`. */
  read(reader: WireReader, type: number): void {
    this.clear();
    const pointField = FIELD_OF_TYPE[type];
    while (reader.nextField('Metric')) {
      const {field} = reader;
      if (field === 1) readLabelPair(reader, this.labels);
      else if (field === 6) this.timestampMs = saturatedMs(reader.readInt64('TimestampMs'));
      else if (field === pointField) this.readPoint(reader);
      else reader.skip();
    }
  }

  private clear(): void {
    this.labels.clear();
    this.timestampMs = 0;
    this.startMs = 0;
    this.exemplars.clear();
    this.exemplar = -1;
    this.value[0] = 0;
    this.summaryCount = 0;
    this.quantiles.clear();
    this.quantileValues.clear();
    this.histogram.clear();
  }

  private readPoint(reader: WireReader): void {
    switch (reader.field) {
      case POINT_FIELD.counter:
        return this.readCounter(reader);
      case POINT_FIELD.summary:
        return this.readSummary(reader);
      case POINT_FIELD.histogram:
        this.histogram.read(reader);
        this.startMs = this.histogram.startMs;
        return;
      default:
        return this.readNumber(reader, reader.field === POINT_FIELD.gauge ? 'Gauge' : 'Untyped');
    }
  }

  private readNumber(reader: WireReader, name: string): void {
    const outer = reader.enter(name);
    while (reader.nextField(name)) {
      if (reader.field === 1) this.readValue(reader, 'Value');
      else reader.skip();
    }
    reader.leave(outer);
  }

  private readCounter(reader: WireReader): void {
    const outer = reader.enter('Counter');
    while (reader.nextField('Counter')) {
      if (reader.field === 1) this.readValue(reader, 'Value');
      else if (reader.field === 2) this.exemplar = this.exemplars.read(reader, 'Exemplar');
      else if (reader.field === 3) this.startMs = readTimestampMs(reader, 'StartTimestamp');
      else reader.skip();
    }
    reader.leave(outer);
  }

  private readSummary(reader: WireReader): void {
    const outer = reader.enter('Summary');
    while (reader.nextField('Summary')) {
      if (reader.field === 1) this.summaryCount = reader.readUint64('SampleCount');
      else if (reader.field === 2) this.readValue(reader, 'SampleSum');
      else if (reader.field === 3) this.readQuantile(reader);
      else if (reader.field === 4) this.startMs = readTimestampMs(reader, 'StartTimestamp');
      else reader.skip();
    }
    reader.leave(outer);
  }

  private readQuantile(reader: WireReader): void {
    const outer = reader.enter('Quantile');
    let quantile = 0;
    const i = this.quantileValues.grow();
    this.quantileValues.values[i] = 0;
    while (reader.nextField('Quantile')) {
      if (reader.field === 1) quantile = reader.readDouble('Quantile');
      else if (reader.field === 2) {
        reader.expect(WIRE.fixed64, 'Value');
        reader.readDoubleBits(this.quantileValues.words, i);
      } else reader.skip();
    }
    reader.leave(outer);
    this.quantiles.push(quantile);
  }

  private readValue(reader: WireReader, name: string): void {
    reader.expect(WIRE.fixed64, name);
    reader.readDoubleBits(this.valueWords, 0);
  }
}
