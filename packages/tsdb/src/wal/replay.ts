import type {KernelMemory} from '@narthex/kernels/kernel-memory.ts';
import {ArenaFullError} from '../arena/errors.ts';
import {StorageError, reasonOf} from '../errors.ts';
import type {ReplayBatch} from '../head/head.ts';
import type {SeriesRef} from '../head/types.ts';
import {WalCorruption} from './corruption.ts';
import type {Disk} from '../disk.ts';
import type {Span} from './framing.ts';
import {SegmentReader} from './reader.ts';
import {RECORD_SAMPLES, RECORD_SAMPLES_2, RECORD_SERIES, recordTypeName} from './record-types.ts';
import {SampleRun, sliceBatch} from './sample-run.ts';
import {type Numbered, lastCheckpoint, listSegments, segmentPath} from './segments.ts';
import {SeriesRecordReader} from './series-record.ts';

/** What a log is read into; a Head is one. */
export interface ReplayTarget {
  /** A series of the log: `ranges` has name start and end, value start and end of each label in `bytes`, names rising. */
  replaySeries(ref: SeriesRef, bytes: Uint8Array, ranges: Uint32Array, labelCount: number): unknown;
  /** Samples of the log; returns how many belong to no series that was replayed before. */
  replaySamples(batch: ReplayBatch): number;
}

/** A segment to replay; `index` is the number of its checkpoint when it belongs to one. */
export interface ReplaySource extends Numbered {
  /** It belongs to a checkpoint, which cannot be repaired. */
  readonly inCheckpoint: boolean;
}

/** What was read so far. */
export interface ReplayCounts {
  series: number;
  samples: number;
  /** Samples of series that the log says nothing of. */
  unknownSamples: number;
  /** Samples that were left out since their time or reference is beyond ±2^53. */
  samplesBeyond: number;
  /** Series and samples that were left out since the target has no room for them. */
  seriesRefused: number;
  samplesRefused: number;
  /** Records that were not read into the target, by upstream's name of their type (`exemplars`, `tombstones`, ..., `unknown`). */
  readonly skipped: Map<string, number>;
}

/** References above it are no integers as JavaScript numbers; no Prometheus ever gave one. */
const REF_HIGH_MAX = 2 ** 21 - 1;
/** Samples that are given to the target at once. */
const BATCH_SAMPLES = 8 * 1024;
/** Where there is no room for so many samples, they are left out. */
const REFUSED_SAMPLES = 128;

/**
 * The segments that make up a log, in the order to replay them: those of the newest checkpoint, then those after it.
 * Throws StorageError `wal_corrupt` that names a segment which is missing.
 */
export function replaySources(disk: Disk, folder: string): ReplaySource[] {
  const checkpoint = lastCheckpoint(disk, folder);
  const segments = listSegments(disk, folder).map((segment): ReplaySource => {
    return {index: segment.index, path: segment.path, inCheckpoint: false};
  });
  if (checkpoint === undefined) return segments;
  const after = segments.filter((segment) => segment.index > checkpoint.index);
  if (after.length > 0 && after[0]!.index !== checkpoint.index + 1) {
    const missing = segmentPath(folder, checkpoint.index + 1);
    throw new StorageError('wal_corrupt', `${missing} is missing, which follows ${checkpoint.path}`);
  }
  const before = listSegments(disk, checkpoint.path).map((segment): ReplaySource => {
    return {index: checkpoint.index, path: segment.path, inCheckpoint: true};
  });
  return [...before, ...after];
}

/** Reads segments into a target. Takes scratch space from the memory and gives it back. */
export class Replay {
  readonly counts: ReplayCounts = {
    series: 0,
    samples: 0,
    unknownSamples: 0,
    samplesBeyond: 0,
    seriesRefused: 0,
    samplesRefused: 0,
    skipped: new Map(),
  };
  readonly #disk: Disk;
  readonly #memory: KernelMemory;
  readonly #target: ReplayTarget;
  readonly #seriesRecord: SeriesRecordReader;
  #refMax = 0;

  constructor(options: {disk: Disk; memory: KernelMemory; target: ReplayTarget}) {
    this.#disk = options.disk;
    this.#memory = options.memory;
    this.#target = options.target;
    this.#seriesRecord = new SeriesRecordReader(options.memory);
  }

