// Prometheus' XOR2 chunks, the plain way: what the kernels are tested and measured against.
import {BitReader, binary, packBits, varint, wrap, type FloatSample} from './xor.reference.ts';

export interface StartedSample extends FloatSample {
  /** Start timestamp, ms; 0 when unknown. */
  readonly start: bigint;
}

const STALE = 0x7ff0000000000002n;

const zigzag = (x: bigint): bigint => BigInt.asUintN(64, (x << 1n) ^ (x >> 63n));
const unzigzag = (x: bigint): bigint => (x >> 1n) ^ -(x & 1n);

/** Classes of varbit numbers: marking bits and how many bits follow. */
const varbitClasses = [
  {prefix: '10', bits: 3},
  {prefix: '110', bits: 6},
  {prefix: '1110', bits: 9},
  {prefix: '11110', bits: 12},
  {prefix: '111110', bits: 18},
  {prefix: '1111110', bits: 25},
  {prefix: '11111110', bits: 56},
] as const;

export function varbit(value: bigint): string {
  if (value === 0n) return '0';
  for (const {prefix, bits} of varbitClasses) {
    const half = 1n << BigInt(bits - 1);
    if (-half < value && value <= half) return prefix + binary(value, bits);
  }
  return `11111111${binary(value, 64)}`;
}

/** Control bits of a value: of one that follows a time, and of one that came when it was expected, where time and value share them. */
const codes = {
  timed: {same: '0', old: '10', fresh: '110', stale: '111'},
  joint: {same: '0', old: '100', fresh: '101', stale: '11111'},
} as const;

class ValueWriter {
  #last = 0n;
  #window: {leading: number; trailing: number} | undefined;

  first(bits: bigint): string {
    if (bits !== STALE) this.#last = bits;
    return binary(bits, 64);
  }

  next(bits: bigint, code: (typeof codes)['timed' | 'joint']): string {
    if (bits === STALE) return code.stale;
    const xor = binary(bits ^ this.#last, 64);
    this.#last = bits;
    if (!xor.includes('1')) return code.same;
    const leading = Math.min(31, xor.indexOf('1'));
    const trailing = 63 - xor.lastIndexOf('1');
    const window = this.#window;
    if (window !== undefined && leading >= window.leading && trailing >= window.trailing) {
      return code.old + xor.slice(window.leading, 64 - window.trailing);
    }
    this.#window = {leading, trailing};
    const significant = BigInt(64 - leading - trailing);
    return code.fresh + binary(BigInt(leading), 5) + binary(significant, 6) + xor.slice(leading, 64 - trailing);
  }
}

/** Samples from this one on always have their start. */
const STARTS_FROM_MAX = 127;

/** The start of each sample from the second on, and the byte that says where they begin. */
function startsOf(samples: readonly StartedSample[]): {byte: number; texts: string[]} {
  const {length} = samples;
  let from = samples.findIndex((sample, i) => i > 0 && sample.start !== samples[i - 1]!.start);
  if (from < 0 || from > STARTS_FROM_MAX) from = length > STARTS_FROM_MAX ? STARTS_FROM_MAX : length;
  const distance = (i: number): bigint => (i < from ? 0n : samples[i - 1]!.time - samples[i]!.start);
  const texts = samples.map((_, i) => (i === 0 || i < from ? '' : varbit(wrap(distance(i) - distance(i - 1)))));
  const known = length > 0 && samples[0]!.start !== 0n ? 0x80 : 0;
  return {byte: known | (from < length ? from : 0), texts};
}

function timeChange(change: bigint): string {
  if (-4096n <= change && change <= 4095n) return `110${binary(change, 13)}`;
  if (-524288n <= change && change <= 524287n) return `1110${binary(change, 20)}`;
  return `11110${binary(change, 64)}`;
}

/** The encoded bytes of a chunk with these samples. */
export function encodeXor2(samples: readonly StartedSample[]): Uint8Array {
  const {byte, texts} = startsOf(samples);
  const values = new ValueWriter();
  let text = binary(BigInt(samples.length), 16) + binary(BigInt(byte), 8);
  for (const [i, {time, bits, start}] of samples.entries()) {
    if (i === 0) {
      text += varint(zigzag(time)) + values.first(bits);
      if (start !== 0n) text += varint(zigzag(wrap(time - start)));
      continue;
    }
    const delta = wrap(time - samples[i - 1]!.time);
    if (i === 1) {
      text += varint(BigInt.asUintN(64, delta)) + values.next(bits, codes.timed);
    } else {
      const change = wrap(delta - wrap(samples[i - 1]!.time - samples[i - 2]!.time));
      text += change === 0n ? values.next(bits, codes.joint) : timeChange(change) + values.next(bits, codes.timed);
    }
    text += texts[i];
  }
  return packBits(text);
}

/** How many of up to `most` ones come before a zero, which is taken too. */
function takeOnes(reader: BitReader, most: number): number {
  let ones = 0;
  while (ones < most && reader.take(1) === 1n) ones++;
  return ones;
}

function takeVarbit(reader: BitReader): bigint {
  const ones = takeOnes(reader, 8);
  if (ones === 0) return 0n;
  if (ones === 8) return BigInt.asIntN(64, reader.take(64));
  const {bits} = varbitClasses[ones - 1]!;
  const value = reader.take(bits);
  return value > 1n << BigInt(bits - 1) ? value - (1n << BigInt(bits)) : value;
}

class ValueReader {
  readonly #reader: BitReader;
  #last = 0n;
  #leading = 0;
  #significant = 64;

