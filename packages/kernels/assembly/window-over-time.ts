// The *_over_time family, deriv, predict_linear, smoothing, changes and resets over moving windows (see window-rate.ts).
// What slides exactly costs O(samples + steps); the others walk each window in sample order, since their last digit depends on it.
import {ABSENT, cellOf} from './cell';
import {quantileOf} from './sort-floats';

export const OVER_COUNT: u32 = 0;
export const OVER_FIRST: u32 = 1;
export const OVER_LAST: u32 = 2;
export const OVER_PRESENT: u32 = 3;
export const OVER_CHANGES: u32 = 4;
export const OVER_RESETS: u32 = 5;
export const OVER_MIN: u32 = 6;
export const OVER_MAX: u32 = 7;
export const OVER_SUM: u32 = 8;
export const OVER_AVG: u32 = 9;
export const OVER_STDDEV: u32 = 10;
export const OVER_STDVAR: u32 = 11;
export const OVER_QUANTILE: u32 = 12;
export const OVER_MAD: u32 = 13;
export const OVER_TS_OF_FIRST: u32 = 14;
export const OVER_TS_OF_LAST: u32 = 15;
export const OVER_TS_OF_MIN: u32 = 16;
export const OVER_TS_OF_MAX: u32 = 17;
export const OVER_DERIV: u32 = 18;
export const OVER_PREDICT_LINEAR: u32 = 19;
export const OVER_SMOOTHING: u32 = 20;

// @ts-ignore: decorator
@inline
function isInfinite(x: f64): bool {
  return Math.abs(x) === Infinity;
}

/** The compensation after adding `value` to `sum`, whose compensation was `c`, giving `total` (Neumaier's variant of Kahan's sum). */
// @ts-ignore: decorator
@inline
export function compensate(value: f64, sum: f64, c: f64, total: f64): f64 {
  if (isInfinite(total)) return 0;
  return c + (Math.abs(sum) >= Math.abs(value) ? sum - total + value : value - total + sum);
}

function sumOf(values: usize, lo: usize, hi: usize): f64 {
  let sum: f64 = 0;
  let c: f64 = 0;
  for (let at = lo; at < hi; at += 8) {
    const value = load<f64>(values + at);
    const total = sum + value;
    c = compensate(value, sum, c, total);
    sum = total;
  }
  return isInfinite(sum) ? sum : sum + c;
}

/** A plain mean until the sum overflows, an incremental one from there on. */
function avgOf(values: usize, lo: usize, hi: usize): f64 {
  let sum = load<f64>(values + lo);
  let c: f64 = 0;
  let count: f64 = 1;
  let at = lo + 8;
  for (; at < hi; at += 8) {
    const value = load<f64>(values + at);
    const total = sum + value;
    const next = compensate(value, sum, c, total);
    count++;
    if (isInfinite(total)) break;
    c = next;
    sum = total;
  }
  if (at >= hi) return sum / count + c / count;
  let mean = sum / (count - 1);
  c /= count - 1;
  for (; at < hi; at += 8, count++) {
    const q = (count - 1) / count;
    const value = load<f64>(values + at) / count;
    const scaled = q * mean;
    const total = scaled + value;
    c = compensate(value, scaled, q * c, total);
    mean = total;
  }
  return mean + c;
}

function varianceOf(values: usize, lo: usize, hi: usize): f64 {
  let count: f64 = 0;
  let mean: f64 = 0;
  let cMean: f64 = 0;
  let aux: f64 = 0;
  let cAux: f64 = 0;
  for (let at = lo; at < hi; at += 8) {
    count++;
    const value = load<f64>(values + at);
    const delta = value - (mean + cMean);
    const meanStep = delta / count;
    const meanTotal = mean + meanStep;
    cMean = compensate(meanStep, mean, cMean, meanTotal);
    mean = meanTotal;
    const auxStep = delta * (value - (mean + cMean));
    const auxTotal = aux + auxStep;
    cAux = compensate(auxStep, aux, cAux, auxTotal);
    aux = auxTotal;
  }
  return (aux + cAux) / count;
}

