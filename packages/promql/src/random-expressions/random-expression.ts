import type {Random} from './random.ts';

export type ExpressionType = 'vector' | 'scalar' | 'range';

/** An expression that can be made smaller: its text from its parts. */
export interface Expression {
  readonly type: ExpressionType;
  readonly parts: readonly Expression[];
  readonly write: (parts: readonly string[]) => string;
}

export const textOf = ({parts, write}: Expression): string => write(parts.map(textOf));

const leaf = (type: ExpressionType, text: string): Expression => ({type, parts: [], write: () => text});

const OVER_RANGE = [
  'rate',
  'rate',
  'increase',
  'delta',
  'irate',
  'idelta',
  'changes',
  'resets',
  'deriv',
  'sum_over_time',
  'avg_over_time',
  'min_over_time',
  'max_over_time',
  'count_over_time',
  'first_over_time',
  'last_over_time',
  'present_over_time',
  'stddev_over_time',
  'stdvar_over_time',
  'mad_over_time',
  'ts_of_first_over_time',
  'ts_of_last_over_time',
  'ts_of_max_over_time',
  'ts_of_min_over_time',
  'absent_over_time',
];
/** Functions that know anchored ranges; the last three know smoothed ones. */
const EXTENDED = ['changes', 'resets', 'rate', 'increase', 'delta'];

const OF_VECTOR = [
  'abs',
  'ceil',
  'floor',
  'sqrt',
  'sgn',
  'round',
  'exp',
  'ln',
  'atan',
  'histogram_count',
  'histogram_sum',
  'histogram_avg',
  'histogram_stddev',
  'histogram_stdvar',
  'histogram_count',
  'timestamp',
  'start_timestamp',
  'sort',
  'sort_desc',
  'absent',
  'hour',
  'day_of_week',
  'days_in_month',
];
const AGGREGATIONS = ['sum', 'sum', 'avg', 'avg', 'count', 'min', 'max', 'group', 'stddev', 'stdvar'];
const GROUPINGS = ['', ' by (x)', ' by (x, y)', ' without (y)', ' by (__name__)', ' without (x)', ' by (job, y)'];
const MATCHINGS = [
  '',
  '',
  'on (x) ',
  'ignoring (y) ',
  'on (x, y) ',
  'ignoring (x, y, job) ',
  'on () ',
  'on (__name__, x) ',
];
const GROUPED = [
  'on (x) group_left () ',
  'on (x) group_right (y) ',
  'ignoring (y) group_left () ',
  'ignoring (y) group_left (job) ',
  'on (y) group_right () ',
];
const FILLS = ['', '', '', '', 'fill (0) ', 'fill_left (1) ', 'fill_right (2) ', 'fill_left (NaN) fill_right (3) '];
const OPERATORS = [
  '+',
  '-',
  '*',
  '/',
  '+',
  '-',
  '%',
  '^',
  'atan2',
  '==',
  '!=',
  '>',
  '<',
  '>=',
  '<=',
  '== bool',
  '> bool',
  '!= bool',
];
const SELECTORS = [
  'a_total',
  'a_total',
  'b',
  'b',
  'h',
  'h',
  'c',
  'g',
  'm_total',
  'm_total',
  'a_total{x="1"}',
  'b{y!="p"}',
  '{x="1"}',
  '{__name__=~"h|c"}',
  '{__name__=~"a_total|b"}',
  '{__name__=~"h|m_total", x!="2"}',
  'd_bucket',
  'none',
];
const TIMES = [
  '',
  '',
  '',
  '',
  '',
  '',
  ' offset 1m',
  ' offset -30s',
  ' @ 400',
  ' @ start()',
  ' @ end() offset 20s',
  ' @ 333.5',
];
const RANGES = ['1m', '45s', '2m', '5m', '15s', '10m'];
const SUBQUERIES = ['[2m:30s]', '[5m:70s]', '[1m:15s]', '[3m:]', '[90s:7s]'];
const NUMBERS = ['2', '0.5', '-3', '0', '1', '3', '1.5', '-1', '-0.5', '100', 'NaN', 'Inf', '1e308'];

