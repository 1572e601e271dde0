import assert from 'node:assert/strict';
import {spawnSync} from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import {test} from 'node:test';
import {fileURLToPath} from 'node:url';
import {runConformance} from './conformance.ts';

const main = fileURLToPath(new URL('./main.ts', import.meta.url));

const script = (value: number) => `load 1m\n  up 1 2\n\neval instant at 1m up\n  up ${value}\n`;
const list = (...cases: object[]) => JSON.stringify({description: '', source: {}, cases});
const printer = (expected: string) => list({input: 'a+b', expected});
const page = 'a 1\n# EOF\n';

/** Calls `use` with a folder that holds these files. */
function withFiles<T>(files: Readonly<Record<string, string>>, use: (folder: string) => T): T {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'conformance-'));
  try {
    for (const [name, text] of Object.entries(files)) {
      fs.mkdirSync(path.dirname(path.join(folder, name)), {recursive: true});
      fs.writeFileSync(path.join(folder, name), text);
    }
    return use(folder);
  } finally {
    fs.rmSync(folder, {recursive: true});
  }
}

function run(files: Readonly<Record<string, string>>, below = '.') {
  return withFiles(files, (folder) => {
    const lines: string[] = [];
    return {...runConformance(path.join(folder, below), (line) => lines.push(line)), lines};
  });
}

const right = {
  'promqltest/a.test': script(2),
  'promqltest/README.md': 'not a script',
  'parser/printer.json': printer('a + b'),
  'parser/durations.json': list({input: '5m', fail: false, ns: 300_000_000_000, string: '5m'}),
  'exposition/LICENSE': '',
  'exposition/parse-errors.json': list({format: 'text/plain', input: 'a 1', fail: false}),
  'exposition/openmetrics-parsers/x/metrics': page,
  'exposition/openmetrics-parsers/x/test.json': '{"type": "text", "file": "metrics", "shouldParse": true}',
  'exposition/pages/a.om.txt': page,
  'other/printer.json': printer('wrong, but in no folder of cases'),
};

test('runs every case below the folder', () => {
  assert.deepEqual(run(right), {passed: 6, failed: 0, lines: []});
});

test('finds the folders however deep, and as the folder itself', () => {
  const nested = Object.fromEntries(Object.entries(right).map(([name, text]) => [`x/y/${name}`, text]));
  assert.equal(run(nested).passed, 6);
  assert.equal(run(right, 'exposition').passed, 3);
  assert.equal(run(right, 'promqltest').passed, 1);
  assert.equal(run({'deep/promqltest/more/a.test': script(2)}).passed, 1);
  assert.equal(run({'a.test': script(2), 'printer.json': printer('a + b')}).passed, 2);
});

const wrong: [name: string, file: string, text: string, line: RegExp][] = [
  [
    'a script',
    'promqltest/a.test',
    script(3),
    /^FAILED promqltest\/a.test:4: eval instant at 1m up: expected .*3.*, got .*2/,
  ],
  [
    'a list',
    'parser/printer.json',
    printer('a +b'),
    /^FAILED parser\/printer.json:0: a\+b: expected a \+b, got a \+ b$/,
  ],
  ['a page', 'exposition/openmetrics-parsers/x/metrics', 'a 1\n', /:x: expected undefined, got .*EOF/],
  ['a page of a scrape', 'exposition/pages/a.om.txt', 'a 1\n', /a.om.txt:a.om.txt: expected undefined/],
  ['a page that should not parse', 'exposition/openmetrics-parsers/x/test.json', '{"shouldParse": false}', /accepted/],
  ['a list of an unknown name', 'parser/new.json', printer('a + b'), /parser\/new.json: no runner knows this file/],
  ['a file of an unknown form', 'exposition/x.bin', '', /no runner knows this file/],
  ['a list that is none', 'parser/printer.json', '{', /cannot be run: SyntaxError/],
  ['a list without cases', 'parser/printer.json', list(), /no cases in it/],
  ['a script without evals', 'promqltest/b.test', 'clear\n', /no cases in it/],
];
for (const [name, file, text, line] of wrong) {
  test(`${name} fails`, () => {
    const {failed, lines} = run({...right, [file]: text});
    assert.equal(failed, 1);
    assert.equal(lines.length, 1);
    assert.match(lines[0], line);
  });
}

test('a failed case is one line of bounded length', () => {
  const long = script(3).replace('up 1 2', `up{x="${'y'.repeat(100_000)}"} 1 2`);
  const {lines} = run({'promqltest/a.test': long, 'parser/printer.json': printer('a\n+\r\nb'.repeat(10_000))});
  assert.equal(lines.length, 2);
  for (const line of lines) {
    assert.ok(line.length < 1500, `${line.length}`);
    assert.doesNotMatch(line, /[\r\n]/);
  }
});

const exits: [name: string, files: Readonly<Record<string, string>>, code: number, last: string][] = [
  ['all pass', right, 0, '6 passed, 0 failed'],
  ['one fails', {...right, 'promqltest/a.test': script(3)}, 1, '5 passed, 1 failed'],
  ['there is nothing', {}, 1, '0 passed, 0 failed'],
];
for (const [name, files, code, last] of exits) {
  test(`the command, when ${name}`, () => {
    withFiles(files, (folder) => {
      const {status, stdout} = spawnSync(process.execPath, [main, '--dir', folder], {encoding: 'utf8'});
      assert.equal(status, code, stdout);
      assert.equal(stdout.trimEnd().split('\n').at(-1), last);
    });
  });
}

test('the command, when the folder is missing or an option unknown', () => {
  for (const args of [['--dir', '/no/such/folder'], ['--dri', '.'], ['x']]) {
    const {status, stderr} = spawnSync(process.execPath, [main, ...args], {encoding: 'utf8'});
    assert.equal(status, 1);
    assert.match(stderr, /^conformance: /);
  }
});
