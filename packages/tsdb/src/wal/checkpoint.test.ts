import assert from 'node:assert/strict';
import {test} from 'node:test';
import fc from 'fast-check';
import {StorageError} from '../errors.ts';
import {TestDisk} from '../testing-disk.ts';
import {writeCheckpoint} from './checkpoint.ts';
import {WalCommitLog} from './commit-log.ts';
import {WalCorruption} from './corruption.ts';
import {repairCheckpoint} from './repair.ts';
import {Replay, replaySources} from './replay.ts';
import {listSegments, removeCheckpointsBefore} from './segments.ts';
import {
  type PlainHistogram,
  type PlainSeries,
  PlainTarget,
  bitsOf,
  commitOf,
  histogramCommitOf,
} from './testing-commits.ts';
import {testMemory} from './testing-records.ts';
import {KeptSeries, segmentsToCheckpoint} from './truncation.ts';
import {WalWriter} from './writer.ts';

const memory = testMemory();
const SEGMENTS = 5;
const GONE = 2;

const histogram = (ref: number, timeMs: number, integer: boolean): PlainHistogram => ({
  ref,
  timeMs,
  startMs: 0,
  integer,
  schema: ref % 2 === 0 ? 3 : -53,
  hint: 0,
  zeroThreshold: 0,
  zeroCount: 0,
  count: 3,
  sum: 4,
  positive: [
    [0, 1],
    [1, 2],
  ],
  negative: [],
  bounds: ref % 2 === 0 ? [] : [1, 2],
});

/** A log whose segment i has samples of time i, of series 1 (floats), 3, 4 (histograms) and, up to segment 2, of series 2. */
async function writeLog(): Promise<{disk: TestDisk; writer: WalWriter}> {
  const disk = new TestDisk();
  disk.put('/wal/unrelated.txt', new Uint8Array(0));
  const writer = new WalWriter({folder: '/wal', disk});
  const log = new WalCommitLog(writer, {startTimestamps: true});
  const mark = memory.mark();
  for (let i = 0; i < SEGMENTS; i++) {
    const series = i === 0 ? [1, GONE, 3, 4].map((ref): PlainSeries => [ref, 'n', String(ref)]) : [];
    const refs = i <= 2 ? [1, GONE] : [1];
    const metadata = [{ref: 1, type: 'counter', unit: 's', help: `help ${i}`}];
    const exemplars = [{ref: 1, timeMs: i, value: i / 3, labels: ['trace', `t${i}`]}];
    const samples = refs.map((ref) => [ref, i, bitsOf(ref + i)] as const);
    log.log({...commitOf(memory, series, samples), metadata, exemplars});
    log.log(histogramCommitOf(memory, [histogram(3, i, true), histogram(4, i, false)]));
    log.log({...commitOf(memory, [], [[1, i + 0.5 > 2 ? 100 + i : -100, 7n]]), sampleStarts: startsOf(i)});
    writeTombstone(log, 1, i);
    writeTombstone(log, GONE, i);
    if (i < SEGMENTS - 1) writer.nextSegment();
  }
  memory.release(mark);
  await writer.sync();
  return {disk, writer};
}

function startsOf(start: number): number {
  const at = memory.alloc(8);
  memory.f64[at / 8] = start;
  return at;
}

function writeTombstone(log: WalCommitLog, ref: number, timeMs: number): void {
  const [refs, minTimes, maxTimes] = [ref, timeMs - 1, timeMs].map((value) => startsOf(value)) as [
    number,
    number,
    number,
  ];
  log.logDeletion({memory, count: 1, refs, minTimes, maxTimes});
}

function replay(disk: TestDisk, minTime = -Infinity): {target: PlainTarget; replay: Replay} {
  const target = new PlainTarget();
  const reader = new Replay({disk, memory, target, minTime});
  for (const source of replaySources(disk, '/wal')) reader.segment(source.path);
  return {target, replay: reader};
}

/** All that is replayed, in an order that doesn't depend on how the log is cut. */
const contentOf = ({target}: {target: PlainTarget}) => ({
  series: [...target.series],
  samples: target.samples.map(([ref, time, bits], i) => `${ref} ${time} ${bits} ${target.starts[i]}`).sort(),
  histograms: target.histograms.map((plain) => JSON.stringify(plain)).sort(),
  tombstones: target.tombstones,
  exemplars: target.exemplars,
  metadata: target.metadata.filter(({ref}, i, all) => all.findLastIndex((entry) => entry.ref === ref) === i),
});

const options = (disk: TestDisk, last: number, minTime: number) => ({
  folder: '/wal',
  disk,
  last,
  minTime,
  keeps: () => true,
  memory,
});

