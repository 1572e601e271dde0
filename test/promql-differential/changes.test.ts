import assert from 'node:assert/strict';
import {suite, test} from 'node:test';
import {childrenOf} from '@narthex/promql/parse/ast.ts';
import {parseExpr} from '@narthex/promql/parse/parser.ts';
import {type Answer, answered, failed} from './answer.ts';
import {changes, inOurOrder} from './changes.ts';
import type {Blame} from './locate.ts';

/** Rows of labels and value, at one time. */
type Rows = readonly (readonly [metric: Record<string, string>, value: string])[];

const NOW = 1_700_000_000;

const vector = (...rows: Rows): Answer =>
  answered(
    JSON.stringify({resultType: 'vector', result: rows.map(([metric, value]) => ({metric, value: [NOW, value]}))}),
  );

const matrix = (metric: Record<string, string>, ...values: readonly (readonly [number, string])[]): Answer =>
  answered(JSON.stringify({resultType: 'matrix', result: [{metric, values}]}));

const blame = (text: string, old: Answer, now: Answer, inputs: readonly Answer[] = [], stepMs = 0): Blame => {
  const node = parseExpr(text);
  const parts = childrenOf(node);
  return {
    node,
    old,
    now,
    times: {startMs: NOW * 1000, endMs: NOW * 1000 + 10 * stepMs, stepMs},
    inputs: inputs.map((answer, i) => ({expr: parts[i]!, answer})),
  };
};

const duplicate = (first: string, second: string, group = '{}'): Answer =>
  failed(
    `found duplicate series for the match group ${group} on the right hand-side of the operation: [${first}, ${second}];many-to-many matching not allowed: matching labels must be unique on one side`,
  );
const MANY_TO_ONE = 'multiple matches for labels: many-to-one matching must be explicit (group_left/group_right)';
const NOT_UNIQUE = 'multiple matches for labels: grouping labels must ensure unique matches';
const one = (value: string): Answer => vector([{}, value]);
/** A counter at 4, 8, 12, 15 s intervals, first seen 60 s behind the begin of two minutes. */
const samples = matrix({x: '1'}, [NOW - 60, '1'], [NOW - 40, '6'], [NOW - 20, '11']);
const rateOf = (seconds: number): Answer => vector([{x: '1'}, String((10 * seconds) / 40 / 120)]);

interface Case {
  readonly name: string;
  readonly is: readonly Blame[];
  /** Differences that are not this change, though they look a little like it. */
  readonly isNot: readonly Blame[];
}

