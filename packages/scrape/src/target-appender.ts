import {LINE_COMMENT, LINE_DROPPED} from '@narthex/kernels/layout/scrape-lines.ts';
import type {ExpositionParser} from '@narthex/exposition/entry.ts';
import {OpenMetricsParser} from '@narthex/exposition/openmetrics-parser.ts';
import {TextParser} from '@narthex/exposition/text-parser.ts';
import type {Labels} from '@narthex/model/labels.ts';
import {Staging} from '@narthex/tsdb/head/staging.ts';
import type {SampleBatch, SeriesRef, SeriesSlot} from '@narthex/tsdb/head/types.ts';
import {BodyWalk} from './body-walk.ts';
import type {ScrapeConfig} from './config.ts';
import {LineResolver} from './line-resolver.ts';
import {LineTable} from './line-table.ts';
import {type FamilyMetadata, readMetadata} from './metadata.ts';
import {type Refusals, refusalsOf} from './refusals.ts';
import {ReportSeries, type ScrapeReport} from './report-series.ts';
import type {AppendContext} from './sample-store.ts';

/** A scraped body, complete and uncompressed. */
export interface Body {
  readonly parts: readonly Uint8Array[];
  readonly bytes: number;
  readonly format: 'text' | 'openmetrics';
}

/** Samples and series of one body. */
export interface BodyCounts {
  readonly scraped: number;
  readonly kept: number;
  readonly seriesAdded: number;
}

/** The target that samples come from. */
export interface SampleSource {
  /** Its public labels. */
  readonly labels: Labels;
  readonly timeoutMs: number;
}

/** Of a body that was not read. */
export const NO_COUNTS: BodyCounts = {scraped: 0, kept: 0, seriesAdded: 0};

/** Room for the target's own series and a few new lines. */
const SPARE_STAGED = 64;

/** A commit in the making. */
interface Staged {
  /** Staged samples of the body: markers and the report come behind them. */
  readonly samples: number;
  /** Samples of the body that were left out for being too far in the future. */
  readonly ahead: number;
  /** Called when all is stored. */
  settle(): void;
}

/**
 * Turns the bodies of one target into commits: remembers its lines, relabels series that are new, ends those that vanish, and
 * adds the target's own series. Each method is one commit: all of it is stored, or nothing, and then nothing is forgotten either.
 */
export class TargetAppender {
  readonly #context: AppendContext;
  readonly #source: SampleSource;
  readonly #report: ReportSeries;
  readonly #resolver: LineResolver;
  #config: ScrapeConfig;
  #table = new LineTable();
  #generation = 2;
  /** Generation of the last body while its series are alive; 0 after a failed scrape. */
  #live = 0;
  /** That of the store when its slots were checked last. */
  #storeGeneration: number;
  /** The next body is read as if it were the first. */
  #resolveAgain = false;
  #counts: BodyCounts = NO_COUNTS;
  #parser: {format: Body['format']; parser: ExpositionParser} | undefined;
  /** Of the lines in the table. */
  #format: Body['format'] = 'text';

  constructor(context: AppendContext, config: ScrapeConfig, source: SampleSource) {
    this.#context = context;
    this.#config = config;
    this.#source = source;
    this.#report = new ReportSeries(context.store, context.isRefusal, source.labels);
    this.#resolver = new LineResolver(context, config, source.labels);
    this.#storeGeneration = context.store.generation;
  }

  /**
   * Go on with another configuration; `sameSeries` says that a line leads to the same series as before. Where it may not, the
   * old series end with the next scrape unless its lines lead to them still.
   */
  setConfig(config: ScrapeConfig, sameSeries: boolean): void {
    this.#config = config;
    if (sameSeries) return;
    this.#resolveAgain = true;
    this.#resolver.forget();
  }

