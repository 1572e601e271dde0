import {FloatHistogram} from '@narthex/model/histogram/float-histogram.ts';
import {isCounterReset} from '@narthex/model/histogram/reset.ts';
import {reduceResolution} from '@narthex/model/histogram/resolution.ts';
import {extendedRate} from './extended-rate.ts';
import {asGauge, compacted, difference, isGauge, product, sum} from './histograms.ts';
import * as notes from './notes.ts';
import type {RangeInput, RateKind} from './range-input.ts';
import {isStartReset, overlaps} from './start-times.ts';
import {isFloat, isHistogram, type TimedHistogram, type Value} from './values.ts';

/** The change over the range, extrapolated to its ends. */
export function extrapolatedRate(input: RangeInput, kind: RateKind): Value | undefined {
  const {samples, name, firstRange, annotations} = input;
  const hasHistograms = samples.some(({value}) => isHistogram(value));
  if (hasHistograms && samples.some(({value}) => isFloat(value))) {
    annotations.add(notes.mixedFloatsHistograms(name, firstRange));
    return undefined;
  }
  if (input.isAnchored || input.isSmoothed) return extendedRate(input, kind);
  const change = hasHistograms ? histogramChange(input, kind) : floatChange(input, kind);
  if (change === undefined) return undefined;
  return extrapolated(input, kind, change);
}

/** The change between first and last sample, resets counted; 0 for a single float. Undefined: an error that was noted. */
function floatChange(input: RangeInput, {isCounter}: RateKind): number {
  const {samples} = input;
  const values = samples.map(({value}) => value as number);
  let change = values.at(-1)! - values[0];
  if (!isCounter) return change;
  noteOverlap(input);
  for (const [i, after] of samples.slice(1).entries()) {
    if (values[i + 1] < values[i] || isStartReset(samples[i], after)) change += values[i];
  }
  return change;
}

/** Once a series and step. */
function noteOverlap({samples, name, firstRange, annotations}: RangeInput): void {
  if (samples.slice(1).some((after, i) => overlaps(samples[i], after)))
    annotations.add(notes.startTimeOverlap(name, firstRange));
}

/** As `floatChange`; `'single'` for a single histogram. */
function histogramChange(input: RangeInput, kind: RateKind): FloatHistogram | 'single' | undefined {
  if (input.samples.length < 2) return 'single';
  return kind.isCounter ? counterChange(input) : gaugeChange(input);
}

function counterChange(input: RangeInput): FloatHistogram | undefined {
  const {samples, name, firstRange, annotations} = input;
  const [first, second] = samples as readonly TimedHistogram[];
  const histograms = samples.map(({value}) => value as FloatHistogram);
  const last = histograms.at(-1)!;
  if (isGauge(first.value) || isGauge(last)) annotations.add(notes.notCounter(name, firstRange));
  // What was before a reset right behind the first sample need not go with the rest.
  const isReset = isStartReset(first, second) || isCounterReset(second.value, first.value);
  const from = isReset ? emptyLike(second.value) : first.value;
  if (last.hasCustomBuckets !== from.hasCustomBuckets) {
    annotations.add(notes.mixedSchemas(name, firstRange));
    return undefined;
  }
  const between = histograms.slice(1, -1);
  const misfit = between.findIndex(({hasCustomBuckets}) => hasCustomBuckets !== from.hasCustomBuckets);
  if (misfit >= 0) return onlyNote(input, notes.mixedSchemas(name, firstRange));
  if (between.some(isGauge)) annotations.add(notes.notCounter(name, firstRange));
  const schema = Math.min(last.schema, from.schema, ...between.map((one) => one.schema));
  const start = difference(reduced(last, schema), from)!;
  if (start.isReconciled) annotations.add(notes.boundsReconciled('subtraction', firstRange));
  noteOverlap(input);
  let change = start.histogram;
  let before = from;
  for (const [i, after] of histograms.slice(1).entries()) {
    if (isStartReset(samples[i], samples[i + 1]) || isCounterReset(after, before)) {
      const more = sum(change, before)!;
      if (more.isReconciled) annotations.add(notes.boundsReconciled('addition', firstRange));
      change = more.histogram;
    }
    before = after;
  }
  return compacted(asGauge(change));
}

