import assert from 'node:assert/strict';
import fs from 'node:fs';
import {test} from 'node:test';
import {assertAllPass} from '@narthex/model/testing/cases.ts';
import {readConformance} from '@narthex/model/testing/conformance.ts';
import {conformancePath, skip} from '../conformance.test-data.ts';
import {EXPOSITION_LISTS, runOpenMetricsPage, runScrapePage} from './lists.ts';

for (const [name, run] of EXPOSITION_LISTS) {
  const list = readConformance<unknown>(`exposition/${name}`);
  test(`upstream's ${name}`, {skip: list.skip}, () => assertAllPass(run(list.read())));
}

test("the OpenMetrics project's pages", {skip}, () => {
  const folder = conformancePath('openmetrics-parsers');
  const results = fs.readdirSync(folder).map((name) => {
    const {shouldParse} = JSON.parse(fs.readFileSync(`${folder}/${name}/test.json`, 'utf8')) as {shouldParse: boolean};
    return runOpenMetricsPage(name, fs.readFileSync(`${folder}/${name}/metrics`), shouldParse);
  });
  assertAllPass(results);
});

const text = {name: 'x', format: 'text/plain', input: 'a{b="c"} 1 5\n'};
const sample = {m: 'a{b="c"}', v: 1, t: 5, lset: {__name__: 'a', b: 'c'}};
const family = {Name: 'a', Type: 'GAUGE', Metric: [{Gauge: {Value: 1}}]};
// A family `a` of type gauge with one metric of value 1.
const gauge = {name: 'x', input_base64: 'EgoBYRgBIgsSCQkAAAAAAADwPw==', options: {}};
const gaugeEntries = [
  {m: 'a', help: ''},
  {m: 'a', typ: 'gauge'},
  {m: 'a', v: 1, lset: {__name__: 'a'}},
];

const lists: [name: string, right: object, ...wrong: object[]][] = [
  [
    'parse.json',
    {...text, entries: [sample]},
    {...text, entries: []},
    {...text, entries: [sample, sample]},
    {...text, entries: [{...sample, v: 2}]},
    {...text, entries: [{...sample, t: 6}]},
    {...text, entries: [{...sample, m: 'a{b="d"}'}]},
    {...text, entries: [{...sample, lset: {__name__: 'a', b: 'd'}}]},
    {...text, entries: [{...sample, st: 1}]},
    {...text, format: 'application/openmetrics-text', entries: [sample]},
  ],
  [
    'parse-errors.json',
    {format: 'text/plain', input: 'a 1 2', fail: false},
    {format: 'text/plain', input: 'a 1 2', fail: true, errMsg: 'x'},
    {format: 'text/plain', input: 'a', fail: false},
    {format: 'text/plain', input: 'a', fail: true, errMsg: 'expected value'},
  ],
  [
    'expfmt-text-parse.json',
    {input: '# TYPE a gauge\na 1\n', families: [family]},
    {input: '# TYPE a gauge\na 1\n', families: []},
    {input: '# TYPE a gauge\na 2\n', families: [family]},
    {input: '# TYPE a counter\na 1\n', families: [family]},
    {input: 'a', families: []},
  ],
  [
    'expfmt-text-parse-error.json',
    {input: 'a 1', fail: true, errPrefix: 'text format parsing error in line 1: unexpected end of input'},
    {input: 'a 1', fail: true, errPrefix: 'text format parsing error in line 2'},
    {input: 'a 1\n', fail: true, errPrefix: 'text format'},
    {input: 'a 1', fail: false},
  ],
  ['expfmt-text-create.json', {family, output: '# TYPE a gauge\na 1\n'}, {family, output: '# TYPE a gauge\na 2\n'}],
  ['expfmt-openmetrics-create.json', {family, output: '# TYPE a gauge\na 1.0\n'}, {family, output: 'a 1.0\n'}],
  [
    'protobuf.json',
    {...gauge, entries: gaugeEntries},
    {...gauge, entries: gaugeEntries.slice(1)},
    {...gauge, entries: [...gaugeEntries.slice(0, 2), {...gaugeEntries[2], v: 2}]},
    {...gauge, entries: [...gaugeEntries.slice(0, 2), {...gaugeEntries[2], lset: {}}]},
    {...gauge, entries: gaugeEntries, errMsg: 'x'},
  ],
];
for (const [name, right, ...wrong] of lists) {
  const resultOf = (testCase: object) => EXPOSITION_LISTS.get(name)!({cases: [testCase]});
  test(`a right case of ${name} passes`, () => assertAllPass(resultOf(right)));
  for (const testCase of wrong) {
    test(`a wrong case of ${name} fails: ${JSON.stringify(testCase)}`, () => {
      const [{failure}] = resultOf(testCase);
      assert.notEqual(failure, undefined);
      assert.notEqual(failure!.expected, failure!.got);
    });
  }
}

test('pages: the other verdict fails', () => {
  const failureOf = (page: string, shouldParse: boolean) =>
    runOpenMetricsPage('x', Buffer.from(page), shouldParse).failure;
  assert.equal(failureOf('a 1\n# EOF\n', true), undefined);
  assert.notEqual(failureOf('a 1\n# EOF\n', false), undefined);
  assert.equal(failureOf('a 1\n', false), undefined);
  assert.notEqual(failureOf('a 1\n', true), undefined);
  assert.equal(runScrapePage('x', Buffer.from('a 1\n'), 'text/plain').failure, undefined);
  assert.notEqual(runScrapePage('x', Buffer.from('a 1\nb\n'), 'text/plain').failure, undefined);
  assert.notEqual(runScrapePage('x', Buffer.from('a 1\n'), 'application/openmetrics-text').failure, undefined);
});
