import fs from 'node:fs';
import path from 'node:path';
import {setImmediate} from 'node:timers/promises';
import {KernelMemory} from '@narthex/kernels/kernel-memory.ts';
import type {Matcher} from '@narthex/model/matcher.ts';
import type {BlockMeta} from './block/meta.ts';
import {openFolder} from './compact/open-blocks.ts';
import {StorageError, reasonOf} from './errors.ts';
import {LocalOwner} from './housekeeping/local-owner.ts';
import {writtenUntil} from './housekeeping/written-until.ts';
import {Head, type HeadOptions} from './head/head.ts';
import type {HeadReader} from './head/reader.ts';
import type {AppendOutcome, SampleBatch, SeriesRef, SeriesSlot} from './head/types.ts';
import {type CleanStart, FolderLock} from './lock.ts';
import {WalCommitLog} from './wal/commit-log.ts';
import {WblCommitLog} from './wal/out-of-order-log.ts';
import {WalCorruption} from './wal/corruption.ts';
import {nodeDisk} from './disk.ts';
import {repairLog} from './wal/repair.ts';
import {Replay, type ReplayCounts, replaySources} from './wal/replay.ts';
import {WalWriter, type WalWriterOptions, type WalWriterStats} from './wal/writer.ts';

/** The log's segments being replayed, as `/api/v1/status/walreplay` tells it. */
export interface ReplayProgress {
  /** Number of the first segment, or of the checkpoint that is read in its place. */
  readonly min: number;
  /** Number of the last segment. */
  readonly max: number;
  /** Number of the last segment (or checkpoint) that was read. */
  readonly current: number;
  /** Time that this one took. */
  readonly milliseconds: number;
}

export interface DatabaseOptions {
  /** The data folder; it is made when missing. */
  dir: string;
  head: HeadOptions;
  wal?: Pick<WalWriterOptions, 'segmentBytes' | 'compression' | 'onSync'>;
  /** Do without the lock file (`--storage.tsdb.no-lockfile`). */
  noLockfile?: boolean;
  /** The most memory that one record of the log, unpacked, may take while it is replayed; 1 GiB unless told. */
  replayBytes?: number;
  /** Told after each segment that was replayed. */
  onProgress?: (progress: ReplayProgress) => void;
  /** Told of what an operator should know, with names and values for a structured log. */
  log?: (level: 'info' | 'warn' | 'error', message: string, fields: Record<string, string | number>) => void;
}

/** Figures of the database, for its metrics. */
export interface DatabaseStats {
  readonly wal: WalWriterStats;
  /** Corruptions of the log that were found when it was opened. */
  readonly walCorruptions: number;
  readonly cleanStart: CleanStart;
  readonly replay: ReplayCounts & {readonly seconds: number};
}

/** The folder of the log of out-of-order samples. */
const WBL = 'wbl';
/** No chunk of the head was found on disk. */
const NO_CHUNK = -1;
/** Series that are deleted of in one commit. */
const DELETE_SERIES = 256;
const REPLAY_BYTES = 1024 * 1024 * 1024;

/**
 * The storage of one data folder: the head and the log that it survives restarts by. For one thread, the writer; readers in
 * other threads get `head.shared`.
 *
 * A commit that `append` returned from has been written to the operating system: it survives the end of this process, however
 * it ends. What a crash of the machine may cost is what was written since the last sync of a segment, as upstream.
 */
export class Database {
  readonly dir: string;
  readonly head: Head;
  /** The blocks that were there when it was opened, by the time they begin at. */
  readonly blocks: readonly BlockMeta[];
  readonly stats: () => DatabaseStats;
  readonly #writer: WalWriter;
  readonly #walOptions: Omit<WalWriterOptions, 'folder'>;
  /** The log of out-of-order samples, from the first moment that some are accepted. */
  #lateWriter: WalWriter | undefined;
  readonly #lock: FolderLock | undefined;
  /** The log has histograms, which the head does not take: it stays out of blocks, so that the log keeps them. */
  readonly #isPartial: boolean;

