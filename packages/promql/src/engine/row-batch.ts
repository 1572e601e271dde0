import {HistogramArena} from './histogram-arena.ts';
import type {QueryContext} from './query-context.ts';
import type {QueryHeap} from './query-heap.ts';

/** Cells a batch has room for, at least; a row of one step each makes this many rows. */
export const BATCH_CELLS = 16_384;
const ROWS_MAX = 4096;
const COLUMNS = 4;

/** Addresses of columns of one u32 a row, as kernels take them. */
export interface RowColumns {
  readonly rows: number;
  /** Label set of each row, with DROP_NAME. */
  readonly labels: number;
  /** Its first step. */
  readonly firsts: number;
  /** Its number of steps. */
  readonly counts: number;
  /** Address of its first cell. */
  readonly cells: number;
  /** What the cells that are histograms refer to. */
  readonly histograms: HistogramArena;
}

/**
 * Some rows of a vector over a step grid: a row is one label set over its own stretch of steps, with a cell (see kernels' cell.ts) for each.
 * Rows have no two cells at one step and at least one step; a row may be all absent. The cells of a batch lie one after the other from `begin` on.
 * It belongs to the consumer, who passes it to `next`; operators change it in place and keep no reference.
 */
export class RowBatch implements RowColumns {
  readonly #heap: QueryHeap;
  readonly #rowsMax: number;
  readonly #cellsMax: number;
  readonly labels: number;
  readonly firsts: number;
  readonly counts: number;
  readonly cells: number;
  /** Address of the first cell. */
  readonly begin: number;
  readonly histograms: HistogramArena;
  rows = 0;
  /** Cells in use. */
  used = 0;

  /** Room for rows of up to `steps` steps. */
  constructor(context: QueryContext, steps: number) {
    const {heap} = context;
    this.#heap = heap;
    this.histograms = new HistogramArena(context);
    this.#cellsMax = Math.max(BATCH_CELLS, steps);
    this.#rowsMax = Math.min(ROWS_MAX, Math.max(1, Math.ceil(this.#cellsMax / Math.max(1, steps)) * 4));
    this.labels = heap.take(this.#rowsMax * 4 * COLUMNS);
    this.firsts = this.labels + this.#rowsMax * 4;
    this.counts = this.firsts + this.#rowsMax * 4;
    this.cells = this.counts + this.#rowsMax * 4;
    this.begin = heap.take(this.#cellsMax * 8);
  }

  clear(): void {
    this.rows = 0;
    this.used = 0;
    this.histograms.clear();
  }

  /** Whether a row of `count` steps still fits. */
  fits(count: number): boolean {
    return this.rows < this.#rowsMax && this.used + count <= this.#cellsMax;
  }

  /** How many more rows of one step fit. */
  get roomForSingles(): number {
    return Math.min(this.#rowsMax - this.rows, this.#cellsMax - this.used);
  }

  /** Adds a row; the caller fills its cells, whose address is returned. It must fit. */
  push(labels: number, first: number, count: number): number {
    const {u32} = this.#heap.memory;
    const at = this.begin + this.used * 8;
    const row = this.rows++;
    u32[(this.labels >>> 2) + row] = labels;
    u32[(this.firsts >>> 2) + row] = first;
    u32[(this.counts >>> 2) + row] = count;
    u32[(this.cells >>> 2) + row] = at;
    this.used += count;
    return at;
  }

  /** Removes the rows without a present cell. */
  dropEmptyRows(): void {
    const {kernels} = this.#heap.memory;
    this.rows = kernels.rowsWithCells(this.rows, this.labels, this.firsts, this.counts, this.cells);
  }

  /** Takes back the last row; only where no row was removed. */
  pop(): void {
    this.rows--;
    this.used -= this.#heap.memory.u32[(this.counts >>> 2) + this.rows];
  }

  free(): void {
    this.histograms.free();
    this.#heap.give(this.labels, this.#rowsMax * 4 * COLUMNS);
    this.#heap.give(this.begin, this.#cellsMax * 8);
  }
}
