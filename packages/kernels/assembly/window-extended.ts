// Extended range selectors: `anchored` windows begin with the newest sample at or before their start, `smoothed` ones have interpolated values at both
// ends. Neither extrapolates. Samples are looked at from `before` ms before a window's start to `after` ms after its end.
import {ABSENT, cellOf} from './cell';

export const EXTENDED_CHANGE: u32 = 0;
export const EXTENDED_CHANGES: u32 = 1;
export const EXTENDED_RESETS: u32 = 2;
const IS_COUNTER: u32 = 1;
const IS_RATE: u32 = 2;

/** The first of the samples at byte offsets `lo` to `hi` that is later than `time` (or at it, with `orAt`); `hi` when none is. */
function firstAfter(times: usize, lo: usize, hi: usize, time: f64, orAt: bool): usize {
  while (lo < hi) {
    const middle = (lo + ((hi - lo) >>> 1)) & ~7;
    const t = load<f64>(times + middle);
    if (t > time || (orAt && t === time)) hi = middle;
    else lo = middle + 8;
  }
  return lo;
}

/** The value at `time` on the line between the samples at `at` and `at + 8`; a counter that was reset between them starts from 0. */
function between(times: usize, values: usize, at: usize, time: f64, isCounter: bool): f64 {
  const t1 = load<f64>(times + at);
  const t2 = load<f64>(times + at + 8);
  let y1 = load<f64>(values + at);
  const y2 = load<f64>(values + at + 8);
  if (isCounter && y2 < y1) y1 = 0;
  return y1 + ((y2 - y1) * (time - t1)) / (t2 - t1);
}

/** Change of a window's values from end to end: rate, increase and delta. The window has the samples at byte offsets `lo` to `hi`, at least one. */
function changeOf(
  times: usize,
  values: usize,
  lo: usize,
  hi: usize,
  start: f64,
  end: f64,
  seconds: f64,
  flags: u32,
  smoothed: bool,
): u64 {
  const isCounter = (flags & IS_COUNTER) !== 0;
  let last = hi - 8;
  let first = firstAfter(times, lo, last, start, false);
  if (first > lo) first -= 8;
  if (smoothed) last = firstAfter(times, lo, last, end, true);
  if (load<f64>(times + last) <= start) return ABSENT;
  if (smoothed && load<f64>(times + first) > end) return ABSENT;
  const isLeftOpen = smoothed && load<f64>(times + first) < start;
  const left = isLeftOpen ? between(times, values, first, start, isCounter) : load<f64>(values + first);
  const isRightOpen = smoothed && last > lo && load<f64>(times + last) > end;
  const right = isRightOpen ? between(times, values, last - 8, end, isCounter) : load<f64>(values + last);
  let result = right - left;
  if (isCounter) {
    if (load<f64>(times + first) <= start) first += 8;
    const stop = load<f64>(times + last) >= end ? last : last + 8;
    let correction: f64 = 0;
    let before = left;
    for (let at = first; at < stop; at += 8) {
      const value = load<f64>(values + at);
      if (value < before) correction += before;
      before = value;
    }
    if (right < before) correction += before;
    result += correction;
  }
  return reinterpret<u64>(flags & IS_RATE ? result / seconds : result);
}

/** Changes or resets from the newest sample at or before the window's start on. */
function countFrom(op: u32, times: usize, values: usize, lo: usize, hi: usize, start: f64): u64 {
  let at = firstAfter(times, lo, hi, start, false);
  if (at >= hi) return ABSENT;
  if (at > lo) at -= 8;
  let count: f64 = 0;
  for (at += 8; at < hi; at += 8) {
    const before = load<f64>(values + at - 8);
    const value = load<f64>(values + at);
    if (op === EXTENDED_RESETS ? value < before : value !== before && (value === value || before === before)) count++;
  }
  return reinterpret<u64>(count);
}

