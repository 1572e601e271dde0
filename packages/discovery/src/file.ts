import fs from 'node:fs';
import path from 'node:path';
import {decodeYaml} from '@narthex/yaml/decode.ts';
import {list} from '@narthex/yaml/collections.ts';
import type {Discoverer, DiscoveryLog} from './discoverer.ts';
import {addressTarget, staticGroup} from './target-group-yaml.ts';
import type {TargetGroup} from './target-group.ts';

const FILE_BYTES_MAX = 64 << 20;
/** Editors write a file in several steps: wait until they are done. */
const SETTLE_MS = 100;

export interface FileDiscovererOptions {
  /** Paths, the last part of which may contain `*`; absolute, or relative to `baseDir`. */
  readonly files: readonly string[];
  readonly baseDir: string;
  readonly refreshIntervalMs: number;
  readonly log: DiscoveryLog;
}

/**
 * Targets that JSON or YAML files list. Files are read again when their folder says that something changed, and each refresh interval. A file
 * that can't be read or parsed keeps its targets; one that is gone loses them.
 */
export class FileDiscoverer implements Discoverer {
  readonly #options: FileDiscovererOptions;
  readonly #watchers: fs.FSWatcher[] = [];
  /** How many groups each file had. */
  #known = new Map<string, number>();
  #timer: NodeJS.Timeout | undefined;
  #settling: NodeJS.Timeout | undefined;

  constructor(options: FileDiscovererOptions) {
    this.#options = options;
  }

  start(update: (groups: readonly TargetGroup[]) => void): void {
    this.#refresh(update);
    this.#timer = setInterval(() => this.#refresh(update), this.#options.refreshIntervalMs);
    for (const folder of new Set(this.#patterns().map((pattern) => path.dirname(pattern)))) this.#watch(folder, update);
  }

  stop(): void {
    clearInterval(this.#timer);
    clearTimeout(this.#settling);
    for (const watcher of this.#watchers) watcher.close();
  }

  #patterns(): string[] {
    return this.#options.files.map((file) => path.resolve(this.#options.baseDir, file));
  }

  #watch(folder: string, update: (groups: readonly TargetGroup[]) => void): void {
    try {
      const watcher = fs.watch(folder, () => {
        clearTimeout(this.#settling);
        this.#settling = setTimeout(() => this.#refresh(update), SETTLE_MS);
      });
      watcher.on('error', (error) => this.#warn('Error watching folder', folder, error));
      this.#watchers.push(watcher);
    } catch (error) {
      this.#warn('Error adding file watch', folder, error);
    }
  }

  #refresh(update: (groups: readonly TargetGroup[]) => void): void {
    const groups: TargetGroup[] = [];
    const counts = new Map<string, number>();
    for (const file of this.#files()) counts.set(file, this.#read(file, groups));
    for (const [file, before] of this.#known) {
      for (let i = counts.get(file) ?? 0; i < before; i++)
        groups.push({source: sourceOf(file, i), targets: [], labels: {}});
    }
    this.#known = counts;
    update(groups);
  }

  /** Gives how many groups the file has, as far as is known. */
  #read(file: string, groups: TargetGroup[]): number {
    try {
      const found = readTargetFile(file);
      groups.push(...found);
      return found.length;
    } catch (error) {
      this.#warn('Error reading file', file, error);
      return this.#known.get(file) ?? 0;
    }
  }

  #files(): string[] {
    return [...new Set(this.#patterns().flatMap((pattern) => matching(pattern)))].sort();
  }

  #warn(message: string, where: string, error: unknown): void {
    this.#options.log('error', message, {path: where, err: (error as Error).message});
  }
}

const sourceOf = (file: string, i: number): string => `${file}:${i}`;

/** Groups of one file; JSON is YAML, too. Throws for a file that can't be read, or is wrong. */
export function readTargetFile(file: string): TargetGroup[] {
  const {size} = fs.statSync(file);
  if (size > FILE_BYTES_MAX) throw new Error(`${file}: ${size} bytes, want at most ${FILE_BYTES_MAX}`);
  const groups = decodeYaml(fs.readFileSync(file, 'utf8'), list(staticGroup), {file});
  return groups.map(({targets, labels}, i) => ({
    source: sourceOf(file, i),
    targets: targets.map(addressTarget),
    labels: {...labels, __meta_filepath: file},
  }));
}

/** Files that match a pattern whose last part may contain `*`. */
function matching(pattern: string): string[] {
  const name = path.basename(pattern);
  if (!name.includes('*')) return fs.existsSync(pattern) ? [pattern] : [];
  const folder = path.dirname(pattern);
  const parts = name.split('*').map((part) => part.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&'));
  const regex = new RegExp(`^${parts.join('[^/]*')}$`);
  try {
    return fs
      .readdirSync(folder)
      .filter((entry) => regex.test(entry))
      .map((entry) => path.join(folder, entry));
  } catch {
    return [];
  }
}
