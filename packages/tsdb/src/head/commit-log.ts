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
  /** f64 each, to be copied as bits (stale markers). */
  readonly sampleValues: number;
}

/** Where the head writes a commit before it keeps it. */
export interface CommitLog {
  /**
   * Write the whole commit, or nothing of it: throws StorageError `wal_write` then, and a later commit (with the same series
   * once more) may succeed. May take scratch space from the commit's memory, and releases it.
   */
  log(commit: LogCommit): void;
}
