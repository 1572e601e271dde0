import {ParseError} from '../parse-error.ts';

/** How the value of a field is written. */
export const WIRE = {varint: 0, fixed64: 1, bytes: 2, startGroup: 3, endGroup: 4, fixed32: 5} as const;

const NO_BYTES = new Uint8Array(0);
const TWO_TO_32 = 2 ** 32;
const TWO_TO_31 = 2 ** 31;
/** A varint has at most so many bits, of which the last ones are lost. */
const VARINT_BITS = 70;
/** What the fifth byte of a length counts; it has no more. */
const LENGTH_SCALE_MAX = 2 ** 28;

/**
 * Reads protobuf messages field by field, never behind the end of the message it is in. Nothing is allocated. Errors
 * are `ParseError` with upstream's text (gogo/protobuf) and the offset.
 */
export class WireReader {
  bytes: Uint8Array = NO_BYTES;
  /** The next byte to read. */
  at = 0;
  /** Behind the last byte of the message being read. */
  end = 0;
  /** Number and wire type of the field that `nextField` found. */
  field = 0;
  wire = 0;

  private streamEnd = 0;
  /** The tag of the field when it is a single byte, else -1. */
  private tag = -1;
  /** Halves of the last varint, unsigned. */
  private low = 0;
  private high = 0;
  private view: DataView = new DataView(NO_BYTES.buffer);

  /** Starts to read bytes[start, end). */
  load(bytes: Uint8Array, start: number, end: number): void {
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.at = start;
    this.end = this.streamEnd = end;
  }

