import type {Registry} from '@narthex/client/registry.ts';
import {formatGoDuration} from '@narthex/model/duration.ts';
import type {AppendOutcome} from '@narthex/tsdb/head/types.ts';
import {BodySizeLimitError} from './fetcher.ts';
import {LabelLimitError} from './sample-labels.ts';
import {SampleLimitError} from './target-appender.ts';

const LENGTH_QUANTILES = [0.01, 0.05, 0.5, 0.9, 0.99];
const LENGTH_BUCKETS = [0.01, 0.1, 1, 10, 100];

/** What scraping counts, under upstream's names. */
export class ScrapeMetrics {
  readonly #intervals;
  readonly #intervalBuckets;
  readonly #syncs;
  readonly #syncSeconds;
  readonly #syncFailures;
  readonly #poolTargets;
  readonly #poolTargetLimit;
  readonly #outOfOrder;
  readonly #duplicates;
  readonly #outOfBounds;
  readonly #sampleLimit;
  readonly #bodySizeLimit;
  readonly #labelLimit;

  constructor(registry: Registry) {
    const prefix = 'prometheus_target_';
    const counter = (name: string, help: string) => registry.counter({name: prefix + name, help});
    this.#intervals = registry.summary({
      name: `${prefix}interval_length_seconds`,
      help: 'Actual intervals between scrapes.',
      labels: ['interval'],
      quantiles: LENGTH_QUANTILES,
    });
    this.#intervalBuckets = registry.histogram({
      name: `${prefix}interval_length_histogram_seconds`,
      help: 'Actual intervals between scrapes.',
      labels: ['interval'],
      buckets: LENGTH_BUCKETS,
    });
    const byJob = <const T extends string>(name: T, help: string) => ({
      name: prefix + name,
      help,
      labels: ['scrape_job'] as const,
    });
    this.#syncs = registry.counter(
      byJob('scrape_pool_sync_total', 'Times that a scrape pool took on what discovery found.'),
    );
    this.#syncSeconds = registry.summary({
      ...byJob('sync_length_seconds', 'Time to sync a scrape pool.'),
      quantiles: LENGTH_QUANTILES,
    });
    this.#syncFailures = registry.counter(byJob('sync_failed_total', 'Discovered targets that cannot be scraped.'));
    this.#poolTargets = registry.gauge(byJob('scrape_pool_targets', 'Targets that a scrape pool scrapes.'));
    this.#poolTargetLimit = counter(
      'scrape_pool_exceeded_target_limit_total',
      'Times that scrape pools had more targets than they may.',
    );
    this.#outOfOrder = counter(
      'scrapes_sample_out_of_order_total',
      'Samples refused for being older than the newest of their series.',
    );
    this.#duplicates = counter(
      'scrapes_sample_duplicate_timestamp_total',
      'Samples refused for having the time of another one with another value.',
    );
    this.#outOfBounds = counter(
      'scrapes_sample_out_of_bounds_total',
      'Samples refused for a time that storage does not take.',
    );
    this.#sampleLimit = counter('scrapes_exceeded_sample_limit_total', 'Scrapes that failed for too many samples.');
    this.#bodySizeLimit = counter(
      'scrapes_exceeded_body_size_limit_total',
      'Scrapes that failed for a body that is too large.',
    );
    this.#labelLimit = counter(
      'scrape_pool_exceeded_label_limits_total',
      'Scrapes that failed for too many or too long labels.',
    );
  }

  /** A scrape began `seconds` after the one before. */
  interval(intervalMs: number, seconds: number): void {
    const interval = formatGoDuration(intervalMs);
    this.#intervals.labels(interval).observe(seconds);
    this.#intervalBuckets.labels(interval).observe(seconds);
  }

  synced(job: string, seconds: number, failures: number, targets: number): void {
    this.#syncs.labels(job).inc();
    this.#syncSeconds.labels(job).observe(seconds);
    this.#syncFailures.labels(job).inc(failures);
    this.#poolTargets.labels(job).set(targets);
  }

  targetLimitExceeded(): void {
    this.#poolTargetLimit.inc();
  }

  /** A scrape was stored; `tooFarAhead` samples were not given to storage. */
  appended({outOfOrder, tooOld, conflicts, outOfBounds, tooFarAhead}: AppendOutcome & {tooFarAhead: number}): void {
    this.#outOfOrder.inc(outOfOrder + tooOld);
    this.#duplicates.inc(conflicts);
    this.#outOfBounds.inc(outOfBounds + tooFarAhead);
  }

  failed(error: Error): void {
    if (error instanceof BodySizeLimitError) this.#bodySizeLimit.inc();
    else if (error instanceof SampleLimitError) this.#sampleLimit.inc();
    else if (error instanceof LabelLimitError) this.#labelLimit.inc();
  }
}
