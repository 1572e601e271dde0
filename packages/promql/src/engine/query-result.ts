import {FloatHistogram} from '@narthex/model/histogram/float-histogram.ts';
import type {Labels} from '@narthex/model/labels.ts';
import type {AnnotationTexts} from './annotations.ts';
import {isAbsentAt} from './arithmetic.ts';
import {isHistogramAt} from './histogram-arena.ts';
import {labelSetIdOf} from './label-table.ts';
import type {QueryContext} from './query-context.ts';
import type {QueryStats} from './query-stats.ts';
import type {RowTable} from './row-table.ts';
import {type StepGrid, stepTime} from './step-grid.ts';

/** One sample of a result: a float or a histogram, whose value is then NaN. */
export interface ResultSample {
  readonly timeMs: number;
  readonly value: number;
  readonly histogram: FloatHistogram | undefined;
}

/** Rows of a vector or matrix. They live in the query's memory until the result is released. */
export interface ResultRows {
  readonly table: RowTable;
  readonly grid: StepGrid;
  /** Times of the samples of each row, in cells of their own: a range vector gives samples as they were stored. */
  readonly times: RowTable | undefined;
  /** The rows' numbers in the order of the answer. */
  readonly order: Uint32Array;
}

/** The time of the `i`th cell of a row, in ms. */
export function sampleTime({table, grid, times}: ResultRows, row: number, i: number, f64: Float64Array): number {
  return times === undefined ? stepTime(grid, table.firstOf(row) + i) : f64[(times.cellsOf(row) >>> 3) + i];
}

export type ResultValue =
  | {readonly type: 'scalar'; readonly sample: {readonly timeMs: number; readonly value: number}}
  | {readonly type: 'string'; readonly timeMs: number; readonly text: string}
  | {readonly type: 'vector' | 'matrix'; readonly rows: ResultRows};

/** What a query gave. `release` gives its memory back; nothing of the rows may be used afterwards. */
export class QueryResult {
  /** Changed by `limitRows` alone. */
  value: ResultValue;
  readonly stats: QueryStats;
  /** The query's state, for the writer of its answer. */
  readonly context: QueryContext;
  readonly #text: string;
  readonly #release: () => void;

  constructor(text: string, value: ResultValue, context: QueryContext, stats: QueryStats, release: () => void) {
    this.#text = text;
    this.value = value;
    this.context = context;
    this.stats = stats;
    this.#release = release;
  }

  /** Warnings and infos, at most `max` of each kind (0 for all) and a line that counts the others. */
  annotations(max = 10): AnnotationTexts {
    return this.context.annotations.texts(this.#text, max);
  }

  /** Leaves out what comes behind the first `limit` rows of the answer; whether there was anything. */
  limitRows(limit: number): boolean {
    const {value} = this;
    if ((value.type !== 'vector' && value.type !== 'matrix') || value.rows.order.length <= limit) return false;
    this.value = {type: value.type, rows: {...value.rows, order: value.rows.order.subarray(0, limit)}};
    return true;
  }

  /** Calls `visit` for each row of a vector or matrix, in the order of the answer. */
  forEachRow(visit: (labels: Labels, samples: ResultSample[]) => void): void {
    if (this.value.type !== 'vector' && this.value.type !== 'matrix') return;
    const {rows} = this.value;
    for (let i = 0; i < rows.order.length; i++) {
      const row = rows.order[i];
      visit(this.context.labels.labels(labelSetIdOf(rows.table.labelsOf(row))), this.#samplesOf(rows, row));
    }
  }

  release(): void {
    this.#release();
  }

  #samplesOf(rows: ResultRows, row: number): ResultSample[] {
    const {table} = rows;
    const {u32, f64} = this.context.heap.memory;
    const samples: ResultSample[] = [];
    for (let i = 0; i < table.countOf(row); i++) {
      const cell = table.cellsOf(row) + i * 8;
      if (isAbsentAt(u32, cell)) continue;
      const timeMs = sampleTime(rows, row, i, f64);
      const isHistogram = isHistogramAt(u32, cell);
      const histogram = isHistogram ? new FloatHistogram() : undefined;
      if (histogram !== undefined) table.histograms.load(cell, histogram);
      samples.push({timeMs, value: isHistogram ? NaN : f64[cell >>> 3], histogram});
    }
    return samples;
  }
}
