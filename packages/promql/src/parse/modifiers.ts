import type {Expr, MatrixSelector} from './ast.ts';
import {draft, type AtValue, type ModifierTarget, type OffsetValue} from './draft.ts';
import {secondsToMillis} from './number.ts';
import type {TokenStream} from './token-stream.ts';

/** Sets `offset` on a selector or subquery; 0 counts as not set, as upstream. */
export function setOffset(tokens: TokenStream, expr: Expr, {offsetNs, offsetExpr}: OffsetValue): void {
  const target = modifierTarget(tokens, expr, 'offset');
  if (target === undefined) return;
  const {modified, outer} = target;
  if (modified.offsetNs !== 0 || modified.offsetExpr !== undefined) {
    tokens.report(expr.range, 'offset may not be set multiple times');
  }
  modified.offsetNs = offsetNs;
  modified.offsetExpr = offsetExpr;
  outer.range = {start: outer.range.start, end: tokens.lastClosing};
}

/** Sets `@` to a time in seconds. */
export function setTimestamp(tokens: TokenStream, expr: Expr, seconds: number): void {
  if (!(Math.abs(seconds) < 2 ** 63)) {
    tokens.report(expr.range, `timestamp out of bounds for @ modifier: ${formatFixed(seconds)}`);
  }
  setAt(tokens, expr, {timestampMs: secondsToMillis(seconds), atBorder: undefined});
}

/** Sets `@` to a time in milliseconds or a border of the query. */
export function setAt(tokens: TokenStream, expr: Expr, {timestampMs, atBorder}: AtValue): void {
  const target = modifierTarget(tokens, expr, '@');
  if (target === undefined) return;
  const {modified, outer} = target;
  if (modified.timestampMs !== undefined || modified.atBorder !== undefined) {
    tokens.report(expr.range, '@ <timestamp> may not be set multiple times');
    return;
  }
  modified.timestampMs = timestampMs;
  modified.atBorder = atBorder;
  outer.range = {start: outer.range.start, end: tokens.lastClosing};
}

function modifierTarget(tokens: TokenStream, expr: Expr, modifier: string): ModifierTarget | undefined {
  switch (expr.kind) {
    case 'vectorSelector':
      return {modified: draft(expr), outer: draft(expr)};
    case 'subquery':
      return {modified: draft(expr), outer: draft(expr)};
    case 'matrixSelector':
      if (hasSelector(expr)) return {modified: draft(expr.selector), outer: draft(expr)};
      tokens.report(expr.range, 'ranges only allowed for vector selectors');
      return undefined;
    default:
      tokens.report(
        expr.range,
        `${modifier} modifier must be preceded by an instant vector selector or range vector selector or a subquery`,
      );
      return undefined;
  }
}

/** Whether a range stands behind a selector; if not, that has been reported. */
function hasSelector(matrix: MatrixSelector): boolean {
  const inner: Expr = matrix.selector;
  return inner.kind === 'vectorSelector';
}

/** Sets `anchored` or `smoothed`. */
export function setExtendedRange(
  tokens: TokenStream,
  expr: Expr,
  modifier: 'anchored' | 'smoothed',
  enabled: boolean,
): void {
  if (!enabled) {
    tokens.report(expr.range, `${modifier} modifier is experimental and not enabled`);
    return;
  }
  if (expr.kind === 'subquery') {
    tokens.report(expr.range, `${modifier} modifier is not supported for subqueries`);
    return;
  }
  if (expr.kind !== 'vectorSelector' && expr.kind !== 'matrixSelector') {
    tokens.report(expr.range, `${modifier} modifier not implemented`);
    return;
  }
  const selector = expr.kind === 'matrixSelector' ? expr.selector : expr;
  if (expr.kind === 'matrixSelector' && !hasSelector(expr)) return;
  draft(selector)[modifier] = true;
  if (selector.anchored && selector.smoothed) {
    tokens.report(expr.range, 'anchored and smoothed modifiers cannot be used together');
  }
}

/** Go's `%f` of a float that is not small: six digits behind the point, all before it. */
function formatFixed(value: number): string {
  if (Number.isNaN(value)) return 'NaN';
  if (!Number.isFinite(value)) return value > 0 ? '+Inf' : '-Inf';
  return `${BigInt(value)}.000000`;
}
