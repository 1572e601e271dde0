import type {KernelMemory} from '@narthex/kernels/kernel-memory.ts';
import type {Intervals} from '../block/tombstones.ts';
import type {HeadReader} from '../head/reader.ts';
import type {ChunkCopy, HeadSeriesSet} from '../head/series-set.ts';
import {NumberList} from '../index/number-list.ts';
import {SymbolSorter} from '../index/sort-symbols.ts';
import {sortByLabels} from './sort-by-labels.ts';
import type {CompactionSource, LoadedChunk} from './source.ts';

/** Series that are looked at in one epoch: the writer can recycle memory after each such batch. */
const BATCH = 1024;
const CHUNKS_MIN = 64;

/** Samples in [minTime, maxTime), ms: of the chunks in order, or of the closed ones out of order. */
export interface HeadSourceRange {
  readonly minTime: number;
  readonly maxTime: number;
  /** Then close the open chunks before (`OutOfOrder.close`). */
  readonly outOfOrder?: boolean;
}

/**
 * The samples of the head in [minTime, maxTime) as a source. While it is read, no series may be taken out of the head and no sample
 * of that range may come in: the head's minimum valid time was raised to `maxTime` before, and nothing is truncated until the block is
 * there. Takes eight bytes a series and four a symbol, and the chunks of one series at a time in the reader's memory.
 */
export class HeadSource implements CompactionSource {
  readonly symbolCount: number;
  intervals: Intervals = [];
  labelCount = 0;
  labels = new Uint32Array(64);
  chunkCount = 0;
  minTimes = new Float64Array(CHUNKS_MIN);
  maxTimes = new Float64Array(CHUNKS_MIN);
  readonly #reader: HeadReader;
  readonly #memory: KernelMemory;
  readonly #minTime: number;
  readonly #lastTime: number;
  readonly #isOutOfOrder: boolean;
  readonly #start: number;
  /** All series in the order of labels, by their slots. */
  readonly #slots: Uint32Array;
  /** The head's symbols in byte order, and the place of each in that order, from 1: 0 is the empty text. */
  readonly #symbols: Uint32Array;
  readonly #ranks: Uint32Array;
  #text = new Uint8Array(256);
  #set: HeadSeriesSet | undefined;
  #row = 0;
  #nextBatch = 0;
  #chunks: ChunkCopy[] = [];
  #seriesMark = 0;

