// A histogram in memory: one block, written once and never changed. The layout, from the block's address (a multiple of 8) on:
//
//    0  u32  bytes of the record        24  f64  zero threshold
//    4  i32  schema                     32  f64  zero count
//    8  u32  counter reset, whole       40  f64  count
//   12  u32  positive buckets, P        48  f64  sum
//   16  u32  negative buckets, N        56  f64  counts: P positive, N negative ones; then C bounds
//   20  u32  custom bounds, C               i32  indexes: P positive, N negative ones
//
// The word at 8 holds the hint in its low two bits and RECORD_INTEGER.
import {COUNTER_RESET, type CounterReset, type FloatHistogram} from './float-histogram.ts';

/** Bytes in front of the counts. */
export const RECORD_HEADER_BYTES = 56;
/** In the counter-reset word: the histogram came with whole counts and is stored as one; its counts are floats all the same, exact up to 2^53. */
export const RECORD_INTEGER = 4;
const COUNTER_RESET_MASK = 3;

/** Views of the memory that records lie in, all of the same buffer. */
export interface RecordViews {
  readonly u32: Uint32Array;
  readonly i32: Int32Array;
  readonly f64: Float64Array;
}

/** Bytes of a histogram's record: a multiple of 8. */
export function recordBytes({positive, negative, customBounds}: FloatHistogram): number {
  return recordBytesFor(positive.length + negative.length, customBounds.length);
}

/** Bytes of the record of a histogram with so many buckets of both signs and custom bounds. */
export function recordBytesFor(buckets: number, bounds: number): number {
  return RECORD_HEADER_BYTES + (buckets + bounds) * 8 + ((buckets + 1) >>> 1) * 8;
}

/** Writes a histogram's record to `at`, where `recordBytes` bytes are free. */
export function writeRecord({u32, i32, f64}: RecordViews, at: number, histogram: FloatHistogram): void {
  const {positive, negative, customBounds} = histogram;
  const word = at >>> 2;
  u32[word] = recordBytes(histogram);
  i32[word + 1] = histogram.schema;
  u32[word + 2] = histogram.counterReset;
  u32[word + 3] = positive.length;
  u32[word + 4] = negative.length;
  u32[word + 5] = customBounds.length;
  const header = at >>> 3;
  f64[header + 3] = histogram.zeroThreshold;
  f64[header + 4] = histogram.zeroCount;
  f64[header + 5] = histogram.count;
  f64[header + 6] = histogram.sum;
  let next = (at + RECORD_HEADER_BYTES) >>> 3;
  for (let i = 0; i < positive.length; i++) f64[next++] = positive.counts[i];
  for (let i = 0; i < negative.length; i++) f64[next++] = negative.counts[i];
  for (let i = 0; i < customBounds.length; i++) f64[next++] = customBounds[i];
  let index = next * 2;
  for (let i = 0; i < positive.length; i++) i32[index++] = positive.indexes[i];
  for (let i = 0; i < negative.length; i++) i32[index++] = negative.indexes[i];
}

/** Fills `into` from the record at `at`. */
export function readRecord({u32, i32, f64}: RecordViews, at: number, into: FloatHistogram): void {
  const word = at >>> 2;
  const header = at >>> 3;
  const positives = u32[word + 3];
  const negatives = u32[word + 4];
  const bounds = u32[word + 5];
  into.schema = i32[word + 1];
  into.counterReset = (u32[word + 2] & COUNTER_RESET_MASK) as CounterReset;
  into.zeroThreshold = f64[header + 3];
  into.zeroCount = f64[header + 4];
  into.count = f64[header + 5];
  into.sum = f64[header + 6];
  let next = (at + RECORD_HEADER_BYTES) >>> 3;
  let index = (next + positives + negatives + bounds) * 2;
  for (const [buckets, length] of [
    [into.positive, positives],
    [into.negative, negatives],
  ] as const) {
    buckets.reserve(length);
    buckets.length = length;
    for (let i = 0; i < length; i++) {
      buckets.counts[i] = f64[next++];
      buckets.indexes[i] = i32[index++];
    }
  }
  if (!isEqual(into.customBounds, f64, next, bounds)) into.customBounds = f64.slice(next, next + bounds);
}

/** The schema of a record, without reading the rest. */
export function schemaOfRecord({i32}: RecordViews, at: number): number {
  return i32[(at >>> 2) + 1];
}

/** The hint of a record, without reading the rest. */
export function counterResetOfRecord({u32}: RecordViews, at: number): CounterReset {
  return (u32[(at >>> 2) + 2] & COUNTER_RESET_MASK) as CounterReset;
}

/** Makes a record forget whether it follows the one before it; a gauge stays one. */
export function forgetCounterReset({u32}: RecordViews, at: number): void {
  const word = (at >>> 2) + 2;
  if ((u32[word] & COUNTER_RESET_MASK) !== COUNTER_RESET.gauge) u32[word] &= ~COUNTER_RESET_MASK;
}

/** Whether a record's histogram came with whole counts. */
export function isIntegerRecord({u32}: RecordViews, at: number): boolean {
  return (u32[(at >>> 2) + 2] & RECORD_INTEGER) !== 0;
}

/** Says of a record that its histogram came with whole counts. */
export function markIntegerRecord({u32}: RecordViews, at: number): void {
  u32[(at >>> 2) + 2] |= RECORD_INTEGER;
}

/** Bounds are mostly the same from record to record: then the old array stays. */
function isEqual(bounds: Float64Array, f64: Float64Array, at: number, length: number): boolean {
  if (bounds.length !== length) return false;
  for (let i = 0; i < length; i++) if (bounds[i] !== f64[at + i]) return false;
  return true;
}
