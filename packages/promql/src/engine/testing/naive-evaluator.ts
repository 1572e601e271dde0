import {Labels, METRIC_NAME} from '@narthex/model/labels.ts';
import {STALE_NAN_BITS} from '@narthex/model/stale.ts';
import {formatFloatPlain} from '@narthex/model/value.ts';
import type {
  Aggregation,
  BinaryExpr,
  BinaryOp,
  Call,
  Expr,
  MatrixSelector,
  Subquery,
  VectorSelector,
} from '../../parse/ast.ts';
import {isComparison, isSetOperator, nanosToMillis} from '../../parse/ast.ts';
import {atan2, FLOAT_FUNCTIONS, pow} from '../math.ts';
import {floatOf, matchesAll, type MemoryStorage} from '../../memory-storage/memory-storage.ts';

/** A labelled value at one time. */
export interface NaiveSample {
  readonly labels: Labels;
  readonly value: number;
}

interface Point {
  readonly timeMs: number;
  readonly value: number;
}

const SAME = 'vector cannot contain metrics with the same labelset';
/**
 * Evaluates one step of a query the obvious way: one time, lists of labelled numbers, upstream's order of operations. The oracle of the columnar engine for
 * the part of the language that it knows; default flags.
 */
export class NaiveEvaluator {
  readonly #storage: MemoryStorage;
  readonly #lookbackMs: number;

  constructor(storage: MemoryStorage, lookbackMs = 300_000) {
    this.#storage = storage;
    this.#lookbackMs = lookbackMs;
  }

  vector(expr: Expr, timeMs: number): NaiveSample[] {
    switch (expr.kind) {
      case 'paren':
        return this.vector(expr.expr, timeMs);
      case 'vectorSelector':
        return this.#select(expr, timeMs);
      case 'unary':
        return distinct(
          expr.op === '-'
            ? this.vector(expr.expr, timeMs).map(({labels, value}) => ({labels: unnamed(labels), value: -value}))
            : this.vector(expr.expr, timeMs),
        );
      case 'call':
        return this.#call(expr, timeMs);
      case 'aggregation':
        return this.#aggregate(expr, timeMs);
      case 'binary':
        return this.#binary(expr, timeMs);
      default:
        throw new Error(`naive: no vector: ${expr.kind}`);
    }
  }

  scalar(expr: Expr, timeMs: number): number {
    switch (expr.kind) {
      case 'paren':
        return this.scalar(expr.expr, timeMs);
      case 'number':
        return expr.value;
      case 'unary':
        return expr.op === '-' ? -this.scalar(expr.expr, timeMs) : this.scalar(expr.expr, timeMs);
      case 'binary':
        return compute(expr.op, this.scalar(expr.lhs, timeMs), this.scalar(expr.rhs, timeMs), true)!;
      case 'call': {
        if (expr.func.name === 'time') return timeMs / 1000;
        const rows = this.vector(expr.args[0], timeMs);
        return rows.length === 1 ? rows[0].value : NaN;
      }
      default:
        throw new Error(`naive: no scalar: ${expr.kind}`);
    }
  }

  #select(node: VectorSelector, timeMs: number): NaiveSample[] {
    const at = timeMs - nanosToMillis(node.offsetNs);
    const result: NaiveSample[] = [];
    for (const {labels, samples} of this.#storage.series) {
      if (!matchesAll(labels, node.matchers)) continue;
      const sample = samples.findLast(({timeMs}) => timeMs <= at);
      if (sample === undefined || sample.timeMs <= at - this.#lookbackMs || sample.bits === STALE_NAN_BITS) continue;
      result.push({labels, value: floatOf(sample.bits)});
    }
    return result;
  }

