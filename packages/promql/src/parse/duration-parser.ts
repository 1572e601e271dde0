import type {DurationExpr, DurationOp, DurationOperand, NumberLiteral, SourceRange} from './ast.ts';
import {isOutOfDurationRange} from './number.ts';
import type {Token, TokenType} from './token.ts';
import {rangeOf, span, type TokenStream} from './token-stream.ts';

const PRECEDENCE: ReadonlyMap<TokenType, number> = new Map<TokenType, number>([
  ['+', 1],
  ['-', 1],
  ['*', 2],
  ['/', 2],
  ['%', 2],
  ['^', 3],
]);
const POWER = 3;

const ZERO: NumberLiteral = {kind: 'number', type: 'scalar', value: 0, isDuration: false, range: {start: 0, end: 0}};

/**
 * Reads what stands in brackets and after `offset`. Anything but a plain literal is an experimental duration
 * expression.
 */
export class DurationParser {
  readonly #tokens: TokenStream;
  readonly #experimental: boolean;

  constructor(tokens: TokenStream, experimental: boolean) {
    this.#tokens = tokens;
    this.#experimental = experimental;
  }

  /** A range or a step: above zero as far as can be seen. */
  parsePositive(): DurationOperand {
    const duration = this.#parse(0);
    if (duration.kind === 'duration' || !(duration.value <= 0)) return duration;
    this.#tokens.report(duration.range, 'duration must be greater than 0');
    return ZERO;
  }

  /**
   * After `offset` a literal, a signed one or a call ends the duration: `a offset 5m + 3` adds 3 to the selected
   * values. Only in or behind parentheses or a second sign operators belong to the duration, `a offset (5m) + 3`.
   */
  parseOffset(): DurationOperand {
    const type = this.#tokens.peek();
    if (type === '(') return this.#parse(0);
    if (type === '+' || type === '-') return this.#parseSignedOffset();
    return this.#parseCallOrLiteral();
  }

