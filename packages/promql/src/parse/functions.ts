import type {ValueType} from './ast.ts';

/** A function of the language as parser, checker and engine see it. */
export interface PromqlFunction {
  readonly name: FunctionName;
  /** Types of the arguments; the last one also holds for further ones of a variadic function. */
  readonly argTypes: readonly ValueType[];
  /**
   * 0: exactly `argTypes.length` arguments. Otherwise the last of `argTypes` may be left out and may come up to
   * `variadic` times, any number of times when it is -1.
   */
  readonly variadic: number;
  readonly returnType: ValueType;
  /** Refused unless `ParserOptions.experimentalFunctions` is set. */
  readonly experimental: boolean;
}

interface Signature {
  readonly args: readonly ValueType[];
  readonly returns: ValueType;
  readonly variadic?: number;
  readonly experimental?: true;
}

const ofVector = {args: ['vector'], returns: 'vector'} as const;
const ofMatrix = {args: ['matrix'], returns: 'vector'} as const;
const ofOptionalVector = {args: ['vector'], returns: 'vector', variadic: 1} as const;
const newOfMatrix = {args: ['matrix'], returns: 'vector', experimental: true} as const;
const newConstant = {args: [], returns: 'scalar', experimental: true} as const;
const newOfScalars = {args: ['scalar', 'scalar'], returns: 'scalar', experimental: true} as const;
const newSortByLabel = {args: ['vector', 'string'], returns: 'vector', variadic: -1, experimental: true} as const;

const SIGNATURES = {
  abs: ofVector,
  absent: ofVector,
  absent_over_time: ofMatrix,
  acos: ofVector,
  acosh: ofVector,
  asin: ofVector,
  asinh: ofVector,
  atan: ofVector,
  atanh: ofVector,
  avg_over_time: ofMatrix,
  ceil: ofVector,
  changes: ofMatrix,
  clamp: {args: ['vector', 'scalar', 'scalar'], returns: 'vector'},
  clamp_max: {args: ['vector', 'scalar'], returns: 'vector'},
  clamp_min: {args: ['vector', 'scalar'], returns: 'vector'},
  cos: ofVector,
  cosh: ofVector,
  count_over_time: ofMatrix,
  day_of_month: ofOptionalVector,
  day_of_week: ofOptionalVector,
  day_of_year: ofOptionalVector,
  days_in_month: ofOptionalVector,
  deg: ofVector,
  delta: ofMatrix,
  deriv: ofMatrix,
  double_exponential_smoothing: {args: ['matrix', 'scalar', 'scalar'], returns: 'vector', experimental: true},
  end: newConstant,
  exp: ofVector,
  first_over_time: ofMatrix,
  floor: ofVector,
  histogram_avg: ofVector,
  histogram_count: ofVector,
  histogram_fraction: {args: ['scalar', 'scalar', 'vector'], returns: 'vector'},
  histogram_quantile: {args: ['scalar', 'vector'], returns: 'vector'},
  histogram_quantiles: {
    args: ['vector', 'string', 'scalar', 'scalar'],
    returns: 'vector',
    variadic: 9,
    experimental: true,
  },
  histogram_stddev: ofVector,
  histogram_stdvar: ofVector,
  histogram_sum: ofVector,
  hour: ofOptionalVector,
  idelta: ofMatrix,
  increase: ofMatrix,
  info: {args: ['vector', 'vector'], returns: 'vector', variadic: 1, experimental: true},
  irate: ofMatrix,
  label_join: {args: ['vector', 'string', 'string', 'string'], returns: 'vector', variadic: -1},
  label_replace: {args: ['vector', 'string', 'string', 'string', 'string'], returns: 'vector'},
  last_over_time: ofMatrix,
  ln: ofVector,
  log10: ofVector,
  log2: ofVector,
  mad_over_time: newOfMatrix,
  max_of: newOfScalars,
  max_over_time: ofMatrix,
  min_of: newOfScalars,
  min_over_time: ofMatrix,
  minute: ofOptionalVector,
  month: ofOptionalVector,
  pi: {args: [], returns: 'scalar'},
  predict_linear: {args: ['matrix', 'scalar'], returns: 'vector'},
  present_over_time: ofMatrix,
  quantile_over_time: {args: ['scalar', 'matrix'], returns: 'vector'},
  rad: ofVector,
  range: newConstant,
  rate: ofMatrix,
  resets: ofMatrix,
  round: {args: ['vector', 'scalar'], returns: 'vector', variadic: 1},
  scalar: {args: ['vector'], returns: 'scalar'},
  sgn: ofVector,
  sin: ofVector,
  sinh: ofVector,
  sort: ofVector,
  sort_by_label: newSortByLabel,
  sort_by_label_desc: newSortByLabel,
  sort_desc: ofVector,
  sqrt: ofVector,
  start: newConstant,
  start_timestamp: {args: ['vector'], returns: 'vector', experimental: true},
  stddev_over_time: ofMatrix,
  stdvar_over_time: ofMatrix,
  step: newConstant,
  sum_over_time: ofMatrix,
  tan: ofVector,
  tanh: ofVector,
  time: {args: [], returns: 'scalar'},
  timestamp: ofVector,
  ts_of_first_over_time: newOfMatrix,
  ts_of_last_over_time: newOfMatrix,
  ts_of_max_over_time: newOfMatrix,
  ts_of_min_over_time: newOfMatrix,
  vector: {args: ['scalar'], returns: 'vector'},
  year: ofOptionalVector,
} as const satisfies Record<string, Signature>;

/** Names of all functions; `Record<FunctionName, ...>` makes the compiler check that a table is complete. */
export type FunctionName = keyof typeof SIGNATURES;

/** Every function by name, experimental ones included. Aggregations (`sum`, `topk`) are syntax, not functions. */
export const FUNCTIONS: ReadonlyMap<string, PromqlFunction> = new Map(
  (Object.entries(SIGNATURES) as [FunctionName, Signature][]).map(([name, signature]) => [
    name,
    {
      name,
      argTypes: signature.args,
      variadic: signature.variadic ?? 0,
      returnType: signature.returns,
      experimental: signature.experimental ?? false,
    },
  ]),
);

/** Functions whose result depends on the time of the step even where their arguments do not. */
export const TIME_DEPENDENT: ReadonlySet<string> = new Set([
  'days_in_month',
  'day_of_month',
  'day_of_week',
  'day_of_year',
  'hour',
  'minute',
  'month',
  'year',
  'predict_linear',
  'time',
  'timestamp',
]);