  #window(node: MatrixSelector | Subquery, timeMs: number): {labels: Labels; points: Point[]}[] {
    return node.kind === 'subquery' ? this.#subquery(node, timeMs) : this.#range(node, timeMs);
  }

  /** The inner expression at all multiples of the step within the window. */
  #subquery(node: Subquery, timeMs: number): {labels: Labels; points: Point[]}[] {
    const end = timeMs - nanosToMillis(node.offsetNs);
    const start = end - nanosToMillis(node.rangeNs);
    const step = nanosToMillis(node.stepNs);
    const rows = new Map<string, {labels: Labels; points: Point[]}>();
    for (let at = Math.floor(start / step) * step + step; at <= end; at += step) {
      for (const {labels, value} of this.vector(node.expr, at)) {
        const key = labels.toString();
        if (!rows.has(key)) rows.set(key, {labels, points: []});
        rows.get(key)!.points.push({timeMs: at, value});
      }
    }
    return [...rows.values()];
  }

  #range(node: MatrixSelector, timeMs: number): {labels: Labels; points: Point[]}[] {
    const end = timeMs - nanosToMillis(node.selector.offsetNs);
    const start = end - nanosToMillis(node.rangeNs);
    const result: {labels: Labels; points: Point[]}[] = [];
    for (const {labels, samples} of this.#storage.series) {
      if (!matchesAll(labels, node.selector.matchers)) continue;
      const points = samples
        .filter(({timeMs, bits}) => timeMs > start && timeMs <= end && bits !== STALE_NAN_BITS)
        .map(({timeMs, bits}) => ({timeMs, value: floatOf(bits)}));
      if (points.length > 0) result.push({labels, points});
    }
    return result;
  }

  #call(call: Call, timeMs: number): NaiveSample[] {
    const {name} = call.func;
    const matrix = call.args.find((arg) => arg.kind === 'matrixSelector' || arg.kind === 'subquery');
    if (matrix !== undefined) return this.#rangeCall(call, matrix, timeMs);
    if (name === 'vector') return [{labels: Labels.empty, value: this.scalar(call.args[0], timeMs)}];
    const input = this.vector(call.args[0], timeMs);
    if (name === 'absent') return input.length > 0 ? [] : [{labels: Labels.empty, value: 1}];
    const apply =
      name === 'clamp_max' ? (x: number) => Math.min(this.scalar(call.args[1], timeMs), x) : FLOAT_FUNCTIONS[name];
    return distinct(input.map(({labels, value}) => ({labels: unnamed(labels), value: apply(value)})));
  }

  #rangeCall(call: Call, node: MatrixSelector | Subquery, timeMs: number): NaiveSample[] {
    const {name} = call.func;
    const parameter = call.args.find((arg) => arg.type === 'scalar');
    const p = parameter === undefined ? NaN : this.scalar(parameter, timeMs);
    const {offsetNs} = node.kind === 'subquery' ? node : node.selector;
    const end = timeMs - nanosToMillis(offsetNs);
    const rangeMs = nanosToMillis(node.rangeNs);
    const result: NaiveSample[] = [];
    for (const {labels, points} of this.#window(node, timeMs)) {
      const value = overWindow(name, points, p, end, rangeMs, timeMs);
      if (value !== undefined) result.push({labels: /^(first|last)_over/.test(name) ? labels : unnamed(labels), value});
    }
    return distinct(result);
  }

  #aggregate(node: Aggregation, timeMs: number): NaiveSample[] {
    const p = node.param === undefined || node.op === 'count_values' ? NaN : this.scalar(node.param, timeMs);
    const groups = new Map<string, {labels: Labels; rows: NaiveSample[]}>();
    for (const row of this.vector(node.expr, timeMs)) {
      let {labels} = row;
      if (node.op === 'count_values' && node.param?.kind === 'string') {
        labels = withLabel(labels, node.param.value, formatFloatPlain(row.value));
      }
      const names =
        node.param?.kind === 'string' && !node.without ? [...node.grouping, node.param.value] : node.grouping;
      const group = node.without ? without(labels, [METRIC_NAME, ...names]) : only(labels, names);
      const key = group.toString();
      if (!groups.has(key)) groups.set(key, {labels: group, rows: []});
      groups.get(key)!.rows.push(row);
    }
    const result: NaiveSample[] = [];
    for (const {labels, rows} of groups.values()) {
      if (node.op === 'topk' || node.op === 'bottomk' || node.op === 'limitk') result.push(...select(node.op, p, rows));
      else
        result.push({
          labels,
          value: aggregate(
            node.op,
            rows.map(({value}) => value),
            p,
          ),
        });
    }
    return result;
  }

  #binary(node: BinaryExpr, timeMs: number): NaiveSample[] {
    const {lhs, rhs, op, returnBool} = node;
    if (lhs.type === 'scalar' || rhs.type === 'scalar') return this.#withScalar(node, timeMs);
    const left = this.vector(lhs, timeMs);
    const right = this.vector(rhs, timeMs);
    const {on, labels: names, cardinality, include} = node.matching!;
    const signature = (labels: Labels) =>
      (on ? only(labels, names) : without(labels, [METRIC_NAME, ...names])).toString();
    if (isSetOperator(op)) return setOperation(op, left, right, signature);
    if (left.length === 0 || right.length === 0) return [];
    const isSwapped = cardinality === 'one-to-many';
    const [many, one] = isSwapped ? [right, left] : [left, right];
    const ones = new Map<string, NaiveSample>();
    for (const row of one) {
      const key = signature(row.labels);
      if (ones.has(key)) throw new Error(`found duplicate series for the match group`);
      ones.set(key, row);
    }
    const matched = new Set<string>();
    const result: NaiveSample[] = [];
    for (const row of many) {
      const key = signature(row.labels);
      const partner = ones.get(key);
      if (partner === undefined) continue;
      const [x, y] = isSwapped ? [partner.value, row.value] : [row.value, partner.value];
      const value = compute(op, x, y, returnBool);
      let labels = returnBool || !isComparison(op) ? unnamed(row.labels) : row.labels;
      if (cardinality === 'one-to-one') labels = on ? only(labels, names) : without(labels, names);
      for (const name of include) labels = withLabel(labels, name, partner.labels.get(name));
      const mark = cardinality === 'one-to-one' ? key : `${key}\n${labels}`;
      if (matched.has(mark)) throw new Error('multiple matches for labels');
      matched.add(mark);
      if (value !== undefined) result.push({labels, value});
    }
    return distinct(result);
  }

  #withScalar(node: BinaryExpr, timeMs: number): NaiveSample[] {
    const isLeft = node.lhs.type === 'scalar';
    const scalar = this.scalar(isLeft ? node.lhs : node.rhs, timeMs);
    const dropsName = node.returnBool || !isComparison(node.op);
    const result: NaiveSample[] = [];
    for (const {labels, value} of this.vector(isLeft ? node.rhs : node.lhs, timeMs)) {
      let computed = isLeft
        ? compute(node.op, scalar, value, node.returnBool)
        : compute(node.op, value, scalar, node.returnBool);
      if (computed !== undefined && isLeft && isComparison(node.op) && !node.returnBool) computed = value;
      if (computed !== undefined) result.push({labels: dropsName ? unnamed(labels) : labels, value: computed});
    }
    return distinct(result);
  }
}

