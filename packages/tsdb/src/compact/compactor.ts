import path from 'node:path';
import {KernelMemory} from '@narthex/kernels/kernel-memory.ts';
import {Block, blockCaches, readMeta} from '../block/block.ts';
import {BlockWriter} from '../block/block-writer.ts';
import {addHint, type BlockMeta, newMeta} from '../block/meta.ts';
import {UlidSource} from '../block/ulid.ts';
import type {Disk} from '../disk.ts';
import {BlockSource} from './block-source.ts';
import {writeMeta} from './block-folders.ts';
import {mergeSources} from './merge.ts';
import {compactedMeta} from './plan.ts';
import type {CompactionSource} from './source.ts';

const MEMORY_BYTES_MAX = 2 * 1024 * 1024 * 1024;

/** Somebody wanted a compaction to end before it was done; nothing was changed. */
export class CompactionCancelled extends Error {
  override readonly name = 'CompactionCancelled';

  constructor() {
    super('the compaction was cancelled');
  }
}

export interface CompactorOptions {
  readonly disk: Disk;
  /** The data folder. */
  readonly folder: string;
  readonly ulids?: UlidSource | undefined;
  /** Asked now and then; when true, what is being done ends with CompactionCancelled. */
  readonly isCancelled?: (() => boolean) | undefined;
  /** Encoding of floats that are encoded again: CHUNK_XOR (the default) or CHUNK_XOR2. */
  readonly floatEncoding?: (() => number) | undefined;
  /** When a new file of chunks is begun. */
  readonly segmentBytes?: number | undefined;
  /** What decoded samples of one series may take. */
  readonly memoryBytes?: number | undefined;
}

/** How far the block that is being written is. */
export interface CompactionProgress {
  readonly series: number;
  readonly samples: number;
}

/** Work in slices of some milliseconds: go on with `next`, or do it all with `finishWork`. */
export type CompactionWork = Generator<CompactionProgress, BlockMeta | undefined>;

/** Do all that is left of some work. */
export function finishWork<T>(work: Generator<unknown, T>): T {
  for (;;) {
    const step = work.next();
    if (step.done === true) return step.value;
  }
}

/**
 * Makes blocks: out of any source, or one out of several. Only one thread of one process may do so in a data folder. A block
 * that appears is whole and durable; those that it was made of stay until the caller deletes them.
 */
export class Compactor {
  readonly #options: CompactorOptions;
  readonly #ulids: UlidSource;

  constructor(options: CompactorOptions) {
    this.#options = options;
    this.#ulids = options.ulids ?? new UlidSource();
  }

  /**
   * Write the samples of `source` in [minTime, maxTime) as a block of level 1; gives its meta, undefined when there are none and
   * no block. `parent`: the block that it takes the place of; its hints go on. The source is closed in any case. The block lies in the
   * data folder unless `folder` says otherwise.
   */
  *write(
    source: CompactionSource,
    range: {readonly minTime: number; readonly maxTime: number},
    how: {readonly parent?: BlockMeta; readonly hints?: readonly string[]; readonly folder?: string} = {},
  ): CompactionWork {
    const meta = newMeta(this.#ulids.next(), range.minTime, range.maxTime);
    const {parent, hints = []} = how;
    if (parent !== undefined) {
      const {ulid, minTime, maxTime} = parent;
      meta.compaction.parents = [{ulid, minTime, maxTime}];
    }
    for (const hint of [...hints, ...(parent?.compaction.hints ?? [])]) addHint(meta, hint);
    try {
      return yield* this.#write([source], meta, how.folder ?? this.#options.folder, this.#newMemory());
    } finally {
      source.close();
    }
  }

  /**
   * Make one block of all these, as planned; gives its meta. When nothing is left of them, there is no new block, and they are
   * marked as deletable. When they cannot be made into one, they are marked as failed, so that planning
   * leaves them out, and the error is thrown.
   */
  *compact(parents: readonly BlockMeta[]): CompactionWork {
    const sorted = [...parents].sort((a, b) => a.minTime - b.minTime);
    const meta = compactedMeta(this.#ulids.next(), sorted);
    let written: BlockMeta | undefined;
    try {
      written = yield* this.#compact(sorted, meta);
    } catch (error) {
      if (!(error instanceof CompactionCancelled)) this.#mark(sorted, 'failed');
      throw error;
    }
    if (written === undefined) this.#mark(sorted, 'deletable');
    return written;
  }

  /** Write the block `meta` anew without what was deleted of it; undefined when nothing is left. */
  *rewrite(meta: BlockMeta): CompactionWork {
    const memory = this.#newMemory();
    const block = Block.open(path.join(this.#options.folder, meta.ulid), this.#options.disk, blockCaches());
    return yield* this.write(this.#sourceOf(block, memory), meta, {parent: meta});
  }

  *#compact(parents: readonly BlockMeta[], meta: BlockMeta): CompactionWork {
    const {disk, folder} = this.#options;
    const caches = blockCaches();
    const memory = this.#newMemory();
    const sources: CompactionSource[] = [];
    try {
      for (const {ulid} of parents) {
        sources.push(this.#sourceOf(Block.open(path.join(folder, ulid), disk, caches), memory));
      }
      return yield* this.#write(sources, meta, folder, memory);
    } finally {
      for (const source of sources) source.close();
    }
  }

  #sourceOf(block: Block, memory: KernelMemory): CompactionSource {
    try {
      return new BlockSource(block, memory);
    } catch (error) {
      block.close();
      throw error;
    }
  }

  *#write(sources: CompactionSource[], meta: BlockMeta, folder: string, memory: KernelMemory): CompactionWork {
    const {disk, segmentBytes, isCancelled = () => false, floatEncoding} = this.#options;
    const writer = new BlockWriter({disk, folder, meta, segmentBytes});
    const {minTime, maxTime, stats} = meta;
    let isDone = false;
    try {
      for (const _ of mergeSources(sources, writer, memory, {minTime, maxTime, floatEncoding: floatEncoding?.()})) {
        if (isCancelled()) throw new CompactionCancelled();
        yield {series: stats.numSeries, samples: stats.numSamples};
      }
      const isThere = writer.finish();
      isDone = true;
      return isThere ? meta : undefined;
    } finally {
      // Also when whoever pulls this generator gives up.
      if (!isDone) writer.abandon();
    }
  }

  /** Parents whose mark cannot be written stay as they are: the next attempt marks them. */
  #mark(parents: readonly BlockMeta[], mark: 'failed' | 'deletable'): void {
    const {disk, folder} = this.#options;
    for (const {ulid} of parents) {
      try {
        const block = path.join(folder, ulid);
        const meta = readMeta(block, disk);
        meta.compaction[mark] = true;
        writeMeta(disk, block, meta);
      } catch {
        // What failed before this is what the caller hears of.
      }
    }
  }

  #newMemory(): KernelMemory {
    return new KernelMemory({maximumBytes: this.#options.memoryBytes ?? MEMORY_BYTES_MAX});
  }
}
