import assert from 'node:assert/strict';
import {test} from 'node:test';
import {NarthexEngine} from './narthex-engine.ts';
import {runScript} from './run-script.ts';
import type {Answer, AnswerRow, FailedAnswer, ScriptEngine} from './script-engine.ts';

// A script passes with the engine, and fails once its answers are changed in one way that only the extra checks of instant queries see.

const SCRIPT = `
load 1m
  a{x="1"} 1 2 3 4
  a{x="2"} 5 6 7 8

eval instant at 1m sum by (x) (a)
  expect no_warn
  expect no_info
  {x="1"} 2
  {x="2"} 6
`;

interface Query {
  readonly text: string;
  readonly isRange: boolean;
  /** Of a range query its middle. */
  readonly timeMs: number;
}

type Change = (answer: Answer, query: Query) => Answer | FailedAnswer;

function failuresWith(change: Change, script = SCRIPT) {
  const apply = (answer: Answer | FailedAnswer, query: Query) => ('error' in answer ? answer : change(answer, query));
  const results = runScript(script, (storage): ScriptEngine => {
    const engine = new NarthexEngine(storage);
    return {
      instant: (text, timeMs) => apply(engine.instant(text, timeMs), {text, isRange: false, timeMs}),
      range: (text, startMs, endMs, stepMs) =>
        apply(engine.range(text, startMs, endMs, stepMs), {text, isRange: true, timeMs: (startMs + endMs) / 2}),
    };
  });
  return results.map(({failure}) => failure);
}

/** Changes the rows of an answer. */
function withRows(answer: Answer, change: (rows: readonly AnswerRow[]) => readonly AnswerRow[]): Answer {
  const {value} = answer;
  if (value.type !== 'vector' && value.type !== 'matrix') return answer;
  return {...answer, value: {type: value.type, rows: change(value.rows)}};
}

/** Changes the values at one time. */
function withValues(answer: Answer, timeMs: number, change: (value: number) => number): Answer {
  return withRows(answer, (rows) =>
    rows.map(({labels, samples}) => ({
      labels,
      samples: samples.map((sample) => (sample.timeMs === timeMs ? {...sample, value: change(sample.value)} : sample)),
    })),
  );
}

test('the engine itself passes', () =>
  assert.deepEqual(
    failuresWith((answer) => answer),
    [undefined],
  ));

const changes: [what: string, change: Change, check: RegExp][] = [
  [
    'the middle step of a range query',
    (answer, q) => (q.isRange ? withValues(answer, q.timeMs, (v) => v + 1) : answer),
    /^as a range query$/,
  ],
  [
    'a row that a range query lacks',
    (answer, q) => (q.isRange ? withRows(answer, (rows) => rows.slice(1)) : answer),
    /^as a range query$/,
  ],
  [
    'rows of a range query in another order',
    (answer, q) => (q.isRange ? withRows(answer, (rows) => [...rows].reverse()) : answer),
    /^as a range query$/,
  ],
  ['a range query that fails', (answer, q) => (q.isRange ? {error: 'x'} : answer), /^as a range query$/],
  ['a row twice', (answer) => withRows(answer, (rows) => [rows[0], ...rows]), /^$/],
  [
    'samples at another time',
    (answer) =>
      withRows(answer, (rows) =>
        rows.map(({labels, samples}) => ({
          labels,
          samples: samples.map((sample) => ({...sample, timeMs: sample.timeMs + 1})),
        })),
      ),
    /^$/,
  ],
  [
    'another value at time 0',
    (answer, q) => (q.timeMs === 0 && !q.isRange ? withValues(answer, 0, (v) => v + 1) : answer),
    /^as sum by \(x\) \(a @ 60.000\) at 0 ms$/,
  ],
  [
    'another value at ten times the time',
    (answer, q) => (q.timeMs === 600_000 && !q.isRange ? withValues(answer, 600_000, () => 0) : answer),
    /at 600000 ms$/,
  ],
  [
    'another value at ten times the time before 0',
    (answer, q) => (q.timeMs === -600_000 && !q.isRange ? withValues(answer, -600_000, () => 0) : answer),
    /at -600000 ms$/,
  ],
  [
    'another value at a fifth of the time',
    (answer, q) => (q.timeMs === 12_000 && !q.isRange ? withValues(answer, 12_000, () => 0) : answer),
    /at 12000 ms$/,
  ],
  [
    'another value as a range query at time 0',
    (answer, q) => (q.timeMs === 0 && q.isRange ? withValues(answer, 0, () => 0) : answer),
    /^as a range query, as .* at 0 ms$/,
  ],
  ['a warning with @', (answer, q) => (q.text.includes('@') ? {...answer, warnings: ['x']} : answer), /@/],
  ['an info with @', (answer, q) => (q.text.includes('@') ? {...answer, infos: ['x']} : answer), /@/],
];
for (const [what, change, check] of changes) {
  test(`a broken engine fails: ${what}`, () => {
    const [failure] = failuresWith(change);
    assert.notEqual(failure, undefined);
    assert.match(failure!.check, check);
    assert.notEqual(failure!.expected, failure!.got);
  });
}

