import {compareUtf8} from '@narthex/model/utf8.ts';
import type {BinaryExpr, VectorMatching} from '../parse/ast.ts';
import {changesMeaning, computeCells, isAbsentAt} from './arithmetic.ts';
import type {AnnotationPlace} from './annotations.ts';
import {DROP_NAME, labelSetIdOf} from './label-table.ts';
import {MatchLabels} from './match-labels.ts';
import {MixedArithmetic} from './mixed-arithmetic.ts';
import type {Operator} from './operator.ts';
import {KEEP} from './ops.ts';
import type {QueryContext} from './query-context.ts';
import {assert, executionError} from './query-error.ts';
import {U32Column} from './query-heap.ts';
import type {RowBatch} from './row-batch.ts';
import {RowTable} from './row-table.ts';
import type {StepGrid} from './step-grid.ts';
import {StepRows} from './step-rows.ts';

/** Row (+ 1) of the "one" side by signature; SEVERAL where more than one row has it. */
const SEVERAL = 0xffffffff;

/**
 * Arithmetic and comparison between two vectors. Both sides are held. Where each signature has one row (and one-to-one: on both sides) and results have
 * different labels, no step can fail, and whole columns are computed at once; otherwise everything is decided step by step as upstream does, so that the
 * first failing step names the error.
 */
export class Join implements Operator {
  readonly grid: StepGrid;
  readonly distinctWithoutName: boolean;
  readonly #context: QueryContext;
  readonly #expr: BinaryExpr;
  readonly #matching: VectorMatching;
  readonly #labels: MatchLabels;
  readonly #keep: (typeof KEEP)[keyof typeof KEEP];
  readonly #notes: AnnotationPlace;
  readonly #flag: number;
  readonly #left: Operator;
  readonly #right: Operator;
  #leftTable: RowTable | undefined;
  #rightTable: RowTable | undefined;
  /** Where it takes more than floats. */
  #mixed: MixedArithmetic | undefined;
  /** Of each row of the "many" side: its partner's row (+ 1), and the labels of the result. */
  readonly #partners: U32Column;
  readonly #results: U32Column;
  /** The result where it was made step by step. */
  #stepped: RowTable | undefined;
  #row = 0;

  constructor(context: QueryContext, expr: BinaryExpr, matching: VectorMatching, left: Operator, right: Operator) {
    this.#context = context;
    this.#expr = expr;
    this.#matching = matching;
    this.#left = left;
    this.#right = right;
    this.grid = left.grid;
    this.distinctWithoutName = changesMeaning(expr.op) || (expr.returnBool && !context.options.delayedNameRemoval);
    this.#labels = new MatchLabels(context, expr, matching);
    this.#keep = expr.returnBool ? KEEP.bool : KEEP.left;
    this.#notes = context.annotations.at(expr.range);
    this.#flag = expr.returnBool && context.options.delayedNameRemoval ? DROP_NAME : 0;
    this.#partners = new U32Column(context.heap);
    this.#results = new U32Column(context.heap);
  }

  /** Takes all rows of the left side; comes before everything that the right side needs. */
  takeLeft(): void {
    this.#leftTable = RowTable.from(this.#context, this.#left);
  }

