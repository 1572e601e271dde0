import type {FloatHistogram} from '@narthex/model/histogram/float-histogram.ts';
import type {HistogramArena} from './histogram-arena.ts';
import type {MixedSeries} from './mixed-series.ts';
import type {QueryContext} from './query-context.ts';

/** One window over a mixed series, with at least one sample, and the cell that is computed from it. One object is used for all windows. */
export class MixedWindow {
  readonly #context: QueryContext;
  readonly series: MixedSeries;
  /** Its samples are those from `from` to before `end`. */
  from = 0;
  end = 0;
  /** Where it begins (excluded) and ends; extended windows have samples outside. */
  startMs = 0;
  endMs = 0;
  cell = 0;
  /** Takes the records of results. */
  target: HistogramArena | undefined;
  /** Bits of NOTE over all windows of a series. */
  notes = 0;
  /** Windows of a series with overlapping start timestamps. */
  overlaps = 0;

  constructor(context: QueryContext, series: MixedSeries) {
    this.#context = context;
    this.series = series;
  }

  /** How many of its samples are histograms. */
  get histograms(): number {
    return this.series.histograms(this.from, this.end);
  }

  get samples(): number {
    return this.end - this.from;
  }

  get isMixed(): boolean {
    const {histograms} = this;
    return histograms > 0 && histograms < this.samples;
  }

  setFloat(value: number): void {
    this.#context.heap.memory.f64[this.cell >>> 3] = value;
  }

  setAbsent(): void {
    this.#context.heap.memory.kernels.cellsClear(this.cell, 1);
  }

  /** Keeps a copy of the work sheet as the result. */
  setHistogram(histogram: FloatHistogram): void {
    this.target!.put(this.cell, histogram);
  }
}

/** Computes cells from windows with histograms. */
export interface MixedFunction {
  /** Its cells are first filled with what kernels have for the floats alone. */
  readonly usesKernel: boolean;
  /** Results are samples as they were: the records they refer to are to be copied. */
  readonly givesSamples?: boolean;
  /** Called once a series, before its windows. */
  begin?(series: MixedSeries): void;
  /** Computes the cell of a window. */
  compute(window: MixedWindow): void;
  /** Gives memory back. */
  free?(): void;
}
