import {METRIC_NAME} from '@narthex/model/labels.ts';
import {quoteGo} from '@narthex/model/quote.ts';
import {
  isComparison,
  isSetOperator,
  type Aggregation,
  type BinaryExpr,
  type Call,
  type Expr,
  type SourceRange,
  type UnaryExpr,
  type ValueType,
  type VectorMatching,
  type VectorSelector,
} from './ast.ts';
import {draft} from './draft.ts';

/** Where the checker says what is wrong. */
export interface IssueSink {
  readonly text: string;
  report(range: SourceRange, message: string): void;
}

/**
 * Checks types and everything else that a parsed query may get wrong, and settles what depends on types: vector
 * matching is removed where a side is no vector and becomes many-to-many for set operators. Reports in upstream's
 * order.
 */
export function checkExpr(root: Expr, issues: IssueSink): void {
  new Checker(issues).check(root);
}

/** Types as the documentation calls them. */
function documented(type: ValueType): string {
  if (type === 'vector') return 'instant vector';
  return type === 'matrix' ? 'range vector' : type;
}

class Checker {
  readonly #issues: IssueSink;

  constructor(issues: IssueSink) {
    this.#issues = issues;
  }

  check(expr: Expr): void {
    switch (expr.kind) {
      case 'number':
      case 'string':
        return;
      case 'vectorSelector':
        return this.#vectorSelector(expr);
      case 'matrixSelector':
        return this.#vectorSelector(expr.selector);
      case 'paren':
        return this.check(expr.expr);
      case 'unary':
        return this.#unary(expr);
      case 'subquery':
        this.check(expr.expr);
        if (expr.expr.type === 'vector') return;
        return this.#report(expr, `subquery is only allowed on instant vector, got ${expr.expr.type} instead`);
      case 'call':
        return this.#call(expr);
      case 'aggregation':
        return this.#aggregation(expr);
      case 'binary':
        return this.#binaryChain(expr);
      default:
        expr satisfies never;
    }
  }

