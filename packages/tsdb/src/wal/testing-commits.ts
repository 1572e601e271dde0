import type {KernelMemory} from '@narthex/kernels/kernel-memory.ts';
import {FloatHistogram} from '@narthex/model/histogram/float-histogram.ts';
import {
  isIntegerRecord,
  markIntegerRecord,
  readRecord,
  recordBytes,
  writeRecord,
} from '@narthex/model/histogram/record.ts';
import type {LogCommit, LogExemplar, LogMetadata, OutOfOrderPiece} from '../head/commit-log.ts';
import type {LoggedMarker, LoggedTombstone} from './rare-records.ts';
import type {ReplayTarget} from './replay.ts';
import type {LoggedSamples} from './sample-run.ts';

/** A series as tests write it down: its reference, and names and values in turn. */
export type PlainSeries = readonly [ref: number, ...labels: string[]];
/** A sample: reference, ms, the bits of the value. */
export type PlainSample = readonly [ref: number, timeMs: number, bits: bigint];

/** A marker: series, and file of the chunk * 2^32 + place in it. */
export type PlainMarker = readonly [ref: number, chunk: number];

/** A histogram sample; with `integer` set it is one of integers. */
export interface PlainHistogram {
  readonly ref: number;
  readonly timeMs: number;
  readonly startMs: number;
  readonly integer: boolean;
  readonly schema: number;
  readonly hint: number;
  readonly zeroThreshold: number;
  readonly zeroCount: number;
  readonly count: number;
  readonly sum: number;
  /** Index and count of each bucket. */
  readonly positive: readonly (readonly [number, number])[];
  readonly negative: readonly (readonly [number, number])[];
  readonly bounds: readonly number[];
}

const encoder = new TextEncoder();

const HISTOGRAM_HIGH = 0x7ff00001n;

/** The cell of a histogram whose record is put to new space of `memory`. */
export function cellOf(memory: KernelMemory, plain: PlainHistogram): bigint {
  const histogram = new FloatHistogram();
  const {schema, zeroThreshold, zeroCount, count, sum} = plain;
  Object.assign(histogram, {schema, counterReset: plain.hint, zeroThreshold, zeroCount, count, sum});
  for (const [index, bucket] of plain.positive) histogram.positive.push(index, bucket);
  for (const [index, bucket] of plain.negative) histogram.negative.push(index, bucket);
  histogram.customBounds = Float64Array.from(plain.bounds);
  const at = memory.alloc(recordBytes(histogram));
  writeRecord(memory, at, histogram);
  if (plain.integer) markIntegerRecord(memory, at);
  return (HISTOGRAM_HIGH << 32n) | BigInt(at);
}

/** The histogram of a cell. */
export function plainHistogramOf(
  memory: KernelMemory,
  cell: bigint,
  ref: number,
  timeMs: number,
  startMs: number,
): PlainHistogram {
  const at = Number(cell & 0xffffffffn);
  const histogram = new FloatHistogram();
  readRecord(memory, at, histogram);
  const {
    schema,
    counterReset: hint,
    zeroThreshold,
    zeroCount,
    count,
    sum,
    positive,
    negative,
    customBounds,
  } = histogram;
  const listOf = ({indexes, counts, length}: typeof positive) =>
    Array.from({length}, (_, i) => [indexes[i]!, counts[i]!] as const);
  return {
    ref,
    timeMs,
    startMs,
    integer: isIntegerRecord(memory, at),
    schema,
    hint,
    zeroThreshold,
    zeroCount,
    count,
    sum,
    positive: listOf(positive),
    negative: listOf(negative),
    bounds: [...customBounds],
  };
}

/** A commit of histograms. */
export function histogramCommitOf(memory: KernelMemory, histograms: readonly PlainHistogram[]): LogCommit {
  const samples = histograms.map((plain): PlainSample => [plain.ref, plain.timeMs, cellOf(memory, plain)]);
  const starts = Float64Array.from(histograms, ({startMs}) => startMs);
  return {...commitOf(memory, [], samples), sampleStarts: put(memory, starts)};
}

/** A commit with these series and samples, in new space of `memory`. */
export function commitOf(
  memory: KernelMemory,
  series: readonly PlainSeries[],
  samples: readonly PlainSample[],
): LogCommit {
  const labelSets = series.map(([, ...texts]) => labelBytes(texts));
  const labels = Buffer.concat(labelSets);
  const ends: number[] = [];
  for (const set of labelSets) ends.push((ends.at(-1) ?? 0) + set.length);
  return {
    memory,
    seriesCount: series.length,
    seriesRefs: put(
      memory,
      Float64Array.from(series, ([ref]) => ref),
    ),
    seriesLabels: put(memory, labels),
    seriesLabelEnds: put(memory, Uint32Array.from(ends)),
    sampleCount: samples.length,
    sampleRefs: put(
      memory,
      Float64Array.from(samples, ([ref]) => ref),
    ),
    sampleTimes: put(
      memory,
      Float64Array.from(samples, ([, time]) => time),
    ),
    sampleValues: put(
      memory,
      BigUint64Array.from(samples, ([, , bits]) => bits),
    ),
  };
}

