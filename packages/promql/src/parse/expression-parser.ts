import {METRIC_NAME} from '@narthex/model/labels.ts';
import {Matcher} from '@narthex/model/matcher.ts';
import {quoteGo} from '@narthex/model/quote.ts';
import type {
  Aggregation,
  AggregationOp,
  BinaryExpr,
  BinaryOp,
  DurationOperand,
  Expr,
  SourceRange,
  VectorSelector,
} from './ast.ts';
import {parseBinaryModifiers, type BinaryModifiers} from './binary-modifiers.ts';
import {isSpace} from './cursor.ts';
import {brokenExpr} from './draft.ts';
import {DurationParser} from './duration-parser.ts';
import {FUNCTIONS} from './functions.ts';
import {parseGroupingLabels} from './grouping.ts';
import {parseLabelMatchers} from './matchers.ts';
import {setAt, setExtendedRange, setOffset, setTimestamp} from './modifiers.ts';
import {secondsToNanos} from './number.ts';
import type {ParserOptions} from './parser.ts';
import {EXPRESSION_STARTS, isAggregation, METRIC_NAME_TYPES, type Token, type TokenType} from './token.ts';
import {rangeOf, span, type TokenStream} from './token-stream.ts';

/** Binary operators by how tightly they bind. */
const PRECEDENCE: ReadonlyMap<TokenType, number> = new Map<TokenType, number>([
  ['or', 1],
  ...(['and', 'unless'] as const).map((type) => [type, 2] as const),
  ...(['==', '!=', '<', '<=', '>', '>=', '</', '>/'] as const).map((type) => [type, 3] as const),
  ...(['+', '-'] as const).map((type) => [type, 4] as const),
  ...(['*', '/', '%', 'atan2'] as const).map((type) => [type, 5] as const),
  ['^', 6],
]);
const POWER = 6;

/** Names that are functions when a parenthesis follows. */
const FUNCTION_NAMES: ReadonlySet<TokenType> = new Set<TokenType>([
  'IDENTIFIER',
  'start',
  'end',
  'step',
  'range',
  'max_of',
  'min_of',
] as const);
const AGGREGATIONS_WITH_PARAM: ReadonlySet<AggregationOp> = new Set<AggregationOp>([
  'topk',
  'bottomk',
  'count_values',
  'quantile',
  'limitk',
  'limit_ratio',
] as const);

interface Grouping {
  readonly labels: readonly string[];
  readonly without: boolean;
}

/** Reads one expression. Types are only checked afterwards, in `check.ts`. */
export class ExpressionParser {
  readonly #tokens: TokenStream;
  readonly #durations: DurationParser;
  readonly #options: ParserOptions;

  constructor(tokens: TokenStream, options: ParserOptions) {
    this.#tokens = tokens;
    this.#options = options;
    this.#durations = new DurationParser(tokens, options.durationExpressions ?? false);
  }

  /** The whole query; undefined when it is empty. */
  parseQuery(): Expr | undefined {
    if (this.#tokens.peek() !== 'EOF') return this.parse(0);
    this.#tokens.report({start: 0, end: 0}, 'no expression found in input');
    return undefined;
  }

  /** An expression of operators that bind at least as tightly as `precedenceMin`. */
  parse(precedenceMin: number): Expr {
    const operand = this.#tokens.part(() => this.#parseModifiers(this.#parseOperand()));
    return this.#parseOperators(operand, precedenceMin);
  }

  #parseOperators(first: Expr, precedenceMin: number): Expr {
    let lhs = first;
    for (;;) {
      const precedence = PRECEDENCE.get(this.#tokens.peek()) ?? -1;
      if (precedence < precedenceMin) return lhs;
      const op = this.#tokens.take().type as BinaryOp;
      const modifiers = parseBinaryModifiers(this.#tokens);
      // Powers group to the right.
      const rhs = this.#tokens.nest(() => this.parse(precedence === POWER ? precedence : precedence + 1));
      lhs = this.#binary(op, lhs, rhs, modifiers);
    }
  }

  #binary(op: BinaryOp, lhs: Expr, rhs: Expr, {matching, returnBool}: BinaryModifiers): BinaryExpr {
    const range = span(lhs.range, rhs.range);
    const type = lhs.type === 'scalar' && rhs.type === 'scalar' ? 'scalar' : 'vector';
    if (!this.#options.fillModifiers && (matching.fillLhs !== undefined || matching.fillRhs !== undefined)) {
      this.#tokens.report(range, 'binop fill modifiers are experimental and not enabled');
    }
    return {kind: 'binary', type, op, lhs, rhs, matching, returnBool, range};
  }

  #parseOperand(): Expr {
    const tokens = this.#tokens;
    for (;;) {
      const type = tokens.peek();
      switch (type) {
        case '(':
          return this.#parseParens();
        case '+':
        case '-':
          return this.#parseSign(type);
        case 'NUMBER':
        case 'DURATION':
          return tokens.literal(tokens.take());
        case 'STRING':
          return this.#parseString();
        case '{':
          return this.#parseSelector(undefined);
        default:
          if (METRIC_NAME_TYPES.has(type)) return this.#parseNamed();
          tokens.reject();
      }
    }
  }

