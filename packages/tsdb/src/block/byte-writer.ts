const FIRST_BYTES = 4096;
const TWO_32 = 0x1_0000_0000;
/** From here on doubling a number for the sign would lose its last bit. */
const ZIGZAG_MAX = 2 ** 51;

/** Bytes that are put together before they are written; the buffer grows and is used again after `clear`. */
export class ByteWriter {
  /** The bytes, `length` of them; replaced when it grows. */
  bytes = new Uint8Array(FIRST_BYTES);
  length = 0;

  clear(): void {
    this.length = 0;
  }

  /** What was put since `clear`, until the next `clear`. */
  view(): Uint8Array {
    return this.bytes.subarray(0, this.length);
  }

  byte(value: number): void {
    this.#reserve(1);
    this.bytes[this.length++] = value;
  }

  /** An unsigned 32-bit number, big-endian. */
  be32(value: number): void {
    this.#reserve(4);
    const {bytes, length} = this;
    bytes[length] = value >>> 24;
    bytes[length + 1] = value >>> 16;
    bytes[length + 2] = value >>> 8;
    bytes[length + 3] = value;
    this.length = length + 4;
  }

  /** An unsigned number up to 2^53, big-endian in 8 bytes. */
  be64(value: number): void {
    this.be32(Math.floor(value / TWO_32));
    this.be32(value % TWO_32);
  }

  /** A whole number from 0 to 2^53 as Go's Uvarint: seven bits a byte, the lowest first. */
  uvarint(value: number): void {
    this.#reserve(10);
    const {bytes} = this;
    let {length} = this;
    let rest = value;
    while (rest >= TWO_32 / 2) {
      bytes[length++] = (rest % 128) | 0x80;
      rest = Math.floor(rest / 128);
    }
    while (rest >= 0x80) {
      bytes[length++] = (rest & 0x7f) | 0x80;
      rest >>>= 7;
    }
    bytes[length++] = rest;
    this.length = length;
  }

  /** A whole number within ±2^53 as Go's Varint: the sign in the lowest bit. */
  varint(value: number): void {
    if (value >= ZIGZAG_MAX || value < -ZIGZAG_MAX) this.wideVarint(BigInt(value));
    else this.uvarint(value < 0 ? -2 * value - 1 : 2 * value);
  }

  put(bytes: Uint8Array, from: number, to: number): void {
    this.#reserve(to - from);
    this.bytes.set(from === 0 && to === bytes.length ? bytes : bytes.subarray(from, to), this.length);
    this.length += to - from;
  }

  /** A whole number of 64 bits as Go's Varint. */
  wideVarint(value: bigint): void {
    let rest = BigInt.asUintN(64, (value << 1n) ^ (value >> 63n));
    this.#reserve(10);
    while (rest >= 0x80n) {
      this.bytes[this.length++] = Number(rest & 0x7fn) | 0x80;
      rest >>= 7n;
    }
    this.bytes[this.length++] = Number(rest);
  }

  #reserve(bytes: number): void {
    const wanted = this.length + bytes;
    if (wanted <= this.bytes.length) return;
    const larger = new Uint8Array(Math.max(wanted, this.bytes.length * 2));
    larger.set(this.bytes.subarray(0, this.length));
    this.bytes = larger;
  }
}
