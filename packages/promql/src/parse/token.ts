import {quoteGo} from '@narthex/model/quote.ts';
import type {AggregationOp, BinaryOp} from './ast.ts';

/** Words with a meaning of their own outside braces; most may still name a metric or a label. */
export type Keyword =
  | AggregationOp
  | 'and'
  | 'or'
  | 'unless'
  | 'atan2'
  | 'anchored'
  | 'bool'
  | 'by'
  | 'fill'
  | 'fill_left'
  | 'fill_right'
  | 'group_left'
  | 'group_right'
  | 'ignoring'
  | 'offset'
  | 'on'
  | 'smoothed'
  | 'without'
  | 'start'
  | 'end'
  | 'step'
  | 'range'
  | 'max_of'
  | 'min_of';

export type HistogramKey =
  | 'sum'
  | 'count'
  | 'schema'
  | 'offset'
  | 'n_offset'
  | 'buckets'
  | 'n_buckets'
  | 'z_bucket'
  | 'z_bucket_w'
  | 'custom_values'
  | 'counter_reset_hint';

export type HistogramHint = 'unknown' | 'reset' | 'not_reset' | 'gauge';

/**
 * What a token is. Keywords, operators and punctuation are named by their canonical spelling, kinds with a text of
 * their own in capitals. `END` stands after `EOF` and after an error: the parser takes nothing beyond it.
 */
export type TokenType =
  | Keyword
  | BinaryOp
  | '!~'
  | '='
  | '=~'
  | '@'
  | '('
  | ')'
  | '['
  | ']'
  | '{'
  | '}'
  | '{{'
  | '}}'
  | ','
  | ':'
  | '_'
  | 'x'
  | 'SPACE'
  | 'IDENTIFIER'
  | 'METRIC_IDENTIFIER'
  | 'NUMBER'
  | 'DURATION'
  | 'STRING'
  | 'COMMENT'
  | 'ERROR'
  | 'EOF'
  | 'END'
  | `key:${HistogramKey}`
  | `hint:${HistogramHint}`;

export interface Token {
  readonly type: TokenType;
  /** Where it starts, in UTF-16 units. */
  readonly start: number;
  readonly end: number;
  /** Its text as written; of an `ERROR` the message. */
  readonly text: string;
}

const WORDS: readonly Keyword[] = [
  'and',
  'or',
  'unless',
  'atan2',
  'avg',
  'bottomk',
  'count',
  'count_values',
  'group',
  'limit_ratio',
  'limitk',
  'max',
  'min',
  'quantile',
  'stddev',
  'stdvar',
  'sum',
  'topk',
  'anchored',
  'bool',
  'by',
  'fill',
  'fill_left',
  'fill_right',
  'group_left',
  'group_right',
  'ignoring',
  'offset',
  'on',
  'smoothed',
  'without',
  'start',
  'end',
  'step',
  'range',
  'max_of',
  'min_of',
];

/** What a word in small letters is, where it is not just a name. */
export const KEYWORDS: ReadonlyMap<string, Keyword | 'NUMBER'> = new Map<string, Keyword | 'NUMBER'>([
  ...WORDS.map((word) => [word, word] as const),
  ['inf', 'NUMBER'],
  ['nan', 'NUMBER'],
]);

const NO_METRIC_NAMES: ReadonlySet<TokenType> = new Set<TokenType>([
  'atan2',
  'bool',
  'group_left',
  'group_right',
  'ignoring',
  'on',
  'NUMBER',
]);

/** What may name a metric: names and most keywords. */
export const METRIC_NAME_TYPES: ReadonlySet<TokenType> = new Set<TokenType>(
  [...KEYWORDS.values(), 'IDENTIFIER' as const, 'METRIC_IDENTIFIER' as const].filter(
    (type) => !NO_METRIC_NAMES.has(type),
  ),
);

