import {isUtf8} from 'node:buffer';
import type {Labels} from '@narthex/model/labels.ts';
import {BACKSLASH, BLANK, BRACE_CLOSE, CLASS, COMMA, EQUAL, LABEL_PART, LABEL_START, NEWLINE, QUOTE} from './ascii.ts';
import {type EntryKind, EntryKind as Kind, type ExpositionParser, type LabelSink, type MetricType} from './entry.ts';
import {floatFaultMessage, readFloat} from './float-bytes.ts';
import {NativeHistogram} from './native-histogram.ts';
import {normalBoundary} from './normal-boundary.ts';
import {ParseError} from './parse-error.ts';
import {quoteBytes} from './quote-bytes.ts';
import {duplicateName, labelsOf} from './label-pairs.ts';
import {type LexerState, quotedEnd, type Token} from './tokens.ts';

/** An error quotes no more of the body than this. */
const QUOTED_BYTES_MAX = 64 * 1024;

const NO_BODY = new Uint8Array(0);
const NO_HISTOGRAM: NativeHistogram = new NativeHistogram();

/**
 * The half of a parser that both text formats share: the state of the current line, its label set, and everything
 * that is read out of it. A subclass brings the grammar of lines.
 */
export abstract class SeriesCursor implements ExpositionParser {
  body: Uint8Array = NO_BODY;
  position = 0;
  metricType: MetricType = 'unknown';
  unit = '';

  seriesStart = 0;
  seriesEnd = 0;
  nameStart = 0;
  nameEnd = 0;
  labelCount = 0;
  labelRanges = new Uint32Array(64);
  hasEscapes = false;
  /** A third cell is scratch. */
  readonly values = new Float64Array(3);
  hasTimestamp = false;
  timestampMs = 0;
  hasExemplar = false;
  hasExemplarTimestamp = false;
  exemplarTimestampMs = 0;
  /** Lines of text have no native histograms. */
  readonly histogram = NO_HISTOGRAM;

  /** End of the part of the body that is read. */
  protected end = 0;
  /** Where the line (or what is left of it, when an error is about that) starts. */
  protected lineStart = 0;
  protected textStart = 0;
  protected textEnd = 0;
  /** Whether a label set being read belongs to an exemplar; its ranges follow those of the series. */
  protected inExemplar = false;
  protected exemplarLabelCount = 0;
  protected bytes: Buffer = Buffer.from(NO_BODY.buffer);

  /** Whether `nextExemplar` has given the exemplar of the line. */
  private exemplarGiven = false;
  /** Whether the names and values of the line are ASCII without escapes. */
  private isPlain = true;
  private readonly typeAndUnitLabels: boolean;
  /** Text: blanks may stand between the parts of a label set and commas are optional. */
  private readonly lax: boolean;

  constructor(lax: boolean, typeAndUnitLabels: boolean) {
    this.lax = lax;
    this.typeAndUnitLabels = typeAndUnitLabels;
  }

  get seriesBytes(): Uint8Array {
    return this.body;
  }

  abstract next(): EntryKind;
  abstract startTimestampMs(): number;

  /** The token at `at` as upstream's lexer of the format cuts it. */
  protected abstract token(bytes: Uint8Array, at: number, state: LexerState): Token;

  reset(body: Uint8Array, start = 0, end = body.length): void {
    this.load(body, start, end);
    this.metricType = 'unknown';
    this.unit = '';
  }

  parseSeriesLine(body: Uint8Array, start: number, end: number): void {
    this.load(body, start, end);
    const kind = this.next();
    if (kind !== Kind.Series || this.position !== end) {
      throw this.error(`expected one sample line, got ${this.quote(start, end)}`);
    }
  }

  private load(body: Uint8Array, start: number, end: number): void {
    if (body !== this.body) {
      this.body = body;
      this.bytes = Buffer.from(body.buffer, body.byteOffset, body.byteLength);
    }
    this.position = start;
    this.end = end;
    this.lineStart = start;
    this.labelCount = 0;
  }

  name(): string {
    return this.unescaped(this.nameStart, this.nameEnd);
  }

  abstract text(): string;

  labels(out: LabelSink): void {
    const pairs = this.pairs();
    for (let i = 0; i < pairs.length; i += 2) out.set(pairs[i], pairs[i + 1]);
  }

