import path from 'node:path';
import {CREATION_SUFFIX, DELETION_SUFFIX} from '../block/block-writer.ts';
import {type BlockMeta, META_FILE, printMeta} from '../block/meta.ts';
import {replaceFile} from '../block/replace-file.ts';
import {isUlid} from '../block/ulid.ts';
import type {Disk} from '../disk.ts';

/** Folders of these endings are thrown away at the start: the last one is of versions long ago. */
const TEMPORARY_SUFFIXES = [CREATION_SUFFIX, DELETION_SUFFIX, '.tmp'];
const SNAPSHOT_PREFIX = 'chunk_snapshot.';
const encoder = new TextEncoder();

/** Put `meta` in the place of the meta.json in a block's folder. */
export function writeMeta(disk: Disk, folder: string, meta: BlockMeta): void {
  replaceFile(disk, path.join(folder, META_FILE), encoder.encode(printMeta(meta)));
}

/** Names of the blocks in a data folder, in order. */
export function blockNames(disk: Disk, folder: string): string[] {
  return disk
    .names(folder)
    .filter((name) => isUlid(name) && disk.isFolder(path.join(folder, name)))
    .sort();
}

/** Remove what a process that ended left half made or half removed: blocks and snapshots. Gives the names. */
export function removeTemporary(disk: Disk, folder: string): string[] {
  const left = disk.names(folder).filter((name) => isTemporary(name) && disk.isFolder(path.join(folder, name)));
  for (const name of left) disk.remove(path.join(folder, name));
  return left;
}

function isTemporary(name: string): boolean {
  const suffix = TEMPORARY_SUFFIXES.find((end) => name.endsWith(end));
  if (suffix === undefined) return false;
  return name.startsWith(SNAPSHOT_PREFIX) || isUlid(name.slice(0, -suffix.length));
}

/** Delete a block, which no reader may know any more; false when it is not there. A crash leaves all of it or none. */
export function deleteBlock(disk: Disk, folder: string, ulid: string): boolean {
  const block = path.join(folder, ulid);
  if (!disk.isFolder(block)) return false;
  const dead = block + DELETION_SUFFIX;
  disk.remove(dead);
  disk.rename(block, dead);
  disk.syncFolderNow(folder);
  disk.remove(dead);
  return true;
}
