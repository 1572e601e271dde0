import path from 'node:path';
import {setImmediate} from 'node:timers/promises';
import type {KernelMemory} from '@narthex/kernels/kernel-memory.ts';
import type {Matcher} from '@narthex/model/matcher.ts';
import {Block, blockCaches} from '../block/block.ts';
import {type BlockMeta, HINT_OUT_OF_ORDER} from '../block/meta.ts';
import {selectInBlock} from '../block/select.ts';
import {deleteBlock} from '../compact/block-folders.ts';
import {findBlocks, type FoundBlock} from '../compact/open-blocks.ts';
import {cleanTombstones} from '../compact/clean-tombstones.ts';
import {CompactionCancelled, Compactor} from '../compact/compactor.ts';
import {deleteSamples} from '../compact/delete-samples.ts';
import {HeadSource} from '../compact/head-source.ts';
import {blockRanges, planCompaction} from '../compact/plan.ts';
import {blocksToDelete, type Retention} from '../compact/retention.ts';
import type {Disk} from '../disk.ts';
import {StorageError} from '../errors.ts';
import type {HeadReader} from '../head/reader.ts';
import type {Compression} from '../wal/compression.ts';
import {writeCheckpoint} from '../wal/checkpoint.ts';
import {removeCheckpointsBefore} from '../wal/segments.ts';
import {KeptSeries} from '../wal/truncation.ts';
import type {ClosedOutOfOrder, HeadOwner, HeadState} from './head-owner.ts';

export interface HousekeepingOptions {
  readonly disk: Disk;
  /** The data folder. */
  readonly folder: string;
  readonly owner: HeadOwner;
  /** Reads the head, with memory of its own. */
  readonly reader: HeadReader;
  readonly memory: KernelMemory;
  readonly retention: Retention;
  /** Range of blocks made of the head, and the longest that compaction makes, ms. */
  readonly minBlockMs: number;
  readonly maxBlockMs: number;
  /** Make one block of overlapping ones. */
  readonly compactOverlapping: boolean;
  /** When a new file of chunks is begun; undefined for the default. */
  readonly segmentBytes?: number | undefined;
  /** How the records of checkpoints are compressed. */
  readonly compression: Compression;
  /** Bytes of the head's files, for the limit of size. */
  readonly headBytes: () => number;
  readonly log: (level: 'info' | 'warn' | 'error', message: string, fields: Record<string, string | number>) => void;
}

/** What was done since the start, for metrics. */
export interface HousekeepingCounters {
  checkpoints: number;
  compactions: number;
  compactionsFailed: number;
  verticalCompactions: number;
  reloads: number;
  reloadsFailed: number;
  timeRetentions: number;
  sizeRetentions: number;
}

const PARTIAL =
  'the WAL has histograms that cannot be copied to a block yet: take a snapshot without the head (skip_head=true)';
/** How long the thread works between two looks at what else there is, ms. */
const SLICE_MS = 20;

/**
 * Keeps a data folder in order beside the one who writes the head: makes blocks of the head's past and longer ones of shorter, and deletes
 * what is beyond the limits. Only one in a folder. Its calls wait for each other.
 */
export class Housekeeping {
  readonly counters: HousekeepingCounters = {
    checkpoints: 0,
    compactions: 0,
    compactionsFailed: 0,
    verticalCompactions: 0,
    reloads: 0,
    reloadsFailed: 0,
    timeRetentions: 0,
    sizeRetentions: 0,
  };
  readonly #options: HousekeepingOptions;
  readonly #compactor: Compactor;
  readonly #bad = new Set<string>();
  #retention: Retention;
  #blocks: readonly FoundBlock[] = [];
  /** The list that readers have. */
  #published: string | undefined;
  #isCancelled = false;
  #turn: Promise<unknown> = Promise.resolve();

  constructor(options: HousekeepingOptions) {
    this.#options = options;
    this.#retention = options.retention;
    const {disk, folder, segmentBytes} = options;
    this.#compactor = new Compactor({disk, folder, segmentBytes, isCancelled: () => this.#isCancelled});
  }

  /** Blocks that readers read, by the time they begin at. */
  get blocks(): readonly BlockMeta[] {
    return this.#blocks.map(({meta}) => meta);
  }

  /** Bytes of all blocks. */
  get blockBytes(): number {
    return this.#blocks.reduce((sum, {bytes}) => sum + bytes, 0);
  }

  /** How long data is kept. */
  get retention(): Retention {
    return this.#retention;
  }

  /** Keep data so long from the next reload on. */
  retain(retention: Retention): void {
    this.#retention = retention;
  }

  /** Look at the folder again, let readers know of what is there, delete what is not to be kept. */
  reload(): Promise<void> {
    return this.#inTurn(() => this.#reload());
  }

