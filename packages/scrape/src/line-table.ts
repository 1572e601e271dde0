import {LINE_BYTES, LINE_LENGTH, LINE_OFFSET, LINE_SEEN, LINE_SLOT} from '@narthex/kernels/layout/scrape-lines.ts';

const WORDS = LINE_BYTES / 4;
const OFFSET = LINE_OFFSET / 4;
const LENGTH = LINE_LENGTH / 4;
const SLOT = LINE_SLOT / 4;
const SEEN = LINE_SEEN / 4;

/** What is remembered of a line besides its bytes. */
export interface LineMark {
  /** Slot of its series, LINE_DROPPED or LINE_COMMENT. */
  readonly slot: number;
  /** Reference of its series, 0 without one: the slot may have gone to another one since. */
  readonly ref: number;
  /** The caller's number of the metric type that the line declares, 0 when it declares none. At most 255. */
  readonly declares: number;
}

/**
 * The lines of a target as its last body had them, in order: for a sample the bytes before its value with the slot of its series, for
 * comments whole lines. Kept off the heap in buffers that the line kernel takes as they are (see its head for the meaning).
 */
export class LineTable {
  #text: Uint8Array<ArrayBuffer>;
  #records: Uint32Array<ArrayBuffer>;
  #refs: Float64Array<ArrayBuffer>;
  #declares: Uint8Array<ArrayBuffer>;
  /** Lines follow each other in the text, so this is where the next one goes. */
  #textBytes = 0;
  #count = 0;

  /** Room for this much is taken at once; more is taken when it is needed. */
  constructor(textBytes = 0, lines = 0) {
    this.#text = new Uint8Array(textBytes);
    this.#records = new Uint32Array(lines * WORDS);
    this.#refs = new Float64Array(lines);
    this.#declares = new Uint8Array(lines);
  }

  get count(): number {
    return this.#count;
  }

  get textBytes(): number {
    return this.#textBytes;
  }

  get recordBytes(): number {
    return this.#count * LINE_BYTES;
  }

  slot(i: number): number {
    return this.#records[i * WORDS + SLOT]!;
  }

  ref(i: number): number {
    return this.#refs[i]!;
  }

  /** Generation of the last body that had the line, 1 more where the line brought its own time. */
  seen(i: number): number {
    return this.#records[i * WORDS + SEEN]!;
  }

  length(i: number): number {
    return this.#records[i * WORDS + LENGTH]!;
  }

  /** Where the bytes of line `i` begin in the text. */
  offset(i: number): number {
    return this.#records[i * WORDS + OFFSET]!;
  }

  /** The remembered bytes of a line; valid until the table changes. */
  bytes(i: number): Uint8Array {
    const offset = this.offset(i);
    return this.#text.subarray(offset, offset + this.length(i));
  }

  /** What the last of the lines from..to that declares a type declares; 0 when none does. */
  declaredWithin(from: number, to: number): number {
    for (let i = to - 1; i >= from; i--) if (this.#declares[i] !== 0) return this.#declares[i]!;
    return 0;
  }

  /** Copy text and records to two places of `memory`. */
  copyTo(memory: Uint8Array, text: number, records: number): void {
    memory.set(this.#text.subarray(0, this.#textBytes), text);
    memory.set(new Uint8Array(this.#records.buffer, 0, this.recordBytes), records);
  }

  /** Take all records back, as the kernel left them at `records` of `memory`. */
  takeRecords(memory: Uint8Array, records: number): void {
    new Uint8Array(this.#records.buffer).set(memory.subarray(records, records + this.recordBytes));
  }

  /** Add a line; its bytes are copied. */
  add(bytes: Uint8Array, mark: LineMark, seen: number): void {
    this.#reserve(bytes.length, 1);
    this.#text.set(bytes, this.#textBytes);
    const at = this.#count * WORDS;
    this.#records[at + OFFSET] = this.#textBytes;
    this.#records[at + LENGTH] = bytes.length;
    this.#records[at + SLOT] = mark.slot;
    this.#records[at + SEEN] = seen;
    this.#refs[this.#count] = mark.ref;
    this.#declares[this.#count] = mark.declares;
    this.#textBytes += bytes.length;
    this.#count++;
  }

  /** Add lines from..to of `other`, whose records lie at `records` of `memory` as they stand now. */
  addRange(other: LineTable, from: number, to: number, memory: Uint8Array, records: number): void {
    if (from === to) return;
    const textFrom = other.offset(from);
    const text = other.#text.subarray(textFrom, other.offset(to - 1) + other.length(to - 1));
    this.#reserve(text.length, to - from);
    this.#text.set(text, this.#textBytes);
    const bytes = new Uint8Array(this.#records.buffer, this.recordBytes);
    bytes.set(memory.subarray(records + from * LINE_BYTES, records + to * LINE_BYTES));
    const shift = this.#textBytes - textFrom;
    const end = (this.#count + to - from) * WORDS;
    for (let at = this.#count * WORDS + OFFSET; at < end; at += WORDS) this.#records[at] += shift;
    this.#refs.set(other.#refs.subarray(from, to), this.#count);
    this.#declares.set(other.#declares.subarray(from, to), this.#count);
    this.#textBytes += text.length;
    this.#count += to - from;
  }

  /** The lines that `keep` is true of; this table itself when that is all. */
  filter(keep: (i: number) => boolean): LineTable {
    const kept = new LineTable();
    for (let i = 0; i < this.#count; i++) if (keep(i)) kept.add(this.bytes(i), this.#mark(i), this.seen(i));
    return kept.count === this.#count ? this : kept;
  }

  #mark(i: number): LineMark {
    return {slot: this.slot(i), ref: this.ref(i), declares: this.#declares[i]!};
  }

  #reserve(textBytes: number, lines: number): void {
    if (this.#textBytes + textBytes > this.#text.length) {
      const larger = new Uint8Array(Math.max(1024, this.#text.length * 2, this.#textBytes + textBytes));
      larger.set(this.#text.subarray(0, this.#textBytes));
      this.#text = larger;
    }
    if (this.#count + lines > this.#refs.length) {
      this.#growRecords(Math.max(16, this.#refs.length * 2, this.#count + lines));
    }
  }

  #growRecords(capacity: number): void {
    const records = new Uint32Array(capacity * WORDS);
    const refs = new Float64Array(capacity);
    const declares = new Uint8Array(capacity);
    records.set(this.#records.subarray(0, this.#count * WORDS));
    refs.set(this.#refs.subarray(0, this.#count));
    declares.set(this.#declares.subarray(0, this.#count));
    this.#records = records;
    this.#refs = refs;
    this.#declares = declares;
  }
}
