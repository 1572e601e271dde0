import type {LabelSetId} from './label-table.ts';
import {EMPTY_SET} from './label-table.ts';
import type {Operator} from './operator.ts';
import type {QueryContext} from './query-context.ts';
import {RowBatch} from './row-batch.ts';
import {columnOf, type Scalar} from './scalar.ts';
import type {StepGrid} from './step-grid.ts';

/** vector(): one row without labels, present at all steps. */
export class VectorOf implements Operator {
  readonly grid: StepGrid;
  readonly distinctWithoutName = true;
  readonly #context: QueryContext;
  readonly #scalar: Scalar;
  #isDone = false;

  constructor(context: QueryContext, scalar: Scalar, grid: StepGrid) {
    this.#context = context;
    this.#scalar = scalar;
    this.grid = grid;
  }

  next(out: RowBatch): boolean {
    out.clear();
    if (this.#isDone || this.grid.count === 0) return false;
    this.#isDone = true;
    const column = columnOf(this.#context, this.#scalar, this.grid);
    const cells = out.push(EMPTY_SET, 0, this.grid.count);
    this.#context.heap.memory.u8.copyWithin(cells, column, column + this.grid.count * 8);
    return true;
  }

  close(): void {}
}

/** absent() and absent_over_time(): 1 at the steps where no row of the child is present. */
export class Absent implements Operator {
  readonly grid: StepGrid;
  readonly distinctWithoutName = true;
  readonly #context: QueryContext;
  readonly #child: Operator;
  readonly #labels: LabelSetId;
  #isDone = false;

  constructor(context: QueryContext, child: Operator, labels: LabelSetId) {
    this.#context = context;
    this.#child = child;
    this.#labels = labels;
    this.grid = child.grid;
  }

  next(out: RowBatch): boolean {
    out.clear();
    if (this.#isDone || this.grid.count === 0) return false;
    this.#isDone = true;
    const {heap} = this.#context;
    const bytes = this.grid.count * 8;
    const seen = heap.take(bytes);
    heap.memory.kernels.cellsClear(seen, this.grid.count);
    const batch = new RowBatch(this.#context, this.grid.count);
    while (this.#child.next(batch)) this.#look(batch, seen);
    batch.free();
    const cells = out.push(this.#labels, 0, this.grid.count);
    heap.memory.f64.fill(1, cells >>> 3, (cells >>> 3) + this.grid.count);
    heap.memory.kernels.cellsMask(cells, seen, this.grid.count, true);
    heap.give(seen, bytes);
    return true;
  }

  close(): void {
    this.#child.close();
  }

  #look(batch: RowBatch, seen: number): void {
    const {kernels, u32} = this.#context.heap.memory;
    for (let row = 0; row < batch.rows; row++) {
      const first = u32[(batch.firsts >>> 2) + row];
      kernels.cellsSeen(u32[(batch.cells >>> 2) + row], u32[(batch.counts >>> 2) + row], seen + first * 8);
    }
  }
}
