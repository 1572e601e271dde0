import {measure, pseudoRandom} from './bench.ts';
import {KernelMemory} from './kernel-memory.ts';
import {xxhash64} from './xxhash64.reference.ts';

/** Time to hash the label bytes of a series, and a long run of bytes. */
export function run(scale: number): void {
  const memory = new KernelMemory({maximumBytes: 1 << 24});
  const {kernels} = memory;
  const random = pseudoRandom(1);
  const at = memory.alloc(65536);
  const out = memory.alloc(8);
  for (let i = 0; i < 65536; i++) memory.u8[at + i] = random();
  const passes = Math.max(1, Math.round(5 * scale));
  for (const length of [30, 200, 65536]) {
    const rounds = Math.max(1, Math.round((5_000_000 * scale) / length));
    measure(`xxhash64 of ${length} bytes, a byte`, rounds * length, passes, () => {
      for (let i = 0; i < rounds; i++) kernels.xxhash64To(at, length, out);
      return memory.u32[out / 4];
    });
  }
  const bytes = memory.u8.slice(at, at + 200);
  const rounds = Math.max(1, Math.round(2000 * scale));
  measure('xxhash64 of 200 bytes, plain, a byte', rounds * 200, 1, () => {
    let sum = 0n;
    for (let i = 0; i < rounds; i++) sum ^= xxhash64(bytes);
    return Number(sum);
  });
}

if (import.meta.main) run(1);
