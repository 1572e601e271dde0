import {FloatHistogram} from '@narthex/model/histogram/float-histogram.ts';
import {type NanNote, OBSERVED_NANS} from '@narthex/model/histogram/quantile.ts';
import {METRIC_NAME} from '@narthex/model/labels.ts';
import {quoteGo} from '@narthex/model/quote.ts';
import {parseGoFloat} from '@narthex/model/value.ts';
import type {Expr} from '../parse/ast.ts';
import type {AnnotationPlace} from './annotations.ts';
import {isAbsentAt} from './arithmetic.ts';
import type {BucketMeasure} from './bucket-measure.ts';
import {ClassicBuckets} from './classic-buckets.ts';
import {ForcedCounts} from './forced-counts.ts';
import {GroupedTable} from './grouped-table.ts';
import {isHistogramAt} from './histogram-arena.ts';
import {DROP_NAME, type LabelSetId, labelSetIdOf} from './label-table.ts';
import type {Operator} from './operator.ts';
import type {QueryContext} from './query-context.ts';
import {RowTable} from './row-table.ts';
import {stepTime} from './step-grid.ts';
import {TableRows} from './table-rows.ts';

const BUCKET_LABEL = 'le';

/** histogram_quantile(), histogram_quantiles() and histogram_fraction() over native histograms and classic buckets. */
export class BucketFunction extends TableRows {
  readonly distinctWithoutName = false;
  readonly #child: Operator;
  readonly #measures: readonly BucketMeasure[];
  readonly #notes: AnnotationPlace;
  readonly #forced: ForcedCounts;
  readonly #sheet = new FloatHistogram();
  readonly #note: NanNote = {nans: OBSERVED_NANS.none};

  constructor(context: QueryContext, child: Operator, measures: readonly BucketMeasure[], argument: Expr) {
    super(context, child.grid);
    this.#child = child;
    this.#measures = measures;
    this.#notes = context.annotations.at(argument.range);
    this.#forced = new ForcedCounts(this.#notes, child.grid.count);
  }

  run(): void {
    const {context} = this;
    const input = RowTable.from(context, this.#child);
    const bounds = this.#readBounds(input);
    const groups = new GroupedTable(context, input, context.labels.projection([BUCKET_LABEL], false));
    const natives = input.histograms.isEmpty ? [] : this.#nativeRows(input);
    if (natives.length > 0) this.#removeConflicts(groups, natives, bounds);
    this.table = new RowTable(context);
    for (const measure of this.#measures) {
      for (const row of natives) this.#measureNative(input, row, measure);
      for (let group = 0; group < groups.length; group++) {
        if (group % 64 === 0) context.checkpoint();
        this.#measureClassic(groups, group, bounds, measure);
      }
    }
    groups.free();
    context.heap.give(bounds, Math.max(1, input.rows) * 8);
    input.free();
    this.#forced.annotate();
  }

  /** Address of a column with the upper bound of each row; its `le` may be unusable, then the row counts for nothing and is a NaN here. */
  #readBounds(input: RowTable): number {
    const {heap, labels} = this.context;
    const column = heap.take(Math.max(1, input.rows) * 8);
    for (let row = 0; row < input.rows; row++) {
      const id = labelSetIdOf(input.labelsOf(row));
      const text = labels.value(id, BUCKET_LABEL);
      const bound = parseGoFloat(text);
      if (bound === undefined && this.#hasFloats(input, row)) {
        const name = forMetric(this.#nameOf(id));
        const what = `bucket label "le" is missing or has a malformed value of ${quoteGo(text)}${name}`;
        this.#notes.warn(what);
      }
      heap.memory.f64[(column >>> 3) + row] = bound ?? NaN;
    }
    return column;
  }

  #hasFloats(input: RowTable, row: number): boolean {
    if (input.histograms.isEmpty) return true;
    const {kernels} = this.context.heap.memory;
    const [cells, count] = [input.cellsOf(row), input.countOf(row)];
    return kernels.cellsCount(cells, count) > kernels.cellsHistograms(cells, count);
  }

