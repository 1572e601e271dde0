import type {KernelMemory} from '@narthex/kernels/kernel-memory.ts';
import {CLOSED_BYTES, CLOSED_LIST_HEADER} from '@narthex/kernels/layout/series.ts';
import type {ArenaReader} from '../arena/reader.ts';
import {type Intervals, touches} from '../block/tombstones.ts';
import {ChunkDecoder} from '../chunk/decoder.ts';
import {dropDeleted} from '../chunk/drop-deleted.ts';
import {HISTOGRAM_HIGH, type SampleExtras} from '../chunk/extras.ts';
import {RunJoiner} from '../chunk/run-joiner.ts';
import {shiftedExtras} from '../chunk/shifted-extras.ts';
import type {ChunkCopier} from './chunk-copier.ts';
import {ClosedChunks} from './closed-chunks.ts';
import {OutOfOrderBlocks} from './out-of-order-block.ts';
import type {Rows} from './pins.ts';
import {readTombstones} from './tombstone-block.ts';

/** Chunks in order, as the set of series knows them. */
export interface InOrderChunks {
  /** Addresses of the entries of the closed chunks of series `i`: from the first to behind the last. */
  closedStart(i: number): number;
  closedEnd(i: number): number;
  /** Time of the first sample of the open chunk of series `i`, which has one. */
  openMinTime(i: number): number;
  /** Decode what lies within the select of a closed chunk, or of the open one of series `i`; the number of samples. */
  decodeClosed(entry: number, times: number, values: number, extras: SampleExtras): number;
  decodeOpen(i: number, times: number, values: number, extras: SampleExtras): number;
}

/** What a reader of late samples reads through. */
export interface LateSources {
  readonly arena: ArenaReader;
  readonly memory: KernelMemory;
  readonly chunks: ChunkCopier;
}

/** Both ends included, ms; what came in order is read from `inOrderMs` on only. */
export interface LateRange {
  readonly startMs: number;
  readonly endMs: number;
  readonly inOrderMs: number;
}

const CLOSED = 0;
const OPEN = 1;
const LATE_CLOSED = 2;
const LATE_OPEN = 3;

/** A chunk of a series with its times; `place` is the address of its entry or the series' row or block. */
interface Run {
  kind: number;
  minTime: number;
  maxTime: number;
  place: number;
  samples: number;
}

/** Reads series that have samples out of order or deleted ones, merged by their times and without what was deleted. */
export class LateReader {
  readonly #sources: LateSources;
  readonly #rows: Rows;
  readonly #range: LateRange;
  readonly #inOrder: InOrderChunks;
  readonly #closed: ClosedChunks;
  readonly #blocks: OutOfOrderBlocks;
  #decoder: ChunkDecoder | undefined;
  #joiner: RunJoiner | undefined;
  readonly #runs: Run[] = [];
  readonly #starts: number[] = [];

  constructor(sources: LateSources, rows: Rows, range: LateRange, inOrder: InOrderChunks) {
    this.#sources = sources;
    this.#rows = rows;
    this.#range = range;
    this.#inOrder = inOrder;
    this.#closed = new ClosedChunks(sources.arena);
    this.#blocks = new OutOfOrderBlocks(sources.arena);
  }

