// The small values that records, which are rare, consist of: plain code, exact for all of 64 bits.

const decoder = new TextDecoder('utf-8', {ignoreBOM: true});
const encoder = new TextEncoder();
const FIRST_BYTES = 1024;

/** Reads values of a record one after the other. Everything throws an Error when the record ends before. */
export class ByteReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get left(): number {
    return this.#bytes.length - this.#at;
  }

  byte(): number {
    return this.#bytes[this.#take(1)]!;
  }

  /** Eight bytes, the highest first. */
  long(): bigint {
    return this.#view.getBigUint64(this.#take(8));
  }

  float(): number {
    return this.#view.getFloat64(this.#take(8));
  }

  uvarint(): bigint {
    const first = this.byte();
    if (first < 0x80) return BigInt(first);
    let value = BigInt(first & 0x7f);
    for (let shift = 7n; shift < 70n; shift += 7n) {
      const byte = this.byte();
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) break;
      if (shift === 63n) throw new Error('invalid size');
    }
    if (value >= 2n ** 64n) throw new Error('invalid size');
    return value;
  }

  varint(): bigint {
    const value = this.uvarint();
    return (value & 1n) === 0n ? value >> 1n : -(value >> 1n) - 1n;
  }

  /** A number of things that take a byte each at least. */
  count(): number {
    const value = this.uvarint();
    if (value > this.left) throw new Error('invalid size');
    return Number(value);
  }

  text(): string {
    const length = this.count();
    const from = this.#take(length);
    return decoder.decode(this.#bytes.subarray(from, from + length));
  }

  #take(length: number): number {
    const from = this.#at;
    if (length > this.left) throw new Error('invalid size');
    this.#at += length;
    return from;
  }
}

/** Writes the values of a record one after the other. */
export class ByteWriter {
  #bytes = new Uint8Array(FIRST_BYTES);
  #view = new DataView(this.#bytes.buffer);
  #length = 0;

  /** All that was written; valid until more is. */
  get bytes(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }

  byte(value: number): void {
    const at = this.#take(1);
    this.#bytes[at] = value;
  }

  /** Eight bytes, the highest first; of a negative number its two's complement. */
  long(value: bigint): void {
    const at = this.#take(8);
    this.#view.setBigUint64(at, BigInt.asUintN(64, value));
  }

  float(value: number): void {
    const at = this.#take(8);
    // Any NaN becomes the one that Go makes: JavaScript leaves open which bits a number has.
    if (Number.isNaN(value)) this.#view.setBigUint64(at, 0x7ff8000000000001n);
    else this.#view.setFloat64(at, value);
  }

  uvarint(value: bigint | number): void {
    let rest = BigInt.asUintN(64, BigInt(value));
    for (; rest >= 0x80n; rest >>= 7n) this.byte(Number(rest & 0x7fn) | 0x80);
    this.byte(Number(rest));
  }

  varint(value: bigint): void {
    this.uvarint(value < 0n ? -2n * value - 1n : 2n * value);
  }

  text(text: string): void {
    const bytes = encoder.encode(text);
    this.uvarint(bytes.length);
    const at = this.#take(bytes.length);
    this.#bytes.set(bytes, at);
  }

  /** Where the next bytes go. The buffer and its view may be others afterwards. */
  #take(length: number): number {
    const from = this.#length;
    this.#length += length;
    if (this.#length > this.#bytes.length) this.#grow();
    return from;
  }

  #grow(): void {
    const bytes = new Uint8Array(2 * this.#length);
    bytes.set(this.#bytes);
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer);
  }
}

/** The number, unless it is beyond ±2^53: then undefined. */
export function exactNumber(value: bigint): number | undefined {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : undefined;
}

/** The number, or the one nearest to it that is within ±2^53. */
export const nearestNumber = (value: bigint): number =>
  Math.max(Number.MIN_SAFE_INTEGER, Math.min(Number.MAX_SAFE_INTEGER, Number(value)));