  seriesLabels(): Labels {
    return labelsOf(this.pairs());
  }

  duplicateLabel(): string | undefined {
    return duplicateName(this.pairs());
  }

  /** Name, value, name, value... in the order of the line, the metric name first. */
  private pairs(): string[] {
    // One string for the line and parts of it are cheaper than a string for each part.
    const line = this.isPlain ? this.bytes.toString('latin1', this.seriesStart, this.seriesEnd) : undefined;
    const ranges = this.labelRanges;
    const metadata = this.typeAndUnitLabels;
    const pairs = ['__name__', this.partText(line, this.nameStart, this.nameEnd)];
    if (metadata) this.addMetadataLabels(pairs);
    for (let i = 0; i < 4 * this.labelCount; i += 4) {
      const name = this.partText(line, ranges[i], ranges[i + 1]);
      if (metadata && this.isMetadataLabel(name)) continue;
      const value = this.partText(line, ranges[i + 2], ranges[i + 3]);
      pairs.push(name, this.isBoundary(name) ? normalBoundary(value) : value);
    }
    return pairs;
  }

  private partText(line: string | undefined, start: number, end: number): string {
    return line === undefined
      ? this.unescaped(start, end)
      : line.substring(start - this.seriesStart, end - this.seriesStart);
  }

  /** Whether the label is the boundary of a bucket or the rank of a quantile, going by the declared type. */
  private isBoundary(name: string): boolean {
    return (this.metricType === 'histogram' && name === 'le') || (this.metricType === 'summary' && name === 'quantile');
  }

  private addMetadataLabels(pairs: string[]): void {
    if (this.metricType !== 'unknown') pairs.push('__type__', this.metricType);
    if (this.unit !== '') pairs.push('__unit__', this.unit);
  }

  private isMetadataLabel(name: string): boolean {
    if (name === '__name__') return true;
    return (name === '__type__' && this.metricType !== 'unknown') || (name === '__unit__' && this.unit !== '');
  }

  nextExemplar(): boolean {
    if (!this.hasExemplar || this.exemplarGiven) return false;
    this.exemplarGiven = true;
    return true;
  }

  exemplarLabels(out: LabelSink): void {
    const from = 4 * this.labelCount;
    for (let i = from; i < from + 4 * this.exemplarLabelCount; i += 4) {
      const ranges = this.labelRanges;
      out.set(this.unescaped(ranges[i], ranges[i + 1]), this.unescaped(ranges[i + 2], ranges[i + 3]));
    }
  }

  private unescaped(start: number, end: number): string {
    return unescapeQuoted(this.bytes.toString('utf8', start, end));
  }

  /** Forgets the last entry. `lineStart` is where errors begin to quote. */
  protected beginEntry(lineStart: number): void {
    this.lineStart = lineStart;
    this.labelCount = 0;
    this.hasEscapes = false;
    this.isPlain = true;
    this.hasTimestamp = false;
    this.timestampMs = 0;
    this.hasExemplar = false;
    this.exemplarGiven = false;
    this.hasExemplarTimestamp = false;
    this.exemplarTimestampMs = 0;
    this.exemplarLabelCount = 0;
    this.inExemplar = false;
  }

  protected skipBlanks(i: number): number {
    while (i < this.end && CLASS[this.body[i]] & BLANK) i++;
    return i;
  }

  /** The byte at `i`; a body of the text format goes on with a newline, one of OpenMetrics with nothing (-1). */
  protected byteAt(i: number): number {
    if (i < this.end) return this.body[i];
    return this.lax && i === this.end ? NEWLINE : -1;
  }

