import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import {type TestContext, test} from 'node:test';
import {fileURLToPath} from 'node:url';
import {WalCommitLog} from './commit-log.ts';
import type {Compression} from './compression.ts';
import {nodeDisk} from '../disk.ts';
import {PAGE_BYTES} from './framing.ts';
import {Replay, replaySources} from './replay.ts';
import {type PlainSample, type PlainSeries, PlainTarget, bitsOf, commitOf, numberOf} from './testing-commits.ts';
import {TestPrometheus, prometheusBinary} from './testing-peers.ts';
import {testMemory} from './testing-records.ts';
import {WalWriter} from './writer.ts';

const binary = prometheusBinary();
const options = {skip: binary === undefined ? 'no Prometheus binary: set PEERS_DIR' : false};

function folderFor(t: TestContext): string {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'narthex-wal-'));
  t.after(() => fs.rmSync(folder, {recursive: true, force: true}));
  return folder;
}

async function start(t: TestContext, dir: string, scrape?: string): Promise<TestPrometheus> {
  const server = await TestPrometheus.start(binary!, dir, scrape);
  t.after(() => server.kill());
  return server;
}

const SERIES = 700;
const COMMITS = 40;
const STEP_SECONDS = 10;
const STALE = 0x7ff0000000000002n;

/** Log commits of all series every ten seconds up to `endSeconds`; a few new series appear in each. */
function writeLog(dir: string, endSeconds: number, compression: Compression): WalWriter {
  const memory = testMemory();
  const writer = new WalWriter({folder: path.join(dir, 'wal'), compression, segmentBytes: 2 * PAGE_BYTES});
  const log = new WalCommitLog(writer);
  for (let commit = 0; commit < COMMITS; commit++) {
    const timeMs = (endSeconds - (COMMITS - 1 - commit) * STEP_SECONDS) * 1000;
    const first = commit === 0 ? 1 : SERIES + commit;
    const added = commit === 0 ? SERIES : 1;
    const series = Array.from({length: added}, (_, i): PlainSeries => {
      return [first + i, '__name__', 'made_here', 'instance', `host-${(first + i) % 10}`, 'n', String(first + i)];
    });
    const samples = Array.from({length: SERIES + commit}, (_, i): PlainSample => [
      i + 1,
      timeMs,
      bitsOf(commit + i / 3),
    ]);
    if (commit === COMMITS - 1) samples[0] = [1, timeMs, STALE];
    const mark = memory.mark();
    log.log(commitOf(memory, series, samples));
    memory.release(mark);
  }
  return writer;
}

/** What a Prometheus must find: all is logged, the first series ended with a stale marker. */
async function checkAnswers(server: TestPrometheus, endSeconds: number): Promise<void> {
  const last = SERIES + COMMITS - 1;
  const range = `[${COMMITS * STEP_SECONDS}s]`;
  const total = COMMITS * SERIES + (COMMITS * (COMMITS - 1)) / 2 - 1;
  assert.equal(await server.number('count(made_here)', endSeconds), last - 1);
  assert.equal(await server.number(`sum(count_over_time(made_here${range}))`, endSeconds), total);
  assert.equal(await server.number('made_here{n="300"}', endSeconds), COMMITS - 1 + 299 / 3);
  assert.equal(await server.number('count(count by (instance) (made_here))', endSeconds), 10);
  const [row] = await server.query(`made_here{n="7"}${range}`, endSeconds);
  assert.deepEqual(row!.metric, {__name__: 'made_here', instance: 'host-7', n: '7'});
  assert.deepEqual(
    row!.samples.map(([, value]) => Number(value)),
    Array.from({length: COMMITS}, (_, commit) => commit + 6 / 3),
  );
}

for (const compression of ['none', 'snappy'] as const) {
  for (const closed of [true, false]) {
    test(`Prometheus reads our log: ${compression}, ${closed ? 'closed' : 'as after kill -9'}`, options, async (t) => {
      const dir = path.join(folderFor(t), 'data');
      const endSeconds = Math.floor(Date.now() / 1000) - 60;
      const writer = writeLog(dir, endSeconds, compression);
      if (closed) await writer.close();
      else await writer.sync();
      assert.ok(writer.position.segment > 0);
      await checkAnswers(await start(t, dir), endSeconds);
    });
  }
}

test('Prometheus repairs our log when its end is torn, and has all before', options, async (t) => {
  const dir = path.join(folderFor(t), 'data');
  const endSeconds = Math.floor(Date.now() / 1000) - 60;
  const writer = writeLog(dir, endSeconds, 'snappy');
  const {segment} = writer.position;
  const file = path.join(dir, 'wal', String(segment).padStart(8, '0'));
  fs.appendFileSync(file, Uint8Array.of(1, 0, 50, 1, 2, 3, 4, 99));
  await checkAnswers(await start(t, dir), endSeconds);
});

/** All that a log holds, in a plain form. */
function replayAll(dir: string): {target: PlainTarget; replay: Replay} {
  const target = new PlainTarget();
  const replay = new Replay({disk: nodeDisk, memory: testMemory(), target});
  for (const source of replaySources(nodeDisk, path.join(dir, 'wal'))) replay.segment(source.path);
  return {target, replay};
}

test('we read the log that a killed Prometheus leaves', options, async (t) => {
  const dir = path.join(folderFor(t), 'data');
  fs.mkdirSync(dir);
  const server = await start(t, dir, '200ms');
  const nowSeconds = () => Date.now() / 1000;
  while (!((await server.number('count_over_time(up{job="self"}[1m])', nowSeconds())) >= 3)) await sleepMs(100);
  const rows = await server.query('{job="self"}[1m]', nowSeconds());
  await server.kill();
  const {target, replay} = replayAll(dir);
  assert.equal(replay.counts.unknownSamples, 0);
  assert.ok(rows.length > 300, `${rows.length} series`);
  for (const {metric, samples} of rows) {
    const labels = Object.entries(metric).sort(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
    const found = target.samplesOf(labels.flat());
    for (const [seconds, value] of samples) {
      const got = found.get(Math.round(seconds * 1000));
      assert.ok(
        got !== undefined && Object.is(numberOf(got), goNumber(value)),
        `${JSON.stringify(metric)} at ${seconds}`,
      );
    }
  }
});

const sleepMs = (ms: number): Promise<void> => new Promise((resolve) => void setTimeout(resolve, ms));

const goNumber = (text: string): number =>
  text.endsWith('Inf') ? Number(`${text.slice(0, -3)}Infinity`) : Number(text);

const recorded = fileURLToPath(new URL('../../../../../shared/conformance/tsdb-2.42/data', import.meta.url));

test('we read the log in a data folder of Prometheus 2.42', (t) => {
  if (!fs.existsSync(recorded)) return t.skip(`no conformance data: ${recorded}`);
  const {target, replay} = replayAll(recorded);
  const {skipped, unknownSamples, unknownOthers, samplesBeyond, histogramsRefused} = replay.counts;
  assert.deepEqual([unknownSamples, unknownOthers, samplesBeyond, histogramsRefused, skipped.size], [0, 0, 0, 0, 0]);
  assert.ok(target.samples.length > 0 && target.series.size > 0 && target.histograms.length > 0);
  assert.ok(target.exemplars.length > 0 && target.tombstones.length > 0);
});
