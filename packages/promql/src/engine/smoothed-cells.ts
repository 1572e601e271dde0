import {COUNTER_RESET, FloatHistogram} from '@narthex/model/histogram/float-histogram.ts';
import {interpolate} from './histogram-interpolation.ts';
import type {HistogramArena} from './histogram-arena.ts';
import {MixedSeries, type SampleColumns} from './mixed-series.ts';
import {type MixedFunction, MixedWindow, type WindowSpan} from './mixed-window.ts';
import type {QueryContext} from './query-context.ts';
import {NOTE} from './window-notes.ts';

/** A smoothed instant selector on series with histograms: at each step the histogram on the line between those around it, within the lookback. */
export class SmoothedCells implements MixedFunction {
  readonly usesKernel = true;
  readonly #context: QueryContext;
  readonly #series: MixedSeries;
  readonly #window: MixedWindow;
  readonly #left = new FloatHistogram();
  readonly #right = new FloatHistogram();
  readonly #result = new FloatHistogram();

  constructor(context: QueryContext) {
    this.#context = context;
    this.#series = new MixedSeries(context);
    this.#window = new MixedWindow(context, this.#series);
  }

  /** Bits of NOTE about the series before. */
  get notes(): number {
    return this.#window.notes;
  }

  /** Computes the cells of one series without stale markers; returns how many are present. */
  smooth(
    columns: SampleColumns,
    fromMs: number,
    moveMs: number,
    steps: number,
    cells: number,
    target: HistogramArena,
  ): number {
    const {kernels} = this.#context.heap.memory;
    const {lookbackMs} = this.#context.options;
    this.#series.load(columns);
    const {floatTimes, floatValues, floatCount} = this.#series;
    kernels.smoothedSteps(floatTimes, floatValues, floatCount, fromMs, moveMs, steps, lookbackMs, cells);
    const span: WindowSpan = {
      firstMs: fromMs,
      moveMs,
      steps,
      rangeMs: 0,
      beforeMs: lookbackMs,
      afterMs: lookbackMs,
      cells,
    };
    this.#window.slide(span, this, target);
    return kernels.cellsCount(cells, steps);
  }

  compute(window: MixedWindow): void {
    const {histograms, from, end, series, endMs} = window;
    if (histograms === 0) return;
    window.setAbsent();
    if (histograms < window.samples) {
      window.notes |= NOTE.mixedKinds;
      return;
    }
    let at = from;
    while (at < end && series.time(at) < endMs) at++;
    if (at < end && series.time(at) === endMs) {
      series.read(at, this.#result);
      window.setHistogram(this.#result);
    } else if (at === end) this.#carryOn(window);
    else if (at > from) this.#between(window, at);
  }

  free(): void {
    this.#series.free();
  }

  /** The last histogram goes on; its hint was about the one before. */
  #carryOn(window: MixedWindow): void {
    window.series.read(window.end - 1, this.#result);
    this.#result.counterReset = COUNTER_RESET.unknown;
    window.setHistogram(this.#result);
  }

  #between(window: MixedWindow, at: number): void {
    const {series} = window;
    const {gauge} = COUNTER_RESET;
    series.read(at - 1, this.#left);
    series.read(at, this.#right);
    const isCounter = this.#left.counterReset !== gauge || this.#right.counterReset !== gauge;
    const left = {histogram: this.#left, timeMs: series.time(at - 1)};
    const right = {histogram: this.#right, timeMs: series.time(at)};
    const isMixed = this.#left.hasCustomBuckets !== this.#right.hasCustomBuckets;
    const notes = isMixed ? NOTE.mixedSchemas : interpolate(left, right, window.endMs, isCounter, this.#result);
    window.notes |= notes;
    if ((notes & NOTE.mixedSchemas) === 0) window.setHistogram(this.#result);
  }
}
