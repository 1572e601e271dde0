import type {KernelMemory} from '@narthex/kernels/kernel-memory.ts';
import {StorageError, reasonOf} from '../errors.ts';
import {type Compression, compressRecord} from './compression.ts';
import {type Disk, type DiskFile, folderSize, nodeDisk} from '../disk.ts';
import {Framer, PAGE_BYTES, type Span, offsetAfter} from './framing.ts';
import {type Numbered, lastCheckpoint, listSegments, segmentPath} from './segments.ts';

export const DEFAULT_SEGMENT_BYTES = 128 * 1024 * 1024;

export interface WalWriterOptions {
  /** The log's folder (`<data>/wal`); it is made when missing. */
  folder: string;
  /** A segment ends before it would grow above this, a multiple of 32 KiB; only a single larger commit makes a larger one. */
  segmentBytes?: number;
  /** How records are compressed (each only where that makes it shorter). */
  compression?: Compression;
  disk?: Disk;
  /** Told about failures that refuse no commit: syncing, closing or padding a finished segment. */
  onProblem?: (message: string, cause: unknown) => void;
  /** Told how long each sync of a segment took, failed ones too. */
  onSync?: (seconds: number) => void;
}

/** Figures for the `prometheus_tsdb_wal_*` metrics; counters since the log was opened. */
export interface WalWriterStats {
  readonly segmentCurrent: number;
  readonly pageFlushes: number;
  readonly completedPages: number;
  readonly recordPartWrites: number;
  readonly recordPartBytes: number;
  readonly recordBytesSaved: number;
  readonly writesFailed: number;
  readonly truncations: number;
  readonly truncationsFailed: number;
  readonly syncs: number;
  readonly syncsFailed: number;
}

/** Where the log ends: all bytes before `offset` of `segment` belong to records that were written whole. */
export interface WalPosition {
  readonly segment: number;
  readonly offset: number;
}

interface Segment {
  readonly index: number;
  readonly path: string;
  readonly file: DiskFile;
  /** Ends when all syncs that were begun have ended: the file must not be closed before. */
  synced: Promise<void>;
}

// What `log` promises rests on two rules. Bytes are written at a position, never at "the end of the file": the position moves
// only after all bytes of a commit are written, so a failed commit leaves no trace in it. And no commit is tried while bytes
// of a failed one may lie behind that position: they are cut off first, because a reader would stop at them and drop what
// follows.

/**
 * The end of a write-ahead log, in Prometheus' own format: takes whole commits. Opening it begins a new segment, as upstream
 * does, and never touches the segments that are there.
 */
export class WalWriter {
  readonly folder: string;
  readonly #disk: Disk;
  readonly #segmentBytes: number;
  readonly #compression: Compression;
  readonly #onProblem: (message: string, cause: unknown) => void;
  readonly #onSync: (seconds: number) => void;
  readonly #framer = new Framer();
  readonly #finishing = new Set<Promise<void>>();
  #segment: Segment;
  #offset = 0;
  #mustCut = false;
  #cutFailure: unknown;
  #closed = false;
  #pageFlushes = 0;
  #completedPages = 0;
  #recordBytesSaved = 0;
  #writesFailed = 0;
  #truncations = 0;
  #truncationsFailed = 0;
  #syncs = 0;
  #syncsFailed = 0;

  /** Throws StorageError `wal_corrupt` for a gap between the segments and `wal_write` when no new segment can be made. */
  constructor(options: WalWriterOptions) {
    this.folder = options.folder;
    this.#disk = options.disk ?? nodeDisk;
    this.#segmentBytes = checkedSegmentBytes(options.segmentBytes ?? DEFAULT_SEGMENT_BYTES);
    this.#compression = options.compression ?? 'snappy';
    this.#onProblem = options.onProblem ?? (() => {});
    this.#onSync = options.onSync ?? (() => {});
    this.#makeFolder();
    this.#segment = this.#create(this.#nextIndex());
  }

