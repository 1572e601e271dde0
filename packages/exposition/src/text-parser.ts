import {isUtf8} from 'node:buffer';
import {BRACE_OPEN, CLASS, DIGIT, HASH, METRIC_PART, METRIC_START, NEWLINE, NUL, QUOTE, SPACE, TAB} from './ascii.ts';
import {type EntryKind, EntryKind as Kind, type MetricType, type ParserOptions} from './entry.ts';
import {SeriesCursor, unescapeHelp} from './series-cursor.ts';
import {type LexerState, quotedEnd, textToken, type Token} from './tokens.ts';

const TYPES: ReadonlyMap<string, MetricType> = new Map<string, MetricType>([
  ['counter', 'counter'],
  ['gauge', 'gauge'],
  ['histogram', 'histogram'],
  ['summary', 'summary'],
  ['untyped', 'unknown'],
]);

const HELP_WORD = [72, 69, 76, 80];
const TYPE_WORD = [84, 89, 80, 69];

/**
 * Reads the Prometheus text format 0.0.4 (and 1.0.0, which adds quoted names) as the server does: it accepts what
 * upstream's model/textparse accepts and refuses the rest in its words. The last line needs no newline.
 */
export class TextParser extends SeriesCursor {
  private entry: EntryKind = Kind.End;

  constructor(options: ParserOptions = {}) {
    super(true, options.typeAndUnitLabels ?? false);
  }

  next(): EntryKind {
    this.entry = this.readEntry();
    return this.entry;
  }

  private readEntry(): EntryKind {
    for (;;) {
      const lineStart = this.position;
      this.beginEntry(lineStart);
      const i = this.skipBlanks(lineStart);
      if (i >= this.end) return this.finish();
      const byte = this.body[i];
      if (CLASS[byte] & METRIC_START) return this.readSeries(i);
      if (byte === BRACE_OPEN) return this.readBracedSeries(i);
      if (byte === HASH) return this.readComment(i);
      // Upstream's lexer takes a NUL at the start of a line for the end of the body.
      if (byte === NUL) return this.finish();
      if (byte !== NEWLINE) throw this.unexpected('expected a valid start token', 'start', i);
      this.position = i + 1;
    }
  }

  private finish(): EntryKind {
    this.position = this.end;
    return Kind.End;
  }

  private readSeries(start: number): EntryKind {
    const body = this.body;
    const end = this.end;
    let i = start + 1;
    while (i < end && CLASS[body[i]] & METRIC_PART) i++;
    this.seriesStart = this.nameStart = start;
    this.seriesEnd = this.nameEnd = i;
    i = this.skipBlanks(i);
    if (i < end && body[i] === BRACE_OPEN) {
      this.seriesEnd = this.readLabels(i + 1);
      i = this.skipBlanks(this.seriesEnd);
    }
    return this.readSample(i);
  }

  private readBracedSeries(start: number): EntryKind {
    this.seriesStart = start;
    this.nameStart = this.nameEnd = -1;
    this.seriesEnd = this.readLabels(start + 1);
    if (this.nameStart < 0) {
      const value = this.valueEnd(this.skipBlanks(this.seriesEnd));
      throw this.error(`metric name not set while parsing: ${this.quote(this.lineStart, value)}`);
    }
    return this.readSample(this.skipBlanks(this.seriesEnd));
  }

  /** Value and timestamp from `i` on. */
  private readSample(i: number): EntryKind {
    const valueEnd = this.valueEnd(i);
    if (valueEnd === i) throw this.unexpected('expected value after metric', 'value', i);
    this.readValue(i, valueEnd, 0);
    const next = this.skipBlanks(valueEnd);
    if (this.byteAt(next) === NEWLINE) this.position = Math.min(next + 1, this.end);
    else this.readTimestamp(next);
    return Kind.Series;
  }

  private valueEnd(i: number): number {
    const body = this.body;
    const end = this.end;
    while (i < end) {
      const byte = body[i];
      if (byte === NEWLINE || byte === SPACE || byte === TAB || byte === BRACE_OPEN || byte === NUL) break;
      i++;
    }
    return i;
  }

