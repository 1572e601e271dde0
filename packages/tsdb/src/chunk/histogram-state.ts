// What a histogram chunk's encoder and decoder know after each sample. The numbers of a sample lie in one row of slots:
//
//   0 count · 1 zero count · 2 sum · 3.. buckets, first the positive ones, then the negative ones
import {NO_WINDOW} from './bit-reader.ts';

export const COUNT_SLOT = 0;
export const ZERO_SLOT = 1;
export const SUM_SLOT = 2;
export const BUCKET_SLOTS = 3;

const NO_BOUNDS = new Float64Array(0);

/** Layout and newest sample of a histogram chunk. */
export class HistogramState {
  samples = 0;
  schema = 0;
  zeroThreshold = 0;
  /** Buckets of each sign. */
  positives = 0;
  negatives = 0;
  /** The buckets' indexes: those of the positive ones, ascending, then those of the negative ones. Replaced when they do not fit. */
  indexes = new Int32Array(32);
  /** Upper bounds of custom buckets; never changed in place. */
  bounds: Float64Array = NO_BOUNDS;

  time = 0;
  timeDelta = 0;
  /** Start timestamp, 0 when unknown. */
  start = 0;
  /** The time of the sample before, minus the start. */
  startDiff = 0;
  /** From which sample on each has a start of its own; 0 for none. */
  startsFrom = 0;

  /** A row of slots. In chunks of whole counts, those of buckets hold the difference from the neighbour below. Replaced, all four, when they do not fit. */
  values = new Float64Array(BUCKET_SLOTS + 32);
  /** The bits of `values`. */
  words = new Uint32Array(this.values.buffer);
  /** By how much slots of whole numbers have changed last. */
  deltas = new Float64Array(BUCKET_SLOTS + 32);
  /** The windows of slots of floats. */
  leading = new Uint8Array(BUCKET_SLOTS + 32);
  trailing = new Uint8Array(BUCKET_SLOTS + 32);

  get buckets(): number {
    return this.positives + this.negatives;
  }

  /** Makes it the state before the first sample. */
  clear(): void {
    this.samples = 0;
    this.schema = 0;
    this.zeroThreshold = 0;
    this.positives = 0;
    this.negatives = 0;
    this.bounds = NO_BOUNDS;
    this.time = 0;
    this.timeDelta = 0;
    this.start = 0;
    this.startDiff = 0;
    this.startsFrom = 0;
  }

  /** Sets the number of buckets, with cleared rows and indexes to be filled in. */
  layOut(positives: number, negatives: number): void {
    this.positives = positives;
    this.negatives = negatives;
    const buckets = positives + negatives;
    const slots = BUCKET_SLOTS + buckets;
    if (buckets > this.indexes.length) this.indexes = new Int32Array(buckets * 2);
    if (slots > this.values.length) this.#grow(slots * 2);
    this.values.fill(0, 0, slots);
    this.deltas.fill(0, 0, slots);
    this.leading.fill(NO_WINDOW, 0, slots);
    this.trailing.fill(0, 0, slots);
  }

  #grow(slots: number): void {
    this.values = new Float64Array(slots);
    this.words = new Uint32Array(this.values.buffer);
    this.deltas = new Float64Array(slots);
    this.leading = new Uint8Array(slots);
    this.trailing = new Uint8Array(slots);
  }
}
