import type {Matcher} from '@narthex/model/matcher.ts';
import type {PromqlFunction} from './functions.ts';

/**
 * The syntax tree of PromQL. Nodes are plain objects told apart by `kind`; the parser builds them, nobody changes them
 * afterwards.
 *
 * Every node carries the range of query text that upstream would report for it, in UTF-16 units (`text.slice(start,
 * end)`); `positionOf` in `position.ts` turns one into upstream's `line:column`, which counts bytes. The ends of some
 * ranges look odd (`(foo offset 5m)` gives the selector the parenthesis): they are upstream's, since error texts and
 * annotations show them.
 *
 * Chains of operators (`a + a + ...`) lean to the left and may be tens of thousands long: follow `lhs` in a loop, never
 * by recursion. All other nesting is at most `DEPTH_MAX` (`parser.ts`) deep, so recursion over it is safe.
 */
export type Expr =
  | NumberLiteral
  | StringLiteral
  | VectorSelector
  | MatrixSelector
  | Subquery
  | Call
  | Aggregation
  | BinaryExpr
  | UnaryExpr
  | ParenExpr;

/** What an expression evaluates to. `none` is only seen while an erroneous query is being parsed. */
export type ValueType = 'none' | 'scalar' | 'vector' | 'matrix' | 'string';

/** A stretch of query text in UTF-16 units, `end` excluded. */
export interface SourceRange {
  readonly start: number;
  readonly end: number;
}

interface Node {
  readonly range: SourceRange;
  /** What the expression evaluates to; known without walking. */
  readonly type: ValueType;
}

export type ArithmeticOp = '+' | '-' | '*' | '/' | '%' | '^' | 'atan2';
export type ComparisonOp = '==' | '!=' | '<' | '<=' | '>' | '>=';
/** Keep the observations of a native histogram below (`</`) or above (`>/`) a value. */
export type TrimOp = '</' | '>/';
export type SetOp = 'and' | 'or' | 'unless';
export type BinaryOp = ArithmeticOp | ComparisonOp | TrimOp | SetOp;

export type AggregationOp =
  | 'avg'
  | 'bottomk'
  | 'count'
  | 'count_values'
  | 'group'
  | 'limit_ratio'
  | 'limitk'
  | 'max'
  | 'min'
  | 'quantile'
  | 'stddev'
  | 'stdvar'
  | 'sum'
  | 'topk';

export interface NumberLiteral extends Node {
  readonly kind: 'number';
  /** Seconds where it was written as a duration. */
  readonly value: number;
  /** Written with units (`5m`), and printed so again. */
  readonly isDuration: boolean;
}

export interface StringLiteral extends Node {
  readonly kind: 'string';
  readonly value: string;
}

/** `@ start()` and `@ end()`: the borders of the outermost query. */
export type AtBorder = 'start' | 'end';

/** The modifiers `offset` and `@` of a selector or subquery. */
interface TimeModifiers {
  /**
   * Nanoseconds, a whole number (upstream's `OriginalOffset`); 0 without `offset`. Use `nanosToMillis` for the engine's
   * milliseconds.
   */
  readonly offsetNs: number;
  /** The expression after `offset` when it is more than a literal; `offsetNs` is 0 then. */
  readonly offsetExpr: DurationExpr | undefined;
  /** The time after `@`, in milliseconds. */
  readonly timestampMs: number | undefined;
  readonly atBorder: AtBorder | undefined;
}

export interface VectorSelector extends Node, TimeModifiers {
  readonly kind: 'vectorSelector';
  /** The metric name written before the braces, '' when there is none. */
  readonly name: string;
  /** All conditions, in the order of the text; the one for `name` comes last, as upstream has it. */
  readonly matchers: readonly Matcher[];
  /** At most one of the two; they also stand on the selector inside a matrix selector. */
  readonly anchored: boolean;
  readonly smoothed: boolean;
  /** It is the second argument of info(): a set of conditions that may match everything. */
  readonly mayMatchAll: boolean;
}

/** `selector[range]`: its offset and `@` stand on the selector. */
export interface MatrixSelector extends Node {
  readonly kind: 'matrixSelector';
  readonly selector: VectorSelector;
  /** Nanoseconds, above 0; 0 when `rangeExpr` is set. */
  readonly rangeNs: number;
  readonly rangeExpr: DurationExpr | undefined;
}

/** `expr[range:step]`. */
export interface Subquery extends Node, TimeModifiers {
  readonly kind: 'subquery';
  readonly expr: Expr;
  readonly rangeNs: number;
  readonly rangeExpr: DurationExpr | undefined;
  /** Nanoseconds; 0 when the default step is meant or `stepExpr` is set. */
  readonly stepNs: number;
  readonly stepExpr: DurationExpr | undefined;
}

