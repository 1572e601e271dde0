// What is certain about the size of an evaluation before anything is read.
import type {SeriesSet} from '../storage.ts';
import {type StepGrid, stretchOf} from './step-grid.ts';

/** Grids with fewer cells than this for all series are not worth a look ahead. */
const FORESEEN_MIN = 1_000_000;

/**
 * The cells that rows of a leaf have at least, from what is known of its series before they are read: each reaches from its first sample to `reachMs`
 * behind its last one. `isSure` tells from the samples and the time that they span whether the series gives a row at all.
 */
export function cellsOfExtents(
  set: SeriesSet,
  grid: StepGrid,
  firstMs: number,
  moveMs: number,
  reachMs: number,
  isSure: (samples: number, spanMs: number) => boolean = () => true,
): number {
  if (set.extent === undefined || set.length * grid.count < FORESEEN_MIN) return 0;
  const extent = new Float64Array(2);
  let cells = 0;
  for (let i = 0; i < set.length; i++) {
    const samples = set.extent(i, extent);
    if (samples === 0 || !isSure(samples, extent[1] - extent[0])) continue;
    const [first, end] = stretchOf(grid, firstMs, moveMs, extent[0], extent[1] + reachMs);
    cells += Math.max(0, end - first);
  }
  return cells;
}
