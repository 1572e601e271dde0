import {isSameHistogram} from '@narthex/model/histogram/equals.ts';
import {Marks, Neighbours} from './marks.ts';
import type {MixedSeries} from './mixed-series.ts';
import type {MixedFunction, MixedWindow} from './mixed-window.ts';
import type {QueryContext} from './query-context.ts';
import {isStartReset} from './start-timestamps.ts';

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
