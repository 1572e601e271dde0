import {DIGIT, CLASS} from './ascii.ts';

const POWERS_OF_TEN = Float64Array.from({length: 23}, (_, exponent) => Number(`1e${exponent}`));

/** How a text fails to be a float. */
export type FloatFault = 'unsupported' | 'syntax' | 'range';

/**
 * Reads body[start, end) as a float (Go's `ParseFloat` without hexadecimal forms and underscores) and writes it to
 * `out[at]`, an ordinary NaN with its usual bits. Returns what is wrong with it, undefined when nothing is.
 */
export function readFloat(
  body: Uint8Array,
  start: number,
  end: number,
  out: Float64Array,
  at: number,
): FloatFault | undefined {
  return readShortDecimal(body, start, end, out, at) ? undefined : readAnyFloat(body, start, end, out, at);
}

/**
 * Up to 15 digits with a power of ten between -22 and 22: both are exact as floats, so one multiplication or
 * division rounds correctly (Clinger). False when the text is anything else.
 */
function readShortDecimal(body: Uint8Array, start: number, end: number, out: Float64Array, at: number): boolean {
  let i = start;
  const sign = i < end ? body[i] : 0;
  if (sign === 45 || sign === 43) i++;
  const integerStart = i;
  let mantissa = 0;
  while (i < end && CLASS[body[i]] & DIGIT) mantissa = mantissa * 10 + body[i++] - 48;
  let digits = i - integerStart;
  let exponent = 0;
  if (i < end && body[i] === 46) {
    const fractionStart = ++i;
    while (i < end && CLASS[body[i]] & DIGIT) mantissa = mantissa * 10 + body[i++] - 48;
    exponent = fractionStart - i;
    digits -= exponent;
  }
  if (digits === 0 || digits > 15) return false;
  if (i < end && (body[i] | 32) === 101) {
    const exponentSign = ++i < end ? body[i] : 0;
    if (exponentSign === 45 || exponentSign === 43) i++;
    const exponentStart = i;
    let written = 0;
    while (i < end && CLASS[body[i]] & DIGIT) written = written * 10 + body[i++] - 48;
    if (i === exponentStart || i - exponentStart > 3) return false;
    exponent += exponentSign === 45 ? -written : written;
  }
  if (i !== end || exponent < -22 || exponent > 22) return false;
  const magnitude = exponent < 0 ? mantissa / POWERS_OF_TEN[-exponent] : mantissa * POWERS_OF_TEN[exponent];
  out[at] = sign === 45 ? -magnitude : magnitude;
  return true;
}

function readAnyFloat(
  body: Uint8Array,
  start: number,
  end: number,
  out: Float64Array,
  at: number,
): FloatFault | undefined {
  for (let i = start; i < end; i++) {
    if ((body[i] | 32) === 112 || body[i] === 95) return 'unsupported';
  }
  if (isDecimal(body, start, end)) {
    const value = Number(Buffer.from(body.buffer, body.byteOffset + start, end - start).toString('latin1'));
    out[at] = value;
    return Number.isFinite(value) ? undefined : 'range';
  }
  return readSpecial(body, start, end, out, at) ? undefined : 'syntax';
}

/** `[+-]? (digits [. digits*] | . digits) ([eE] [+-]? digits)?`, in one pass whatever the input. */
function isDecimal(body: Uint8Array, start: number, end: number): boolean {
  let i = start;
  if (i < end && (body[i] === 45 || body[i] === 43)) i++;
  const integerEnd = skipDigits(body, i, end);
  let digits = integerEnd - i;
  i = integerEnd;
  if (i < end && body[i] === 46) {
    const fractionEnd = skipDigits(body, i + 1, end);
    digits += fractionEnd - i - 1;
    i = fractionEnd;
  }
  if (digits === 0) return false;
  if (i < end && (body[i] | 32) === 101) {
    i++;
    if (i < end && (body[i] === 45 || body[i] === 43)) i++;
    const exponentEnd = skipDigits(body, i, end);
    if (exponentEnd === i) return false;
    i = exponentEnd;
  }
  return i === end;
}

function skipDigits(body: Uint8Array, i: number, end: number): number {
  while (i < end && CLASS[body[i]] & DIGIT) i++;
  return i;
}

/** `NaN`, `Inf`, `Infinity` in any case, infinities with a sign. */
function readSpecial(body: Uint8Array, start: number, end: number, out: Float64Array, at: number): boolean {
  if (end - start < 3 || end - start > 9) return false;
  const text = Buffer.from(body.buffer, body.byteOffset + start, end - start)
    .toString('latin1')
    .toLowerCase();
  if (text === 'nan') {
    // The low word is set so that the value has the bits upstream calls the normal NaN (0x7ff8000000000001).
    out[at] = Number.NaN;
    const words = new Uint32Array(out.buffer, out.byteOffset + at * 8, 2);
    words[0] = 1;
    words[1] = 0x7ff80000;
    return true;
  }
  const unsigned = text.startsWith('-') || text.startsWith('+') ? text.slice(1) : text;
  if (unsigned !== 'inf' && unsigned !== 'infinity') return false;
  out[at] = text.startsWith('-') ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
  return true;
}

/** The message of Go's `ParseFloat` and of upstream's check before it. */
export function floatFaultMessage(fault: FloatFault, quoted: string): string {
  if (fault === 'unsupported') return 'unsupported character in float';
  return `strconv.ParseFloat: parsing ${quoted}: ${fault === 'syntax' ? 'invalid syntax' : 'value out of range'}`;
}
