// rate, increase, delta, irate and idelta over windows that move along a series. A window ends at `first + k * step` and reaches back
// `range` ms, its left end excluded. Samples are free of stale markers and sorted by time.
import {ABSENT} from './cell';

const IS_COUNTER: u32 = 1;
const IS_RATE: u32 = 2;

/** Add to the two f64 at `stats`: samples in all windows, and samples that the window before did not have. */
// @ts-ignore: decorator
@inline
function countWindow(stats: usize, lo: usize, hi: usize, seen: usize): void {
  const from = lo > seen ? lo : seen;
  store<f64>(stats, load<f64>(stats) + (((hi - lo) >>> 3) as f64));
  store<f64>(stats, load<f64>(stats, 8) + (((hi - from) >>> 3) as f64), 8);
}

/** Byte offsets of the samples that are lower than the one before, written to `resets`; returns where the list ends. */
function findResets(values: usize, count: u32, resets: usize): usize {
  for (let at: usize = 8; at < (count as usize) << 3; at += 8) {
    if (load<f64>(values + at) < load<f64>(values + at - 8)) {
      store<u32>(resets, at as u32);
      resets += 4;
    }
  }
  return resets;
}

/**
 * Upstream's extrapolation: the change `result` between the samples at byte offsets `lo` and `hi - 8`, stretched to the window's ends.
 */
// @ts-ignore: decorator
@inline
function extrapolate(
  result: f64,
  times: usize,
  values: usize,
  lo: usize,
  hi: usize,
  rangeStart: f64,
  rangeEnd: f64,
  rangeSeconds: f64,
  flags: u32,
): f64 {
  const firstTime = load<f64>(times + lo);
  const lastTime = load<f64>(times + hi - 8);
  let toStart = (firstTime - rangeStart) / 1000;
  let toEnd = (rangeEnd - lastTime) / 1000;
  const sampled = (lastTime - firstTime) / 1000;
  const average = sampled / ((((hi - lo) >>> 3) - 1) as f64);
  const threshold = average * 1.1;
  if (toStart >= threshold) toStart = average * 0.5;
  if (flags & IS_COUNTER) {
    const firstValue = load<f64>(values + lo);
    if (result > 0 && firstValue >= 0) {
      const toZero = sampled * (firstValue / result);
      if (toZero < toStart) toStart = toZero;
    }
  }
  if (toEnd >= threshold) toEnd = average * 0.5;
  let factor: f64 = 1;
  if (sampled !== 0) factor = (sampled + toStart + toEnd) / sampled;
  if (flags & IS_RATE) factor /= rangeSeconds;
  return result * factor;
}

/**
 * rate (`flags` 3), increase (1) and delta (0) of one series for `steps` windows, one cell each; absent with fewer than two samples.
 * `resets` has room for 4 bytes a sample. O(samples + steps + resets in windows). Returns how many cells are present.
 */
export function rateSteps(
  times: usize,
  values: usize,
  count: u32,
  first: f64,
  step: f64,
  steps: u32,
  range: f64,
  rangeSeconds: f64,
  flags: u32,
  resets: usize,
  cells: usize,
  stats: usize,
): u32 {
  const end = (count as usize) << 3;
  const resetsEnd = flags & IS_COUNTER ? findResets(values, count, resets) : resets;
  let lo: usize = 0;
  let hi: usize = 0;
  let seen: usize = 0;
  let present: u32 = 0;
  for (let k: u32 = 0; k < steps; k++, cells += 8) {
    const rangeEnd = first + (k as f64) * step;
    const rangeStart = rangeEnd - range;
    while (hi < end && load<f64>(times + hi) <= rangeEnd) hi += 8;
    while (lo < hi && load<f64>(times + lo) <= rangeStart) lo += 8;
    let bits = ABSENT;
    if (hi > lo) {
      countWindow(stats, lo, hi, seen);
      seen = hi;
      if (hi - lo >= 16) {
        let result = load<f64>(values + hi - 8) - load<f64>(values + lo);
        while (resets < resetsEnd && (load<u32>(resets) as usize) <= lo) resets += 4;
        for (let r = resets; r < resetsEnd; r += 4) {
          const at = load<u32>(r) as usize;
          if (at >= hi) break;
          result += load<f64>(values + at - 8);
        }
        bits = reinterpret<u64>(
          extrapolate(result, times, values, lo, hi, rangeStart, rangeEnd, rangeSeconds, flags),
        );
        present++;
      }
    }
    store<u64>(cells, bits);
  }
  return present;
}

/** irate (`isRate`) and idelta: the last two samples of each window. */
export function instantRateSteps(
  times: usize,
  values: usize,
  count: u32,
  first: f64,
  step: f64,
  steps: u32,
  range: f64,
  isRate: bool,
  cells: usize,
  stats: usize,
): u32 {
  const end = (count as usize) << 3;
  let lo: usize = 0;
  let hi: usize = 0;
  let seen: usize = 0;
  let present: u32 = 0;
  for (let k: u32 = 0; k < steps; k++, cells += 8) {
    const rangeEnd = first + (k as f64) * step;
    while (hi < end && load<f64>(times + hi) <= rangeEnd) hi += 8;
    while (lo < hi && load<f64>(times + lo) <= rangeEnd - range) lo += 8;
    let bits = ABSENT;
    if (hi > lo) {
      countWindow(stats, lo, hi, seen);
      seen = hi;
      if (hi - lo >= 16) {
        const interval = load<f64>(times + hi - 8) - load<f64>(times + hi - 16);
        const last = load<f64>(values + hi - 8);
        const before = load<f64>(values + hi - 16);
        if (interval !== 0) {
          let result = isRate && last < before ? last : last - before;
          if (isRate) result /= interval / 1000;
          bits = reinterpret<u64>(result);
          present++;
        }
      }
    }
    store<u64>(cells, bits);
  }
  return present;
}