  /** Reads a label set from behind its opening brace (at `i - 1`) and returns the offset behind the closing one. */
  protected readLabels(i: number): number {
    let previous = i - 1;
    if (!this.inExemplar) i = this.readPlainLabels(i);
    if (i > previous + 1) previous = i - 1;
    for (;;) {
      if (this.lax) i = this.skipBlanks(i);
      const first = this.byteAt(i);
      if (first === BRACE_CLOSE) return i + 1;
      const nameStart = i;
      i = this.readLabelName(i, first, previous);
      const nameEnd = i;
      if (this.lax) i = this.skipBlanks(i);
      const separator = this.byteAt(i);
      if (first === QUOTE && (separator === COMMA || separator === BRACE_CLOSE)) {
        this.setQuotedMetricName(nameStart, nameEnd, i);
        if (separator === BRACE_CLOSE) return i + 1;
        previous = i++;
        continue;
      }
      if (separator !== EQUAL) throw this.unexpected('expected equal', this.labelsState(), i, nameStart);
      const valueStart = this.lax ? this.skipBlanks(i + 1) : i + 1;
      i = this.readLabelValue(valueStart, i);
      const quotes = first === QUOTE ? 1 : 0;
      this.addLabel(nameStart + quotes, nameEnd - quotes, valueStart + 1, i - 1);
      if (this.lax) i = this.skipBlanks(i);
      const last = this.byteAt(i);
      previous = valueStart;
      if (last === COMMA) previous = i++;
      else if (!this.lax && last !== BRACE_CLOSE) {
        throw this.unexpected('expected comma or brace close', this.labelsState(), i, valueStart);
      }
    }
  }

  /**
   * Reads labels in the form nearly all have: bare name, ASCII value without escapes, no blanks. Returns the offset
   * where the first other label (or the closing brace) begins.
   */
  private readPlainLabels(i: number): number {
    const body = this.body;
    const end = this.end;
    for (;;) {
      const nameStart = i;
      if (i >= end || (CLASS[body[i]] & LABEL_START) === 0) return nameStart;
      while (++i < end && CLASS[body[i]] & LABEL_PART);
      const nameEnd = i;
      if (i + 1 >= end || body[i] !== EQUAL || body[i + 1] !== QUOTE) return nameStart;
      const valueStart = (i += 2);
      let byte = 0;
      while (i < end && (byte = body[i]) !== QUOTE && byte !== BACKSLASH && byte > NEWLINE && byte < 0x80) i++;
      if (i + 1 >= end || byte !== QUOTE) return nameStart;
      const separator = body[i + 1];
      if (separator !== COMMA && separator !== BRACE_CLOSE) return nameStart;
      this.addLabel(nameStart, nameEnd, valueStart, i++);
      if (separator === BRACE_CLOSE) return i;
      i++;
    }
  }

  private labelsState(): LexerState {
    return this.inExemplar ? 'exemplarLabels' : 'labels';
  }

  /** Offset behind the label name, or the quoted name, at `i`. */
  private readLabelName(i: number, first: number, previous: number): number {
    if (first === QUOTE) return this.readQuotedName(i, previous);
    if (first < 0 || (CLASS[first] & LABEL_START) === 0) {
      throw this.unexpected('expected label name', this.labelsState(), i, previous);
    }
    const body = this.body;
    const end = this.end;
    while (++i < end && CLASS[body[i]] & LABEL_PART);
    return i;
  }

  private readQuotedName(at: number, previous: number): number {
    const end = quotedEnd(this.body, at, this.end, false, !this.inExemplar);
    if (end < 0) throw this.unexpected('expected label name', this.labelsState(), at, previous);
    this.noteQuoted(at, end);
    return end;
  }

  /** Remembers escapes of a quoted name; names are UTF-8. */
  protected noteQuoted(start: number, end: number): void {
    const quoted = this.body.subarray(start, end);
    this.isPlain = false;
    if (quoted.includes(BACKSLASH)) this.hasEscapes = true;
    if (!isUtf8(quoted)) throw this.error(`invalid metric name or label names: ${this.quote(start, end)}`);
  }

  private setQuotedMetricName(start: number, end: number, separator: number): void {
    if (this.inExemplar) throw this.unexpected('expected label name', 'exemplarLabels', separator, start);
    if (this.nameStart >= 0) {
      throw this.error(`metric name already set while parsing: ${this.quote(this.lineStart, separator + 1)}`);
    }
    this.nameStart = start + 1;
    this.nameEnd = end - 1;
  }

  /** Offset behind the label value at `at`. */
  private readLabelValue(at: number, equal: number): number {
    const body = this.body;
    const end = this.end;
    let i = at;
    let high = 0;
    if (this.byteAt(i) === QUOTE) {
      let byte = 0;
      while (++i < end && (byte = body[i]) !== QUOTE && byte !== BACKSLASH && byte > NEWLINE) high |= byte;
      if (i < end && byte === QUOTE) i++;
      else i = this.readAwkwardValue(at, equal);
    } else {
      throw this.unexpected('expected label value', this.valueState(), at, equal);
    }
    if (high >= 0x80) this.isPlain = false;
    if (!this.isPlain && !isUtf8(body.subarray(at, i))) {
      throw this.error(`invalid UTF-8 label value: ${this.quote(at, i)}`);
    }
    return i;
  }

