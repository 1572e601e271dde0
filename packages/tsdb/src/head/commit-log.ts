import type {KernelMemory} from '@narthex/kernels/kernel-memory.ts';

/**
 * What one commit adds to the log: series that the log doesn't know yet, and samples of known or of these series. Numbers
 * are addresses in `memory` (multiples of 8), valid during the call.
 */
export interface LogCommit {
  readonly memory: KernelMemory;
  readonly seriesCount: number;
  /** f64 each: the references of the new series. */
  readonly seriesRefs: number;
  /**
   * The label sets one after the other, encoded as in Prometheus' series records: uvarint number of labels, then of each label
   * the name and the value as uvarint length and UTF-8 bytes, names in byte order.
   */
  readonly seriesLabels: number;
  /** u32 each: where a label set ends, in bytes from `seriesLabels`. */
  readonly seriesLabelEnds: number;
  readonly sampleCount: number;
  /** f64 each: the series of the samples. */
  readonly sampleRefs: number;
  /** f64 each: milliseconds since the epoch, integers. */
  readonly sampleTimes: number;
  /** Cells, to be copied as bits (stale markers); those of histograms refer to records in the same memory. */
  readonly sampleValues: number;
  /** f64 each: start timestamps in ms, 0 for unknown; the address is 0, or missing, when all are. */
  readonly sampleStarts?: number;
  readonly metadata?: readonly LogMetadata[];
  readonly exemplars?: readonly LogExemplar[];
}

/** What is told of a series besides its labels. */
export interface LogMetadata {
  readonly ref: number;
  /** `counter`, `gauge`, `histogram`, `gaugehistogram`, `summary`, `info`, `stateset`; all else is `unknown`. */
  readonly type: string;
  readonly unit: string;
  readonly help: string;
}

/** An exemplar of a series. */
export interface LogExemplar {
  readonly ref: number;
  readonly timeMs: number;
  readonly value: number;
  /** Names and values in turn, names in byte order. */
  readonly labels: readonly string[];
}

/** Deleted intervals, both ends included. Numbers are addresses in `memory` (multiples of 8), valid during the call. */
export interface LogDeletion {
  readonly memory: KernelMemory;
  readonly count: number;
  /** f64 each: the series, and milliseconds since the epoch. */
  readonly refs: number;
  readonly minTimes: number;
  readonly maxTimes: number;
}

/** Where the head writes a commit before it keeps it. */
export interface CommitLog {
  /** Write tombstones, all or none: throws StorageError `wal_write` then. A log without it keeps no deletions. */
  logDeletion?(deletion: LogDeletion): void;

  /**
   * Write the whole commit, or nothing of it: throws StorageError `wal_write` then, and a later commit (with the same series
   * once more) may succeed. May take scratch space from the commit's memory, and releases it.
   */
  log(commit: LogCommit): void;
}

/**
 * A part of what one commit adds to the log of out-of-order samples: markers, then samples. Numbers are addresses in `memory`
 * (multiples of 8), valid during the call.
 */
export interface OutOfOrderPiece {
  readonly memory: KernelMemory;
  readonly markerCount: number;
  /** f64 each: a series of which all samples that the log has so far are in chunks on disk. */
  readonly markerRefs: number;
  /** f64 each: the newest of these chunks: number of the file of chunks_head * 2^32 + where in it the record begins. */
  readonly markerChunks: number;
  readonly sampleCount: number;
  /** f64 each: the series of the samples, ms, cells to be copied as bits, and start timestamps in ms (0: unknown; address 0: all are). */
  readonly sampleRefs: number;
  readonly sampleTimes: number;
  readonly sampleValues: number;
  readonly sampleStarts: number;
}

/** Where the head writes accepted out-of-order samples, behind what the same commit gives to the CommitLog: the write-behind log. */
export interface OutOfOrderLog {
  /** Write all pieces in their order, or nothing of them: throws StorageError `wal_write` then. */
  log(pieces: readonly OutOfOrderPiece[]): void;
}
