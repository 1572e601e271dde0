import type {Operator} from './operator.ts';
import type {QueryContext} from './query-context.ts';
import {onceFor, type PartOfQuery} from './part-of-query.ts';
import {RowBatch} from './row-batch.ts';
import type {StepGrid} from './step-grid.ts';
import {isAbsentAt} from './arithmetic.ts';

/** A step-invariant expression: evaluated at the first step only, then given for all. */
export class Repeat implements Operator {
  readonly grid: StepGrid;
  readonly distinctWithoutName: boolean;
  readonly #context: QueryContext;
  readonly #child: Operator;
  readonly #batch: RowBatch;
  readonly #part: PartOfQuery;
  #row = 0;

  constructor(context: QueryContext, child: Operator, grid: StepGrid) {
    this.#context = context;
    this.#child = child;
    this.grid = grid;
    this.#part = onceFor(grid);
    this.distinctWithoutName = child.distinctWithoutName;
    this.#batch = new RowBatch(context, 1);
  }

  next(out: RowBatch): boolean {
    out.clear();
    while (out.fits(this.grid.count)) {
      if (this.#row >= this.#batch.rows) {
        this.#row = 0;
        const {stats} = this.#context;
        if (!stats.within(this.#part, () => this.#child.next(this.#batch))) break;
      }
      this.#emit(this.#row++, out);
    }
    return out.rows > 0;
  }

  close(): void {
    this.#child.close();
    this.#batch.free();
  }

  #emit(row: number, out: RowBatch): void {
    const {memory} = this.#context.heap;
    const cell = memory.u32[(this.#batch.cells >>> 2) + row];
    if (isAbsentAt(memory.u32, cell)) return;
    const to = out.push(memory.u32[(this.#batch.labels >>> 2) + row], 0, this.grid.count);
    memory.kernels.cellsRepeat(cell, to, this.grid.count);
    if (!this.#batch.histograms.isEmpty) out.histograms.adopt(to, this.grid.count);
  }
}
