import {isUtf8} from 'node:buffer';
import {BRACE_OPEN, CLASS, HASH, METRIC_PART, METRIC_START, NEWLINE, NUL, QUOTE, SPACE} from './ascii.ts';
import {type EntryKind, EntryKind as Kind, type MetricType, type ParserOptions} from './entry.ts';
import {SeriesCursor, unescapeQuoted} from './series-cursor.ts';
import {StartTimestamps} from './start-timestamps.ts';
import {type LexerState, openMetricsToken, quotedEnd, type Token} from './tokens.ts';

const TYPES: ReadonlySet<string> = new Set<MetricType>([
  'counter',
  'gauge',
  'histogram',
  'gaugehistogram',
  'summary',
  'info',
  'stateset',
  'unknown',
]);

const UNFINISHED = 'data does not end with # EOF';

/** Bytes of "_created". */
const CREATED = [95, 99, 114, 101, 97, 116, 101, 100];

/**
 * Reads OpenMetrics 1.0 text as the server does: line by line, without checking what the specification says about
 * whole families (`parseOpenMetricsFamilies` does). Errors are in upstream's words (model/textparse).
 */
export class OpenMetricsParser extends SeriesCursor {
  /** The timestamp as written, finer than milliseconds; means something where `hasTimestamp`. */
  timestampSeconds = 0;
  private readonly options: ParserOptions;
  private starts: StartTimestamps | undefined;
  /** Length of the name in the last line of metadata: how much of a sample's name is the name of its family. */
  private familyLength = 0;

  constructor(options: ParserOptions = {}) {
    super(false, options.typeAndUnitLabels ?? false);
    this.options = options;
  }

  override reset(body: Uint8Array, start = 0, end = body.length): void {
    super.reset(body, start, end);
    this.familyLength = 0;
    this.starts?.forget();
  }

  next(): EntryKind {
    for (;;) {
      const start = this.position;
      this.beginEntry(start);
      if (start >= this.end) throw this.error(UNFINISHED);
      const byte = this.body[start];
      if (CLASS[byte] & METRIC_START) this.readSeries(start);
      else if (byte === BRACE_OPEN) this.readBracedSeries(start);
      else if (byte === HASH) return this.readMetadata(start);
      else throw this.unexpected('expected a valid start token', 'start', start);
      if (this.options.createdAsStartTimestamp !== true || !this.isCreatedSeries()) return Kind.Series;
    }
  }

  /** Whether the sample is the `_created` line of a family of a type that has them. */
  isCreatedSeries(): boolean {
    if (!hasStartTimestamp(this.metricType) || this.nameEnd - this.nameStart < CREATED.length) return false;
    const from = this.nameEnd - CREATED.length;
    for (let i = 0; i < CREATED.length; i++) if (this.body[from + i] !== CREATED[i]) return false;
    return true;
  }

  private readSeries(start: number): void {
    const body = this.body;
    const end = this.end;
    let i = start + 1;
    while (i < end && CLASS[body[i]] & METRIC_PART) i++;
    this.seriesStart = this.nameStart = start;
    this.seriesEnd = this.nameEnd = i;
    let previous = start;
    if (i < end && body[i] === BRACE_OPEN) {
      i = this.seriesEnd = this.readLabels(i + 1);
      previous = i - 1;
    }
    this.readSample(i, previous);
  }

  private readBracedSeries(start: number): void {
    this.seriesStart = start;
    this.nameStart = this.nameEnd = -1;
    this.seriesEnd = this.readLabels(start + 1);
    if (this.nameStart < 0) {
      const token = openMetricsToken(this.body.subarray(0, this.end), this.seriesEnd, 'value');
      throw this.error(`metric name not set while parsing: ${this.quote(this.lineStart, token.stop)}`);
    }
    this.readSample(this.seriesEnd, this.seriesEnd - 1);
  }

  private readSample(start: number, previous: number): void {
    const valueEnd = this.spacedEnd(start);
    if (valueEnd < 0) throw this.unexpected('expected value after metric', 'value', start, previous);
    this.readValue(start + 1, valueEnd, 0);
    const end = this.isExemplarAt(valueEnd) ? valueEnd : this.readTimestamp(valueEnd);
    if (this.isExemplarAt(end)) this.readExemplar(end + 4);
    else if (this.byteAt(end) === NEWLINE) this.position = end + 1;
    else throw this.unexpected('expected next entry after timestamp', 'timestamp', end, valueEnd);
  }

