// Rules of operators on native histograms, as scripts of upstream's test language.
import assert from 'node:assert/strict';
import {test} from 'node:test';
import {NarthexEngine} from '../promqltest/narthex-engine.ts';
import {runScript} from '../promqltest/run-script.ts';

function check(script: string): void {
  const results = runScript(script, (storage) => new NarthexEngine(storage));
  assert.ok(results.length > 0);
  for (const {text, failure} of results) assert.equal(failure, undefined, `${text}: ${JSON.stringify(failure)}`);
}

const OPERANDS = `load 1m
  f _ 2
  a _ {{count:6 sum:9 buckets:[1 2 3]}}
  b _ {{schema:1 count:5 sum:4 z_bucket:1 z_bucket_w:0.001 buckets:[1 1 2]}}
  same {{count:1 sum:1 buckets:[1]}} {{count:9 sum:9 buckets:[9]}}
  five _ {{schema:-53 count:3 sum:4 custom_values:[5 10] buckets:[1 1 1]}}
  ten _ {{schema:-53 count:3 sum:9 custom_values:[10] buckets:[1 2]}}

`;

const isTypes = (op: string, left: string, right: string): string =>
  `expect info msg: PromQL info: incompatible sample types encountered for binary operator "${op}": ${left} ${op} ${right} (1:1)`;
const layouts = (op: string): string =>
  `expect warn msg: PromQL warning: incompatible bucket layout encountered for binary operator ${op} (1:1)`;
const reconciles = (what: string): string =>
  `expect info msg: PromQL info: mismatched custom buckets were reconciled during ${what} (1:1)`;

type Rule = [left: string, op: string, right: string, result: string | undefined, note?: string];

const histogramRules: Rule[] = [
  ['a', '+', 'b', '{{schema:0 count:11 sum:13 z_bucket:1 z_bucket_w:0.001 buckets:[2 5 3]}}'],
  ['a', '-', 'b', '{{schema:0 count:1 sum:5 z_bucket:-1 z_bucket_w:0.001 buckets:[0 -1 3] counter_reset_hint:gauge}}'],
  ['a', '-', 'a', '{{count:0 sum:0 counter_reset_hint:gauge}}'],
  ['a', '+', 'five', undefined, layouts('+')],
  ['five', '-', 'a', undefined, layouts('-')],
  ['same', '+', 'a', '{{count:15 sum:18 buckets:[10 2 3]}}'],
  ['five', '+', 'ten', '{{schema:-53 count:6 sum:13 custom_values:[10] buckets:[3 3]}}', reconciles('addition')],
  [
    'five',
    '-',
    'ten',
    '{{schema:-53 count:0 sum:-5 custom_values:[10] buckets:[1 -1] counter_reset_hint:gauge}}',
    reconciles('subtraction'),
  ],
  ['a', '==', 'a', '{{count:6 sum:9 buckets:[1 2 3]}}'],
  ['a', '==', 'b', undefined],
  ['a', '!=', 'a', undefined],
  ['a', '!=', 'five', '{{count:6 sum:9 buckets:[1 2 3]}}'],
  ['a', '== bool', 'a', '1'],
  ['a', '== bool', 'five', '0'],
  ['a', '!= bool', 'b', '1'],
  ...['*', '/', '%', '^', 'atan2', '<', '>', '<=', '>=', '</', '>/'].map((op): Rule => [
    'a',
    op,
    'b',
    undefined,
    isTypes(op, 'histogram', 'histogram'),
  ]),
  ['a', '> bool', 'b', undefined, isTypes('>', 'histogram', 'histogram')],
];

