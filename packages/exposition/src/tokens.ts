// Upstream's parsers stand on a lexer and their errors name the token found instead of the one expected, and the
// bytes up to one behind it. Our parsers read lines directly; only when a line is refused is the one token at the
// place of the error cut out here as upstream's lexer would (model/textparse/promlex.l, openmetricslex.l).

import {
  BACKSLASH,
  BRACE_CLOSE,
  BRACE_OPEN,
  CLASS,
  COMMA,
  DIGIT,
  EQUAL,
  HASH,
  LABEL_PART,
  LABEL_START,
  METRIC_PART,
  METRIC_START,
  NEWLINE,
  NUL,
  QUOTE,
  SPACE,
} from './ascii.ts';

/** The part of a line that the lexer believes to be in; it decides which tokens exist. */
export type LexerState =
  | 'start'
  | 'metaName'
  | 'metaText'
  | 'labels'
  | 'labelValue'
  | 'value'
  | 'timestamp'
  | 'exemplarLabels'
  | 'exemplarLabelValue'
  | 'exemplarValue'
  | 'exemplarTimestamp';

export interface Token {
  readonly name: string;
  /** Where the lexer stood after the token, or where it gave up. */
  readonly stop: number;
}

/** The token of the text format at bytes[at]; `bytes` ends with the newline upstream adds to every body. */
export function textToken(bytes: Uint8Array, at: number, state: LexerState): Token {
  if (at >= bytes.length) return {name: 'EOF', stop: at};
  switch (state) {
    case 'metaName':
      return quotedOr('MNAME', bytes, at, {nul: false, newline: true}, METRIC_START, METRIC_PART);
    case 'metaText':
      return bytes[at] === NUL ? {name: 'EOF', stop: at + 1} : invalid(at);
    case 'labels':
      return labelToken(bytes, at, {nul: false, newline: true});
    case 'labelValue':
      return quotedToken('LVALUE', bytes, at, {nul: true, newline: true});
    case 'value':
      return bytes[at] === BRACE_OPEN ? {name: 'BOPEN', stop: at + 1} : invalid(at);
    case 'timestamp': {
      if (bytes[at] === NEWLINE) return {name: 'LINEBREAK', stop: at + 1};
      const stop = skipClass(bytes, at, DIGIT);
      return stop > at ? {name: 'TIMESTAMP', stop} : invalid(at);
    }
    default:
      return invalid(at);
  }
}

/** The token of OpenMetrics at bytes[at]. */
export function openMetricsToken(bytes: Uint8Array, at: number, state: LexerState): Token {
  if (at >= bytes.length) return {name: 'EOF', stop: at};
  switch (state) {
    case 'start':
      return bytes[at] === HASH ? invalid(commentStop(bytes, at)) : invalid(at);
    case 'metaName':
      return quotedOr('MNAME', bytes, at, {nul: false, newline: true}, METRIC_START, METRIC_PART);
    case 'labels':
      return labelToken(bytes, at, {nul: false, newline: true});
    case 'exemplarLabels':
      return labelToken(bytes, at, {nul: false, newline: false});
    case 'labelValue':
      return quotedToken('LVALUE', bytes, at, {nul: true, newline: false});
    case 'exemplarLabelValue':
      if (bytes[at] === SPACE) return spacedToken('VALUE', bytes, at);
      return quotedToken('LVALUE', bytes, at, {nul: false, newline: false});
    case 'value':
      return bytes[at] === BRACE_OPEN ? {name: 'BOPEN', stop: at + 1} : spacedToken('VALUE', bytes, at);
    case 'exemplarValue':
      if (bytes[at] === QUOTE) return quotedToken('LVALUE', bytes, at, {nul: false, newline: false});
      return spacedToken('VALUE', bytes, at);
    case 'timestamp':
      return timestampToken(bytes, at);
    case 'exemplarTimestamp':
      if (bytes[at] === NEWLINE) return {name: 'LINEBREAK', stop: at + 1};
      return spacedToken('TIMESTAMP', bytes, at);
    default:
      return invalid(at);
  }
}

interface QuotedRules {
  /** NULs are passed over. */
  readonly nul: boolean;
  /** A bare newline may stand inside. */
  readonly newline: boolean;
}

