import assert from 'node:assert/strict';
import {test} from 'node:test';
import fc from 'fast-check';
import {escapeName, parseEscapingScheme, unescapeName} from './escaping.ts';

// As the tests of prometheus/common (model/metric_test.go) have them.
const cases: [name: string, underscores: string, dots: string, values: string][] = [
  ['', '', '', ''],
  ['no:escaping_required', 'no:escaping_required', 'no:escaping__required', 'no:escaping_required'],
  [
    'mysystem.prod.west.cpu.load',
    'mysystem_prod_west_cpu_load',
    'mysystem_dot_prod_dot_west_dot_cpu_dot_load',
    'U__mysystem_2e_prod_2e_west_2e_cpu_2e_load',
  ],
  ['http.status:sum', 'http_status:sum', 'http_dot_status:sum', 'U__http_2e_status:sum'],
  ['label with 😱', 'label_with__', 'label__with____', 'U__label_20_with_20__1f631_'],
  ['0digit', '_digit', '__digit', 'U___30_digit'],
];
for (const [name, underscores, dots, values] of cases) {
  test(`escaping ${JSON.stringify(name)}`, () => {
    assert.equal(escapeName(name, 'allow-utf-8'), name);
    assert.equal(escapeName(name, 'underscores'), underscores);
    assert.equal(escapeName(name, 'dots'), dots);
    assert.equal(escapeName(name, 'values'), values);
    assert.equal(unescapeName(values, 'values'), name);
  });
}

test('escaped names are legacy names, and values can be read back', () => {
  fc.assert(
    fc.property(fc.string({unit: 'grapheme', minLength: 1}), (name) => {
      for (const scheme of ['underscores', 'dots', 'values'] as const) {
        assert.match(escapeName(name, scheme), /^[A-Za-z_:][A-Za-z0-9_:]*$/);
      }
      fc.pre(!name.startsWith('U__'));
      assert.equal(unescapeName(escapeName(name, 'values'), 'values'), name);
    }),
  );
});

test('what is not well escaped stays as it is', () => {
  for (const name of ['U__bad_zz_', 'U__bad_1f631', 'U__end_', 'U__bad_d800_', 'U__bad_1234567_', 'plain_2e_name']) {
    assert.equal(unescapeName(name, 'values'), name);
  }
  assert.equal(unescapeName('a_dot_b__c', 'dots'), 'a.b_c');
  assert.equal(unescapeName('a_b', 'underscores'), 'a_b');
});

test('unknown schemes', () => {
  assert.equal(parseEscapingScheme('dots'), 'dots');
  assert.throws(() => parseEscapingScheme('points'), {message: 'unknown format scheme points'});
  assert.throws(() => parseEscapingScheme(''), {message: 'got empty string instead of escaping scheme'});
});
