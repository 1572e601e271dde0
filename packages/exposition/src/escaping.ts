import {isLegacyMetricName} from '@narthex/model/labels.ts';

/** How names outside the legacy alphabet travel to somebody who may not know others. */
export type EscapingScheme = 'allow-utf-8' | 'underscores' | 'dots' | 'values';

/** The scheme when nothing was negotiated. */
export const DEFAULT_ESCAPING: EscapingScheme = 'underscores';

const SCHEMES: ReadonlySet<string> = new Set<EscapingScheme>(['allow-utf-8', 'underscores', 'dots', 'values']);

/** Whether `text` is the `escaping` parameter of a header. */
export function isEscapingScheme(text: string): text is EscapingScheme {
  return SCHEMES.has(text);
}

/** The scheme that a configuration or header names; throws upstream's text for anything else. */
export function parseEscapingScheme(text: string): EscapingScheme {
  if (text === '') throw new Error('got empty string instead of escaping scheme');
  if (!isEscapingScheme(text)) throw new Error(`unknown format scheme ${text}`);
  return text;
}

const LEGACY_PART = /^[A-Za-z0-9_:]$/;
const LEGACY_START = /^[A-Za-z_:]$/;

function isLegacyAt(char: string, first: boolean): boolean {
  return (first ? LEGACY_START : LEGACY_PART).test(char);
}

/** The name as the scheme writes it; legacy names stay, but `dots` doubles their underscores. */
export function escapeName(name: string, scheme: EscapingScheme): string {
  if (name === '' || scheme === 'allow-utf-8') return name;
  if (scheme !== 'dots' && isLegacyMetricName(name)) return name;
  let escaped = scheme === 'values' ? 'U__' : '';
  let first = true;
  for (const char of name) {
    escaped += escapeChar(char, first, scheme);
    first = false;
  }
  return escaped;
}

function escapeChar(char: string, first: boolean, scheme: EscapingScheme): string {
  const legacy = isLegacyAt(char, first);
  if (scheme === 'underscores') return legacy ? char : '_';
  if (char === '_') return '__';
  if (scheme === 'dots' && char === '.') return '_dot_';
  if (legacy) return char;
  if (scheme === 'dots') return '__';
  return char.isWellFormed() ? `_${char.codePointAt(0)!.toString(16)}_` : '_FFFD_';
}

/** The name before escaping as far as the scheme lets one tell; the name itself where it doesn't. */
export function unescapeName(name: string, scheme: EscapingScheme): string {
  if (scheme === 'dots') return name.replaceAll('_dot_', '.').replaceAll('__', '_');
  if (scheme !== 'values' || !name.startsWith('U__')) return name;
  return unescapeValues(name.slice(3)) ?? name;
}

/** `__` is an underscore, `_` 1 to 6 hexadecimal digits `_` a code point; undefined when the text has anything else. */
const ESCAPED_VALUE = /_(?:_|([0-9A-Fa-f]{1,6})_)/y;

function unescapeValues(text: string): string | undefined {
  let unescaped = '';
  for (let i = 0; i < text.length;) {
    if (text[i] !== '_') {
      unescaped += text[i++];
      continue;
    }
    ESCAPED_VALUE.lastIndex = i;
    const found = ESCAPED_VALUE.exec(text);
    if (found === null) return undefined;
    const code = found[1] === undefined ? 0x5f : Number.parseInt(found[1], 16);
    if (code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff)) return undefined;
    unescaped += String.fromCodePoint(code);
    i = ESCAPED_VALUE.lastIndex;
  }
  return unescaped;
}
