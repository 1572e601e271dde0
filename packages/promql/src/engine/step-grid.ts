/** The steps at which an expression is evaluated: `startMs`, `startMs + stepMs`, ... */
export interface StepGrid {
  readonly startMs: number;
  /** The end that was asked for: the last step is there or before. */
  readonly endMs: number;
  /** Above 0, also where there is one step. */
  readonly stepMs: number;
  /** How many there are; 0 for an empty range. */
  readonly count: number;
}

export function gridOf(startMs: number, endMs: number, stepMs: number): StepGrid {
  return {startMs, endMs, stepMs, count: endMs < startMs ? 0 : Math.floor((endMs - startMs) / stepMs) + 1};
}

/** The grid with the first step only: what step-invariant parts are evaluated on. */
export const firstStepOf = (grid: StepGrid): StepGrid =>
  isMoment(grid) ? grid : {...grid, endMs: grid.startMs, count: Math.min(1, grid.count)};

/** Whether it is one moment and no range; a range may have one step, too, where its step is long. */
export const isMoment = ({startMs, endMs}: StepGrid): boolean => startMs === endMs;

export const stepTime = (grid: StepGrid, step: number): number => grid.startMs + step * grid.stepMs;
export const lastTime = (grid: StepGrid): number => stepTime(grid, Math.max(0, grid.count - 1));

/**
 * The steps that a subquery evaluates for windows of `rangeMs` that end at `firstEndMs` to `lastEndMs`: whole multiples of `stepMs` that lie in
 * a window's reach, its left end excluded.
 */
export function subqueryGrid(firstEndMs: number, lastEndMs: number, rangeMs: number, stepMs: number): StepGrid {
  const border = firstEndMs - rangeMs;
  let start = stepMs * Math.trunc(border / stepMs);
  if (start <= border) start += stepMs;
  return gridOf(start, lastEndMs, stepMs);
}

/** The most points that the HTTP API gives a series of a range query. */
export const POINTS_MAX = 11_000;

/** Whether a range query asks for more points a series than the HTTP API allows. */
export const tooManyPoints = (startMs: number, endMs: number, stepMs: number): boolean =>
  Math.trunc((endMs - startMs) / stepMs) > POINTS_MAX;

/** What the HTTP API answers then. */
export const TOO_MANY_POINTS =
  'exceeded maximum resolution of 11,000 points per timeseries. Try decreasing the query resolution (?step=XX)';

/** The steps, first and end, whose times `firstMs + step * moveMs` lie in [fromMs, untilMs). */
export function stretchOf(
  grid: StepGrid,
  firstMs: number,
  moveMs: number,
  fromMs: number,
  untilMs: number,
): [first: number, end: number] {
  if (moveMs === 0) return fromMs <= firstMs && firstMs < untilMs ? [0, grid.count] : [0, 0];
  const first = Math.max(0, Math.ceil((fromMs - firstMs) / moveMs));
  const end = Math.min(grid.count, Math.ceil((untilMs - firstMs) / moveMs));
  return [first, end];
}
