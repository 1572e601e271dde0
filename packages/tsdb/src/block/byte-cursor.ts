// Numbers as Prometheus' files have them: big-endian, and varints of 7 bits a byte. JavaScript's numbers hold whole numbers up to
// 2^53, more than any offset or time in milliseconds needs; what is larger is refused.

const LARGEST = Number.MAX_SAFE_INTEGER;

/** What a cursor reads of is not what it should be. Those who know the file make a FileCorruption of it. */
export class CursorError extends Error {
  override readonly name = 'CursorError';
}

/** A place in bytes, moved by each read. Throws CursorError at the end and for numbers over 2^53. */
export class ByteCursor {
  bytes = new Uint8Array(0);
  at = 0;
  end = 0;

  /** Read `bytes[at, end)` from here on; the cursor keeps the bytes. */
  set(bytes: Uint8Array<ArrayBuffer>, at: number, end: number): this {
    this.bytes = bytes;
    this.at = at;
    this.end = end;
    return this;
  }

  get left(): number {
    return this.end - this.at;
  }

  byte(): number {
    if (this.at >= this.end) throw new CursorError('the data ends too early');
    return this.bytes[this.at++];
  }

  be32(): number {
    this.#need(4);
    const {bytes, at} = this;
    this.at = at + 4;
    return ((bytes[at] << 24) | (bytes[at + 1] << 16) | (bytes[at + 2] << 8) | bytes[at + 3]) >>> 0;
  }

  be64(): number {
    const value = this.be32() * 0x1_0000_0000 + this.be32();
    if (value > LARGEST) throw new CursorError('a number is too large');
    return value;
  }

  uvarint(): number {
    let byte = this.byte();
    if (byte < 0x80) return byte;
    let value = byte & 0x7f;
    for (let scale = 0x80; ; scale *= 0x80) {
      byte = this.byte();
      value += (byte & 0x7f) * scale;
      if (value > 2 * LARGEST || scale > LARGEST) throw new CursorError('a number is too large');
      if (byte < 0x80) break;
    }
    if (value > LARGEST) throw new CursorError('a number is too large');
    return value;
  }

  /** A signed number, its sign in the lowest bit. */
  varint(): number {
    const {at} = this;
    const isNegative = (this.byte() & 1) !== 0;
    this.at = at;
    const half = Math.floor(this.#zigzag() / 2);
    return isNegative ? -half - 1 : half;
  }

  skip(bytes: number): void {
    this.#need(bytes);
    this.at += bytes;
  }

  /** Numbers up to 2^54: the lowest bit may be lost above 2^53, which is why the sign was looked at first. */
  #zigzag(): number {
    let value = 0;
    for (let scale = 1; ; scale *= 0x80) {
      const byte = this.byte();
      value += (byte & 0x7f) * scale;
      if (value > 2 * LARGEST || scale > LARGEST) throw new CursorError('a number is too large');
      if (byte < 0x80) return value;
    }
  }

  #need(bytes: number): void {
    if (bytes > this.end - this.at) throw new CursorError('the data ends too early');
  }
}
