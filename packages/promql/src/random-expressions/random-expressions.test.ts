import assert from 'node:assert/strict';
import {test} from 'node:test';
import {Labels} from '@narthex/model/labels.ts';
import type {Answer} from '../promqltest/script-engine.ts';
import {differenceOf} from './compare-answers.ts';
import {caseOf, differenceAt, scriptOf} from './random-case.ts';

const CASES = 10_000;

for (const hasFeatures of [false, true]) {
  const mode = hasFeatures ? 'with all features' : 'with default flags';
  test(`engine and naive evaluator agree on random queries, ${mode}`, () => {
    for (let seed = 1; seed <= CASES; seed++) {
      const one = caseOf(seed);
      if (one.hasFeatures !== hasFeatures) continue;
      const difference = differenceAt(one);
      // The script runs random-expressions with this seed, which makes it small.
      assert.equal(difference, undefined, `${scriptOf(one)}${JSON.stringify(difference)}`);
    }
  });
}

test('a seed gives the same case for ever', () => {
  for (const seed of [1, 20, 4711]) assert.equal(scriptOf(caseOf(seed)), scriptOf(caseOf(seed)));
});

const answer = (rows: readonly [job: string, value: number][], warnings: readonly string[] = []): Answer => ({
  value: {
    type: 'vector',
    rows: rows.map(([job, value]) => ({labels: Labels.of([['job', job]]), samples: [{timeMs: 0, value}]})),
  },
  warnings,
  infos: [],
});

const different: [name: string, a: Answer, b: Answer, whereOrdered: boolean, elsewhere: boolean][] = [
  ['the same', answer([['a', 1]]), answer([['a', 1]]), false, false],
  ['NaN is NaN', answer([['a', NaN]]), answer([['a', -NaN]]), false, false],
  ['zero is not minus zero', answer([['a', 0]]), answer([['a', -0]]), true, true],
  ['the last bit', answer([['a', 0.3]]), answer([['a', 0.1 + 0.2]]), true, true],
  ['a row less', answer([['a', 1]]), answer([]), true, true],
  ['other labels', answer([['a', 1]]), answer([['b', 1]]), true, true],
  [
    'another order',
    answer([
      ['a', 1],
      ['b', 2],
    ]),
    answer([
      ['b', 2],
      ['a', 1],
    ]),
    true,
    false,
  ],
  ['a warning more', answer([['a', 1]]), answer([['a', 1]], ['oh']), true, true],
  ['warnings in another order', answer([], ['a', 'b']), answer([], ['b', 'a']), false, false],
];
for (const [name, a, b, whereOrdered, elsewhere] of different) {
  test(`comparison of answers: ${name}`, () => {
    assert.equal(differenceOf(a, b, true) !== undefined, whereOrdered);
    assert.equal(differenceOf(a, b, false) !== undefined, elsewhere);
  });
}

test('an error is compared by its text', () => {
  assert.equal(differenceOf({error: 'x'}, {error: 'x'}, true), undefined);
  assert.deepEqual(differenceOf({error: 'x'}, {error: 'y'}, true), {found: 'error: x', wanted: 'error: y'});
  assert.notEqual(differenceOf({error: 'x'}, answer([]), true), undefined);
});
