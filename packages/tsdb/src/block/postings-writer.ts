import {NumberList} from '../index/number-list.ts';
import {ByteWriter} from './byte-writer.ts';
import {FileWindow} from './file-window.ts';
import type {FileWriter} from './file-writer.ts';

/** Labels whose series are collected at a time, at least; more when there are more series. */
const ENTRIES_MIN = 4 * 1024 * 1024;
const SECTION_BYTES_MAX = 0xffff_ffff;
const SERIES_ALIGN = 16;
/** Length, count and checksum around the references of a list. */
const LIST_OVERHEAD = 12;
/** The longest varint of 32 bits. */
const VARINT_BYTES = 5;

/** Writes the last parts of an index: for each label the series that have it, and where these lists are. */
export class PostingsWriter {
  readonly #file: FileWriter;
  readonly #window: FileWindow;
  readonly #symbolOffsets: NumberList;
  readonly #seriesRefs: NumberList;
  // What was written, a list a row: runs of rows of one name, then value and length of each list.
  readonly #names: {readonly name: number; rowsEnd: number}[] = [];
  readonly #values = new NumberList();
  readonly #lengths = new NumberList();
  #start = 0;
  #at = 0;

  constructor(file: FileWriter, symbolOffsets: NumberList, seriesRefs: NumberList) {
    this.#file = file;
    this.#window = new FileWindow(file);
    this.#symbolOffsets = symbolOffsets;
    this.#seriesRefs = seriesRefs;
  }

  /** The list of all series, then one for each name and value; `uses`: how many series have a label, by the number of its name. */
  writeLists(uses: ReadonlyMap<number, number>): void {
    this.#file.flush();
    this.#start = this.#file.position;
    const {length} = this.#seriesRefs;
    this.#startList(length);
    for (let i = 0; i < length; i++) this.#file.be32(this.#seriesRefs.at(i));
    this.#endList();
    const names = [...uses.keys()].sort((a, b) => a - b);
    const groups = new LabelGroups(this.#symbolOffsets.length);
    while (names.length > 0) this.#writeBatch(takeBatch(names, uses, Math.max(length, ENTRIES_MIN)), uses, groups);
  }

  /** The table of all lists: name, value, place. */
  writeTable(): void {
    const file = this.#file;
    const start = file.position;
    file.be32(0);
    file.startChecksum();
    file.be32(this.#values.length + 1);
    let place = this.#start;
    const row = new ByteWriter();
    const empty = new Uint8Array(0);
    this.#writeRow(row, empty, empty, place);
    place += LIST_OVERHEAD + 4 * this.#seriesRefs.length;
    let i = 0;
    for (const {name, rowsEnd} of this.#names) {
      const nameText = this.#symbol(name).slice();
      for (; i < rowsEnd; i++) {
        this.#writeRow(row, nameText, this.#symbol(this.#values.at(i)), place);
        place += LIST_OVERHEAD + 4 * this.#lengths.at(i);
      }
    }
    file.be32(file.endChecksum());
    this.#setLength(start);
  }

  #writeRow(row: ByteWriter, name: Uint8Array, value: Uint8Array, place: number): void {
    row.clear();
    row.uvarint(2);
    row.uvarint(name.length);
    row.put(name, 0, name.length);
    row.uvarint(value.length);
    row.put(value, 0, value.length);
    row.uvarint(place);
    this.#file.put(row.bytes, 0, row.length);
  }

  #setLength(start: number): void {
    const length = this.#file.position - start - 8;
    if (length > SECTION_BYTES_MAX) throw new Error(`${this.#file.path}: length size exceeds 4 bytes: ${length}`);
    const bytes = new ByteWriter();
    bytes.be32(length);
    this.#file.overwrite(bytes.view(), start);
  }

  #writeBatch(names: readonly number[], uses: ReadonlyMap<number, number>, groups: LabelGroups): void {
    groups.begin(names, uses);
    for (let i = 0; i < this.#seriesRefs.length; i++) this.#collect(this.#seriesRefs.at(i), groups);
    for (const [index, name] of names.entries()) {
      groups.sort(index);
      for (let k = 0; k < groups.valueCount; k++) this.#writeGroup(groups, k);
      this.#names.push({name, rowsEnd: this.#values.length});
    }
  }

