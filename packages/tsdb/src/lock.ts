import {randomUUID} from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import {StorageError, errnoOf, reasonOf} from './errors.ts';
import {type ProcessIdentity, isRunning, ownIdentity, processWriting} from './process-identity.ts';

const FILE = 'lock';
/** Others may take the file between our looks at it; more rounds than this mean that something is wrong. */
const ROUNDS_MAX = 10;

/** Values of `prometheus_tsdb_clean_start`: -1 no lock file is used, 0 one of a dead process was replaced, 1 there was none. */
export type CleanStart = -1 | 0 | 1;

// Upstream locks the file `lock` with flock(2), which Node does not offer. Ours holds the identity of its process instead;
// it appears whole under its name (a hard link to a finished file, which fails when the name exists). A real Prometheus has
// the file open to write for as long as it runs, which /proc tells where the system has that; our own never has.

/** The claim of this process on a data folder. */
export class FolderLock {
  readonly file: string;
  readonly cleanStart: CleanStart;
  readonly #content: string;

  private constructor(file: string, content: string, cleanStart: CleanStart) {
    this.file = file;
    this.#content = content;
    this.cleanStart = cleanStart;
  }

  /**
   * Take `folder`, which exists. Throws StorageError `locked`, naming file and holder, when another open database has it,
   * be it in this process or another, of ours or a real Prometheus. The lock of a process that is dead is replaced, and
   * `onWarning` told.
   */
  static acquire(folder: string, onWarning: (message: string) => void = () => {}): FolderLock {
    const file = path.resolve(folder, FILE);
    const content = describe(ownIdentity());
    let cleanStart: CleanStart = 1;
    for (let round = 0; round < ROUNDS_MAX; round++) {
      if (tryCreate(file, content)) return new FolderLock(file, content, cleanStart);
      const found = read(file);
      if (found === undefined) continue;
      const holder = holderOf(file, found);
      if (holder !== undefined) throw new StorageError('locked', `lock DB directory: ${file} is held by ${holder}`);
      if (!setAside(file, found)) continue;
      cleanStart = 0;
      onWarning(`A lockfile from a previous execution already existed. It was replaced: ${file} (${oneLine(found)})`);
    }
    throw new StorageError('locked', `lock DB directory: ${file} changes all the time: several processes want it`);
  }

  /** Give the folder back. Leaves the file alone when someone else's is in its place. */
  release(): void {
    if (read(this.file) === this.#content) fs.rmSync(this.file, {force: true});
  }
}

function describe(own: ProcessIdentity): string {
  return [
    `pid ${own.pid}`,
    `start ${own.start}`,
    `boot ${own.boot}`,
    `namespace ${own.namespace}`,
    `host ${os.hostname()}`,
    `id ${randomUUID()}`,
    '',
  ].join('\n');
}

function parse(content: string): ProcessIdentity | undefined {
  const fields = new Map<string, string>();
  for (const line of content.split('\n')) {
    const space = line.indexOf(' ');
    if (space > 0) fields.set(line.slice(0, space), line.slice(space + 1));
  }
  const pid = Number(fields.get('pid'));
  if (!Number.isInteger(pid) || pid <= 0) return undefined;
  const text = (name: string): string => fields.get(name) ?? '';
  return {pid, start: text('start'), boot: text('boot'), namespace: text('namespace')};
}

/** Who holds the lock, in words; undefined when nobody that can be seen from here. */
function holderOf(file: string, content: string): string | undefined {
  const opener = processWriting(file);
  if (opener !== undefined) return `process ${opener}, which has it open`;
  const identity = parse(content);
  if (identity === undefined || !isRunning(identity)) return undefined;
  return identity.pid === process.pid ? `this process (${identity.pid})` : `process ${identity.pid}`;
}

/** Make the lock file with all its content at once; false when it exists. */
function tryCreate(file: string, content: string): boolean {
  const draft = `${file}.${process.pid}.${randomUUID()}`;
  try {
    fs.writeFileSync(draft, content, {flag: 'wx', mode: 0o666});
    linkOrCopy(draft, file, content);
    return true;
  } catch (error) {
    if (errnoOf(error) === 'EEXIST') return false;
    throw new StorageError('data_folder', `lock DB directory: cannot make ${file}: ${reasonOf(error)}`, error);
  } finally {
    fs.rmSync(draft, {force: true});
  }
}

function linkOrCopy(draft: string, file: string, content: string): void {
  try {
    fs.linkSync(draft, file);
  } catch (error) {
    if (errnoOf(error) === 'EEXIST') throw error;
    // A file system without hard links (FAT, some network shares).
    fs.writeFileSync(file, content, {flag: 'wx', mode: 0o666});
  }
}

/**
 * Remove the stale lock with this content; false when it is another one by now. Two processes may find the same stale lock:
 * renaming gives it to one of them, and if that one got the other's fresh lock instead, it puts it back.
 */
function setAside(file: string, content: string): boolean {
  const aside = `${file}.${process.pid}.${randomUUID()}`;
  try {
    fs.renameSync(file, aside);
    if (fs.readFileSync(aside, 'utf8') === content) return true;
    fs.linkSync(aside, file);
    return false;
  } catch (error) {
    if (errnoOf(error) === 'ENOENT' || errnoOf(error) === 'EEXIST') return false;
    throw new StorageError('data_folder', `lock DB directory: cannot replace ${file}: ${reasonOf(error)}`, error);
  } finally {
    fs.rmSync(aside, {force: true});
  }
}

function read(file: string): string | undefined {
  try {
    return fs.readFileSync(file, 'utf8');
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw new StorageError('data_folder', `lock DB directory: cannot read ${file}: ${reasonOf(error)}`, error);
  }
}

const oneLine = (content: string): string => content.trim().replaceAll('\n', ', ') || 'empty';
