import {quoteGo} from '@narthex/model/quote.ts';
import {parseGoFloat} from '@narthex/model/value.ts';

const HEX_INTEGER = /^0[xX]_?[0-9a-fA-F]+(?:_[0-9a-fA-F]+)*$/;
const OCTAL_INTEGER = /^0_?[0-7]+(?:_[0-7]+)*$/;
const DECIMAL_INTEGER = /^[0-9]+(?:_[0-9]+)*$/;
/** Integers that are exact and need no further thought. */
const SMALL_INTEGER = /^(?:0|[1-9][0-9]{0,14})$/;
const INT64_MAX = (1n << 63n) - 1n;

export interface ReadNumber {
  readonly value: number;
  /** Upstream's error text when it is no number or too big. */
  readonly problem?: string;
}

/**
 * The value of a number token: integers as in Go (`0x1F`, `0755`, `1_000`) while they fit in 64 bits, anything else as
 * a float.
 */
export function readNumber(text: string): ReadNumber {
  if (SMALL_INTEGER.test(text)) return {value: Number(text)};
  const integer = readInteger(text);
  if (integer !== undefined && integer <= INT64_MAX) return {value: Number(integer)};
  const value = parseGoFloat(text, {underscores: true});
  if (value !== undefined) return {value};
  const tooBig = parseGoFloat(text, {underscores: true, overflow: 'infinity'});
  const reason = tooBig === undefined ? 'invalid syntax' : 'value out of range';
  const problem = `error parsing number: strconv.ParseFloat: parsing ${quoteGo(text)}: ${reason}`;
  return {value: tooBig ?? 0, problem};
}

function readInteger(text: string): bigint | undefined {
  if (HEX_INTEGER.test(text)) return BigInt(text.replaceAll('_', '').toLowerCase());
  if (OCTAL_INTEGER.test(text)) return BigInt(`0o${text.replaceAll('_', '').slice(1)}`);
  // A leading zero with an 8 or 9 is no octal number; the float reader takes it.
  if (!DECIMAL_INTEGER.test(text) || (text.startsWith('0') && text !== '0')) return undefined;
  return BigInt(text.replaceAll('_', ''));
}

const NANOS_MAX = 2 ** 63;

/**
 * Whether so many seconds lie outside what upstream's durations (64 bits of nanoseconds) hold. NaN passes, as upstream.
 */
export function isOutOfDurationRange(seconds: number): boolean {
  return seconds > NANOS_MAX / 1e9 || seconds < -NANOS_MAX / 1e9;
}

/**
 * Seconds as whole nanoseconds. What does not fit in 64 bits becomes the smallest value, as upstream's conversion does
 * on amd64.
 */
export function secondsToNanos(seconds: number): number {
  return toInt64(roundAway(seconds * 1e9));
}

/** Seconds of `@` as milliseconds. */
export function secondsToMillis(seconds: number): number {
  return toInt64(roundAway(seconds * 1000));
}

function toInt64(value: number): number {
  return value < NANOS_MAX && value >= -NANOS_MAX ? value : -NANOS_MAX;
}

/** Halves away from zero. */
function roundAway(value: number): number {
  const whole = Math.trunc(value);
  const rounded = Math.abs(value - whole) >= 0.5 ? whole + Math.sign(value) : whole;
  // No negative zero: these become integers.
  return rounded + 0;
}
