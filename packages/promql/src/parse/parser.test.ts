import assert from 'node:assert/strict';
import {test} from 'node:test';
import {extractSelectors, nanosToMillis, walk, type Expr} from './ast.ts';
import {formatIssue, ParseError} from './errors.ts';
import {DEPTH_MAX} from './nesting.ts';
import {parseExpr, parseMetricSelector, parseMetricSelectors, type ParserOptions} from './parser.ts';
import {prettify} from './prettify.ts';
import {printExpr} from './print.ts';

const EVERYTHING: ParserOptions = {
  experimentalFunctions: true,
  durationExpressions: true,
  extendedRangeSelectors: true,
  fillModifiers: true,
};

/** The tree as nested lists, to see what binds to what. */
function nested(expr: Expr): string {
  switch (expr.kind) {
    case 'binary':
      return `(${nested(expr.lhs)} ${expr.op} ${nested(expr.rhs)})`;
    case 'unary':
      return `(${expr.op} ${nested(expr.expr)})`;
    case 'paren':
      return nested(expr.expr);
    default:
      return printExpr(expr);
  }
}

const precedences: [text: string, tree: string][] = [
  ['a + b + c', '((a + b) + c)'],
  ['a ^ b ^ c', '(a ^ (b ^ c))'],
  ['a + b * c', '(a + (b * c))'],
  ['a * b + c', '((a * b) + c)'],
  ['a or b and c unless d', '(a or ((b and c) unless d))'],
  ['a == b + c', '(a == (b + c))'],
  ['a atan2 b % c', '((a atan2 b) % c)'],
  ['-a ^ b', '(- (a ^ b))'],
  ['-a * b', '((- a) * b)'],
  ['a ^ -b * c', '((a ^ (- b)) * c)'],
  ['-a offset 5m', '(- a offset 5m)'],
  ['a offset 5m + b', '(a offset 5m + b)'],
  ['a offset -2 ^ 2', '(a offset -2s ^ 2)'],
  ['a @ 3 - b', '(a @ 3.000 - b)'],
];
for (const [text, tree] of precedences) {
  test(`${text} groups as ${tree}`, () => assert.equal(nested(parseExpr(text)), tree));
}

const numbers: [text: string, value: number][] = [
  ['0x1F', 31],
  ['0X_1f', 31],
  ['0755', 493],
  ['0_755', 493],
  ['089', 89],
  ['1_000', 1000],
  ['1_2.3_4e1_0', 12.34e10],
  ['.5', 0.5],
  ['5.', 5],
  ['iNf', Infinity],
  ['9223372036854775808', 2 ** 63],
  ['1h30m5s1ms', 5405.001],
  ['1y2w', 365 * 86_400 + 14 * 86_400],
];
for (const [text, value] of numbers) {
  test(`${text} is ${value}`, () => {
    const expr = parseExpr(text);
    assert.ok(expr.kind === 'number');
    assert.equal(expr.value, value);
  });
}

const strings: [text: string, value: string][] = [
  [String.raw`"a\n\t\"\\"`, 'a\n\t"\\'],
  [String.raw`'it\'s "x"'`, `it's "x"`],
  ['`raw \\n\n`', 'raw \\n\n'],
  [String.raw`"\x41\101\u00e9\U0001F600"`, 'AAé😀'],
  [String.raw`"\xc3\xa9"`, 'é'],
  [String.raw`"\xff"`, '\udcff'],
];
for (const [text, value] of strings) {
  test(`the string ${text}`, () => {
    const expr = parseExpr(text);
    assert.ok(expr.kind === 'string');
    assert.equal(expr.value, value);
  });
}