  /** Offset behind a space and the bytes up to the next space or newline; -1 when that isn't at `start`. */
  private spacedEnd(start: number): number {
    if (this.byteAt(start) !== SPACE) return -1;
    const body = this.body;
    const end = this.end;
    let i = start + 1;
    while (i < end) {
      const byte = body[i];
      if (byte === SPACE || byte === NEWLINE || byte === NUL) break;
      i++;
    }
    return i === start + 1 ? -1 : i;
  }

  /** Whether ` # {` is at `i`. */
  private isExemplarAt(i: number): boolean {
    return (
      this.byteAt(i) === SPACE &&
      this.byteAt(i + 1) === HASH &&
      this.byteAt(i + 2) === SPACE &&
      this.byteAt(i + 3) === BRACE_OPEN
    );
  }

  /** The offset behind the timestamp at `start`, or `start` itself when the line ends there. */
  private readTimestamp(start: number): number {
    const first = this.byteAt(start);
    if (first === NEWLINE) return start;
    if (first < 0) throw this.error(UNFINISHED);
    const isHash = this.byteAt(start + 1) === HASH && this.byteAt(start + 2) === SPACE;
    const end = isHash ? -1 : this.spacedEnd(start);
    if (end < 0) throw this.afterSample(start);
    this.hasTimestamp = true;
    this.timestampMs = this.readSeconds(start + 1, end, 'invalid timestamp');
    this.timestampSeconds = this.values[2];
    return end;
  }

  /**
   * Upstream lets a sample with a broken rest pass and stumbles where the next line should start, in the lexer state
   * of a timestamp; so its error begins at the byte where the rest broke.
   */
  private afterSample(start: number): Error {
    const broken = openMetricsToken(this.body.subarray(0, this.end), start, 'timestamp').stop;
    if (broken >= this.end) return this.error(UNFINISHED);
    this.lineStart = broken;
    return this.unexpected('expected a valid start token', 'timestamp', broken);
  }

  /** The seconds in body[start, end) as whole milliseconds. */
  private readSeconds(start: number, end: number, fault: string): number {
    this.readValue(start, end, 2);
    const seconds = this.values[2];
    if (!Number.isFinite(seconds)) throw this.error(`${fault} ${formatFault(seconds)}`);
    const milliseconds = Math.trunc(seconds * 1000);
    return Math.max(-Number.MAX_SAFE_INTEGER, Math.min(milliseconds, Number.MAX_SAFE_INTEGER));
  }

  private readExemplar(start: number): void {
    this.inExemplar = true;
    const labelsEnd = this.readLabels(start);
    const valueEnd = this.spacedEnd(labelsEnd);
    if (valueEnd < 0) {
      throw this.unexpected('expected value after exemplar labels', 'exemplarValue', labelsEnd, labelsEnd - 1);
    }
    this.readValue(labelsEnd + 1, valueEnd, 1);
    this.hasExemplar = true;
    this.position = this.readExemplarEnd(valueEnd);
  }

  private readExemplarEnd(valueEnd: number): number {
    const first = this.byteAt(valueEnd);
    if (first === NEWLINE) return valueEnd + 1;
    if (first < 0) throw this.error(UNFINISHED);
    const end = this.spacedEnd(valueEnd);
    if (end < 0) throw this.unexpected('expected timestamp or comment', 'exemplarTimestamp', valueEnd);
    this.exemplarTimestampMs = this.readSeconds(valueEnd + 1, end, 'invalid exemplar timestamp');
    this.hasExemplarTimestamp = true;
    if (this.byteAt(end) !== NEWLINE) {
      throw this.unexpected('expected next entry after exemplar timestamp', 'exemplarTimestamp', end, valueEnd);
    }
    return end + 1;
  }

