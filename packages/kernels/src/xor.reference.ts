// Prometheus' float chunks, the plain way: what the kernels are tested and measured against.

export interface FloatSample {
  /** Milliseconds. */
  readonly time: bigint;
  /** The 64 bits of the value. */
  readonly bits: bigint;
}

/** `x` as signed 64 bits. */
export const wrap = (x: bigint): bigint => BigInt.asIntN(64, x);

/** Classes of a changed time delta: marking bits and how many bits follow. */
const deltaClasses = [
  {prefix: '10', bits: 14},
  {prefix: '110', bits: 17},
  {prefix: '1110', bits: 20},
] as const;

/** The low `bits` of `value` as zeros and ones. */
export const binary = (value: bigint, bits: number): string =>
  BigInt.asUintN(bits, value).toString(2).padStart(bits, '0');

/** An unsigned varint as zeros and ones. */
export function varint(value: bigint): string {
  let text = '';
  while (value >= 0x80n) {
    text += binary((value & 0x7fn) | 0x80n, 8);
    value >>= 7n;
  }
  return text + binary(value, 8);
}

function deltaChange(change: bigint): string {
  if (change === 0n) return '0';
  for (const {prefix, bits} of deltaClasses) {
    const half = 1n << BigInt(bits - 1);
    if (-half < change && change <= half) return prefix + binary(change, bits);
  }
  return `1111${binary(change, 64)}`;
}

/** The encoded bytes of a chunk with these samples. */
export function encodeXor(samples: readonly FloatSample[]): Uint8Array {
  let text = binary(BigInt(samples.length), 16);
  let time = 0n;
  let delta = 0n;
  let value = 0n;
  let window: {leading: number; trailing: number} | undefined;
  for (const [i, sample] of samples.entries()) {
    const newDelta = wrap(sample.time - time);
    if (i === 0) text += varint(BigInt.asUintN(64, (sample.time << 1n) ^ (sample.time >> 63n)));
    else if (i === 1) text += varint(BigInt.asUintN(64, newDelta));
    else text += deltaChange(wrap(newDelta - delta));
    time = sample.time;
    if (i > 0) delta = newDelta;

    const xor = binary(sample.bits ^ value, 64);
    value = sample.bits;
    if (i === 0) {
      text += xor;
    } else if (!xor.includes('1')) {
      text += '0';
    } else {
      const leading = Math.min(31, xor.indexOf('1'));
      const trailing = 63 - xor.lastIndexOf('1');
      if (window !== undefined && leading >= window.leading && trailing >= window.trailing) {
        text += `10${xor.slice(window.leading, 64 - window.trailing)}`;
      } else {
        window = {leading, trailing};
        const significant = 64 - leading - trailing;
        text += `11${binary(BigInt(leading), 5)}${binary(BigInt(significant), 6)}${xor.slice(leading, 64 - trailing)}`;
      }
    }
  }
  return packBits(text);
}

/** Bytes from zeros and ones, filled up with zeros. */
export function packBits(text: string): Uint8Array {
  const bytes = new Uint8Array(Math.ceil(text.length / 8));
  for (let i = 0; i < bytes.length; i++) bytes[i] = Number.parseInt(text.slice(i * 8, i * 8 + 8).padEnd(8, '0'), 2);
  return bytes;
}

/** Takes bits behind the two bytes of the count; RangeError behind the end. */
export class BitReader {
  readonly #bytes: Uint8Array;
  #position = 16;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  take(bits: number): bigint {
    let value = 0n;
    for (let i = 0; i < bits; i++) {
      const byte = this.#bytes[this.#position >>> 3];
      if (byte === undefined) throw new RangeError('chunk ends too early');
      value = (value << 1n) | BigInt((byte >>> (7 - (this.#position & 7))) & 1);
      this.#position++;
    }
    return value;
  }

  varint(): bigint {
    let value = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = this.take(8);
      value |= (byte & 0x7fn) << shift;
      if (byte < 0x80n) {
        if (value >= 1n << 64n) break;
        return value;
      }
    }
    throw new RangeError('varint too long');
  }
}

function takeDeltaChange(reader: BitReader): bigint {
  let ones = 0;
  while (ones < 4 && reader.take(1) === 1n) ones++;
  if (ones === 0) return 0n;
  if (ones === 4) return BigInt.asIntN(64, reader.take(64));
  const {bits} = deltaClasses[ones - 1]!;
  const value = reader.take(bits);
  return value > 1n << BigInt(bits - 1) ? value - (1n << BigInt(bits)) : value;
}

/** The first `count` samples of an encoded chunk. Throws RangeError when it is corrupt. */
export function decodeXor(bytes: Uint8Array, count: number): FloatSample[] {
  const reader = new BitReader(bytes);
  const samples: FloatSample[] = [];
  let time = 0n;
  let delta = 0n;
  let value = 0n;
  let leading = 0;
  let significant = 64;
  for (let i = 0; i < count; i++) {
    if (i === 0) {
      const zigzag = reader.varint();
      time = (zigzag >> 1n) ^ -(zigzag & 1n);
      value = reader.take(64);
    } else {
      delta = wrap(i === 1 ? reader.varint() : delta + takeDeltaChange(reader));
      time = wrap(time + delta);
      if (reader.take(1) === 1n) {
        if (reader.take(1) === 1n) {
          leading = Number(reader.take(5));
          significant = Number(reader.take(6)) || 64;
          if (leading + significant > 64) throw new RangeError('value window too wide');
        }
        value ^= reader.take(significant) << BigInt(64 - leading - significant);
      }
    }
    samples.push({time, bits: value});
  }
  return samples;
}
