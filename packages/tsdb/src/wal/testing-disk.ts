import path from 'node:path';
import {setImmediate} from 'node:timers/promises';
import type {Disk, DiskFile} from './disk.ts';

type Operation = 'write' | 'truncate' | 'create' | 'sync' | 'read';

/** A disk in memory for tests, whose faults can be switched on and off while it is used. */
export class TestDisk implements Disk {
  readonly files = new Map<string, Uint8Array>();
  readonly folders = new Set<string>();
  /** Bytes that can still be added before writes fail with ENOSPC, the last one after a part of its bytes. */
  freeBytes = Infinity;
  /** What fails, with which error. */
  readonly faults = new Map<Operation, string>();
  /** Length of every write that was tried, in order. */
  readonly writes: number[] = [];
  /** Called before each write, after it was put on `writes`. */
  onWrite = (): void => {};

  /** Told of syncs, when they begin and end, and of files that are closed. */
  onEvent: (event: string) => void = () => {};

  fail(what: Operation): void {
    const code = this.faults.get(what);
    if (code !== undefined) throw systemError(code, what);
  }

  create(file: string): DiskFile {
    this.fail('create');
    if (this.files.has(file)) throw systemError('EEXIST', file);
    this.files.set(file, new Uint8Array(0));
    return new TestFile(this, file);
  }

  openToRead(file: string): DiskFile {
    if (!this.files.has(file)) throw systemError('ENOENT', file);
    return new TestFile(this, file);
  }

  openToRepair(file: string): DiskFile {
    return this.openToRead(file);
  }

  names(folder: string): string[] {
    const below = [...this.files.keys(), ...this.folders].filter((name) => name.startsWith(folder + path.sep));
    return [...new Set(below.map((name) => name.slice(folder.length + 1).split(path.sep)[0]!))];
  }

  isFolder(file: string): boolean {
    return this.folders.has(file) || [...this.files.keys()].some((name) => name.startsWith(file + path.sep));
  }

  sizeOf(file: string): number {
    return this.bytes(file).length;
  }

  rename(from: string, to: string): void {
    this.files.set(to, this.bytes(from));
    this.files.delete(from);
  }

  remove(file: string): void {
    this.files.delete(file);
  }

  makeFolder(folder: string): void {
    this.folders.add(folder);
  }

  async syncFolder(): Promise<void> {
    this.fail('sync');
  }

  bytes(file: string): Uint8Array {
    const bytes = this.files.get(file);
    if (bytes === undefined) throw systemError('ENOENT', file);
    return bytes;
  }
}

function systemError(code: string, what: string): Error {
  return Object.assign(new Error(`${code}: made up by the test, ${what}`), {code});
}

class TestFile implements DiskFile {
  readonly #disk: TestDisk;
  readonly #path: string;

  constructor(disk: TestDisk, file: string) {
    this.#disk = disk;
    this.#path = file;
  }

  write(bytes: Uint8Array, from: number, to: number, position: number): number {
    const disk = this.#disk;
    disk.writes.push(to - from);
    disk.onWrite();
    disk.fail('write');
    const old = disk.bytes(this.#path);
    const room = old.length + disk.freeBytes - position;
    if (room <= 0) throw systemError('ENOSPC', 'write');
    const length = Math.min(to - from, room);
    this.#resize(Math.max(old.length, position + length));
    disk.bytes(this.#path).set(bytes.subarray(from, from + length), position);
    return length;
  }

  read(bytes: Uint8Array, from: number, to: number, position: number): number {
    this.#disk.fail('read');
    const piece = this.#disk.bytes(this.#path).subarray(position, position + to - from);
    bytes.set(piece, from);
    return piece.length;
  }

  truncate(length: number): void {
    this.#disk.fail('truncate');
    this.#resize(length);
  }

  size(): number {
    return this.#disk.sizeOf(this.#path);
  }

  async sync(): Promise<void> {
    this.#disk.onEvent(`sync ${this.#path}`);
    await setImmediate();
    this.#disk.fail('sync');
    this.#disk.onEvent(`synced ${this.#path}`);
  }

  close(): void {
    this.#disk.onEvent(`close ${this.#path}`);
  }

  #resize(length: number): void {
    const old = this.#disk.bytes(this.#path);
    const bytes = new Uint8Array(length);
    bytes.set(old.subarray(0, length));
    this.#disk.freeBytes -= length - old.length;
    this.#disk.files.set(this.#path, bytes);
  }
}
