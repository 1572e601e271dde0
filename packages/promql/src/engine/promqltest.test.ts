import assert from 'node:assert/strict';
import fs from 'node:fs';
import {test} from 'node:test';
import {NarthexEngine} from '../promqltest/narthex-engine.ts';
import {type CommandResult, runScript} from '../promqltest/run-script.ts';

const folder = new URL('../../../../../shared/conformance/promqltest/', import.meta.url);

/** Evals of scripts that pass, at least, where not all do; the others need functions of native histograms or start timestamps. */
const passing: Readonly<Record<string, number>> = {
  'functions.test': 334,
  'histograms.test': 142,
  'info.test': 52,
  'native_histograms.test': 280,
  'start_timestamps.test': 24,
};

if (fs.existsSync(folder)) {
  for (const name of fs.readdirSync(folder).filter((file) => file.endsWith('.test'))) {
    test(`upstream's script ${name}`, () => {
      const results = runScript(
        fs.readFileSync(new URL(name, folder), 'utf8'),
        (storage) => new NarthexEngine(storage),
      );
      assert.ok(results.length > 0);
      const failed = results.filter(({failure}) => failure !== undefined);
      const atLeast = passing[name] ?? results.length;
      assert.ok(results.length - failed.length >= atLeast, failed.map(describe).join('\n'));
    });
  }
} else {
  test("upstream's scripts", {skip: 'shared/conformance is not here'}, () => {});
}

function describe({line, text, failure}: CommandResult): string {
  const {check, expected, got} = failure!;
  return `line ${line}: ${text}${check === '' ? '' : ` (${check})`}: expected ${expected}, got ${got}`;
}
