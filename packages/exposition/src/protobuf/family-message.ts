import {isUtf8} from 'node:buffer';
import {quoteGo} from '@narthex/model/quote.ts';
import type {MetricType} from '../entry.ts';
import {FAMILY_TYPE} from './metric-message.ts';
import {isAscii} from './series-bytes.ts';
import type {WireReader} from './wire-reader.ts';

const METRIC_FIELD = 4;

const TYPES: Readonly<Record<keyof typeof FAMILY_TYPE, MetricType>> = {
  counter: 'counter',
  gauge: 'gauge',
  summary: 'summary',
  untyped: 'unknown',
  histogram: 'histogram',
  gaugeHistogram: 'gaugehistogram',
};

/** Names of types by number. */
const TYPE_OF_NUMBER: ReadonlyMap<number, MetricType> = new Map(
  Object.entries(FAMILY_TYPE).map(([key, number]) => [number, TYPES[key as keyof typeof FAMILY_TYPE]]),
);

/** A MetricFamily message but for its metrics, which are read one by one. Offsets count bytes of the body. */
export class FamilyMessage {
  /** Number of the type, one of FAMILY_TYPE. */
  type = 0;
  metricType: MetricType = 'unknown';
  nameStart = 0;
  nameEnd = 0;
  helpStart = 0;
  helpEnd = 0;
  unitStart = 0;
  unitEnd = 0;

  private readonly reader: WireReader;
  /** How many metrics are left. */
  private metrics = 0;

  constructor(reader: WireReader) {
    this.reader = reader;
  }

  /** Reads the message that the reader has entered; false when it has no metrics. Throws ParseError. */
  read(): boolean {
    const {reader} = this;
    const start = reader.at;
    this.clear();
    while (reader.nextField('MetricFamily')) this.readField();
    reader.at = start;
    if (this.metrics > 0) this.check();
    return this.metrics > 0;
  }

  private clear(): void {
    this.type = 0;
    this.nameStart = this.nameEnd = 0;
    this.helpStart = this.helpEnd = 0;
    this.unitStart = this.unitEnd = 0;
    this.metrics = 0;
  }

  private readField(): void {
    const {reader} = this;
    switch (reader.field) {
      case 1:
        this.nameStart = reader.skipBytes('Name');
        this.nameEnd = reader.at;
        return;
      case 2:
        this.helpStart = reader.skipBytes('Help');
        this.helpEnd = reader.at;
        return;
      case 3:
        this.type = reader.readInt32('Type');
        return;
      case METRIC_FIELD:
        reader.skipBytes('Metric');
        this.metrics++;
        return;
      case 5:
        this.unitStart = reader.skipBytes('Unit');
        this.unitEnd = reader.at;
        return;
      default:
        return reader.skip();
    }
  }

  private check(): void {
    const {reader, nameStart, nameEnd} = this;
    const name = this.textOf(nameStart, nameEnd);
    if (nameStart === nameEnd || !this.isText(nameStart, nameEnd)) {
      throw reader.fault(`invalid metric name: ${name}`, nameStart);
    }
    if (!this.isText(this.helpStart, this.helpEnd)) {
      const help = this.textOf(this.helpStart, this.helpEnd);
      throw reader.fault(`invalid help for metric ${quoteGo(name)}: ${help}`, this.helpStart);
    }
    if (!this.isText(this.unitStart, this.unitEnd)) {
      const unit = this.textOf(this.unitStart, this.unitEnd);
      throw reader.fault(`invalid unit for metric ${quoteGo(name)}: ${unit}`, this.unitStart);
    }
    const type = TYPE_OF_NUMBER.get(this.type);
    if (type === undefined) throw reader.fault(`unknown metric type for metric ${quoteGo(name)}: ${this.type}`);
    this.metricType = type;
  }

  /** Enters the next metric; false when there is none. Gives nothing back: `leave` with the end of the family. */
  enterMetric(): boolean {
    if (this.metrics === 0) return false;
    const {reader} = this;
    this.metrics--;
    while (reader.nextField('MetricFamily') && reader.field !== METRIC_FIELD) reader.skip();
    reader.enter('Metric');
    return true;
  }

  private isText(start: number, end: number): boolean {
    const {bytes} = this.reader;
    return isAscii(bytes, start, end) || isUtf8(bytes.subarray(start, end));
  }

  private textOf(start: number, end: number): string {
    const {bytes} = this.reader;
    return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('utf8', start, end);
  }

  name(): string {
    return this.textOf(this.nameStart, this.nameEnd);
  }

  help(): string {
    return this.textOf(this.helpStart, this.helpEnd);
  }

  unit(): string {
    return this.textOf(this.unitStart, this.unitEnd);
  }
}
