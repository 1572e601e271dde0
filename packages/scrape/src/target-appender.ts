import type {KernelMemory} from '@narthex/kernels/kernel-memory.ts';
import {LINE_COMMENT, LINE_DROPPED} from '@narthex/kernels/layout/scrape-lines.ts';
import type {ExpositionParser} from '@narthex/exposition/entry.ts';
import {OpenMetricsParser} from '@narthex/exposition/openmetrics-parser.ts';
import {TextParser} from '@narthex/exposition/text-parser.ts';
import {Labels, LabelsBuilder, METRIC_NAME} from '@narthex/model/labels.ts';
import type {AppendOutcome, SampleBatch, SeriesSlot} from '@narthex/tsdb/head/types.ts';
import {BodyWalk, type BodyWalkResult, type LineResolution} from './body-walk.ts';
import type {ScrapeConfig} from './config.ts';
import {LineTable} from './line-table.ts';
import {checkLabelLimits, sampleLabels, SampleLabelsError} from './sample-labels.ts';
import {Staging} from '@narthex/tsdb/head/staging.ts';

/** Where scraped samples go: the database of the ingest thread. */
export interface SampleStore {
  /** Throws ArenaFullError when there is no room for a new series. */
  getOrCreate(labels: Labels): SeriesSlot;
  /** One atomic commit. Throws StorageError when nothing of it was stored. */
  append(batch: SampleBatch): AppendOutcome;
}

/** What one ingest thread shares between all its targets. */
export interface AppendContext {
  readonly memory: KernelMemory;
  readonly floatPowers: number;
  readonly store: SampleStore;
  /** Whether an error of the store means that this series has no room, and the scrape goes on without it. */
  readonly isRefusal: (error: unknown) => boolean;
}

/** A scraped body, complete and uncompressed. */
export interface Body {
  readonly parts: readonly Uint8Array[];
  readonly bytes: number;
  readonly format: 'text' | 'openmetrics';
}

/** How a scrape went; written as the target's own series. */
export interface ScrapeReport {
  readonly up: boolean;
  readonly durationSeconds: number;
  /** Sample lines in the body. */
  readonly scraped: number;
  /** Of them, those that relabelling kept. */
  readonly kept: number;
  readonly seriesAdded: number;
  /** Uncompressed size of the body, -1 when it was over its limit. */
  readonly bodyBytes: number;
}

/** Samples and series of one body. */
export interface BodyCounts {
  readonly scraped: number;
  readonly kept: number;
  readonly seriesAdded: number;
  /** Samples too far in the future, left out. */
  readonly tooFarAhead: number;
}

const NO_COUNTS: BodyCounts = {scraped: 0, kept: 0, seriesAdded: 0, tooFarAhead: 0};

/** As upstream: samples further in the future than this are refused. */
const AHEAD_MS_MAX = 10 * 60 * 1000;
/** Room for the target's own series and a few new lines. */
const SPARE_STAGED = 64;

const REPORT_NAMES = [
  'up',
  'scrape_duration_seconds',
  'scrape_samples_scraped',
  'scrape_samples_post_metric_relabeling',
  'scrape_series_added',
] as const;
const EXTRA_REPORT_NAMES = ['scrape_timeout_seconds', 'scrape_sample_limit', 'scrape_body_size_bytes'] as const;

/** The body has more samples than `sample_limit` allows. */
export class SampleLimitError extends Error {
  override readonly name = 'SampleLimitError';

  constructor() {
    super('sample limit exceeded');
  }
}

/**
 * Turns the bodies of one target into commits: remembers its lines, relabels series that are new, ends those that vanish, and
 * adds the target's own series. Each method is one commit: all of it is stored, or nothing.
 */
export class TargetAppender {
  readonly #context: AppendContext;
  #config: ScrapeConfig;
  readonly #target: Labels;
  #table = new LineTable();
  #generation = 2;
  /** Generation of the last body, while its series are alive; 0 after a failed scrape. */
  #live = 0;
  #reportSlots: readonly SeriesSlot[] | undefined;
  /** The next body is read as if it were the first. */
  #forgetSlots = false;
  #counts: BodyCounts = NO_COUNTS;
  /** Samples of this body that the limit left out. */
  #overLimit = 0;
  #parser: {format: Body['format']; parser: ExpositionParser} | undefined;

