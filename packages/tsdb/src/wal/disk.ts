import fs from 'node:fs';
import path from 'node:path';
import {errnoOf} from '../errors.ts';

/** An open file of the log. All calls but `sync` block; they throw the system's error (`code` is its name). */
export interface DiskFile {
  /** Write `bytes[from, to)` at `position`; returns how many were written, which may be fewer. */
  write(bytes: Uint8Array, from: number, to: number, position: number): number;
  /** Read into `bytes[from, to)` from `position`; returns how many were read, 0 at the end. */
  read(bytes: Uint8Array, from: number, to: number, position: number): number;
  /** Cut the file, or make it longer with zeros. */
  truncate(length: number): void;
  size(): number;
  /** Wait until the data is on the device, without blocking the thread. */
  sync(): Promise<void>;
  close(): void;
}

/** What the log needs of a file system; tests put a failing one in its place. */
export interface Disk {
  /** Make a new file; an error when it exists. */
  create(file: string): DiskFile;
  openToRead(file: string): DiskFile;
  /** Open a file that exists, to read and change it. */
  openToRepair(file: string): DiskFile;
  /** Names in a folder, in no order; none when the folder is missing. */
  names(folder: string): string[];
  isFolder(file: string): boolean;
  sizeOf(file: string): number;
  rename(from: string, to: string): void;
  remove(file: string): void;
  makeFolder(folder: string): void;
  /** Make the names in a folder durable, without blocking the thread. */
  syncFolder(folder: string): Promise<void>;
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
  openToRepair: (file) => new NodeFile(fs.openSync(file, 'r+')),
  names,
  isFolder: (file) => fs.statSync(file, {throwIfNoEntry: false})?.isDirectory() ?? false,
  sizeOf: (file) => fs.statSync(file).size,
  rename: (from, to) => fs.renameSync(from, to),
  remove: (file) => fs.rmSync(file, {recursive: true, force: true}),
  makeFolder: (folder) => void fs.mkdirSync(folder, {recursive: true, mode: 0o777}),
  syncFolder,
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
