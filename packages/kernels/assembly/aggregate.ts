// Aggregations that take rows as they come: sum, avg, count, min, max, group, stddev, stdvar. A group keeps lanes of f64, one after the
// other, each as long as the group's span of steps; lane 0 is a column of cells, absent where nothing was added yet.
import {ABSENT, isAbsent} from './cell';
import {compensate} from './window-over-time';

export const AGGREGATE_SUM: u32 = 0;
export const AGGREGATE_AVG: u32 = 1;
export const AGGREGATE_COUNT: u32 = 2;
export const AGGREGATE_MIN: u32 = 3;
export const AGGREGATE_MAX: u32 = 4;
export const AGGREGATE_GROUP: u32 = 5;
export const AGGREGATE_STDVAR: u32 = 6;
export const AGGREGATE_STDDEV: u32 = 7;

// @ts-ignore: decorator
@inline
function addToSum(lanes: usize, lane: usize, value: f64): void {
  const sum = load<f64>(lanes);
  const total = sum + value;
  store<f64>(lanes + lane, compensate(value, sum, load<f64>(lanes + lane), total));
  store<f64>(lanes, total);
}

/** Lanes: sum, compensation, count. Once the sum would overflow, the count turns negative and lane 0 holds the mean. */
// @ts-ignore: decorator
@inline
function addToAvg(lanes: usize, lane: usize, value: f64): void {
  const known = load<f64>(lanes + 2 * lane);
  let sum = load<f64>(lanes);
  let c = load<f64>(lanes + lane);
  const count = Math.abs(known) + 1;
  if (known > 0) {
    const total = sum + value;
    if (Math.abs(total) !== Infinity) {
      store<f64>(lanes + lane, compensate(value, sum, c, total));
      store<f64>(lanes, total);
      store<f64>(lanes + 2 * lane, count);
      return;
    }
    sum /= count - 1;
    c /= count - 1;
  }
  const q = (count - 1) / count;
  const part = value / count;
  const scaled = q * sum;
  const total = scaled + part;
  store<f64>(lanes + lane, compensate(part, scaled, q * c, total));
  store<f64>(lanes, total);
  store<f64>(lanes + 2 * lane, -count);
}

/** Lanes: sum of squared distances, count, mean. */
// @ts-ignore: decorator
@inline
function addToVariance(lanes: usize, lane: usize, value: f64): void {
  const count = load<f64>(lanes + lane) + 1;
  let mean = load<f64>(lanes + 2 * lane);
  const delta = value - mean;
  mean += delta / count;
  store<f64>(lanes, load<f64>(lanes) + delta * (value - mean));
  store<f64>(lanes + lane, count);
  store<f64>(lanes + 2 * lane, mean);
}

// @ts-ignore: decorator
@inline
function begin(op: u32, lanes: usize, lane: usize, bits: u64): void {
  const value = reinterpret<f64>(bits);
  switch (op) {
    case AGGREGATE_COUNT:
    case AGGREGATE_GROUP:
      store<f64>(lanes, 1);
      break;
    case AGGREGATE_STDVAR:
    case AGGREGATE_STDDEV:
      store<f64>(lanes, value - value);
      store<f64>(lanes + lane, 1);
      store<f64>(lanes + 2 * lane, value);
      break;
    case AGGREGATE_AVG:
      store<f64>(lanes + 2 * lane, 1);
    case AGGREGATE_SUM:
      store<f64>(lanes + lane, 0);
    default:
      store<u64>(lanes, bits);
  }
}

// @ts-ignore: decorator
@inline
function addCell(op: u32, lanes: usize, lane: usize, bits: u64): void {
  if (isAbsent(lanes)) {
    begin(op, lanes, lane, bits);
    return;
  }
  const value = reinterpret<f64>(bits);
  switch (op) {
    case AGGREGATE_SUM:
      addToSum(lanes, lane, value);
      break;
    case AGGREGATE_AVG:
      addToAvg(lanes, lane, value);
      break;
    case AGGREGATE_COUNT:
      store<f64>(lanes, load<f64>(lanes) + 1);
      break;
    case AGGREGATE_MIN: {
      const old = load<f64>(lanes);
      if (old > value || old !== old) store<u64>(lanes, bits);
      break;
    }
    case AGGREGATE_MAX: {
      const old = load<f64>(lanes);
      if (old < value || old !== old) store<u64>(lanes, bits);
      break;
    }
    case AGGREGATE_STDVAR:
    case AGGREGATE_STDDEV:
      addToVariance(lanes, lane, value);
      break;
  }
}

// @ts-ignore: decorator
@inline
function addRow(op: u32, cells: usize, count: u32, lanes: usize, lane: usize): void {
  const end = cells + ((count as usize) << 3);
  for (; cells < end; cells += 8, lanes += 8) {
    const bits = load<u64>(cells);
    if (bits !== ABSENT) addCell(op, lanes, lane, bits);
  }
}

/**
 * Add `rows` rows to their groups. Columns of a u32 a row: `groups` (index of its group), `firsts` (first step), `counts` (steps) and `cells`
 * (address); columns of a u32 a group: `groupFirsts`, `groupSpans` (steps that it has lanes for, which include those of its rows) and `groupLanes`.
 */
export function aggregateRows(
  op: u32,
  rows: u32,
  groups: usize,
  firsts: usize,
  counts: usize,
  cells: usize,
  groupFirsts: usize,
  groupSpans: usize,
  groupLanes: usize,
): void {
  for (let i: usize = 0; i < (rows as usize) << 2; i += 4) {
    const group = (load<u32>(groups + i) as usize) << 2;
    const span = load<u32>(groupSpans + group);
    const skipped = load<u32>(firsts + i) - load<u32>(groupFirsts + group);
    const lanes = (load<u32>(groupLanes + group) as usize) + ((skipped as usize) << 3);
    const lane = (span as usize) << 3;
    const row = load<u32>(cells + i) as usize;
    const count = load<u32>(counts + i);
    switch (op) {
      case AGGREGATE_SUM:
        addRow(AGGREGATE_SUM, row, count, lanes, lane);
        break;
      case AGGREGATE_COUNT:
        addRow(AGGREGATE_COUNT, row, count, lanes, lane);
        break;
      case AGGREGATE_AVG:
        addRow(AGGREGATE_AVG, row, count, lanes, lane);
        break;
      case AGGREGATE_MIN:
        addRow(AGGREGATE_MIN, row, count, lanes, lane);
        break;
      case AGGREGATE_MAX:
        addRow(AGGREGATE_MAX, row, count, lanes, lane);
        break;
      default:
        addRow(op, row, count, lanes, lane);
    }
  }
}

/** Turn lane 0 of a group with `span` steps into its result. */
export function aggregateFinish(op: u32, lanes: usize, span: u32): void {
  const lane = (span as usize) << 3;
  for (const end = lanes + lane; lanes < end; lanes += 8) {
    if (isAbsent(lanes)) continue;
    const value = load<f64>(lanes);
    switch (op) {
      case AGGREGATE_SUM:
        store<f64>(lanes, value + load<f64>(lanes + lane));
        break;
      case AGGREGATE_AVG: {
        const count = load<f64>(lanes + 2 * lane);
        const c = load<f64>(lanes + lane);
        store<f64>(lanes, count > 0 ? value / count + c / count : value + c);
        break;
      }
      case AGGREGATE_STDVAR:
        store<f64>(lanes, value / load<f64>(lanes + lane));
        break;
      case AGGREGATE_STDDEV:
        store<f64>(lanes, Math.sqrt(value / load<f64>(lanes + lane)));
        break;
    }
  }
}
