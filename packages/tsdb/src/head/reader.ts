import type {KernelMemory} from '@narthex/kernels/kernel-memory.ts';
import type {Matcher} from '@narthex/model/matcher.ts';
import {SERIES_REF} from '@narthex/kernels/layout/series.ts';
import {ReaderEpoch} from '../arena/epochs.ts';
import {ArenaReader} from '../arena/reader.ts';
import type {RecordsReader} from '../arena/records.ts';
import {IndexReader} from '../index/index-reader.ts';
import {LabelLists} from '../index/label-lists.ts';
import {Selector} from '../index/select.ts';
import type {SymbolReader} from '../index/symbols.ts';
import {ChunkCopier} from './chunk-copier.ts';
import type {HeadShared} from './head.ts';
import {
  HEAD_CLOSED_CHUNKS,
  HEAD_MAX_TIME,
  HEAD_MIN_TIME,
  HEAD_MIN_VALID_TIME,
  HEAD_OPEN_CHUNKS,
  HEAD_OUT_OF_ORDER_MAX_TIME,
  HEAD_OUT_OF_ORDER_MIN_TIME,
  HEAD_SERIES,
  HEAD_UNSORTED,
} from './layout.ts';
import {Pinner, ROW_BYTES, Rows} from './pins.ts';
import type {SegmentSource} from './segments.ts';
import {HeadSeriesSet} from './series-set.ts';
import {seriesRecords} from './series.ts';
import type {SeriesRef, SeriesSlot} from './types.ts';
import {sortByRef} from './sort-by-ref.ts';

/**
 * The head as one reader's thread sees it, with memory of its own; what promql reads through (its `Querier`). Between `begin`
 * and `end` everything that was selected stays as it was: whole commits, those published at `begin`. Don't stay longer than
 * a query needs: the writer cannot recycle memory meanwhile.
 */
export class HeadReader {
  readonly index: IndexReader;
  /** Names and values of labels, between `begin` and `end`. */
  readonly labelLists: LabelLists;
  readonly #arena: ArenaReader;
  readonly #memory: KernelMemory;
  readonly #epoch: ReaderEpoch;
  readonly #records: RecordsReader;
  readonly #selector: Selector;
  readonly #pinner: Pinner;
  readonly #chunks: ChunkCopier;

