import {FloatHistogram} from '@narthex/model/histogram/float-histogram.ts';
import {multiplyHistogram} from '@narthex/model/histogram/scale.ts';
import {type BinaryExpr, isComparison} from '../parse/ast.ts';
import {computeCells, isAbsentAt, type Operand} from './arithmetic.ts';
import {type HistogramArena, isHistogramAt} from './histogram-arena.ts';
import type {CellTransform} from './map-cells.ts';
import {MixedArithmetic} from './mixed-arithmetic.ts';
import {KEEP} from './ops.ts';
import type {QueryContext} from './query-context.ts';
import type {RowBatch} from './row-batch.ts';
import type {Scalar} from './scalar.ts';
import {type StepGrid, stepTime} from './step-grid.ts';

/** Calls `visit` with first step, number of cells and address of the first cell of each row. */
function eachRow(
  context: QueryContext,
  batch: RowBatch,
  visit: (first: number, count: number, cells: number) => void,
): void {
  for (let row = 0; row < batch.rows; row++) {
    const {u32} = context.heap.memory;
    visit(u32[(batch.firsts >>> 2) + row], u32[(batch.counts >>> 2) + row], u32[(batch.cells >>> 2) + row]);
  }
}

/** Unary minus. */
export const negateCells =
  (context: QueryContext): CellTransform =>
  ({begin, used, histograms}) => {
    if (histograms.isEmpty) context.heap.memory.kernels.cellsNegate(begin, used);
    else negateMixed(context, begin, begin + used * 8, histograms);
  };

function negateMixed({heap}: QueryContext, begin: number, end: number, histograms: HistogramArena): void {
  const sheet = new FloatHistogram();
  let floats = begin;
  for (let cell = begin; cell < end; cell += 8) {
    if (!isHistogramAt(heap.memory.u32, cell)) continue;
    heap.memory.kernels.cellsNegate(floats, (cell - floats) / 8);
    floats = cell + 8;
    histograms.load(cell, sheet);
    multiplyHistogram(sheet, -1);
    histograms.put(cell, sheet);
  }
  heap.memory.kernels.cellsNegate(floats, (end - floats) / 8);
}

/** Makes the cells absent that are histograms: what most functions of floats do with them. */
export const dropHistograms =
  (context: QueryContext): CellTransform =>
  (batch) => {
    if (batch.histograms.isEmpty) return;
    context.heap.memory.kernels.cellsDropHistograms(batch.begin, batch.used);
    batch.histograms.clear();
  };

/** A function of one float. NaN stays what it was, which all of these functions agree with. */
export const mapFloats =
  (context: QueryContext, apply: (x: number) => number): CellTransform =>
  (batch) => {
    const {f64} = context.heap.memory;
    const begin = batch.begin >>> 3;
    for (let i = begin; i < begin + batch.used; i++) {
      const x = f64[i];
      // eslint's no-self-compare would want Number.isNaN, which is a call in this loop.
      if (x === x) f64[i] = apply(x);
    }
  };

/** A function of one float that may make something of NaN, too. */
export const mapAllFloats =
  (context: QueryContext, apply: (x: number) => number): CellTransform =>
  (batch) => {
    const {f64, u32} = context.heap.memory;
    for (let at = batch.begin; at < batch.begin + batch.used * 8; at += 8) {
      if (!isAbsentAt(u32, at)) f64[at >>> 3] = apply(f64[at >>> 3]);
    }
  };

/** A value that depends on the step alone. */
export const mapSteps =
  (context: QueryContext, grid: StepGrid, valueAt: (timeMs: number) => number): CellTransform =>
  (batch) => {
    eachRow(context, batch, (first, count, cells) => {
      const {f64, u32} = context.heap.memory;
      for (let i = 0; i < count; i++) {
        if (!isAbsentAt(u32, cells + i * 8)) f64[(cells >>> 3) + i] = valueAt(stepTime(grid, first + i));
      }
    });
  };

/** A function of a float and a parameter of the step. */
export const mapWithParameter =
  (context: QueryContext, parameter: Scalar, apply: (x: number, parameter: number) => number): CellTransform =>
  (batch) => {
    eachRow(context, batch, (first, count, cells) => {
      const {f64, u32} = context.heap.memory;
      for (let i = 0; i < count; i++) {
        if (isAbsentAt(u32, cells + i * 8)) continue;
        const p = parameter.kind === 'constant' ? parameter.value : f64[(parameter.address >>> 3) + first + i];
        f64[(cells >>> 3) + i] = apply(f64[(cells >>> 3) + i], p);
      }
    });
  };

/** One cell or a column in memory for a scalar; a constant gets a cell of its own. */
function operandOf(context: QueryContext, scalar: Scalar): Operand {
  if (scalar.kind === 'column') return {address: scalar.address, step: 8};
  const address = context.heap.take(8);
  context.heap.memory.f64[address >>> 3] = scalar.value;
  return {address, step: 0};
}

/** A transform, and what is to be done after the last batch. */
export interface ScalarArithmetic {
  readonly transform: CellTransform;
  readonly atEnd: () => void;
}

/** Arithmetic, comparison and trimming between the cells and a scalar, which stands on the left or on the right. */
export function computeWithScalar(
  context: QueryContext,
  node: BinaryExpr,
  scalar: Scalar,
  isScalarLeft: boolean,
  grid: StepGrid,
): ScalarArithmetic {
  const operand = operandOf(context, scalar);
  // A filter keeps the vector's value on either side.
  const keep = node.returnBool ? KEEP.bool : isComparison(node.op) && isScalarLeft ? KEEP.right : KEEP.left;
  const mixed = new MixedArithmetic(context, node.op, keep, grid, context.annotations.at(node.range));
  const sides = (scalarAt: Operand, cells: number): [left: Operand, right: Operand] => {
    const column = {address: cells, step: 8} as const;
    return isScalarLeft ? [scalarAt, column] : [column, scalarAt];
  };
  const transform: CellTransform = (batch) => {
    const isMixed = MixedArithmetic.isNeeded(node.op, batch.histograms);
    if (!isMixed && operand.step === 0) {
      computeCells(context, node.op, keep, ...sides(operand, batch.begin), batch.used, batch.begin);
      return;
    }
    eachRow(context, batch, (first, count, cells) => {
      const [left, right] = sides({address: operand.address + first * operand.step, step: operand.step}, cells);
      if (isMixed) mixed.compute(left, right, first, count, cells, batch.histograms);
      else computeCells(context, node.op, keep, left, right, count, cells);
    });
  };
  return {transform, atEnd: () => mixed.report()};
}

/** clamp() and its one-sided forms. */
export function clampCells(context: QueryContext, lower: Scalar, upper: Scalar): CellTransform {
  const lo = operandOf(context, lower);
  const hi = operandOf(context, upper);
  return (batch) => {
    eachRow(context, batch, (first, count, cells) => {
      const {kernels} = context.heap.memory;
      kernels.cellsClamp(cells, count, lo.address + first * lo.step, lo.step, hi.address + first * hi.step, hi.step);
    });
  };
}
