import {copyCells} from './histogram-arena.ts';
import {weightOfCells} from './histogram-weight.ts';
import type {QueryContext} from './query-context.ts';
import {executionError} from './query-error.ts';
import {RowTable} from './row-table.ts';
import type {SampleSource} from './sample-source.ts';
import type {Windows} from './sampled-window.ts';

/** The samples of a bare range vector at one time: their values, and their times in cells of their own. Closes the source. */
export function sampleRows(
  context: QueryContext,
  source: SampleSource,
  {firstMs, rangeMs, mode}: Windows,
): {table: RowTable; times: RowTable} {
  const table = new RowTable(context);
  const times = new RowTable(context);
  while (source.next()) {
    context.checkpoint();
    const labels = source.labels();
    const room = source.count + (mode === 'plain' ? 0 : 2);
    const values = table.push(labels, 0, room);
    const stamps = times.push(labels, 0, room);
    const {memory} = context.heap;
    let {count} = source;
    if (mode !== 'plain' && source.hasHistograms) {
      throw executionError(`${mode} modifier is not supported with histograms`);
    }
    if (mode === 'plain') {
      copyCells(context, source.values, values, count, source.histograms, table.histograms);
      memory.u8.copyWithin(stamps, source.times, source.times + count * 8);
    } else {
      memory.kernels.cellsClear(values, room);
      const start = firstMs - rangeMs;
      const isSmoothed = mode === 'smoothed';
      count = memory.kernels.extendSamples(
        isSmoothed,
        source.times,
        source.values,
        count,
        start,
        firstMs,
        stamps,
        values,
      );
    }
    if (source.readsStorage) {
      const weight = source.hasHistograms ? weightOfCells(memory, values, count) : count;
      if (context.stats.isTimed) context.stats.countAt(firstMs, weight, weight);
      else context.stats.count(weight, weight);
    }
    if (count === 0) {
      table.pop();
      times.pop();
    }
  }
  source.close();
  return {table, times};
}
