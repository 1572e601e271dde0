import type {BinaryExpr, Expr} from './ast.ts';
import {Printer, printAggregationHead, printOperator, printSubquerySuffix} from './print.ts';

/** Upstream's width. */
const LINE_LENGTH_MAX = 100;
const INDENT = '  ';
/**
 * Every operator of a chain indents what is left of it by one more level; from here on a level adds nothing, or long
 * chains would fill the memory.
 */
const INDENT_LEVELS_MAX = 200;

/**
 * An expression over several lines, as upstream's formatter writes it: what fits in `lineLengthMax` bytes stays on one
 * line, everything else is taken apart level by level.
 */
export function prettify(expr: Expr, lineLengthMax = LINE_LENGTH_MAX): string {
  return new Prettifier(expr, lineLengthMax).format(expr, 0);
}

class Prettifier {
  readonly #lineLengthMax: number;
  /** The one-line text of the whole, and where in it every expression stands. */
  readonly #line: string;
  readonly #places = new Map<Expr, {start: number; end: number}>();
  /** Bytes before each UTF-16 unit of the line; undefined where that is the unit's own index. */
  readonly #byteOffsets: Uint32Array | undefined;

  constructor(root: Expr, lineLengthMax: number) {
    this.#lineLengthMax = lineLengthMax;
    this.#line = new Printer((expr, start, end) => this.#places.set(expr, {start, end})).print(root);
    this.#byteOffsets = Buffer.byteLength(this.#line) === this.#line.length ? undefined : byteOffsets(this.#line);
  }

  format(expr: Expr, level: number): string {
    switch (expr.kind) {
      case 'number':
      case 'string':
      case 'vectorSelector':
      case 'matrixSelector':
        return indent(level) + this.#oneLine(expr);
      case 'unary':
        return indent(level) + expr.op + this.format(expr.expr, level).trim();
      case 'subquery':
        // Not indented when it fits: upstream's habit.
        if (this.#fits(expr)) return this.#oneLine(expr);
        return this.format(expr.expr, level) + printSubquerySuffix(expr);
      case 'paren':
        return this.#block(expr, level, '', [expr.expr]);
      case 'call':
        return this.#block(expr, level, expr.func.name, expr.args);
      case 'aggregation': {
        const args = expr.param === undefined ? [expr.expr] : [expr.param, expr.expr];
        return this.#block(expr, level, printAggregationHead(expr), args);
      }
      case 'binary':
        return this.#binaryChain(expr, level);
      default:
        return expr satisfies never;
    }
  }

  #block(expr: Expr, level: number, head: string, parts: readonly Expr[]): string {
    if (this.#fits(expr)) return indent(level) + this.#oneLine(expr);
    const lines = parts.map((part) => this.format(part, level + 1)).join(',\n');
    return `${indent(level)}${head}(\n${lines}\n${indent(level)})`;
  }

  /** Chains of operators may be long: down the left side in a loop, then back up. */
  #binaryChain(top: BinaryExpr, topLevel: number): string {
    const chain: BinaryExpr[] = [];
    let expr: Expr = top;
    for (; expr.kind === 'binary' && !this.#fits(expr); expr = expr.lhs) chain.push(expr);
    let level = topLevel + chain.length;
    let text = expr.kind === 'binary' ? indent(level) + this.#oneLine(expr) : this.format(expr, level);
    for (const binary of chain.reverse()) {
      const right = this.format(binary.rhs, level);
      level--;
      text += `\n${indent(level)}${printOperator(binary)}\n${right}`;
    }
    return text;
  }

  #oneLine(expr: Expr): string {
    const {start, end} = this.#places.get(expr)!;
    return this.#line.slice(start, end);
  }

  #fits(expr: Expr): boolean {
    const {start, end} = this.#places.get(expr)!;
    const offsets = this.#byteOffsets;
    const length = offsets === undefined ? end - start : offsets[end] - offsets[start];
    return length <= this.#lineLengthMax;
  }
}

function indent(level: number): string {
  return INDENT.repeat(Math.min(level, INDENT_LEVELS_MAX));
}

/** Bytes of UTF-8 before every UTF-16 unit, and in all. The units of a pair count two each. */
function byteOffsets(text: string): Uint32Array {
  const offsets = new Uint32Array(text.length + 1);
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    const isPair = unit >= 0xd800 && unit < 0xe000;
    offsets[i + 1] = offsets[i] + (unit < 0x80 ? 1 : unit < 0x800 || isPair ? 2 : 3);
  }
  return offsets;
}
