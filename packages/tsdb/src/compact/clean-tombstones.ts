import path from 'node:path';
import type {BlockMeta} from '../block/meta.ts';
import {readMeta} from '../block/block.ts';
import {KernelMemory} from '@narthex/kernels/kernel-memory.ts';
import {readTombstones} from '../block/tombstones.ts';
import type {Disk} from '../disk.ts';
import {blockNames, writeMeta} from './block-folders.ts';
import type {CompactionProgress, Compactor} from './compactor.ts';

/** A block was written anew without what was deleted of it; `made` is undefined when nothing was left. */
export interface CleanedBlock {
  readonly old: BlockMeta;
  readonly made: BlockMeta | undefined;
}

/**
 * Writes each block that has deletions anew without them, in slices. The old one is then a parent of the new one, or marked as
 * deletable when nothing is left; after each block `onCleaned` is called, to publish the new list and to delete the old one.
 */
export function* cleanTombstones(
  disk: Disk,
  folder: string,
  compactor: Compactor,
  onCleaned: (cleaned: CleanedBlock) => void,
): Generator<CompactionProgress, void> {
  for (const name of blockNames(disk, folder)) {
    const dir = path.join(folder, name);
    if (!hasTombstones(disk, dir)) continue;
    const old = readMeta(dir, disk);
    const made = yield* compactor.rewrite(old);
    if (made === undefined) {
      old.compaction.deletable = true;
      writeMeta(disk, dir, old);
    }
    onCleaned({old, made});
  }
}

/** Whether something was deleted of the block in folder `dir` that still lies in it. */
export function hasTombstones(disk: Disk, dir: string): boolean {
  const memory = new KernelMemory({maximumBytes: 1 << 30});
  return readTombstones(disk, dir, memory).tombstones.total > 0;
}