const errors: [text: string, message: string][] = [
  ['', 'unknown position: parse error: no expression found in input'],
  ['# nothing', '1:1: parse error: no expression found in input'],
  ['1 +', '1:4: parse error: unexpected end of input'],
  ['sum(', '1:5: parse error: unclosed left parenthesis'],
  ['foo{a="é"} bar', '1:13: parse error: unexpected identifier "bar"'],
  ['foo\n+ bar baz', '2:7: parse error: unexpected identifier "baz"'],
  ['foo{a=~"("}', '1:5: parse error: error parsing regexp: missing closing ): `(`'],
  ['{a=""}', '1:1: parse error: vector selector must contain at least one non-empty matcher'],
  ['foo{__name__="bar"}', '1:1: parse error: metric name must not be set twice: "foo" or "bar"'],
  ['1 == 1', '1:3: parse error: comparisons between scalars must use BOOL modifier'],
  ['rate(foo)', '1:6: parse error: expected type range vector in call to function "rate", got instant vector'],
  ['sum(foo)[5m]', '1:9: parse error: ranges only allowed for vector selectors'],
  [
    'foo[5m] offset x',
    '1:16: parse error: unexpected identifier "x" in offset, expected number, duration, step(), or range()',
  ],
  ['1e999', '1:1: parse error: error parsing number: strconv.ParseFloat: parsing "1e999": value out of range'],
  ['foo @ 1e20', '1:1: parse error: timestamp out of bounds for @ modifier: 100000000000000000000.000000'],
  ['sum by (a b) (foo)', '1:11: parse error: unexpected identifier "b" in grouping opts, expected "," or ")"'],
  ['abs(foo,)', '1:8: parse error: trailing commas not allowed in function call args'],
  ['5m1h', '1:1: parse error: not a valid duration string: "5m1h"'],
];
for (const [text, message] of errors) {
  test(`the error of ${JSON.stringify(text)}`, () =>
    assert.throws(() => parseExpr(text), {name: 'ParseError', message}));
}

test('all errors are told, the first makes the message', () => {
  const text = 'nosuch(a)\n+ sum by (1) (b)';
  assert.throws(
    () => parseExpr(text),
    (error: unknown) => {
      assert.ok(error instanceof ParseError);
      assert.equal(error.message, '1:1: parse error: unknown function with name "nosuch"');
      assert.deepEqual(
        error.issues.map((issue) => formatIssue(error.text, issue, 10)),
        [
          '11:1: parse error: unknown function with name "nosuch"',
          '12:11: parse error: unexpected number "1" in grouping opts, expected label',
        ],
      );
      return true;
    },
  );
});

test('recovers in braces, parentheses and offsets and goes on', () => {
  const issues = issuesOf('(foo{a "x", "y" = } offset on) + nosuch(bar,) + sum by (1) (baz)');
  assert.deepEqual(issues, [
    '7 unexpected string "\\"x\\"" in label matching, expected label matching operator',
    '18 unexpected "}" in label matching, expected string',
    '27 unexpected <on> in offset, expected number, duration, step(), or range()',
    '43 trailing commas not allowed in function call args',
    '33 unknown function with name "nosuch"',
    '56 unexpected number "1" in grouping opts, expected label',
  ]);
});

function issuesOf(text: string, options: ParserOptions = {}): string[] {
  try {
    parseExpr(text, options);
  } catch (error) {
    assert.ok(error instanceof ParseError);
    return error.issues.map(({range, message}) => `${range.start} ${message}`);
  }
  return [];
}

test('a chain of operators is checked from left to right', () => {
  assert.deepEqual(issuesOf('abs(1) + 1 == 2 + abs("x") > a[5m]'), [
    '4 expected type instant vector in call to function "abs", got scalar',
    '22 expected type instant vector in call to function "abs", got string',
    '29 binary expression must contain only scalar and instant vector types',
  ]);
});

test('without is the only keyword that names no label in lists', () => {
  assert.deepEqual(issuesOf('sum by (by, on, offset, bool, limitk) (a)'), []);
  assert.deepEqual(issuesOf('sum by (without) (a)'), ['8 unexpected <without> in grouping opts, expected label']);
});

const flags: [flag: keyof ParserOptions, text: string, message: string][] = [
  ['experimentalFunctions', 'mad_over_time(a[5m])', '0 function "mad_over_time" is not enabled'],
  [
    'experimentalFunctions',
    'limitk(1, a)',
    '0 limitk() is experimental and must be enabled with --enable-feature=promql-experimental-functions',
  ],
  ['durationExpressions', 'a[1m + 1m]', '2 experimental duration expression is not enabled'],
  ['extendedRangeSelectors', 'a[5m] smoothed', '0 smoothed modifier is experimental and not enabled'],
  ['fillModifiers', 'a + fill(0) b', '0 binop fill modifiers are experimental and not enabled'],
];
for (const [flag, text, message] of flags) {
  test(`${text} needs ${flag}`, () => {
    assert.deepEqual(issuesOf(text, {...EVERYTHING, [flag]: false}), [message]);
    assert.deepEqual(issuesOf(text, {[flag]: true}), []);
  });
}

