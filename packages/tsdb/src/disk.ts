import fs from 'node:fs';
import path from 'node:path';
import {errnoOf} from './errors.ts';

/** An open file. All calls but `sync` block; they throw the system's error (`code` is its name). */
export interface DiskFile {
  /** Write `bytes[from, to)` at `position`; returns how many were written, which may be fewer (`writeAll` writes on). */
  write(bytes: Uint8Array, from: number, to: number, position: number): number;
  /** Read into `bytes[from, to)` from `position`; returns how many were read, which may be fewer, 0 at the end (`readAt` reads on). */
  read(bytes: Uint8Array, from: number, to: number, position: number): number;
  /** Cut the file, or make it longer with zeros. */
  truncate(length: number): void;
  size(): number;
  /** Wait until the data is on the device, without blocking the thread. */
  sync(): Promise<void>;
  /** The same for a thread that may block. */
  syncNow(): void;
  close(): void;
}

/** What a file or folder is. */
export interface DiskEntry {
  readonly folder: boolean;
  /** Bytes of a file. */
  readonly size: number;
  /** When it was changed last, in milliseconds since the epoch. */
  readonly modifiedMs: number;
}

/** The room of a file system, in bytes. */
export interface DiskSpace {
  /** What this process can still take. */
  readonly free: number;
  readonly total: number;
}

/** What the storage needs of a file system; tests put a failing one in its place. Calls throw the system's error. */
export interface Disk {
  /** Make a new file; an error when it exists. */
  create(file: string): DiskFile;
  openToRead(file: string): DiskFile;
  /** Open a file that exists, to read and change it. */
  openToChange(file: string): DiskFile;
  /** Names in a folder, in no order; none when the folder is missing. */
  names(folder: string): string[];
  /** What is at this path; undefined for nothing. */
  entry(file: string): DiskEntry | undefined;
  isFolder(file: string): boolean;
  sizeOf(file: string): number;
  /** Give a file or folder another name. A file takes the place of one that has the name. */
  rename(from: string, to: string): void;
  /** Give a file a second name. */
  link(file: string, name: string): void;
  /** Remove a file or a folder with all that is in it; nothing when it is missing. */
  remove(file: string): void;
  /** Make a folder and those above it; nothing when it is there. */
  makeFolder(folder: string): void;
  /** Make the names in a folder durable, without blocking the thread. */
  syncFolder(folder: string): Promise<void>;
  /** The same for a thread that may block. */
  syncFolderNow(folder: string): void;
  space(folder: string): DiskSpace;
}

/** Write all of `bytes[from, to)` at `position`. */
export function writeAll(file: DiskFile, bytes: Uint8Array, from: number, to: number, position: number): void {
  for (let at = from; at < to;) {
    const written = file.write(bytes, at, to, position + at - from);
    if (written === 0) throw new Error('the system wrote nothing and gave no reason');
    at += written;
  }
}

/** Fill `bytes` from `position` of the file; returns how many were read: fewer than its length only where the file ends. */
export function readAt(file: DiskFile, bytes: Uint8Array, position: number): number {
  let length = 0;
  while (length < bytes.length) {
    const read = file.read(bytes, length, bytes.length, position + length);
    if (read === 0) break;
    length += read;
  }
  return length;
}

/** All of a file. For small ones. */
export function readWhole(disk: Disk, path: string): Uint8Array {
  const file = disk.openToRead(path);
  try {
    const bytes = new Uint8Array(file.size());
    return bytes.subarray(0, readAt(file, bytes, 0));
  } finally {
    file.close();
  }
}

/** Node refuses to write 2 GiB with one call. */
const WRITE_BYTES_MAX = 1024 * 1024 * 1024;

class NodeFile implements DiskFile {
  readonly #fd: number;

  constructor(fd: number) {
    this.#fd = fd;
  }

  write(bytes: Uint8Array, from: number, to: number, position: number): number {
    return fs.writeSync(this.#fd, bytes, from, Math.min(to - from, WRITE_BYTES_MAX), position);
  }

  read(bytes: Uint8Array, from: number, to: number, position: number): number {
    return fs.readSync(this.#fd, bytes, from, to - from, position);
  }

  truncate(length: number): void {
    fs.ftruncateSync(this.#fd, length);
  }

  size(): number {
    return fs.fstatSync(this.#fd).size;
  }

  sync(): Promise<void> {
    return syncDescriptor(this.#fd);
  }

  syncNow(): void {
    fs.fsyncSync(this.#fd);
  }

  close(): void {
    fs.closeSync(this.#fd);
  }
}

function syncDescriptor(fd: number): Promise<void> {
  const {promise, resolve, reject} = Promise.withResolvers<void>();
  fs.fsync(fd, (error) => (error === null ? resolve() : reject(error)));
  return promise;
}

async function syncFolder(folder: string): Promise<void> {
  // Windows cannot open folders; there the names are durable by the file system's own log.
  if (process.platform === 'win32') return;
  const handle = await fs.promises.open(folder, 'r');
  try {
    await handle.sync();
  } catch (error) {
    // Some network file systems have nothing to sync there.
    if (errnoOf(error) !== 'EINVAL') throw error;
  } finally {
    await handle.close();
  }
}

function syncFolderNow(folder: string): void {
  if (process.platform === 'win32') return;
  const fd = fs.openSync(folder, 'r');
  try {
    fs.fsyncSync(fd);
  } catch (error) {
    if (errnoOf(error) !== 'EINVAL') throw error;
  } finally {
    fs.closeSync(fd);
  }
}

function entry(file: string): DiskEntry | undefined {
  const stat = fs.statSync(file, {throwIfNoEntry: false});
  return stat && {folder: stat.isDirectory(), size: stat.size, modifiedMs: stat.mtimeMs};
}

function space(folder: string): DiskSpace {
  const {bavail, blocks, bsize} = fs.statfsSync(folder);
  return {free: bavail * bsize, total: blocks * bsize};
}

function names(folder: string): string[] {
  try {
    return fs.readdirSync(folder);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return [];
    throw error;
  }
}

/** The real file system. */
export const nodeDisk: Disk = {
  create: (file) => new NodeFile(fs.openSync(file, 'wx+', 0o666)),
  openToRead: (file) => new NodeFile(fs.openSync(file, 'r')),
  openToChange: (file) => new NodeFile(fs.openSync(file, 'r+')),
  names,
  entry,
  isFolder: (file) => fs.statSync(file, {throwIfNoEntry: false})?.isDirectory() ?? false,
  sizeOf: (file) => fs.statSync(file).size,
  rename: (from, to) => fs.renameSync(from, to),
  link: (file, name) => fs.linkSync(file, name),
  remove: (file) => fs.rmSync(file, {recursive: true, force: true}),
  makeFolder: (folder) => void fs.mkdirSync(folder, {recursive: true, mode: 0o777}),
  syncFolder,
  syncFolderNow,
  space,
};

/** Bytes of all files below `folder`. */
export function folderSize(disk: Disk, folder: string): number {
  let bytes = 0;
  for (const name of disk.names(folder)) {
    const file = path.join(folder, name);
    bytes += disk.isFolder(file) ? folderSize(disk, file) : disk.sizeOf(file);
  }
  return bytes;
}
