import assert from 'node:assert/strict';
import {execFileSync} from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import {test} from 'node:test';
import fc from 'fast-check';
import {nodeDisk} from '../disk.ts';
import {TestDisk} from '../testing-disk.ts';
import {BlockWriter} from './block-writer.ts';
import {newMeta} from './meta.ts';
import {type PlainBlock, promtoolBinary, readBlockPlainly, SAMPLE_DATA} from './testing-blocks.ts';
import {isUlid, UlidSource} from './ulid.ts';

const ULID = '01M84FK8X2BJFXANZSA7MJH7ZJ';
const promtool = promtoolBinary();
const noData = SAMPLE_DATA === undefined ? 'data of Prometheus 2.42 is not at hand' : false;
const noPromtool = promtool === undefined ? 'promtool is not installed' : noData;

function writePlain(block: PlainBlock, folder: string, segmentBytes?: number): BlockWriter {
  const meta = {...block.meta, stats: newMeta('', 0, 0).stats};
  const writer = new BlockWriter({disk: nodeDisk, folder, meta, segmentBytes});
  for (const symbol of block.symbols) writer.addSymbol(Buffer.from(symbol));
  for (const {labels, chunks} of block.series) {
    for (const {encoding, data, minTime, maxTime} of chunks) {
      writer.addChunk(encoding, data, 0, data.length, minTime, maxTime);
    }
    writer.addSeries(Uint32Array.from(labels), labels.length / 2);
  }
  writer.finish();
  return writer;
}

function inFolder(use: (folder: string) => void): void {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'narthex-blocks-'));
  try {
    use(folder);
  } finally {
    fs.rmSync(folder, {recursive: true});
  }
}

const sampleBlocks = (): string[] =>
  fs
    .readdirSync(SAMPLE_DATA!)
    .filter(isUlid)
    .map((name) => path.join(SAMPLE_DATA!, name));

test('blocks of Prometheus are written as it wrote them', {skip: noData}, () => {
  for (const source of sampleBlocks()) {
    inFolder((folder) => {
      const block = readBlockPlainly(source);
      const writer = writePlain(block, folder);
      const copy = path.join(folder, block.meta.ulid);
      const chunks = fs.readFileSync(path.join(copy, 'chunks/000001'));
      assert.deepEqual(chunks, fs.readFileSync(path.join(source, 'chunks/000001')));
      const {stats, ...rest} = block.meta;
      const {stats: counted, ...written} = readBlockPlainly(copy).meta;
      assert.deepEqual(written, rest);
      assert.deepEqual(
        [counted.numSamples, counted.numSeries, counted.numChunks],
        [stats.numSamples, stats.numSeries, stats.numChunks],
      );
      assertSameIndex(path.join(copy, 'index'), path.join(source, 'index'));
      assert.equal(writer.bytes, sizeOf(copy));
    });
  }
});

/** Prometheus 2.42 still wrote lists of label values between series and postings: all but those and the places must be equal. */
function assertSameIndex(ours: string, theirs: string): void {
  const [a, b] = [fs.readFileSync(ours), fs.readFileSync(theirs)];
  const places = (file: Buffer) =>
    [0, 1, 2, 4, 3, 5].map((i) => Number(file.readBigUInt64BE(file.length - 52 + 8 * i)));
  const [symbols, series, lists, postings, listsTable, table] = places(a);
  const [symbols2, series2, lists2, postings2, listsTable2] = places(b);
  assert.deepEqual([symbols, series, lists, listsTable], [symbols2, series2, postings, table]);
  assert.equal(lists, lists2);
  assert.deepEqual(a.subarray(0, lists), b.subarray(0, lists));
  const aligned = (place: number) => Math.ceil(place / 4) * 4;
  assert.deepEqual(a.subarray(aligned(postings), table), b.subarray(aligned(postings2), listsTable2));
  const listOf = (file: string) => readBlockPlainly(path.dirname(file)).postings;
  assert.deepEqual(listOf(ours), listOf(theirs));
}

const sizeOf = (folder: string): number =>
  fs
    .readdirSync(folder, {recursive: true, withFileTypes: true})
    .filter((entry) => entry.isFile())
    .reduce((sum, entry) => sum + fs.statSync(path.join(entry.parentPath, entry.name)).size, 0);

test('Prometheus reads a block written here as its own', {skip: noPromtool}, () => {
  const command = promtool!;
  for (const source of sampleBlocks()) {
    inFolder((folder) => {
      const block = readBlockPlainly(source);
      writePlain(block, folder);
      // Without the deletions of the original, which the dump leaves out.
      const plain = path.join(folder, 'original');
      fs.cpSync(source, path.join(plain, block.meta.ulid), {recursive: true});
      fs.chmodSync(path.join(plain, block.meta.ulid), 0o755);
      fs.rmSync(path.join(plain, block.meta.ulid, 'tombstones'), {force: true});
      const dumped = dump(command, folder);
      assert.ok(dumped.length > 10_000);
      assert.equal(dumped, dump(command, plain));
      assert.match(execFileSync(command, ['tsdb', 'list', folder], {encoding: 'utf8'}), new RegExp(block.meta.ulid));
      execFileSync(command, ['tsdb', 'analyze', folder, block.meta.ulid]);
    });
  }
});

function dump(command: string, folder: string): string {
  // It wants a log, if only an empty one.
  fs.mkdirSync(path.join(folder, 'wal'), {recursive: true});
  return execFileSync(command, ['tsdb', 'dump', folder], {encoding: 'utf8'});
}

