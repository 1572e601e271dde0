import {type Buckets, COUNTER_RESET, type FloatHistogram} from './float-histogram.ts';

/** Multiplies all counts and the sum. A negative factor makes it a gauge. */
export function multiplyHistogram(histogram: FloatHistogram, factor: number): void {
  histogram.zeroCount *= factor;
  histogram.count *= factor;
  histogram.sum *= factor;
  multiplyBuckets(histogram.positive, factor);
  multiplyBuckets(histogram.negative, factor);
  if (factor < 0) histogram.counterReset = COUNTER_RESET.gauge;
}

function multiplyBuckets({counts, length}: Buckets, factor: number): void {
  for (let i = 0; i < length; i++) counts[i] *= factor;
}

/** Divides all counts and the sum. Division by 0 removes the buckets; a negative divisor makes it a gauge. */
export function divideHistogram(histogram: FloatHistogram, divisor: number): void {
  histogram.zeroCount /= divisor;
  histogram.count /= divisor;
  histogram.sum /= divisor;
  if (divisor === 0) {
    histogram.positive.clear();
    histogram.negative.clear();
    return;
  }
  divideBuckets(histogram.positive, divisor);
  divideBuckets(histogram.negative, divisor);
  if (divisor < 0) histogram.counterReset = COUNTER_RESET.gauge;
}

function divideBuckets({counts, length}: Buckets, divisor: number): void {
  for (let i = 0; i < length; i++) counts[i] /= divisor;
}

/** Whether a count, the sum or a bound is infinite: what a sum over many histograms may run into. */
export function hasOverflow(histogram: FloatHistogram): boolean {
  const {positive, negative, customBounds} = histogram;
  return (
    isInfinite(histogram.zeroCount) ||
    isInfinite(histogram.count) ||
    isInfinite(histogram.sum) ||
    hasInfinite(positive.counts, positive.length) ||
    hasInfinite(negative.counts, negative.length) ||
    hasInfinite(customBounds, customBounds.length)
  );
}

function hasInfinite(values: Float64Array, length: number): boolean {
  for (let i = 0; i < length; i++) if (isInfinite(values[i])) return true;
  return false;
}

const isInfinite = (x: number): boolean => x === Infinity || x === -Infinity;
