import type {BlockMeta} from '../block/meta.ts';

/** What the head holds, as far as housekeeping decides by it. Times in ms. */
export interface HeadState {
  /** Times of the oldest and the newest sample that came in order; +Infinity and -Infinity while there is none. */
  readonly minTime: number;
  readonly maxTime: number;
  /** The log has samples that the head does not: no block may seem to have all of its time. */
  readonly isPartial: boolean;
  /** The range of a block made of the head. */
  readonly chunkRangeMs: number;
}

/** Samples out of order that lie in chunks. */
export interface ClosedOutOfOrder {
  /** Times of the oldest and the newest, ms. */
  readonly minTime: number;
  readonly maxTime: number;
  /** What tells their chunks from later ones, and the first segment of their log that has later samples. */
  readonly boundary: number;
  readonly segment: number;
}

/** Segments of the log that a checkpoint takes the place of. */
export interface CheckpointRange {
  readonly first: number;
  /** It and all before it are complete. */
  readonly last: number;
  /** References, rising, that no series has any more but samples in the log may have, and the time until which they may, ms. */
  readonly gone: Float64Array;
  readonly neededUntil: Float64Array;
}

/**
 * What housekeeping asks of the one who writes the head and its logs, who may be in another thread. Times in ms. Every call may reject, and
 * then has done nothing, or can be made again.
 */
export interface HeadOwner {
  state(): Promise<HeadState>;
  /** From now on no sample before `timeMs` comes in order, nor is one on its way: a block can be made of what is there. */
  seal(timeMs: number): Promise<void>;
  /** Readers read these blocks from now on; resolves when none is left that reads others. */
  publish(blocks: readonly BlockMeta[]): Promise<void>;
  /** Take chunks that end before `timeMs` out of the head, and series that have nothing left; what they held is in published blocks. */
  truncate(timeMs: number): Promise<void>;
  /** Make chunks of all samples out of order, for blocks to be made of them; undefined when there are none. */
  closeOutOfOrder(): Promise<ClosedOutOfOrder | undefined>;
  /** Take out what `closeOutOfOrder` gave, which is in published blocks now. */
  truncateOutOfOrder(closed: ClosedOutOfOrder): Promise<void>;
  /** End the segment of the log; undefined when there are too few to make a checkpoint of. */
  beginCheckpoint(): Promise<CheckpointRange | undefined>;
  /** The checkpoint up to segment `last`, of what is not older than `minTime`, is durable: remove these segments. */
  endCheckpoint(last: number, minTime: number): Promise<void>;
}
