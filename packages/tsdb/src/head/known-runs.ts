import type {ReplayBatch} from './head.ts';
import type {SampleBatch} from './types.ts';

/**
 * Gives `use` the samples of a log as batches of slots, in their order, without those whose series `slotOf` does not know (-1); returns how many
 * these are. Statuses are not to be touched. Takes scratch space from the batch's memory.
 */
export function eachKnownRun(
  batch: ReplayBatch,
  slotOf: (ref: number) => number,
  use: (run: SampleBatch) => void,
): number {
  const {memory, count} = batch;
  const mark = memory.mark();
  const slots = memory.alloc(count * 4);
  const {f64, u32} = memory;
  let unknown = 0;
  let start = 0;
  let ref = -1;
  let slot = -1;
  for (let i = 0; i < count; i++) {
    const next = f64[(batch.refs >>> 3) + i];
    // A log mostly gives the samples of a series together.
    if (next !== ref) slot = slotOf(next);
    ref = next;
    u32[(slots >>> 2) + i] = slot;
    if (slot >= 0) continue;
    unknown++;
    if (start < i) use(runOf(batch, slots, start, i));
    start = i + 1;
  }
  if (start < count) use(runOf(batch, slots, start, count));
  memory.release(mark);
  return unknown;
}

function runOf(batch: ReplayBatch, slots: number, start: number, end: number): SampleBatch {
  const {memory, times, values, starts = 0} = batch;
  return {
    memory,
    slots: slots + start * 4,
    times: times + start * 8,
    values: values + start * 8,
    statuses: 0,
    count: end - start,
    starts: starts === 0 ? 0 : starts + start * 8,
  };
}