  private readTimestamp(start: number): void {
    const body = this.body;
    const end = this.end;
    let i = start;
    let milliseconds = 0;
    while (i < end && CLASS[body[i]] & DIGIT) milliseconds = milliseconds * 10 + body[i++] - 48;
    if (i === start) throw this.unexpected('expected timestamp or new record', 'timestamp', i);
    if (milliseconds > Number.MAX_SAFE_INTEGER) milliseconds = this.hugeTimestamp(start, i);
    this.hasTimestamp = true;
    this.timestampMs = milliseconds;
    i = this.skipBlanks(i);
    if (this.byteAt(i) !== NEWLINE) throw this.unexpected('expected next entry after timestamp', 'timestamp', i);
    this.position = Math.min(i + 1, this.end);
  }

  /** Upstream's times have 64 bits, ours 53: what lies between is as far in the future as any. */
  private hugeTimestamp(start: number, end: number): number {
    const digits = this.bytes.toString('latin1', start, end).replace(/^0+/, '');
    if (digits.length > 19 || BigInt(digits) > 0x7fffffffffffffffn) {
      const message = `strconv.ParseInt: parsing ${this.quote(start, end)}: value out of range`;
      throw this.error(`${message} while parsing: ${this.quote(this.lineStart, end)}`);
    }
    return Number.MAX_SAFE_INTEGER;
  }

  private readComment(hash: number): EntryKind {
    const word = this.skipBlanks(hash + 1);
    if (word > hash + 1) {
      if (this.isKeyword(word, HELP_WORD)) return this.readMetadata(word, 'HELP');
      if (this.isKeyword(word, TYPE_WORD)) return this.readMetadata(word, 'TYPE');
    }
    this.textStart = hash;
    this.textEnd = this.lineEnd(hash);
    this.position = Math.min(this.textEnd + 1, this.end);
    return Kind.Comment;
  }

  private isKeyword(at: number, word: readonly number[]): boolean {
    for (let i = 0; i < 4; i++) {
      if (this.byteAt(at + i) !== word[i]) return false;
    }
    return this.byteAt(at + 4) === SPACE || this.byteAt(at + 4) === TAB;
  }

  private lineEnd(from: number): number {
    const newline = this.body.indexOf(NEWLINE, from);
    return newline < 0 || newline > this.end ? this.end : newline;
  }

  private readMetadata(word: number, keyword: 'HELP' | 'TYPE'): EntryKind {
    this.readMetadataName(this.skipBlanks(word + 4), keyword);
    const after = this.byteAt(this.nameEnd) === QUOTE ? this.nameEnd + 1 : this.nameEnd;
    if (this.byteAt(after) === NUL) throw this.unexpected('linebreak expected after metadata', 'metaText', after);
    this.textEnd = this.lineEnd(after);
    // Upstream drops one byte between name and text, whatever it is; a text of blanks only is none.
    this.textStart = this.skipBlanks(after) >= this.textEnd ? this.textEnd : after + 1;
    this.position = Math.min(this.textEnd + 1, this.end);
    if (keyword === 'TYPE') return this.readType();
    if (!isUtf8(this.body.subarray(this.textStart, this.textEnd))) {
      throw this.error(`help text ${this.quote(this.textStart, this.textEnd)} is not a valid utf8 string`);
    }
    return Kind.Help;
  }

  private readMetadataName(at: number, keyword: string): void {
    const first = this.byteAt(at);
    let i = at;
    if (first === QUOTE) {
      i = quotedEnd(this.body, at, this.end, false, true);
      if (i < 0) throw this.unexpected(`expected metric name after ${keyword}`, 'metaName', at);
      this.noteQuoted(at, i);
      this.nameStart = at + 1;
      this.nameEnd = i - 1;
      return;
    }
    if (first < 0 || (CLASS[first] & METRIC_START) === 0) {
      throw this.unexpected(`expected metric name after ${keyword}`, 'metaName', at);
    }
    while (i < this.end && CLASS[this.body[i]] & METRIC_PART) i++;
    this.nameStart = at;
    this.nameEnd = i;
  }

  private readType(): EntryKind {
    const type = TYPES.get(this.bytes.toString('latin1', this.textStart, this.textEnd));
    if (type === undefined) throw this.error(`invalid metric type ${this.quote(this.textStart, this.textEnd)}`);
    this.metricType = type;
    return Kind.Type;
  }

  text(): string {
    const text = this.bytes.toString('utf8', this.textStart, this.textEnd);
    return this.entry === Kind.Help ? unescapeHelp(text) : text;
  }

  /** Always 0: the format has no start timestamps. */
  startTimestampMs(): number {
    return 0;
  }

  protected token(bytes: Uint8Array, at: number, state: LexerState): Token {
    return textToken(bytes, at, state);
  }
}
