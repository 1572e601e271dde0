import {MetricError} from './errors.ts';

/** Bounds for requests in seconds, from 5 ms to 10 s: what histograms have when they aren't told. */
export const DEFAULT_BUCKETS: readonly number[] = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** `count` bounds from `start` on, `width` apart. */
export function linearBuckets(start: number, width: number, count: number): number[] {
  checkCount(count);
  if (!(width > 0)) throw new MetricError('invalid_option', `buckets ${width} apart`);
  return Array.from({length: count}, (_, i) => start + i * width);
}

/** `count` bounds from `start` on, each `factor` times the one before. */
export function exponentialBuckets(start: number, factor: number, count: number): number[] {
  checkCount(count);
  if (!(start > 0) || !(factor > 1)) {
    throw new MetricError('invalid_option', `exponential buckets from ${start} by factor ${factor}`);
  }
  return Array.from({length: count}, (_, i) => start * factor ** i);
}

/** `count` bounds from `min` to `max`, each the same number of times the one before. */
export function exponentialBucketsRange(min: number, max: number, count: number): number[] {
  checkCount(count);
  if (!(min > 0) || !(max > min)) throw new MetricError('invalid_option', `exponential buckets from ${min} to ${max}`);
  if (count === 1) return [min];
  const factor = (max / min) ** (1 / (count - 1));
  return Array.from({length: count}, (_, i) => (i === count - 1 ? max : min * factor ** i));
}

function checkCount(count: number): void {
  if (!Number.isInteger(count) || count < 1) throw new MetricError('invalid_option', `${count} buckets`);
}

/** The finite bounds, checked to rise; a last +Inf is left out since every histogram has it. */
export function checkBuckets(bounds: readonly number[], metric: string): Float64Array {
  const finite = bounds.at(-1) === Infinity ? bounds.slice(0, -1) : bounds;
  for (const [i, bound] of finite.entries()) {
    if (!Number.isFinite(bound) || (i > 0 && bound <= finite[i - 1])) {
      throw new MetricError('invalid_option', `buckets of metric ${metric} do not rise: ${bounds.join(', ')}`);
    }
  }
  return Float64Array.from(finite);
}
