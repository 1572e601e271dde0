import {XOR2_DATA, XOR2_OVERHEAD, XOR2_SAMPLE_BYTES_MAX} from '../layout/xor2-chunk.ts';
import {measure, pseudoRandom} from './bench.ts';
import {KernelMemory} from './kernel-memory.ts';

const SAMPLES = 120;
const CAPACITY = SAMPLES * XOR2_SAMPLE_BYTES_MAX;

/** Ways that the values of a series go: those of xor.bench.ts. */
const shapes: Record<string, (i: number, random: () => number) => number> = {
  constant: () => 1,
  counter: (i, random) => i * 100 + (random() % 17),
  gauge: (_, random) => random() / 2 ** 32,
};

/** Ways that the start timestamps of a series go. */
const starts: Record<string, (time: number, i: number) => number> = {
  'no starts': () => 0,
  'one start': () => 1_690_000_000_000,
  'a start each': (time) => time - 15_000,
};

/** Time to append and decode a sample of chunks with 120 samples each, about every 15 s. */
export function run(scale: number): void {
  const chunks = Math.max(1, Math.round(4000 * scale));
  const passes = Math.max(1, Math.round(8 * scale));
  const memory = new KernelMemory({maximumBytes: 1 << 26});
  const {kernels} = memory;
  const column = () => memory.alloc(SAMPLES * 8);
  const [times, values, began, outTimes, outValues, outStarts] = Array.from({length: 6}, column);
  const chunk = memory.alloc(CAPACITY + XOR2_OVERHEAD);
  for (const [shape, valueAt] of Object.entries(shapes)) {
    for (const [way, startAt] of Object.entries(starts)) {
      const random = pseudoRandom(7);
      for (let i = 0; i < SAMPLES; i++) {
        const time = 1_700_000_000_000 + i * 15_000 + (random() % 8 === 0 ? 1 : 0);
        memory.f64[times / 8 + i] = time;
        memory.f64[values / 8 + i] = valueAt(i, random);
        memory.f64[began / 8 + i] = startAt(time, i);
      }
      measure(`xor2 append ${shape}, ${way}`, chunks * SAMPLES, passes, () => {
        for (let i = 0; i < chunks; i++) {
          kernels.xor2Init(chunk, CAPACITY);
          kernels.xor2AppendMany(chunk, times, values, began, SAMPLES);
        }
        return kernels.xor2Bytes(chunk);
      });
      const bytes = kernels.xor2Bytes(chunk);
      const data = chunk + XOR2_DATA;
      measure(`xor2 decode ${shape}, ${way}`, chunks * SAMPLES, passes, () => {
        let sum = 0;
        for (let i = 0; i < chunks; i++) {
          sum += kernels.xor2Decode(data, bytes, SAMPLES, -Infinity, Infinity, outTimes, outValues, outStarts);
        }
        return sum;
      });
    }
  }
}

if (import.meta.main) run(1);