  /** A value with escapes, newlines or NULs in it. */
  private readAwkwardValue(at: number, equal: number): number {
    const end = quotedEnd(this.body, at, this.end, !this.inExemplar, this.lax);
    if (end < 0) throw this.unexpected('expected label value', this.valueState(), at, equal);
    this.isPlain = false;
    if (this.body.subarray(at, end).includes(BACKSLASH)) this.hasEscapes = true;
    return end;
  }

  private valueState(): LexerState {
    return this.inExemplar ? 'exemplarLabelValue' : 'labelValue';
  }

  private addLabel(nameStart: number, nameEnd: number, valueStart: number, valueEnd: number): void {
    const at = 4 * (this.labelCount + this.exemplarLabelCount);
    if (at + 4 > this.labelRanges.length) this.growRanges();
    const ranges = this.labelRanges;
    ranges[at] = nameStart;
    ranges[at + 1] = nameEnd;
    ranges[at + 2] = valueStart;
    ranges[at + 3] = valueEnd;
    if (this.inExemplar) this.exemplarLabelCount++;
    else this.labelCount++;
  }

  private growRanges(): void {
    const grown = new Uint32Array(2 * this.labelRanges.length);
    grown.set(this.labelRanges);
    this.labelRanges = grown;
  }

  /** Reads the float at body[start, end) into cell `at` of `values`. */
  protected readValue(start: number, end: number, at: number): void {
    const fault = readFloat(this.body, start, end, this.values, at);
    if (fault === undefined) return;
    const message = floatFaultMessage(fault, this.quote(start, end));
    throw this.error(`${message} while parsing: ${this.quote(this.lineStart, end)}`);
  }

  /**
   * The error of a line where the token at `at` is not what the grammar wants. `previous` is the start of the token
   * before, which upstream quotes when the body ends.
   */
  protected unexpected(expectation: string, state: LexerState, at: number, previous = at): ParseError {
    const window = this.window(this.lineStart, this.end + 1);
    const token = this.token(window, at - this.lineStart, state);
    const start = token.name === 'EOF' && token.stop >= window.length ? previous : at;
    const stop = this.lineStart + token.stop + 1;
    return this.error(
      `${expectation}, got ${this.quote(start, stop)} ("${token.name}") while parsing: ${this.quote(this.lineStart, stop)}`,
    );
  }

  /** Line of the entry in the body, from 1. Counts newlines: for errors. */
  line(): number {
    let line = 1;
    let newline = this.body.indexOf(NEWLINE);
    while (newline >= 0 && newline < this.lineStart) {
      line++;
      newline = this.body.indexOf(NEWLINE, newline + 1);
    }
    return line;
  }

  protected error(message: string): ParseError {
    return new ParseError(message, this.line());
  }

  /** The bytes from `start` to `end` in quotes; as far as the body goes. */
  protected quote(start: number, end: number): string {
    return quoteBytes(this.window(start, end));
  }

  /** A copy of the bytes from `start` to `end`, with the newline that ends every body of the text format. */
  private window(start: number, end: number): Uint8Array {
    const shown = Math.min(end, start + QUOTED_BYTES_MAX);
    const bytes = this.body.subarray(start, Math.min(shown, this.end));
    if (!this.lax || shown <= this.end) return bytes;
    const terminated = new Uint8Array(bytes.length + 1);
    terminated.set(bytes);
    terminated[bytes.length] = NEWLINE;
    return terminated;
  }
}

/** Replaces `\\`, `\"` and `\n`; any other backslash stands for itself. */
export function unescapeQuoted(text: string): string {
  if (!text.includes('\\')) return text;
  return text.replace(/\\(["\\n])/g, (_, char: string) => (char === 'n' ? '\n' : char));
}

/** Replaces `\\` and `\n`, as the help of the text format has them. */
export function unescapeHelp(text: string): string {
  if (!text.includes('\\')) return text;
  return text.replace(/\\([\\n])/g, (_, char: string) => (char === 'n' ? '\n' : char));
}