  private readMetadata(hash: number): EntryKind {
    const word = this.bytes.toString('latin1', hash + 1, Math.min(hash + 6, this.end));
    if (word.startsWith(' EOF')) return this.readEof(hash + 5);
    const spaced = this.byteAt(hash + 6) === SPACE;
    if (!spaced || (word !== ' HELP' && word !== ' TYPE' && word !== ' UNIT')) {
      throw this.unexpected('expected a valid start token', 'start', hash);
    }
    const keyword = word.slice(1);
    const after = this.readMetadataName(hash, keyword);
    this.readMetadataText(after, keyword);
    if (keyword === 'TYPE') return this.readType();
    if (keyword === 'UNIT') return this.readUnit();
    if (!isUtf8(this.body.subarray(this.textStart, this.textEnd))) {
      throw this.error(`help text ${this.quote(this.textStart, this.textEnd)} is not a valid utf8 string`);
    }
    return Kind.Help;
  }

  private readEof(i: number): EntryKind {
    const end = this.byteAt(i) === NEWLINE ? i + 1 : i;
    if (end < this.end) throw this.error('unexpected data after # EOF');
    // The next call finds the end again.
    return Kind.End;
  }

  /** Offset behind the name, which starts seven bytes behind the hash. */
  private readMetadataName(hash: number, keyword: string): number {
    const at = hash + 7;
    const first = this.byteAt(at);
    const quoted = first === QUOTE;
    let i = at;
    if (quoted) {
      i = quotedEnd(this.body, at, this.end, false, true);
      if (i >= 0) this.noteQuoted(at, i);
    } else if (first >= 0 && CLASS[first] & METRIC_START) {
      while (i < this.end && CLASS[this.body[i]] & METRIC_PART) i++;
    } else i = -1;
    if (i < 0) throw this.unexpected(`expected metric name after ${keyword}`, 'metaName', at, hash);
    this.nameStart = quoted ? at + 1 : at;
    this.nameEnd = quoted ? i - 1 : i;
    this.familyLength = this.nameEnd - this.nameStart;
    return i;
  }

  private readMetadataText(after: number, keyword: string): void {
    const newline = this.body.indexOf(NEWLINE, after);
    if (this.byteAt(after) !== SPACE || newline < 0 || newline >= this.end) {
      throw this.error(`expected text in ${keyword}`);
    }
    this.textStart = after + 1;
    this.textEnd = newline;
    this.position = newline + 1;
  }

  private readType(): EntryKind {
    const text = this.bytes.toString('latin1', this.textStart, this.textEnd);
    if (!TYPES.has(text)) throw this.error(`invalid metric type ${this.quote(this.textStart, this.textEnd)}`);
    this.metricType = text as MetricType;
    return Kind.Type;
  }

  private readUnit(): EntryKind {
    this.unit = this.text();
    if (this.unit === '') return Kind.Unit;
    const name = this.bytes.toString('utf8', this.nameStart, this.nameEnd);
    if (!name.endsWith(`_${this.unit}`)) {
      const unit = this.quote(this.textStart, this.textEnd);
      throw this.error(`unit ${unit} not a suffix of metric ${this.quote(this.nameStart, this.nameEnd)}`);
    }
    return Kind.Unit;
  }

  text(): string {
    return unescapeQuoted(this.bytes.toString('utf8', this.textStart, this.textEnd));
  }

  /**
   * When the series of the current sample began, from its `_created` line, 0 when it has none. The line is looked for
   * ahead, up to the end of the family, once for all series before it.
   */
  startTimestampMs(): number {
    if (!hasStartTimestamp(this.metricType)) return 0;
    this.starts ??= new StartTimestamps(new OpenMetricsParser());
    return this.starts.of(this, Math.min(this.nameStart + this.familyLength, this.nameEnd), this.end);
  }

  protected token(bytes: Uint8Array, at: number, state: LexerState): Token {
    return openMetricsToken(bytes, at, state);
  }
}

function hasStartTimestamp(type: MetricType): boolean {
  return type === 'counter' || type === 'histogram' || type === 'summary';
}

/** Go's `%f` of what is not finite. */
function formatFault(value: number): string {
  if (Number.isNaN(value)) return 'NaN';
  return value > 0 ? '+Inf' : '-Inf';
}
