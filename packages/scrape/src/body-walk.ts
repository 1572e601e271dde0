// One walk through a scraped body. As long as lines are those of the last body, in their order, a kernel takes them (see
// kernels/assembly/scrape-lines.ts); where one differs, the parser reads it, and from there on a new table is made for the next body:
//
//   old table   a  b  c  d  e  f        body   a  b  x  d  f
//   new table   a  b  x  d  f           a b: copied in one piece when x is met; x: added, its labels resolved;
//                                       d: found in an index of all lines, the kernel goes on behind it; f: likewise
//
// The old table stays as it is until the caller has stored what was staged and says so: a walk or a commit that fails changes nothing.
import type {KernelMemory} from '@narthex/kernels/kernel-memory.ts';
import {
  LINES_CAPACITY,
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
  LINES_VALUE,
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
import type {Staging} from '@narthex/tsdb/head/staging.ts';
import {LineIndex} from './line-index.ts';
import {type LineMark, LineTable} from './line-table.ts';

const NEWLINE = 10;
const SPACE = 32;
const TAB = 9;
/** Kernels may read so far behind what they compare. */
const PADDING = 16;
const HASH_BYTES = 8;

/** Numbers of metric types in a line table, from 1. */
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

const DROPPED: LineMark = {slot: LINE_DROPPED, ref: 0, declares: 0};

/** The series that a line leads to, and whether it counts as a new one. */
export interface ResolvedSeries {
  readonly slot: number;
  readonly ref: number;
  readonly isNew: boolean;
}

/** What a sample line that was not there last time leads to: a series, nothing (relabelling drops it), or nothing this time. */
export type LineResolution = ResolvedSeries | 'dropped' | 'refused';

export interface BodyWalkOptions {
  readonly memory: KernelMemory;
  /** The table that parsing numbers wants, in the same memory. */
  readonly floatPowers: number;
  readonly parser: ExpositionParser;
  /** In the text format a last line may lack its line feed, and lines may be empty. */
  readonly openMetrics: boolean;
  readonly honorTimestamps: boolean;
  /** The time of samples that bring none of their own. */
  readonly timeMs: number;
  /** Of this body; above that of the last body by 2 or more. */
  readonly generation: number;
  /**
   * Finds or makes the series of the sample line that the parser has just read, `kept` being the samples that relabelling kept before
   * it. Its errors fail the walk.
   */
  readonly resolve: (parser: ExpositionParser, kept: number) => LineResolution;
}

/** Walks through one scraped body and stages its samples: as far as it goes as last time in a kernel, line by line where it differs. */
export class BodyWalk {
  readonly #options: BodyWalkOptions;
  readonly #memory: KernelMemory;
  readonly #parser: ExpositionParser;
  readonly #staging: Staging;
  readonly #table: LineTable;
  readonly #state: number;
  readonly #text: number;
  readonly #records: number;
  readonly #end: number;
  #index: LineIndex | undefined;
  /** The new table, from the first difference on. */
  #rebuilt: LineTable | undefined;
  /** The first old line that the kernel walked over and the new table does not have yet. */
  #runStart = 0;
  #added = 0;
  #refused = 0;
  /** Samples that were taken line by line. */
  #slowSamples = 0;

  /** `body` lies in `parts`, which are copied. What the walk takes of the memory is given back by the caller's mark. */
  constructor(
    table: LineTable,
    body: {readonly parts: readonly Uint8Array[]; readonly bytes: number},
    staging: Staging,
    options: BodyWalkOptions,
  ) {
    const {memory} = options;
    this.#options = options;
    this.#memory = memory;
    this.#parser = options.parser;
    this.#staging = staging;
    this.#table = table;
    this.#state = memory.alloc(LINES_STATE_BYTES + HASH_BYTES);
    this.#text = memory.alloc(table.textBytes + PADDING);
    this.#records = memory.alloc(table.recordBytes);
    const start = memory.alloc(body.bytes + 1 + PADDING);
    table.copyTo(memory.u8, this.#text, this.#records);
    this.#end = this.#copyBody(body.parts, start);
    this.#setState(start);
    this.#parser.reset(memory.u8, start, this.#end);
  }

  /** Throws ParseError for a body that is not what its format allows, and what `resolve` throws. */
  run(): void {
    for (;;) {
      const from = this.#get(LINES_NEXT);
      const reason = this.#memory.kernels.scrapeLines(this.#state);
      this.#staging.count = this.#get(LINES_STAGED);
      this.#takeType(from, this.#get(LINES_NEXT));
      if (reason === LINES_FULL) this.#growStaging();
      else if (reason === LINES_DONE && !this.#options.openMetrics) break;
      // OpenMetrics has to say that it ends, which the parser checks.
      else if (!this.#takeEntry(reason)) break;
    }
    if (this.hasChanged) this.#copyRun(this.#get(LINES_NEXT));
  }

  /** Sample lines met so far, those that relabelling drops among them; also after an error. */
  get scraped(): number {
    return this.#get(LINES_SAMPLES) + this.#slowSamples;
  }

  /** Of them, those that relabelling kept, stored or not. */
  get kept(): number {
    return this.#staging.count + this.#refused;
  }

  /** Series that the last body did not have, found so far. */
  get added(): number {
    return this.#added;
  }

  /** Whether lines vanished, came, or moved. */
  get hasChanged(): boolean {
    return this.#rebuilt !== undefined || this.#get(LINES_NEXT) !== this.#table.count;
  }

  /** Whether this body has line `i` of the old table. */
  hasSeen(i: number): boolean {
    return this.#memory.u32[this.#seenWord(i)]! >= this.#options.generation;
  }

  /** The lines of this body: the old table, when nothing has changed. */
  get settledLines(): LineTable {
    return this.#rebuilt ?? this.#table;
  }

  /** All is stored: gives the lines to expect next time. Before the memory is given back. */
  settle(): LineTable {
    if (this.#rebuilt) return this.#rebuilt;
    this.#table.takeRecords(this.#memory.u8, this.#records);
    return this.#table;
  }

  /** Take what the kernel stopped at; false at the end of the body. */
  #takeEntry(reason: number): boolean {
    const from = this.#get(LINES_POSITION);
    const line = this.#options.openMetrics ? from : this.#skipEmptyLines(from);
    if (line > from) {
      this.#set(LINES_POSITION, line);
      return true;
    }
    const kind = this.#next(line);
    if (kind === EntryKind.End) return false;
    if (kind === EntryKind.Series) this.#takeSeries(line, reason === LINES_VALUE);
    else this.#addComment(line, kind === EntryKind.Type);
    this.#set(LINES_POSITION, this.#parser.position);
    return true;
  }

  #addComment(line: number, declares: boolean): void {
    this.#copyRun(this.#get(LINES_NEXT));
    const type = declares ? metricTypes.indexOf(this.#parser.metricType) + 1 : 0;
    const bytes = this.#memory.u8.subarray(line, this.#parser.position);
    this.#rebuilt!.add(bytes, {slot: LINE_COMMENT, ref: 0, declares: type}, this.#options.generation);
  }

  /** `isPrefixed`: the line begins as the expected one. */
  #takeSeries(line: number, isPrefixed: boolean): void {
    this.#slowSamples++;
    const length = this.#valueStart() - line;
    const expected = this.#get(LINES_NEXT);
    if (isPrefixed && this.#table.length(expected) === length) {
      // Only what follows its value was not for the kernel.
      this.#stage(this.#table.slot(expected));
      this.#markSeen(expected);
      this.#set(LINES_NEXT, expected + 1);
      return;
    }
    this.#copyRun(expected);
    const known = this.#findLine(line, length);
    if (known < 0) this.#addNew(line, length);
    else if (known < this.#table.count) this.#moveTo(known, line, length);
    else this.#repeat(known - this.#table.count, line, length);
  }

  /** A line of the old table, out of order: what follows it there is likely to follow it here. */
  #moveTo(known: number, line: number, length: number): void {
    const {slot} = this.#remember(line, length, {slot: this.#table.slot(known), ref: this.#table.ref(known)});
    this.#stage(slot);
    this.#markSeen(known);
    this.#set(LINES_NEXT, known + 1);
    this.#runStart = known + 1;
  }

  /** A line that came new in this body, once more. */
  #repeat(i: number, line: number, length: number): void {
    const lines = this.#rebuilt!;
    this.#stage(this.#remember(line, length, {slot: lines.slot(i), ref: lines.ref(i)}).slot);
  }

  #addNew(line: number, length: number): void {
    const resolution = this.#options.resolve(this.#parser, this.kept);
    if (resolution === 'refused') {
      this.#refused++;
      return;
    }
    if (resolution !== 'dropped' && resolution.isNew) this.#added++;
    this.#index!.add(line, length, this.#table.count + this.#rebuilt!.count);
    this.#stage(this.#remember(line, length, resolution === 'dropped' ? DROPPED : resolution).slot);
  }

  #remember(line: number, length: number, {slot, ref}: {slot: number; ref: number}): LineMark {
    const mark = {slot, ref, declares: 0};
    this.#rebuilt!.add(this.#memory.u8.subarray(line, line + length), mark, this.#seenNow());
    return mark;
  }

  #stage(slot: number): void {
    if (slot === LINE_DROPPED) return;
    const {parser, honorTimestamps, timeMs} = this.#options;
    this.#staging.addBits(slot, honorTimestamps && parser.hasTimestamp ? parser.timestampMs : timeMs, parser.values);
    this.#tellStaging();
  }

  /** The number of the line in the old table, or, behind those, in the new one; -1 when both lack it. */
  #findLine(line: number, length: number): number {
    this.#index ??= this.#makeIndex();
    return this.#index.find(line, length);
  }

  #makeIndex(): LineIndex {
    const table = this.#table;
    const index = new LineIndex(this.#memory, this.#state + LINES_STATE_BYTES, table.count);
    for (let i = 0; i < table.count; i++) {
      if (table.slot(i) !== LINE_COMMENT) index.add(this.#text + table.offset(i), table.length(i), i);
    }
    return index;
  }

  /** The generation, and 1 more says that the line brought its own time. */
  #seenNow(): number {
    const {parser, honorTimestamps, generation} = this.#options;
    return honorTimestamps && parser.hasTimestamp ? generation + 1 : generation;
  }

  #markSeen(i: number): void {
    this.#memory.u32[this.#seenWord(i)] = this.#seenNow();
  }

  #seenWord(i: number): number {
    return (this.#records + i * LINE_BYTES + LINE_SEEN) >>> 2;
  }

  /** Bring the new table up to old line `end`: what the kernel walked over since. */
  #copyRun(end: number): void {
    this.#rebuilt ??= new LineTable(this.#table.textBytes, this.#table.count);
    this.#rebuilt.addRange(this.#table, this.#runStart, end, this.#memory.u8, this.#records);
    this.#runStart = end;
  }

  /** The parser missed what the kernel walked over: tell it the metric type in force. */
  #takeType(from: number, to: number): void {
    const declared = this.#table.declaredWithin(from, to);
    if (declared > 0) this.#parser.metricType = metricTypes[declared - 1]!;
  }

  #next(position: number): EntryKind {
    if (this.#parser.body !== this.#memory.u8) this.#followMemory();
    this.#parser.position = position;
    return this.#parser.next();
  }

  /** The memory grew, so the parser's view of it is gone. */
  #followMemory(): void {
    const {metricType} = this.#parser;
    this.#parser.reset(this.#memory.u8, 0, this.#end);
    this.#parser.metricType = metricType;
  }

  /** The beginning of the first line from `from` on that is not blank, or the end. */
  #skipEmptyLines(from: number): number {
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

  #tellStaging(): void {
    const {slots, times, values, count, capacity} = this.#staging;
    this.#set(LINES_SLOTS, slots);
    this.#set(LINES_TIMES, times);
    this.#set(LINES_VALUES, values);
    this.#set(LINES_STAGED, count);
    this.#set(LINES_CAPACITY, capacity);
  }

  #setState(start: number): void {
    const {openMetrics, honorTimestamps, floatPowers, generation, timeMs} = this.#options;
    this.#memory.u8.fill(0, this.#state, this.#state + LINES_STATE_BYTES);
    this.#set(LINES_POSITION, start);
    this.#set(LINES_END, this.#end);
    this.#set(LINES_TABLE, this.#records);
    this.#set(LINES_EXPECTED, this.#table.count);
    this.#set(LINES_TEXT, this.#text);
    this.#set(LINES_GENERATION, generation);
    this.#set(LINES_TIMESTAMPS, openMetrics ? TIMESTAMPS_STOP : honorTimestamps ? TIMESTAMPS_TAKE : TIMESTAMPS_IGNORE);
    this.#set(LINES_POWERS, floatPowers);
    this.#memory.f64[(this.#state + LINES_TIME) / 8] = timeMs;
    this.#tellStaging();
  }

  /** Gives the end of the body. */
  #copyBody(parts: readonly Uint8Array[], start: number): number {
    const {u8} = this.#memory;
    let at = start;
    for (const part of parts) {
      u8.set(part, at);
      at += part.length;
    }
    if (!this.#options.openMetrics && at > start && u8[at - 1] !== NEWLINE) u8[at++] = NEWLINE;
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
