import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import {test, type TestContext} from 'node:test';
import {Logger} from '../log/logger.ts';
import {ActiveQueries, beginActiveQuery, endActiveQuery} from './active-queries.ts';

const TIME_MS = 1_700_000_000_999;

function folderOf(t: TestContext): string {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'active-queries-'));
  t.after(() => fs.rmSync(folder, {recursive: true}));
  return folder;
}

/** Opens the file with two slots, and what that logs. */
function open(folder: string): {active: ActiveQueries; queries: string[]} {
  const queries: string[] = [];
  const log = new Logger('info', 'json', {}, (line) => {
    const {msg, queries: said} = JSON.parse(line) as {msg: string; queries: string};
    assert.equal(msg, "These queries didn't finish in prometheus' last run:");
    queries.push(said);
  });
  return {active: new ActiveQueries(folder, 2, log), queries};
}

/** What is logged after a crash in which `queries` ran, one a slot. */
function afterCrash(t: TestContext, queries: readonly string[]): string[] {
  const folder = folderOf(t);
  const {active} = open(folder);
  queries.forEach((query, slot) => beginActiveQuery({fd: active.fd, slot}, query, TIME_MS));
  active.close();
  const next = open(folder);
  next.active.close();
  return next.queries;
}

const entry = (query: string) => ({query, timestamp_sec: 1_700_000_000});

test('active queries: nothing is said of an empty folder', (t) => assert.deepEqual(afterCrash(t, []), []));

test('active queries: each that ran is said', (t) => {
  const [said, ...more] = afterCrash(t, ['up', 'sum("ö")']);
  assert.deepEqual([JSON.parse(said!), more], [[entry('up'), entry('sum("ö")')], []]);
});

test('active queries: those that ended are not said', (t) => {
  const folder = folderOf(t);
  const {active} = open(folder);
  beginActiveQuery({fd: active.fd, slot: 0}, 'a', TIME_MS);
  beginActiveQuery({fd: active.fd, slot: 1}, 'b', TIME_MS);
  endActiveQuery({fd: active.fd, slot: 0});
  active.close();
  const next = open(folder);
  next.active.close();
  assert.deepEqual(
    next.queries.map((text) => JSON.parse(text) as unknown),
    [[entry('b')]],
  );
});

test('active queries: the file has the form of upstream', (t) => {
  const folder = folderOf(t);
  const {active} = open(folder);
  beginActiveQuery({fd: active.fd, slot: 1}, 'up', TIME_MS);
  const bytes = fs.readFileSync(path.join(folder, 'queries.active'));
  active.close();
  assert.equal(bytes.length, 2001);
  assert.equal(bytes.toString('latin1', 0, 1001), `[${'\0'.repeat(1000)}`);
  assert.match(bytes.toString('latin1', 1001), /^\{"query":"up","timestamp_sec":1700000000\}\0+,$/);
});

const long: [name: string, query: string][] = [
  ['plain', 'a'.repeat(5000)],
  ['with escapes', '"\u0001'.repeat(2000)],
  ['of long characters', '€😀'.repeat(1000)],
];
for (const [name, query] of long) {
  test(`active queries: of a long one ${name} the beginning is kept`, (t) => {
    const [said] = afterCrash(t, [query, 'up']);
    const [first, second] = JSON.parse(said!) as {query: string}[];
    assert.deepEqual(second, entry('up'));
    const kept = first!.query.replace(/\ufffd$/, '');
    assert.ok(query.startsWith(kept));
    assert.ok(Buffer.byteLength(JSON.stringify(first)) > 980);
  });
}
