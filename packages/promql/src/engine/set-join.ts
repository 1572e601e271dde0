import type {BinaryExpr, VectorMatching} from '../parse/ast.ts';
import {isAbsentAt} from './arithmetic.ts';
import {mergeEqualRows} from './distinct-rows.ts';
import {copyCells} from './histogram-arena.ts';
import {labelSetIdOf} from './label-table.ts';
import {MatchLabels} from './match-labels.ts';
import type {Operator} from './operator.ts';
import type {QueryContext} from './query-context.ts';
import {assert} from './query-error.ts';
import {U32Column} from './query-heap.ts';
import type {RowBatch} from './row-batch.ts';
import {RowTable} from './row-table.ts';
import {isMoment, type StepGrid} from './step-grid.ts';

/** `and`, `or` and `unless`: cells are kept or dropped by what is present on the other side under the same signature. */
export class SetJoin implements Operator {
  readonly grid: StepGrid;
  readonly distinctWithoutName: boolean;
  readonly #context: QueryContext;
  readonly #op: BinaryExpr['op'];
  readonly #labels: MatchLabels;
  readonly #left: Operator;
  readonly #right: Operator;
  #leftTable: RowTable | undefined;
  #rightTable: RowTable | undefined;
  #row = 0;

  constructor(context: QueryContext, expr: BinaryExpr, matching: VectorMatching, left: Operator, right: Operator) {
    this.#context = context;
    this.#op = expr.op;
    this.#left = left;
    this.#right = right;
    this.grid = left.grid;
    this.distinctWithoutName = expr.op !== 'or' && left.distinctWithoutName;
    this.#labels = new MatchLabels(context, expr, matching);
  }

  takeLeft(): void {
    this.#leftTable = RowTable.from(this.#context, this.#left);
  }

  takeRight(): void {
    this.#rightTable = RowTable.from(this.#context, this.#right);
    const left = this.#leftTable;
    assert(left !== undefined, 'the left side was taken first');
    if (this.#op === 'or') this.#leftTable = this.#union(left, this.#rightTable);
    else this.#filter(left, this.#rightTable, this.#op === 'and');
  }

  next(out: RowBatch): boolean {
    this.#context.checkpoint();
    out.clear();
    if (this.#leftTable !== undefined) this.#row = this.#leftTable.emit(this.#row, out);
    return out.rows > 0;
  }

  close(): void {
    if (this.#leftTable === undefined) this.#left.close();
    if (this.#rightTable === undefined) this.#right.close();
    this.#leftTable?.free();
    this.#rightTable?.free();
  }

  /** Keeps the cells of `rows` whose signature is present (`isWanted`) or absent in `others` at the same step. */
  #filter(rows: RowTable, others: RowTable, isWanted: boolean): void {
    const presence = new Presence(this.#context, this.#labels, others, this.grid);
    const {kernels} = this.#context.heap.memory;
    for (let row = 0; row < rows.rows; row++) {
      const first = rows.firstOf(row);
      const count = rows.countOf(row);
      const seen = presence.of(this.#labels.signatureOf(rows.labelsOf(row)));
      if (seen === 0) {
        if (isWanted) kernels.cellsClear(rows.cellsOf(row), count);
      } else kernels.cellsMask(rows.cellsOf(row), seen + first * 8, count, !isWanted);
    }
    presence.free();
  }

  #union(left: RowTable, right: RowTable): RowTable {
    this.#filter(right, left, false);
    const {heap} = this.#context;
    for (let row = 0; row < right.rows; row++) {
      const count = right.countOf(row);
      const from = right.cellsOf(row);
      if (heap.memory.kernels.cellsCount(from, count) === 0) continue;
      const to = left.push(right.labelsOf(row), right.firstOf(row), count);
      copyCells(this.#context, from, to, count, right.histograms, left.histograms);
    }
    if (this.#context.options.delayedNameRemoval) this.#alignNames(left);
    // An instant query that keeps names until its end checks nothing before.
    if (this.#context.options.delayedNameRemoval && isMoment(this.grid)) return left;
    return mergeEqualRows(this.#context, left);
  }

  /** Of rows that become one, the one that is present first says whether the name goes at the end. */
  #alignNames(table: RowTable): void {
    const {heap, labels} = this.#context;
    const earliest = new U32Column(heap);
    earliest.resize(labels.size, 0);
    for (let row = 0; row < table.rows; row++) {
      const id = labelSetIdOf(table.labelsOf(row));
      const known = earliest.get(id);
      if (known === 0 || this.#startOf(table, row) < this.#startOf(table, known - 1)) earliest.set(id, row + 1);
    }
    for (let row = 0; row < table.rows; row++) {
      const first = earliest.get(labelSetIdOf(table.labelsOf(row))) - 1;
      table.setLabels(row, table.labelsOf(first));
    }
    earliest.free();
  }

  /** The first step at which a row is present. */
  #startOf(table: RowTable, row: number): number {
    const {u32} = this.#context.heap.memory;
    const end = table.firstOf(row) + table.countOf(row);
    let step = table.firstOf(row);
    while (step < end && isAbsentAt(u32, table.cellAt(row, step))) step++;
    return step;
  }
}

/** For each signature of a table a column over all steps that tells where one of its rows is present. */
class Presence {
  readonly #context: QueryContext;
  readonly #grid: StepGrid;
  /** By signature: address of the column, 0 where no row has it. */
  readonly #columns: U32Column;

  constructor(context: QueryContext, labels: MatchLabels, table: RowTable, grid: StepGrid) {
    this.#context = context;
    this.#grid = grid;
    this.#columns = new U32Column(context.heap);
    for (let row = 0; row < table.rows; row++) {
      const column = this.#columnOf(labels.signatureOf(table.labelsOf(row)));
      const {kernels} = context.heap.memory;
      kernels.cellsSeen(table.cellsOf(row), table.countOf(row), column + table.firstOf(row) * 8);
    }
  }

  /** Address of the column of a signature; 0 where it has none. */
  of(signature: number): number {
    return signature < this.#columns.length ? this.#columns.get(signature) : 0;
  }

  free(): void {
    for (let i = 0; i < this.#columns.length; i++) this.#context.heap.give(this.#columns.get(i), this.#grid.count * 8);
    this.#columns.free();
  }

  #columnOf(signature: number): number {
    if (signature >= this.#columns.length) {
      this.#columns.resize(Math.max(signature + 1, this.#context.labels.size), 0);
    }
    let column = this.#columns.get(signature);
    if (column === 0) {
      column = this.#context.heap.take(this.#grid.count * 8);
      this.#context.heap.memory.kernels.cellsClear(column, this.#grid.count);
      this.#columns.set(signature, column);
    }
    return column;
  }
}
