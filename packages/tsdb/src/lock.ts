import fs from 'node:fs';
import path from 'node:path';
import {DatabaseSync} from 'node:sqlite';
import {StorageError, errnoOf, reasonOf} from './errors.ts';

// Upstream locks the file `lock` with flock(2), which Node does not offer. What Node has is SQLite, which takes the system's
// record locks (fcntl(2), LockFileEx): an empty database in an exclusive transaction that never writes. Such a lock is seen
// through PID namespaces, so by other containers with the same volume, and the system frees it however its process ends:
// nobody has to judge whether a PID in a file is still the same process. (Tried: PID, start time, boot and namespace in the
// file. A container that was killed and another one that runs cannot be told apart.)
//
// The system drops record locks of a file when its process closes *any* descriptor of it: nothing in this program may open
// `lock`. `stat` is fine.

const FILE = 'lock';
/** Others may take or give back the lock between our steps; more rounds than this mean that something is wrong. */
const ROUNDS_MAX = 10;
const SQLITE_BUSY = 5;
const SQLITE_NOT_A_DATABASE = 26;

/** Values of `prometheus_tsdb_clean_start`: -1 no lock file is used, 0 one of an earlier run was replaced, 1 there was none. */
export type CleanStart = -1 | 0 | 1;

/** The claim of this process on a data folder. It ends with `release`, with the process, or when the object is collected. */
export class FolderLock {
  readonly file: string;
  readonly cleanStart: CleanStart;
  readonly #lock: DatabaseSync;

  private constructor(file: string, lock: DatabaseSync, cleanStart: CleanStart) {
    this.file = file;
    this.#lock = lock;
    this.cleanStart = cleanStart;
  }

  /**
   * Take `folder`, which exists. Throws StorageError `locked`, naming the file and, where the system tells it, the holder, when
   * another open database has it, in this process or another, of ours or (on Linux) of a real Prometheus; `data_folder` when
   * the file cannot be made or locked. A lock file that nobody holds is used again, and `onWarning` told.
   */
  static acquire(folder: string, onWarning: (message: string) => void = () => {}): FolderLock {
    const file = path.resolve(folder, FILE);
    for (let round = 0; round < ROUNDS_MAX; round++) {
      const cleanStart = makeFile(file) ? 1 : 0;
      const wanted = identityOf(file);
      const flocker = holderOf(file, 'FLOCK');
      if (flocker !== undefined) throw held(file, flocker);
      const lock = wanted === undefined ? undefined : tryLock(file);
      if (lock === undefined) continue;
      if (wanted !== identityOf(file)) {
        // Its holder gave it back meanwhile and removed the file: what is locked now may be a file without a name.
        lock.close();
        continue;
      }
      if (cleanStart === 0) {
        onWarning(`A lockfile from a previous execution already existed. It was replaced: ${file}`);
      }
      return new FolderLock(file, lock, cleanStart);
    }
    throw new StorageError('locked', `lock DB directory: ${file} changes all the time: several processes want it`);
  }

  /** Give the folder back. */
  release(): void {
    if (!this.#lock.isOpen) return;
    // Removed while it is ours, so that it is never someone else's that goes. Windows removes no open files.
    if (process.platform === 'win32') this.#lock.close();
    fs.rmSync(this.file, {force: true});
    if (this.#lock.isOpen) this.#lock.close();
  }
}

const held = (file: string, holder: string): StorageError =>
  new StorageError('locked', `lock DB directory: ${file} is held by ${holder}`);

/** Make the file, empty; false when it is there. */
function makeFile(file: string): boolean {
  try {
    fs.closeSync(fs.openSync(file, 'wx', 0o666));
    return true;
  } catch (error) {
    if (errnoOf(error) === 'EEXIST') return false;
    throw new StorageError('data_folder', `lock DB directory: cannot make ${file}: ${reasonOf(error)}`, error);
  }
}

/** The lock; undefined when the file has to be looked at again. */
function tryLock(file: string): DatabaseSync | undefined {
  let lock: DatabaseSync | undefined;
  try {
    lock = new DatabaseSync(file, {timeout: 0});
    // In memory, as a journal in a file would be one more file here.
    lock.exec('PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE');
    return lock;
  } catch (error) {
    lock?.close();
    const code = sqliteCode(error);
    if (code === SQLITE_BUSY)
      throw held(file, holderOf(file, 'POSIX') ?? openerOf(file) ?? 'a process that cannot be seen from here');
    if (code !== SQLITE_NOT_A_DATABASE) {
      throw new StorageError('data_folder', `lock DB directory: cannot lock ${file}: ${reasonOf(error)}`, error);
    }
    // Someone else's text, which nobody has locked.
    fs.truncateSync(file);
    return undefined;
  }
}

function sqliteCode(error: unknown): number | undefined {
  return error instanceof Error && 'errcode' in error && typeof error.errcode === 'number' ? error.errcode : undefined;
}

/** Which file is under this name now; undefined when none is. Numbers of inodes are soon used again, times of birth are not. */
function identityOf(file: string): string | undefined {
  try {
    const {dev, ino, birthtimeNs} = fs.statSync(file, {bigint: true});
    return `${dev} ${ino} ${birthtimeNs}`;
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw new StorageError('data_folder', `lock DB directory: cannot use ${file}: ${reasonOf(error)}`, error);
  }
}

/** The process that holds a lock of this kind on the file, in words; undefined when there is none that the system tells of. */
function holderOf(file: string, kind: 'FLOCK' | 'POSIX'): string | undefined {
  const target = fs.statSync(file, {throwIfNoEntry: false});
  if (target === undefined) return undefined;
  const pid = lockHolder(procLocks(), kind, target.dev, target.ino);
  if (pid === undefined) return undefined;
  return pid === process.pid ? `this process (${pid})` : `process ${pid}`;
}

function procLocks(): string {
  try {
    return fs.readFileSync('/proc/locks', 'latin1');
  } catch {
    return '';
  }
}

/**
 * The PID in a line of proc_locks(5) for the file: `1: FLOCK  ADVISORY  WRITE 4711 fe:00:131 0 EOF`. A process in another PID
 * namespace is not listed, or with PID 0.
 */
export function lockHolder(lines: string, kind: 'FLOCK' | 'POSIX', dev: number, ino: number): number | undefined {
  const place = `${deviceText(dev)}:${ino}`;
  for (const line of lines.split('\n')) {
    const fields = line.trim().split(/\s+/);
    if (fields[1] === kind && fields[5] === place) return Number(fields[4]);
  }
  return undefined;
}

/** Major and minor number of a device as the system writes them: hexadecimal, two digits at least. */
function deviceText(dev: number): string {
  const major = ((dev >>> 8) & 0xfff) + (Math.floor(dev / 2 ** 32) & ~0xfff);
  const minor = (dev & 0xff) + ((dev >>> 12) & 0xfff00);
  return `${major.toString(16).padStart(2, '0')}:${minor.toString(16).padStart(2, '0')}`;
}

/** Where there is no /proc: who has the file open. */
function openerOf(file: string): string | undefined {
  if (process.platform !== 'darwin') return undefined;
  try {
    const {execFileSync} = process.getBuiltinModule('node:child_process');
    const pids = execFileSync('lsof', ['-t', '--', file], {encoding: 'utf8'}).split('\n').filter(Boolean).map(Number);
    const other = pids.find((pid) => pid !== process.pid);
    return other === undefined ? `this process (${process.pid})` : `process ${other}`;
  } catch {
    return undefined;
  }
}
