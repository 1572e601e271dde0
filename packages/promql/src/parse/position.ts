import type {SourceRange} from './ast.ts';

const LINE_FEED = 0x0a;

/**
 * Upstream's `line:column` of a place in a query, both from 1, columns in bytes. `lineOffset` is added to the line: a
 * query may stand further down in a file.
 */
export function positionOf(text: string, offset: number, lineOffset = 0): string {
  if (text === '') return 'unknown position';
  if (offset < 0 || offset > text.length) return 'invalid position';
  let line = lineOffset + 1;
  let lineStart = 0;
  for (let i = 0; i < offset; i++) {
    if (text.charCodeAt(i) !== LINE_FEED) continue;
    line++;
    lineStart = i + 1;
  }
  return `${line}:${byteLength(text, lineStart, offset) + 1}`;
}

/**
 * A range in bytes, as upstream counts, of one in UTF-16 units. Upstream's errors have ranges that end before they
 * start; so may this.
 */
export function byteRange(text: string, {start, end}: SourceRange): SourceRange {
  return {start: byteLength(text, 0, start), end: byteLength(text, 0, end)};
}

/** Bytes of `text.slice(start, end)`. The stand-ins of `textOfBytes` count as the byte they stand for. */
function byteLength(text: string, start: number, end: number): number {
  let bytes = 0;
  for (let i = start; i < Math.min(end, text.length); i++) {
    const rune = text.codePointAt(i)!;
    if (rune < 0x80 || isStandIn(rune)) bytes++;
    else if (rune < 0x800) bytes += 2;
    else if (rune < 0x10000) bytes += 3;
    else {
      bytes += 4;
      i++;
    }
  }
  return bytes;
}

const STAND_IN_FIRST = 0xdc80;
const STAND_IN_LAST = 0xdcff;

function isStandIn(rune: number): boolean {
  return rune >= STAND_IN_FIRST && rune <= STAND_IN_LAST;
}

/**
 * The text of UTF-8 `bytes`. A byte that is not UTF-8 becomes a lone surrogate, U+DC00 plus the byte, so that nothing
 * is lost and no valid text looks the same; the lexer refuses it where upstream refuses the byte.
 */
export function textOfBytes(bytes: Uint8Array): string {
  const whole = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  const decoded = whole.toString();
  if (!decoded.includes('\ufffd')) return decoded;
  let text = '';
  for (let i = 0; i < whole.length;) {
    const length = runeLength(whole, i);
    text += length > 0 ? whole.toString('utf8', i, i + length) : String.fromCharCode(0xdc00 + whole[i]);
    i += Math.max(length, 1);
  }
  return text;
}

/** Bytes of the valid code point at `at`, 0 when there is none. */
function runeLength(bytes: Buffer, at: number): number {
  const first = bytes[at];
  if (first < 0x80) return 1;
  const length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  const rune = bytes.toString('utf8', at, at + length);
  const isReplacement = first === 0xef && bytes[at + 1] === 0xbf && bytes[at + 2] === 0xbd;
  return Buffer.byteLength(rune) === length && (isReplacement || !rune.includes('\ufffd')) ? length : 0;
}
