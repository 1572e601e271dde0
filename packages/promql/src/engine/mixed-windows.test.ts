// Rules of functions over ranges with native histograms, as scripts of upstream's test language.
import assert from 'node:assert/strict';
import {test} from 'node:test';
import {NarthexEngine} from '../promqltest/narthex-engine.ts';
import {runScript} from '../promqltest/run-script.ts';

const MIX = `load 1m
  m {{count:2 sum:3 buckets:[2]}} {{count:6 sum:5 buckets:[6]}} 7 9 {{count:1 sum:1 buckets:[1]}}
`;
const MIXED_WARNING = 'expect warn msg: PromQL warning: encountered a mix of histograms and floats for metric name "m"';
const IGNORED_INFO =
  'expect info msg: PromQL info: ignored histograms in a range containing both floats and histograms for metric name "m"';

const CUSTOM = `load 1m
  c {{schema:-53 count:3 sum:4 custom_values:[1 2 5] buckets:[1 2]}} {{schema:-53 count:9 sum:8 custom_values:[1 5] buckets:[4 5]}}
  d {{count:1 sum:1 buckets:[1]}} {{schema:-53 count:9 sum:8 custom_values:[1 5] buckets:[4 5]}}
`;

const scripts: [rule: string, script: string][] = [
  [
    'sums and rates of mixed windows are dropped with a warning',
    ['sum_over_time', 'avg_over_time', 'rate', 'increase', 'delta', 'idelta', 'irate']
      .map((name) => `eval instant at 2m ${name}(m[3m])\n  ${MIXED_WARNING} (1:${name.length + 2})\n\n`)
      .join(''),
  ],
  [
    'functions of floats ignore histograms with an info',
    [
      ['max_over_time', 9],
      ['min_over_time', 7],
      ['stdvar_over_time', 1],
      ['stddev_over_time', 1],
      ['mad_over_time', 1],
      ['ts_of_max_over_time', 180],
      ['ts_of_min_over_time', 120],
      ['deriv', 2 / 60],
    ]
      .map(
        ([name, value]) =>
          `eval instant at 4m ${name}(m[4m])\n  ${IGNORED_INFO} (1:${String(name).length + 2})\n  {} ${value}\n\n`,
      )
      .join(''),
  ],
  [
    'one float is too few for lines, but enough for the info',
    `eval instant at 2m deriv(m[2m])\n  ${IGNORED_INFO} (1:7)\n\neval instant at 2m predict_linear(m[2m], 60)\n  ${IGNORED_INFO} (1:16)\n\n`,
  ],
  [
    'without floats there is nothing to say',
    `eval instant at 1m max_over_time(m[2m])\n  expect no_info\n\neval instant at 1m quantile_over_time(2, m[2m])\n  expect no_warn\n\n`,
  ],
  [
    'samples are counted and picked whatever they are',
    `eval range from 0 to 4m step 1m count_over_time(m[2m])
  {} 1 2 2 2 2

eval range from 0 to 4m step 1m present_over_time(m[2m])
  {} 1 1 1 1 1

eval range from 0 to 4m step 1m absent_over_time(m[2m])

eval range from 0 to 4m step 1m last_over_time(m[2m])
  m {{count:2 sum:3 buckets:[2]}} {{count:6 sum:5 counter_reset_hint:not_reset buckets:[6]}} 7 9 {{count:1 sum:1 buckets:[1]}}

eval range from 1m to 4m step 1m first_over_time(m[2m])
  m {{count:2 sum:3 buckets:[2]}} {{count:6 sum:5 counter_reset_hint:not_reset buckets:[6]}} 7 9

eval range from 1m to 4m step 1m ts_of_first_over_time(m[2m])
  {} 0 60 120 180

eval range from 1m to 4m step 1m ts_of_last_over_time(m[2m])
  {} 60 120 180 240
`,
  ],
  [
    'a switch between floats and histograms is a change and a reset',
    `eval instant at 4m changes(m[10m])
  {} 4

eval instant at 4m resets(m[10m])
  {} 2

eval instant at 3m resets(m[2m] anchored)
  {} 1

eval instant at 3m changes(m[1m] anchored)
  {} 1

eval instant at 30m changes(m[27m] anchored)
  {} 1
`,
  ],
  [
    'windows of one kind are what they are without the others',
    `eval instant at 1m increase(m[2m])
  {} {{count:6 sum:3 counter_reset_hint:gauge buckets:[6]}}

eval instant at 1m irate(m[2m])
  {} {{count:0.06666666666666667 sum:0.03333333333333333 counter_reset_hint:gauge buckets:[0.06666666666666667]}}

eval instant at 3m irate(m[2m])
  {} 0.03333333333333333

eval instant at 3m sum_over_time(m[2m])
  {} 16

eval instant at 1m sum_over_time(m[2m])
  {} {{count:8 sum:8 buckets:[8]}}

eval instant at 1m avg_over_time(m[2m])
  {} {{count:4 sum:4 buckets:[4]}}
`,
  ],
  [
    'hints that do not fit the function',
    `eval instant at 1m idelta(m[2m])
  expect warn msg: PromQL warning: this native histogram metric is not a gauge: "m" (1:8)
  {} {{count:4 sum:2 counter_reset_hint:gauge buckets:[4]}}

eval instant at 1m delta(m[2m])
  expect warn msg: PromQL warning: this native histogram metric is not a gauge: "m" (1:7)
  {} {{count:8 sum:4 counter_reset_hint:gauge buckets:[8]}}

load 1m
  g {{count:2 sum:3 counter_reset_hint:gauge buckets:[2]}} {{count:6 sum:5 counter_reset_hint:gauge buckets:[6]}}

eval instant at 1m rate(g[2m])
  expect warn msg: PromQL warning: this native histogram metric is not a counter: "g" (1:6)
  {} {{count:0.05 sum:0.025 counter_reset_hint:gauge buckets:[0.05]}}

eval instant at 1m irate(g[2m])
  expect warn msg: PromQL warning: this native histogram metric is not a counter: "g" (1:7)
  {} {{count:0.06666666666666667 sum:0.03333333333333333 counter_reset_hint:gauge buckets:[0.06666666666666667]}}
`,
  ],
  [
    'different custom bounds are reconciled, with an info, and cannot be seen where only counts are asked for',
    `${CUSTOM}
eval instant at 1m irate(c[2m])
  expect info msg: PromQL info: mismatched custom buckets were reconciled during subtraction (1:7)
  {} {{schema:-53 count:0.1 sum:0.06666666666666667 custom_values:[1 5] counter_reset_hint:gauge buckets:[0.05 0.05]}}

eval instant at 1m sum_over_time(c[2m])
  expect info msg: PromQL info: mismatched custom buckets were reconciled during aggregation (1:15)
  {} {{schema:-53 count:12 sum:12 custom_values:[1 5] buckets:[5 7]}}

eval instant at 1m histogram_count(sum_over_time(c[2m]))
  expect no_info
  {} 12
`,
  ],
  [
    'exponential and custom buckets do not mix',
    `${CUSTOM}
eval instant at 1m sum_over_time(d[2m])
  expect warn msg: PromQL warning: vector contains a mix of histograms with exponential and custom buckets schemas for metric name "d" (1:15)

eval instant at 1m delta(d[2m])
  expect warn msg: PromQL warning: vector contains a mix of histograms with exponential and custom buckets schemas for metric name "d" (1:7)

eval instant at 1m increase(d[2m])
  expect no_warn
  {} {{schema:-53 custom_values:[1 5] count:10 sum:8.88888888888889 counter_reset_hint:gauge buckets:[4.444444444444445 5.555555555555555]}}
`,
  ],
  [
    'conflicting resets in a sum',
    `load 1m
  r {{count:2 sum:3 buckets:[2]}} {{count:6 sum:5 buckets:[6]}} {{count:1 sum:5 buckets:[1]}}

eval instant at 2m histogram_count(sum_over_time(r[3m]))
  expect warn msg: PromQL warning: conflicting counter resets during histogram aggregation (1:31)
  {} 9

eval instant at 2m sum_over_time(r[3m])
  expect no_warn
  {} {{count:9 sum:13 buckets:[9]}}
`,
  ],
  [
    'subqueries forget hints, and where they stand',
    `eval instant at 1m last_over_time(m[1m:1m])
  m {{count:6 sum:5 buckets:[6]}}

eval instant at 2m sum_over_time(m[3m:1m])
  ${MIXED_WARNING} (1:1)
`,
  ],
  [
    'a bare range vector with extended ends has no histograms',
    `eval instant at 4m m[4m] anchored
  expect fail msg: anchored modifier is not supported with histograms

eval instant at 4m m[4m] smoothed
  expect fail msg: smoothed modifier is not supported with histograms
`,
  ],
  [
    'an average goes on where the sum overflows',
    `load 1m
  big {{count:1.5e308 sum:1 buckets:[1.5e308]}} {{count:1.5e308 sum:1 buckets:[1.5e308]}} {{count:1.5e308 sum:4 buckets:[1.5e308]}}

eval instant at 2m avg_over_time(big[3m])
  {} {{count:1.5e308 sum:2 buckets:[1.5e308]}}
`,
  ],
  [
    'a bad smoothing factor is refused as soon as there is a sample',
    `eval instant at 0 double_exponential_smoothing(m[1m], 2, 0.5)
  expect fail msg: invalid smoothing factor. Expected: 0 < sf < 1, got: 2.000000
`,
  ],
  [
    'overlapping start timestamps are counted by windows',
    `load 1m
  s_total@st _ -90s -100s
  s_total    10 20 30

eval range from 1m to 2m step 1m increase(s_total[2m])
  expect warn msg: PromQL warning: sample has start time that overlaps with previous sample timestamp for metric "s_total" (2 occurrences) (1:10)
  {} 20 20
`,
  ],
];

for (const [rule, script] of scripts) {
  test(rule, () => {
    const results = runScript(`${MIX}\n${script}`, (storage) => new NarthexEngine(storage));
    assert.ok(results.length > 0);
    for (const {text, failure} of results) assert.equal(failure, undefined, `${text}: ${JSON.stringify(failure)}`);
  });
}
