import type {KernelMemory} from '@narthex/kernels/kernel-memory.ts';
import {FloatHistogram, SCHEMA_MAX} from '@narthex/model/histogram/float-histogram.ts';
import {
  markIntegerRecord,
  RECORD_HEADER_BYTES,
  RECORD_INTEGER,
  readRecord,
  recordBytes,
  recordBytesFor,
  writeRecord,
} from '@narthex/model/histogram/record.ts';
import {reduceReservedSchema} from '@narthex/model/histogram/spans.ts';
import {writeStale} from '@narthex/model/stale.ts';
import {HISTOGRAM_HIGH, type SampleExtras} from './extras.ts';
import {HistogramCursor} from './histogram-cursor.ts';
import {COUNT_SLOT, SUM_SLOT, ZERO_SLOT} from './histogram-state.ts';

const NAN_HIGH = 0x7ff80000;

/** Decodes histogram chunks of all four encodings to the cells and records that readers of samples want. Holds no chunk between calls. */
export class HistogramChunkDecoder {
  readonly #cursor = new HistogramCursor();
  readonly #sheet = new FloatHistogram();

  /**
   * Decodes the samples of the chunk `bytes[from..to]` within [startMs, endMs], oldest first: times (f64, ms) to the column at `times`, cells to the one at
   * `values`, starts to `extras.starts`; gives their number. Each histogram becomes a record of its own, a stale one the float stale marker. Throws a
   * ChunkError for corrupt bytes; cells may have been written then.
   */
  decode(
    encoding: number,
    bytes: Uint8Array,
    from: number,
    to: number,
    startMs: number,
    endMs: number,
    memory: KernelMemory,
    times: number,
    values: number,
    extras: SampleExtras,
  ): number {
    const cursor = this.#cursor;
    cursor.open(encoding, bytes, from, to);
    let kept = 0;
    while (cursor.next()) {
      const {time} = cursor.state;
      if (time > endMs) break;
      if (time < startMs) continue;
      this.#keep(memory, times + kept * 8, values + kept * 8, extras, kept);
      kept++;
    }
    return kept;
  }

  /** As `decode`, but keeps only the newest of the samples; 1 or 0. */
  decodeLast(
    encoding: number,
    bytes: Uint8Array,
    from: number,
    to: number,
    startMs: number,
    endMs: number,
    memory: KernelMemory,
    times: number,
    values: number,
    extras: SampleExtras,
  ): number {
    const cursor = this.#cursor;
    cursor.open(encoding, bytes, from, to);
    // The cursor cannot go back, so that the sample is found first and reached again then.
    let last = 0;
    while (cursor.next() && cursor.state.time <= endMs) if (cursor.state.time >= startMs) last = cursor.state.samples;
    if (last === 0) return 0;
    if (cursor.state.samples !== last) {
      cursor.open(encoding, bytes, from, to);
      for (let i = 0; i < last; i++) cursor.next();
    }
    this.#keep(memory, times, values, extras, 0);
    return 1;
  }

  /** Writes the sample the cursor stands on. */
  #keep(memory: KernelMemory, time: number, value: number, extras: SampleExtras, i: number): void {
    const cursor = this.#cursor;
    if (cursor.isStale) writeStale(memory.u32, value >>> 3);
    else {
      const record = cursor.state.schema > SCHEMA_MAX ? this.#reduced(memory, extras) : this.#record(memory, extras);
      const word = value >>> 2;
      memory.u32[word] = record;
      memory.u32[word + 1] = HISTOGRAM_HIGH;
    }
    memory.f64[time >>> 3] = cursor.state.time;
    if (extras.starts !== 0) memory.f64[(extras.starts >>> 3) + i] = cursor.state.start;
  }

  /** Writes the record of the sample; gives its address. */
  #record(memory: KernelMemory, extras: SampleExtras): number {
    const cursor = this.#cursor;
    const {bounds, buckets, indexes, positives, negatives, schema, values, words, zeroThreshold} = cursor.state;
    const bytes = recordBytesFor(buckets, bounds.length);
    const at = extras.histogram(bytes);
    const {f64, i32, u32} = memory;
    const word = at >>> 2;
    u32[word] = bytes;
    i32[word + 1] = schema;
    u32[word + 2] = cursor.isFloat ? cursor.hint : cursor.hint | RECORD_INTEGER;
    u32[word + 3] = positives;
    u32[word + 4] = negatives;
    u32[word + 5] = bounds.length;
    f64[(at >>> 3) + 3] = zeroThreshold;
    f64[(at >>> 3) + 4] = values[ZERO_SLOT];
    f64[(at >>> 3) + 5] = values[COUNT_SLOT];
    const sumHigh = words[SUM_SLOT * 2 + 1];
    u32[word + 12] = words[SUM_SLOT * 2];
    u32[word + 13] = sumHigh === HISTOGRAM_HIGH ? NAN_HIGH : sumHigh;
    const counts = (at + RECORD_HEADER_BYTES) >>> 3;
    cursor.counts(f64, counts);
    for (let i = 0; i < bounds.length; i++) f64[counts + buckets + i] = bounds[i];
    const places = (counts + buckets + bounds.length) * 2;
    for (let i = 0; i < buckets; i++) i32[places + i] = indexes[i];
    return at;
  }

  /** As `#record` for a schema finer than any there is: the histogram is made coarser, as upstream does on reading. */
  #reduced(memory: KernelMemory, extras: SampleExtras): number {
    const fine = this.#record(memory, extras);
    readRecord(memory, fine, this.#sheet);
    reduceReservedSchema(this.#sheet);
    const at = extras.histogram(recordBytes(this.#sheet));
    writeRecord(memory, at, this.#sheet);
    if (!this.#cursor.isFloat) markIntegerRecord(memory, at);
    return at;
  }
}
