import assert from 'node:assert/strict';
import {test} from 'node:test';
import {
  addHint,
  type BlockMeta,
  HINT_OUT_OF_ORDER,
  HINT_SELECTED_SERIES,
  HINT_STALE_SERIES,
  newMeta,
} from '../block/meta.ts';
import {findOverlaps} from './overlap.ts';
import {blockRanges, compactedMeta, planCompaction, splitByRange} from './plan.ts';

type Range = readonly [minTime: number, maxTime: number];
type Row = readonly [ulid: string, minTime: number, maxTime: number, more?: (meta: BlockMeta) => void];

const block = ([ulid, minTime, maxTime, more]: Row): BlockMeta => {
  const meta = newMeta(ulid, minTime, maxTime);
  more?.(meta);
  return meta;
};

const rangesOf = (metas: readonly BlockMeta[]): Range[] => metas.map(({minTime, maxTime}) => [minTime, maxTime]);

const splits: [name: string, range: number, blocks: Range[], want: Range[][]][] = [
  ['a block inside', 60, [[0, 10]], [[[0, 10]]]],
  ['a block as long', 60, [[0, 60]], [[[0, 60]]]],
  [
    'with gaps and overlaps',
    60,
    [
      [0, 10],
      [9, 15],
      [30, 60],
    ],
    [
      [
        [0, 10],
        [9, 15],
        [30, 60],
      ],
    ],
  ],
  [
    'several ranges',
    60,
    [
      [70, 90],
      [125, 130],
      [130, 180],
      [1000, 1001],
    ],
    [
      [[70, 90]],
      [
        [125, 130],
        [130, 180],
      ],
      [[1000, 1001]],
    ],
  ],
  [
    'across a border',
    60,
    [
      [50, 70],
      [70, 80],
    ],
    [[[70, 80]]],
  ],
  [
    'too long',
    72,
    [
      [0, 144],
      [144, 216],
      [216, 288],
    ],
    [[[144, 216]], [[216, 288]]],
  ],
  [
    'before the epoch',
    60,
    [
      [-60, -50],
      [-10, -5],
      [0, 15],
    ],
    [
      [
        [-60, -50],
        [-10, -5],
      ],
      [[0, 15]],
    ],
  ],
];
for (const [name, range, blocks, want] of splits) {
  test(`split by range: ${name}`, () => {
    const metas = blocks.map(([minTime, maxTime]) => newMeta('', minTime, maxTime));
    assert.deepEqual(splitByRange(metas, range).map(rangesOf), want);
  });
}

const deleted = (numSeries: number, numTombstones: number) => (meta: BlockMeta) =>
  Object.assign(meta.stats, {numSeries, numTombstones});
const failed = (meta: BlockMeta): void => void (meta.compaction.failed = true);
const stale = (meta: BlockMeta): void => addHint(meta, HINT_STALE_SERIES);
const selected = (meta: BlockMeta): void => addHint(meta, HINT_SELECTED_SERIES);

const plans: [name: string, blocks: Row[], want: string[]][] = [
  ['one block', [['1', 0, 20]], []],
  [
    'a range is not full',
    [
      ['1', 0, 20],
      ['2', 20, 40],
    ],
    [],
  ],
  [
    'the block that fills it is fresh',
    [
      ['1', 0, 20],
      ['2', 20, 40],
      ['3', 40, 60],
    ],
    [],
  ],
  [
    'a full range',
    [
      ['1', 0, 20],
      ['2', 20, 40],
      ['3', 40, 60],
      ['4', 60, 80],
    ],
    ['1', '2', '3'],
  ],
  [
    'a gap that may still be filled',
    [
      ['1', 0, 20],
      ['2', 20, 40],
      ['3', 60, 80],
    ],
    [],
  ],
  [
    'a gap that will not be',
    [
      ['1', 0, 20],
      ['2', 20, 40],
      ['3', 60, 80],
      ['4', 80, 100],
    ],
    ['1', '2'],
  ],
  [
    'the shorter range first',
    [
      ['1', 0, 20],
      ['2', 20, 40],
      ['3', 40, 60],
      ['4', 60, 120],
      ['5', 120, 180],
    ],
    ['1', '2', '3'],
  ],
  [
    'different lengths, in the order of time',
    [
      ['2', 20, 40],
      ['4', 60, 120],
      ['5', 960, 980],
      ['6', 120, 180],
      ['7', 720, 960],
    ],
    ['2', '4', '6'],
  ],
  ['many deletions, but no fresh block', [['1', 0, 540, deleted(10, 3)]], []],
  [
    'many deletions',
    [
      ['1', 0, 540, deleted(10, 3)],
      ['2', 540, 560],
    ],
    ['1'],
  ],
  [
    'few deletions',
    [
      ['1', 0, 540, deleted(100, 5)],
      ['2', 540, 560],
    ],
    [],
  ],
  [
    'many deletions in a short block',
    [
      ['1', 0, 60, deleted(10, 3)],
      ['2', 60, 80],
    ],
    [],
  ],
  [
    'a short block of which all is deleted',
    [
      ['1', 0, 60, deleted(10, 10)],
      ['2', 60, 80],
    ],
    ['1'],
  ],
  [
    'nothing counted',
    [
      ['1', 0, 540, deleted(0, 0)],
      ['2', 540, 560],
    ],
    [],
  ],
  [
    'fresh is what ends last',
    [
      ['5', 0, 360],
      ['6', 540, 560],
      ['7', 360, 420],
      ['8', 420, 540],
    ],
    ['7', '8'],
  ],
  [
    'overlap with the first',
    [
      ['1', 0, 20],
      ['2', 19, 40],
      ['3', 40, 60],
    ],
    ['1', '2'],
  ],
  [
    'overlap with the fresh one',
    [
      ['1', 0, 20],
      ['2', 20, 40],
      ['3', 30, 50],
    ],
    ['2', '3'],
  ],
  [
    'a chain of overlaps',
    [
      ['1', 0, 20],
      ['2', 10, 40],
      ['3', 30, 50],
    ],
    ['1', '2', '3'],
  ],
  [
    'a long one over others',
    [
      ['5', 0, 360],
      ['6', 340, 560],
      ['7', 360, 420],
      ['8', 420, 540],
    ],
    ['5', '6', '7', '8'],
  ],
  [
    'two overlaps: the first',
    [
      ['1', 0, 10],
      ['2', 9, 20],
      ['3', 30, 40],
      ['4', 39, 50],
    ],
    ['1', '2'],
  ],
  [
    'a failed block',
    [
      ['1', 0, 20],
      ['2', 20, 40, failed],
      ['3', 40, 60],
      ['4', 60, 80],
    ],
    [],
  ],
  [
    'partial blocks stay apart',
    [
      ['1', 0, 20],
      ['s', 0, 20, stale],
      ['2', 20, 40],
      ['3', 40, 60],
      ['5', 60, 80],
    ],
    ['1', '2', '3'],
  ],
  [
    'partial blocks among themselves',
    [
      ['1', 0, 20],
      ['s1', 0, 20, stale],
      ['s2', 20, 40, stale],
      ['s3', 40, 60, stale],
      ['s4', 60, 80, stale],
    ],
    ['s1', 's2', 's3'],
  ],
  [
    'two kinds of partial blocks',
    [
      ['a', 0, 20, stale],
      ['b', 10, 30, selected],
    ],
    [],
  ],
];
for (const [name, blocks, want] of plans) {
  test(`plan: ${name}`, () => {
    const plan = planCompaction(blocks.map(block), {ranges: [20, 60, 180, 540, 1620]});
    assert.deepEqual(
      plan.map(({ulid}) => ulid),
      want,
    );
  });
}

