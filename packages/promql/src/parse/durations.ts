import type {DurationExpr, DurationOperand} from './ast.ts';
import {isOutOfDurationRange} from './number.ts';
import {byteRange} from './position.ts';

/** What `step()` and `range()` give. */
export interface DurationContext {
  /** The query, for the positions in errors. */
  readonly text: string;
  readonly stepMs: number;
  /** End of the query minus its start. */
  readonly rangeMs: number;
}

/** A duration expression whose value cannot be used; only seen when the query runs. The message is upstream's. */
export class DurationExprError extends Error {
  override readonly name = 'DurationExprError';
}

/**
 * The value of a duration expression in whole nanoseconds, cut to milliseconds as upstream cuts it. Only offsets may be
 * zero or negative (`'any'`). Throws `DurationExprError`.
 */
export function evaluateDuration(expr: DurationExpr, sign: 'positive' | 'any', context: DurationContext): number {
  const seconds = evaluate(expr, context);
  if (!Number.isFinite(seconds)) throw durationError(expr, 'duration is NaN or infinite', context);
  if (seconds <= 0 && sign === 'positive') throw durationError(expr, 'duration must be greater than 0', context);
  if (isOutOfDurationRange(seconds)) throw durationError(expr, 'duration is out of range', context);
  return Math.trunc(seconds * 1000) * 1e6 + 0;
}

function evaluate(operand: DurationOperand, context: DurationContext): number {
  if (operand.kind === 'number') return operand.value;
  const {op} = operand;
  const lhs = operand.lhs === undefined ? 0 : evaluate(operand.lhs, context);
  const rhs = operand.rhs === undefined ? 0 : evaluate(operand.rhs, context);
  switch (op) {
    case 'step':
      return context.stepMs / 1000;
    case 'range':
      return context.rangeMs / 1000;
    case 'min_of':
      return Math.min(lhs, rhs);
    case 'max_of':
      return Math.max(lhs, rhs);
    case '+':
      return operand.lhs === undefined ? rhs : lhs + rhs;
    case '-':
      return operand.lhs === undefined ? -rhs : lhs - rhs;
    case '*':
      return lhs * rhs;
    case '/':
      if (rhs === 0) throw durationError(operand, 'division by zero', context);
      return lhs / rhs;
    case '%':
      if (rhs === 0) throw durationError(operand, 'modulo by zero', context);
      return lhs % rhs;
    case '^':
      return power(lhs, rhs);
    default:
      return op satisfies never;
  }
}

/** Go's `math.Pow`: 1 and -1 to any power that JavaScript calls NaN are 1. */
function power(base: number, exponent: number): number {
  if (base === 1 || (base === -1 && Math.abs(exponent) === Infinity)) return 1;
  return base ** exponent;
}

function durationError(expr: DurationExpr, message: string, context: DurationContext): DurationExprError {
  const {start, end} = byteRange(context.text, expr.range);
  return new DurationExprError(`${start}:${end}: ${message}`);
}
