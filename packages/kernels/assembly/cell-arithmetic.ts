// Arithmetic and comparisons over columns of cells.
import {ABSENT, cellOf, isAbsent, NAN_BITS} from './cell';

export const OP_ADD: u32 = 0;
export const OP_SUB: u32 = 1;
export const OP_MUL: u32 = 2;
export const OP_DIV: u32 = 3;
export const OP_MOD: u32 = 4;
export const OP_EQ: u32 = 5;
export const OP_NE: u32 = 6;
export const OP_GT: u32 = 7;
export const OP_LT: u32 = 8;
export const OP_GE: u32 = 9;
export const OP_LE: u32 = 10;

/** What a comparison gives: the left operand, the right one (a vector's value on the right of a scalar), or 0 and 1 (`bool`). */
export const KEEP_LEFT: u32 = 0;
export const KEEP_RIGHT: u32 = 1;
export const KEEP_BOOL: u32 = 2;

/** C's fmod, exact: the remainder with the sign of `x`. */
export function fmod(x: f64, y: f64): f64 {
  const ax = Math.abs(x);
  const ay = Math.abs(y);
  if (!(ax < Infinity) || ay !== ay || ay === 0) return NaN;
  if (ax < ay) return x;
  if (ax < 9007199254740992 && ay >= 1 && ay === Math.floor(ay) && ax === Math.floor(ax)) {
    return copysign<f64>(((ax as u64) % (ay as u64)) as f64, x);
  }
  return fmodBits(x, y);
}

/** Long division of the significands, a bit a turn. */
function fmodBits(x: f64, y: f64): f64 {
  let ux = reinterpret<u64>(x) & 0x7fffffffffffffff;
  let uy = reinterpret<u64>(y) & 0x7fffffffffffffff;
  let ex = (ux >>> 52) as i64;
  let ey = (uy >>> 52) as i64;
  if (ex === 0) {
    const shift = clz<u64>(ux) - 11;
    ux <<= shift;
    ex = 1 - (shift as i64);
  } else ux = (ux & 0x000fffffffffffff) | 0x0010000000000000;
  if (ey === 0) {
    const shift = clz<u64>(uy) - 11;
    uy <<= shift;
    ey = 1 - (shift as i64);
  } else uy = (uy & 0x000fffffffffffff) | 0x0010000000000000;
  for (; ex > ey; ex--) {
    if (ux >= uy) ux -= uy;
    ux <<= 1;
  }
  if (ux >= uy) ux -= uy;
  if (ux === 0) return copysign<f64>(0, x);
  const shift = clz<u64>(ux) - 11;
  ux <<= shift;
  ex -= shift as i64;
  ux = ex > 0 ? (ux & 0x000fffffffffffff) | ((ex as u64) << 52) : ux >>> ((1 - ex) as u64);
  return copysign<f64>(reinterpret<f64>(ux), x);
}

// @ts-ignore: decorator
@inline
function compare(op: u32, x: f64, y: f64): bool {
  switch (op) {
    case OP_EQ:
      return x === y;
    case OP_NE:
      return x !== y;
    case OP_GT:
      return x > y;
    case OP_LT:
      return x < y;
    case OP_GE:
      return x >= y;
    default:
      return x <= y;
  }
}

// @ts-ignore: decorator
@inline
function apply(op: u32, keep: u32, left: u64, right: u64): u64 {
  const x = reinterpret<f64>(left);
  const y = reinterpret<f64>(right);
  switch (op) {
    case OP_ADD:
      return reinterpret<u64>(x + y);
    case OP_SUB:
      return reinterpret<u64>(x - y);
    case OP_MUL:
      return reinterpret<u64>(x * y);
    case OP_DIV:
      return reinterpret<u64>(x / y);
    case OP_MOD:
      return reinterpret<u64>(fmod(x, y));
    default: {
      const holds = compare(op, x, y);
      if (keep === KEEP_BOOL) return reinterpret<u64>(holds ? 1.0 : 0.0);
      return holds ? (keep === KEEP_LEFT ? left : right) : ABSENT;
    }
  }
}

// @ts-ignore: decorator
@inline
function applyAll(op: u32, keep: u32, left: usize, leftStep: usize, right: usize, rightStep: usize, count: u32, out: usize): void {
  const end = out + ((count as usize) << 3);
  for (; out < end; out += 8, left += leftStep, right += rightStep) {
    const x = load<u64>(left);
    const y = load<u64>(right);
    store<u64>(out, x === ABSENT || y === ABSENT ? ABSENT : apply(op, keep, x, y));
  }
}

/**
 * `out[i] = left[i] op right[i]` for `count` cells; absent where either side is. A side with step 0 is one cell for all, with step 8 a column.
 * `out` may be one of the sides. `keep` only matters to comparisons.
 */
export function cellsBinary(
  op: u32,
  keep: u32,
  left: usize,
  leftStep: usize,
  right: usize,
  rightStep: usize,
  count: u32,
  out: usize,
): void {
  switch (op) {
    case OP_ADD:
      applyAll(OP_ADD, keep, left, leftStep, right, rightStep, count, out);
      break;
    case OP_SUB:
      applyAll(OP_SUB, keep, left, leftStep, right, rightStep, count, out);
      break;
    case OP_MUL:
      applyAll(OP_MUL, keep, left, leftStep, right, rightStep, count, out);
      break;
    case OP_DIV:
      applyAll(OP_DIV, keep, left, leftStep, right, rightStep, count, out);
      break;
    default:
      applyAll(op, keep, left, leftStep, right, rightStep, count, out);
  }
}

/** Change the sign of `count` cells in place. A NaN may look like nothing or a histogram then, which makes it a plain NaN. */
export function cellsNegate(cells: usize, count: u32): void {
  const end = cells + ((count as usize) << 3);
  for (; cells < end; cells += 8) {
    if (isAbsent(cells)) continue;
    const negated = load<u64>(cells) ^ 0x8000000000000000;
    store<u64>(cells, negated === ABSENT ? NAN_BITS : cellOf(negated));
  }
}

/** An infinity decides before a NaN does, as in Go. */
// @ts-ignore: decorator
@inline
function goMin(a: f64, b: f64): f64 {
  return a === -Infinity || b === -Infinity ? -Infinity : min<f64>(a, b);
}

// @ts-ignore: decorator
@inline
function goMax(a: f64, b: f64): f64 {
  return a === Infinity || b === Infinity ? Infinity : max<f64>(a, b);
}

/** clamp with one pair of bounds a step, as Go's math.Max(lower, math.Min(upper, x)). */
export function cellsClamp(cells: usize, count: u32, lower: usize, lowerStep: usize, upper: usize, upperStep: usize): void {
  const end = cells + ((count as usize) << 3);
  for (; cells < end; cells += 8, lower += lowerStep, upper += upperStep) {
    if (isAbsent(cells)) continue;
    const lo = load<f64>(lower);
    const hi = load<f64>(upper);
    if (hi < lo) store<u64>(cells, ABSENT);
    else store<f64>(cells, goMax(lo, goMin(hi, load<f64>(cells))));
  }
}
