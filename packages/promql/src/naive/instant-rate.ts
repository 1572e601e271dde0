import type {FloatHistogram} from '@narthex/model/histogram/float-histogram.ts';
import {isCounterReset} from '@narthex/model/histogram/reset.ts';
import {asGauge, compacted, difference, isGauge, quotient} from './histograms.ts';
import * as notes from './notes.ts';
import type {RangeInput} from './range-input.ts';
import {isStartReset} from './start-times.ts';
import {isFloat, isHistogram, type Value} from './values.ts';

/** irate() and, without regard to resets and time, idelta(): from the last two samples. */
export function instantRate(input: RangeInput, isRate: boolean): Value | undefined {
  if (input.samples.length < 2) return undefined;
  const [before, after] = input.samples.slice(-2);
  const seconds = (after.timeMs - before.timeMs) / 1000;
  if (isFloat(before.value) && isFloat(after.value)) {
    const isReset = isRate && (after.value < before.value || isStartReset(before, after));
    const change = isReset ? after.value : after.value - before.value;
    return isRate ? change / seconds : change;
  }
  if (!isHistogram(before.value) || !isHistogram(after.value)) {
    input.annotations.add(notes.mixedFloatsHistograms(input.name, input.allRanges));
    return undefined;
  }
  const isReset = isRate && (isStartReset(before, after) || isCounterReset(after.value, before.value));
  const change = changeOf(input, [before.value, after.value], isRate, isReset);
  return change && (isRate ? quotient(change, seconds) : change);
}

function changeOf(
  {name, allRanges, annotations}: RangeInput,
  [before, after]: readonly [FloatHistogram, FloatHistogram],
  isRate: boolean,
  isReset: boolean,
): FloatHistogram | undefined {
  if (isRate && (isGauge(before) || isGauge(after))) annotations.add(notes.notCounter(name, allRanges));
  if (!isRate && (!isGauge(before) || !isGauge(after))) annotations.add(notes.notGauge(name, allRanges));
  if (isReset) return compacted(asGauge(after));
  const change = difference(after, before);
  if (change === undefined) {
    annotations.add(notes.mixedSchemas(name, allRanges));
    return undefined;
  }
  if (change.isReconciled) annotations.add(notes.boundsReconciled('subtraction', allRanges));
  return compacted(asGauge(change.histogram));
}