  private constructor(parts: {
    dir: string;
    head: Head;
    writer: WalWriter;
    lock: FolderLock | undefined;
    opened: Opened;
    blocks: readonly BlockMeta[];
    walOptions: Omit<WalWriterOptions, 'folder'>;
  }) {
    this.dir = parts.dir;
    this.#walOptions = parts.walOptions;
    this.blocks = parts.blocks;
    this.head = parts.head;
    this.#writer = parts.writer;
    this.#lock = parts.lock;
    const {corruptions: walCorruptions, replay} = parts.opened;
    const cleanStart = parts.lock?.cleanStart ?? -1;
    this.#isPartial = [...replay.skipped.keys()].some((name) => name.includes('histogram'));
    this.stats = () => ({wal: this.#writer.stats, walCorruptions, cleanStart, replay});
    if (nodeDisk.names(path.join(parts.dir, WBL)).length > 0) this.#openLateLog();
  }

  /**
   * Open the data folder: take its lock, repair the log where it was torn, replay it, begin a new segment. Throws StorageError:
   * `locked` when another process has the folder, `wal_corrupt` and `wal_read` when the log cannot be used, `data_folder`.
   * A head that is too small for the log gets what it has room for, and `log` is told.
   */
  static async open(options: DatabaseOptions): Promise<Database> {
    const dir = path.resolve(options.dir);
    const log = options.log ?? (() => {});
    makeFolder(dir);
    const lock = options.noLockfile ? undefined : FolderLock.acquire(dir, (message) => log('warn', message, {}));
    try {
      warnOfUnread(dir, log);
      const blocks = openBlocks(dir, log);
      const head = Head.create(options.head);
      head.minValidTime = writtenUntil(blocks);
      const opened = await replayInto(head, dir, options, log);
      const onProblem = (message: string, cause: unknown) => log('error', message, {err: reasonOf(cause)});
      const walOptions = {...options.wal, onProblem};
      const writer = new WalWriter({...walOptions, folder: path.join(dir, 'wal')});
      head.attachLog(new WalCommitLog(writer));
      return new Database({dir, head, writer, lock, opened, blocks, walOptions});
    } catch (error) {
      lock?.release();
      throw error;
    }
  }

  /** Store a batch as one commit, see `Head.append`. */
  append(batch: SampleBatch): AppendOutcome {
    return this.head.append(batch);
  }

  /**
   * How old samples out of order may be from now on, in ms before the newest of all; 0: none is accepted. Throws StorageError `wal_write` when their
   * log cannot be made; nothing changed then.
   */
  setOutOfOrderWindow(windowMs: number): void {
    if (windowMs > 0 && this.#lateWriter === undefined) this.#openLateLog();
    this.head.outOfOrder.windowMs = windowMs;
  }

  #openLateLog(): void {
    this.#lateWriter = new WalWriter({...this.#walOptions, folder: path.join(this.dir, WBL)});
    this.head.outOfOrder.attachLog(new WblCommitLog(this.#lateWriter));
  }

  /**
   * Delete what series of the head that match have in [startMs, endMs] at this moment; blocks are housekeeping's. In slices: samples may be appended
   * meanwhile. `reader` reads this head with `memory`. Rejects with StorageError `wal_write` when the log cannot be written; what was deleted until
   * then stays deleted.
   */
  async deleteSeries(
    reader: HeadReader,
    memory: KernelMemory,
    matchers: readonly Matcher[],
    startMs: number,
    endMs: number,
  ): Promise<void> {
    const mark = memory.mark();
    try {
      const found = seriesOf(reader, matchers);
      for (let from = 0; from < found.length; from += DELETE_SERIES) {
        // Series that were taken out meanwhile have nothing left to delete.
        const slots = found.slice(from, from + DELETE_SERIES).filter(({slot, ref}) => this.head.has(slot, ref));
        this.head.delete(
          slots.map(({slot}) => slot),
          startMs,
          endMs,
          memory,
        );
        await setImmediate();
      }
    } finally {
      memory.release(mark);
    }
  }

  /** What housekeeping asks for; `announce` tells all readers of blocks. Call it once. */
  owner(announce: (blocks: readonly BlockMeta[]) => void): LocalOwner {
    const {head} = this;
    return new LocalOwner({
      head,
      wal: this.#writer,
      lateLog: () => this.#lateWriter,
      isPartial: this.#isPartial,
      chunkRangeMs: head.chunkRangeMs,
      announce,
    });
  }

  /** Bytes of all files of the log. Reads the folder. */
  walSizeBytes(): number {
    return this.#writer.sizeBytes();
  }

  /** End the log, wait until it is on the device, give the folder back. Nothing can be appended afterwards. */
  async close(): Promise<void> {
    await this.#lateWriter?.close();
    await this.#writer.close();
    this.#lock?.release();
  }
}

interface FoundSeries {
  readonly slot: SeriesSlot;
  readonly ref: SeriesRef;
}

function seriesOf(reader: HeadReader, matchers: readonly Matcher[]): FoundSeries[] {
  reader.begin();
  try {
    const set = reader.select(matchers, -Infinity, Infinity);
    return Array.from({length: set.length}, (_, i) => {
      const slot = set.slot(i) as SeriesSlot;
      return {slot, ref: reader.ref(slot)};
    });
  } finally {
    reader.end();
  }
}

interface Opened {
  readonly corruptions: number;
  readonly replay: ReplayCounts & {readonly seconds: number};
}

type Log = NonNullable<DatabaseOptions['log']>;

function makeFolder(dir: string): void {
  try {
    fs.mkdirSync(dir, {recursive: true, mode: 0o777});
  } catch (error) {
    throw new StorageError('data_folder', `cannot make data folder ${dir}: ${reasonOf(plainError(dir, error))}`, error);
  }
}

/** Making folders recursively says that there is no such folder where a file system is read-only; making the last one alone says why. */
function plainError(dir: string, error: unknown): unknown {
  if (!fs.existsSync(path.dirname(dir))) return error;
  try {
    fs.mkdirSync(dir);
    return error;
  } catch (plain) {
    return plain;
  }
}

async function replayInto(head: Head, dir: string, options: DatabaseOptions, log: Log): Promise<Opened> {
  const begin = performance.now();
  const folder = path.join(dir, 'wal');
  const memory = new KernelMemory({maximumBytes: options.replayBytes ?? REPLAY_BYTES});
  const replay = new Replay({disk: nodeDisk, memory, target: head, minTime: head.minValidTime});
  log('info', 'Replaying WAL, this may take a while', {});
  let corruptions = 0;
  try {
    await replayAll(replay, folder, options, log);
  } catch (error) {
    if (!(error instanceof WalCorruption)) throw error;
    corruptions++;
    await repair(folder, error, memory, log);
  }
  corruptions += await replayLate(head, dir, memory, log);
  head.endReplay();
  const seconds = (performance.now() - begin) / 1000;
  logReplayed(replay.counts, seconds, log);
  return {corruptions, replay: {...replay.counts, seconds}};
}

/** Replay the log of out-of-order samples, repaired where it was torn; gives the number of corruptions. */
async function replayLate(head: Head, dir: string, memory: KernelMemory, log: Log): Promise<number> {
  const folder = path.join(dir, WBL);
  const target = head.outOfOrderReplay(memory, NO_CHUNK);
  const replay = new Replay({disk: nodeDisk, memory, target});
  try {
    for (const source of replaySources(nodeDisk, folder)) {
      replay.segment(source.path);
      log('info', 'WBL segment loaded', {segment: source.index});
      await setImmediate();
    }
    return 0;
  } catch (error) {
    if (!(error instanceof WalCorruption)) throw error;
    await repair(folder, error, memory, log);
    return 1;
  }
}

async function replayAll(replay: Replay, folder: string, options: DatabaseOptions, log: Log): Promise<void> {
  const sources = replaySources(nodeDisk, folder);
  const min = sources[0]?.index ?? 0;
  const max = sources.at(-1)?.index ?? 0;
  for (const source of sources) {
    const begin = performance.now();
    try {
      replay.segment(source.path);
    } catch (error) {
      if (source.inCheckpoint && error instanceof WalCorruption) {
        throw new StorageError('wal_corrupt', `cannot read the checkpoint: ${error.message}`, error);
      }
      throw error;
    }
    const milliseconds = performance.now() - begin;
    const duration = `${milliseconds.toFixed(1)}ms`;
    if (source.inCheckpoint) log('info', 'WAL checkpoint loaded', {file: source.path, duration});
    else log('info', 'WAL segment loaded', {segment: source.index, maxSegment: max, duration});
    options.onProgress?.({min, max, current: source.index, milliseconds});
    // Whoever waits for the progress gets a turn.
    await setImmediate();
  }
}

async function repair(folder: string, corruption: WalCorruption, memory: KernelMemory, log: Log): Promise<void> {
  const {file, offset, reason} = corruption;
  log('warn', 'Encountered WAL read error, attempting repair', {file, offset, err: reason});
  const {bytesCut, setAside} = await repairLog(nodeDisk, folder, corruption, memory);
  log('warn', 'Successfully repaired WAL', {file, offset, bytesCut, setAside: setAside.join(' ')});
}

function logReplayed(counts: ReplayCounts, seconds: number, log: Log): void {
  const {series, samples, unknownSamples, samplesBeyond, seriesRefused, samplesRefused, skipped} = counts;
  if (seriesRefused + samplesRefused > 0) {
    const message = 'The memory for the head is too small for all that is in the WAL: the rest stays there, unseen';
    log('error', message, {series: seriesRefused, samples: samplesRefused});
  }
  if (unknownSamples > 0) log('warn', 'Unknown series references', {samples: unknownSamples});
  if (samplesBeyond > 0)
    log('warn', 'Samples with times that are no exact numbers were left out', {samples: samplesBeyond});
  if (skipped.size > 0) log('warn', 'WAL records were not read: not supported yet', Object.fromEntries(skipped));
  if ([...skipped.keys()].some((name) => name.includes('histogram'))) {
    log('warn', 'Histograms in the WAL are kept there: the head is not written to blocks meanwhile', {});
  }
  log('info', 'WAL replay completed', {series, samples, total_replay_duration: `${seconds.toFixed(3)}s`});
}

/** Make the folder's blocks ready, and say what was found. */
function openBlocks(dir: string, log: Log): readonly BlockMeta[] {
  const {blocks, bad, removed, repaired} = openFolder(nodeDisk, dir);
  if (removed.length > 0) log('info', 'Found and deleted what was left half made', {folders: removed.join(' ')});
  if (repaired.length > 0) log('info', 'Repaired the index of blocks', {blocks: repaired.join(' ')});
  const message = 'A block cannot be read: its samples are missing from all answers';
  for (const {ulid, file, offset = -1, reason} of bad) log('error', message, {ulid, file, offset, err: reason});
  return blocks.map(({meta}) => meta);
}

/** Folders of a Prometheus that are not read yet, and what that means. */
const UNREAD: readonly [folder: string, message: string][] = [
  ['chunks_head', 'Chunks of the head on disk are not read yet and are left alone: their samples come from the WAL'],
];

/** What a Prometheus left here that is not read yet stays as it is, and is named. */
function warnOfUnread(dir: string, log: Log): void {
  const names = fs.readdirSync(dir);
  for (const [name, meaning] of UNREAD) {
    const folder = path.join(dir, name);
    if (names.includes(name) && fs.readdirSync(folder).length > 0) log('warn', meaning, {folder});
  }
}