/** This error makes upstream forget what it noted about the series before. */
function onlyNote({annotations}: RangeInput, note: Parameters<RangeInput['annotations']['add']>[0]): undefined {
  annotations.clear();
  annotations.add(note);
  return undefined;
}

function gaugeChange(input: RangeInput): FloatHistogram | undefined {
  const {samples, name, firstRange, annotations} = input;
  const first = samples[0].value as FloatHistogram;
  const last = samples.at(-1)!.value as FloatHistogram;
  if (first.hasCustomBuckets !== last.hasCustomBuckets) {
    annotations.add(notes.mixedSchemas(name, firstRange));
    return undefined;
  }
  const change = difference(reduced(last, Math.min(first.schema, last.schema)), first)!;
  if (change.isReconciled) annotations.add(notes.boundsReconciled('subtraction', firstRange));
  if (!isGauge(first) || !isGauge(last)) annotations.add(notes.notGauge(name, firstRange));
  return compacted(asGauge(change.histogram));
}

/** A copy at a lower resolution. Custom buckets have none. */
function reduced(histogram: FloatHistogram, schema: number): FloatHistogram {
  const copy = histogram.clone();
  if (!copy.hasCustomBuckets) reduceResolution(copy, schema);
  return copy;
}

function emptyLike({schema, customBounds}: FloatHistogram): FloatHistogram {
  const empty = new FloatHistogram();
  empty.schema = schema;
  empty.customBounds = customBounds;
  return empty;
}

function extrapolated(
  input: RangeInput,
  {isCounter, isRate}: RateKind,
  change: number | FloatHistogram | 'single',
): Value | undefined {
  const {samples, startMs, endMs} = input;
  const first = samples[0];
  const last = samples.at(-1)!;
  let sampled = (last.timeMs - first.timeMs) / 1000;
  const gaps = samples.length - 1;
  const average = gaps > 0 ? sampled / gaps : 0;
  const threshold = average * 1.1;
  let toStart = (first.timeMs - startMs) / 1000;
  let toEnd = (endMs - last.timeMs) / 1000;
  let result = change;
  if (isCounter && first.startMs !== 0 && first.startMs > startMs && first.startMs < first.timeMs) {
    // The counter was 0 within the range: no need to guess.
    toStart = 0;
    sampled = (last.timeMs - first.startMs) / 1000;
    const begun = withFirst(input, change);
    if (begun === undefined) return undefined;
    result = begun;
  } else if (gaps === 0) {
    return undefined;
  } else {
    if (toStart >= threshold) toStart = average / 2;
    const toZero = isCounter ? secondsToZero(first.value, change, sampled) : Infinity;
    if (toZero < toStart) toStart = toZero;
  }
  if (toEnd >= threshold) toEnd = average / 2;
  let factor = sampled === 0 ? 1 : (sampled + toStart + toEnd) / sampled;
  if (isRate) factor /= input.rangeSeconds;
  return isHistogram(result as Value) ? product(result as FloatHistogram, factor) : (result as number) * factor;
}

/** The change since 0 rather than since the first sample. */
function withFirst(
  {samples, name, firstRange, annotations}: RangeInput,
  change: number | FloatHistogram | 'single',
): Value | undefined {
  const {value} = samples[0];
  if (isFloat(value)) return (change as number) + value;
  if (change === 'single') return value;
  const more = sum(change as FloatHistogram, value);
  if (more === undefined) annotations.add(notes.mixedSchemas(name, firstRange));
  else if (more.isReconciled) annotations.add(notes.boundsReconciled('addition', firstRange));
  return more?.histogram;
}

/** When the counter was 0 if it always grew as it does in the range; Infinity where that is not known. */
function secondsToZero(first: Value, change: number | FloatHistogram | 'single', sampled: number): number {
  const begin = isFloat(first) ? first : first.count;
  const grown = isFloat(change as Value) ? (change as number) : (change as FloatHistogram).count;
  return grown > 0 && begin >= 0 ? sampled * (begin / grown) : Infinity;
}
