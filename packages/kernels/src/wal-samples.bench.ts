import {measure, pseudoRandom} from './bench.ts';
import {KernelMemory} from './kernel-memory.ts';
import {encodeSamples} from './wal-samples.reference.ts';

/** Time a sample of a record with the 2 000 samples of a scrape. */
export function run(scale: number): void {
  const memory = new KernelMemory({maximumBytes: 1 << 24});
  const {kernels} = memory;
  const random = pseudoRandom(5);
  const count = Math.max(10, Math.round(2000 * scale));
  const [refs, times, values] = [memory.alloc(count * 8), memory.alloc(count * 8), memory.alloc(count * 8)];
  for (let i = 0; i < count; i++) {
    memory.f64[refs / 8 + i] = 1_000_000 + 3 * i;
    memory.f64[times / 8 + i] = 1_700_000_000_000;
    memory.f64[values / 8 + i] = random();
  }
  const record = memory.alloc(kernels.walSamplesMax(count));
  const rounds = Math.max(1, Math.round(100 * scale));
  const passes = Math.max(1, Math.round(5 * scale));
  let length = 0;
  measure('encode a samples record', count * rounds, passes, () => {
    for (let i = 0; i < rounds; i++) length = kernels.walEncodeSamples(refs, times, values, count, record);
    return length;
  });
  const samples = Array.from({length: count}, (_, i) => ({
    ref: BigInt(memory.f64[refs / 8 + i]),
    time: BigInt(memory.f64[times / 8 + i]),
    bits: memory.u64[values / 8 + i],
  }));
  measure('encode a samples record, plain TypeScript', count, 2, () => encodeSamples(samples).length);
  const room = Math.floor(length / 10) + 1;
  const out = [memory.alloc(room * 8), memory.alloc(room * 8), memory.alloc(room * 8), 0, memory.alloc(8)] as const;
  measure('decode a samples record', count * rounds, passes, () => {
    let sum = 0;
    for (let i = 0; i < rounds; i++) sum += kernels.walDecodeSamples(record, length, ...out, -Infinity);
    return sum;
  });
}

if (import.meta.main) run(1);
