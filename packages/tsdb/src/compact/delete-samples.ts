import type {KernelMemory} from '@narthex/kernels/kernel-memory.ts';
import {type Block, readMeta} from '../block/block.ts';
import type {SeriesRefs} from '../block/block-postings.ts';
import {SeriesEntry} from '../block/series-entry.ts';
import {readTombstones, writeTombstones} from '../block/tombstones.ts';
import type {Disk} from '../disk.ts';
import {writeMeta} from './block-folders.ts';

/** Times in ms, both included. */
export interface TimeRange {
  readonly minTime: number;
  readonly maxTime: number;
}

/**
 * Marks the samples of series `refs` (in `memory`) of a block in `range` as deleted; gives how many series have any chunk there. The files of
 * tombstones and meta are replaced: whoever has the block open is to open it again. Throws FileCorruption, StorageError or the system's error.
 */
export function deleteSamples(
  disk: Disk,
  block: Block,
  refs: SeriesRefs,
  memory: KernelMemory,
  range: TimeRange,
): number {
  const {tombstones} = readTombstones(disk, block.dir, memory);
  const entry = new SeriesEntry();
  let series = 0;
  for (let i = 0; i < refs.count; i++) {
    const ref = memory.u32[(refs.address >>> 2) + i];
    block.index.series(ref, entry);
    if (!hasChunkIn(entry, range)) continue;
    // No further than there are samples, so that it can be told when all of a series is deleted.
    const minTime = Math.max(range.minTime, entry.minTimes[0]);
    tombstones.add(ref, minTime, Math.min(range.maxTime, entry.maxTimes[entry.chunkCount - 1]));
    series++;
  }
  if (series === 0) return 0;
  writeTombstones(disk, block.dir, tombstones, memory);
  const meta = readMeta(block.dir, disk);
  meta.stats.numTombstones = tombstones.total;
  writeMeta(disk, block.dir, meta);
  return series;
}

function hasChunkIn({chunkCount, minTimes, maxTimes}: SeriesEntry, range: TimeRange): boolean {
  for (let k = 0; k < chunkCount; k++) {
    if (minTimes[k] <= range.maxTime && range.minTime <= maxTimes[k]) return true;
  }
  return false;
}
