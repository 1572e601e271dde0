import {FloatColumn, IntColumn} from './columns.ts';
import {LABEL_RANGE, readLabelPair} from './label-pair.ts';
import {readTimestampMs} from './timestamp.ts';
import {WIRE, type WireReader} from './wire-reader.ts';

/** The exemplars of one metric, in columns. */
export class ExemplarTable {
  /** The bits of the values are those of the message. */
  readonly values = new FloatColumn();
  /** Means something where `timed` is 1. */
  readonly timesMs = new FloatColumn();
  readonly timed = new IntColumn();
  /** Offsets in the body, four a label. */
  readonly labels = new IntColumn();
  /** Where the labels of an exemplar start in `labels`. */
  private readonly labelStarts = new IntColumn();

  get length(): number {
    return this.values.length;
  }

  clear(): void {
    for (const column of [this.values, this.timesMs, this.timed, this.labels, this.labelStarts]) column.clear();
  }

  /** Reads the field as an Exemplar and adds it; gives its position. */
  read(reader: WireReader, name: string): number {
    const i = this.values.grow();
    this.values.values[i] = 0;
    this.labelStarts.push(this.labels.length);
    let timeMs: number | undefined;
    const outer = reader.enter(name);
    while (reader.nextField('Exemplar')) {
      if (reader.field === 1) readLabelPair(reader, this.labels);
      else if (reader.field === 2) {
        reader.expect(WIRE.fixed64, 'Value');
        reader.readDoubleBits(this.values.words, i);
      } else if (reader.field === 3) timeMs = readTimestampMs(reader, 'Timestamp');
      else reader.skip();
    }
    reader.leave(outer);
    this.timesMs.push(timeMs ?? 0);
    this.timed.push(timeMs === undefined ? 0 : 1);
    return i;
  }

  /** Number of labels of exemplar `i`. */
  labelCount(i: number): number {
    const end = i + 1 < this.length ? this.labelStarts.values[i + 1] : this.labels.length;
    return (end - this.labelStarts.values[i]) / LABEL_RANGE;
  }

  /** Where the four offsets of label `label` of exemplar `i` are in `labels`. */
  labelAt(i: number, label: number): number {
    return this.labelStarts.values[i] + LABEL_RANGE * label;
  }
}
