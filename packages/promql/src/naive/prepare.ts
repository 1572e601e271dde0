import type {Aggregation, Call, Expr, MatrixSelector, Subquery, VectorSelector} from '../parse/ast.ts';
import {nanosToMillis} from '../parse/ast.ts';
import {DurationExprError, evaluateDuration} from '../parse/durations.ts';
import {NaiveError} from './values.ts';

/** What an expression is evaluated at: `stepMs` is 0 for an instant query. */
export interface QueryTimes {
  readonly startMs: number;
  readonly endMs: number;
  readonly stepMs: number;
}

type Timed = VectorSelector | Subquery;

const TIME_DEPENDENT: ReadonlySet<string> = new Set([
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

function unparen(expr: Expr): Expr {
  return expr.kind === 'paren' ? unparen(expr.expr) : expr;
}

/**
 * What upstream works out about a tree before it evaluates it: durations, constants, which parts are the same at every step, and what time selectors with `@`
 * look at. Parameters of aggregations (`topk(scalar(x @ start()), ...)`) are left out of the last two, as upstream has it.
 */
export class PreparedTree {
  /** Parts that are evaluated at the first step only; the result is repeated. */
  readonly repeated = new Set<Expr>();
  /** Selectors whose histograms are read without their buckets, since only count and sum are asked for. */
  readonly statsOnly = new Set<VectorSelector>();
  /** Everything in parameters of aggregations. */
  readonly #inParameter = new Set<Expr>();
  readonly #text: string;
  readonly #times: QueryTimes;
  readonly #atMs = new Map<Timed, number>();
  /** How far a selector looks back from the time of each step, `@` included; set by `setOffsets`. */
  readonly #offsets = new Map<Timed, number>();

  constructor(text: string, root: Expr, times: QueryTimes) {
    this.#text = text;
    this.#times = times;
    this.#checkDurations(root);
    this.#noteStatsOnly(root, []);
    this.#noteParameters(root, false);
    const {canWrap} = this.#examine(root);
    if (canWrap) this.repeated.add(root);
    this.setOffsets(times.startMs, root);
  }

  /** An argument of a function or aggregation: parentheses around it do not count, unless upstream does not see them. */
  argument(node: Call | Aggregation, argument: Expr): Expr {
    return this.#inParameter.has(node) ? argument : unparen(argument);
  }

  rangeMs(node: MatrixSelector | Subquery): number {
    return nanosToMillis(this.#rangeNs(node));
  }

  /** As Go's Duration.Seconds. */
  rangeSeconds(node: MatrixSelector | Subquery): number {
    const ns = this.#rangeNs(node);
    return Math.trunc(ns / 1e9) + (ns % 1e9) / 1e9;
  }

  /** 0: the default. */
  stepMs(node: Subquery): number {
    return nanosToMillis(node.stepExpr === undefined ? node.stepNs : this.#duration(node.stepExpr, 'positive'));
  }

  /** The time after `@`; undefined where there is none, or where upstream does not see it. */
  atMs(node: Timed): number | undefined {
    return this.#atMs.get(node) ?? node.timestampMs;
  }

  /** The offset that was written. */
  writtenOffsetMs(node: Timed): number {
    return nanosToMillis(node.offsetExpr === undefined ? node.offsetNs : this.#duration(node.offsetExpr, 'any'));
  }

  /** How far the node looks back from the time of each step. */
  offsetMs(node: Timed): number {
    return this.#offsets.get(node)!;
  }

  /** The value of start(), end(), range() and step(); undefined for everything else. */
  constantOf(expr: Expr): number | undefined {
    if (expr.kind !== 'call') return undefined;
    const {startMs, endMs, stepMs} = this.#times;
    const constants: Record<string, number> = {
      start: startMs / 1000,
      end: endMs / 1000,
      range: (endMs - startMs) / 1000,
      step: startMs === endMs ? 0 : stepMs / 1000,
    };
    return constants[expr.func.name];
  }

  /** Works out the offsets of everything in `root` for an evaluation that begins at `startMs`; whether one changed. */
  setOffsets(startMs: number, root: Expr): boolean {
    let hasChanged = false;
    const visit = (expr: Expr, outside: readonly Subquery[]): void => {
      if (expr.kind === 'vectorSelector' || expr.kind === 'subquery') {
        const offset = this.#offsetFor(expr, startMs, outside);
        hasChanged ||= this.#offsets.get(expr) !== offset;
        this.#offsets.set(expr, offset);
      }
      const inside = expr.kind === 'subquery' ? [...outside, expr] : outside;
      for (const child of partsOf(expr)) visit(child, inside);
    };
    visit(root, []);
    return hasChanged;
  }

  #offsetFor(node: Timed, startMs: number, outside: readonly Subquery[]): number {
    const written = this.writtenOffsetMs(node);
    const atMs = this.atMs(node);
    if (atMs === undefined) return written;
    let outsideOffset = 0;
    let outsideAt: number | undefined;
    for (const subquery of outside) {
      const at = this.atMs(subquery);
      outsideOffset = this.writtenOffsetMs(subquery) + (at === undefined ? outsideOffset : 0);
      outsideAt = at ?? outsideAt;
    }
    if (outsideAt !== undefined) outsideOffset += startMs - outsideAt;
    return written + (startMs - atMs) - outsideOffset;
  }

  /** Bottom up: whether a part is the same at every step, and whether it is worth to evaluate it once. */
  #examine(expr: Expr): {isInvariant: boolean; canWrap: boolean} {
    if (this.constantOf(expr) !== undefined) return {isInvariant: true, canWrap: false};
    switch (expr.kind) {
      case 'number':
      case 'string':
        return {isInvariant: true, canWrap: false};
      case 'vectorSelector':
        return both(this.#resolveAt(expr));
      case 'matrixSelector':
        return {...this.#examine(expr.selector), canWrap: false};
      case 'subquery':
        if (this.#examine(expr.expr).isInvariant) this.repeated.add(expr.expr);
        return {isInvariant: this.#resolveAt(expr), canWrap: false};
      case 'paren':
      case 'unary':
        return this.#examine(expr.expr);
      case 'aggregation':
        return this.#examine(unparen(expr.expr));
      case 'binary':
        return this.#examineParts([expr.lhs, expr.rhs], () => true);
      case 'call':
        return this.#examineParts(expr.args.map(unparen), (areInvariant, parts) => {
          const {name} = expr.func;
          if (name === 'timestamp') return areInvariant && parts[0].kind === 'vectorSelector';
          return !TIME_DEPENDENT.has(name);
        });
      default:
        return expr satisfies never;
    }
  }

  #examineParts(
    parts: readonly Expr[],
    allows: (areInvariant: boolean, parts: readonly Expr[]) => boolean,
  ): {isInvariant: boolean; canWrap: boolean} {
    const found = parts.map((part) => this.#examine(part));
    const areInvariant = found.every(({isInvariant}) => isInvariant);
    if (areInvariant && allows(areInvariant, parts)) return both(true);
    for (const [i, {canWrap}] of found.entries()) if (canWrap) this.repeated.add(parts[i]);
    return both(false);
  }

  #resolveAt(node: Timed): boolean {
    if (node.atBorder === 'start') this.#atMs.set(node, this.#times.startMs);
    if (node.atBorder === 'end') this.#atMs.set(node, this.#times.endMs);
    return this.atMs(node) !== undefined;
  }

  #noteParameters(expr: Expr, isInside: boolean): void {
    if (isInside) this.#inParameter.add(expr);
    const parameter = expr.kind === 'aggregation' ? expr.param : undefined;
    for (const child of partsOf(expr)) this.#noteParameters(child, isInside || child === parameter);
  }

  /** `path`: the nodes above, outermost first. */
  #noteStatsOnly(expr: Expr, path: readonly Expr[]): void {
    if (expr.kind === 'vectorSelector' && isStatsOnly(path)) this.statsOnly.add(expr);
    for (const child of partsOf(expr)) this.#noteStatsOnly(child, [...path, expr]);
  }

  #checkDurations(expr: Expr): void {
    if (expr.kind === 'vectorSelector' || expr.kind === 'subquery') this.writtenOffsetMs(expr);
    if (expr.kind === 'subquery') this.stepMs(expr);
    if (expr.kind === 'subquery' || expr.kind === 'matrixSelector') this.#rangeNs(expr);
    for (const child of partsOf(expr)) this.#checkDurations(child);
  }

  #rangeNs(node: MatrixSelector | Subquery): number {
    return node.rangeExpr === undefined ? node.rangeNs : this.#duration(node.rangeExpr, 'positive');
  }

  #duration(expr: Parameters<typeof evaluateDuration>[0], sign: 'positive' | 'any'): number {
    const {startMs, endMs, stepMs} = this.#times;
    try {
      return evaluateDuration(expr, sign, {text: this.#text, stepMs, rangeMs: endMs - startMs});
    } catch (error) {
      if (error instanceof DurationExprError) throw new NaiveError(error.message);
      throw error;
    }
  }
}

const both = (holds: boolean) => ({isInvariant: holds, canWrap: holds});

function isStatsOnly(path: readonly Expr[]): boolean {
  let isOnly = false;
  for (const above of path.toReversed()) {
    if (above.kind === 'subquery') return false;
    if (above.kind === 'binary' && (above.op === '</' || above.op === '>/')) return false;
    if (above.kind !== 'call') continue;
    const {name} = above.func;
    if (name === 'histogram_quantile' || name === 'histogram_quantiles' || name === 'histogram_fraction') return false;
    if (name === 'histogram_count' || name === 'histogram_sum' || name === 'histogram_avg') isOnly = true;
  }
  return isOnly;
}

/** The parts of a node in upstream's order of visits. */
function partsOf(expr: Expr): readonly Expr[] {
  switch (expr.kind) {
    case 'matrixSelector':
      return [expr.selector];
    case 'call':
      return expr.args;
    case 'aggregation':
      return expr.param === undefined ? [expr.expr] : [expr.expr, expr.param];
    case 'binary':
      return [expr.lhs, expr.rhs];
    case 'subquery':
    case 'unary':
    case 'paren':
      return [expr.expr];
    default:
      return [];
  }
}
