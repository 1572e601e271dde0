import zlib from 'node:zlib';

export type Label = readonly [name: string, value: string];

export interface Series {
  readonly labels: readonly Label[];
  readonly samples: readonly (readonly [timeMs: number, value: number])[];
}

/** A remote-write v1 request with `series`, in snappy's block format (all literals), as plainly as it can be made. */
export function writeRequest(series: readonly Series[]): Buffer {
  return snappyLiterals(Buffer.concat(series.map((each) => field(1, timeSeries(each)))));
}

function timeSeries({labels, samples}: Series): Buffer {
  const pairs = labels.map(([name, value]) => field(1, Buffer.concat([field(1, Buffer.from(name)), field(2, Buffer.from(value))])));
  return Buffer.concat([...pairs, ...samples.map(([time, value]) => field(2, sample(time, value)))]);
}

function sample(timeMs: number, value: number): Buffer {
  const bits = Buffer.alloc(9);
  bits[0] = (1 << 3) | 1;
  bits.writeDoubleLE(value, 1);
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

function snappyLiterals(bytes: Buffer): Buffer {
  const parts = [varint(BigInt(bytes.length))];
  for (let at = 0; at < bytes.length; at += LITERAL_MAX) {
    const literal = bytes.subarray(at, at + LITERAL_MAX);
    const length = literal.length - 1;
    parts.push(Buffer.of(61 << 2, length & 255, length >> 8), literal);
  }
  return Buffer.concat(parts);
}

/** Post a request; gives status and text of the answer. */
export async function postWrite(url: string, body: Buffer): Promise<{status: number; body: string}> {
  const answer = await fetch(`${url}/api/v1/write`, {
    method: 'POST',
    body: new Uint8Array(body),
    headers: {
      'Content-Type': 'application/x-protobuf',
      'Content-Encoding': 'snappy',
      'X-Prometheus-Remote-Write-Version': '0.1.0',
    },
  });
  return {status: answer.status, body: await answer.text()};
}

/** A check of the bytes, so that a test that forges one can see that it forged it well. */
export const checksum = (bytes: Buffer): number => zlib.crc32(bytes);
