import {measure, pseudoRandom} from '@narthex/kernels/bench.ts';
import {KernelMemory} from '@narthex/kernels/kernel-memory.ts';
import {ChunkBuilder} from './builder.ts';
import {ChunkDecoder} from './decoder.ts';
import {CHUNK_XOR, CHUNK_XOR2, encodingName} from './encoding.ts';
import type {SampleExtras} from './extras.ts';

const SAMPLES = 120;

/** Time a sample to build chunks of 120 floats, and to decode them: from the memory and from bytes on the JavaScript side. */
export function run(scale: number): void {
  const chunks = Math.max(1, Math.round(2000 * scale));
  const passes = Math.max(1, Math.round(8 * scale));
  const memory = new KernelMemory({maximumBytes: 1 << 26});
  const decoder = new ChunkDecoder(memory);
  const count = chunks * SAMPLES;
  const [times, values, starts] = [count * 8, count * 8, count * 8].map((bytes) => memory.alloc(bytes));
  const [outTimes, outValues, outStarts] = [0, 1, 2].map(() => memory.alloc(SAMPLES * 8));
  const extras: SampleExtras = {starts: outStarts, histogram: (bytes) => memory.alloc(bytes)};
  const random = pseudoRandom(7);
  for (let i = 0; i < count; i++) {
    const time = 1_700_000_000_000 + i * 15_000 + (random() % 8 === 0 ? 1 : 0);
    memory.f64[times / 8 + i] = time;
    memory.f64[values / 8 + i] = i * 100 + (random() % 17);
    memory.f64[starts / 8 + i] = time - 15_000;
  }
  for (const [name, encoding, began] of [
    ['no starts', CHUNK_XOR, 0],
    ['no starts', CHUNK_XOR2, 0],
    ['a start each', CHUNK_XOR2, starts],
  ] as const) {
    const builder = new ChunkBuilder(memory, {floatEncoding: encoding});
    const title = `${encodingName(encoding)}, ${name}`;
    measure(`build ${title}`, count, passes, () => {
      let bytes = 0;
      builder.begin(times, values, began, count);
      while (builder.next()) bytes += builder.bytes.length;
      return bytes;
    });
    const {bytes} = builder;
    const {length} = bytes;
    measure(`decode bytes ${title}`, count, passes, () => {
      let sum = 0;
      for (let i = 0; i < chunks; i++) {
        sum += decoder.decodeBytes(encoding, bytes, 0, length, 120, -Infinity, Infinity, outTimes, outValues, extras);
      }
      return sum;
    });
    const data = memory.alloc(length + 16);
    memory.u8.set(bytes, data);
    measure(`decode ${title}`, count, passes, () => {
      let sum = 0;
      for (let i = 0; i < chunks; i++) {
        sum += decoder.decode(encoding, data, length, 120, -Infinity, Infinity, outTimes, outValues, extras);
      }
      return sum;
    });
  }
}

if (import.meta.main) run(1);