  #nativeRows(input: RowTable): number[] {
    const {kernels} = this.context.heap.memory;
    const rows: number[] = [];
    for (let row = 0; row < input.rows; row++) {
      if (kernels.cellsHistograms(input.cellsOf(row), input.countOf(row)) > 0) rows.push(row);
    }
    return rows;
  }

  /** Where a native histogram has the labels of a classic one at the same step, neither of them counts. */
  #removeConflicts(groups: GroupedTable, natives: readonly number[], bounds: number): void {
    const {table} = groups;
    const rowOf = new Map(natives.map((row) => [labelSetIdOf(table.labelsOf(row)), row]));
    for (let group = 0; group < groups.length; group++) {
      const native = rowOf.get(labelSetIdOf(groups.labelsOf(group)));
      if (native === undefined) continue;
      const classic = new BucketRows(this.context, groups, group, bounds);
      if (classic.length > 0) this.#removeConflict(table, native, classic);
    }
  }

  #removeConflict(table: RowTable, native: number, classic: BucketRows): void {
    const {kernels, u32} = this.context.heap.memory;
    const name = forMetric(this.#nameOf(labelSetIdOf(table.labelsOf(native))));
    for (let i = 0; i < table.countOf(native); i++) {
      const cell = table.cellsOf(native) + i * 8;
      if (!isHistogramAt(u32, cell) || !classic.clear(table.firstOf(native) + i)) continue;
      kernels.cellsClear(cell, 1);
      this.#notes.warn(`vector contains a mix of classic and native histograms${name}`);
    }
  }

  #measureNative(input: RowTable, row: number, measure: BucketMeasure): void {
    const id = labelSetIdOf(input.labelsOf(row));
    const begin = Math.max(measure.first, input.firstOf(row));
    const end = Math.min(measure.end, input.firstOf(row) + input.countOf(row));
    if (begin >= end) return;
    const out = this.#push(id, measure, begin, end);
    for (let step = begin; step < end; step++) {
      const cell = input.cellAt(row, step);
      if (!isHistogramAt(this.context.heap.memory.u32, cell) || !measure.isWanted(step)) continue;
      input.histograms.load(cell, this.#sheet);
      const value = measure.ofNative(this.#sheet, step, this.#note);
      this.context.heap.memory.f64[(out >>> 3) + step - begin] = value;
      const text = measure.describe(this.#note.nans);
      if (text !== undefined) this.#notes.info(text + forMetric(this.#nameOf(id)));
    }
  }

  #measureClassic(groups: GroupedTable, group: number, bounds: number, measure: BucketMeasure): void {
    const rows = new BucketRows(this.context, groups, group, bounds);
    if (rows.length === 0) return;
    const id = labelSetIdOf(groups.labelsOf(group));
    const buckets = new ClassicBuckets(rows.length);
    const out = this.#push(id, measure, measure.first, measure.end);
    const {f64} = this.context.heap.memory;
    for (let step = measure.first; step < measure.end; step++) {
      if (!measure.isWanted(step)) continue;
      rows.load(step, buckets);
      if (buckets.length === 0) continue;
      f64[(out >>> 3) + step - measure.first] = measure.ofClassic(buckets, step);
      if (buckets.wasForced) this.#forced.note(forMetric(this.#nameOf(id)), step, stepTime(this.grid, step), buckets);
    }
  }

  /** Adds an empty row for a measure of the histogram `id`; returns the address of its cells. */
  #push(id: LabelSetId, {label}: BucketMeasure, begin: number, end: number): number {
    const {heap, labels, options} = this.context;
    const kept = options.delayedNameRemoval ? id : labels.withoutName.of(id);
    const target = label === undefined ? kept : labels.with(kept, label[0], label[1]);
    const flag = options.delayedNameRemoval ? DROP_NAME : 0;
    const out = this.table!.push((target | flag) >>> 0, begin, end - begin);
    heap.memory.kernels.cellsClear(out, end - begin);
    return out;
  }

  /** The name that annotations show: none where names are dropped at once. */
  #nameOf(id: LabelSetId): string {
    const {labels, options} = this.context;
    return options.delayedNameRemoval ? labels.value(id, METRIC_NAME) : '';
  }
}

/** The rows of one histogram, by their upper bounds; copied to small arrays, since each step looks at all of them. */
class BucketRows {
  readonly length: number;
  readonly #context: QueryContext;
  readonly #bounds: Float64Array;
  readonly #firsts: Uint32Array;
  readonly #counts: Uint32Array;
  /** Index of the first cell of each row, in f64. */
  readonly #cells: Uint32Array;

  constructor(context: QueryContext, groups: GroupedTable, group: number, bounds: number) {
    const {table} = groups;
    const {f64} = context.heap.memory;
    const boundOf = (row: number) => f64[(bounds >>> 3) + row];
    const rows = Array.from({length: groups.sizeOf(group)}, (_, i) => groups.member(group, i))
      .filter((row) => !Number.isNaN(boundOf(row)))
      .toSorted((a, b) => boundOf(a) - boundOf(b) || a - b);
    this.#context = context;
    this.length = rows.length;
    this.#bounds = Float64Array.from(rows, boundOf);
    this.#firsts = Uint32Array.from(rows, (row) => table.firstOf(row));
    this.#counts = Uint32Array.from(rows, (row) => table.countOf(row));
    this.#cells = Uint32Array.from(rows, (row) => table.cellsOf(row) >>> 3);
  }

  /** Puts the buckets that are present at `step` to `buckets`. */
  load(step: number, buckets: ClassicBuckets): void {
    const {f64} = this.#context.heap.memory;
    buckets.clear();
    for (let i = 0; i < this.length; i++) {
      const cell = this.#floatAt(i, step);
      if (cell !== 0) buckets.add(this.#bounds[i], f64[cell >>> 3]);
    }
  }

  /** Removes the buckets that are present at `step`; whether there were any. */
  clear(step: number): boolean {
    let hadAny = false;
    for (let i = 0; i < this.length; i++) {
      const cell = this.#floatAt(i, step);
      if (cell === 0) continue;
      this.#context.heap.memory.kernels.cellsClear(cell, 1);
      hadAny = true;
    }
    return hadAny;
  }

  /** Address of the float of row `i` at `step`; 0 where it has none. */
  #floatAt(i: number, step: number): number {
    const {u32} = this.#context.heap.memory;
    const offset = step - this.#firsts[i];
    if (offset < 0 || offset >= this.#counts[i]) return 0;
    const cell = (this.#cells[i] + offset) * 8;
    return isAbsentAt(u32, cell) || isHistogramAt(u32, cell) ? 0 : cell;
  }
}

const forMetric = (name: string): string => (name === '' ? '' : ` for metric name ${quoteGo(name)}`);
