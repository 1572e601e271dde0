import assert from 'node:assert/strict';
import {test} from 'node:test';
import fc from 'fast-check';
import {ParseError} from './errors.ts';
import {parseExpr, parseMetricSelector, type ParserOptions} from './parser.ts';
import {prettify} from './prettify.ts';
import {printExpr} from './print.ts';
import {parseMetric, parseSeriesDescription} from './series-description.ts';
import {withoutRanges} from './testing/upstream-tree.ts';

const EVERYTHING: ParserOptions = {
  experimentalFunctions: true,
  durationExpressions: true,
  extendedRangeSelectors: true,
  fillModifiers: true,
};

const of = (...texts: string[]): fc.Arbitrary<string> => fc.constantFrom(...texts);
const join = (...parts: fc.Arbitrary<string>[]) => fc.tuple(...parts).map((texts) => texts.join(''));
const text = (value: string) => fc.constant(value);

const duration = fc.letrec<{any: string}>((tie) => ({
  any: fc.oneof(
    {maxDepth: 3, depthIdentifier: 'duration'},
    of('5m', '1h30m', '300', '1.5', 'step()', 'range()', '90s'),
    join(text('('), tie('any'), text(')')),
    join(text('-('), tie('any'), text(')')),
    join(tie('any'), of(' + ', ' - ', ' * ', ' / ', ' % ', ' ^ '), tie('any')),
    join(of('max_of(', 'min_of('), tie('any'), text(', '), tie('any'), text(')')),
  ),
})).any;
const range = fc.oneof(of('5m', '1d12h', '90'), join(text('('), duration, text(')')));
const offset = fc.oneof(text(''), of(' offset 5m', ' offset -1d'), join(text(' offset ('), duration, text(')')));
const at = of('', '', ' @ 12.5', ' @ -3', ' @ start()', ' @ end()');
const extension = of('', '', ' anchored', ' smoothed');

const conditions = fc
  .array(join(of('job', '"dot.ted"', 'le'), of('=', '!=', '=~', '!~'), of('"x"', '"a|b.*"', '"é\\n"')), {maxLength: 3})
  .map((list) => `{${list.join(',')}}`);
const selector = fc.oneof(
  join(of('up', 'a:b', 'sum', 'start', 'anchored'), fc.oneof(text(''), conditions)),
  of('{job="x"}', '{"metric name",job=~"y.+"}', '{__name__="up"}'),
);

const grouping = of('', ' by (job)', ' without ("a b", x)', ' by ()', ' without ()');
const matching = of(
  '',
  '',
  ' on (job)',
  ' ignoring ()',
  ' on () group_left (x)',
  ' ignoring (a) group_right ()',
  ' fill (0)',
  ' on (a) fill_left (-Inf) fill_right (1e+30)',
);

// Infinity only in parentheses: upstream prints a sign before it, which takes a power along (`Inf ^ 2` becomes `+(Inf ^
// 2)`).
const grammar = fc.letrec<Record<'scalar' | 'vector' | 'matrix', string>>((tie) => {
  const [scalar, vector, matrix] = [tie('scalar'), tie('vector'), tie('matrix')];
  return {
    scalar: fc.oneof(
      {maxDepth: 5, depthIdentifier: 'expr'},
      of('1', '-0.5', '1e-7', '0x1F', 'NaN', '(-Inf)', '5m', '-1h', '0'),
      of('time()', 'pi()', 'step()'),
      join(text('scalar('), vector, text(')')),
      join(text('('), scalar, text(')')),
      join(of('-', '+'), scalar),
      join(scalar, of(' + ', ' ^ ', ' % ', ' == bool ', ' atan2 '), scalar),
    ),
    vector: fc.oneof(
      {maxDepth: 5, depthIdentifier: 'expr'},
      join(selector, at, extension, offset),
      join(of('sum', 'avg', 'stddev', 'group'), grouping, text(' ('), vector, text(')')),
      join(of('topk', 'quantile', 'limit_ratio'), text('('), scalar, text(', '), vector, text(')'), grouping),
      join(of('rate(', 'avg_over_time(', 'absent_over_time('), matrix, text(')')),
      join(of('abs(', 'sort_desc(', 'round('), vector, text(')')),
      join(text('label_replace('), vector, text(', "a", "$1", `b`, "(.*)")')),
      join(text('('), vector, text(')')),
      join(of('-', '+'), vector),
      join(
        vector,
        of(' + ', ' ^ ', ' > ', ' == bool', ' </ ').map((op) => op.trimEnd()),
        matching,
        text(' '),
        vector,
      ),
      join(vector, of(' and ', ' or on (a) ', ' unless ignoring (b) '), vector),
      join(scalar, of(' * ', ' < '), vector),
    ),
    matrix: fc.oneof(
      {maxDepth: 5, depthIdentifier: 'expr'},
      join(selector, text('['), range, text(']'), extension, at, offset),
      join(vector, text('['), range, text(':'), fc.oneof(text(''), range), text(']'), at, offset),
    ),
  };
});
const query = fc.oneof(grammar.vector, grammar.scalar, grammar.matrix);

