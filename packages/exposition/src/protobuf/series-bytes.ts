// The bytes that stand for a series: its metric name, then for each label, sorted by name, 0xff name 0xff value. No UTF-8
// text has the byte 0xff, so different series have different bytes. Upstream puts the metric name where `__name__` sorts,
// behind labels in capitals, and no 0xff before it: there two series can have the same bytes.
//
// `block` has the family's name and the labels of the metric. Where nothing is added it is the series:
//
//    block    http_seconds        |code|200|path|/
//    series   http_seconds_bucket |code|200|le|0.5|path|/
import {isUtf8} from 'node:buffer';
import {METRIC_NAME} from '@narthex/model/labels.ts';
import type {IntColumn} from './columns.ts';
import {LABEL_RANGE} from './label-pair.ts';
import type {WireReader} from './wire-reader.ts';

const SEPARATOR = 0xff;
const BYTES = 1024;
/** A suffix and a boundary with its value take less. */
const ADDED_BYTES_MAX = 64;
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

/** What is known of a metric's series before their labels are read. */
export interface MetricShape {
  /** Bytes of the metric's message. */
  readonly bytes: number;
  /** The name of the label that some of its series have besides its own. */
  readonly boundary: Uint8Array;
  readonly seriesCount: number;
}

/** Puts the bytes of series together, one metric after the other. */
export class SeriesBytes {
  /** The series: bytes[0, length). Replaced by the next one. */
  bytes: Uint8Array = new Uint8Array(BYTES);
  length = 0;
  /** Labels of the series, without the metric name. */
  labelCount = 0;

  private readonly reader: WireReader;
  private block: Uint8Array = new Uint8Array(BYTES);
  private blockLength = 0;
  private nameLength = 0;
  private nameAscii = true;
  private extra: readonly FamilyLabel[] | undefined;
  private extraBytes = 0;

  private metricLabels = 0;
  private labelsAscii = true;
  /** Where in `block` the boundary belongs. */
  private boundaryAt = 0;

  /** What is put together when a series is more than `block`. */
  private composed: Uint8Array = new Uint8Array(BYTES);
  /** Where the value of the boundary starts in `composed`, 0 while the series has none. */
  private valueAt = 0;
  private order = new Uint32Array(16);

  constructor(reader: WireReader) {
    this.reader = reader;
  }

  /**
   * Starts a family whose name is body[start, end). `extra`, sorted by name, are labels of all its series; they and the
   * metric name replace labels of its metrics with the same names. Undefined: a metric says all by itself.
   */
  setFamily(start: number, end: number, extra: readonly FamilyLabel[] | undefined): void {
    this.extra = extra;
    this.extraBytes = (extra ?? []).reduce((sum, {name, value}) => sum + name.length + value.length + 2, 0);
    this.blockLength = 0;
    this.reserveBlock(end - start);
    this.nameLength = copy(this.reader.bytes, start, end, this.block, 0);
    this.nameAscii = isAscii(this.block, 0, this.nameLength);
  }

  /**
   * Takes the labels of a metric, offsets in the body as `readLabelPair` gives them; throws `ParseError` for names and
   * values that are not UTF-8.
   */
  setLabels(ranges: IntColumn, {bytes, boundary, seriesCount}: MetricShape): void {
    this.valueAt = 0;
    this.blockLength = this.nameLength;
    this.metricLabels = 0;
    this.labelsAscii = true;
    this.boundaryAt = -1;
    // A message has at least two bytes more for a name and for a value.
    this.reserveBlock(bytes + this.extraBytes);
    if (!this.isSorted(ranges)) this.sort(ranges);
    if (this.extra !== undefined) this.mergeLabels(ranges, this.extra, boundary);
    else for (let at = 0; at < ranges.length; at += LABEL_RANGE) this.putLabel(ranges, at, boundary);
    if (this.boundaryAt < 0) this.boundaryAt = this.blockLength;
    if (this.blockLength * seriesCount <= METRIC_BYTES_MAX) return;
    throw this.reader.fault(`labels of ${this.blockLength} bytes in ${seriesCount} series of a metric are too long`);
  }

  private mergeLabels(ranges: IntColumn, extra: readonly FamilyLabel[], boundary: Uint8Array): void {
    let next = 0;
    for (let at = 0; at < ranges.length; at += LABEL_RANGE) {
      while (next < extra.length && this.compareName(ranges, at, extra[next].name) >= 0) this.putExtra(extra[next++]);
      if (!this.isReplaced(ranges, at, extra)) this.putLabel(ranges, at, boundary);
    }
    while (next < extra.length) this.putExtra(extra[next++]);
  }

  /** Makes the series of the metric with the name of the family. */
  setPlain(): void {
    this.labelCount = this.metricLabels;
    this.bytes = this.block;
    this.length = this.blockLength;
  }

