import assert from 'node:assert/strict';
import fs from 'node:fs';
import {test} from 'node:test';
import {NarthexEngine} from '../promqltest/narthex-engine.ts';
import {runScript} from '../promqltest/run-script.ts';

const folder = new URL('../../../../../shared/conformance/promqltest/', import.meta.url);

if (fs.existsSync(folder)) {
  for (const name of fs.readdirSync(folder).filter((file) => file.endsWith('.test'))) {
    test(`upstream's script ${name}`, () => {
      const script = fs.readFileSync(new URL(name, folder), 'utf8');
      const results = runScript(script, (storage) => new NarthexEngine(storage));
      assert.ok(results.length > 0);
      assert.deepEqual(
        results.filter(({failure}) => failure !== undefined),
        [],
      );
    });
  }
} else {
  test("upstream's scripts", {skip: 'shared/conformance is not here'}, () => {});
}
