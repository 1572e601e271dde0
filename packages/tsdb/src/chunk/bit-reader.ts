import {ChunkError} from './errors.ts';

/** Bytes behind the data that may be read: a window of 72 bits that begins with the last bit of the data. */
const PADDING = 16;
const TWO_32 = 2 ** 32;
/** Bits of a varbit value by the ones in front of it; 56 and 64 bits are read otherwise. */
const VALUE_BITS = new Uint8Array([0, 3, 6, 9, 12, 18, 25]);
const VARINT_BYTES_MAX = 10;

/**
 * Reads what upstream's histogram chunks are made of, bit by bit from a copy of the bytes. Whole numbers come as floats: exact up to 2^53, rounded beyond
 * as upstream's conversion of counts to floats does. Every method throws a ChunkError when it passes the end of the data.
 */
export class BitReader {
  #bytes = new Uint8Array(1024 + PADDING);
  #view = new DataView(this.#bytes.buffer);
  /** Place of the next bit. */
  at = 0;
  /** Bits of the data. */
  end = 0;

  /** Begins to read bytes `from` to `to` of `bytes`, which may change afterwards. */
  open(bytes: Uint8Array, from: number, to: number): void {
    const length = to - from;
    if (this.#bytes.length < length + PADDING) {
      this.#bytes = new Uint8Array(length * 2 + PADDING);
      this.#view = new DataView(this.#bytes.buffer);
    }
    this.#bytes.set(bytes.subarray(from, to));
    this.#bytes.fill(0, length, length + PADDING);
    this.at = 0;
    this.end = length * 8;
  }