function setOperation(
  op: BinaryOp,
  left: NaiveSample[],
  right: NaiveSample[],
  signature: (labels: Labels) => string,
): NaiveSample[] {
  const keysOf = (rows: NaiveSample[]) => new Set(rows.map(({labels}) => signature(labels)));
  if (op === 'or') return [...left, ...right.filter(({labels}) => !keysOf(left).has(signature(labels)))];
  return left.filter(({labels}) => keysOf(right).has(signature(labels)) === (op === 'and'));
}

function compute(op: BinaryOp, x: number, y: number, returnBool: boolean): number | undefined {
  const holds = (condition: boolean) => (returnBool ? Number(condition) : condition ? x : undefined);
  switch (op) {
    case '+':
      return x + y;
    case '-':
      return x - y;
    case '*':
      return x * y;
    case '/':
      return x / y;
    case '%':
      return x % y;
    case '^':
      return pow(x, y);
    case 'atan2':
      return atan2(x, y);
    case '==':
      return holds(x === y);
    case '!=':
      return holds(x !== y);
    case '<':
      return holds(x < y);
    case '<=':
      return holds(x <= y);
    case '>':
      return holds(x > y);
    case '>=':
      return holds(x >= y);
    default:
      throw new Error(`naive: no operator ${op}`);
  }
}

/** Neumaier's sum of `sum` + compensation `c` and `value`. */
function kahan(value: number, sum: number, c: number): [sum: number, c: number] {
  const total = sum + value;
  if (Math.abs(total) === Infinity) return [total, 0];
  if (Math.abs(sum) >= Math.abs(value)) return [total, c + (sum - total + value)];
  return [total, c + (value - total + sum)];
}