test('an excluded block hides those whose names come after', () => {
  const metas = (
    [
      ['1', 0, 20],
      ['2', 20, 40],
      ['3', 40, 60],
      ['4', 60, 80],
    ] as Row[]
  ).map(block);
  const planWithout = (ulid: string) =>
    planCompaction(metas, {ranges: [20, 60], isExcluded: (meta) => meta.ulid === ulid}).length;
  assert.deepEqual(['1', '4', '5'].map(planWithout), [0, 0, 3]);
});

test('ranges are thrice as long each, up to the longest wanted', () => {
  assert.deepEqual(blockRanges(2, 60), [2, 6, 18, 54]);
  assert.deepEqual(blockRanges(2, 2), [2]);
  assert.equal(blockRanges(1, Infinity).length, 10);
});

test('a compacted block says where it comes from', () => {
  const [a, b] = [block(['A', 10, 30]), block(['B', 0, 20])];
  a.compaction.level = 3;
  a.compaction.sources = ['X', 'Z'];
  b.compaction.sources = ['Z', 'Y'];
  for (const meta of [a, b]) addHint(meta, HINT_OUT_OF_ORDER);
  addHint(b, HINT_STALE_SERIES);
  const meta = compactedMeta('C', [b, a]);
  assert.deepEqual([meta.minTime, meta.maxTime], [0, 30]);
  assert.deepEqual(meta.compaction, {
    level: 4,
    sources: ['X', 'Y', 'Z'],
    deletable: false,
    parents: [
      {ulid: 'B', minTime: 0, maxTime: 20},
      {ulid: 'A', minTime: 10, maxTime: 30},
    ],
    failed: false,
    hints: [HINT_OUT_OF_ORDER, HINT_STALE_SERIES],
  });
  a.compaction.hints = [];
  assert.deepEqual(compactedMeta('C', [a, b]).compaction.hints, [HINT_STALE_SERIES]);
});

const overlaps: [name: string, blocks: Range[], want: [range: Range, blocks: Range[]][]][] = [
  [
    'none',
    [
      [0, 10],
      [10, 20],
    ],
    [],
  ],
  [
    'a pair',
    [
      [0, 10],
      [9, 20],
      [20, 30],
    ],
    [
      [
        [9, 10],
        [
          [0, 10],
          [9, 20],
        ],
      ],
    ],
  ],
  [
    'three at once',
    [
      [0, 10],
      [2, 9],
      [5, 20],
    ],
    [
      [
        [5, 9],
        [
          [0, 10],
          [2, 9],
          [5, 20],
        ],
      ],
    ],
  ],
  [
    'one after the other',
    [
      [0, 10],
      [9, 20],
      [19, 30],
    ],
    [
      [
        [9, 10],
        [
          [0, 10],
          [9, 20],
        ],
      ],
      [
        [19, 20],
        [
          [9, 20],
          [19, 30],
        ],
      ],
    ],
  ],
];
for (const [name, blocks, want] of overlaps) {
  test(`overlaps: ${name}`, () => {
    const found = findOverlaps(blocks.map(([minTime, maxTime]) => newMeta('', minTime, maxTime)));
    assert.deepEqual(
      found.map((overlap) => [[overlap.minTime, overlap.maxTime], rangesOf(overlap.blocks)]),
      want,
    );
  });
}
