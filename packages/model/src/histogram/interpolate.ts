// Where observations are assumed to lie within a bucket: spread evenly in custom buckets and the zero bucket, spread evenly on a logarithmic scale in
// exponential buckets, as if a finer schema had given all parts of the bucket the same count.
import {exp2, log2} from '../binary-exponent.ts';

/** The value below which `fraction` of the observations of a bucket lie; for finite bounds that both are above or both below 0. */
export function exponentialValueAt(lower: number, upper: number, fraction: number): number {
  const logLower = log2(Math.abs(lower));
  const logUpper = log2(Math.abs(upper));
  if (lower > 0) return exp2(logLower + (logUpper - logLower) * fraction);
  return -exp2(logUpper + (logLower - logUpper) * (1 - fraction));
}

/** The share of a bucket's observations at or below `value`, which is strictly between its finite bounds. */
export function fractionBelow(lower: number, upper: number, value: number, isLinear: boolean): number {
  if (isLinear) return (value - lower) / (upper - lower);
  const logLower = log2(Math.abs(lower));
  const logUpper = log2(Math.abs(upper));
  const logValue = log2(Math.abs(value));
  if (value > 0) return (logValue - logLower) / (logUpper - logLower);
  return 1 - (logValue - logUpper) / (logLower - logUpper);
}
