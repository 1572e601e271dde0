// anchored and smoothed selectors: values at the ends of a range, taken from the samples around them.
import type {Evaluated, Evaluation} from './evaluation.ts';
import {hasPoint} from './matrix.ts';
import {COUNTER_RESET, type FloatHistogram} from '@narthex/model/histogram/float-histogram.ts';
import {isCounterReset} from '@narthex/model/histogram/reset.ts';
import type {StoredSeries} from '../memory-storage/memory-storage.ts';
import type {SourceRange, VectorSelector} from '../parse/ast.ts';
import {Annotations} from './annotations.ts';
import {difference, isGauge, product, sum} from './histograms.ts';
import {nameOf} from './label-sets.ts';
import * as notes from './notes.ts';
import {
  fail,
  isFloat,
  isHistogram,
  type Series,
  type TimedFloat,
  type TimedHistogram,
  type TimedValue,
  type Value,
} from './values.ts';

/** The value at `timeMs` on the line through two samples. A counter that was reset between them is taken to begin at 0. */
export function interpolated(before: TimedFloat, after: TimedFloat, timeMs: number, isCounter: boolean): number {
  const start = isCounter && after.value < before.value ? 0 : before.value;
  return start + ((after.value - start) * (timeMs - before.timeMs)) / (after.timeMs - before.timeMs);
}

/** As `interpolated`; undefined when the two do not go together. */
export function interpolatedHistogram(
  before: TimedHistogram,
  after: TimedHistogram,
  timeMs: number,
  isCounter: boolean,
  note: {readonly name: string; readonly range: SourceRange; readonly annotations: Annotations},
): FloatHistogram | undefined {
  if (timeMs === before.timeMs) return before.value;
  if (timeMs === after.timeMs) return after.value;
  const fraction = (timeMs - before.timeMs) / (after.timeMs - before.timeMs);
  if (isCounter && isCounterReset(after.value, before.value)) return product(after.value, fraction);
  const change = difference(after.value, before.value);
  if (change === undefined) {
    note.annotations.add(notes.mixedSchemas(note.name, note.range));
    return undefined;
  }
  if (change.isReconciled) note.annotations.add(notes.boundsReconciled('subtraction', note.range));
  const result = sum(product(change.histogram, fraction), before.value)!;
  if (result.isReconciled) note.annotations.add(notes.boundsReconciled('addition', note.range));
  return result.histogram;
}

/** A smoothed instant selector: the value at each step on the line between the samples around it. */
export function smoothSeries(
  evaluator: Evaluation,
  node: VectorSelector,
  found: readonly StoredSeries[],
  offsetMs: number,
): Evaluated {
  const {lookbackMs} = evaluator.options;
  const annotations = new Annotations();
  const series = found.map((stored): Series => {
    const reader = evaluator.readerOf(node, stored);
    const note = {name: nameOf(stored.labels), range: node.range, annotations};
    // Upstream's buffer holds the whole query.
    const bufferMs = evaluator.endMs - evaluator.startMs + 2 * lookbackMs;
    const points = evaluator.times.map((timeMs) => {
      const at = timeMs - offsetMs;
      return smoothedAt(at, reader.window(at - lookbackMs, at + lookbackMs, bufferMs), note);
    });
    return {labels: stored.labels, dropName: false, points};
  });
  return {series: series.filter(hasPoint), annotations};
}

function smoothedAt(
  timeMs: number,
  samples: readonly TimedValue[],
  note: {readonly name: string; readonly range: SourceRange; readonly annotations: Annotations},
): Value | undefined {
  if (samples.some(({value}) => isFloat(value)) && samples.some(({value}) => isHistogram(value))) {
    note.annotations.add(notes.mixedFloatsHistograms(note.name, note.range));
    return undefined;
  }
  const exact = samples.find((sample) => sample.timeMs === timeMs);
  if (exact !== undefined) return exact.value;
  const before = samples.findLast((sample) => sample.timeMs < timeMs);
  const after = samples.find((sample) => sample.timeMs > timeMs);
  if (before === undefined) return undefined;
  if (after === undefined) return isFloat(before.value) ? before.value : withoutHint(before.value);
  if (isFloat(before.value)) return interpolated(before as TimedFloat, after as TimedFloat, timeMs, false);
  return smoothedHistogram(before as TimedHistogram, after as TimedHistogram, timeMs, note);
}

