import assert from 'node:assert/strict';
import {test} from 'node:test';
import {NarthexEngine} from '../promqltest/narthex-engine.ts';
import {runScript} from '../promqltest/run-script.ts';
import {SCRIPT_PARSER_OPTIONS} from '../promqltest/judge.ts';

/** A float, an exponential histogram and one with custom buckets under one name, and a classic histogram beside a native one. */
const LOAD = `
load 1m
  m{i="float"} 2.5 2.5
  m{i="native"} {{schema:0 sum:6 count:4 buckets:[1 2 1]}} {{schema:0 sum:6 count:4 buckets:[1 2 1]}}
  m{i="custom"} {{schema:-53 sum:5 count:4 custom_values:[1 2] buckets:[2 2]}} 3
  h{le="1"} 1 1
  h{le="+Inf"} 2 2
  h _ {{schema:0 sum:NaN count:4 buckets:[1 2]}}
  odd {{schema:0 sum:NaN count:4 buckets:[1 2]}}
`;

const rules: readonly [rule: string, evals: string][] = [
  [
    'functions of floats leave histograms out',
    `
eval instant at 0m ceil(m)
  {i="float"} 3

eval instant at 0m clamp(m, 0, 1)
  {i="float"} 1

eval instant at 0m round(m, 2)
  {i="float"} 2

eval instant at 0m hour(m)
  {i="float"} 0

eval instant at 0m sort_desc(m)
  m{i="float"} 2.5

eval instant at 0m scalar(m)
  2.5

eval range from 0m to 1m step 1m sgn(m)
  {i="float"} 1 1
  {i="custom"} _ 1
`,
  ],
  [
    'functions of labels and times keep them',
    `
eval instant at 0m label_replace(m{i="native"}, "j", "x$1", "i", "(.*)")
  m{i="native", j="xnative"} {{schema:0 sum:6 count:4 buckets:[1 2 1]}}

eval instant at 1m timestamp(m)
  {i="float"} 60
  {i="native"} 60
  {i="custom"} 60

eval instant at 1m timestamp(m offset 1m + 0)
  {i="float"} 60

eval instant at 0m absent(m{i="native"})

eval instant at 0m sort_by_label_desc(m, "i")
  expect ordered
  m{i="native"} {{schema:0 sum:6 count:4 buckets:[1 2 1]}}
  m{i="float"} 2.5
  m{i="custom"} {{schema:-53 sum:5 count:4 custom_values:[1 2] buckets:[2 2]}}
`,
  ],
  [
    'numbers of histograms leave floats out',
    `
eval instant at 0m histogram_count(m)
  {i="native"} 4
  {i="custom"} 4

eval range from 0m to 1m step 1m histogram_avg(m)
  {i="native"} 1.5 1.5
  {i="custom"} 1.25 _
`,
  ],
  [
    'quantiles and fractions take both kinds; of a classic and a native one with the same labels neither counts',
    `
eval instant at 0m histogram_quantile(0.5, {__name__=~"m|h"})
  expect warn msg: PromQL warning: bucket label "le" is missing or has a malformed value of "" for metric name "m" (1:25)
  {i="native"} 1.414213562373095
  {i="custom"} 1
  {} 1

eval instant at 1m histogram_fraction(0, 1, h)
  expect warn msg: PromQL warning: vector contains a mix of classic and native histograms for metric name "h" (1:26)

eval range from 0m to 1m step 1m histogram_quantiles(m{i="native"}, "q", 0.25 * time() / 60, 1)
  {i="native", q="0.0"} 0.5 _
  {i="native", q="0.25"} _ 1
  {i="native", q="1.0"} 4 4
`,
  ],
  [
    'observed NaNs are told',
    `
eval instant at 0m histogram_quantile(0.9, odd)
  expect info msg: PromQL info: input to histogram_quantile has NaN observations, result is NaN for metric name "odd" (1:25)
  {} NaN

eval instant at 0m histogram_quantile(0.25, odd)
  expect info msg: PromQL info: input to histogram_quantile has NaN observations, result is skewed higher for metric name "odd" (1:26)
  {} 1.414213562373095

eval instant at 0m histogram_fraction(-Inf, +Inf, odd)
  expect info msg: PromQL info: input to histogram_fraction has NaN observations, which are excluded from all fractions for metric name "odd" (1:32)
  {} 0.75
`,
  ],
];
for (const [rule, evals] of rules) {
  test(rule, () => {
    const results = runScript(LOAD + evals, (storage) => new NarthexEngine(storage));
    assert.ok(results.length > 0);
    const failed = results.filter(({failure}) => failure !== undefined);
    assert.deepEqual(
      failed.map(({text, failure}) => `${text}: expected ${failure!.expected}, got ${failure!.got}`),
      [],
    );
  });
}

test('names go at once where that is not delayed, type and unit stay with numbers of histograms', () => {
  const script = `
load 1m
  h{__type__="histogram",i="a"} {{schema:0 sum:6 count:4 buckets:[1 2 1]}}
  f{__type__="gauge",i="a"} 1.5

eval instant at 0m histogram_sum(h)
  {__type__="histogram", i="a"} 6

eval instant at 0m histogram_quantile(1, h)
  {i="a"} 4

eval instant at 0m floor(f)
  {i="a"} 1

eval instant at 0m abs(label_join({__name__=~"f|h|g"}, "j", "", "i"))
  {i="a", j="a"} 1.5
`;
  const options = {...SCRIPT_PARSER_OPTIONS, lookbackMs: 300_000, delayedNameRemoval: false};
  const results = runScript(script, (storage) => new NarthexEngine(storage, 10_000, options));
  assert.deepEqual(
    results.flatMap(({text, failure}) => (failure === undefined ? [] : [`${text}: got ${failure.got}`])),
    [],
  );
});

test('raised buckets are counted as upstream counts them, twice as often from step to step', () => {
  const script = `
load 1m
  h{le="1"} 3 1 3 1
  h{le="+Inf"} 2 2 2 2
`;
  const engines: NarthexEngine[] = [];
  runScript(script, (storage) => {
    const engine = new NarthexEngine(storage);
    engines.push(engine);
    return engine;
  });
  const infos = (ends: number) => {
    const answer = engines[0].range('histogram_quantile(0.5, h)', 0, ends * 60_000, 60_000);
    assert.ok('infos' in answer);
    return answer.infos.map((text) => /over (-?\d+) samples/.exec(text)?.[1]);
  };
  assert.deepEqual([0, 1, 2, 3].map(infos), [['1'], ['2'], ['6'], ['12']]);
});
