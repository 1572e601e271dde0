import assert from 'node:assert/strict';
import {execFileSync} from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import {test} from 'node:test';
import {KernelMemory} from '@narthex/kernels/kernel-memory.ts';
import {Block, blockCaches, readMeta} from '../block/block.ts';
import {OLD_BLOCKS, readBlockPlainly, SAMPLE_DATA} from '../block/testing-blocks.ts';
import {nodeDisk} from '../disk.ts';
import {TestDisk} from '../testing-disk.ts';
import {blockNames, deleteBlock} from './block-folders.ts';
import {cleanTombstones, type CleanedBlock} from './clean-tombstones.ts';
import {Compactor, finishWork} from './compactor.ts';
import {deleteSamples} from './delete-samples.ts';
import {findBlocks, openFolder} from './open-blocks.ts';
import {PlainSource} from './testing-source.ts';

const noData = SAMPLE_DATA === undefined ? 'data of Prometheus 2.42 is not at hand' : false;
const noOldBlocks = OLD_BLOCKS === undefined ? 'blocks of old formats are not at hand' : false;
const few = () =>
  new PlainSource(
    new Map([
      [
        '[["a","b"]]',
        new Map([
          [1, 1],
          [2, 2],
        ]),
      ],
    ]),
  );
const RANGE = {minTime: 0, maxTime: 10};

function inFolder(use: (folder: string) => void): void {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'narthex-open-'));
  try {
    use(folder);
  } finally {
    fs.rmSync(folder, {recursive: true});
  }
}

function copyOf(source: string, folder: string): void {
  fs.cpSync(source, folder, {recursive: true});
  execFileSync('chmod', ['-R', 'u+w', folder]);
}

test('what was half made or half deleted is removed, and nothing else', () => {
  inFolder((folder) => {
    const ulid = '01M84FK8X2BJFXANZSA7MJH7ZJ';
    const gone = [
      `${ulid}.tmp-for-creation`,
      `${ulid}.tmp-for-deletion`,
      `${ulid}.tmp`,
      'chunk_snapshot.000001.0000.tmp',
    ];
    const stays = ['wal', 'x.tmp', 'notes.tmp-for-deletion', `${ulid}.old`];
    for (const name of [...gone, ...stays]) fs.mkdirSync(path.join(folder, name));
    assert.deepEqual([...openFolder(nodeDisk, folder).removed].sort(), gone.toSorted());
    assert.deepEqual(fs.readdirSync(folder).sort(), stays.toSorted());
  });
});

test('a block that cannot be read is named and stays, the others are there', () => {
  inFolder((folder) => {
    const compactor = new Compactor({disk: nodeDisk, folder});
    const [good, broken, headless] = [1, 2, 3].map(() => finishWork(compactor.write(few(), RANGE))!.ulid);
    const index = path.join(folder, broken, 'index');
    fs.truncateSync(index, fs.statSync(index).size - 3);
    fs.writeFileSync(path.join(folder, headless, 'meta.json'), '{"version": 7}');
    const found = openFolder(nodeDisk, folder);
    assert.deepEqual(
      found.blocks.map(({meta}) => meta.ulid),
      [good],
    );
    assert.equal(found.bad.length, 2);
    assert.equal(found.bad[0].file, index);
    assert.equal(typeof found.bad[0].offset, 'number');
    assert.match(found.bad[0].reason, /checksum/);
    assert.match(found.bad[1].reason, /unexpected meta file version 7/);
    assert.equal(blockNames(nodeDisk, folder).length, 3);
  });
});

test('a bad block that was made into a good one is not bad', () => {
  inFolder((folder) => {
    const compactor = new Compactor({disk: nodeDisk, folder});
    const metas = [1, 2].map(() => finishWork(compactor.write(few(), RANGE))!);
    const made = finishWork(compactor.compact(metas))!;
    fs.rmSync(path.join(folder, metas[0].ulid, 'index'));
    const {blocks, bad} = findBlocks(nodeDisk, folder);
    assert.deepEqual(bad, []);
    assert.deepEqual(blocks.map(({meta}) => meta.ulid).sort(), [metas[1].ulid, made.ulid].sort());
  });
});

test('the size of a block is that of its files', () => {
  inFolder((folder) => {
    finishWork(new Compactor({disk: nodeDisk, folder}).write(few(), RANGE));
    const files = fs.readdirSync(folder, {recursive: true, withFileTypes: true}).filter((entry) => entry.isFile());
    const bytes = files.reduce((sum, {parentPath, name}) => sum + fs.statSync(path.join(parentPath, name)).size, 0);
    assert.equal(findBlocks(nodeDisk, folder).blocks[0].bytes, bytes);
  });
});

