import type {KernelMemory} from '@narthex/kernels/kernel-memory.ts';
import {ArenaFullError} from '../arena/errors.ts';
import {StorageError, reasonOf} from '../errors.ts';
import type {LogExemplar, LogMetadata} from '../head/commit-log.ts';
import type {SeriesRef} from '../head/types.ts';
import {WalCorruption} from './corruption.ts';
import type {Disk} from '../disk.ts';
import type {Span} from './framing.ts';
import {SegmentReader} from './reader.ts';
import {
  type LoggedMarker,
  type LoggedTombstone,
  decodeExemplars,
  decodeMarkers,
  decodeMetadata,
  decodeTombstones,
} from './rare-records.ts';
import {
  RECORD_EXEMPLARS,
  RECORD_FLOAT_HISTOGRAMS_2,
  RECORD_HISTOGRAMS,
  RECORD_MARKERS,
  RECORD_METADATA,
  RECORD_SAMPLES,
  RECORD_SAMPLES_2,
  RECORD_SERIES,
  RECORD_TOMBSTONES,
  recordTypeName,
} from './record-types.ts';
import {sliceSamples} from './sample-records.ts';
import {type LoggedSamples, type SampleCounts, SampleRun} from './sample-run.ts';
import {type Numbered, lastCheckpoint, listSegments, segmentPath} from './segments.ts';
import {SeriesRecordReader} from './series-record.ts';

/**
 * What a log is read into; a Head is one. Series and samples come in an order in which a series is known before its samples; all that is
 * given is valid during the call. Records that a target has no method for are counted as skipped.
 */
export interface ReplayTarget {
  /** The cells of samples may be histograms; records of histograms are skipped unless this is true. */
  readonly replaysHistograms?: boolean;
  /** A series of the log: `ranges` has name start and end, value start and end of each label in `bytes`, names rising. */
  replaySeries(ref: SeriesRef, bytes: Uint8Array, ranges: Uint32Array, labelCount: number): unknown;
  /** Samples of the log; returns how many belong to no series that was replayed before. */
  replaySamples(samples: LoggedSamples): number;
  /** The others return how many are of no known series, too. */
  replayTombstones?(tombstones: readonly LoggedTombstone[]): number;
  replayExemplars?(exemplars: readonly LogExemplar[]): number;
  replayMetadata?(metadata: readonly LogMetadata[]): number;
  /** Out-of-order samples of these series that were given before are in chunks on disk. */
  replayMarkers?(markers: readonly LoggedMarker[]): number;
}

/** A segment to replay; `index` is the number of its checkpoint when it belongs to one. */
export interface ReplaySource extends Numbered {
  /** It belongs to a checkpoint, which cannot be repaired. */
  readonly inCheckpoint: boolean;
}

/** What was read so far. */
export interface ReplayCounts extends SampleCounts {
  series: number;
  /** Samples of series that the log says nothing of. */
  unknownSamples: number;
  /** Tombstones, exemplars, metadata and markers of such series. */
  unknownOthers: number;
  tombstones: number;
  exemplars: number;
  metadata: number;
  markers: number;
  /** Series and samples that were left out since the target has no room for them. */
  seriesRefused: number;
  samplesRefused: number;
  /** Records that were not read into the target, by upstream's name of their type (`exemplars`, `tombstones`, ..., `unknown`). */
  readonly skipped: Map<string, number>;
}

const noCounts = (): ReplayCounts => ({
  series: 0,
  samples: 0,
  samplesOld: 0,
  samplesBeyond: 0,
  histogramsRefused: 0,
  unknownSamples: 0,
  unknownOthers: 0,
  tombstones: 0,
  exemplars: 0,
  metadata: 0,
  markers: 0,
  seriesRefused: 0,
  samplesRefused: 0,
  skipped: new Map(),
});

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

export interface ReplayOptions {
  disk: Disk;
  /** For scratch space, which is given back. */
  memory: KernelMemory;
  target: ReplayTarget;
  /** Samples and exemplars before it (ms) and tombstones that end before it are left out: they are in blocks. */
  minTime?: number;
}

/** Reads segments into a target. */
export class Replay {
  readonly counts: ReplayCounts = noCounts();
  readonly #disk: Disk;
  readonly #memory: KernelMemory;
  readonly #target: ReplayTarget;
  readonly #minTime: number;
  readonly #seriesRecord: SeriesRecordReader;
  #refMax = 0;

  constructor(options: ReplayOptions) {
    this.#disk = options.disk;
    this.#memory = options.memory;
    this.#target = options.target;
    this.#minTime = options.minTime ?? -Infinity;
    this.#seriesRecord = new SeriesRecordReader(options.memory);
  }