  /** Write what is complete of the head to blocks, then compact blocks, until nothing is left to do. */
  compact(): Promise<void> {
    return this.#inTurn(async () => {
      try {
        if (await this.#compactHead()) await this.#compactOutOfOrder();
        await this.#compactBlocks();
      } catch (error) {
        if (error instanceof CompactionCancelled) return;
        this.counters.compactionsFailed++;
        throw error;
      }
    });
  }

  /** Delete samples of blocks: of series that match, in [startMs, endMs]. */
  deleteSeries(matchers: readonly Matcher[], startMs: number, endMs: number): Promise<void> {
    return this.#inTurn(async () => {
      for (const meta of this.blocks) {
        if (meta.minTime <= endMs && startMs < meta.maxTime) this.#deleteInBlock(meta, matchers, startMs, endMs);
      }
      await this.#reload();
    });
  }

  /** Write blocks of which something was deleted anew without it. */
  cleanTombstones(): Promise<void> {
    return this.#inTurn(async () => {
      const {disk, folder} = this.#options;
      await this.#drive(cleanTombstones(disk, folder, this.#compactor, () => {}));
      await this.#reload();
    });
  }

  /** Copy all blocks to `target`, a new folder, and unless told otherwise all that is in the head as more of them. */
  snapshot(target: string, skipHead: boolean): Promise<void> {
    return this.#inTurn(async () => {
      const {disk, folder, owner} = this.#options;
      const {minTime, maxTime, isPartial} = await owner.state();
      if (isPartial && !skipHead) throw new StorageError('partial_head', PARTIAL);
      disk.makeFolder(target);
      for (const {ulid} of this.blocks) linkTree(disk, path.join(folder, ulid), path.join(target, ulid));
      if (skipHead || minTime > maxTime) return;
      await this.#writeHead(minTime, maxTime + 1, {folder: target});
      const closed = await owner.closeOutOfOrder();
      if (closed !== undefined) await this.#writeOutOfOrder(closed, target);
    });
  }

  /** End what is under way, without a trace of it, and wait for that. */
  async close(): Promise<void> {
    this.#isCancelled = true;
    await this.#turn;
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#turn.then(work);
    this.#turn = turn.catch(() => {});
    return turn;
  }

  /** Whether there was something to write. */
  async #compactHead(): Promise<boolean> {
    const {owner} = this.#options;
    let isWritten = false;
    for (let state = await owner.state(); isCompactable(state); state = await owner.state()) {
      const end = rangeEnd(state.minTime, state.chunkRangeMs);
      await owner.seal(end);
      await this.#writeHead(state.minTime, end);
      await this.#reload();
      await owner.truncate(end);
      await this.#checkpoint(end);
      isWritten = true;
    }
    return isWritten;
  }

  /** Let a checkpoint take the place of the older part of the log, now that all before `minTime` is in blocks. */
  async #checkpoint(minTime: number): Promise<void> {
    const {owner, reader, folder, memory, disk, compression} = this.#options;
    const range = await owner.beginCheckpoint();
    if (range === undefined) return;
    const {last, gone, neededUntil} = range;
    reader.begin();
    const kept = new KeptSeries(reader.refs(), gone, neededUntil);
    reader.end();
    const keeps = (ref: number) => kept.has(ref, minTime);
    const wal = path.join(folder, 'wal');
    await writeCheckpoint({folder: wal, last, minTime, keeps, memory, disk, compression});
    await owner.endCheckpoint(last, minTime);
    removeCheckpointsBefore(disk, wal, last);
    this.counters.checkpoints++;
  }

  /** Write all samples out of order to blocks of their own, one an aligned range. */
  async #compactOutOfOrder(): Promise<void> {
    const {owner, folder} = this.#options;
    const closed = await owner.closeOutOfOrder();
    if (closed === undefined) return;
    await this.#writeOutOfOrder(closed, folder);
    await this.#reload();
    await owner.truncateOutOfOrder(closed);
  }

  async #writeOutOfOrder({minTime, maxTime}: ClosedOutOfOrder, folder: string): Promise<void> {
    const {minBlockMs} = this.#options;
    for (let end = rangeEnd(minTime, minBlockMs); end - minBlockMs <= maxTime; end += minBlockMs) {
      await this.#writeHead(end - minBlockMs, end, {folder, outOfOrder: true});
    }
  }

  async #writeHead(
    minTime: number,
    maxTime: number,
    {folder, outOfOrder = false}: {folder?: string; outOfOrder?: boolean} = {},
  ): Promise<void> {
    const {reader, memory, log} = this.#options;
    const begin = performance.now();
    const range = {minTime, maxTime};
    const source = new HeadSource(reader, memory, {...range, outOfOrder});
    const hints = outOfOrder ? [HINT_OUT_OF_ORDER] : [];
    const meta = await this.#drive(
      this.#compactor.write(source, range, {hints, ...(folder !== undefined && {folder})}),
    );
    if (meta === undefined) return;
    this.counters.compactions++;
    log('info', 'write block', {mint: minTime, maxt: maxTime, ulid: meta.ulid, duration: since(begin)});
  }

  async #compactBlocks(): Promise<void> {
    const {owner, log} = this.#options;
    for (;;) {
      if (isCompactable(await owner.state())) return log('warn', 'aborting block compactions to persist the head', {});
      const plan = this.#plan();
      if (plan.length === 0) return;
      const begin = performance.now();
      const meta = await this.#drive(this.#compactor.compact(plan));
      this.counters.compactions++;
      if (isOverlapping(plan)) this.counters.verticalCompactions++;
      const sources = plan.map(({ulid}) => ulid).join(' ');
      log('info', 'compact blocks', {count: plan.length, ulid: meta?.ulid ?? '', sources, duration: since(begin)});
      await this.#reload();
    }
  }

  #plan(): readonly BlockMeta[] {
    const {minBlockMs, maxBlockMs, compactOverlapping} = this.#options;
    const ranges = blockRanges(minBlockMs, Math.max(minBlockMs, maxBlockMs));
    return planCompaction(this.blocks, {ranges, keepsOverlaps: !compactOverlapping});
  }

  #deleteInBlock(meta: BlockMeta, matchers: readonly Matcher[], startMs: number, endMs: number): void {
    const {disk, folder, memory} = this.#options;
    const mark = memory.mark();
    const block = Block.open(path.join(folder, meta.ulid), disk, blockCaches());
    try {
      const refs = selectInBlock(block.index, matchers, memory);
      deleteSamples(disk, block, refs, memory, {minTime: startMs, maxTime: endMs});
    } finally {
      block.close();
      memory.release(mark);
    }
  }

  async #drive<T>(work: Generator<unknown, T>): Promise<T> {
    let begin = performance.now();
    for (;;) {
      const step = work.next();
      if (step.done === true) return step.value;
      if (performance.now() - begin < SLICE_MS) continue;
      await setImmediate();
      begin = performance.now();
    }
  }

  async #reload(): Promise<void> {
    this.counters.reloads++;
    try {
      await this.#publishFound();
    } catch (error) {
      this.counters.reloadsFailed++;
      throw error;
    }
  }

  /** Readers that are idle keep every list that they are told of, so they are told of changes only. */
  async #publish(): Promise<void> {
    const list = fingerprint(this.#blocks);
    if (list === this.#published) return;
    await this.#options.owner.publish(this.blocks);
    this.#published = list;
  }

  async #publishFound(): Promise<void> {
    const {disk, folder, headBytes, log} = this.#options;
    const found = findBlocks(disk, folder, this.#blocks);
    for (const {ulid, file, offset = -1, reason} of found.bad) {
      if (this.#bad.has(ulid)) continue;
      this.#bad.add(ulid);
      log('error', 'A block cannot be read: its samples are missing from all answers', {
        ulid,
        file,
        offset,
        err: reason,
      });
    }
    const {bytes, percentage} = this.#retention;
    const space = {
      headBytes: bytes > 0 || percentage > 0 ? headBytes() : 0,
      diskBytes: percentage > 0 ? disk.space(folder).total : 0,
    };
    const deletions = blocksToDelete(found.blocks, this.#retention, space);
    if (deletions.isTimeLimit) this.counters.timeRetentions++;
    if (deletions.isSizeLimit) this.counters.sizeRetentions++;
    this.#blocks = found.blocks.filter(({meta}) => !deletions.ulids.has(meta.ulid));
    await this.#publish();
    for (const ulid of deletions.ulids) {
      if (deleteBlock(disk, folder, ulid)) log('info', 'Deleting obsolete block', {block: ulid});
    }
  }
}

/** What readers know blocks by. */
const fingerprint = (blocks: readonly FoundBlock[]): string =>
  blocks.map(({meta, stamp}) => `${meta.ulid} ${stamp}`).join('\n');

/** Give all files below `from` a second name below `to`, a new folder. */
function linkTree(disk: Disk, from: string, to: string): void {
  disk.makeFolder(to);
  for (const name of disk.names(from)) {
    const [source, target] = [path.join(from, name), path.join(to, name)];
    if (disk.isFolder(source)) linkTree(disk, source, target);
    else disk.link(source, target);
  }
}

const since = (begin: number): string => `${(performance.now() - begin).toFixed(1)}ms`;

/** Half a range more than a block's is there: the block can be made while samples that are a little late still come. */
const isCompactable = ({minTime, maxTime, isPartial, chunkRangeMs}: HeadState): boolean =>
  !isPartial && maxTime - minTime > chunkRangeMs * 1.5;

/** The end of the aligned range that `timeMs` lies in. */
const rangeEnd = (timeMs: number, rangeMs: number): number => Math.trunc(timeMs / rangeMs) * rangeMs + rangeMs;

function isOverlapping(metas: readonly BlockMeta[]): boolean {
  const sorted = [...metas].sort((a, b) => a.minTime - b.minTime);
  return sorted.some((meta, i) => i > 0 && meta.minTime < sorted[i - 1].maxTime);
}