  /** `target`: the public labels of the target. */
  constructor(context: AppendContext, config: ScrapeConfig, target: Labels) {
    this.#context = context;
    this.#config = config;
    this.#target = target;
  }

  /** Go on with another configuration; the lines stay where what is stored of them stays the same. */
  setConfig(config: ScrapeConfig, sameSeries: boolean): void {
    this.#config = config;
    if (sameSeries) return;
    // Series may have other labels now: the old ones end with the next scrape, as its lines resolve anew.
    this.#forgetSlots = true;
  }

  /**
   * Commit the samples of `body` with the report that `reportOf` makes of them; ends the series that the body no longer has. Throws
   * ParseError, SampleLimitError or SampleLabelsError, when `fail` is to be called; StorageError when nothing could be written.
   */
  append(body: Body, timeMs: number, reportOf: (counts: BodyCounts) => ScrapeReport): AppendOutcome & BodyCounts {
    return this.#commit((staging) => {
      const generation = this.#generation + 2;
      const walk = this.#walk(body, staging, timeMs, generation);
      const counts = {...this.#counts, tooFarAhead: this.#dropAhead(staging)};
      if (walk.changed || this.#forgetSlots) this.#endVanished(staging, walk.table, generation, timeMs);
      this.#stageReport(staging, reportOf(counts), timeMs);
      this.#table = walk.table;
      this.#generation = generation;
      this.#live = generation;
      this.#forgetSlots = false;
      return counts;
    });
  }

  /** What was read of the last body, also when it failed. */
  get counts(): BodyCounts {
    return this.#counts;
  }

