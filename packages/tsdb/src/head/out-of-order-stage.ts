import type {KernelMemory} from '@narthex/kernels/kernel-memory.ts';
import {STATUS_DUPLICATE, STATUS_STORED_OUT_OF_ORDER} from '@narthex/kernels/layout/head-batch.ts';
import {BANK_OUT_OF_ORDER, CLOSED_BYTES, CLOSED_LIST_HEADER} from '@narthex/kernels/layout/series.ts';
import type {Arena} from '../arena/arena.ts';
import {assert} from '../arena/errors.ts';
import {HISTOGRAM_HIGH} from '../chunk/extras.ts';
import {carryOver, claimBank, fenceClaims} from './banks.ts';
import type {BatchBlock} from './batch.ts';
import type {ChunkKeeper} from './chunk-keeper.ts';
import type {OutOfOrderPiece} from './commit-log.ts';
import {GrowingRows} from './growing-rows.ts';
import {HEAD_CLOSED_CHUNKS, HEAD_OPEN_CHUNKS} from './layout.ts';
import {OpenSamples} from './open-samples.ts';
import {OutOfOrderBlocks, outOfOrderBytes} from './out-of-order-block.ts';
import {OutOfOrderChunks, type StagedChunk} from './out-of-order-chunks.ts';
import {OutOfOrderPieces} from './out-of-order-pieces.ts';
import type {Segments} from './segments.ts';
import {type SeriesRecords, closedListBytes, grownCapacity, newestBank} from './series.ts';
import type {SampleBatch} from './types.ts';

// Samples out of order go a slow way, by the side of the kernels: of each series that gets some a new block is made (out-of-order-block.ts)
// before anything is logged, then either `apply` gives all blocks to their series within a commit, or `discard` takes them back.

// A series of the commit: record, new block, its staged chunks from..to, whether the commit claims its bank here.
const SERIES_WIDTH = 5;
/** Keys of samples are record address / 8 * 2^24 + index. */
const INDEX_RANGE = 2 ** 24;

/** Makes what series have out of order anew, for one commit at a time. */
export class OutOfOrderStage {
  readonly #arena: Arena;
  readonly #records: SeriesRecords;
  readonly #blocks: OutOfOrderBlocks;
  readonly #open: OpenSamples;
  readonly #chunks: OutOfOrderChunks;
  readonly #pieces: OutOfOrderPieces;
  readonly #series = new GrowingRows(new Uint32Array(64 * SERIES_WIDTH), SERIES_WIDTH);
  /** Address and bytes of what was taken for the commit, and of what it makes superfluous. */
  readonly #fresh = new GrowingRows(new Float64Array(128), 2);
  readonly #retired = new GrowingRows(new Float64Array(128), 2);
  #memory: KernelMemory | undefined;
  // The series that is worked on.
  #record = 0;
  #old = 0;
  #chunksFrom = 0;
  #round = 0;
  #isChanged = false;
  /** Open chunks that the commit makes, less those that it closes. */
  #opened = 0;
  #seriesMin = Infinity;
  #seriesMax = -Infinity;
  /** Least and greatest time of the accepted samples. */
  minTime = Infinity;
  maxTime = -Infinity;
  /** Chunks ever closed. */
  chunksClosed = 0;

  constructor(arena: Arena, records: SeriesRecords, segments: Segments) {
    this.#arena = arena;
    this.#records = records;
    this.#blocks = new OutOfOrderBlocks(arena);
    this.#open = new OpenSamples(arena, this.#blocks);
    this.#chunks = new OutOfOrderChunks(arena, segments);
    this.#pieces = new OutOfOrderPieces();
  }

  /** From now on closed chunks go to `keeper` too. */
  keepChunks(keeper: ChunkKeeper): void {
    this.#chunks.keeper = keeper;
  }

  /** Samples that were accepted. */
  get accepted(): number {
    return this.#pieces.samples;
  }

  /** Series that change. */
  get changed(): number {
    return this.#series.count;
  }

  /** Begin a commit; `memory` is that of its batch and gives scratch space. */
  begin(memory: KernelMemory): void {
    this.#memory = memory;
    this.#series.clear();
    this.#fresh.clear();
    this.#retired.clear();
    this.#chunks.clear();
    this.#pieces.clear();
    this.#opened = 0;
    this.minTime = Infinity;
    this.maxTime = -Infinity;
  }

