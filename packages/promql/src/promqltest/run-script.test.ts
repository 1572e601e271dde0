import assert from 'node:assert/strict';
import {test} from 'node:test';
import {NarthexEngine} from './narthex-engine.ts';
import {type CommandResult, runScript} from './run-script.ts';

const run = (script: string): CommandResult[] => runScript(script, (storage) => new NarthexEngine(storage));

function failuresOf(script: string): CommandResult[] {
  return run(script).filter(({failure}) => failure !== undefined);
}

const HIST = '{{schema:1 count:7 sum:5 z_bucket:1 z_bucket_w:0.01 offset:-2 buckets:[2 0 1] n_offset:3 n_buckets:[3]}}';

const SCRIPT = `
load 1m
  requests_total{path="/a"} 0+60x10
  requests_total{path="/b"} 0+30x10
  level 5 4 3 _ stale
  hist ${HIST} ${HIST}
  nhcb {{schema:-53 count:3 sum:4 custom_values:[1 2.5] buckets:[1 0 2]}}

eval instant at 5m requests_total
  requests_total{path="/b"} 150
  requests_total{path="/a"} 300

eval instant at 5m sort_desc(requests_total)
  expect ordered
  requests_total{path="/a"} 300
  requests_total{path="/b"} 150

eval range from 0 to 4m step 1m level
  level 5 4 3 3 _

eval range from 30s to 2m30s step 1m hist
  hist {{schema:1 count:7 sum:5 z_bucket:1 z_bucket_w:0.01 offset:-2 buckets:[2 0 1] n_offset:3 n_buckets:[3] counter_reset_hint:unknown}} {{schema:1 count:7 sum:5 z_bucket:1 z_bucket_w:0.01 offset:-2 buckets:[2 0 1] n_offset:3 n_buckets:[3] counter_reset_hint:not_reset}}x1

eval instant at 2m requests_total{path="/a"}[3m]
  expect range vector from 0 to 2m step 1m
  requests_total{path="/a"} 0 60 120

eval instant at 0 nhcb
  nhcb {{schema:-53 count:3 sum:4 custom_values:[1 2.5] buckets:[1 0 2]}}

eval instant at 2m rate(level[3m])
  expect no_warn
  expect info msg: PromQL info: metric might not be a counter, name does not end in _total/_sum/_count/_bucket: "level" (1:6)
  {} 0.058333333333333334

eval instant at 2m quantile(2, level)
  expect no_info
  expect warn regex: quantile value .* between 0 and 1
  {} Inf

eval instant at 1m label_replace(level, "x", "$1", "path", "(")
  expect fail msg: invalid regular expression in label_replace(): (

eval instant at 1m level + on() requests_total
  expect fail regex: found duplicate series

eval instant at 90s time()
  90

eval instant at 0 "te\\"xt"
  expect string "te\\"xt"

eval instant at 0 no_such_metric

eval_ordered instant at 1m topk(2, requests_total)
  requests_total{path="/a"} 60
  requests_total{path="/b"} 30

eval_warn instant at 2m quantile(-1, level)
  {} -Inf

eval_info instant at 1m rate(level[2m])
  {} 0.06666666666666667

eval_fail instant at 1m level * on() requests_total
  expected_fail_regexp many-to-many|duplicate
`;

test('a script passes', () => {
  const results = run(SCRIPT);
  assert.deepEqual(
    results.filter(({failure}) => failure !== undefined),
    [],
  );
  assert.equal(results.length, SCRIPT.match(/^eval/gm)!.length);
});