  /**
   * Commit the samples of `body` with the report that `reportOf` makes of them; ends the series that the body no longer has. A body of 0
   * bytes is no mistake in any format: it only ends what was. Throws ParseError, SampleLimitError or SampleLabelsError, when `fail`
   * is to be called; StorageError when nothing could be written.
   */
  append(body: Body, timeMs: number, reportOf: (counts: BodyCounts) => ScrapeReport): Refusals {
    this.#counts = NO_COUNTS;
    if (body.bytes === 0) return this.fail(timeMs, reportOf(NO_COUNTS));
    return this.#commit(timeMs, (staging) => {
      const walk = this.#walk(body, staging, timeMs);
      const ahead = this.#resolver.dropAhead();
      const samples = staging.count;
      if (walk.hasChanged || this.#resolveAgain) this.#endVanished(staging, walk, timeMs);
      const settleReport = this.#stageReport(staging, reportOf(this.#counts), timeMs);
      return {samples, ahead, settle: () => (settleReport(), this.#settle(walk, body.format))};
    });
  }

  /** What was read of the last body, also when it failed. */
  get counts(): BodyCounts {
    return this.#counts;
  }

  /** Commit a scrape without a usable body: all series of the last one end, and the report says how it went. */
  fail(timeMs: number, report: ScrapeReport): Refusals {
    return this.#commit(timeMs, (staging) => {
      this.#endAll(staging, timeMs);
      const settleReport = this.#stageReport(staging, report, timeMs);
      return {samples: 0, ahead: 0, settle: () => (settleReport(), (this.#live = 0))};
    });
  }

  /** Commit the end of all series of the target, its own included. */
  end(timeMs: number): void {
    this.#commit(timeMs, (staging) => {
      this.#endAll(staging, timeMs);
      const settleReport = this.#report.stageEnd(staging, timeMs);
      return {samples: 0, ahead: 0, settle: () => (settleReport(), (this.#live = 0))};
    });
  }

  /** The target's metadata as the last good body had it. */
  metadata(): FamilyMetadata[] {
    return readMetadata(this.#commentLines(), this.#format);
  }

  *#commentLines(): Generator<Uint8Array> {
    for (let i = 0; i < this.#table.count; i++) if (this.#table.slot(i) === LINE_COMMENT) yield this.#table.bytes(i);
  }

  #commit(timeMs: number, stage: (staging: Staging) => Staged): Refusals {
    const {memory, store} = this.#context;
    const mark = memory.mark();
    try {
      this.#forgetRemoved();
      const staging = new Staging(memory, this.#table.count + SPARE_STAGED);
      const {samples, ahead, settle} = stage(staging);
      const batch = staging.batch();
      const {stored} = store.append(batch);
      settle();
      return refusalsIn(batch, stored, {samples, ahead, timeMs});
    } finally {
      memory.release(mark);
    }
  }

  /** Stages the samples of the body. */
  #walk(body: Body, staging: Staging, timeMs: number): BodyWalk {
    const {memory, floatPowers} = this.#context;
    this.#resolver.begin(this.#config, staging, timeMs);
    const walk = new BodyWalk(this.#resolveAgain ? new LineTable() : this.#table, body, staging, {
      memory,
      floatPowers,
      parser: this.#parserOf(body.format),
      openMetrics: body.format === 'openmetrics',
      honorTimestamps: this.#config.honorTimestamps,
      timeMs,
      generation: this.#generation + 2,
      resolve: (parser, kept) => this.#resolver.resolve(parser, kept),
    });
    try {
      walk.run();
    } finally {
      this.#counts = {scraped: walk.scraped, kept: walk.kept, seriesAdded: walk.added};
    }
    this.#resolver.checkLimit(walk.kept);
    return walk;
  }

  #settle(walk: BodyWalk, format: Body['format']): void {
    this.#table = walk.settle();
    this.#generation += 2;
    this.#live = this.#generation;
    this.#format = format;
    this.#resolveAgain = false;
    this.#resolver.settle();
  }

  #parserOf(format: Body['format']): ExpositionParser {
    if (this.#parser?.format !== format) {
      this.#parser = {format, parser: format === 'openmetrics' ? new OpenMetricsParser() : new TextParser()};
    }
    return this.#parser.parser;
  }

  /** Series of old lines that this body did not have, unless another line leads to the same series. */
  #endVanished(staging: Staging, walk: BodyWalk, timeMs: number): void {
    const vanished = new Set<number>();
    const old = this.#table;
    const isGone = this.#resolveAgain ? () => true : (i: number) => !walk.hasSeen(i);
    for (let i = 0; i < old.count; i++) if (isGone(i) && this.#isLive(i)) vanished.add(old.slot(i));
    if (vanished.size === 0) return;
    const lines = walk.settledLines;
    for (let i = 0; i < lines.count; i++) vanished.delete(lines.slot(i));
    for (const slot of vanished) staging.addStale(slot, timeMs);
  }

  #endAll(staging: Staging, timeMs: number): void {
    const ended = new Set<number>();
    for (let i = 0; i < this.#table.count; i++) if (this.#isLive(i)) ended.add(this.#table.slot(i));
    for (const slot of ended) staging.addStale(slot, timeMs);
  }

  /** Whether the series of old line `i` was in the last body, and is to end when it vanishes. */
  #isLive(i: number): boolean {
    const slot = this.#table.slot(i);
    if (this.#live === 0 || slot === LINE_COMMENT || slot === LINE_DROPPED) return false;
    const seen = this.#table.seen(i);
    return seen === this.#live || (this.#config.trackTimestampsStaleness && seen === this.#live + 1);
  }

  #stageReport(staging: Staging, report: ScrapeReport, timeMs: number): () => void {
    const {extraScrapeMetrics, sampleLimit} = this.#config;
    const {timeoutMs} = this.#source;
    return this.#report.stage(staging, report, timeMs, {extraScrapeMetrics, sampleLimit, timeoutMs});
  }

  /** Lines whose series the store has removed since are as good as new. */
  #forgetRemoved(): void {
    const {store} = this.#context;
    if (store.generation === this.#storeGeneration) return;
    const table = this.#table;
    this.#table = table.filter((i) => {
      const slot = table.slot(i);
      return slot === LINE_COMMENT || slot === LINE_DROPPED || store.has(slot as SeriesSlot, table.ref(i) as SeriesRef);
    });
    this.#report.forgetRemoved();
    this.#resolver.forget();
    this.#storeGeneration = store.generation;
  }
}

/** What of a stored batch was refused; most of the time nothing is, and nothing has to be looked at. */
function refusalsIn(
  batch: SampleBatch,
  stored: number,
  {samples, ahead, timeMs}: {samples: number; ahead: number; timeMs: number},
): Refusals {
  if (stored === batch.count) return {outOfOrder: 0, duplicates: 0, outOfBounds: ahead};
  const refusals = refusalsOf(batch, samples, timeMs);
  return {...refusals, outOfBounds: refusals.outOfBounds + ahead};
}
