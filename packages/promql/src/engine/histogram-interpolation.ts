import type {FloatHistogram} from '@narthex/model/histogram/float-histogram.ts';
import {isCounterReset} from '@narthex/model/histogram/reset.ts';
import {multiplyHistogram} from '@narthex/model/histogram/scale.ts';
import {add, subtract} from './histogram-change.ts';
import {NOTE} from './window-notes.ts';

/** A histogram at its time. */
export interface TimedHistogram {
  readonly histogram: FloatHistogram;
  readonly timeMs: number;
}

/**
 * Fills `into` with the histogram at `timeMs` on the line between two others; a counter that was reset between them starts from 0. Returns bits of NOTE: with
 * `mixedSchemas` there is no such histogram.
 */
export function interpolate(
  left: TimedHistogram,
  right: TimedHistogram,
  timeMs: number,
  isCounter: boolean,
  into: FloatHistogram,
): number {
  into.copyFrom(timeMs === left.timeMs ? left.histogram : right.histogram);
  if (timeMs === left.timeMs || timeMs === right.timeMs) return 0;
  const fraction = (timeMs - left.timeMs) / (right.timeMs - left.timeMs);
  if (isCounter && isCounterReset(right.histogram, left.histogram)) {
    multiplyHistogram(into, fraction);
    return 0;
  }
  const notes = subtract(into, left.histogram);
  if ((notes & NOTE.mixedSchemas) !== 0) return notes;
  multiplyHistogram(into, fraction);
  return notes | add(into, left.histogram);
}
