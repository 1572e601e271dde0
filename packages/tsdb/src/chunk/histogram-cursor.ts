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
import {BUCKET_SLOTS, COUNT_SLOT, HistogramState, SUM_SLOT, ZERO_SLOT} from './histogram-state.ts';

/** Schemas outside -4 to 8 that upstream accepts in chunks, as they may come from its future. */
const SCHEMA_MIN_KNOWN = -9;
const SCHEMA_MAX_KNOWN = 52;
const INDEX_MAX = 2 ** 31 - 1;
/** An exponent e of a zero threshold 2^e is stored as e + 244, in a byte that is neither 0 nor 255. */
const EXPONENT_BIAS = 244;
const RAW_THRESHOLD = 255;

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
    values[COUNT_SLOT] += deltas[COUNT_SLOT] += reader.varbit();
    values[ZERO_SLOT] += deltas[ZERO_SLOT] += reader.varbit();
    reader.xor(state.words, SUM_SLOT, state.leading, state.trailing);
    if (this.isStale) return;
    const end = BUCKET_SLOTS + state.buckets;
    for (let i = BUCKET_SLOTS; i < end; i++) values[i] += deltas[i] += reader.varbit();
  }

  #laterFloats(): void {
    const reader = this.#reader;
    const {words, leading, trailing, buckets} = this.state;
    for (let i = 0; i < BUCKET_SLOTS; i++) reader.xor(words, i, leading, trailing);
    if (this.isStale) return;
    const end = BUCKET_SLOTS + buckets;
    for (let i = BUCKET_SLOTS; i < end; i++) reader.xor(words, i, leading, trailing);
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
    const zeroThreshold = this.#zeroThreshold();
    const schema = this.#reader.varbit() | 0;
    if (schema !== CUSTOM_BUCKETS_SCHEMA && (schema < SCHEMA_MIN_KNOWN || schema > SCHEMA_MAX_KNOWN))
      throw new ChunkError(`a histogram chunk has schema ${schema}, want ${CUSTOM_BUCKETS_SCHEMA} or -4 to 8`);
    this.#spans.length = 0;
    const positives = this.#readSpans();
    const negativeSpans = this.#spans.length;
    const negatives = this.#readSpans();
    const bounds = schema === CUSTOM_BUCKETS_SCHEMA ? this.#bounds() : undefined;
    this.#checkBuckets(positives + negatives);
    state.layOut(positives, negatives);
    this.#list(0, negativeSpans, 0);
    this.#list(negativeSpans, this.#spans.length, positives);
    state.schema = schema;
    state.zeroThreshold = zeroThreshold;
    if (bounds !== undefined) state.bounds = bounds;
  }

  #zeroThreshold(): number {
    const byte = this.#reader.bits(8);
    if (byte === 0) return 0;
    return byte === RAW_THRESHOLD ? this.#float() : 2 ** (byte - EXPONENT_BIAS);
  }

  #float(): number {
    const words = new Uint32Array(2);
    this.#reader.float(words, 0);
    return new Float64Array(words.buffer)[0];
  }

  /** Adds a list of spans to the spans; gives how many buckets they have. */
  #readSpans(): number {
    const count = this.#reader.unsignedVarbit();
    let buckets = 0;
    for (let i = 0; i < count; i++) {
      const length = this.#reader.unsignedVarbit();
      const offset = this.#reader.varbit();
      buckets += length;
      this.#spans.push(offset, length);
    }
    return buckets;
  }

  /** Each bucket takes a bit or more of the first sample: more of them than bits are left cannot be there. */
  #checkBuckets(buckets: number): void {
    const left = this.#reader.end - this.#reader.at;
    const most = this.isFloat ? Math.floor(left / 64) : left;
    if (buckets > most) throw new ChunkError(`a histogram chunk has ${buckets} buckets in ${left} bits`);
  }

  /** Writes the indexes of the buckets of some spans to the state's, the first one to `at`. */
  #list(from: number, to: number, at: number): void {
    const {indexes} = this.state;
    let index = 0;
    for (let i = from; i < to; i += 2) {
      const offset = this.#spans[i];
      const length = this.#spans[i + 1];
      if (i > from && offset < 0) throw new ChunkError(`a span of a histogram chunk has offset ${offset}`);
      index += offset;
      if (Math.abs(index) > INDEX_MAX || index + length - 1 > INDEX_MAX)
        throw new ChunkError(`a span of a histogram chunk begins at bucket ${index}`);
      for (let j = 0; j < length; j++) indexes[at++] = index++;
    }
  }

  #bounds(): Float64Array {
    const count = this.#reader.unsignedVarbit();
    const left = this.#reader.end - this.#reader.at;
    if (count > left) throw new ChunkError(`a histogram chunk has ${count} bounds in ${left} bits`);
    const bounds = new Float64Array(count);
    for (let i = 0; i < count; i++) {
      const stored = this.#reader.unsignedVarbit();
      bounds[i] = stored === 0 ? this.#float() : (stored - 1) / 1000;
    }
    return bounds;
  }
}