test('the index of a block of Prometheus 2.1 gets its version', {skip: noOldBlocks}, () => {
  inFolder((folder) => {
    copyOf(path.join(OLD_BLOCKS!, 'repair_index_version'), folder);
    const [name] = blockNames(nodeDisk, folder);
    const before = fs.readFileSync(path.join(folder, name, 'index'));
    const {repaired} = openFolder(nodeDisk, folder);
    assert.deepEqual(repaired, [name]);
    before[4] = 2;
    assert.deepEqual(fs.readFileSync(path.join(folder, name, 'index')), before);
    const meta = readMeta(path.join(folder, name), nodeDisk);
    assert.deepEqual([meta.stats.numSamples, meta.stats.numSeries], [31_897_565, 88_910]);
    assert.deepEqual(openFolder(nodeDisk, folder).repaired, []);
  });
});

test('a block of index version 1 is made into one of today', {skip: noOldBlocks}, () => {
  inFolder((folder) => {
    const meta = readMeta(path.join(OLD_BLOCKS!, 'index_format_v1'), nodeDisk);
    copyOf(path.join(OLD_BLOCKS!, 'index_format_v1'), path.join(folder, meta.ulid));
    const made = finishWork(new Compactor({disk: nodeDisk, folder}).compact([meta]))!;
    assert.deepEqual([made.stats.numSeries, made.stats.numSamples], [meta.stats.numSeries, meta.stats.numSamples]);
    assert.equal(readBlockPlainly(path.join(folder, made.ulid)).series.length, meta.stats.numSeries);
  });
});

test('blocks with deletions are written anew without them', {skip: noData}, () => {
  inFolder((folder) => {
    const names = blockNames(nodeDisk, SAMPLE_DATA!);
    for (const name of names) copyOf(path.join(SAMPLE_DATA!, name), path.join(folder, name));
    const cleaned: CleanedBlock[] = [];
    finishWork(
      cleanTombstones(nodeDisk, folder, new Compactor({disk: nodeDisk, folder}), (block) => {
        deleteBlock(nodeDisk, folder, block.old.ulid);
        cleaned.push(block);
      }),
    );
    assert.equal(cleaned.length, 3);
    for (const {old, made} of cleaned) {
      assert.ok(made!.stats.numSamples < old.stats.numSamples);
      assert.deepEqual(made!.compaction.parents, [{ulid: old.ulid, minTime: old.minTime, maxTime: old.maxTime}]);
    }
    const {blocks} = findBlocks(nodeDisk, folder);
    assert.equal(blocks.length, 4);
    assert.ok(blocks.every(({meta}) => meta.stats.numTombstones === 0));
  });
});

test('deleted samples are marked no further than there are any, and then gone', () => {
  inFolder((folder) => {
    const compactor = new Compactor({disk: nodeDisk, folder});
    const {ulid} = finishWork(compactor.write(few(), RANGE))!;
    const memory = new KernelMemory({maximumBytes: 1 << 22});
    const remove = (minTime: number, maxTime: number): number => {
      const block = Block.open(path.join(folder, ulid), nodeDisk, blockCaches());
      const series = deleteSamples(nodeDisk, block, block.index.allPostings(memory), memory, {minTime, maxTime});
      block.close();
      return series;
    };
    assert.equal(remove(3, 100), 0);
    assert.equal(remove(2, 100), 1);
    const block = Block.open(path.join(folder, ulid), nodeDisk, blockCaches());
    assert.deepEqual(
      block.tombstones.refs().map((ref) => block.tombstones.get(ref)),
      [[2, 2]],
    );
    block.close();
    assert.equal(readMeta(path.join(folder, ulid), nodeDisk).stats.numTombstones, 1);
    assert.equal(remove(-100, 1), 1);
    const cleaned: CleanedBlock[] = [];
    finishWork(cleanTombstones(nodeDisk, folder, compactor, (block) => cleaned.push(block)));
    assert.deepEqual([cleaned.length, cleaned[0].made], [1, undefined]);
    assert.ok(readMeta(path.join(folder, ulid), nodeDisk).compaction.deletable);
  });
});

test('wherever a deletion is stopped, the block is there whole or is no block any more', () => {
  const first = new TestDisk();
  first.makeFolder('/data');
  first.syncFolderNow('/');
  const {ulid} = finishWork(new Compactor({disk: first, folder: '/data'}).write(few(), RANGE))!;
  for (let stopAt = 0, isDone = false; !isDone; stopAt++) {
    const disk = first.afterPowerLoss();
    disk.stopAt = stopAt;
    try {
      isDone = deleteBlock(disk, '/data', ulid);
    } catch {
      // Stopped.
    }
    for (const after of [disk.afterKill(), disk.afterPowerLoss()]) {
      const {blocks, bad} = openFolder(after, '/data');
      assert.deepEqual(bad, []);
      if (isDone) assert.equal(blocks.length, 0);
    }
  }
});