function sumOf(values: readonly number[], startsWithFirst: boolean): number {
  let [sum, c] = startsWithFirst ? [values[0], 0] : [0, 0];
  for (const value of startsWithFirst ? values.slice(1) : values) [sum, c] = kahan(value, sum, c);
  return !startsWithFirst && Math.abs(sum) === Infinity ? sum : sum + c;
}

function avgOf(values: readonly number[]): number {
  let [sum, c] = [values[0], 0];
  let isIncremental = false;
  for (let i = 1; i < values.length; i++) {
    const count = i + 1;
    if (!isIncremental) {
      const [nextSum, nextC] = kahan(values[i], sum, c);
      if (Math.abs(nextSum) !== Infinity) {
        [sum, c] = [nextSum, nextC];
        continue;
      }
      isIncremental = true;
      sum /= count - 1;
      c /= count - 1;
    }
    const q = (count - 1) / count;
    [sum, c] = kahan(values[i] / count, q * sum, q * c);
  }
  return isIncremental ? sum + c : sum / values.length + c / values.length;
}

function quantileOf(q: number, values: readonly number[]): number {
  if (Number.isNaN(q)) return NaN;
  if (q < 0) return -Infinity;
  if (q > 1) return Infinity;
  const sorted = values.toSorted((a, b) => (Number.isNaN(a) ? -1 : Number.isNaN(b) ? 1 : a - b));
  const rank = q * (sorted.length - 1);
  const lower = Math.max(0, Math.floor(rank));
  const upper = Math.min(sorted.length - 1, lower + 1);
  const weight = rank - Math.floor(rank);
  return sorted[lower] * (1 - weight) + sorted[upper] * weight;
}

function extreme(values: readonly number[], sign: 1 | -1): number {
  let best = values[0];
  for (const value of values) if (value * sign > best * sign || Number.isNaN(best)) best = value;
  return best;
}

function aggregate(op: Aggregation['op'], values: readonly number[], p: number): number {
  switch (op) {
    case 'sum':
      return sumOf(values, true);
    case 'avg':
      return avgOf(values);
    case 'count':
    case 'count_values':
      return values.length;
    case 'group':
      return 1;
    case 'min':
      return extreme(values, -1);
    case 'max':
      return extreme(values, 1);
    case 'quantile':
      return quantileOf(p, values);
    case 'stdvar':
    case 'stddev': {
      let [mean, sum] = [values[0], values[0] - values[0]];
      for (let i = 1; i < values.length; i++) {
        const delta = values[i] - mean;
        mean += delta / (i + 1);
        sum += delta * (values[i] - mean);
      }
      return op === 'stdvar' ? sum / values.length : Math.sqrt(sum / values.length);
    }
    default:
      throw new Error(`naive: no aggregation ${op}`);
  }
}

/** The chosen rows; values alone decide here, so data with equal values at the border is no test. */
function select(op: 'topk' | 'bottomk' | 'limitk', k: number, rows: readonly NaiveSample[]): NaiveSample[] {
  const count = Math.max(0, Math.trunc(k));
  if (op === 'limitk') return rows.slice(0, count);
  const sign = op === 'topk' ? -1 : 1;
  const order = (a: number, b: number) => (Number.isNaN(a) ? 1 : Number.isNaN(b) ? -1 : sign * (a - b));
  return rows.toSorted((a, b) => order(a.value, b.value)).slice(0, count);
}

function overWindow(
  name: string,
  points: readonly Point[],
  p: number,
  end: number,
  rangeMs: number,
  now: number,
): number | undefined {
  const values = points.map(({value}) => value);
  switch (name) {
    case 'rate':
    case 'increase':
    case 'delta':
      return extrapolated(name, points, end, rangeMs);
    case 'irate':
    case 'idelta':
      return lastTwo(name === 'irate', points);
    case 'count_over_time':
      return values.length;
    case 'sum_over_time':
      return sumOf(values, false);
    case 'avg_over_time':
      return avgOf(values);
    case 'min_over_time':
      return extreme(values, -1);
    case 'max_over_time':
      return extreme(values, 1);
    case 'first_over_time':
      return values[0];
    case 'last_over_time':
      return values.at(-1);
    case 'present_over_time':
      return 1;
    case 'quantile_over_time':
      return quantileOf(p, values);
    case 'stdvar_over_time':
      return variance(values);
    case 'stddev_over_time':
      return Math.sqrt(variance(values));
    case 'changes':
      return values.filter((x, i) => i > 0 && x !== values[i - 1] && !(Number.isNaN(x) && Number.isNaN(values[i - 1])))
        .length;
    case 'resets':
      return values.filter((x, i) => i > 0 && x < values[i - 1]).length;
    case 'deriv':
      return points.length < 2 ? undefined : regression(points, points[0].timeMs).slope;
    case 'predict_linear': {
      if (points.length < 2) return undefined;
      const {slope, intercept} = regression(points, now);
      return slope * p + intercept;
    }
    default:
      throw new Error(`naive: no function ${name}`);
  }
}