  #report(expr: Expr, message: string): void {
    this.#issues.report(expr.range, message);
  }

  #expectType(expr: Expr, wanted: ValueType, context: string): void {
    this.check(expr);
    if (expr.type === wanted) return;
    this.#report(expr, `expected type ${documented(wanted)} in ${context}, got ${documented(expr.type)}`);
  }

  #vectorSelector(selector: VectorSelector): void {
    if (selector.name !== '') {
      for (const {name, value} of selector.matchers.slice(0, -1)) {
        if (name !== METRIC_NAME) continue;
        const names = `${quoteGo(selector.name)} or ${quoteGo(value)}`;
        this.#report(selector, `metric name must not be set twice: ${names}`);
      }
      return;
    }
    if (selector.mayMatchAll || selector.matchers.some((matcher) => !matcher.matchesEmpty)) return;
    this.#report(selector, 'vector selector must contain at least one non-empty matcher');
  }

  #unary(unary: UnaryExpr): void {
    this.check(unary.expr);
    const {type} = unary.expr;
    if (type === 'scalar' || type === 'vector') return;
    const got = quoteGo(documented(type));
    this.#report(unary, `unary expression only allowed on expressions of type scalar or instant vector, got ${got}`);
  }

  #aggregation({op, expr, param}: Aggregation): void {
    this.#expectType(expr, 'vector', 'aggregation expression');
    if (param === undefined) return;
    this.#expectType(param, op === 'count_values' ? 'string' : 'scalar', 'aggregation parameter');
  }

  #call(call: Call): void {
    const {func, args} = call;
    this.#argumentCount(call);
    if (func.name === 'info' && args.length > 1) this.#infoSelector(call, args[1]);
    // Arguments beyond those of a function that takes no more are not looked at.
    const count = func.variadic === 0 ? Math.min(args.length, func.argTypes.length) : args.length;
    for (let i = 0; i < count; i++) {
      const wanted = func.argTypes[Math.min(i, func.argTypes.length - 1)];
      this.#expectArgument(args[i], wanted, func.name);
    }
  }

  #expectArgument(arg: Expr, wanted: ValueType, name: string): void {
    this.#expectType(arg, wanted, `call to function ${quoteGo(name)}`);
  }

  #argumentCount(call: Call): void {
    const {name, argTypes, variadic} = call.func;
    const got = call.args.length;
    const where = `argument(s) in call to ${quoteGo(name)}, got ${got}`;
    if (variadic === 0) {
      if (got !== argTypes.length) this.#report(call, `expected ${argTypes.length} ${where}`);
      return;
    }
    const min = argTypes.length - 1;
    if (got < min) this.#report(call, `expected at least ${min} ${where}`);
    else if (variadic > 0 && got > min + variadic) this.#report(call, `expected at most ${min + variadic} ${where}`);
  }

  /** The second argument of info() looks like a selector but is only a set of conditions. */
  #infoSelector(call: Call, arg: Expr): void {
    if (arg.type !== 'vector') {
      this.#report(call, `expected type instant vector in call to function "info", got ${documented(arg.type)}`);
    }
    if (arg.kind !== 'vectorSelector') this.#report(arg, 'expected label selectors only');
    else if (arg.name !== '') this.#report(arg, 'expected label selectors only, got vector selector instead');
    else draft(arg).mayMatchAll = true;
  }

  /** Chains of operators lean to the left and may be long: down them in a loop, then up. */
  #binaryChain(top: BinaryExpr): void {
    const chain: BinaryExpr[] = [];
    let expr: Expr = top;
    for (; expr.kind === 'binary'; expr = expr.lhs) chain.push(expr);
    this.check(expr);
    for (const binary of chain.reverse()) {
      this.check(binary.rhs);
      this.#binary(binary);
    }
  }

  #binary(binary: BinaryExpr): void {
    const {op, lhs, rhs, returnBool} = binary;
    const matching = binary.matching!;
    if (returnBool && !isComparison(op)) {
      this.#reportOperator(binary, 'bool modifier can only be used on comparison operators');
    }
    if (isComparison(op) && !returnBool && lhs.type === 'scalar' && rhs.type === 'scalar') {
      this.#reportOperator(binary, 'comparisons between scalars must use BOOL modifier');
    }
    this.#matchingLabels(binary, matching);
    const problem = 'binary expression must contain only scalar and instant vector types';
    if (lhs.type !== 'scalar' && lhs.type !== 'vector') this.#report(lhs, problem);
    if (rhs.type !== 'scalar' && rhs.type !== 'vector') this.#report(rhs, problem);
    if (lhs.type !== 'vector' || rhs.type !== 'vector') this.#withoutMatching(binary, matching);
    else if (isSetOperator(op)) this.#setOperation(binary, matching);
    if ((lhs.type === 'scalar' || rhs.type === 'scalar') && isSetOperator(op)) {
      this.#report(binary, `set operator ${quoteGo(op)} not allowed in binary scalar expression`);
    }
  }

  #matchingLabels(binary: BinaryExpr, {on, labels, include}: VectorMatching): void {
    if (!on) return;
    for (const label of labels) {
      for (const included of include) {
        if (label !== included) continue;
        this.#reportOperator(binary, `label ${quoteGo(label)} must not occur in ON and GROUP clause at once`);
      }
    }
  }

  #withoutMatching(binary: BinaryExpr, matching: VectorMatching): void {
    if (matching.labels.length > 0) {
      this.#report(binary, 'vector matching only allowed between instant vectors');
    }
    if (hasFill(matching)) {
      this.#report(binary, 'filling in missing series only allowed between instant vectors');
    }
    draft(binary).matching = undefined;
  }

  #setOperation(binary: BinaryExpr, matching: VectorMatching): void {
    if (matching.cardinality === 'one-to-one') draft(binary).matching = {...matching, cardinality: 'many-to-many'};
    else {
      this.#report(binary, `no grouping allowed for ${quoteGo(binary.op)} operation`);
      this.#report(binary, 'set operations must always be many-to-many');
    }
    if (hasFill(matching)) this.#report(binary, 'filling in missing series not allowed for set operators');
  }

  /** Reports the operator with its modifiers: what stands between the two sides. */
  #reportOperator({lhs, rhs}: BinaryExpr, message: string): void {
    const {text} = this.#issues;
    let start = lhs.range.end;
    while (isSpaceAt(text, start)) start++;
    let end = rhs.range.start - 1;
    while (isSpaceAt(text, end)) end--;
    this.#issues.report({start, end}, message);
  }
}

function hasFill({fillLhs, fillRhs}: VectorMatching): boolean {
  return fillLhs !== undefined || fillRhs !== undefined;
}

function isSpaceAt(text: string, at: number): boolean {
  const char = text[at];
  return char === ' ' || char === '\t' || char === '\n' || char === '\r';
}
