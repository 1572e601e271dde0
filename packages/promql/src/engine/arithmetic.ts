import type {BinaryOp} from '../parse/ast.ts';
import {CELL_OPS, KEEP} from './ops.ts';
import {atan2, pow} from './math.ts';
import type {QueryContext} from './query-context.ts';
import {assert} from './query-error.ts';

/** Operations that change what a value means, so that the result has no name. */
const SCHEMA_CHANGING: ReadonlySet<string> = new Set(['+', '-', '*', '/', '%', '^', 'atan2']);

export const changesMeaning = (op: BinaryOp): boolean => SCHEMA_CHANGING.has(op);

const JS_OPS: Partial<Record<BinaryOp, (x: number, y: number) => number>> = {'^': pow, atan2};

/** One side of an operation over cells: an address, and 8 for a column or 0 for one cell that stands for all. */
export interface Operand {
  readonly address: number;
  readonly step: 0 | 8;
}

/** `out[i] = left[i] op right[i]` for `count` cells, all floats or absent, and no trimming operator; absent where either side is. `out` may be one of the sides. */
export function computeCells(
  context: QueryContext,
  op: BinaryOp,
  keep: (typeof KEEP)[keyof typeof KEEP],
  left: Operand,
  right: Operand,
  count: number,
  out: number,
): void {
  const {memory} = context.heap;
  const code = (CELL_OPS as Partial<Record<BinaryOp, number>>)[op];
  if (code !== undefined) {
    memory.kernels.cellsBinary(code, keep, left.address, left.step, right.address, right.step, count, out);
    return;
  }
  const apply = JS_OPS[op];
  assert(apply !== undefined, `${op} is an operator of floats`);
  // A multiplication leaves absent cells absent and NaN what it was; the present ones are computed here.
  const {f64, u32} = memory;
  for (let i = 0; i < count; i++) {
    const a = left.address + i * left.step;
    const b = right.address + i * right.step;
    const cell = out + i * 8;
    if (isAbsentAt(u32, a) || isAbsentAt(u32, b)) clearCell(u32, cell);
    else f64[cell >>> 3] = apply(f64[a >>> 3], f64[b >>> 3]);
  }
}

export const isAbsentAt = (u32: Uint32Array, cell: number): boolean =>
  u32[(cell >>> 2) + 1] === 0x7ff00000 && u32[cell >>> 2] === 2;

/** Makes a cell absent. */
export function clearCell(u32: Uint32Array, cell: number): void {
  u32[cell >>> 2] = 2;
  u32[(cell >>> 2) + 1] = 0x7ff00000;
}

/** The operation on two scalars, which is no trimming; comparisons give 0 or 1. */
export function computeScalar(context: QueryContext, op: BinaryOp, x: number, y: number): number {
  switch (op) {
    case '+':
      return x + y;
    case '-':
      return x - y;
    case '*':
      return x * y;
    case '/':
      return x / y;
    case '%':
      return context.heap.memory.kernels.fmod(x, y);
    case '^':
      return pow(x, y);
    case 'atan2':
      return atan2(x, y);
    case '==':
      return Number(x === y);
    case '!=':
      return Number(x !== y);
    case '>':
      return Number(x > y);
    case '<':
      return Number(x < y);
    case '>=':
      return Number(x >= y);
    case '<=':
      return Number(x <= y);
    default:
      throw new Error(`broken invariant: ${op} is no operator of scalars`);
  }
}
