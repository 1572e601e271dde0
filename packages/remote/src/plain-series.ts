import {WriteError} from './write-error.ts';

/** A series of a request, read plainly. Ranges are offsets in the bytes it was read from. */
export interface PlainSeries {
  /** Name start, name end, value start, value end of each label, in the order of the message. */
  readonly ranges: readonly number[];
  readonly times: readonly number[];
  /** Bits of the values stay as they are. */
  readonly values: Float64Array;
  readonly histograms: number;
}

const VARINT = 0;
const FIXED64 = 1;
const BYTES = 2;
const FIXED32 = 5;

/** Reads fields of a protobuf message in bytes[at, end). Throws WriteError 400 for anything that is no message. */
class Fields {
  readonly bytes: Uint8Array;
  #at: number;
  readonly #end: number;
  number = 0;
  wire = 0;
  /** Content of a field of bytes, or the 8 bytes of a fixed one. */
  start = 0;
  end = 0;
  varint = 0n;

  constructor(bytes: Uint8Array, at: number, end: number) {
    this.bytes = bytes;
    this.#at = at;
    this.#end = end;
  }

  next(): boolean {
    if (this.#at >= this.#end) return false;
    const tag = Number(this.#readVarint());
    this.number = tag >>> 3;
    this.wire = tag & 7;
    if (this.wire === VARINT) this.varint = this.#readVarint();
    else if (this.wire === FIXED64) this.#take(8);
    else if (this.wire === FIXED32) this.#take(4);
    else if (this.wire === BYTES) this.#take(Number(this.#readVarint()));
    else throw corrupt();
    return true;
  }

  #take(length: number): void {
    this.start = this.#at;
    this.end = this.#at + length;
    if (this.end > this.#end) throw corrupt();
    this.#at = this.end;
  }

  #readVarint(): bigint {
    let value = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      if (this.#at >= this.#end) throw corrupt();
      const byte = this.bytes[this.#at++]!;
      value |= BigInt(byte & 127) << shift;
      if (byte < 128) return value;
    }
    throw corrupt();
  }
}

const corrupt = () => new WriteError(400, 'proto: illegal wire format in prometheus.WriteRequest');

/** Read the TimeSeries message in bytes[at, end), whatever the order of its fields. Times saturate at what a double holds exactly. */
export function readSeries(bytes: Uint8Array, at: number, end: number): PlainSeries {
  const fields = new Fields(bytes, at, end);
  const ranges: number[] = [];
  const times: number[] = [];
  const values: Uint8Array[] = [];
  let histograms = 0;
  while (fields.next()) {
    if (fields.wire !== BYTES) continue;
    if (fields.number === 1) ranges.push(...readLabel(bytes, fields.start, fields.end));
    else if (fields.number === 2) times.push(readSample(bytes, fields.start, fields.end, values));
    else if (fields.number === 4) histograms++;
  }
  const whole = new Uint8Array(8 * values.length);
  for (const [i, bits] of values.entries()) whole.set(bits, 8 * i);
  return {ranges, times, values: new Float64Array(whole.buffer), histograms};
}

function readLabel(bytes: Uint8Array, at: number, end: number): number[] {
  const fields = new Fields(bytes, at, end);
  const range = [0, 0, 0, 0];
  while (fields.next()) {
    if (fields.wire !== BYTES || (fields.number !== 1 && fields.number !== 2)) continue;
    range[2 * fields.number - 2] = fields.start;
    range[2 * fields.number - 1] = fields.end;
  }
  return range;
}

const ZERO = new Uint8Array(8);

function readSample(bytes: Uint8Array, at: number, end: number, values: Uint8Array[]): number {
  const fields = new Fields(bytes, at, end);
  let value = ZERO;
  let time = 0n;
  while (fields.next()) {
    if (fields.number === 1 && fields.wire === FIXED64) value = bytes.slice(fields.start, fields.end);
    else if (fields.number === 2 && fields.wire === VARINT) time = BigInt.asIntN(64, fields.varint);
  }
  values.push(value);
  return Math.max(-Number.MAX_SAFE_INTEGER, Math.min(Number.MAX_SAFE_INTEGER, Number(time)));
}
