import {FloatColumn, IntColumn} from './columns.ts';
import type {ExemplarTable} from './exemplar-table.ts';
import {readTimestampMs} from './timestamp.ts';
import {WIRE, type WireReader} from './wire-reader.ts';

/** The buckets of one sign as the message has them. */
export class SideMessage {
  /** Of the spans. */
  readonly offsets = new IntColumn();
  /** Of the spans; uint32, so a negative number is 2^32 less than what was meant. */
  readonly lengths = new IntColumn();
  /** Counts of a histogram of integers: each less the one before it. */
  readonly deltas = new FloatColumn();
  /** Counts of a histogram of floats. */
  readonly counts = new FloatColumn();

  clear(): void {
    this.offsets.clear();
    this.lengths.clear();
    this.deltas.clear();
    this.counts.clear();
  }

  /** Buckets that the spans speak of. */
  get spanned(): number {
    let total = 0;
    for (let i = 0; i < this.lengths.length; i++) total += this.lengths.values[i] >>> 0;
    return total;
  }

  readSpan(reader: WireReader, name: string): void {
    const outer = reader.enter(name);
    let offset = 0;
    let length = 0;
    while (reader.nextField('BucketSpan')) {
      if (reader.field === 1) offset = reader.readSint32('Offset');
      else if (reader.field === 2) length = reader.readInt32('Length');
      else reader.skip();
    }
    reader.leave(outer);
    this.offsets.push(offset);
    this.lengths.push(length);
  }

  /** Reads a field of deltas: one and those that follow, or a packed list. */
  readDeltas(reader: WireReader, name: string): void {
    if (reader.wire === WIRE.varint) {
      do this.deltas.push(reader.readSint64());
      while (reader.nextSame());
      return;
    }
    const outer = reader.enter(name);
    while (reader.at < reader.end) this.deltas.push(reader.readSint64());
    reader.leave(outer);
  }

  /** Reads a field of counts: one, or a packed list. */
  readCounts(reader: WireReader, name: string): void {
    if (reader.wire === WIRE.fixed64) return this.counts.push(reader.readDouble(name));
    const outer = reader.enter(name);
    while (reader.at < reader.end) {
      // Growing replaces the words.
      const i = this.counts.grow();
      reader.readDoubleBits(this.counts.words, i);
    }
    reader.leave(outer);
  }
}

/** A Histogram message, classic and native parts, in columns. */
export class HistogramMessage {
  sampleCount = 0;
  sampleCountFloat = 0;
  sampleSum = 0;
  startMs = 0;

  /** Classic buckets. */
  readonly bounds = new FloatColumn();
  /** Cumulative; floats where the message has them, integers elsewhere. */
  readonly counts = new FloatColumn();
  /** Positions of the buckets' exemplars, -1 without. */
  readonly bucketExemplars = new IntColumn();

  schema = 0;
  zeroThreshold = 0;
  zeroCount = 0;
  zeroCountFloat = 0;
  readonly positive = new SideMessage();
  readonly negative = new SideMessage();
  /** Positions of exemplars of the native histogram. */
  readonly exemplars = new IntColumn();

  private readonly table: ExemplarTable;

  /** Exemplars go to `table`. */
  constructor(table: ExemplarTable) {
    this.table = table;
  }

  clear(): void {
    this.sampleCount = this.sampleCountFloat = this.sampleSum = this.startMs = 0;
    this.bounds.clear();
    this.counts.clear();
    this.bucketExemplars.clear();
    this.schema = this.zeroThreshold = this.zeroCount = this.zeroCountFloat = 0;
    this.positive.clear();
    this.negative.clear();
    this.exemplars.clear();
  }

  /** The count of observations. */
  get count(): number {
    return this.sampleCountFloat === 0 ? this.sampleCount : this.sampleCountFloat;
  }

  /** Whether the message is a native histogram: a span, even one of nothing, or a zero bucket says so. */
  get isNative(): boolean {
    const {positive, negative} = this;
    return positive.offsets.length > 0 || negative.offsets.length > 0 || this.zeroThreshold > 0 || this.zeroCount > 0;
  }

  /** Whether the counts of the native histogram are floats. */
  get isFloat(): boolean {
    return this.sampleCountFloat > 0 || this.zeroCountFloat > 0;
  }

  /** Reads the field. */
  read(reader: WireReader): void {
    const outer = reader.enter('Histogram');
    while (reader.nextField('Histogram')) this.readField(reader);
    reader.leave(outer);
  }

  private readField(reader: WireReader): void {
    switch (reader.field) {
      case 1:
        this.sampleCount = reader.readUint64('SampleCount');
        return;
      case 2:
        this.sampleSum = reader.readDouble('SampleSum');
        return;
      case 3:
        return this.readBucket(reader);
      case 4:
        this.sampleCountFloat = reader.readDouble('SampleCountFloat');
        return;
      case 15:
        this.startMs = readTimestampMs(reader, 'StartTimestamp');
        return;
      default:
        return this.readNativeField(reader);
    }
  }

  private readNativeField(reader: WireReader): void {
    switch (reader.field) {
      case 5:
        this.schema = reader.readSint32('Schema');
        return;
      case 6:
        this.zeroThreshold = reader.readDouble('ZeroThreshold');
        return;
      case 7:
        this.zeroCount = reader.readUint64('ZeroCount');
        return;
      case 8:
        this.zeroCountFloat = reader.readDouble('ZeroCountFloat');
        return;
      case 9:
        return this.negative.readSpan(reader, 'NegativeSpan');
      case 10:
        return this.negative.readDeltas(reader, 'NegativeDelta');
      case 11:
        return this.negative.readCounts(reader, 'NegativeCount');
      case 12:
        return this.positive.readSpan(reader, 'PositiveSpan');
      case 13:
        return this.positive.readDeltas(reader, 'PositiveDelta');
      case 14:
        return this.positive.readCounts(reader, 'PositiveCount');
      case 16:
        return this.exemplars.push(this.table.read(reader, 'Exemplars'));
      default:
        return reader.skip();
    }
  }

  private readBucket(reader: WireReader): void {
    const outer = reader.enter('Bucket');
    let count = 0;
    let countFloat = 0;
    let bound = 0;
    let exemplar = -1;
    while (reader.nextField('Bucket')) {
      if (reader.field === 1) count = reader.readUint64('CumulativeCount');
      else if (reader.field === 2) bound = reader.readDouble('UpperBound');
      else if (reader.field === 3) exemplar = this.table.read(reader, 'Exemplar');
      else if (reader.field === 4) countFloat = reader.readDouble('CumulativeCountFloat');
      else reader.skip();
    }
    reader.leave(outer);
    this.bounds.push(bound);
    this.counts.push(countFloat === 0 ? count : countFloat);
    this.bucketExemplars.push(exemplar);
  }
}
