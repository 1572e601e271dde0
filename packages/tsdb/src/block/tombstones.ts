import path from 'node:path';
import type {KernelMemory} from '@narthex/kernels/kernel-memory.ts';
import {type Disk, readWhole} from '../disk.ts';
import {errnoOf} from '../errors.ts';
import {ByteWriter} from './byte-writer.ts';
import {FileCorruption} from './corruption.ts';
import {createDurable, replaceFile} from './replace-file.ts';

export const TOMBSTONES_FILE = 'tombstones';
const MAGIC = 0x0130ba30;
const FORMAT_VERSION = 1;
const HEADER_BYTES = 5;
const CHECKSUM_BYTES = 4;
/** 64 bits that stand for the smallest and largest time there is. */
const TIME_MAX = 2 ** 63;

/** Deleted times of one series: pairs of first and last time, ms, both included, rising and apart. */
export type Intervals = readonly number[];

/**
 * `intervals` with [minTime, maxTime] added: those that it overlaps or touches become one with it. The ends of time are
 * -Infinity and Infinity.
 */
export function addInterval(intervals: Intervals, minTime: number, maxTime: number): Intervals {
  let from = 0;
  while (from < intervals.length && intervals[from + 1] < minTime - 1) from += 2;
  let to = from;
  while (to < intervals.length && intervals[to] <= maxTime + 1) to += 2;
  if (from === to) return [...intervals.slice(0, from), minTime, maxTime, ...intervals.slice(from)];
  const min = Math.min(minTime, intervals[from]);
  const max = Math.max(maxTime, intervals[to - 1]);
  return [...intervals.slice(0, from), min, max, ...intervals.slice(to)];
}

/** Whether one of the intervals has all of [minTime, maxTime]. */
export function coversAll(intervals: Intervals, minTime: number, maxTime: number): boolean {
  for (let i = 0; i < intervals.length; i += 2) if (intervals[i] <= minTime && maxTime <= intervals[i + 1]) return true;
  return false;
}

/** Whether one of the intervals has something of [minTime, maxTime]. */
export function touches(intervals: Intervals, minTime: number, maxTime: number): boolean {
  for (let i = 0; i < intervals.length; i += 2) if (intervals[i] <= maxTime && minTime <= intervals[i + 1]) return true;
  return false;
}

/** What was deleted of a block's series, by their references. Few: a query that deletes much leaves one interval a series. */
export class Tombstones {
  readonly #intervals = new Map<number, Intervals>();

  get(ref: number): Intervals | undefined {
    return this.#intervals.get(ref);
  }

  add(ref: number, minTime: number, maxTime: number): void {
    this.#intervals.set(ref, addInterval(this.#intervals.get(ref) ?? [], minTime, maxTime));
  }

