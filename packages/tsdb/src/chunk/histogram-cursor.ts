import {COUNTER_RESET, CUSTOM_BUCKETS_SCHEMA, type CounterReset} from '@narthex/model/histogram/float-histogram.ts';
import {isStaleAt} from '@narthex/model/stale.ts';
import {BitReader} from './bit-reader.ts';
import {ChunkError} from './errors.ts';
import {
  counterResetHeader,
  FIRST_START_KNOWN,
  hasHistogramStarts,
  HISTOGRAM_HEADER_BYTES,
  histogramSamples,
  isFloatHistogramEncoding,
  START_HEADER,
  STARTS_FROM_MAX,
} from './histogram-format.ts';
import {listBuckets, readBounds, readSpans, readZeroThreshold} from './histogram-layout.ts';
import {BUCKET_SLOTS, COUNT_SLOT, HistogramState, SUM_SLOT, ZERO_SLOT} from './histogram-state.ts';

/** Schemas outside -4 to 8 that upstream accepts in chunks, as they may come from its future. */
const SCHEMA_MIN_KNOWN = -9;
const SCHEMA_MAX_KNOWN = 52;

/**
 * Goes through the samples of a histogram chunk; `state` is the sample it stands on. Time and memory are bounded by the length of the bytes, whatever they
 * hold. Methods throw a ChunkError for bytes that are no such chunk.
 */
export class HistogramCursor {
  state = new HistogramState();
  /** Samples of the chunk in all. */
  samples = 0;
  isFloat = false;
  counterReset: CounterReset = COUNTER_RESET.unknown;
  /** Bits of the chunk up to here, its header included. */
  get bits(): number {
    return HISTOGRAM_HEADER_BYTES * 8 + this.#reader.at;
  }

  readonly #reader = new BitReader();
  #hasStarts = false;
  #firstStartKnown = false;
  #startsFrom = 0;
  /** Offset and length of spans, in pairs. */
  #spans: number[] = [];

  /** Stands before the first sample of the chunk in `bytes[from..to]`, of which a copy is made. */
  open(encoding: number, bytes: Uint8Array, from: number, to: number): void {
    if (to - from < HISTOGRAM_HEADER_BYTES)
      throw new ChunkError(`a histogram chunk has ${to - from} bytes, want 3 or more`);
    this.samples = histogramSamples(encoding, bytes, from);
    this.isFloat = isFloatHistogramEncoding(encoding);
    this.counterReset = counterResetHeader(encoding, bytes, from);
    this.#hasStarts = hasHistogramStarts(encoding);
    const starts = bytes[from + START_HEADER];
    this.#firstStartKnown = (starts & FIRST_START_KNOWN) !== 0;
    this.#startsFrom = starts & STARTS_FROM_MAX;
    this.#reader.open(bytes, from + HISTOGRAM_HEADER_BYTES, to);
    this.state.clear();
  }

  /** Goes to the next sample; false behind the last one. */
  next(): boolean {
    const {state} = this;
    if (state.samples === this.samples) return false;
    const before = state.time;
    if (state.samples === 0) this.#first();
    else this.#later();
    state.samples++;
    if (this.#hasStarts) this.#start(before);
    return true;
  }

  /** Whether the sample says that the series ended; then it has no buckets. */
  get isStale(): boolean {
    return isStaleAt(this.state.words, SUM_SLOT);
  }

  /** What is known about how the sample follows the one before it; of the first one nothing, as the chunk before may be gone. */
  get hint(): CounterReset {
    if (this.counterReset === COUNTER_RESET.gauge) return COUNTER_RESET.gauge;
    return this.state.samples > 1 ? COUNTER_RESET.notReset : COUNTER_RESET.unknown;
  }

  /** Writes the sample's counts of buckets, as many as the state has, to `out[at...]`. */
  counts(out: Float64Array, at: number): void {
    const {values, positives, buckets} = this.state;
    if (this.isFloat) {
      for (let i = 0; i < buckets; i++) out[at + i] = values[BUCKET_SLOTS + i];
      return;
    }
    let count = 0;
    for (let i = 0; i < positives; i++) out[at + i] = count += values[BUCKET_SLOTS + i];
    count = 0;
    for (let i = positives; i < buckets; i++) out[at + i] = count += values[BUCKET_SLOTS + i];
  }

  #first(): void {
    const reader = this.#reader;
    const {state} = this;
    this.#layout();
    state.time = reader.varbit();
    if (this.isFloat) {
      for (let i = 0; i < BUCKET_SLOTS + state.buckets; i++) reader.float(state.words, i);
      return;
    }
    const {values} = state;
    values[COUNT_SLOT] = reader.unsignedVarbit();
    values[ZERO_SLOT] = reader.unsignedVarbit();
    reader.float(state.words, SUM_SLOT);
    const end = BUCKET_SLOTS + state.buckets;
    for (let i = BUCKET_SLOTS; i < end; i++) values[i] = reader.varbit();
  }

