import type {StepGrid} from './step-grid.ts';

/** A part of a query that is evaluated on steps of its own, and where these stand among the steps around it. */
export interface PartOfQuery {
  /**
   * How often samples that the part looks at count as looked at: as often as there are steps where it is evaluated once for all of them, not at all in
   * a subquery, whose windows are counted instead.
   */
  readonly weight: number;
  /** The steps around it; one where it is evaluated once. */
  readonly grid: StepGrid;
  /** How much later than its own time a step around it looks at it: the offset of a subquery. */
  readonly shiftMs: number;
  /** How far back a step around it looks; 0 where everything is looked at. */
  readonly rangeMs: number;
}

/** What is evaluated once for all steps of `grid`. */
export const onceFor = (grid: StepGrid): PartOfQuery => ({
  weight: grid.count,
  grid: {...grid, count: Math.min(1, grid.count)},
  shiftMs: 0,
  rangeMs: 0,
});

/** Whether there are times between the windows of a part that no step looks at. */
export const hasGaps = ({grid, rangeMs}: PartOfQuery): boolean =>
  rangeMs > 0 && grid.count > 1 && grid.stepMs > rangeMs;

/**
 * The step around a part that is the first to look at its time `timeMs`; -1 where none does (stats.MergeSamplesReadFromSubquery upstream).
 */
export function stepAround({grid, shiftMs, rangeMs}: PartOfQuery, timeMs: number): number {
  if (grid.count <= 1) return 0;
  const time = timeMs + shiftMs;
  const step = Math.min(Math.max(0, Math.ceil((time - grid.startMs) / grid.stepMs)), grid.count - 1);
  const isInGap = rangeMs > 0 && time <= grid.startMs + step * grid.stepMs - rangeMs;
  return isInGap ? -1 : step;
}
