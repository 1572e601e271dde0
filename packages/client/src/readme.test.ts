import assert from 'node:assert/strict';
import {execFileSync} from 'node:child_process';
import {mkdtempSync, readFileSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {test} from 'node:test';

/** Finds the packages of an example wherever the example lies. */
function resolved(example: string): string {
  return example.replace(/'(@narthex\/[^']+)'/g, (_, name: string) => JSON.stringify(import.meta.resolve(name)));
}

test('the examples of the README run', (t) => {
  const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
  const examples = [...readme.matchAll(/```ts\n(.*?)```/gs)].map(([, example]) => example);
  assert.ok(examples.length > 0);
  const folder = mkdtempSync(join(tmpdir(), 'narthex-readme-'));
  t.after(() => rmSync(folder, {recursive: true}));
  for (const [i, example] of examples.entries()) {
    const file = join(folder, `example-${i}.mts`);
    writeFileSync(file, resolved(example));
    execFileSync(process.execPath, [file], {timeout: 30_000});
  }
});