const cases: readonly Case[] = [
  {
    name: 'the two series of a duplicate are named in their order',
    is: [blame('a + b', duplicate('{x="2"}', '{x="1"}'), duplicate('{x="1"}', '{x="2"}'))],
    isNot: [
      blame('a + b', duplicate('{x="2"}', '{x="1"}'), duplicate('{x="1"}', '{x="3"}')),
      blame('a + b', duplicate('{x="1"}', '{x="2"}'), duplicate('{x="2"}', '{x="1"}')),
      blame('a + b', duplicate('{x="2"}', '{x="1"}', '{y="1"}'), duplicate('{x="1"}', '{x="2"}')),
      blame('a + b', duplicate('{x="2"}', '{x="1"}'), one('1')),
    ],
  },
  {
    name: 'topk and bottomk refuse NaN in words of their own',
    is: [blame('topk(NaN, a)', failed('Scalar value NaN overflows int64'), failed('Parameter value is NaN'))],
    isNot: [
      blame('topk(1, a)', one('1'), failed('Parameter value is NaN')),
      blame('quantile(NaN, a)', failed('Scalar value NaN overflows int64'), failed('Parameter value is NaN')),
    ],
  },
  {
    name: 'sums and means are compensated, means are sums divided',
    is: [
      blame('avg(a)', one('25.333333333333336'), one('25.333333333333332'), [one('1')]),
      blame('sum(a)', one('1.1e-16'), one('0'), [one('1')]),
      blame('sum(a)', one('-0'), one('0'), [one('-0')]),
    ],
    isNot: [
      blame('avg(a)', one('25.3334'), one('25.3333'), [one('1')]),
      blame('sum(a)', one('NaN'), one('1'), [one('1')]),
      blame('sum(a)', one('0'), one('-0'), [one('-0')]),
      blame('sum(a)', vector([{x: '1'}, '1']), vector([{x: '2'}, '1']), [one('1')]),
      blame('max(a)', one('25.333333333333336'), one('25.333333333333332'), [one('1')]),
    ],
  },
  {
    name: 'the deviation of a group that begins with no finite number is NaN',
    is: [blame('stddev(a)', one('0'), one('NaN'), [one('+Inf')])],
    isNot: [
      blame('stddev(a)', one('0'), one('NaN'), [one('1')]),
      blame('stddev(a)', one('1'), one('NaN'), [one('+Inf')]),
      blame('avg(a)', one('0'), one('NaN'), [one('+Inf')]),
    ],
  },
  {
    name: 'rates look for the zero of a counter in half an interval at most',
    // 4 s to zero: both the same. With a first value of 5.25, 21 s to zero: 2.42 takes all of them, 3.14 half of 20 s.
    is: [blame('rate(a[2m])', rateOf5(21), rateOf5(10), [samplesFrom(5.25)])],
    isNot: [
      blame('rate(a[2m])', rateOf5(20), rateOf5(10), [samplesFrom(5.25)]),
      blame('rate(a[2m])', rateOf5(21), rateOf5(11), [samplesFrom(5.25)]),
      blame('delta(a[2m])', rateOf5(21), rateOf5(10), [samplesFrom(5.25)]),
      blame('rate(a[2m])', rateOf(65), rateOf(64), [samples]),
    ],
  },
  {
    name: 'atan2 drops the name',
    is: [
      blame('a atan2 b', vector([{__name__: 'a', x: '1'}, '1']), vector([{x: '1'}, '1'])),
      blame(
        '{x="1"} atan2 2',
        vector([{__name__: 'a', x: '1'}, '1'], [{__name__: 'b', x: '1'}, '1']),
        failed('vector cannot contain metrics with the same labelset'),
      ),
    ],
    isNot: [
      blame('a + b', vector([{__name__: 'a', x: '1'}, '1']), vector([{x: '1'}, '1'])),
      blame('a atan2 b', vector([{__name__: 'a', x: '1'}, '1']), vector([{x: '1'}, '2'])),
      blame('a atan2 b', vector([{__name__: 'a', x: '1'}, '1']), vector([{}, '1'])),
      blame(
        'a atan2 2',
        vector([{__name__: 'a'}, '1']),
        failed('vector cannot contain metrics with the same labelset'),
      ),
    ],
  },
  {
    name: 'comparisons that drop rows, too, want one partner for each row',
    is: [
      blame('a > ignoring (x) b', vector(), failed(MANY_TO_ONE)),
      blame('a > ignoring (x) group_left () b', vector(), failed(NOT_UNIQUE)),
    ],
    isNot: [
      blame('a > bool ignoring (x) b', vector(), failed(MANY_TO_ONE)),
      blame('a + ignoring (x) b', vector(), failed(MANY_TO_ONE)),
      blame('a > ignoring (x) b', vector(), failed('something else')),
    ],
  },
  {
    name: 'predict_linear over a range at a fixed time gives all steps',
    is: [
      blame(
        'predict_linear(a[5m] @ 7, 1)',
        matrix({}, [NOW, '1'], [NOW + 60, '9']),
        matrix({}, [NOW, '1'], [NOW + 60, '2']),
        [],
        60_000,
      ),
    ],
    isNot: [
      blame(
        'predict_linear(a[5m], 1)',
        matrix({}, [NOW, '1'], [NOW + 60, '9']),
        matrix({}, [NOW, '1'], [NOW + 60, '2']),
        [],
        60_000,
      ),
      blame('predict_linear(a[5m] @ 7, 1)', matrix({}, [NOW, '1']), matrix({}, [NOW, '2']), [], 60_000),
    ],
  },
  {
    name: 'topk and bottomk choose others among equal values',
    is: [blame('topk(1, a)', vector([{x: '1'}, '2']), vector([{x: '2'}, '2']))],
    isNot: [
      blame('topk(1, a)', vector([{x: '1'}, '2']), vector([{x: '2'}, '3'])),
      blame('topk(2, a)', vector([{x: '1'}, '2'], [{x: '2'}, '1']), vector([{x: '2'}, '1'], [{x: '1'}, '2'])),
      blame('max(a)', vector([{x: '1'}, '2']), vector([{x: '2'}, '2'])),
    ],
  },
  {
    name: 'last digits of elementary functions, which are machine code in Go',
    is: [blame('exp(a)', one('0.0003354626279025118'), one('0.00033546262790251185'))],
    isNot: [
      blame('exp(a)', one('0.0003354626279025118'), one('0.0003354626279025')),
      blame('abs(a)', one('0.0003354626279025118'), one('0.00033546262790251185')),
      blame('exp(a)', one('0'), one('-0')),
    ],
  },
  {
    name: 'over several times the first duplicate is one of chance',
    is: [
      blame(
        'a + abs(b)',
        duplicate('{x="2"}', '{x="1"}', '{y="1"}'),
        duplicate('{x="1"}', '{x="2"}', '{y="2"}'),
        [],
        1000,
      ),
    ],
    isNot: [
      blame('a + abs(b)', duplicate('{x="2"}', '{x="1"}', '{y="1"}'), duplicate('{x="1"}', '{x="2"}', '{y="2"}')),
      blame('a + b', duplicate('{x="2"}', '{x="1"}', '{y="1"}'), duplicate('{x="1"}', '{x="2"}', '{y="2"}'), [], 1000),
      blame('a + abs(b)', duplicate('{x="2"}', '{x="1"}'), failed('something else'), [], 1000),
    ],
  },
  {
    name: 'over several times rows are aggregated in an order of chance',
    is: [
      blame('stddev(abs(a)) / 2', one('18.908595928836174'), one('18.908595928836178'), [], 1000),
      blame('stdvar(abs(a))[5m:1m]', one('18.908595928836174'), one('18.908595928836178')),
      blame('max(a * 0)', one('-0'), one('0'), [], 1000),
    ],
    isNot: [
      blame('stddev(abs(a)) / 2', one('18.908595928836174'), one('18.908595928836178')),
      blame('max(a * 0)', one('-0'), one('0')),
      blame('max(a * 0)', one('1'), one('0'), [], 1000),
      blame('stddev(a) / 2', one('18.908595928836174'), one('18.908595928836178'), [], 1000),
      blame('max(abs(a)) / 2', one('18.908595928836174'), one('18.908595928836178'), [], 1000),
      blame('stddev(abs(a)) / 2', one('18.90859'), one('18.90858'), [], 1000),
    ],
  },
  {
    name: 'rows of subqueries and histogram_quantile come in an order of chance',
    is: [
      blame('rate(a[5m:1m])', vector([{x: '1'}, '2'], [{x: '2'}, '1']), vector([{x: '2'}, '1'], [{x: '1'}, '2'])),
      blame('histogram_quantile(1, a)', vector([{x: '1'}, '2'], [{}, '1']), vector([{}, '1'], [{x: '1'}, '2'])),
    ],
    isNot: [
      blame('rate(a[5m])', vector([{x: '1'}, '2'], [{x: '2'}, '1']), vector([{x: '2'}, '1'], [{x: '1'}, '2'])),
      blame('rate(a[5m:1m])', vector([{x: '1'}, '2'], [{x: '2'}, '1']), vector([{x: '2'}, '2'], [{x: '1'}, '1'])),
      blame('sort(a)', vector([{x: '1'}, '2'], [{x: '2'}, '1']), vector([{x: '2'}, '1'], [{x: '1'}, '2'])),
    ],
  },
];

