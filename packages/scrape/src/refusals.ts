import {
  STATUS_CONFLICT,
  STATUS_DUPLICATE,
  STATUS_OUT_OF_BOUNDS,
  STATUS_OUT_OF_ORDER,
  STATUS_TOO_OLD,
} from '@narthex/kernels/layout/head-batch.ts';
import type {SampleBatch} from '@narthex/tsdb/head/types.ts';

/** Samples of a scrape that were not stored, which does not fail it. */
export interface Refusals {
  /** Older than the newest of their series. */
  readonly outOfOrder: number;
  /** The second of a series at the same time. */
  readonly duplicates: number;
  /** Too old for storage, or too far in the future. */
  readonly outOfBounds: number;
}

/** Nothing was refused. */
export const NO_REFUSALS: Refusals = {outOfOrder: 0, duplicates: 0, outOfBounds: 0};

/**
 * What storage refused of the first `count` samples of a batch: behind them come markers and the report, whose refusal is nobody's concern.
 * The same value twice is a duplicate only at `timeMs`, the time of the scrape: a target may go on exposing a sample with its own time.
 */
export function refusalsOf({memory, times, statuses}: SampleBatch, count: number, timeMs: number): Refusals {
  const {u8, f64} = memory;
  let outOfOrder = 0;
  let duplicates = 0;
  let outOfBounds = 0;
  for (let i = 0; i < count; i++) {
    const status = u8[statuses + i];
    if (status === STATUS_OUT_OF_ORDER || status === STATUS_TOO_OLD) outOfOrder++;
    else if (status === STATUS_CONFLICT) duplicates++;
    else if (status === STATUS_DUPLICATE && f64[times / 8 + i] === timeMs) duplicates++;
    else if (status === STATUS_OUT_OF_BOUNDS) outOfBounds++;
  }
  return {outOfOrder, duplicates, outOfBounds};
}
