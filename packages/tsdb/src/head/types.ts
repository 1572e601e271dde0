import type {KernelMemory} from '@narthex/kernels/kernel-memory.ts';

/** A series' place in the head, below 2^31; given to another series after the first was collected. */
export type SeriesSlot = number & {readonly of: 'head slot'};

/** A series' reference in the write-ahead log: never given again, survives restarts. An integer below 2^53. */
export type SeriesRef = number & {readonly of: 'series'};

/**
 * Samples to append, as arrays in the writer's own memory; the caller owns them. Slots are u32 (at a multiple of 4), times f64
 * in ms and values f64 (at multiples of 8), statuses u8 (see layout/head-batch.ts): they are filled by the append.
 */
export interface SampleBatch {
  readonly memory: KernelMemory;
  readonly slots: number;
  readonly times: number;
  readonly values: number;
  readonly statuses: number;
  readonly count: number;
  /** Address of f64 start timestamps in ms, 0 for unknown; 0, or nothing, when all are. */
  readonly starts?: number;
  /** Samples that do not come in order are refused, whatever the head's window: for stale markers that nobody sent. */
  readonly discardOutOfOrder?: boolean;
}

/** How many samples of a batch got each status. */
export interface AppendOutcome {
  /** Stored: on their way to disk, and visible. */
  readonly stored: number;
  /** Those of them that were not newer than what their series had, and are kept beside it. */
  readonly storedOutOfOrder: number;
  /** Same time and value as the newest sample: silently fine. */
  readonly duplicates: number;
  /** Same time as the newest sample, another value. */
  readonly conflicts: number;
  readonly outOfOrder: number;
  readonly outOfBounds: number;
  readonly tooOld: number;
  /** Of series that were removed: the caller kept a slot for too long (see `Head.generation`). */
  readonly removed: number;
}
