import {measure, pseudoRandom} from './bench.ts';
import {putFloatPowers} from './float-powers.ts';
import {KernelMemory} from './kernel-memory.ts';

/** Time to parse a number from its text, one call each. */
export function run(scale: number): void {
  const memory = new KernelMemory({maximumBytes: 1 << 24});
  const random = pseudoRandom(5);
  const powers = putFloatPowers(memory);
  const out = memory.alloc(8);
  const count = Math.max(10, Math.round(20_000 * scale));
  const at = memory.alloc(32 * count);
  const shapes: Record<string, () => string> = {
    integers: () => String(random() % 100_000),
    'fractions of 17 digits': () => String(random() / 2 ** 32),
    exponents: () => (random() * 1000).toExponential(),
  };
  for (const [name, text] of Object.entries(shapes)) {
    const texts = Array.from({length: count}, text);
    const lengths = texts.map((one, i) => new TextEncoder().encodeInto(one, memory.u8.subarray(at + 32 * i)).written);
    measure(`parse float, ${name}`, count, Math.max(1, Math.round(10 * scale)), () => {
      let sum = 0;
      for (let i = 0; i < count; i++) sum += memory.kernels.parseFloatText(at + 32 * i, lengths[i], powers, out);
      return sum;
    });
    measure(`parse float, ${name}, plain TypeScript`, count, 3, () => {
      let sum = 0;
      for (let i = 0; i < count; i++)
        sum += Number(Buffer.from(memory.memory.buffer, at + 32 * i, lengths[i]).toString('latin1'));
      return sum;
    });
  }
}

if (import.meta.main) run(1);
