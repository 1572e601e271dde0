import {XOR_DATA, XOR_OVERHEAD} from '../layout/xor-chunk.ts';
import {measure, pseudoRandom} from './bench.ts';
import {KernelMemory} from './kernel-memory.ts';
import {decodeXor, encodeXor} from './xor.reference.ts';

const SAMPLES = 120;
const CAPACITY = SAMPLES * 20;

/** Ways that the values of a series go. */
const shapes: Record<string, (i: number, random: () => number) => number> = {
  constant: () => 1,
  counter: (i, random) => i * 100 + (random() % 17),
  gauge: (_, random) => random() / 2 ** 32,
};

/** Time to append and decode a sample of chunks with 120 samples each, about every 15 s. */
export function run(scale: number): void {
  const chunks = Math.max(1, Math.round(4000 * scale));
  const passes = Math.max(1, Math.round(8 * scale));
  const memory = new KernelMemory({maximumBytes: 1 << 26});
  const times = memory.alloc(SAMPLES * 8);
  const values = memory.alloc(SAMPLES * 8);
  const chunk = memory.alloc(CAPACITY + XOR_OVERHEAD);
  const {kernels} = memory;
  for (const [name, valueAt] of Object.entries(shapes)) {
    const random = pseudoRandom(7);
    for (let i = 0; i < SAMPLES; i++) {
      memory.f64[times / 8 + i] = 1_700_000_000_000 + i * 15_000 + (random() % 8 === 0 ? 1 : 0);
      memory.f64[values / 8 + i] = valueAt(i, random);
    }
    measure(`xor append ${name}`, chunks * SAMPLES, passes, () => {
      for (let i = 0; i < chunks; i++) {
        kernels.xorInit(chunk, CAPACITY);
        kernels.xorAppendMany(chunk, times, values, SAMPLES);
      }
      return kernels.xorBytes(chunk);
    });
    const bytes = kernels.xorBytes(chunk);
    const outTimes = memory.alloc(SAMPLES * 8);
    const outValues = memory.alloc(SAMPLES * 8);
    measure(`xor decode ${name}`, chunks * SAMPLES, passes, () => {
      let sum = 0;
      for (let i = 0; i < chunks; i++) {
        sum += kernels.xorDecode(chunk + XOR_DATA, bytes, SAMPLES, -Infinity, Infinity, outTimes, outValues);
      }
      return sum;
    });
    const samples = Array.from({length: SAMPLES}, (_, i) => ({
      time: BigInt(memory.f64[times / 8 + i]),
      bits: memory.u64[values / 8 + i],
    }));
    const plain = Math.max(1, chunks >>> 8);
    measure(`xor encode ${name}, plain TypeScript`, plain * SAMPLES, 1, () => {
      let sum = 0;
      for (let i = 0; i < plain; i++) sum += encodeXor(samples).length;
      return sum;
    });
    const encoded = memory.u8.slice(chunk + XOR_DATA, chunk + XOR_DATA + bytes);
    measure(`xor decode ${name}, plain TypeScript`, plain * SAMPLES, 1, () => {
      let sum = 0;
      for (let i = 0; i < plain; i++) sum += decodeXor(encoded, SAMPLES).length;
      return sum;
    });
  }
}

if (import.meta.main) run(1);