function extrapolated(name: string, points: readonly Point[], end: number, rangeMs: number): number | undefined {
  if (points.length < 2) return undefined;
  const [first, last] = [points[0], points.at(-1)!];
  let result = last.value - first.value;
  if (name !== 'delta') {
    for (let i = 1; i < points.length; i++) if (points[i].value < points[i - 1].value) result += points[i - 1].value;
  }
  let toStart = (first.timeMs - (end - rangeMs)) / 1000;
  let toEnd = (end - last.timeMs) / 1000;
  const sampled = (last.timeMs - first.timeMs) / 1000;
  const average = sampled / (points.length - 1);
  if (toStart >= average * 1.1) toStart = average / 2;
  if (name !== 'delta' && result > 0 && first.value >= 0) toStart = Math.min(toStart, sampled * (first.value / result));
  if (toEnd >= average * 1.1) toEnd = average / 2;
  let factor = (sampled + toStart + toEnd) / sampled;
  if (name === 'rate') factor /= rangeMs / 1000;
  return result * factor;
}

function lastTwo(isRate: boolean, points: readonly Point[]): number | undefined {
  if (points.length < 2) return undefined;
  const [before, last] = points.slice(-2);
  const result = isRate && last.value < before.value ? last.value : last.value - before.value;
  return isRate ? result / ((last.timeMs - before.timeMs) / 1000) : result;
}

function variance(values: readonly number[]): number {
  let [count, mean, cMean, sum, cSum] = [0, 0, 0, 0, 0];
  for (const value of values) {
    count++;
    const delta = value - (mean + cMean);
    [mean, cMean] = kahan(delta / count, mean, cMean);
    [sum, cSum] = kahan(delta * (value - (mean + cMean)), sum, cSum);
  }
  return (sum + cSum) / count;
}

function regression(points: readonly Point[], origin: number): {slope: number; intercept: number} {
  const total = (term: (point: Point) => number) => {
    let [sum, c] = [0, 0];
    for (const point of points) [sum, c] = kahan(term(point), sum, c);
    return sum + c;
  };
  const [{value: initial}] = points;
  if (points.every(({value}) => value === initial)) {
    return Math.abs(initial) === Infinity ? {slope: NaN, intercept: NaN} : {slope: 0, intercept: initial};
  }
  const x = ({timeMs}: Point) => (timeMs - origin) / 1e3;
  const n = points.length;
  const sumX = total(x);
  const sumY = total(({value}) => value);
  const sumXY = total((point) => x(point) * point.value);
  const sumX2 = total((point) => x(point) * x(point));
  const slope = (sumXY - (sumX * sumY) / n) / (sumX2 - (sumX * sumX) / n);
  return {slope, intercept: sumY / n - (slope * sumX) / n};
}

const unnamed = (labels: Labels): Labels => without(labels, [METRIC_NAME, '__type__', '__unit__']);
const without = (labels: Labels, names: readonly string[]): Labels =>
  Labels.of([...labels.entries()].filter(([name]) => !names.includes(name)));
const only = (labels: Labels, names: readonly string[]): Labels =>
  Labels.of([...labels.entries()].filter(([name]) => names.includes(name)));
const withLabel = (labels: Labels, name: string, value: string): Labels =>
  Labels.of([...without(labels, [name]).entries(), [name, value]]);

function distinct(rows: NaiveSample[]): NaiveSample[] {
  if (new Set(rows.map(({labels}) => labels.toString())).size < rows.length) throw new Error(SAME);
  return rows;
}