  /**
   * Replay one segment. Throws WalCorruption where it cannot be read on (what came before was replayed), StorageError
   * `wal_read` where it is intact but cannot be used.
   */
  segment(file: string): void {
    const mark = this.#memory.mark();
    const reader = new SegmentReader({disk: this.#disk, path: file, memory: this.#memory});
    const run = new SampleRun(this.#memory);
    try {
      for (let record = reader.next(); record !== undefined; record = reader.next()) this.#record(reader, run, record);
      this.#flush(run);
    } catch (error) {
      if (error instanceof WalCorruption) this.#flush(run);
      throw error;
    } finally {
      reader.close();
      this.#memory.release(mark);
    }
  }

  #record(reader: SegmentReader, run: SampleRun, record: Span): void {
    const type = record.length === 0 ? 0 : this.#memory.u8[record.at]!;
    switch (type) {
      case RECORD_SERIES:
        return this.#series(reader, run, record);
      case RECORD_SAMPLES:
      case RECORD_SAMPLES_2:
        return this.#samples(reader, run, record);
      default:
        return this.#skip(recordTypeName(type));
    }
  }

  #skip(name: string): void {
    const {skipped} = this.counts;
    skipped.set(name, (skipped.get(name) ?? 0) + 1);
  }

  #series(reader: SegmentReader, run: SampleRun, record: Span): void {
    const series = this.#seriesRecord;
    series.open(record);
    while (this.#nextSeries(reader)) {
      if (series.refHigh > REF_HIGH_MAX) throw refBeyond(reader);
      const ref = (series.refHigh * 2 ** 32 + series.refLow) as SeriesRef;
      // References rise. One that doesn't may change what earlier samples belong to.
      if (ref <= this.#refMax) this.#flush(run);
      this.#refMax = Math.max(this.#refMax, ref);
      this.#giveSeries(ref);
      this.counts.series++;
    }
  }

  /** A server that has grown too large for its memory must still come up again, with what it has room for. */
  #giveSeries(ref: SeriesRef): void {
    const {ranges, labelCount} = this.#seriesRecord;
    try {
      this.#target.replaySeries(ref, this.#memory.u8, ranges, labelCount);
    } catch (error) {
      if (!(error instanceof ArenaFullError)) throw error;
      this.counts.seriesRefused++;
    }
  }

  #nextSeries(reader: SegmentReader): boolean {
    try {
      return this.#seriesRecord.next();
    } catch (error) {
      throw reader.corruption(`decode series: ${reasonOf(error)}`);
    }
  }

  #samples(reader: SegmentReader, run: SampleRun, record: Span): void {
    if (!run.hasRoomFor(record)) this.#flush(run);
    const added = run.add(record);
    if (added < 0) throw reader.corruption('decode samples: invalid size');
    this.counts.samples += added;
    this.counts.samplesBeyond += run.beyond;
  }

  #flush(run: SampleRun): void {
    if (run.count === 0) return;
    const batch = run.takeGrouped();
    for (let from = 0; from < batch.count; from += BATCH_SAMPLES) {
      this.#give(sliceBatch(batch, from, Math.min(batch.count, from + BATCH_SAMPLES)));
    }
  }

  /** A batch needs room for the worst that its samples may need; a head that is almost full has that for a smaller one. */
  #give(batch: ReplayBatch): void {
    try {
      this.counts.unknownSamples += this.#target.replaySamples(batch);
    } catch (error) {
      if (!(error instanceof ArenaFullError)) throw error;
      if (batch.count <= REFUSED_SAMPLES) {
        this.counts.samplesRefused += batch.count;
        return;
      }
      const half = batch.count >>> 1;
      this.#give(sliceBatch(batch, 0, half));
      this.#give(sliceBatch(batch, half, batch.count));
    }
  }
}

/** Nothing is wrong with such a log, so it must not be repaired. */
const refBeyond = (reader: SegmentReader): StorageError =>
  new StorageError('wal_read', `${reader.path} at ${reader.recordStart}: a series reference is beyond 2^53`);
