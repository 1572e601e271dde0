import {LINE_BYTES, LINE_LENGTH, LINE_OFFSET, LINE_SEEN, LINE_SLOT} from '@narthex/kernels/layout/scrape-lines.ts';

const WORDS = LINE_BYTES / 4;
const OFFSET = LINE_OFFSET / 4;
const LENGTH = LINE_LENGTH / 4;
const SLOT = LINE_SLOT / 4;
const SEEN = LINE_SEEN / 4;

/**
 * The lines of a target as its last body had them, in order: for a sample the bytes before its value with the slot of its series, for
 * comments whole lines. Kept off the heap in two buffers that the line kernel takes as they are (see its head for the meaning).
 */
export class LineTable {
  #text: Uint8Array<ArrayBuffer>;
  #records: Uint32Array<ArrayBuffer>;
  /** The caller's mark of each record: which metric type is in force behind it. */
  #types: Uint8Array<ArrayBuffer>;
  #textBytes = 0;
  #count = 0;

  /** Room for this much is taken at once; more is taken when it is needed. */
  constructor(textBytes = 0, lines = 0) {
    this.#text = new Uint8Array(textBytes);
    this.#records = new Uint32Array(lines * WORDS);
    this.#types = new Uint8Array(lines);
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

  /** The generation of the last body that had the line. */
  seen(i: number): number {
    return this.#records[i * WORDS + SEEN]!;
  }

  type(i: number): number {
    return this.#types[i]!;
  }

  /** The remembered bytes of a line; valid until the table changes. */
  bytes(i: number): Uint8Array {
    const offset = this.#records[i * WORDS + OFFSET]!;
    return this.#text.subarray(offset, offset + this.#records[i * WORDS + LENGTH]!);
  }

  markSeen(i: number, generation: number): void {
    this.#records[i * WORDS + SEEN] = generation;
  }

  /** Copy text and records to two places of `memory`. */
  copyTo(memory: Uint8Array, text: number, records: number): void {
    memory.set(this.#text.subarray(0, this.#textBytes), text);
    memory.set(new Uint8Array(this.#records.buffer, 0, this.recordBytes), records);
  }

  /** Take records from..to back, as the kernel left them at `records`. */
  copyRecordsFrom(memory: Uint8Array, records: number, from: number, to: number): void {
    const source = memory.subarray(records + from * LINE_BYTES, records + to * LINE_BYTES);
    new Uint8Array(this.#records.buffer, from * LINE_BYTES).set(source);
  }

  /** Add a line; its bytes are copied. */
  add(bytes: Uint8Array, slot: number, seen: number, type: number): void {
    this.#reserve(bytes.length, 1);
    this.#text.set(bytes, this.#textBytes);
    this.#put(this.#textBytes, bytes.length, slot, seen, type);
    this.#textBytes += bytes.length;
  }

  /** Add lines from..to of another table. */
  addRange(other: LineTable, from: number, to: number): void {
    for (let i = from; i < to; i++) this.add(other.bytes(i), other.slot(i), other.seen(i), other.type(i));
  }

  #put(offset: number, length: number, slot: number, seen: number, type: number): void {
    const at = this.#count * WORDS;
    this.#records[at + OFFSET] = offset;
    this.#records[at + LENGTH] = length;
    this.#records[at + SLOT] = slot;
    this.#records[at + SEEN] = seen;
    this.#types[this.#count] = type;
    this.#count++;
  }

  #reserve(textBytes: number, lines: number): void {
    if (this.#textBytes + textBytes > this.#text.length) {
      const larger = new Uint8Array(Math.max(1024, this.#text.length * 2, this.#textBytes + textBytes));
      larger.set(this.#text.subarray(0, this.#textBytes));
      this.#text = larger;
    }
    if (this.#count + lines <= this.#types.length) return;
    const capacity = Math.max(16, this.#types.length * 2, this.#count + lines);
    const records = new Uint32Array(capacity * WORDS);
    records.set(this.#records.subarray(0, this.#count * WORDS));
    const types = new Uint8Array(capacity);
    types.set(this.#types.subarray(0, this.#count));
    this.#records = records;
    this.#types = types;
  }
}
