import path from 'node:path';
import {Block, type BlockCaches} from '../block/block.ts';
import type {BlockMeta} from '../block/meta.ts';
import {tombstonesStamp} from '../block/tombstones.ts';
import type {Disk} from '../disk.ts';

/** The blocks that a reader's thread reads, opened when they are first wanted. */
export class BlockList {
  readonly #disk: Disk;
  readonly #folder: string;
  readonly #caches: BlockCaches;
  readonly #open = new Map<string, Block>();
  #metas: readonly BlockMeta[] = [];

  /** `folder`: the data folder. */
  constructor(disk: Disk, folder: string, caches: BlockCaches) {
    this.#disk = disk;
    this.#folder = folder;
    this.#caches = caches;
  }

  get metas(): readonly BlockMeta[] {
    return this.#metas;
  }

  /** Read these from now on, by the time they begin at. Those that are gone, or of which more was deleted, are closed. */
  set(metas: readonly BlockMeta[]): void {
    this.#metas = metas;
    const wanted = new Set(metas.map(({ulid}) => ulid));
    for (const [ulid, block] of this.#open) {
      if (wanted.has(ulid) && tombstonesStamp(this.#disk, block.dir) === block.stamp) continue;
      block.close();
      this.#open.delete(ulid);
    }
  }

  /**
   * The blocks that may have samples in [startMs, endMs], by the time they begin at. Throws FileCorruption or StorageError for one that cannot
   * be read: nobody gets an answer that silently lacks its samples.
   */
  overlapping(startMs: number, endMs: number): Block[] {
    return this.#metas
      .filter(({minTime, maxTime}) => minTime <= endMs && startMs < maxTime)
      .map(({ulid}) => this.#block(ulid));
  }

  close(): void {
    this.set([]);
  }

  #block(ulid: string): Block {
    let block = this.#open.get(ulid);
    if (block === undefined) {
      block = Block.open(path.join(this.#folder, ulid), this.#disk, this.#caches);
      this.#open.set(ulid, block);
    }
    return block;
  }
}
