import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import {type TestContext, test} from 'node:test';
import {fileURLToPath} from 'node:url';
import {writeCheckpoint} from './checkpoint.ts';
import {WalCommitLog} from './commit-log.ts';
import {WblCommitLog} from './out-of-order-log.ts';
import type {Compression} from './compression.ts';
import {nodeDisk} from '../disk.ts';
import {PAGE_BYTES} from './framing.ts';
import {Replay, replaySources} from './replay.ts';
import {
  type PlainHistogram,
  type PlainSample,
  type PlainSeries,
  PlainTarget,
  bitsOf,
  commitOf,
  histogramCommitOf,
  numberOf,
  pieceOf,
} from './testing-commits.ts';
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

const HISTOGRAM: PlainHistogram = {
  ref: 0,
  timeMs: 0,
  startMs: 0,
  integer: true,
  schema: 0,
  hint: 0,
  zeroThreshold: 0.001,
  zeroCount: 2,
  count: 12,
  sum: 30,
  positive: [
    [1, 3],
    [2, 4],
    [5, 1],
  ],
  negative: [[0, 2]],
  bounds: [],
};

/** Everything that a log can hold, some of it in a checkpoint, and out-of-order samples. Series 1 to 3 have a sample each ten seconds. */
async function writeEverything(dir: string, endSeconds: number): Promise<void> {
  const memory = testMemory();
  const writer = new WalWriter({folder: path.join(dir, 'wal')});
  const log = new WalCommitLog(writer);
  const names = ['floats', 'integers', 'float_histograms'];
  const series = names.map((name, i): PlainSeries => [i + 1, '__name__', name, 'job', 'x']);
  log.log({...commitOf(memory, series, []), metadata: [{ref: 1, type: 'gauge', unit: '', help: 'of floats'}]});
  for (let i = 0; i < COMMITS; i++) {
    const timeMs = (endSeconds - (COMMITS - 1 - i) * STEP_SECONDS) * 1000;
    const samples = {...commitOf(memory, [], [[1, timeMs, bitsOf(i)]])};
    const exemplars = [{ref: 1, timeMs, value: i + 0.5, labels: ['trace_id', `t${i}`]}];
    log.log({...samples, exemplars});
    const grown = {...HISTOGRAM, timeMs, count: HISTOGRAM.count + i, zeroCount: HISTOGRAM.zeroCount + i};
    const scaled = {...grown, integer: false, zeroCount: grown.zeroCount + 0.5, count: grown.count + 0.5};
    log.log(
      histogramCommitOf(memory, [
        {...grown, ref: 2},
        {...scaled, ref: 3},
      ]),
    );
    if (i % 8 === 7) writer.nextSegment();
  }
  const deleted = (endSeconds - 10 * STEP_SECONDS) * 1000;
  const [refs, minTimes, maxTimes] = [1, deleted, deleted + 2 * STEP_SECONDS * 1000].map((value) => {
    const at = memory.alloc(8);
    memory.f64[at / 8] = value;
    return at;
  }) as [number, number, number];
  log.logDeletion({memory, count: 1, refs, minTimes, maxTimes});
  await writer.sync();
  await writeCheckpoint({folder: writer.folder, last: 2, minTime: -Infinity, keeps: () => true, memory});
  writer.removeBefore(3);
  const late = new WalWriter({folder: path.join(dir, 'wbl')});
  const lateMs = (endSeconds - 100 * STEP_SECONDS) * 1000;
  const lateSamples = [0, 2, 1].map((i): PlainSample => [1, lateMs + i * 1000, bitsOf(1000 + i)]);
  new WblCommitLog(late).log([pieceOf(memory, [[1, 0]], lateSamples)]);
  await late.sync();
}

test(
  'Prometheus reads all that we write: histograms, exemplars, tombstones, a checkpoint, late samples',
  options,
  async (t) => {
    const dir = path.join(folderFor(t), 'data');
    const endSeconds = Math.floor(Date.now() / 1000) - 60;
    await writeEverything(dir, endSeconds);
    assert.ok(fs.existsSync(path.join(dir, 'wal/checkpoint.00000002')));
    const server = await start(t, dir);
    const range = `[${COMMITS * STEP_SECONDS}s]`;
    assert.equal(await server.number(`count_over_time(floats${range})`, endSeconds), COMMITS - 3);
    assert.equal(await server.number(`floats`, endSeconds), COMMITS - 1);
    for (const [name, more] of [
      ['integers', 0],
      ['float_histograms', 0.5],
    ] as const) {
      assert.equal(await server.number(`count_over_time(${name}${range})`, endSeconds), COMMITS);
      assert.equal(await server.number(`histogram_count(${name})`, endSeconds), HISTOGRAM.count + COMMITS - 1 + more);
      assert.equal(await server.number(`histogram_sum(${name})`, endSeconds), HISTOGRAM.sum);
      const inTwoBuckets = await server.number(
        `histogram_fraction(1, 4, ${name}) * histogram_count(${name})`,
        endSeconds,
      );
      assert.ok(Math.abs(inTwoBuckets - 7) < 1e-9);
    }
    const [late] = await server.query('floats[5s]', endSeconds - 100 * STEP_SECONDS + 3);
    assert.deepEqual(
      late!.samples.map(([, value]) => value),
      ['1000', '1001', '1002'],
    );
    const window = {start: String(endSeconds - COMMITS * STEP_SECONDS), end: String(endSeconds)};
    const exemplars = (await server.data('query_exemplars', {query: 'floats', ...window})) as {
      exemplars: {labels: unknown; value: string}[];
    }[];
    assert.equal(exemplars[0]!.exemplars.length, COMMITS);
    const last = exemplars[0]!.exemplars.at(-1)!;
    assert.deepEqual([last.labels, last.value], [{trace_id: `t${COMMITS - 1}`}, String(COMMITS - 0.5)]);
  },
);

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
