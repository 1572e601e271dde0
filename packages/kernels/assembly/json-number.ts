// Numbers as JSON text. Floats get the shortest digits that read back as the same float, by Schubfach (R. Giulietti, "The Schubfach way to
// render doubles"), and Prometheus' notation: plain decimals, an exponent below 1e-6 and from 1e21 on.

const POWER_MIN: i32 = -292;
const HIDDEN: u64 = 0x0010000000000000;
const BOX_ABSENT: u64 = 0x7ff0000000000002;
/** Most bytes that `[time,"value"],` takes. */
const POINT_BYTES: usize = 64;

// @ts-ignore: decorator
@inline
function highOf(a: u64, b: u64): u64 {
  const aLow = a & 0xffffffff;
  const aHigh = a >>> 32;
  const bLow = b & 0xffffffff;
  const bHigh = b >>> 32;
  const middle = aHigh * bLow + ((aLow * bLow) >>> 32);
  const other = aLow * bHigh + (middle & 0xffffffff);
  return aHigh * bHigh + (middle >>> 32) + (other >>> 32);
}

/** The product of `c` and the power of ten at `power` (two words, high first), over 2^128, with all lost bits or-ed into the last one. */
// @ts-ignore: decorator
@inline
function roundToOdd(power: usize, c: u64): u64 {
  const high = load<u64>(power);
  const x = highOf(load<u64>(power, 8), c);
  const low = high * c;
  const sum = low + x;
  return (highOf(high, c) + (sum < low ? 1 : 0)) | (sum > 1 ? 1 : 0);
}

// A 64-bit division takes some 10 ns, a multiplication by the reciprocal 2.

/** `x / 10` for x below 2^62. */
// @ts-ignore: decorator
@inline
function tenth(x: u64): u64 {
  return highOf(x, 0x199999999999999a);
}

/** `x / 10^9` for x below 2^63. */
// @ts-ignore: decorator
@inline
function billionth(x: u64): u64 {
  return highOf(x, 9903520314283042200) >>> 29;
}

/** `x / 10^8` for x below 2^63. */
// @ts-ignore: decorator
@inline
function hundredMillionth(x: u64): u64 {
  return highOf(x, 12379400392853802749) >>> 26;
}

/** Number of decimal digits of `x`. */
// @ts-ignore: decorator
@inline
function lengthOf32(x: u32): u32 {
  if (x < 100000) return x < 100 ? (x < 10 ? 1 : 2) : x < 1000 ? 3 : x < 10000 ? 4 : 5;
  return x < 10000000 ? (x < 1000000 ? 6 : 7) : x < 100000000 ? 8 : x < 1000000000 ? 9 : 10;
}

function lengthOf(digits: u64): u32 {
  if (digits < 1000000000) return lengthOf32(digits as u32);
  if (digits < 1000000000000000000) return 9 + lengthOf32(billionth(digits) as u32);
  return 18 + lengthOf32((digits / 1000000000000000000) as u32);
}

/** Write the last `length` digits of `x` so that they end at `end`, two at a time. */
// @ts-ignore: decorator
@inline
function writeBackwards(x: u32, length: u32, end: usize): void {
  for (; length >= 2; length -= 2) {
    const rest = x / 100;
    const pair = x - rest * 100;
    const tens = (pair * 103) >>> 10;
    end -= 2;
    store<u16>(end, (48 + tens) | ((48 + pair - tens * 10) << 8));
    x = rest;
  }
  if (length) store<u8>(end - 1, (48 + (x % 10)) as u8);
}

/** Write `digits`, of which there are `length`, in decimal at `out`; returns the end. */
function writeDigits(digits: u64, length: u32, out: usize): usize {
  const end = out + (length as usize);
  let at = end;
  while (length > 9) {
    const rest = billionth(digits);
    writeBackwards((digits - rest * 1000000000) as u32, 9, at);
    digits = rest;
    at -= 9;
    length -= 9;
  }
  writeBackwards(digits as u32, length, at);
  return end;
}

// @ts-ignore: decorator
@inline
function writeUnsigned(digits: u64, out: usize): usize {
  return writeDigits(digits, lengthOf(digits), out);
}

function writeZeros(count: i32, out: usize): usize {
  for (let i = 0; i < count; i++) store<u8>(out++, 48);
  return out;
}

/** Write `digits * 10^exponent`. */
function writeDecimal(digits: u64, exponent: i32, out: usize): usize {
  const short = hundredMillionth(digits);
  if (short * 100000000 === digits) {
    digits = short;
    exponent += 8;
  }
  for (let rest = tenth(digits); rest * 10 === digits; rest = tenth(digits)) {
    digits = rest;
    exponent++;
  }
  const length = lengthOf(digits) as i32;
  // The value is 0.d1d2d3... * 10^point.
  const point = length + exponent;
  if (point > 21 || point < -5) return writeScientific(digits, length, point - 1, out);
  if (exponent >= 0) return writeZeros(exponent, writeDigits(digits, length, out));
  if (point <= 0) {
    store<u16>(out, 0x2e30);
    return writeDigits(digits, length, writeZeros(-point, out + 2));
  }
  writeDigits(digits, length, out + 1);
  for (let i: usize = 0; i < (point as usize); i++) store<u8>(out + i, load<u8>(out + i, 1));
  store<u8>(out + (point as usize), 46);
  return out + (length as usize) + 1;
}

