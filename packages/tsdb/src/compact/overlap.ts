import type {BlockMeta} from '../block/meta.ts';

/** Blocks that have a time in common, ms. */
export interface Overlap {
  readonly minTime: number;
  readonly maxTime: number;
  readonly blocks: readonly BlockMeta[];
}

/** What blocks overlap where, as upstream groups them: a block that joins a group while no other of it ended is added to it. */
export function findOverlaps(metas: readonly BlockMeta[]): Overlap[] {
  const blocks = [...metas].sort((a, b) => a.minTime - b.minTime);
  const groups: BlockMeta[][] = [];
  let pending = blocks.slice(0, 1);
  let isSameGroup = true;
  for (const block of blocks.slice(1)) {
    const open = pending.filter((other) => block.minTime < other.maxTime);
    if (open.length < pending.length) isSameGroup = false;
    pending = [...open, block];
    if (open.length === 0) continue;
    if (isSameGroup && groups.length > 0) {
      groups[groups.length - 1].push(block);
      continue;
    }
    groups.push([...open, block]);
    isSameGroup = true;
  }
  return groups.map((group) => ({
    minTime: Math.max(0, ...group.map((block) => block.minTime)),
    maxTime: Math.min(...group.map((block) => block.maxTime)),
    blocks: group,
  }));
}
