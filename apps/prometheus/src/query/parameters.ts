import {ApiError} from '@narthex/http/errors.ts';
import {parseDuration} from '@narthex/model/duration.ts';
import {parseTime} from '@narthex/model/timestamp.ts';
import {parseGoFloat} from '@narthex/model/value.ts';
import {TOO_MANY_POINTS, tooManyPoints} from '@narthex/promql/engine/step-grid.ts';

const INT64_NANOSECONDS_MAX = 2 ** 63;

const badParameter = (name: string, cause: unknown): ApiError =>
  new ApiError('bad_data', `invalid parameter "${name}": ${cause instanceof Error ? cause.message : String(cause)}`, {
    cause,
  });

/** Run `read`; what it throws becomes the API's error about the parameter `name`. */
export function forParameter<T>(name: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw badParameter(name, error);
  }
}

/** The time `name` in ms, `fallback` where it is not given. */
export function optionalTime(parameters: URLSearchParams, name: string, fallback: number): number {
  const text = parameters.get(name) ?? '';
  if (text === '') return fallback;
  return forParameter(name, () => {
    try {
      return parseTime(text);
    } catch (error) {
      throw new Error(`invalid time value for '${name}': ${(error as Error).message}`, {cause: error});
    }
  });
}

/** A limit of entries; 0 means none. */
export function limitOf(parameters: URLSearchParams): number {
  const text = parameters.get('limit') ?? '';
  if (text === '') return 0;
  return forParameter('limit', () => {
    if (!/^[+-]?\d+$/.test(text)) throw new Error(`strconv.Atoi: parsing ${JSON.stringify(text)}: invalid syntax`);
    const limit = Number(text);
    if (!Number.isSafeInteger(limit))
      throw new Error(`strconv.Atoi: parsing ${JSON.stringify(text)}: value out of range`);
    if (limit < 0) throw new Error('limit must be non-negative');
    return limit;
  });
}

/** A duration in ms, written as float seconds or as a Prometheus duration; one that is no number counts as below all, as it does in Go. */
export function apiDuration(text: string): number {
  const seconds = parseGoFloat(text);
  if (seconds !== undefined) {
    if (Math.abs(seconds) * 1e9 > INT64_NANOSECONDS_MAX) {
      throw new Error(`cannot parse ${JSON.stringify(text)} to a valid duration. It overflows int64`);
    }
    return Number.isNaN(seconds) ? -INT64_NANOSECONDS_MAX / 1e6 : seconds * 1000;
  }
  try {
    return parseDuration(text);
  } catch (cause) {
    throw new Error(`cannot parse ${JSON.stringify(text)} to a valid duration`, {cause});
  }
}

export interface RangeParameters {
  readonly startMs: number;
  readonly endMs: number;
  readonly stepMs: number;
}

/** Start, end and step of a range query, checked in upstream's order. */
export function rangeOf(parameters: URLSearchParams): RangeParameters {
  const startMs = forParameter('start', () => parseTime(parameters.get('start') ?? ''));
  const endMs = forParameter('end', () => parseTime(parameters.get('end') ?? ''));
  if (endMs < startMs) throw badParameter('end', new Error('end timestamp must not be before start time'));
  const stepMs = forParameter('step', () => apiDuration(parameters.get('step') ?? ''));
  if (stepMs <= 0) {
    const why = 'zero or negative query resolution step widths are not accepted. Try a positive integer';
    throw badParameter('step', new Error(why));
  }
  if (tooManyPoints(startMs, endMs, stepMs)) throw new ApiError('bad_data', TOO_MANY_POINTS);
  return {startMs, endMs, stepMs: Math.max(1, Math.trunc(stepMs))};
}

/** The time limit of a query: what the client asks for, at most the server's own. */
export function timeoutOf(parameters: URLSearchParams, limitMs: number): number {
  const text = parameters.get('timeout') ?? '';
  return text === ''
    ? limitMs
    : Math.min(
        limitMs,
        forParameter('timeout', () => apiDuration(text)),
      );
}

/** `timeout` in parameters that are still encoded. */
const TIMEOUT = /(?:^|&)timeout=([^&]{1,40})/;
/** Parameters beyond this are not searched on a thread that must not block. */
const SEARCHED_CHARACTERS_MAX = 64 << 10;

/** As `timeoutOf`, of parameters that nobody has read yet; where they can't be read, or are long, the server's own limit. */
export function unreadTimeoutOf(parameters: string, limitMs: number): number {
  if (parameters.length > SEARCHED_CHARACTERS_MAX) return limitMs;
  const found = TIMEOUT.exec(parameters);
  try {
    return found ? timeoutOf(new URLSearchParams(found[0].replace(/^&/, '')), limitMs) : limitMs;
  } catch {
    return limitMs;
  }
}

/** How far back a selector looks: what the client asks for, else the server's own. */
export function lookbackOf(parameters: URLSearchParams, fallbackMs: number): number {
  const text = parameters.get('lookback_delta') ?? '';
  if (text === '') return fallbackMs;
  try {
    const lookbackMs = apiDuration(text);
    return lookbackMs > 0 ? lookbackMs : fallbackMs;
  } catch (error) {
    throw new ApiError('bad_data', `error parsing lookback delta duration: ${(error as Error).message}`, {
      cause: error,
    });
  }
}

/** Which statistics the client wants, and the warning that an unusual value gets. */
export function statsOf(parameters: URLSearchParams): {wanted: boolean; perStep: boolean; warnings: string[]} {
  const text = parameters.get('stats') ?? '';
  const known = text === '' || text === 'true' || text === 'all';
  const warning = `value ${JSON.stringify(text)} for parameter "stats" is deprecated and will be rejected in the next major release, use "true" or "all"`;
  return {wanted: text !== '', perStep: text === 'all', warnings: known ? [] : [warning]};
}
