import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import {type TestContext, test} from 'node:test';
import {KernelMemory} from '@narthex/kernels/kernel-memory.ts';
import {Labels} from '@narthex/model/labels.ts';
import {Matcher} from '@narthex/model/matcher.ts';
import type {BlockMeta} from '../block/meta.ts';
import {Database} from '../database.ts';
import {nodeDisk} from '../disk.ts';
import {HeadReader} from '../head/reader.ts';
import {SegmentBoard} from '../head/segments.ts';
import {Staging} from '../head/staging.ts';
import {DatabaseQuerier} from '../querier/database-querier.ts';
import {listCheckpoints} from '../wal/segments.ts';
import {Housekeeping, type HousekeepingOptions} from './housekeeping.ts';

const HOUR = 3_600_000;
const START = 1_700_006_400_000 - (1_700_006_400_000 % (18 * HOUR));
const STEP = 60_000;

/** A database and its housekeeping, all in one thread. */
class House {
  readonly database: Database;
  readonly housekeeping: Housekeeping;
  readonly memory = new KernelMemory({maximumBytes: 1 << 26});
  /** What readers were told last. */
  published: readonly BlockMeta[] = [];
  appended = 0;

  private constructor(database: Database, board: SegmentBoard, options: Partial<HousekeepingOptions>) {
    this.database = database;
    const memory = new KernelMemory({maximumBytes: 1 << 26});
    this.housekeeping = new Housekeeping({
      disk: nodeDisk,
      folder: database.dir,
      owner: database.owner((blocks) => {
        this.published = blocks;
      }),
      reader: new HeadReader(database.head.shared, memory, 0, board.source()),
      memory,
      retention: {durationMs: 0, bytes: 0, percentage: 0},
      minBlockMs: 2 * HOUR,
      maxBlockMs: 18 * HOUR,
      compactOverlapping: true,
      compression: 'snappy',
      headBytes: () => 0,
      log: () => {},
      ...options,
    });
  }

  static async open(dir: string, options: Partial<HousekeepingOptions> = {}): Promise<House> {
    const board = new SegmentBoard();
    const head = {arenaBytes: 1 << 25, segmentBytes: 1 << 17, announce: board.announce};
    // Small segments of the log, so that there is something to make checkpoints of.
    const database = await Database.open({dir, head, wal: {segmentBytes: 1 << 15}});
    return new House(database, board, options);
  }

  /** One sample of each of `names` at `timeMs`. */
  append(names: readonly string[], timeMs: number): void {
    const mark = this.memory.mark();
    const staging = new Staging(this.memory, names.length);
    for (const name of names) {
      const slot = this.database.head.getOrCreate(Labels.of([['__name__', name]]));
      staging.add(slot, timeMs, Math.sin(timeMs / 1e6));
    }
    this.appended += this.database.append(staging.batch()).stored;
    this.memory.release(mark);
  }

  /** What a query of one series finds. */
  read(name: string, startMs: number, endMs: number): [number, number][] {
    return this.#query((querier, memory) => {
      const set = querier.select([new Matcher('=', '__name__', name)], startMs, endMs);
      if (set.length === 0) return [];
      assert.equal(set.length, 1);
      const room = set.samplesMax(0);
      const [times, values] = [memory.alloc(room * 8), memory.alloc(room * 8)];
      const count = set.read(0, times, values, {starts: 0, histogram: () => assert.fail()});
      return Array.from({length: count}, (_, i) => [memory.f64[times / 8 + i]!, memory.f64[values / 8 + i]!]);
    });
  }

  /** Counts the samples of `steady_2` through one querier that lives as long as the test. */
  querier(): () => number {
    const memory = new KernelMemory({maximumBytes: 1 << 26});
    const head = new HeadReader(this.database.head.shared, memory, 2, {next: () => undefined});
    const querier = new DatabaseQuerier({head, memory, disk: nodeDisk, folder: this.database.dir});
    return () => {
      querier.begin();
      querier.useBlocks(this.published);
      const set = querier.select([new Matcher('=', '__name__', 'steady_2')], -Infinity, Infinity);
      const room = set.samplesMax(0);
      const count = set.read(0, memory.alloc(room * 8), memory.alloc(room * 8), {
        starts: 0,
        histogram: () => assert.fail(),
      });
      querier.end();
      return count;
    };
  }

  labelValues(name: string): string[] {
    return this.#query((querier) => querier.labelValues(name, [], -Infinity, Infinity, 0));
  }

  #query<T>(use: (querier: DatabaseQuerier, memory: KernelMemory) => T): T {
    const memory = new KernelMemory({maximumBytes: 1 << 26});
    const head = new HeadReader(this.database.head.shared, memory, 1, {next: () => undefined});
    const querier = new DatabaseQuerier({head, memory, disk: nodeDisk, folder: this.database.dir});
    querier.begin();
    querier.useBlocks(this.published);
    try {
      return use(querier, memory);
    } finally {
      querier.end();
      querier.close();
    }
  }

  async close(): Promise<void> {
    await this.housekeeping.close();
    await this.database.close();
  }
}