  /** Takes all rows of the right side and matches. */
  takeRight(): void {
    this.#rightTable = RowTable.from(this.#context, this.#right);
    const {many, one} = this.#sides();
    if (MixedArithmetic.isNeeded(this.#expr.op, many.histograms, one.histograms)) {
      this.#mixed = new MixedArithmetic(this.#context, this.#expr.op, this.#keep, this.grid, this.#notes);
    }
    const {fillLhs, fillRhs} = this.#matching;
    if (fillLhs === undefined && fillRhs === undefined && this.#matchWhole()) return;
    this.#stepped = new SteppedJoin(
      this.#context,
      this.#expr,
      this.#matching,
      this.#labels,
      this.#keep,
      this.#flag,
      this.#mixed,
    ).run({many, one}, this.grid);
    this.#mixed?.report();
  }

  next(out: RowBatch): boolean {
    this.#context.checkpoint();
    out.clear();
    if (this.#stepped !== undefined) {
      this.#row = this.#stepped.emit(this.#row, out);
      return out.rows > 0;
    }
    const {many} = this.#sides();
    for (; this.#row < many.rows && out.fits(many.countOf(this.#row)); this.#row++) this.#emitRow(this.#row, out);
    if (out.rows === 0) this.#mixed?.report();
    return out.rows > 0;
  }

  close(): void {
    if (this.#leftTable === undefined) this.#left.close();
    if (this.#rightTable === undefined) this.#right.close();
    this.#leftTable?.free();
    this.#rightTable?.free();
    this.#stepped?.free();
    this.#partners.free();
    this.#results.free();
  }

  #sides(): Sides {
    const left = this.#leftTable;
    const right = this.#rightTable;
    assert(left !== undefined && right !== undefined, 'both sides of a join were taken');
    return this.#matching.cardinality === 'one-to-many' ? {many: right, one: left} : {many: left, one: right};
  }

  /** Finds the partner and the result's labels of each row; false where that cannot be told for all steps at once. */
  #matchWhole(): boolean {
    const {many, one} = this.#sides();
    const oneBySignature = this.#rowsBySignature(one);
    const isWhole =
      oneBySignature !== undefined && this.#pair(many, one, oneBySignature) && this.#haveDistinctResults();
    oneBySignature?.free();
    return isWhole;
  }

  /** The one row of each signature; undefined when two have the same. */
  #rowsBySignature(table: RowTable): U32Column | undefined {
    const {heap, labels} = this.#context;
    const rows = new U32Column(heap);
    for (let row = 0; row < table.rows; row++) {
      const signature = this.#labels.signatureOf(table.labelsOf(row));
      if (signature >= rows.length) rows.resize(Math.max(labels.size, signature + 1), 0);
      if (rows.get(signature) !== 0) {
        rows.free();
        return undefined;
      }
      rows.set(signature, row + 1);
    }
    return rows;
  }

  #pair(many: RowTable, one: RowTable, oneBySignature: U32Column): boolean {
    const isOneToOne = this.#matching.cardinality === 'one-to-one';
    this.#partners.resize(many.rows, 0);
    this.#results.resize(many.rows, 0);
    for (let row = 0; row < many.rows; row++) {
      const signature = this.#labels.signatureOf(many.labelsOf(row));
      const partner = signature < oneBySignature.length ? oneBySignature.get(signature) : 0;
      if (partner === SEVERAL) return false;
      if (partner === 0) continue;
      if (isOneToOne) oneBySignature.set(signature, SEVERAL);
      this.#partners.set(row, partner);
      this.#results.set(row, this.#labels.resultOf(many.labelsOf(row), one.labelsOf(partner - 1)));
    }
    return true;
  }

