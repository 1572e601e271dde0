import {isAbsentAt} from './arithmetic.ts';
import {isHistogramAt} from './histogram-arena.ts';
import type {Operator} from './operator.ts';
import type {QueryContext} from './query-context.ts';
import {RowBatch} from './row-batch.ts';
import type {StepGrid} from './step-grid.ts';

/** A scalar expression: one float for all steps, or a column of them, one f64 a step at an address in the query's memory. */
export type Scalar =
  | {readonly kind: 'constant'; readonly value: number}
  | {readonly kind: 'column'; readonly address: number};

export const constant = (value: number): Scalar => ({kind: 'constant', value});

/** The scalar as a column; a constant is written out. */
export function columnOf(context: QueryContext, scalar: Scalar, grid: StepGrid): number {
  if (scalar.kind === 'column') return scalar.address;
  const address = newColumn(context, grid);
  context.heap.memory.f64.fill(scalar.value, address >>> 3, (address >>> 3) + grid.count);
  return address;
}

/** Room for one f64 a step. */
export const newColumn = (context: QueryContext, grid: StepGrid): number =>
  context.heap.take(Math.max(1, grid.count) * 8);

/** The scalar at `step`. */
export function scalarAt(context: QueryContext, scalar: Scalar, step: number): number {
  return scalar.kind === 'constant' ? scalar.value : context.heap.memory.f64[(scalar.address >>> 3) + step];
}

/** Fills a column with the float of the only row that has one at each step, NaN where more have one or none. */
export function fillScalarOf(context: QueryContext, child: Operator, address: number): void {
  const {heap} = context;
  const {count} = child.grid;
  const seen = new Uint8Array(count);
  heap.memory.f64.fill(NaN, address >>> 3, (address >>> 3) + count);
  const batch = new RowBatch(context, count);
  while (child.next(batch)) {
    const {u32, f64} = heap.memory;
    for (let row = 0; row < batch.rows; row++) {
      const first = u32[(batch.firsts >>> 2) + row];
      const cells = u32[(batch.cells >>> 2) + row];
      for (let i = 0; i < u32[(batch.counts >>> 2) + row]; i++) {
        if (isAbsentAt(u32, cells + i * 8) || isHistogramAt(u32, cells + i * 8)) continue;
        const step = first + i;
        f64[(address >>> 3) + step] = seen[step] === 0 ? f64[(cells >>> 3) + i] : NaN;
        seen[step] = 1;
      }
    }
  }
  batch.free();
  child.close();
}
