import assert from 'node:assert/strict';
import fs from 'node:fs';
import {test} from 'node:test';
import {runScript} from './testing/script-runner.ts';

const folder = new URL('../../../../../shared/conformance/promqltest/', import.meta.url);

/**
 * Evals of each script that pass, at least. The others need native histograms, start timestamps or functions that are refused by name; every
 * one that needs floats alone passes.
 */
const passing: Readonly<Record<string, number>> = {
  'aggregators.test': 100,
  'collision.test': 2,
  'duration_expression.test': 59,
  'extended_vectors.test': 123,
  'fill-modifier.test': 46,
  'functions.test': 296,
  'histograms.test': 70,
  'info.test': 52,
  'limit.test': 15,
  'literals.test': 25,
  'native_histograms.test': 3,
  'range_queries.test': 17,
  'selectors.test': 31,
  'staleness.test': 17,
  'start_timestamps.test': 2,
  'trig_functions.test': 19,
  'type_and_unit.test': 58,
};

if (fs.existsSync(folder)) {
  for (const [name, atLeast] of Object.entries(passing)) {
    test(`upstream's script ${name}`, () => {
      const {passed, failed} = runScript(fs.readFileSync(new URL(name, folder), 'utf8'));
      assert.deepEqual(failed, []);
      assert.ok(passed >= atLeast, `${passed} evals pass, want at least ${atLeast}`);
    });
  }
} else {
  test("upstream's scripts", {skip: 'shared/conformance is not here'}, () => {});
}
