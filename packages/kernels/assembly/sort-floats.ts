// Sorting floats in memory, NaN before everything, as upstream's quantiles want them.

/** Sort the floats at byte offsets `lo` to `hi` (excluded) of `values`, which has no NaN there. */
function sortNumbers(values: usize, lo: isize, hi: isize): void {
  while (hi - lo > 128) {
    const pivot = medianOfThree(values, lo, hi);
    let i = lo;
    let j = hi - 8;
    while (i <= j) {
      while (load<f64>(values + i) < pivot) i += 8;
      while (load<f64>(values + j) > pivot) j -= 8;
      if (i <= j) {
        const swapped = load<f64>(values + i);
        store<f64>(values + i, load<f64>(values + j));
        store<f64>(values + j, swapped);
        i += 8;
        j -= 8;
      }
    }
    // The smaller part by recursion, so that the stack stays logarithmic.
    if (j + 8 - lo < hi - i) {
      sortNumbers(values, lo, j + 8);
      lo = i;
    } else {
      sortNumbers(values, i, hi);
      hi = j + 8;
    }
  }
  for (let i = lo + 8; i < hi; i += 8) {
    const value = load<f64>(values + i);
    let j = i - 8;
    for (; j >= lo && load<f64>(values + j) > value; j -= 8) store<f64>(values + j + 8, load<f64>(values + j));
    store<f64>(values + j + 8, value);
  }
}

function medianOfThree(values: usize, lo: isize, hi: isize): f64 {
  const a = load<f64>(values + lo);
  const b = load<f64>(values + (lo + (((hi - lo) >> 4) << 3)));
  const c = load<f64>(values + hi - 8);
  return max<f64>(min<f64>(a, b), min<f64>(max<f64>(a, b), c));
}

/** Sort `count` floats at `values` in place: NaNs first, then ascending. */
export function sortFloats(values: usize, count: u32): void {
  let nans: usize = 0;
  const end = (count as usize) << 3;
  for (let at: usize = 0; at < end; at += 8) {
    const value = load<f64>(values + at);
    if (value === value) continue;
    store<f64>(values + at, load<f64>(values + nans));
    store<f64>(values + nans, value);
    nans += 8;
  }
  sortNumbers(values, nans as isize, end as isize);
}

/** Upstream's quantile `q` of `count` (at least 1) floats at `values`, which get sorted. */
export function quantileOf(q: f64, values: usize, count: u32): f64 {
  if (q !== q) return NaN;
  if (q < 0) return -Infinity;
  if (q > 1) return Infinity;
  sortFloats(values, count);
  const last = (count as f64) - 1;
  const rank = q * last;
  const floor = Math.floor(rank);
  const lower = max<f64>(0, floor);
  const upper = min<f64>(last, lower + 1);
  const weight = rank - floor;
  return (
    load<f64>(values + ((lower as usize) << 3)) * (1 - weight) + load<f64>(values + ((upper as usize) << 3)) * weight
  );
}
