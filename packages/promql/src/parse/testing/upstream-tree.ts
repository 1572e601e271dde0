import type {DurationExpr, Expr} from '../ast.ts';
import {byteRange, textOfBytes} from '../position.ts';

/** A syntax tree as upstream's test tables have it: Go's field names, zero values left out, positions in bytes. */
export interface UpstreamNode {
  readonly type: string;
  readonly [field: string]: unknown;
}

/** A string of the conformance lists; bytes that are not UTF-8 come as base64. */
export type ConformanceText = string | {readonly base64: string};

export function readText(text: ConformanceText): string {
  return typeof text === 'string' ? text : textOfBytes(Buffer.from(text.base64, 'base64'));
}

function readNumber(value: unknown): number {
  if (value === '+Inf') return Infinity;
  return value === '-Inf' ? -Infinity : Number(value ?? 0);
}

/** A whole number, which is a text beyond 2^53; undefined when it is absent. */
function wholeOf(value: unknown): number | undefined {
  return value === undefined ? undefined : Number(value);
}

/** What both kinds of trees are brought to: plain data with byte positions, absent things left out. */
export interface Shape {
  readonly start: number;
  readonly end: number;
  readonly [field: string]: unknown;
}

/** A table from `key value key value ...`. */
export function pairs(text: string): Readonly<Record<string, string>> {
  const words = text.split(' ');
  return Object.fromEntries(words.flatMap((word, i) => (i % 2 === 0 ? [[word, words[i + 1]]] : [])));
}

const OPERATORS: Readonly<Record<string, string>> = pairs(
  'ADD + SUB - MUL * DIV / MOD % POW ^ ATAN2 atan2 TRIM_UPPER </ TRIM_LOWER >/ ' +
    'EQLC == NEQ != LSS < LTE <= GTR > GTE >= LAND and LOR or LUNLESS unless',
);
const CARDINALITIES: Readonly<Record<string, string>> = {
  CardOneToOne: 'one-to-one',
  CardManyToOne: 'many-to-one',
  CardOneToMany: 'one-to-many',
  CardManyToMany: 'many-to-many',
};

type Fields = Readonly<Record<string, unknown>>;

/** Leaves out what upstream leaves out: nothing, 0, false, '' and empty lists. */
function compact(fields: Fields): Fields {
  const isSet = (value: unknown) => Boolean(value) && !(Array.isArray(value) && value.length === 0);
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => isSet(value)));
}

function shape(start: number, end: number, fields: Fields): Shape {
  return {start, end, ...compact(fields)};
}

/** Upstream's tree as a shape. */
export function shapeOfUpstream(node: UpstreamNode): Shape {
  return READERS[node.type](node);
}

const child = (value: unknown): Shape | undefined =>
  value === undefined || value === null ? undefined : shapeOfUpstream(value as UpstreamNode);

function posRange(node: UpstreamNode): {start: number; end: number} {
  const {Start = 0, End} = node.PosRange as {Start?: number; End: number};
  return {start: Start, end: End};
}

function upstreamModifiers(node: UpstreamNode): Fields {
  return {
    offset: wholeOf(node.OriginalOffset),
    offsetExpr: child(node.OriginalOffsetExpr),
    timestamp: node.Timestamp === undefined ? undefined : String(wholeOf(node.Timestamp)),
    border: (node.StartOrEnd as string | undefined)?.toLowerCase(),
  };
}

const READERS: Readonly<Record<string, (node: UpstreamNode) => Shape>> = {
  NumberLiteral: (node) => {
    const {start, end} = posRange(node);
    return shape(start, end, {kind: 'number', value: String(readNumber(node.Val)), duration: node.Duration});
  },
  StringLiteral: (node) => {
    const {start, end} = posRange(node);
    return shape(start, end, {kind: 'string', value: readText((node.Val ?? '') as ConformanceText)});
  },
  ParenExpr: (node) => {
    const {start, end} = posRange(node);
    return shape(start, end, {kind: 'paren', expr: child(node.Expr)});
  },
  UnaryExpr: (node) => {
    const expr = child(node.Expr)!;
    return shape((node.StartPos as number | undefined) ?? 0, expr.end, {
      kind: 'unary',
      op: OPERATORS[node.Op as string],
      expr,
    });
  },
  VectorSelector: (node) => {
    const {start, end} = posRange(node);
    return shape(start, end, {
      kind: 'vectorSelector',
      name: node.Name,
      matchers: node.LabelMatchers,
      ...upstreamModifiers(node),
      anchored: node.Anchored,
      smoothed: node.Smoothed,
      mayMatchAll: node.BypassEmptyMatcherCheck,
    });
  },
  MatrixSelector: (node) => {
    const selector = child(node.VectorSelector)!;
    const fields = {kind: 'matrixSelector', selector, range: wholeOf(node.Range), rangeExpr: child(node.RangeExpr)};
    return shape(selector.start, node.EndPos as number, fields);
  },
  SubqueryExpr: (node) => {
    const expr = child(node.Expr)!;
    return shape(expr.start, node.EndPos as number, {
      kind: 'subquery',
      expr,
      range: wholeOf(node.Range),
      rangeExpr: child(node.RangeExpr),
      step: wholeOf(node.Step),
      stepExpr: child(node.StepExpr),
      ...upstreamModifiers(node),
    });
  },
  Call: (node) => {
    const {start, end} = posRange(node);
    const args = Array.isArray(node.Args) ? (node.Args as UpstreamNode[]).map(shapeOfUpstream) : [];
    return shape(start, end, {kind: 'call', func: node.Func, args});
  },
  AggregateExpr: (node) => {
    const {start, end} = posRange(node);
    return shape(start, end, {
      kind: 'aggregation',
      op: (node.Op as string).toLowerCase(),
      expr: child(node.Expr),
      param: child(node.Param),
      grouping: node.Grouping,
      without: node.Without,
    });
  },
  BinaryExpr: (node) => {
    const [lhs, rhs] = [child(node.LHS)!, child(node.RHS)!];
    return shape(lhs.start, rhs.end, {
      kind: 'binary',
      op: OPERATORS[node.Op as string],
      lhs,
      rhs,
      bool: node.ReturnBool,
      matching: node.VectorMatching && upstreamMatching(node.VectorMatching as UpstreamNode),
    });
  },
  DurationExpr: (node) => {
    const [lhs, rhs] = [child(node.LHS), child(node.RHS)];
    const start = lhs !== undefined && rhs !== undefined ? lhs.start : ((node.StartPos as number | undefined) ?? 0);
    const op = OPERATORS[node.Op as string] ?? (node.Op as string).toLowerCase();
    return shape(start, rhs?.end ?? lhs?.end ?? (node.EndPos as number), {
      kind: 'duration',
      op,
      lhs,
      rhs,
      wrapped: node.Wrapped,
    });
  },
};

