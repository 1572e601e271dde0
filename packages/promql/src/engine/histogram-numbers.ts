import {FloatHistogram} from '@narthex/model/histogram/float-histogram.ts';
import {histogramAverage, histogramDeviation, histogramVariance} from '@narthex/model/histogram/moments.ts';
import {METRIC_NAME} from '@narthex/model/labels.ts';
import {isHistogramAt} from './histogram-arena.ts';
import {dropNames} from './map-cells.ts';
import type {Operator} from './operator.ts';
import type {QueryContext} from './query-context.ts';
import type {RowBatch} from './row-batch.ts';
import type {StepGrid} from './step-grid.ts';

/** Functions that take one number from a native histogram; floats have no result. */
export const HISTOGRAM_NUMBERS: Readonly<Record<string, (histogram: FloatHistogram) => number>> = {
  histogram_count: ({count}) => count,
  histogram_sum: ({sum}) => sum,
  histogram_avg: histogramAverage,
  histogram_stddev: histogramDeviation,
  histogram_stdvar: histogramVariance,
};

/** One of HISTOGRAM_NUMBERS over the cells of its child. The name goes, type and unit stay (upstream's simpleHistogramFunc). */
export class HistogramNumbers implements Operator {
  readonly grid: StepGrid;
  readonly distinctWithoutName: boolean;
  readonly #context: QueryContext;
  readonly #child: Operator;
  readonly #compute: (histogram: FloatHistogram) => number;
  readonly #sheet = new FloatHistogram();

  constructor(context: QueryContext, child: Operator, compute: (histogram: FloatHistogram) => number) {
    this.#context = context;
    this.#child = child;
    this.#compute = compute;
    this.grid = child.grid;
    this.distinctWithoutName = child.distinctWithoutName;
  }

  next(out: RowBatch): boolean {
    if (!this.#child.next(out)) return false;
    const {kernels} = this.#context.heap.memory;
    if (out.histograms.isEmpty) kernels.cellsClear(out.begin, out.used);
    else this.#computeCells(out);
    dropNames(this.#context, out, this.#context.labels.projection([METRIC_NAME], false));
    return true;
  }

  close(): void {
    this.#child.close();
  }

  #computeCells(out: RowBatch): void {
    const {kernels, u32, f64} = this.#context.heap.memory;
    for (let cell = out.begin; cell < out.begin + out.used * 8; cell += 8) {
      if (!isHistogramAt(u32, cell)) {
        kernels.cellsClear(cell, 1);
        continue;
      }
      out.histograms.load(cell, this.#sheet);
      f64[cell >>> 3] = this.#compute(this.#sheet);
    }
    out.histograms.clear();
  }
}