  #later(): void {
    const {state} = this;
    state.timeDelta += this.#reader.varbit();
    state.time += state.timeDelta;
    if (this.isFloat) this.#laterFloats();
    else this.#laterIntegers();
  }

  #laterIntegers(): void {
    const reader = this.#reader;
    const {state} = this;
    const {values, deltas} = state;
    reader.varbitChanges(values, deltas, COUNT_SLOT, ZERO_SLOT + 1);
    reader.xor(state.words, SUM_SLOT, state.leading, state.trailing);
    if (this.isStale) return;
    reader.varbitChanges(values, deltas, BUCKET_SLOTS, BUCKET_SLOTS + state.buckets);
  }

  #laterFloats(): void {
    const reader = this.#reader;
    const {words, leading, trailing, buckets} = this.state;
    reader.xors(words, 0, BUCKET_SLOTS, leading, trailing);
    if (!this.isStale) reader.xors(words, BUCKET_SLOTS, BUCKET_SLOTS + buckets, leading, trailing);
  }

  #start(before: number): void {
    const {state} = this;
    if (state.samples === 1) {
      if (!this.#firstStartKnown) return;
      state.startDiff = this.#reader.varint();
      state.start = state.time - state.startDiff;
      return;
    }
    const from = this.#startsFrom;
    if (from === 0 || state.samples - 1 < from) return;
    const read = this.#reader.varbit();
    state.startDiff = state.samples - 1 === from ? read : state.startDiff + read;
    state.startsFrom = from;
    state.start = before - state.startDiff;
  }

  #layout(): void {
    const {state} = this;
    const reader = this.#reader;
    const zeroThreshold = readZeroThreshold(reader);
    const schema = reader.varbit() | 0;
    if (schema !== CUSTOM_BUCKETS_SCHEMA && (schema < SCHEMA_MIN_KNOWN || schema > SCHEMA_MAX_KNOWN))
      throw new ChunkError(`a histogram chunk has schema ${schema}, want ${CUSTOM_BUCKETS_SCHEMA} or -4 to 8`);
    this.#spans.length = 0;
    const positives = readSpans(reader, this.#spans);
    const negativeSpans = this.#spans.length;
    const negatives = readSpans(reader, this.#spans);
    const bounds = schema === CUSTOM_BUCKETS_SCHEMA ? readBounds(reader) : undefined;
    this.#checkBuckets(positives + negatives);
    state.layOut(positives, negatives);
    listBuckets(this.#spans, 0, negativeSpans, state.indexes, 0);
    listBuckets(this.#spans, negativeSpans, this.#spans.length, state.indexes, positives);
    state.schema = schema;
    state.zeroThreshold = zeroThreshold;
    if (bounds !== undefined) state.bounds = bounds;
  }

  /** Each bucket takes a bit or more of the first sample: more of them than bits are left cannot be there. */
  #checkBuckets(buckets: number): void {
    const left = this.#reader.end - this.#reader.at;
    const most = this.isFloat ? Math.floor(left / 64) : left;
    if (buckets > most) throw new ChunkError(`a histogram chunk has ${buckets} buckets in ${left} bits`);
  }
}