/** Makes expressions. `depth` bounds how deep they are. */
export class ExpressionGenerator {
  readonly #random: Random;

  constructor(random: Random) {
    this.#random = random;
  }

  /** What a whole query may be. */
  query(isRange: boolean): Expression {
    if (this.#random.chance(0.03)) return this.#scalar(3);
    if (!isRange && this.#random.chance(0.03)) return this.#range(2);
    return this.#vector(this.#random.between(1, 4));
  }

  #vector(depth: number): Expression {
    if (depth <= 0) return this.#selector();
    const kinds: readonly (() => Expression)[] = [
      () => this.#selector(),
      () => this.#overRange(depth),
      () => this.#overRange(depth),
      () => this.#overRange(depth),
      () => this.#withParameter(depth),
      () => this.#extended(),
      () => this.#call(depth),
      () => this.#call(depth),
      () => this.#aggregation(depth),
      () => this.#aggregation(depth),
      () => this.#aggregationWithParameter(depth),
      () => this.#withScalar(depth),
      () => this.#withVector(depth),
      () => this.#withVector(depth),
      () => this.#special(depth),
    ];
    return this.#random.pick(kinds)();
  }

  #selector(): Expression {
    const text = this.#random.pick(SELECTORS);
    const smoothed = this.#random.chance(0.04) ? ' smoothed' : '';
    return leaf('vector', `${text}${smoothed}${this.#random.pick(TIMES)}`);
  }

