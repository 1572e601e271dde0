import path from 'node:path';
import {StorageError, reasonOf} from '../errors.ts';
import type {Disk} from '../disk.ts';

/** A numbered file of the log, or a numbered checkpoint folder. */
export interface Numbered {
  readonly index: number;
  readonly path: string;
}

const DIGITS = 8;
const CHECKPOINT = 'checkpoint.';
const UNFINISHED = '.tmp';

/** The name of segment `index`: eight digits, more when it needs them. */
export const segmentName = (index: number): string => String(index).padStart(DIGITS, '0');

export const segmentPath = (folder: string, index: number): string => path.join(folder, segmentName(index));

/**
 * The segments of a log, the oldest first. Files whose name is not a number are none of them.
 * Throws StorageError `wal_corrupt` that names the first missing segment when the numbers have a gap.
 */
export function listSegments(disk: Disk, folder: string): Numbered[] {
  const segments: Numbered[] = [];
  for (const name of namesIn(disk, folder)) {
    if (/^\d+$/.test(name)) segments.push({index: Number(name), path: path.join(folder, name)});
  }
  segments.sort((a, b) => a.index - b.index);
  for (let i = 1; i < segments.length; i++) requireNext(folder, segments[i - 1]!, segments[i]!);
  return segments;
}

function requireNext(folder: string, before: Numbered, after: Numbered): void {
  if (after.index === before.index + 1) return;
  const message =
    after.index === before.index
      ? `segment ${after.index} exists twice: ${before.path} and ${after.path}`
      : `segments are not sequential: ${segmentPath(folder, before.index + 1)} is missing, the next one is ${after.path}`;
  throw new StorageError('wal_corrupt', message);
}

/** The folder of the checkpoint that stands for the segments up to `index`. */
export const checkpointPath = (folder: string, index: number): string =>
  path.join(folder, CHECKPOINT + segmentName(index));

/** Where a checkpoint is written before it has its name. */
export const unfinishedPath = (checkpoint: string): string => checkpoint + UNFINISHED;

/** Remove what is left of checkpoints that were never finished. */
export function removeUnfinished(disk: Disk, folder: string): void {
  for (const name of namesIn(disk, folder)) {
    if (name.startsWith(CHECKPOINT) && name.endsWith(UNFINISHED)) disk.remove(path.join(folder, name));
  }
}

/** Remove the checkpoints before `index`: a newer one has what they hold. */
export function removeCheckpointsBefore(disk: Disk, folder: string, index: number): void {
  for (const checkpoint of listCheckpoints(disk, folder)) {
    if (checkpoint.index < index) disk.remove(checkpoint.path);
  }
}

/**
 * The newest finished checkpoint of a log (folders `checkpoint.N`, which hold what is still needed of the segments up to N);
 * undefined when there is none. Folders with any other ending (`.tmp`) are unfinished and don't count.
 */
export function lastCheckpoint(disk: Disk, folder: string): Numbered | undefined {
  return listCheckpoints(disk, folder).at(-1);
}

/** The finished checkpoints of a log, the oldest first. */
export function listCheckpoints(disk: Disk, folder: string): Numbered[] {
  const checkpoints: Numbered[] = [];
  for (const name of namesIn(disk, folder)) {
    const digits = name.startsWith(CHECKPOINT) ? name.slice(CHECKPOINT.length) : '';
    const file = path.join(folder, name);
    if (/^\d+$/.test(digits) && disk.isFolder(file)) checkpoints.push({index: Number(digits), path: file});
  }
  return checkpoints.sort((a, b) => a.index - b.index);
}

function namesIn(disk: Disk, folder: string): string[] {
  try {
    return disk.names(folder);
  } catch (error) {
    throw new StorageError('wal_read', `cannot list ${folder}: ${reasonOf(error)}`, error);
  }
}
