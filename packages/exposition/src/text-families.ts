import {isUtf8} from 'node:buffer';
import {isLabelNameUnder, isMetricNameUnder, METRIC_NAME, type NameValidation} from '@narthex/model/labels.ts';
import {quoteGo} from '@narthex/model/quote.ts';
import {
  BACKSLASH,
  BLANK,
  BRACE_CLOSE,
  BRACE_OPEN,
  CLASS,
  COMMA,
  EQUAL,
  HASH,
  LABEL_PART,
  LABEL_START,
  METRIC_PART,
  METRIC_START,
  NEWLINE,
  QUOTE,
} from './ascii.ts';
import type {MetricType} from './entry.ts';
import {FamilyCollector, type SampleRole} from './family-collector.ts';
import type {LabelPair, MetricFamily} from './family.ts';
import {readFloat} from './float-bytes.ts';
import {ParseError} from './parse-error.ts';
import {quoteBytes} from './quote-bytes.ts';

const TYPES: ReadonlyMap<string, MetricType> = new Map<string, MetricType>([
  ['COUNTER', 'counter'],
  ['GAUGE', 'gauge'],
  ['SUMMARY', 'summary'],
  ['UNTYPED', 'unknown'],
  ['HISTOGRAM', 'histogram'],
  ['GAUGE_HISTOGRAM', 'gaugehistogram'],
  ['GAUGEHISTOGRAM', 'gaugehistogram'],
]);

const UNFINISHED = 'unexpected end of input stream';

/**
 * Reads a page of the text format into families, in the order of their first lines; families without metrics are left
 * out. This is the strict reader that Pushgateway, promtool and file collectors use (upstream's expfmt): it wants a
 * newline at the end, one TYPE before the samples, no unknown escapes. Throws `ParseError`
 * ("text format parsing error in line 3: ...").
 */
export function parseTextFamilies(body: Uint8Array, validation: NameValidation = 'utf8'): MetricFamily[] {
  return new TextFamilyReader(body, validation).read();
}

/** What a metric name means: its family, and which part of it the sample is. */
interface NameTarget {
  readonly family: FamilyCollector;
  readonly role: SampleRole;
}

class TextFamilyReader {
  private readonly bytes: Buffer;
  private readonly validation: NameValidation;
  private readonly families = new Map<string, FamilyCollector>();
  private i = 0;
  private line = 0;

  // The sample of the current line.
  private target: NameTarget | undefined;
  private labels: LabelPair[] = [];
  private readonly labelNames = new Set<string>();
  private boundary = Number.NaN;

  constructor(body: Uint8Array, validation: NameValidation) {
    this.bytes = Buffer.from(body.buffer, body.byteOffset, body.byteLength);
    this.validation = validation;
  }

  read(): MetricFamily[] {
    while (this.i < this.bytes.length) {
      this.line++;
      this.skipBlanks();
      if (this.i < this.bytes.length) this.readLine();
    }
    return [...this.families.values()].filter((family) => !family.isEmpty).map((family) => family.family());
  }

  private readLine(): void {
    const byte = this.byte();
    if (byte === NEWLINE) this.i++;
    else if (byte === HASH) this.readComment();
    else this.readSample(byte);
  }

  private readComment(): void {
    this.i++;
    this.skipBlanks();
    const keyword = this.word();
    if (keyword !== 'HELP' && keyword !== 'TYPE') return void this.restOfLine();
    this.skipBlanks();
    if (this.byte() === NEWLINE) return void this.i++;
    const name = this.readName(METRIC_START, METRIC_PART, 'metric');
    if (this.byte() === NEWLINE) return void this.i++;
    if ((CLASS[this.byte()] & BLANK) === 0) throw this.error('invalid metric name in comment');
    const {family} = this.targetOf(name);
    this.skipBlanks();
    if (this.byte() === NEWLINE) return void this.i++;
    if (keyword === 'HELP') this.readHelp(family);
    else this.readType(family);
  }

  private readHelp(family: FamilyCollector): void {
    if (family.help !== undefined) throw this.error(`second HELP line for metric name ${quoteGo(family.name)}`);
    const start = this.i;
    while (this.byte() !== NEWLINE) {
      if (this.byte() === BACKSLASH) this.checkEscape();
      this.i++;
    }
    family.help = unescape(this.text(start, this.i++));
  }

  private readType(family: FamilyCollector): void {
    if (family.type !== undefined) {
      const name = quoteGo(family.name);
      throw this.error(`second TYPE line for metric name ${name}, or TYPE reported after samples`);
    }
    const text = this.restOfLine();
    const type = TYPES.get(text.toUpperCase());
    if (type === undefined) throw this.error(`unknown metric type ${quoteGo(text)}`);
    family.type = type;
  }

