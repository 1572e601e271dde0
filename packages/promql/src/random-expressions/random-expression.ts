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

/** What the values of a vector mostly are: the wrong functions for them would make most answers empty. */
type Flavour = 'floats' | 'histograms';

/** Functions over ranges that make histograms of histograms. */
const HISTOGRAM_OVER_RANGE = [
  'rate',
  'rate',
  'increase',
  'delta',
  'irate',
  'idelta',
  'sum_over_time',
  'avg_over_time',
  'first_over_time',
  'last_over_time',
];
const OVER_RANGE = [
  ...HISTOGRAM_OVER_RANGE,
  'changes',
  'resets',
  'deriv',
  'min_over_time',
  'max_over_time',
  'count_over_time',
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

const OF_HISTOGRAMS = [
  'histogram_count',
  'histogram_count',
  'histogram_sum',
  'histogram_avg',
  'histogram_stddev',
  'histogram_stdvar',
];
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
  'timestamp',
  'start_timestamp',
  'sort',
  'sort_desc',
  'absent',
  'log2',
  'log10',
  'sin',
  'acos',
  'cosh',
  'deg',
  'rad',
  'hour',
  'minute',
  'month',
  'year',
  'day_of_week',
  'day_of_month',
  'day_of_year',
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
const FLOAT_SELECTORS = [
  'a_total',
  'a_total',
  'b',
  'b',
  'a_total{x="1"}',
  'b{y!="p"}',
  '{__name__=~"a_total|b"}',
  'm_total',
  'd_bucket',
  '{x="1"}',
];
const HISTOGRAM_SELECTORS = [
  'h',
  'h',
  'c',
  'c',
  'g',
  'm_total',
  '{__name__=~"h|c"}',
  '{__name__=~"h|m_total", x!="2"}',
  'h{x=""}',
];
const TIMES = [
  '',
  '',
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
  ' offset (step() - 10s)',
  ' @ 333.5',
];
const RANGES = ['1m', '45s', '2m', '5m', '3m', '1m', '2m', '30s', '10m', '30s + step()', 'max_of(range(), 1m)'];
const SUBQUERIES = ['[2m:30s]', '[5m:70s]', '[1m:15s]', '[3m:]', '[90s:7s]', '[2m:30s + step()]'];
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
    if (!isRange && this.#random.chance(0.03)) return this.#range(2, this.#flavour());
    return this.#any(this.#random.between(1, 4));
  }

  #flavour(): Flavour {
    return this.#random.chance(0.6) ? 'floats' : 'histograms';
  }

  #any(depth: number): Expression {
    return this.#vector(depth, this.#flavour());
  }

  #vector(depth: number, wanted: Flavour): Expression {
    const flavour = this.#random.chance(0.06) ? this.#flavour() : wanted;
    if (depth <= 0) return this.#selector(flavour);
    return this.#random.pick(flavour === 'floats' ? this.#floatKinds(depth) : this.#histogramKinds(depth))();
  }

  #floatKinds(depth: number): readonly (() => Expression)[] {
    return [
      () => this.#selector('floats'),
      () => this.#overRange(depth, this.#random.pick(OVER_RANGE), 'floats'),
      () => this.#overRange(depth, this.#random.pick(OVER_RANGE), 'floats'),
      () => this.#overRange(depth, this.#random.pick(OVER_RANGE), this.#flavour()),
      () => this.#withParameter(depth),
      () => this.#extended('floats'),
      () => this.#call(depth, this.#random.pick(OF_VECTOR), 'floats'),
      () => this.#call(depth, this.#random.pick(OF_HISTOGRAMS), 'histograms'),
      () => this.#call(depth, this.#random.pick(OF_HISTOGRAMS), 'histograms'),
      () => this.#aggregation(depth, this.#random.pick(AGGREGATIONS), 'floats'),
      () => this.#aggregation(depth, this.#random.pick(AGGREGATIONS), 'floats'),
      () => this.#aggregationWithParameter(depth),
      () => this.#withScalar(depth, this.#random.pick(OPERATORS), 'floats'),
      () => this.#withVector(depth, this.#random.pick(OPERATORS), ['floats', 'floats']),
      () => this.#setOperation(depth, 'floats'),
      () => this.#relabelled(depth, 'floats'),
      () => this.#special(depth),
      () => this.#ofBuckets(depth),
    ];
  }

  #histogramKinds(depth: number): readonly (() => Expression)[] {
    const random = this.#random;
    return [
      () => this.#selector('histograms'),
      () => this.#overRange(depth, random.pick(HISTOGRAM_OVER_RANGE), 'histograms'),
      () => this.#overRange(depth, random.pick(HISTOGRAM_OVER_RANGE), 'histograms'),
      () => this.#overRange(depth, random.pick(HISTOGRAM_OVER_RANGE), 'histograms'),
      () => this.#extended('histograms'),
      () => this.#aggregation(depth, random.pick(['sum', 'avg']), 'histograms'),
      () => this.#aggregation(depth, random.pick(['sum', 'avg']), 'histograms'),
      () => this.#withScalar(depth, random.pick(['*', '/', '*', '</', '>/']), 'histograms'),
      () =>
        this.#withVector(depth, random.pick(['+', '-', '+', '-', '==', '!=', '== bool']), ['histograms', 'histograms']),
      () => this.#withVector(depth, random.pick(['*', '/']), ['histograms', 'floats']),
      () => this.#setOperation(depth, 'histograms'),
      () => this.#relabelled(depth, 'histograms'),
    ];
  }

  #selector(flavour: Flavour): Expression {
    const smoothed = this.#random.chance(0.05) ? ' smoothed' : '';
    const text = `${this.#name(flavour)}${smoothed}${this.#random.pick(TIMES)}`;
    // What follows a computed offset would belong to it.
    return leaf('vector', text.endsWith(')') ? `(${text})` : text);
  }

  #name(flavour: Flavour): string {
    if (this.#random.chance(0.02)) return 'none_such';
    return this.#random.pick(flavour === 'floats' ? FLOAT_SELECTORS : HISTOGRAM_SELECTORS);
  }

  #range(depth: number, flavour: Flavour): Expression {
    const random = this.#random;
    if (depth > 0 && random.chance(0.25)) {
      const window = `${random.pick(SUBQUERIES)}${random.pick(TIMES)}`;
      return {type: 'range', parts: [this.#vector(depth - 1, flavour)], write: ([inner]) => `(${inner})${window}`};
    }
    return leaf('range', `${this.#name(flavour)}[${random.pick(RANGES)}]${random.pick(TIMES)}`);
  }

  #overRange(depth: number, name: string, flavour: Flavour): Expression {
    return {type: 'vector', parts: [this.#range(depth - 1, flavour)], write: ([range]) => `${name}(${range})`};
  }

  /** Functions over ranges with numbers. */
  #withParameter(depth: number): Expression {
    const range = this.#range(depth - 1, 'floats');
    const scalar = this.#scalar(depth - 1);
    const write = this.#random.pick<Expression['write']>([
      ([r, s]) => `quantile_over_time(${s}, ${r})`,
      ([r, s]) => `predict_linear(${r}, ${s})`,
      ([r]) => `double_exponential_smoothing(${r}, 0.3, 0.7)`,
    ]);
    return {type: 'vector', parts: [range, scalar], write};
  }

  #extended(flavour: Flavour): Expression {
    const random = this.#random;
    const isSmoothed = random.chance(0.5);
    const name = random.pick(isSmoothed || flavour === 'histograms' ? EXTENDED.slice(2) : EXTENDED);
    const mode = isSmoothed ? 'smoothed' : 'anchored';
    return leaf('vector', `${name}(${this.#name(flavour)}[${random.pick(RANGES)}] ${mode}${random.pick(TIMES)})`);
  }

  #call(depth: number, name: string, flavour: Flavour): Expression {
    return {type: 'vector', parts: [this.#vector(depth - 1, flavour)], write: ([inner]) => `${name}(${inner})`};
  }

  #aggregation(depth: number, name: string, flavour: Flavour): Expression {
    const by = this.#random.pick(GROUPINGS);
    return {type: 'vector', parts: [this.#vector(depth - 1, flavour)], write: ([inner]) => `${name}${by} (${inner})`};
  }

  #aggregationWithParameter(depth: number): Expression {
    const random = this.#random;
    const by = random.pick(GROUPINGS);
    const name = random.pick(['topk', 'bottomk', 'limitk', 'limit_ratio', 'quantile', 'count_values']);
    const flavour = name.startsWith('limit') || name === 'count_values' ? this.#flavour() : 'floats';
    if (name === 'count_values') {
      const label = random.pick(['v', 'x']);
      return {
        type: 'vector',
        parts: [this.#vector(depth - 1, flavour)],
        write: ([inner]) => `count_values${by} ("${label}", ${inner})`,
      };
    }
    const k = leaf('scalar', random.pick(name.endsWith('k') ? ['1', '2', '3'] : ['0.5', '0.9', '-0.3', '0.1']));
    const parts = [this.#vector(depth - 1, flavour), random.chance(0.8) ? k : this.#scalar(depth - 1)];
    return {type: 'vector', parts, write: ([inner, parameter]) => `${name}${by} (${parameter}, ${inner})`};
  }

  #withScalar(depth: number, op: string, flavour: Flavour): Expression {
    const parts = [this.#vector(depth - 1, flavour), this.#scalar(depth - 1)];
    const isSwapped = op !== '</' && op !== '>/' && op !== '/' && this.#random.chance(0.3);
    return {type: 'vector', parts, write: ([v, s]) => (isSwapped ? `(${s} ${op} ${v})` : `(${v} ${op} ${s})`)};
  }

  #withVector(depth: number, op: string, [left, right]: readonly [Flavour, Flavour]): Expression {
    const random = this.#random;
    const parts = [this.#vector(depth - 1, left), this.#vector(depth - 1, right)];
    const matching = random.chance(0.3) ? random.pick(GROUPED) : random.pick(MATCHINGS);
    const fill = random.pick(FILLS);
    return {type: 'vector', parts, write: ([a, b]) => `(${a} ${op} ${matching}${fill}${b})`};
  }

  #setOperation(depth: number, flavour: Flavour): Expression {
    const random = this.#random;
    const parts = [this.#vector(depth - 1, flavour), this.#vector(depth - 1, flavour)];
    const [op, matching] = [random.pick(['and', 'or', 'or', 'unless']), random.pick(MATCHINGS)];
    return {type: 'vector', parts, write: ([a, b]) => `(${a} ${op} ${matching}${b})`};
  }

  /** What leaves values as they are, or nearly so. */
  #relabelled(depth: number, flavour: Flavour): Expression {
    const write = this.#random.pick<Expression['write']>([
      ([v]) => `-${v}`,
      ([v]) => `-(${v})`,
      ([v]) => `(${v})`,
      ([v]) => `label_replace(${v}, "x", "$1", "y", "(.*)")`,
      ([v]) => `label_replace(${v}, "__name__", "n_$1", "__name__", "(.).*")`,
      ([v]) => `label_replace(${v}, "y", "z", "x", "1")`,
      ([v]) => `label_join(${v}, "x", "-", "x", "y")`,
      ([v]) => `sort_by_label(${v}, "x")`,
      ([v]) => `sort_by_label_desc(${v}, "y", "x")`,
      ([v]) => `info(${v})`,
      ([v]) => `info(${v}, {version=~".+"})`,
      ([v]) => `info(${v}, {__name__=~".*_info", version=~"1|"})`,
    ]);
    return {type: 'vector', parts: [this.#vector(depth - 1, flavour)], write};
  }

  #special(depth: number): Expression {
    const parts = [this.#vector(depth - 1, 'floats'), this.#scalar(depth - 1), this.#scalar(0)];
    const write = this.#random.pick<Expression['write']>([
      ([, s]) => `vector(${s})`,
      ([v, s, t]) => `clamp(${v}, ${t}, ${s})`,
      ([v, s]) => `clamp_max(${v}, ${s})`,
      ([v, s]) => `clamp_min(${v}, ${s})`,
      ([v, s]) => `round(${v}, ${s})`,
    ]);
    return {type: 'vector', parts, write};
  }

  /** Quantiles and fractions, of native or classic histograms. */
  #ofBuckets(depth: number): Expression {
    const random = this.#random;
    const classic = random.pick([
      'd_bucket',
      'rate(d_bucket[2m])',
      'sum by (le) (d_bucket)',
      '{__name__=~"d_bucket|h"}',
    ]);
    const buckets = random.chance(0.35) ? leaf('vector', classic) : this.#vector(depth - 1, 'histograms');
    const q = random.chance(0.7)
      ? leaf('scalar', random.pick(['0.5', '0.9', '0', '1', '0.1']))
      : this.#scalar(depth - 1);
    const write = random.pick<Expression['write']>([
      ([v, s]) => `histogram_quantile(${s}, ${v})`,
      ([v, s]) => `histogram_quantile(${s}, ${v})`,
      ([v, s, t]) => `histogram_fraction(${t}, ${s}, ${v})`,
      ([v, s]) => `histogram_quantiles(${v}, "q", 0.5, ${s})`,
    ]);
    return {type: 'vector', parts: [buckets, q, this.#scalar(0)], write};
  }

  #scalar(depth: number): Expression {
    const random = this.#random;
    if (depth <= 0 || random.chance(0.5)) {
      const text = random.pick([
        ...NUMBERS,
        ...NUMBERS,
        'time()',
        'scalar(vector(2))',
        'pi()',
        'start()',
        'end()',
        'step()',
        'range()',
      ]);
      return leaf('scalar', text);
    }
    if (random.chance(0.5)) {
      const one = random.chance(0.5) ? leaf('vector', 'sum(a_total)') : this.#any(depth - 1);
      return {type: 'scalar', parts: [one], write: ([v]) => `scalar(${v})`};
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
