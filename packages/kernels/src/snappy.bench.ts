import {measure, pseudoRandom} from './bench.ts';
import {KernelMemory} from './kernel-memory.ts';
import {decodeSnappy} from './snappy.reference.ts';

/** A body like remote write's: label texts that repeat, values that do not. */
function body(bytes: number): Uint8Array {
  const random = pseudoRandom(3);
  const parts: string[] = [];
  for (let length = 0; length < bytes;) {
    const line = `http_request_duration_seconds_bucket|handler|/api/v1/q${random() % 90}|instance|10.0.0.${random() % 40}:9100|${random()}`;
    parts.push(line);
    length += line.length;
  }
  return new TextEncoder().encode(parts.join('')).subarray(0, bytes);
}

/** Time to encode and decode a byte of a body of 1 MB. */
export function run(scale: number): void {
  const memory = new KernelMemory({maximumBytes: 1 << 25});
  const {kernels} = memory;
  const plain = body(Math.max(1000, Math.round(1_000_000 * scale)));
  const source = memory.alloc(plain.length);
  memory.u8.set(plain, source);
  const block = memory.alloc(kernels.snappyEncodedMax(plain.length));
  const table = memory.alloc(32768);
  const passes = Math.max(1, Math.round(20 * scale));
  measure('snappy encode, a byte', plain.length, passes, () =>
    kernels.snappyEncode(source, plain.length, block, table),
  );
  const encoded = kernels.snappyEncode(source, plain.length, block, table);
  console.log(`snappy ratio ${(plain.length / encoded).toFixed(2)}`);
  const target = memory.alloc(plain.length);
  measure('snappy decode, a byte', plain.length, passes, () =>
    kernels.snappyDecode(block, encoded, target, plain.length),
  );
  const bytes = memory.u8.slice(block, block + encoded);
  measure('snappy decode, plain TypeScript, a byte', plain.length, 1, () => decodeSnappy(bytes).length);
}

if (import.meta.main) run(1);
