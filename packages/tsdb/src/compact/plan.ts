import {
  type BlockMeta,
  emptyStats,
  hasHint,
  HINT_OUT_OF_ORDER,
  HINT_SELECTED_SERIES,
  HINT_STALE_SERIES,
} from '../block/meta.ts';

/** Share of deleted series from which on a big block is written anew. */
const TOMBSTONES_MAX = 0.05;

/** What planning needs to know. */
export interface PlanOptions {
  /** Lengths of blocks in ms, from those made of the head to the longest wanted: `blockRanges`. */
  readonly ranges: readonly number[];
  /** Blocks that are left alone for now, and with them all whose names sort after: uploads go from oldest to newest. */
  readonly isExcluded?: ((meta: BlockMeta) => boolean) | undefined;
  /** Overlapping blocks are left as they are; somebody else merges them. */
  readonly keepsOverlaps?: boolean | undefined;
}

/** Lengths of blocks: `shortest`, and thrice as long again and again while that is no longer than `longest`. All ms. */
export function blockRanges(shortest: number, longest: number): number[] {
  const ranges = [shortest];
  // Upstream never has more than ten, and always the first.
  while (ranges.length < 10 && ranges[ranges.length - 1] * 3 <= longest) ranges.push(ranges[ranges.length - 1] * 3);
  return ranges;
}

/**
 * The blocks to be made into one next, oldest first; none when all is well. By upstream's rules: overlapping ones
 * first, then those that fill the next longer range, then a big old block of which much was deleted. The newest block is
 * left alone unless it overlaps. `metas`: of all blocks.
 */
export function planCompaction(metas: readonly BlockMeta[], options: PlanOptions): BlockMeta[] {
  const sorted = [...metas].sort((a, b) => (a.ulid < b.ulid ? -1 : 1));
  const excluded = options.isExcluded === undefined ? -1 : sorted.findIndex(options.isExcluded);
  const wanted = excluded < 0 ? sorted : sorted.slice(0, excluded);
  for (const blocks of classesOf(wanted)) {
    const plan = planClass(blocks, options);
    if (plan.length > 0) return plan;
  }
  return [];
}

/** Blocks of some series only are never mixed with others: the result would seem to cover its time. Whole ones first. */
function classesOf(metas: readonly BlockMeta[]): BlockMeta[][] {
  const isStale = (meta: BlockMeta) => hasHint(meta, HINT_STALE_SERIES);
  const isSelected = (meta: BlockMeta) => !isStale(meta) && hasHint(meta, HINT_SELECTED_SERIES);
  return [metas.filter((meta) => !isStale(meta) && !isSelected(meta)), metas.filter(isStale), metas.filter(isSelected)];
}

function planClass(metas: BlockMeta[], {ranges, keepsOverlaps = false}: PlanOptions): BlockMeta[] {
  if (metas.length === 0) return [];
  const blocks = metas.sort((a, b) => a.minTime - b.minTime);
  const overlapping = keepsOverlaps ? [] : firstOverlapping(blocks);
  if (overlapping.length > 0) return overlapping;
  // The block that was just made of the head stays as it is for a while, so that it can be copied away piece by piece.
  const older = blocks.slice(0, -1);
  const inRange = fillingRange(older, ranges);
  return inRange.length > 0 ? inRange : mostlyDeleted(older, ranges);
}

function firstOverlapping(blocks: readonly BlockMeta[]): BlockMeta[] {
  const overlapping: BlockMeta[] = [];
  let end = blocks[0].maxTime;
  for (let i = 1; i < blocks.length; i++) {
    if (blocks[i].minTime < end) {
      if (overlapping.length === 0) overlapping.push(blocks[i - 1]);
      overlapping.push(blocks[i]);
    } else if (overlapping.length > 0) break;
    end = Math.max(end, blocks[i].maxTime);
  }
  return overlapping;
}

/** Blocks that fill a range, perhaps with gaps, or to whose range nothing can be added any more. */
function fillingRange(blocks: readonly BlockMeta[], ranges: readonly number[]): BlockMeta[] {
  if (blocks.length === 0) return [];
  const newestStart = blocks[blocks.length - 1].minTime;
  for (const range of ranges.slice(1)) {
    for (const part of splitByRange(blocks, range)) {
      if (part.length < 2 || part.some((meta) => meta.compaction.failed)) continue;
      const end = part[part.length - 1].maxTime;
      if (end - part[0].minTime === range || end <= newestStart) return part;
    }
  }
  return [];
}

/**
 * Groups of neighbours that lie in the same range, which begin at multiples of `range`; a block that lies in none, since it is
 * longer or crosses a border, is left out.
 */
export function splitByRange(blocks: readonly BlockMeta[], range: number): BlockMeta[][] {
  const groups: BlockMeta[][] = [];
  for (let i = 0; i < blocks.length;) {
    const end = (Math.floor(blocks[i].minTime / range) + 1) * range;
    if (blocks[i].maxTime > end) {
      i++;
      continue;
    }
    const from = i;
    while (i < blocks.length && blocks[i].maxTime <= end) i++;
    groups.push(blocks.slice(from, i));
  }
  return groups;
}

/** A block of at least a middle range with many deletions, or a shorter one of which all is deleted. */
function mostlyDeleted(blocks: readonly BlockMeta[], ranges: readonly number[]): BlockMeta[] {
  for (const block of blocks.toReversed()) {
    const {numTombstones, numSeries} = block.stats;
    if (block.maxTime - block.minTime < ranges[ranges.length >>> 1]) {
      return numTombstones > 0 && numTombstones >= numSeries ? [block] : [];
    }
    if (numTombstones / (numSeries + 1) > TOMBSTONES_MAX) return [block];
  }
  return [];
}

/** The meta of the block that `parents` are made into: their times, sources and hints together, one level above the highest. */
export function compactedMeta(ulid: string, parents: readonly BlockMeta[]): BlockMeta {
  const hints = [HINT_STALE_SERIES, HINT_SELECTED_SERIES].filter((hint) => parents.some((meta) => hasHint(meta, hint)));
  if (parents.every((meta) => hasHint(meta, HINT_OUT_OF_ORDER))) hints.push(HINT_OUT_OF_ORDER);
  return {
    ulid,
    minTime: Math.min(...parents.map((meta) => meta.minTime)),
    maxTime: Math.max(...parents.map((meta) => meta.maxTime)),
    stats: emptyStats(),
    compaction: {
      level: Math.max(...parents.map((meta) => meta.compaction.level)) + 1,
      sources: [...new Set(parents.flatMap((meta) => meta.compaction.sources))].sort(),
      deletable: false,
      parents: parents.map(({ulid, minTime, maxTime}) => ({ulid, minTime, maxTime})),
      failed: false,
      hints: hints.sort(),
    },
    unknown: {},
  };
}