/** One cell for each of `steps` windows, as rateSteps; `op` tells what to compute, `flags` as there. */
export function extendedSteps(
  op: u32,
  flags: u32,
  smoothed: bool,
  times: usize,
  values: usize,
  count: u32,
  first: f64,
  step: f64,
  steps: u32,
  range: f64,
  rangeSeconds: f64,
  before: f64,
  after: f64,
  cells: usize,
  stats: usize,
): u32 {
  const all = (count as usize) << 3;
  let lo: usize = 0;
  let hi: usize = 0;
  let seen: usize = 0;
  let present: u32 = 0;
  for (let k: u32 = 0; k < steps; k++, cells += 8) {
    const end = first + (k as f64) * step;
    const start = end - range;
    while (hi < all && load<f64>(times + hi) <= end + after) hi += 8;
    while (lo < hi && load<f64>(times + lo) <= start - before) lo += 8;
    let bits = ABSENT;
    if (hi > lo) {
      store<f64>(stats, load<f64>(stats) + (((hi - lo) >>> 3) as f64));
      store<f64>(stats, load<f64>(stats, 8) + (((hi - max<usize>(lo, seen)) >>> 3) as f64), 8);
      seen = hi;
      bits =
        op === EXTENDED_CHANGE
          ? changeOf(times, values, lo, hi, start, end, rangeSeconds, flags, smoothed)
          : countFrom(op, times, values, lo, hi, start);
      if (bits !== ABSENT) present++;
    }
    store<u64>(cells, bits);
  }
  return present;
}

/** A smoothed instant selector: the value at each step on the line between the samples around it, which lie within `lookback` ms. */
export function smoothedSteps(
  times: usize,
  values: usize,
  count: u32,
  first: f64,
  step: f64,
  steps: u32,
  lookback: f64,
  cells: usize,
): u32 {
  const all = (count as usize) << 3;
  let lo: usize = 0;
  let hi: usize = 0;
  let present: u32 = 0;
  for (let k: u32 = 0; k < steps; k++, cells += 8) {
    const now = first + (k as f64) * step;
    while (hi < all && load<f64>(times + hi) <= now + lookback) hi += 8;
    while (lo < hi && load<f64>(times + lo) <= now - lookback) lo += 8;
    const at = firstAfter(times, lo, hi, now, true);
    let bits = ABSENT;
    if (at < hi && load<f64>(times + at) === now) bits = cellOf(load<u64>(values + at));
    else if (at > lo) {
      bits =
        at < hi
          ? reinterpret<u64>(between(times, values, at - 8, now, false))
          : cellOf(load<u64>(values + at - 8));
    }
    if (bits !== ABSENT) present++;
    store<u64>(cells, bits);
  }
  return present;
}

/**
 * The samples of an extended range selector itself: those within, and one at each end, taken over (`anchored`) or interpolated (`smoothed`). Writes to
 * `outTimes` and `outValues`, which have room for `count` + 2 samples; returns how many.
 */
export function extendSamples(
  smoothed: bool,
  times: usize,
  values: usize,
  count: u32,
  start: f64,
  end: f64,
  outTimes: usize,
  outValues: usize,
): u32 {
  if (count === 0) return 0;
  let last = ((count as usize) - 1) << 3;
  let first = firstAfter(times, 0, last, start, false);
  if (first > 0) first -= 8;
  if (smoothed) last = firstAfter(times, 0, last, end, true);
  if (load<f64>(times + last) <= start) return 0;
  const isLeftOpen = smoothed && load<f64>(times + first) < start;
  const left = isLeftOpen ? between(times, values, first, start, false) : load<f64>(values + first);
  const isRightOpen = smoothed && last > 0 && load<f64>(times + last) > end;
  const right = isRightOpen ? between(times, values, last - 8, end, false) : load<f64>(values + last);
  if (load<f64>(times + first) <= start) first += 8;
  const stop = load<f64>(times + last) >= end ? last : last + 8;
  store<f64>(outTimes, start);
  store<f64>(outValues, left);
  let at: usize = 8;
  for (; first < stop; first += 8, at += 8) {
    store<f64>(outTimes + at, load<f64>(times + first));
    store<u64>(outValues + at, load<u64>(values + first));
  }
  store<f64>(outTimes + at, end);
  store<f64>(outValues + at, right);
  return ((at >>> 3) as u32) + 1;
}
