import type {BlockMeta} from '../block/meta.ts';

/** A block and the bytes of its files. */
export interface SizedBlock {
  readonly meta: BlockMeta;
  readonly bytes: number;
}

/** How long and how much is kept; 0 or less for no limit. */
export interface Retention {
  readonly durationMs: number;
  readonly bytes: number;
  /** Of the file system's size; goes before `bytes`. */
  readonly percentage: number;
}

/** Disk space at the time of the question. */
export interface RetentionSpace {
  /** Bytes of the head: its log, chunks and out-of-order log. They count as the newest data. */
  readonly headBytes: number;
  /** Size of the file system; 0 when it is not known, then `Retention.bytes` counts. */
  readonly diskBytes: number;
}

/** Blocks to delete, and what for: the counts of upstream's metrics rise by one where a limit bites. */
export interface Deletions {
  /** ULIDs, also such that are not there any more: parents that a crash may have left. */
  readonly ulids: ReadonlySet<string>;
  readonly isTimeLimit: boolean;
  readonly isSizeLimit: boolean;
}

/**
 * Which blocks go: those marked as deletable, those beyond the limits of time and size (a block goes whole, when its newest sample
 * is too old), and the parents of those that are there.
 */
export function blocksToDelete(blocks: readonly SizedBlock[], retention: Retention, space: RetentionSpace): Deletions {
  const newestFirst = [...blocks].sort((a, b) => b.meta.maxTime - a.meta.maxTime);
  const tooOld = beyondTime(newestFirst, retention.durationMs);
  const tooMuch = beyondSize(newestFirst, bytesMax(retention, space), space.headBytes);
  const marked = blocks.filter(({meta}) => meta.compaction.deletable);
  const ulids = new Set([...marked, ...tooOld, ...tooMuch].map(({meta}) => meta.ulid));
  for (const {meta} of blocks) for (const parent of meta.compaction.parents) ulids.add(parent.ulid);
  return {ulids, isTimeLimit: tooOld.length > 0, isSizeLimit: tooMuch.length > 0};
}

/** The newest block and all whose end is less than `durationMs` before its end stay. */
function beyondTime(newestFirst: readonly SizedBlock[], durationMs: number): readonly SizedBlock[] {
  if (durationMs <= 0 || newestFirst.length === 0) return [];
  const newest = newestFirst[0].meta.maxTime;
  return newestFirst.filter(({meta}, i) => i > 0 && newest - meta.maxTime >= durationMs);
}

function beyondSize(newestFirst: readonly SizedBlock[], limit: number, headBytes: number): readonly SizedBlock[] {
  if (limit <= 0) return [];
  let bytes = headBytes;
  const first = newestFirst.findIndex((block) => (bytes += block.bytes) > limit);
  return first < 0 ? [] : newestFirst.slice(first);
}

function bytesMax({bytes, percentage}: Retention, {diskBytes}: RetentionSpace): number {
  return percentage > 0 && diskBytes > 0 ? Math.trunc((diskBytes * percentage) / 100) : bytes;
}
