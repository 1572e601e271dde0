import type {DiscoveryConfig} from './config.ts';
import type {Discoverer, DiscoveryLog} from './discoverer.ts';
import {FileDiscoverer} from './file.ts';
import type {DiscoveryMetrics} from './metrics.ts';
import {StaticDiscoverer} from './static.ts';
import type {TargetGroup} from './target-group.ts';

export interface DiscoveryOptions {
  /** All groups of a job, whenever some changed. */
  readonly update: (job: string, groups: readonly TargetGroup[]) => void;
  /** The least time between two updates of the same job, ms. */
  readonly intervalMs: number;
  readonly metrics: DiscoveryMetrics;
  readonly log: DiscoveryLog;
}

/** Where the targets of a job come from. */
export interface JobDiscovery {
  readonly config: DiscoveryConfig;
  /** What relative file names count from. */
  readonly baseDir: string;
}

/** How long a change waits for others that come with it, ms. */
const MERGE_MS = 100;

/** Runs the discovery of all jobs, and passes their targets on: together, and not more often than makes sense. */
export class DiscoveryManager {
  readonly #options: DiscoveryOptions;
  readonly #jobs = new Map<string, Job>();

  constructor(options: DiscoveryOptions) {
    this.#options = options;
  }

  /**
   * Jobs and where their targets come from replace those before; a job whose discovery stays the same goes on undisturbed. What is known
   * of new ones at once (static targets, files) is passed on before this returns.
   */
  apply(configs: ReadonlyMap<string, JobDiscovery>): void {
    for (const [name, job] of this.#jobs) if (!configs.has(name)) this.#stop(name, job);
    for (const [name, discovery] of configs) {
      const key = keyOf(discovery);
      const job = this.#jobs.get(name);
      if (job?.key === key) continue;
      job?.stop();
      this.#jobs.set(name, new Job(name, key, this.#discoverers(discovery), this.#options));
    }
  }

  stop(): void {
    for (const [name, job] of this.#jobs) this.#stop(name, job);
  }

  #stop(name: string, job: Job): void {
    job.stop();
    this.#jobs.delete(name);
    this.#options.metrics.removed(name);
  }

  #discoverers({config, baseDir}: JobDiscovery): Discoverer[] {
    const {log, metrics} = this.#options;
    const files = config.fileSdConfigs.map(
      ({files, refreshInterval: refreshIntervalMs}) =>
        new FileDiscoverer({files, baseDir, refreshIntervalMs, metrics: metrics.files, log}),
    );
    return [new StaticDiscoverer(config.staticConfigs), ...files];
  }
}

/** Equal for equal discoveries, whatever else the job says. */
function keyOf({config: {staticConfigs, fileSdConfigs}, baseDir}: JobDiscovery): string {
  return JSON.stringify([staticConfigs, fileSdConfigs, baseDir]);
}

/** The discovery of one job: the newest group of each source. */
class Job {
  readonly key: string;
  readonly #name: string;
  readonly #discoverers: readonly Discoverer[];
  readonly #options: DiscoveryOptions;
  readonly #groups = new Map<string, TargetGroup>();
  #timer: NodeJS.Timeout | undefined;
  #sentMs = 0;

  constructor(name: string, key: string, discoverers: readonly Discoverer[], options: DiscoveryOptions) {
    this.#name = name;
    this.key = key;
    this.#discoverers = discoverers;
    this.#options = options;
    for (const [i, discoverer] of discoverers.entries()) discoverer.start((groups) => this.#take(i, groups));
    this.#send();
  }

  stop(): void {
    clearTimeout(this.#timer);
    for (const discoverer of this.#discoverers) discoverer.stop();
  }

  #take(discoverer: number, groups: readonly TargetGroup[]): void {
    this.#options.metrics.received();
    for (const group of groups) {
      const key = `${discoverer}/${group.source}`;
      if (group.targets.length > 0) this.#groups.set(key, group);
      else this.#groups.delete(key);
    }
    const sinceMs = Math.max(0, Date.now() - this.#sentMs);
    this.#timer ??= setTimeout(() => this.#send(), Math.max(MERGE_MS, this.#options.intervalMs - sinceMs));
  }

  #send(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#sentMs = Date.now();
    const groups = [...this.#groups.values()];
    this.#options.metrics.sent(
      this.#name,
      groups.reduce((targets, group) => targets + group.targets.length, 0),
    );
    this.#options.update(this.#name, groups);
  }
}