/**
 * Some generated queries are refused (conditions that match everything, a subquery of a sign...): only the good ones
 * count.
 */
const goodQuery = query.filter(isGood);

function isGood(candidate: string): boolean {
  try {
    parseExpr(candidate, EVERYTHING);
    return true;
  } catch (error) {
    if (error instanceof ParseError) return false;
    throw error;
  }
}

test('what is printed parses to the same tree', () => {
  fc.assert(
    fc.property(goodQuery, (source) => {
      const expr = parseExpr(source, EVERYTHING);
      const printed = printExpr(expr);
      const again = parseExpr(printed, EVERYTHING);
      assert.deepEqual(withoutRanges(again), withoutRanges(expr), printed);
      assert.equal(printExpr(again), printed);
    }),
    {numRuns: 500},
  );
});

test('what is formatted over several lines parses to the same tree', () => {
  fc.assert(
    fc.property(goodQuery, fc.integer({min: 1, max: 60}), (source, width) => {
      const expr = parseExpr(source, EVERYTHING);
      assert.deepEqual(withoutRanges(parseExpr(prettify(expr, width), EVERYTHING)), withoutRanges(expr));
    }),
    {numRuns: 300},
  );
});

const WORDS =
  'sum topk by without on ignoring group_left bool offset @ anchored fill start step max_of and or + - * / ^ == </ = =~ ' +
  '! ( ( ) ) [ ] { { } {{ }} , : foo a:b rate 1 5m 0x 1..2 Inf "s" \' `r` "\\x # x _ é schema: buckets:[ stale';
const TOKENS = [...WORDS.split(' '), '\n', ' ', '\ud800'];
const soup = fc.oneof(
  fc.string({unit: 'binary', maxLength: 60}),
  fc.array(of(...TOKENS), {maxLength: 25}).map((words) => words.join(' ')),
  fc.array(of(...TOKENS), {maxLength: 25}).map((words) => words.join('')),
  fc.tuple(query, query, fc.nat(100)).map(([a, b, cut]) => a.slice(0, cut) + b.slice(cut >> 1)),
);

/** More for a long search: `FUZZ_RUNS=1000000`. */
const FUZZ_RUNS = Number(process.env.FUZZ_RUNS ?? 2000);

const PARSERS: readonly ((source: string) => unknown)[] = [
  (source) => parseExpr(source),
  (source) => parseExpr(source, EVERYTHING),
  parseMetricSelector,
  parseMetric,
  parseSeriesDescription,
];

test('whatever comes in, a tree or a ParseError with places in the text comes out', () => {
  fc.assert(
    fc.property(soup, (source) => {
      for (const parse of PARSERS) {
        try {
          parse(source);
        } catch (error) {
          assert.ok(error instanceof ParseError, String(error));
          for (const {range} of error.issues) assert.ok(range.start >= 0 && range.start <= source.length);
        }
      }
    }),
    {numRuns: FUZZ_RUNS},
  );
});
