import {weightOfCells} from './histogram-weight.ts';
import type {QueryContext} from './query-context.ts';
import type {SampleSource} from './sample-source.ts';
import type {WindowTask} from './window-kernels.ts';

/** Counts the samples in the windows of a series, a step at a time: those in the window, and those that the window before did not have. */
export function countWindows({heap, stats}: QueryContext, source: SampleSource, task: WindowTask): void {
  const {firstMs, moveMs, steps, rangeMs, beforeMs, afterMs, nowMs, stepMs} = task;
  const {f64} = heap.memory;
  const times = source.times >>> 3;
  const weightAt = (i: number) => (source.hasHistograms ? weightOfCells(heap.memory, source.values + i * 8, 1) : 1);
  let lo = 0;
  let hi = 0;
  let inside = 0;
  for (let step = 0; step < steps; step++) {
    const endMs = firstMs + step * moveMs;
    const seen = hi;
    let fresh = 0;
    for (; hi < source.count && f64[times + hi] <= endMs + afterMs; hi++) {
      inside += weightAt(hi);
      fresh += weightAt(hi);
    }
    for (; lo < hi && f64[times + lo] <= endMs - rangeMs - beforeMs; lo++) {
      inside -= weightAt(lo);
      if (lo >= seen) fresh -= weightAt(lo);
    }
    if (inside > 0) stats.countAt(nowMs + step * stepMs, inside, source.readsStorage ? fresh : 0);
  }
}
