import type {KernelMemory} from '@narthex/kernels/kernel-memory.ts';
import {
  LINES_CAPACITY,
  LINES_DIFFER,
  LINES_DONE,
  LINES_END,
  LINES_EXPECTED,
  LINES_FULL,
  LINES_GENERATION,
  LINES_NEXT,
  LINES_POSITION,
  LINES_POWERS,
  LINES_SAMPLES,
  LINES_SLOTS,
  LINES_STAGED,
  LINES_STATE_BYTES,
  LINES_TABLE,
  LINES_TEXT,
  LINES_TIME,
  LINES_TIMES,
  LINES_TIMESTAMPS,
  LINES_VALUES,
  LINE_BYTES,
  LINE_COMMENT,
  LINE_DROPPED,
  LINE_SEEN,
  TIMESTAMPS_IGNORE,
  TIMESTAMPS_STOP,
  TIMESTAMPS_TAKE,
} from '@narthex/kernels/layout/scrape-lines.ts';
import {EntryKind, type ExpositionParser, type MetricType} from '@narthex/exposition/entry.ts';
import {LineIndex} from './line-index.ts';
import {LineTable} from './line-table.ts';
import type {Staging} from '@narthex/tsdb/head/staging.ts';

const NEWLINE = 10;
const SPACE = 32;
const TAB = 9;
/** Kernels may read so far behind what they compare. */
const PADDING = 16;

const metricTypes: readonly MetricType[] = [
  'unknown',
  'counter',
  'gauge',
  'histogram',
  'gaugehistogram',
  'summary',
  'info',
  'stateset',
];

/** What to store a line's samples under that was not there last time. */
export type LineResolution = {readonly slot: number} | 'dropped' | 'refused';

export interface BodyWalkOptions {
  readonly memory: KernelMemory;
  /** The table that parsing numbers wants, in the same memory. */
  readonly floatPowers: number;
  readonly parser: ExpositionParser;
  /** Text allows a last line without its line feed. */
  readonly openMetrics: boolean;
  readonly honorTimestamps: boolean;
  /** The time of samples that bring none of their own. */
  readonly timeMs: number;
  /** Of this body; the one of the last body plus 2. */
  readonly generation: number;
  /** Finds or makes the series of the sample line that the parser has just read. Its errors fail the walk. */
  readonly resolve: (parser: ExpositionParser) => LineResolution;
}

export interface BodyWalkResult {
  /** What to expect next time; the table that came in, when the lines are the same. */
  readonly table: LineTable;
  /** Whether lines vanished, came, or moved. */
  readonly changed: boolean;
}

/** Walks through one scraped body: as far as it goes as last time in a kernel, line by line where it differs. */
export class BodyWalk {
  readonly #options: BodyWalkOptions;
  readonly #memory: KernelMemory;
  readonly #parser: ExpositionParser;
  readonly #staging: Staging;
  readonly #table: LineTable;
  readonly #state: number;
  readonly #records: number;
  readonly #end: number;
  #index: LineIndex | undefined;
  /** The new table, from the first difference on. */
  #rebuilt: LineTable | undefined;
  /** Up to which old record the new table is complete. */
  #copied = 0;
  #added = 0;
  /** Samples that were taken line by line. */
  #slowSamples = 0;

