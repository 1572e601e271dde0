import assert from 'node:assert/strict';
import {test} from 'node:test';
import {assertAllPass} from './cases.ts';
import {readConformance} from './conformance.ts';
import {MODEL_LISTS} from './lists.ts';

for (const [name, run] of MODEL_LISTS) {
  const list = readConformance<unknown>(`parser/${name}`);
  test(`upstream’s ${name}`, {skip: list.skip}, () => assertAllPass(run(list.read())));
}

const wrong: [name: string, list: object][] = [
  ['durations.json', {cases: [{input: '5m', fail: false, ns: 300_000_000_001 * 1000, string: '5m'}]}],
  ['durations.json', {cases: [{input: '5m', fail: false, ns: 300_000_000_000, string: '300s'}]}],
  ['durations.json', {cases: [{input: '5m', fail: true}]}],
  ['durations.json', {cases: [{input: '5q', fail: false, ns: 1, string: '5q'}]}],
  ['label-matching.json', {cases: [{matcher: {op: '=', name: 'a', value: 'b'}, value: 'b', match: false}]}],
  [
    'label-matcher-inverse.json',
    {cases: [{matcher: {Type: '=', Name: 'a', Value: 'b'}, expected: {Type: '!~', Name: 'a', Value: 'b'}}]},
  ],
  ['regex-corpus.json', {values: ['a'], cases: ['(']}],
];
for (const [name, list] of wrong) {
  test(`a wrong case of ${name} fails: ${JSON.stringify(list)}`, () => {
    const [{failure}] = MODEL_LISTS.get(name)!(list);
    assert.notEqual(failure, undefined);
    assert.notEqual(failure!.expected, failure!.got);
  });
}