  #range(depth: number): Expression {
    const random = this.#random;
    if (depth > 0 && random.chance(0.25)) {
      const window = `${random.pick(SUBQUERIES)}${random.pick(TIMES)}`;
      return {type: 'range', parts: [this.#vector(depth - 1)], write: ([inner]) => `(${inner})${window}`};
    }
    return leaf('range', `${random.pick(SELECTORS)}[${random.pick(RANGES)}]${random.pick(TIMES)}`);
  }

  #overRange(depth: number): Expression {
    const name = this.#random.pick(OVER_RANGE);
    return {type: 'vector', parts: [this.#range(depth - 1)], write: ([range]) => `${name}(${range})`};
  }

  /** Functions over ranges with numbers. */
  #withParameter(depth: number): Expression {
    const range = this.#range(depth - 1);
    const scalar = this.#scalar(depth - 1);
    const write = this.#random.pick<Expression['write']>([
      ([r, s]) => `quantile_over_time(${s}, ${r})`,
      ([r, s]) => `predict_linear(${r}, ${s})`,
      ([r]) => `double_exponential_smoothing(${r}, 0.3, 0.7)`,
    ]);
    return {type: 'vector', parts: [range, scalar], write};
  }

  #extended(): Expression {
    const random = this.#random;
    const isSmoothed = random.chance(0.5);
    const name = random.pick(isSmoothed ? EXTENDED.slice(2) : EXTENDED);
    const mode = isSmoothed ? 'smoothed' : 'anchored';
    return leaf('vector', `${name}(${random.pick(SELECTORS)}[${random.pick(RANGES)}] ${mode}${random.pick(TIMES)})`);
  }

  #call(depth: number): Expression {
    const name = this.#random.pick(OF_VECTOR);
    return {type: 'vector', parts: [this.#vector(depth - 1)], write: ([inner]) => `${name}(${inner})`};
  }

  #aggregation(depth: number): Expression {
    const [name, by] = [this.#random.pick(AGGREGATIONS), this.#random.pick(GROUPINGS)];
    return {type: 'vector', parts: [this.#vector(depth - 1)], write: ([inner]) => `${name}${by} (${inner})`};
  }

  #aggregationWithParameter(depth: number): Expression {
    const random = this.#random;
    const by = random.pick(GROUPINGS);
    const name = random.pick(['topk', 'bottomk', 'limitk', 'limit_ratio', 'quantile', 'count_values']);
    if (name === 'count_values') {
      const label = random.pick(['v', 'x']);
      return {
        type: 'vector',
        parts: [this.#vector(depth - 1)],
        write: ([inner]) => `count_values${by} ("${label}", ${inner})`,
      };
    }
    const parts = [this.#vector(depth - 1), this.#scalar(random.chance(0.7) ? 0 : depth - 1)];
    return {type: 'vector', parts, write: ([inner, k]) => `${name}${by} (${k}, ${inner})`};
  }

  #withScalar(depth: number): Expression {
    const random = this.#random;
    const op = random.chance(0.1) ? random.pick(['</', '>/']) : random.pick(OPERATORS);
    const parts = [this.#vector(depth - 1), this.#scalar(depth - 1)];
    const isSwapped = op !== '</' && op !== '>/' && random.chance(0.3);
    return {type: 'vector', parts, write: ([v, s]) => (isSwapped ? `(${s} ${op} ${v})` : `(${v} ${op} ${s})`)};
  }

  #withVector(depth: number): Expression {
    const random = this.#random;
    const parts = [this.#vector(depth - 1), this.#vector(depth - 1)];
    if (random.chance(0.3)) {
      const [op, matching] = [random.pick(['and', 'or', 'or', 'unless']), random.pick(MATCHINGS)];
      return {type: 'vector', parts, write: ([a, b]) => `(${a} ${op} ${matching}${b})`};
    }
    const matching = random.chance(0.3) ? random.pick(GROUPED) : random.pick(MATCHINGS);
    const [op, fill] = [random.pick(OPERATORS), random.pick(FILLS)];
    return {type: 'vector', parts, write: ([a, b]) => `(${a} ${op} ${matching}${fill}${b})`};
  }

  #special(depth: number): Expression {
    const random = this.#random;
    const parts = [this.#vector(depth - 1), this.#scalar(depth - 1), this.#scalar(0)];
    const write = random.pick<Expression['write']>([
      ([v]) => `-${v}`,
      ([v]) => `-(${v})`,
      ([v]) => `(${v})`,
      ([, s]) => `vector(${s})`,
      ([v, s]) => `histogram_quantile(${s}, ${v})`,
      ([v, s]) => `histogram_quantile(${s}, ${v})`,
      ([v, s, t]) => `histogram_fraction(${t}, ${s}, ${v})`,
      ([v, s]) => `histogram_quantiles(${v}, "q", 0.5, ${s})`,
      ([v, s, t]) => `clamp(${v}, ${t}, ${s})`,
      ([v, s]) => `clamp_max(${v}, ${s})`,
      ([v, s]) => `clamp_min(${v}, ${s})`,
      ([v, s]) => `round(${v}, ${s})`,
      ([v]) => `label_replace(${v}, "x", "$1", "y", "(.*)")`,
      ([v]) => `label_replace(${v}, "__name__", "n_$1", "__name__", "(.).*")`,
      ([v]) => `label_replace(${v}, "y", "z", "x", "1")`,
      ([v]) => `label_join(${v}, "x", "-", "x", "y")`,
      ([v]) => `sort_by_label(${v}, "x")`,
      ([v]) => `sort_by_label_desc(${v}, "y", "x")`,
      ([v]) => `info(${v})`,
      ([v]) => `info(${v}, {version=~".+"})`,
    ]);
    return {type: 'vector', parts, write};
  }

  #scalar(depth: number): Expression {
    const random = this.#random;
    if (depth <= 0 || random.chance(0.5)) {
      const text = random.pick([...NUMBERS, ...NUMBERS, 'time()', 'pi()', 'start()', 'end()', 'step()', 'range()']);
      return leaf('scalar', text);
    }
    if (random.chance(0.5)) {
      return {type: 'scalar', parts: [this.#vector(depth - 1)], write: ([v]) => `scalar(${v})`};
    }
    const op = random.pick(['+', '-', '*', '/', '%', '^', '== bool', '> bool']);
    const parts = [this.#scalar(depth - 1), this.#scalar(depth - 1)];
    const write = random.pick<Expression['write']>([
      ([a, b]) => `(${a} ${op} ${b})`,
      ([a, b]) => `max_of(${a}, ${b})`,
      ([a, b]) => `min_of(${a}, ${b})`,
      ([a]) => `-${a}`,
    ]);
    return {type: 'scalar', parts, write};
  }
}
