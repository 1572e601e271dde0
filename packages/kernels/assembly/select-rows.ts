// topk, bottomk, limitk, limit_ratio and quantile: what looks at all rows of a group at one step. Rows are given as columns of u32 by row number:
// `firsts` (first step), `counts` (steps), `cells` (address of the first cell); a group as a list of row numbers, `members`.
import {ABSENT, isHistogram} from './cell';
import {quantileOf} from './sort-floats';

// @ts-ignore: decorator
@inline
function cellAt(row: u32, firsts: usize, counts: usize, cells: usize, step: u32): usize {
  const at = (row as usize) << 2;
  const i = step - load<u32>(firsts + at);
  if (i >= load<u32>(counts + at)) return 0;
  const cell = (load<u32>(cells + at) as usize) + ((i as usize) << 3);
  return load<u64>(cell) === ABSENT ? 0 : cell;
}

/** Whether `x` comes nearer to the top of the heap than `y`: smaller first (`sign` 1), or larger first (-1); NaN before all. */
// @ts-ignore: decorator
@inline
function isLess(x: f64, y: f64, sign: f64): bool {
  return x !== x || x * sign < y * sign;
}

// @ts-ignore: decorator
@inline
function swap(values: usize, rows: usize, i: u32, j: u32): void {
  const v = load<f64>(values + ((i as usize) << 3));
  store<f64>(values + ((i as usize) << 3), load<f64>(values + ((j as usize) << 3)));
  store<f64>(values + ((j as usize) << 3), v);
  const r = load<u32>(rows + ((i as usize) << 2));
  store<u32>(rows + ((i as usize) << 2), load<u32>(rows + ((j as usize) << 2)));
  store<u32>(rows + ((j as usize) << 2), r);
}

// @ts-ignore: decorator
@inline
function valueAt(values: usize, i: u32): f64 {
  return load<f64>(values + ((i as usize) << 3));
}

/** Add to the end of the heap and let it rise, exactly as Go's container/heap does, since that decides among equals. */
function pushUp(values: usize, rows: usize, size: u32, value: f64, row: u32, sign: f64): void {
  store<f64>(values + ((size as usize) << 3), value);
  store<u32>(rows + ((size as usize) << 2), row);
  let j = size;
  while (j > 0) {
    const i = (j - 1) >>> 1;
    if (!isLess(valueAt(values, j), valueAt(values, i), sign)) break;
    swap(values, rows, i, j);
    j = i;
  }
}

function siftDown(values: usize, rows: usize, size: u32, sign: f64): void {
  let i: u32 = 0;
  for (;;) {
    let j: u32 = 2 * i + 1;
    if (j >= size) break;
    if (j + 1 < size && isLess(valueAt(values, j + 1), valueAt(values, j), sign)) j++;
    if (!isLess(valueAt(values, j), valueAt(values, i), sign)) break;
    swap(values, rows, i, j);
    i = j;
  }
}

/**
 * The `k` largest (`sign` 1) or smallest (-1) of a group's rows at `step`: their numbers go to `rows`, their values to `values` (room for `k` each), in
 * the order of the heap. Returns how many there are.
 */
export function selectTop(
  sign: f64,
  k: u32,
  members: usize,
  count: u32,
  firsts: usize,
  counts: usize,
  cells: usize,
  step: u32,
  values: usize,
  rows: usize,
): u32 {
  let size: u32 = 0;
  for (let m: u32 = 0; m < count; m++) {
    const row = load<u32>(members + ((m as usize) << 2));
    const cell = cellAt(row, firsts, counts, cells, step);
    if (!cell) continue;
    const value = load<f64>(cell);
    if (size < k) {
      pushUp(values, rows, size++, value, row, sign);
      continue;
    }
    const top = load<f64>(values);
    if (top * sign < value * sign || (top !== top && value === value)) {
      store<f64>(values, value);
      store<u32>(rows, row);
      siftDown(values, rows, size, sign);
    }
  }
  return size;
}

/** What upstream's heap orders a cell by: a histogram's float is 0. */
// @ts-ignore: decorator
@inline
function sortValueOf(cell: usize): f64 {
  return isHistogram(cell) ? 0 : load<f64>(cell);
}