const floatRules: Rule[] = [
  ['f', '*', 'a', '{{count:12 sum:18 buckets:[2 4 6]}}'],
  ['a', '*', 'f', '{{count:12 sum:18 buckets:[2 4 6]}}'],
  ['a', '/', 'f', '{{count:3 sum:4.5 buckets:[0.5 1 1.5]}}'],
  ['five', '</', 'f', '{{schema:-53 count:0.4 sum:0.4 custom_values:[5 10] buckets:[0.4]}}'],
  ['five', '>/', 'f', '{{schema:-53 count:2.6 sum:19.6 custom_values:[5 10] buckets:[0.6 1 1]}}'],
  ...['+', '-', '/', '%', '^', 'atan2', '==', '!=', '<', '>', '<=', '>=', '</', '>/'].map((op): Rule => [
    'f',
    op,
    'a',
    undefined,
    isTypes(op, 'float', 'histogram'),
  ]),
  ...['+', '-', '%', '^', 'atan2', '==', '!=', '<', '>', '<=', '>='].map((op): Rule => [
    'a',
    op,
    'f',
    undefined,
    isTypes(op, 'histogram', 'float'),
  ]),
  ['f', '</', 'f', undefined, isTypes('</', 'float', 'float')],
  ['f', '>/', 'f', undefined, isTypes('>/', 'float', 'float')],
  ['f', '== bool', 'a', undefined, isTypes('==', 'float', 'histogram')],
];

const FILTERS: ReadonlySet<string> = new Set(['==', '!=', '<', '>', '<=', '>=']);

function evalOf(query: string, name: string, [, , , result, note]: Rule): string {
  const notes = ['warn', 'info'].map((kind) =>
    note?.startsWith(`expect ${kind}`) === true ? note : `expect no_${kind}`,
  );
  const rows = result === undefined ? [] : [`${name === '' ? '{}' : name} ${result}`];
  return `${[`eval instant at 1m ${query}`, ...notes, ...rows].join('\n  ')}\n\n`;
}

/** A rule between two vectors: as whole columns, step by step, and grouped on either side. */
function vectorForms(rule: Rule): string {
  const [left, op, right] = rule;
  // Trimming keeps the name, too.
  const keepsName = FILTERS.has(op) || op === '</' || op === '>/';
  return [
    evalOf(`${left} ${op} ${right}`, keepsName ? left : '', rule),
    evalOf(`${left} ${op} fill_right (7) ${right}`, keepsName ? left : '', rule),
    evalOf(`${left} ${op} on () group_left ${right}`, keepsName ? left : '', rule),
    evalOf(`${left} ${op} on () group_right ${right}`, keepsName ? right : '', rule),
  ].join('');
}

/** A rule with a float: the same with a scalar in its place, which is constant or changes with the step. */
function scalarForms(rule: Rule): string {
  const [left, op, right] = rule;
  const keepsName = FILTERS.has(op) || op === '</' || op === '>/';
  const forms = [[left, right]];
  if (right === 'f') forms.push([left, '2'], [left, 'scalar(f)']);
  if (left === 'f' && right !== 'f') forms.push(['2', right], ['scalar(f)', right]);
  return forms
    .map(([l, r]) => evalOf(`${l} ${op} ${r}`, keepsName ? (left === 'f' && right !== 'f' ? right : left) : '', rule))
    .join('');
}

for (const rule of [...histogramRules, ...floatRules]) {
  const [left, op, right] = rule;
  test(`${left} ${op} ${right}`, () => check(OPERANDS + vectorForms(rule)));
}
for (const rule of floatRules) {
  const [left, op, right] = rule;
  test(`${left} ${op} ${right} with a scalar`, () => check(OPERANDS + scalarForms(rule)));
}

