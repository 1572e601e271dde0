import type {KernelMemory} from '@narthex/kernels/kernel-memory.ts';
import type {LogCommit} from '../head/commit-log.ts';
import type {ReplayTarget} from './replay.ts';
import type {LoggedSamples} from './sample-run.ts';

/** A series as tests write it down: its reference, and names and values in turn. */
export type PlainSeries = readonly [ref: number, ...labels: string[]];
/** A sample: reference, ms, the bits of the value. */
export type PlainSample = readonly [ref: number, timeMs: number, bits: bigint];

const encoder = new TextEncoder();

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

  replaySeries(ref: number, bytes: Uint8Array, ranges: Uint32Array, labelCount: number): void {
    const texts: string[] = [];
    for (let i = 0; i < labelCount * 4; i += 2)
      texts.push(Buffer.from(bytes.subarray(ranges[i], ranges[i + 1])).toString());
    this.series.set(ref, texts);
  }

  replaySamples({memory, refs, times, values, count}: LoggedSamples): number {
    let unknown = 0;
    for (let i = 0; i < count; i++) {
      const ref = memory.f64[refs / 8 + i]!;
      if (this.series.has(ref)) this.samples.push([ref, memory.f64[times / 8 + i]!, memory.u64[values / 8 + i]!]);
      else unknown++;
    }
    return unknown;
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
