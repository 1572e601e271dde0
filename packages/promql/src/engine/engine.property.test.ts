import assert from 'node:assert/strict';
import {test} from 'node:test';
import {KernelMemory} from '@narthex/kernels/kernel-memory.ts';
import {Labels} from '@narthex/model/labels.ts';
import {STALE_NAN_BITS} from '@narthex/model/stale.ts';
import {formatFloat} from '@narthex/model/value.ts';
import fc from 'fast-check';
import {instant, prepare, type PreparedQuery, range} from './engine.ts';
import {QueryError} from './query-error.ts';
import type {QueryResult} from './query-result.ts';
import {bitsOf, MemoryStorage} from '../memory-storage/memory-storage.ts';
import {NaiveEvaluator} from './testing/naive-evaluator.ts';

const STEP = 30_000;
const START = 600_000;
const END = START + 7 * STEP;

const sample = fc.record({
  gap: fc.constantFrom(1, 7_000, 15_000, 15_000, 15_000, 60_000, 400_000),
  value: fc.oneof(
    {weight: 8, arbitrary: fc.integer({min: 0, max: 50})},
    {weight: 4, arbitrary: fc.double({min: -1e3, max: 1e3, noNaN: true})},
    {weight: 1, arbitrary: fc.constantFrom(NaN, Infinity, -Infinity, 1e308, -1e308, -0, 1e-300)},
    {weight: 1, arbitrary: fc.constant('stale' as const)},
  ),
});

/** Series with few distinct labels, so that they meet in joins and groups. */
const series = fc.record({
  name: fc.constantFrom('a_total', 'b'),
  labels: fc.record({x: fc.constantFrom('', '1', '2'), y: fc.constantFrom('', 'p', 'q')}),
  from: fc.integer({min: 0, max: 700_000}),
  samples: fc.array(sample, {minLength: 1, maxLength: 40}),
});

const storages = fc.array(series, {minLength: 1, maxLength: 8}).map((all) => {
  const storage = new MemoryStorage();
  const seen = new Set<string>();
  for (const {name, labels, from, samples} of all) {
    const key = Labels.of(Object.entries({__name__: name, ...labels}));
    if (seen.has(key.toString())) continue;
    seen.add(key.toString());
    let time = from;
    for (const {gap, value} of samples) {
      time += gap;
      storage.append(key, time, value === 'stale' ? STALE_NAN_BITS : bitsOf(value));
    }
  }
  return storage;
});

const selector = fc.constantFrom('a_total', 'b', '{x="1"}', 'a_total{y!="p"}', 'b offset 1m', 'a_total{x=~"1|2"}');
const windowOf = fc.tuple(selector, fc.constantFrom('1m', '45s', '5m', '10m')).map(([text, length]) => {
  const [head, offset] = text.split(' offset ');
  return `${head}[${length}]${offset === undefined ? '' : ` offset ${offset}`}`;
});
const windowFunction = fc.constantFrom(
  'rate',
  'increase',
  'delta',
  'irate',
  'idelta',
  'changes',
  'resets',
  'deriv',
  'sum_over_time',
  'avg_over_time',
  'min_over_time',
  'max_over_time',
  'count_over_time',
  'first_over_time',
  'last_over_time',
  'present_over_time',
  'stddev_over_time',
  'stdvar_over_time',
);
const grouping = fc.constantFrom('', ' by (x)', ' by (x, y)', ' without (y)', ' by (__name__)');
const scalar = fc.constantFrom('2', '0.5', '-3', 'time()', 'scalar(b)', '(1 + 2)');

const {vector} = fc.letrec<{vector: string}>((tie) => ({
  vector: fc.oneof(
    {depthSize: 'small', withCrossShrink: true},
    selector,
    fc.tuple(windowFunction, windowOf).map(([name, window]) => `${name}(${window})`),
    fc.tuple(scalar, windowOf).map(([q, window]) => `quantile_over_time(${q}, ${window})`),
    fc.tuple(windowOf, scalar).map(([window, seconds]) => `predict_linear(${window}, ${seconds})`),
    fc
      .tuple(fc.constantFrom('sum', 'avg', 'count', 'min', 'max', 'group', 'stddev', 'stdvar'), grouping, tie('vector'))
      .map(([op, by, inner]) => `${op}${by} (${inner})`),
    fc.tuple(scalar, grouping, tie('vector')).map(([q, by, inner]) => `quantile${by} (${q}, ${inner})`),
    fc.tuple(grouping, tie('vector')).map(([by, inner]) => `count_values${by} ("v", ${inner})`),
    fc
      .tuple(
        tie('vector'),
        fc.constantFrom('+', '-', '*', '/', '%', '^', '==', '!= bool', '>', '< bool', '>=', '<='),
        scalar,
      )
      .map(([inner, op, s]) => `(${inner} ${op} ${s})`),
    fc
      .tuple(scalar, fc.constantFrom('-', '/', '>', '<= bool'), tie('vector'))
      .map(([s, op, inner]) => `(${s} ${op} ${inner})`),
    fc
      .tuple(
        tie('vector'),
        fc.constantFrom('+', '/', '==', '> bool', 'and', 'or', 'unless'),
        fc.constantFrom('', 'on (x) ', 'ignoring (y) ', 'on (x, y) '),
        tie('vector'),
      )
      .map(([left, op, match, right]) => `(${left} ${op} ${match}${right})`),
    fc
      .tuple(
        tie('vector'),
        fc.constantFrom('on (x) group_left () ', 'on (x) group_right (y) ', 'ignoring (y) group_left () '),
        tie('vector'),
      )
      .map(([left, match, right]) => `(${left} * ${match}${right})`),
    fc
      .tuple(fc.constantFrom('abs', 'ceil', 'sqrt', 'sgn', '-'), tie('vector'))
      .map(([name, inner]) => `${name}(${inner})`),
    tie('vector').map((inner) => `absent((${inner}) > -1)`),
  ),
}));

