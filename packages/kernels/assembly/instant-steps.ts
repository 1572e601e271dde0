// Instant vector selectors: the newest sample of a series at each step.
import {ABSENT, cellOf} from './cell';

/**
 * Cells of one series for `steps` steps: cell `k` is the newest of the `count` samples at or before `first + k * step` when it is younger than
 * `lookback` ms and no stale marker, else absent. With `wantTimes` the cell holds the sample's time in seconds. Without `histograms` a value that looks
 * like a reference to one becomes a plain NaN. Returns how many cells are present.
 */
export function instantSteps(
  times: usize,
  values: usize,
  count: u32,
  first: f64,
  step: f64,
  steps: u32,
  lookback: f64,
  wantTimes: bool,
  histograms: bool,
  cells: usize,
): u32 {
  let at: usize = times;
  const end = times + ((count as usize) << 3);
  let present: u32 = 0;
  for (let k: u32 = 0; k < steps; k++, cells += 8) {
    const now = first + (k as f64) * step;
    while (at < end && load<f64>(at) <= now) at += 8;
    let bits = ABSENT;
    if (at > times && load<f64>(at - 8) > now - lookback) {
      bits = load<u64>(values + (at - times) - 8);
      if (!histograms) bits = cellOf(bits);
      if (bits !== ABSENT) {
        present++;
        if (wantTimes) bits = reinterpret<u64>(load<f64>(at - 8) / 1000);
      }
    }
    store<u64>(cells, bits);
  }
  return present;
}

/**
 * The same for one step and `rows` series that have one newest sample each (`times`, `values`; a time of NaN where there is none):
 * turns `values` into cells in place.
 */
export function instantNewest(times: usize, values: usize, rows: u32, now: f64, lookback: f64, wantTimes: bool, histograms: bool): u32 {
  let present: u32 = 0;
  for (let i: usize = 0; i < (rows as usize) << 3; i += 8) {
    const time = load<f64>(times + i);
    let bits = time > now - lookback ? load<u64>(values + i) : ABSENT;
    if (!histograms) bits = cellOf(bits);
    if (bits !== ABSENT) {
      present++;
      if (wantTimes) bits = reinterpret<u64>(time / 1000);
    }
    store<u64>(values + i, bits);
  }
  return present;
}
