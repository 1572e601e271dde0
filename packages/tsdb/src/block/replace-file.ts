import path from 'node:path';
import {type Disk, writeAll} from '../disk.ts';

/** Put `bytes` in the place of a file, which may be missing: after a crash there is all of the old or all of the new one. */
export function replaceFile(disk: Disk, file: string, bytes: Uint8Array): void {
  const temporary = `${file}.tmp`;
  disk.remove(temporary);
  try {
    createDurable(disk, temporary, bytes);
    disk.rename(temporary, file);
  } catch (error) {
    tryRemove(disk, temporary);
    throw error;
  }
  disk.syncFolderNow(path.dirname(file));
}

/** Make a new file of `bytes` and wait until they are on the device; its name is durable only after a sync of its folder. */
export function createDurable(disk: Disk, file: string, bytes: Uint8Array): void {
  const created = disk.create(file);
  try {
    writeAll(created, bytes, 0, bytes.length, 0);
    created.syncNow();
  } finally {
    created.close();
  }
}

/** Remove what a failed write left; what stays is removed at the next start. */
export function tryRemove(disk: Disk, file: string): void {
  try {
    disk.remove(file);
  } catch {
    // The error before this one is the one that tells something.
  }
}