  /** `readerIndex`: this thread's own, below the head's `readersMax`. `segments`: what the head announced after `shared` was taken. */
  constructor(shared: HeadShared, memory: KernelMemory, readerIndex: number, segments: SegmentSource) {
    this.#arena = ArenaReader.attach(shared.memory);
    this.#memory = memory;
    this.#epoch = new ReaderEpoch(this.#arena, readerIndex);
    this.#records = seriesRecords(this.#arena);
    this.index = new IndexReader(this.#arena);
    this.#selector = new Selector(this.index, memory);
    this.labelLists = new LabelLists(this.index, memory, this.#selector);
    this.#pinner = new Pinner(this.#arena, this.#records, memory);
    this.#chunks = new ChunkCopier(this.#arena, memory, shared.segments, segments);
  }

  /** Texts of symbols, between `begin` and `end`. */
  get symbols(): SymbolReader {
    return this.index.symbols;
  }

  /** See all commits that are published now, and keep seeing them until `end`. */
  begin(): void {
    this.#epoch.enter();
    this.#pinner.renew();
    this.index.refresh();
    this.#chunks.refresh();
  }

  /** Let go of everything that was selected. */
  end(): void {
    this.#epoch.leave();
  }

  /**
   * Series that match all matchers and have a sample at `startMs` or later, in the order of their references. The set lies in
   * the reader's memory, which the caller releases. What came in order is read from `inOrderMs` on only, when blocks have what is older; samples
   * out of order are read from `startMs` on. Throws MemoryLimitError when the memory is too small.
   */
  select(matchers: readonly Matcher[], startMs: number, endMs: number, inOrderMs = startMs): HeadSeriesSet {
    const slots = this.#selector.select(matchers);
    const {address, count} = slots;
    if (Atomics.load(this.#arena.i32, HEAD_UNSORTED >>> 2) !== 0) this.#sort(address, count);
    return this.pin(address, count, startMs, endMs, inOrderMs);
  }

  /** As `select`, for the `count` series whose slots lie at `slots` of the reader's memory, in this order. */
  pin(slots: number, count: number, startMs: number, endMs: number, inOrderMs = startMs): HeadSeriesSet {
    const rows = this.#memory.alloc(count * ROW_BYTES);
    const length = this.#pinner.pin(slots, count, startMs, rows);
    this.#memory.resizeLast(rows, length * ROW_BYTES);
    const sources = {arena: this.#arena, memory: this.#memory, labelSets: this.index.labelSets, chunks: this.#chunks};
    const {isWhole} = this.#pinner;
    return new HeadSeriesSet(sources, new Rows(this.#memory, rows), length, {
      startMs,
      endMs,
      isWhole,
      inOrderMs,
    });
  }

  /** The reference of the series at `slot`; inside an epoch. */
  ref(slot: SeriesSlot): SeriesRef {
    return this.#arena.f64[(this.#records.address(slot) + SERIES_REF) >>> 3] as SeriesRef;
  }

  /** References of all series, rising; inside an epoch. */
  refs(): Float64Array {
    const count = this.#records.count;
    const refs = new Float64Array(count);
    for (let slot = 0; slot < count; slot++)
      refs[slot] = this.#arena.f64[(this.#records.address(slot) + SERIES_REF) >>> 3];
    refs.sort();
    return refs.subarray(refs.findLastIndex((ref) => ref === 0) + 1);
  }

  /** Series in the head. */
  get seriesCount(): number {
    return Atomics.load(this.#arena.i32, HEAD_SERIES >>> 2) >>> 0;
  }

  /** Chunks of all series, open and closed. */
  get chunkCount(): number {
    return this.#arena.u32[HEAD_OPEN_CHUNKS >>> 2] + this.#arena.u32[HEAD_CLOSED_CHUNKS >>> 2];
  }

  /** Time of the oldest sample, ms; +Infinity while there is none. */
  get minTime(): number {
    return this.#arena.f64[HEAD_MIN_TIME >>> 3];
  }

  /** Time of the newest sample, ms; -Infinity while there is none. */
  get maxTime(): number {
    return this.#arena.f64[HEAD_MAX_TIME >>> 3];
  }

  /** Time of the oldest sample out of order, ms; +Infinity while there is none. */
  get outOfOrderMinTime(): number {
    return this.#arena.f64[HEAD_OUT_OF_ORDER_MIN_TIME >>> 3];
  }

  /** Time of the newest sample out of order, ms; -Infinity while there is none. */
  get outOfOrderMaxTime(): number {
    return this.#arena.f64[HEAD_OUT_OF_ORDER_MAX_TIME >>> 3];
  }

  /** Where the head begins to be read: what is older is in blocks. */
  get minValidTime(): number {
    return this.#arena.f64[HEAD_MIN_VALID_TIME >>> 3];
  }

  #sort(slots: number, count: number): void {
    const memory = this.#memory;
    const mark = memory.mark();
    const directory = this.#records.directory();
    const refs = memory.alloc(count * 16);
    const sorted = memory.alloc(count * 8);
    const {u32, f64, u8} = memory;
    u8.copyWithin(sorted, slots, slots + count * 4);
    for (let i = 0; i < count; i++) {
      const record = this.#records.addressIn(directory, u32[(slots >>> 2) + i]);
      f64[(refs >>> 3) + i] = this.#arena.f64[(record + SERIES_REF) >>> 3];
    }
    sortByRef(
      u32.subarray(sorted >>> 2, (sorted >>> 2) + 2 * count),
      f64.subarray(refs >>> 3, (refs >>> 3) + 2 * count),
      count,
    );
    u8.copyWithin(slots, sorted, sorted + count * 4);
    memory.release(mark);
  }
}
