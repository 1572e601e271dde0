import assert from 'node:assert/strict';
import {test} from 'node:test';
import {parseExpr} from './parser.ts';
import {writeTreeJson} from './tree-json.ts';

const EVERYTHING = {
  experimentalFunctions: true,
  durationExpressions: true,
  extendedRangeSelectors: true,
  fillModifiers: true,
};

function textOf(query: string): string {
  let text = '';
  writeTreeJson(parseExpr(query, EVERYTHING), (piece) => {
    text += piece;
  });
  return text;
}

const treeOf = (query: string): unknown => JSON.parse(textOf(query));

/** A selector of the metric `name` without modifiers. */
const selector = (name: string, more: object = {}) => ({
  anchored: false,
  matchers: [{name: '__name__', type: '=', value: name}],
  name,
  offset: 0,
  offsetExpr: null,
  smoothed: false,
  startOrEnd: null,
  timestamp: null,
  type: 'vectorSelector',
  ...more,
});

const matrix = (name: string, range: number, more: object = {}) =>
  selector(name, {range, rangeExpr: null, type: 'matrixSelector', ...more});

const number = (val: string) => ({type: 'numberLiteral', val});

const seconds = (val: string, duration = true) => ({duration, type: 'numberLiteral', val});

const duration = (op: string, lhs: unknown, rhs: unknown, wrapped = false) => ({
  lhs,
  op,
  rhs,
  type: 'durationExpr',
  wrapped,
});

const step = duration('step', null, null);

const matching = (more: object = {}) => ({
  card: 'one-to-one',
  fillValues: {lhs: null, rhs: null},
  include: [],
  labels: [],
  on: false,
  ...more,
});

const binary = (op: string, lhs: unknown, rhs: unknown, more: object = {}) => ({
  bool: false,
  lhs,
  matching: null,
  op,
  rhs,
  type: 'binaryExpr',
  ...more,
});

const vectors = (op: string, more: object = {}) => binary(op, selector('a'), selector('b'), {matching: matching(more)});

const call = (name: string, argTypes: string[], returnType: string, variadic: number, args: unknown[]) => ({
  args,
  func: {argTypes, name, returnType, variadic},
  type: 'call',
});

const aggregation = (op: string, more: object = {}) => ({
  expr: selector('a'),
  grouping: [],
  op,
  param: null,
  type: 'aggregation',
  without: false,
  ...more,
});

const subquery = (range: number, stepMs: number, more: object = {}) => ({
  expr: selector('a'),
  offset: 0,
  offsetExpr: null,
  range,
  rangeExpr: null,
  startOrEnd: null,
  step: stepMs,
  stepExpr: null,
  timestamp: null,
  type: 'subquery',
  ...more,
});