test('an engine that throws fails, even where an error is expected', () => {
  const [failure] = failuresWith(() => {
    throw new TypeError('oops');
  }, 'eval instant at 0 1\n  expect fail\n');
  assert.match(failure!.got, /the engine threw TypeError: oops/);
});

/** The queries that an eval at 1m makes: `i` and `r` for instant and range, with the time in ms. */
function queriesOf(expr: string, lines = ''): string[] {
  const queries: string[] = [];
  failuresWith((answer, {text, isRange, timeMs}) => {
    queries.push(`${isRange ? 'r' : 'i'}${timeMs} ${text}`);
    return answer;
  }, `load 1m\n  a 1 2 3\n\neval instant at 1m ${expr}\n${lines}`);
  return queries;
}

const both = (text: string, times: readonly number[]) => times.flatMap((at) => [`i${at} ${text}`, `r${at} ${text}`]);
const TIMES = [-600_000, 0, 12_000, 60_000, 600_000];

const queries: [expr: string, lines: string, want: string[]][] = [
  ['a', '  a 2', ['i60000 a', 'r60000 a', ...both('a @ 60.000', TIMES)]],
  ['a @ 0', '  a 1', ['i60000 a @ 0', 'r60000 a @ 0', ...both('a @ 0.000', TIMES)]],
  ['a @ start()', '  a 2', ['i60000 a @ start()', ...both('a @ 60.000', TIMES)]],
  ['sum(a)+1', '  {} 3', ['i60000 sum(a)+1', 'r60000 sum(a)+1', ...both('sum(a @ 60.000) + 1', TIMES)]],
  ['timestamp(a)', '  {} 60', both('timestamp(a)', [60_000])],
  ['1', '  1', ['i60000 1', 'r60000 1', ...both('1', TIMES)]],
  ['"x"', '  expect string "x"', ['i60000 "x"', ...TIMES.map((at) => `i${at} "x"`)]],
  [
    'a[1m]',
    '  expect range vector from 1m to 1m step 1m\n  a 2',
    ['i60000 a[1m]', ...TIMES.map((at) => `i${at} a[1m] @ 60.000`)],
  ],
  ['start() + a', '  {} 62', ['i60000 start() + a']],
  [
    'last_over_time(timestamp(a)[2m:1m])',
    '  {} 60',
    [
      'i60000 last_over_time(timestamp(a)[2m:1m])',
      'r60000 last_over_time(timestamp(a)[2m:1m])',
      ...both('last_over_time(timestamp(a)[2m:1m] @ 60.000)', TIMES),
    ],
  ],
];
for (const [expr, lines, want] of queries) {
  test(`the queries that are made for ${expr}`, () => assert.deepEqual(queriesOf(expr, lines), want));
}
