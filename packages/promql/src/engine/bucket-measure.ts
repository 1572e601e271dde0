import type {FloatHistogram} from '@narthex/model/histogram/float-histogram.ts';
import {histogramFraction} from '@narthex/model/histogram/fraction.ts';
import {histogramQuantile, type NanNote, OBSERVED_NANS, type ObservedNans} from '@narthex/model/histogram/quantile.ts';
import {formatFloatG} from '@narthex/model/value.ts';
import type {AnnotationPlace} from './annotations.ts';
import type {ClassicBuckets} from './classic-buckets.ts';
import type {QueryContext} from './query-context.ts';
import {type Scalar, scalarAt} from './scalar.ts';
import type {StepGrid} from './step-grid.ts';

/** One number that is taken from each histogram, classic or native, at some steps. */
export interface BucketMeasure {
  /** A label to add to the histogram's labels. */
  readonly label: readonly [name: string, value: string] | undefined;
  /** The stretch of steps that it is taken at: `first` to `end`, excluded, as far as `isWanted`. */
  readonly first: number;
  readonly end: number;
  isWanted(step: number): boolean;
  /** Of a classic histogram; changes the buckets. */
  ofClassic(buckets: ClassicBuckets, step: number): number;
  /** Of a native histogram; says in `note` what NaNs among its observations did. */
  ofNative(histogram: FloatHistogram, step: number, note: NanNote): number;
  /** What is worth saying after that. */
  describe(nans: ObservedNans): string | undefined;
}

const always = (): boolean => true;

/** The quantile `q` of each step. */
export function quantileMeasure(context: QueryContext, q: Scalar, grid: StepGrid): BucketMeasure {
  return {
    label: undefined,
    first: 0,
    end: grid.count,
    isWanted: always,
    ofClassic: (buckets, step) => buckets.quantile(scalarAt(context, q, step)),
    ofNative: (histogram, step, note) => histogramQuantile(scalarAt(context, q, step), histogram, note),
    describe: describeQuantile,
  };
}

/** The quantile `q` with its value as a label: where it changes from step to step, one measure for each value. */
export function labelledQuantiles(context: QueryContext, q: Scalar, grid: StepGrid, label: string): BucketMeasure[] {
  const measure = quantileMeasure(context, q, grid);
  const labelOf = (value: number) => [label, openMetricsFloat(value)] as const;
  if (q.kind === 'constant') return [{...measure, label: labelOf(q.value)}];
  const stretches = new Map<number, {first: number; end: number}>();
  for (let step = 0; step < grid.count; step++) {
    const value = scalarAt(context, q, step);
    const known = stretches.get(value);
    if (known === undefined) stretches.set(value, {first: step, end: step + 1});
    else known.end = step + 1;
  }
  return [...stretches].map(([value, stretch]) => ({
    ...measure,
    ...stretch,
    label: labelOf(value),
    isWanted: (step) => isSame(scalarAt(context, q, step), value),
  }));
}

/** The share of observations between two bounds. */
export function fractionMeasure(context: QueryContext, lower: Scalar, upper: Scalar, grid: StepGrid): BucketMeasure {
  return {
    label: undefined,
    first: 0,
    end: grid.count,
    isWanted: always,
    ofClassic: (buckets, step) => buckets.fraction(scalarAt(context, lower, step), scalarAt(context, upper, step)),
    ofNative: (histogram, step, note) =>
      histogramFraction(scalarAt(context, lower, step), scalarAt(context, upper, step), histogram, note),
    describe: describeFraction,
  };
}

/** Warns of quantiles outside [0, 1], as upstream does at every step. */
export function warnQuantiles(context: QueryContext, q: Scalar, steps: number, notes: AnnotationPlace): void {
  for (let step = 0; step < (q.kind === 'constant' ? Math.min(1, steps) : steps); step++) {
    const value = scalarAt(context, q, step);
    if (value >= 0 && value <= 1) continue;
    notes.warn(`quantile value should be between 0 and 1, got ${formatFloatG(value)}`);
  }
}

function describeQuantile(nans: ObservedNans): string | undefined {
  if (nans === OBSERVED_NANS.none) return undefined;
  const result = nans === OBSERVED_NANS.result ? 'NaN' : 'skewed higher';
  return `input to histogram_quantile has NaN observations, result is ${result}`;
}

function describeFraction(nans: ObservedNans): string | undefined {
  if (nans === OBSERVED_NANS.none) return undefined;
  return 'input to histogram_fraction has NaN observations, which are excluded from all fractions';
}

/** As keys of a Map are compared: NaN is NaN, -0 is 0. */
const isSame = (a: number, b: number): boolean => a === b || (Number.isNaN(a) && Number.isNaN(b));

/** A float with a point or an exponent in any case, as OpenMetrics wants it. */
function openMetricsFloat(x: number): string {
  const text = x === 0 ? '0' : formatFloatG(x);
  return /^-?\d+$/.test(text) ? `${text}.0` : text;
}
