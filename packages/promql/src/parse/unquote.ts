import {textOfBytes} from './position.ts';

const SIMPLE: Readonly<Record<string, number>> = {
  a: 0x07,
  b: 0x08,
  f: 0x0c,
  n: 0x0a,
  r: 0x0d,
  t: 0x09,
  v: 0x0b,
  '\\': 0x5c,
  "'": 0x27,
  '"': 0x22,
};

const ESCAPE = /\\(?:([abfnrtv\\'"])|x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-7]{3}))|[^\\]+|\\/g;

/**
 * The text that a string token stands for: single, double or back quotes. Undefined where an escape is none; the lexer
 * lets few of those through. Bytes that are not UTF-8 (`"\xff"`) come out as `textOfBytes` has them.
 */
export function unquote(token: string): string | undefined {
  const inner = token.slice(1, -1);
  if (token[0] === '`' || !inner.includes('\\')) return inner;
  const parts: Uint8Array[] = [];
  for (const match of inner.matchAll(ESCAPE)) {
    const part = unescape(match, token[0]);
    if (part === undefined) return undefined;
    parts.push(part);
  }
  return textOfBytes(Buffer.concat(parts));
}

function unescape(match: RegExpExecArray, quote: string): Uint8Array | undefined {
  const [whole, simple, hexByte, unicode4, unicode8, octal] = match;
  if (simple !== undefined) {
    const isOtherQuote = (simple === '"' || simple === "'") && simple !== quote;
    return isOtherQuote ? undefined : Uint8Array.of(SIMPLE[simple]);
  }
  if (hexByte !== undefined) return Uint8Array.of(Number.parseInt(hexByte, 16));
  const unicode = unicode4 ?? unicode8;
  if (unicode !== undefined) return Buffer.from(String.fromCodePoint(Number.parseInt(unicode, 16)));
  if (octal !== undefined) return byteOrNothing(Number.parseInt(octal, 8));
  return whole === '\\' ? undefined : Buffer.from(whole);
}

function byteOrNothing(value: number): Uint8Array | undefined {
  return value > 255 ? undefined : Uint8Array.of(value);
}
