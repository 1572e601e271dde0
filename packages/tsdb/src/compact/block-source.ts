import type {KernelMemory} from '@narthex/kernels/kernel-memory.ts';
import type {Block} from '../block/block.ts';
import type {SeriesRefs} from '../block/block-postings.ts';
import {SeriesEntry} from '../block/series-entry.ts';
import type {Intervals} from '../block/tombstones.ts';
import {NumberList} from '../index/number-list.ts';
import type {CompactionSource, LoadedChunk} from './source.ts';

const NOTHING: Intervals = [];

/** A block as a source. */
export class BlockSource implements CompactionSource {
  intervals: Intervals = NOTHING;
  readonly symbolCount: number;
  readonly #block: Block;
  readonly #memory: KernelMemory;
  readonly #refs: SeriesRefs;
  readonly #entry = new SeriesEntry();
  /** Where an index of version 1 has its symbols, which series name by their offset. */
  readonly #offsets: NumberList | undefined;
  #labels = new Uint32Array(64);
  #next = 0;

  /** The block is closed with the source; the list of series lies in `memory`, which the caller releases. */
  constructor(block: Block, memory: KernelMemory) {
    this.#block = block;
    this.#memory = memory;
    this.#refs = block.index.allPostings(memory);
    this.symbolCount = block.index.symbols.count;
    if (block.index.version === 1) this.#offsets = symbolOffsets(block);
  }

  symbol(i: number): Uint8Array {
    return this.#block.index.symbols.bytes(this.#offsets === undefined ? i : this.#offsets.at(i));
  }

  next(): boolean {
    if (this.#next === this.#refs.count) return false;
    const ref = this.#memory.u32[(this.#refs.address >>> 2) + this.#next++];
    this.#block.index.series(ref, this.#entry);
    this.intervals = this.#block.tombstones.get(ref) ?? NOTHING;
    if (this.#offsets !== undefined) this.#numberLabels(this.#offsets);
    return true;
  }

  get labelCount(): number {
    return this.#entry.labelCount;
  }

  get labels(): Uint32Array {
    return this.#offsets === undefined ? this.#entry.labels : this.#labels;
  }

  get chunkCount(): number {
    return this.#entry.chunkCount;
  }

  get minTimes(): Float64Array {
    return this.#entry.minTimes;
  }

  get maxTimes(): Float64Array {
    return this.#entry.maxTimes;
  }

  load(k: number, into: LoadedChunk): void {
    const {chunks} = this.#block;
    chunks.find(this.#entry.refs[k]);
    into.encoding = chunks.encoding;
    into.bytes = chunks.cache.memory.u8;
    into.from = chunks.address;
    into.to = chunks.address + chunks.length;
  }

  close(): void {
    this.#block.close();
  }

  #numberLabels(offsets: NumberList): void {
    const {labels, labelCount} = this.#entry;
    if (this.#labels.length < 2 * labelCount) this.#labels = new Uint32Array(4 * labelCount);
    for (let i = 0; i < 2 * labelCount; i++) this.#labels[i] = indexOf(offsets, labels[i]);
  }
}

function symbolOffsets(block: Block): NumberList {
  const offsets = new NumberList();
  block.index.symbols.each((symbol) => offsets.push(symbol));
  return offsets;
}

/** The place of `value` in a rising list. */
function indexOf(list: NumberList, value: number): number {
  let lo = 0;
  let hi = list.length - 1;
  while (lo < hi) {
    const middle = (lo + hi) >>> 1;
    if (list.at(middle) < value) lo = middle + 1;
    else hi = middle;
  }
  return lo;
}
