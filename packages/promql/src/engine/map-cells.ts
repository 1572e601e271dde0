import {DROP_NAME, labelSetIdOf} from './label-table.ts';
import type {Operator} from './operator.ts';
import type {QueryContext} from './query-context.ts';
import type {RowBatch} from './row-batch.ts';
import type {StepGrid} from './step-grid.ts';

/** Changes the cells of a batch in place, row by row the same way; absent cells stay absent. */
export type CellTransform = (batch: RowBatch) => void;

/** Functions and operators that look at one cell at a time: a chain of them runs over each batch while it is in the cache. */
export class MapCells implements Operator {
  readonly grid: StepGrid;
  readonly distinctWithoutName: boolean;
  readonly #context: QueryContext;
  readonly #child: Operator;
  readonly #transforms: CellTransform[] = [];
  readonly #endings: (() => void)[] = [];
  #dropName = false;

  constructor(context: QueryContext, child: Operator) {
    this.#context = context;
    this.#child = child;
    this.grid = child.grid;
    this.distinctWithoutName = child.distinctWithoutName;
  }

  /** Adds to the end of the chain; only before the first `next`. `atEnd` is called after the last batch. */
  add(transform: CellTransform, dropName: boolean, atEnd?: () => void): void {
    this.#transforms.push(transform);
    if (atEnd !== undefined) this.#endings.push(atEnd);
    this.#dropName ||= dropName;
  }

  next(out: RowBatch): boolean {
    if (!this.#child.next(out)) {
      for (const atEnd of this.#endings) atEnd();
      return false;
    }
    for (const transform of this.#transforms) transform(out);
    if (this.#dropName) dropNames(this.#context, out);
    return true;
  }

  close(): void {
    this.#child.close();
  }
}

/** Drop the name, type and unit of every row (or what `kept` leaves out), or mark them to be dropped at the end where that is delayed. */
export function dropNames(context: QueryContext, batch: RowBatch, kept = context.labels.withoutName): void {
  const {heap, options} = context;
  const begin = batch.labels >>> 2;
  for (let i = 0; i < batch.rows; i++) {
    const ref = heap.memory.u32[begin + i];
    const changed = options.delayedNameRemoval ? (ref | DROP_NAME) >>> 0 : kept.of(labelSetIdOf(ref));
    heap.memory.u32[begin + i] = changed;
  }
}