function smoothedHistogram(
  before: TimedHistogram,
  after: TimedHistogram,
  timeMs: number,
  note: {readonly name: string; readonly range: SourceRange; readonly annotations: Annotations},
): FloatHistogram | undefined {
  if (before.value.hasCustomBuckets !== after.value.hasCustomBuckets) {
    note.annotations.add(notes.mixedSchemas(note.name, note.range));
    return undefined;
  }
  const isCounter = !isGauge(before.value) || !isGauge(after.value);
  return interpolatedHistogram(before, after, timeMs, isCounter, note);
}

function withoutHint(histogram: FloatHistogram): FloatHistogram {
  const copy = histogram.clone();
  copy.counterReset = COUNTER_RESET.unknown;
  return copy;
}

/** The samples that matter for a range whose ends are anchored or smoothed. */
export interface Extended<T> {
  /** The samples around and in the range. */
  readonly samples: readonly T[];
  /** Index of the last sample at or before the start, or of the first one. */
  readonly first: number;
  /** Index of the last sample; when smoothed, of the first one at or behind the end. */
  readonly last: number;
}

/** Undefined: nothing in the range. */
export function extended<T extends {readonly timeMs: number}>(
  samples: readonly T[],
  startMs: number,
  endMs: number,
  isSmoothed: boolean,
): Extended<T> | undefined {
  const newest = samples.length - 1;
  const inside = samples.slice(0, newest).findIndex(({timeMs}) => timeMs > startMs);
  const first = Math.max(0, (inside < 0 ? newest : inside) - 1);
  const beyond = isSmoothed ? samples.slice(0, newest).findIndex(({timeMs}) => timeMs >= endMs) : -1;
  const last = beyond < 0 ? newest : beyond;
  if (samples[last].timeMs <= startMs) return undefined;
  return {samples, first, last};
}

export function leftOf(
  {samples, first}: Extended<TimedFloat>,
  startMs: number,
  isSmoothed: boolean,
  isCounter: boolean,
): number {
  const sample = samples[first];
  if (!isSmoothed || sample.timeMs >= startMs) return sample.value;
  return interpolated(sample, samples[first + 1], startMs, isCounter);
}

export function rightOf(
  {samples, last}: Extended<TimedFloat>,
  endMs: number,
  isSmoothed: boolean,
  isCounter: boolean,
): number {
  const sample = samples[last];
  if (!isSmoothed || last === 0 || sample.timeMs <= endMs) return sample.value;
  return interpolated(samples[last - 1], sample, endMs, isCounter);
}

/** A bare range with its ends: the samples in it and one at each end. */
export function extendFloats(
  samples: readonly TimedValue[],
  startMs: number,
  endMs: number,
  {anchored, smoothed}: VectorSelector,
): TimedValue[] {
  if (samples.some(({value}) => isHistogram(value)))
    fail(`${anchored ? 'anchored' : 'smoothed'} modifier is not supported with histograms`);
  // Upstream crashes where a series has no samples in reach, if its storage gives it at all.
  if (samples.length === 0) return [];
  const window = extended(samples as readonly (TimedValue & TimedFloat)[], startMs, endMs, smoothed);
  if (window === undefined) return [];
  const left = leftOf(window, startMs, smoothed, false);
  const right = rightOf(window, endMs, smoothed, false);
  const {first, last} = window;
  const inside = samples.slice(
    samples[first].timeMs <= startMs ? first + 1 : first,
    (samples[last].timeMs >= endMs ? last - 1 : last) + 1,
  );
  return [{timeMs: startMs, startMs: 0, value: left}, ...inside, {timeMs: endMs, startMs: 0, value: right}];
}