/** The first `k` of a group's rows that are present at `step`, in the order of a heap by value, as upstream has them. */
export function selectFirst(
  k: u32,
  members: usize,
  count: u32,
  firsts: usize,
  counts: usize,
  cells: usize,
  step: u32,
  values: usize,
  rows: usize,
): u32 {
  let size: u32 = 0;
  for (let m: u32 = 0; m < count && size < k; m++) {
    const row = load<u32>(members + ((m as usize) << 2));
    const cell = cellAt(row, firsts, counts, cells, step);
    if (cell) pushUp(values, rows, size++, sortValueOf(cell), row, 1);
  }
  return size;
}

/** Those of a group's rows present at `step` whose offset in [0, 1] (an f64 by row number at `offsets`) is below `ratio`, or at least 1 + `ratio` when that is negative. */
export function selectRatio(
  ratio: f64,
  offsets: usize,
  members: usize,
  count: u32,
  firsts: usize,
  counts: usize,
  cells: usize,
  step: u32,
  values: usize,
  rows: usize,
): u32 {
  let size: u32 = 0;
  for (let m: u32 = 0; m < count; m++) {
    const row = load<u32>(members + ((m as usize) << 2));
    const cell = cellAt(row, firsts, counts, cells, step);
    if (!cell) continue;
    const offset = load<f64>(offsets + ((row as usize) << 3));
    if (ratio >= 0 ? offset < ratio : offset >= 1 + ratio) pushUp(values, rows, size++, sortValueOf(cell), row, 1);
  }
  return size;
}

/** Make the cells at `step` absent of all members of a group but the `kept` rows at `rows`. `marks` has a byte a row, all 0 before and after. */
export function selectMask(
  rows: usize,
  kept: u32,
  members: usize,
  count: u32,
  firsts: usize,
  counts: usize,
  cells: usize,
  step: u32,
  marks: usize,
): void {
  for (let i: u32 = 0; i < kept; i++) store<u8>(marks + (load<u32>(rows + ((i as usize) << 2)) as usize), 1);
  for (let m: u32 = 0; m < count; m++) {
    const row = load<u32>(members + ((m as usize) << 2));
    const cell = cellAt(row, firsts, counts, cells, step);
    if (cell && !load<u8>(marks + (row as usize))) store<u64>(cell, ABSENT);
  }
  for (let i: u32 = 0; i < kept; i++) store<u8>(marks + (load<u32>(rows + ((i as usize) << 2)) as usize), 0);
}

/** The quantile `q[step]` of a group's rows at each of `steps` steps, to the cells at `out`. `scratch` has room for an f64 a member. */
export function quantileSteps(
  members: usize,
  count: u32,
  firsts: usize,
  counts: usize,
  cells: usize,
  steps: u32,
  q: usize,
  scratch: usize,
  out: usize,
): void {
  for (let step: u32 = 0; step < steps; step++) {
    let size: u32 = 0;
    for (let m: u32 = 0; m < count; m++) {
      const cell = cellAt(load<u32>(members + ((m as usize) << 2)), firsts, counts, cells, step);
      if (cell) store<f64>(scratch + ((size++ as usize) << 3), load<f64>(cell));
    }
    const column = (step as usize) << 3;
    if (size === 0) store<u64>(out + column, ABSENT);
    else store<f64>(out + column, quantileOf(load<f64>(q + column), scratch, size));
  }
}

/**
 * Sort the `count` row numbers at `rows` with the values at `values` (an f64 each, moved along): ascending (`sign` 1) or descending (-1), NaN last, equal
 * ones in their order. `scratch` has room for 12 bytes a row. Up to 12 rows come out as Go's sort.Sort has them.
 */
export function orderByValue(sign: f64, count: u32, rows: usize, values: usize, scratch: usize): void {
  let fromRows = rows;
  let fromValues = values;
  let toRows = scratch + ((count as usize) << 3);
  let toValues = scratch;
  for (let width: u32 = 1; width < count; width *= 2) {
    for (let lo: u32 = 0; lo < count; lo += 2 * width) {
      const middle = min<u32>(lo + width, count);
      const end = min<u32>(lo + 2 * width, count);
      let i = lo;
      let j = middle;
      for (let k = lo; k < end; k++) {
        const takesRight = i >= middle || (j < end && comesFirst(valueAt(fromValues, j), valueAt(fromValues, i), sign));
        const from = takesRight ? j++ : i++;
        store<f64>(toValues + ((k as usize) << 3), valueAt(fromValues, from));
        store<u32>(toRows + ((k as usize) << 2), load<u32>(fromRows + ((from as usize) << 2)));
      }
    }
    let swapped = fromRows;
    fromRows = toRows;
    toRows = swapped;
    swapped = fromValues;
    fromValues = toValues;
    toValues = swapped;
  }
  if (fromRows === rows) return;
  memory.copy(rows, fromRows, (count as usize) << 2);
  memory.copy(values, fromValues, (count as usize) << 3);
}

