import fs from 'node:fs';
import type {Logger} from '../log/logger.ts';

/** Lines beyond this wait for no disk: they are dropped and counted. */
const WAITING_CHARACTERS_MAX = 8 << 20;
const ERRORS: Record<string, string> = {
  ENOENT: 'no such file or directory',
  EACCES: 'permission denied',
  EISDIR: 'is a directory',
  ENOTDIR: 'not a directory',
};

/** A file of lines that grows; writing never blocks, and a failed write does not end it. */
class LineFile {
  readonly #fd: number;
  readonly #failed: (lines: number, error?: unknown) => void;
  #waiting: string[] = [];
  #characters = 0;
  #writing: Promise<void> | undefined;

  /** Throws an Error with upstream's words where the file can't be opened. */
  constructor(file: string, failed: (lines: number, error?: unknown) => void) {
    try {
      this.#fd = fs.openSync(file, 'a', 0o666);
    } catch (cause) {
      const {code, message} = cause as NodeJS.ErrnoException;
      throw new Error(`can't create json log file: open ${file}: ${ERRORS[code ?? ''] ?? message}`, {cause});
    }
    this.#failed = failed;
  }

  write(line: string): void {
    if (this.#characters > WAITING_CHARACTERS_MAX) return this.#failed(1);
    this.#waiting.push(line);
    this.#characters += line.length;
    this.#writing ??= this.#drain().finally(() => {
      this.#writing = undefined;
    });
    return undefined;
  }

  /** Resolves when everything is written. */
  async close(): Promise<void> {
    await this.#writing;
    fs.closeSync(this.#fd);
  }

  async #drain(): Promise<void> {
    while (this.#waiting.length) {
      const lines = this.#waiting;
      this.#waiting = [];
      this.#characters = 0;
      try {
        await this.#append(Buffer.from(lines.join('')));
      } catch (error) {
        this.#failed(lines.length, error);
      }
    }
  }

  async #append(bytes: Buffer): Promise<void> {
    for (let at = 0; at < bytes.length;) {
      const {promise, resolve, reject} = Promise.withResolvers<number>();
      fs.write(this.#fd, bytes, at, (error, written) => (error ? reject(error) : resolve(written)));
      at += await promise;
    }
  }
}

/** The query log, which a reload of the configuration turns on and off, and begins in a new file where the old one was moved away. */
export class QueryLog {
  readonly #log: Logger;
  #file: LineFile | undefined;
  #failures = 0;

  constructor(log: Logger) {
    this.#log = log;
  }

  get enabled(): boolean {
    return this.#file !== undefined;
  }

  /** Lines that could not be written. */
  get failures(): number {
    return this.#failures;
  }

  /**
   * Opens `file` ('' for none); the function returned makes it the log, or gives it up, where the rest of the configuration can't be had. Throws
   * where it can't be opened.
   */
  prepare(file: string): {use(): void; giveUp(): void} {
    const next = file === '' ? undefined : new LineFile(file, (lines, error) => this.#failed(lines, error));
    return {
      use: () => {
        void this.#file?.close();
        this.#file = next;
      },
      giveUp: () => void next?.close(),
    };
  }

  write(line: string): void {
    this.#file?.write(line);
  }

  async close(): Promise<void> {
    await this.#file?.close();
    this.#file = undefined;
  }

  #failed(lines: number, error?: unknown): void {
    this.#failures += lines;
    if (error) this.#log.error("can't log query", {component: 'query engine', err: error});
  }
}
