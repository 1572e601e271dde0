import {countChanges, countResets} from './changes.ts';
import {kahan, meanOf, quantileOf} from './floats.ts';
import {haveResetCollision, mean, total} from './histograms.ts';
import * as notes from './notes.ts';
import type {RangeFunction, RangeInput} from './range-input.ts';
import {extrapolatedRate} from './rate.ts';
import {instantRate} from './instant-rate.ts';
import {fail, isFloat, isHistogram, type TimedFloat, type TimedValue} from './values.ts';

const floatsOf = ({samples}: RangeInput): TimedFloat[] =>
  samples.filter((one): one is TimedValue & TimedFloat => isFloat(one.value));
const valuesOf = (floats: readonly TimedFloat[]): number[] => floats.map(({value}) => value);
const hasHistogram = ({samples}: RangeInput): boolean => samples.some(({value}) => isHistogram(value));

/** A function of floats alone, of which `least` are needed; histograms among them are ignored with an info. */
function ofFloats(least: number, compute: (floats: readonly TimedFloat[], input: RangeInput) => number): RangeFunction {
  return (input) => {
    const floats = floatsOf(input);
    if (floats.length === 0) return undefined;
    if (hasHistogram(input)) input.annotations.add(notes.ignoredInRange(input.name, input.firstRange));
    return floats.length < least ? undefined : compute(floats, input);
  };
}

/** The float that no other float beats; the last or first of equal ones. */
function extreme(beats: (a: number, b: number) => boolean): (floats: readonly TimedFloat[]) => TimedFloat {
  return (floats) =>
    floats.reduce((best, one) => (beats(one.value, best.value) || Number.isNaN(best.value) ? one : best));
}

const maximum = extreme((a, b) => a > b);
const minimum = extreme((a, b) => a < b);
const latestMaximum = extreme((a, b) => a >= b);
const latestMinimum = extreme((a, b) => a <= b);

/** Floats alone or histograms alone. */
function notMixed(ofFloatValues: (values: readonly number[]) => number, ofHistograms: typeof total): RangeFunction {
  return (input) => {
    const {samples, name, firstRange, annotations} = input;
    const histograms = samples.map(({value}) => value).filter(isHistogram);
    if (histograms.length === 0) return ofFloatValues(valuesOf(floatsOf(input)));
    if (histograms.length < samples.length) {
      annotations.add(notes.mixedFloatsHistograms(name, firstRange));
      return undefined;
    }
    const {histogram, reconciled} = ofHistograms(histograms);
    if (histogram === undefined) {
      annotations.add(notes.mixedSchemas(name, firstRange));
      return undefined;
    }
    if (haveResetCollision(histograms)) annotations.add(notes.resetCollision('aggregation', firstRange));
    if (reconciled) annotations.add(notes.boundsReconciled('aggregation', firstRange));
    return histogram;
  };
}

function sumOf(values: readonly number[]): number {
  let [sum, c] = [0, 0];
  for (const value of values) [sum, c] = kahan(value, sum, c);
  return Math.abs(sum) === Infinity ? sum : sum + c;
}

function variance(floats: readonly TimedFloat[]): number {
  let [mean, cMean, sum, cSum] = [0, 0, 0, 0];
  for (const [i, {value}] of floats.entries()) {
    const delta = value - (mean + cMean);
    [mean, cMean] = kahan(delta / (i + 1), mean, cMean);
    [sum, cSum] = kahan(delta * (value - (mean + cMean)), sum, cSum);
  }
  return (sum + cSum) / floats.length;
}

function medianDeviation(values: readonly number[]): number {
  if (values.some(Number.isNaN)) return NaN;
  const median = quantileOf(0.5, values);
  return quantileOf(
    0.5,
    values.map((value) => Math.abs(value - median)),
  );
}

/** The line of least squares: its slope in 1/s and its value at `atMs`. */
function line(floats: readonly TimedFloat[], atMs: number): {slope: number; value: number} {
  const [{value: first}] = floats;
  // NaN differs from itself, so it is no constant, unless it stands alone at the beginning.
  if (floats.slice(1).every(({value}) => value === first)) {
    return Math.abs(first) === Infinity ? {slope: NaN, value: NaN} : {slope: 0, value: first};
  }
  let [sumX, cX, sumY, cY, sumXY, cXY, sumX2, cX2] = [0, 0, 0, 0, 0, 0, 0, 0];
  for (const {timeMs, value} of floats) {
    const x = (timeMs - atMs) / 1000;
    [sumX, cX] = kahan(x, sumX, cX);
    [sumY, cY] = kahan(value, sumY, cY);
    [sumXY, cXY] = kahan(x * value, sumXY, cXY);
    [sumX2, cX2] = kahan(x * x, sumX2, cX2);
  }
  sumX += cX;
  sumY += cY;
  sumXY += cXY;
  sumX2 += cX2;
  const n = floats.length;
  const slope = (sumXY - (sumX * sumY) / n) / (sumX2 - (sumX * sumX) / n);
  return {slope, value: sumY / n - (slope * sumX) / n};
}