  /** Makes the series whose name is that of the family and `suffix`. */
  setSuffixed(suffix: Uint8Array): void {
    this.valueAt = 0;
    this.labelCount = this.metricLabels;
    const at = this.compose(suffix);
    this.length = copy(this.block, this.nameLength, this.blockLength, this.bytes, at);
  }

  /** Makes the same with a boundary of this value. One after the other, with the same suffix, cost only what differs. */
  setBounded(suffix: Uint8Array, boundary: Uint8Array, value: Uint8Array): void {
    this.labelCount = this.metricLabels + 1;
    if (this.valueAt === 0) {
      let at = copy(this.block, this.nameLength, this.boundaryAt, this.composed, this.compose(suffix));
      this.bytes[at++] = SEPARATOR;
      at = copy(boundary, 0, boundary.length, this.bytes, at);
      this.bytes[at++] = SEPARATOR;
      this.valueAt = at;
    }
    const at = copy(value, 0, value.length, this.bytes, this.valueAt);
    this.length = copy(this.block, this.boundaryAt, this.blockLength, this.bytes, at);
  }

  /** Starts a series in `composed` with its name; gives the offset behind it. */
  private compose(suffix: Uint8Array): number {
    const bytesMax = this.blockLength + ADDED_BYTES_MAX;
    if (bytesMax > this.composed.length) this.composed = new Uint8Array(2 * bytesMax);
    this.bytes = this.composed;
    const at = copy(this.block, 0, this.nameLength, this.composed, 0);
    return copy(suffix, 0, suffix.length, this.composed, at);
  }

  /** The labels come in order from most clients. */
  private isSorted(ranges: IntColumn): boolean {
    for (let at = LABEL_RANGE; at < ranges.length; at += LABEL_RANGE) {
      if (this.compareNames(ranges, at - LABEL_RANGE, at) > 0) return false;
    }
    return true;
  }

  private sort(ranges: IntColumn): void {
    const {values, length} = ranges;
    const count = length / LABEL_RANGE;
    if (count > this.order.length) this.order = new Uint32Array(2 * count);
    const order = this.order.subarray(0, count);
    for (let i = 0; i < count; i++) order[i] = LABEL_RANGE * i;
    order.sort((a, b) => this.compareNames(ranges, a, b) || a - b);
    const unsorted = values.slice(0, length);
    for (let i = 0; i < length; i++) values[i] = unsorted[order[(i / LABEL_RANGE) | 0] + (i % LABEL_RANGE)];
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
    const {block} = this;
    block[this.blockLength] = SEPARATOR;
    const nameEnd = copy(name, 0, name.length, block, this.blockLength + 1);
    block[nameEnd] = SEPARATOR;
    this.blockLength = copy(value, 0, value.length, block, nameEnd + 1);
    if (!isAscii(value, 0, value.length)) this.labelsAscii = false;
    this.metricLabels++;
  }

  private putLabel(ranges: IntColumn, at: number, boundary: Uint8Array): void {
    const {values} = ranges;
    if (values[at] === values[at + 1]) throw this.reader.fault('invalid label name: ');
    if (this.boundaryAt < 0 && this.compareName(ranges, at, boundary) > 0) this.boundaryAt = this.blockLength;
    this.putPart(values[at], values[at + 1], 'name');
    this.putPart(values[at + 2], values[at + 3], 'value');
    this.metricLabels++;
  }

  private putPart(start: number, end: number, what: string): void {
    const {block} = this;
    const {bytes} = this.reader;
    let at = this.blockLength;
    block[at++] = SEPARATOR;
    let bits = 0;
    for (let i = start; i < end; i++) {
      const byte = bytes[i];
      bits |= byte;
      block[at++] = byte;
    }
    this.blockLength = at;
    if (bits < 0x80) return;
    this.labelsAscii = false;
    const part = bytes.subarray(start, end);
    if (!isUtf8(part)) {
      throw this.reader.fault(`invalid label ${what}: ${Buffer.from(part).toString()}`, start);
    }
  }

  /** Makes room for `more` bytes behind what the block has. */
  private reserveBlock(more: number): void {
    if (this.blockLength + more <= this.block.length) return;
    const {block} = this;
    this.block = new Uint8Array(2 * (this.blockLength + more));
    this.block.set(block.subarray(0, this.blockLength));
  }

  /** Name, value, name, value... of the series, the metric name first, the others in order. */
  pairs(): string[] {
    const text = Buffer.from(this.bytes.buffer, 0, this.length).toString('latin1');
    const parts = text.split('\xff');
    if (!this.nameAscii || !this.labelsAscii) {
      for (const [i, part] of parts.entries()) parts[i] = Buffer.from(part, 'latin1').toString();
    }
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
