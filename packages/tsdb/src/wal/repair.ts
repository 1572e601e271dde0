import path from 'node:path';
import type {KernelMemory} from '@narthex/kernels/kernel-memory.ts';
import {StorageError, reasonOf} from '../errors.ts';
import type {WalCorruption} from './corruption.ts';
import type {Disk, DiskFile} from '../disk.ts';
import {
  FRAGMENT_HEADER_BYTES,
  KIND_FIRST,
  KIND_FULL,
  KIND_LAST,
  KIND_MASK,
  KIND_PADDING,
  PAGE_BYTES,
} from './framing.ts';
import {listSegments} from './segments.ts';

/** What a repair did, for the log. */
export interface RepairOutcome {
  /** Bytes cut from the end of the corrupt segment. */
  readonly bytesCut: number;
  /** Files that hold what was taken from the log though it may be worth something; never read again by itself. */
  readonly setAside: readonly string[];
}

const COPY_BYTES = 1024 * 1024;

/**
 * Make a log readable to its end, as upstream does: nothing after the corruption is kept in it, since what follows may depend
 * on what is lost. Later segments are renamed, and the rest of the corrupt one is copied to a file of its own, unless it holds
 * nothing but a record that was being written when the program ended. Throws StorageError `wal_corrupt`, after which it can be
 * tried again, when the files cannot be changed.
 */
export async function repairLog(
  disk: Disk,
  folder: string,
  corruption: WalCorruption,
  memory: KernelMemory,
): Promise<RepairOutcome> {
  try {
    // The newest first: whenever this is interrupted, what is left is a log without gaps, corrupt at the same place.
    const later = listSegments(disk, folder).filter((segment) => isAfter(segment.path, corruption.file));
    const setAside = later
      .reverse()
      .map((segment) => renameAside(disk, segment.path))
      .filter((file) => file !== undefined);
    const mark = memory.mark();
    try {
      const {bytesCut, copy} = await cutRest(disk, corruption, memory);
      await disk.syncFolder(folder);
      return {bytesCut, setAside: copy === undefined ? setAside : [copy, ...setAside]};
    } finally {
      memory.release(mark);
    }
  } catch (error) {
    throw new StorageError('wal_corrupt', `cannot repair: ${corruption.message}: ${reasonOf(error)}`, error);
  }
}

/**
 * The same for a corrupt checkpoint: it keeps what can be read of it, which replay has given by then, and so do the segments after it.
 * What is set aside goes to the log's folder, since the checkpoint will be removed.
 */
export async function repairCheckpoint(
  disk: Disk,
  corruption: WalCorruption,
  memory: KernelMemory,
): Promise<RepairOutcome> {
  const checkpoint = path.dirname(corruption.file);
  const {bytesCut, setAside} = await repairLog(disk, checkpoint, corruption, memory);
  try {
    const folder = path.dirname(checkpoint);
    const moved = setAside.map((file) => {
      const name = freeName(disk, path.join(folder, `${path.basename(file)}.of-${path.basename(checkpoint)}`));
      disk.rename(file, name);
      return name;
    });
    await disk.syncFolder(folder);
    return {bytesCut, setAside: moved};
  } catch (error) {
    throw new StorageError('wal_corrupt', `cannot repair: ${corruption.message}: ${reasonOf(error)}`, error);
  }
}

const isAfter = (file: string, corrupt: string): boolean =>
  Number(path.basename(file)) > Number(path.basename(corrupt));

/** Rename a segment that has content so that it isn't one any more; an empty one is removed. */
function renameAside(disk: Disk, file: string): string | undefined {
  if (disk.sizeOf(file) === 0) {
    disk.remove(file);
    return undefined;
  }
  const aside = freeName(disk, `${file}.corrupt`);
  disk.rename(file, aside);
  return aside;
}

function freeName(disk: Disk, wanted: string): string {
  const names = new Set(disk.names(path.dirname(wanted)));
  let name = wanted;
  for (let i = 2; names.has(path.basename(name)); i++) name = `${wanted}.${i}`;
  return name;
}

async function cutRest(
  disk: Disk,
  {file, offset}: WalCorruption,
  memory: KernelMemory,
): Promise<{bytesCut: number; copy: string | undefined}> {
  const segment = disk.openToChange(file);
  try {
    const size = segment.size();
    const buffer = memory.alloc(COPY_BYTES);
    const copy = holdsRecords(segment, offset, size, memory, buffer)
      ? await copyRest(disk, segment, freeName(disk, `${file}.corrupt-from-${offset}`), offset, memory.u8, buffer)
      : undefined;
    segment.truncate(offset);
    await segment.sync();
    return {bytesCut: size - offset, copy};
  } finally {
    segment.close();
  }
}

async function copyRest(
  disk: Disk,
  source: DiskFile,
  name: string,
  offset: number,
  u8: Uint8Array,
  buffer: number,
): Promise<string> {
  const target = disk.create(name);
  try {
    for (let at = offset; ;) {
      const length = source.read(u8, buffer, buffer + COPY_BYTES, at);
      if (length === 0) break;
      for (let done = 0; done < length;) done += target.write(u8, buffer + done, buffer + length, at - offset + done);
      at += length;
    }
    await target.sync();
  } catch (error) {
    disk.remove(name);
    throw error;
  } finally {
    target.close();
  }
  return name;
}

/** Whether an intact record begins after the broken one at `offset`: then that was not the end of what was written. */
function holdsRecords(segment: DiskFile, offset: number, size: number, memory: KernelMemory, buffer: number): boolean {
  for (let page = offset - (offset % PAGE_BYTES); page < size; page += PAGE_BYTES) {
    const length = segment.read(memory.u8, buffer, buffer + PAGE_BYTES, page);
    const from = Math.max(0, offset - page);
    const next = page + from === offset ? behind(memory.u8, buffer, from) : from;
    if (hasRecordStart(memory, buffer, next, length)) return true;
  }
  return false;
}

/** Goes from fragment to fragment of a page, as far as their lengths lead. */
function hasRecordStart(memory: KernelMemory, page: number, from: number, length: number): boolean {
  const {u8} = memory;
  for (let at = from; at + FRAGMENT_HEADER_BYTES <= length;) {
    const kind = u8[page + at]! & KIND_MASK;
    const end = behind(u8, page, at);
    if (kind === KIND_PADDING || kind > KIND_LAST || end > length) return false;
    if ((kind === KIND_FULL || kind === KIND_FIRST) && isIntact(memory, page + at)) return true;
    at = end;
  }
  return false;
}

/** Where the fragment at `at` of a page ends. */
const behind = (u8: Uint8Array, page: number, at: number): number =>
  at + FRAGMENT_HEADER_BYTES + ((u8[page + at + 1]! << 8) | u8[page + at + 2]!);

/** Not for empty fragments, whose checksum is 0: torn writes look like them. */
function isIntact({u8, kernels, crc32cTables}: KernelMemory, header: number): boolean {
  const length = (u8[header + 1]! << 8) | u8[header + 2]!;
  const crc = (u8[header + 3]! << 24) | (u8[header + 4]! << 16) | (u8[header + 5]! << 8) | u8[header + 6]!;
  return length > 0 && kernels.crc32c(crc32cTables, 0, header + FRAGMENT_HEADER_BYTES, length) >>> 0 === crc >>> 0;
}
