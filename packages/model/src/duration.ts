import {quoteGo} from './quote.ts';

/** A text that is no duration; the message is upstream's. */
export class DurationError extends Error {
  override readonly name = 'DurationError';
}

const UNITS_MS: readonly (readonly [unit: string, ms: number])[] = [
  ['y', 365 * 86_400_000],
  ['w', 7 * 86_400_000],
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1000],
  ['ms', 1],
];

/** Go keeps durations in nanoseconds in 63 bits: some 292 years. */
const NANOSECONDS_MAX = (1n << 63n) - 1n;
const UINT64_MAX = (1n << 64n) - 1n;

/**
 * Milliseconds of a duration as Prometheus writes it: `1y2w3d4h5m6s7ms`, units from the biggest to the smallest,
 * each at most once, or `0`. Throws `DurationError` with upstream's texts.
 */
export function parseDuration(text: string): number {
  if (text === '0') return 0;
  if (text === '') throw new DurationError('empty duration string');
  let nanoseconds = 0n;
  let lastUnit = -1;
  for (let at = 0; at < text.length;) {
    const [digits, unit] = durationPart(text, at);
    const rank = UNITS_MS.findIndex(([name]) => name === unit);
    if (rank < 0) throw new DurationError(`unknown unit ${quoteGo(unit)} in duration ${quoteGo(text)}`);
    if (rank <= lastUnit) throw invalidDuration(text);
    lastUnit = rank;
    nanoseconds += BigInt(digits) * BigInt(UNITS_MS[rank][1]) * 1_000_000n;
    if (nanoseconds > NANOSECONDS_MAX) throw new DurationError('duration out of range');
    at += digits.length + unit.length;
  }
  return Number(nanoseconds / 1_000_000n);
}

/** Like `parseDuration`, with an optional minus sign before the whole. */
export function parseSignedDuration(text: string): number {
  return text.startsWith('-') ? 0 - parseDuration(text.slice(1)) : parseDuration(text);
}

function durationPart(text: string, at: number): [digits: string, unit: string] {
  const digits = /^[0-9]*/.exec(text.slice(at))![0];
  const unit = /^[^0-9]*/.exec(text.slice(at + digits.length))![0];
  if (digits === '' || unit === '' || exceeds(digits, UINT64_MAX)) throw invalidDuration(text);
  return [digits, unit];
}

/** Whether a number is bigger than `max`; a very long one is not even read. */
function exceeds(digits: string, max: bigint): boolean {
  const significant = digits.replace(/^0+/, '');
  return significant.length > 20 || BigInt(digits) > max;
}

function invalidDuration(text: string): DurationError {
  return new DurationError(`not a valid duration string: ${quoteGo(text)}`);
}

/** A duration as Prometheus prints it: `1d12h`, `90d`, `2w`, `0s`; years and weeks only when nothing remains. */
export function formatDuration(ms: number): string {
  let rest = Math.trunc(Math.abs(ms));
  if (rest === 0) return '0s';
  let out = ms < 0 ? '-' : '';
  for (const [unit, size] of UNITS_MS) {
    const wholeOnly = unit === 'y' || unit === 'w';
    if (rest < size || (wholeOnly && rest % size !== 0)) continue;
    out += `${Math.floor(rest / size)}${unit}`;
    rest %= size;
  }
  return out;
}

const GO_UNITS_NS: Readonly<Record<string, bigint>> = {
  ns: 1n,
  us: 1000n,
  µs: 1000n,
  μs: 1000n,
  ms: 1_000_000n,
  s: 1_000_000_000n,
  m: 60_000_000_000n,
  h: 3_600_000_000_000n,
};

const GO_PART = /([0-9]*)(\.[0-9]*)?([^0-9.]*)/y;

/**
 * Milliseconds, possibly with a fraction, of a duration as Go's `time.ParseDuration` reads it: `1h2m3.5s`, `-100ms`,
 * `1.5us`. Throws `DurationError` with Go's texts.
 */
export function parseGoDuration(text: string): number {
  const negative = text.startsWith('-');
  const body = /^[+-]/.test(text) ? text.slice(1) : text;
  if (body === '0') return 0;
  if (body === '') throw new DurationError(`time: invalid duration ${quoteGo(text)}`);
  let nanoseconds = 0n;
  for (let at = 0; at < body.length;) {
    GO_PART.lastIndex = at;
    const [whole, digits, fraction = '', unit] = GO_PART.exec(body)!;
    nanoseconds += goPartNanoseconds(text, digits, fraction.slice(1), unit);
    if (nanoseconds > NANOSECONDS_MAX + (negative ? 1n : 0n)) {
      throw new DurationError(`time: invalid duration ${quoteGo(text)}`);
    }
    at += whole.length;
  }
  const ms = Number(nanoseconds / 1_000_000n) + Number(nanoseconds % 1_000_000n) / 1e6;
  return negative && ms !== 0 ? -ms : ms;
}

function goPartNanoseconds(text: string, digits: string, fraction: string, unit: string): bigint {
  if (digits === '' && fraction === '') throw new DurationError(`time: invalid duration ${quoteGo(text)}`);
  if (unit === '') throw new DurationError(`time: missing unit in duration ${quoteGo(text)}`);
  const size = Object.hasOwn(GO_UNITS_NS, unit) ? GO_UNITS_NS[unit] : undefined;
  if (size === undefined) {
    throw new DurationError(`time: unknown unit ${quoteGo(unit)} in duration ${quoteGo(text)}`);
  }
  if (exceeds(digits, NANOSECONDS_MAX + 1n)) throw new DurationError(`time: invalid duration ${quoteGo(text)}`);
  const digitsKept = fraction.slice(0, 18);
  const part = (BigInt(digitsKept) * size) / 10n ** BigInt(digitsKept.length);
  return BigInt(digits) * size + part;
}

/** A duration as Go's `time.Duration.String` prints it: `1h2m3.5s`, `100ms`, `1.5µs`, `0s`; `ms` may have a fraction. */
export function formatGoDuration(ms: number): string {
  const size = Math.abs(ms);
  const wholeMs = Math.floor(size);
  const nanoseconds = BigInt(wholeMs) * 1_000_000n + BigInt(Math.round((size - wholeMs) * 1e6));
  if (nanoseconds === 0n) return '0s';
  return (ms < 0 ? '-' : '') + formatNanoseconds(nanoseconds);
}

function formatNanoseconds(nanoseconds: bigint): string {
  if (nanoseconds < 1_000n) return `${nanoseconds}ns`;
  if (nanoseconds < 1_000_000n) return `${decimal(nanoseconds, 3)}µs`;
  if (nanoseconds < 1_000_000_000n) return `${decimal(nanoseconds, 6)}ms`;
  const minutes = nanoseconds / 60_000_000_000n;
  const seconds = `${decimal(nanoseconds % 60_000_000_000n, 9)}s`;
  if (minutes === 0n) return seconds;
  return minutes < 60n ? `${minutes}m${seconds}` : `${minutes / 60n}h${minutes % 60n}m${seconds}`;
}

/** `n` / 10^`places` without trailing zeros. */
function decimal(n: bigint, places: number): string {
  const unit = 10n ** BigInt(places);
  const fraction = String(n % unit)
    .padStart(places, '0')
    .replace(/0+$/, '');
  return fraction === '' ? String(n / unit) : `${n / unit}.${fraction}`;
}