function smoothed(floats: readonly TimedFloat[], smoothing: number, trendFactor: number): number {
  let before = 0;
  let level = floats[0].value;
  let trend = floats[1].value - floats[0].value;
  for (const [i, {value}] of floats.slice(1).entries()) {
    if (i > 0) trend = trendFactor * (level - before) + (1 - trendFactor) * trend;
    [before, level] = [level, smoothing * value + (1 - smoothing) * (level + trend)];
  }
  return level;
}

const doubleExponentialSmoothing: RangeFunction = (input) => {
  const [smoothing, trend] = input.parameters;
  for (const [name, factor] of [
    ['smoothing', smoothing],
    ['trend', trend],
  ] as const) {
    const short = name === 'smoothing' ? 'sf' : 'tf';
    if (factor <= 0 || factor >= 1)
      fail(`invalid ${name} factor. Expected: 0 < ${short} < 1, got: ${sixDigits(factor)}`);
  }
  return ofFloats(2, (floats) => smoothed(floats, smoothing, trend))(input);
};

/** Go's `%f`. */
const sixDigits = (x: number): string => {
  if (!Number.isFinite(x)) return x > 0 ? '+Inf' : x < 0 ? '-Inf' : 'NaN';
  return Math.abs(x) < 1e21 ? (Object.is(x, -0) ? '-0.000000' : x.toFixed(6)) : `${BigInt(x)}.000000`;
};

const quantileOverTime: RangeFunction = (input) => {
  const [q] = input.parameters;
  const floats = floatsOf(input);
  if (floats.length === 0) return undefined;
  if (!(q >= 0 && q <= 1)) input.annotations.add(notes.badQuantile(q, input.firstRange));
  if (hasHistogram(input)) input.annotations.add(notes.ignoredInRange(input.name, input.firstRange));
  return quantileOf(q, valuesOf(floats));
};

export const RANGE_FUNCTIONS: Readonly<Record<string, RangeFunction>> = {
  absent_over_time: () => 1,
  avg_over_time: notMixed(meanOf, mean),
  changes: (input) => countChanges(input),
  count_over_time: ({samples}) => samples.length,
  delta: (input) => extrapolatedRate(input, {isCounter: false, isRate: false}),
  deriv: ofFloats(2, (floats) => line(floats, floats[0].timeMs).slope),
  double_exponential_smoothing: doubleExponentialSmoothing,
  first_over_time: ({samples}) => samples[0].value,
  idelta: (input) => instantRate(input, false),
  increase: (input) => extrapolatedRate(input, {isCounter: true, isRate: false}),
  irate: (input) => instantRate(input, true),
  last_over_time: ({samples}) => samples.at(-1)!.value,
  mad_over_time: ofFloats(1, (floats) => medianDeviation(valuesOf(floats))),
  max_over_time: ofFloats(1, (floats) => maximum(floats).value),
  min_over_time: ofFloats(1, (floats) => minimum(floats).value),
  predict_linear: ofFloats(2, (floats, {timeMs, parameters}) => {
    const {slope, value} = line(floats, timeMs);
    return slope * parameters[0] + value;
  }),
  present_over_time: () => 1,
  quantile_over_time: quantileOverTime,
  rate: (input) => extrapolatedRate(input, {isCounter: true, isRate: true}),
  resets: (input) => countResets(input),
  stddev_over_time: ofFloats(1, (floats) => Math.sqrt(variance(floats))),
  stdvar_over_time: ofFloats(1, variance),
  sum_over_time: notMixed(sumOf, total),
  ts_of_first_over_time: ({samples}) => samples[0].timeMs / 1000,
  ts_of_last_over_time: ({samples}) => samples.at(-1)!.timeMs / 1000,
  ts_of_max_over_time: ofFloats(1, (floats) => latestMaximum(floats).timeMs / 1000),
  ts_of_min_over_time: ofFloats(1, (floats) => latestMinimum(floats).timeMs / 1000),
};
