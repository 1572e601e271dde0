import {FloatHistogram} from '@narthex/model/histogram/float-histogram.ts';
import {formatHistogram} from '@narthex/model/histogram/text.ts';
import {quoteGo} from '@narthex/model/quote.ts';
import {formatFloatG, formatFloatPlain} from '@narthex/model/value.ts';
import {isValidLabelName} from '@narthex/model/labels.ts';
import type {Aggregation} from '../parse/ast.ts';
import {copyCells, isHistogramAt} from './histogram-arena.ts';
import {ignoreHistograms} from './aggregate.ts';
import type {AnnotationPlace} from './annotations.ts';
import {GroupedTable} from './grouped-table.ts';
import {labelSetIdOf, type Projection} from './label-table.ts';
import type {Operator} from './operator.ts';
import type {QueryContext} from './query-context.ts';
import {executionError} from './query-error.ts';
import {U32Column} from './query-heap.ts';
import {RowTable} from './row-table.ts';
import {withoutParens} from './query-shape.ts';
import {columnOf, type Scalar, scalarAt} from './scalar.ts';
import {isMoment} from './step-grid.ts';
import {haveNoMetadata} from './series-labels.ts';
import {TableRows} from './table-rows.ts';
import {isAbsentAt} from './arithmetic.ts';

const INT64_LIMIT = 9223372036854774784;

/** The parameter of an aggregation over all steps, as upstream summarises it before it looks at the steps. */
export class StepParameter {
  readonly min: number;
  readonly max: number;
  readonly hasNaN: boolean;

  constructor(context: QueryContext, scalar: Scalar, steps: number) {
    let min = Infinity;
    let max = -Infinity;
    let hasNaN = false;
    for (let step = 0; step < (scalar.kind === 'constant' ? 1 : steps); step++) {
      const value = scalarAt(context, scalar, step);
      hasNaN ||= value !== value;
      min = Math.min(min, value);
      max = Math.max(max, value);
    }
    this.min = min;
    this.max = max;
    this.hasNaN = hasNaN;
  }
}

/** topk, bottomk, limitk and limit_ratio: rows pass with some of their cells. */
export class SelectRows extends TableRows {
  readonly distinctWithoutName: boolean;
  readonly #child: Operator;
  readonly #expr: Aggregation;
  readonly #notes: AnnotationPlace;
  readonly #parameterNotes: AnnotationPlace;
  readonly #projection: Projection;
  readonly #parameter: Scalar;

  constructor(context: QueryContext, child: Operator, expr: Aggregation, projection: Projection, parameter: Scalar) {
    super(context, child.grid);
    this.#child = child;
    this.#expr = expr;
    this.#parameterNotes = context.annotations.at(withoutParens(expr.param!).range);
    this.#notes = context.annotations.at(expr.range);
    this.#projection = projection;
    this.#parameter = parameter;
    this.distinctWithoutName = child.distinctWithoutName;
  }

