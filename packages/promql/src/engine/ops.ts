// Numbers by which kernels know operations; the same as in packages/kernels/assembly.

/** Operations of `cellsBinary`. `^` and `atan2` are computed in JavaScript. */
export const CELL_OPS = {
  '+': 0,
  '-': 1,
  '*': 2,
  '/': 3,
  '%': 4,
  '==': 5,
  '!=': 6,
  '>': 7,
  '<': 8,
  '>=': 9,
  '<=': 10,
} as const;

/** What a comparison of `cellsBinary` leaves. */
export const KEEP = {left: 0, right: 1, bool: 2} as const;

/** Operations of `aggregateRows`. */
export const AGGREGATES = {sum: 0, avg: 1, count: 2, min: 3, max: 4, group: 5, stdvar: 6, stddev: 7} as const;

/** Lanes of 8 bytes a step that each aggregation needs. */
export const AGGREGATE_LANES = {sum: 2, avg: 3, count: 1, min: 1, max: 1, group: 1, stdvar: 3, stddev: 3} as const;

/** Operations of `overTimeSteps`. */
export const OVER_TIME = {
  count_over_time: 0,
  first_over_time: 1,
  last_over_time: 2,
  present_over_time: 3,
  changes: 4,
  resets: 5,
  sum_over_time: 8,
  avg_over_time: 9,
  stddev_over_time: 10,
  stdvar_over_time: 11,
  quantile_over_time: 12,
  mad_over_time: 13,
  ts_of_first_over_time: 14,
  ts_of_last_over_time: 15,
  ts_of_min_over_time: 16,
  ts_of_max_over_time: 17,
  deriv: 18,
  predict_linear: 19,
  double_exponential_smoothing: 20,
} as const;

/** Flags of `rateSteps`: 1 counter, 2 per second. */
export const RATES = {rate: 3, increase: 1, delta: 0} as const;

/** Operations of `extendedSteps`. */
export const EXTENDED = {change: 0, changes: 1, resets: 2} as const;
