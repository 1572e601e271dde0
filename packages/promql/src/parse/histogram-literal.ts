import {formatFloatG} from '@narthex/model/value.ts';
import type {HistogramHint} from './token.ts';

/** A run of `length` buckets, `offset` buckets behind the end of the run before it; the first counts from bucket 0. */
export interface HistogramSpan {
  readonly offset: number;
  readonly length: number;
}

/** The schema of histograms whose bucket bounds are listed one by one. */
export const CUSTOM_BUCKETS_SCHEMA = -53;

/**
 * A native histogram as written in series descriptions (`{{schema:1 count:3 buckets:[1 2]}}`): counts are absolute,
 * nothing is checked.
 */
export interface HistogramLiteral {
  /** -4 to 8, or `CUSTOM_BUCKETS_SCHEMA`. */
  readonly schema: number;
  readonly count: number;
  readonly sum: number;
  readonly zeroThreshold: number;
  readonly zeroCount: number;
  readonly positiveSpans: readonly HistogramSpan[];
  readonly positiveBuckets: readonly number[];
  readonly negativeSpans: readonly HistogramSpan[];
  readonly negativeBuckets: readonly number[];
  /** Upper bounds of custom buckets but the last, which is infinite. */
  readonly customValues: readonly number[];
  readonly counterResetHint: HistogramHint;
}

/** One bucket by its index. */
export interface Bucket {
  readonly index: number;
  readonly count: number;
}

/** The buckets of one side of a histogram, in order. */
export function bucketsOf(spans: readonly HistogramSpan[], counts: readonly number[]): Bucket[] {
  const buckets: Bucket[] = [];
  let index = 0;
  for (const {offset, length} of spans) {
    index += offset;
    for (let i = 0; i < length; i++) buckets.push({index: index++, count: counts[buckets.length]});
  }
  return buckets;
}

/** Spans that hold `buckets`, which are in order; neighbours share one. */
export function spansOf(buckets: readonly Bucket[]): HistogramSpan[] {
  const spans: {offset: number; length: number}[] = [];
  let end = 0;
  for (const {index} of buckets) {
    if (spans.length > 0 && index === end) spans[spans.length - 1].length++;
    else spans.push({offset: index - end, length: 1});
    end = index + 1;
  }
  return spans;
}

/** A histogram as a literal, as upstream's `TestExpression` writes it. */
export function formatHistogram(histogram: HistogramLiteral): string {
  const {schema, count, sum, zeroCount, zeroThreshold, customValues, counterResetHint} = histogram;
  const isCustom = schema === CUSTOM_BUCKETS_SCHEMA;
  const parts = [
    schema === 0 ? '' : `schema:${schema}`,
    formatField('count', count),
    formatField('sum', sum),
    isCustom ? '' : formatField('z_bucket', zeroCount),
    isCustom ? '' : formatField('z_bucket_w', zeroThreshold),
    isCustom ? `custom_values:${formatList(customValues)}` : '',
    counterResetHint === 'unknown' ? '' : `counter_reset_hint:${counterResetHint}`,
    ...formatBuckets('', bucketsOf(histogram.positiveSpans, histogram.positiveBuckets)),
    ...formatBuckets('n_', isCustom ? [] : bucketsOf(histogram.negativeSpans, histogram.negativeBuckets)),
  ];
  return `{{${parts.filter((part) => part !== '').join(' ')}}}`;
}

function formatField(name: string, value: number): string {
  return value === 0 ? '' : `${name}:${formatFloatG(value)}`;
}

/** Literals have one run of buckets a side, so gaps are filled. */
function formatBuckets(prefix: string, buckets: readonly Bucket[]): string[] {
  const filled = buckets.filter(({count}) => count !== 0);
  if (filled.length === 0) return [];
  const first = filled[0].index;
  const counts = new Array<number>(filled[filled.length - 1].index - first + 1).fill(0);
  for (const {index, count} of filled) counts[index - first] = count;
  return [first === 0 ? '' : `${prefix}offset:${first}`, `${prefix}buckets:${formatList(counts)}`];
}

function formatList(values: readonly number[]): string {
  return `[${values.map(formatFloatG).join(' ')}]`;
}