  get position(): WalPosition {
    return {segment: this.#segment.index, offset: this.#offset};
  }

  get stats(): WalWriterStats {
    return {
      segmentCurrent: this.#segment.index,
      pageFlushes: this.#pageFlushes,
      completedPages: this.#completedPages,
      recordPartWrites: this.#framer.fragments,
      recordPartBytes: this.#framer.fragmentBytes,
      recordBytesSaved: this.#recordBytesSaved,
      writesFailed: this.#writesFailed,
      truncations: this.#truncations,
      truncationsFailed: this.#truncationsFailed,
      syncs: this.#syncs,
      syncsFailed: this.#syncsFailed,
    };
  }

  /** Bytes of all files of the log, for `storage_size_bytes`. Reads the folder. */
  sizeBytes(): number {
    return folderSize(this.#disk, this.folder);
  }

  /**
   * Write one commit: `records` lie in `memory`, the first byte of each is its type. When this returns, the operating system
   * has all of it; when it throws, the log is as before and the next commit may succeed (StorageError `wal_write`).
   * All records of a commit are in one segment. Scratch space is taken from `memory` and released.
   */
  log(memory: KernelMemory, records: readonly Span[]): void {
    const mark = memory.mark();
    try {
      this.#requireUsable();
      const framed = this.#frame(memory, records);
      this.#write(memory.u8, framed);
    } catch (error) {
      this.#writesFailed++;
      throw error;
    } finally {
      memory.release(mark);
    }
  }

  /** End the current segment, unless it is empty, and begin the next; returns the number of the current one. */
  nextSegment(): number {
    this.#requireUsable();
    if (this.#offset > 0) this.#roll();
    return this.#segment.index;
  }

  /** The segments that are there, the one being written last. Reads the folder. */
  segments(): Numbered[] {
    return listSegments(this.#disk, this.folder);
  }

  /** Remove the segments before `index`: what they hold is elsewhere by now. */
  removeBefore(index: number): void {
    this.#truncations++;
    try {
      for (const segment of listSegments(this.#disk, this.folder)) {
        if (segment.index < Math.min(index, this.#segment.index)) this.#disk.remove(segment.path);
      }
    } catch (error) {
      this.#truncationsFailed++;
      throw new StorageError('wal_write', `cannot remove old segments: ${reasonOf(error)}`, error);
    }
  }

  /** Wait until all that was logged is on the device. A failure is counted and told to `onProblem`, not thrown. */
  async sync(): Promise<void> {
    await this.#sync(this.#segment);
    await Promise.all(this.#finishing);
  }

  /** Fill the last page, sync and close. Nothing can be logged afterwards. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    if (this.#mustCut) this.#tryCut();
    this.#finish(this.#segment, this.#offset);
    await Promise.all(this.#finishing);
  }

  #requireUsable(): void {
    if (this.#closed) throw new StorageError('wal_write', 'the write-ahead log is closed');
    if (this.#mustCut) this.#tryCut();
    if (this.#mustCut) {
      throw new StorageError(
        'wal_write',
        `cannot cut off the remains of a failed write in ${this.#segment.path}: ${reasonOf(this.#cutFailure)}`,
        this.#cutFailure,
      );
    }
  }

  #tryCut(): void {
    try {
      this.#segment.file.truncate(this.#offset);
      this.#mustCut = false;
      this.#cutFailure = undefined;
    } catch (error) {
      this.#cutFailure = error;
    }
  }

  /** Compress and frame a commit for where it will lie, beginning a new segment first when it doesn't fit. */
  #frame(memory: KernelMemory, records: readonly Span[]): Span {
    const packed = records.map((record) => compressRecord(memory, record, this.#compression));
    let end = endOf(packed, this.#offset);
    if (end > this.#segmentBytes && this.#offset > 0) {
      this.#roll();
      end = endOf(packed, 0);
    }
    this.#framer.begin(memory, memory.alloc(end - this.#offset), this.#offset);
    for (let i = 0; i < packed.length; i++) {
      this.#framer.add(packed[i]!, packed[i]!.flags);
      this.#recordBytesSaved += records[i]!.length - packed[i]!.length;
    }
    return this.#framer.framed;
  }

  #write(bytes: Uint8Array, {at, length}: Span): void {
    let done = 0;
    try {
      while (done < length) {
        const written = this.#segment.file.write(bytes, at + done, at + length, this.#offset + done);
        if (written === 0) throw new Error('the system wrote nothing and gave no reason');
        done += written;
      }
    } catch (error) {
      this.#mustCut = true;
      this.#tryCut();
      throw new StorageError('wal_write', `cannot write to ${this.#segment.path}: ${reasonOf(error)}`, error);
    }
    this.#countPages(this.#offset, this.#offset + length);
    this.#offset += length;
  }

  #countPages(from: number, to: number): void {
    const completed = Math.floor(to / PAGE_BYTES) - Math.floor(from / PAGE_BYTES);
    this.#completedPages += completed;
    this.#pageFlushes += completed + (to % PAGE_BYTES === 0 ? 0 : 1);
  }

  /** The next segment exists before the old one is left, so a failure changes nothing. */
  #roll(): void {
    const before = this.#segment;
    const end = this.#offset;
    this.#segment = this.#create(before.index + 1);
    this.#offset = 0;
    this.#finish(before, end);
  }

  /** Behind the last segment, and behind those that a checkpoint took in. */
  #nextIndex(): number {
    const last = listSegments(this.#disk, this.folder).at(-1);
    const checkpoint = lastCheckpoint(this.#disk, this.folder);
    return Math.max(last?.index ?? -1, checkpoint?.index ?? -1) + 1;
  }

  #create(index: number): Segment {
    const file = segmentPath(this.folder, index);
    try {
      return {index, path: file, file: this.#disk.create(file), synced: Promise.resolve()};
    } catch (error) {
      throw new StorageError('wal_write', `cannot make segment ${file}: ${reasonOf(error)}`, error);
    }
  }

  #makeFolder(): void {
    try {
      this.#disk.makeFolder(this.folder);
    } catch (error) {
      throw new StorageError('wal_write', `cannot make folder ${this.folder}: ${reasonOf(error)}`, error);
    }
  }

  /** Pad, sync and close a segment that takes no more records, off the caller's path. */
  #finish(segment: Segment, end: number): void {
    const finishing = this.#finishLater(segment, end).finally(() => this.#finishing.delete(finishing));
    this.#finishing.add(finishing);
  }

  async #finishLater(segment: Segment, end: number): Promise<void> {
    this.#attempt(`pad ${segment.path}`, () => this.#pad(segment, end));
    await this.#sync(segment);
    this.#attempt(`close ${segment.path}`, () => segment.file.close());
  }

  #pad(segment: Segment, end: number): void {
    if (end % PAGE_BYTES === 0) return;
    segment.file.truncate(end);
    segment.file.truncate(end + PAGE_BYTES - (end % PAGE_BYTES));
    this.#completedPages++;
    this.#pageFlushes++;
  }

  #sync(segment: Segment): Promise<void> {
    segment.synced = segment.synced.then(() => this.#syncNow(segment));
    return segment.synced;
  }

  async #syncNow(segment: Segment): Promise<void> {
    const begin = performance.now();
    this.#syncs++;
    try {
      await segment.file.sync();
      await this.#disk.syncFolder(this.folder);
    } catch (error) {
      this.#syncsFailed++;
      this.#onProblem(`cannot sync ${segment.path}`, error);
    }
    this.#onSync((performance.now() - begin) / 1000);
  }

  #attempt(what: string, action: () => void): void {
    try {
      action();
    } catch (error) {
      this.#onProblem(`cannot ${what}`, error);
    }
  }
}

function endOf(records: readonly Span[], offset: number): number {
  let end = offset;
  for (const record of records) end = offsetAfter(end, record.length);
  return end;
}

function checkedSegmentBytes(bytes: number): number {
  if (!Number.isInteger(bytes) || bytes <= 0 || bytes % PAGE_BYTES !== 0) {
    throw new RangeError(`invalid segment size ${bytes}: want a multiple of ${PAGE_BYTES} bytes`);
  }
  return bytes;
}
