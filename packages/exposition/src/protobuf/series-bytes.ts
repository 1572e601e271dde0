// The bytes that stand for a series: its metric name, then for each label, sorted by name, 0xff name 0xff value. No UTF-8 text
// has the byte 0xff, so different series have different bytes. Upstream puts the metric name where `__name__` sorts, behind
// labels in capitals, without a 0xff: there two series can have the same bytes.
import {isUtf8} from 'node:buffer';
import {METRIC_NAME} from '@narthex/model/labels.ts';
import type {IntColumn} from './columns.ts';
import {LABEL_RANGE} from './label-pair.ts';
import type {WireReader} from './wire-reader.ts';

const SEPARATOR = 0xff;
const BOUNDARY_BYTES_MAX = 64;
/** Bytes of all series of one metric: many buckets of very long labels grow with the square of the body. */
const METRIC_BYTES_MAX = 64 * 1024 * 1024;

/** A label that every series of a family has. */
export interface FamilyLabel {
  readonly name: Uint8Array;
  readonly value: Uint8Array;
}

/** The label that tells buckets or quantiles apart. */
export const BOUNDARY = {le: Buffer.from('le'), quantile: Buffer.from('quantile')} as const;

const METRIC_NAME_BYTES: Uint8Array = Buffer.from(METRIC_NAME);

/** Puts the bytes of series together, one metric after the other. */
export class SeriesBytes {
  /** Replaced when it grows. */
  bytes: Uint8Array = new Uint8Array(1024);
  length = 0;
  /** Labels of the series, without the metric name. */
  labelCount = 0;
  /** The labels of the metric, in order, as they stand in every series of it. */
  private labels: Uint8Array = new Uint8Array(1024);
  private labelsLength = 0;
  private metricLabels = 0;
  private labelsAscii = true;
  /** Where in `labels` the boundary belongs. */
  private boundaryAt = 0;
  /** Where the value of the boundary starts in `bytes`, 0 while the series has none. */
  private valueAt = 0;

  /** Whether all bytes but separators are ASCII. */
  private isAscii = true;
  private readonly reader: WireReader;
  private nameStart = 0;
  private nameEnd = 0;
  private nameAscii = true;
  private extra: readonly FamilyLabel[] | undefined;
  private order = new Uint32Array(16);

  constructor(reader: WireReader) {
    this.reader = reader;
  }

  /**
   * Starts a family whose name is body[start, end). `extra`, sorted by name, are labels of all its series; they and the
   * metric name replace labels of its metrics with the same names. Undefined: a metric says all by itself.
   */
  setFamily(start: number, end: number, extra: readonly FamilyLabel[] | undefined): void {
    this.nameStart = start;
    this.nameEnd = end;
    this.nameAscii = isAscii(this.reader.bytes, start, end);
    this.extra = extra;
  }

  /**
   * Takes the labels of a metric, offsets in the body as `readLabelPair` gives them; throws `ParseError` for names and
   * values that are not UTF-8. `boundary` is the name of the label that its series will have besides, `seriesMax` how
   * many there will be.
   */
  setLabels(ranges: IntColumn, boundary: Uint8Array | undefined, seriesMax: number): void {
    this.valueAt = 0;
    this.labelsLength = 0;
    this.metricLabels = 0;
    this.labelsAscii = true;
    this.boundaryAt = -1;
    this.reserveLabels(ranges);
    this.sort(ranges);
    if (this.extra === undefined) this.putLabels(ranges, boundary);
    else this.mergeLabels(ranges, this.extra, boundary);
    if (this.boundaryAt < 0) this.boundaryAt = this.labelsLength;
    if (this.labelsLength * seriesMax <= METRIC_BYTES_MAX) return;
    throw this.reader.fault(`labels of ${this.labelsLength} bytes in ${seriesMax} series of a metric are too long`);
  }

  private putLabels(ranges: IntColumn, boundary: Uint8Array | undefined): void {
    const count = ranges.length / LABEL_RANGE;
    for (let i = 0; i < count; i++) this.putLabel(ranges, this.order[i], boundary);
  }

  private mergeLabels(ranges: IntColumn, extra: readonly FamilyLabel[], boundary: Uint8Array | undefined): void {
    const count = ranges.length / LABEL_RANGE;
    let next = 0;
    for (let i = 0; i < count; i++) {
      const at = this.order[i];
      while (next < extra.length && this.compareName(ranges, at, extra[next].name) >= 0) this.putExtra(extra[next++]);
      if (!this.isReplaced(ranges, at, extra)) this.putLabel(ranges, at, boundary);
    }
    while (next < extra.length) this.putExtra(extra[next++]);
  }

  /** Makes the series of the metric whose name is that of the family and `suffix`. */
  set(suffix: Uint8Array): void {
    this.start(suffix);
    this.valueAt = 0;
    this.labelCount = this.metricLabels;
    this.length = copy(this.labels, 0, this.labelsLength, this.bytes, this.length);
  }

  /** Makes the same with a boundary of this value. One after the other, with the same suffix, cost only what differs. */
  setBounded(suffix: Uint8Array, boundary: Uint8Array, value: Uint8Array): void {
    if (this.valueAt === 0) {
      this.start(suffix);
      this.length = copy(this.labels, 0, this.boundaryAt, this.bytes, this.length);
      this.bytes[this.length++] = SEPARATOR;
      this.length = copy(boundary, 0, boundary.length, this.bytes, this.length);
      this.bytes[this.length++] = SEPARATOR;
      this.valueAt = this.length;
      this.labelCount = this.metricLabels + 1;
    }
    const at = copy(value, 0, value.length, this.bytes, this.valueAt);
    this.length = copy(this.labels, this.boundaryAt, this.labelsLength, this.bytes, at);
  }

