import type {Intervals} from '../block/tombstones.ts';

/** A chunk's data, where they lie until something else is read. */
export interface LoadedChunk {
  encoding: number;
  /** `bytes[from, to)` are the encoded data, the count of samples first. */
  bytes: Uint8Array;
  from: number;
  to: number;
}

/**
 * Where a block's content comes from: another block or the head. First symbols in any order, then series one after the
 * other in the order of their labels. What cannot be read throws FileCorruption or StorageError.
 */
export interface CompactionSource {
  /** Symbols, numbered in byte order of their texts. */
  readonly symbolCount: number;
  /** The text of symbol `i`, UTF-8; good until the next call. */
  symbol(i: number): Uint8Array;
  /** Go to the first series, then to the next one; false behind the last. */
  next(): boolean;
  /** Labels of the present series: symbols of name and value, in the order of names. */
  readonly labelCount: number;
  readonly labels: Uint32Array;
  /** Its chunks by the time of their first sample; they may overlap. */
  readonly chunkCount: number;
  readonly minTimes: Float64Array;
  readonly maxTimes: Float64Array;
  /** What was deleted of it. */
  readonly intervals: Intervals;
  /** Read chunk `k` of the present series. */
  load(k: number, into: LoadedChunk): void;
  /** Let go of files and memory. */
  close(): void;
}
