// What a histogram chunk begins with behind its header: zero threshold, schema, spans of both signs, bounds of custom buckets (upstream
// tsdb/chunkenc/histogram_meta.go).
import {CUSTOM_BUCKETS_SCHEMA} from '@narthex/model/histogram/float-histogram.ts';
import {Spans} from '@narthex/model/histogram/spans.ts';
import type {BitReader} from './bit-reader.ts';
import type {BitWriter} from './bit-writer.ts';
import {ChunkError} from './errors.ts';

/** An exponent e of a zero threshold 2^e is stored as e + 244, in a byte that is neither 0 nor 255. */
const EXPONENT_BIAS = 244;
const EXPONENT_MIN = 1 - EXPONENT_BIAS;
const EXPONENT_MAX = 254 - EXPONENT_BIAS;
const RAW_THRESHOLD = 255;
/** Bounds that are whole thousandths up to this many of them are stored as whole numbers. */
const THOUSANDTHS_MAX = 33_554_430;
const OFFSET_MAX = 2 ** 31 - 1;
const INDEX_MAX = 2 ** 31 - 1;
const SPAN_BYTES_MAX = 18;
const BOUND_BYTES_MAX = 9;

/** Schema and buckets of histograms. */
export interface HistogramLayout {
  readonly schema: number;
  readonly zeroThreshold: number;
  readonly positives: number;
  readonly negatives: number;
  /** Indexes of the positive buckets, ascending, then of the negative ones. */
  readonly indexes: Int32Array;
  readonly bounds: Float64Array;
}

const float = new Float64Array(1);
const floatWords = new Uint32Array(float.buffer);

/** Writes a layout, and makes the room for it. */
export function writeHistogramLayout(writer: BitWriter, layout: HistogramLayout): void {
  const {schema, zeroThreshold, positives, negatives, indexes, bounds} = layout;
  // Each bucket may be a span of its own with an empty one in front of it.
  writer.reserve(64 + (positives + negatives) * 2 * SPAN_BYTES_MAX + bounds.length * BOUND_BYTES_MAX);
  writeZeroThreshold(writer, zeroThreshold);
  writer.varbit(schema);
  writeSpans(writer, indexes, 0, positives);
  writeSpans(writer, indexes, positives, positives + negatives);
  if (schema !== CUSTOM_BUCKETS_SCHEMA) return;
  writer.unsignedVarbit(bounds.length);
  for (const bound of bounds) writeBound(writer, bound);
}

function writeFloat(writer: BitWriter, value: number): void {
  float[0] = value;
  writer.float(floatWords, 0);
}

function writeZeroThreshold(writer: BitWriter, threshold: number): void {
  if (threshold === 0) {
    writer.bits(0, 8);
    return;
  }
  float[0] = threshold;
  const [low, high] = floatWords;
  const exponent = (high >>> 20) - 1023;
  const isPower = low === 0 && (high & 0xfffff) === 0;
  if (isPower && exponent >= EXPONENT_MIN && exponent <= EXPONENT_MAX) writer.bits(exponent + EXPONENT_BIAS, 8);
  else {
    writer.bits(RAW_THRESHOLD, 8);
    writer.float(floatWords, 0);
  }
}

function writeSpans(writer: BitWriter, indexes: Int32Array, from: number, to: number): void {
  const spans = new Spans();
  for (let i = from; i < to; i++) {
    const gap = i === from ? indexes[i] : indexes[i] - indexes[i - 1] - 1;
    if (i > from && gap === 0) spans.lengths[spans.length - 1]++;
    else if (gap <= OFFSET_MAX) spans.push(gap, 1);
    else {
      spans.push(OFFSET_MAX, 0);
      spans.push(gap - OFFSET_MAX, 1);
    }
  }
  writer.unsignedVarbit(spans.length);
  for (let i = 0; i < spans.length; i++) {
    writer.unsignedVarbit(spans.lengths[i]);
    writer.varbit(spans.offsets[i]);
  }
}

function writeBound(writer: BitWriter, bound: number): void {
  const scaled = bound * 1000;
  const thousandths = Math.round(scaled);
  if (scaled >= 0 && scaled <= THOUSANDTHS_MAX && thousandths / 1000 === bound) writer.unsignedVarbit(thousandths + 1);
  else {
    writer.bits(0, 1);
    writeFloat(writer, bound);
  }
}

/** Reads a zero threshold. */
export function readZeroThreshold(reader: BitReader): number {
  const byte = reader.bits(8);
  if (byte === 0) return 0;
  return byte === RAW_THRESHOLD ? readFloat(reader) : 2 ** (byte - EXPONENT_BIAS);
}

function readFloat(reader: BitReader): number {
  reader.float(floatWords, 0);
  return float[0];
}

/** Adds the offsets and lengths of a list of spans, in pairs, to `spans`; gives how many buckets they have. */
export function readSpans(reader: BitReader, spans: number[]): number {
  const count = reader.unsignedVarbit();
  let buckets = 0;
  for (let i = 0; i < count; i++) {
    const length = reader.unsignedVarbit();
    const offset = reader.varbit();
    buckets += length;
    spans.push(offset, length);
  }
  return buckets;
}

/** Writes the indexes of the buckets of the spans `spans[from..to]` to `indexes`, the first one to `at`. Throws a ChunkError where they do not rise. */
export function listBuckets(spans: readonly number[], from: number, to: number, indexes: Int32Array, at: number): void {
  let index = 0;
  for (let i = from; i < to; i += 2) {
    const offset = spans[i];
    const length = spans[i + 1];
    if (i > from && offset < 0) throw new ChunkError(`a span of a histogram chunk has offset ${offset}`);
    index += offset;
    if (Math.abs(index) > INDEX_MAX + 1 || index + length - 1 > INDEX_MAX)
      throw new ChunkError(`a span of a histogram chunk begins at bucket ${index}`);
    for (let j = 0; j < length; j++) indexes[at++] = index++;
  }
}

/** Reads the bounds of custom buckets. */
export function readBounds(reader: BitReader): Float64Array {
  const count = reader.unsignedVarbit();
  const left = reader.end - reader.at;
  if (count > left) throw new ChunkError(`a histogram chunk has ${count} bounds in ${left} bits`);
  const bounds = new Float64Array(count);
  for (let i = 0; i < count; i++) {
    const stored = reader.unsignedVarbit();
    bounds[i] = stored === 0 ? readFloat(reader) : (stored - 1) / 1000;
  }
  return bounds;
}
