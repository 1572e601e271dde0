import path from 'node:path';
import {setImmediate} from 'node:timers/promises';
import type {Disk, DiskEntry, DiskFile, DiskSpace} from './disk.ts';

type Operation =
  | 'create'
  | 'open'
  | 'write'
  | 'truncate'
  | 'sync'
  | 'read'
  | 'list'
  | 'rename'
  | 'remove'
  | 'makeFolder';

/** Operations that change nothing, so that a read-only disk has them and a stop is not counted in them. */
const HARMLESS: ReadonlySet<Operation> = new Set(['open', 'read', 'list']);

// A file and a folder as a file system has them: what is there, and what would be there after the power failed.
class FileNode {
  bytes = new Uint8Array(0);
  synced = new Uint8Array(0);
}

class FolderNode {
  readonly entries = new Map<string, Node>();
  readonly synced = new Map<string, Node>();
}

type Node = FileNode | FolderNode;

/** A disk in memory for tests, whose faults can be switched on and off while it is used. */
export class TestDisk implements Disk {
  #root = new FolderNode();
  /** Bytes that can still be added before writes fail with ENOSPC, the last one after a part of its bytes. */
  freeBytes = Infinity;
  /** Everything that would change the disk fails with EROFS. */
  readOnly = false;
  /** What fails, with which error. */
  readonly faults = new Map<Operation, string>();
  /** Which operation fails once, with which error: operations that change the disk count, from 0. */
  readonly faultsAt = new Map<number, string>();
  /** This operation and all after it don't happen any more, a write half: the process or the machine has stopped. */
  stopAt = Infinity;
  /** Operations that changed the disk, or tried to. */
  operations = 0;
  /** Length of every write that was tried, in order. */
  readonly writes: number[] = [];
  /** Called before each write, after it was put on `writes`. */
  onWrite = (): void => {};

  /** Told of syncs, when they begin and end, and of files that are closed. */
  onEvent: (event: string) => void = () => {};

  /** Fail where a fault says so. Operations call it before they do anything. */
  fail(what: Operation): void {
    if (!HARMLESS.has(what)) {
      const code = this.faultsAt.get(this.operations);
      if (this.operations++ >= this.stopAt) throw systemError('EIO', `${what} after the stop`);
      if (code !== undefined) throw systemError(code, what);
      if (this.readOnly) throw systemError('EROFS', what);
    }
    const code = this.faults.get(what);
    if (code !== undefined) throw systemError(code, what);
  }

  /** What a new process finds after this one was killed: all that was written. */
  afterKill(): TestDisk {
    const disk = new TestDisk();
    disk.#root = copyFolder(
      this.#root,
      (folder) => folder.entries,
      (file) => file.bytes,
    );
    return disk;
  }

  /** What a machine finds after its power failed: only what was synced, names by their folder. */
  afterPowerLoss(): TestDisk {
    const disk = new TestDisk();
    disk.#root = copyFolder(
      this.#root,
      (folder) => folder.synced,
      (file) => file.synced,
    );
    return disk;
  }

  /** Put a durable file there, in the place of another. */
  put(file: string, bytes: Uint8Array): void {
    const node = new FileNode();
    node.bytes = Uint8Array.from(bytes);
    node.synced = node.bytes;
    const folder = this.#makeFolder(path.dirname(file), true);
    folder.entries.set(path.basename(file), node);
    folder.synced.set(path.basename(file), node);
  }

  /** The bytes of a file; they stay the file's own. */
  bytes(file: string): Uint8Array {
    return this.#file(file).bytes;
  }

  /** Paths of all files, in order. */
  paths(): string[] {
    return pathsBelow(this.#root, '').sort();
  }

  create(file: string): DiskFile {
    this.fail('create');
    const folder = this.#folder(path.dirname(file));
    if (folder.entries.has(path.basename(file))) throw systemError('EEXIST', file);
    const node = new FileNode();
    folder.entries.set(path.basename(file), node);
    return new TestFile(this, file, node);
  }

  openToRead(file: string): DiskFile {
    this.fail('open');
    return new TestFile(this, file, this.#file(file));
  }

  openToChange(file: string): DiskFile {
    this.fail('open');
    if (this.readOnly) throw systemError('EROFS', file);
    return new TestFile(this, file, this.#file(file));
  }

  names(folder: string): string[] {
    this.fail('list');
    const node = this.#find(folder);
    if (node instanceof FileNode) throw systemError('ENOTDIR', folder);
    return [...(node?.entries.keys() ?? [])];
  }

  entry(file: string): DiskEntry | undefined {
    const node = this.#find(file);
    const size = node instanceof FileNode ? node.bytes.length : 0;
    return node && {folder: node instanceof FolderNode, size, modifiedMs: 0};
  }

  isFolder(file: string): boolean {
    return this.#find(file) instanceof FolderNode;
  }

  sizeOf(file: string): number {
    return this.bytes(file).length;
  }

  rename(from: string, to: string): void {
    this.fail('rename');
    const node = this.#find(from);
    if (node === undefined) throw systemError('ENOENT', from);
    const old = this.#find(to);
    if (old instanceof FolderNode && old.entries.size > 0) throw systemError('ENOTEMPTY', to);
    this.#folder(path.dirname(from)).entries.delete(path.basename(from));
    this.#folder(path.dirname(to)).entries.set(path.basename(to), node);
  }

  link(file: string, name: string): void {
    this.fail('create');
    if (this.#find(name) !== undefined) throw systemError('EEXIST', name);
    this.#folder(path.dirname(name)).entries.set(path.basename(name), this.#file(file));
  }

  remove(file: string): void {
    this.fail('remove');
    const node = this.#find(file);
    if (node === undefined) return;
    this.freeBytes += node instanceof FileNode ? node.bytes.length : 0;
    this.#folder(path.dirname(file)).entries.delete(path.basename(file));
  }

  makeFolder(folder: string): void {
    this.fail('makeFolder');
    this.#makeFolder(folder, false);
  }

  async syncFolder(folder: string): Promise<void> {
    this.syncFolderNow(folder);
  }

  syncFolderNow(folder: string): void {
    this.fail('sync');
    const {entries, synced} = this.#folder(folder);
    synced.clear();
    for (const [name, node] of entries) synced.set(name, node);
  }

  space(): DiskSpace {
    return {free: this.freeBytes, total: this.freeBytes};
  }

  #find(file: string): Node | undefined {
    let node: Node | undefined = this.#root;
    for (const name of partsOf(file)) {
      if (!(node instanceof FolderNode)) return undefined;
      node = node.entries.get(name);
    }
    return node;
  }

  #file(file: string): FileNode {
    const node = this.#find(file);
    if (!(node instanceof FileNode)) throw systemError('ENOENT', file);
    return node;
  }

  #folder(folder: string): FolderNode {
    const node = this.#find(folder);
    if (!(node instanceof FolderNode)) throw systemError('ENOENT', folder);
    return node;
  }

  #makeFolder(folder: string, durable: boolean): FolderNode {
    let node = this.#root;
    for (const name of partsOf(folder)) {
      const next: Node = node.entries.get(name) ?? new FolderNode();
      if (!(next instanceof FolderNode)) throw systemError('ENOTDIR', folder);
      node.entries.set(name, next);
      if (durable) node.synced.set(name, next);
      node = next;
    }
    return node;
  }
}