const scripts: [rule: string, script: string][] = [
  [
    // Histograms of the storage never say that they were reset; those that histogram_count() alone looks at do.
    'histograms that disagree about resets have no sum',
    `load 1m
  reset {{count:9 sum:9 buckets:[9]}} {{count:1 sum:1 buckets:[1]}}
  same {{count:1 sum:1 buckets:[1]}} {{count:9 sum:9 buckets:[9]}}

eval instant at 1m histogram_count(reset + same)
  expect warn msg: PromQL warning: conflicting counter resets during histogram addition (1:17)

eval instant at 1m histogram_count(same - fill_right (1) reset)
  expect warn msg: PromQL warning: conflicting counter resets during histogram subtraction (1:17)

eval instant at 1m histogram_count(reset + reset)
  expect no_warn
  {} 2
`,
  ],
  [
    'a factor of 0 leaves no buckets, a negative one makes a gauge',
    `eval instant at 1m a * 0
  {} {{}}

eval instant at 1m a / -2
  {} {{count:-3 sum:-4.5 buckets:[-0.5 -1 -1.5] counter_reset_hint:gauge}}

eval instant at 1m a / 0
  {} {{count:Inf sum:Inf z_bucket:NaN}}

eval instant at 1m (a * 0) == (b * 0 - b * 0)

eval instant at 1m (a - a) == (a * 0)
  {} {{}}
`,
  ],
  [
    'unary minus makes histograms gauges and negates floats',
    `load 1m
  m{i="1"} 5 {{count:6 sum:9 buckets:[1 2 3]}} NaN
  m{i="2"} {{count:1 sum:1 buckets:[1]}} -7 -Inf

eval range from 0 to 2m step 1m -m
  expect no_info
  {i="1"} -5 {{count:-6 sum:-9 buckets:[-1 -2 -3] counter_reset_hint:gauge}} NaN
  {i="2"} {{count:-1 sum:-1 buckets:[-1] counter_reset_hint:gauge}} 7 Inf

eval range from 0 to 2m step 1m +m{i="2"}
  m{i="2"} {{count:1 sum:1 buckets:[1]}} -7 -Inf

eval range from 1m to 2m step 1m -(m @ 1m)
  {i="1"} {{count:-6 sum:-9 buckets:[-1 -2 -3] counter_reset_hint:gauge}}x1
  {i="2"} 7 7
`,
  ],
  [
    'a step has the note of its last row alone, a range those of all steps',
    `load 1m
  l{i="1"} 1 1
  l{i="2"} {{count:1 sum:1 buckets:[1]}} _
  r{i="1"} {{count:1 sum:1 buckets:[1]}}x1
  r{i="2"} 3 3

eval instant at 0 l + r
  ${isTypes('+', 'histogram', 'float')}

eval instant at 0 l + fill_right (1) r
  ${isTypes('+', 'histogram', 'float')}

eval range from 0 to 6m step 6m l + r
  ${isTypes('+', 'histogram', 'float')}

eval range from 0 to 1m step 1m l + r
  ${isTypes('+', 'histogram', 'float')}

clear
load 1m
  l{i="1"} 1 1
  l{i="2"} {{count:1 sum:1 buckets:[1]}} 1
  r{i="1"} {{count:1 sum:1 buckets:[1]}}x1
  r{i="2"} 3 3

eval range from 0 to 1m step 1m l + r
  ${isTypes('+', 'histogram', 'float')}
  ${isTypes('+', 'float', 'histogram')}
  {i="2"} _ 4

eval instant at 0 3 </ l
  ${isTypes('</', 'float', 'histogram')}

eval range from 0 to 1m step 1m 3 </ l
  ${isTypes('</', 'float', 'histogram')}
  ${isTypes('</', 'float', 'float')}
`,
  ],
  [
    'operands that do not go together count as not matched',
    `load 1m
  l{i="1",x="1"} {{count:1 sum:1 buckets:[1]}}
  l{i="1",x="2"} {{count:2 sum:2 buckets:[2]}}
  r{i="1"} {{count:3 sum:3 buckets:[3]}}
  f{i="1"} 2

eval instant at 0 l * on (i) r
  ${isTypes('*', 'histogram', 'histogram')}

eval instant at 0 l + on (i) r
  expect fail msg: multiple matches for labels: many-to-one matching must be explicit (group_left/group_right)

eval instant at 0 l * on (i) fill_left (2) r
  ${isTypes('*', 'histogram', 'histogram')}
  {i="1"} {{count:6 sum:6 buckets:[6]}}

eval instant at 0 l{x="1"} == on (i) fill_left (2) f
  ${isTypes('==', 'histogram', 'float')}
  {i="1"} 2
`,
  ],
  [
    'fill modifiers put floats beside histograms',
    `load 1m
  l{i="1"} {{count:1 sum:1 buckets:[1]}}
  l{i="2"} {{count:2 sum:2 buckets:[2]}}
  r{i="2"} 5
  r{i="3"} {{count:3 sum:3 buckets:[3]}}

eval instant at 0 l * fill_left (10) fill_right (2) r
  expect no_info
  {i="1"} {{count:2 sum:2 buckets:[2]}}
  {i="2"} {{count:10 sum:10 buckets:[10]}}
  {i="3"} {{count:30 sum:30 buckets:[30]}}

eval instant at 0 l + fill_right (2) r
  ${isTypes('+', 'histogram', 'float')}
`,
  ],
  [
    'set operators only look at what is there',
    `load 1m
  l{i="1"} {{count:1 sum:1 buckets:[1]}} 1
  l{i="2"} 2 {{count:2 sum:2 buckets:[2]}}
  r{i="1"} _ {{count:3 sum:3 buckets:[3]}}
  r{i="3"} {{count:4 sum:4 buckets:[4]}} 4

eval range from 0 to 1m step 1m l and r
  expect no_info
  l{i="1"} _ 1

eval range from 0 to 1m step 1m l unless r
  expect no_info
  l{i="1"} {{count:1 sum:1 buckets:[1]}}
  l{i="2"} 2 {{count:2 sum:2 buckets:[2]}}

eval range from 0 to 1m step 1m l or r
  expect no_info
  l{i="1"} {{count:1 sum:1 buckets:[1]}} 1
  l{i="2"} 2 {{count:2 sum:2 buckets:[2]}}
  r{i="3"} {{count:4 sum:4 buckets:[4]}} 4
`,
  ],
  [
    'a row of both sides of `or` has the name of what came first',
    `load 1m
  a 1 2

eval range from 0 to 1m step 1m -(a offset 1m) or a
  a 1 -1
`,
  ],
  [
    'rows that lose their names become one row of both kinds',
    `load 1m
  p{i="1"} {{count:1 sum:1 buckets:[1]}} stale
  q{i="1"} _ 7

eval range from 0 to 1m step 1m {__name__=~"p|q"} * 2
  {i="1"} {{count:2 sum:2 buckets:[2]}} 14

eval range from 0 to 1m step 1m label_replace({__name__=~"p|q"}, "__name__", "n", "", "")
  n{i="1"} {{count:1 sum:1 buckets:[1]}} 7

eval range from 0 to 1m step 1m label_join(p, "j", "-", "i", "i")
  p{i="1", j="1-1"} {{count:1 sum:1 buckets:[1]}}

eval range from 0 to 1m step 1m absent(p)
  {} _ 1
`,
  ],
  [
    'chains and constant operands give each step its own histogram',
    `load 1m
  h {{count:1 sum:1 buckets:[1]}} {{count:2 sum:2 buckets:[2]}} {{count:3 sum:3 buckets:[3]}}

eval range from 0 to 2m step 1m -h * -2 / 2 + (h @ 2m) * 2
  {} {{count:7 sum:7 buckets:[7] counter_reset_hint:gauge}} {{count:8 sum:8 buckets:[8] counter_reset_hint:gauge}} {{count:9 sum:9 buckets:[9] counter_reset_hint:gauge}}

eval range from 0 to 2m step 1m h * scalar(histogram_count(h))
  {} {{count:1 sum:1 buckets:[1]}} {{count:4 sum:4 buckets:[4]}} {{count:9 sum:9 buckets:[9]}}
`,
  ],
];
for (const [rule, script] of scripts) test(rule, () => check(script.startsWith('eval') ? OPERANDS + script : script));
