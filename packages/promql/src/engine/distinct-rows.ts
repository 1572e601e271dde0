import {labelSetIdOf} from './label-table.ts';
import type {Operator} from './operator.ts';
import type {QueryContext} from './query-context.ts';
import {executionError, SAME_LABELSET} from './query-error.ts';
import {U32Column} from './query-heap.ts';
import {RowBatch} from './row-batch.ts';
import {RowTable} from './row-table.ts';
import type {StepGrid} from './step-grid.ts';

/**
 * What two rows with equal labels mean. `refuse`: an error, even where they share no step (functions over range vectors check whole matrices);
 * `merge`: one row, and an error only where they share a step (everything upstream evaluates step by step).
 */
export type EqualRows = 'refuse' | 'merge';

/** Rows after their labels were changed: makes them distinct again. */
export class DistinctRows implements Operator {
  readonly grid: StepGrid;
  readonly distinctWithoutName: boolean;
  readonly #context: QueryContext;
  readonly #child: Operator;
  readonly #streams: boolean;
  /** Row (+ 1) of each label set that was seen. */
  readonly #seen: U32Column;
  #hasEqual = false;
  #table: RowTable | undefined;
  #row = 0;

  /** `haveNoName`: names were dropped already, not merely changed. */
  constructor(context: QueryContext, child: Operator, equal: EqualRows, haveNoName = true) {
    this.distinctWithoutName = haveNoName && !context.options.delayedNameRemoval;
    this.#context = context;
    this.#child = child;
    this.grid = child.grid;
    this.#streams = equal === 'refuse' || child.grid.count <= 1;
    this.#seen = new U32Column(context.heap);
  }

  next(out: RowBatch): boolean {
    if (this.#streams) return this.#nextStreamed(out);
    this.#table ??= mergeEqualRows(this.#context, RowTable.from(this.#context, this.#child));
    out.clear();
    this.#row = this.#table.emit(this.#row, out);
    return out.rows > 0;
  }

  cellsAtLeast(): number {
    return this.#child.cellsAtLeast?.() ?? 0;
  }

  close(): void {
    if (this.#table === undefined) this.#child.close();
    this.#table?.free();
    this.#seen.free();
  }

  /** The error comes at the end, after those of the operators below. */
  #nextStreamed(out: RowBatch): boolean {
    if (!this.#child.next(out)) {
      if (this.#hasEqual) throw executionError(SAME_LABELSET);
      return false;
    }
    const {heap, labels} = this.#context;
    this.#seen.resize(labels.size, 0);
    const {memory} = heap;
    for (let i = 0; i < out.rows; i++) {
      if (memory.kernels.cellsCount(memory.u32[(out.cells >>> 2) + i], memory.u32[(out.counts >>> 2) + i]) === 0)
        continue;
      const id = labelSetIdOf(memory.u32[(out.labels >>> 2) + i]);
      if (this.#seen.get(id) !== 0) this.#hasEqual = true;
      this.#seen.set(id, 1);
    }
    return true;
  }
}

/**
 * The table with rows of equal labels merged into the first of them; frees the old table where it makes a new one. Throws where two have something at
 * the same step.
 */
export function mergeEqualRows(context: QueryContext, table: RowTable): RowTable {
  const rowOfSet = new U32Column(context.heap);
  rowOfSet.resize(context.labels.size, 0);
  let hasEqual = false;
  for (let row = 0; row < table.rows; row++) {
    const id = labelSetIdOf(table.labelsOf(row));
    if (rowOfSet.get(id) === 0) rowOfSet.set(id, row + 1);
    else hasEqual = true;
  }
  const result = hasEqual ? merged(context, table, rowOfSet) : table;
  rowOfSet.free();
  return result;
}

function merged(context: QueryContext, table: RowTable, rowOfSet: U32Column): RowTable {
  const leaderOf = (row: number) => rowOfSet.get(labelSetIdOf(table.labelsOf(row))) - 1;
  const firsts = new U32Column(context.heap);
  const ends = new U32Column(context.heap);
  const targets = new U32Column(context.heap);
  for (let row = 0; row < table.rows; row++) {
    const leader = leaderOf(row);
    const first = table.firstOf(row);
    firsts.push(first);
    ends.push(first + table.countOf(row));
    targets.push(0);
    firsts.set(leader, Math.min(firsts.get(leader), first));
    ends.set(leader, Math.max(ends.get(leader), ends.get(row)));
  }
  const result = new RowTable(context);
  for (let row = 0; row < table.rows; row++) {
    const leader = leaderOf(row);
    const first = firsts.get(leader);
    if (leader === row) {
      targets.set(row, result.rows);
      const count = ends.get(row) - first;
      const cells = result.push(table.labelsOf(row), first, count);
      context.heap.memory.kernels.cellsClear(cells, count);
    }
    const to = result.cellsOf(targets.get(leader)) + (table.firstOf(row) - first) * 8;
    const clash = context.heap.memory.kernels.cellsMerge(table.cellsOf(row), to, table.countOf(row));
    if (clash >= 0) throw executionError(SAME_LABELSET);
  }
  for (const column of [firsts, ends, targets]) column.free();
  result.histograms.absorb(table.histograms);
  table.free();
  return result;
}