  /** Whether series `i` has something out of order or deleted within the range: if not, it is read without further ado. */
  concerns(i: number): boolean {
    const block = this.#rows.outOfOrder(i);
    const stones = this.#rows.tombstones(i);
    if (block === 0 && stones === 0) return false;
    const {startMs, endMs} = this.#range;
    if (this.#blocks.maxTime(block) >= startMs && this.#blocks.minTime(block) <= endMs) return true;
    return stones !== 0 && touches(this.intervals(i), startMs, endMs);
  }

  /** What was deleted of series `i`. */
  intervals(i: number): Intervals {
    const block = this.#rows.tombstones(i);
    return block === 0 ? [] : readTombstones(this.#sources.arena, block);
  }

  /** Closed out-of-order chunks of series `i`. */
  closedCount(i: number): number {
    return this.#blocks.closedCount(this.#rows.outOfOrder(i));
  }

  /** Address of the entry of closed out-of-order chunk `k` of series `i`. */
  closedEntry(i: number, k: number): number {
    return this.#blocks.closedList(this.#rows.outOfOrder(i)) + CLOSED_LIST_HEADER + k * CLOSED_BYTES;
  }

  /** Samples in the chunks that `read` looks at. */
  samplesMax(i: number): number {
    let samples = 0;
    for (const run of this.#runsOf(i)) samples += run.samples;
    return samples;
  }

  /** As `read` of the set of series. */
  read(i: number, times: number, values: number, extras: SampleExtras): number {
    const runs = this.#runsOf(i);
    let count = 0;
    for (let from = 0; from < runs.length;) {
      const to = endOfGroup(runs, from);
      count += this.#readGroup(runs, from, to, shiftedExtras(extras, count), times + 8 * count, values + 8 * count);
      from = to;
    }
    const columns = {times, values, starts: extras.starts, count};
    return dropDeleted(this.#sources.memory, this.intervals(i), columns);
  }

  /** As `readNewest` of the set of series. */
  readNewest(i: number, times: number, values: number, extras: SampleExtras): number {
    const {memory} = this.#sources;
    const mark = memory.mark();
    const room = this.samplesMax(i);
    const columns = memory.alloc(room * 24);
    memory.u8.fill(0, columns + room * 16, columns + room * 24);
    const own = {starts: columns + room * 16, histogram: (bytes: number) => memory.alloc(bytes)};
    const count = this.read(i, columns, columns + room * 8, own);
    if (count > 0) this.#copyLast(mark, columns + (count - 1) * 8, room * 8, times, values, extras);
    memory.release(mark);
    return count > 0 ? 1 : 0;
  }

  /** The sample at `from` of scratch that begins at `mark`; `column` bytes behind its time lies its cell, then its start. Releases the scratch. */
  #copyLast(mark: number, from: number, column: number, times: number, values: number, extras: SampleExtras): void {
    const {memory} = this.#sources;
    const timeMs = memory.f64[from >>> 3];
    const cell = memory.u64[(from + column) >>> 3];
    const startMs = memory.f64[(from + 2 * column) >>> 3];
    const isHistogram = memory.u32[((from + column) >>> 2) + 1] === HISTOGRAM_HIGH;
    const record = memory.u32[(from + column) >>> 2];
    const bytes = isHistogram ? memory.u8.slice(record, record + memory.u32[record >>> 2]) : undefined;
    memory.release(mark);
    const to = bytes === undefined ? 0 : extras.histogram(bytes.length);
    if (bytes !== undefined) memory.u8.set(bytes, to);
    memory.f64[times >>> 3] = timeMs;
    memory.u64[values >>> 3] = cell;
    if (bytes !== undefined) memory.u32[values >>> 2] = to;
    if (extras.starts !== 0) memory.f64[extras.starts >>> 3] = startMs;
  }

  /** The chunks of series `i` that overlap the range, by the times of their first samples; of equal ones those in order first, as upstream. */
  #runsOf(i: number): Run[] {
    const runs = this.#runs;
    runs.length = 0;
    const {startMs, endMs, inOrderMs} = this.#range;
    const end = this.#inOrder.closedEnd(i);
    for (let entry = this.#inOrder.closedStart(i); entry < end; entry += CLOSED_BYTES) {
      this.#addClosed(CLOSED, entry, inOrderMs);
    }
    const open = this.#rows.openCount(i);
    if (open > 0 && this.#rows.newestTime(i) >= inOrderMs && this.#inOrder.openMinTime(i) <= endMs) {
      const [minTime, maxTime] = [this.#inOrder.openMinTime(i), this.#rows.newestTime(i)];
      runs.push({kind: OPEN, minTime, maxTime, place: i, samples: open});
    }
    this.#addLate(this.#rows.outOfOrder(i), startMs, endMs);
    return runs.sort((a, b) => a.minTime - b.minTime);
  }

  #addLate(block: number, startMs: number, endMs: number): void {
    const entries = this.#blocks.closedList(block) + CLOSED_LIST_HEADER;
    const closed = this.#blocks.closedCount(block);
    for (let k = 0; k < closed; k++) this.#addClosed(LATE_CLOSED, entries + k * CLOSED_BYTES, startMs);
    const samples = this.#blocks.openCount(block);
    if (samples === 0) return;
    const minTime = this.#blocks.openTime(block, 0);
    const maxTime = this.#blocks.openTime(block, samples - 1);
    if (maxTime < startMs || minTime > endMs) return;
    this.#runs.push({kind: LATE_OPEN, minTime, maxTime, place: block, samples});
  }

  #addClosed(kind: number, entry: number, startMs: number): void {
    const minTime = this.#closed.minTime(entry);
    const maxTime = this.#closed.maxTime(entry);
    if (minTime > this.#range.endMs || maxTime < startMs) return;
    this.#runs.push({kind, minTime, maxTime, place: entry, samples: this.#closed.samples(entry)});
  }

  /** Decode runs [from, to), which overlap, to the columns and merge them there. */
  #readGroup(
    runs: readonly Run[],
    from: number,
    to: number,
    extras: SampleExtras,
    times: number,
    values: number,
  ): number {
    this.#starts.length = 0;
    let count = 0;
    for (let k = from; k < to; k++) {
      this.#starts.push(count);
      count += this.#decode(runs[k], times + 8 * count, values + 8 * count, shiftedExtras(extras, count));
    }
    this.#starts.push(count);
    if (to - from === 1) return count;
    this.#joiner ??= new RunJoiner(this.#sources.memory);
    return this.#joiner.join({times, values, starts: extras.starts, count}, this.#starts);
  }

  #decode(run: Run, times: number, values: number, extras: SampleExtras): number {
    if (run.kind === CLOSED) return this.#inOrder.decodeClosed(run.place, times, values, extras);
    if (run.kind === OPEN) return this.#inOrder.decodeOpen(run.place, times, values, extras);
    if (run.kind === LATE_OPEN) return this.#copyOpen(run.place, times, values, extras);
    return this.#decodeLate(run, times, values, extras);
  }

