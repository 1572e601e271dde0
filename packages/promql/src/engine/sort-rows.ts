import {compareUtf8} from '@narthex/model/utf8.ts';
import type {Call} from '../parse/ast.ts';
import type {AnnotationPlace} from './annotations.ts';
import {copyCells} from './histogram-arena.ts';
import {labelSetIdOf} from './label-table.ts';
import type {Operator} from './operator.ts';
import type {QueryContext} from './query-context.ts';
import {RowTable} from './row-table.ts';
import {isMoment} from './step-grid.ts';
import {TableRows} from './table-rows.ts';

/** Gives the order of the rows of a one-step table, as row numbers. */
type Order = (table: RowTable) => ArrayLike<number>;

/** The sort family: orders an instant query; in a range query it does nothing, which is worth a warning. */
export class SortRows extends TableRows {
  readonly distinctWithoutName: boolean;
  readonly #child: Operator;
  readonly #order: Order;
  readonly #notes: AnnotationPlace;

  constructor(context: QueryContext, child: Operator, call: Call, order: Order) {
    super(context, child.grid);
    this.#child = child;
    this.#notes = context.annotations.at(call.range);
    this.#order = order;
    this.distinctWithoutName = child.distinctWithoutName;
  }

  run(): void {
    const table = RowTable.from(this.context, this.#child);
    this.table = table;
    if (isMoment(this.grid)) this.table = this.#ordered(table);
    else {
      const text = 'sort is ineffective for range queries since results are always ordered by labels';
      this.#notes.warn(text);
    }
  }

  #ordered(table: RowTable): RowTable {
    const result = new RowTable(this.context);
    const order = this.#order(table);
    for (let i = 0; i < order.length; i++) {
      const from = table.cellsOf(order[i]);
      const to = result.push(table.labelsOf(order[i]), 0, 1);
      copyCells(this.context, from, to, 1, table.histograms, result.histograms);
    }
    table.free();
    return result;
  }
}

/** Ascending (1) or descending (-1) by value, NaN last. */
export function byValue(context: QueryContext, sign: 1 | -1): Order {
  return (table) => {
    const {heap} = context;
    const count = table.rows;
    const rows = heap.take(count * 4 + 4);
    const values = heap.take(count * 8 + 8);
    const scratch = heap.take(count * 12 + 12);
    for (let row = 0; row < count; row++) {
      heap.memory.u32[(rows >>> 2) + row] = row;
      const cell = table.cellsOf(row);
      heap.memory.u8.copyWithin(values + row * 8, cell, cell + 8);
    }
    heap.memory.kernels.orderByValue(sign, count, rows, values, scratch);
    const order = heap.memory.u32.slice(rows >>> 2, (rows >>> 2) + count);
    heap.give(rows, count * 4 + 4);
    heap.give(values, count * 8 + 8);
    heap.give(scratch, count * 12 + 12);
    return order;
  };
}

/** By the values of labels in natural order, then by all labels. */
export function byLabels(context: QueryContext, names: readonly string[], sign: 1 | -1): Order {
  return (table) => {
    const order = new Uint32Array(table.rows).map((_, row) => row);
    return order.sort((a, b) => sign * compareRows(context, names, table.labelsOf(a), table.labelsOf(b)));
  };
}

function compareRows(context: QueryContext, names: readonly string[], a: number, b: number): number {
  const {labels} = context;
  for (const name of names) {
    const x = labels.value(labelSetIdOf(a), name);
    const y = labels.value(labelSetIdOf(b), name);
    if (x !== y) return isNaturallyBefore(x, y) ? -1 : 1;
  }
  return compareSets(context, a, b);
}

/** Order of label sets: names and values one after the other, by bytes. */
export function compareSets(context: QueryContext, a: number, b: number): number {
  const {labels} = context;
  const x = labels.pairs(labelSetIdOf(a));
  const y = labels.pairs(labelSetIdOf(b));
  for (let i = 0; i < Math.min(x.length, y.length); i++) {
    if (x[i] !== y[i]) return compareUtf8(labels.text(x[i]), labels.text(y[i]));
  }
  return x.length - y.length;
}

const INTEGER = /^\d+$/;

/** Numbers within texts count by their value: `node9` comes before `node10` (upstream uses github.com/facette/natsort). */
export function isNaturallyBefore(a: string, b: string): boolean {
  const x = a.match(/\d+|\D+/g) ?? [];
  const y = b.match(/\d+|\D+/g) ?? [];
  for (let i = 0; i < x.length; i++) {
    if (i >= y.length) return false;
    const areNumbers = INTEGER.test(x[i]) && INTEGER.test(y[i]);
    const isEqual = areNumbers ? BigInt(x[i]) === BigInt(y[i]) : x[i] === y[i];
    if (!isEqual) return areNumbers ? BigInt(x[i]) < BigInt(y[i]) : compareUtf8(x[i], y[i]) < 0;
    if (i === x.length - 1) return true;
    if (i === y.length - 1) return false;
  }
  return true;
}
