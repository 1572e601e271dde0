// Functions over ranges that look at samples of both kinds as they come.
import {COUNTER_RESET, FloatHistogram} from '@narthex/model/histogram/float-histogram.ts';
import {isSameHistogram} from '@narthex/model/histogram/equals.ts';
import {compact} from '@narthex/model/histogram/compact.ts';
import {divideHistogram} from '@narthex/model/histogram/scale.ts';
import {Marks, Neighbours} from './marks.ts';
import type {MixedSeries} from './mixed-series.ts';
import type {MixedFunction, MixedWindow} from './mixed-window.ts';
import type {QueryContext} from './query-context.ts';
import {isStartReset} from './start-timestamps.ts';
import {subtract} from './histogram-change.ts';
import {NOTE} from './window-notes.ts';

/** Functions of floats: histograms are ignored, with an info. */
export const IGNORE_HISTOGRAMS: MixedFunction = {
  usesKernel: true,
  compute(window) {
    if (window.isMixed) window.notes |= NOTE.ignoredHistograms;
  },
};

/** Functions that give a float for any window with samples. */
export function floatOf(compute: (window: MixedWindow) => number): MixedFunction {
  return {usesKernel: false, compute: (window) => window.setFloat(compute(window))};
}

/** The first or the last sample, whatever it is. */
export function sampleOf(place: 'first' | 'last'): MixedFunction {
  return {
    usesKernel: false,
    givesSamples: true,
    compute: (window) => window.series.copy(place === 'first' ? window.from : window.end - 1, window.cell),
  };
}

/** changes and resets; a change between floats and histograms is both. */
export class CountSwitches implements MixedFunction {
  readonly usesKernel = false;
  readonly #marks: Marks;
  readonly #neighbours = new Neighbours();
  readonly #isSwitch: (series: MixedSeries, i: number, neighbours: Neighbours) => boolean;
  readonly #isAnchored: boolean;

  constructor(context: QueryContext, name: 'changes' | 'resets', isAnchored: boolean) {
    this.#marks = new Marks(context);
    this.#isSwitch = name === 'changes' ? isChange : isReset;
    this.#isAnchored = isAnchored;
  }

  begin(series: MixedSeries): void {
    this.#neighbours.clear();
    this.#marks.fill(series.count, (i) => {
      const isHistogram = series.isHistogram(i);
      return series.isHistogram(i - 1) !== isHistogram || this.#isSwitch(series, i, this.#neighbours);
    });
  }

  compute(window: MixedWindow): void {
    const {series, end, startMs} = window;
    let {from} = window;
    if (this.#isAnchored) {
      // The newest sample at or before the start is the first that counts; one behind the start is needed.
      if (series.time(end - 1) <= startMs) return window.setAbsent();
      while (from + 1 < end && series.time(from + 1) <= startMs) from++;
    }
    window.setFloat(this.#marks.within(from, end));
  }

  free(): void {
    this.#marks.free();
  }
}

function isChange(series: MixedSeries, i: number, neighbours: Neighbours): boolean {
  if (series.isHistogram(i)) {
    const {previous, current} = neighbours.pair(series, i);
    return !isSameHistogram(current, previous);
  }
  const previous = series.value(i - 1);
  const current = series.value(i);
  return current !== previous && !(Number.isNaN(current) && Number.isNaN(previous));
}

/** Whether a counter began anew between two samples of the same kind, by their values or their start timestamps. */
export function isReset(series: MixedSeries, i: number, neighbours: Neighbours): boolean {
  if (isStartReset(series.start(i - 1), series.time(i - 1), series.start(i), series.time(i))) return true;
  return series.isHistogram(i) ? neighbours.isReset(series, i) : series.value(i) < series.value(i - 1);
}

/** irate and idelta: the last two samples. */
export class LastTwo implements MixedFunction {
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
