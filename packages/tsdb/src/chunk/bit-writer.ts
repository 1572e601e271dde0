const PADDING = 16;
const TWO_32 = 2 ** 32;

/** Writes what upstream's histogram chunks are made of, bit by bit, the counterpart of BitReader. Whoever writes reserves room first. */
export class BitWriter {
  /** The bytes written, and room. Replaced when it grows. */
  bytes = new Uint8Array(1024 + PADDING);
  #view = new DataView(this.bytes.buffer);
  /** Place of the next bit. */
  at = 0;

  /** Bytes written, the last of them perhaps in part; the bits behind are 0. */
  get length(): number {
    return (this.at + 7) >>> 3;
  }

  /** Begins again with `bytes[from..to]`, of which `bits` bits count. */
  open(bytes: Uint8Array, from: number, to: number, bits: number): void {
    this.at = 0;
    this.reserve(to - from);
    this.bytes.set(bytes.subarray(from, to));
    this.at = bits;
  }

  /** Makes room for `bytes` more. */
  reserve(bytes: number): void {
    const needed = this.length + bytes + PADDING;
    if (needed <= this.bytes.length) return;
    const {bytes: old} = this;
    this.bytes = new Uint8Array(needed * 2);
    this.bytes.set(old);
    this.#view = new DataView(this.bytes.buffer);
  }

  /** Writes the low `count` bits of `value`, 1 to 32; the bits above are 0. */
  bits(value: number, count: number): void {
    const free = 32 - (this.at & 7);
    if (count > free) {
      this.bits(value >>> 16, count - 16);
      this.bits(value & 0xffff, 16);
      return;
    }
    const byte = this.at >>> 3;
    const before = free === 32 ? 0 : (this.bytes[byte] >>> (free - 24)) << free;
    this.#view.setInt32(byte, before | (value << (free - count)));
    this.at += count;
  }

  /** A whole number with a sign, in 1 bit to 9 bytes. */
  varbit(value: number): void {
    if (value === 0) this.bits(0, 1);
    else if (value >= -3 && value <= 4) this.bits((0b10 << 3) | (value & 0x7), 5);
    else if (value >= -31 && value <= 32) this.bits((0b110 << 6) | (value & 0x3f), 9);
    else if (value >= -255 && value <= 256) this.bits((0b1110 << 9) | (value & 0x1ff), 13);
    else if (value >= -2047 && value <= 2048) this.bits((0b11110 << 12) | (value & 0xfff), 17);
    else if (value >= -131_071 && value <= 131_072) this.bits((0b111110 << 18) | (value & 0x3ffff), 24);
    else if (value >= -16_777_215 && value <= 16_777_216) this.bits((0b1111110 << 25) | (value & 0x1ffffff), 32);
    else this.#wide(value, value > -(2 ** 55) && value <= 2 ** 55);
  }

  /** A whole number without sign, in 1 bit to 9 bytes. */
  unsignedVarbit(value: number): void {
    if (value === 0) this.bits(0, 1);
    else if (value < 2 ** 3) this.bits((0b10 << 3) | value, 5);
    else if (value < 2 ** 6) this.bits((0b110 << 6) | value, 9);
    else if (value < 2 ** 9) this.bits((0b1110 << 9) | value, 13);
    else if (value < 2 ** 12) this.bits((0b11110 << 12) | value, 17);
    else if (value < 2 ** 18) this.bits((0b111110 << 18) | value, 24);
    else if (value < 2 ** 25) this.bits((0b1111110 << 25) | value, 32);
    else this.#wide(value, value < 2 ** 56);
  }

  #wide(value: number, fits56: boolean): void {
    const high = Math.floor(value / TWO_32);
    this.bits(fits56 ? 0xfe : 0xff, 8);
    if (fits56) this.bits(high & 0xffffff, 24);
    else this.bits(high >>> 0, 32);
    this.bits(value >>> 0, 32);
  }

  /** A whole number with a sign, seven bits a byte. */
  varint(value: number): void {
    let rest = value < 0 ? -2 * value - 1 : 2 * value;
    for (; rest >= 128; rest = Math.floor(rest / 128)) this.bits((rest % 128) | 0x80, 8);
    this.bits(rest, 8);
  }

  /** The 64 bits of value `i`; `words` views its bytes. */
  float(words: Uint32Array, i: number): void {
    this.bits(words[2 * i + 1], 32);
    this.bits(words[2 * i], 32);
  }

  /** The bits in which `next` differs from `words`, both floats `i`, which becomes `next`. `leading` and `trailing` keep its window of bits. */
  xor(words: Uint32Array, next: Uint32Array, i: number, leading: Uint8Array, trailing: Uint8Array): void {
    const high = words[2 * i + 1] ^ next[2 * i + 1];
    const low = words[2 * i] ^ next[2 * i];
    if (high === 0 && low === 0) {
      this.bits(0, 1);
      return;
    }
    words[2 * i + 1] = next[2 * i + 1];
    words[2 * i] = next[2 * i];
    const zeros = Math.min(31, Math.clz32(high));
    const after = low === 0 ? 32 + trailingZeros(high) : trailingZeros(low);
    if (zeros >= leading[i] && after >= trailing[i]) this.bits(0b10, 2);
    else {
      leading[i] = zeros;
      trailing[i] = after;
      this.bits((((0b11 << 5) | zeros) << 6) | ((64 - zeros - after) & 0x3f), 13);
    }
    this.#significant(high, low, leading[i], trailing[i]);
  }

  /** The bits of a word of 64 between so many leading and trailing ones. */
  #significant(high: number, low: number, leading: number, trailing: number): void {
    if (trailing >= 32) {
      this.bits(high >>> (trailing - 32), 64 - leading - trailing);
      return;
    }
    this.bits(high >>> 0, 32 - leading);
    this.bits(low >>> trailing, 32 - trailing);
  }
}

const trailingZeros = (word: number): number => 31 - Math.clz32(word & -word);
