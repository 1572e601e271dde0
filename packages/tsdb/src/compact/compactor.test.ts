import assert from 'node:assert/strict';
import {execFileSync} from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import {test} from 'node:test';
import fc from 'fast-check';
import {KernelMemory} from '@narthex/kernels/kernel-memory.ts';
import {FloatHistogram} from '@narthex/model/histogram/float-histogram.ts';
import {isIntegerRecord, readRecord} from '@narthex/model/histogram/record.ts';
import {readMeta} from '../block/block.ts';
import type {BlockMeta} from '../block/meta.ts';
import {promtoolBinary, readBlockPlainly, SAMPLE_DATA} from '../block/testing-blocks.ts';
import {Tombstones, writeTombstones} from '../block/tombstones.ts';
import {ChunkDecoder} from '../chunk/decoder.ts';
import {HISTOGRAM_HIGH} from '../chunk/extras.ts';
import {nodeDisk} from '../disk.ts';
import {TestDisk} from '../testing-disk.ts';
import {blockNames, writeMeta} from './block-folders.ts';
import {CompactionCancelled, Compactor, finishWork} from './compactor.ts';
import {decodeChunk} from './decode-chunk.ts';
import {decodePlainly, type PlainSamples, PlainSource} from './testing-source.ts';

const promtool = promtoolBinary();
const noData = SAMPLE_DATA === undefined ? 'data of Prometheus 2.42 is not at hand' : false;
const noPromtool = promtool === undefined ? 'promtool is not installed' : noData;

function inFolder(use: (folder: string) => void): void {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'narthex-compact-'));
  try {
    use(folder);
  } finally {
    fs.rmSync(folder, {recursive: true});
  }
}

function copySampleBlocks(folder: string): BlockMeta[] {
  for (const name of blockNames(nodeDisk, SAMPLE_DATA!)) {
    fs.cpSync(path.join(SAMPLE_DATA!, name), path.join(folder, name), {recursive: true});
  }
  execFileSync('chmod', ['-R', 'u+w', folder]);
  return metasOf(folder);
}

const metasOf = (folder: string): BlockMeta[] =>
  blockNames(nodeDisk, folder).map((name) => readMeta(path.join(folder, name), nodeDisk));

function dump(folder: string): string {
  fs.mkdirSync(path.join(folder, 'wal'), {recursive: true});
  return execFileSync(promtool!, ['tsdb', 'dump', folder], {encoding: 'utf8', maxBuffer: 1 << 28});
}

test('blocks of Prometheus made into one hold the same samples for it', {skip: noPromtool}, () => {
  inFolder((folder) => {
    const parents = copySampleBlocks(folder);
    const before = dump(folder);
    assert.ok(before.length > 100_000);
    const meta = finishWork(new Compactor({disk: nodeDisk, folder}).compact(parents))!;
    for (const {ulid} of parents) fs.rmSync(path.join(folder, ulid), {recursive: true});
    assert.equal(dump(folder), before);
    assert.equal(meta.compaction.level, 2);
    // It dumps no histograms.
    assert.equal(meta.stats.numFloatSamples, before.trimEnd().split('\n').length);
    assert.equal(meta.stats.numHistogramSamples + meta.stats.numFloatSamples, meta.stats.numSamples);
  });
});

test('chunks from which nothing was deleted are copied as they are', {skip: noData}, () => {
  inFolder((folder) => {
    const parents = copySampleBlocks(folder);
    for (const {ulid} of parents) fs.rmSync(path.join(folder, ulid, 'tombstones'));
    const want = new Map<string, Uint8Array[]>();
    for (const {ulid} of parents) addChunks(want, path.join(folder, ulid));
    const {ulid, stats} = finishWork(new Compactor({disk: nodeDisk, folder}).compact(parents))!;
    const found = new Map<string, Uint8Array[]>();
    addChunks(found, path.join(folder, ulid));
    assert.deepEqual(found, new Map([...want].sort(([a], [b]) => (a < b ? -1 : 1))));
    assert.ok(stats.numHistogramSamples > 1000);
  });
});

function addChunks(all: Map<string, Uint8Array[]>, folder: string): void {
  const {series, symbols} = readBlockPlainly(folder);
  for (const {labels, chunks} of series) {
    const key = labels.map((symbol) => symbols[symbol]).join('\0');
    const list = all.get(key) ?? [];
    all.set(key, list);
    for (const {encoding, data} of chunks) list.push(Uint8Array.of(encoding, ...data));
  }
}