/** A piece of out-of-order samples, in new space of `memory`. */
export function pieceOf(
  memory: KernelMemory,
  markers: readonly PlainMarker[],
  samples: readonly PlainSample[],
): OutOfOrderPiece {
  const {sampleCount, sampleRefs, sampleTimes, sampleValues} = commitOf(memory, [], samples);
  const markerRefs = put(
    memory,
    Float64Array.from(markers, ([ref]) => ref),
  );
  const markerChunks = put(
    memory,
    Float64Array.from(markers, ([, chunk]) => chunk),
  );
  const columns = {sampleCount, sampleRefs, sampleTimes, sampleValues, sampleStarts: 0};
  return {memory, markerCount: markers.length, markerRefs, markerChunks, ...columns};
}

function put(memory: KernelMemory, {buffer, byteOffset, byteLength}: ArrayBufferView): number {
  const at = memory.alloc(byteLength);
  memory.u8.set(new Uint8Array(buffer as ArrayBuffer, byteOffset, byteLength), at);
  return at;
}

function labelBytes(texts: readonly string[]): Uint8Array {
  const parts: Uint8Array[] = [uvarint(texts.length / 2)];
  for (const text of texts) {
    const bytes = encoder.encode(text);
    parts.push(uvarint(bytes.length), bytes);
  }
  return Buffer.concat(parts);
}

/** As Go's encoding/binary has it. */
export function uvarint(value: number | bigint): Uint8Array {
  const bytes: number[] = [];
  let rest = BigInt.asUintN(64, BigInt(value));
  for (; rest >= 0x80n; rest >>= 7n) bytes.push(Number(rest & 0x7fn) | 0x80);
  bytes.push(Number(rest));
  return Uint8Array.from(bytes);
}

/** Signed numbers of 64 bits as varints have them; larger ones wrap around, as Go's differences do. */
export function varint(value: bigint): Uint8Array {
  const wrapped = BigInt.asIntN(64, value);
  return uvarint((wrapped << 1n) ^ (wrapped >> 63n));
}

/** Eight bytes, the highest first. */
export function bigEndian(value: bigint): Uint8Array {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(BigInt.asUintN(64, value));
  return bytes;
}

const view = new DataView(new ArrayBuffer(8));

/** The bits of a number. */
export function bitsOf(value: number): bigint {
  view.setFloat64(0, value);
  return view.getBigUint64(0);
}

/** The number with these bits, for comparisons in which NaN doesn't matter. */
export function numberOf(bits: bigint): number {
  view.setBigUint64(0, bits);
  return view.getFloat64(0);
}

/** Keeps what is replayed as plain values. */
export class PlainTarget implements ReplayTarget {
  readonly series = new Map<number, string[]>();
  readonly samples: PlainSample[] = [];
  /** Start times of `samples`, 0 for none. */
  readonly starts: number[] = [];
  readonly histograms: PlainHistogram[] = [];
  readonly tombstones: LoggedTombstone[] = [];
  readonly exemplars: LogExemplar[] = [];
  readonly metadata: LogMetadata[] = [];
  readonly markers: LoggedMarker[] = [];
  readonly replaysHistograms = true;

  replaySeries(ref: number, bytes: Uint8Array, ranges: Uint32Array, labelCount: number): void {
    const texts: string[] = [];
    for (let i = 0; i < labelCount * 4; i += 2)
      texts.push(Buffer.from(bytes.subarray(ranges[i], ranges[i + 1])).toString());
    this.series.set(ref, texts);
  }

  replaySamples({memory, refs, times, values, starts, count}: LoggedSamples): number {
    let unknown = 0;
    for (let i = 0; i < count; i++) {
      const ref = memory.f64[refs / 8 + i]!;
      const time = memory.f64[times / 8 + i]!;
      const cell = memory.u64[values / 8 + i]!;
      const start = starts === 0 ? 0 : memory.f64[starts / 8 + i]!;
      if (!this.series.has(ref)) unknown++;
      else if (cell >> 32n === HISTOGRAM_HIGH) this.histograms.push(plainHistogramOf(memory, cell, ref, time, start));
      else {
        this.samples.push([ref, time, cell]);
        this.starts.push(start);
      }
    }
    return unknown;
  }

  replayTombstones(tombstones: readonly LoggedTombstone[]): number {
    return this.#keep(this.tombstones, tombstones);
  }

  replayExemplars(exemplars: readonly LogExemplar[]): number {
    return this.#keep(this.exemplars, exemplars);
  }

  replayMetadata(metadata: readonly LogMetadata[]): number {
    return this.#keep(this.metadata, metadata);
  }

  replayMarkers(markers: readonly LoggedMarker[]): number {
    return this.#keep(this.markers, markers);
  }

  #keep<T extends {readonly ref: number}>(kept: T[], entries: readonly T[]): number {
    const known = entries.filter(({ref}) => this.series.has(ref));
    for (const entry of known) kept.push(entry);
    return entries.length - known.length;
  }

  /** The samples of the series with these labels, names and values in turn, by time. */
  samplesOf(labels: readonly string[]): Map<number, bigint> {
    const wanted = labels.join('\0');
    const found = new Map<number, bigint>();
    for (const [ref, time, bits] of this.samples) {
      if (this.series.get(ref)?.join('\0') === wanted) found.set(time, bits);
    }
    return found;
  }
}