  #decodeLate(run: Run, times: number, values: number, extras: SampleExtras): number {
    const {memory, chunks} = this.#sources;
    const {startMs, endMs} = this.#range;
    const entry = run.place;
    const mark = memory.mark();
    const length = this.#closed.length(entry);
    const data = chunks.fromSegment(this.#closed.segment(entry), this.#closed.offset(entry), length);
    memory.release(mark);
    const encoding = this.#closed.encoding(entry);
    this.#decoder ??= new ChunkDecoder(memory);
    return this.#decoder.decode(encoding, data, length, run.samples, startMs, endMs, times, values, extras);
  }

  #copyOpen(block: number, times: number, values: number, extras: SampleExtras): number {
    const {arena} = this.#sources;
    const {startMs, endMs} = this.#range;
    const samples = this.#blocks.openCount(block);
    let count = 0;
    for (let k = 0; k < samples; k++) {
      const timeMs = this.#blocks.openTime(block, k);
      if (timeMs < startMs || timeMs > endMs) continue;
      const word = (this.#blocks.sample(block, k) + 8) >>> 2;
      const high = arena.u32[word + 1];
      const low = high === HISTOGRAM_HIGH ? this.#copyRecord(arena.u32[word], extras) : arena.u32[word];
      const {f64, u32} = this.#sources.memory;
      f64[(times >>> 3) + count] = timeMs;
      u32[(values >>> 2) + 2 * count] = low;
      u32[(values >>> 2) + 2 * count + 1] = high;
      if (extras.starts !== 0) f64[(extras.starts >>> 3) + count] = arena.f64[(word >>> 1) + 1];
      count++;
    }
    return count;
  }

  #copyRecord(from: number, extras: SampleExtras): number {
    const {arena, memory} = this.#sources;
    const bytes = arena.u32[from >>> 2];
    const to = extras.histogram(bytes);
    memory.u8.set(arena.u8.subarray(from, from + bytes), to);
    return to;
  }
}

/** The run behind the group of overlapping runs that begins at `from`. */
function endOfGroup(runs: readonly Run[], from: number): number {
  let maxTime = runs[from].maxTime;
  let to = from + 1;
  for (; to < runs.length && runs[to].minTime <= maxTime; to++) maxTime = Math.max(maxTime, runs[to].maxTime);
  return to;
}