/** Rows as text, floats by all their digits; the order of rows counts only where `isOrdered`. */
const showRow = (labels: Labels, timeMs: number, value: number) => `${labels} ${timeMs} ${formatFloat(value)}`;

function rowsOf(result: QueryResult): string[] {
  const rows: string[] = [];
  result.forEachRow((labels, samples) => {
    for (const {timeMs, value} of samples) rows.push(showRow(labels, timeMs, value));
  });
  return rows.toSorted();
}

type Outcome = {rows: string[]} | {error: true};

function engineOutcome(
  storage: MemoryStorage,
  run: (query: {querier: ReturnType<MemoryStorage['querier']>; memory: KernelMemory}) => QueryResult,
): Outcome {
  const memory = new KernelMemory({maximumBytes: 32 * 1024 * 1024});
  try {
    return {rows: rowsOf(run({querier: storage.querier(memory), memory}))};
  } catch (error) {
    if (error instanceof QueryError) return {error: true};
    throw error;
  }
}

/** The steps one by one; an error of any step is an error of the query. */
function naiveOutcome(storage: MemoryStorage, query: PreparedQuery, times: readonly number[]): Outcome {
  const naive = new NaiveEvaluator(storage);
  const rows: string[] = [];
  try {
    for (const timeMs of times) {
      for (const {labels, value} of naive.vector(query.expr, timeMs)) rows.push(showRow(labels, timeMs, value));
    }
  } catch (error) {
    if ((error as Error).message.startsWith('naive:')) throw error;
    return {error: true};
  }
  return {rows: rows.toSorted()};
}

const steps: number[] = [];
for (let time = START; time <= END; time += STEP) steps.push(time);

test('random instant queries give what the naive evaluator gives, to the last digit', () => {
  fc.assert(
    fc.property(storages, vector, fc.constantFrom(...steps), (storage, text, timeMs) => {
      const query = prepare(text);
      const found = engineOutcome(storage, (run) => instant(query, run, timeMs));
      assert.deepEqual(found, naiveOutcome(storage, query, [timeMs]), text);
    }),
    {numRuns: 300},
  );
});

test('random range queries give what the naive evaluator gives, to the last digit', () => {
  fc.assert(
    fc.property(storages, vector, (storage, text) => {
      const query = prepare(text);
      const found = engineOutcome(storage, (run) => range(query, run, START, END, STEP));
      const wanted = naiveOutcome(storage, query, steps);
      // Range functions check the labels of whole matrices, which no single step shows.
      if (
        'error' in found &&
        !('error' in wanted) &&
        /over_time|rate|increase|delta|changes|resets|deriv|predict/.test(text)
      )
        return;
      assert.deepEqual(found, wanted, text);
    }),
    {numRuns: 300},
  );
});

const subquery = fc
  .tuple(windowFunction, vector, fc.constantFrom('[2m:30s]', '[5m:70s]', '[3m:1m] offset 30s'))
  .map(([name, inner, window]) => `${name}((${inner})${window})`);

test('functions over subqueries give what the naive evaluator gives, to the last digit', () => {
  fc.assert(
    fc.property(storages, subquery, fc.boolean(), (storage, text, isRange) => {
      const query = prepare(text);
      const times = isRange ? steps : [START];
      const found = engineOutcome(storage, (run) =>
        isRange ? range(query, run, START, END, STEP) : instant(query, run, START),
      );
      const wanted = naiveOutcome(storage, query, times);
      // Labels are checked over whole matrices, which no single step shows.
      if ('error' in found && !('error' in wanted)) return;
      assert.deepEqual(found, wanted, text);
    }),
    {numRuns: 200},
  );
});