function labelToken(bytes: Uint8Array, at: number, rules: QuotedRules): Token {
  switch (bytes[at]) {
    case COMMA:
      return {name: 'COMMA', stop: at + 1};
    case EQUAL:
      return {name: 'EQUAL', stop: at + 1};
    case BRACE_CLOSE:
      return {name: 'BCLOSE', stop: at + 1};
    case QUOTE:
      return quotedToken('QSTRING', bytes, at, rules);
    default:
      return nameToken('LNAME', bytes, at, LABEL_START, LABEL_PART);
  }
}

function quotedOr(
  name: string,
  bytes: Uint8Array,
  at: number,
  rules: QuotedRules,
  startClass: number,
  partClass: number,
): Token {
  if (bytes[at] === QUOTE) return quotedToken(name, bytes, at, rules);
  return nameToken(name, bytes, at, startClass, partClass);
}

function nameToken(name: string, bytes: Uint8Array, at: number, startClass: number, partClass: number): Token {
  if ((CLASS[bytes[at]] & startClass) === 0) return invalid(at);
  return {name, stop: skipClass(bytes, at + 1, partClass)};
}

function skipClass(bytes: Uint8Array, at: number, partClass: number): number {
  while (at < bytes.length && CLASS[bytes[at]] & partClass) at++;
  return at;
}

function quotedToken(name: string, bytes: Uint8Array, at: number, rules: QuotedRules): Token {
  if (bytes[at] !== QUOTE) return invalid(at);
  const end = quotedEnd(bytes, at, bytes.length, rules.nul, rules.newline);
  return end < 0 ? invalid(~end) : {name, stop: end};
}

/**
 * Offset behind the closing quote of the string that opens at bytes[at]; `~offset` of the byte that cannot be in it
 * (or of the end) when it does not close. A backslash takes the next byte with it, unless that is a newline.
 */
export function quotedEnd(bytes: Uint8Array, at: number, end: number, nul: boolean, newline: boolean): number {
  let i = at + 1;
  while (i < end) {
    const byte = bytes[i];
    if (byte === QUOTE) return i + 1;
    if (byte === BACKSLASH) {
      i++;
      if (nul) i = skipNuls(bytes, i, end);
      if (i >= end || bytes[i] === NEWLINE || bytes[i] === NUL) return ~i;
    } else if ((byte === NUL && !nul) || (byte === NEWLINE && !newline)) {
      return ~i;
    }
    i++;
  }
  return ~end;
}

function skipNuls(bytes: Uint8Array, i: number, end: number): number {
  while (i < end && bytes[i] === NUL) i++;
  return i;
}

/** A space, then everything up to the next space or newline. */
function spacedToken(name: string, bytes: Uint8Array, at: number): Token {
  if (bytes[at] !== SPACE) return invalid(at);
  let i = at + 1;
  while (i < bytes.length && bytes[i] !== SPACE && bytes[i] !== NEWLINE && bytes[i] !== NUL) i++;
  return i === at + 1 ? invalid(i) : {name, stop: i};
}

/** ` # {` opens an exemplar, ` #` with a space behind and no brace is nothing, all else with a space is a timestamp. */
function timestampToken(bytes: Uint8Array, at: number): Token {
  if (bytes[at] === NEWLINE) return {name: 'LINEBREAK', stop: at + 1};
  if (bytes[at] === SPACE && bytes[at + 1] === HASH && bytes[at + 2] === SPACE) {
    return bytes[at + 3] === BRACE_OPEN ? {name: 'COMMENT', stop: at + 4} : invalid(Math.min(at + 3, bytes.length));
  }
  return spacedToken('TIMESTAMP', bytes, at);
}

const COMMENT_KEYWORDS = ['HELP ', 'TYPE ', 'UNIT ', 'EOF'];

/** How far a comment agrees with one of the four keywords OpenMetrics knows. */
function commentStop(bytes: Uint8Array, at: number): number {
  if (bytes[at + 1] !== SPACE) return Math.min(at + 1, bytes.length);
  const from = at + 2;
  let stop = from;
  for (const keyword of COMMENT_KEYWORDS) {
    let i = 0;
    while (i < keyword.length && from + i < bytes.length && bytes[from + i] === keyword.charCodeAt(i)) i++;
    stop = Math.max(stop, from + i);
  }
  return stop;
}

function invalid(stop: number): Token {
  return {name: 'INVALID', stop};
}
