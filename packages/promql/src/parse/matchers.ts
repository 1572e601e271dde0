import {METRIC_NAME} from '@narthex/model/labels.ts';
import {Matcher, MatcherError, type MatchType} from '@narthex/model/matcher.ts';
import type {SourceRange} from './ast.ts';
import type {Token, TokenType} from './token.ts';
import {rangeOf, span, type TokenStream} from './token-stream.ts';

const CONTEXT = 'label matching';
const MATCH_TYPES: ReadonlySet<TokenType> = new Set<TokenType>(['=', '!=', '=~', '!~']);

export interface LabelMatchers {
  readonly matchers: readonly Matcher[];
  readonly range: SourceRange;
}

/** `{name="value", "metric name", ...}`: the next token is the brace. */
export function parseLabelMatchers(tokens: TokenStream): LabelMatchers {
  const open = tokens.take();
  const matchers: Matcher[] = [];
  if (tokens.peek() !== '}') {
    parseMatcher(tokens, matchers);
    while (tokens.peek() !== '}') {
      if (!tokens.accept(',')) tokens.stumble(CONTEXT, '"," or "}"');
      else if (tokens.peek() !== '}') parseMatcher(tokens, matchers);
    }
  }
  return {matchers, range: span(open, tokens.take())};
}

/** One condition; a broken one is reported and left out. */
function parseMatcher(tokens: TokenStream, matchers: Matcher[]): void {
  const type = tokens.peek();
  if (type !== 'IDENTIFIER' && type !== 'STRING') return tokens.stumble(CONTEXT, 'identifier or "}"');
  const label = tokens.take();
  const name = type === 'STRING' ? tokens.unquote(label) : label.text;
  if (MATCH_TYPES.has(tokens.peek())) return parseComparison(tokens, label, name, matchers);
  if (type === 'IDENTIFIER') return tokens.stumble(CONTEXT, 'label matching operator');
  matchers.push(new Matcher('=', METRIC_NAME, name));
}

function parseComparison(tokens: TokenStream, label: Token, name: string, matchers: Matcher[]): void {
  const operator = tokens.take().type as MatchType;
  if (tokens.peek() !== 'STRING') return tokens.stumble(CONTEXT, 'string');
  const value = tokens.take();
  try {
    matchers.push(new Matcher(operator, name, tokens.unquote(value)));
  } catch (error) {
    if (!(error instanceof MatcherError)) throw error;
    tokens.report(span(rangeOf(label), rangeOf(value)), error.message);
  }
}