  /** `memory` is the reader's. Nobody else uses the two until `close`. */
  constructor(reader: HeadReader, memory: KernelMemory, range: HeadSourceRange) {
    this.#reader = reader;
    this.#memory = memory;
    this.#minTime = range.minTime;
    this.#lastTime = range.maxTime - 1;
    this.#isOutOfOrder = range.outOfOrder ?? false;
    this.#start = memory.mark();
    reader.begin();
    try {
      this.#slots = this.#selectSlots();
      this.#ranks = new Uint32Array(reader.index.symbols.limit);
      this.#symbols = this.#sortSymbols();
      for (const [i, symbol] of this.#symbols.entries()) this.#ranks[symbol] = i + 1;
      // Upstream's head has the empty text too, as name and value of the list of all series.
      this.symbolCount = this.#symbols.length + 1;
      sortByLabels(this.#slots, this.#ranks, reader.index.arena, reader.index.labelSets);
    } catch (error) {
      reader.end();
      throw error;
    } finally {
      memory.release(this.#start);
    }
  }

  symbol(i: number): Uint8Array {
    if (i === 0) return this.#text.subarray(0, 0);
    const {symbols, arena} = this.#reader.index;
    const symbol = this.#symbols[i - 1];
    const length = symbols.length(symbol);
    const address = symbols.address(symbol);
    if (this.#text.length < length) this.#text = new Uint8Array(2 * length);
    this.#text.set(arena.u8.subarray(address, address + length));
    return this.#text.subarray(0, length);
  }

  next(): boolean {
    this.#memory.release(this.#seriesMark === 0 ? this.#start : this.#seriesMark);
    while (this.#set === undefined || this.#row === this.#set.length) {
      if (this.#nextBatch >= this.#slots.length) return false;
      this.#set = this.#pinBatch();
      this.#row = 0;
    }
    this.#look(this.#set, this.#row++);
    return true;
  }

  load(k: number, into: LoadedChunk): void {
    const {encoding, address, length} = this.#chunks[k];
    into.encoding = encoding;
    into.bytes = this.#memory.u8;
    into.from = address;
    into.to = address + length;
  }

  close(): void {
    this.#memory.release(this.#start);
    this.#reader.end();
  }

  #selectSlots(): Uint32Array {
    const set = this.#reader.select([], this.#minTime, this.#lastTime);
    const slots = new Uint32Array(set.length);
    for (let i = 0; i < slots.length; i++) slots[i] = set.slot(i);
    this.#memory.release(this.#start);
    return slots;
  }

  /** The symbols of all series, in byte order. */
  #sortSymbols(): Uint32Array {
    const {arena, labelSets, symbols} = this.#reader.index;
    const words = arena.u32;
    const used = new NumberList();
    for (let i = 0; i < this.#slots.length; i++) {
      const set = labelSets.address(this.#slots[i]) >>> 2;
      for (let at = set + 2; at < set + 2 + 2 * words[set + 1]; at++) {
        if (this.#ranks[words[at]]++ === 0) used.push(words[at]);
      }
    }
    const address = this.#memory.alloc(used.length * 4);
    const {u32} = this.#memory;
    for (let i = 0; i < used.length; i++) u32[(address >>> 2) + i] = used.at(i);
    new SymbolSorter(arena, symbols, this.#memory).sort(address, used.length);
    return this.#memory.u32.slice(address >>> 2, (address >>> 2) + used.length);
  }

  /** Look at the next series in an epoch of their own. */
  #pinBatch(): HeadSeriesSet {
    const memory = this.#memory;
    memory.release(this.#start);
    this.#reader.begin();
    const batch = this.#slots.subarray(this.#nextBatch, this.#nextBatch + BATCH);
    this.#nextBatch += BATCH;
    const address = memory.alloc(batch.length * 4);
    memory.u32.set(batch, address >>> 2);
    const set = this.#reader.pin(address, batch.length, this.#minTime, this.#lastTime);
    this.#seriesMark = memory.mark();
    return set;
  }

  #look(set: HeadSeriesSet, row: number): void {
    const slot = set.slot(row);
    const {labelSets, arena} = this.#reader.index;
    const count = arena.u32[(labelSets.address(slot) >>> 2) + 1];
    if (this.labels.length < 2 * count) this.labels = new Uint32Array(4 * count);
    this.labelCount = set.labels(row, this.labels);
    for (let i = 0; i < 2 * count; i++) this.labels[i] = this.#ranks[this.labels[i]];
    this.intervals = set.intervals(row);
    this.#takeChunks(this.#isOutOfOrder ? lateCopiesOf(set, row) : copiesOf(set, row));
  }

  #takeChunks(copies: readonly ChunkCopy[]): void {
    this.#chunks = copies.filter(({minTime, maxTime}) => maxTime >= this.#minTime && minTime <= this.#lastTime);
    this.chunkCount = this.#chunks.length;
    if (this.chunkCount > this.minTimes.length) {
      this.minTimes = new Float64Array(2 * this.chunkCount);
      this.maxTimes = new Float64Array(2 * this.chunkCount);
    }
    for (const [k, {minTime, maxTime}] of this.#chunks.entries()) {
      this.minTimes[k] = minTime;
      this.maxTimes[k] = maxTime;
    }
  }
}

/** All chunks in order of a series. */
function copiesOf(set: HeadSeriesSet, row: number): ChunkCopy[] {
  return Array.from({length: set.chunkCount(row)}, (_, k) => set.copyChunk(row, k));
}

/** All closed chunks out of order of a series, by their first samples; they may overlap. */
function lateCopiesOf(set: HeadSeriesSet, row: number): ChunkCopy[] {
  const copies = Array.from({length: set.outOfOrderCount(row)}, (_, k) => set.copyOutOfOrder(row, k));
  return copies.sort((a, b) => a.minTime - b.minTime);
}
