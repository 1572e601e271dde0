import {
  childrenOf,
  type Call,
  type Expr,
  type MatrixSelector,
  nanosToMillis,
  type Subquery,
  type VectorSelector,
} from '../parse/ast.ts';
import {DurationExprError, evaluateDuration} from '../parse/durations.ts';
import {TIME_DEPENDENT} from '../parse/functions.ts';
import {QueryError} from './query-error.ts';
import {selectorsOfStats} from './stats-selectors.ts';

/** The times that a query is evaluated at, as its text sees them through start(), end(), range() and step(). */
export interface QueryTimes {
  readonly startMs: number;
  readonly endMs: number;
  /** 0 for an instant query. */
  readonly stepMs: number;
}

/** Where a selector or subquery looks: at a fixed time, or at that of the step, moved back by an offset. */
export interface Lookup {
  readonly atMs: number | undefined;
  /** The fixed time is that of the first step only and moves on with the steps: what upstream makes of `@` in the parameter of an aggregation. */
  readonly movesOn?: boolean;
  readonly offsetMs: number;
}

/**
 * What is known about the nodes of a query before it runs: the values of modifiers and durations, and which parts are the same at every step, so that
 * one evaluation is enough. The tree itself stays as it is.
 */
export class QueryShape {
  readonly #text: string;
  readonly #times: QueryTimes;
  /** Nodes that are the same at all steps. */
  readonly #invariant = new Set<Expr>();
  /** Nodes that are to be evaluated at one step and repeated. */
  readonly #repeated = new Set<Expr>();
  /** Nodes in the parameter of an aggregation: upstream does not look for `@` and invariance there. */
  readonly #inParameter = new Set<Expr>();
  readonly #statsOnly: ReadonlySet<VectorSelector>;

  constructor(text: string, root: Expr, times: QueryTimes) {
    this.#text = text;
    this.#times = times;
    this.#statsOnly = selectorsOfStats(root);
    const order = this.#parentsFirst(root);
    for (let i = order.length - 1; i >= 0; i--) this.#examine(order[i]);
    if (this.#wantsRepeat(root)) this.#repeated.add(root);
  }

  /** Whether the node is evaluated at one step, its result repeated. */
  isRepeated(expr: Expr): boolean {
    return this.#repeated.has(expr);
  }

  /** Whether nothing but count and sum of the selector's histograms is wanted. */
  isStatsOnly(selector: VectorSelector): boolean {
    return this.#statsOnly.has(selector);
  }

  lookupOf(node: VectorSelector | Subquery): Lookup {
    const offsetNs = node.offsetExpr === undefined ? node.offsetNs : this.#duration(node.offsetExpr, 'any');
    return {atMs: this.#atOf(node), movesOn: this.#inParameter.has(node), offsetMs: nanosToMillis(offsetNs)};
  }

  rangeNsOf(node: MatrixSelector | Subquery): number {
    return node.rangeExpr === undefined ? node.rangeNs : this.#duration(node.rangeExpr, 'positive');
  }

  /** The step of a subquery in ms; 0 when the default is meant. */
  stepMsOf(node: Subquery): number {
    return nanosToMillis(node.stepExpr === undefined ? node.stepNs : this.#duration(node.stepExpr, 'positive'));
  }

  /** The value of start(), end(), range() and step(); undefined for other calls. */
  constantOf(call: Call): number | undefined {
    const {startMs, endMs, stepMs} = this.#times;
    switch (call.func.name) {
      case 'start':
        return startMs / 1000;
      case 'end':
        return endMs / 1000;
      case 'range':
        return (endMs - startMs) / 1000;
      case 'step':
        return startMs === endMs ? 0 : stepMs / 1000;
      default:
        return undefined;
    }
  }

  #parentsFirst(root: Expr): Expr[] {
    const order: Expr[] = [];
    const pending: Expr[] = [root];
    for (let expr = pending.pop(); expr !== undefined; expr = pending.pop()) {
      order.push(expr);
      const children = childrenOf(expr);
      for (let i = children.length - 1; i >= 0; i--) {
        const isParameter = expr.kind === 'aggregation' && children[i] === expr.param;
        if (isParameter || this.#inParameter.has(expr)) this.#inParameter.add(children[i]);
        pending.push(children[i]);
      }
    }
    return order;
  }

  /** Decides about one node after those below it. */
  #examine(expr: Expr): void {
    if (this.#inParameter.has(expr)) return;
    switch (expr.kind) {
      case 'vectorSelector':
      case 'subquery':
        if (expr.kind === 'subquery' && this.#invariant.has(expr.expr)) this.#repeated.add(expr.expr);
        if (this.#atOf(expr) !== undefined) this.#invariant.add(expr);
        return;
      case 'matrixSelector':
        if (this.#invariant.has(expr.selector)) this.#invariant.add(expr);
        return;
      case 'number':
      case 'string':
        this.#invariant.add(expr);
        return;
      case 'call':
        this.#examineParts(expr, this.#isInvariantCall(expr), expr.args);
        return;
      case 'binary':
        this.#examineParts(expr, this.#invariant.has(expr.lhs) && this.#invariant.has(expr.rhs), [expr.lhs, expr.rhs]);
        return;
      case 'aggregation':
      case 'unary':
      case 'paren':
        if (this.#invariant.has(expr.expr)) this.#invariant.add(expr);
        return;
      default:
        expr satisfies never;
    }
  }

  /** A node of several parts is invariant as a whole, or its invariant parts are repeated. */
  #examineParts(expr: Expr, isInvariant: boolean, parts: readonly Expr[]): void {
    if (isInvariant) {
      this.#invariant.add(expr);
      return;
    }
    for (const part of parts) if (this.#wantsRepeat(part)) this.#repeated.add(part);
  }

  #isInvariantCall(call: Call): boolean {
    if (this.constantOf(call) !== undefined) return true;
    const areArgsInvariant = call.args.every((arg) => this.#invariant.has(arg));
    if (!TIME_DEPENDENT.has(call.func.name)) return areArgsInvariant;
    return call.func.name === 'timestamp' && areArgsInvariant && withoutParens(call.args[0]).kind === 'vectorSelector';
  }

  /** Literals and range vectors are cheaper (or only possible) where they stand. */
  #wantsRepeat(expr: Expr): boolean {
    if (!this.#invariant.has(expr)) return false;
    const inner = withoutParens(expr);
    if (inner.kind === 'call' && this.constantOf(inner) !== undefined) return false;
    return inner.kind !== 'number' && inner.kind !== 'string' && inner.type !== 'matrix';
  }

  #atOf(node: VectorSelector | Subquery): number | undefined {
    if (node.timestampMs !== undefined) return node.timestampMs;
    if (node.atBorder === undefined || this.#inParameter.has(node)) return undefined;
    return node.atBorder === 'start' ? this.#times.startMs : this.#times.endMs;
  }

  #duration(expr: Parameters<typeof evaluateDuration>[0], sign: 'positive' | 'any'): number {
    const {startMs, endMs, stepMs} = this.#times;
    try {
      return evaluateDuration(expr, sign, {text: this.#text, stepMs, rangeMs: endMs - startMs});
    } catch (error) {
      if (error instanceof DurationExprError) throw new QueryError('bad_data', error.message, {cause: error});
      throw error;
    }
  }
}

export function withoutParens(expr: Expr): Expr {
  let inner = expr;
  while (inner.kind === 'paren') inner = inner.expr;
  return inner;
}
