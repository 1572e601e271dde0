import path from 'node:path';
import {Block, type BlockCaches, blockCaches, readMeta} from '../block/block.ts';
import {FileCorruption} from '../block/corruption.ts';
import type {BlockMeta} from '../block/meta.ts';
import type {Disk} from '../disk.ts';
import {tombstonesStamp} from '../block/tombstones.ts';
import {reasonOf} from '../errors.ts';
import {blockNames, removeTemporary} from './block-folders.ts';
import {repairIndexVersions} from './repair.ts';
import type {SizedBlock} from './retention.ts';

/** A block that cannot be read. It stays where it is, and its samples are missing from all answers. */
export interface BadBlock {
  readonly ulid: string;
  readonly file: string;
  /** Where in the file, when that is known. */
  readonly offset: number | undefined;
  readonly reason: string;
}

/** A block that can be read. */
export interface FoundBlock extends SizedBlock {
  /** The state of its tombstones, see `tombstonesStamp`. */
  readonly stamp: string;
}

/** What is in a data folder. */
export interface FoundBlocks {
  /** Blocks that can be read, by first time, then by name. */
  readonly blocks: readonly FoundBlock[];
  readonly bad: readonly BadBlock[];
}

/** What was done when a data folder was opened. */
export interface OpenedFolder extends FoundBlocks {
  /** Folders that were removed: half made or half deleted. */
  readonly removed: readonly string[];
  /** Blocks of an old version whose index was repaired. */
  readonly repaired: readonly string[];
}

/** Make a data folder ready at the start, before anything else looks at its blocks; then look at them. Throws the system's error. */
export function openFolder(disk: Disk, folder: string): OpenedFolder {
  const removed = removeTemporary(disk, folder);
  const repaired = repairIndexVersions(disk, folder);
  return {...findBlocks(disk, folder), removed, repaired};
}

/**
 * Opens each block of a data folder once and closes it again. Those that cannot be opened are named; but one that was
 * made into a block that can be read is not bad, only waiting to be deleted. Of blocks that are `known` only the meta is read again, unless
 * more was deleted of them: nothing else ever changes.
 */
export function findBlocks(disk: Disk, folder: string, known: readonly FoundBlock[] = []): FoundBlocks {
  const caches = blockCaches();
  const blocks: FoundBlock[] = [];
  const bad: BadBlock[] = [];
  const byUlid = new Map(known.map((block) => [block.meta.ulid, block]));
  for (const ulid of blockNames(disk, folder)) {
    const dir = path.join(folder, ulid);
    const found = lookAgain(disk, dir, byUlid.get(ulid)) ?? lookAt(disk, dir, ulid, caches);
    if ('meta' in found) blocks.push(found);
    else bad.push(found);
  }
  blocks.sort((a, b) => a.meta.minTime - b.meta.minTime || (a.meta.ulid < b.meta.ulid ? -1 : 1));
  const replaced = parentsOf(blocks.map(({meta}) => meta));
  return {blocks, bad: bad.filter(({ulid}) => !replaced.has(ulid))};
}

/** Blocks that others were made of. */
const parentsOf = (metas: readonly BlockMeta[]): Set<string> =>
  new Set(metas.flatMap((meta) => meta.compaction.parents.map(({ulid}) => ulid)));

/** A known block with its meta of now; undefined when it has to be opened. */
function lookAgain(disk: Disk, dir: string, known: FoundBlock | undefined): FoundBlock | undefined {
  if (known === undefined) return undefined;
  try {
    const meta = readMeta(dir, disk);
    const isSame = meta.ulid === known.meta.ulid && tombstonesStamp(disk, dir) === known.stamp;
    return isSame ? {...known, meta} : undefined;
  } catch {
    // Opening it tells what is wrong.
    return undefined;
  }
}

function lookAt(disk: Disk, dir: string, ulid: string, caches: BlockCaches): FoundBlock | BadBlock {
  try {
    const block = Block.open(dir, disk, caches);
    const {meta, stamp, sizeBytes} = block;
    block.close();
    if (meta.ulid === ulid) return {meta, stamp, bytes: sizeBytes};
    return {ulid, file: dir, offset: undefined, reason: `its meta.json is of block ${meta.ulid}`};
  } catch (error) {
    if (error instanceof FileCorruption) {
      return {ulid, file: error.file, offset: error.offset, reason: error.reason};
    }
    return {ulid, file: dir, offset: undefined, reason: reasonOf(error)};
  }
}