/** What is replaced, and by what: each makes one eval fail. The first occurrence is meant. */
const mutations: [what: string, from: string, to: string][] = [
  ['a value', '{path="/b"} 150', '{path="/b"} 150.001'],
  ['a value that is loaded', 'count:3 sum:4', 'count:3 sum:4.5'],
  ['a label value', '{path="/b"} 150', '{path="/B"} 150'],
  ['a label name', '{path="/b"} 150', '{paths="/b"} 150'],
  ['a metric name', 'requests_total{path="/b"} 150', '{path="/b"} 150'],
  ['a series is missing', '  requests_total{path="/b"} 150\n', ''],
  [
    'all series are missing',
    '  hist {{schema:1 count:7 sum:5 z_bucket:1 z_bucket_w:0.01 offset:-2 buckets:[2 0 1] n_offset:3 n_buckets:[3] counter_reset_hint:unknown}}',
    '  # ',
  ],
  ['a series too many', '  requests_total{path="/b"} 150\n', '  requests_total{path="/b"} 150\n  more 1\n'],
  ['something instead of nothing', 'no_such_metric\n', 'no_such_metric\n  {} 0\n'],
  ['a vector instead of a scalar', 'time()\n  90', 'time()\n  {} 90'],
  ['a scalar instead of a vector', 'no_such_metric\n', 'no_such_metric\n  0\n'],
  ['a scalar', 'time()\n  90', 'time()\n  91'],
  ['a scalar that is not expected', 'time()\n  90', 'time()'],
  ['a string', 'expect string "te\\"xt"', 'expect string "text"'],
  ['a string that is not expected', '  expect string "te\\"xt"\n', ''],
  ['a string instead of nothing', 'no_such_metric\n', 'no_such_metric\n  expect string ""\n'],
  [
    'the order',
    'expect ordered\n  requests_total{path="/a"} 300\n  requests_total{path="/b"} 150',
    'expect ordered\n  requests_total{path="/b"} 150\n  requests_total{path="/a"} 300',
  ],
  [
    'the order in the old form',
    'requests_total{path="/a"} 60\n  requests_total{path="/b"} 30',
    'requests_total{path="/b"} 30\n  requests_total{path="/a"} 60',
  ],
  ['an order in a matrix', 'step 1m level\n', 'step 1m level\n  expect ordered\n'],
  ['the time of a range', 'from 0 to 4m', 'from 1m to 5m'],
  ['the step of a range', 'to 4m step 1m', 'to 4m step 2m'],
  ['a gap that is filled', 'level 5 4 3 3 _', 'level 5 4 3 3 3'],
  ['a value that is left out', 'level 5 4 3 3 _', 'level 5 4 3 _ _'],
  ['a stale marker', 'level 5 4 3 3 _', 'level 5 4 3 3 stale'],
  ['more values than steps', 'level 5 4 3 3 _', 'level 5 4 3 3 _ 3'],
  ['more steps than the range, though omitted', 'level 5 4 3 3 _', 'level 5 4 3 3 _ _'],
  [
    'a float instead of a histogram',
    'nhcb {{schema:-53 count:3 sum:4 custom_values:[1 2.5] buckets:[1 0 2]}}\n\neval instant at 2m rate',
    'nhcb 3\n\neval instant at 2m rate',
  ],
  ['a histogram instead of a float', '{} Inf', '{} {{}}'],
  ['the start of a range vector', 'expect range vector from 0 to 2m', 'expect range vector from 1m to 2m'],
  ['the step of a range vector', 'to 2m step 1m\n', 'to 2m step 1m1ms\n'],
  ['a value of a range vector', '0 60 120', '0 60 121'],
  ['a missing value of a range vector', '0 60 120', '0 60'],
  [
    'a range vector instead of a vector',
    'no_such_metric\n',
    'no_such_metric\n  expect range vector from 0 to 1m step 1m\n',
  ],
  ['no info', 'expect info msg: PromQL info: metric', 'expect no_info #'],
  ['the text of an info', 'might not be a counter', 'may not be a counter'],
  ['the position of an info', '(1:6)', '(1:7)'],
  [
    'a second info',
    'expect info msg: PromQL info: metric',
    'expect info msg: x\n  expect info msg: PromQL info: metric',
  ],
  ['an info where there is none', 'expect no_info', 'expect info'],
  ['a warning where there is none', 'expect no_warn', 'expect warn'],
  ['the pattern of a warning', 'between 0 and 1', 'between 0 and 2'],
  [
    'a second pattern of a warning',
    'expect warn regex: quantile',
    'expect warn regex: x\n  expect warn regex: quantile',
  ],
  ['no warning', 'expect warn regex: quantile value .* between 0 and 1', 'expect no_warn'],
  ['a warning in the old form', 'quantile(-1, level)\n  {} -Inf', 'quantile(0, level)\n  {} 3'],
  [
    'an info in the old form',
    'rate(level[2m])\n  {} 0.06666666666666667',
    'rate(requests_total{path="/a"}[2m])\n  {path="/a"} 0.5',
  ],
  ['no error', '  expect fail msg: invalid regular expression in label_replace(): (\n', ''],
  ['an error where there is none', 'no_such_metric\n', 'no_such_metric\n  expect fail\n'],
  ['the text of an error', 'invalid regular', 'Invalid regular'],
  ['the pattern of an error', 'found duplicate series', 'found no duplicate series'],
  ['the pattern of an error in the old form', 'many-to-many|duplicate', 'many-to-more'],
  ['an error in the old form', 'level * on() requests_total', 'level * on() level'],
  ['a query that cannot be parsed', 'eval instant at 0 no_such_metric', 'eval instant at 0 no_such_metric{'],
  ['a range query of a range vector', 'step 1m level\n', 'step 1m level[1m]\n'],
];
// Each part of a histogram, of the eval of `hist` (its first value) or of `nhcb`.
const last = SCRIPT.lastIndexOf('  nhcb');
for (const [from, to] of [
  ['sum:4', 'sum:5'],
  ['count:3', 'count:4'],
  ['[1 2.5]', '[1 3]'],
  ['[1 2.5]', '[1 2.5 3]'],
  ['[1 0 2]', '[1 2]'],
  ['[1 0 2]', '[1 1 2]'],
  ['schema:-53', 'schema:0'],
  ['buckets:[1 0 2]', 'buckets:[1 0 2] counter_reset_hint:gauge'],
]) {
  const line = SCRIPT.slice(last, SCRIPT.indexOf('\n', last));
  mutations.push([`${from} of custom buckets`, `nhcb\n${line}\n`, `nhcb\n${line.replace(from, to)}\n`]);
}
const range = SCRIPT.split('\n').findIndex((line) => line.includes('counter_reset_hint:unknown'));
for (const [from, to] of [
  ['schema:1', 'schema:2'],
  ['count:7', 'count:8'],
  ['sum:5', 'sum:5.1'],
  ['z_bucket:1', 'z_bucket:2'],
  ['z_bucket_w:0.01', 'z_bucket_w:0.010000001'],
  [' offset:-2', ' offset:-1'],
  [' buckets:[2 0 1]', ' buckets:[2 0 1 1]'],
  [' buckets:[2 0 1]', ' buckets:[0 2 1]'],
  ['n_offset:3', 'n_offset:2'],
  ['n_buckets:[3]', 'n_buckets:[2]'],
  ['hint:unknown', 'hint:reset'],
  ['hint:not_reset', 'hint:unknown'],
]) {
  const line = SCRIPT.split('\n')[range];
  mutations.push([`${from} of a histogram`, line, line.replace(from, to)]);
}