test('replay gives the same with a checkpoint, but for what is old', async () => {
  for (const minTime of [-Infinity, 0, 2, 50]) {
    const {disk} = await writeLog();
    const before = contentOf(replay(disk, minTime));
    const stats = await writeCheckpoint(options(disk, 2, minTime));
    assert.deepEqual(contentOf(replay(disk, minTime)), before, `from ${minTime}`);
    assert.ok(stats.series.total === 4 && stats.series.dropped === 0);
    assert.equal(stats.metadata.dropped, 2);
    assert.equal(stats.exemplars.dropped, Math.max(0, Math.min(3, minTime)));
  }
});

test('the next checkpoint takes in the one before', async () => {
  const {disk, writer} = await writeLog();
  const before = contentOf(replay(disk, 1));
  await writeCheckpoint(options(disk, 1, 1));
  writer.removeBefore(2);
  await writeCheckpoint(options(disk, 3, 1));
  removeCheckpointsBefore(disk, '/wal', 3);
  writer.removeBefore(4);
  assert.deepEqual(disk.names('/wal').sort(), ['00000004', 'checkpoint.00000003', 'unrelated.txt']);
  assert.deepEqual(contentOf(replay(disk, 1)), before);
});

test('series that went, and their tombstones, stay as long as samples may need them', async () => {
  for (const [minTime, stays] of [
    [2, true],
    [3, false],
  ] as const) {
    const {disk} = await writeLog();
    const kept = new KeptSeries(Float64Array.of(1, 3, 4), Float64Array.of(GONE), Float64Array.of(2));
    await writeCheckpoint({...options(disk, 3, minTime), keeps: (ref) => kept.has(ref, minTime)});
    const found = replay(disk, minTime);
    assert.equal(found.target.series.has(GONE), stays);
    // Segment 4, behind the checkpoint, has a tombstone of the series still.
    const {unknownSamples, unknownOthers} = found.replay.counts;
    assert.deepEqual([unknownSamples, unknownOthers], [0, stays ? 0 : 1]);
    assert.equal(
      found.target.tombstones.some(({ref, maxTimeMs}) => ref === GONE && maxTimeMs < 4),
      stays,
    );
  }
});

test('wherever writing a checkpoint stops, by a kill or a power failure, the log has all', async () => {
  const whole = contentOf(replay((await writeLog()).disk, 1));
  for (let stopAt = 0; ; stopAt++) {
    const {disk} = await writeLog();
    disk.stopAt = disk.operations + stopAt;
    const failed = await writeCheckpoint(options(disk, 2, 1)).then(
      () => false,
      () => true,
    );
    for (const after of [disk.afterKill(), disk.afterPowerLoss()]) {
      assert.deepEqual(contentOf(replay(after, 1)), whole, `stopped at operation ${stopAt}`);
      await writeCheckpoint(options(after, 3, 1));
      assert.deepEqual(
        after.names('/wal').filter((name) => name.endsWith('.tmp')),
        [],
      );
      assert.deepEqual(contentOf(replay(after, 1)), whole);
    }
    if (!failed) return;
  }
});

test('a checkpoint that cannot be written leaves nothing and says why', async () => {
  for (const fault of ['create', 'write', 'sync', 'rename', 'makeFolder'] as const) {
    const {disk} = await writeLog();
    const names = disk.names('/wal');
    disk.faults.set(fault, 'EIO');
    await assert.rejects(
      writeCheckpoint(options(disk, 2, 1)),
      (error) =>
        error instanceof StorageError && error.code === 'wal_write' && /checkpoint\.00000002.*EIO/.test(error.message),
      fault,
    );
    assert.deepEqual(disk.names('/wal'), names);
  }
});

test('a record of more histograms than are kept at once is in the checkpoint once', async () => {
  const disk = new TestDisk();
  const writer = new WalWriter({folder: '/wal', disk, compression: 'none'});
  const log = new WalCommitLog(writer);
  const positive = Array.from({length: 100}, (_, i) => [i, i % 5] as const);
  const mark = memory.mark();
  log.log(commitOf(memory, [[3, 'n', '3']], []));
  const list = Array.from({length: 5000}, (_, i) => ({...histogram(3, i, true), positive}));
  log.log(histogramCommitOf(memory, list));
  memory.release(mark);
  writer.nextSegment();
  await writer.sync();
  for (const [minTime, kept] of [
    [0, 5000],
    [4990, 10],
  ] as const) {
    const copy = disk.afterKill();
    const stats = await writeCheckpoint(options(copy, 0, minTime));
    assert.deepEqual(stats.samples, {total: 5000, dropped: 5000 - kept});
    assert.equal(replay(copy).target.histograms.length, kept);
  }
});