  run(): void {
    const table = RowTable.from(this.context, this.#child);
    this.table = table;
    if (!this.#checkParameter()) {
      table.free();
      this.table = undefined;
      return;
    }
    if (this.#expr.op === 'topk' || this.#expr.op === 'bottomk') this.#dropHistograms(table);
    const groups = new GroupedTable(this.context, table, this.#projection);
    const selection = new Selection(this.context, groups, this.#expr.op, this.#parameter);
    if (isMoment(this.grid)) this.table = selection.ordered();
    else selection.mask(this.grid.count);
    groups.free();
  }

  /** topk and bottomk leave histograms out, which is worth an info at steps where they look at anything. */
  #dropHistograms(table: RowTable): void {
    const isLooking = (step: number): boolean => scalarAt(this.context, this.#parameter, step) >= 1;
    if (dropHistograms(this.context, table, isLooking)) ignoreHistograms(this.#notes, this.#expr.op);
  }

  /** False when no step can have a result. */
  #checkParameter(): boolean {
    const {min, max, hasNaN} = new StepParameter(this.context, this.#parameter, this.grid.count);
    if (this.#expr.op === 'limit_ratio') {
      if (max === 0 && min === 0) return false;
      if (hasNaN) throw executionError('Ratio value is NaN');
      if (max > 1) this.#warnRatio(max, 1);
      if (min < -1) this.#warnRatio(min, -1);
      return true;
    }
    if (max < 1) return false;
    if (hasNaN) throw executionError('Parameter value is NaN');
    if (min <= -(2 ** 63)) throw executionError(`Scalar value ${formatFloatG(min)} underflows int64`);
    if (max >= INT64_LIMIT) throw executionError(`Scalar value ${formatFloatG(max)} overflows int64`);
    return true;
  }

  #warnRatio(value: number, bound: number): void {
    const text = `ratio value should be between -1 and 1, got ${formatFloatG(value)}, capping to ${bound}`;
    this.#parameterNotes.warn(text);
  }
}

/** Makes all cells of a table absent that are histograms; whether one of them was at a step that counts. */
function dropHistograms(context: QueryContext, table: RowTable, counts: (step: number) => boolean): boolean {
  if (table.histograms.isEmpty) return false;
  let found = false;
  const {u32, kernels} = context.heap.memory;
  for (let row = 0; row < table.rows; row++) {
    const cells = table.cellsOf(row);
    for (let i = 0; !found && i < table.countOf(row); i++) {
      found = isHistogramAt(u32, cells + i * 8) && counts(table.firstOf(row) + i);
    }
    kernels.cellsDropHistograms(cells, table.countOf(row));
  }
  return found;
}

class Selection {
  readonly #context: QueryContext;
  readonly #groups: GroupedTable;
  readonly #op: Aggregation['op'];
  readonly #parameter: Scalar;
  readonly #rowsMax: number;
  readonly #values: number;
  readonly #rows: number;
  readonly #scratch: number;
  readonly #offsets: number;

  constructor(context: QueryContext, groups: GroupedTable, op: Aggregation['op'], parameter: Scalar) {
    this.#context = context;
    this.#groups = groups;
    this.#op = op;
    this.#parameter = parameter;
    this.#rowsMax = Math.max(1, groups.table.rows);
    this.#values = context.heap.take(this.#rowsMax * 8);
    this.#rows = context.heap.take(this.#rowsMax * 4);
    this.#scratch = context.heap.take(this.#rowsMax * 12);
    this.#offsets = op === 'limit_ratio' ? this.#ratioOffsets() : 0;
  }

  /** Leaves only the selected cells in the table. */
  mask(steps: number): void {
    const {table} = this.#groups;
    const {memory} = this.#context.heap;
    memory.u8.fill(0, this.#scratch, this.#scratch + this.#rowsMax);
    for (let step = 0; step < steps; step++) {
      this.#context.checkpoint();
      for (let group = 0; group < this.#groups.length; group++) {
        const kept = this.#select(group, step);
        memory.kernels.selectMask(
          this.#rows,
          kept,
          this.#groups.membersOf(group),
          this.#groups.sizeOf(group),
          table.firsts,
          table.counts,
          table.cells,
          step,
          this.#scratch,
        );
      }
    }
    this.#free();
  }

  /** The selected rows of the only step as a new table: groups in order of appearance, topk and bottomk sorted. Frees the old one. */
  ordered(): RowTable {
    const {table} = this.#groups;
    const result = new RowTable(this.#context);
    for (let group = 0; group < this.#groups.length; group++) {
      const kept = this.#select(group, 0);
      this.#sort(kept);
      for (let i = 0; i < kept; i++) {
        const row = this.#context.heap.memory.u32[(this.#rows >>> 2) + i];
        const to = result.push(table.labelsOf(row), 0, 1);
        const from = table.cellsOf(row);
        copyCells(this.#context, from, to, 1, table.histograms, result.histograms);
      }
    }
    this.#free();
    table.free();
    return result;
  }

  #sort(kept: number): void {
    if (this.#op !== 'topk' && this.#op !== 'bottomk') return;
    const sign = this.#op === 'topk' ? -1 : 1;
    this.#context.heap.memory.kernels.orderByValue(sign, kept, this.#rows, this.#values, this.#scratch);
  }

  #select(group: number, step: number): number {
    const {kernels} = this.#context.heap.memory;
    const {table} = this.#groups;
    const {firsts, counts, cells} = table;
    const members = this.#groups.membersOf(group);
    const size = this.#groups.sizeOf(group);
    const parameter = scalarAt(this.#context, this.#parameter, step);
    if (this.#op === 'limit_ratio') {
      if (parameter === 0) return 0;
      const ratio = Math.max(-1, Math.min(1, parameter));
      const rows = this.#rows;
      return kernels.selectRatio(ratio, this.#offsets, members, size, firsts, counts, cells, step, this.#values, rows);
    }
    const k = Math.min(Math.trunc(parameter), table.rows);
    if (k < 1) return 0;
    if (this.#op === 'limitk') {
      return kernels.selectFirst(k, members, size, firsts, counts, cells, step, this.#values, this.#rows);
    }
    const sign = this.#op === 'topk' ? 1 : -1;
    return kernels.selectTop(sign, k, members, size, firsts, counts, cells, step, this.#values, this.#rows);
  }

  /** Where each row's labels hash to, in [0, 1]. */
  #ratioOffsets(): number {
    const {heap, labels} = this.#context;
    const {table} = this.#groups;
    const offsets = heap.take(this.#rowsMax * 8);
    for (let row = 0; row < table.rows; row++) {
      const hash = labels.labels(labelSetIdOf(table.labelsOf(row))).hash();
      heap.memory.f64[(offsets >>> 3) + row] = Number(hash) / 2 ** 64;
    }
    return offsets;
  }

  #free(): void {
    const {heap} = this.#context;
    heap.give(this.#values, this.#rowsMax * 8);
    heap.give(this.#rows, this.#rowsMax * 4);
    heap.give(this.#scratch, this.#rowsMax * 12);
    heap.give(this.#offsets, this.#rowsMax * 8);
  }
}

/** quantile(): holds its input, since a step's values must be sorted. */
export class AggregateQuantile extends TableRows {
  readonly distinctWithoutName: boolean;
  readonly #child: Operator;
  readonly #notes: AnnotationPlace;
  readonly #parameterNotes: AnnotationPlace;
  readonly #projection: Projection;
  readonly #parameter: Scalar;

  constructor(
    context: QueryContext,
    child: Operator,
    expr: Aggregation,
    projection: Projection,
    parameter: Scalar,
    hasName: boolean,
  ) {
    super(context, child.grid);
    this.#child = child;
    this.#parameterNotes = context.annotations.at(withoutParens(expr.param!).range);
    this.#notes = context.annotations.at(withoutParens(expr.expr).range);
    this.#projection = projection;
    this.#parameter = parameter;
    this.distinctWithoutName = !hasName && haveNoMetadata(context, expr);
  }

  run(): void {
    const {context, grid} = this;
    const input = RowTable.from(context, this.#child);
    this.#warn();
    if (dropHistograms(context, input, () => true)) ignoreHistograms(this.#notes, 'quantile');
    const groups = new GroupedTable(context, input, this.#projection);
    const column = columnOf(context, this.#parameter, grid);
    const scratch = context.heap.take(Math.max(1, input.rows) * 8);
    const result = new RowTable(context);
    this.table = result;
    for (let group = 0; group < groups.length; group++) {
      context.checkpoint();
      const out = result.push(groups.labelsOf(group), 0, grid.count);
      const members = groups.membersOf(group);
      const size = groups.sizeOf(group);
      const {kernels} = context.heap.memory;
      kernels.quantileSteps(members, size, input.firsts, input.counts, input.cells, grid.count, column, scratch, out);
    }
    context.heap.give(scratch, Math.max(1, input.rows) * 8);
    groups.free();
    input.free();
  }

  #warn(): void {
    const {min, max, hasNaN} = new StepParameter(this.context, this.#parameter, this.grid.count);
    const bad = [hasNaN ? NaN : undefined, max > 1 ? max : undefined, min < 0 ? min : undefined];
    for (const value of bad) {
      if (value === undefined) continue;
      const text = `quantile value should be between 0 and 1, got ${formatFloatG(value)}`;
      this.#parameterNotes.warn(text);
    }
  }
}

/** count_values(): a row for each value that a group has, as text in a label. */
export class CountValues extends TableRows {
  readonly distinctWithoutName = false;
  readonly #child: Operator;
  readonly #label: string;
  readonly #projection: Projection;
  readonly #sheet = new FloatHistogram();

  constructor(context: QueryContext, child: Operator, label: string, projection: Projection) {
    super(context, child.grid);
    if (!isValidLabelName(label)) throw executionError(`invalid label name ${quoteGo(label)}`);
    this.#child = child;
    this.#label = label;
    this.#projection = projection;
  }

  run(): void {
    const {context} = this;
    const input = RowTable.from(context, this.#child);
    const result = new RowTable(context);
    this.table = result;
    const rowOfSet = new U32Column(context.heap);
    for (let row = 0; row < input.rows; row++) {
      context.checkpoint();
      this.#countRow(input, row, result, rowOfSet);
    }
    rowOfSet.free();
    input.free();
  }

  #countRow(input: RowTable, row: number, result: RowTable, rowOfSet: U32Column): void {
    const {heap} = this.context;
    const first = input.firstOf(row);
    let known: number | undefined;
    let target = 0;
    for (let i = 0; i < input.countOf(row); i++) {
      const cell = input.cellsOf(row) + i * 8;
      if (isAbsentAt(heap.memory.u32, cell)) continue;
      const value = isHistogramAt(heap.memory.u32, cell) ? undefined : heap.memory.f64[cell >>> 3];
      if (value === undefined || known === undefined || !Object.is(known, value)) {
        target = this.#rowFor(input.labelsOf(row), this.#textOf(input, cell, value), result, rowOfSet);
      }
      known = value;
      const count = result.cellAt(target, first + i);
      const {u32, f64} = heap.memory;
      f64[count >>> 3] = isAbsentAt(u32, count) ? 1 : f64[count >>> 3] + 1;
    }
  }

  #textOf(input: RowTable, cell: number, value: number | undefined): string {
    if (value !== undefined) return formatFloatPlain(value);
    input.histograms.load(cell, this.#sheet);
    return formatHistogram(this.#sheet);
  }

  /** The row of the result that counts the value with this text in the group of `labels`. */
  #rowFor(labels: number, text: string, result: RowTable, rowOfSet: U32Column): number {
    const {labels: sets, heap} = this.context;
    const id = this.#projection.of(sets.with(labelSetIdOf(labels), this.#label, text));
    if (id >= rowOfSet.length) rowOfSet.resize(Math.max(id + 1, sets.size), 0);
    if (rowOfSet.get(id) === 0) {
      const cells = result.push(id, 0, this.grid.count);
      heap.memory.kernels.cellsClear(cells, this.grid.count);
      rowOfSet.set(id, result.rows);
    }
    return rowOfSet.get(id) - 1;
  }
}
