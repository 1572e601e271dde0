import type {Matcher} from '@narthex/model/matcher.ts';
import {formatFloatPlain} from '@narthex/model/value.ts';
import {
  type AtBorder,
  type DurationExpr,
  type DurationOperand,
  type Expr,
  nanosToMillis,
  type NumberLiteral,
  type VectorMatching,
} from './ast.ts';

/** A node that is still to be written, under the words of the place where it stands, or text that is ready. */
type Part = Expr | DurationPart | string;

/** Inside brackets and after `offset` a number also says whether it was written with units. */
interface DurationPart {
  readonly kind: 'durationOperand';
  readonly operand: DurationOperand;
}

/**
 * Calls `write` with pieces of the tree as JSON, as upstream's `/api/v1/parse_query` shows it (web/api/v1/translate_ast.go): the same members, sorted
 * by name, durations in milliseconds. Nothing of it recurses, so a chain of operators may be of any length; readers of such a chain need a parser of
 * JSON that allows for its depth.
 */
export function writeTreeJson(root: Expr, write: (text: string) => void): void {
  const pending: Part[] = [root];
  for (let part = pending.pop(); part !== undefined; part = pending.pop()) {
    if (typeof part === 'string') write(part);
    else {
      const parts = partsOf(part);
      for (let i = parts.length - 1; i >= 0; i--) pending.push(parts[i]);
    }
  }
}

function partsOf(node: Exclude<Part, string>): Part[] {
  switch (node.kind) {
    case 'aggregation':
      return object('aggregation', {
        expr: [node.expr],
        grouping: json(node.grouping),
        op: json(node.op),
        param: [node.param ?? 'null'],
        without: json(node.without),
      });
    case 'binary':
      return object('binaryExpr', {
        bool: json(node.returnBool),
        lhs: [node.lhs],
        matching: [matchingJson(node.matching)],
        op: json(node.op),
        rhs: [node.rhs],
      });
    case 'call': {
      const {argTypes, name, returnType, variadic} = node.func;
      return object('call', {args: list(node.args), func: json({argTypes, name, returnType, variadic})});
    }
    case 'vectorSelector':
      return object('vectorSelector', selectorMembers(node));
    case 'matrixSelector':
      return object('matrixSelector', {...selectorMembers(node.selector), ...rangeMembers(node)});
    case 'subquery':
      return object('subquery', {
        expr: [node.expr],
        ...timeMembers(node),
        ...rangeMembers(node),
        step: json(nanosToMillis(node.stepNs)),
        stepExpr: durationParts(node.stepExpr),
      });
    case 'number':
      return object('numberLiteral', {val: json(formatFloatPlain(node.value))});
    case 'string':
      return object('stringLiteral', {val: json(node.value)});
    case 'unary':
      return object('unaryExpr', {expr: [node.expr], op: json(node.op)});
    case 'paren':
      return object('parenExpr', {expr: [node.expr]});
    case 'durationOperand':
      return operandParts(node.operand);
    default:
      return node satisfies never;
  }
}

function operandParts(operand: DurationOperand): Part[] {
  if (operand.kind === 'number') {
    return object('numberLiteral', {duration: json(operand.isDuration), val: json(formatFloatPlain(operand.value))});
  }
  return object('durationExpr', {
    lhs: durationParts(operand.lhs),
    op: json(operand.op),
    rhs: durationParts(operand.rhs),
    wrapped: json(operand.wrapped),
  });
}

interface WithTime {
  readonly offsetNs: number;
  readonly offsetExpr: DurationExpr | undefined;
  readonly timestampMs: number | undefined;
  readonly atBorder: AtBorder | undefined;
}

function timeMembers({offsetNs, offsetExpr, timestampMs, atBorder}: WithTime): Members {
  return {
    offset: json(nanosToMillis(offsetNs)),
    offsetExpr: durationParts(offsetExpr),
    startOrEnd: json(atBorder ?? null),
    timestamp: json(timestampMs ?? null),
  };
}

interface WithMatchers extends WithTime {
  readonly name: string;
  readonly matchers: readonly Matcher[];
  readonly anchored: boolean;
  readonly smoothed: boolean;
}

function selectorMembers(selector: WithMatchers): Members {
  return {
    ...timeMembers(selector),
    anchored: json(selector.anchored),
    matchers: json(selector.matchers.map(({name, type, value}) => ({name, type, value}))),
    name: json(selector.name),
    smoothed: json(selector.smoothed),
  };
}

const rangeMembers = ({rangeNs, rangeExpr}: {rangeNs: number; rangeExpr: DurationExpr | undefined}): Members => ({
  range: json(nanosToMillis(rangeNs)),
  rangeExpr: durationParts(rangeExpr),
});

function matchingJson(matching: VectorMatching | undefined): string {
  if (!matching) return 'null';
  const {cardinality, fillLhs, fillRhs, include, labels, on} = matching;
  const fillValues = {lhs: fillJson(fillLhs), rhs: fillJson(fillRhs)};
  return JSON.stringify({card: cardinality, fillValues, include, labels, on});
}

/** JSON has no word for infinities and NaN, and upstream's encoder fails on them: they are text, as values of samples are. */
function fillJson(value: NumberLiteral['value'] | undefined): number | string | null {
  if (value === undefined) return null;
  return Number.isFinite(value) ? value : formatFloatPlain(value);
}

const durationParts = (operand: DurationOperand | undefined): Part[] =>
  operand === undefined ? ['null'] : [{kind: 'durationOperand', operand}];

const list = (nodes: readonly Expr[]): Part[] => [
  '[',
  ...nodes.flatMap((node, i) => (i > 0 ? [',', node] : [node])),
  ']',
];

const json = (value: unknown): Part[] => [JSON.stringify(value)];

/** Members of an object by name. */
type Members = Readonly<Record<string, readonly Part[]>>;

function object(type: string, members: Members): Part[] {
  const all: Members = {...members, type: json(type)};
  const parts: Part[] = [];
  for (const name of Object.keys(all).sort()) {
    parts.push(`${parts.length === 0 ? '{' : ','}"${name}":`, ...all[name]!);
  }
  parts.push('}');
  return parts;
}