function writeScientific(digits: u64, length: i32, exponent: i32, out: usize): usize {
  let end = writeDigits(digits, length, out + 1);
  store<u8>(out, load<u8>(out, 1));
  if (length === 1) end = out + 1;
  else store<u8>(out, 46, 1);
  store<u8>(end++, 101);
  store<u8>(end++, exponent < 0 ? 45 : 43);
  const size = exponent < 0 ? -exponent : exponent;
  if (size < 10) store<u8>(end++, 48);
  return writeUnsigned(size as u64, end);
}

function writeShortest(bits: u64, powers: usize, out: usize): usize {
  const fraction = bits & (HIDDEN - 1);
  const biased = ((bits >>> 52) & 0x7ff) as i32;
  const c = biased === 0 ? fraction : fraction | HIDDEN;
  const q = (biased === 0 ? 1 : biased) - 1075;
  if (-52 <= q && q <= 0 && c >>> -q << -q === c) return writeDecimal(c >>> -q, 0, out);

  const isOdd = c & 1;
  const closer = fraction === 0 && biased > 1;
  const k = (q * 1262611 - (closer ? 524031 : 0)) >> 22;
  const h = q + ((-k * 1741647) >> 19) + 1;
  const power = powers + (((-k - POWER_MIN) as usize) << 4);
  const center = c << 2;
  const lower = roundToOdd(power, (center - (closer ? 1 : 2)) << h) + isOdd;
  const middle = roundToOdd(power, center << h);
  const upper = roundToOdd(power, (center + 2) << h) - isOdd;
  const s = middle >>> 2;
  if (s >= 10) {
    const tens = tenth(s);
    const downIn = lower <= 40 * tens;
    const upIn = 40 * tens + 40 <= upper;
    if (downIn !== upIn) return writeDecimal(tens + (upIn ? 1 : 0), k + 1, out);
  }
  const downIn = lower <= s << 2;
  const upIn = (s << 2) + 4 <= upper;
  if (downIn !== upIn) return writeDecimal(s + (upIn ? 1 : 0), k, out);
  const half = (s << 2) + 2;
  const up = middle > half || (middle === half && (s & 1) !== 0);
  return writeDecimal(s + (up ? 1 : 0), k, out);
}

/**
 * Write the float with these `bits` at `out` (28 bytes of room) as Prometheus' JSON does, without quotes; returns the end.
 * `powers` is the table of `powersOfTen` (json-powers.ts).
 */
export function writeFloat(bits: u64, powers: usize, out: usize): usize {
  const magnitude = bits & 0x7fffffffffffffff;
  if (magnitude > 0x7ff0000000000000) {
    store<u16>(out, 0x614e);
    store<u8>(out, 78, 2);
    return out + 3;
  }
  if (magnitude === 0x7ff0000000000000) {
    store<u32>(out, bits >>> 63 ? 0x666e492d : 0x666e492b);
    return out + 4;
  }
  if (bits >>> 63) store<u8>(out++, 45);
  if (magnitude === 0) {
    store<u8>(out, 48);
    return out + 1;
  }
  return writeShortest(magnitude, powers, out);
}

// @ts-ignore: decorator
@inline
function writeSeconds(seconds: u32, out: usize): usize {
  const length = lengthOf32(seconds);
  writeBackwards(seconds, length, out + (length as usize));
  return out + (length as usize);
}

/** Write a time in whole milliseconds as seconds; returns the end. */
export function writeTimestamp(ms: f64, out: usize): usize {
  if (ms < 0) {
    store<u8>(out++, 45);
    ms = -ms;
  }
  const seconds = Math.floor(ms / 1000);
  const fraction = (ms - seconds * 1000) as u32;
  out = seconds < 4294967296 ? writeSeconds(seconds as u32, out) : writeUnsigned(seconds as u64, out);
  if (fraction === 0) return out;
  store<u8>(out++, 46);
  store<u8>(out, (48 + fraction / 100) as u8);
  store<u8>(out, (48 + ((fraction / 10) % 10)) as u8, 1);
  store<u8>(out, (48 + (fraction % 10)) as u8, 2);
  return out + 3;
}

// @ts-ignore: decorator
@inline
function writePoint(time: f64, bits: u64, powers: usize, out: usize): usize {
  store<u8>(out++, 91);
  out = writeTimestamp(time, out);
  store<u16>(out, 0x222c);
  out = writeFloat(bits, powers, out + 2);
  store<u16>(out, 0x5d22);
  return out + 2;
}

/**
 * Write `[time,"value"]` for the present ones of `count` cells, separated by commas (`comma`: one before the first, too), as long as there is
 * room up to `end`. Cell `i` stands for `first + i * step` ms, or for the time in `times[i]` when `times` is not 0.
 * `progress` (two u32) gets the number of cells done and the end of the text.
 */
export function writePoints(
  cells: usize,
  count: u32,
  first: f64,
  step: f64,
  times: usize,
  powers: usize,
  comma: bool,
  out: usize,
  end: usize,
  progress: usize,
): void {
  let i: u32 = 0;
  for (; i < count && out + POINT_BYTES <= end; i++) {
    const bits = load<u64>(cells + ((i as usize) << 3));
    if (bits === BOX_ABSENT) continue;
    if (comma) store<u8>(out++, 44);
    comma = true;
    const time = times ? load<f64>(times + ((i as usize) << 3)) : first + (i as f64) * step;
    out = writePoint(time, bits, powers, out);
  }
  store<u32>(progress, i);
  store<u32>(progress, out as u32, 4);
}
