import {COUNTER_RESET, type CounterReset} from '@narthex/model/histogram/float-histogram.ts';
import {counterResetOfRecord, RECORD_HEADER_BYTES, type RecordViews} from '@narthex/model/histogram/record.ts';
import {isStaleAt, writeStale} from '@narthex/model/stale.ts';
import type {HistogramCursor} from './histogram-cursor.ts';
import {BUCKET_SLOTS, COUNT_SLOT, SUM_SLOT, ZERO_SLOT} from './histogram-state.ts';

const NO_BOUNDS = new Float64Array(0);

/** A histogram about to be written to a chunk: a work sheet, filled again for each. */
export class HistogramSheet {
  schema = 0;
  zeroThreshold = 0;
  hint: CounterReset = COUNTER_RESET.unknown;
  positives = 0;
  negatives = 0;
  /** As HistogramState's; replaced when they do not fit. */
  indexes = new Int32Array(32);
  bounds: Float64Array = NO_BOUNDS;
  /** The slots of HistogramState, but with the counts of buckets themselves. Replaced when they do not fit. */
  values = new Float64Array(BUCKET_SLOTS + 32);
  words = new Uint32Array(this.values.buffer);

  get buckets(): number {
    return this.positives + this.negatives;
  }

  get isStale(): boolean {
    return isStaleAt(this.words, SUM_SLOT);
  }

  /** Fills it from a record. What is stale has neither buckets nor counts. */
  read(views: RecordViews, record: number): void {
    const {u32, i32, f64} = views;
    const word = record >>> 2;
    const double = record >>> 3;
    this.hint = counterResetOfRecord(views, record);
    this.reserve(u32[word + 3] + u32[word + 4]);
    this.words[SUM_SLOT * 2] = u32[word + 12];
    this.words[SUM_SLOT * 2 + 1] = u32[word + 13];
    if (this.isStale) {
      this.#empty();
      return;
    }
    this.schema = i32[word + 1];
    this.zeroThreshold = f64[double + 3];
    this.positives = u32[word + 3];
    this.negatives = u32[word + 4];
    this.values[ZERO_SLOT] = f64[double + 4];
    this.values[COUNT_SLOT] = f64[double + 5];
    const {buckets} = this;
    const counts = (record + RECORD_HEADER_BYTES) >>> 3;
    for (let i = 0; i < buckets; i++) this.values[BUCKET_SLOTS + i] = f64[counts + i];
    const bounds = u32[word + 5];
    this.#readBounds(f64, counts + buckets, bounds);
    const places = (counts + buckets + bounds) * 2;
    for (let i = 0; i < buckets; i++) this.indexes[i] = i32[places + i];
  }

  /** Makes it the histogram that ends a series. */
  makeStale(): void {
    this.hint = COUNTER_RESET.unknown;
    writeStale(this.words, SUM_SLOT);
    this.#empty();
  }

  /** Fills the numbers from the sample a cursor stands on; bucket i goes to place `places[i]` of the buckets that are laid out here. */
  fill(cursor: HistogramCursor, places: Int32Array, scratch: Float64Array): void {
    const {state} = cursor;
    for (let i = 0; i < BUCKET_SLOTS * 2; i++) this.words[i] = state.words[i];
    this.values.fill(0, BUCKET_SLOTS, BUCKET_SLOTS + this.buckets);
    cursor.counts(scratch, 0);
    for (let i = 0; i < state.buckets; i++) this.values[BUCKET_SLOTS + places[i]] = scratch[i];
  }

  /** Takes over schema and buckets, without counts. */
  layOut(
    schema: number,
    zeroThreshold: number,
    bounds: Float64Array,
    indexes: Int32Array,
    positives: number,
    negatives: number,
  ): void {
    this.reserve(positives + negatives);
    this.schema = schema;
    this.zeroThreshold = zeroThreshold;
    this.bounds = bounds;
    this.positives = positives;
    this.negatives = negatives;
    for (let i = 0; i < positives + negatives; i++) this.indexes[i] = indexes[i];
  }

  /** Makes room for the slots of so many buckets; what is there stays. */
  reserve(buckets: number): void {
    if (buckets <= this.indexes.length) return;
    const {values, indexes} = this;
    this.values = new Float64Array(BUCKET_SLOTS + buckets * 2);
    this.values.set(values);
    this.words = new Uint32Array(this.values.buffer);
    this.indexes = new Int32Array(buckets * 2);
    this.indexes.set(indexes);
  }

  /** The old array stays where the bounds are the same, as they mostly are. */
  #readBounds(f64: Float64Array, at: number, count: number): void {
    if (count === this.bounds.length && this.bounds.every((bound, i) => bound === f64[at + i])) return;
    this.bounds = f64.slice(at, at + count);
  }

  #empty(): void {
    this.schema = 0;
    this.zeroThreshold = 0;
    this.positives = 0;
    this.negatives = 0;
    this.bounds = NO_BOUNDS;
    this.values[COUNT_SLOT] = 0;
    this.values[ZERO_SLOT] = 0;
  }
}
