import fs from 'node:fs';
import type {ScrapeLog} from './log.ts';

/** A scrape that got no body. */
export interface ScrapeFailure {
  readonly job: string;
  readonly target: string;
  readonly message: string;
}

/** The files of `scrape_failure_log_file`: one line of JSON a scrape that got no body. A file that can't be written is told of once. */
export class FailureLogs {
  readonly #log: ScrapeLog;
  /** Descriptors by path; undefined for a file that cannot be written. */
  readonly #files = new Map<string, number | undefined>();

  constructor(log: ScrapeLog) {
    this.#log = log;
  }

  /** Go on with these files, opened anew, so that they can be rotated. */
  reopen(paths: Iterable<string>): void {
    this.close();
    for (const path of new Set(paths))
      if (path !== '')
        this.#files.set(
          path,
          this.#try(path, () => fs.openSync(path, 'a', 0o666)),
        );
  }

  write(path: string, {job, target, message}: ScrapeFailure): void {
    const file = this.#files.get(path);
    if (file === undefined) return;
    const line = JSON.stringify({
      time: new Date().toISOString(),
      level: 'ERROR',
      msg: message,
      job_name: job,
      target,
    });
    if (this.#try(path, () => fs.writeSync(file, `${line}\n`)) === undefined) this.#drop(path, file);
  }

  close(): void {
    for (const file of this.#files.values()) if (file !== undefined) fs.closeSync(file);
    this.#files.clear();
  }

  #drop(path: string, file: number): void {
    fs.closeSync(file);
    this.#files.set(path, undefined);
  }

  #try<T>(path: string, run: () => T): T | undefined {
    try {
      return run();
    } catch (error) {
      this.#log('error', 'Scrape failure log cannot be written', {path, err: (error as Error).message});
      return undefined;
    }
  }
}
