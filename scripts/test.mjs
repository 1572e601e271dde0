// The whole check: format, lint, types, floors, then every test. Ends with 'N passed, N failed, N skipped' on a line of its own.
import {spawn, spawnSync} from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import {fileURLToPath} from 'node:url';

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const bin = path.join(root, 'node_modules/.bin');

const checks = [
  ['format', path.join(bin, 'oxfmt'), ['--check']],
  ['lint', path.join(bin, 'oxlint'), ['--deny-warnings']],
  ['types', path.join(bin, 'tsc'), ['--noEmit']],
  ['floors', process.execPath, ['scripts/floors.mjs']],
];

/** Runs a check; returns whether it passed. */
function passes([name, command, args]) {
  const {status, stdout, stderr} = spawnSync(command, args, {cwd: root, encoding: 'utf8'});
  if (status === 0) {
    console.log(`${name}: ok`);
    return true;
  }
  console.log(`${name}: FAILED\n${stdout}${stderr}`);
  return false;
}

/** Node's test runner over `patterns`; resolves to the counts it closes with. */
function runTests(patterns) {
  const args = ['--test', '--test-reporter=spec', '--test-concurrency=2', '--test-timeout=300000', ...patterns];
  const child = spawn(path.join(bin, 'node'), args, {cwd: root, stdio: ['ignore', 'pipe', 'inherit']});
  let tail = '';
  child.stdout.on('data', (data) => {
    process.stdout.write(data);
    tail = (tail + data).slice(-20_000);
  });
  return new Promise((resolve) => {
    child.on('close', (code) => {
      const count = (word) => Number(tail.match(new RegExp(`ℹ ${word} (\\d+)`))?.[1] ?? 0);
      resolve({passed: count('pass'), failed: count('fail') + count('cancelled'), skipped: count('skipped'), code});
    });
  });
}

const found = checks.map(passes);
const chosen = process.argv.slice(2);
const patterns = chosen.length
  ? chosen
  : ['packages/*/src/**/*.test.ts', 'apps/*/src/**/*.test.ts', 'test/**/*.test.ts'];
const counts = await runTests(patterns);
const passed = counts.passed + found.filter(Boolean).length;
let failed = counts.failed + found.filter((ok) => !ok).length;
if (counts.code !== 0 && failed === 0) failed = 1;
if (counts.passed === 0) failed++;
if (!fs.existsSync(path.join(root, '../shared/conformance')))
  console.log('conformance cases: not beside this checkout, those tests were skipped');
console.log(`${passed} passed, ${failed} failed, ${counts.skipped} skipped`);
process.exit(failed ? 1 : 0);
