import {labelSetIdOf} from './label-table.ts';
import type {QueryContext} from './query-context.ts';
import {executionError, SAME_LABELSET} from './query-error.ts';
import {U32Column} from './query-heap.ts';
import {RowTable} from './row-table.ts';
import {isMoment, type StepGrid} from './step-grid.ts';

/**
 * A table that is filled step by step, for what can only be decided a step at a time. Rows stand in order of first appearance. Labels that are given twice
 * at a step are an error once the step is over, after all errors of the step itself; an instant query that keeps names until its end has two rows then.
 */
export class StepRows {
  readonly table: RowTable;
  readonly #context: QueryContext;
  readonly #grid: StepGrid;
  /** Row (+ 1) of each label set. */
  readonly #rowOfSet: U32Column;
  /** The last step (+ 1) at which each row got a cell. */
  readonly #lastStep: U32Column;
  readonly #allowsEqual: boolean;
  /** Takes the values of labels that were given before. */
  readonly #spare: number;
  #hasEqual = false;

  constructor(context: QueryContext, grid: StepGrid) {
    this.#context = context;
    this.#grid = grid;
    this.table = new RowTable(context);
    this.#rowOfSet = new U32Column(context.heap);
    this.#lastStep = new U32Column(context.heap);
    this.#allowsEqual = context.options.delayedNameRemoval && isMoment(grid);
    this.#spare = context.heap.take(8);
  }

  /** The address of the cell for these labels at `step`, to be filled by the caller; steps never go back. */
  cell(labels: number, step: number): number {
    const id = labelSetIdOf(labels);
    if (id >= this.#rowOfSet.length) this.#rowOfSet.resize(Math.max(id + 1, this.#rowOfSet.length * 2, 64), 0);
    const known = this.#rowOfSet.get(id);
    let row = known === 0 ? this.#add(labels, step) : known - 1;
    if (this.#lastStep.get(row) === step + 1) {
      if (!this.#allowsEqual) {
        this.#hasEqual = true;
        return this.#spare;
      }
      row = this.#add(labels, step);
    }
    this.#lastStep.set(row, step + 1);
    return this.table.cellAt(row, step);
  }

  /** Sets the cell for these labels at `step` to a computed number. */
  set(labels: number, step: number, value: number): void {
    const at = this.cell(labels, step);
    this.#context.heap.memory.f64[at >>> 3] = value;
  }

  /** Throws when labels were given twice at the step that is over. */
  endStep(): void {
    if (this.#hasEqual) throw executionError(SAME_LABELSET);
  }

  /** Frees all but the table. */
  finish(): RowTable {
    this.#context.heap.give(this.#spare, 8);
    this.#rowOfSet.free();
    this.#lastStep.free();
    return this.table;
  }

  #add(labels: number, step: number): number {
    const count = this.#grid.count - step;
    const cells = this.table.push(labels, step, count);
    this.#context.heap.memory.kernels.cellsClear(cells, count);
    this.#lastStep.push(0);
    this.#rowOfSet.set(labelSetIdOf(labels), this.table.rows);
    return this.table.rows - 1;
  }
}