const partsOf = (file: string): string[] =>
  path
    .normalize(file)
    .split(path.sep)
    .filter((name) => name !== '' && name !== '.');

function copyFolder(
  from: FolderNode,
  entriesOf: (folder: FolderNode) => Map<string, Node>,
  bytesOf: (file: FileNode) => Uint8Array<ArrayBuffer>,
): FolderNode {
  const folder = new FolderNode();
  for (const [name, node] of entriesOf(from)) {
    const copy = node instanceof FolderNode ? copyFolder(node, entriesOf, bytesOf) : new FileNode();
    if (node instanceof FileNode && copy instanceof FileNode) copy.bytes = copy.synced = bytesOf(node).slice();
    folder.entries.set(name, copy);
    folder.synced.set(name, copy);
  }
  return folder;
}

function pathsBelow(folder: FolderNode, prefix: string): string[] {
  return [...folder.entries].flatMap(([name, node]) => {
    const file = `${prefix}${path.sep}${name}`;
    return node instanceof FolderNode ? pathsBelow(node, file) : [file];
  });
}

function systemError(code: string, what: string): Error {
  return Object.assign(new Error(`${code}: made up by the test, ${what}`), {code});
}

class TestFile implements DiskFile {
  readonly #disk: TestDisk;
  readonly #path: string;
  readonly #node: FileNode;

  constructor(disk: TestDisk, file: string, node: FileNode) {
    this.#disk = disk;
    this.#path = file;
    this.#node = node;
  }

  write(bytes: Uint8Array, from: number, to: number, position: number): number {
    const disk = this.#disk;
    disk.writes.push(to - from);
    disk.onWrite();
    try {
      disk.fail('write');
    } catch (error) {
      if (disk.operations - 1 === disk.stopAt) this.#put(bytes.subarray(from, from + ((to - from) >>> 1)), position);
      throw error;
    }
    const room = this.#node.bytes.length + disk.freeBytes - position;
    if (room <= 0) throw systemError('ENOSPC', 'write');
    const length = Math.min(to - from, room);
    this.#put(bytes.subarray(from, from + length), position);
    return length;
  }

  read(bytes: Uint8Array, from: number, to: number, position: number): number {
    this.#disk.fail('read');
    const piece = this.#node.bytes.subarray(position, position + to - from);
    bytes.set(piece, from);
    return piece.length;
  }

  truncate(length: number): void {
    this.#disk.fail('truncate');
    this.#resize(length);
  }

  size(): number {
    return this.#node.bytes.length;
  }

  async sync(): Promise<void> {
    this.#disk.onEvent(`sync ${this.#path}`);
    await setImmediate();
    this.syncNow();
    this.#disk.onEvent(`synced ${this.#path}`);
  }

  syncNow(): void {
    this.#disk.fail('sync');
    this.#node.synced = this.#node.bytes.slice();
  }

  close(): void {
    this.#disk.onEvent(`close ${this.#path}`);
  }

  #put(bytes: Uint8Array, position: number): void {
    this.#resize(Math.max(this.#node.bytes.length, position + bytes.length));
    this.#node.bytes.set(bytes, position);
  }

  #resize(length: number): void {
    const old = this.#node.bytes;
    const bytes = new Uint8Array(length);
    bytes.set(old.subarray(0, length));
    this.#disk.freeBytes -= length - old.length;
    this.#node.bytes = bytes;
  }
}
