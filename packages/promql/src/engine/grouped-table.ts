import {Groups} from './aggregate.ts';
import type {Projection} from './label-table.ts';
import type {QueryContext} from './query-context.ts';
import {U32Column} from './query-heap.ts';
import type {RowTable} from './row-table.ts';

/** The rows of a table by group: lists of row numbers, in row order. */
export class GroupedTable {
  readonly table: RowTable;
  readonly #groups: Groups;
  readonly #members: U32Column;
  /** Where the list of each group begins; one more than there are groups. */
  readonly #begins: U32Column;

  constructor(context: QueryContext, table: RowTable, projection: Projection) {
    this.table = table;
    this.#groups = new Groups(context, projection);
    this.#members = new U32Column(context.heap);
    this.#begins = new U32Column(context.heap);
    this.#collect(context);
  }

  /** Number of groups; they are in order of first appearance. */
  get length(): number {
    return this.#groups.length;
  }

  labelsOf(group: number): number {
    return this.#groups.labelsOf(group);
  }

  /** How many rows a group has. */
  sizeOf(group: number): number {
    return this.#begins.get(group + 1) - this.#begins.get(group);
  }

  /** Address of the row numbers of a group. */
  membersOf(group: number): number {
    return this.#members.address + this.#begins.get(group) * 4;
  }

  /** The `i`th row of a group. */
  member(group: number, i: number): number {
    return this.#members.get(this.#begins.get(group) + i);
  }

  free(): void {
    this.#groups.free();
    this.#members.free();
    this.#begins.free();
  }

  #collect(context: QueryContext): void {
    const {table} = this;
    const groupOf = new U32Column(context.heap);
    for (let row = 0; row < table.rows; row++) groupOf.push(this.#groups.of(table.labelsOf(row)));
    this.#begins.resize(this.#groups.length + 1, 0);
    for (let row = 0; row < table.rows; row++) {
      const next = groupOf.get(row) + 1;
      this.#begins.set(next, this.#begins.get(next) + 1);
    }
    for (let group = 0; group < this.#groups.length; group++) {
      this.#begins.set(group + 1, this.#begins.get(group + 1) + this.#begins.get(group));
    }
    const places = new U32Column(context.heap);
    for (let group = 0; group < this.#groups.length; group++) places.push(this.#begins.get(group));
    this.#members.resize(table.rows, 0);
    for (let row = 0; row < table.rows; row++) {
      const group = groupOf.get(row);
      const place = places.get(group);
      this.#members.set(place, row);
      places.set(group, place + 1);
    }
    groupOf.free();
    places.free();
  }
}
