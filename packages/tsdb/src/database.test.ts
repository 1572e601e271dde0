import assert from 'node:assert/strict';
import {type ChildProcessByStdio, execFileSync, spawn} from 'node:child_process';
import {once} from 'node:events';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type {Readable} from 'node:stream';
import {type TestContext, test} from 'node:test';
import {fileURLToPath} from 'node:url';
import {Labels} from '@narthex/model/labels.ts';
import {Database, type DatabaseOptions, type ReplayProgress} from './database.ts';
import {StorageError} from './errors.ts';
import type {SeriesSlot} from './head/types.ts';
import {nodeDisk} from './disk.ts';
import {PAGE_BYTES} from './wal/framing.ts';
import {Replay, replaySources} from './wal/replay.ts';
import {PlainTarget, numberOf} from './wal/testing-commits.ts';
import {testMemory} from './wal/testing-records.ts';

const memory = testMemory();
const START = 1_700_000_000_000;

const cleanups = new WeakMap<TestContext, (() => unknown)[]>();

/** Clean up when the test ends, what came last first. */
function later(t: TestContext, action: () => unknown): void {
  const known = cleanups.get(t);
  if (known !== undefined) return void known.push(action);
  const actions = [action];
  cleanups.set(t, actions);
  t.after(async () => {
    for (const next of actions.reverse()) await next();
  });
}

function folderFor(t: TestContext): string {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'narthex-database-'));
  later(t, () => fs.rmSync(folder, {recursive: true, force: true}));
  return folder;
}

type Line = [level: string, message: string, fields: Record<string, string | number>];

/** Open a database, and close it when the test ends. */
async function open(
  t: TestContext,
  dir: string,
  lines: Line[] = [],
  more: Partial<DatabaseOptions> = {},
): Promise<Database> {
  const database = await Database.open({
    dir,
    head: {arenaBytes: 16 * 1024 * 1024, readersMax: 4},
    log: (level, message, fields) => lines.push([level, message, fields]),
    ...more,
  });
  later(t, () => database.close());
  return database;
}

const seriesOf = (database: Database, name: string): SeriesSlot =>
  database.head.getOrCreate(Labels.of([['__name__', name]]));

/** Append one sample a series; returns how many were stored. */
function append(database: Database, slots: readonly SeriesSlot[], timeMs: number, value: number): number {
  const count = slots.length;
  const mark = memory.mark();
  try {
    const places = [count * 4, count * 8, count * 8, count].map((bytes) => memory.alloc(bytes)) as [
      number,
      number,
      number,
      number,
    ];
    const [at, times, values, statuses] = places;
    memory.u32.set(slots, at / 4);
    memory.f64.fill(timeMs, times / 8, times / 8 + count);
    memory.f64.fill(value, values / 8, values / 8 + count);
    return database.append({memory, slots: at, times, values, statuses, count}).stored;
  } finally {
    memory.release(mark);
  }
}

/** What the log on disk holds of a series, as times and numbers. */
function logged(dir: string, name: string): [time: number, value: number][] {
  const target = new PlainTarget();
  const replay = new Replay({disk: nodeDisk, memory: testMemory(), target});
  for (const source of replaySources(nodeDisk, path.join(dir, 'wal'))) replay.segment(source.path);
  return [...target.samplesOf(['__name__', name])].map(([time, bits]) => [time, numberOf(bits)]);
}

test('what was appended is there after a restart, and references go on rising', async (t) => {
  const dir = path.join(folderFor(t), 'data');
  const first = await open(t, dir);
  const up = seriesOf(first, 'up');
  for (let i = 0; i < 10; i++) assert.equal(append(first, [up], START + i * 1000, i), 1);
  const ref = first.head.ref(up);
  await first.close();

  const second = await open(t, dir);
  assert.equal(second.head.seriesCount, 1);
  assert.equal(second.head.ref(seriesOf(second, 'up')), ref);
  assert.deepEqual([second.head.minTime, second.head.maxTime], [START, START + 9000]);
  assert.ok(second.head.ref(seriesOf(second, 'down')) > ref);
  assert.equal(append(second, [seriesOf(second, 'up'), seriesOf(second, 'down')], START + 10_000, 10), 2);
  await second.close();

  const third = await open(t, dir);
  const {series, samples, unknownSamples} = third.stats().replay;
  assert.deepEqual({series, samples, unknownSamples}, {series: 2, samples: 12, unknownSamples: 0});
  assert.deepEqual(
    logged(dir, 'up'),
    Array.from({length: 11}, (_, i) => [START + i * 1000, i]),
  );
});

