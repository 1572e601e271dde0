import {copyCells, HistogramArena} from './histogram-arena.ts';
import {U32Column} from './query-heap.ts';
import type {QueryContext} from './query-context.ts';
import {RowBatch, type RowColumns} from './row-batch.ts';
import type {Operator} from './operator.ts';

const PAGE_MIN = 4096;
const PAGE_MAX = 131_072;

/** Rows that are held: what an operator needs that must see all rows before it gives the first. Rows without a present cell are left out. */
export class RowTable implements RowColumns {
  readonly #context: QueryContext;
  readonly #labels: U32Column;
  readonly #firsts: U32Column;
  readonly #counts: U32Column;
  readonly #cells: U32Column;
  /** Address and bytes of each page of cells. */
  readonly #pages: U32Column;
  readonly histograms: HistogramArena;
  #next = 0;
  #end = 0;
  #pageBytes = PAGE_MIN;
  #samples = 0;

  constructor(context: QueryContext) {
    this.#context = context;
    this.histograms = new HistogramArena(context);
    this.#labels = new U32Column(context.heap);
    this.#firsts = new U32Column(context.heap);
    this.#counts = new U32Column(context.heap);
    this.#cells = new U32Column(context.heap);
    this.#pages = new U32Column(context.heap);
  }

  get rows(): number {
    return this.#labels.length;
  }
  get labels(): number {
    return this.#labels.address;
  }
  get firsts(): number {
    return this.#firsts.address;
  }
  get counts(): number {
    return this.#counts.address;
  }
  get cells(): number {
    return this.#cells.address;
  }

  labelsOf(row: number): number {
    return this.#labels.get(row);
  }
  setLabels(row: number, labels: number): void {
    this.#labels.set(row, labels);
  }
  firstOf(row: number): number {
    return this.#firsts.get(row);
  }
  countOf(row: number): number {
    return this.#counts.get(row);
  }
  /** Address of the row's first cell. */
  cellsOf(row: number): number {
    return this.#cells.get(row);
  }
  /** Address of the row's cell at `step`; 0 when the step is outside the row's stretch. */
  cellAt(row: number, step: number): number {
    const i = step - this.#firsts.get(row);
    return i >= 0 && i < this.#counts.get(row) ? this.#cells.get(row) + i * 8 : 0;
  }

  /** Adds a row of `count` cells, which the caller fills; returns their address. */
  push(labels: number, first: number, count: number): number {
    const bytes = count * 8;
    if (this.#next + bytes > this.#end) this.#addPage(bytes);
    const at = this.#next;
    this.#next += bytes;
    this.#labels.push(labels);
    this.#firsts.push(first);
    this.#counts.push(count);
    this.#cells.push(at);
    this.#samples += count;
    this.#context.hold(count);
    return at;
  }

  /** Takes back the last row; its cells stay unused. */
  pop(): void {
    for (const column of [this.#labels, this.#firsts, this.#counts, this.#cells]) column.length--;
  }

  /** Adds copies of all rows of a batch that have something. */
  append(batch: RowBatch): void {
    const {heap} = this.#context;
    for (let i = 0; i < batch.rows; i++) {
      const {memory} = heap;
      const cells = memory.u32[(batch.cells >>> 2) + i];
      const count = memory.u32[(batch.counts >>> 2) + i];
      if (memory.kernels.cellsCount(cells, count) === 0) continue;
      const labels = memory.u32[(batch.labels >>> 2) + i];
      const first = memory.u32[(batch.firsts >>> 2) + i];
      const to = this.push(labels, first, count);
      copyCells(this.#context, cells, to, count, batch.histograms, this.histograms);
    }
  }

  /** Holds all rows of an operator and closes it. */
  static from(context: QueryContext, source: Operator): RowTable {
    context.foresee(source.cellsAtLeast?.() ?? 0);
    const table = new RowTable(context);
    const batch = new RowBatch(context, source.grid.count);
    while (source.next(batch)) table.append(batch);
    batch.free();
    source.close();
    return table;
  }

  /** Gives rows from `row` on to `out` as far as they fit; returns the row after the last one given. */
  emit(row: number, out: RowBatch): number {
    for (; row < this.rows; row++) {
      const count = this.#counts.get(row);
      if (!out.fits(count)) break;
      const to = out.push(this.#labels.get(row), this.#firsts.get(row), count);
      copyCells(this.#context, this.#cells.get(row), to, count, this.histograms, out.histograms);
    }
    return row;
  }

  free(): void {
    this.histograms.free();
    for (let i = 0; i < this.#pages.length; i += 2) this.#context.heap.give(this.#pages.get(i), this.#pages.get(i + 1));
    for (const column of [this.#labels, this.#firsts, this.#counts, this.#cells, this.#pages]) column.free();
    this.#context.release(this.#samples);
    this.#samples = 0;
    this.#next = 0;
    this.#end = 0;
  }

  #addPage(bytes: number): void {
    const size = Math.max(bytes, this.#pageBytes);
    this.#pageBytes = Math.min(PAGE_MAX, this.#pageBytes * 2);
    this.#next = this.#context.heap.take(size);
    this.#end = this.#next + size;
    this.#pages.push(this.#next);
    this.#pages.push(size);
  }
}