function folderFor(t: TestContext): string {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'narthex-housekeeping-'));
  t.after(() => fs.rmSync(folder, {recursive: true, force: true}));
  return folder;
}

/** Twenty series of which four change every hour. */
const namesAt = (hour: number): string[] => [
  ...Array.from({length: 16}, (_, i) => `steady_${i}`),
  ...Array.from({length: 4}, (_, i) => `hour_${hour}_${i}`),
];

async function ingest(house: House, fromHour: number, toHour: number): Promise<void> {
  for (let hour = fromHour; hour < toHour; hour++) {
    for (let at = 0; at < HOUR; at += STEP) house.append(namesAt(hour), START + hour * HOUR + at);
    await house.housekeeping.compact();
  }
}

const samplesOf = (blocks: readonly BlockMeta[]): number => blocks.reduce((sum, {stats}) => sum + stats.numSamples, 0);

test('the past of the head goes to blocks, longer ones take the place of shorter, and each sample is there once', async (t) => {
  const house = await House.open(folderFor(t));
  await ingest(house, 0, 30);
  const {head} = house.database;
  const blocks = house.housekeeping.blocks;
  assert.deepEqual(house.published, blocks);
  const spans = blocks.map(({minTime, maxTime}) => [(minTime - START) / HOUR, (maxTime - START) / HOUR]);
  assert.deepEqual(spans, [
    [0, 18],
    [18, 24],
    [24, 26],
    [26, 28],
  ]);
  assert.equal(samplesOf(blocks), 28 * 60 * 20);
  assert.equal(head.minTime, START + 28 * HOUR);
  assert.equal(head.seriesCount, 16 + 2 * 4);
  assert.deepEqual(
    fs.readdirSync(house.database.dir).filter((name) => name.includes('.tmp')),
    [],
  );
  await house.close();
});

test('the log is cut behind checkpoints, and what is in neither blocks nor log is nothing', async (t) => {
  const folder = folderFor(t);
  const first = await House.open(folder);
  await ingest(first, 0, 9);
  const wal = path.join(folder, 'wal');
  assert.equal(listCheckpoints(nodeDisk, wal).length, 1);
  const segments = fs.readdirSync(wal).filter((name) => /^\d+$/.test(name));
  assert.ok(!segments.includes('00000000'));
  const {head} = first.database;
  const [seriesBefore, minTime, maxTime] = [head.seriesCount, head.minTime, head.maxTime];
  await first.close();

  const again = await House.open(folder);
  const {replay} = again.database.stats();
  assert.equal(replay.unknownSamples, 0);
  assert.deepEqual(
    again.database.blocks.map(({ulid}) => ulid),
    first.housekeeping.blocks.map(({ulid}) => ulid),
  );
  assert.deepEqual([again.database.head.minTime, again.database.head.maxTime], [minTime, maxTime]);
  assert.ok(again.database.head.seriesCount >= seriesBefore);
  await ingest(again, 9, 12);
  assert.equal(samplesOf(again.housekeeping.blocks), 10 * 60 * 20);
  await again.close();
});

test('blocks beyond the time limit go', async (t) => {
  const retention = {durationMs: 6 * HOUR, bytes: 0, percentage: 0};
  const house = await House.open(folderFor(t), {retention, maxBlockMs: 2 * HOUR});
  await ingest(house, 0, 17);
  const starts = house.housekeeping.blocks.map(({minTime}) => (minTime - START) / HOUR);
  assert.deepEqual(starts, [8, 10, 12]);
  assert.ok(house.housekeeping.counters.timeRetentions > 0);
  assert.equal(fs.readdirSync(house.database.dir).filter((name) => name.length === 26).length, 3);
  await house.close();
});