function quantileOver(q: f64, values: usize, lo: usize, hi: usize, scratch: usize): f64 {
  memory.copy(scratch, values + lo, hi - lo);
  return quantileOf(q, scratch, ((hi - lo) >>> 3) as u32);
}

/** Median of the distances to the median; NaN as soon as one value is. */
function madOf(values: usize, lo: usize, hi: usize, scratch: usize): f64 {
  const count = ((hi - lo) >>> 3) as u32;
  for (let at = lo; at < hi; at += 8) {
    const value = load<f64>(values + at);
    if (value !== value) return NaN;
  }
  const median = quantileOver(0.5, values, lo, hi, scratch);
  for (let at: usize = 0; at < hi - lo; at += 8) {
    store<f64>(scratch + at, Math.abs(load<f64>(scratch + at) - median));
  }
  return quantileOf(0.5, scratch, count);
}

/** Byte offset of the newest of the largest (`sign` 1) or smallest (`sign` -1) values. */
function offsetOfExtreme(values: usize, lo: usize, hi: usize, sign: f64): usize {
  let best = lo;
  let extreme = load<f64>(values + lo) * sign;
  for (let at = lo; at < hi; at += 8) {
    const value = load<f64>(values + at) * sign;
    if (value >= extreme || extreme !== extreme) {
      extreme = value;
      best = at;
    }
  }
  return best;
}

/** Slope (`wantSlope`) or value `ahead` seconds after `origin` (ms) of the least-squares line. */
function regression(times: usize, values: usize, lo: usize, hi: usize, origin: f64, ahead: f64, wantSlope: bool): f64 {
  const initial = load<f64>(values + lo);
  let isConstant = true;
  let n: f64 = 0;
  let sumX: f64 = 0;
  let cX: f64 = 0;
  let sumY: f64 = 0;
  let cY: f64 = 0;
  let sumXY: f64 = 0;
  let cXY: f64 = 0;
  let sumX2: f64 = 0;
  let cX2: f64 = 0;
  for (let at = lo; at < hi; at += 8) {
    const y = load<f64>(values + at);
    if (at > lo && y !== initial) isConstant = false;
    n++;
    const x = (load<f64>(times + at) - origin) / 1e3;
    let total = sumX + x;
    cX = compensate(x, sumX, cX, total);
    sumX = total;
    total = sumY + y;
    cY = compensate(y, sumY, cY, total);
    sumY = total;
    const xy = x * y;
    total = sumXY + xy;
    cXY = compensate(xy, sumXY, cXY, total);
    sumXY = total;
    const x2 = x * x;
    total = sumX2 + x2;
    cX2 = compensate(x2, sumX2, cX2, total);
    sumX2 = total;
  }
  if (isConstant) {
    if (isInfinite(initial)) return NaN;
    return wantSlope ? 0 : 0 * ahead + initial;
  }
  sumX += cX;
  sumY += cY;
  sumXY += cXY;
  sumX2 += cX2;
  const slope = (sumXY - (sumX * sumY) / n) / (sumX2 - (sumX * sumX) / n);
  if (wantSlope) return slope;
  return slope * ahead + (sumY / n - (slope * sumX) / n);
}

/** Double exponential smoothing with smoothing factor `sf` and trend factor `tf`. */
function smoothed(values: usize, lo: usize, hi: usize, sf: f64, tf: f64): f64 {
  let before: f64 = 0;
  let current = load<f64>(values + lo);
  let trend = load<f64>(values + lo + 8) - current;
  for (let at = lo + 8; at < hi; at += 8) {
    if (at > lo + 8) trend = tf * (current - before) + (1 - tf) * trend;
    const next = sf * load<f64>(values + at) + (1 - sf) * (current + trend);
    before = current;
    current = next;
  }
  return current;
}

