import type {TargetGroup} from '@narthex/discovery/target-group.ts';
import type {Labels} from '@narthex/model/labels.ts';
import {printJob, type ScrapeConfig} from './config.ts';
import {targetHash} from './schedule.ts';
import {Target} from './target.ts';
import {discoveredLabels, TargetError, targetLabels, targetUrl} from './target-labels.ts';
import {type ScraperContext, TargetScraper} from './target-scraper.ts';

/** All targets of one job: starts scraping those that come, stops those that go, leaves the others alone. */
export class ScrapePool {
  readonly #context: ScraperContext;
  readonly #scrapers = new Map<bigint, TargetScraper>();
  #config: ScrapeConfig;
  #groups: readonly TargetGroup[] = [];
  #dropped: Labels[] = [];
  #droppedCount = 0;

  constructor(config: ScrapeConfig, context: ScraperContext) {
    this.#config = config;
    this.#context = context;
  }

  get config(): ScrapeConfig {
    return this.#config;
  }

  /** Targets that are scraped. */
  get active(): Target[] {
    return Array.from(this.#scrapers.values(), (scraper) => scraper.target);
  }

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
    const sameSeries = storesTheSame(this.#config, config);
    this.#config = config;
    for (const scraper of this.#scrapers.values()) scraper.setConfig(config, sameSeries);
    this.sync(this.#groups);
  }

  /** The job is gone: its series end some time later. */
  stop(): void {
    for (const [hash, scraper] of this.#scrapers) this.#remove(hash, scraper);
    this.#context.fetcher.close();
  }

  /** The server stops. */
  abandon(): void {
    for (const scraper of this.#scrapers.values()) scraper.abandon();
    this.#context.fetcher.close();
  }

  /** Gives how many targets of the group can't be scraped. */
  #takeGroup(group: TargetGroup, found: Map<bigint, Target>): number {
    let failures = 0;
    for (const [i, own] of group.targets.entries()) {
      const discovered = discoveredLabels(this.#config, own, group.labels);
      try {
        this.#take(discovered, found);
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
    const url = targetUrl(this.#config, labels);
    const hash = targetHash(labels, url);
    found.set(hash, new Target(labels, url, hash, discovered));
  }

  #keepOrAdd(hash: bigint, target: Target): void {
    const known = this.#scrapers.get(hash);
    if (known) {
      known.target.discovered = target.discovered;
      return;
    }
    const scraper = new TargetScraper(target, this.#config, this.#context);
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

/** Whether a line of a target leads to the same series under both configurations. */
function storesTheSame(a: ScrapeConfig, b: ScrapeConfig): boolean {
  // What else a job says changes when and how a target is asked, not what its lines mean.
  const meaning = ({honorLabels, metricRelabelConfigs, extraScrapeMetrics}: ScrapeConfig) => ({
    honorLabels,
    metricRelabelConfigs,
    extraScrapeMetrics,
  });
  return printJob({...b, ...meaning(a)}) === printJob(b);
}