  /**
   * Replay one segment. Throws WalCorruption where it cannot be read on (what came before was replayed), StorageError
   * `wal_read` where it is intact but cannot be used.
   */
  segment(file: string): void {
    const mark = this.#memory.mark();
    const reader = new SegmentReader({disk: this.#disk, path: file, memory: this.#memory});
    try {
      this.#read(reader, this.#run());
    } finally {
      reader.close();
      this.#memory.release(mark);
    }
  }

  #run(): SampleRun {
    const give = (samples: LoggedSamples): void => this.#giveSamples(samples);
    return new SampleRun(this.#memory, {minTime: this.#minTime, order: 'series', counts: this.counts, give});
  }

  #read(reader: SegmentReader, run: SampleRun): void {
    try {
      for (let record = reader.next(); record !== undefined; record = reader.next()) this.#record(reader, run, record);
    } catch (error) {
      if (error instanceof WalCorruption) run.flush();
      throw error;
    }
    run.flush();
  }

  #record(reader: SegmentReader, run: SampleRun, record: Span): void {
    const type = record.length === 0 ? 0 : this.#memory.u8[record.at]!;
    if (type === RECORD_SERIES) this.#series(reader, run, record);
    else if (type === RECORD_SAMPLES || type === RECORD_SAMPLES_2) this.#samples(reader, run, record);
    else if (type >= RECORD_HISTOGRAMS && type <= RECORD_FLOAT_HISTOGRAMS_2 && this.#target.replaysHistograms === true)
      this.#samples(reader, run, record);
    else this.#rare(type, reader, run, record);
  }

  #rare(type: number, reader: SegmentReader, run: SampleRun, record: Span): void {
    const target = this.#target;
    const {counts} = this;
    if (type === RECORD_TOMBSTONES && target.replayTombstones !== undefined) {
      const tombstones = this.#decode(reader, record, decodeTombstones).filter((tombstone) =>
        this.#isWanted(tombstone.maxTimeMs),
      );
      counts.tombstones += tombstones.length;
      counts.unknownOthers += target.replayTombstones(tombstones);
    } else if (type === RECORD_EXEMPLARS && target.replayExemplars !== undefined) {
      const exemplars = this.#decode(reader, record, decodeExemplars).filter((exemplar) =>
        this.#isWanted(exemplar.timeMs),
      );
      counts.exemplars += exemplars.length;
      counts.unknownOthers += target.replayExemplars(exemplars);
    } else if (type === RECORD_METADATA && target.replayMetadata !== undefined) {
      const metadata = this.#decode(reader, record, decodeMetadata);
      counts.metadata += metadata.length;
      counts.unknownOthers += target.replayMetadata(metadata);
    } else if (type === RECORD_MARKERS && target.replayMarkers !== undefined) {
      const markers = this.#decode(reader, record, decodeMarkers);
      // What came before a marker is in a chunk, what comes behind it is not.
      run.flush();
      counts.markers += markers.length;
      counts.unknownOthers += target.replayMarkers(markers);
    } else this.#skip(recordTypeName(type));
  }

  #isWanted(timeMs: number): boolean {
    return timeMs >= this.#minTime;
  }

  #decode<T>(reader: SegmentReader, {at, length}: Span, decode: (record: Uint8Array) => T): T {
    const {u8} = this.#memory;
    try {
      return decode(u8.subarray(at, at + length));
    } catch (error) {
      throw reader.corruption(`decode ${recordTypeName(u8[at]!)}: ${reasonOf(error)}`);
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
      if (ref <= this.#refMax) run.flush();
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
    if (!run.add(record)) throw reader.corruption('decode samples: invalid size');
  }

  #giveSamples(samples: LoggedSamples): void {
    for (let from = 0; from < samples.count; from += BATCH_SAMPLES) {
      this.#give(sliceSamples(samples, from, Math.min(samples.count, from + BATCH_SAMPLES)));
    }
  }

  /** A batch needs room for the worst that its samples may need; a head that is almost full has that for a smaller one. */
  #give(batch: LoggedSamples): void {
    try {
      this.counts.unknownSamples += this.#target.replaySamples(batch);
    } catch (error) {
      if (!(error instanceof ArenaFullError)) throw error;
      if (batch.count <= REFUSED_SAMPLES) {
        this.counts.samplesRefused += batch.count;
        return;
      }
      const half = batch.count >>> 1;
      this.#give(sliceSamples(batch, 0, half));
      this.#give(sliceSamples(batch, half, batch.count));
    }
  }
}

/** Nothing is wrong with such a log, so it must not be repaired. */
const refBeyond = (reader: SegmentReader): StorageError =>
  new StorageError('wal_read', `${reader.path} at ${reader.recordStart}: a series reference is beyond 2^53`);
