import {acceptEncodingHeader, acceptHeader, answerFormat} from '@narthex/exposition/negotiation.ts';
import {parseDuration} from '@narthex/model/duration.ts';
import type {ScrapeConfig} from './config.ts';
import {BodySizeLimitError, type FetchedBody, type Fetcher, ScrapeError} from './fetcher.ts';
import {firstScrapeDelay} from './schedule.ts';
import {ScrapeLoop} from './loop.ts';
import type {ScrapeLog} from './log.ts';
import type {ScrapeMetrics} from './metrics.ts';
import {type AppendContext, type Body, type BodyCounts, type ScrapeReport, TargetAppender} from './target-appender.ts';
import type {Target} from './target.ts';

/** What the targets of a pool share. */
export interface ScraperContext {
  readonly append: AppendContext;
  readonly fetcher: Fetcher;
  readonly metrics: ScrapeMetrics;
  readonly log: ScrapeLog;
  readonly userAgent: string;
  readonly offsetSeed: bigint;
  readonly timestampToleranceMs: number;
}

/** Scrapes one target in its rhythm and stores what it exposes. */
export class TargetScraper {
  readonly target: Target;
  readonly #context: ScraperContext;
  readonly #appender: TargetAppender;
  readonly #intervalMs: number;
  readonly #timeoutMs: number;
  #config: ScrapeConfig;
  #loop: ScrapeLoop;
  #lastStart: number | undefined;
  /** Fails every scrape while it is set: the pool has more targets than it may. */
  forcedError: Error | undefined;

  constructor(target: Target, config: ScrapeConfig, context: ScraperContext) {
    this.target = target;
    this.#config = config;
    this.#context = context;
    this.#appender = new TargetAppender(context.append, config, target.publicLabels);
    this.#intervalMs = parseDuration(target.labels.get('__scrape_interval__'));
    this.#timeoutMs = parseDuration(target.labels.get('__scrape_timeout__'));
    this.#loop = this.#makeLoop();
  }

  start(): void {
    void this.#loop.run();
  }

  /** The target is gone; its series end some time later. */
  stop(): void {
    this.#loop.stop();
  }

  /** The server stops; series stay as they are. */
  abandon(): void {
    this.#loop.abandon();
  }

  /** Go on under another configuration with the same targets. `sameSeries`: what is stored of a line stays the same. */
  setConfig(config: ScrapeConfig, sameSeries: boolean): void {
    this.#config = config;
    this.#appender.setConfig(config, sameSeries);
  }

  /** The comment lines of the last body. */
  metadataLines(): Generator<Uint8Array> {
    return this.#appender.metadataLines();
  }

  #makeLoop(): ScrapeLoop {
    const {offsetSeed, timestampToleranceMs} = this.#context;
    return new ScrapeLoop({
      intervalMs: this.#intervalMs,
      firstDelayMs: firstScrapeDelay(this.target.hash, offsetSeed, this.#intervalMs, Date.now()),
      timestampToleranceMs,
      scrape: (timeMs) => this.#scrape(timeMs),
      end: (timeMs) => this.#guard(() => this.#appender.end(timeMs)),
    });
  }

  async #scrape(timeMs: number): Promise<void> {
    const start = performance.now();
    if (this.#lastStart !== undefined)
      this.#context.metrics.interval(this.#intervalMs, (start - this.#lastStart) / 1000);
    this.#lastStart = start;
    const seconds = () => (performance.now() - start) / 1000;
    const error = await this.#fetchAndAppend(timeMs, seconds);
    this.target.report(timeMs, seconds(), error);
  }

  /** Gives what went wrong. */
  async #fetchAndAppend(timeMs: number, seconds: () => number): Promise<Error | undefined> {
    let body: Body | undefined;
    try {
      if (this.forcedError) throw this.forcedError;
      body = this.#bodyOf(await this.#fetch());
      this.#append(body, timeMs, seconds);
      return undefined;
    } catch (error) {
      this.#fail(error as Error, body, timeMs, seconds());
      return error as Error;
    }
  }

  #fetch(): Promise<FetchedBody> {
    const {scrapeProtocols, metricNameEscapingScheme, enableCompression, bodySizeLimit, followRedirects} = this.#config;
    return this.#context.fetcher.fetch({
      url: this.target.url,
      timeoutMs: this.#timeoutMs,
      bodySizeLimit,
      followRedirects,
      headers: {
        Accept: acceptHeader(scrapeProtocols, metricNameEscapingScheme),
        'Accept-Encoding': acceptEncodingHeader(enableCompression),
        'User-Agent': this.#context.userAgent,
        'X-Prometheus-Scrape-Timeout-Seconds': String(this.#timeoutMs / 1000),
      },
    });
  }

  #bodyOf({parts, bytes, contentType}: FetchedBody): Body {
    const {format, problem} = answerFormat(contentType, this.#config.fallbackScrapeProtocol || undefined);
    if (format === undefined)
      throw new ScrapeError(problem ?? `no parser for Content-Type ${JSON.stringify(contentType)}`);
    if (format === 'protobuf')
      throw new ScrapeError('the protobuf exposition format is not supported yet; offer the target text formats');
    return {parts, bytes, format};
  }

  #append(body: Body, timeMs: number, seconds: () => number): void {
    const reportOf = (counts: BodyCounts): ScrapeReport => ({
      ...counts,
      up: true,
      durationSeconds: seconds(),
      bodyBytes: body.bytes,
    });
    this.#context.metrics.appended(this.#appender.append(body, timeMs, reportOf));
  }

  #fail(error: Error, body: Body | undefined, timeMs: number, durationSeconds: number): void {
    const {log, metrics} = this.#context;
    log('debug', 'Scrape failed', {
      scrape_pool: this.#config.jobName,
      target: this.target.url.href,
      err: error.message,
    });
    metrics.failed(error);
    const {scraped, kept} = body ? this.#appender.counts : {scraped: 0, kept: 0};
    const bodyBytes = error instanceof BodySizeLimitError ? -1 : (body?.bytes ?? 0);
    this.#guard(() =>
      this.#appender.fail(timeMs, {up: false, durationSeconds, scraped, kept, seriesAdded: 0, bodyBytes}),
    );
  }

  #guard(commit: () => void): void {
    try {
      commit();
    } catch (error) {
      const {message} = error as Error;
      this.#context.log('error', 'Scrape commit failed', {
        scrape_pool: this.#config.jobName,
        target: this.target.url.href,
        err: message,
      });
    }
  }
}
