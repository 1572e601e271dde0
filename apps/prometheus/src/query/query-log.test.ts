import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import {test, type TestContext} from 'node:test';
import {Logger} from '../log/logger.ts';
import {QueryLog} from './query-log.ts';
import {QueryRecord} from './query-record.ts';

function folderOf(t: TestContext): string {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'query-log-'));
  t.after(() => fs.rmSync(folder, {recursive: true}));
  return folder;
}

const quiet = () => new Logger('error', 'logfmt', {}, () => {});

test('query log: lines are appended in their order', async (t) => {
  const file = path.join(folderOf(t), 'log');
  fs.writeFileSync(file, 'old\n');
  const log = new QueryLog(quiet());
  assert.equal(log.enabled, false);
  log.write('nowhere\n');
  log.prepare(file).use();
  assert.equal(log.enabled, true);
  for (let i = 0; i < 100; i++) log.write(`${i}\n`);
  await log.close();
  assert.equal(fs.readFileSync(file, 'utf8'), `old\n${Array.from({length: 100}, (_, i) => `${i}\n`).join('')}`);
  assert.deepEqual([log.enabled, log.failures], [false, 0]);
});

test('query log: what was moved away is begun anew', async (t) => {
  const file = path.join(folderOf(t), 'log');
  const log = new QueryLog(quiet());
  log.prepare(file).use();
  log.write('a\n');
  fs.renameSync(file, `${file}.1`);
  log.prepare(file).use();
  log.write('b\n');
  await log.close();
  assert.equal(fs.readFileSync(`${file}.1`, 'utf8'), 'a\n');
  assert.equal(fs.readFileSync(file, 'utf8'), 'b\n');
});

test('query log: a file that is given up leaves the old one', async (t) => {
  const folder = folderOf(t);
  const log = new QueryLog(quiet());
  log.prepare(path.join(folder, 'a')).use();
  log.prepare(path.join(folder, 'b')).giveUp();
  log.write('line\n');
  await log.close();
  assert.equal(fs.readFileSync(path.join(folder, 'a'), 'utf8'), 'line\n');
});

test('query log: a folder that is missing', (t) => {
  const file = path.join(folderOf(t), 'none', 'log');
  assert.throws(() => new QueryLog(quiet()).prepare(file), {
    message: `can't create json log file: open ${file}: no such file or directory`,
  });
});

test('query log: failed writes are counted', async () => {
  const lines: string[] = [];
  const log = new QueryLog(new Logger('error', 'logfmt', {}, (line) => lines.push(line)));
  log.prepare('/dev/full').use();
  log.write('a\n');
  await log.close();
  assert.equal(log.failures, 1);
  assert.match(lines[0]!, /can't log query/);
});

test('query log: a line has what upstream logs', () => {
  const record = new QueryRecord('up == 0', 0.25);
  const origin = {clientIP: '127.0.0.1', method: 'GET', path: '/api/v1/query_range'};
  assert.equal(record.outcome(origin, 'why').logLine, undefined);
  record.times = {startMs: 1_700_000_000_000, endMs: 1_700_000_060_500, stepMs: 5500};
  const timings = {
    evalTotalTime: 1,
    resultSortTime: 0.1,
    queryPreparationTime: 0.2,
    innerEvalTime: 0.7,
    execQueueTime: 0,
    execTotalTime: 1,
  };
  const samples = {totalQueryableSamples: 7, samplesRead: 5, peakSamples: 3};
  record.stats = {timings, samples};
  assert.equal(record.outcome(undefined, undefined).logLine, undefined);
  const {logLine, ...figures} = record.outcome(origin, 'why');
  assert.deepEqual(figures, {
    queueSeconds: 0.25,
    prepareSeconds: 0.2,
    evalSeconds: 0.7,
    sortSeconds: 0.1,
    samples: 7,
    samplesRead: 5,
  });
  const {time, ...line} = JSON.parse(logLine!) as {time: string};
  assert.match(time, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
  assert.deepEqual(line, {
    level: 'INFO',
    msg: 'promql query logged',
    params: {
      end: '2023-11-14T22:14:20.500Z',
      query: 'up == 0',
      start: '2023-11-14T22:13:20.000Z',
      step: 5,
    },
    error: 'why',
    stats: {timings: {...timings, execQueueTime: 0.25, execTotalTime: 1.25}, samples},
    spanID: '0000000000000000',
    traceID: '00000000000000000000000000000000',
    httpRequest: origin,
  });
});
