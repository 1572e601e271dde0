import type {KernelMemory} from '@narthex/kernels/kernel-memory.ts';
import {forgetCounterReset} from '@narthex/model/histogram/record.ts';
import {HISTOGRAM_HIGH} from '../chunk/extras.ts';
import {RunMerge} from '../chunk/merge-runs.ts';
import {allocColumns, copySample, type SampleColumns} from '../chunk/sample-columns.ts';

/**
 * The samples of several runs as one run in the order of time, one sample a time, in new memory that the caller releases. Of
 * samples with the same time, the one is taken that upstream takes (storage/merge.go, chainSampleIterator): which run that is depends on
 * where the samples before came from, so the same walk is made. A histogram that does not follow its neighbour of the same
 * run says nothing about counter resets any more.
 */
export function chainSamples(memory: KernelMemory, runs: readonly SampleColumns[]): SampleColumns {
  const starts = [0];
  for (const [k, {count}] of runs.entries()) starts.push(starts[k] + count);
  const times = new Float64Array(starts[runs.length]);
  for (const [k, run] of runs.entries())
    times.set(memory.f64.subarray(run.times >>> 3, (run.times >>> 3) + run.count), starts[k]);
  const target = allocColumns(memory, times.length);
  const merge = new RunMerge();
  merge.begin(times, starts, runs.length);
  let count = 0;
  for (let at = merge.next(); at >= 0; at = merge.next(), count++) {
    const {run, isConsecutive} = merge;
    copySample(memory, runs[run], at - starts[run], target, count);
    const word = (target.values >>> 2) + 2 * count;
    if (!isConsecutive && memory.u32[word + 1] === HISTOGRAM_HIGH) forgetCounterReset(memory, memory.u32[word]);
  }
  return {...target, count};
}
