import assert from 'node:assert/strict';
import {test} from 'node:test';
import {conformanceCases, skip} from './conformance.test-data.ts';
import {familyOf, type JsonFamily} from './family.test-data.ts';
import {openMetricsOfFamily} from './openmetrics-writer.ts';
import {textOfFamily} from './text-writer.ts';

interface WriteCase {
  family: JsonFamily;
  output: string;
}

/** The sign of an infinite value, which the lists lost, from the wanted output. */
function infinityIn({output}: WriteCase): number {
  return /[} ]-Inf/.test(output) ? -Infinity : Infinity;
}

test('expfmt-text-create.json', {skip}, () => {
  for (const c of conformanceCases<WriteCase>('expfmt-text-create.json')) {
    assert.equal(textOfFamily(familyOf(c.family, infinityIn(c))), c.output);
  }
});

test('expfmt-openmetrics-create.json', {skip}, () => {
  for (const c of conformanceCases<WriteCase>('expfmt-openmetrics-create.json')) {
    assert.equal(openMetricsOfFamily(familyOf(c.family, infinityIn(c))), c.output);
  }
});
