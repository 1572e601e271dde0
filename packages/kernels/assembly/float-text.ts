// Decimal text to the nearest double, as Go's strconv.ParseFloat does it, for what expositions really hold: up to 19
// significant digits and exponents within the table of powers. The rest is left to TypeScript. The method is that of
// Eisel and Lemire ("Number parsing at a gigabyte per second", 2021): one or two products of 64 by 64 bits.
import {FLOAT_POWER_MAX, FLOAT_POWER_MIN} from '../layout/float-powers';

const SIGN_BIT: u64 = 1 << 63;
const INFINITY_BITS: u64 = 0x7ff0000000000000;
/** The NaN that upstream stores for any NaN in text. */
const NORMAL_NAN_BITS: u64 = 0x7ff8000000000001;
/** 10^19 - 1 is the largest number of digits all of which fit 64 bits. */
const DIGITS_MAX: u32 = 19;

/**
 * Parse the `length` bytes of text at `at` as a number and store it as f64 at `out`. `powers` is the table of putFloatPowers.
 * Gives 1; or 0 and stores nothing when the text is no number or one for the slow path.
 */
export function parseFloatText(at: usize, length: u32, powers: usize, out: usize): u32 {
  const end = at + length;
  const kept = load<u64>(out);
  if (takeFloat(at, end, powers, out) == end && length > 0) return 1;
  store<u64>(out, kept);
  return 0;
}

/**
 * Parse the number that begins at `at` and store it as f64 at `out`. Gives the address behind its last byte, whatever comes
 * there; 0 when there is no number before `end` or one for the slow path. Reads up to `end` only.
 */
export function takeFloat(at: usize, end: usize, powers: usize, out: usize): usize {
  if (at >= end) return 0;
  let sign: u64 = 0;
  const first = at;
  const begin = <u32>load<u8>(at);
  if (begin == 0x2d || begin == 0x2b) {
    if (begin == 0x2d) sign = SIGN_BIT;
    at++;
  }
  // Digits before and behind the point as one integer; zeros in front are no significant digits.
  let mantissa: u64 = 0;
  let digits = at;
  for (; at < end; at++) {
    const digit = <u32>load<u8>(at) - 0x30;
    if (digit > 9) break;
    mantissa = mantissa * 10 + digit;
  }
  let count = <u32>(at - digits);
  let exponent: i32 = 0;
  if (at < end && load<u8>(at) == 0x2e) {
    const point = ++at;
    // Fractions are long more often than not, exponents' ones above all.
    while (at + 8 <= end) {
      const eight = load<u64>(at);
      if (!areDigits(eight)) break;
      mantissa = mantissa * 100000000 + eightDigits(eight);
      at += 8;
    }
    for (; at < end; at++) {
      const digit = <u32>load<u8>(at) - 0x30;
      if (digit > 9) break;
      mantissa = mantissa * 10 + digit;
    }
    exponent = -(<i32>(at - point));
    count += <u32>(at - point);
  }
  if (count == 0) return takeSpecial(first, end, out);
  if (count > DIGITS_MAX && count - leadingZeros(digits, end) > DIGITS_MAX) return 0;
  if (at < end && (<u32>load<u8>(at) | 0x20) == 0x65) {
    at++;
    if (at == end) return 0;
    const mark = <u32>load<u8>(at);
    if (mark == 0x2d || mark == 0x2b) at++;
    const from = at;
    let given: i32 = 0;
    for (; at < end; at++) {
      const digit = <u32>load<u8>(at) - 0x30;
      if (digit > 9) break;
      if (given < 10000) given = given * 10 + digit;
    }
    if (at == from) return 0;
    exponent += mark == 0x2d ? -given : given;
  }
  if (exponent == 0 || mantissa == 0) {
    store<u64>(out, sign | reinterpret<u64>(<f64>mantissa));
    return at;
  }
  if (exponent < FLOAT_POWER_MIN || exponent > FLOAT_POWER_MAX) return 0;
  const bits = nearest(mantissa, exponent, powers);
  if (bits == 0) return 0;
  store<u64>(out, sign | bits);
  return at;
}

