import type {Registry} from '@narthex/client/registry.ts';
import {formatGoDuration} from '@narthex/model/duration.ts';
import {BodySizeLimitError} from './fetch-error.ts';
import type {Refusals} from './refusals.ts';
import {LabelLimitError} from './sample-labels.ts';
import {SampleLimitError} from './sample-limit.ts';

const QUANTILES = [0.01, 0.05, 0.5, 0.9, 0.99];
const SECONDS_BUCKETS = [0.01, 0.1, 1, 10];

/** What scraping counts, under upstream's names. */
export class ScrapeMetrics {
  readonly #pools: ReturnType<typeof poolMetrics>;
  readonly #jobs: ReturnType<typeof jobMetrics>;
  readonly #scrapes: ReturnType<typeof scrapeMetrics>;
  readonly #intervals: ReturnType<typeof intervalMetrics>;

  constructor(registry: Registry) {
    this.#pools = poolMetrics(registry);
    this.#jobs = jobMetrics(registry);
    this.#scrapes = scrapeMetrics(registry);
    this.#intervals = intervalMetrics(registry);
  }

  poolMade(): void {
    this.#pools.made.inc();
  }

  /** A pool went over to a changed configuration. */
  poolReloaded(intervalMs: number, seconds: number): void {
    this.#pools.reloads.inc();
    this.#intervals.reload.labels(formatGoDuration(intervalMs)).observe(seconds);
  }

  poolRemoved(job: string): void {
    for (const metric of Object.values(this.#jobs)) metric.remove(job);
  }

  targetLimit(job: string, limit: number): void {
    this.#jobs.targetLimit.labels(job).set(limit);
  }

  targetLimitExceeded(): void {
    this.#pools.targetLimit.inc();
  }

  /** A pool took on what discovery found: `failures` of it cannot be scraped, `targets` are. */
  synced(job: string, seconds: number, failures: number, targets: number): void {
    this.#jobs.syncs.labels(job).inc();
    this.#jobs.syncSeconds.labels(job).observe(seconds);
    this.#jobs.syncBuckets.labels(job).observe(seconds);
    this.#jobs.syncFailures.labels(job).inc(failures);
    this.#jobs.targets.labels(job).set(targets);
  }

  /** A scrape began `seconds` after the one before. */
  interval(intervalMs: number, seconds: number): void {
    const interval = formatGoDuration(intervalMs);
    this.#intervals.length.labels(interval).observe(seconds);
    this.#intervals.buckets.labels(interval).observe(seconds);
  }

  /** A scrape was stored, all but these samples. */
  refused({outOfOrder, duplicates, outOfBounds}: Refusals): void {
    this.#scrapes.outOfOrder.inc(outOfOrder);
    this.#scrapes.duplicates.inc(duplicates);
    this.#scrapes.outOfBounds.inc(outOfBounds);
  }

  failed(error: Error): void {
    if (error instanceof BodySizeLimitError) this.#scrapes.bodySizeLimit.inc();
    else if (error instanceof SampleLimitError) this.#scrapes.sampleLimit.inc();
    else if (error instanceof LabelLimitError) this.#scrapes.labelLimit.inc();
  }
}

const target = (name: string, help: string) => ({name: `prometheus_target_${name}`, help});

function poolMetrics(registry: Registry) {
  return {
    made: registry.counter(target('scrape_pools_total', 'Scrape pools that were made.')),
    reloads: registry.counter(target('scrape_pool_reloads_total', 'Times that scrape pools were configured anew.')),
    targetLimit: registry.counter(
      target('scrape_pool_exceeded_target_limit_total', 'Times that scrape pools had more targets than they may.'),
    ),
  };
}

function jobMetrics(registry: Registry) {
  const job = (name: string, help: string) => ({...target(name, help), labels: ['scrape_job'] as const});
  return {
    targetLimit: registry.gauge(job('scrape_pool_target_limit', 'Targets that a scrape pool may have, 0 for any.')),
    targets: registry.gauge(job('scrape_pool_targets', 'Targets that a scrape pool scrapes.')),
    syncs: registry.counter(job('scrape_pool_sync_total', 'Times that a scrape pool took on what discovery found.')),
    syncFailures: registry.counter(job('sync_failed_total', 'Discovered targets that cannot be scraped.')),
    syncSeconds: registry.summary({...job('sync_length_seconds', 'Time to sync a scrape pool.'), quantiles: QUANTILES}),
    syncBuckets: registry.histogram({
      ...job('sync_length_histogram_seconds', 'Time to sync a scrape pool.'),
      buckets: SECONDS_BUCKETS,
    }),
  };
}

function scrapeMetrics(registry: Registry) {
  const counter = (name: string, help: string) => registry.counter(target(name, help));
  return {
    outOfOrder: counter('scrapes_sample_out_of_order_total', 'Samples older than the newest of their series.'),
    duplicates: counter('scrapes_sample_duplicate_timestamp_total', 'Second samples of a series at the same time.'),
    outOfBounds: counter('scrapes_sample_out_of_bounds_total', 'Samples at a time that storage does not take.'),
    sampleLimit: counter('scrapes_exceeded_sample_limit_total', 'Scrapes that failed for too many samples.'),
    bodySizeLimit: counter('scrapes_exceeded_body_size_limit_total', 'Scrapes that failed for too large a body.'),
    labelLimit: counter('scrape_pool_exceeded_label_limits_total', 'Scrapes that failed for too many or long labels.'),
  };
}

function intervalMetrics(registry: Registry) {
  const interval = (name: string, help: string) => ({...target(name, help), labels: ['interval'] as const});
  return {
    reload: registry.summary({
      ...interval('reload_length_seconds', 'Time to configure a scrape pool anew.'),
      quantiles: QUANTILES,
    }),
    length: registry.summary({
      ...interval('interval_length_seconds', 'Actual intervals between scrapes.'),
      quantiles: QUANTILES,
    }),
    buckets: registry.histogram({
      ...interval('interval_length_histogram_seconds', 'Actual intervals between scrapes.'),
      buckets: SECONDS_BUCKETS,
    }),
  };
}