/** Samples by series: few series and times, so that much overlaps. */
const samples = fc
  .array(
    fc.record({
      series: fc.nat(5),
      start: fc.integer({min: -50, max: 400}),
      steps: fc.array(fc.integer({min: 1, max: 9}), {maxLength: 60}),
    }),
    {maxLength: 12},
  )
  .map((runs): PlainSamples => {
    const all: PlainSamples = new Map();
    for (const {series, start, steps} of runs) {
      const key = JSON.stringify([
        ['__name__', `m${series % 2}`],
        ['i', String(series)],
      ]);
      const times = all.get(key) ?? new Map<number, number>();
      all.set(key, times);
      let time = start;
      // The same time has the same value wherever it comes from: which one is taken must not matter here.
      for (const step of steps) times.set((time += step), time * 3 + series);
    }
    return all;
  });

const deletions = fc.array(fc.tuple(fc.nat(5), fc.integer({min: -60, max: 500}), fc.nat(200)), {maxLength: 5});

test('what a block is made of is what it holds: ranges, deletions, overlaps', () => {
  fc.assert(
    fc.property(fc.array(samples, {minLength: 1, maxLength: 4}), deletions, (parts, deleted) => {
      inFolder((folder) => {
        const compactor = new Compactor({disk: nodeDisk, folder});
        const want: PlainSamples = new Map();
        const metas = parts.flatMap((part, i) => {
          const range = {minTime: i * 40, maxTime: 300 + i * 40};
          const meta = finishWork(compactor.write(new PlainSource(part, 7 + i), range));
          if (meta === undefined) {
            assert.equal([...part.values()].flatMap((times) => [...times.keys()]).filter(inside(range)).length, 0);
            return [];
          }
          assert.deepEqual(
            sorted(decodePlainly(readBlockPlainly(path.join(folder, meta.ulid)))),
            sorted(cut(part, range)),
          );
          deleteIn(folder, meta, deleted);
          keep(want, cut(part, range), deleted);
          return [meta];
        });
        if (metas.length === 0) return;
        const merged = finishWork(compactor.compact(metas));
        const found = merged && decodePlainly(readBlockPlainly(path.join(folder, merged.ulid)));
        assert.deepEqual(sorted(found ?? new Map()), sorted(want));
        if (merged === undefined) assert.ok(metasOf(folder).every((meta) => meta.compaction.deletable));
      });
    }),
    {numRuns: 60},
  );
});

const inside = (range: {minTime: number; maxTime: number}) => (time: number) =>
  time >= range.minTime && time < range.maxTime;

function cut(all: PlainSamples, range: {minTime: number; maxTime: number}): PlainSamples {
  return new Map([...all].map(([key, times]) => [key, new Map([...times].filter(([time]) => inside(range)(time)))]));
}

const sorted = (all: PlainSamples) =>
  [...all]
    .filter(([, times]) => times.size > 0)
    .map(([key, times]) => [key, [...times].sort((a, b) => a[0] - b[0])] as const)
    .sort(([a], [b]) => (a < b ? -1 : 1));

type Deletion = readonly [series: number, minTime: number, length: number];

/** Put tombstones into a block that was written. */
function deleteIn(folder: string, meta: BlockMeta, deleted: readonly Deletion[]): void {
  const block = readBlockPlainly(path.join(folder, meta.ulid));
  const tombstones = new Tombstones();
  for (const {ref, labels} of block.series) {
    const number = Number(block.symbols[labels[3]]);
    for (const [series, minTime, length] of deleted) {
      if (series === number) tombstones.add(ref, minTime, minTime + length);
    }
  }
  const memory = new KernelMemory({maximumBytes: 1 << 20});
  writeTombstones(nodeDisk, path.join(folder, meta.ulid), tombstones, memory);
}

function keep(want: PlainSamples, part: PlainSamples, deleted: readonly Deletion[]): void {
  for (const [key, times] of part) {
    const number = Number(JSON.parse(key)[1][1]);
    const kept = want.get(key) ?? new Map<number, number>();
    want.set(key, kept);
    for (const [time, value] of times) {
      const isGone = deleted.some(
        ([series, minTime, length]) => series === number && time >= minTime && time <= minTime + length,
      );
      if (!isGone) kept.set(time, value);
    }
  }
}

const few: PlainSamples = new Map([
  [
    '[["a","b"]]',
    new Map([
      [1, 1],
      [2, 2],
    ]),
  ],
]);

test('a cancelled compaction leaves nothing and marks nothing', () => {
  inFolder((folder) => {
    const meta = finishWork(
      new Compactor({disk: nodeDisk, folder}).write(new PlainSource(few), {minTime: 0, maxTime: 10}),
    )!;
    const compactor = new Compactor({disk: nodeDisk, folder, isCancelled: () => true});
    const many: PlainSamples = new Map(
      Array.from({length: 100}, (_, i) => [`[["a","${100 + i}"]]`, new Map([[1, i]])]),
    );
    const work = compactor.write(new PlainSource(many), {minTime: 0, maxTime: 10});
    assert.throws(() => finishWork(work), CompactionCancelled);
    assert.deepEqual(fs.readdirSync(folder), [meta.ulid]);
    assert.equal(readMeta(path.join(folder, meta.ulid), nodeDisk).compaction.failed, false);
  });
});

