import type {FloatHistogram} from '@narthex/model/histogram/float-histogram.ts';
import {readRecord, recordBytes, writeRecord} from '@narthex/model/histogram/record.ts';
import {HISTOGRAM_HIGH} from '../storage.ts';
import type {QueryContext} from './query-context.ts';
import {blockBytes, U32Column} from './query-heap.ts';

const PAGE_MIN = 1024;
const PAGE_MAX = 262_144;
/** Bytes of histograms that count as one sample, as upstream counts. */
export const BYTES_PER_SAMPLE = 16;

export const isHistogramAt = (u32: Uint32Array, cell: number): boolean => u32[(cell >>> 2) + 1] === HISTOGRAM_HIGH;

/**
 * The records of the histograms that the cells of one container (a batch, a table, a buffer) refer to. They are written once, may be shared by cells of
 * the container, and go when it is cleared or freed. Cells that are copied to another container take copies of their records along: `copyCells`.
 */
export class HistogramArena {
  readonly #context: QueryContext;
  /** Address and bytes of each page; the last one is being filled. */
  readonly #pages: U32Column;
  #next = 0;
  #end = 0;
  #held = 0;
  #isEmpty = true;

  constructor(context: QueryContext) {
    this.#context = context;
    this.#pages = new U32Column(context.heap);
  }

  /** No cell of the container is a histogram. */
  get isEmpty(): boolean {
    return this.#isEmpty;
  }

  /** Room for a record of `bytes`, a multiple of 8. */
  take(bytes: number): number {
    this.#isEmpty = false;
    if (this.#next + bytes > this.#end) this.#addPage(bytes);
    const at = this.#next;
    this.#next += bytes;
    return at;
  }

  /** Keeps a histogram and makes the cell refer to it. The work sheet stays the caller's. */
  put(cell: number, histogram: FloatHistogram): void {
    const at = this.take(recordBytes(histogram));
    const {memory} = this.#context.heap;
    writeRecord(memory, at, histogram);
    this.#refer(memory.u32, cell, at);
  }

  /** Fills `into` with the histogram that a cell refers to. */
  load(cell: number, into: FloatHistogram): void {
    const {memory} = this.#context.heap;
    readRecord(memory, memory.u32[cell >>> 2], into);
  }

  /** Copies the records that `count` cells refer to in another container, and makes the cells refer to the copies. */
  adopt(cells: number, count: number): void {
    let known = 0;
    let copy = 0;
    for (let cell = cells; cell < cells + count * 8; cell += 8) {
      const {u32} = this.#context.heap.memory;
      if (!isHistogramAt(u32, cell)) continue;
      const from = u32[cell >>> 2];
      if (from !== known) {
        known = from;
        copy = this.#copy(from, u32[from >>> 2]);
      }
      this.#refer(this.#context.heap.memory.u32, cell, copy);
    }
  }

  /** Takes over all records of another container, which is about to go; the cells that refer to them stay right. */
  absorb(other: HistogramArena): void {
    if (other.#isEmpty) return;
    const {length} = this.#pages;
    for (let i = 0; i < other.#pages.length; i++) this.#pages.push(other.#pages.get(i));
    // The page that is being filled stays the last one.
    if (length > 0) this.#swapPages(length - 2, this.#pages.length - 2);
    else [this.#next, this.#end] = [other.#next, other.#end];
    this.#held += other.#held;
    this.#isEmpty = false;
    other.#pages.length = 0;
    other.#next = 0;
    other.#end = 0;
    other.#held = 0;
    other.#isEmpty = true;
  }

  /** Forgets all records; the room of one page stays. */
  clear(): void {
    if (this.#isEmpty) return;
    while (this.#pages.length > 2) this.#dropPage();
    this.#next = this.#pages.get(0);
    this.#end = this.#next + this.#pages.get(1);
    this.#isEmpty = true;
  }

  free(): void {
    while (this.#pages.length > 0) this.#dropPage();
    this.#pages.free();
    this.#next = 0;
    this.#end = 0;
    this.#isEmpty = true;
  }

  #copy(from: number, bytes: number): number {
    const to = this.take(bytes);
    this.#context.heap.memory.u8.copyWithin(to, from, from + bytes);
    return to;
  }

  #refer(u32: Uint32Array, cell: number, record: number): void {
    u32[cell >>> 2] = record;
    u32[(cell >>> 2) + 1] = HISTOGRAM_HIGH;
  }

  #addPage(bytes: number): void {
    const {heap} = this.#context;
    const size = blockBytes(Math.max(bytes, Math.min(PAGE_MAX, Math.max(PAGE_MIN, this.#held))));
    this.#context.hold(size / BYTES_PER_SAMPLE);
    this.#next = heap.take(size);
    this.#end = this.#next + size;
    this.#held += size;
    this.#pages.push(this.#next);
    this.#pages.push(size);
  }

  #swapPages(a: number, b: number): void {
    for (const k of [0, 1]) {
      const page = this.#pages.get(a + k);
      this.#pages.set(a + k, this.#pages.get(b + k));
      this.#pages.set(b + k, page);
    }
  }

  #dropPage(): void {
    const size = this.#pages.get(this.#pages.length - 1);
    this.#context.heap.give(this.#pages.get(this.#pages.length - 2), size);
    this.#context.release(size / BYTES_PER_SAMPLE);
    this.#held -= size;
    this.#pages.length -= 2;
  }
}

/** Copies `count` cells and, where there are any, the records of their histograms. */
export function copyCells(
  context: QueryContext,
  from: number,
  to: number,
  count: number,
  source: HistogramArena,
  target: HistogramArena,
): void {
  context.heap.memory.u8.copyWithin(to, from, from + count * 8);
  if (!source.isEmpty) target.adopt(to, count);
}