test('a corrupt segment ends it with its place', async () => {
  const {disk} = await writeLog();
  disk.bytes('/wal/00000001')[20]! ^= 1;
  await assert.rejects(
    writeCheckpoint(options(disk, 2, 1)),
    (error) => error instanceof StorageError && error.code === 'wal_corrupt' && /00000001 at 0/.test(error.message),
  );
});

test('a corrupt checkpoint keeps what can be read of it, the rest is set aside', async () => {
  const {disk, writer} = await writeLog();
  await writeCheckpoint(options(disk, 3, 1));
  writer.removeBefore(4);
  const file = '/wal/checkpoint.00000003/00000000';
  disk.bytes(file)[200]! ^= 1;
  const target = new PlainTarget();
  const reader = new Replay({disk, memory, target});
  let corruption: unknown;
  for (const source of replaySources(disk, '/wal')) {
    try {
      reader.segment(source.path);
    } catch (error) {
      assert.ok(source.inCheckpoint && error instanceof WalCorruption);
      corruption = error;
      const {setAside} = await repairCheckpoint(disk, error, memory);
      const aside = `/wal/00000000.corrupt-from-${error.offset}.of-checkpoint.00000003`;
      assert.deepEqual(setAside, [aside]);
      assert.ok(disk.sizeOf(aside) > 0);
    }
  }
  assert.ok(corruption !== undefined);
  assert.ok(
    target.samples.some(([, time]) => time === 4),
    'the segments after it are read',
  );
  assert.deepEqual(contentOf(replay(disk)), contentOf({target}), 'the next start finds the same, and no corruption');
});

test('a segment that is missing is named', async () => {
  const {disk} = await writeLog();
  await assert.rejects(writeCheckpoint(options(disk, 7, 1)), /00000007 is missing/);
});

test('it can be cancelled', async () => {
  const {disk} = await writeLog();
  const names = disk.names('/wal');
  let asked = 0;
  const controller = new AbortController();
  const keeps = (): boolean => {
    const end = performance.now() + 12;
    while (performance.now() < end);
    if (++asked === 2) controller.abort(new Error('enough'));
    return true;
  };
  await assert.rejects(writeCheckpoint({...options(disk, 2, 1), keeps, signal: controller.signal}), /enough/);
  assert.deepEqual(disk.names('/wal'), names);
});

test('two thirds of the finished segments are taken in, when they are two or more', () => {
  const segments = (first: number, last: number) =>
    Array.from({length: last - first + 1}, (_, i) => ({index: first + i, path: ''}));
  assert.equal(segmentsToCheckpoint([]), undefined);
  assert.equal(segmentsToCheckpoint(segments(0, 0)), undefined);
  assert.equal(segmentsToCheckpoint(segments(0, 2)), undefined);
  assert.deepEqual(segmentsToCheckpoint(segments(0, 3)), {first: 0, last: 1});
  assert.deepEqual(segmentsToCheckpoint(segments(10, 20)), {first: 10, last: 16});
});

test('random logs: replay gives the same with a checkpoint', async () => {
  const commits = fc.array(
    fc.tuple(fc.nat(3), fc.array(fc.tuple(fc.integer({min: 1, max: 6}), fc.nat(20)), {maxLength: 8}), fc.boolean()),
    {minLength: 4, maxLength: 12},
  );
  await fc.assert(
    fc.asyncProperty(commits, fc.nat(20), async (list, minTime) => {
      const disk = new TestDisk();
      const writer = new WalWriter({folder: '/wal', disk, compression: 'zstd'});
      const log = new WalCommitLog(writer);
      const mark = memory.mark();
      log.log(
        commitOf(
          memory,
          [1, 2, 3, 4, 5, 6].map((ref): PlainSeries => [ref, 'n', String(ref)]),
          [],
        ),
      );
      for (const [kind, samples, ends] of list) {
        if (kind < 2)
          log.log(
            commitOf(
              memory,
              [],
              samples.map(([ref, time]) => [ref, time, BigInt(time)] as const),
            ),
          );
        else
          log.log(
            histogramCommitOf(
              memory,
              samples.map(([ref, time]) => histogram(ref, time, kind === 2)),
            ),
          );
        if (ends) writer.nextSegment();
      }
      memory.release(mark);
      await writer.sync();
      writer.nextSegment();
      const before = contentOf(replay(disk, minTime));
      await writeCheckpoint(options(disk, listSegments(disk, '/wal').at(-2)!.index, minTime));
      assert.deepEqual(contentOf(replay(disk, minTime)), before);
    }),
    {numRuns: 60},
  );
});