  /**
   * Take the samples of `batch` that were found to be out of order; those at a time that an open sample of their series has
   * become duplicates, whatever their value (upstream: ooo_head.go, Insert). Throws ArenaFullError; `discard` then.
   */
  addBatch(batch: SampleBatch, block: BatchBlock): void {
    const keys = this.#sortedKeys(batch.count, block);
    for (let i = 0; i < keys.length;) {
      const record = Math.floor(keys[i] / INDEX_RANGE) * 8;
      this.#beginSeries(record);
      for (; i < keys.length && Math.floor(keys[i] / INDEX_RANGE) * 8 === record; i++) {
        this.#add(batch, block, keys[i] % INDEX_RANGE);
      }
      this.#endSeries();
    }
  }

  /** Close the open chunk of the series at `record`. Throws ArenaFullError; `discard` then. */
  close(record: number): void {
    this.#beginSeries(record);
    if (this.#open.count > 0) this.#cut();
    this.#endSeries();
  }

  /** Give the series at `record` a closed chunk that is on disk. Throws ArenaFullError; `discard` then. */
  addChunk(record: number, chunk: StagedChunk, bytes: Uint8Array): void {
    this.#beginSeries(record);
    this.#chunks.add(chunk, bytes);
    this.#cover(chunk.minTime, chunk.maxTime);
    this.#isChanged = true;
    this.#endSeries();
  }

  /** Forget the open samples of the series at `record`: they are in closed chunks. Throws ArenaFullError; `discard` then. */
  dropOpen(record: number): void {
    this.#beginSeries(record);
    if (this.#open.count > 0) this.#forgetOpen();
    this.#endSeries();
  }

  /** What the log is to be told, in the memory of the batch; the caller releases it. */
  pieces(): OutOfOrderPiece[] {
    return this.#pieces.build(this.#memory!, (record) => this.#records.refAt(record));
  }

  /** Give the new blocks to their series in the commit of this number, which the caller publishes. */
  apply(commit: number): void {
    for (let i = 0; i < this.#series.count; i++) this.#claim(i * SERIES_WIDTH, commit);
    fenceClaims(this.#arena);
    for (let i = 0; i < this.#series.count; i++) this.#fill(i * SERIES_WIDTH);
    const {cells, count} = this.#retired;
    for (let i = 0; i < count; i++) this.#arena.epochs.retire(cells[i * 2], cells[i * 2 + 1]);
    this.#arena.u32[HEAD_CLOSED_CHUNKS >>> 2] += this.#chunks.count;
    this.#arena.u32[HEAD_OPEN_CHUNKS >>> 2] += this.#opened;
    this.chunksClosed += this.#chunks.count;
  }

  /** Give back what was taken: the commit does not take place. */
  discard(): void {
    const {cells, count} = this.#fresh;
    for (let i = 0; i < count; i++) this.#arena.slabs.free(cells[i * 2], cells[i * 2 + 1]);
    this.#series.clear();
    this.#fresh.clear();
    this.#retired.clear();
  }

  /** The samples in question by their series, each series' in the order of the batch. */
  #sortedKeys(count: number, block: BatchBlock): Float64Array {
    assert(count < INDEX_RANGE, `a batch has ${count} samples, want less than ${INDEX_RANGE}`);
    const keys = new Float64Array(block.tally(STATUS_STORED_OUT_OF_ORDER));
    let found = 0;
    for (let i = 0; i < count; i++) {
      if (block.status(i) === STATUS_STORED_OUT_OF_ORDER) keys[found++] = (block.record(i) / 8) * INDEX_RANGE + i;
    }
    return keys.sort();
  }

  #beginSeries(record: number): void {
    const {i32, u32} = this.#arena;
    this.#record = record;
    this.#old = u32[(newestBank(i32, record) + BANK_OUT_OF_ORDER) >>> 2];
    this.#open.load(this.#old);
    this.#chunksFrom = this.#chunks.count;
    this.#round = 0;
    this.#isChanged = false;
    this.#seriesMin = this.#blocks.minTime(this.#old);
    this.#seriesMax = this.#blocks.maxTime(this.#old);
  }

  #add(batch: SampleBatch, block: BatchBlock, index: number): void {
    // As upstream, which closes a full chunk before it looks whether the next one needs the room.
    if (this.#open.isFull) this.#cut();
    const {f64, u32} = batch.memory;
    const timeMs = f64[(batch.times >>> 3) + index];
    const place = this.#open.placeFor(timeMs);
    if (place < 0) return block.reclassify(index, STATUS_DUPLICATE);
    const word = (batch.values >>> 2) + 2 * index;
    const high = u32[word + 1];
    const low = high === HISTOGRAM_HIGH ? this.#copyRecord(batch.memory, u32[word]) : u32[word];
    const starts = batch.starts ?? 0;
    const startMs = starts === 0 ? 0 : f64[(starts >>> 3) + index];
    this.#open.insert(place, timeMs, low, high, startMs);
    this.#pieces.addSample(this.#round, this.#record, timeMs, u32[word], high, startMs);
    this.#isChanged = true;
    this.#cover(timeMs, timeMs);
    this.minTime = Math.min(this.minTime, timeMs);
    this.maxTime = Math.max(this.maxTime, timeMs);
  }

  #cover(minTime: number, maxTime: number): void {
    this.#seriesMin = Math.min(this.#seriesMin, minTime);
    this.#seriesMax = Math.max(this.#seriesMax, maxTime);
  }

  /** Make chunks of the open samples. */
  #cut(): void {
    const place = this.#chunks.encode(this.#memory!, this.#records.refAt(this.#record), this.#open);
    this.#forgetOpen();
    // Without the chunk on disk the log is what these samples survive by.
    if (place > 0) this.#pieces.addMarker(this.#round + 1, this.#record, place);
    this.#round++;
  }

  #forgetOpen(): void {
    for (let k = 0; k < this.#open.count; k++) {
      const record = this.#open.record(k);
      if (record !== 0) this.#retire(record, this.#arena.u32[record >>> 2]);
    }
    this.#open.count = 0;
    this.#isChanged = true;
  }

