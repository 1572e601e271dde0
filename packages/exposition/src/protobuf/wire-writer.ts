import {WIRE} from './wire-reader.ts';

const BYTES = 1024;

/** Puts a protobuf message together. Values that say nothing (0, '') are written too: the caller leaves them out. */
export class WireWriter {
  private bytes = new Uint8Array(BYTES);
  private view = new DataView(this.bytes.buffer);
  private length = 0;

  /** What was written, valid until the next write. */
  get written(): Uint8Array {
    return this.bytes.subarray(0, this.length);
  }

  clear(): void {
    this.length = 0;
  }

  /** An int64, uint64, int32, uint32 or enum. */
  varint(field: number, value: number): void {
    this.tag(field, WIRE.varint);
    this.putSigned(value);
  }

  /** A sint32 or sint64. */
  zigzag(field: number, value: number): void {
    this.tag(field, WIRE.varint);
    this.putZigzag(value);
  }

  double(field: number, value: number): void {
    this.tag(field, WIRE.fixed64);
    this.putDouble(value);
  }

  text(field: number, value: string): void {
    this.block(field, Buffer.from(value));
  }

  /** A message that `write` fills. */
  message(field: number, write: (inner: WireWriter) => void): void {
    const inner = new WireWriter();
    write(inner);
    this.block(field, inner.written);
  }

  /** A packed list of sint64. */
  packedZigzag(field: number, values: readonly number[]): void {
    const inner = new WireWriter();
    for (const value of values) inner.putZigzag(value);
    this.block(field, inner.written);
  }

  /** A packed list of doubles. */
  packedDoubles(field: number, values: readonly number[]): void {
    const inner = new WireWriter();
    for (const value of values) inner.putDouble(value);
    this.block(field, inner.written);
  }

  /** The whole of another message with its length in front, as streams have them. */
  delimited(message: Uint8Array): void {
    this.putVarint(message.length);
    this.put(message);
  }

  private block(field: number, content: Uint8Array): void {
    this.tag(field, WIRE.bytes);
    this.delimited(content);
  }

  private tag(field: number, wire: number): void {
    this.putVarint(field * 8 + wire);
  }

  private putSigned(value: number): void {
    if (value >= 0 && Number.isSafeInteger(value)) this.putVarint(value);
    else this.putBig(BigInt.asUintN(64, BigInt(value)));
  }

  private putZigzag(value: number): void {
    const doubled = value < 0 ? -2 * value - 1 : 2 * value;
    if (Number.isSafeInteger(doubled)) this.putVarint(doubled);
    else this.putBig(BigInt.asUintN(64, value < 0 ? -2n * BigInt(value) - 1n : 2n * BigInt(value)));
  }

  private putVarint(value: number): void {
    this.reserve(10);
    while (value >= 0x80) {
      this.bytes[this.length++] = (value % 128) | 0x80;
      value = Math.floor(value / 128);
    }
    this.bytes[this.length++] = value;
  }

  private putBig(value: bigint): void {
    this.reserve(10);
    for (; value >= 0x80n; value >>= 7n) this.bytes[this.length++] = Number(value & 0x7fn) | 0x80;
    this.bytes[this.length++] = Number(value);
  }

  private putDouble(value: number): void {
    this.reserve(8);
    this.view.setFloat64(this.length, value, true);
    this.length += 8;
  }

  private put(content: Uint8Array): void {
    this.reserve(content.length);
    this.bytes.set(content, this.length);
    this.length += content.length;
  }

  private reserve(more: number): void {
    if (this.length + more <= this.bytes.length) return;
    const {bytes} = this;
    this.bytes = new Uint8Array(2 * (this.length + more));
    this.bytes.set(bytes);
    this.view = new DataView(this.bytes.buffer);
  }
}
