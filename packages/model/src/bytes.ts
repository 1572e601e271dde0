/** A text that is no size; the message is upstream's. */
export class BytesError extends Error {
  override readonly name = 'BytesError';
}

const UNITS: Readonly<Record<string, number>> = {
  B: 1,
  KB: 2 ** 10,
  MB: 2 ** 20,
  GB: 2 ** 30,
  TB: 2 ** 40,
  PB: 2 ** 50,
  EB: 2 ** 60,
  KiB: 2 ** 10,
  MiB: 2 ** 20,
  GiB: 2 ** 30,
  TiB: 2 ** 40,
  PiB: 2 ** 50,
  EiB: 2 ** 60,
};
const PRINTED: readonly string[] = ['EiB', 'PiB', 'TiB', 'GiB', 'MiB', 'KiB', 'B'];

/** Sizes are kept in 63 bits upstream. */
const BYTES_MAX = 2 ** 63;

/**
 * Bytes of a size such as `512MB`, `1GB512MB` or `1.5GiB`; units are powers of 1024, with `i` or without. `0` needs no
 * unit. Exact up to 2^53. Throws `BytesError`.
 */
export function parseBytes(text: string): number {
  const negative = text.startsWith('-');
  const body = /^[+-]/.test(text) ? text.slice(1) : text;
  if (body === '0') return 0;
  if (body === '') throw new BytesError(`units: invalid ${text}`);
  let total = 0;
  for (let at = 0; at < body.length;) {
    const [whole, digits, unit] = /^([0-9]*\.?[0-9]*)([^0-9.]*)/.exec(body.slice(at))!;
    if (!/[0-9]/.test(digits)) throw new BytesError(`units: invalid ${text}`);
    total += Number(digits) * unitSize(unit, text);
    at += whole.length;
  }
  const bytes = Math.trunc(total);
  if (bytes >= BYTES_MAX) throw new BytesError(`units: invalid ${text}`);
  return negative && bytes !== 0 ? -bytes : bytes;
}

function unitSize(unit: string, text: string): number {
  if (!Object.hasOwn(UNITS, unit)) throw new BytesError(`units: unknown unit ${unit} in ${text}`);
  return UNITS[unit];
}

/** A size as upstream prints it back: `512MiB`, `1GiB512MiB`, `0B`. */
export function formatBytes(bytes: number): string {
  let rest = Math.trunc(Math.abs(bytes));
  if (rest === 0) return '0B';
  let out = bytes < 0 ? '-' : '';
  for (const unit of PRINTED) {
    const size = UNITS[unit];
    if (rest < size) continue;
    out += `${Math.floor(rest / size)}${unit}`;
    rest %= size;
  }
  return out;
}
