import assert from 'node:assert/strict';
import {test} from 'node:test';
import {newMeta} from '../block/meta.ts';
import {blocksToDelete, type Retention, type RetentionSpace, type SizedBlock} from './retention.ts';

const block = (ulid: string, minTime: number, maxTime: number): SizedBlock => ({
  meta: newMeta(ulid, minTime, maxTime),
  bytes: 100,
});
const four = (): SizedBlock[] => [block('a', 0, 10), block('b', 10, 20), block('c', 20, 30), block('d', 30, 40)];
const NO_LIMIT: Retention = {durationMs: 0, bytes: 0, percentage: 0};
const SPACE: RetentionSpace = {headBytes: 50, diskBytes: 1000};

const cases: [name: string, limits: Partial<Retention>, want: string, space?: Partial<RetentionSpace>][] = [
  ['no limit', {}, ''],
  ['a time that reaches all', {durationMs: 31}, ''],
  ['a block whose end is just that old', {durationMs: 30}, 'a'],
  ['a short time leaves the newest block', {durationMs: 1}, 'a b c'],
  ['the head counts, and a block that just fits stays', {bytes: 350}, 'a'],
  ['a byte less', {bytes: 349}, 'a b'],
  ['less than the newest block', {bytes: 120}, 'a b c d'],
  ['a share of the disk goes before bytes', {bytes: 1, percentage: 25}, 'a b'],
  ['a share of a disk of unknown size', {bytes: 350, percentage: 25}, 'a', {diskBytes: 0}],
  ['both limits', {bytes: 349, durationMs: 30}, 'a b'],
];
for (const [name, limits, want, space] of cases) {
  test(`retention: ${name}`, () => {
    const found = blocksToDelete(four(), {...NO_LIMIT, ...limits}, {...SPACE, ...space});
    assert.equal([...found.ulids].sort().join(' '), want);
    assert.equal(found.isTimeLimit, limits.durationMs !== undefined && limits.durationMs < 31);
    assert.equal(found.isSizeLimit, limits.bytes !== undefined);
  });
}

test('marked blocks go, and parents of blocks that are there, even if they are gone', () => {
  const blocks = four();
  blocks[1].meta.compaction.deletable = true;
  blocks[3].meta.compaction.parents = ['c', 'x'].map((ulid) => ({ulid, minTime: 0, maxTime: 1}));
  assert.deepEqual([...blocksToDelete(blocks, NO_LIMIT, SPACE).ulids].sort(), ['b', 'c', 'x']);
});
