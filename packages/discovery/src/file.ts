import fs from 'node:fs';
import path from 'node:path';
import type {Discoverer, DiscoveryLog} from './discoverer.ts';
import {glob} from './glob.ts';
import type {FileMetrics} from './metrics.ts';
import {parseTargetFile, sourceOf} from './target-file.ts';
import type {TargetGroup} from './target-group.ts';

const FILE_BYTES_MAX = 64 << 20;
/** Editors write a file in several steps: wait until they are done. */
const SETTLE_MS = 100;
const REFRESH_MS_MIN = 1000;
const REFRESH_MS_MAX = 2 ** 31 - 1;

export interface FileDiscovererOptions {
  /** Patterns of paths as `glob` takes them; absolute, or relative to `baseDir`. */
  readonly files: readonly string[];
  readonly baseDir: string;
  readonly refreshIntervalMs: number;
  readonly metrics: FileMetrics;
  readonly log: DiscoveryLog;
}

/** A file as it was read last. */
interface KnownFile {
  readonly text: string;
  readonly groups: number;
}

/**
 * Targets that JSON or YAML files list. Files are read again when their folder says that something changed, and each refresh interval. A file
 * that can't be read or parsed keeps its targets; one that is gone loses them.
 */
export class FileDiscoverer implements Discoverer {
  readonly #options: FileDiscovererOptions;
  readonly #patterns: readonly string[];
  readonly #watches = new Map<string, {readonly watcher: fs.FSWatcher; readonly folderId: string}>();
  #known = new Map<string, KnownFile>();
  #update: (groups: readonly TargetGroup[]) => void = () => {};
  #interval: NodeJS.Timeout | undefined;
  #settling: NodeJS.Timeout | undefined;

  constructor(options: FileDiscovererOptions) {
    this.#options = options;
    this.#patterns = options.files.map((file) => (path.isAbsolute(file) ? file : path.join(options.baseDir, file)));
  }

  start(update: (groups: readonly TargetGroup[]) => void): void {
    this.#update = update;
    update(this.#refresh());
    const intervalMs = Math.min(REFRESH_MS_MAX, Math.max(REFRESH_MS_MIN, this.#options.refreshIntervalMs));
    this.#interval = setInterval(() => this.#refreshAndTell(), intervalMs);
  }

  stop(): void {
    clearInterval(this.#interval);
    clearTimeout(this.#settling);
    for (const {watcher} of this.#watches.values()) watcher.close();
    this.#watches.clear();
    for (const file of this.#known.keys()) this.#options.metrics.gone(file);
  }

  #refreshAndTell(): void {
    const changed = this.#refresh();
    if (changed.length > 0) this.#update(changed);
  }

  /** Read all files; gives the groups of those that have changed, without targets where they are gone. */
  #refresh(): TargetGroup[] {
    const began = performance.now();
    // Before reading: what changes while a file is read is to be seen.
    this.#watchFolders();
    const known = new Map<string, KnownFile>();
    const changed: TargetGroup[] = [];
    for (const file of this.#files()) {
      const now = this.#read(file, changed);
      if (now) known.set(file, now);
    }
    for (const [file, {groups}] of this.#known) {
      for (let i = known.get(file)?.groups ?? 0; i < groups; i++)
        changed.push({source: sourceOf(file, i), targets: [], labels: {}});
      if (!known.has(file)) this.#options.metrics.gone(file);
    }
    this.#known = known;
    this.#options.metrics.scanned((performance.now() - began) / 1000);
    return changed;
  }

  /** Gives what is known of the file now, and adds its groups to `changed` when they are not as before. */
  #read(file: string, changed: TargetGroup[]): KnownFile | undefined {
    const before = this.#known.get(file);
    try {
      const {text, modifiedMs} = readText(file);
      if (text === before?.text) return before;
      const groups = parseTargetFile(file, text);
      changed.push(...groups);
      this.#options.metrics.read(file, modifiedMs);
      return {text, groups: groups.length};
    } catch (error) {
      this.#options.metrics.readFailed();
      this.#complain('Error reading file', file, error);
      return before;
    }
  }

  #files(): Set<string> {
    return new Set(this.#patterns.flatMap((pattern) => this.#matching(pattern)));
  }

  #matching(pattern: string): string[] {
    try {
      return glob(pattern);
    } catch (error) {
      this.#complain('Error expanding glob', pattern, error);
      return [];
    }
  }

  /** Watch the folder of each pattern; again, where it was made anew. */
  #watchFolders(): void {
    for (const folder of new Set(this.#patterns.map((pattern) => path.dirname(pattern)))) {
      const folderId = idOf(folder);
      const watch = this.#watches.get(folder);
      if (watch?.folderId === folderId) continue;
      watch?.watcher.close();
      this.#watches.delete(folder);
      if (folderId !== undefined) this.#watch(folder, folderId);
    }
  }

  #watch(folder: string, folderId: string): void {
    const fail = (error: unknown) => {
      this.#options.metrics.watchFailed();
      this.#complain('Error adding file watch', folder, error);
    };
    try {
      const watcher = fs.watch(folder, () => this.#settle());
      watcher.on('error', (error) => {
        fail(error);
        watcher.close();
        this.#watches.delete(folder);
      });
      this.#watches.set(folder, {watcher, folderId});
    } catch (error) {
      fail(error);
    }
  }

  #settle(): void {
    this.#settling ??= setTimeout(() => {
      this.#settling = undefined;
      this.#refreshAndTell();
    }, SETTLE_MS);
  }

  #complain(message: string, where: string, error: unknown): void {
    this.#options.log('error', message, {path: where, err: (error as Error).message});
  }
}

/** Tells a folder from one of the same name that came after it. Undefined when there is none. */
function idOf(folder: string): string | undefined {
  const stat = fs.statSync(folder, {throwIfNoEntry: false});
  // Numbers of inodes are given again soon.
  return stat && `${stat.dev}/${stat.ino}/${stat.birthtimeMs}`;
}

function readText(file: string): {text: string; modifiedMs: number} {
  const {size, mtimeMs: modifiedMs} = fs.statSync(file);
  if (size > FILE_BYTES_MAX) throw new Error(`${size} bytes, want at most ${FILE_BYTES_MAX}`);
  return {text: fs.readFileSync(file, 'utf8'), modifiedMs};
}