  #haveDistinctResults(): boolean {
    const seen = new U32Column(this.#context.heap);
    seen.resize(this.#context.labels.size, 0);
    let isDistinct = true;
    for (let row = 0; row < this.#results.length && isDistinct; row++) {
      if (this.#partners.get(row) === 0) continue;
      const id = this.#results.get(row);
      isDistinct = seen.get(id) === 0;
      seen.set(id, 1);
    }
    seen.free();
    return isDistinct;
  }

  #emitRow(row: number, out: RowBatch): void {
    const partner = this.#partners.get(row) - 1;
    if (partner < 0) return;
    const left = this.#leftTable!;
    const right = this.#rightTable!;
    const isSwapped = this.#matching.cardinality === 'one-to-many';
    const l = isSwapped ? partner : row;
    const r = isSwapped ? row : partner;
    const first = Math.max(left.firstOf(l), right.firstOf(r));
    const count = Math.min(left.firstOf(l) + left.countOf(l), right.firstOf(r) + right.countOf(r)) - first;
    if (count <= 0) return;
    const cells = out.push((this.#results.get(row) | this.#flag) >>> 0, first, count);
    const x = {address: left.cellAt(l, first), step: 8} as const;
    const y = {address: right.cellAt(r, first), step: 8} as const;
    if (this.#mixed !== undefined) this.#mixed.compute(x, y, first, count, cells, out.histograms);
    else computeCells(this.#context, this.#expr.op, this.#keep, x, y, count, cells);
  }
}

interface Sides {
  readonly many: RowTable;
  readonly one: RowTable;
}

/** The join a step at a time, in upstream's order of checks. */
class SteppedJoin {
  readonly #context: QueryContext;
  readonly #expr: BinaryExpr;
  readonly #matching: VectorMatching;
  readonly #labels: MatchLabels;
  readonly #keep: (typeof KEEP)[keyof typeof KEEP];
  readonly #flag: number;
  readonly #mixed: MixedArithmetic | undefined;
  /** By signature: row (+ 1) of the "one" side at this step. */
  readonly #oneBySignature: U32Column;
  /** By signature: the step (+ 1) at which it was matched last. */
  readonly #matchedAt: U32Column;
  /** By labels of a result: the step (+ 1) at which it was given last, and the signature it had. */
  readonly #givenAt: U32Column;
  readonly #givenBy: U32Column;
  /** Cells of the left, right and result value of one pair. */
  readonly #pair: number;

  constructor(
    context: QueryContext,
    expr: BinaryExpr,
    matching: VectorMatching,
    labels: MatchLabels,
    keep: (typeof KEEP)[keyof typeof KEEP],
    flag: number,
    mixed: MixedArithmetic | undefined,
  ) {
    this.#context = context;
    this.#expr = expr;
    this.#matching = matching;
    this.#labels = labels;
    this.#keep = keep;
    this.#flag = flag;
    this.#mixed = mixed;
    this.#oneBySignature = new U32Column(context.heap);
    this.#matchedAt = new U32Column(context.heap);
    this.#givenAt = new U32Column(context.heap);
    this.#givenBy = new U32Column(context.heap);
    this.#pair = context.heap.take(24);
  }

  run({many, one}: Sides, grid: StepGrid): RowTable {
    const rows = new StepRows(this.#context, grid);
    for (let step = 0; step < grid.count; step++) {
      if (step % 64 === 0) this.#context.checkpoint();
      this.#runStep(many, one, step, rows);
      rows.endStep();
    }
    for (const column of [this.#oneBySignature, this.#matchedAt, this.#givenAt, this.#givenBy]) column.free();
    this.#context.heap.give(this.#pair, 24);
    return rows.finish();
  }

  #runStep(many: RowTable, one: RowTable, step: number, rows: StepRows): void {
    const hasMany = this.#hasAny(many, step);
    const hasOne = this.#hasAny(one, step);
    const {cardinality, fillLhs, fillRhs} = this.#matching;
    const fillsNothing = fillLhs === undefined && fillRhs === undefined;
    if ((!hasMany && !hasOne) || ((!hasMany || !hasOne) && fillsNothing)) return;
    this.#collectOnes(one, step);
    for (let row = 0; row < many.rows; row++) {
      const cell = this.#presentCell(many, row, step);
      if (cell === 0) continue;
      const labels = many.labelsOf(row);
      const signature = this.#labels.signatureOf(labels);
      const partner = signature < this.#oneBySignature.length ? this.#oneBySignature.get(signature) : 0;
      if (partner !== 0)
        this.#match(signature, labels, one.labelsOf(partner - 1), cell, one.cellAt(partner - 1, step), step, rows);
      else if (fillRhs !== undefined)
        this.#match(signature, labels, this.#labels.groupOf(labels), cell, this.#filled(fillRhs), step, rows);
    }
    if (fillLhs !== undefined) this.#fillLeft(one, fillLhs, step, rows);
    this.#forgetOnes(one, step);
    assert(cardinality !== 'many-to-many', 'set operators are not joins');
  }

  /** Rows of the "one" side that nothing matched get the fill value as partner. */
  #fillLeft(one: RowTable, fill: number, step: number, rows: StepRows): void {
    for (let row = 0; row < one.rows; row++) {
      const cell = this.#presentCell(one, row, step);
      if (cell === 0) continue;
      const labels = one.labelsOf(row);
      const signature = this.#labels.signatureOf(labels);
      if (signature < this.#matchedAt.length && this.#matchedAt.get(signature) === step + 1) continue;
      this.#match(signature, this.#labels.groupOf(labels), labels, this.#filled(fill), cell, step, rows);
    }
  }

  #filled(value: number): number {
    const at = this.#pair + 16;
    this.#context.heap.memory.f64[at >>> 3] = value;
    return at;
  }

  #match(
    signature: number,
    many: number,
    one: number,
    manyCell: number,
    oneCell: number,
    step: number,
    rows: StepRows,
  ): void {
    const isSwapped = this.#matching.cardinality === 'one-to-many';
    const left = isSwapped ? oneCell : manyCell;
    const right = isSwapped ? manyCell : oneCell;
    const out = this.#pair;
    // Operands that do not go together count as not matched.
    if (!this.#compute(left, right, step, out, rows)) return;
    const labels = this.#labels.resultOf(many, one);
    this.#mark(signature, labels, step);
    if (isAbsentAt(this.#context.heap.memory.u32, out)) return;
    const low = this.#context.heap.memory.u32[out >>> 2];
    const high = this.#context.heap.memory.u32[(out >>> 2) + 1];
    const cell = rows.cell((labels | this.#flag) >>> 0, step) >>> 2;
    this.#context.heap.memory.u32[cell] = low;
    this.#context.heap.memory.u32[cell + 1] = high;
  }

  #compute(left: number, right: number, step: number, out: number, rows: StepRows): boolean {
    if (this.#mixed !== undefined) return this.#mixed.computeCell(left, right, step, out, rows.table.histograms);
    computeCells(this.#context, this.#expr.op, this.#keep, {address: left, step: 0}, {address: right, step: 0}, 1, out);
    return true;
  }

  #mark(signature: number, labels: number, step: number): void {
    if (signature >= this.#matchedAt.length)
      this.#matchedAt.resize(Math.max(signature + 1, this.#context.labels.size), 0);
    const wasMatched = this.#matchedAt.get(signature) === step + 1;
    this.#matchedAt.set(signature, step + 1);
    if (this.#matching.cardinality === 'one-to-one') {
      if (wasMatched) {
        throw executionError(
          'multiple matches for labels: many-to-one matching must be explicit (group_left/group_right)',
        );
      }
      return;
    }
    if (labels >= this.#givenAt.length) {
      const {size} = this.#context.labels;
      this.#givenAt.resize(Math.max(labels + 1, size), 0);
      this.#givenBy.resize(Math.max(labels + 1, size), 0);
    }
    if (this.#givenAt.get(labels) === step + 1 && this.#givenBy.get(labels) === signature) {
      throw executionError('multiple matches for labels: grouping labels must ensure unique matches');
    }
    this.#givenAt.set(labels, step + 1);
    this.#givenBy.set(labels, signature);
  }

  #collectOnes(one: RowTable, step: number): void {
    for (let row = 0; row < one.rows; row++) {
      if (this.#presentCell(one, row, step) === 0) continue;
      const signature = this.#labels.signatureOf(one.labelsOf(row));
      if (signature >= this.#oneBySignature.length) {
        this.#oneBySignature.resize(Math.max(signature + 1, this.#context.labels.size), 0);
      }
      const other = this.#oneBySignature.get(signature);
      if (other !== 0) throw this.#duplicate(one.labelsOf(row), one.labelsOf(other - 1));
      this.#oneBySignature.set(signature, row + 1);
    }
  }

  #forgetOnes(one: RowTable, step: number): void {
    for (let row = 0; row < one.rows; row++) {
      if (this.#presentCell(one, row, step) === 0) continue;
      this.#oneBySignature.set(this.#labels.signatureOf(one.labelsOf(row)), 0);
    }
  }

  #duplicate(row: number, other: number): Error {
    const {labels} = this.#context;
    const group = labels.labels(this.#labels.groupOf(row)).toString();
    const side = this.#matching.cardinality === 'one-to-many' ? 'left' : 'right';
    const both = [row, other].map((ref) => labels.labels(labelSetIdOf(ref)).toString()).toSorted(compareUtf8);
    return executionError(
      `found duplicate series for the match group ${group} on the ${side} hand-side of the operation: [${both.join(', ')}]` +
        ';many-to-many matching not allowed: matching labels must be unique on one side',
    );
  }

  #hasAny(table: RowTable, step: number): boolean {
    for (let row = 0; row < table.rows; row++) if (this.#presentCell(table, row, step) !== 0) return true;
    return false;
  }

  /** Address of a row's cell at `step` where it is present, else 0. */
  #presentCell(table: RowTable, row: number, step: number): number {
    const cell = table.cellAt(row, step);
    return cell === 0 || isAbsentAt(this.#context.heap.memory.u32, cell) ? 0 : cell;
  }
}
