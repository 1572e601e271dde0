import {copyCells, isHistogramAt} from './histogram-arena.ts';
import {dropsName, labelSetIdOf} from './label-table.ts';
import type {QueryContext} from './query-context.ts';
import {executionError, SAME_LABELSET} from './query-error.ts';
import {RowTable} from './row-table.ts';

/** Rows of samples at times of their own: the values, and as many times in a table of the same rows. */
export interface SampleRows {
  readonly table: RowTable;
  readonly times: RowTable;
}

/**
 * The delayed removal of names from a range vector: rows that become equal are merged in order of time. Throws where two floats or two histograms have
 * the same time. Frees the old tables where it makes new ones.
 */
export function removeNamesOfSamples(context: QueryContext, rows: SampleRows): SampleRows {
  const {table, times} = rows;
  const members = new Map<number, number[]>();
  for (let row = 0; row < table.rows; row++) {
    const ref = table.labelsOf(row);
    if (dropsName(ref)) table.setLabels(row, context.labels.withoutName.of(labelSetIdOf(ref)));
    const id = labelSetIdOf(table.labelsOf(row));
    const known = members.get(id);
    if (known === undefined) members.set(id, [row]);
    else known.push(row);
  }
  if (members.size === table.rows) return rows;
  const merged = {table: new RowTable(context), times: new RowTable(context)};
  for (const [labels, group] of members) mergeRows(context, rows, group, merged, labels);
  table.free();
  times.free();
  return merged;
}

function mergeRows(context: QueryContext, rows: SampleRows, group: number[], into: SampleRows, labels: number): void {
  const count = group.reduce((sum, row) => sum + rows.table.countOf(row), 0);
  const values = into.table.push(labels, 0, count);
  const times = into.times.push(labels, 0, count);
  const next = group.map(() => 0);
  const timeAt = (k: number): number => {
    const isOver = next[k] >= rows.table.countOf(group[k]);
    return isOver ? Infinity : context.heap.memory.f64[(rows.times.cellsOf(group[k]) >>> 3) + next[k]];
  };
  for (let i = 0; i < count; i++) {
    let earliest = 0;
    for (let k = 1; k < group.length; k++) if (timeAt(k) < timeAt(earliest)) earliest = k;
    const timeMs = timeAt(earliest);
    context.heap.memory.f64[(times >>> 3) + i] = timeMs;
    const from = rows.table.cellsOf(group[earliest]) + next[earliest]++ * 8;
    copyCells(context, from, values + i * 8, 1, rows.table.histograms, into.table.histograms);
  }
  checkTimes(context, values, times, count);
}

/** Two samples of one kind at one time cannot be in one series. */
function checkTimes(context: QueryContext, values: number, times: number, count: number): void {
  const {f64, u32} = context.heap.memory;
  let floatMs = NaN;
  let histogramMs = NaN;
  for (let i = 0; i < count; i++) {
    const timeMs = f64[(times >>> 3) + i];
    const isHistogram = isHistogramAt(u32, values + i * 8);
    if (timeMs === (isHistogram ? histogramMs : floatMs)) throw executionError(SAME_LABELSET);
    if (isHistogram) histogramMs = timeMs;
    else floatMs = timeMs;
  }
}
