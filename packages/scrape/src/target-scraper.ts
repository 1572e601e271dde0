import {acceptEncodingHeader, acceptHeader, answerFormat} from '@narthex/exposition/negotiation.ts';
import type {ScrapeConfig} from './config.ts';
import type {FailureLogs} from './failure-logs.ts';
import {BodySizeLimitError, ScrapeError} from './fetch-error.ts';
import type {FetchedBody} from './fetched-body.ts';
import type {Fetcher} from './fetcher.ts';
import type {ScrapeLog} from './log.ts';
import {ScrapeLoop} from './loop.ts';
import type {FamilyMetadata} from './metadata.ts';
import type {ScrapeMetrics} from './metrics.ts';
import type {Refusals} from './refusals.ts';
import {firstScrapeDelay} from './schedule.ts';
import type {AppendContext} from './sample-store.ts';
import {type Body, NO_COUNTS, TargetAppender} from './target-appender.ts';
import type {Target} from './target.ts';

/** What all targets share. */
export interface ScraperContext {
  readonly append: AppendContext;
  readonly metrics: ScrapeMetrics;
  readonly failures: FailureLogs;
  readonly log: ScrapeLog;
  readonly userAgent: string;
  /** Sets this server apart in time from its replicas. */
  readonly offsetSeed: bigint;
  readonly timestampToleranceMs: number;
}

/** What a job says about all its targets. */
export interface ScraperSettings {
  readonly config: ScrapeConfig;
  readonly fetcher: Fetcher;
}

/** Scrapes one target in its rhythm and stores what it exposes. */
export class TargetScraper {
  readonly target: Target;
  readonly #context: ScraperContext;
  readonly #appender: TargetAppender;
  readonly #loop: ScrapeLoop;
  #settings: ScraperSettings;
  #lastStart: number | undefined;
  /** Fails every scrape while it is set: the pool has more targets than it may. */
  forcedError: Error | undefined;

  constructor(target: Target, settings: ScraperSettings, context: ScraperContext) {
    this.target = target;
    this.#settings = settings;
    this.#context = context;
    const source = {labels: target.publicLabels, timeoutMs: target.timeoutMs};
    this.#appender = new TargetAppender(context.append, settings.config, source);
    const {offsetSeed, timestampToleranceMs} = context;
    this.#loop = new ScrapeLoop({
      intervalMs: target.intervalMs,
      firstDelayMs: firstScrapeDelay(target.hash, offsetSeed, target.intervalMs, Date.now()),
      timestampToleranceMs,
      scrape: (timeMs) => this.#scrape(timeMs),
      end: (timeMs) => this.#guard(() => this.#appender.end(timeMs)),
    });
  }

  start(): void {
    void this.#loop.run();
  }

  /** The target is gone; its series end some time later. */
  stop(): void {
    this.#loop.stop();
  }

  /** The server stops; series stay as they are, and nothing is written any more. */
  abandon(): void {
    this.#loop.abandon();
  }

  /** Go on under another configuration of the job. `sameSeries`: what is stored of a line stays the same. */
  setSettings(settings: ScraperSettings, sameSeries: boolean): void {
    this.#settings = settings;
    this.#appender.setConfig(settings.config, sameSeries);
  }

  /** What the target says of its metrics. */
  metadata(): FamilyMetadata[] {
    return this.#appender.metadata();
  }

  async #scrape(timeMs: number): Promise<void> {
    const start = performance.now();
    if (this.#lastStart !== undefined) {
      this.#context.metrics.interval(this.target.intervalMs, (start - this.#lastStart) / 1000);
    }
    this.#lastStart = start;
    const seconds = () => (performance.now() - start) / 1000;
    const fetched = await this.#fetch();
    if (this.#loop.isAbandoned) return;
    const error = fetched instanceof Error ? fetched : this.#append(fetched, timeMs, seconds);
    if (error) this.#fail(error, fetched, timeMs, seconds());
    this.target.report(timeMs, seconds(), error);
  }

  async #fetch(): Promise<FetchedBody | Error> {
    if (this.forcedError) return this.forcedError;
    const {url, socketPath, timeoutMs} = this.target;
    const {config, fetcher} = this.#settings;
    const {scrapeProtocols, metricNameEscapingScheme, enableCompression, bodySizeLimit} = config;
    const headers = {
      Accept: acceptHeader(scrapeProtocols, metricNameEscapingScheme),
      'Accept-Encoding': acceptEncodingHeader(enableCompression),
      'User-Agent': this.#context.userAgent,
      'X-Prometheus-Scrape-Timeout-Seconds': String(timeoutMs / 1000),
    };
    try {
      return await fetcher.fetch({url, socketPath, timeoutMs, bodySizeLimit, headers});
    } catch (error) {
      return error as Error;
    }
  }

  /** Gives what went wrong. */
  #append(fetched: FetchedBody, timeMs: number, seconds: () => number): Error | undefined {
    try {
      const body = this.#bodyOf(fetched);
      const refusals = this.#appender.append(body, timeMs, (counts) => ({
        ...counts,
        up: true,
        durationSeconds: seconds(),
        bodyBytes: body.bytes,
      }));
      this.#context.metrics.refused(refusals);
      this.#warnOf(refusals);
      return undefined;
    } catch (error) {
      return error as Error;
    }
  }

  #bodyOf({parts, bytes, contentType}: FetchedBody): Body {
    // As upstream, which looks at the type of a body only when there is one.
    if (bytes === 0) return {parts, bytes, format: 'text'};
    const {format, problem} = answerFormat(contentType, this.#settings.config.fallbackScrapeProtocol || undefined);
    if (format === undefined) throw new ScrapeError(problem);
    if (format === 'protobuf')
      throw new ScrapeError('the protobuf exposition format is not supported yet; offer the target text formats');
    return {parts, bytes, format};
  }

  #fail(error: Error, fetched: FetchedBody | Error, timeMs: number, durationSeconds: number): void {
    this.#log('debug', 'Scrape failed', {err: error.message});
    this.#context.metrics.failed(error);
    const {jobName: job, scrapeFailureLogFile} = this.#settings.config;
    if (fetched instanceof Error && error !== this.forcedError) {
      this.#context.failures.write(scrapeFailureLogFile, {job, target: this.target.url, message: error.message});
    }
    const isUnread = fetched instanceof Error || error instanceof ScrapeError;
    const counts = isUnread ? NO_COUNTS : this.#appender.counts;
    const bodyBytes = fetched instanceof Error ? (error instanceof BodySizeLimitError ? -1 : 0) : fetched.bytes;
    this.#guard(() => void this.#appender.fail(timeMs, {...counts, up: false, durationSeconds, bodyBytes}));
  }

  #warnOf({outOfOrder, duplicates, outOfBounds}: Refusals): void {
    const warn = (message: string, count: number) => {
      if (count > 0) this.#log('warn', message, {num_dropped: count});
    };
    warn('Error on ingesting out-of-order samples', outOfOrder);
    warn('Error on ingesting samples with different value but same timestamp', duplicates);
    warn('Error on ingesting samples that are too old or are too far into the future', outOfBounds);
  }

  #guard(commit: () => void): void {
    try {
      commit();
    } catch (error) {
      this.#log('error', 'Scrape commit failed', {err: (error as Error).message});
    }
  }

  #log(level: Parameters<ScrapeLog>[0], message: string, fields: Readonly<Record<string, string | number>>): void {
    const {jobName} = this.#settings.config;
    this.#context.log(level, message, {scrape_pool: jobName, target: this.target.url, ...fields});
  }
}
