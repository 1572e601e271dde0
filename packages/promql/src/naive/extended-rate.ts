import type {FloatHistogram} from '@narthex/model/histogram/float-histogram.ts';
import {isCounterReset} from '@narthex/model/histogram/reset.ts';
import {type Extended, extended, interpolatedHistogram, leftOf, rightOf} from './extended-windows.ts';
import {asGauge, type Combined, compacted, difference, isGauge, quotient, sum} from './histograms.ts';
import * as notes from './notes.ts';
import type {RangeInput, RateKind} from './range-input.ts';
import {isFloat, type TimedFloat, type TimedHistogram, type Value} from './values.ts';

/** The change between the ends of an anchored or smoothed range; there is nothing to extrapolate. */
export function extendedRate(input: RangeInput, kind: RateKind): Value | undefined {
  const {samples, startMs, endMs, isSmoothed} = input;
  if (isFloat(samples[0].value)) {
    const window = extended(samples as readonly TimedFloat[], startMs, endMs, isSmoothed);
    return isBeyond(window, input) ? undefined : floatRate(window!, input, kind);
  }
  const window = extended(samples as readonly TimedHistogram[], startMs, endMs, isSmoothed);
  return isBeyond(window, input) ? undefined : histogramRate(window!, input, kind);
}

function isBeyond<T extends {readonly timeMs: number}>(
  window: Extended<T> | undefined,
  {endMs, isSmoothed}: RangeInput,
): boolean {
  return window === undefined || (isSmoothed && window.samples[window.first].timeMs > endMs);
}

function floatRate(window: Extended<TimedFloat>, input: RangeInput, {isCounter, isRate}: RateKind): number {
  const {startMs, endMs, isSmoothed} = input;
  const left = leftOf(window, startMs, isSmoothed, isCounter);
  const right = rightOf(window, endMs, isSmoothed, isCounter);
  let change = right - left;
  if (isCounter) {
    const {samples, first, last} = window;
    const begin = samples[first].timeMs <= startMs ? first + 1 : first;
    const end = samples[last].timeMs >= endMs ? last - 1 : last;
    change += lostByResets(left, samples.slice(begin, end + 1), right);
  }
  return isRate ? change / input.rangeSeconds : change;
}

function lostByResets(left: number, between: readonly TimedFloat[], right: number): number {
  let lost = 0;
  let before = left;
  for (const value of [...between.map((sample) => sample.value), right]) {
    if (value < before) lost += before;
    before = value;
  }
  return lost;
}

function histogramRate(
  window: Extended<TimedHistogram>,
  input: RangeInput,
  {isCounter, isRate}: RateKind,
): FloatHistogram | undefined {
  const {samples, first, last} = window;
  if (!isUniform(samples.slice(first, last + 1), input, isCounter)) return undefined;
  const left = leftHistogram(window, input, isCounter);
  const right = left && rightHistogram(window, input, isCounter);
  if (left === undefined || right === undefined) return undefined;
  const {name, firstRange: range, annotations} = input;
  if (!isCounter && (!isGauge(left) || !isGauge(right))) annotations.add(notes.notGauge(name, range));
  let change = checked(difference(right, left), 'subtraction', input);
  if (change === undefined) return undefined;
  if (isCounter) {
    const lost = lostHistogram(window, input, left, right);
    if (lost !== undefined) change = checked(sum(change, lost), 'addition', input);
    if (change === undefined) return undefined;
  }
  if (isRate) change = quotient(change, input.rangeSeconds);
  return compacted(asGauge(change));
}

function isUniform(samples: readonly TimedHistogram[], input: RangeInput, isCounter: boolean): boolean {
  const {name, firstRange, annotations} = input;
  for (const {value} of samples) {
    if (value.hasCustomBuckets !== samples[0].value.hasCustomBuckets) {
      annotations.add(notes.mixedSchemas(name, firstRange));
      return false;
    }
    if (isCounter && isGauge(value)) annotations.add(notes.notCounter(name, firstRange));
  }
  return true;
}

function checked(
  combined: Combined | undefined,
  operation: 'addition' | 'subtraction',
  {name, firstRange, annotations}: RangeInput,
): FloatHistogram | undefined {
  if (combined === undefined) annotations.add(notes.mixedSchemas(name, firstRange));
  else if (combined.isReconciled) annotations.add(notes.boundsReconciled(operation, firstRange));
  return combined?.histogram;
}

const noteOf = ({name, firstRange, annotations}: RangeInput) => ({name, range: firstRange, annotations});

function leftHistogram(
  {samples, first}: Extended<TimedHistogram>,
  input: RangeInput,
  isCounter: boolean,
): FloatHistogram | undefined {
  if (!input.isSmoothed || samples[first].timeMs >= input.startMs) return samples[first].value;
  return interpolatedHistogram(samples[first], samples[first + 1], input.startMs, isCounter, noteOf(input));
}

function rightHistogram(
  {samples, last}: Extended<TimedHistogram>,
  input: RangeInput,
  isCounter: boolean,
): FloatHistogram | undefined {
  if (!input.isSmoothed || last === 0 || samples[last].timeMs <= input.endMs) return samples[last].value;
  return interpolatedHistogram(samples[last - 1], samples[last], input.endMs, isCounter, noteOf(input));
}

/** What the counter had lost by resets between the ends. */
function lostHistogram(
  {samples, first, last}: Extended<TimedHistogram>,
  input: RangeInput,
  left: FloatHistogram,
  right: FloatHistogram,
): FloatHistogram | undefined {
  let begin = first + 1;
  let before = left;
  const isCut = input.isSmoothed && samples[first].timeMs < input.startMs;
  if (isCut && isCounterReset(samples[first + 1].value, samples[first].value)) {
    // The value at the start was interpolated behind this reset.
    before = samples[first + 1].value;
    begin++;
  }
  if (begin > last) return undefined;
  let lost: FloatHistogram | undefined;
  for (const value of [...samples.slice(begin, last).map((sample) => sample.value), right]) {
    if (isCounterReset(value, before))
      lost = lost === undefined ? before : checked(sum(lost, before), 'addition', input);
    before = value;
  }
  return lost;
}