  /** Commit a failed scrape: all series of the last one end, and the report says why there is nothing. */
  fail(timeMs: number, report: ScrapeReport): AppendOutcome & BodyCounts {
    return this.#commit((staging) => {
      this.#endAll(staging, timeMs);
      this.#stageReport(staging, report, timeMs);
      return NO_COUNTS;
    });
  }

  /** Commit the end of all series of the target, its own included. */
  end(timeMs: number): void {
    this.#commit((staging) => {
      this.#endAll(staging, timeMs);
      for (const slot of this.#reportSlots ?? []) staging.addStale(slot, timeMs);
      return NO_COUNTS;
    });
  }

  /** The target's metadata as it exposed it: its comment lines in the order of the last body. */
  *metadataLines(): Generator<Uint8Array> {
    for (let i = 0; i < this.#table.count; i++) if (this.#table.slot(i) === LINE_COMMENT) yield this.#table.bytes(i);
  }

  #commit(stage: (staging: Staging) => BodyCounts): AppendOutcome & BodyCounts {
    const {memory, store} = this.#context;
    const mark = memory.mark();
    try {
      const staging = new Staging(memory, this.#table.count + SPARE_STAGED);
      const counts = stage(staging);
      return {...store.append(staging.batch()), ...counts};
    } finally {
      memory.release(mark);
    }
  }

  #walk(body: Body, staging: Staging, timeMs: number, generation: number): BodyWalkResult {
    const {memory, floatPowers} = this.#context;
    this.#overLimit = 0;
    this.#counts = NO_COUNTS;
    const walk = new BodyWalk(this.#forgetSlots ? new LineTable() : this.#table, body.parts, body.bytes, staging, {
      memory,
      floatPowers,
      parser: this.#parserOf(body.format),
      openMetrics: body.format === 'openmetrics',
      honorTimestamps: this.#config.honorTimestamps,
      timeMs,
      generation,
      resolve: (parser) => this.#resolve(parser, staging.count),
    });
    try {
      const result = walk.run();
      this.#checkSampleLimit(staging.count);
      return result;
    } finally {
      this.#counts = {
        ...NO_COUNTS,
        scraped: walk.samples,
        kept: staging.count + this.#overLimit,
        seriesAdded: walk.added,
      };
    }
  }

  #parserOf(format: Body['format']): ExpositionParser {
    if (this.#parser?.format !== format) {
      this.#parser = {format, parser: format === 'openmetrics' ? new OpenMetricsParser() : new TextParser()};
    }
    return this.#parser.parser;
  }

  #resolve(parser: ExpositionParser, staged: number): LineResolution {
    const builder = new LabelsBuilder();
    parser.labels(builder);
    const duplicate = parser.duplicateLabel();
    if (duplicate !== undefined) {
      throw new SampleLabelsError(`label name "${duplicate}" is not unique: invalid sample`);
    }
    const {honorLabels, metricRelabelConfigs, sampleLimit} = this.#config;
    const labels = sampleLabels(builder.labels(), {target: this.#target, honorLabels, metricRelabelConfigs});
    if (labels === undefined || labels.length === 0) return 'dropped';
    if (!labels.has(METRIC_NAME)) throw new SampleLabelsError('missing metric name (__name__ label)');
    checkLabelLimits(labels, this.#config);
    // Over the limit the whole scrape fails: series that nobody will see must not be made.
    if (sampleLimit === 0 || staged < sampleLimit) return this.#slotOf(labels);
    this.#overLimit++;
    return 'refused';
  }

  #slotOf(labels: Labels): LineResolution {
    try {
      return {slot: this.#context.store.getOrCreate(labels)};
    } catch (error) {
      if (this.#context.isRefusal(error)) return 'refused';
      throw error;
    }
  }

  #checkSampleLimit(kept: number): void {
    const {sampleLimit} = this.#config;
    if (sampleLimit > 0 && kept + this.#overLimit > sampleLimit) throw new SampleLimitError();
  }

  /** Take samples out that claim to be from far ahead; gives their number. */
  #dropAhead(staging: Staging): number {
    return this.#config.honorTimestamps ? staging.dropAfter(Date.now() + AHEAD_MS_MAX) : 0;
  }

  /** Lines of the old table that this body did not have, unless another line leads to the same series. */
  #endVanished(staging: Staging, table: LineTable, generation: number, timeMs: number): void {
    const vanished = new Set<number>();
    const old = this.#table;
    for (let i = 0; i < old.count; i++) {
      if (this.#isLive(old, i)) vanished.add(old.slot(i));
    }
    if (vanished.size === 0) return;
    for (let i = 0; i < table.count; i++) if (table.seen(i) >= generation) vanished.delete(table.slot(i));
    for (const slot of vanished) staging.addStale(slot, timeMs);
  }

  #endAll(staging: Staging, timeMs: number): void {
    const ended = new Set<number>();
    for (let i = 0; i < this.#table.count; i++) if (this.#isLive(this.#table, i)) ended.add(this.#table.slot(i));
    for (const slot of ended) staging.addStale(slot, timeMs);
    this.#live = 0;
  }

  /** Whether the line's series was in the last body, and is to end when it vanishes. */
  #isLive(table: LineTable, i: number): boolean {
    const slot = table.slot(i);
    if (this.#live === 0 || slot === LINE_COMMENT || slot === LINE_DROPPED) return false;
    const seen = table.seen(i);
    return seen === this.#live || (this.#config.trackTimestampsStaleness && seen === this.#live + 1);
  }

  #stageReport(staging: Staging, report: ScrapeReport, timeMs: number): void {
    const {extraScrapeMetrics, scrapeTimeout, sampleLimit} = this.#config;
    const values = [Number(report.up), report.durationSeconds, report.scraped, report.kept, report.seriesAdded];
    if (extraScrapeMetrics) values.push(scrapeTimeout / 1000, sampleLimit, report.bodyBytes);
    this.#reportSlots ??= this.#makeReportSlots(extraScrapeMetrics);
    for (const [i, slot] of this.#reportSlots.entries()) staging.add(slot, timeMs, values[i]!);
  }

  #makeReportSlots(extra: boolean): SeriesSlot[] {
    const names = extra ? [...REPORT_NAMES, ...EXTRA_REPORT_NAMES] : REPORT_NAMES;
    const builder = new LabelsBuilder(this.#target);
    return names.map((name) => this.#context.store.getOrCreate(builder.set(METRIC_NAME, name).labels()));
  }
}
