import {quoteGo} from './quote.ts';
import {parseGoFloat} from './value.ts';

/** Milliseconds since the epoch, an integer within ±(2^53 - 1). */
export type TimestampMs = number;

/** The start and end of time of this program: what upstream's boundary times become. */
export const TIME_MIN: TimestampMs = -Number.MAX_SAFE_INTEGER;
export const TIME_MAX: TimestampMs = Number.MAX_SAFE_INTEGER;

/** Upstream's boundary times as its API prints and takes them; years that no other text may have. */
export const TIME_MIN_TEXT = '-292273086-05-16T16:47:06Z';
export const TIME_MAX_TEXT = '292277025-08-18T07:12:54.999999999Z';

/** A text that is no time; the message is upstream's. */
export class TimestampError extends Error {
  override readonly name = 'TimestampError';
}

/**
 * A time as the HTTP API takes it: seconds since the epoch with a fraction (rounded to milliseconds), RFC 3339 with up
 * to nine digits of a second (cut to milliseconds), or one of upstream's two boundary times. Times beyond
 * `TIME_MIN` and `TIME_MAX` become these. Throws `TimestampError`.
 */
export function parseTime(text: string): TimestampMs {
  const seconds = parseGoFloat(text, {underscores: true});
  const ms = seconds === undefined ? (parseRfc3339(text) ?? boundaryTime(text)) : secondsToMs(seconds);
  if (ms === undefined || !Number.isFinite(ms)) {
    throw new TimestampError(`cannot parse ${quoteGo(text)} to a valid timestamp`);
  }
  return Math.min(Math.max(ms, TIME_MIN), TIME_MAX);
}

function boundaryTime(text: string): TimestampMs | undefined {
  if (text === TIME_MIN_TEXT) return TIME_MIN;
  return text === TIME_MAX_TEXT ? TIME_MAX : undefined;
}

function secondsToMs(seconds: number): TimestampMs {
  const whole = Math.trunc(seconds);
  if (!Number.isFinite(whole)) return whole;
  const fraction = (seconds - whole) * 1000;
  const thousandths = fraction < 0 ? -Math.round(-fraction) : Math.round(fraction);
  // Upstream goes through nanoseconds cut to an integer: where that loses a unit, so do we.
  return whole * 1000 + Math.floor(Math.trunc((thousandths / 1000) * 1e9) / 1e6);
}

const RFC3339 = /^(\d{4})-(\d\d)-(\d\d)T(\d{1,2}):(\d\d):(\d\d)(?:[.,](\d+))?(?:Z|([+-])(\d\d):(\d\d))$/;

/** Milliseconds of an RFC 3339 time, fractions cut; undefined for any other text and for dates that do not exist. */
export function parseRfc3339(text: string): TimestampMs | undefined {
  const match = RFC3339.exec(text);
  if (match === null) return undefined;
  const [year, month, day, hour, minute, second] = match.slice(1, 7).map(Number);
  if (hour > 23 || minute > 59 || second > 59) return undefined;
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  if (date.getUTCMonth() !== month - 1 || date.getUTCDate() !== day) return undefined;
  const offset = Number(match[9] ?? 0) * 60 + Number(match[10] ?? 0);
  if (Number(match[9] ?? 0) > 24 || Number(match[10] ?? 0) > 60) return undefined;
  const fractionMs = Number((match[7] ?? '').slice(0, 3).padEnd(3, '0'));
  const minutes = hour * 60 + minute - (match[8] === '-' ? -offset : offset);
  return date.getTime() + minutes * 60_000 + second * 1000 + fractionMs;
}

/** A time as RFC 3339 in UTC with as many digits of a second as needed: `2026-11-23T18:00:00.5Z`. */
export function formatRfc3339(ms: TimestampMs): string {
  return new Date(ms).toISOString().replace(/\.?0*Z$/, 'Z');
}

/** A time in seconds as the JSON API writes it: `1700000000`, or three digits after the point: `1700000000.120`. */
export function formatTimestampSeconds(ms: TimestampMs): string {
  const sign = ms < 0 ? '-' : '';
  const size = Math.abs(ms);
  const fraction = size % 1000;
  const whole = sign + String(Math.floor(size / 1000));
  return fraction === 0 ? whole : `${whole}.${String(fraction).padStart(3, '0')}`;
}
