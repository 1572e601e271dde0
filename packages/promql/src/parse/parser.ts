import type {Matcher} from '@narthex/model/matcher.ts';
import type {Expr} from './ast.ts';
import {checkExpr} from './check.ts';
import {ExpressionParser} from './expression-parser.ts';
import {TokenStream} from './token-stream.ts';

/** Parts of the language that upstream hides behind feature flags; all off by default. */
export interface ParserOptions {
  /** `--enable-feature=promql-experimental-functions`, limitk and limit_ratio included. */
  readonly experimentalFunctions?: boolean;
  /** `promql-duration-expr`: arithmetic in ranges, steps and offsets. */
  readonly durationExpressions?: boolean;
  /** `promql-extended-range-selectors`: `anchored` and `smoothed`. */
  readonly extendedRangeSelectors?: boolean;
  /** `promql-binop-fill-modifiers`: `fill`, `fill_left`, `fill_right`. */
  readonly fillModifiers?: boolean;
}

/**
 * Parses and checks a query. Throws `ParseError` with upstream's texts. Takes time in proportion to the text and has no
 * limit of its length, which the caller bounds; nesting beyond `DEPTH_MAX` is an error.
 */
export function parseExpr(text: string, options: ParserOptions = {}): Expr {
  const tokens = new TokenStream(text, 'expression');
  const parser = new ExpressionParser(tokens, options);
  const expr = tokens.parseWhole(() => parser.parseQuery())!;
  checkExpr(expr, tokens);
  tokens.throwIssues();
  return expr;
}

/**
 * Parses a selector without modifiers (`up{job="x"}`), as the API's `match[]` takes them. `{}` is fine here: whoever
 * needs a condition that excludes something asks for one. Throws `ParseError`.
 */
export function parseMetricSelector(text: string): readonly Matcher[] {
  const tokens = new TokenStream(text, 'expression');
  const parser = new ExpressionParser(tokens, {});
  return tokens.parseWhole(() => parser.parseMetricSelector())!.matchers;
}

/** Several of them; throws for the first that is broken. */
export function parseMetricSelectors(texts: readonly string[]): (readonly Matcher[])[] {
  return texts.map(parseMetricSelector);
}