for (const [what, from, to] of mutations) {
  test(`a script fails: ${what}: ${JSON.stringify(to).slice(0, 60)}`, () => {
    assert.ok(SCRIPT.includes(from), from);
    const failures = failuresOf(SCRIPT.replace(from, () => to));
    assert.equal(failures.length, 1, JSON.stringify(failures));
    assert.notEqual(failures[0].failure!.expected, failures[0].failure!.got);
  });
}

const harmless: [what: string, from: string, to: string][] = [
  ['a value within a millionth', '{path="/b"} 150', '{path="/b"} 150.0001'],
  [
    'the order of lines',
    'requests_total{path="/b"} 150\n  requests_total{path="/a"} 300',
    'requests_total{path="/a"} 300\n  requests_total{path="/b"} 150',
  ],
  ['a hint that is not given', ' counter_reset_hint:unknown', ''],
  [
    'empty buckets around',
    ' buckets:[2 0 1] n_offset:3 n_buckets:[3] counter',
    ' buckets:[2 0 1 0 0] n_offset:2 n_buckets:[0 3 0] counter',
  ],
  ['nothing about infos', '  expect no_info\n', ''],
  ['nothing about the text of an error', ' msg: invalid regular expression in label_replace(): (', ''],
];
for (const [what, from, to] of harmless) {
  test(`a script passes with ${what}`, () => assert.deepEqual(failuresOf(SCRIPT.replace(from, () => to)), []));
}

