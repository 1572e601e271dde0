import {formatFloatG} from '../value.ts';
import {bucketBound} from './bounds.ts';
import {compact} from './compact.ts';
import type {Buckets, FloatHistogram} from './float-histogram.ts';

/**
 * A histogram as upstream prints it in messages and label values, without the buckets that count 0: `{count:3, sum:4.5, [-0.1,0.1]:1, (0.5,1]:2}`. Square
 * brackets stand for bounds that belong to the bucket.
 */
export function formatHistogram(histogram: FloatHistogram): string {
  const {negative, positive, zeroCount, zeroThreshold, hasCustomBuckets} = histogram;
  const parts = [`count:${formatFloatG(histogram.count)}`, `sum:${formatFloatG(histogram.sum)}`];
  for (let i = negative.length - 1; i >= 0; i--) {
    if (negative.counts[i] === 0) continue;
    const lower = -bucketBound(histogram, negative.indexes[i]);
    const upper = -bucketBound(histogram, negative.indexes[i] - 1);
    parts.push(formatBucket(lower, upper, negative.counts[i], lower < 0, upper > 0));
  }
  if (zeroCount !== 0) parts.push(formatBucket(-zeroThreshold, zeroThreshold, zeroCount, true, true));
  for (let i = 0; i < positive.length; i++) {
    if (positive.counts[i] === 0) continue;
    const index = positive.indexes[i];
    const lower = bucketBound(histogram, index - 1);
    const upper = bucketBound(histogram, index);
    const isFirst = hasCustomBuckets && index === 0;
    parts.push(formatBucket(lower, upper, positive.counts[i], isFirst, hasCustomBuckets || upper > 0));
  }
  return `{${parts.join(', ')}}`;
}

function formatBucket(lower: number, upper: number, count: number, hasLower: boolean, hasUpper: boolean): string {
  const bounds = `${formatFloatG(lower)},${formatFloatG(upper)}`;
  return `${hasLower ? '[' : '('}${bounds}${hasUpper ? ']' : ')'}:${formatFloatG(count)}`;
}

const HINTS = [undefined, 'reset', 'not_reset', 'gauge'] as const;

/** A histogram as it is written in tests of rules: `{{schema:1 count:3 sum:4.5 z_bucket:1 offset:-1 buckets:[2 0 1]}}`. */
export function testExpression(histogram: FloatHistogram): string {
  const {schema, count, sum, zeroCount, zeroThreshold, customBounds, counterReset} = histogram;
  const dense = histogram.clone();
  compact(dense);
  const parts: string[] = [];
  if (schema !== 0) parts.push(`schema:${schema}`);
  if (count !== 0) parts.push(`count:${formatFloatG(count)}`);
  if (sum !== 0) parts.push(`sum:${formatFloatG(sum)}`);
  if (zeroCount !== 0) parts.push(`z_bucket:${formatFloatG(zeroCount)}`);
  if (zeroThreshold !== 0) parts.push(`z_bucket_w:${formatFloatG(zeroThreshold)}`);
  if (histogram.hasCustomBuckets) parts.push(`custom_values:[${Array.from(customBounds, formatFloatG).join(' ')}]`);
  if (HINTS[counterReset] !== undefined) parts.push(`counter_reset_hint:${HINTS[counterReset]}`);
  pushBuckets(parts, dense.positive, 'offset', 'buckets');
  pushBuckets(parts, dense.negative, 'n_offset', 'n_buckets');
  return `{{${parts.join(' ')}}}`;
}

/** Longer runs of missing buckets are shortened to `...`: nobody reads them, and there may be 4 billion. */
const GAP_MAX = 10_000;

function pushBuckets(parts: string[], {indexes, counts, length}: Buckets, offsetKey: string, bucketsKey: string): void {
  if (length === 0) return;
  if (indexes[0] !== 0) parts.push(`${offsetKey}:${indexes[0]}`);
  const texts: string[] = [];
  for (let i = 0; i < length; i++) {
    const gap = i === 0 ? 0 : indexes[i] - indexes[i - 1] - 1;
    if (gap > GAP_MAX) texts.push('...');
    else for (let j = 0; j < gap; j++) texts.push('0');
    texts.push(formatFloatG(counts[i]));
  }
  parts.push(`${bucketsKey}:[${texts.join(' ')}]`);
}
