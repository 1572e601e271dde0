import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import {after, before, test} from 'node:test';
import {glob} from './glob.ts';

const FILES = [
  'a.yml',
  'b.yml',
  'ab.yml',
  '.hidden.yml',
  '[x].yml',
  'é.yml',
  'one/a.yml',
  'two/a.yml',
  'two/b.json',
  '{c,d}.yml',
];
let dir = '';
before(() => {
  dir = fs.mkdtempSync(path.join(os.tmpdir(), 'glob-'));
  for (const file of FILES) {
    fs.mkdirSync(path.dirname(path.join(dir, file)), {recursive: true});
    fs.writeFileSync(path.join(dir, file), '');
  }
  fs.symlinkSync('nowhere', path.join(dir, 'dangling.yml'));
});
after(() => fs.rmSync(dir, {recursive: true}));

const cases: [pattern: string, want: string[]][] = [
  ['a.yml', ['a.yml']],
  ['missing.yml', []],
  ['dangling.yml', ['dangling.yml']],
  ['*.yml', ['.hidden.yml', '[x].yml', 'a.yml', 'ab.yml', 'b.yml', 'dangling.yml', '{c,d}.yml', 'é.yml']],
  ['a*.yml', ['a.yml', 'ab.yml']],
  ['*b*', ['ab.yml', 'b.yml']],
  ['?.yml', ['a.yml', 'b.yml', 'é.yml']],
  ['[ab].yml', ['a.yml', 'b.yml']],
  ['[a-z].yml', ['a.yml', 'b.yml']],
  ['[^a].yml', ['b.yml', 'é.yml']],
  ['[z-a].yml', []],
  ['\\[x\\].yml', ['[x].yml']],
  ['[\\[]x].yml', ['[x].yml']],
  ['{a,b}.yml', []],
  ['**/a.yml', ['one/a.yml', 'two/a.yml']],
  ['t?o/*', ['two/a.yml', 'two/b.json']],
  ['*/*.json', ['two/b.json']],
  ['missing/*', []],
  ['a.yml/*', []],
];
for (const [pattern, want] of cases) {
  test(`${pattern} matches ${want.join(' ') || 'nothing'}`, () => {
    assert.deepEqual(
      glob(path.join(dir, pattern)),
      want.map((file) => path.join(dir, file)),
    );
  });
}

for (const pattern of ['[a', '[', '[]a]', '[a-]', '[-a]', 'a\\']) {
  test(`${pattern} is no pattern`, () => {
    assert.throws(() => glob(path.join(dir, pattern)), {name: 'GlobError', message: /^syntax error in pattern/});
  });
}
