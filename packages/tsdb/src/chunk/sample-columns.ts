import type {KernelMemory} from '@narthex/kernels/kernel-memory.ts';

/** Samples in a memory: columns of times (f64 ms), cells, and starts (f64 ms, 0 for unknown), which may be missing: address 0. */
export interface SampleColumns {
  readonly times: number;
  readonly values: number;
  readonly starts: number;
  readonly count: number;
}

/** Room for `count` samples, which the caller releases; the starts are unknown. */
export function allocColumns(memory: KernelMemory, count: number): SampleColumns {
  const times = memory.alloc(count * 24);
  const starts = times + 16 * count;
  memory.u8.fill(0, starts, starts + 8 * count);
  return {times, values: times + 8 * count, starts, count};
}

/** Copy sample `i` of `source` to place `at` of `target`, in the same memory. */
export function copySample(
  memory: KernelMemory,
  source: SampleColumns,
  i: number,
  target: SampleColumns,
  at: number,
): void {
  const {f64, u32} = memory;
  f64[(target.times >>> 3) + at] = f64[(source.times >>> 3) + i];
  if (target.starts !== 0) f64[(target.starts >>> 3) + at] = f64[(source.starts >>> 3) + i];
  // Bits of cells must stay as they are, so they are copied as words.
  const from = (source.values >>> 2) + 2 * i;
  const to = (target.values >>> 2) + 2 * at;
  u32[to] = u32[from];
  u32[to + 1] = u32[from + 1];
}
