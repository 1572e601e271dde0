import {isValidLabelName} from '@narthex/model/labels.ts';
import {quoteGo} from '@narthex/model/quote.ts';
import {KEYWORDS, type TokenType} from './token.ts';
import {rangeOf, type TokenStream} from './token-stream.ts';

const CONTEXT = 'grouping opts';

/** Keywords may name labels, except this one (upstream forgot it, and queries may rely on the error). */
const LABEL_TYPES: ReadonlySet<TokenType> = new Set<TokenType>(
  [...KEYWORDS.values(), 'IDENTIFIER' as const, 'METRIC_IDENTIFIER' as const].filter(
    (type) => type !== 'without' && type !== 'NUMBER',
  ),
);

/** `(label, "other label", ...)` after by, without, on, ignoring, group_left and group_right. */
export function parseGroupingLabels(tokens: TokenStream): string[] {
  if (!tokens.accept('(')) {
    tokens.stumble(CONTEXT, '"("');
    return [];
  }
  const labels: string[] = [];
  if (tokens.accept(')')) return labels;
  labels.push(parseLabel(tokens));
  while (!tokens.accept(')')) {
    if (!tokens.accept(',')) tokens.stumble(CONTEXT, '"," or ")"');
    else if (tokens.peek() !== ')') labels.push(parseLabel(tokens));
  }
  return labels;
}

function parseLabel(tokens: TokenStream): string {
  const type = tokens.peek();
  if (LABEL_TYPES.has(type)) return tokens.take().text;
  if (type !== 'STRING') {
    tokens.stumble(CONTEXT, 'label');
    return '';
  }
  const token = tokens.take();
  const name = tokens.unquote(token);
  if (!isValidLabelName(name)) {
    tokens.report(rangeOf(token), `invalid label name for grouping: ${quoteGo(name)}`);
  }
  return name;
}
