import type {SeriesRef} from './types.ts';

/** Where the head leaves a copy of each chunk that is closed; `chunks_head` is one. */
export interface ChunkKeeper {
  /**
   * Take the chunk of the series with reference `ref`: times in ms of its first and its last sample, its encoding, its encoded data,
   * which is the caller's again afterwards; whether its samples came out of order. Does not throw: a chunk that could not be kept is still in the log.
   */
  keep(
    ref: SeriesRef,
    minTime: number,
    maxTime: number,
    encoding: number,
    data: Uint8Array,
    isOutOfOrder: boolean,
  ): void;
  /** Number of the file that the last chunk went to, and where in it its record begins; 0 when it could not be kept. */
  readonly file: number;
  readonly fileOffset: number;
}
