import {formatDuration} from '@narthex/model/duration.ts';
import {isLegacyLabelName, METRIC_NAME} from '@narthex/model/labels.ts';
import type {Matcher} from '@narthex/model/matcher.ts';
import {quoteGo} from '@narthex/model/quote.ts';
import {compareUtf8} from '@narthex/model/utf8.ts';
import {formatFloatG, formatFloatPlain} from '@narthex/model/value.ts';
import {
  nanosToMillis,
  type Aggregation,
  type BinaryExpr,
  type DurationExpr,
  type DurationOperand,
  type Expr,
  type MatrixSelector,
  type NumberLiteral,
  type Subquery,
  type VectorSelector,
} from './ast.ts';

/**
 * An expression on one line, as upstream's `String()` writes it. Parsing it again gives the same tree, but for a sign
 * before an infinite base of a power.
 */
export function printExpr(expr: Expr): string {
  return new Printer().print(expr);
}

/** Writes expressions and tells where in the text each stands. */
export class Printer {
  #text = '';
  readonly #placed: ((expr: Expr, start: number, end: number) => void) | undefined;

  /** `placed` is told the place of every expression in the text that `print` returns, inner ones first. */
  constructor(placed?: (expr: Expr, start: number, end: number) => void) {
    this.#placed = placed;
  }

  print(expr: Expr): string {
    this.#text = '';
    this.#expr(expr);
    return this.#text;
  }

  #expr(expr: Expr): void {
    if (expr.kind === 'binary') {
      this.#binaryChain(expr);
      return;
    }
    const start = this.#text.length;
    this.#single(expr);
    this.#placed?.(expr, start, this.#text.length);
  }

  #single(expr: Exclude<Expr, BinaryExpr>): void {
    switch (expr.kind) {
      case 'number':
        return this.#add(printNumber(expr));
      case 'string':
        return this.#add(quoteGo(expr.value));
      case 'vectorSelector':
        return this.#add(printVectorSelector(expr));
      case 'matrixSelector':
        return this.#add(printMatrixSelector(expr));
      case 'paren':
        return this.#list('(', [expr.expr]);
      case 'unary':
        this.#add(expr.op);
        return this.#expr(expr.expr);
      case 'subquery':
        this.#expr(expr.expr);
        return this.#add(printSubquerySuffix(expr));
      case 'call':
        return this.#list(`${expr.func.name}(`, expr.args);
      case 'aggregation': {
        const args = expr.param === undefined ? [expr.expr] : [expr.param, expr.expr];
        return this.#list(`${printAggregationHead(expr)}(`, args);
      }
      default:
        expr satisfies never;
    }
  }

  #add(text: string): void {
    this.#text += text;
  }

  #list(head: string, exprs: readonly Expr[]): void {
    this.#add(head);
    for (const [i, expr] of exprs.entries()) {
      if (i > 0) this.#add(', ');
      this.#expr(expr);
    }
    this.#add(')');
  }

  /** Chains of operators may be long: down to the leftmost operand in a loop, then back. */
  #binaryChain(top: BinaryExpr): void {
    const start = this.#text.length;
    const chain: BinaryExpr[] = [];
    let expr: Expr = top;
    for (; expr.kind === 'binary'; expr = expr.lhs) chain.push(expr);
    this.#expr(expr);
    for (const binary of chain.reverse()) {
      this.#add(` ${printOperator(binary)} `);
      this.#expr(binary.rhs);
      this.#placed?.(binary, start, this.#text.length);
    }
  }
}

/** An aggregation up to its parenthesis: `sum by (job) `. */
export function printAggregationHead({op, grouping, without}: Aggregation): string {
  if (without) return `${op} without (${printLabels(grouping)}) `;
  return grouping.length > 0 ? `${op} by (${printLabels(grouping)}) ` : op;
}

function printLabels(labels: readonly string[]): string {
  return labels.map((label) => (isLegacyLabelName(label) ? label : quoteGo(label))).join(', ');
}