  #writeGroup(groups: LabelGroups, k: number): void {
    const from = k === 0 ? 0 : groups.ends[k - 1];
    const to = groups.ends[k];
    this.#values.push(groups.distinct[k]);
    this.#lengths.push(to - from);
    this.#startList(to - from);
    for (let i = from; i < to; i++) this.#file.be32(groups.sorted[i]);
    this.#endList();
  }

  #startList(length: number): void {
    this.#file.be32(4 * length + 4);
    this.#file.startChecksum();
    this.#file.be32(length);
  }

  #endList(): void {
    this.#file.be32(this.#file.endChecksum());
  }

  /** Read the labels of a series from the file again. */
  #collect(ref: number, groups: LabelGroups): void {
    const position = ref * SERIES_ALIGN;
    const start = this.#window.locate(position, VARINT_BYTES);
    const length = this.#uvarint(start);
    this.#at = this.#window.locate(position, this.#at - start + length) + this.#at - start;
    const labels = this.#uvarint(this.#at);
    for (let i = 0; i < labels; i++) {
      const name = this.#uvarint(this.#at);
      groups.add(name, this.#uvarint(this.#at), ref);
    }
  }

  /** The bytes of a symbol, until the next is read. */
  #symbol(symbol: number): Uint8Array {
    const position = this.#symbolOffsets.at(symbol);
    const start = this.#window.locate(position, VARINT_BYTES);
    const length = this.#uvarint(start);
    const from = this.#window.locate(position, this.#at - start + length) + this.#at - start;
    return this.#window.bytes.subarray(from, from + length);
  }

  /** The number at `at` of the window; the next one is at `#at` then. */
  #uvarint(at: number): number {
    const {bytes} = this.#window;
    let next = at;
    let byte = bytes[next++];
    let value = byte & 0x7f;
    for (let shift = 7; byte >= 0x80; shift += 7) {
      byte = bytes[next++];
      value |= (byte & 0x7f) << shift;
    }
    this.#at = next;
    return value >>> 0;
  }
}

/** Takes the first names off whose labels are no more than `entriesMax` together, at least one. */
function takeBatch(names: number[], uses: ReadonlyMap<number, number>, entriesMax: number): number[] {
  let entries = 0;
  let count = 0;
  while (count < names.length) {
    entries += uses.get(names[count])!;
    if (count > 0 && entries > entriesMax) break;
    count++;
  }
  return names.splice(0, count);
}

/** Collects (name, value, series) of some names and puts the series in the order of values. */
class LabelGroups {
  /** Of the name that was sorted last: values in order, where the series of each end in `sorted`, and the series. */
  distinct = new Uint32Array(0);
  ends = new Uint32Array(0);
  sorted = new Uint32Array(0);
  valueCount = 0;
  /** By number of a symbol: which of the names it is, plus 1; and its place among the distinct values, plus 1. */
  readonly #nameIndex: Uint32Array;
  readonly #place: Uint32Array;
  #names: readonly number[] = [];
  #starts = new Float64Array(0);
  #filled = new Float64Array(0);
  #values = new Uint32Array(0);
  #refs = new Uint32Array(0);

  constructor(symbols: number) {
    this.#nameIndex = new Uint32Array(symbols);
    this.#place = new Uint32Array(symbols);
  }

  begin(names: readonly number[], uses: ReadonlyMap<number, number>): void {
    for (const name of this.#names) this.#nameIndex[name] = 0;
    this.#names = names;
    this.#starts = new Float64Array(names.length);
    let entries = 0;
    for (const [index, name] of names.entries()) {
      this.#nameIndex[name] = index + 1;
      this.#starts[index] = entries;
      entries += uses.get(name)!;
    }
    this.#filled = this.#starts.slice();
    if (this.#refs.length >= entries) return;
    this.#values = new Uint32Array(entries);
    this.#refs = new Uint32Array(entries);
  }

  /** Series come in order; labels of other names are left out. */
  add(name: number, value: number, ref: number): void {
    const index = this.#nameIndex[name];
    if (index === 0) return;
    const at = this.#filled[index - 1]++;
    this.#values[at] = value;
    this.#refs[at] = ref;
  }

  /** Fill `distinct`, `ends` and `sorted` for the name of this index. */
  sort(index: number): void {
    const from = this.#starts[index];
    const to = this.#filled[index];
    const values = this.#values.subarray(from, to);
    if (this.sorted.length < to - from) this.sorted = new Uint32Array(to - from);
    if (this.distinct.length < to - from) this.distinct = new Uint32Array(to - from);
    this.#countValues(values);
    const {distinct, sorted} = this;
    for (let i = 0; i < values.length; i++) sorted[this.#place[values[i]]++] = this.#refs[from + i];
    for (let k = 0; k < this.valueCount; k++) {
      this.ends[k] = this.#place[distinct[k]];
      this.#place[distinct[k]] = 0;
    }
  }

  /** Leaves for each distinct value where its series begin. */
  #countValues(values: Uint32Array): void {
    const place = this.#place;
    this.valueCount = 0;
    for (let i = 0; i < values.length; i++) {
      if (place[values[i]]++ === 0) this.distinct[this.valueCount++] = values[i];
    }
    const distinct = this.distinct.subarray(0, this.valueCount).sort();
    if (this.ends.length < this.valueCount) this.ends = new Uint32Array(this.valueCount);
    let start = 0;
    for (let k = 0; k < distinct.length; k++) {
      const count = place[distinct[k]];
      place[distinct[k]] = start;
      start += count;
    }
  }
}
