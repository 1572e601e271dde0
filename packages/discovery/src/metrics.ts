import type {Registry} from '@narthex/client/registry.ts';

/** What discovery counts, under upstream's names. */
export class DiscoveryMetrics {
  readonly files: FileMetrics;
  readonly #name: string;
  readonly #discovered;
  readonly #lastUpdate;
  readonly #received;
  readonly #sent;

  /** `name` tells this discovery from another of the same server: `scrape`, `notify`. */
  constructor(registry: Registry, name: string) {
    this.#name = name;
    this.files = new FileMetrics(registry);
    this.#discovered = registry.gauge({
      name: 'prometheus_sd_discovered_targets',
      help: 'Targets that are known.',
      labels: ['name', 'config'],
    });
    this.#lastUpdate = registry.gauge({
      name: 'prometheus_sd_last_update_timestamp_seconds',
      help: 'When the targets were passed on last.',
      labels: ['name', 'config'],
    });
    this.#received = registry.counter({
      name: 'prometheus_sd_received_updates_total',
      help: 'Updates that mechanisms sent.',
      labels: ['name'],
    });
    this.#sent = registry.counter({
      name: 'prometheus_sd_updates_total',
      help: 'Updates that were passed on.',
      labels: ['name'],
    });
  }

  /** A mechanism sent something. */
  received(): void {
    this.#received.labels(this.#name).inc();
  }

  /** The targets of a job were passed on. */
  sent(job: string, targets: number): void {
    this.#sent.labels(this.#name).inc();
    this.#discovered.labels(this.#name, job).set(targets);
    this.#lastUpdate.labels(this.#name, job).set(Date.now() / 1000);
  }

  removed(job: string): void {
    this.#discovered.remove(this.#name, job);
    this.#lastUpdate.remove(this.#name, job);
  }
}

/** What is counted about target files. */
export class FileMetrics {
  readonly #modified;
  readonly #readErrors;
  readonly #watchErrors;
  readonly #scans;

  constructor(registry: Registry) {
    this.#modified = registry.gauge({
      name: 'prometheus_sd_file_mtime_seconds',
      help: 'When a target file was changed, as of when it was read.',
      labels: ['filename'],
    });
    this.#readErrors = registry.counter({
      name: 'prometheus_sd_file_read_errors_total',
      help: 'Target files that could not be read or were wrong.',
    });
    this.#watchErrors = registry.counter({
      name: 'prometheus_sd_file_watcher_errors_total',
      help: 'Folders of target files that could not be watched.',
    });
    this.#scans = registry.summary({
      name: 'prometheus_sd_file_scan_duration_seconds',
      help: 'Time to look through all target files of a job.',
      quantiles: [0.5, 0.9, 0.99],
    });
  }

  read(file: string, modifiedMs: number): void {
    this.#modified.labels(file).set(Math.trunc(modifiedMs / 1000));
  }

  gone(file: string): void {
    this.#modified.remove(file);
  }

  readFailed(): void {
    this.#readErrors.inc();
  }

  watchFailed(): void {
    this.#watchErrors.inc();
  }

  scanned(seconds: number): void {
    this.#scans.observe(seconds);
  }
}