/** A binary operator with all that stands between its sides: `== bool on (job) group_left ()`. */
export function printOperator({op, returnBool, matching}: BinaryExpr): string {
  let text: string = op;
  if (returnBool) text += ' bool';
  if (matching === undefined) return text;
  const {cardinality, labels, on, include, fillLhs, fillRhs} = matching;
  const side = cardinality === 'many-to-one' ? 'left' : cardinality === 'one-to-many' ? 'right' : undefined;
  if (labels.length > 0 || on || side !== undefined) text += ` ${on ? 'on' : 'ignoring'} (${printLabels(labels)})`;
  if (side !== undefined) text += ` group_${side} (${printLabels(include)})`;
  if (fillLhs !== undefined && fillLhs === fillRhs) return `${text} fill (${formatFloatG(fillLhs)})`;
  if (fillLhs !== undefined) text += ` fill_left (${formatFloatG(fillLhs)})`;
  if (fillRhs !== undefined) text += ` fill_right (${formatFloatG(fillRhs)})`;
  return text;
}

/** The brackets and modifiers of a subquery: `[5m:1m] @ 7.000 offset 1m`. */
export function printSubquerySuffix(subquery: Subquery): string {
  const {rangeNs, rangeExpr, stepNs, stepExpr} = subquery;
  const step = stepNs === 0 && stepExpr === undefined ? '' : printDuration(stepNs, stepExpr);
  return `[${printDuration(rangeNs, rangeExpr)}:${step}]${printAt(subquery)}${printOffset(subquery)}`;
}

function printVectorSelector(selector: VectorSelector): string {
  return printConditions(selector) + printAt(selector) + printExtension(selector) + printOffset(selector);
}

function printMatrixSelector({selector, rangeNs, rangeExpr}: MatrixSelector): string {
  const range = `[${printDuration(rangeNs, rangeExpr)}]`;
  return printConditions(selector) + range + printExtension(selector) + printAt(selector) + printOffset(selector);
}

function printConditions({name, matchers}: VectorSelector): string {
  const isName = (matcher: Matcher) =>
    name !== '' && matcher.name === METRIC_NAME && matcher.type === '=' && matcher.value === name;
  const texts = matchers.filter((matcher) => !isName(matcher)).map(String);
  return texts.length > 0 ? `${name}{${texts.sort(compareUtf8).join(',')}}` : name;
}

function printExtension({anchored, smoothed}: VectorSelector): string {
  if (anchored) return ' anchored';
  return smoothed ? ' smoothed' : '';
}

function printAt({timestampMs, atBorder}: VectorSelector | Subquery): string {
  if (timestampMs !== undefined) return ` @ ${(timestampMs / 1000).toFixed(3)}`;
  return atBorder === undefined ? '' : ` @ ${atBorder}()`;
}

function printOffset({offsetNs, offsetExpr}: VectorSelector | Subquery): string {
  if (offsetExpr !== undefined) return ` offset ${printDurationExpr(offsetExpr)}`;
  if (offsetNs === 0) return '';
  return ` offset ${offsetNs < 0 ? '-' : ''}${printNanos(Math.abs(offsetNs))}`;
}

function printDuration(ns: number, expr: DurationExpr | undefined): string {
  return expr === undefined ? printNanos(ns) : printDurationExpr(expr);
}

function printNanos(ns: number): string {
  return formatDuration(nanosToMillis(ns));
}

/** A duration expression as written, but for a plus sign before an operand. */
export function printDurationExpr(expr: DurationExpr): string {
  const text = printBareDuration(expr);
  return expr.wrapped ? `(${text})` : text;
}

function printBareDuration({op, lhs, rhs}: DurationExpr): string {
  if (op === 'step' || op === 'range') return `${op}()`;
  const right = printOperand(rhs!);
  if (lhs === undefined) return op === '-' ? `-${right}` : right;
  const left = printOperand(lhs);
  return op === 'max_of' || op === 'min_of' ? `${op}(${left}, ${right})` : `${left} ${op} ${right}`;
}

function printOperand(operand: DurationOperand): string {
  return operand.kind === 'number' ? printNumber(operand) : printDurationExpr(operand);
}

function printNumber({value, isDuration}: NumberLiteral): string {
  if (!isDuration) return formatFloatPlain(value);
  const text = printNanos(Math.trunc(Math.abs(value) * 1e9));
  return value < 0 ? `-${text}` : text;
}
