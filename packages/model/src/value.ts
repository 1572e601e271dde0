/**
 * A float as the JSON API writes it (without the quotes): shortest digits that read back the same, an exponent only
 * below 1e-6 and from 1e21 on, of two digits at least; `+Inf`, `-Inf`, `NaN`, `-0`.
 */
export function formatFloat(x: number): string {
  if (x === 0) return Object.is(x, -0) ? '-0' : '0';
  if (!Number.isFinite(x)) return formatSpecial(x);
  // JavaScript changes to an exponent at the same sizes, only with fewer digits in it.
  const text = String(x);
  return text.includes('e') ? padExponent(text) : text;
}

/** A float in decimal notation without exponent at any size: Go's `FormatFloat(x, 'f', -1, 64)`. */
export function formatFloatPlain(x: number): string {
  const text = formatFloat(x);
  const e = text.indexOf('e');
  if (e < 0) return text;
  const sign = text.startsWith('-') ? '-' : '';
  const digits = text.slice(sign.length, e).replace('.', '');
  const point = 1 + Number(text.slice(e + 1));
  if (point <= 0) return `${sign}0.${'0'.repeat(-point)}${digits}`;
  return sign + digits.padEnd(point, '0');
}

/** A float with an exponent below 1e-4 and from 1e6 on: Go's `FormatFloat(x, 'g', -1, 64)` and `%v`. */
export function formatFloatG(x: number): string {
  const size = Math.abs(x);
  if (size !== 0 && (size < 1e-4 || size >= 1e21)) return formatFloatE(x);
  return size >= 1e6 ? formatFloatE(x) : formatFloatPlain(x);
}

/** A float with an exponent at any size: Go's `FormatFloat(x, 'e', -1, 64)`, `1e+00`, `1.25e-07`. */
export function formatFloatE(x: number): string {
  if (!Number.isFinite(x)) return formatSpecial(x);
  return Object.is(x, -0) ? '-0e+00' : padExponent(x.toExponential());
}

function formatSpecial(x: number): string {
  if (Number.isNaN(x)) return 'NaN';
  return x > 0 ? '+Inf' : '-Inf';
}

function padExponent(text: string): string {
  const digits = text.length - 2 - text.indexOf('e');
  return digits >= 2 ? text : `${text.slice(0, -1)}0${text.slice(-1)}`;
}

const DECIMAL = /^[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?$/;
const HEXADECIMAL = /^([+-]?)0[xX](?:([0-9a-fA-F]+)\.?([0-9a-fA-F]*)|\.([0-9a-fA-F]+))[pP]([+-]?[0-9]+)$/;
const SPECIAL = /^(?:([+-]?)inf(?:inity)?|nan)$/i;

export interface ParseFloatOptions {
  /** Whether `_` may separate digits, as in Go's literals; refused by default, as every exposition format does. */
  readonly underscores?: boolean;
  /** What a number too big for a float becomes; by default it is refused as Go's range error. */
  readonly overflow?: 'refuse' | 'infinity';
}

/**
 * The float that Go's `strconv.ParseFloat` reads: decimal, hexadecimal with a binary exponent (`0x1.8p3`), `Inf`,
 * `Infinity`, `NaN` in any case, no spaces. Undefined when `text` is none of these or too big.
 */
export function parseGoFloat(text: string, options: ParseFloatOptions = {}): number | undefined {
  if (options.underscores === true && text.includes('_')) return parseUnderscored(text, options);
  const value = readFloat(text);
  if (value === undefined || Number.isFinite(value) || options.overflow === 'infinity') return value;
  return SPECIAL.test(text) ? value : undefined;
}

function readFloat(text: string): number | undefined {
  if (DECIMAL.test(text)) return Number(text);
  const special = SPECIAL.exec(text);
  if (special !== null) {
    if (special[1] === undefined) return NaN;
    return special[1] === '-' ? -Infinity : Infinity;
  }
  const hex = HEXADECIMAL.exec(text);
  if (hex === null) return undefined;
  const [, sign, whole = '', fraction = '', onlyFraction = '', exponent] = hex;
  const digits = fraction + onlyFraction;
  const size = scaleByPowerOfTwo(BigInt(`0x${whole}${digits}`), Number(exponent) - 4 * digits.length);
  return sign === '-' ? -size : size;
}

/** `mantissa` · 2^`exponent`, rounded once to the nearest float, ties to even. */
function scaleByPowerOfTwo(mantissa: bigint, exponent: number): number {
  if (mantissa === 0n) return 0;
  const bits = mantissa.toString(2).length;
  if (bits + exponent > 1100) return Infinity;
  if (bits + exponent < -1100) return 0;
  const drop = Math.max(bits - 53, -1074 - exponent);
  const kept = drop > 0 ? shiftRightToEven(mantissa, BigInt(drop)) : mantissa;
  const power = drop > 0 ? exponent + drop : exponent;
  // Two exact steps: 2^power alone may lie outside the range of floats.
  const half = Math.trunc(power / 2);
  return Number(kept) * 2 ** half * 2 ** (power - half);
}

function shiftRightToEven(value: bigint, bits: bigint): bigint {
  const kept = value >> bits;
  const rest = value - (kept << bits);
  const half = 1n << (bits - 1n);
  const up = rest > half || (rest === half && (kept & 1n) === 1n);
  return up ? kept + 1n : kept;
}

/** Underscores stand between two digits, or between the `0x` and a digit. */
const UNDERSCORES_DECIMAL = /^[+-]?[0-9.]+(?:_[0-9.]+)*(?:[eE][+-]?[0-9]+(?:_[0-9]+)*)?$/;
const UNDERSCORES_HEX = /^[+-]?0[xX]_?[0-9a-fA-F.]+(?:_[0-9a-fA-F.]+)*[pP][+-]?[0-9]+(?:_[0-9]+)*$/;

function parseUnderscored(text: string, options: ParseFloatOptions): number | undefined {
  if (text.includes('_.') || text.includes('._')) return undefined;
  if (!UNDERSCORES_DECIMAL.test(text) && !UNDERSCORES_HEX.test(text)) return undefined;
  return parseGoFloat(text.replaceAll('_', ''), {...options, underscores: false});
}
