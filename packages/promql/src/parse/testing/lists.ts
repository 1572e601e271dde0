import assert from 'node:assert/strict';
import {eachCase, type ListRunner} from '@narthex/model/testing/cases.ts';
import {extractSelectors} from '../ast.ts';
import {ParseError} from '../errors.ts';
import {formatHistogram, type HistogramLiteral} from '../histogram-literal.ts';
import {Lexer} from '../lexer.ts';
import {parseExpr, type ParserOptions} from '../parser.ts';
import {byteRange} from '../position.ts';
import {prettify} from '../prettify.ts';
import {printExpr} from '../print.ts';
import {parseSeriesDescription, type SequenceValue} from '../series-description.ts';
import type {HistogramHint, Token} from '../token.ts';
import {pairs, readText, shapeOf, shapeOfUpstream, type ConformanceText, type UpstreamNode} from './upstream-tree.ts';

// Upstream's own test tables; what the options of each list are is said in its description.

const UPSTREAM_OPTIONS: ParserOptions = {
  experimentalFunctions: true,
  durationExpressions: true,
  extendedRangeSelectors: true,
};
const ALL_OPTIONS: ParserOptions = {...UPSTREAM_OPTIONS, fillModifiers: true};

function errorOf(run: () => unknown): ParseError {
  try {
    run();
  } catch (error) {
    assert.ok(error instanceof ParseError, String(error));
    return error;
  }
  throw new assert.AssertionError({message: 'no error was thrown'});
}

interface ExpressionCase {
  readonly input: ConformanceText;
  readonly fail: boolean;
  readonly ast?: UpstreamNode;
  readonly errors?: readonly {start: number; end: number; msg: ConformanceText}[];
  readonly errorsTotal?: number;
  readonly errMsg?: ConformanceText;
}

const expressions = eachCase<ExpressionCase>(({input, fail, ast, errors, errorsTotal, errMsg}) => {
  const text = readText(input);
  if (!fail) {
    assert.deepEqual(shapeOf(text, parseExpr(text, UPSTREAM_OPTIONS)), shapeOfUpstream(ast!));
    return;
  }
  const error = errorOf(() => parseExpr(text, UPSTREAM_OPTIONS));
  if (errMsg !== undefined) assert.equal(error.message, readText(errMsg));
  if (errors === undefined) return;
  assert.equal(error.issues.length, errorsTotal ?? errors.length);
  for (const [i, {start, end, msg}] of errors.entries()) {
    const {range, message} = error.issues[i];
    assert.deepEqual([byteRange(text, range), message], [{start, end}, readText(msg)]);
  }
});

interface PrinterCase {
  readonly input: string;
  readonly expected: string;
}

const printer = eachCase<PrinterCase>(({input, expected}) => {
  assert.equal(printExpr(parseExpr(input, ALL_OPTIONS)), expected);
});

const prettifier = eachCase<PrinterCase>(({input, expected}) => {
  assert.equal(prettify(parseExpr(input, ALL_OPTIONS), 10), expected);
});

const selectorLists = eachCase<{input: string; selectors: readonly string[]}>(({input, selectors}) => {
  const found = extractSelectors(parseExpr(input)).map((matchers) => `{${matchers.map(String).join(', ')}}`);
  assert.deepEqual(found, selectors);
});

interface LexerCase {
  readonly input: ConformanceText;
  readonly fail: boolean;
  readonly seriesDesc?: boolean;
  readonly tokens?: readonly {type: string; pos: number; text: string}[];
}

const UPSTREAM_TOKENS: Readonly<Record<string, string>> = pairs(
  '( LEFT_PAREN ) RIGHT_PAREN [ LEFT_BRACKET ] RIGHT_BRACKET { LEFT_BRACE } RIGHT_BRACE {{ OPEN_HIST }} CLOSE_HIST ' +
    ', COMMA : COLON _ BLANK x TIMES = EQL == EQLC != NEQ =~ EQL_REGEX !~ NEQ_REGEX < LSS <= LTE > GTR >= GTE ' +
    '</ TRIM_UPPER >/ TRIM_LOWER + ADD - SUB * MUL / DIV % MOD ^ POW @ AT and LAND or LOR unless LUNLESS ' +
    'key:n_offset NEGATIVE_OFFSET_DESC key:n_buckets NEGATIVE_BUCKETS_DESC key:z_bucket ZERO_BUCKET_DESC ' +
    'key:z_bucket_w ZERO_BUCKET_WIDTH_DESC hint:unknown UNKNOWN_COUNTER_RESET hint:reset COUNTER_RESET ' +
    'hint:not_reset NOT_COUNTER_RESET hint:gauge GAUGE_TYPE',
);