  private readSample(first: number): void {
    this.labels = [];
    this.labelNames.clear();
    this.boundary = Number.NaN;
    this.target = undefined;
    if (first !== BRACE_OPEN) {
      const name = this.readName(METRIC_START, METRIC_PART, 'metric');
      if (name === '') throw this.error('invalid metric name');
      this.setTarget(name);
      this.skipBlanks();
    }
    if (this.byte() === BRACE_OPEN) {
      this.i++;
      this.readLabels(first === BRACE_OPEN);
      this.skipBlanks();
    }
    this.readValue();
  }

  private setTarget(name: string): void {
    this.target = this.targetOf(name);
    this.target.family.type ??= 'unknown';
  }

  /** `nameInside`: the metric name is yet to come, as a quoted string among the labels. */
  private readLabels(nameInside: boolean): void {
    for (;;) {
      this.skipBlanks();
      if (this.byte() === BRACE_CLOSE) break;
      const name = this.readName(LABEL_START, LABEL_PART, 'label');
      if (name === '') throw this.error(`invalid label name for metric ${quoteGo(this.familyName())}`);
      this.skipBlanks();
      if (this.byte() === EQUAL) this.readLabel(name);
      else this.readMetricNameInside(name, nameInside);
      if (this.byte() === BRACE_CLOSE) break;
      this.i++;
    }
    if (this.target === undefined) throw this.error('invalid metric name');
    this.i++;
  }

  private familyName(): string {
    return this.target?.family.name ?? '';
  }

  /** Leaves the reader at the comma or brace behind. */
  private readMetricNameInside(name: string, nameInside: boolean): void {
    const found = quoteByte(this.byte());
    if (!nameInside) throw this.error(`expected '=' after label name, found ${found}`);
    if (this.target !== undefined) throw this.error(`multiple metric names for metric ${quoteGo(this.familyName())}`);
    if (this.byte() !== COMMA && this.byte() !== BRACE_CLOSE) {
      throw this.error(`unexpected end of metric name ${found}`);
    }
    this.setTarget(name);
  }

  /** From the equal sign to the comma or brace behind the value. */
  private readLabel(name: string): void {
    if (name === METRIC_NAME) throw this.error(`label name ${quoteGo(METRIC_NAME)} is reserved`);
    if (!isLabelNameUnder(this.validation, name)) throw this.error(`invalid label name ${quoteGo(name)}`);
    const isBoundary = this.isBoundary(name);
    if (!isBoundary && this.labelNames.has(name)) {
      throw this.error(`duplicate label names for metric ${quoteGo(this.familyName())}`);
    }
    this.i++;
    this.skipBlanks();
    const value = this.readLabelValue();
    if (isBoundary) this.boundary = this.readBoundary(name, value);
    else this.addLabel(name, value);
    this.skipBlanks();
    if (this.byte() !== COMMA && this.byte() !== BRACE_CLOSE) {
      throw this.error(`unexpected end of label value ${quoteGo(value)}`);
    }
  }

  private addLabel(name: string, value: string): void {
    this.labels.push([name, value]);
    this.labelNames.add(name);
  }

  private isBoundary(name: string): boolean {
    const type = this.target?.family.type;
    if (type === 'summary') return name === 'quantile';
    return name === 'le' && (type === 'histogram' || type === 'gaugehistogram');
  }

  private readBoundary(name: string, text: string): number {
    const bytes = Buffer.from(text);
    const value = parseFloat(bytes, 0, bytes.length);
    if (value === undefined) {
      throw this.error(`expected float as value for '${name}' label, got ${quoteGo(text)}`);
    }
    return value;
  }

  private readLabelValue(): string {
    if (this.byte() !== QUOTE) {
      throw this.error(`expected '"' at start of label value, found ${quoteByte(this.byte())}`);
    }
    const start = ++this.i;
    this.skipQuoted(start, 'label value');
    const bytes = this.bytes.subarray(start, this.i - 1);
    if (!isUtf8(bytes)) throw this.error(`invalid label value ${quoteBytes(bytes)}`);
    return unescape(bytes.toString());
  }

  /** Moves behind the closing quote of the string whose inside starts at `start`. */
  private skipQuoted(start: number, what: string): void {
    while (this.byte() !== QUOTE) {
      if (this.byte() === BACKSLASH) this.checkEscape();
      if (this.byte() === NEWLINE) {
        throw this.error(`${what} ${quoteGo(unescape(this.text(start, this.i)))} contains unescaped new-line`);
      }
      this.i++;
    }
    this.i++;
  }

  /** Moves from a backslash to the byte it escapes. */
  private checkEscape(): void {
    this.i++;
    const byte = this.byte();
    if (byte !== BACKSLASH && byte !== QUOTE && byte !== 110) {
      throw this.error(`invalid escape sequence '\\${String.fromCharCode(byte)}'`);
    }
  }