/** Whether the 8 bytes of `word` are digits, all of them. */
// @ts-ignore: decorator
@inline
function areDigits(word: u64): bool {
  return (((word + 0x4646464646464646) | (word - 0x3030303030303030)) & 0x8080808080808080) == 0;
}

/** The number that the 8 digits of `word`, the first in the lowest byte, are: pairs, fours and the whole with a product each. */
// @ts-ignore: decorator
@inline
function eightDigits(word: u64): u64 {
  word -= 0x3030303030303030;
  word = word * 10 + (word >>> 8);
  const odd = (word & 0x000000ff000000ff) * (100 + (<u64>1000000 << 32));
  const even = ((word >>> 16) & 0x000000ff000000ff) * (1 + (<u64>10000 << 32));
  return (odd + even) >>> 32;
}

/** How many of the digits at `at` are zeros in front of the first other one; a point between them is skipped. */
function leadingZeros(at: usize, end: usize): u32 {
  let zeros: u32 = 0;
  for (; at < end; at++) {
    const byte = load<u8>(at);
    if (byte == 0x30) zeros++;
    else if (byte != 0x2e) break;
  }
  return zeros;
}

/** NaN and Inf in any case; a sign only before Inf. "Infinity" is left to the slow path. */
function takeSpecial(at: usize, end: usize, out: usize): usize {
  const first = <u32>load<u8>(at);
  const signed: usize = first == 0x2d || first == 0x2b ? 1 : 0;
  at += signed;
  if (at + 3 > end) return 0;
  const word = (<u32>load<u8>(at) | (<u32>load<u8>(at + 1) << 8) | (<u32>load<u8>(at + 2) << 16)) | 0x202020;
  if (word == 0x666e69) {
    if (at + 3 < end && (<u32>load<u8>(at + 3) | 0x20) == 0x69) return 0;
    store<u64>(out, first == 0x2d ? INFINITY_BITS | SIGN_BIT : INFINITY_BITS);
    return at + 3;
  }
  if (word == 0x6e616e && signed == 0) {
    store<u64>(out, NORMAL_NAN_BITS);
    return at + 3;
  }
  return 0;
}

/** Bits of the double nearest to mantissa * 10^exponent, or 0 where this method cannot tell; `mantissa` is not 0. */
function nearest(mantissa: u64, exponent: i32, powers: usize): u64 {
  const power = powers + <usize>((exponent - FLOAT_POWER_MIN) << 4);
  const shift = clz(mantissa);
  const w = mantissa << shift;
  const factor = load<u64>(power);
  let high = multiplyHigh(w, factor);
  let low = w * factor;
  if ((high & 0x1ff) == 0x1ff) {
    // The bits that decide are all ones: a carry from the lower half of the power can change them.
    const more = multiplyHigh(w, load<u64>(power, 8));
    low += more;
    if (low < more) high++;
    if (low == -1) return 0;
  }
  const upper = high >>> 63;
  let result = high >>> (upper + 9);
  let binary = (((152170 + 65536) * exponent) >> 16) + 63 + <i32>upper - <i32>shift + 1023;
  if (binary <= 0) return 0;
  // Exactly between two doubles, which only these exponents can be: the even one.
  if (low <= 1 && exponent >= -4 && exponent <= 23 && (result & 3) == 1 && result << (upper + 9) == high) result &= ~1;
  result = (result + (result & 1)) >>> 1;
  if (result >= 1 << 53) {
    result = 1 << 52;
    binary++;
  }
  if (binary >= 0x7ff) return 0;
  return (result & ~(1 << 52)) | (<u64>binary << 52);
}

/** The upper 64 bits of a 128-bit product. */
// @ts-ignore: decorator
@inline
function multiplyHigh(a: u64, b: u64): u64 {
  const aLow = a & 0xffffffff;
  const aHigh = a >>> 32;
  const bLow = b & 0xffffffff;
  const bHigh = b >>> 32;
  const middle = aHigh * bLow + ((aLow * bLow) >>> 32);
  const other = aLow * bHigh + (middle & 0xffffffff);
  return aHigh * bHigh + (middle >>> 32) + (other >>> 32);
}