const label = fc.string({unit: 'grapheme', minLength: 1, maxLength: 3});
const seriesList = fc.uniqueArray(
  fc.uniqueArray(fc.tuple(label, label), {minLength: 1, maxLength: 4, selector: (p) => p[0]}),
  {
    minLength: 1,
    maxLength: 30,
    selector: (pairs) => JSON.stringify([...pairs].sort()),
  },
);
const byBytes = (a: string, b: string): number => Buffer.compare(Buffer.from(a), Buffer.from(b));

test('what is written is read: labels, chunks, and for each label its series', () => {
  fc.assert(
    fc.property(seriesList, fc.integer({min: 60, max: 400}), (list, segmentBytes) => {
      inFolder((folder) => {
        const symbols = [...new Set(list.flat(2))].sort(byBytes);
        const series = list
          .map((pairs) =>
            [...pairs].sort((a, b) => byBytes(a[0], b[0])).flatMap((pair) => pair.map((text) => symbols.indexOf(text))),
          )
          .sort((a, b) => (a.findIndex((x, i) => x !== b[i]) < 0 ? a.length - b.length : compareLists(a, b)))
          .map((labels, i) => ({
            ref: 0,
            labels,
            chunks: Array.from({length: 1 + (i % 3)}, (_, k) => ({
              minTime: (k - 1) * 1e15 + i,
              maxTime: (k - 1) * 1e15 + i + k,
              encoding: 1,
              data: Uint8Array.from([0, 1 + i, ...Array.from({length: i * 7}, () => k)]),
            })),
          }));
        const block: PlainBlock = {meta: newMeta(ULID, 0, 1), symbols, series, postings: []};
        writePlain(block, folder, segmentBytes);
        const read = readBlockPlainly(path.join(folder, ULID));
        assert.deepEqual(read.symbols, symbols);
        assert.deepEqual(
          read.series.map(({labels, chunks}) => ({ref: 0, labels, chunks})),
          series,
        );
        assert.deepEqual(read.postings, plainPostings(read));
      });
    }),
    {numRuns: 50},
  );
});

function compareLists(a: readonly number[], b: readonly number[]): number {
  for (let i = 0; i < Math.min(a.length, b.length); i++) if (a[i] !== b[i]) return a[i] - b[i];
  return a.length - b.length;
}

function plainPostings({series, symbols}: PlainBlock): [string, number[]][] {
  const lists = new Map<string, {name: number; value: number; refs: number[]}>();
  for (const {ref, labels} of series) {
    for (let i = 0; i < labels.length; i += 2) {
      const key = `${symbols[labels[i]]}\0${symbols[labels[i + 1]]}`;
      const list = lists.get(key) ?? {name: labels[i], value: labels[i + 1], refs: []};
      lists.set(key, list);
      list.refs.push(ref);
    }
  }
  const sorted = [...lists].sort(([, a], [, b]) => a.name - b.name || a.value - b.value);
  return [['\0', series.map(({ref}) => ref)], ...sorted.map(([key, {refs}]): [string, number[]] => [key, refs])];
}

test('whatever happens while a block is written, it is there whole or not at all', () => {
  for (let stopAt = 0; ; stopAt++) {
    const disk = new TestDisk();
    disk.makeFolder('/data');
    disk.syncFolderNow('/');
    disk.operations = 0;
    disk.stopAt = stopAt;
    const isDone = tryWrite(disk);
    for (const after of [disk.afterKill(), disk.afterPowerLoss()]) {
      const isThere = after.isFolder(`/data/${ULID}`);
      if (isDone) assert.ok(isThere);
      if (isThere) for (const file of FILES) assert.ok(after.bytes(`/data/${ULID}/${file}`).length > 8, file);
    }
    if (isDone) return;
  }
});

const FILES = ['chunks/000001', 'chunks/000002', 'index', 'meta.json', 'tombstones'];

function tryWrite(disk: TestDisk): boolean {
  let writer: BlockWriter | undefined;
  try {
    writer = new BlockWriter({disk, folder: '/data', meta: newMeta(ULID, 0, 10), segmentBytes: 40});
    for (const text of ['', 'a', 'b']) writer.addSymbol(Buffer.from(text));
    const chunk = Uint8Array.from([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    writer.addChunk(1, chunk, 0, chunk.length, 0, 4);
    writer.addChunk(1, chunk, 0, chunk.length, 5, 9);
    writer.addSeries(Uint32Array.of(1, 2), 1);
    return writer.finish();
  } catch {
    writer?.abandon();
    return false;
  }
}

test('a failing disk leaves nothing of a block behind', () => {
  for (let at = 0; ; at++) {
    const disk = new TestDisk();
    disk.makeFolder('/data');
    disk.operations = 0;
    disk.faultsAt.set(at, 'EIO');
    const isDone = tryWrite(disk);
    if (isDone) return;
    const left = disk.names('/data');
    // Only the sync of the data folder comes after the block has its name.
    assert.ok(left.length === 0 || left[0] === ULID, `${left.join()} after a fault at ${at}`);
  }
});

test('ULIDs rise, even when the clock does not', () => {
  let now = 1000;
  const source = new UlidSource(() => now);
  const made = Array.from({length: 100}, (_, i) => {
    now += [0, 5, -3][i % 3];
    return source.next();
  });
  assert.deepEqual([...made].sort(), made);
  assert.equal(new Set(made).size, 100);
  assert.ok(made.every(isUlid));
});
