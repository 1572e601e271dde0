import {log2} from '@narthex/model/binary-exponent.ts';
const words = new Uint32Array(2);
const float = new Float64Array(words.buffer);

/** `x` as fraction in [0.5, 1) and power of two, for finite x other than 0; the power is left in `frexpExponent`. */
let frexpExponent = 0;
function frexp(x: number): number {
  float[0] = x;
  let bias = 1022;
  if ((words[1] & 0x7ff00000) === 0) {
    float[0] = x * 2 ** 52;
    bias += 52;
  }
  frexpExponent = ((words[1] >>> 20) & 0x7ff) - bias;
  words[1] = (words[1] & 0x800fffff) | (1022 << 20);
  return float[0];
}

function ldexp(fraction: number, exponent: number): number {
  if (exponent > 1023)
    return fraction * 2 ** 1023 * 2 ** Math.min(1023, exponent - 1023) * (exponent > 2046 ? Infinity : 1);
  if (exponent >= -1021) return fraction * 2 ** exponent;
  // In two exact steps but the last, so that a subnormal result is rounded once.
  if (exponent < -2200) return fraction < 0 ? -0 : 0;
  return fraction * 2 ** -1000 * 2 ** Math.max(-1074, exponent + 1000);
}

/** `x ** y` digit by digit as Go's math.Pow: repeated squaring of the fraction for the whole part of `y`, exp and log for the rest. */
export function pow(x: number, y: number): number {
  if (y === 0 || x === 1) return 1;
  if (y === 1) return x;
  if (x !== x || y !== y) return NaN;
  if (x === 0 || !Number.isFinite(y) || !Number.isFinite(x)) return x === -1 ? 1 : Math.pow(x, y);
  if (y === 0.5) return Math.sqrt(x);
  if (y === -0.5) return 1 / Math.sqrt(x);
  let whole = Math.trunc(Math.abs(y));
  let rest = Math.abs(y) - whole;
  if (rest !== 0 && x < 0) return NaN;
  if (whole >= 2 ** 63) {
    if (x === -1) return 1;
    return Math.abs(x) < 1 === y > 0 ? 0 : Infinity;
  }
  let result = 1;
  if (rest !== 0) {
    if (rest > 0.5) {
      rest--;
      whole++;
    }
    result = Math.exp(rest * Math.log(x));
  }
  let exponent = 0;
  let square = frexp(x);
  let squareExponent = frexpExponent;
  for (; whole >= 1; whole = Math.floor(whole / 2)) {
    if (squareExponent < -4096 || squareExponent > 4096) {
      exponent += squareExponent;
      break;
    }
    if (whole % 2 === 1) {
      result *= square;
      exponent += squareExponent;
    }
    square *= square;
    squareExponent *= 2;
    if (square < 0.5) {
      square += square;
      squareExponent--;
    }
  }
  return y < 0 ? ldexp(1 / result, -exponent) : ldexp(result, exponent);
}

export const atan2 = (y: number, x: number): number => Math.atan2(y, x);

const LOG10_OF_2 = 0.3010299956639812;
const signOf = (x: number): number => (x < 0 ? -1 : x > 0 ? 1 : x);

/** Functions of one float, by their name in the language. */
export const FLOAT_FUNCTIONS: Readonly<Record<string, (x: number) => number>> = {
  abs: Math.abs,
  acos: Math.acos,
  acosh: Math.acosh,
  asin: Math.asin,
  asinh: Math.asinh,
  atan: Math.atan,
  atanh: Math.atanh,
  ceil: Math.ceil,
  cos: Math.cos,
  cosh: Math.cosh,
  deg: (x) => (x * 180) / Math.PI,
  exp: Math.exp,
  floor: Math.floor,
  ln: Math.log,
  log10: (x) => log2(x) * LOG10_OF_2,
  log2,
  rad: (x) => (x * Math.PI) / 180,
  sgn: signOf,
  sin: Math.sin,
  sinh: Math.sinh,
  sqrt: Math.sqrt,
  tan: Math.tan,
  tanh: Math.tanh,
};

/** The first second of Go's calendar; what lies before it comes out behind its end. */
const GO_CALENDAR_BEGIN = Number(-9_223_371_966_579_724_800n);

/** Whole seconds of a float as Go's calendar takes them: towards zero; where there is no int64, the smallest, which lies before the calendar. */
function secondsOf(x: number): number {
  const seconds = Math.abs(x) < 2 ** 63 ? Math.trunc(x) : -(2 ** 63);
  return seconds < GO_CALENDAR_BEGIN ? seconds + 2 ** 64 : seconds;
}

const DAY = 86_400;

/** Days since the epoch to year, month (1 to 12) and day of the month, in the proleptic Gregorian calendar; any size of year. */
function civilOf(days: number): {year: number; month: number; day: number} {
  const shifted = days + 719_468;
  const era = Math.floor(shifted / 146_097);
  const dayOfEra = shifted - era * 146_097;
  const yearOfEra = Math.floor(
    (dayOfEra - Math.floor(dayOfEra / 1460) + Math.floor(dayOfEra / 36_524) - Math.floor(dayOfEra / 146_096)) / 365,
  );
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const shiftedMonth = Math.floor((5 * dayOfYear + 2) / 153);
  const day = dayOfYear - Math.floor((153 * shiftedMonth + 2) / 5) + 1;
  const month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9;
  return {year: yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, day};
}

const isLeap = (year: number): boolean => year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
const MONTH_DAYS = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
const daysInMonth = (year: number, month: number): number =>
  MONTH_DAYS[month - 1] + (month === 2 && isLeap(year) ? 1 : 0);

const modulo = (x: number, by: number): number => ((x % by) + by) % by;
const secondOfDay = (x: number): number => modulo(secondsOf(x), DAY);
/** Rounded, since seconds beyond 2^53 are not whole days once the rest is taken away. */
const dayNumber = (x: number): number => Math.round((secondsOf(x) - secondOfDay(x)) / DAY);

function dayOfYear(x: number): number {
  const {year, month, day} = civilOf(dayNumber(x));
  let days = day;
  for (let before = 1; before < month; before++) days += daysInMonth(year, before);
  return days;
}

/** Date functions of seconds since the epoch, in UTC. */
export const DATE_FUNCTIONS: Readonly<Record<string, (x: number) => number>> = {
  day_of_month: (x) => civilOf(dayNumber(x)).day,
  day_of_week: (x) => modulo(dayNumber(x) + 4, 7),
  day_of_year: dayOfYear,
  days_in_month: (x) => {
    const {year, month} = civilOf(dayNumber(x));
    return daysInMonth(year, month);
  },
  hour: (x) => Math.floor(secondOfDay(x) / 3600),
  minute: (x) => Math.floor((secondOfDay(x) % 3600) / 60),
  month: (x) => civilOf(dayNumber(x)).month,
  year: (x) => civilOf(dayNumber(x)).year,
};
