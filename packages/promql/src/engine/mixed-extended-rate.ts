// rate, increase and delta of histograms over `anchored` and `smoothed` windows (upstream: promql/functions.go, extendedHistogramRate).
import {compact} from '@narthex/model/histogram/compact.ts';
import {COUNTER_RESET, FloatHistogram} from '@narthex/model/histogram/float-histogram.ts';
import {isCounterReset} from '@narthex/model/histogram/reset.ts';
import {divideHistogram} from '@narthex/model/histogram/scale.ts';
import {add, subtract} from './histogram-change.ts';
import {interpolate} from './histogram-interpolation.ts';
import type {RateKind} from './mixed-rate.ts';
import type {MixedSeries} from './mixed-series.ts';
import type {MixedFunction, MixedWindow} from './mixed-window.ts';
import {NOTE} from './window-notes.ts';

/** The change between the histograms at both ends of a window: the newest at or before its start, or interpolated ones. */
export class ExtendedRate implements MixedFunction {
  readonly usesKernel = true;
  readonly #kind: RateKind;
  readonly #isSmoothed: boolean;
  readonly #left = new FloatHistogram();
  readonly #right = new FloatHistogram();
  readonly #result = new FloatHistogram();
  readonly #correction = new FloatHistogram();
  readonly #before = new FloatHistogram();
  #previous = new FloatHistogram();
  #current = new FloatHistogram();

  constructor(kind: RateKind, isSmoothed: boolean) {
    this.#kind = kind;
    this.#isSmoothed = isSmoothed;
  }

  compute(window: MixedWindow): void {
    const {histograms} = window;
    if (histograms === 0) return;
    window.setAbsent();
    if (histograms < window.samples) window.notes |= NOTE.mixedKinds;
    else this.#histogram(window);
  }

  #histogram(window: MixedWindow): void {
    const {series, from, end, startMs, endMs} = window;
    let last = end - 1;
    let first = last;
    while (first > from && series.time(first - 1) > startMs) first--;
    if (first > from) first--;
    if (this.#isSmoothed) while (last > from && series.time(last - 1) >= endMs) last--;
    if (series.time(last) <= startMs) return;
    if (this.#isSmoothed && series.time(first) > endMs) return;
    if (!this.#look(window, first, last)) return;
    const notes = this.#change(window, first, last);
    window.notes |= notes;
    if ((notes & NOTE.mixedSchemas) !== 0) return;
    const result = this.#result;
    if (this.#kind.perSeconds !== undefined) divideHistogram(result, this.#kind.perSeconds);
    result.counterReset = COUNTER_RESET.gauge;
    compact(result);
    window.setHistogram(result);
  }

  /** Whether the histograms go together; notes those that are no counters. */
  #look(window: MixedWindow, first: number, last: number): boolean {
    const sheet = this.#current;
    window.series.read(first, sheet);
    const {hasCustomBuckets} = sheet;
    for (let i = first; i <= last; i++) {
      window.series.read(i, sheet);
      if (sheet.hasCustomBuckets !== hasCustomBuckets) {
        window.notes |= NOTE.mixedSchemas;
        return false;
      }
      if (this.#kind.isCounter && sheet.counterReset === COUNTER_RESET.gauge) window.notes |= NOTE.notCounter;
    }
    return true;
  }

  /** Fills the result with the change from `first` to `last`; returns bits of NOTE. */
  #change({series, from, startMs, endMs}: MixedWindow, first: number, last: number): number {
    const {isCounter} = this.#kind;
    const isLeftOpen = this.#isSmoothed && series.time(first) < startMs;
    const isRightOpen = this.#isSmoothed && last > from && series.time(last) > endMs;
    let notes = this.#end(series, first, isLeftOpen ? startMs : undefined, this.#left);
    notes |= this.#end(series, isRightOpen ? last - 1 : last, isRightOpen ? endMs : undefined, this.#right);
    if ((notes & NOTE.mixedSchemas) !== 0) return notes;
    const {gauge} = COUNTER_RESET;
    const areGauges = this.#left.counterReset === gauge && this.#right.counterReset === gauge;
    if (!isCounter && !areGauges) notes |= NOTE.notGauge;
    this.#result.copyFrom(this.#right);
    notes |= subtract(this.#result, this.#left);
    if (isCounter && (notes & NOTE.mixedSchemas) === 0) notes |= this.#correct(series, first, last, isLeftOpen);
    return notes;
  }

  /** Fills `into` with a histogram, or with the one at `timeMs` between it and the next. */
  #end(series: MixedSeries, i: number, timeMs: number | undefined, into: FloatHistogram): number {
    if (timeMs === undefined) {
      series.read(i, into);
      return 0;
    }
    series.read(i, this.#previous);
    series.read(i + 1, this.#current);
    const left = {histogram: this.#previous, timeMs: series.time(i)};
    const right = {histogram: this.#current, timeMs: series.time(i + 1)};
    return interpolate(left, right, timeMs, this.#kind.isCounter, into);
  }

  /** Adds to the result what resets lost. The histogram at `last` is `right` or was taken into it, so it isn't looked at again. */
  #correct(series: MixedSeries, first: number, last: number, isLeftOpen: boolean): number {
    let at = first + 1;
    this.#previous.copyFrom(this.#left);
    if (isLeftOpen) {
      // A reset behind the first histogram is in the interpolated one.
      series.read(first, this.#before);
      series.read(at, this.#current);
      if (isCounterReset(this.#current, this.#before)) {
        this.#previous.copyFrom(this.#current);
        at++;
      }
    }
    if (at > last) return 0;
    let notes = 0;
    let corrections = 0;
    for (; at < last; at++) {
      series.read(at, this.#current);
      if (isCounterReset(this.#current, this.#previous)) notes |= this.#keep(corrections++);
      [this.#previous, this.#current] = [this.#current, this.#previous];
    }
    if (isCounterReset(this.#right, this.#previous)) notes |= this.#keep(corrections++);
    return corrections === 0 ? notes : notes | add(this.#result, this.#correction);
  }

  /** Adds what was counted before a reset to the correction. */
  #keep(corrections: number): number {
    if (corrections > 0) return add(this.#correction, this.#previous);
    this.#correction.copyFrom(this.#previous);
    return 0;
  }
}