function upstreamToken({type, start, end, text}: Token, input: string) {
  const desc = type.startsWith('key:') ? `${type.slice('key:'.length)}_DESC` : type;
  return {type: UPSTREAM_TOKENS[type] ?? desc.toUpperCase(), pos: byteRange(input, {start, end}).start, text};
}

const lexer = eachCase<LexerCase>(({input, fail, seriesDesc, tokens}) => {
  const text = readText(input);
  const lexer = new Lexer(text, seriesDesc === true ? 'series' : 'expression');
  const found: Token[] = [];
  for (let token = lexer.next(); token.type !== 'EOF'; token = lexer.next()) found.push(token);
  if (fail) assert.ok(found.some(({type}) => type === 'ERROR'));
  else
    assert.deepEqual(
      found.map((token) => upstreamToken(token, text)),
      tokens,
    );
});

interface SeriesCase {
  readonly input: string;
  readonly fail: boolean;
  readonly labels?: Readonly<Record<string, string>>;
  readonly values?: readonly {value?: number | string; omitted?: boolean}[];
  readonly errMsg?: string;
  readonly errContains?: string;
}

function upstreamValue(value: SequenceValue) {
  if (value.kind === 'omitted') return {omitted: true};
  if (value.kind === 'float' && Number.isFinite(value.value)) return {value: value.value};
  const number = value.kind === 'float' ? value.value : NaN;
  return {value: Number.isNaN(number) ? 'NaN' : number > 0 ? '+Inf' : '-Inf'};
}

const seriesDescriptions = eachCase<SeriesCase>(({input, fail, labels, values, errMsg, errContains}) => {
  if (!fail) {
    const found = parseSeriesDescription(input);
    assert.deepEqual(Object.fromEntries(found.labels.entries()), labels);
    assert.deepEqual(found.values.map(upstreamValue), values);
    return;
  }
  const {message} = errorOf(() => parseSeriesDescription(input));
  if (errMsg !== undefined) assert.equal(message, errMsg);
  if (errContains !== undefined) assert.ok(message.includes(errContains), message);
});

interface UpstreamHistogram {
  readonly Schema?: number;
  readonly Sum?: number | string;
  readonly Count?: number | string;
  readonly ZeroCount?: number;
  readonly ZeroThreshold?: number;
  readonly PositiveSpans?: readonly {Offset: number; Length: number}[];
  readonly PositiveBuckets?: readonly number[];
  readonly NegativeSpans?: readonly {Offset: number; Length: number}[];
  readonly NegativeBuckets?: readonly number[];
  readonly CustomValues?: readonly number[];
  readonly CounterResetHint?: HistogramHint;
}

function histogramOf(upstream: UpstreamHistogram): HistogramLiteral {
  const spans = (list: UpstreamHistogram['PositiveSpans']) =>
    (list ?? []).map(({Offset, Length}) => ({offset: Offset, length: Length}));
  return {
    schema: upstream.Schema ?? 0,
    sum: Number(upstream.Sum ?? 0),
    count: Number(upstream.Count ?? 0),
    zeroCount: upstream.ZeroCount ?? 0,
    zeroThreshold: upstream.ZeroThreshold ?? 0,
    positiveSpans: spans(upstream.PositiveSpans),
    positiveBuckets: upstream.PositiveBuckets ?? [],
    negativeSpans: spans(upstream.NegativeSpans),
    negativeBuckets: upstream.NegativeBuckets ?? [],
    customValues: upstream.CustomValues ?? [],
    counterResetHint: upstream.CounterResetHint ?? 'unknown',
  };
}

interface HistogramSeriesCase {
  readonly input: string;
  readonly fail: boolean;
  readonly histograms?: readonly UpstreamHistogram[];
  readonly errMsg?: string;
}

const histogramSeries = eachCase<HistogramSeriesCase>(({input, fail, histograms, errMsg}) => {
  if (fail) {
    assert.equal(errorOf(() => parseSeriesDescription(input)).message, errMsg);
    return;
  }
  const found = parseSeriesDescription(input).values.map((value) => value.kind === 'histogram' && value.histogram);
  assert.deepEqual(found, histograms!.map(histogramOf));
});

const histogramTestExpression = eachCase<{histogram: UpstreamHistogram; expression: string}>(
  ({histogram, expression}) => {
    assert.equal(formatHistogram(histogramOf(histogram)), expression);
  },
);

/** The lists of the folder `parser` that are about the language, by the name of their file. */
export const PARSER_LISTS: ReadonlyMap<string, ListRunner> = new Map([
  ['expressions.json', expressions],
  ['prettifier.json', prettifier],
  ['extract-selectors.json', selectorLists],
  ['lexer.json', lexer],
  ['series-descriptions.json', seriesDescriptions],
  ['histogram-series.json', histogramSeries],
  ['histogram-test-expression.json', histogramTestExpression],
  ['printer.json', printer],
  ['printer-utf8-labels.json', printer],
]);