  /** References in order. */
  refs(): number[] {
    return [...this.#intervals.keys()].sort((a, b) => a - b);
  }

  /** Intervals of all series: what a meta.json says in `numTombstones`. */
  get total(): number {
    let total = 0;
    for (const intervals of this.#intervals.values()) total += intervals.length / 2;
    return total;
  }
}

/**
 * What tells two states of the tombstones of the block in `folder` apart: the only part of a block that changes what is read of it. Their number would
 * not do, since a deletion may grow an interval that is there.
 */
export function tombstonesStamp(disk: Disk, folder: string): string {
  const entry = disk.entry(path.join(folder, TOMBSTONES_FILE));
  return entry === undefined ? '' : `${entry.modifiedMs} ${entry.size}`;
}

/** The tombstones of the block in `folder`, none when there is no such file, and the file's size. Throws FileCorruption. */
export function readTombstones(
  disk: Disk,
  folder: string,
  memory: KernelMemory,
): {readonly tombstones: Tombstones; readonly bytes: number} {
  const file = path.join(folder, TOMBSTONES_FILE);
  let bytes: Uint8Array;
  try {
    bytes = readWhole(disk, file);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return {tombstones: new Tombstones(), bytes: 0};
    throw error;
  }
  return {tombstones: parseTombstones(file, bytes, memory), bytes: bytes.length};
}

/** Put the tombstones of the block in `folder` in the place of those that were there; returns the size of the file. */
export function writeTombstones(disk: Disk, folder: string, tombstones: Tombstones, memory: KernelMemory): number {
  const bytes = printTombstones(tombstones, memory);
  replaceFile(disk, path.join(folder, TOMBSTONES_FILE), bytes);
  return bytes.length;
}

/** Write the tombstones of a new block, without making the file's name durable; returns its size. */
export function createTombstones(disk: Disk, folder: string, tombstones: Tombstones, memory: KernelMemory): number {
  const bytes = printTombstones(tombstones, memory);
  createDurable(disk, path.join(folder, TOMBSTONES_FILE), bytes);
  return bytes.length;
}

function printTombstones(tombstones: Tombstones, memory: KernelMemory): Uint8Array {
  const out = new ByteWriter();
  out.be32(MAGIC);
  out.byte(FORMAT_VERSION);
  for (const ref of tombstones.refs()) {
    const intervals = tombstones.get(ref)!;
    for (let i = 0; i < intervals.length; i += 2) {
      out.uvarint(ref);
      putTime(out, intervals[i]);
      putTime(out, intervals[i + 1]);
    }
  }
  out.be32(checksum(out.view().subarray(HEADER_BYTES), memory));
  return out.view();
}

function putTime(out: ByteWriter, time: number): void {
  if (time === Infinity) out.wideVarint(2n ** 63n - 1n);
  else if (time === -Infinity) out.wideVarint(-(2n ** 63n));
  else out.varint(time);
}

function parseTombstones(file: string, bytes: Uint8Array, memory: KernelMemory): Tombstones {
  const fail = (offset: number, reason: string) => new FileCorruption(file, offset, reason);
  const end = bytes.length - CHECKSUM_BYTES;
  if (end < HEADER_BYTES) throw fail(bytes.length, `${bytes.length} bytes, want at least 9`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const magic = view.getUint32(0);
  if (magic !== MAGIC) throw fail(0, `invalid magic number ${magic.toString(16)}`);
  if (bytes[4] !== FORMAT_VERSION) throw fail(4, `invalid tombstone format ${bytes[4].toString(16)}`);
  const sum = checksum(bytes.subarray(HEADER_BYTES, end), memory);
  if (view.getUint32(end) !== sum) throw fail(end, 'checksum did not match');
  const tombstones = new Tombstones();
  const reader = new VarintReader(bytes, HEADER_BYTES, end);
  while (reader.at < end) {
    const start = reader.at;
    const ref = reader.unsigned();
    const minTime = reader.time();
    const maxTime = reader.time();
    if (reader.isBroken) throw fail(start, 'a number is cut off or too long');
    tombstones.add(ref, minTime, maxTime);
  }
  return tombstones;
}

class VarintReader {
  at: number;
  isBroken = false;
  readonly #bytes: Uint8Array;
  readonly #end: number;

  constructor(bytes: Uint8Array, from: number, to: number) {
    this.at = from;
    this.#bytes = bytes;
    this.#end = to;
  }

  unsigned(): number {
    return Number(this.#bits());
  }

  /** Times that a number cannot hold stand for the ends of time. */
  time(): number {
    const bits = this.#bits();
    const value = Number((bits >> 1n) ^ -(bits & 1n));
    if (value >= TIME_MAX - 1024) return Infinity;
    return value <= 1024 - TIME_MAX ? -Infinity : value;
  }

  #bits(): bigint {
    let value = 0n;
    for (let shift = 0n; shift < 70n && this.at < this.#end; shift += 7n) {
      const byte = this.#bytes[this.at++];
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return BigInt.asUintN(64, value);
    }
    this.isBroken = true;
    return 0n;
  }
}

function checksum(bytes: Uint8Array, memory: KernelMemory): number {
  const mark = memory.mark();
  const at = memory.alloc(bytes.length);
  memory.u8.set(bytes, at);
  const sum = memory.kernels.crc32c(memory.crc32cTables, 0, at, bytes.length) >>> 0;
  memory.release(mark);
  return sum;
}
