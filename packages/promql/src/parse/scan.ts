import {quoteGo} from '@narthex/model/quote.ts';
import {BAD_RUNE, END_OF_TEXT, isAlphaNumeric, type Cursor} from './cursor.ts';

// The scanners take the longest text that could be meant and leave the cursor where upstream's leave it, also when they
// fail: the text taken so far is part of the error message.

const DECIMAL_DIGITS = '0123456789';
const HEX_DIGITS = '0123456789abcdefABCDEF';
const LETTER_X = 0x78;

/**
 * What may surround a number: in series descriptions `x` follows one (`1+2x5`), and so there are no hexadecimal ones.
 */
export type NumberSetting = 'expression' | 'series';

/**
 * Takes a number: decimal, hexadecimal or octal, with underscores and an exponent. Whether it is a valid one is only
 * known when it is read. False when what follows cannot be a number, or goes on after one.
 */
export function scanNumber(cursor: Cursor, setting: NumberSetting): boolean {
  const begin = cursor.pos;
  let digits = DECIMAL_DIGITS;
  if (setting === 'expression' && cursor.accept('0') && cursor.accept('xX')) {
    cursor.accept('_');
    digits = HEX_DIGITS;
  }
  cursor.accept('.');
  cursor.accept(digits);
  if (!scanNumberTail(cursor, digits) || cursor.pos === begin) return false;
  const after = cursor.peek();
  return (setting === 'series' && after === LETTER_X) || !isAlphaNumeric(after);
}

/** `[digits . _ e]*`, at most one point and one exponent, nothing odd beside them. */
function scanNumberTail(cursor: Cursor, digits: string): boolean {
  let points = 0;
  let exponents = 0;
  for (;;) {
    if (cursor.accept('.')) {
      if (!scanPoint(cursor, points++ > 0, digits)) return false;
    } else if (cursor.accept('eE')) {
      if (exponents++ > 0) return false;
      cursor.accept('+-');
      if (cursor.accept('._eE') || cursor.peek() === END_OF_TEXT) return false;
    } else if (cursor.accept('_')) {
      if (cursor.accept('._eE') || cursor.peek() === END_OF_TEXT) return false;
    } else if (cursor.accept(digits)) {
      cursor.acceptRun(digits);
    } else {
      return true;
    }
  }
}

function scanPoint(cursor: Cursor, repeated: boolean, digits: string): boolean {
  if (repeated) return false;
  // There are no hexadecimal fractions.
  return !cursor.accept('_.') && digits === DECIMAL_DIGITS;
}

/**
 * Takes the rest of a duration whose first digits have been taken. On success one code point too many is taken: the
 * caller backs up.
 */
export function scanDurationRest(cursor: Cursor): boolean {
  if (!cursor.accept('smhdwy')) return false;
  // For ms; what else may come out (`hs`) is refused when the duration is read.
  cursor.accept('s');
  while (cursor.accept(DECIMAL_DIGITS)) {
    cursor.acceptRun(DECIMAL_DIGITS);
    // Years come first if at all.
    if (!cursor.accept('smhdw')) return false;
    cursor.accept('s');
  }
  return !isAlphaNumeric(cursor.next());
}

const BACKSLASH = 0x5c;
const NEWLINE = 0x0a;

/** Takes a string whose opening `quote` has been taken; gives what is wrong with it, if anything. */
export function scanString(cursor: Cursor, quote: number): string | undefined {
  for (;;) {
    const rune = cursor.next();
    if (rune === quote) return undefined;
    if (rune === BAD_RUNE) return 'invalid UTF-8 rune';
    if (rune === END_OF_TEXT || rune === NEWLINE) return 'unterminated quoted string';
    if (rune === BACKSLASH) {
      const problem = scanEscape(cursor, quote);
      if (problem !== undefined) return problem;
    }
  }
}

/** The same for a string in backquotes, which has no escapes and may hold line breaks. */
export function scanRawString(cursor: Cursor, quote: number): string | undefined {
  for (;;) {
    const rune = cursor.next();
    if (rune === quote) return undefined;
    if (rune === BAD_RUNE) return 'invalid UTF-8 rune';
    if (rune === END_OF_TEXT) return 'unterminated raw string';
  }
}

interface EscapeForm {
  readonly digits: number;
  readonly base: number;
  readonly max: number;
}

const OCTAL: EscapeForm = {digits: 3, base: 8, max: 255};
const NUMERIC_ESCAPES: ReadonlyMap<number, EscapeForm> = new Map([
  [0x78, {digits: 2, base: 16, max: 255}],
  [0x75, {digits: 4, base: 16, max: 0x10ffff}],
  [0x55, {digits: 8, base: 16, max: 0x10ffff}],
]);
const SIMPLE_ESCAPES: ReadonlySet<number> = new Set([...'abfnrtv\\'].map((char) => char.charCodeAt(0)));

function scanEscape(cursor: Cursor, quote: number): string | undefined {
  const rune = cursor.next();
  if (rune === quote || SIMPLE_ESCAPES.has(rune)) return undefined;
  if (rune >= 0x30 && rune <= 0x37) return scanEscapeDigits(cursor, rune, OCTAL);
  const form = NUMERIC_ESCAPES.get(rune);
  if (form !== undefined) return scanEscapeDigits(cursor, cursor.next(), form);
  return rune === END_OF_TEXT ? 'escape sequence not terminated' : `unknown escape sequence ${nameRune(rune)}`;
}

function scanEscapeDigits(cursor: Cursor, first: number, form: EscapeForm): string | undefined {
  let value = 0;
  for (let left = form.digits, rune = first; left > 0; left--) {
    const digit = digitOf(rune);
    if (digit >= form.base) {
      if (rune === END_OF_TEXT) return 'escape sequence not terminated';
      return `illegal character ${nameRune(rune)} in escape sequence`;
    }
    value = value * form.base + digit;
    if (left > 1) rune = cursor.next();
  }
  const isSurrogate = value >= 0xd800 && value < 0xe000;
  return value > form.max || isSurrogate ? 'escape sequence is an invalid Unicode code point' : undefined;
}

function digitOf(rune: number): number {
  if (rune >= 0x30 && rune <= 0x39) return rune - 0x30;
  const lower = rune | 0x20;
  return rune > 0 && lower >= 0x61 && lower <= 0x66 ? lower - 0x61 + 10 : 16;
}

/** Go's `%#U`: `U+0041 'A'`. */
function nameRune(rune: number): string {
  const hex = rune.toString(16).toUpperCase().padStart(4, '0');
  const char = String.fromCodePoint(rune);
  return PRINTABLE.test(char) ? `U+${hex} '${char}'` : `U+${hex}`;
}

const PRINTABLE = /[\p{L}\p{M}\p{N}\p{P}\p{S} ]/u;

/** Go's `%q` of a code point: `'x'`, `'\n'`. The end of the text prints as the replacement character. */
export function quoteRune(rune: number): string {
  if (rune === END_OF_TEXT) return "'\ufffd'";
  const quoted = quoteGo(String.fromCodePoint(rune)).slice(1, -1);
  if (quoted === "'") return String.raw`'\''`;
  return quoted === String.raw`\"` ? `'"'` : `'${quoted}'`;
}