test('blocks that cannot be made into one are marked, and stay', () => {
  inFolder((folder) => {
    const compactor = new Compactor({disk: nodeDisk, folder});
    const write = () => finishWork(compactor.write(new PlainSource(few), {minTime: 0, maxTime: 10}))!;
    const metas = [write(), write()];
    const chunks = path.join(folder, metas[1].ulid, 'chunks/000001');
    const bytes = fs.readFileSync(chunks);
    bytes[12] ^= 1;
    fs.writeFileSync(chunks, bytes);
    assert.throws(() => finishWork(compactor.compact(metas)), /checksum of a chunk/);
    assert.deepEqual(fs.readdirSync(folder).sort(), metas.map(({ulid}) => ulid).sort());
    assert.ok(metasOf(folder).every((meta) => meta.compaction.failed));
  });
});

test('wherever a compaction is stopped, all samples are in blocks that are whole', () => {
  const first = new TestDisk();
  first.makeFolder('/data');
  first.syncFolderNow('/');
  const make = new Compactor({disk: first, folder: '/data'});
  const metas = [0, 5].map((minTime) =>
    finishWork(make.write(new PlainSource(few), {minTime: minTime && 2, maxTime: 10}))!,
  );
  for (let stopAt = 0; ; stopAt++) {
    const disk = first.afterPowerLoss();
    disk.stopAt = stopAt;
    let merged: BlockMeta | undefined;
    try {
      merged = finishWork(new Compactor({disk, folder: '/data'}).compact(metas));
    } catch {
      // Stopped.
    }
    for (const after of [disk.afterKill(), disk.afterPowerLoss()]) {
      for (const {ulid} of metas) assert.ok(!readMeta(`/data/${ulid}`, after).compaction.deletable);
      const names = blockNames(after, '/data').filter((name) => !metas.some(({ulid}) => ulid === name));
      for (const name of names) assert.equal(readMeta(`/data/${name}`, after).stats.numSamples, 2);
      if (merged !== undefined) assert.deepEqual(names, [merged.ulid]);
    }
    if (merged !== undefined) return;
  }
});

test('histograms of overlapping blocks are merged sample by sample', {skip: noData}, () => {
  inFolder((folder) => {
    const original = copySampleBlocks(folder).at(-1)!;
    const source = path.join(folder, original.ulid);
    fs.rmSync(path.join(source, 'tombstones'));
    // A copy in which all series have a gap, from inside one chunk to inside another: its chunks are no duplicates.
    const copy = {...original, ulid: '01M84FK99R7XZAD92GAYH6KTVV'};
    fs.cpSync(source, path.join(folder, copy.ulid), {recursive: true});
    writeMeta(nodeDisk, path.join(folder, copy.ulid), copy);
    const tombstones = new Tombstones();
    const gap = original.minTime + 1_000_000;
    for (const {ref} of readBlockPlainly(source).series) tombstones.add(ref, gap, gap + 2_000_000);
    writeTombstones(nodeDisk, path.join(folder, copy.ulid), tombstones, new KernelMemory({maximumBytes: 1 << 20}));
    const made = finishWork(new Compactor({disk: nodeDisk, folder}).compact([copy, original]))!;
    const found = decodeCells(path.join(folder, made.ulid));
    assert.deepEqual(found, decodeCells(source));
    assert.equal(
      made.stats.numHistogramSamples,
      [...found.values()].flat().filter(({cell}) => cell.startsWith('histogram')).length,
    );
    assert.ok(made.stats.numHistogramSamples > 1000);
  });
});

/** Samples by series: floats as bits, histograms as all that is known of them but how they follow each other. */
function decodeCells(folder: string): Map<string, {time: number; cell: string}[]> {
  const {series, symbols} = readBlockPlainly(folder);
  const memory = new KernelMemory({maximumBytes: 1 << 28});
  const decoder = new ChunkDecoder(memory);
  const histogram = new FloatHistogram();
  return new Map(
    series.map(({labels, chunks}) => [
      labels.map((symbol) => symbols[symbol]).join('\0'),
      chunks.flatMap(({encoding, data}) => {
        const chunk = {encoding, bytes: data, from: 0, to: data.length};
        const {times, values, count} = decodeChunk(memory, decoder, chunk);
        return Array.from({length: count}, (_, i) => {
          const time = memory.f64[times / 8 + i];
          const [low, high] = memory.u32.subarray(values / 4 + 2 * i);
          if (high !== HISTOGRAM_HIGH) return {time, cell: `float ${high} ${low}`};
          const isInteger = isIntegerRecord(memory, low);
          readRecord(memory, low, histogram);
          return {time, cell: `histogram ${isInteger} ${JSON.stringify({...histogram, counterReset: 0})}`};
        });
      }),
    ]),
  );
}
