import type {TargetGroup} from '@narthex/discovery/target-group.ts';
import type {Labels} from '@narthex/model/labels.ts';
import {isSameJob, type ScrapeConfig} from './config.ts';
import {Fetcher} from './fetcher.ts';
import {Target} from './target.ts';
import {discoveredLabels, TargetError, targetLabels} from './target-labels.ts';
import {type ScraperContext, TargetScraper} from './target-scraper.ts';

/** All targets of one job: starts scraping those that come, stops those that go, leaves the others alone. */
export class ScrapePool {
  readonly #context: ScraperContext;
  readonly #scrapers = new Map<bigint, TargetScraper>();
  #config: ScrapeConfig;
  #fetcher: Fetcher;
  #groups: readonly TargetGroup[] = [];
  #dropped: Labels[] = [];
  #droppedCount = 0;

  constructor(config: ScrapeConfig, context: ScraperContext) {
    this.#config = config;
    this.#context = context;
    this.#fetcher = new Fetcher(config);
    context.metrics.poolMade();
    context.metrics.targetLimit(config.jobName, config.targetLimit);
  }

  get config(): ScrapeConfig {
    return this.#config;
  }

  /** Scrapers of all targets. */
  get scrapers(): Iterable<TargetScraper> {
    return this.#scrapers.values();
  }

  /** Labels before relabelling of targets that relabelling dropped: at most `keep_dropped_targets` of them. */
  get dropped(): readonly Labels[] {
    return this.#dropped;
  }

  get droppedCount(): number {
    return this.#droppedCount;
  }

  /** What discovery knows now replaces what it knew. */
  sync(groups: readonly TargetGroup[]): void {
    const began = performance.now();
    this.#groups = groups;
    this.#dropped = [];
    this.#droppedCount = 0;
    const found = new Map<bigint, Target>();
    let failures = 0;
    for (const group of groups) failures += this.#takeGroup(group, found);
    for (const [hash, scraper] of this.#scrapers) if (!found.has(hash)) this.#remove(hash, scraper);
    for (const [hash, target] of found) this.#keepOrAdd(hash, target);
    this.#enforceTargetLimit();
    this.#context.metrics.synced(this.#config.jobName, (performance.now() - began) / 1000, failures, found.size);
  }

  /** Go on with a changed configuration: targets that stay the same are scraped on in their rhythm. */
  reload(config: ScrapeConfig): void {
    const began = performance.now();
    const sameSeries = storesTheSame(this.#config, config);
    this.#config = config;
    this.#fetcher.close();
    this.#fetcher = new Fetcher(config);
    for (const scraper of this.#scrapers.values()) scraper.setSettings(this.#settings, sameSeries);
    this.sync(this.#groups);
    const {metrics} = this.#context;
    metrics.targetLimit(config.jobName, config.targetLimit);
    metrics.poolReloaded(config.scrapeInterval, (performance.now() - began) / 1000);
  }

  /** The job is gone: its series end some time later. */
  stop(): void {
    for (const [hash, scraper] of this.#scrapers) this.#remove(hash, scraper);
    this.#fetcher.close();
    this.#context.metrics.poolRemoved(this.#config.jobName);
  }

  /** The server stops: nothing is written any more. */
  abandon(): void {
    for (const scraper of this.#scrapers.values()) scraper.abandon();
    this.#fetcher.close();
  }

  get #settings() {
    return {config: this.#config, fetcher: this.#fetcher};
  }

  /** Gives how many targets of the group can't be scraped. */
  #takeGroup(group: TargetGroup, found: Map<bigint, Target>): number {
    let failures = 0;
    for (const [i, own] of group.targets.entries()) {
      try {
        this.#take(discoveredLabels(this.#config, own, group.labels), found);
      } catch (error) {
        if (!(error instanceof TargetError)) throw error;
        failures++;
        const err = `instance ${i} in group ${group.source}: ${error.message}`;
        this.#context.log('error', 'Creating target failed', {scrape_pool: this.#config.jobName, err});
      }
    }
    return failures;
  }

  #take(discovered: Labels, found: Map<bigint, Target>): void {
    const labels = targetLabels(this.#config, discovered);
    if (labels === undefined) {
      const {keepDroppedTargets} = this.#config;
      if (keepDroppedTargets === 0 || this.#dropped.length < keepDroppedTargets) this.#dropped.push(discovered);
      this.#droppedCount++;
      return;
    }
    const target = new Target(this.#config, labels, discovered);
    found.set(target.hash, target);
  }

  #keepOrAdd(hash: bigint, target: Target): void {
    const known = this.#scrapers.get(hash);
    if (known) {
      known.target.discovered = target.discovered;
      return;
    }
    const scraper = new TargetScraper(target, this.#settings, this.#context);
    this.#scrapers.set(hash, scraper);
    scraper.start();
  }

  #remove(hash: bigint, scraper: TargetScraper): void {
    scraper.stop();
    this.#scrapers.delete(hash);
  }

  #enforceTargetLimit(): void {
    const {targetLimit} = this.#config;
    const count = this.#scrapers.size;
    const exceeded = targetLimit > 0 && count > targetLimit;
    const error = exceeded
      ? new Error(`target_limit exceeded (number of targets: ${count}, limit: ${targetLimit})`)
      : undefined;
    if (exceeded) this.#context.metrics.targetLimitExceeded();
    for (const scraper of this.#scrapers.values()) scraper.forcedError = error;
  }
}

/**
 * Whether a line of a target leads to the same series under both configurations. What else a job says changes when and how a target is
 * asked, not what its lines mean. Limits count as meaning: they are checked when a line is new.
 */
function storesTheSame(a: ScrapeConfig, b: ScrapeConfig): boolean {
  return isSameJob({...b, ...meaningOf(a)}, b);
}

function meaningOf(config: ScrapeConfig) {
  const {honorLabels, metricRelabelConfigs, metricNameValidationScheme} = config;
  const {labelLimit, labelNameLengthLimit, labelValueLengthLimit} = config;
  const limits = {labelLimit, labelNameLengthLimit, labelValueLengthLimit};
  return {honorLabels, metricRelabelConfigs, metricNameValidationScheme, ...limits};
}