  #parseSignedOffset(): DurationOperand {
    const sign = this.#tokens.take();
    const type = this.#tokens.peek();
    if (type === 'NUMBER' || type === 'DURATION') return this.#signedLiteral(sign);
    if (type === '(') {
      const inner = this.#tokens.nest(() => this.#parseInParens());
      return this.#applySign(sign, wrap(inner.duration, inner.duration.range));
    }
    if (type === '+' || type === '-') {
      const operand = this.#tokens.nest(() => this.#parse(POWER));
      return this.#parseOperators(this.#applySign(sign, operand), 0);
    }
    const call = this.#parseCall();
    const range = span(sign, call.range);
    return this.#checkEnabled(durationExpr(sign.type as DurationOp, undefined, call, range));
  }

  #signedLiteral(sign: Token): NumberLiteral {
    const {value, ...literal} = this.#tokens.literal(this.#tokens.take());
    const signed = sign.type === '-' ? -value : value;
    if (isOutOfDurationRange(signed)) return this.#outOfRange(sign);
    return {...literal, value: signed, range: span(sign, literal.range)};
  }

  #parse(precedenceMin: number): DurationOperand {
    return this.#parseOperators(this.#parseOperand(), precedenceMin);
  }

  #parseOperators(first: DurationOperand, precedenceMin: number): DurationOperand {
    let lhs = first;
    for (;;) {
      const precedence = PRECEDENCE.get(this.#tokens.peek()) ?? -1;
      if (precedence < precedenceMin) return lhs;
      const operator = this.#tokens.take();
      // Powers group to the right.
      const rhs = this.#tokens.nest(() => this.#parse(precedence === POWER ? precedence : precedence + 1));
      lhs = this.#binary(operator, lhs, rhs);
    }
  }

  #binary(operator: Token, lhs: DurationOperand, rhs: DurationOperand): DurationOperand {
    this.#checkEnabled(lhs);
    const {type} = operator;
    if ((type === '/' || type === '%') && rhs.kind === 'number' && rhs.value === 0) {
      this.#tokens.report(rangeOf(operator), type === '/' ? 'division by zero' : 'modulo by zero');
      return ZERO;
    }
    this.#tokens.wrap();
    return durationExpr(type as DurationOp, lhs, rhs, span(lhs.range, rhs.range));
  }

  #parseOperand(): DurationOperand {
    const type = this.#tokens.peek();
    if (type === '+' || type === '-') {
      const sign = this.#tokens.take();
      return this.#applySign(
        sign,
        this.#tokens.nest(() => this.#parse(POWER)),
      );
    }
    if (type !== '(') return this.#parseCallOrLiteral();
    const {duration, range} = this.#tokens.nest(() => this.#parseInParens());
    return wrap(this.#checkEnabled(duration), range);
  }

  #parseInParens(): {duration: DurationOperand; range: SourceRange} {
    const open = this.#tokens.expect('(');
    const duration = this.#parse(0);
    return {duration, range: span(open, this.#tokens.expect(')'))};
  }

  #parseCallOrLiteral(): DurationOperand {
    const type = this.#tokens.peek();
    if (type !== 'NUMBER' && type !== 'DURATION') return this.#checkEnabled(this.#parseCall());
    const literal = this.#tokens.literal(this.#tokens.take());
    return isOutOfDurationRange(literal.value) ? this.#outOfRange(literal.range) : literal;
  }

  /** `step()`, `range()`, `max_of(a, b)`, `min_of(a, b)`. */
  #parseCall(): DurationExpr {
    for (;;) {
      const type = this.#tokens.peek();
      if (type === 'step' || type === 'range') return this.#parseContextCall(type);
      if (type === 'max_of' || type === 'min_of') return this.#parseChoice(type);
      this.#tokens.reject();
    }
  }

  #parseContextCall(op: 'step' | 'range'): DurationExpr {
    const name = this.#tokens.take();
    this.#tokens.expect('(');
    return durationExpr(op, undefined, undefined, span(name, this.#tokens.expect(')')));
  }

  #parseChoice(op: 'max_of' | 'min_of'): DurationExpr {
    this.#tokens.take();
    return this.#tokens.nest(() => {
      this.#tokens.expect('(');
      const lhs = this.#parse(0);
      this.#tokens.expect(',');
      const rhs = this.#parse(0);
      this.#tokens.expect(')');
      return durationExpr(op, lhs, rhs, span(lhs.range, rhs.range));
    });
  }

  #applySign(sign: Token, operand: DurationOperand): DurationOperand {
    if (operand.kind === 'duration') {
      return sign.type === '-' ? durationExpr('-', undefined, operand, span(sign, operand.range)) : operand;
    }
    const value = sign.type === '-' ? -operand.value : operand.value;
    if (isOutOfDurationRange(value)) return this.#outOfRange(sign);
    return {...operand, value, range: span(sign, operand.range)};
  }

  #outOfRange(range: SourceRange): NumberLiteral {
    this.#tokens.report({start: range.start, end: range.end}, 'duration out of range');
    return ZERO;
  }

  #checkEnabled<T extends DurationOperand>(duration: T): T {
    if (!this.#experimental) {
      this.#tokens.report(duration.range, 'experimental duration expression is not enabled');
    }
    return duration;
  }
}

function durationExpr(
  op: DurationOp,
  lhs: DurationOperand | undefined,
  rhs: DurationOperand | undefined,
  range: SourceRange,
): DurationExpr {
  return {kind: 'duration', op, lhs, rhs, wrapped: false, range};
}

/**
 * Marks a duration as standing in parentheses; a literal cannot be marked, so it gets a plus sign around it that is not
 * printed.
 */
function wrap(duration: DurationOperand, parens: SourceRange): DurationExpr {
  if (duration.kind === 'duration') return {...duration, wrapped: true};
  return {...durationExpr('+', undefined, duration, span(parens, duration.range)), wrapped: true};
}