function samplesFrom(first: number): Answer {
  return matrix({x: '1'}, [NOW - 60, String(first)], [NOW - 40, String(first + 5)], [NOW - 20, String(first + 10)]);
}

/** The rate of `samplesFrom` when `before` seconds before the first sample count: 10 in 40 s, and 20 s behind the last one. */
function rateOf5(before: number): Answer {
  return rateOf(40 + before + 20);
}

/** A plain difference: no change excuses another value of a selector, another number, a lost row, an error. */
const plain: readonly Blame[] = [
  blame('a', vector([{__name__: 'a'}, '1']), vector([{__name__: 'a'}, '2'])),
  blame('a', vector([{__name__: 'a'}, '-0']), vector([{__name__: 'a'}, '0'])),
  blame('sum(a)', one('1'), one('2'), [one('1')]),
  blame('sum(a)', one('1'), vector(), [one('1')]),
  blame('a + b', one('1'), failed('something')),
  blame('a + b', failed('something'), one('1')),
  blame('rate(a[2m])', rateOf(65), rateOf(66), [samples]),
];

suite('changes since 2.42', () => {
  test('every change has its cases', () =>
    assert.deepEqual(
      cases.map(({name}) => name),
      changes.map(({name}) => name),
    ));
  test('rows in an order of chance are put in ours', () => {
    const [old, now] = [vector([{x: '1'}, '0'], [{}, '0']), vector([{}, 'NaN'], [{x: '1'}, 'NaN'])];
    const metrics = ({rows}: Answer) => rows.map(({metric}) => metric);
    assert.deepEqual(metrics(inOurOrder(blame('abs(max_over_time(a[5m:1m]))', old, now)).old), metrics(now));
    assert.deepEqual(metrics(inOurOrder(blame('stddev(a)', old, now)).old), metrics(old));
  });
  for (const {name, is, isNot} of cases) {
    const {isCause} = changes.find((change) => change.name === name)!;
    test(name, () => {
      for (const each of is) assert.ok(isCause(each), JSON.stringify(each.node.range));
      for (const each of isNot) assert.ok(!isCause(each), `${each.old.text} and ${each.now.text}`);
      for (const each of plain) assert.ok(!isCause(each), `${each.old.text} and ${each.now.text}`);
    });
  }
});