/** Running counts of changes (`op` OVER_CHANGES) or resets between neighbours, a u32 a sample. */
function countUpTo(op: u32, values: usize, count: u32, counts: usize): void {
  let n: u32 = 0;
  if (count > 0) store<u32>(counts, 0);
  for (let i: usize = 1; i < (count as usize); i++) {
    const before = load<f64>(values + (i << 3) - 8);
    const value = load<f64>(values + (i << 3));
    if (op === OVER_RESETS) {
      if (value < before) n++;
    } else if (value !== before && (value === value || before === before)) n++;
    store<u32>(counts + (i << 2), n);
  }
}

// @ts-ignore: decorator
@inline
function windowOf(
  op: u32,
  times: usize,
  values: usize,
  lo: usize,
  hi: usize,
  now: f64,
  a: f64,
  b: f64,
  scratch: usize,
): u64 {
  let result: f64 = 0;
  switch (op) {
    case OVER_COUNT:
      result = ((hi - lo) >>> 3) as f64;
      break;
    case OVER_FIRST:
      return cellOf(load<u64>(values + lo));
    case OVER_LAST:
      return cellOf(load<u64>(values + hi - 8));
    case OVER_PRESENT:
      result = 1;
      break;
    case OVER_CHANGES:
    case OVER_RESETS:
      result = (load<u32>(scratch + ((hi - 8) >>> 1)) - load<u32>(scratch + (lo >>> 1))) as f64;
      break;
    case OVER_SUM:
      result = sumOf(values, lo, hi);
      break;
    case OVER_AVG:
      result = avgOf(values, lo, hi);
      break;
    case OVER_STDDEV:
      result = Math.sqrt(varianceOf(values, lo, hi));
      break;
    case OVER_STDVAR:
      result = varianceOf(values, lo, hi);
      break;
    case OVER_QUANTILE:
      result = quantileOver(a, values, lo, hi, scratch);
      break;
    case OVER_MAD:
      result = madOf(values, lo, hi, scratch);
      break;
    case OVER_TS_OF_FIRST:
      result = load<f64>(times + lo) / 1000;
      break;
    case OVER_TS_OF_LAST:
      result = load<f64>(times + hi - 8) / 1000;
      break;
    case OVER_TS_OF_MIN:
      result = load<f64>(times + offsetOfExtreme(values, lo, hi, -1)) / 1000;
      break;
    case OVER_TS_OF_MAX:
      result = load<f64>(times + offsetOfExtreme(values, lo, hi, 1)) / 1000;
      break;
    case OVER_DERIV:
      if (hi - lo < 16) return ABSENT;
      result = regression(times, values, lo, hi, load<f64>(times + lo), 0, true);
      break;
    case OVER_PREDICT_LINEAR:
      if (hi - lo < 16) return ABSENT;
      result = regression(times, values, lo, hi, now, a, false);
      break;
    case OVER_SMOOTHING:
      if (hi - lo < 16) return ABSENT;
      result = smoothed(values, lo, hi, a, b);
      break;
  }
  return reinterpret<u64>(result);
}

/**
 * One cell for each of `steps` windows over one series. The window of step `k` ends at `first + k * step` (`step` is 0 under `@`); the step
 * itself is at `now + k * nowStep`, which only predict_linear looks at. `a` and `b` are columns of parameters, one f64 a step.
 * `scratch` has room for 8 bytes a sample. `stats`: see window-rate.ts. Returns how many cells are present.
 */
