import {formatFloatG, formatFloatPlain} from '../value.ts';
import {type Buckets, type FloatHistogram, SCHEMA_MAX, SCHEMA_MIN} from './float-histogram.ts';

/** Why a histogram is refused. Codes are stable; the text is upstream's. */
export type HistogramErrorCode =
  | 'schema'
  | 'negative_count'
  | 'negative_bucket'
  | 'count_mismatch'
  | 'span_offset'
  | 'span_mismatch'
  | 'bounds'
  | 'bounds_mismatch'
  | 'custom_buckets';

export class HistogramError extends Error {
  override readonly name = 'HistogramError';
  readonly code: HistogramErrorCode;

  constructor(code: HistogramErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}

/** How counts are printed and whether they must add up. */
export type HistogramNumbers = 'floats' | 'integers';

/**
 * What is wrong with a histogram: its schema, bounds that do not ascend, buckets beyond them, counts below 0, a zero bucket or negative buckets beside
 * custom ones. Undefined when nothing is. That the count is the sum of the buckets is demanded of histograms of integers only.
 */
export function validateHistogram(
  histogram: FloatHistogram,
  numbers: HistogramNumbers = 'floats',
): HistogramError | undefined {
  return (
    (histogram.hasCustomBuckets ? checkCustom(histogram) : checkExponential(histogram, numbers)) ??
    checkCount(histogram) ??
    checkBuckets('positive', histogram.positive, numbers) ??
    (numbers === 'integers' ? checkTotal(histogram) : undefined)
  );
}

function checkCustom(histogram: FloatHistogram): HistogramError | undefined {
  const {zeroCount, zeroThreshold, negative} = histogram;
  const shape = checkBounds(histogram.customBounds) ?? checkBeyondBounds(histogram);
  if (shape !== undefined) return shape;
  if (zeroCount !== 0) return customError('must have zero count of 0');
  if (zeroThreshold !== 0) return customError('must have zero threshold of 0');
  return negative.length > 0 ? customError('must not have negative spans') : undefined;
}

function checkBounds(bounds: Float64Array): HistogramError | undefined {
  for (let i = 0; i < bounds.length; i++) {
    if (Number.isNaN(bounds[i])) return customError('histogram custom bounds must not be NaN', 'bounds');
    if (i > 0 && bounds[i] <= bounds[i - 1]) {
      const found = `previous bound is ${formatFixed(bounds[i - 1])} and current is ${formatFixed(bounds[i])}`;
      return customError(`${found}: histogram custom bounds must be in strictly increasing order`, 'bounds');
    }
  }
  if (bounds.length === 0 || bounds[bounds.length - 1] !== Infinity) return undefined;
  const text = 'last +Inf bound must not be explicitly defined: histogram custom bounds must be finite';
  return customError(text, 'bounds');
}

function checkBeyondBounds({customBounds, positive}: FloatHistogram): HistogramError | undefined {
  if (positive.length === 0) return undefined;
  if (positive.indexes[0] < 0) {
    const text = `span number 1 with offset ${positive.indexes[0]}: histogram has a span whose offset is negative`;
    return customError(text, 'span_offset');
  }
  const span = positive.indexes[positive.length - 1] + 1;
  if (span <= customBounds.length + 1) return undefined;
  const found = `only ${customBounds.length} custom bounds defined which is insufficient to cover total span length of ${span}`;
  return customError(`${found}: histogram custom bounds are too few`, 'bounds_mismatch');
}

const customError = (text: string, code: HistogramErrorCode = 'custom_buckets'): HistogramError =>
  new HistogramError(code, `custom buckets: ${text}`);

function checkExponential(histogram: FloatHistogram, numbers: HistogramNumbers): HistogramError | undefined {
  const {schema, negative, zeroCount, customBounds} = histogram;
  if (!(schema >= SCHEMA_MIN && schema <= SCHEMA_MAX)) return invalidSchema(schema);
  const below = checkBuckets('negative', negative, numbers);
  if (below !== undefined) return below;
  if (zeroCount < 0) {
    const found = `zero bucket has observation count of ${formatFloatG(zeroCount)}`;
    return new HistogramError('negative_bucket', `${found}: ${NEGATIVE_BUCKET}`);
  }
  if (customBounds.length === 0) return undefined;
  return new HistogramError('bounds', 'histogram with exponential schema must not have custom bounds');
}

function invalidSchema(schema: number): HistogramError {
  const wanted = 'must be between -4 and 8 for exponential buckets, or -53 for custom buckets';
  return new HistogramError('schema', `histogram has an invalid schema, which ${wanted}, got schema ${schema}`);
}

function checkCount({count}: FloatHistogram): HistogramError | undefined {
  if (!(count < 0)) return undefined;
  const text = `observation count is  ${formatFloatG(count)}: histogram's observation count is negative`;
  return new HistogramError('negative_count', text);
}

const NEGATIVE_BUCKET = 'histogram has a bucket whose observation count is negative';

function checkBuckets(side: string, buckets: Buckets, numbers: HistogramNumbers): HistogramError | undefined {
  for (let i = 0; i < buckets.length; i++) {
    const count = buckets.counts[i];
    if (!(count < 0)) continue;
    const text = numbers === 'integers' ? formatFloatPlain(count) : formatFloatG(count);
    const found = `${side} side: bucket number ${i + 1} has observation count of ${text}`;
    return new HistogramError('negative_bucket', `${found}: ${NEGATIVE_BUCKET}`);
  }
  return undefined;
}

/** NaN is counted but lies in no bucket, so where the sum is NaN the count may be larger. */
function checkTotal({positive, negative, zeroCount, count, sum}: FloatHistogram): HistogramError | undefined {
  const found = total(negative) + total(positive) + zeroCount;
  const text = `${formatFloatPlain(found)} observations found in buckets, but the Count field is ${formatFloatPlain(count)}`;
  const start = `${text}: histogram's observation count should`;
  if (Number.isNaN(sum)) {
    if (found <= count) return undefined;
    return new HistogramError('count_mismatch', `${start} be at least the number of observations found in the buckets`);
  }
  if (found === count) return undefined;
  const wanted = 'equal the number of observations found in the buckets (in absence of NaN)';
  return new HistogramError('count_mismatch', `${start} ${wanted}`);
}

function total({counts, length}: Buckets): number {
  let sum = 0;
  for (let i = 0; i < length; i++) sum += counts[i];
  return sum;
}

/** Go's `%f`. */
function formatFixed(x: number): string {
  if (!Number.isFinite(x)) return formatFloatG(x);
  return Math.abs(x) < 1e21 ? x.toFixed(6) : `${BigInt(x)}.000000`;
}
