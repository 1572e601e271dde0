import {COUNTER_RESET, type CounterReset, FloatHistogram} from '@narthex/model/histogram/float-histogram.ts';
import {isCounterReset} from '@narthex/model/histogram/reset.ts';
import {STALE_NAN_BITS} from '@narthex/model/stale.ts';
import {floatOf, type StoredSample, type StoredSeries} from '../memory-storage/memory-storage.ts';
import type {TimedValue, Value} from './values.ts';

/** Reads the samples of one stored series, step by step, at times that do not go back. */
export interface SampleReader {
  /** The newest sample at or before `timeMs` and less than the lookback older; none where that is a stale marker. */
  newest(timeMs: number, lookbackMs: number): TimedValue | undefined;
  /** The samples in (startMs, endMs], stale markers left out. `seekMs` is how far before the end upstream begins to read. */
  window(startMs: number, endMs: number, seekMs: number): TimedValue[];
}

const isStale = (sample: StoredSample): boolean => sample.histogram === undefined && sample.bits === STALE_NAN_BITS;

const valueOf = ({histogram, bits}: StoredSample): Value => histogram ?? floatOf(bits);

/** The obvious reader. */
export class PlainReader implements SampleReader {
  readonly #samples: readonly StoredSample[];

  constructor(series: StoredSeries) {
    this.#samples = series.samples;
  }

  newest(timeMs: number, lookbackMs: number): TimedValue | undefined {
    const sample = this.#samples.findLast((one) => one.timeMs <= timeMs);
    if (sample === undefined || sample.timeMs <= timeMs - lookbackMs || isStale(sample)) return undefined;
    return timed(sample);
  }

  window(startMs: number, endMs: number): TimedValue[] {
    return this.#samples
      .filter((sample) => sample.timeMs > startMs && sample.timeMs <= endMs && !isStale(sample))
      .map(timed);
  }
}

const timed = (sample: StoredSample): TimedValue => ({
  timeMs: sample.timeMs,
  startMs: sample.startMs,
  value: valueOf(sample),
});

/**
 * Reads histograms without their buckets: count, sum, schema and hint are left. Since resets are seen in buckets, they are looked for while reading: the hint says
 * whether the histogram follows the one that was read before it, which is known unless the reader skipped samples on its way.
 */
export class StatsReader implements SampleReader {
  readonly #plain: PlainReader;
  readonly #samples: readonly StoredSample[];
  /** The hints of the samples that were read. */
  readonly #hints = new Map<StoredSample, CounterReset>();
  #position = 0;
  #isFresh = true;
  #last: FloatHistogram | undefined;

  constructor(series: StoredSeries) {
    this.#plain = new PlainReader(series);
    this.#samples = series.samples;
  }

  newest(timeMs: number, lookbackMs: number): TimedValue | undefined {
    this.#advance(timeMs, lookbackMs);
    const found = this.#plain.newest(timeMs, lookbackMs);
    return found && this.#stripped(found);
  }

  window(startMs: number, endMs: number, seekMs: number): TimedValue[] {
    if (this.#isFresh) this.#skipTo(startMs);
    this.#advance(endMs, seekMs);
    return this.#plain.window(startMs, endMs).map((sample) => this.#stripped(sample));
  }

  /** What lies before the first window was not selected at all. */
  #skipTo(startMs: number): void {
    while (this.#samples[this.#position]?.timeMs <= startMs) this.#position++;
  }

  /** Reads on to the first sample at or after `timeMs`; skips what is more than `backMs` older. */
  #advance(timeMs: number, backMs: number): void {
    const from = timeMs - backMs;
    const current = this.#samples[this.#position];
    if (current !== undefined && (this.#isFresh || from > current.timeMs)) {
      if (from > current.timeMs) this.#last = undefined;
      while (this.#samples[this.#position]?.timeMs < from) this.#position++;
    }
    this.#isFresh = false;
    for (; this.#position < this.#samples.length; this.#position++) {
      const sample = this.#samples[this.#position];
      if (sample.timeMs >= timeMs) {
        if (sample.timeMs === timeMs) this.#note(sample);
        return;
      }
      this.#note(sample);
    }
  }

  #note(sample: StoredSample): void {
    const {histogram} = sample;
    if (histogram === undefined || this.#hints.has(sample)) return;
    let hint = histogram.counterReset;
    if (hint === COUNTER_RESET.unknown && this.#last !== undefined) {
      hint = isCounterReset(histogram, this.#last) ? COUNTER_RESET.reset : COUNTER_RESET.notReset;
    }
    this.#hints.set(sample, hint);
    this.#last = histogram;
  }

  #stripped(found: TimedValue): TimedValue {
    const sample = this.#samples.find(({timeMs}) => timeMs === found.timeMs)!;
    if (sample.histogram === undefined) return found;
    const stats = new FloatHistogram();
    stats.schema = sample.histogram.schema;
    stats.count = sample.histogram.count;
    stats.sum = sample.histogram.sum;
    stats.counterReset = this.#hints.get(sample)!;
    return {...found, value: stats};
  }
}
