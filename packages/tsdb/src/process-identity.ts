import {execFileSync} from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';

/**
 * Which process, of all that ever ran: a PID alone is used again and again, in containers it is even always the same.
 * Every part but the PID is an opaque text, empty where the platform doesn't tell.
 */
export interface ProcessIdentity {
  readonly pid: number;
  /** When it began. */
  readonly start: string;
  /** The boot of the machine that it runs on. */
  readonly boot: string;
  /** Inside what the PID means something: containers have their own. */
  readonly namespace: string;
}

/** This process. */
export function ownIdentity(): ProcessIdentity {
  return {
    pid: process.pid,
    start: startOf(process.pid),
    boot: textOf(() => fs.readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()),
    namespace: textOf(() => fs.readlinkSync('/proc/self/ns/pid')),
  };
}

/**
 * Whether `other` runs. A process of another boot is dead; one of another PID namespace cannot be seen from here and counts
 * as dead too: a container that was killed must be able to start again.
 */
export function isRunning(other: ProcessIdentity, own: ProcessIdentity = ownIdentity()): boolean {
  if (other.boot !== own.boot || other.namespace !== own.namespace || !isAlive(other.pid)) return false;
  const start = startOf(other.pid);
  return start === '' || other.start === '' || start === other.start;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // Not ours to signal, but there.
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}

function startOf(pid: number): string {
  if (process.platform === 'linux') return textOf(() => startTicks(fs.readFileSync(`/proc/${pid}/stat`, 'latin1')));
  if (process.platform === 'win32') return '';
  return textOf(() => execFileSync('ps', ['-o', 'lstart=', '-p', String(pid)], {encoding: 'utf8'}).trim());
}

/** Field 22 of proc(5)'s stat, in clock ticks since boot; the name before it, in brackets, may hold anything. */
function startTicks(stat: string): string {
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '';
}

function textOf(read: () => string): string {
  try {
    return read();
  } catch {
    return '';
  }
}

/** The PID of a process that has the file open to read and write; undefined when none can be seen from here. Takes milliseconds. */
export function processWriting(file: string): number | undefined {
  const target = fs.statSync(file, {throwIfNoEntry: false});
  if (target === undefined) return undefined;
  const pids = namesIn('/proc').filter((name) => /^\d+$/.test(name));
  const found = pids.find((pid) => namesIn(`/proc/${pid}/fd`).some((fd) => isOpenAs(pid, fd, file, target)));
  return found === undefined ? undefined : Number(found);
}

function isOpenAs(pid: string, fd: string, file: string, target: fs.Stats): boolean {
  const link = `/proc/${pid}/fd/${fd}`;
  try {
    // The path may differ (containers), the name does not: it spares a look at most of the files.
    if (path.basename(fs.readlinkSync(link)) !== path.basename(file)) return false;
    const opened = fs.statSync(link);
    return opened.ino === target.ino && opened.dev === target.dev && isReadWrite(pid, fd);
  } catch {
    return false;
  }
}

/** proc_pid_fdinfo(5): `flags:` in octal digits, of which the last is 2 for O_RDWR. */
function isReadWrite(pid: string, fd: string): boolean {
  return /^flags:\s+\d*2$/m.test(fs.readFileSync(`/proc/${pid}/fdinfo/${fd}`, 'latin1'));
}

function namesIn(folder: string): string[] {
  try {
    return fs.readdirSync(folder);
  } catch {
    return [];
  }
}