  #parseString(): Expr {
    const token = this.#tokens.take();
    return {kind: 'string', type: 'string', value: this.#tokens.unquote(token), range: rangeOf(token)};
  }

  #parseParens(): Expr {
    const tokens = this.#tokens;
    const open = tokens.take();
    let inner = tokens.nest(() => this.parse(0));
    // After an error the tokens that follow are tried as parts of the expression again.
    while (tokens.peek() !== ')') {
      tokens.reject();
      inner = this.#parseOperators(this.#parseModifiers(inner), 0);
    }
    return {kind: 'paren', type: inner.type, expr: inner, range: span(open, tokens.take())};
  }

  #parseSign(op: '+' | '-'): Expr {
    const tokens = this.#tokens;
    const sign = tokens.take();
    const expr = tokens.nest(() => this.parse(POWER));
    const range = span(sign, expr.range);
    if (expr.kind !== 'number') return {kind: 'unary', type: expr.type, op, expr, range};
    return {...expr, value: op === '-' ? -expr.value : expr.value, range};
  }

  /** What begins with a word: an aggregation, a call or a selector. */
  #parseNamed(): Expr {
    const tokens = this.#tokens;
    const name = tokens.take();
    const follows = tokens.peek();
    if (isAggregation(name.type) && (follows === '(' || follows === 'by' || follows === 'without')) {
      return this.#parseAggregation(name, name.type);
    }
    return follows === '(' && FUNCTION_NAMES.has(name.type) ? this.#parseCall(name) : this.#parseSelector(name);
  }

  #parseSelector(name: Token | undefined): VectorSelector {
    const tokens = this.#tokens;
    const braces = tokens.peek() === '{' ? parseLabelMatchers(tokens) : undefined;
    const matchers = [...(braces?.matchers ?? [])];
    if (name !== undefined) matchers.push(new Matcher('=', METRIC_NAME, name.text));
    return {
      kind: 'vectorSelector',
      type: 'vector',
      name: name?.text ?? '',
      matchers,
      offsetNs: 0,
      offsetExpr: undefined,
      timestampMs: undefined,
      atBorder: undefined,
      anchored: false,
      smoothed: false,
      mayMatchAll: false,
      range: span(name ?? braces!.range, braces?.range ?? name!),
    };
  }

  /** Conditions of a selector without modifiers, for the API's `match[]`. */
  parseMetricSelector(): VectorSelector {
    const tokens = this.#tokens;
    while (tokens.peek() !== '{' && !METRIC_NAME_TYPES.has(tokens.peek())) tokens.reject();
    return this.#parseSelector(tokens.peek() === '{' ? undefined : tokens.take());
  }

  #parseCall(name: Token): Expr {
    const args = this.#parseArguments();
    const tokens = this.#tokens;
    const func = FUNCTIONS.get(name.text);
    const range = {start: name.start, end: tokens.lastClosing};
    if (func === undefined) {
      tokens.report(rangeOf(name), `unknown function with name ${quoteGo(name.text)}`);
      return brokenExpr(range.start, range.end);
    }
    if (func.experimental && !this.#options.experimentalFunctions) {
      tokens.report(rangeOf(name), `function ${quoteGo(name.text)} is not enabled`);
    }
    return {kind: 'call', type: func.returnType, func, args, range};
  }

  #parseArguments(): Expr[] {
    const tokens = this.#tokens;
    tokens.expect('(');
    if (tokens.accept(')')) return [];
    return tokens.nest(() => {
      const args = [this.parse(0)];
      while (!tokens.accept(')')) {
        if (tokens.peek() === ',') this.#parseArgument(args);
        else tokens.reject();
      }
      return args;
    });
  }

  #parseArgument(args: Expr[]): void {
    const comma = this.#tokens.take();
    if (EXPRESSION_STARTS.has(this.#tokens.peek())) args.push(this.parse(0));
    else this.#tokens.report(rangeOf(comma), 'trailing commas not allowed in function call args');
  }

  #parseAggregation(name: Token, op: AggregationOp): Expr {
    const tokens = this.#tokens;
    const parts = tokens.guard(
      () => {
        const before = this.#parseGrouping();
        const args = this.#parseArguments();
        return {args, before, after: before === undefined ? this.#parseGrouping() : undefined};
      },
      'aggregation',
      '',
    );
    const grouping = parts?.before ?? parts?.after;
    const isLookedPast = parts !== undefined && grouping === undefined;
    const end = isLookedPast ? this.#endOfArguments() : tokens.lastClosing;
    return this.#aggregation(op, parts?.args ?? [], grouping, {start: name.start, end});
  }

  #parseGrouping(): Grouping | undefined {
    const type = this.#tokens.peek();
    if (type !== 'by' && type !== 'without') return undefined;
    this.#tokens.take();
    return {labels: parseGroupingLabels(this.#tokens), without: type === 'without'};
  }

  /**
   * The end of an aggregation's parentheses when the parser has looked at the token after it for `by`: where that is
   * another parenthesis, `lastClosing` is one too far.
   */
  #endOfArguments(): number {
    const {text, lastClosing} = this.#tokens;
    let end = this.#tokens.peekToken().start;
    if (text[end] !== ')') return lastClosing;
    while (end > 1 && isSpace(text.charCodeAt(end - 1))) end--;
    return text[end - 1] === ')' ? end : lastClosing;
  }

  #aggregation(op: AggregationOp, args: readonly Expr[], grouping: Grouping | undefined, range: SourceRange): Expr {
    const problem = this.#aggregationProblem(op, args.length);
    if (problem !== undefined) {
      this.#tokens.report(range, problem);
      return brokenExpr(range.start, range.end);
    }
    const node: Aggregation = {
      kind: 'aggregation',
      type: 'vector',
      op,
      expr: args.at(-1)!,
      param: args.length > 1 ? args[0] : undefined,
      grouping: grouping?.labels ?? [],
      without: grouping?.without ?? false,
      range,
    };
    return node;
  }

  #aggregationProblem(op: AggregationOp, count: number): string | undefined {
    if (count === 0) return 'no arguments for aggregate expression provided';
    if ((op === 'limitk' || op === 'limit_ratio') && !this.#options.experimentalFunctions) {
      return `${op}() is experimental and must be enabled with --enable-feature=promql-experimental-functions`;
    }
    const wanted = AGGREGATIONS_WITH_PARAM.has(op) ? 2 : 1;
    if (count === wanted) return undefined;
    return `wrong number of arguments for aggregate expression provided, expected ${wanted}, got ${count}`;
  }

  /** What follows an operand and belongs to it: ranges, `offset`, `@`, `anchored`, `smoothed`. */
  #parseModifiers(operand: Expr): Expr {
    const tokens = this.#tokens;
    let expr = operand;
    for (;;) {
      const type = tokens.peek();
      if (type === '[') expr = this.#parseBrackets(expr);
      else if (type === 'offset') this.#parseOffset(expr);
      else if (type === '@') this.#parseAt(expr);
      else if (type === 'anchored' || type === 'smoothed') {
        tokens.take();
        setExtendedRange(tokens, expr, type, this.#options.extendedRangeSelectors ?? false);
      } else return expr;
    }
  }

  #parseOffset(expr: Expr): void {
    this.#tokens.take();
    const offset = this.#tokens.guard(
      () => this.#durations.parseOffset(),
      'offset',
      'number, duration, step(), or range()',
    );
    if (offset === undefined) return;
    const {ns, expr: offsetExpr} = splitDuration(offset);
    setOffset(this.#tokens, expr, {offsetNs: ns, offsetExpr});
  }

  #parseAt(expr: Expr): void {
    const tokens = this.#tokens;
    tokens.take();
    tokens.guard(
      () => {
        const type = tokens.peek();
        if (type !== 'start' && type !== 'end') return setTimestamp(tokens, expr, tokens.expectSignedNumber());
        tokens.take();
        tokens.expect('(');
        tokens.expect(')');
        return setAt(tokens, expr, {timestampMs: undefined, atBorder: type});
      },
      '@',
      'timestamp',
    );
  }

  /** `[range]`, `[range:]` or `[range:step]`. What is broken is left out. */
  #parseBrackets(expr: Expr): Expr {
    const tokens = this.#tokens;
    const open = tokens.take();
    const range = tokens.guard(
      () => this.#durations.parsePositive(),
      'subquery or range selector',
      'number, duration, step(), or range()',
    );
    if (range === undefined) return expr;
    const type = tokens.peek();
    if (type === ']') return this.#matrixSelector(expr, open, range);
    if (type === ':') return this.#parseSubquery(expr, range);
    tokens.stumble('subquery or range', '":" or "]"');
    return expr;
  }

  #parseSubquery(expr: Expr, range: DurationOperand): Expr {
    const tokens = this.#tokens;
    tokens.take();
    if (tokens.peek() === ']') return this.#subquery(expr, range, undefined);
    const step = tokens.guard(
      () => this.#durations.parsePositive(),
      'subquery selector',
      'number, duration, step(), range(), or "]"',
    );
    if (step === undefined) return expr;
    if (tokens.peek() === ']') return this.#subquery(expr, range, step);
    tokens.stumble('subquery selector', '"]"');
    return expr;
  }

  #matrixSelector(expr: Expr, open: Token, rangeOperand: DurationOperand): Expr {
    const tokens = this.#tokens;
    const close = tokens.take();
    const problem = matrixProblem(expr);
    if (problem !== undefined) tokens.report(span(open, close), problem);
    const {ns, expr: rangeExpr} = splitDuration(rangeOperand);
    return {
      kind: 'matrixSelector',
      type: 'matrix',
      // Only broken queries have anything else here.
      selector: expr as VectorSelector,
      rangeNs: ns,
      rangeExpr,
      range: {start: expr.range.start, end: tokens.lastClosing},
    };
  }

  #subquery(expr: Expr, rangeOperand: DurationOperand, stepOperand: DurationOperand | undefined): Expr {
    const close = this.#tokens.take();
    this.#tokens.wrap();
    const range = splitDuration(rangeOperand);
    const step = stepOperand === undefined ? {ns: 0, expr: undefined} : splitDuration(stepOperand);
    return {
      kind: 'subquery',
      type: 'matrix',
      expr,
      rangeNs: range.ns,
      rangeExpr: range.expr,
      stepNs: step.ns,
      stepExpr: step.expr,
      offsetNs: 0,
      offsetExpr: undefined,
      timestampMs: undefined,
      atBorder: undefined,
      range: {start: expr.range.start, end: close.end},
    };
  }
}

/** A literal as nanoseconds, anything else as the expression it is. */
function splitDuration(operand: DurationOperand) {
  if (operand.kind === 'duration') return {ns: 0, expr: operand};
  return {ns: secondsToNanos(operand.value), expr: undefined};
}

function matrixProblem(expr: Expr): string | undefined {
  if (expr.kind !== 'vectorSelector') return 'ranges only allowed for vector selectors';
  if (expr.offsetNs !== 0 || expr.offsetExpr !== undefined) return 'no offset modifiers allowed before range';
  const hasAt = expr.timestampMs !== undefined || expr.atBorder !== undefined;
  return hasAt ? 'no @ modifiers allowed before range' : undefined;
}