test('keywords name metrics and labels where upstream lets them', () => {
  const text = 'sum + by{on="x"} and offset offset 5m / on(by, sum, group_left) start';
  assert.equal(printExpr(parseExpr(text)), 'sum + by{on="x"} and offset offset 5m / on (by, sum, group_left) start');
  assert.equal(printExpr(parseExpr('fill + fill', EVERYTHING)), 'fill + fill');
});

test('set operators match many to many, scalars not at all', () => {
  const and = parseExpr('a and b');
  assert.ok(and.kind === 'binary');
  assert.equal(and.matching?.cardinality, 'many-to-many');
  const plus = parseExpr('a + 1');
  assert.ok(plus.kind === 'binary');
  assert.equal(plus.matching, undefined);
});

test('ranges are units of the text', () => {
  const text = 'sum by (x) (rate(föö{a="😀"}[5m] offset 1m)) + 1';
  const found = new Map<string, string>();
  walk(parseExpr('sum by (x) (rate({"föö",a="😀"}[5m] offset 1m)) + 1'), ({kind}) => found.set(kind, ''));
  const query = text.replace('föö{a', '{"föö",a');
  walk(parseExpr(query), ({kind, range}) => found.set(kind, query.slice(range.start, range.end)));
  assert.deepEqual(Object.fromEntries(found), {
    binary: query,
    aggregation: 'sum by (x) (rate({"föö",a="😀"}[5m] offset 1m))',
    call: 'rate({"föö",a="😀"}[5m] offset 1m)',
    matrixSelector: '{"föö",a="😀"}[5m] offset 1m',
    vectorSelector: '{"föö",a="😀"}',
    number: '1',
  });
});

test('a selector alone may match everything, but has no modifiers', () => {
  assert.deepEqual(parseMetricSelector('{}'), []);
  assert.deepEqual(parseMetricSelector('up{job=~"a|b"}').map(String), ['job=~"a|b"', '__name__="up"']);
  assert.deepEqual(
    parseMetricSelectors(['a', '{b="c"}']).map((matchers) => matchers.join()),
    ['__name__="a"', 'b="c"'],
  );
  const wanted = '1:3: parse error: unexpected <offset>';
  assert.throws(() => parseMetricSelector('a offset 5m'), {name: 'ParseError', message: wanted});
});

test('a chain of 20 000 operators parses, checks and prints', () => {
  const text = Array.from({length: 20_000}, (_, i) => `a${i}`).join(' + ');
  const expr = parseExpr(text);
  assert.equal(printExpr(expr), text);
  assert.equal(extractSelectors(expr).length, 20_000);
  assert.ok(prettify(expr).endsWith('\n  a19999'));
});

const nestings: [name: string, make: (depth: number) => string][] = [
  ['parentheses', (depth) => `${'('.repeat(depth)}a${')'.repeat(depth)}`],
  ['calls', (depth) => `${'abs('.repeat(depth)}a${')'.repeat(depth)}`],
  ['aggregations', (depth) => `${'sum('.repeat(depth)}a${')'.repeat(depth)}`],
  ['signs', (depth) => `${'-'.repeat(depth)}a`],
  ['powers', (depth) => `${'a ^ '.repeat(depth)}a`],
];
for (const [name, make] of nestings) {
  test(`${name} nest up to ${DEPTH_MAX} deep`, () => {
    const text = make(DEPTH_MAX);
    const expr = parseExpr(text);
    assert.equal(printExpr(expr), text);
    assert.ok(prettify(expr).length > text.length || name === 'signs');
    const message = /: parse error: expression is nested more than 500 levels deep$/;
    assert.throws(() => parseExpr(make(DEPTH_MAX + 1)), {name: 'ParseError', message});
    assert.throws(() => parseExpr(make(100 * DEPTH_MAX)), {name: 'ParseError', message});
  });
}

test('subqueries nest up to the same depth, however many there are side by side', () => {
  const message = /nested more than 500 levels/;
  assert.throws(() => parseExpr(`a${'[5m:]'.repeat(100_000)}`), {name: 'ParseError', message});
  const many = Array.from({length: 2 * DEPTH_MAX}, () => 'rate(a[5m:])').join(' + ');
  assert.equal(printExpr(parseExpr(many)), many);
});

test('nanoseconds are cut to milliseconds towards zero', () => {
  const cases: [number, number][] = [
    [1_999_999, 1],
    [-1_999_999, -1],
    [5e9, 5000],
    [-(2 ** 63), -9_223_372_036_854],
  ];
  for (const [ns, ms] of cases) assert.equal(nanosToMillis(ns), ms);
});
