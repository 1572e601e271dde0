// Remote write 1.0 requests, the plain way: written and read field by field.

export interface WrittenSample {
  readonly time: bigint;
  readonly bits: bigint;
}

export interface WrittenSeries {
  readonly labels: readonly (readonly [name: string, value: string])[];
  readonly samples: readonly WrittenSample[];
  /** How many exemplars and histograms; what is in them is rubbish. */
  readonly exemplars: number;
  readonly histograms: number;
}

export interface WriteRequest {
  readonly series: readonly WrittenSeries[];
  /** How many metadata entries. */
  readonly metadata: number;
}

function varint(value: bigint): number[] {
  const out: number[] = [];
  for (value = BigInt.asUintN(64, value); value >= 0x80n; value >>= 7n) out.push(Number(value & 0x7fn) | 0x80);
  return [...out, Number(value)];
}

const message = (field: number, content: readonly number[]): number[] => [
  (field << 3) | 2,
  ...varint(BigInt(content.length)),
  ...content,
];

const text = (field: number, value: string): number[] => message(field, [...new TextEncoder().encode(value)]);

function sampleBytes({time, bits}: WrittenSample): number[] {
  const value = new Uint8Array(BigUint64Array.of(bits).buffer);
  return [...(bits === 0n ? [] : [9, ...value]), ...(time === 0n ? [] : [16, ...varint(time)])];
}

export const seriesBytes = ({labels, samples, exemplars, histograms}: WrittenSeries): number[] => [
  ...labels.flatMap(([name, value]) => message(1, [...text(1, name), ...text(2, value)])),
  ...samples.flatMap((sample) => message(2, sampleBytes(sample))),
  ...Array.from({length: exemplars}, () => message(3, [1, 2, 3])).flat(),
  ...Array.from({length: histograms}, () => message(4, [4, 5])).flat(),
];

/** The bytes of a request, fields in the order in which senders write them. */
export const encodeWriteRequest = ({series, metadata}: WriteRequest): Uint8Array =>
  Uint8Array.from([
    ...series.flatMap((one) => message(1, seriesBytes(one))),
    ...Array.from({length: metadata}, () => message(3, text(2, 'up'))).flat(),
  ]);

interface Field {
  readonly number: number;
  readonly wire: number;
  /** Of a number. */
  readonly value: bigint;
  /** Of a text or message. */
  readonly content: Uint8Array;
}

/** The fields of a message, one by one. Throws RangeError when it is corrupt. */
function* fieldsOf(bytes: Uint8Array): Generator<Field> {
  let at = 0;
  const take = (length: number): Uint8Array => {
    if (length > bytes.length - at) throw new RangeError('field ends too late');
    at += length;
    return bytes.subarray(at - length, at);
  };
  const number = (): bigint => {
    let value = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const [byte] = take(1);
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80 && value < 1n << 64n) return value;
      if (byte < 0x80) break;
    }
    throw new RangeError('varint too long');
  };
  while (at < bytes.length) {
    const tag = number();
    if (tag < 8n || tag >= 1n << 32n) throw new RangeError('bad tag');
    const wire = Number(tag & 7n);
    if (wire === 3 || wire === 4 || wire > 5) throw new RangeError('bad wire type');
    const value = wire === 0 || wire === 2 ? number() : 0n;
    const length = wire === 0 ? 0 : wire === 1 ? 8 : wire === 5 ? 4 : Number(value);
    yield {number: Number(tag >> 3n), wire, value, content: take(length)};
  }
}

const wires = {request: {1: 2, 3: 2}, series: {1: 2, 2: 2, 3: 2, 4: 2}, label: {1: 2, 2: 2}, sample: {1: 1, 2: 0}};

/** The fields of `kind` that are known; those that are not are left out. */
function known(kind: Readonly<Record<number, number>>, bytes: Uint8Array): Field[] {
  const fields = [...fieldsOf(bytes)].filter((field) => kind[field.number] !== undefined);
  if (fields.some((field) => kind[field.number] !== field.wire)) throw new RangeError('wrong wire type');
  return fields;
}

function decodeLabel(bytes: Uint8Array): [string, string] {
  const decoder = new TextDecoder('utf-8', {ignoreBOM: true});
  const label: [string, string] = ['', ''];
  for (const field of known(wires.label, bytes)) label[field.number - 1] = decoder.decode(field.content);
  return label;
}

function decodeSample(bytes: Uint8Array): WrittenSample {
  const sample = {time: 0n, bits: 0n};
  for (const field of known(wires.sample, bytes)) {
    if (field.number === 2) sample.time = BigInt.asIntN(64, field.value);
    else sample.bits = new DataView(field.content.slice().buffer).getBigUint64(0, true);
  }
  return sample;
}

function decodeSeries(bytes: Uint8Array): WrittenSeries {
  const fields = known(wires.series, bytes);
  const contents = (number: number): Uint8Array[] =>
    fields.filter((field) => field.number === number).map((field) => field.content);
  return {
    labels: contents(1).map(decodeLabel),
    samples: contents(2).map(decodeSample),
    exemplars: contents(3).length,
    histograms: contents(4).length,
  };
}

/** What is in a request. Throws RangeError when it is corrupt. */
export function decodeWriteRequest(bytes: Uint8Array): WriteRequest {
  const fields = known(wires.request, bytes);
  return {
    series: fields.filter((field) => field.number === 1).map((field) => decodeSeries(field.content)),
    metadata: fields.filter((field) => field.number === 3).length,
  };
}