const trees: [query: string, want: unknown][] = [
  ['1.5', number('1.5')],
  ['1e21', number('1000000000000000000000')],
  ['-Inf', number('-Inf')],
  ['+Inf', number('+Inf')],
  ['NaN', number('NaN')],
  ['5m', number('300')],
  ['"a\\"b"', {type: 'stringLiteral', val: 'a"b'}],
  ['(1)', {expr: number('1'), type: 'parenExpr'}],
  ['-a', {expr: selector('a'), op: '-', type: 'unaryExpr'}],
  ['+a', {expr: selector('a'), op: '+', type: 'unaryExpr'}],

  ['a', selector('a')],
  [
    'a{b!="1",c=~"x.*",d!~"y"}',
    selector('a', {
      matchers: [
        {name: 'b', type: '!=', value: '1'},
        {name: 'c', type: '=~', value: 'x.*'},
        {name: 'd', type: '!~', value: 'y'},
        {name: '__name__', type: '=', value: 'a'},
      ],
    }),
  ],
  [
    '{"wo.rd", "l.1"="v"}',
    selector('', {
      matchers: [
        {name: '__name__', type: '=', value: 'wo.rd'},
        {name: 'l.1', type: '=', value: 'v'},
      ],
    }),
  ],
  ['a offset 1h', selector('a', {offset: 3_600_000})],
  ['a offset -1ms', selector('a', {offset: -1})],
  ['a @ 1.5', selector('a', {timestamp: 1500})],
  ['a @ start()', selector('a', {startOrEnd: 'start'})],
  ['a @ end() offset 5m', selector('a', {startOrEnd: 'end', offset: 300_000})],
  ['a anchored', selector('a', {anchored: true})],
  ['a smoothed', selector('a', {smoothed: true})],
  ['a offset step()', selector('a', {offsetExpr: step})],

  ['a[5m]', matrix('a', 300_000)],
  ['a[1500ms] @ 2 offset 1s', matrix('a', 1500, {timestamp: 2000, offset: 1000})],
  ['a[5m] anchored', matrix('a', 300_000, {anchored: true})],
  ['a[5m] smoothed', matrix('a', 300_000, {smoothed: true})],
  ['a[1m + 30]', matrix('a', 0, {rangeExpr: duration('+', seconds('60'), seconds('30', false))})],
  ['a[(step())]', matrix('a', 0, {rangeExpr: duration('step', null, null, true)})],
  ['a[-step()]', matrix('a', 0, {rangeExpr: duration('-', null, step)})],
  ['a[max_of(step(), 1m)]', matrix('a', 0, {rangeExpr: duration('max_of', step, seconds('60'))})],
  [
    'a[min_of(1m, range())]',
    matrix('a', 0, {rangeExpr: duration('min_of', seconds('60'), duration('range', null, null))}),
  ],
  [
    'a[5m] offset (1m * 2)',
    matrix('a', 300_000, {offsetExpr: duration('*', seconds('60'), seconds('2', false), true)}),
  ],

  ['a[5m:]', subquery(300_000, 0)],
  ['a[5m:30s] @ end()', subquery(300_000, 30_000, {startOrEnd: 'end'})],
  ['a[5m:30s] @ 1 offset 1m', subquery(300_000, 30_000, {timestamp: 1000, offset: 60_000})],
  [
    'a[2 * step():1m * 2]',
    subquery(0, 0, {
      rangeExpr: duration('*', seconds('2', false), step),
      stepExpr: duration('*', seconds('60'), seconds('2', false)),
    }),
  ],

  ['time()', call('time', [], 'scalar', 0, [])],
  ['abs(a)', call('abs', ['vector'], 'vector', 0, [selector('a')])],
  ['round(a, 2)', call('round', ['vector', 'scalar'], 'vector', 1, [selector('a'), number('2')])],
  [
    'label_join(a, "x", ",", "y")',
    call('label_join', ['vector', 'string', 'string', 'string'], 'vector', -1, [
      selector('a'),
      ...['x', ',', 'y'].map((val) => ({type: 'stringLiteral', val})),
    ]),
  ],

  ['sum(a)', aggregation('sum')],
  ['sum by (x, y) (a)', aggregation('sum', {grouping: ['x', 'y']})],
  ['sum without () (a)', aggregation('sum', {without: true})],
  ['topk by (x) (5, a)', aggregation('topk', {param: number('5'), grouping: ['x']})],
  ['count_values("v", a)', aggregation('count_values', {param: {type: 'stringLiteral', val: 'v'}})],

  ['1 + 2', binary('+', number('1'), number('2'))],
  ['1 < bool 2', binary('<', number('1'), number('2'), {bool: true})],
  ['a + 1', binary('+', selector('a'), number('1'))],
  ['a + b', vectors('+')],
  ['a </ 1', binary('</', selector('a'), number('1'))],
  ['a == on (x) group_left (y) b', vectors('==', {card: 'many-to-one', on: true, labels: ['x'], include: ['y']})],
  ['a * ignoring (x) group_right b', vectors('*', {card: 'one-to-many', labels: ['x']})],
  ['a and on () b', vectors('and', {card: 'many-to-many', on: true})],
  ['a + fill (0.5) b', vectors('+', {fillValues: {lhs: 0.5, rhs: 0.5}})],
  ['a + fill_left (-1) b', vectors('+', {fillValues: {lhs: -1, rhs: null}})],
  ['a + fill_right (NaN) b', vectors('+', {fillValues: {lhs: null, rhs: 'NaN'}})],
];
for (const [query, want] of trees) test(`tree of ${query}`, () => assert.deepEqual(treeOf(query), want));

test('members are sorted', () => {
  assert.equal(
    textOf('-time()'),
    '{"expr":{"args":[],"func":{"argTypes":[],"name":"time","returnType":"scalar","variadic":0},"type":"call"},"op":"-","type":"unaryExpr"}',
  );
});

test('a chain of 20 000 operators does not overflow the stack', () => {
  const text = textOf(`a${'+a'.repeat(20_000)}`);
  assert.equal(text.match(/"type":"binaryExpr"/g)?.length, 20_000);
  assert.equal(text.match(/"type":"vectorSelector"/g)?.length, 20_001);
});