export function overTimeSteps(
  op: u32,
  times: usize,
  values: usize,
  count: u32,
  first: f64,
  step: f64,
  steps: u32,
  range: f64,
  now: f64,
  nowStep: f64,
  a: usize,
  b: usize,
  scratch: usize,
  cells: usize,
  stats: usize,
): u32 {
  if (op === OVER_CHANGES || op === OVER_RESETS) countUpTo(op, values, count, scratch);
  const end = (count as usize) << 3;
  let lo: usize = 0;
  let hi: usize = 0;
  let seen: usize = 0;
  let all: usize = 0;
  let fresh: usize = 0;
  let present: u32 = 0;
  for (let k: u32 = 0; k < steps; k++) {
    const rangeEnd = first + (k as f64) * step;
    while (hi < end && load<f64>(times + hi) <= rangeEnd) hi += 8;
    while (lo < hi && load<f64>(times + lo) <= rangeEnd - range) lo += 8;
    let bits = ABSENT;
    if (hi > lo) {
      all += (hi - lo) >>> 3;
      fresh += (hi - max<usize>(lo, seen)) >>> 3;
      seen = hi;
      const column = (k as usize) << 3;
      bits = windowOf(
        op,
        times,
        values,
        lo,
        hi,
        now + (k as f64) * nowStep,
        a ? load<f64>(a + column) : 0,
        b ? load<f64>(b + column) : 0,
        scratch,
      );
      if (bits !== ABSENT) present++;
    }
    store<u64>(cells + ((k as usize) << 3), bits);
  }
  store<f64>(stats, load<f64>(stats) + (all as f64));
  store<f64>(stats, load<f64>(stats, 8) + (fresh as f64), 8);
  return present;
}

/**
 * min_over_time (`sign` -1) and max_over_time (1) by a queue of candidates: `queue` has room for 4 bytes a sample. A window of NaNs gives NaN.
 */
export function extremeSteps(
  sign: f64,
  times: usize,
  values: usize,
  count: u32,
  first: f64,
  step: f64,
  steps: u32,
  range: f64,
  queue: usize,
  cells: usize,
  stats: usize,
): u32 {
  const end = (count as usize) << 3;
  let head = queue;
  let tail = queue;
  let lo: usize = 0;
  let hi: usize = 0;
  let all: usize = 0;
  let fresh: usize = 0;
  let present: u32 = 0;
  for (let k: u32 = 0; k < steps; k++, cells += 8) {
    const rangeEnd = first + (k as f64) * step;
    const seen = hi;
    for (; hi < end && load<f64>(times + hi) <= rangeEnd; hi += 8) {
      const value = load<f64>(values + hi);
      if (value !== value) continue;
      while (tail > head && load<f64>(values + (load<u32>(tail - 4) as usize)) * sign < value * sign) tail -= 4;
      store<u32>(tail, hi as u32);
      tail += 4;
    }
    while (lo < hi && load<f64>(times + lo) <= rangeEnd - range) lo += 8;
    while (head < tail && (load<u32>(head) as usize) < lo) head += 4;
    let bits = ABSENT;
    if (hi > lo) {
      all += (hi - lo) >>> 3;
      fresh += (hi - max<usize>(lo, seen)) >>> 3;
      bits = head < tail ? load<u64>(values + (load<u32>(head) as usize)) : reinterpret<u64>(NaN);
      present++;
    }
    store<u64>(cells, bits);
  }
  store<f64>(stats, load<f64>(stats) + (all as f64));
  store<f64>(stats, load<f64>(stats, 8) + (fresh as f64), 8);
  return present;
}

/**
 * Drop the stale markers from `count` samples, in place; returns how many are left. Without `histograms` a value that looks like a reference to one becomes
 * a plain NaN.
 */
export function dropStale(times: usize, values: usize, count: u32, histograms: bool): u32 {
  const end = (count as usize) << 3;
  let kept: usize = 0;
  for (let at: usize = 0; at < end; at += 8) {
    const bits = load<u64>(values + at);
    if (bits === ABSENT) continue;
    store<u64>(values + kept, histograms ? bits : cellOf(bits));
    if (kept !== at) store<u64>(times + kept, load<u64>(times + at));
    kept += 8;
  }
  return (kept >>> 3) as u32;
}
