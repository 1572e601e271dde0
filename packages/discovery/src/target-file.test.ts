import assert from 'node:assert/strict';
import {test} from 'node:test';
import {parseTargetFile} from './target-file.ts';

const GOOD: [file: string, text: string, targets: string[][], labels: Record<string, string>[]][] = [
  ['a.yml', '- targets: [a:1, b:2]\n  labels: {x: y}\n- targets: [c]', [['a:1', 'b:2'], ['c']], [{x: 'y'}, {}]],
  ['a.yaml', '- labels: {x: 1, z: yes}', [[]], [{x: '1', z: 'yes'}]],
  ['a.yml', '', [], []],
  ['a.json', '[{"targets": ["a:1"], "labels": {"x": "y"}}]', [['a:1']], [{x: 'y'}]],
  ['a.JSON', '[{"Targets": ["a"], "LABELS": null}, {"targets": null}]', [['a'], []], [{}, {}]],
  [
    'a.json',
    '[{"targets": [null], "labels": {"x": null, "__proto__": "p"}}]',
    [['']],
    [JSON.parse('{"x": "", "__proto__": "p"}')],
  ],
  ['a.json', 'null', [], []],
  ['a.json', '[]', [], []],
];
for (const [file, text, targets, labels] of GOOD) {
  test(`${file}: ${text}`, () => {
    const groups = parseTargetFile(file, text);
    assert.deepEqual(
      groups.map((group) => group.targets.map(({__address__}) => __address__)),
      targets,
    );
    assert.deepEqual(
      groups.map((group) => group.labels),
      labels.map((each) => ({...each, __meta_filepath: file})),
    );
    assert.deepEqual(
      groups.map(({source}) => source),
      groups.map((_, i) => `${file}:${i}`),
    );
  });
}

const BAD: [file: string, text: string, why: RegExp][] = [
  ['a.yml', '- targets: [a]\n  lables: {}', /^a.yml:2: .*\n.*field lables not found in type struct/],
  ['a.yml', 'targets: [a]', /cannot unmarshal !!map into/],
  ['a.yml', '- targets: [a\n', /^a\.yml/],
  ['a.yml', '- targets: [a]\n-', /^nil target group item found$/],
  ['a.yml', '- labels: {"": x}', /"" is not a valid label name/],
  ['a.json', '- targets: [a]', /JSON/],
  ['a.json', '', /JSON/],
  ['a.json', '[null]', /^nil target group item found$/],
  ['a.json', '{"targets": []}', /^json: cannot unmarshal object into /],
  ['a.json', '[{"target": []}]', /^json: unknown field "target"$/],
  ['a.json', '[{"targets": "a"}]', /^json: cannot unmarshal string into Go struct field .targets of type \[\]string$/],
  ['a.json', '[{"targets": [1]}]', /^json: cannot unmarshal number into Go struct field .targets of type string$/],
  ['a.json', '[{"labels": {"x": true}}]', /^json: cannot unmarshal bool into /],
  ['a.json', '[{"labels": []}]', /^json: cannot unmarshal array into /],
  ['a.json', '[{"labels": {"": "x"}}]', /^"" is not a valid label name$/],
  ['a.json', '[1]', /^json: cannot unmarshal number into /],
];
for (const [file, text, why] of BAD) {
  test(`refused, ${file}: ${text}`, () => assert.throws(() => parseTargetFile(file, text), {message: why}));
}
