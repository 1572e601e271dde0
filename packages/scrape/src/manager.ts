import type {TargetGroup} from '@narthex/discovery/target-group.ts';
import {isSameJob, type ScrapeConfig} from './config.ts';
import {FailureLogs} from './failure-logs.ts';
import type {FamilyMetadata} from './metadata.ts';
import {ScrapePool} from './pool.ts';
import type {ScraperContext} from './target-scraper.ts';

export type ManagerContext = Omit<ScraperContext, 'offsetSeed' | 'failures'>;

/** One target as `/api/v1/targets` tells of it. */
export interface TargetStatus {
  readonly discoveredLabels: Record<string, string>;
  readonly labels: Record<string, string>;
  readonly scrapePool: string;
  readonly scrapeUrl: string;
  readonly lastError: string;
  /** ms since the epoch, undefined before the first scrape. */
  readonly lastScrapeMs: number | undefined;
  readonly lastScrapeSeconds: number;
  readonly health: string;
  readonly scrapeInterval: string;
  readonly scrapeTimeout: string;
}

export interface TargetsStatus {
  readonly active: readonly TargetStatus[];
  readonly dropped: readonly {readonly discoveredLabels: Record<string, string>; readonly scrapePool: string}[];
  readonly droppedCounts: Record<string, number>;
}

/** Metadata of one family as one target exposes it. */
export interface TargetMetadata extends FamilyMetadata {
  /** Labels of the target. */
  readonly target: Record<string, string>;
}

/** All scrape pools of the server. */
export class ScrapeManager {
  readonly #context: ManagerContext;
  readonly #pools = new Map<string, ScrapePool>();
  readonly #failures: FailureLogs;

  constructor(context: ManagerContext) {
    this.#context = context;
    this.#failures = new FailureLogs(context.log);
  }

  /**
   * Jobs replace those before: one that stays the same goes on undisturbed, a changed one keeps the rhythm of the targets that it keeps.
   * `offsetSeed` sets this server apart in time from its replicas.
   */
  apply(configs: readonly ScrapeConfig[], offsetSeed: bigint): void {
    this.#failures.reopen(configs.map((config) => config.scrapeFailureLogFile));
    const names = new Set(configs.map((config) => config.jobName));
    for (const [name, pool] of this.#pools) {
      if (names.has(name)) continue;
      pool.stop();
      this.#pools.delete(name);
    }
    for (const config of configs) {
      const pool = this.#pools.get(config.jobName);
      if (!pool) this.#pools.set(config.jobName, this.#makePool(config, offsetSeed));
      else if (!isSameJob(pool.config, config)) pool.reload(config);
    }
  }

  /** What discovery knows of a job now. */
  update(job: string, groups: readonly TargetGroup[]): void {
    this.#pools.get(job)?.sync(groups);
  }

  /** The server stops: series stay as they are. */
  close(): void {
    for (const pool of this.#pools.values()) pool.abandon();
    this.#failures.close();
  }

  #makePool(config: ScrapeConfig, offsetSeed: bigint): ScrapePool {
    return new ScrapePool(config, {...this.#context, failures: this.#failures, offsetSeed});
  }

  /** Names of the pools, sorted. */
  get poolNames(): string[] {
    return [...this.#pools.keys()].sort();
  }

  targets(): TargetsStatus {
    const active: TargetStatus[] = [];
    const dropped: {discoveredLabels: Record<string, string>; scrapePool: string}[] = [];
    const droppedCounts: Record<string, number> = {};
    for (const name of this.poolNames) {
      const pool = this.#pools.get(name)!;
      for (const {target} of pool.scrapers) {
        active.push({
          discoveredLabels: target.discovered.toObject(),
          labels: target.publicLabels.toObject(),
          scrapePool: name,
          scrapeUrl: target.url,
          lastError: target.lastError,
          lastScrapeMs: target.lastScrapeMs,
          lastScrapeSeconds: target.lastScrapeSeconds,
          health: target.health,
          scrapeInterval: target.labels.get('__scrape_interval__'),
          scrapeTimeout: target.labels.get('__scrape_timeout__'),
        });
      }
      for (const labels of pool.dropped) dropped.push({discoveredLabels: labels.toObject(), scrapePool: name});
      droppedCounts[name] = pool.droppedCount;
    }
    return {active, dropped, droppedCounts};
  }

  /** Metadata of all targets; `family` of one family only. */
  metadata(family?: string): TargetMetadata[] {
    const found: TargetMetadata[] = [];
    for (const name of this.poolNames) {
      for (const scraper of this.#pools.get(name)!.scrapers) {
        const target = scraper.target.publicLabels.toObject();
        for (const metadata of scraper.metadata()) {
          if (family === undefined || metadata.family === family) found.push({...metadata, target});
        }
      }
    }
    return found;
  }
}