  /**
   * Enters the next message of a stream, which has its length in front; false at the end of the stream. Its end is
   * where `load` put it; the reader stands there or behind a message of the stream.
   */
  enterDelimited(): boolean {
    const start = this.at;
    this.end = this.streamEnd;
    if (start >= this.end) return false;
    let length = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = scale > LENGTH_SCALE_MAX || this.at >= this.end ? -1 : this.bytes[this.at++];
      if (byte < 0) throw this.error('clientpb: invalid varint encountered', start);
      length += (byte & 0x7f) * scale;
      if (byte < 0x80) break;
    }
    const wanted = this.at - start + length;
    const found = this.end - start;
    if (wanted > found) {
      const sizes = `expected at least ${wanted} bytes, got ${found} bytes`;
      throw this.error(`clientpb: insufficient length of buffer, ${sizes}`, start);
    }
    this.end = this.at + length;
    return true;
  }

  /** Goes to the next field of the message `name`, whose value was read or skipped; false at the end. */
  nextField(name: string): boolean {
    const start = this.at;
    if (start >= this.end) return false;
    const byte = this.bytes[start];
    if (byte < 0x80) {
      this.at = start + 1;
      this.field = byte >>> 3;
      this.wire = byte & 7;
      this.tag = byte;
      if (this.field > 0 && this.wire !== WIRE.endGroup) return true;
      throw this.tagFault(name, start, byte);
    }
    this.readVarint();
    // Field numbers are cut to 32 bits, as upstream.
    this.field = (this.low >>> 3) | (this.high << 29);
    this.wire = this.low & 7;
    this.tag = -1;
    if (this.field > 0 && this.wire !== WIRE.endGroup) return true;
    throw this.tagFault(name, start, this.unsigned());
  }

  private tagFault(name: string, start: number, tag: number): ParseError {
    if (this.wire === WIRE.endGroup) return this.error(`proto: ${name}: wiretype end group for non-group`, start);
    return this.error(`proto: ${name}: illegal tag ${this.field} (wire type ${tag})`, start);
  }

  /** Goes to the next field if that is the same once more, as the elements of a list are. */
  nextSame(): boolean {
    if (this.at >= this.end || this.bytes[this.at] !== this.tag) return false;
    this.at++;
    return true;
  }

  /** Whether the field has wire type `wire`; throws when not, calling it `name`. */
  expect(wire: number, name: string): void {
    if (this.wire !== wire) throw this.error(`proto: wrong wireType = ${this.wire} for field ${name}`);
  }

  /** Enters the message that the field holds. Gives the end of the outer message, for `leave`. */
  enter(name: string): number {
    this.expect(WIRE.bytes, name);
    const outer = this.end;
    this.end = this.readLength();
    return outer;
  }

  /** Goes on behind the message that was entered. */
  leave(outer: number): void {
    this.at = this.end;
    this.end = outer;
  }

  /** Reads the length of the bytes that come next; they are bytes[at, the result). */
  readLength(): number {
    const {at} = this;
    if (at < this.end) {
      const byte = this.bytes[at];
      if (byte < 0x80 && at + 1 + byte <= this.end) {
        this.at = at + 1;
        return at + 1 + byte;
      }
    }
    this.readVarint();
    if (this.high >= TWO_TO_31) throw this.error('proto: negative length found during unmarshaling');
    const stop = this.at + this.unsigned();
    if (stop > this.end) throw this.truncated();
    return stop;
  }

  /** Reads the bytes or text of the field; gives their start, `at` is their end. */
  skipBytes(name: string): number {
    this.expect(WIRE.bytes, name);
    const stop = this.readLength();
    const start = this.at;
    this.at = stop;
    return start;
  }

  /** Reads a uint64 field as the nearest float. */
  readUint64(name: string): number {
    this.expect(WIRE.varint, name);
    this.readVarint();
    return this.unsigned();
  }

  /** Reads an int64 field as the nearest float. */
  readInt64(name: string): number {
    this.expect(WIRE.varint, name);
    this.readVarint();
    return (this.high | 0) * TWO_TO_32 + this.low;
  }

  /** Reads an int32, uint32 or enum field: the low 32 bits as a signed number. */
  readInt32(name: string): number {
    this.expect(WIRE.varint, name);
    this.readVarint();
    return this.low | 0;
  }

  /** Reads a sint32 field. */
  readSint32(name: string): number {
    this.expect(WIRE.varint, name);
    this.readVarint();
    return (this.low >>> 1) ^ -(this.low & 1);
  }

  /** Reads a sint64, the field's own or one of a packed list, as the nearest float. */
  readSint64(): number {
    const byte = this.at < this.end ? this.bytes[this.at] : 0x80;
    if (byte < 0x80) {
      this.at++;
      return (byte >>> 1) ^ -(byte & 1);
    }
    this.readVarint();
    const half = this.high * TWO_TO_31 + (this.low >>> 1);
    return this.low & 1 ? -half - 1 : half;
  }

  /** Reads a double field. */
  readDouble(name: string): number {
    this.expect(WIRE.fixed64, name);
    const at = this.take(8);
    return this.view.getFloat64(at, true);
  }

  /** Reads a double, the field's own or one of a packed list, into words 2i and 2i + 1, with all bits as they are. */
  readDoubleBits(words: Uint32Array, i: number): void {
    const at = this.take(8);
    words[2 * i] = this.view.getUint32(at, true);
    words[2 * i + 1] = this.view.getUint32(at + 4, true);
  }

  /** Skips the value of a field that means nothing to the reader. */
  skip(): void {
    let depth = 0;
    let {wire} = this;
    for (;;) {
      if (wire === WIRE.startGroup) depth++;
      else if (wire === WIRE.endGroup) depth--;
      else this.skipValue(wire);
      if (depth === 0) return;
      this.readVarint();
      wire = this.low & 7;
    }
  }

  private skipValue(wire: number): void {
    if (wire === WIRE.varint) this.readVarint();
    else if (wire === WIRE.fixed64) this.take(8);
    else if (wire === WIRE.bytes) this.at = this.readLength();
    else if (wire === WIRE.fixed32) this.take(4);
    else throw this.error(`proto: illegal wireType ${wire}`);
  }

  private take(length: number): number {
    const {at} = this;
    if (at + length > this.end) throw this.truncated();
    this.at = at + length;
    return at;
  }

  private unsigned(): number {
    return this.high * TWO_TO_32 + this.low;
  }

  private readVarint(): void {
    const {at} = this;
    const byte = at < this.end ? this.bytes[at] : 0x80;
    if (byte >= 0x80) return this.readLongVarint();
    this.at = at + 1;
    this.low = byte;
    this.high = 0;
  }

  private readLongVarint(): void {
    let low = 0;
    let high = 0;
    for (let shift = 0; shift < VARINT_BITS; shift += 7) {
      if (this.at >= this.end) throw this.truncated();
      const byte = this.bytes[this.at++];
      const bits = byte & 0x7f;
      if (shift <= 28) low |= bits << shift;
      if (shift === 28) high = bits >>> 4;
      else if (shift > 28) high |= bits << (shift - 32);
      if (byte >= 0x80) continue;
      this.low = low >>> 0;
      this.high = high >>> 0;
      return;
    }
    throw this.error('proto: integer overflow');
  }

  private truncated(): ParseError {
    return this.error('unexpected EOF');
  }

  /** An error about how the bytes are laid out; its message names the offset. */
  private error(message: string, offset = this.at): ParseError {
    return this.fault(`${message} (at byte ${offset})`, offset);
  }

  /** An error about what they say. */
  fault(message: string, offset = this.at): ParseError {
    return new ParseError(message, 1, offset);
  }
}
