import type {DiscoveryConfig} from './config.ts';
import type {Discoverer, DiscoveryLog} from './discoverer.ts';
import {FileDiscoverer} from './file.ts';
import {StaticDiscoverer} from './static.ts';
import type {TargetGroup} from './target-group.ts';

export interface DiscoveryOptions {
  /** All groups of a job, whenever some changed. */
  readonly update: (job: string, groups: readonly TargetGroup[]) => void;
  /** The least time between two updates of the same job, ms; the first one comes at once. */
  readonly intervalMs: number;
  readonly log: DiscoveryLog;
}

/** Runs the discovery of all jobs, and passes their targets on: together, and not more often than makes sense. */
export class DiscoveryManager {
  readonly #options: DiscoveryOptions;
  readonly #jobs = new Map<string, Job>();

  constructor(options: DiscoveryOptions) {
    this.#options = options;
  }

  /** Jobs and where their targets come from replace those before; a job whose discovery stays the same goes on undisturbed. */
  apply(configs: ReadonlyMap<string, {config: DiscoveryConfig; baseDir: string}>): void {
    for (const [name, job] of this.#jobs) if (!configs.has(name)) this.#stop(name, job);
    for (const [name, {config, baseDir}] of configs) {
      const key = JSON.stringify([config, baseDir]);
      const job = this.#jobs.get(name);
      if (job?.key === key) continue;
      if (job) this.#stop(name, job);
      this.#jobs.set(
        name,
        new Job(key, this.#discoverers(config, baseDir), this.#options.intervalMs, (groups) =>
          this.#options.update(name, groups),
        ),
      );
    }
  }

  stop(): void {
    for (const [name, job] of this.#jobs) this.#stop(name, job);
  }

  #stop(name: string, job: Job): void {
    job.stop();
    this.#jobs.delete(name);
  }

  #discoverers(config: DiscoveryConfig, baseDir: string): Discoverer[] {
    const {log} = this.#options;
    const files = config.fileSdConfigs.map(
      ({files, refreshInterval}) => new FileDiscoverer({files, baseDir, refreshIntervalMs: refreshInterval, log}),
    );
    return [new StaticDiscoverer(config.staticConfigs), ...files];
  }
}

/** The discovery of one job: the newest group of each source. */
class Job {
  readonly key: string;
  readonly #discoverers: readonly Discoverer[];
  readonly #groups = new Map<string, TargetGroup>();
  readonly #intervalMs: number;
  readonly #update: (groups: readonly TargetGroup[]) => void;
  #timer: NodeJS.Timeout | undefined;
  #pending = false;

  constructor(
    key: string,
    discoverers: readonly Discoverer[],
    intervalMs: number,
    update: (groups: readonly TargetGroup[]) => void,
  ) {
    this.key = key;
    this.#discoverers = discoverers;
    this.#intervalMs = intervalMs;
    this.#update = update;
    for (const [i, discoverer] of discoverers.entries()) discoverer.start((groups) => this.#take(i, groups));
    this.#flush();
  }

  stop(): void {
    clearTimeout(this.#timer);
    for (const discoverer of this.#discoverers) discoverer.stop();
  }

  #take(discoverer: number, groups: readonly TargetGroup[]): void {
    for (const group of groups) {
      const key = `${discoverer}/${group.source}`;
      if (group.targets.length) this.#groups.set(key, group);
      else this.#groups.delete(key);
    }
    this.#pending = true;
    this.#timer ??= setTimeout(() => this.#flush(), this.#intervalMs);
  }

  #flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (!this.#pending) return;
    this.#pending = false;
    this.#update([...this.#groups.values()]);
  }
}