test('what was acknowledged is there though the database was never closed', async (t) => {
  const dir = folderFor(t);
  const first = await open(t, dir, [], {noLockfile: true});
  append(first, [seriesOf(first, 'up')], START, 1);
  const second = await open(t, dir, [], {noLockfile: true});
  assert.equal(second.head.maxTime, START);
  assert.equal(second.stats().cleanStart, -1);
  assert.equal(second.stats().wal.segmentCurrent, 1);
});

test('a folder that is open cannot be opened, and can after it was closed', async (t) => {
  const dir = folderFor(t);
  const first = await open(t, dir);
  await assert.rejects(open(t, dir), (error) => error instanceof StorageError && error.code === 'locked');
  await first.close();
  const second = await open(t, dir);
  assert.equal(second.stats().cleanStart, 1);
});

test('a torn log is repaired, the log says where and why, and it is counted', async (t) => {
  const dir = folderFor(t);
  const first = await open(t, dir);
  append(first, [seriesOf(first, 'up')], START, 1);
  append(first, [seriesOf(first, 'up')], START + 1, 2);
  const file = path.join(dir, 'wal', '00000000');
  const {size} = fs.statSync(file);
  await first.close();
  fs.truncateSync(file, size - 1);

  const lines: Line[] = [];
  const second = await open(t, dir, lines);
  assert.equal(second.stats().walCorruptions, 1);
  assert.equal(second.head.maxTime, START);
  const [level, , fields] = lines.find(([, message]) => message.startsWith('Encountered WAL read error'))!;
  assert.equal(level, 'warn');
  assert.deepEqual([fields['file'], fields['err']], [file, 'last record is torn']);
  append(second, [seriesOf(second, 'up')], START + 2, 3);
  await second.close();
  assert.equal((await open(t, dir)).stats().walCorruptions, 0);
  assert.deepEqual(logged(dir, 'up'), [
    [START, 1],
    [START + 2, 3],
  ]);
});

test('a head that is too small for the log takes what it has room for', async (t) => {
  const dir = folderFor(t);
  const first = await open(t, dir);
  const slots = Array.from({length: 12_000}, (_, i) => seriesOf(first, `series_with_a_rather_long_name_${i}`));
  for (let i = 0; i < 3; i++) {
    for (let from = 0; from < slots.length; from += 500) append(first, slots.slice(from, from + 500), START + i, i);
  }
  await first.close();
  const lines: Line[] = [];
  const second = await open(t, dir, lines, {head: {arenaBytes: 2 * 1024 * 1024, readersMax: 4}});
  const {series, seriesRefused, samplesRefused, unknownSamples, samples} = second.stats().replay;
  assert.deepEqual([series, samples], [12_000, 36_000]);
  assert.equal(second.head.seriesCount, 12_000 - seriesRefused);
  assert.ok(seriesRefused > 0 && second.head.seriesCount > 1000, `${seriesRefused} series refused`);
  assert.equal(second.head.counters.samplesAppended, samples - unknownSamples - samplesRefused);
  assert.ok(lines.some(([level, message]) => level === 'error' && message.includes('too small')));
});

test('an open that fails gives the lock back', async (t) => {
  const dir = folderFor(t);
  fs.mkdirSync(path.join(dir, 'wal'));
  for (const name of ['00000001', '00000003']) fs.writeFileSync(path.join(dir, 'wal', name), '');
  await assert.rejects(
    open(t, dir),
    (error) =>
      error instanceof StorageError && error.code === 'wal_corrupt' && /00000002 is missing/.test(error.message),
  );
  assert.ok(!fs.existsSync(path.join(dir, 'lock')));
});

