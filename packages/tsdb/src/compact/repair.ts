import path from 'node:path';
import {INDEX_FILE} from '../block/block-writer.ts';
import {META_FILE, parseMeta} from '../block/meta.ts';
import {createDurable, tryRemove} from '../block/replace-file.ts';
import {type Disk, readWhole} from '../disk.ts';
import {blockNames, writeMeta} from './block-folders.ts';

const VERSION_OFFSET = 4;
const INDEX_VERSION = 2;

/**
 * Repairs blocks written by Prometheus 2.1, which put the version of the index format into meta.json and an old one into the index:
 * the index gets its version 2, meta.json its version 1. Gives the names of repaired blocks; what cannot be read is left alone.
 */
export function repairIndexVersions(disk: Disk, folder: string): string[] {
  return blockNames(disk, folder).filter((name) => repairBlock(disk, path.join(folder, name)));
}

function repairBlock(disk: Disk, block: string): boolean {
  const meta = bogusMeta(disk, block);
  if (meta === undefined) return false;
  const index = path.join(block, INDEX_FILE);
  const repaired = `${index}.repaired`;
  const bytes = readWhole(disk, index);
  bytes[VERSION_OFFSET] = INDEX_VERSION;
  disk.remove(repaired);
  try {
    createDurable(disk, repaired, bytes);
    disk.rename(repaired, index);
  } catch (error) {
    tryRemove(disk, repaired);
    throw error;
  }
  disk.syncFolderNow(block);
  writeMeta(disk, block, meta);
  return true;
}

/** The meta of a block whose meta.json has version 2; undefined for all others. */
function bogusMeta(disk: Disk, block: string): ReturnType<typeof parseMeta> | undefined {
  try {
    return parseMeta(new TextDecoder().decode(readWhole(disk, path.join(block, META_FILE))), [2]);
  } catch {
    return undefined;
  }
}