  /** `body` lies in `parts`, which are copied. What the walk takes of the memory is given back by the caller's mark. */
  constructor(
    table: LineTable,
    parts: readonly Uint8Array[],
    bytes: number,
    staging: Staging,
    options: BodyWalkOptions,
  ) {
    const {memory} = options;
    this.#options = options;
    this.#memory = memory;
    this.#parser = options.parser;
    this.#staging = staging;
    this.#table = table;
    this.#state = memory.alloc(LINES_STATE_BYTES);
    const text = memory.alloc(table.textBytes + PADDING);
    this.#records = memory.alloc(table.recordBytes);
    const body = memory.alloc(bytes + 1 + PADDING);
    table.copyTo(memory.u8, text, this.#records);
    this.#end = this.#copyBody(parts, body);
    this.#setState(text, body);
    this.#parser.reset(memory.u8, body, this.#end);
  }

  /** Throws ParseError for a body that is not what its format allows, and what `resolve` throws. */
  run(): BodyWalkResult {
    for (;;) {
      const from = this.#get(LINES_NEXT);
      const reason = this.#memory.kernels.scrapeLines(this.#state);
      this.#staging.count = this.#get(LINES_STAGED);
      this.#takeTypeFrom(from);
      if (reason === LINES_FULL) this.#growStaging();
      else if (reason === LINES_DIFFER ? !this.#differ() : reason === LINES_DONE ? !this.#finish() : !this.#readValue())
        break;
    }
    return this.#result();
  }

  /** Sample lines taken so far, those that relabelling drops among them; also after an error. */
  get samples(): number {
    return this.#get(LINES_SAMPLES) + this.#slowSamples;
  }

  /** Series that the last body did not have, found so far. */
  get added(): number {
    return this.#added;
  }

  #result(): BodyWalkResult {
    const next = this.#get(LINES_NEXT);
    this.#table.copyRecordsFrom(this.#memory.u8, this.#records, 0, this.#table.count);
    const changed = this.#rebuilt !== undefined || next !== this.#table.count;
    if (changed) this.#copyRuns(next);
    return {table: this.#rebuilt ?? this.#table, changed};
  }

  /** A line that was not expected here: metadata, a new series, or one that moved. False at the end of the body. */
  #differ(): boolean {
    const from = this.#get(LINES_POSITION);
    const kind = this.#next(from);
    if (kind === EntryKind.End) return false;
    const line = this.#lineStart(from);
    const expected = this.#get(LINES_NEXT);
    this.#copyRuns(expected);
    if (kind !== EntryKind.Series) this.#remember(line, this.#parser.position, LINE_COMMENT);
    else this.#moveOrAdd(line, expected);
    this.#set(LINES_POSITION, this.#parser.position);
    return true;
  }

  /** A text body may end here; OpenMetrics has to say that it ends, which the parser checks. */
  #finish(): boolean {
    return this.#options.openMetrics ? this.#differ() : false;
  }