/** What an expression may begin with. */
export const EXPRESSION_STARTS: ReadonlySet<TokenType> = new Set<TokenType>([
  ...METRIC_NAME_TYPES,
  ...(['(', '{', '+', '-', 'NUMBER', 'DURATION', 'STRING'] as const),
]);

export const HISTOGRAM_KEYS: ReadonlySet<string> = new Set<HistogramKey>([
  'sum',
  'count',
  'schema',
  'offset',
  'n_offset',
  'buckets',
  'n_buckets',
  'z_bucket',
  'z_bucket_w',
  'custom_values',
  'counter_reset_hint',
]);

export const HISTOGRAM_HINTS: ReadonlySet<string> = new Set<HistogramHint>(['unknown', 'reset', 'not_reset', 'gauge']);

const AGGREGATIONS: ReadonlySet<TokenType> = new Set<AggregationOp>([
  ...(['avg', 'bottomk', 'count', 'count_values', 'group', 'limit_ratio', 'limitk', 'max', 'min'] as const),
  ...(['quantile', 'stddev', 'stdvar', 'sum', 'topk'] as const),
]);

export function isAggregation(type: TokenType): type is AggregationOp {
  return AGGREGATIONS.has(type);
}

const MODIFIERS: ReadonlySet<TokenType> = new Set<TokenType>([
  ...(['anchored', 'bool', 'by', 'fill', 'fill_left', 'fill_right', 'group_left', 'group_right'] as const),
  ...(['ignoring', 'offset', 'on', 'smoothed', 'without'] as const),
]);

const OPERATORS: ReadonlySet<TokenType> = new Set<TokenType>([
  ...(['+', '-', '*', '/', '%', '^', 'atan2', '==', '!=', '<', '<=', '>', '>=', '</', '>/'] as const),
  ...(['=~', '!~', '@', 'and', 'or', 'unless'] as const),
]);

const NAMED_KINDS: Partial<Record<TokenType, string>> = {
  IDENTIFIER: 'identifier',
  METRIC_IDENTIFIER: 'metric identifier',
  STRING: 'string',
  NUMBER: 'number',
  DURATION: 'duration',
};

/** How upstream's messages name the words of a histogram literal: by the numbers its parser generator gave them. */
const UPSTREAM_NUMBERS: Partial<Record<TokenType, number>> = {
  'key:sum': 57370,
  'key:count': 57371,
  'key:schema': 57372,
  'key:offset': 57373,
  'key:n_offset': 57374,
  'key:buckets': 57375,
  'key:n_buckets': 57376,
  'key:z_bucket': 57377,
  'key:z_bucket_w': 57378,
  'key:custom_values': 57379,
  'key:counter_reset_hint': 57380,
  'hint:unknown': 57445,
  'hint:reset': 57446,
  'hint:not_reset': 57447,
  'hint:gauge': 57448,
};

/** The token as upstream's "unexpected ..." messages call it: `<op:+>`, `identifier "up"`, `string "\"a long s"...`. */
export function describeToken(token: Token): string {
  const {type} = token;
  if (type === 'EOF') return 'end of input';
  if (type === 'IDENTIFIER' || type === 'METRIC_IDENTIFIER') return `${NAMED_KINDS[type]} ${quoteGo(token.text)}`;
  if (MODIFIERS.has(type)) return `<${token.text}>`;
  if (OPERATORS.has(type)) return `<op:${token.text}>`;
  if (AGGREGATIONS.has(type)) return `<aggr:${token.text}>`;
  const number = UPSTREAM_NUMBERS[type];
  const kind = number === undefined ? NAMED_KINDS[type] : `"<Item ${number}>"`;
  return kind === undefined ? quoteShort(token.text) : `${kind} ${quoteShort(token.text)}`;
}

/** Go's `%.10q...`: the first ten characters of a text of more than ten bytes. */
function quoteShort(text: string): string {
  if (Buffer.byteLength(text) <= 10) return quoteGo(text);
  return `${quoteGo(Array.from(text.slice(0, 20)).slice(0, 10).join(''))}...`;
}
