import type {Operator} from './operator.ts';
import type {RowBatch} from './row-batch.ts';
import type {StepGrid} from './step-grid.ts';

/** Evaluates its child, for its errors and annotations, and gives nothing. */
export class NoRows implements Operator {
  readonly grid: StepGrid;
  readonly distinctWithoutName = true;
  readonly #child: Operator;

  constructor(child: Operator) {
    this.#child = child;
    this.grid = child.grid;
  }

  next(out: RowBatch): boolean {
    while (this.#child.next(out));
    out.clear();
    return false;
  }

  close(): void {
    this.#child.close();
  }
}