/** Move the segments of a closed database to a checkpoint of that name. */
function toCheckpoint(dir: string, name: string): void {
  const checkpoint = path.join(dir, 'wal', name);
  const segments = fs.readdirSync(path.join(dir, 'wal'));
  fs.mkdirSync(checkpoint);
  for (const segment of segments) fs.renameSync(path.join(dir, 'wal', segment), path.join(checkpoint, segment));
}

test('a checkpoint is read before the segments, and the next segment comes after it', async (t) => {
  const dir = folderFor(t);
  const first = await open(t, dir);
  append(first, [seriesOf(first, 'up')], START, 1);
  await first.close();
  toCheckpoint(dir, 'checkpoint.7');
  fs.mkdirSync(path.join(dir, 'wal', 'checkpoint.9.tmp'));

  const progress: ReplayProgress[] = [];
  const second = await open(t, dir, [], {onProgress: (step) => progress.push(step)});
  assert.equal(second.stats().wal.segmentCurrent, 8);
  assert.equal(append(second, [seriesOf(second, 'up')], START + 1, 2), 1);
  await second.close();
  assert.deepEqual(logged(dir, 'up'), [
    [START, 1],
    [START + 1, 2],
  ]);
  assert.deepEqual(
    progress.map(({min, max, current}) => [min, max, current]),
    [[7, 7, 7]],
  );
});

test('a gap after the checkpoint, or a corrupt checkpoint, is an error that names the file', async (t) => {
  const dir = folderFor(t);
  const first = await open(t, dir);
  append(first, [seriesOf(first, 'up')], START, 1);
  await first.close();
  toCheckpoint(dir, 'checkpoint.7');
  const corrupt = (pattern: RegExp) => (error: unknown) =>
    error instanceof StorageError && error.code === 'wal_corrupt' && pattern.test(error.message);
  fs.writeFileSync(path.join(dir, 'wal', '00000009'), '');
  await assert.rejects(open(t, dir), corrupt(/00000008 is missing, which follows .*checkpoint\.7/));
  fs.rmSync(path.join(dir, 'wal', '00000009'));
  fs.truncateSync(path.join(dir, 'wal/checkpoint.7/00000000'), 20);
  await assert.rejects(
    open(t, dir),
    corrupt(/cannot read the checkpoint: corruption in segment .*checkpoint\.7.00000000 at 0/),
  );
});

const recorded = fileURLToPath(new URL('../../../../shared/conformance/tsdb-2.42/data', import.meta.url));

test('the folder of a Prometheus is read as far as it can be; the rest is named and left alone', async (t) => {
  if (!fs.existsSync(recorded)) return t.skip(`no conformance data: ${recorded}`);
  const dir = path.join(folderFor(t), 'data');
  fs.cpSync(recorded, dir, {recursive: true});
  const listing = () =>
    fs
      .readdirSync(dir, {recursive: true, encoding: 'utf8'})
      .filter((name) => !/^w[ab]l/.test(name))
      .sort();
  const before = listing();
  const lines: Line[] = [];
  const database = await open(t, dir, lines);
  assert.ok(database.head.seriesCount > 0 && database.stats().replay.samples > 0);
  const warnings = lines
    .filter(([level]) => level === 'warn')
    .map(([, message, fields]) => `${message} ${JSON.stringify(fields)}`);
  assert.deepEqual(database.blocks.map(({ulid}) => ulid).at(-1), '01M84FK99R7XZAD92GAYH6KTVT');
  assert.match(warnings.join('\n'), /chunks_head/);
  assert.ok(database.head.outOfOrder.minTime < database.head.outOfOrder.maxTime);
  assert.match(warnings.join('\n'), /not supported yet.*histogram_samples/);
  await database.close();
  assert.deepEqual(listing(), before);
});

