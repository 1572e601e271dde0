import {METRIC_NAME} from '@narthex/model/labels.ts';
import {FloatHistogram} from '@narthex/model/histogram/float-histogram.ts';
import type {Aggregation} from '../parse/ast.ts';
import type {AnnotationPlace} from './annotations.ts';
import {isAbsentAt} from './arithmetic.ts';
import {copyCells, HistogramArena, isHistogramAt} from './histogram-arena.ts';
import {HistogramSums} from './histogram-sums.ts';
import {DROP_NAME, dropsName, labelSetIdOf, type Projection} from './label-table.ts';
import type {Operator} from './operator.ts';
import {AGGREGATE_LANES, AGGREGATES} from './ops.ts';
import type {QueryContext} from './query-context.ts';
import {withoutParens} from './query-shape.ts';
import {U32Column} from './query-heap.ts';
import {RowBatch} from './row-batch.ts';
import {haveNoMetadata} from './series-labels.ts';
import type {StepGrid} from './step-grid.ts';

export type StreamedAggregation = keyof typeof AGGREGATES;

/** sum, avg, count, min, max, group, stddev and stdvar: rows are added to their groups as they come and never held. */
export class Aggregate implements Operator {
  readonly grid: StepGrid;
  readonly distinctWithoutName: boolean;
  readonly #context: QueryContext;
  readonly #child: Operator;
  readonly #op: StreamedAggregation;
  readonly #groups: Groups;
  readonly #firsts: U32Column;
  readonly #spans: U32Column;
  readonly #lanes: U32Column;
  readonly #notes: AnnotationPlace;
  readonly #staticName: string | undefined;
  /** Where sum and avg keep histograms; the others count them or leave them out. */
  readonly #sums: HistogramSums | undefined;
  readonly #histograms: HistogramArena;
  #hasSums = false;
  #mayBeEmpty = false;
  #cells = 0;
  #group = 0;

  constructor(
    context: QueryContext,
    child: Operator,
    expr: Aggregation,
    projection: Projection,
    hasName: boolean,
    staticName: string | undefined,
  ) {
    const op = expr.op as StreamedAggregation;
    this.#context = context;
    this.#child = child;
    this.#notes = context.annotations.at(withoutParens(expr.expr).range);
    this.#staticName = staticName;
    this.#op = op;
    this.grid = child.grid;
    const isSum = op === 'sum' || op === 'avg';
    this.#sums = isSum ? new HistogramSums(context, op, child.grid.count, this.#notes) : undefined;
    this.#histograms = new HistogramArena(context);
    this.distinctWithoutName = !hasName && haveNoMetadata(context, expr);
    this.#groups = new Groups(context, projection);
    this.#firsts = new U32Column(context.heap);
    this.#spans = new U32Column(context.heap);
    this.#lanes = new U32Column(context.heap);
  }

