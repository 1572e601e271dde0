import {EntryKind, type ExpositionParser} from '@narthex/exposition/entry.ts';
import {createParser} from '@narthex/exposition/parser.ts';
import {type Labels, LabelsBuilder, METRIC_NAME} from '@narthex/model/labels.ts';
import {STALE_NAN_BITS} from '@narthex/model/stale.ts';
import type {ScrapeConfig} from '../config.ts';
import type {Refusals} from '../refusals.ts';
import type {ScrapeReport} from '../report-series.ts';
import {checkStored, SampleLabelsError, storedLabels} from '../sample-labels.ts';
import {SampleLimitError} from '../sample-limit.ts';
import type {BodyCounts} from '../target-appender.ts';
import type {PlainSample} from './test-store.ts';

const HOUR_MS = 3_600_000;
const AHEAD_MS = 600_000;
const REPORT = [
  'up',
  'scrape_duration_seconds',
  'scrape_samples_scraped',
  'scrape_samples_post_metric_relabeling',
  'scrape_series_added',
];
const EXTRA = ['scrape_timeout_seconds', 'scrape_sample_limit', 'scrape_body_size_bytes'];

const bits = (value: number): bigint => new BigUint64Array(Float64Array.of(value).buffer)[0]!;

/** Storage as Maps: the newest sample of a series decides. */
export class ReferenceStore {
  readonly samples = new Map<string, PlainSample[]>();
  isFull: (labels: string) => boolean = () => false;
  isBroken = false;
  readonly #made = new Set<string>();
  #maxTime = -Infinity;

  /** False when there is no room for a series that is new. */
  make(series: string): boolean {
    if (this.isFull(series) && !this.#made.has(series)) return false;
    this.#made.add(series);
    return true;
  }

  /** What became of each sample. */
  append(batch: readonly Staged[]): string[] {
    if (this.isBroken) throw new Error('cannot write the log');
    const now = this.#maxTime === -Infinity && batch.length > 0 ? batch[0]!.timeMs : this.#maxTime;
    return batch.map((staged) => this.#appendOne(staged, now - HOUR_MS));
  }

  #appendOne({series, timeMs, bits}: Staged, minValidMs: number): string {
    const list = this.samples.get(series) ?? [];
    const newest = list.at(-1);
    if (timeMs < minValidMs) return 'out of bounds';
    if (newest && timeMs < newest[0]) return 'out of order';
    if (newest && timeMs === newest[0]) return bits === newest[1] ? 'duplicate' : 'conflict';
    this.samples.set(series, [...list, [timeMs, bits]]);
    this.#maxTime = Math.max(this.#maxTime, timeMs);
    return 'stored';
  }
}

interface Staged {
  readonly series: string;
  readonly timeMs: number;
  readonly bits: bigint;
}

/** A line as it was: the series that it led to ('' when it was dropped), and whether that ends when the line vanishes. */
interface Line {
  readonly series: string;
  readonly labels: Labels | undefined;
  hasOwnTime: boolean;
}

/** What `TargetAppender` does, as plainly as it can be said: each body is parsed whole, lines and series are kept in Maps. */
export class ReferenceTarget {
  readonly store: ReferenceStore;
  config: ScrapeConfig;
  readonly #target: Labels;
  readonly #timeoutMs: number;
  /** Lines of the last body by their bytes. */
  lines = new Map<string, Line>();
  counts: BodyCounts = {scraped: 0, kept: 0, seriesAdded: 0};
  #isAlive = false;
  #reported = 0;
  #resolveAgain = false;
  /** Series of bodies that failed since the last one that was stored: they are new only once. */
  #failed = new Set<string>();

  constructor(store: ReferenceStore, config: ScrapeConfig, target: Labels, timeoutMs: number) {
    this.store = store;
    this.config = config;
    this.#target = target;
    this.#timeoutMs = timeoutMs;
  }

  setConfig(config: ScrapeConfig, sameSeries: boolean): void {
    this.config = config;
    if (sameSeries) return;
    this.#resolveAgain = true;
    this.#failed.clear();
  }

