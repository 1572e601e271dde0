import {KernelMemory} from '@narthex/kernels/kernel-memory.ts';
import {WalCorruption} from './corruption.ts';
import type {Disk} from '../disk.ts';
import type {Span} from './framing.ts';
import {SegmentReader} from './reader.ts';
import {listSegments} from './segments.ts';
import type {WalWriter} from './writer.ts';

/** A memory of its own for a test. */
export const testMemory = (): KernelMemory => new KernelMemory({maximumBytes: 256 * 1024 * 1024});

/** Log records that are given as plain bytes, as one commit. */
export function logBytes(writer: WalWriter, memory: KernelMemory, records: readonly Uint8Array[]): void {
  const mark = memory.mark();
  const spans: Span[] = records.map((record) => {
    const at = memory.alloc(record.length);
    memory.u8.set(record, at);
    return {at, length: record.length};
  });
  try {
    writer.log(memory, spans);
  } finally {
    memory.release(mark);
  }
}

/** `length` bytes that do not compress and differ with `seed`. */
export function noise(length: number, seed: number): Uint8Array {
  const bytes = new Uint8Array(length);
  let state = seed + 1;
  for (let i = 0; i < length; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    bytes[i] = state >>> 24;
  }
  return bytes;
}

/** What can be read of a segment: its whole records, and why no more can be read where that is so. */
export interface SegmentContent {
  readonly records: Uint8Array[];
  /** Where each record ends in the file. */
  readonly ends: number[];
  readonly corruption: WalCorruption | undefined;
}

/** Read all of one segment. */
export function readSegment(disk: Disk, file: string, memory = testMemory()): SegmentContent {
  const mark = memory.mark();
  const reader = new SegmentReader({disk, path: file, memory});
  const records: Uint8Array[] = [];
  const ends: number[] = [];
  let corruption: WalCorruption | undefined;
  try {
    for (let record = reader.next(); record !== undefined; record = reader.next()) {
      records.push(memory.u8.slice(record.at, record.at + record.length));
      ends.push(reader.recordEnd);
    }
  } catch (error) {
    if (!(error instanceof WalCorruption)) throw error;
    corruption = error;
  } finally {
    reader.close();
    memory.release(mark);
  }
  return {records, ends, corruption};
}

/** The records of all segments of a log, which has to be intact. */
export function readLog(disk: Disk, folder: string): Uint8Array[] {
  return listSegments(disk, folder).flatMap((segment) => {
    const {records, corruption} = readSegment(disk, segment.path);
    if (corruption !== undefined) throw corruption;
    return records;
  });
}
