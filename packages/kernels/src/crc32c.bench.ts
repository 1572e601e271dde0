import {measure} from './bench.ts';
import {KernelMemory} from './kernel-memory.ts';

/** Time a byte of a page of the log. */
export function run(scale: number): void {
  const memory = new KernelMemory({maximumBytes: 1 << 20});
  const bytes = 32768;
  const at = memory.alloc(bytes);
  const rounds = Math.max(1, Math.round(200 * scale));
  measure('CRC-32C, a byte', bytes * rounds, Math.max(1, Math.round(5 * scale)), () => {
    let crc = 0;
    for (let i = 0; i < rounds; i++) crc = memory.kernels.crc32c(memory.crc32cTables, crc, at, bytes);
    return crc;
  });
}

if (import.meta.main) run(1);
