import type {KernelMemory} from '@narthex/kernels/kernel-memory.ts';
import type {Intervals} from '../block/tombstones.ts';
import {copySample, type SampleColumns} from './sample-columns.ts';

/**
 * Takes the samples that lie in `intervals` out of `columns`, whose times rise, and closes the gaps; gives how many stay. Places behind them have no
 * start: whoever decodes on there counts on it.
 */
export function dropDeleted(memory: KernelMemory, intervals: Intervals, columns: SampleColumns): number {
  const {times, starts, count} = columns;
  if (intervals.length === 0) return count;
  const {f64} = memory;
  let kept = 0;
  let next = 0;
  for (let i = 0; i < count; i++) {
    const timeMs = f64[(times >>> 3) + i];
    while (next < intervals.length && intervals[next + 1] < timeMs) next += 2;
    if (next < intervals.length && intervals[next] <= timeMs) continue;
    if (kept < i) copySample(memory, columns, i, columns, kept);
    kept++;
  }
  if (starts !== 0) f64.fill(0, (starts >>> 3) + kept, (starts >>> 3) + count);
  return kept;
}