test('queries find each sample once wherever it is, before, between and after compactions', async (t) => {
  const house = await House.open(folderFor(t));
  for (let hour = 0; hour < 30; hour++) {
    await ingest(house, hour, hour + 1);
    const from = Math.max(0, hour - 11);
    const [startMs, endMs] = [START + from * HOUR + 17 * STEP, START + hour * HOUR + 40 * STEP];
    assert.deepEqual(house.read('steady_3', startMs, endMs), expected(from * 60 + 17, hour * 60 + 40));
    assert.deepEqual(
      house.read(`hour_${from}_1`, startMs, endMs),
      expected(from * 60 + 17, Math.min(from * 60 + 59, hour * 60 + 40)),
    );
  }
  const names = new Set(Array.from({length: 30}, (_, hour) => namesAt(hour)).flat());
  assert.deepEqual(house.labelValues('__name__'), [...names].sort());
  await house.close();
});

test('samples out of order survive a restart, go to blocks of their own and from there into the others', async (t) => {
  const folder = folderFor(t);
  let house = await House.open(folder);
  house.database.setOutOfOrderWindow(4 * HOUR);
  const late = START + 90 * STEP + 7000;
  await ingest(house, 0, 2);
  house.append(['steady_1', 'only_late'], late);
  const wanted = [[late, Math.sin(late / 1e6)]];
  assert.deepEqual(house.read('only_late', START, late), wanted);
  await house.close();

  house = await House.open(folder);
  assert.deepEqual(house.read('only_late', START, late), wanted);
  await ingest(house, 2, 8);
  assert.deepEqual(house.read('only_late', START, START + 8 * HOUR), wanted);
  assert.equal(house.read('steady_1', START, START + 8 * HOUR).length, 8 * 60 + 1);
  assert.equal(samplesOf(house.housekeeping.blocks), 6 * 60 * 20 + 2);
  assert.ok(house.housekeeping.counters.verticalCompactions > 0);
  assert.equal(house.database.head.outOfOrder.minTime, Infinity);
  await house.close();
});

test('a snapshot is a data folder with all that was there', async (t) => {
  const folder = folderFor(t);
  const house = await House.open(folder);
  house.database.setOutOfOrderWindow(4 * HOUR);
  await ingest(house, 0, 5);
  house.append(['steady_1'], START + 4 * HOUR + 1);
  const target = path.join(folder, 'snapshots/one');
  await house.housekeeping.snapshot(target, false);
  const copy = await House.open(target);
  await copy.housekeeping.reload();
  for (const name of ['steady_1', 'hour_0_1', 'hour_4_3']) {
    assert.deepEqual(copy.read(name, START, START + 9 * HOUR), house.read(name, START, START + 9 * HOUR), name);
  }
  assert.equal(copy.read('steady_1', START, START + 9 * HOUR).length, 5 * 60 + 1);
  await copy.close();
  await house.close();
});

test('a deletion that grows an earlier one is seen by a querier that has the block open', async (t) => {
  const house = await House.open(folderFor(t));
  await ingest(house, 0, 4);
  const all = [new Matcher('=', '__name__', 'steady_2')];
  const count = house.querier();
  assert.equal(count(), 240);
  await house.housekeeping.deleteSeries(all, START, START + 9 * STEP);
  assert.equal(count(), 230);
  await house.housekeeping.deleteSeries(all, START + 5 * STEP, START + 19 * STEP);
  assert.equal(house.housekeeping.blocks[0]?.stats.numTombstones, 1);
  assert.equal(count(), 220);
  await house.housekeeping.cleanTombstones();
  assert.equal(house.housekeeping.blocks[0]?.stats.numTombstones, 0);
  assert.equal(count(), 220);
  await house.close();
});

test('readers are told of blocks when these change, and only then', async (t) => {
  const house = await House.open(folderFor(t));
  await ingest(house, 0, 4);
  const told = house.published;
  await house.housekeeping.reload();
  assert.equal(house.published, told);
  await house.housekeeping.deleteSeries([new Matcher('=', '__name__', 'steady_2')], START, START);
  assert.notEqual(house.published, told);
  await house.close();
});

/** What was appended from one minute to another, both included. */
const expected = (first: number, last: number): [number, number][] =>
  Array.from({length: last - first + 1}, (_, i) => {
    const time = START + (first + i) * STEP;
    return [time, Math.sin(time / 1e6)];
  });