  /** The bare or quoted name here, '' when there is none. */
  private readName(startClass: number, partClass: number, what: string): string {
    const start = this.i;
    if (this.byte() === QUOTE) {
      this.i++;
      this.skipQuoted(start + 1, `${what} name`);
      const bytes = this.bytes.subarray(start + 1, this.i - 1);
      if (!isUtf8(bytes)) throw this.error(`invalid ${what} name ${quoteBytes(bytes)}`);
      return unescape(bytes.toString());
    }
    if ((CLASS[this.byte()] & startClass) === 0) return '';
    while (CLASS[this.byte()] & partClass) this.i++;
    return this.bytes.toString('latin1', start, this.i);
  }

  private readValue(): void {
    const start = this.i;
    this.skipWord();
    const value = parseFloat(this.bytes, start, this.i);
    if (value === undefined) {
      throw this.error(`expected float as value, got ${quoteBytes(this.bytes.subarray(start, this.i))}`);
    }
    const {family, role} = this.target!;
    this.checkCount(family, role, value);
    const timestampMs = this.byte() === NEWLINE ? undefined : this.readTimestamp();
    this.i++;
    family.add({role: this.roleOf(role), labels: this.labels, value, boundary: this.boundary, timestampMs});
  }

  /** Samples of a compound family that are neither its count, sum nor a part of it only make the metric exist. */
  private roleOf(role: SampleRole): SampleRole {
    const {type} = this.target!.family;
    if (role !== 'plain' || Number.isNaN(this.boundary)) return role;
    return type === 'summary' ? 'quantile' : 'bucket';
  }

  private checkCount(family: FamilyCollector, role: SampleRole, value: number): void {
    if (!(value < 0) || (family.type !== 'histogram' && family.type !== 'gaugehistogram')) return;
    if (role === 'count') throw this.error(`negative count for histogram ${quoteGo(family.name)}`);
    if (role === 'sum' || Number.isNaN(this.boundary)) return;
    throw this.error(`negative bucket population for histogram ${quoteGo(family.name)}`);
  }

  private readTimestamp(): number {
    this.skipBlanks();
    const text = this.word();
    if (!/^[+-]?\d{1,19}$/.test(text)) throw this.error(`expected integer as timestamp, got ${quoteGo(text)}`);
    const rest = this.i;
    if (this.byte() !== NEWLINE) {
      while (this.byte() !== NEWLINE) this.i++;
      throw this.error(`spurious string after timestamp: ${quoteBytes(this.bytes.subarray(rest, this.i))}`);
    }
    return Number(text);
  }

  /** The family of a metric name; `_sum`, `_count` and `_bucket` of a known summary or histogram belong to it. */
  private targetOf(name: string): NameTarget {
    const known = this.families.get(name);
    if (known !== undefined) return {family: known, role: 'plain'};
    if (!isMetricNameUnder(this.validation, name)) throw this.error(`invalid metric name ${quoteGo(name)}`);
    const suffix = /^.+(_count|_sum|_bucket)$/s.exec(name)?.[1];
    if (suffix !== undefined) {
      const family = this.families.get(name.slice(0, -suffix.length));
      const isPart = family?.isCompound === true && (suffix !== '_bucket' || family.type !== 'summary');
      if (isPart) return {family, role: suffix === '_count' ? 'count' : suffix === '_sum' ? 'sum' : 'plain'};
    }
    const family = new FamilyCollector(name);
    this.families.set(name, family);
    return {family, role: 'plain'};
  }

  /** The byte here; the body must not end inside a line. */
  private byte(): number {
    if (this.i >= this.bytes.length) throw this.error(UNFINISHED);
    return this.bytes[this.i];
  }

  private skipBlanks(): void {
    while (this.i < this.bytes.length && CLASS[this.bytes[this.i]] & BLANK) this.i++;
  }

  /** Up to the next blank or newline. */
  private word(): string {
    const start = this.i;
    this.skipWord();
    return this.text(start, this.i);
  }

  private skipWord(): void {
    while (this.byte() !== NEWLINE && (CLASS[this.byte()] & BLANK) === 0) this.i++;
  }

  /** Up to the newline, which is consumed. */
  private restOfLine(): string {
    const start = this.i;
    while (this.byte() !== NEWLINE) this.i++;
    return this.text(start, this.i++);
  }

  private text(start: number, end: number): string {
    return this.bytes.toString('utf8', start, end);
  }

  private error(message: string): ParseError {
    return new ParseError(`text format parsing error in line ${this.line}: ${message}`, this.line);
  }
}

const cell = new Float64Array(1);

function parseFloat(bytes: Uint8Array, start: number, end: number): number | undefined {
  return readFloat(bytes, start, end, cell, 0) === undefined ? cell[0] : undefined;
}

/** Resolves escapes that have been checked. */
function unescape(text: string): string {
  return text.includes('\\') ? text.replace(/\\(.)/g, (_, char: string) => (char === 'n' ? '\n' : char)) : text;
}

/** A byte as Go's `%q` prints one: a character in single quotes. */
function quoteByte(byte: number): string {
  const char = String.fromCharCode(byte);
  if (char === "'") return "'\\''";
  return char === '"' ? `'"'` : `'${quoteGo(char).slice(1, -1)}'`;
}