  /** Make the new block of the series. */
  #endSeries(): void {
    if (!this.#isChanged) return;
    const oldOpen = this.#blocks.openCount(this.#old);
    if (this.#old !== 0) this.#retire(this.#old, outOfOrderBytes(oldOpen));
    const open = this.#open.count;
    const closed = this.#blocks.closedCount(this.#old);
    const more = this.#chunks.count - this.#chunksFrom;
    this.#pushSeries(open + closed + more === 0 ? 0 : this.#newBlock(open, closed, more));
    this.#opened += (open > 0 ? 1 : 0) - (oldOpen > 0 ? 1 : 0);
  }

  #newBlock(open: number, closed: number, more: number): number {
    const list = this.#listFor(closed, more);
    const block = this.#take(outOfOrderBytes(open));
    this.#open.save(block);
    this.#blocks.fill(block, open, closed + more, list, this.#seriesMin, this.#seriesMax);
    return block;
  }

  /** A list of closed chunks with room for `more`: entries behind those that readers know may be written. */
  #listFor(closed: number, more: number): number {
    const {u8, u32} = this.#arena;
    const list = this.#blocks.closedList(this.#old);
    const capacity = list === 0 ? 0 : u32[list >>> 2];
    if (closed + more <= capacity) return list;
    const larger = Math.max(closed + more, grownCapacity(capacity));
    const target = this.#take(closedListBytes(larger));
    if (list !== 0) {
      u8.copyWithin(target, list, list + closedListBytes(closed));
      this.#retire(list, closedListBytes(capacity));
    }
    u32[target >>> 2] = larger;
    return target;
  }

  #pushSeries(block: number): void {
    const row = this.#series.add();
    const {cells} = this.#series;
    cells[row] = this.#record;
    cells[row + 1] = block;
    cells[row + 2] = this.#chunksFrom;
    cells[row + 3] = this.#chunks.count;
  }

  /** The bank may be claimed already, by samples in order of the same commit. */
  #claim(row: number, commit: number): void {
    const {cells} = this.#series;
    cells[row + 4] = claimBank(this.#arena, cells[row], commit) ? 1 : 0;
  }

  #fill(row: number): void {
    const {i32, u32} = this.#arena;
    const {cells} = this.#series;
    const block = cells[row + 1];
    const chunks = cells[row + 3] - cells[row + 2];
    const first = this.#blocks.closedCount(block) - chunks;
    const entries = this.#blocks.closedList(block) + CLOSED_LIST_HEADER;
    for (let k = 0; k < chunks; k++) this.#chunks.store(cells[row + 2] + k, entries + (first + k) * CLOSED_BYTES);
    const bank = cells[row + 4] === 1 ? carryOver(this.#arena, cells[row]) : newestBank(i32, cells[row]);
    u32[(bank + BANK_OUT_OF_ORDER) >>> 2] = block;
  }

  #copyRecord(memory: KernelMemory, from: number): number {
    const bytes = memory.u32[from >>> 2];
    const to = this.#take(bytes);
    this.#arena.u8.set(memory.u8.subarray(from, from + bytes), to);
    return to;
  }

  #take(bytes: number): number {
    const address = this.#arena.slabs.alloc(bytes);
    const row = this.#fresh.add();
    this.#fresh.cells[row] = address;
    this.#fresh.cells[row + 1] = bytes;
    return address;
  }

  #retire(address: number, bytes: number): void {
    const row = this.#retired.add();
    this.#retired.cells[row] = address;
    this.#retired.cells[row + 1] = bytes;
  }
}
