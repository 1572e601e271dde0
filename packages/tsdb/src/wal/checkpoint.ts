import type {KernelMemory} from '@narthex/kernels/kernel-memory.ts';
import {setImmediate} from 'node:timers/promises';
import {type Disk, nodeDisk} from '../disk.ts';
import {StorageError, reasonOf} from '../errors.ts';
import type {LogMetadata} from '../head/commit-log.ts';
import {putRecord} from './commit-log.ts';
import type {Compression} from './compression.ts';
import {WalCorruption} from './corruption.ts';
import type {Span} from './framing.ts';
import {
  decodeExemplars,
  decodeMetadata,
  decodeTombstones,
  encodeExemplars,
  encodeMetadata,
  encodeTombstones,
} from './rare-records.ts';
import {SegmentReader} from './reader.ts';
import {
  RECORD_EXEMPLARS,
  RECORD_FLOAT_HISTOGRAMS_2,
  RECORD_HISTOGRAMS,
  RECORD_METADATA,
  RECORD_SAMPLES,
  RECORD_SERIES,
  RECORD_TOMBSTONES,
  recordTypeName,
} from './record-types.ts';
import {encodeSampleRecords} from './sample-records.ts';
import {type LoggedSamples, SampleRun} from './sample-run.ts';
import {
  checkpointPath,
  lastCheckpoint,
  listSegments,
  removeUnfinished,
  segmentPath,
  unfinishedPath,
} from './segments.ts';
import {SeriesRecordReader} from './series-record.ts';
import {WalWriter} from './writer.ts';

export interface CheckpointOptions {
  /** The log's folder. */
  folder: string;
  /** The last segment to take in, which is finished; all before it and the checkpoint before are taken in too. */
  last: number;
  /** What is older (ms) is left out: it is in blocks. */
  minTime: number;
  /** Whether a series is kept, by its reference; the same answer all the time. */
  keeps: (ref: number) => boolean;
  /** For scratch space, which is given back at the end. */
  memory: KernelMemory;
  compression?: Compression;
  /** Ends the work early, with its reason, and nothing changed. */
  signal?: AbortSignal;
  disk?: Disk;
}

/** What a checkpoint took in, and how much of it was dropped. */
export interface CheckpointStats {
  readonly series: Tally;
  readonly samples: Tally;
  readonly tombstones: Tally;
  readonly exemplars: Tally;
  readonly metadata: Tally;
}

export interface Tally {
  total: number;
  dropped: number;
}

/** The thread has other things to do after so long. */
const SLICE_MS = 10;
const STAGING_BYTES = 1024 * 1024;
const RUN_SAMPLES = 64 * 1024;
const METADATA_BATCH = 1000;

/**
 * Write `checkpoint.N`, which stands for all segments up to N = `last` and the checkpoint before: what replay still needs of them, as
 * upstream's `wlog.Checkpoint`. It only reads finished segments, so another thread may be writing the log. The checkpoint appears whole,
 * and durable, or not at all; removing what it stands for is left to the caller. Throws StorageError: `wal_corrupt` where the log can't be
 * read (nothing can be repaired here), `wal_write`.
 */
export async function writeCheckpoint(options: CheckpointOptions): Promise<CheckpointStats> {
  const {folder, last, memory, disk = nodeDisk} = options;
  const sources = sourcesOf(disk, folder, last);
  const target = checkpointPath(folder, last);
  const unfinished = unfinishedPath(target);
  const mark = memory.mark();
  try {
    removeUnfinished(disk, folder);
    const stats = await new Checkpoint(options, unfinished).write(sources);
    // The writer has synced its files and their names.
    disk.rename(unfinished, target);
    await disk.syncFolder(folder);
    return stats;
  } catch (error) {
    tryRemove(disk, unfinished);
    throw options.signal?.aborted === true ? error : failure(target, error);
  } finally {
    memory.release(mark);
  }
}

/** The files to read, the oldest first. */
function sourcesOf(disk: Disk, folder: string, last: number): string[] {
  const before = lastCheckpoint(disk, folder);
  const segments = listSegments(disk, folder).filter(({index}) => index > (before?.index ?? -1) && index <= last);
  const first = before === undefined ? segments[0]?.index : before.index + 1;
  if (first === undefined || segments[0]?.index !== first || segments.at(-1)!.index !== last) {
    const missing = segmentPath(folder, first === undefined || segments[0]?.index === first ? last : first);
    throw new StorageError('wal_corrupt', `cannot make a checkpoint: ${missing} is missing`);
  }
  const held = before === undefined ? [] : listSegments(disk, before.path);
  return [...held, ...segments].map((segment) => segment.path);
}

