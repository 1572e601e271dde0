import type {InstantCall, NaiveOptions, StepResult} from './evaluation.ts';
import {inAnyOrder} from './matrix.ts';
import {histogramFraction} from '@narthex/model/histogram/fraction.ts';
import {histogramQuantile, type NanNote, OBSERVED_NANS} from '@narthex/model/histogram/quantile.ts';
import type {FloatHistogram} from '@narthex/model/histogram/float-histogram.ts';
import type {Labels} from '@narthex/model/labels.ts';
import {formatFloatG, parseGoFloat} from '@narthex/model/value.ts';
import type {Expr, SourceRange} from '../parse/ast.ts';
import {Annotations} from './annotations.ts';
import {type Bucket, bucketFraction, bucketQuantile} from './classic-buckets.ts';
import {keyOf, nameOf, without, withoutMetadata, withLabel} from './label-sets.ts';
import * as notes from './notes.ts';
import {isHistogram, type Sample} from './values.ts';

/** The histograms of a vector: native ones, and classic ones put together from their buckets. */
interface Histograms {
  readonly native: readonly {readonly labels: Labels; readonly histogram: FloatHistogram}[];
  readonly classic: readonly {readonly labels: Labels; readonly buckets: readonly Bucket[]}[];
}

/** Finds the histograms. Where a native and a classic one have the same labels, neither counts. */
function histogramsOf(
  vector: readonly Sample[],
  {delayedNameRemoval: isDelayed, reversesUnordered}: NaiveOptions,
  range: SourceRange,
  annotations: Annotations,
): Histograms {
  const nameFor = (labels: Labels) => (isDelayed ? nameOf(labels) : '');
  const classic = new Map<string, {labels: Labels; buckets: Bucket[]}>();
  const native: {labels: Labels; histogram: FloatHistogram}[] = [];
  for (const {labels, value} of vector) {
    if (isHistogram(value)) {
      native.push({labels, histogram: value});
      continue;
    }
    const bound = parseGoFloat(labels.get('le'));
    if (bound === undefined) {
      annotations.add(notes.badBucketLabel(nameFor(labels), labels.get('le'), range));
      continue;
    }
    const group = without(labels, ['le']);
    const known = classic.get(keyOf(group)) ?? {labels: group, buckets: []};
    known.buckets.push({bound, count: value});
    classic.set(keyOf(group), known);
  }
  const alone = native.filter(({labels}) => {
    if (!classic.delete(keyOf(labels))) return true;
    annotations.add(notes.mixedClassicNative(nameFor(labels), range));
    return false;
  });
  return {native: alone, classic: inAnyOrder(classic.values(), reversesUnordered)};
}

const scalarOf = (vector: readonly Sample[]): number => vector[0].value as number;

const keptLabels = ({options}: InstantCall, labels: Labels): Labels =>
  options.delayedNameRemoval ? labels : withoutMetadata(labels);

export function fractions(call: InstantCall): StepResult {
  const [lower, upper] = [scalarOf(call.vectors[0]), scalarOf(call.vectors[1])];
  const {range} = call.args[2];
  const annotations = new Annotations();
  const {native, classic} = histogramsOf(call.vectors[2], call.options, range, annotations);
  const result: Sample[] = [];
  const push = (labels: Labels, value: number) => result.push({labels, dropName: true, value, timeMs: call.timeMs});
  const note: NanNote = {nans: OBSERVED_NANS.none};
  for (const {labels: all, histogram} of native) {
    const labels = keptLabels(call, all);
    push(labels, histogramFraction(lower, upper, histogram, note));
    if (note.nans !== OBSERVED_NANS.none) annotations.add(notes.fractionHasNaNs(nameOf(labels), range));
  }
  for (const {labels, buckets} of classic) push(keptLabels(call, labels), bucketFraction(lower, upper, buckets));
  return [result, annotations];
}

export function quantiles(call: InstantCall): StepResult {
  const q = scalarOf(call.vectors[0]);
  const annotations = new Annotations();
  noteBadQuantile(q, call.args[0], annotations);
  const {range} = call.args[1];
  const found = histogramsOf(call.vectors[1], call.options, range, annotations);
  return [quantilesOf(call, q, found, range, annotations), annotations];
}

/** Several quantiles, each with a label that says which. */
export function labelledQuantiles(call: InstantCall): StepResult {
  const {args, vectors} = call;
  const label = args[1].kind === 'string' ? args[1].value : '';
  const annotations = new Annotations();
  for (const [i, vector] of vectors.entries()) if (i >= 2) noteBadQuantile(scalarOf(vector), args[i], annotations);
  const {range} = args[0];
  const found = histogramsOf(vectors[0], call.options, range, annotations);
  const result = vectors.slice(2).flatMap((vector) => {
    const q = scalarOf(vector);
    const samples = quantilesOf(call, q, found, range, annotations);
    return samples.map((sample) => ({...sample, labels: withLabel(sample.labels, label, openMetricsFloat(q))}));
  });
  return [result, annotations];
}

function quantilesOf(
  call: InstantCall,
  q: number,
  {native, classic}: Histograms,
  range: SourceRange,
  annotations: Annotations,
): Sample[] {
  const result: Sample[] = [];
  const push = (labels: Labels, value: number) => result.push({labels, dropName: true, value, timeMs: call.timeMs});
  const note: NanNote = {nans: OBSERVED_NANS.none};
  for (const {labels: all, histogram} of native) {
    const labels = keptLabels(call, all);
    push(labels, histogramQuantile(q, histogram, note));
    if (note.nans === OBSERVED_NANS.result) annotations.add(notes.quantileIsNaN(nameOf(labels), range));
    if (note.nans === OBSERVED_NANS.counted) annotations.add(notes.quantileIsSkewed(nameOf(labels), range));
  }
  for (const {labels, buckets} of classic) {
    const {value, forced} = bucketQuantile(q, buckets);
    const name = call.options.delayedNameRemoval ? nameOf(labels) : '';
    if (forced !== undefined) annotations.add(notes.forcedMonotonicity(name, range, call.timeMs, forced));
    push(keptLabels(call, labels), value);
  }
  return result;
}

function noteBadQuantile(q: number, arg: Expr, annotations: Annotations): void {
  if (!(q >= 0 && q <= 1)) annotations.add(notes.badQuantile(q, arg.range));
}

/** As OpenMetrics writes floats: with a point or an exponent. */
function openMetricsFloat(x: number): string {
  // Upstream looks up -0 as 0.
  const text = formatFloatG(x + 0);
  return Number.isFinite(x) && !/[.e]/.test(text) ? `${text}.0` : text;
}