  #moveOrAdd(line: number, expected: number): void {
    const valueStart = this.#valueStart();
    this.#index ??= new LineIndex(this.#table);
    const known = this.#index.find(this.#memory.u8.subarray(line, valueStart));
    if (known < 0) {
      this.#add(line, valueStart);
      return;
    }
    const slot = this.#table.slot(known);
    this.#stage(slot);
    this.#remember(line, valueStart, slot);
    // Lines between are likely gone; a line from further up leaves the expectation as it is.
    const next = known >= expected ? known + 1 : expected;
    this.#markKnown(known);
    this.#set(LINES_NEXT, next);
    this.#copied = next;
  }

  #add(line: number, valueStart: number): void {
    const resolution = this.#options.resolve(this.#parser);
    if (resolution === 'refused') {
      this.#slowSamples++;
      return;
    }
    const slot = resolution === 'dropped' ? LINE_DROPPED : resolution.slot;
    if (resolution !== 'dropped') this.#added++;
    this.#stage(slot);
    this.#remember(line, valueStart, slot);
  }

  /** The expected line, with something behind its value that the kernel leaves to us. */
  #readValue(): boolean {
    const expected = this.#get(LINES_NEXT);
    this.#next(this.#get(LINES_POSITION));
    this.#stage(this.#table.slot(expected));
    this.#markKnown(expected);
    this.#set(LINES_POSITION, this.#parser.position);
    this.#set(LINES_NEXT, expected + 1);
    return true;
  }

  #stage(slot: number): void {
    this.#slowSamples++;
    if (slot === LINE_DROPPED) return;
    const {parser, honorTimestamps, timeMs} = this.#options;
    this.#staging.addBits(slot, honorTimestamps && parser.hasTimestamp ? parser.timestampMs : timeMs, parser.values);
    this.#tellStaging();
  }

  /** One more than the generation says that the line brought its own time. */
  #mark(): number {
    const {parser, honorTimestamps, generation} = this.#options;
    return honorTimestamps && parser.hasTimestamp ? generation + 1 : generation;
  }

  #markKnown(i: number): void {
    this.#memory.u32[(this.#records + i * LINE_BYTES + LINE_SEEN) >>> 2] = this.#mark();
  }

  #remember(from: number, to: number, slot: number): void {
    const seen = slot === LINE_COMMENT ? this.#options.generation : this.#mark();
    this.#rebuilt!.add(this.#memory.u8.subarray(from, to), slot, seen, metricTypes.indexOf(this.#parser.metricType));
  }

  /** Bring the new table up to the old record `next`: what the kernel walked over since. */
  #copyRuns(next: number): void {
    this.#rebuilt ??= new LineTable(this.#table.textBytes, this.#table.count);
    if (next <= this.#copied) return;
    this.#table.copyRecordsFrom(this.#memory.u8, this.#records, this.#copied, next);
    this.#rebuilt.addRange(this.#table, this.#copied, next);
    this.#copied = next;
  }

  /** The parser missed what the kernel walked over: tell it the metric type in force. */
  #takeTypeFrom(from: number): void {
    const next = this.#get(LINES_NEXT);
    if (next > from) this.#parser.metricType = metricTypes[this.#table.type(next - 1)]!;
  }

  #next(position: number): EntryKind {
    if (this.#parser.body !== this.#memory.u8) this.#followMemory();
    this.#parser.position = position;
    return this.#parser.next();
  }

  /** Where the line of the entry begins that the parser found behind `from`: it skips empty lines. */
  #lineStart(from: number): number {
    const {u8} = this.#memory;
    let start = from;
    for (let i = from; i < this.#end && (u8[i] === NEWLINE || u8[i] === SPACE || u8[i] === TAB); i++) {
      if (u8[i] === NEWLINE) start = i + 1;
    }
    return start;
  }

  #valueStart(): number {
    const {u8} = this.#memory;
    let at = this.#parser.seriesEnd;
    while (u8[at] === SPACE || u8[at] === TAB) at++;
    return at;
  }

  #growStaging(): void {
    this.#staging.reserve(2 * this.#staging.capacity + 1024);
    this.#tellStaging();
  }

  /** The memory grew, so the parser's view of it is gone. */
  #followMemory(): void {
    const {metricType} = this.#parser;
    this.#parser.reset(this.#memory.u8, 0, this.#end);
    this.#parser.metricType = metricType;
  }

  #tellStaging(): void {
    const {slots, times, values, count, capacity} = this.#staging;
    this.#set(LINES_SLOTS, slots);
    this.#set(LINES_TIMES, times);
    this.#set(LINES_VALUES, values);
    this.#set(LINES_STAGED, count);
    this.#set(LINES_CAPACITY, capacity);
  }

  #setState(text: number, body: number): void {
    const {openMetrics, honorTimestamps, floatPowers, generation, timeMs} = this.#options;
    this.#memory.u8.fill(0, this.#state, this.#state + LINES_STATE_BYTES);
    this.#set(LINES_POSITION, body);
    this.#set(LINES_END, this.#end);
    this.#set(LINES_TABLE, this.#records);
    this.#set(LINES_EXPECTED, this.#table.count);
    this.#set(LINES_TEXT, text);
    this.#set(LINES_GENERATION, generation);
    this.#set(LINES_TIMESTAMPS, openMetrics ? TIMESTAMPS_STOP : honorTimestamps ? TIMESTAMPS_TAKE : TIMESTAMPS_IGNORE);
    this.#set(LINES_POWERS, floatPowers);
    this.#memory.f64[(this.#state + LINES_TIME) / 8] = timeMs;
    this.#tellStaging();
  }

  #copyBody(parts: readonly Uint8Array[], body: number): number {
    const {u8} = this.#memory;
    let at = body;
    for (const part of parts) {
      u8.set(part, at);
      at += part.length;
    }
    if (!this.#options.openMetrics && at > body && u8[at - 1] !== NEWLINE) u8[at++] = NEWLINE;
    u8.fill(0, at, at + PADDING);
    return at;
  }

  #get(field: number): number {
    return this.#memory.u32[(this.#state + field) >>> 2]!;
  }

  #set(field: number, value: number): void {
    this.#memory.u32[(this.#state + field) >>> 2] = value;
  }
}