/** A file system of 1 MiB; undefined where none can be mounted. */
function smallDisk(t: TestContext): string | undefined {
  const folder = folderFor(t);
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', folder], {stdio: 'ignore'});
  } catch {
    return undefined;
  }
  later(t, () => execFileSync('umount', [folder]));
  return folder;
}

test('a disk that is really full refuses commits, nothing of them is kept, and goes on when there is space', async (t) => {
  const folder = smallDisk(t);
  if (folder === undefined) return t.skip('cannot mount a small tmpfs here');
  const dir = path.join(folder, 'data');
  const database = await open(t, dir, [], {wal: {compression: 'none', segmentBytes: 8 * PAGE_BYTES}});
  const slots = Array.from({length: 300}, (_, i) => seriesOf(database, `series_${i}`));
  const ballast = path.join(folder, 'ballast');
  fs.writeFileSync(ballast, new Uint8Array(200_000));
  let acknowledged = 0;
  const appendAll = (): void => {
    append(database, slots, START + acknowledged * 1000, acknowledged);
    acknowledged++;
  };
  const fullDisk = (error: unknown) =>
    error instanceof StorageError && error.code === 'wal_write' && error.errno === 'ENOSPC';
  assert.throws(() => {
    for (;;) appendAll();
  }, fullDisk);
  assert.ok(acknowledged > 10);
  for (let i = 0; i < 5; i++) assert.throws(appendAll, fullDisk);
  fs.rmSync(ballast);
  appendAll();
  await database.close();
  const want = Array.from({length: acknowledged}, (_, i) => [START + i * 1000, i]);
  assert.deepEqual(logged(dir, 'series_0'), want);
  assert.deepEqual(logged(dir, 'series_299'), want);
});

/** A process that appends in a loop and prints the number of each commit when it is acknowledged. */
function appendingChild(dir: string): ChildProcessByStdio<null, Readable, null> {
  const code = `
    import fs from 'node:fs';
    import {KernelMemory} from '@narthex/kernels/kernel-memory.ts';
    import {Labels} from '@narthex/model/labels.ts';
    import {Database} from ${JSON.stringify(import.meta.resolve('./database.ts'))};
    const dir = ${JSON.stringify(dir)};
    const database = await Database.open({dir, head: {arenaBytes: 16 << 20}, wal: {segmentBytes: 4 * 32768}});
    const memory = new KernelMemory({maximumBytes: 64 << 20});
    const count = 400;
    const [slots, times, values, statuses] = [4, 8, 8, 1].map((bytes) => memory.alloc(count * bytes));
    const first = Math.max(0, database.head.maxTime - ${START} + 1);
    for (let i = 0; i < count; i++) memory.u32[slots / 4 + i] = database.head.getOrCreate(Labels.of([['__name__', 'series_' + i]]));
    for (let commit = first; ; commit++) {
      memory.f64.fill(${START} + commit, times / 8, times / 8 + count);
      memory.f64.fill(Math.sin(commit), values / 8, values / 8 + count);
      database.append({memory, slots, times, values, statuses, count});
      fs.writeSync(1, commit + '\\n');
    }`;
  return spawn(process.execPath, ['--input-type=module', '-e', code], {
    cwd: import.meta.dirname,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
}

test('kill -9 at any moment loses nothing that was acknowledged', async (t) => {
  const dir = folderFor(t);
  let acknowledged = -1;
  for (const enough of [40, 7, 130]) {
    const child = appendingChild(dir);
    later(t, () => child.kill('SIGKILL'));
    let lines = 0;
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      const commits = text.trim().split('\n');
      lines += commits.length;
      acknowledged = Number(commits.at(-1));
      if (lines >= enough) child.kill('SIGKILL');
    });
    await once(child, 'close');
    assert.ok(lines >= enough);
    const database = await open(t, dir);
    await database.close();
    for (const name of ['series_0', 'series_399']) {
      const found = logged(dir, name);
      assert.ok(found.length > acknowledged, `${found.length} commits of ${acknowledged + 1}`);
      assert.deepEqual(
        found,
        found.map((_, i) => [START + i, Math.sin(i)]),
      );
    }
  }
});
