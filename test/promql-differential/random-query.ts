import type {Random} from '@narthex/promql/random-expressions/random.ts';
import {BEGIN_MS, QUERY_MS, SPAN_MS} from './random-data.ts';

/** When a query is evaluated, in ms; a step of 0 is one moment. */
export interface Times {
  readonly startMs: number;
  readonly endMs: number;
  readonly stepMs: number;
}

export interface Question {
  readonly text: string;
  readonly times: Times;
}

/** A random question about `randomData`, in the part of the language that 2.42 knows; functions have 3.14's names. */
export function randomQuestion(random: Random): Question {
  const isRange = random.chance(0.5);
  const startMs = moment(random);
  const stepMs = random.pick([15_000, 30_000, 37_000, 60_000, 250_000, 8_002]);
  const times = isRange
    ? {startMs, endMs: startMs + stepMs * random.between(0, 14) + random.pick([0, 1000]), stepMs}
    : {startMs, endMs: startMs, stepMs: 0};
  return {text: new ExpressionMaker(random).whole(isRange), times};
}

/** A time that may be before and behind all samples, too. */
const moment = (random: Random): number =>
  Math.floor(BEGIN_MS / 1000) * 1000 + random.between(-60, SPAN_MS / 1000 + 360) * 1000 + QUERY_MS;

const NAMES = ['a', 'a', 'b', 'c_total', 'd_total', 'odd', 'team', 'constant', 'tie', 'lat_bucket', 'nothing'];
const MATCHERS = [
  'job="api"',
  'job!="api"',
  'x=~"1|2"',
  'x!~"2.*"',
  'x=""',
  'x!=""',
  'le=~".+"',
  'job=~"a.*|web"',
  'x="3"',
  'none=""',
];
/** Without a name, so that several metrics meet. */
const NAMELESS = [
  '{job="api",x="1"}',
  '{x="2"}',
  '{__name__=~"[ab]"}',
  '{__name__=~"[cd]_total",job!="web"}',
  '{x=~"1|3",job="web"}',
];

const OF_VECTOR = [
  'abs',
  'absent',
  'ceil',
  'exp',
  'floor',
  'ln',
  'log2',
  'log10',
  'sgn',
  'sqrt',
  'timestamp',
  'sort',
  'sort_desc',
  'acos',
  'acosh',
  'asin',
  'asinh',
  'atan',
  'atanh',
  'cos',
  'cosh',
  'sin',
  'sinh',
  'tan',
  'tanh',
  'deg',
  'rad',
  'day_of_month',
  'day_of_week',
  'day_of_year',
  'days_in_month',
  'hour',
  'minute',
  'month',
  'year',
];
const PLAIN = ['abs', 'absent', 'ceil', 'floor', 'sgn', 'timestamp', 'sort', 'sort_desc'];
const OF_RANGE = [
  'rate',
  'rate',
  'increase',
  'delta',
  'irate',
  'idelta',
  'changes',
  'resets',
  'deriv',
  'avg_over_time',
  'min_over_time',
  'max_over_time',
  'sum_over_time',
  'sum_over_time',
  'count_over_time',
  'last_over_time',
  'present_over_time',
  'absent_over_time',
  'stddev_over_time',
  'stdvar_over_time',
];
const AGGREGATIONS = ['sum', 'sum', 'avg', 'min', 'max', 'count', 'group', 'stddev', 'stdvar'];
const ARITHMETIC = ['+', '-', '*', '/', '%', '^', 'atan2'];
const COMPARISONS = ['==', '!=', '<', '<=', '>', '>='];
const SETS = ['and', 'or', 'unless'];
const NUMBERS = ['0', '1', '2', '-1', '0.5', '-0', '3', '10', 'NaN', 'Inf', '-Inf', '1e9', '0x1F', '0.1'];
const SHARES = ['0', '0.5', '0.25', '0.9', '1', '-1', '2', 'NaN'];

/** Writes expressions, each part from the parts below it until its depth is used up. */
class ExpressionMaker {
  readonly #random: Random;
  /** How deep in subqueries we are: each multiplies the work. */
  #subqueries = 0;

  constructor(random: Random) {
    this.#random = random;
  }

  whole(isRange: boolean): string {
    const random = this.#random;
    const depth = random.pick([0, 1, 1, 2, 2, 3, 3, 4]);
    if (random.chance(0.05)) return this.#scalar(depth);
    if (!isRange && random.chance(0.06)) return this.#range(depth);
    if (!isRange && random.chance(0.01)) return random.pick(['"text"', "'it'", '"a\\n<b>"']);
    return this.#vector(depth);
  }