// @ts-ignore: decorator
@inline
function comesFirst(x: f64, y: f64, sign: f64): bool {
  return y !== y || x * sign < y * sign;
}

/** Sort the `count` row numbers at `rows` by their keys: row `r` has the u32 words from `keys[offsets[r]]` to `keys[offsets[r + 1]]`, compared one by one. */
export function orderByKeys(count: u32, rows: usize, offsets: usize, keys: usize, scratch: usize): void {
  let from = rows;
  let to = scratch;
  for (let width: u32 = 1; width < count; width *= 2) {
    for (let lo: u32 = 0; lo < count; lo += 2 * width) {
      const middle = min<u32>(lo + width, count);
      const end = min<u32>(lo + 2 * width, count);
      let i = lo;
      let j = middle;
      for (let k = lo; k < end; k++) {
        const takesRight =
          i >= middle ||
          (j < end &&
            isBefore(load<u32>(from + ((j as usize) << 2)), load<u32>(from + ((i as usize) << 2)), offsets, keys));
        const at = takesRight ? j++ : i++;
        store<u32>(to + ((k as usize) << 2), load<u32>(from + ((at as usize) << 2)));
      }
    }
    const swapped = from;
    from = to;
    to = swapped;
  }
  if (from !== rows) memory.copy(rows, from, (count as usize) << 2);
}

function isBefore(a: u32, b: u32, offsets: usize, keys: usize): bool {
  let x = keys + ((load<u32>(offsets + ((a as usize) << 2)) as usize) << 2);
  const xEnd = keys + ((load<u32>(offsets + ((a as usize) << 2) + 4) as usize) << 2);
  let y = keys + ((load<u32>(offsets + ((b as usize) << 2)) as usize) << 2);
  const yEnd = keys + ((load<u32>(offsets + ((b as usize) << 2) + 4) as usize) << 2);
  for (; x < xEnd && y < yEnd; x += 4, y += 4) {
    const p = load<u32>(x);
    const q = load<u32>(y);
    if (p !== q) return p < q;
  }
  return x >= xEnd && y < yEnd;
}

/** Sort the `count` numbers at `rows` by texts: number `r` has the bytes from `texts[offsets[r]]` to `texts[offsets[r + 1]]`, compared as bytes. */
export function orderByBytes(count: u32, rows: usize, offsets: usize, texts: usize, scratch: usize): void {
  let from = rows;
  let to = scratch;
  for (let width: u32 = 1; width < count; width *= 2) {
    for (let lo: u32 = 0; lo < count; lo += 2 * width) {
      const middle = min<u32>(lo + width, count);
      const end = min<u32>(lo + 2 * width, count);
      let i = lo;
      let j = middle;
      for (let k = lo; k < end; k++) {
        const takesRight =
          i >= middle ||
          (j < end &&
            isTextBefore(load<u32>(from + ((j as usize) << 2)), load<u32>(from + ((i as usize) << 2)), offsets, texts));
        const at = takesRight ? j++ : i++;
        store<u32>(to + ((k as usize) << 2), load<u32>(from + ((at as usize) << 2)));
      }
    }
    const swapped = from;
    from = to;
    to = swapped;
  }
  if (from !== rows) memory.copy(rows, from, (count as usize) << 2);
}

function isTextBefore(a: u32, b: u32, offsets: usize, texts: usize): bool {
  let x = texts + (load<u32>(offsets + ((a as usize) << 2)) as usize);
  const xEnd = texts + (load<u32>(offsets + ((a as usize) << 2) + 4) as usize);
  let y = texts + (load<u32>(offsets + ((b as usize) << 2)) as usize);
  const yEnd = texts + (load<u32>(offsets + ((b as usize) << 2) + 4) as usize);
  for (; x < xEnd && y < yEnd; x++, y++) {
    const p = load<u8>(x);
    const q = load<u8>(y);
    if (p !== q) return p < q;
  }
  return x >= xEnd && y < yEnd;
}
