// Chunks, logs and the protobuf formats list buckets as spans: runs of consecutive buckets, each with its distance from the run before.
import type {Buckets, FloatHistogram} from './float-histogram.ts';
import {SCHEMA_MAX} from './float-histogram.ts';
import {reduceResolution} from './resolution.ts';
import {HistogramError} from './validate.ts';

/** Finer schemas than `SCHEMA_MAX` are reserved: such histograms are taken in at the finest schema there is. */
const SCHEMA_MAX_RESERVED = 52;

/** Indexes of buckets are 32-bit integers. */
const INDEX_END = 2 ** 31;
const OFFSET_MAX = 2 ** 31 - 1;

/** Runs of consecutive buckets. A span may be empty. */
export class Spans {
  /** Of the first span the index of its first bucket, of others the buckets left out since the end of the span before. */
  offsets = new Int32Array(4);
  lengths = new Uint32Array(4);
  length = 0;

  clear(): void {
    this.length = 0;
  }

  push(offset: number, length: number): void {
    if (this.length === this.offsets.length) this.#grow();
    this.offsets[this.length] = offset;
    this.lengths[this.length++] = length;
  }

  #grow(): void {
    const {offsets, lengths} = this;
    this.offsets = new Int32Array(offsets.length * 2);
    this.lengths = new Uint32Array(lengths.length * 2);
    this.offsets.set(offsets);
    this.lengths.set(lengths);
  }

  /** Makes it the spans of the listed buckets. */
  fromBuckets({indexes, length}: Buckets): void {
    this.clear();
    for (let i = 0; i < length; i++) {
      const gap = i === 0 ? indexes[0] : indexes[i] - indexes[i - 1] - 1;
      if (i > 0 && gap === 0) this.lengths[this.length - 1]++;
      else if (gap <= OFFSET_MAX) this.push(gap, 1);
      else {
        this.push(OFFSET_MAX, 0);
        this.push(gap - OFFSET_MAX, 1);
      }
    }
  }
}

/**
 * Lists the buckets of `spans` with the first `length` of `counts`. Throws a HistogramError with upstream's text for spans that overlap or that do not fit
 * the number of counts; `buckets` is undefined then.
 */
export function fillFromSpans(buckets: Buckets, spans: Spans, counts: ArrayLike<number>, length = counts.length): void {
  checkSpans(spans, length);
  buckets.clear();
  buckets.reserve(length);
  let index = 0;
  for (let i = 0; i < spans.length; i++) {
    index += spans.offsets[i];
    for (let j = 0; j < spans.lengths[i]; j++) buckets.push(index++, counts[buckets.length]);
  }
}

/** As `fillFromSpans` from the differences between counts of neighbours, as histograms of integers have them; exact for counts up to 2^53. */
export function fillFromDeltas(
  buckets: Buckets,
  spans: Spans,
  deltas: ArrayLike<number>,
  length = deltas.length,
): void {
  fillFromSpans(buckets, spans, deltas, length);
  const {counts} = buckets;
  for (let i = 1; i < length; i++) counts[i] += counts[i - 1];
}

function checkSpans({offsets, lengths, length}: Spans, buckets: number): void {
  let needed = 0;
  let end = 0;
  for (let i = 0; i < length; i++) {
    needed += lengths[i];
    end += offsets[i] + lengths[i];
    if (end > INDEX_END) throw new HistogramError('span_offset', `span number ${i + 1} ends at bucket ${end}`);
    if (i === 0 || offsets[i] >= 0) continue;
    const found = `span number ${i + 1} with offset ${offsets[i]}`;
    throw new HistogramError('span_offset', `${found}: histogram has a span whose offset is negative`);
  }
  if (needed === buckets) return;
  const found = `spans need ${needed} buckets, have ${buckets} buckets`;
  const text = `${found}: histogram spans specify different number of buckets than provided`;
  throw new HistogramError('span_mismatch', text);
}

/** Brings a histogram of a reserved schema, 9 to 52, to the finest one there is; others stay as they are. */
export function reduceReservedSchema(histogram: FloatHistogram): void {
  if (histogram.schema <= SCHEMA_MAX || histogram.schema > SCHEMA_MAX_RESERVED) return;
  reduceResolution(histogram, SCHEMA_MAX);
}
