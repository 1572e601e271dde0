// Requests made as plainly as can be, for tests.

export interface PlainWrite {
  readonly labels: readonly (readonly [name: string, value: string])[];
  /** A bigint gives the bits of the value, such as those of the stale marker. */
  readonly samples: readonly (readonly [timeMs: number, value: number | bigint])[];
}

/** A remote-write request of version 1 in snappy's block format, all literals. */
export function writeRequest(series: readonly PlainWrite[]): Buffer {
  return snappyLiterals(Buffer.concat(series.map((each) => field(1, timeSeries(each)))));
}

function timeSeries({labels, samples}: PlainWrite): Buffer {
  const pairs = labels.map(([name, value]) =>
    field(1, Buffer.concat([field(1, Buffer.from(name)), field(2, Buffer.from(value))])),
  );
  return Buffer.concat([...pairs, ...samples.map(([time, value]) => field(2, sample(time, value)))]);
}

function sample(timeMs: number, value: number | bigint): Buffer {
  const bits = Buffer.alloc(9);
  bits[0] = (1 << 3) | 1;
  if (typeof value === 'bigint') bits.writeBigUInt64LE(value, 1);
  else bits.writeDoubleLE(value, 1);
  return Buffer.concat([bits, Buffer.of(2 << 3), varint(BigInt.asUintN(64, BigInt(timeMs)))]);
}

const field = (number: number, bytes: Buffer): Buffer =>
  Buffer.concat([Buffer.of((number << 3) | 2), varint(BigInt(bytes.length)), bytes]);

function varint(value: bigint): Buffer {
  const bytes: number[] = [];
  for (let rest = value; ; rest >>= 7n) {
    if (rest < 128n) return Buffer.from([...bytes, Number(rest)]);
    bytes.push(Number(rest & 127n) | 128);
  }
}

const LITERAL_MAX = 65536;

/** `bytes` in snappy's block format, uncompressed. */
export function snappyLiterals(bytes: Buffer): Buffer {
  const parts = [varint(BigInt(bytes.length))];
  for (let at = 0; at < bytes.length; at += LITERAL_MAX) {
    const literal = bytes.subarray(at, at + LITERAL_MAX);
    const length = literal.length - 1;
    parts.push(Buffer.of(61 << 2, length & 255, length >> 8), literal);
  }
  return Buffer.concat(parts);
}
