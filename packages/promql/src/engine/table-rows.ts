import type {Operator} from './operator.ts';
import type {QueryContext} from './query-context.ts';
import type {RowBatch} from './row-batch.ts';
import type {RowTable} from './row-table.ts';
import type {StepGrid} from './step-grid.ts';

/** An operator that computes a whole table in one go, `run`, and then gives its rows. */
export abstract class TableRows implements Operator {
  readonly grid: StepGrid;
  abstract readonly distinctWithoutName: boolean;
  protected readonly context: QueryContext;
  protected table: RowTable | undefined;
  #row = 0;

  constructor(context: QueryContext, grid: StepGrid) {
    this.context = context;
    this.grid = grid;
  }

  /** Computes the table; called once, before `next`. */
  abstract run(): void;

  next(out: RowBatch): boolean {
    this.context.checkpoint();
    out.clear();
    if (this.table !== undefined) this.#row = this.table.emit(this.#row, out);
    return out.rows > 0;
  }

  close(): void {
    this.table?.free();
    this.table = undefined;
  }
}