  private start(suffix: Uint8Array): void {
    const bytesMax = this.nameEnd - this.nameStart + suffix.length + this.labelsLength + BOUNDARY_BYTES_MAX;
    if (bytesMax > this.bytes.length) this.bytes = new Uint8Array(2 * bytesMax);
    this.length = copy(this.reader.bytes, this.nameStart, this.nameEnd, this.bytes, 0);
    this.length = copy(suffix, 0, suffix.length, this.bytes, this.length);
    this.isAscii = this.labelsAscii && this.nameAscii;
  }

  /** The labels come in order from most clients. */
  private sort(ranges: IntColumn): void {
    const count = ranges.length / LABEL_RANGE;
    if (count > this.order.length) this.order = new Uint32Array(2 * count);
    const {order} = this;
    let sorted = true;
    for (let i = 0; i < count; i++) {
      order[i] = LABEL_RANGE * i;
      if (i > 0 && sorted) sorted = this.compareNames(ranges, order[i - 1], order[i]) <= 0;
    }
    if (!sorted) order.subarray(0, count).sort((a, b) => this.compareNames(ranges, a, b) || a - b);
  }

  private compareNames(ranges: IntColumn, a: number, b: number): number {
    const {bytes} = this.reader;
    const {values} = ranges;
    return compare(bytes, values[a], values[a + 1], bytes, values[b], values[b + 1]);
  }

  private compareName(ranges: IntColumn, at: number, name: Uint8Array): number {
    const {values} = ranges;
    return compare(this.reader.bytes, values[at], values[at + 1], name, 0, name.length);
  }

  /** Whether the family says itself what the label says. */
  private isReplaced(ranges: IntColumn, at: number, extra: readonly FamilyLabel[]): boolean {
    if (this.compareName(ranges, at, METRIC_NAME_BYTES) === 0) return true;
    return extra.some(({name}) => this.compareName(ranges, at, name) === 0);
  }

  private putExtra({name, value}: FamilyLabel): void {
    this.labels[this.labelsLength] = SEPARATOR;
    let at = copy(name, 0, name.length, this.labels, this.labelsLength + 1);
    this.labels[at++] = SEPARATOR;
    this.labelsLength = copy(value, 0, value.length, this.labels, at);
    if (!isAscii(value, 0, value.length)) this.labelsAscii = false;
    this.metricLabels++;
  }

  private putLabel(ranges: IntColumn, at: number, boundary: Uint8Array | undefined): void {
    const {values} = ranges;
    if (values[at] === values[at + 1]) throw this.reader.fault('invalid label name: ');
    if (boundary !== undefined && this.boundaryAt < 0 && this.compareName(ranges, at, boundary) > 0) {
      this.boundaryAt = this.labelsLength;
    }
    this.putPart(values[at], values[at + 1], 'name');
    this.putPart(values[at + 2], values[at + 3], 'value');
    this.metricLabels++;
  }

  private putPart(start: number, end: number, what: string): void {
    const {labels} = this;
    const {bytes} = this.reader;
    let at = this.labelsLength;
    labels[at++] = SEPARATOR;
    let bits = 0;
    for (let i = start; i < end; i++) {
      const byte = bytes[i];
      bits |= byte;
      labels[at++] = byte;
    }
    this.labelsLength = at;
    if (bits < 0x80) return;
    this.labelsAscii = false;
    const part = bytes.subarray(start, end);
    if (!isUtf8(part)) throw this.reader.fault(`invalid label ${what}: ${Buffer.from(part).toString()}`, start);
  }

  private reserveLabels({values, length}: IntColumn): void {
    let bytes = 0;
    for (let i = 0; i < length; i += LABEL_RANGE)
      bytes += 2 + values[i + 1] - values[i] + values[i + 3] - values[i + 2];
    for (const {name, value} of this.extra ?? []) bytes += 2 + name.length + value.length;
    if (bytes > this.labels.length) this.labels = new Uint8Array(2 * bytes);
  }

  /** Name, value, name, value... of the series, the metric name first, the others in order. */
  pairs(): string[] {
    const text = Buffer.from(this.bytes.buffer, 0, this.length).toString('latin1');
    const parts = text.split('\xff');
    if (!this.isAscii) for (const [i, part] of parts.entries()) parts[i] = Buffer.from(part, 'latin1').toString();
    parts.unshift(METRIC_NAME);
    return parts;
  }
}

/** Copies source[start, end) to target[at...) and gives the offset behind it. Short copies are quicker so than with `set`. */
function copy(source: Uint8Array, start: number, end: number, target: Uint8Array, at: number): number {
  for (let i = start; i < end; i++) target[at++] = source[i];
  return at;
}

/** Whether bytes[start, end) are ASCII. */
export function isAscii(bytes: Uint8Array, start: number, end: number): boolean {
  let bits = 0;
  for (let i = start; i < end; i++) bits |= bytes[i];
  return bits < 0x80;
}

function compare(a: Uint8Array, at: number, aEnd: number, b: Uint8Array, bAt: number, bEnd: number): number {
  while (at < aEnd && bAt < bEnd) {
    const difference = a[at++] - b[bAt++];
    if (difference !== 0) return difference;
  }
  return aEnd - at - (bEnd - bAt);
}