  append(
    text: Uint8Array,
    format: 'text' | 'openmetrics',
    timeMs: number,
    reportOf: (counts: BodyCounts) => ScrapeReport,
  ): Refusals {
    this.counts = {scraped: 0, kept: 0, seriesAdded: 0};
    if (text.length === 0) return this.fail(timeMs, reportOf(this.counts));
    const known = this.#resolveAgain ? new Map<string, Line>() : this.lines;
    const body = new ReferenceBody(this.config, this.#target, this.store, known, timeMs, this.#failed);
    try {
      body.read(text, format);
    } catch (error) {
      for (const series of body.fresh) this.#failed.add(series);
      throw error;
    } finally {
      this.counts = body.counts;
    }
    const failed = new Set([...this.#failed, ...body.fresh]);
    const ended = this.#liveSeries();
    for (const {series} of body.lines.values()) ended.delete(series);
    const report = this.#report(reportOf(this.counts), timeMs);
    this.#failed = failed;
    const statuses = this.store.append([...body.staged, ...stale(ended, timeMs), ...report]);
    this.#failed.clear();
    this.lines = body.lines;
    this.#isAlive = true;
    this.#resolveAgain = false;
    this.#reported = this.#reportLength;
    return refusals(body, statuses.slice(0, body.staged.length), timeMs);
  }

  fail(timeMs: number, result: ScrapeReport): Refusals {
    const report = this.#report(result, timeMs);
    this.store.append([...stale(this.#liveSeries(), timeMs), ...report]);
    this.#isAlive = false;
    this.#reported = this.#reportLength;
    return {outOfOrder: 0, duplicates: 0, outOfBounds: 0};
  }

  end(timeMs: number): void {
    const names = [...REPORT, ...EXTRA].slice(0, this.#reported);
    const report = names.map((name) => this.#reportSeries(name)).filter((series) => this.store.make(series));
    this.store.append([...stale(this.#liveSeries(), timeMs), ...stale(report, timeMs)]);
    this.#isAlive = false;
    this.#reported = 0;
  }

  /** The store has removed these series. */
  forget(removed: ReadonlySet<string>): void {
    for (const [key, {series}] of this.lines) if (removed.has(series)) this.lines.delete(key);
    this.#failed.clear();
  }

  #liveSeries(): Set<string> {
    const live = new Set<string>();
    if (!this.#isAlive) return live;
    for (const {series, hasOwnTime} of this.lines.values()) {
      if (series !== '' && (!hasOwnTime || this.config.trackTimestampsStaleness)) live.add(series);
    }
    return live;
  }

  #report(report: ScrapeReport, timeMs: number): Staged[] {
    const values = [Number(report.up), report.durationSeconds, report.scraped, report.kept, report.seriesAdded];
    const {extraScrapeMetrics, sampleLimit} = this.config;
    if (extraScrapeMetrics) values.push(this.#timeoutMs / 1000, sampleLimit, report.bodyBytes);
    const names = [...REPORT, ...EXTRA];
    const staged = values.map((value, i) => ({series: this.#reportSeries(names[i]!), timeMs, bits: bits(value)}));
    const gone = names.slice(values.length, this.#reported).map((name) => this.#reportSeries(name));
    return [...staged, ...stale(gone, timeMs)].filter(({series}) => this.store.make(series));
  }

  get #reportLength(): number {
    return REPORT.length + (this.config.extraScrapeMetrics ? EXTRA.length : 0);
  }

  #reportSeries(name: string): string {
    return String(new LabelsBuilder(this.#target).set(METRIC_NAME, name).labels());
  }
}

const stale = (series: Iterable<string>, timeMs: number): Staged[] =>
  Array.from(series, (each) => ({series: each, timeMs, bits: STALE_NAN_BITS}));

function refusals(body: ReferenceBody, statuses: readonly string[], timeMs: number): Refusals {
  const count = (is: (status: string, i: number) => boolean) => statuses.filter(is).length;
  const isRepeat = (status: string, i: number) => status === 'duplicate' && body.staged[i]!.timeMs === timeMs;
  return {
    outOfOrder: count((status) => status === 'out of order'),
    duplicates: count((status, i) => status === 'conflict' || isRepeat(status, i)),
    outOfBounds: count((status) => status === 'out of bounds') + body.ahead,
  };
}

/** One body, read line by line. */
class ReferenceBody {
  readonly lines = new Map<string, Line>();
  readonly staged: Staged[] = [];
  ahead = 0;
  readonly #config: ScrapeConfig;
  readonly #target: Labels;
  readonly #store: ReferenceStore;
  readonly #known: ReadonlyMap<string, Line>;
  readonly #timeMs: number;
  readonly #failed: ReadonlySet<string>;
  readonly #atScrapeTime = new Set<string>();
  readonly fresh: string[] = [];
  #scraped = 0;
  #kept = 0;
  #repeats = 0;
  #added = 0;

  constructor(
    config: ScrapeConfig,
    target: Labels,
    store: ReferenceStore,
    known: ReadonlyMap<string, Line>,
    timeMs: number,
    failed: ReadonlySet<string>,
  ) {
    this.#failed = failed;
    this.#config = config;
    this.#target = target;
    this.#store = store;
    this.#known = known;
    this.#timeMs = timeMs;
  }

  get counts(): BodyCounts {
    return {scraped: this.#scraped, kept: this.#kept, seriesAdded: this.#added};
  }

  read(text: Uint8Array, format: 'text' | 'openmetrics'): void {
    const parser = createParser(format);
    parser.reset(text);
    for (let from = 0; ; from = parser.position) {
      const kind = parser.next();
      if (kind === EntryKind.End) break;
      if (kind === EntryKind.Series) this.#take(parser, keyOf(text, from, parser));
    }
    const {sampleLimit} = this.#config;
    if (sampleLimit > 0 && this.#kept - this.#repeats > sampleLimit) throw new SampleLimitError();
  }

  #take(parser: ExpositionParser, key: string): void {
    this.#scraped++;
    const ownTime = this.#config.honorTimestamps && parser.hasTimestamp;
    const timeMs = ownTime ? parser.timestampMs : this.#timeMs;
    const repeated = this.lines.get(key);
    const known = repeated ?? this.#known.get(key);
    const hasOwnTime = ownTime && (repeated?.hasOwnTime ?? true);
    const line = known ? {...known, hasOwnTime} : this.#resolve(parser, timeMs, ownTime);
    if (line === undefined) return;
    this.lines.set(key, line);
    if (line.series === '') return;
    this.#kept++;
    if (timeMs === this.#timeMs) {
      if (this.#atScrapeTime.has(line.series)) this.#repeats++;
      this.#atScrapeTime.add(line.series);
    }
    if (timeMs > Date.now() + AHEAD_MS) this.ahead++;
    else this.staged.push({series: line.series, timeMs, bits: valueBits(parser)});
  }

  /** Undefined when the line is left out this time. */
  #resolve(parser: ExpositionParser, timeMs: number, hasOwnTime: boolean): Line | undefined {
    const labels = storedLabels(parser.seriesLabels(), parser, {...this.#config, target: this.#target});
    if (labels === undefined) return {series: '', labels, hasOwnTime};
    checkStored(labels, this.#config);
    const series = String(labels);
    const {sampleLimit} = this.#config;
    const isOver = sampleLimit > 0 && this.#kept + 1 - this.#repeats > sampleLimit;
    const isAhead = timeMs > Date.now() + AHEAD_MS;
    const isDuplicate = !isOver && !isAhead && parser.duplicateLabel() !== undefined;
    if (isDuplicate)
      throw new SampleLabelsError(`label name "${parser.duplicateLabel()}" is not unique: invalid sample`);
    if (isOver || isAhead || !this.#store.make(series)) {
      this.#kept++;
      if (isAhead && !isOver) this.ahead++;
      return undefined;
    }
    if (!this.#failed.has(series)) {
      this.#added++;
      this.fresh.push(series);
    }
    return {series, labels, hasOwnTime};
  }
}

const valueBits = ({values}: ExpositionParser): bigint => new BigUint64Array(values.buffer, values.byteOffset)[0]!;

/** The bytes of a line before its value. */
function keyOf(text: Uint8Array, from: number, parser: ExpositionParser): string {
  let start = from;
  for (let i = from; i < parser.seriesStart; i++) if (text[i] === 10) start = i + 1;
  let value = parser.seriesEnd;
  while (text[value] === 32 || text[value] === 9) value++;
  return Buffer.from(text.subarray(start, value)).toString('latin1');
}
