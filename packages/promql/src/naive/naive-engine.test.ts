import assert from 'node:assert/strict';
import fs from 'node:fs';
import {test} from 'node:test';
import {SCRIPT_PARSER_OPTIONS} from '../promqltest/judge.ts';
import {runScript} from '../promqltest/run-script.ts';
import {NaiveEngine} from './naive-engine.ts';

const FOLDER = new URL('../../../../../shared/conformance/promqltest/', import.meta.url);

/** Settings of upstream's runner. */
const OPTIONS = {
  ...SCRIPT_PARSER_OPTIONS,
  lookbackMs: 300_000,
  subqueryStepMs: 60_000,
  delayedNameRemoval: true,
  typeAndUnitLabels: false,
  useStartTimestamps: true,
};

if (fs.existsSync(FOLDER)) {
  for (const name of fs.readdirSync(FOLDER).filter((file) => file.endsWith('.test'))) {
    test(`the naive evaluator passes upstream's script ${name}`, () => {
      const results = runScript(
        fs.readFileSync(new URL(name, FOLDER), 'utf8'),
        (storage) => new NaiveEngine(storage, OPTIONS),
      );
      assert.ok(results.length > 0);
      assert.deepEqual(
        results.filter(({failure}) => failure !== undefined),
        [],
      );
    });
  }
} else {
  test("the naive evaluator and upstream's scripts", {skip: 'shared/conformance is not here'}, () => {});
}