export interface Call extends Node {
  readonly kind: 'call';
  readonly func: PromqlFunction;
  readonly args: readonly Expr[];
}

export interface Aggregation extends Node {
  readonly kind: 'aggregation';
  readonly op: AggregationOp;
  readonly expr: Expr;
  /** The first argument of topk, bottomk, quantile, limitk, limit_ratio (a scalar) and count_values (a string). */
  readonly param: Expr | undefined;
  readonly grouping: readonly string[];
  /** `without (grouping)` rather than `by (grouping)`. */
  readonly without: boolean;
}

export interface BinaryExpr extends Node {
  readonly kind: 'binary';
  readonly op: BinaryOp;
  readonly lhs: Expr;
  readonly rhs: Expr;
  /** How rows find each other; undefined unless both sides are instant vectors. */
  readonly matching: VectorMatching | undefined;
  /** A comparison gives 0 or 1 and does not filter. */
  readonly returnBool: boolean;
}

export type Cardinality = 'one-to-one' | 'many-to-one' | 'one-to-many' | 'many-to-many';

export interface VectorMatching {
  /** `many-to-one` is group_left, `one-to-many` group_right; set operators are always `many-to-many`. */
  readonly cardinality: Cardinality;
  /** The labels in on() or ignoring(). */
  readonly labels: readonly string[];
  readonly on: boolean;
  /** The labels in group_left() or group_right(): taken over from the "one" side. */
  readonly include: readonly string[];
  /** The value that stands for a missing left or right side; undefined drops the row. */
  readonly fillLhs: number | undefined;
  readonly fillRhs: number | undefined;
}

export interface UnaryExpr extends Node {
  readonly kind: 'unary';
  readonly op: '+' | '-';
  readonly expr: Expr;
}

export interface ParenExpr extends Node {
  readonly kind: 'paren';
  readonly expr: Expr;
}

export type DurationOp = '+' | '-' | '*' | '/' | '%' | '^' | 'step' | 'range' | 'max_of' | 'min_of';

/**
 * Arithmetic over durations after `offset` and in brackets, in seconds: `step()` and `range()` stand without operands,
 * a sign has only `rhs`, the others have both. `evaluateDuration` in `durations.ts` computes it.
 */
export interface DurationExpr {
  readonly kind: 'duration';
  readonly op: DurationOp;
  readonly lhs: DurationOperand | undefined;
  readonly rhs: DurationOperand | undefined;
  /** It stood in parentheses of its own. */
  readonly wrapped: boolean;
  readonly range: SourceRange;
}

export type DurationOperand = NumberLiteral | DurationExpr;

/** Whole milliseconds of a duration in nanoseconds, cut towards zero as upstream cuts them. */
export function nanosToMillis(ns: number): number {
  return Number.isSafeInteger(ns) ? Math.trunc(ns / 1e6) : Number(BigInt(ns) / 1_000_000n);
}

/**
 * The expressions directly below `expr` in upstream's order of visits (an aggregation's expression before its
 * parameter).
 */
export function childrenOf(expr: Expr): readonly Expr[] {
  switch (expr.kind) {
    case 'number':
    case 'string':
    case 'vectorSelector':
      return [];
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
      return expr satisfies never;
  }
}

/** Calls `visit` for `root` and everything below it, parents first, left before right. Any depth. */
export function walk(root: Expr, visit: (expr: Expr) => void): void {
  const pending: Expr[] = [root];
  for (let expr = pending.pop(); expr !== undefined; expr = pending.pop()) {
    visit(expr);
    const children = childrenOf(expr);
    for (let i = children.length - 1; i >= 0; i--) pending.push(children[i]);
  }
}

/** The conditions of every vector selector in `expr`, in upstream's order. */
export function extractSelectors(expr: Expr): (readonly Matcher[])[] {
  const selectors: (readonly Matcher[])[] = [];
  walk(expr, (node) => {
    if (node.kind === 'vectorSelector') selectors.push(node.matchers);
  });
  return selectors;
}

const COMPARISONS: ReadonlySet<string> = new Set(['==', '!=', '<', '<=', '>', '>=']);
const SET_OPERATORS: ReadonlySet<string> = new Set(['and', 'or', 'unless']);

export function isComparison(op: BinaryOp): op is ComparisonOp {
  return COMPARISONS.has(op);
}

export function isTrim(op: BinaryOp): op is TrimOp {
  return op === '</' || op === '>/';
}

export function isSetOperator(op: BinaryOp): op is SetOp {
  return SET_OPERATORS.has(op);
}
