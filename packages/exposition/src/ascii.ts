export const NUL = 0;
export const TAB = 9;
export const NEWLINE = 10;
export const SPACE = 32;
export const QUOTE = 34;
export const HASH = 35;
export const COMMA = 44;
export const EQUAL = 61;
export const BACKSLASH = 92;
export const BRACE_OPEN = 123;
export const BRACE_CLOSE = 125;

/** Bits of `CLASS`. */
export const METRIC_START = 1;
export const METRIC_PART = 2;
export const LABEL_START = 4;
export const LABEL_PART = 8;
export const DIGIT = 16;
/** Bytes of a quoted string that mean themselves: all but NUL, newline, quote and backslash. */
export const PLAIN = 32;
/** Space and tab. */
export const BLANK = 64;

/** What a byte may be part of, as a set of the bits above. */
export const CLASS = classes();

function classes(): Uint8Array {
  const table = new Uint8Array(256);
  for (let byte = 0; byte < 256; byte++) {
    const letter = (byte >= 65 && byte <= 90) || (byte >= 97 && byte <= 122) || byte === 95;
    const digit = byte >= 48 && byte <= 57;
    let bits = 0;
    if (letter) bits |= METRIC_START | METRIC_PART | LABEL_START | LABEL_PART;
    if (byte === 58) bits |= METRIC_START | METRIC_PART;
    if (digit) bits |= METRIC_PART | LABEL_PART | DIGIT;
    if (byte !== NUL && byte !== NEWLINE && byte !== QUOTE && byte !== BACKSLASH) bits |= PLAIN;
    if (byte === SPACE || byte === TAB) bits |= BLANK;
    table[byte] = bits;
  }
  return table;
}