test('line and text of a failure, and what it is about', () => {
  const [{line, text, failure}] = failuresOf(SCRIPT.replace('{path="/b"} 150', '{path="/b"} 151'));
  assert.equal(SCRIPT.split('\n')[line - 1], text);
  assert.deepEqual(failure, {
    check: '',
    expected: 'vector {requests_total{path="/b"} [151 @300000]; requests_total{path="/a"} [300 @300000]}',
    got: 'vector {requests_total{path="/a"} [300 @300000]; requests_total{path="/b"} [150 @300000]}',
  });
});

test('clear throws away what was loaded', () => {
  const results = run('load 1m\n  a 1\n\neval instant at 0 a\n  a 1\n\nclear\neval instant at 0 a\n');
  assert.deepEqual(
    results.map(({failure}) => failure),
    [undefined, undefined],
  );
});

const bad: [command: string, problem: RegExp][] = [
  ['foo', /invalid command "foo"/],
  ['load', /invalid load command/],
  ['load x', /invalid step definition "x"/],
  ['load 1m\n  a 1+1', /parse error/],
  ['load 1m\n  a@st 1s', /no following sample line/],
  ['load 1m\n  a@st 1s\n  b 1', /does not match/],
  ['load 1m\n  a@st 1s 1s\n  a 1', /@st line has 2 values but sample line has 1/],
  ['load 1m\n  a@st 1q\n  a 1', /invalid duration "1q"/],
  ['load 1m\n  a@st 1s+1s\n  a 1', /expected 'x<count>'/],
  ['eval instant 0 a', /invalid evaluation command/],
  ['eval instant at x a', /invalid timestamp definition "x"/],
  ['eval range from 1m to 0 step 1m a', /end timestamp \(0\) is before start timestamp \(1m\)/],
  ['eval_ordered range from 0 to 1m step 1m a', /invalid evaluation command/],
  ['eval instant at 0 a\n  a 1 2', /one value/],
  ['eval instant at 0 a\n  a', /one value/],
  ['eval instant at 0 a\n  expect nothing', /invalid expect statement/],
  ['eval instant at 0 a\n  expect warn text: x', /invalid expect statement/],
  ['eval instant at 0 a\n  expect warn regex: (', /invalid regex \(/],
  ['eval instant at 0 a\n  expect warn\n  expect no_warn', /warn and no_warn cannot be used together/],
  ['eval instant at 0 a\n  expect no_info\n  expect info', /info and no_info cannot be used together/],
  ['eval instant at 0 a\n  expect fail\n  expect fail', /multiple expect fail lines/],
  ['eval instant at 0 a\n  expect string x', /expected string literal not valid/],
  ['eval instant at 0 a\n  expect string "x', /expected string literal not valid/],
  ['eval instant at 0 a\n  expect range vector 1m', /invalid range vector definition/],
  ['eval instant at 0 1\n  1\n  2', /no more lines may follow/],
];
for (const [command, problem] of bad) {
  test(`cannot be read: ${JSON.stringify(command)}`, () => {
    const results = run(`clear\n\n${command}\n\neval instant at 0 1\n  1\n`);
    assert.deepEqual(
      results.map(({line, failure}) => [line, failure === undefined]),
      [
        [3, false],
        [command.split('\n').length + 4, true],
      ],
    );
    assert.match(results[0].failure!.got, problem);
  });
}

const numbers: [text: string, value: string][] = [
  ['0x1F', '31'],
  ['017', '15'],
  ['0b101', '5'],
  ['-0o17', '-15'],
  ['1_000', '1000'],
  ['1e3', '1000'],
  ['+Inf', 'Inf'],
  ['nan', 'NaN'],
  ['08', '8'],
  ['-5', '-5'],
];
for (const [text, value] of numbers) {
  test(`a line that is only the number ${text}`, () => {
    assert.deepEqual(failuresOf(`eval instant at 0 ${value}\n  ${text}\n`), []);
    assert.equal(
      failuresOf(`eval instant at 0 ${value} + 1e9\n  ${text}\n`).length,
      Number.isFinite(Number(value)) ? 1 : 0,
    );
  });
}