function upstreamMatching(matching: UpstreamNode): Fields {
  const fills = (matching.FillValues ?? {}) as {LHS?: number; RHS?: number};
  return compact({
    cardinality: CARDINALITIES[(matching.Card ?? 'CardOneToOne') as string],
    labels: matching.MatchingLabels,
    on: matching.On,
    include: matching.Include,
    fillLhs: fills.LHS === undefined ? undefined : String(fills.LHS),
    fillRhs: fills.RHS === undefined ? undefined : String(fills.RHS),
  });
}

/** Our tree as a shape. */
export function shapeOf(text: string, node: Expr | DurationExpr): Shape {
  const {start, end} = byteRange(text, node.range);
  return shape(start, end, {kind: node.kind, ...fieldsOf(node, (inner) => shapeOf(text, inner))});
}

function fieldsOf(node: Expr | DurationExpr, of: (node: Expr | DurationExpr) => Shape): Fields {
  const maybe = (inner: Expr | DurationExpr | undefined) => (inner === undefined ? undefined : of(inner));
  switch (node.kind) {
    case 'number':
      return {value: String(node.value), duration: node.isDuration};
    case 'string':
      return {value: node.value};
    case 'paren':
      return {expr: of(node.expr)};
    case 'unary':
      return {op: node.op, expr: of(node.expr)};
    case 'vectorSelector': {
      const {name, anchored, smoothed, mayMatchAll} = node;
      const matchers = node.matchers.map((matcher) => ({name: matcher.name, op: matcher.type, value: matcher.value}));
      return {name, matchers, ...modifiersOf(node, maybe), anchored, smoothed, mayMatchAll};
    }
    case 'matrixSelector':
      return {selector: of(node.selector), range: node.rangeNs, rangeExpr: maybe(node.rangeExpr)};
    case 'subquery': {
      const range = {range: node.rangeNs, rangeExpr: maybe(node.rangeExpr)};
      const step = {step: node.stepNs, stepExpr: maybe(node.stepExpr)};
      return {expr: of(node.expr), ...range, ...step, ...modifiersOf(node, maybe)};
    }
    case 'call':
      return {func: node.func.name, args: node.args.map(of)};
    case 'aggregation': {
      const {op, grouping, without} = node;
      return {op, expr: of(node.expr), param: maybe(node.param), grouping, without};
    }
    case 'binary': {
      const {op, returnBool, matching} = node;
      return {op, lhs: of(node.lhs), rhs: of(node.rhs), bool: returnBool, matching: matching && matchingOf(matching)};
    }
    case 'duration':
      return {op: node.op, lhs: maybe(node.lhs), rhs: maybe(node.rhs), wrapped: node.wrapped};
    default:
      return node satisfies never;
  }
}

type Modified = Extract<Expr, {offsetNs: number}>;

function modifiersOf(node: Modified, maybe: (node: DurationExpr | undefined) => Shape | undefined): Fields {
  return {
    offset: node.offsetNs,
    offsetExpr: maybe(node.offsetExpr),
    timestamp: node.timestampMs === undefined ? undefined : String(node.timestampMs),
    border: node.atBorder,
  };
}

function matchingOf(matching: NonNullable<Extract<Expr, {kind: 'binary'}>['matching']>): Fields {
  const {cardinality, labels, on, include, fillLhs, fillRhs} = matching;
  return compact({
    cardinality,
    labels,
    on,
    include,
    fillLhs: fillLhs === undefined ? undefined : String(fillLhs),
    fillRhs: fillRhs === undefined ? undefined : String(fillRhs),
  });
}

/** A tree without positions, conditions in order of their text, for comparing two texts of the same query. */
export function withoutRanges(expr: Expr): unknown {
  return JSON.parse(
    JSON.stringify(shapeOf('', expr), (key, value: unknown) => {
      if (key === 'start' || key === 'end') return undefined;
      return key === 'matchers' ? (value as object[]).map((matcher) => JSON.stringify(matcher)).sort() : value;
    }),
  );
}
