import {compact} from '@narthex/model/histogram/compact.ts';
import {COUNTER_RESET, FloatHistogram} from '@narthex/model/histogram/float-histogram.ts';
import {divideHistogram} from '@narthex/model/histogram/scale.ts';
import {subtract} from './histogram-change.ts';
import {Neighbours} from './marks.ts';
import {isReset} from './mixed-switches.ts';
import type {MixedFunction, MixedWindow} from './mixed-window.ts';
import {NOTE} from './window-notes.ts';

/** irate and idelta: the last two samples. */
export class InstantRate implements MixedFunction {
  readonly usesKernel = false;
  readonly #isRate: boolean;
  readonly #neighbours = new Neighbours();
  readonly #result = new FloatHistogram();

  constructor(isRate: boolean) {
    this.#isRate = isRate;
  }

  begin(): void {
    this.#neighbours.clear();
  }

  compute(window: MixedWindow): void {
    const {series, end} = window;
    if (window.samples < 2) return window.setAbsent();
    const isHistogram = series.isHistogram(end - 1);
    if (series.isHistogram(end - 2) !== isHistogram) {
      window.notes |= NOTE.mixedKinds;
      return window.setAbsent();
    }
    const isNew = this.#isRate && isReset(series, end - 1, this.#neighbours);
    const seconds = (series.time(end - 1) - series.time(end - 2)) / 1000;
    if (isHistogram) this.#histogram(window, isNew, seconds);
    else this.#float(window, isNew, seconds);
  }

  #float(window: MixedWindow, isNew: boolean, seconds: number): void {
    const last = window.series.value(window.end - 1);
    const change = isNew ? last : last - window.series.value(window.end - 2);
    window.setFloat(this.#isRate ? change / seconds : change);
  }

  #histogram(window: MixedWindow, isNew: boolean, seconds: number): void {
    const {previous, current} = this.#neighbours.pair(window.series, window.end - 1);
    const {gauge} = COUNTER_RESET;
    const gauges = Number(previous.counterReset === gauge) + Number(current.counterReset === gauge);
    if (this.#isRate && gauges > 0) window.notes |= NOTE.notCounter;
    if (!this.#isRate && gauges < 2) window.notes |= NOTE.notGauge;
    const result = this.#result;
    result.copyFrom(current);
    if (!isNew) {
      const notes = subtract(result, previous);
      window.notes |= notes;
      if ((notes & NOTE.mixedSchemas) !== 0) return window.setAbsent();
    }
    result.counterReset = gauge;
    compact(result);
    if (this.#isRate) divideHistogram(result, seconds);
    window.setHistogram(result);
  }
}