  /** Takes all rows of the child. */
  run(): void {
    const batch = new RowBatch(this.#context, this.grid.count);
    while (this.#child.next(batch)) this.#add(batch);
    batch.free();
    this.#child.close();
    for (let group = 0; group < this.#groups.length; group++) this.#finish(group);
  }

  next(out: RowBatch): boolean {
    out.clear();
    for (; this.#group < this.#groups.length; this.#group++) {
      const span = this.#spans.get(this.#group);
      if (!out.fits(span)) break;
      if (this.#mayBeEmpty && this.#isEmpty(this.#group, span)) continue;
      const to = out.push(this.#groups.labelsOf(this.#group), this.#firsts.get(this.#group), span);
      copyCells(this.#context, this.#lanes.get(this.#group), to, span, this.#histograms, out.histograms);
    }
    return out.rows > 0;
  }

  close(): void {
    for (let group = 0; group < this.#lanes.length; group++) {
      this.#context.heap.give(this.#lanes.get(group), this.#laneBytes(this.#spans.get(group)));
    }
    this.#context.release(this.#cells);
    for (const column of [this.#firsts, this.#spans, this.#lanes]) column.free();
    this.#groups.free();
    this.#sums?.free();
    this.#histograms.free();
  }

  #add(batch: RowBatch): void {
    // Groups stand in the order of rows that have something.
    batch.dropEmptyRows();
    const groups = this.#groups.ofRows(batch);
    for (let row = 0; row < batch.rows; row++) {
      const {u32} = this.#context.heap.memory;
      const first = u32[(batch.firsts >>> 2) + row];
      this.#cover(u32[(groups >>> 2) + row], first, first + u32[(batch.counts >>> 2) + row]);
    }
    const {kernels} = this.#context.heap.memory;
    if (!batch.histograms.isEmpty) this.#mayBeEmpty = true;
    if (this.#sums === undefined) {
      const countsHistograms = this.#op === 'count' || this.#op === 'group';
      if (!countsHistograms && !batch.histograms.isEmpty) this.#ignoreHistograms(batch);
      this.#addRows(batch, groups, 0, batch.rows);
    } else if (batch.histograms.isEmpty && !this.#hasSums) this.#addRows(batch, groups, 0, batch.rows);
    else {
      // Row by row: whether floats or histograms come first decides about warnings.
      for (let row = 0; row < batch.rows; row++) {
        this.#sumRow(this.#sums, batch, groups, row);
        kernels.cellsDropHistograms(this.#cellsOf(batch, row), this.#countOf(batch, row));
        this.#addRows(batch, groups, row, 1);
      }
    }
  }

  #addRows(batch: RowBatch, groups: number, row: number, rows: number): void {
    this.#context.heap.memory.kernels.aggregateRows(
      AGGREGATES[this.#op],
      rows,
      groups + row * 4,
      batch.firsts + row * 4,
      batch.counts + row * 4,
      batch.cells + row * 4,
      this.#firsts.address,
      this.#spans.address,
      this.#lanes.address,
    );
  }

  /** Groups of histograms that have no result anywhere must not count for the order of rows above. */
  #isEmpty(group: number, span: number): boolean {
    return this.#context.heap.memory.kernels.cellsCount(this.#lanes.get(group), span) === 0;
  }

  #ignoreHistograms(batch: RowBatch): void {
    const dropped = this.#context.heap.memory.kernels.cellsDropHistograms(batch.begin, batch.used);
    if (dropped > 0) ignoreHistograms(this.#notes, this.#op);
  }

  /** Adds the histograms of a row to their sums, and notes where floats meet them. */
  #sumRow(sums: HistogramSums, batch: RowBatch, groups: number, row: number): void {
    const {u32} = this.#context.heap.memory;
    const group = u32[(groups >>> 2) + row];
    const first = u32[(batch.firsts >>> 2) + row];
    const cells = this.#cellsOf(batch, row);
    const count = this.#countOf(batch, row);
    const lane = this.#lanes.get(group) + (first - this.#firsts.get(group)) * 8;
    const labels = labelSetIdOf(u32[(batch.labels >>> 2) + row]);
    const name = (): string => this.#staticName ?? this.#context.labels.value(labels, METRIC_NAME);
    for (let i = 0; i < count; i++) {
      const views = this.#context.heap.memory.u32;
      const cell = cells + i * 8;
      if (isHistogramAt(views, cell)) {
        this.#hasSums = true;
        sums.add(group, first + i, views[cell >>> 2], !isAbsentAt(views, lane + i * 8), name);
      } else if (!isAbsentAt(views, cell)) sums.sawFloat(group, first + i);
    }
  }

  #cellsOf(batch: RowBatch, row: number): number {
    return this.#context.heap.memory.u32[(batch.cells >>> 2) + row];
  }

  #countOf(batch: RowBatch, row: number): number {
    return this.#context.heap.memory.u32[(batch.counts >>> 2) + row];
  }

  /** Makes the lanes of a group reach from step `first` to `end`. */
  #cover(group: number, first: number, end: number): void {
    if (group === this.#lanes.length) {
      this.#firsts.push(first);
      this.#spans.push(end - first);
      this.#lanes.push(this.#newLanes(end - first));
      return;
    }
    const oldFirst = this.#firsts.get(group);
    const oldSpan = this.#spans.get(group);
    if (first >= oldFirst && end <= oldFirst + oldSpan) return;
    const newFirst = Math.min(first, oldFirst);
    const span = Math.max(end, oldFirst + oldSpan) - newFirst;
    const from = this.#lanes.get(group);
    const to = this.#newLanes(span);
    for (let lane = 0; lane < AGGREGATE_LANES[this.#op]; lane++) {
      const begin = from + lane * oldSpan * 8;
      const target = to + lane * span * 8 + (oldFirst - newFirst) * 8;
      this.#context.heap.memory.u8.copyWithin(target, begin, begin + oldSpan * 8);
    }
    this.#context.heap.give(from, this.#laneBytes(oldSpan));
    this.#firsts.set(group, newFirst);
    this.#spans.set(group, span);
    this.#lanes.set(group, to);
  }

  #newLanes(span: number): number {
    const {heap} = this.#context;
    const lanes = heap.take(this.#laneBytes(span));
    heap.memory.kernels.cellsClear(lanes, span);
    this.#cells += span;
    this.#context.hold(span);
    return lanes;
  }

  #laneBytes(span: number): number {
    return span * 8 * AGGREGATE_LANES[this.#op];
  }

  #finish(group: number): void {
    const {kernels} = this.#context.heap.memory;
    kernels.aggregateFinish(AGGREGATES[this.#op], this.#lanes.get(group), this.#spans.get(group));
    if (this.#sums !== undefined && !this.#sums.isEmpty(group)) this.#finishSums(this.#sums, group);
  }

  #finishSums(sums: HistogramSums, group: number): void {
    const {kernels} = this.#context.heap.memory;
    const sheet = new FloatHistogram();
    const first = this.#firsts.get(group);
    for (let i = 0; i < this.#spans.get(group); i++) {
      const cell = this.#lanes.get(group) + i * 8;
      const outcome = sums.finish(group, first + i, sheet);
      if (outcome === 'histogram') this.#histograms.put(cell, sheet);
      else if (outcome === 'nothing') kernels.cellsClear(cell, 1);
    }
  }
}

/** Says that an aggregation leaves histograms out. */
export function ignoreHistograms(notes: AnnotationPlace, op: Aggregation['op']): void {
  notes.info(`ignored histogram in ${op} aggregation`);
}

/** The groups of an aggregation, numbered by first appearance. */
export class Groups {
  readonly #context: QueryContext;
  readonly #projection: Projection;
  /** Group (+ 1) of each label set of the input. */
  readonly #groupOfSet: U32Column;
  /** Label set of each group. */
  readonly #labels: U32Column;
  readonly #ofRows: U32Column;

  constructor(context: QueryContext, projection: Projection) {
    this.#context = context;
    this.#projection = projection;
    this.#groupOfSet = new U32Column(context.heap);
    this.#labels = new U32Column(context.heap);
    this.#ofRows = new U32Column(context.heap);
  }

  get length(): number {
    return this.#labels.length;
  }

  /** Label set of a group; with DROP_NAME when one of its rows has it. */
  labelsOf(group: number): number {
    return this.#labels.get(group);
  }

  /** The group of rows with these labels, made where it is new. */
  of(ref: number): number {
    const known = this.#known(this.#projection.of(labelSetIdOf(ref)));
    if (dropsName(ref)) this.#labels.set(known, (this.#labels.get(known) | DROP_NAME) >>> 0);
    return known;
  }

  /** Address of a column with the group of each row; valid until the next call. */
  ofRows(batch: RowBatch): number {
    this.#ofRows.resize(batch.rows, 0);
    for (let row = 0; row < batch.rows; row++) {
      const ref = this.#context.heap.memory.u32[(batch.labels >>> 2) + row];
      this.#ofRows.set(row, this.of(ref));
    }
    return this.#ofRows.address;
  }

  free(): void {
    for (const column of [this.#groupOfSet, this.#labels, this.#ofRows]) column.free();
  }

  #known(id: number): number {
    if (id >= this.#groupOfSet.length) this.#groupOfSet.resize(Math.max(id + 1, this.#groupOfSet.length * 2, 64), 0);
    const group = this.#groupOfSet.get(id);
    if (group !== 0) return group - 1;
    this.#labels.push(id);
    this.#groupOfSet.set(id, this.#labels.length);
    return this.#labels.length - 1;
  }
}
