import {CUSTOM_BUCKETS_SCHEMA, FloatHistogram} from '@narthex/model/histogram/float-histogram.ts';
import {type Labels, LabelsBuilder, METRIC_NAME} from '@narthex/model/labels.ts';
import {parseGoFloat} from '@narthex/model/value.ts';
import {ScriptError} from './script.ts';

/** A float of a series that may be part of a classic histogram. */
export interface ClassicSample {
  readonly labels: Labels;
  readonly timeMs: number;
  readonly value: number;
}

/** A histogram with custom buckets of a series, oldest first within the series. */
export interface ConvertedSample {
  readonly labels: Labels;
  readonly timeMs: number;
  readonly histogram: FloatHistogram;
}

/** What is known of a classic histogram at one time: cumulative counts by upper bound. */
interface ClassicHistogram {
  readonly buckets: Map<number, number>;
  count: number | undefined;
  sum: number;
}

interface ClassicSeries {
  readonly labels: Labels;
  readonly byTime: Map<number, ClassicHistogram>;
}

/**
 * Converts classic histograms (`_bucket` with `le`, `_count`, `_sum`) to native ones with custom buckets, one series for each label set without `le`
 * (upstream: util/convertnhcb). Buckets whose `le` is no number are left out. Throws ScriptError where counts do not fit together.
 */
export function convertClassicHistograms(samples: Iterable<ClassicSample>): ConvertedSample[] {
  const bySeries = new Map<string, ClassicSeries>();
  for (const sample of samples) collect(bySeries, sample);
  return [...bySeries.values()].flatMap(({labels, byTime}) =>
    [...byTime]
      .map(([timeMs, classic]) => ({labels, timeMs, histogram: convert(classic)}))
      .sort((a, b) => a.timeMs - b.timeMs),
  );
}

function collect(bySeries: Map<string, ClassicSeries>, {labels, timeMs, value}: ClassicSample): void {
  const match = /^(.*)_(bucket|count|sum)$/s.exec(labels.get(METRIC_NAME));
  if (match === null) return;
  const [, name, suffix] = match;
  const bound = suffix === 'bucket' ? boundOf(labels) : 0;
  if (Number.isNaN(bound)) return;
  const classic = classicAt(bySeries, baseOf(labels, name), timeMs);
  if (suffix === 'sum') classic.sum = value;
  else if (value < 0) throw new ScriptError(`${labels.toString()} is negative: ${value}`);
  else if (suffix === 'count') classic.count = value;
  else if (!classic.buckets.has(bound)) classic.buckets.set(bound, value);
}

function boundOf(labels: Labels): number {
  if (!labels.has('le')) throw new ScriptError(`expected bucket label in metric ${labels.toString()}`);
  return parseGoFloat(labels.get('le')) ?? NaN;
}

function baseOf(labels: Labels, name: string): Labels {
  return new LabelsBuilder(labels).set(METRIC_NAME, name).del('le').labels();
}

function classicAt(bySeries: Map<string, ClassicSeries>, labels: Labels, timeMs: number): ClassicHistogram {
  const key = labels.toString();
  const series = bySeries.get(key) ?? {labels, byTime: new Map<number, ClassicHistogram>()};
  bySeries.set(key, series);
  const classic = series.byTime.get(timeMs) ?? {buckets: new Map<number, number>(), count: undefined, sum: 0};
  series.byTime.set(timeMs, classic);
  return classic;
}

function convert(classic: ClassicHistogram): FloatHistogram {
  const buckets = [...classic.buckets].sort(([a], [b]) => a - b);
  const count = classic.count ?? buckets.at(-1)?.[1] ?? 0;
  if (buckets.at(-1)?.[0] !== Infinity) buckets.push([Infinity, count]);
  const total = buckets.at(-1)![1];
  if (total !== count) throw new ScriptError(`count mismatch: count=${count} != le=+Inf count=${total}`);
  const histogram = new FloatHistogram();
  histogram.schema = CUSTOM_BUCKETS_SCHEMA;
  histogram.count = count;
  histogram.sum = classic.sum;
  histogram.customBounds = Float64Array.from(buckets.slice(0, -1), ([bound]) => bound);
  const isWhole = buckets.every(([, cumulative]) => Number.isInteger(cumulative));
  fillBuckets(histogram, countsOf(buckets), isWhole ? 2 : 0);
  return histogram;
}

function countsOf(buckets: readonly (readonly [bound: number, cumulative: number])[]): number[] {
  return buckets.map(([bound, cumulative], i) => {
    const before = i === 0 ? 0 : buckets[i - 1][1];
    if (cumulative < before) throw new ScriptError(`count is not cumulative: le=${bound}: ${cumulative} < ${before}`);
    return cumulative - before;
  });
}

/** Lists the buckets; of empty ones those in runs of at most `emptyMax` between others. */
function fillBuckets({positive}: FloatHistogram, counts: readonly number[], emptyMax: number): void {
  let empty = 0;
  for (const [i, count] of counts.entries()) {
    if (count === 0) empty++;
    else {
      if (positive.length > 0 && empty <= emptyMax) for (let j = i - empty; j < i; j++) positive.push(j, 0);
      positive.push(i, count);
      empty = 0;
    }
  }
}
