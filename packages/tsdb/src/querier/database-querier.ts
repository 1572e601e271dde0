import type {KernelMemory} from '@narthex/kernels/kernel-memory.ts';
import {compareUtf8} from '@narthex/model/utf8.ts';
import type {Matcher} from '@narthex/model/matcher.ts';
import {blockCaches} from '../block/block.ts';
import {labelNamesInBlock, labelValuesInBlock} from '../block/label-lists.ts';
import type {BlockMeta} from '../block/meta.ts';
import {selectInBlock} from '../block/select.ts';
import {BlockSeriesSet} from '../block/series-set.ts';
import {ChunkDecoder} from '../chunk/decoder.ts';
import type {Disk} from '../disk.ts';
import type {HeadReader} from '../head/reader.ts';
import {writtenUntil} from '../housekeeping/written-until.ts';
import {BlockList} from './block-list.ts';
import {MergedSeries} from './merged-series.ts';
import type {SeriesSource} from './series-source.ts';
import {QuerierSymbols} from './symbols.ts';

/** What a querier reads. */
export interface QuerierSources {
  readonly head: HeadReader;
  /** The reader's own, which takes what queries hold. */
  readonly memory: KernelMemory;
  readonly disk: Disk;
  /** The data folder. */
  readonly folder: string;
}

/**
 * Head and blocks of a database as one, for one thread; what promql reads through (its `Querier`). Between `begin` and `end` everything that was
 * selected stays as it was. Methods throw FileCorruption or StorageError where a block cannot be read, MemoryLimitError.
 */
export class DatabaseQuerier {
  readonly symbols: QuerierSymbols;
  readonly #head: HeadReader;
  readonly #memory: KernelMemory;
  readonly #blocks: BlockList;
  readonly #decoder: ChunkDecoder;
  /** Samples that came in order are in blocks up to here, whether the head still has them or not. */
  #writtenUntil = -Infinity;

  constructor({head, memory, disk, folder}: QuerierSources) {
    this.#head = head;
    this.#memory = memory;
    this.#blocks = new BlockList(disk, folder, blockCaches());
    this.#decoder = new ChunkDecoder(memory);
    this.symbols = new QuerierSymbols(head.symbols);
  }

  /** See all commits that are published now. Then take the list of blocks, which was published before the head let go of what they have: `useBlocks`. */
  begin(): void {
    this.#head.begin();
    this.symbols.clear();
  }

  /** Read these blocks from now on; after `begin`, before anything is selected. */
  useBlocks(metas: readonly BlockMeta[]): void {
    if (metas === this.#blocks.metas) return;
    this.#blocks.set(metas);
    this.#writtenUntil = writtenUntil(metas);
  }

  /** Let go of everything that was selected. */
  end(): void {
    this.#head.end();
  }

  /** Close all files. */
  close(): void {
    this.#blocks.close();
  }

  /** Whether there may be anything in [startMs, endMs]. */
  overlaps(startMs: number, endMs: number): boolean {
    if (this.#headOverlaps(startMs, endMs)) return true;
    return this.#blocks.metas.some(({minTime, maxTime}) => minTime <= endMs && startMs < maxTime);
  }

  /**
   * Series that match all matchers and may have samples in [startMs, endMs]: those of the head alone in the order of their references, others in
   * the order of labels. The set lies in the reader's memory, which the caller releases.
   */
  select(matchers: readonly Matcher[], startMs: number, endMs: number): SeriesSource {
    const blocks = this.#blocks.overlapping(startMs, endMs);
    const sources: SeriesSource[] = blocks.map((block) => {
      const refs = selectInBlock(block.index, matchers, this.#memory);
      const from = {block, memory: this.#memory, decoder: this.#decoder, symbolOf: this.symbols.of(block)};
      return new BlockSeriesSet(from, refs, {startMs, endMs});
    });
    if (blocks.length === 0 || this.#headOverlaps(startMs, endMs)) {
      sources.push(this.#head.select(matchers, startMs, endMs, Math.max(startMs, this.#writtenUntil)));
    }
    const filled = sources.filter(({length}) => length > 0);
    if (filled.length <= 1) return filled[0] ?? sources[0];
    return new MergedSeries(this.#memory, filled, (symbol) => this.symbols.text(symbol));
  }

  /** Names of the labels of all series that match, in byte order; at most `limit`, 0 for all. */
  labelNames(matchers: readonly Matcher[], startMs: number, endMs: number, limit: number): string[] {
    const {labelLists} = this.#head;
    const lists = this.#blocks
      .overlapping(startMs, endMs)
      .map(({index}) => labelNamesInBlock(index, matchers, this.#memory));
    if (this.#headOverlaps(startMs, endMs)) lists.push(labelLists.texts(labelLists.names(matchers, limit)));
    return united(lists, limit);
  }

  /** Values of label `name` of all series that match, in byte order; at most `limit`, 0 for all. */
  labelValues(name: string, matchers: readonly Matcher[], startMs: number, endMs: number, limit: number): string[] {
    const {labelLists} = this.#head;
    const lists = this.#blocks
      .overlapping(startMs, endMs)
      .map(({index}) => labelValuesInBlock(index, name, matchers, this.#memory));
    if (this.#headOverlaps(startMs, endMs)) lists.push(labelLists.texts(labelLists.values(name, matchers, limit)));
    return united(lists, limit);
  }

  #headOverlaps(startMs: number, endMs: number): boolean {
    const {minTime, maxTime, outOfOrderMinTime, outOfOrderMaxTime} = this.#head;
    return (startMs <= maxTime && endMs >= minTime) || (startMs <= outOfOrderMaxTime && endMs >= outOfOrderMinTime);
  }
}

function united(lists: readonly string[][], limit: number): string[] {
  const texts = lists.length === 1 ? lists[0] : [...new Set(lists.flat())];
  texts.sort(compareUtf8);
  return limit > 0 ? texts.slice(0, limit) : texts;
}