  #vector(depth: number): string {
    const random = this.#random;
    if (depth <= 0) return random.chance(0.04) ? `vector(${random.pick(NUMBERS)})` : this.#selector();
    const roll = random.next();
    if (roll < 0.05) return this.#selector();
    if (roll < 0.3) return `${random.pick(OF_RANGE)}(${this.#range(depth - 1)})`;
    if (roll < 0.5) return this.#aggregation(depth);
    if (roll < 0.75) return this.#binary(depth);
    if (roll < 0.86) return this.#ofVector(depth);
    if (roll < 0.96) return this.#call(depth);
    if (roll < 0.98) return `-${this.#operand(depth - 1)}`;
    return `(${this.#vector(depth - 1)})`;
  }

  #selector(): string {
    return this.#bare() + this.#modifiers();
  }

  #bare(): string {
    const random = this.#random;
    if (random.chance(0.12)) return random.pick(NAMELESS);
    const count = random.pick([0, 0, 1, 1, 2]);
    const matchers = Array.from({length: count}, () => random.pick(MATCHERS));
    return random.pick(NAMES) + (count === 0 ? '' : `{${matchers.join(',')}}`);
  }

  #modifiers(): string {
    const random = this.#random;
    const at = random.chance(0.1) ? this.#at() : '';
    const offset = random.chance(0.15) ? ` offset ${random.pick(['1m', '-1m', '7s', '6m', '-45s'])}` : '';
    return at + offset;
  }

  #at(): string {
    const random = this.#random;
    return random.pick([` @ ${(moment(random) / 1000).toFixed(3)}`, ' @ start()', ' @ end()']);
  }

  #range(depth: number): string {
    const random = this.#random;
    if (depth > 0 && this.#subqueries < 2 && random.chance(0.3)) return this.#subquery(depth);
    return `${this.#bare()}[${random.pick(['1m', '45s', '2m', '5m', '5m', '10m', '2m30s', '20s', '1h'])}]${this.#modifiers()}`;
  }

  /** No multiple of any step is as long as it, so that no step falls on its open end. */
  #subquery(depth: number): string {
    const random = this.#random;
    this.#subqueries++;
    const inner = this.#vector(depth - 1);
    this.#subqueries--;
    const range = random.pick(['1m', '5m', '10m', '3m']);
    return `${inParens(inner)}[${range}311ms:${random.pick(['', '30s', '1m', '17s', '45s'])}]${this.#modifiers()}`;
  }

  #aggregation(depth: number): string {
    const random = this.#random;
    const inner = this.#vector(depth - 1);
    const grouping = this.#grouping();
    const roll = random.next();
    if (roll < 0.1) return `${random.pick(['topk', 'bottomk'])}${grouping}(${this.#count()}, ${inner})`;
    if (roll < 0.16) return `quantile${grouping}(${random.pick(SHARES)}, ${inner})`;
    if (roll < 0.2) return `count_values${grouping}("${random.pick(['value', 'x', 'job'])}", ${inner})`;
    return `${random.pick(AGGREGATIONS)}${grouping}(${inner})`;
  }

  #count(): string {
    return this.#random.pick(['1', '2', '3', '2.7', '0', '-1', '100', 'scalar(tie{x="2"})', 'scalar(team)']);
  }

  #grouping(): string {
    const random = this.#random;
    if (random.chance(0.25)) return '';
    return ` ${random.pick(['by', 'by', 'without'])} (${random.pick(['', 'job', 'x', 'job, x', 'le', 'job, le', '__name__', 'none'])})`;
  }

  #binary(depth: number): string {
    const random = this.#random;
    const roll = random.next();
    const left = this.#operand(depth - 1);
    if (roll < 0.2) {
      const [lhs, rhs] = random.chance(0.7)
        ? [left, this.#operandScalar(depth - 1)]
        : [this.#operandScalar(depth - 1), left];
      return `${lhs} ${this.#operator()} ${rhs}`;
    }
    const right = this.#operand(depth - 1);
    if (roll < 0.4) return `${left} ${random.pick(SETS)}${this.#matching()} ${right}`;
    if (roll < 0.55) return `${left} ${this.#operator()}${this.#grouped()} ${right}`;
    // Aggregated over the labels that are matched, so that most find one partner.
    if (roll < 0.8) return this.#aggregated(left, right);
    return `${left} ${this.#operator()}${this.#matching()} ${right}`;
  }

  #aggregated(left: string, right: string): string {
    const random = this.#random;
    const labels = random.pick(['job', 'job, x', 'x']);
    const sum = random.pick(['sum', 'max', 'count', 'avg']);
    const many = random.chance(0.5) ? `${sum} by (${labels}) (${left})` : left;
    const one = `${random.pick(['sum', 'min'])} by (${labels}) (${right})`;
    const include = random.pick(['', '', 'team', 'le']);
    const group = many === left ? ` group_left (${include})` : '';
    return random.chance(0.5) || group !== ''
      ? `${many} ${this.#operator()} on (${labels})${group} ${one}`
      : `${one} ${this.#operator()} on (${labels}) ${many}`;
  }

  #operator(): string {
    const random = this.#random;
    if (random.chance(0.6)) return random.pick(ARITHMETIC);
    return random.pick(COMPARISONS) + (random.chance(0.4) ? ' bool' : '');
  }

  #matching(): string {
    const random = this.#random;
    if (random.chance(0.5)) return '';
    return ` ${random.pick(['on', 'ignoring'])} (${random.pick(['', 'job', 'x', 'job, x', 'le', 'team', 'job, x, le'])})`;
  }

  #grouped(): string {
    const random = this.#random;
    const side = random.pick(['group_left', 'group_right']);
    const include = random.pick(['', '', 'team']);
    return ` ${random.pick(['on', 'ignoring'])} (${random.pick(['job', 'job', 'x', 'none', 'x, le'])}) ${side} (${include})`;
  }

  #ofVector(depth: number): string {
    const random = this.#random;
    return `${random.pick(random.chance(0.6) ? PLAIN : OF_VECTOR)}(${this.#vector(depth - 1)})`;
  }

  #call(depth: number): string {
    const random = this.#random;
    const vector = () => this.#vector(depth - 1);
    const range = () => this.#range(depth - 1);
    const number = () => (random.chance(0.85) ? random.pick(NUMBERS) : this.#scalar(depth - 1));
    const makers = [
      () => `clamp(${vector()}, ${number()}, ${number()})`,
      () => `${random.pick(['clamp_min', 'clamp_max'])}(${vector()}, ${number()})`,
      () => `round(${vector()}${random.chance(0.5) ? '' : `, ${number()}`})`,
      () => `histogram_quantile(${random.pick(SHARES)}, ${random.chance(0.7) ? this.#buckets() : vector()})`,
      () => `quantile_over_time(${random.pick(SHARES)}, ${range()})`,
      () => `predict_linear(${range()}, ${random.pick(['60', '-30', '0', '3600'])})`,
      () => `double_exponential_smoothing(${range()}, ${random.pick(['0.5', '0.1'])}, ${random.pick(['0.5', '0.9'])})`,
      () => `label_replace(${vector()}, ${this.#replacement()})`,
      () =>
        `label_join(${vector()}, ${random.pick(['"y", "-", "job", "x"', '"x", "", "none"', '"job", "/", "job"', '"y", "+"'])})`,
      () => `vector(${this.#scalar(depth - 1)})`,
    ];
    return random.pick(makers)();
  }

  #buckets(): string {
    const random = this.#random;
    return random.pick([
      'lat_bucket',
      'rate(lat_bucket[5m])',
      'sum by (le) (lat_bucket)',
      'sum by (job, le) (increase(lat_bucket[2m]))',
      'lat_bucket{job="api"} offset 1m',
    ]);
  }

  #replacement(): string {
    return this.#random.pick([
      '"y", "$1", "x", "(.*)"',
      '"x", "1", "x", ".*"',
      '"job", "$1", "job", "(.).*"',
      '"y", "v", "x", "1"',
      '"__name__", "renamed", "job", "api"',
      '"x", "", "", ""',
      '"le", "${1}0", "x", "(.+)"',
    ]);
  }

  #scalar(depth: number): string {
    const random = this.#random;
    const roll = random.next();
    if (depth <= 0 || roll < 0.4) return random.pick([...NUMBERS, 'time()', 'pi()']);
    if (roll < 0.6) return `scalar(${this.#vector(depth - 1)})`;
    if (roll < 0.7) return `-${this.#operandScalar(depth - 1)}`;
    const operator = random.chance(0.6) ? random.pick(ARITHMETIC) : `${random.pick(COMPARISONS)} bool`;
    return `${this.#operandScalar(depth - 1)} ${operator} ${this.#operandScalar(depth - 1)}`;
  }

  #operand(depth: number): string {
    const text = this.#vector(depth);
    return this.#random.chance(0.1) ? text : inParens(text);
  }

  #operandScalar(depth: number): string {
    return inParens(this.#scalar(depth));
  }
}

/** `text` as one operand, whatever stands beside it. */
const inParens = (text: string): string => (/^-| /.test(text) ? `(${text})` : text);