  constructor(reader: BitReader) {
    this.#reader = reader;
  }

  first(): bigint {
    const bits = this.#reader.take(64);
    if (bits !== STALE) this.#last = bits;
    return bits;
  }

  same(): bigint {
    return this.#last;
  }

  old(): bigint {
    const shift = BigInt(64 - this.#leading - this.#significant);
    this.#last ^= this.#reader.take(this.#significant) << shift;
    return this.#last;
  }

  fresh(): bigint {
    this.#leading = Number(this.#reader.take(5));
    this.#significant = Number(this.#reader.take(6)) || 64;
    if (this.#leading + this.#significant > 64) throw new RangeError('value window too wide');
    return this.old();
  }

  timed(): bigint {
    const ones = takeOnes(this.#reader, 3);
    return ones === 0 ? this.same() : ones === 1 ? this.old() : ones === 2 ? this.fresh() : STALE;
  }
}

/** The first `count` samples of an encoded chunk. Throws RangeError when it is corrupt. */
export function decodeXor2(bytes: Uint8Array, count: number): StartedSample[] {
  const samples: StartedSample[] = [];
  if (count === 0) return samples;
  const reader = new BitReader(bytes);
  const values = new ValueReader(reader);
  const byte = Number(reader.take(8));
  const from = byte & 0x7f || Infinity;
  let delta = 0n;
  let distance = 0n;
  let time = unzigzag(reader.varint());
  let bits = values.first();
  let start = byte & 0x80 ? wrap(time - unzigzag(reader.varint())) : 0n;
  samples.push({time, bits, start});
  for (let i = 1; i < count; i++) {
    const ones = i === 1 ? -1 : takeOnes(reader, 5);
    if (ones === -1) delta = wrap(reader.varint());
    else if (ones === 2) delta = wrap(delta + BigInt.asIntN(13, reader.take(13)));
    else if (ones === 3) delta = wrap(delta + BigInt.asIntN(20, reader.take(20)));
    else if (ones === 4) delta = wrap(delta + BigInt.asIntN(64, reader.take(64)));
    if (ones === 0) bits = values.same();
    else if (ones === 1) bits = reader.take(1) === 1n ? values.fresh() : values.old();
    else bits = ones === 5 ? STALE : values.timed();
    const before = time;
    time = wrap(time + delta);
    if (i >= from) {
      distance = wrap(distance + takeVarbit(reader));
      start = wrap(before - distance);
    }
    samples.push({time, bits, start});
  }
  return samples;
}