function tryRemove(disk: Disk, unfinished: string): void {
  try {
    disk.remove(unfinished);
  } catch {
    // It is removed before the next checkpoint.
  }
}

function failure(target: string, error: unknown): StorageError {
  const code = error instanceof WalCorruption ? 'wal_corrupt' : 'wal_write';
  return error instanceof StorageError
    ? new StorageError(error.code, `cannot make ${target}: ${error.message}`, error.cause ?? error)
    : new StorageError(code, `cannot make ${target}: ${reasonOf(error)}`, error);
}

/** The work on one checkpoint. */
class Checkpoint {
  readonly #options: CheckpointOptions;
  readonly #disk: Disk;
  readonly #memory: KernelMemory;
  readonly #writer: WalWriter;
  readonly #counts = {samples: 0, samplesOld: 0, samplesBeyond: 0, histogramsRefused: 0};
  readonly #stats: CheckpointStats = {
    series: {total: 0, dropped: 0},
    samples: {total: 0, dropped: 0},
    tombstones: {total: 0, dropped: 0},
    exemplars: {total: 0, dropped: 0},
    metadata: {total: 0, dropped: 0},
  };
  readonly #seriesRecord: SeriesRecordReader;
  /** Whether a run gave samples while it took a record in. */
  #given = false;
  readonly #metadata = new Map<number, LogMetadata>();
  /** Records that are written together. */
  readonly #staging: number;
  #staged: Span[] = [];
  #stagedBytes = 0;
  #problem: unknown;
  #sliceEnd = 0;

  constructor(options: CheckpointOptions, unfinished: string) {
    const {disk = nodeDisk, memory, compression} = options;
    this.#options = options;
    this.#disk = disk;
    this.#memory = memory;
    const onProblem = (message: string, cause: unknown): void => {
      this.#problem ??= new StorageError('wal_write', `${message}: ${reasonOf(cause)}`, cause);
    };
    this.#writer = new WalWriter({folder: unfinished, disk, onProblem, ...(compression && {compression})});
    this.#seriesRecord = new SeriesRecordReader(memory);
    this.#staging = memory.alloc(STAGING_BYTES);
  }

  async write(sources: readonly string[]): Promise<CheckpointStats> {
    try {
      this.#sliceEnd = performance.now() + SLICE_MS;
      for (const source of sources) await this.#segment(source);
      this.#addMetadata();
      this.#write();
    } finally {
      await this.#writer.close();
    }
    if (this.#problem !== undefined) throw this.#problem;
    const {samples, samplesOld, samplesBeyond, histogramsRefused} = this.#counts;
    const dropped = samplesOld + samplesBeyond + histogramsRefused;
    return {...this.#stats, samples: {total: samples + dropped, dropped}};
  }

  async #segment(file: string): Promise<void> {
    const mark = this.#memory.mark();
    const reader = new SegmentReader({disk: this.#disk, path: file, memory: this.#memory});
    const run = this.#run();
    try {
      for (let record = reader.next(); record !== undefined; record = reader.next()) {
        this.#record(reader, run, record);
        if (performance.now() > this.#sliceEnd) await this.#pause();
      }
    } finally {
      reader.close();
      this.#memory.release(mark);
    }
  }

  /** For one segment: it takes space that is given back behind it. */
  #run(): SampleRun {
    const memory = this.#memory;
    const give = (samples: LoggedSamples): void => {
      this.#given = true;
      const mark = memory.mark();
      for (const record of encodeSampleRecords(samples)) this.#add(record);
      memory.release(mark);
    };
    const {minTime} = this.#options;
    return new SampleRun(memory, {minTime, order: 'log', counts: this.#counts, capacity: RUN_SAMPLES, give});
  }

  async #pause(): Promise<void> {
    await setImmediate();
    this.#options.signal?.throwIfAborted();
    this.#sliceEnd = performance.now() + SLICE_MS;
  }

  #record(reader: SegmentReader, run: SampleRun, record: Span): void {
    const type = record.length === 0 ? 0 : this.#memory.u8[record.at]!;
    try {
      if (type === RECORD_SERIES) this.#series(record);
      else if (type === RECORD_SAMPLES || (type >= RECORD_HISTOGRAMS && type <= RECORD_FLOAT_HISTOGRAMS_2))
        this.#samples(run, record);
      else if (type === RECORD_TOMBSTONES) this.#tombstones(record);
      else if (type === RECORD_EXEMPLARS) this.#exemplars(record);
      else if (type === RECORD_METADATA) this.#readMetadata(record);
    } catch (error) {
      if (error instanceof StorageError) throw error;
      throw reader.corruption(`decode ${recordTypeName(type)}: ${reasonOf(error)}`);
    }
  }

  #series(record: Span): void {
    const series = this.#seriesRecord;
    const tally = this.#stats.series;
    const mark = this.#memory.mark();
    const at = this.#memory.alloc(record.length);
    const {u8} = this.#memory;
    let to = at;
    u8[to++] = RECORD_SERIES;
    series.open(record);
    while (series.next()) {
      const kept = this.#options.keeps(series.refHigh * 2 ** 32 + series.refLow);
      tally.total++;
      if (!kept) tally.dropped++;
      else {
        const {at: from, length} = series.span;
        u8.copyWithin(to, from, from + length);
        to += length;
      }
    }
    if (to > at + 1) this.#add({at, length: to - at});
    this.#memory.release(mark);
  }

  /** A record of which everything is kept is not written anew. */
  #samples(run: SampleRun, record: Span): void {
    const before = this.#leftOut();
    this.#given = false;
    if (!run.add(record)) throw new Error('invalid size');
    if (this.#given || this.#leftOut() > before) run.flush();
    else {
      run.drop();
      this.#add(record);
    }
  }

  #leftOut(): number {
    const {samplesOld, samplesBeyond, histogramsRefused} = this.#counts;
    return samplesOld + samplesBeyond + histogramsRefused;
  }

  #tombstones(record: Span): void {
    const {minTime, keeps} = this.#options;
    this.#filter(record, this.#stats.tombstones, decodeTombstones, encodeTombstones, ({ref, maxTimeMs}) => {
      return keeps(ref) && maxTimeMs >= minTime;
    });
  }

  #exemplars(record: Span): void {
    const {minTime} = this.#options;
    this.#filter(record, this.#stats.exemplars, decodeExemplars, encodeExemplars, ({timeMs}) => timeMs >= minTime);
  }

  #filter<T>(
    record: Span,
    tally: Tally,
    decode: (record: Uint8Array) => T[],
    encode: (list: readonly T[]) => Uint8Array,
    isKept: (entry: T) => boolean,
  ): void {
    const all = decode(this.#bytes(record));
    const kept = all.filter(isKept);
    tally.total += all.length;
    tally.dropped += all.length - kept.length;
    if (kept.length > 0) this.#addBytes(encode(kept));
  }

  /** Only what was said last of each series is kept; it is written at the end. */
  #readMetadata(record: Span): void {
    const tally = this.#stats.metadata;
    for (const entry of decodeMetadata(this.#bytes(record))) {
      tally.total++;
      if (!this.#options.keeps(entry.ref) || this.#metadata.has(entry.ref)) tally.dropped++;
      if (this.#options.keeps(entry.ref)) this.#metadata.set(entry.ref, entry);
    }
  }

  #addMetadata(): void {
    const entries = [...this.#metadata.values()];
    for (let i = 0; i < entries.length; i += METADATA_BATCH) {
      this.#addBytes(encodeMetadata(entries.slice(i, i + METADATA_BATCH)));
    }
  }

  #bytes({at, length}: Span): Uint8Array {
    return this.#memory.u8.subarray(at, at + length);
  }

  #addBytes(bytes: Uint8Array): void {
    const mark = this.#memory.mark();
    this.#add(putRecord(this.#memory, bytes));
    this.#memory.release(mark);
  }

  /** Copy a record to what is written next. */
  #add({at, length}: Span): void {
    if (this.#stagedBytes + length > STAGING_BYTES) this.#write();
    if (length > STAGING_BYTES) return this.#writer.log(this.#memory, [{at, length}]);
    const to = this.#staging + this.#stagedBytes;
    this.#memory.u8.copyWithin(to, at, at + length);
    this.#staged.push({at: to, length});
    this.#stagedBytes += length;
  }

  #write(): void {
    if (this.#staged.length > 0) this.#writer.log(this.#memory, this.#staged);
    this.#staged = [];
    this.#stagedBytes = 0;
  }
}
