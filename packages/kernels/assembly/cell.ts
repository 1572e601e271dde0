// A cell of the query engine is 8 bytes: a float, or nothing. Nothing is written as the stale marker, which no evaluated expression
// can have as its value: selectors drop it, and arithmetic in WebAssembly only makes NaNs whose quiet bit is set. NaNs with the
// high word of HISTOGRAM_BOX are kept for references to native histograms; a stored sample that looks like one becomes a plain NaN.

export const ABSENT: u64 = 0x7ff0000000000002;
export const NAN_BITS: u64 = 0x7ff8000000000001;
const BOX_HIGH: u64 = 0x7ff00001;

// @ts-ignore: decorator
@inline
export function isAbsent(at: usize): bool {
  return load<u64>(at) === ABSENT;
}

/** The bits of a stored sample as a cell. */
// @ts-ignore: decorator
@inline
export function cellOf(bits: u64): u64 {
  return bits >>> 32 === BOX_HIGH ? NAN_BITS : bits;
}

/** Whether the cell at `at` is a reference to a histogram. */
// @ts-ignore: decorator
@inline
export function isHistogram(at: usize): bool {
  return load<u32>(at, 4) === (BOX_HIGH as u32);
}

/** How many of the `count` cells at `cells` are histograms. */
export function cellsHistograms(cells: usize, count: u32): u32 {
  const end = cells + ((count as usize) << 3);
  let histograms: u32 = 0;
  for (; cells < end; cells += 8) histograms += isHistogram(cells) ? 1 : 0;
  return histograms;
}

/** Make those of the `count` cells at `cells` absent that are histograms; returns how many were. */
export function cellsDropHistograms(cells: usize, count: u32): u32 {
  const end = cells + ((count as usize) << 3);
  let dropped: u32 = 0;
  for (; cells < end; cells += 8) {
    if (!isHistogram(cells)) continue;
    store<u64>(cells, ABSENT);
    dropped++;
  }
  return dropped;
}

/** Make `count` cells at `cells` absent. */
export function cellsClear(cells: usize, count: u32): void {
  const end = cells + ((count as usize) << 3);
  for (; cells < end; cells += 8) store<u64>(cells, ABSENT);
}

/** How many of the `count` cells at `cells` are present. */
export function cellsCount(cells: usize, count: u32): u32 {
  const end = cells + ((count as usize) << 3);
  let present: u32 = 0;
  for (; cells < end; cells += 8) present += isAbsent(cells) ? 0 : 1;
  return present;
}

/**
 * Write the present cells of a row as samples, oldest first: cell `i` stands for the time `first + i * step` ms.
 * Returns how many there are; `times` and `values` have room for `count` each.
 */
export function cellsToSamples(cells: usize, count: u32, first: f64, step: f64, times: usize, values: usize): u32 {
  let n: u32 = 0;
  for (let i: u32 = 0; i < count; i++) {
    const bits = load<u64>(cells + ((i as usize) << 3));
    if (bits === ABSENT) continue;
    store<f64>(times + ((n as usize) << 3), first + (i as f64) * step);
    store<u64>(values + ((n as usize) << 3), bits);
    n++;
  }
  return n;
}

/**
 * Keep those of `rows` rows that have a present cell, in their order, in the columns of labels, first steps, counts and addresses of cells. Returns how many
 * are left.
 */
export function rowsWithCells(rows: u32, labels: usize, firsts: usize, counts: usize, cells: usize): u32 {
  let kept: usize = 0;
  for (let at: usize = 0; at < (rows as usize) << 2; at += 4) {
    const begin = load<u32>(cells + at) as usize;
    const end = begin + ((load<u32>(counts + at) as usize) << 3);
    let cell = begin;
    while (cell < end && isAbsent(cell)) cell += 8;
    if (cell === end) continue;
    if (kept !== at) {
      store<u32>(labels + kept, load<u32>(labels + at));
      store<u32>(firsts + kept, load<u32>(firsts + at));
      store<u32>(counts + kept, load<u32>(counts + at));
      store<u32>(cells + kept, load<u32>(cells + at));
    }
    kept += 4;
  }
  return (kept >>> 2) as u32;
}

/** Repeat the cell at `from` `count` times from `to` on. */
export function cellsRepeat(from: usize, to: usize, count: u32): void {
  const bits = load<u64>(from);
  const end = to + ((count as usize) << 3);
  for (; to < end; to += 8) store<u64>(to, bits);
}

/**
 * Copy the present ones of `count` cells over those at `to`. Returns the index of the first one that is present on both sides,
 * and stops there; -1 when none is.
 */
export function cellsMerge(from: usize, to: usize, count: u32): i32 {
  for (let i: u32 = 0; i < count; i++) {
    const bits = load<u64>(from + ((i as usize) << 3));
    if (bits === ABSENT) continue;
    const target = to + ((i as usize) << 3);
    if (!isAbsent(target)) return i;
    store<u64>(target, bits);
  }
  return -1;
}

/** Make those of `count` cells absent whose counterpart at `mask` is present (`whenPresent`) or absent (not `whenPresent`). */
export function cellsMask(cells: usize, mask: usize, count: u32, whenPresent: bool): void {
  for (let i: u32 = 0; i < count; i++) {
    if (isAbsent(mask + ((i as usize) << 3)) !== whenPresent) store<u64>(cells + ((i as usize) << 3), ABSENT);
  }
}

/** For each of `count` cells that is present, make the cell at `seen` present (0). */
export function cellsSeen(cells: usize, count: u32, seen: usize): void {
  for (let i: u32 = 0; i < count; i++) {
    if (!isAbsent(cells + ((i as usize) << 3))) store<f64>(seen + ((i as usize) << 3), 0);
  }
}