  /** The next `count` bits, 1 to 32 of them, as an unsigned number. */
  bits(count: number): number {
    const word = wordAt(this.#view, this.at) >>> (32 - count);
    this.#skip(count);
    return word;
  }

  /** A whole number with a sign, in 1 bit to 9 bytes. */
  varbit(): number {
    const word = wordAt(this.#view, this.at);
    if (word >= 0) {
      this.#skip(1);
      return 0;
    }
    const ones = Math.clz32(~word);
    if (ones > 6) return this.#wideVarbit(ones === 7 ? 56 : 64, true);
    const size = VALUE_BITS[ones];
    this.#skip(ones + 1 + size);
    return signedBits(word << (ones + 1), size);
  }

  /**
   * Reads a `varbit` for each of the slots `from` to `to`, by how much the change of a value differs from the change before, and brings `deltas` and `values`
   * up to date. Most of the time of decoding histograms goes by here, hence the one loop over local variables.
   */
  varbitChanges(values: Float64Array, deltas: Float64Array, from: number, to: number): void {
    const view = this.#view;
    const {end} = this;
    let {at} = this;
    for (let i = from; i < to; i++) {
      const word = wordAt(view, at);
      if (word >= 0) at++;
      else {
        const ones = Math.clz32(~word);
        if (ones > 6) {
          this.at = at;
          deltas[i] += this.varbit();
          ({at} = this);
        } else {
          const size = VALUE_BITS[ones];
          deltas[i] += signedBits(word << (ones + 1), size);
          at += ones + 1 + size;
        }
      }
      if (at > end) break;
      values[i] += deltas[i];
    }
    this.at = at;
    this.#skip(0);
  }

  /** A whole number without sign, in 1 bit to 9 bytes. */
  unsignedVarbit(): number {
    const word = wordAt(this.#view, this.at);
    if (word >= 0) {
      this.#skip(1);
      return 0;
    }
    const ones = Math.clz32(~word);
    if (ones > 6) return this.#wideVarbit(ones === 7 ? 56 : 64, false);
    const size = VALUE_BITS[ones];
    this.#skip(ones + 1 + size);
    return (word << (ones + 1)) >>> (32 - size);
  }

  #wideVarbit(size: number, signed: boolean): number {
    this.#skip(8);
    const high = this.bits(size - 32);
    const low = this.bits(32);
    // The one value of 56 bits with the top bit set that is positive is 2^55; of 64 bits there is none.
    const top = 2 ** (size - 33);
    const negative = signed && (high > top || (high === top && (low > 0 || size === 64)));
    return (negative ? high - 2 * top : high) * TWO_32 + low;
  }

  /** A whole number with a sign, seven bits a byte. */
  varint(): number {
    let value = 0;
    let scale = 1;
    for (let i = 0; i < VARINT_BYTES_MAX; i++) {
      const byte = this.bits(8);
      value += (byte & 0x7f) * scale;
      scale *= 128;
      if (byte < 0x80) return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
    }
    throw new ChunkError('a variable-length number of a chunk is too long');
  }

  /** 64 bits of a float to value `i`; `words` views its bytes. */
  float(words: Uint32Array, i: number): void {
    words[2 * i + 1] = this.bits(32);
    words[2 * i] = this.bits(32);
  }

  /** Changes float `i` by the bits in which the next value of it differs. `leading` and `trailing` keep its window of bits. */
  xor(words: Uint32Array, i: number, leading: Uint8Array, trailing: Uint8Array): void {
    const control = wordAt(this.#view, this.at);
    if (control >= 0) this.#skip(1);
    else this.#changed(control, words, i, leading, trailing);
  }

  /** As `xor` for each of the slots `from` to `to`. */
  xors(words: Uint32Array, from: number, to: number, leading: Uint8Array, trailing: Uint8Array): void {
    const view = this.#view;
    for (let i = from; i < to; i++) {
      const control = wordAt(view, this.at);
      if (control >= 0) this.#skip(1);
      else this.#changed(control, words, i, leading, trailing);
    }
  }

  #changed(control: number, words: Uint32Array, i: number, leading: Uint8Array, trailing: Uint8Array): void {
    this.at += 2;
    if (control << 1 < 0) this.#window(i, leading, trailing);
    else if (leading[i] === NO_WINDOW) {
      leading[i] = 0;
      trailing[i] = 0;
    }
    this.#significant(words, i, leading[i], trailing[i]);
  }

  #window(i: number, leading: Uint8Array, trailing: Uint8Array): void {
    const zeros = this.bits(5);
    const length = this.bits(6) || 64;
    if (zeros + length > 64) throw new ChunkError(`a value of a chunk has ${length} bits behind ${zeros} zeros`);
    leading[i] = zeros;
    trailing[i] = 64 - zeros - length;
  }

  #significant(words: Uint32Array, i: number, leading: number, trailing: number): void {
    const first = wordAt(this.#view, this.at);
    const second = wordAt(this.#view, this.at + 32);
    this.#skip(64 - leading - trailing);
    let high = first >>> leading;
    let low = leading === 0 ? second : (first << (32 - leading)) | (second >>> leading);
    if (trailing < 32) low = (low >>> trailing) << trailing;
    else {
      low = 0;
      high = (high >>> (trailing - 32)) << (trailing - 32);
    }
    words[2 * i + 1] ^= high;
    words[2 * i] ^= low;
  }

  #skip(bits: number): void {
    this.at += bits;
    if (this.at > this.end) throw new ChunkError(`a chunk ends after ${this.end >>> 3} bytes, within a sample`);
  }
}

/** The 32 bits from bit `at` on; zeros behind the end. */
function wordAt(view: DataView, at: number): number {
  const byte = at >>> 3;
  const shift = at & 7;
  return (view.getInt32(byte) << shift) | (view.getUint8(byte + 4) >>> (8 - shift));
}

/** The value of the first `size` bits of a word: two's complement but for 2^(size - 1), which is positive. Without a
 * branch, as the processor could only guess. */
function signedBits(word: number, size: number): number {
  const rest = 32 - size;
  return ((((word >>> rest) - 1) << rest) >> rest) + 1;
}

/** In an array of leading zeros: the value has not changed yet. */
export const NO_WINDOW = 0xff;
