import type {Expr, MatrixSelector, Subquery} from '../parse/ast.ts';
import {nanosToMillis} from '../parse/ast.ts';
import type {Lookup, QueryShape} from './query-shape.ts';
import {withoutParens} from './query-shape.ts';
import {assert} from './query-error.ts';
import type {StepGrid} from './step-grid.ts';

/** The windows that a range vector has at the steps of a grid. */
export interface Windows {
  /** End of the first window, in ms. */
  readonly firstMs: number;
  /** How far it moves from step to step; 0 under `@`. */
  readonly moveMs: number;
  /** End of the last window. */
  readonly lastMs: number;
  readonly rangeMs: number;
  /** The range in seconds, as Go's Duration.Seconds has it. */
  readonly rangeSeconds: number;
}

export type RangeVector = MatrixSelector | Subquery;

/** The range vector that an argument of type matrix is. */
export function rangeVectorOf(expr: Expr): RangeVector {
  const inner = withoutParens(expr);
  assert(inner.kind === 'matrixSelector' || inner.kind === 'subquery', 'a range vector is a selector or a subquery');
  return inner;
}

/** The first time looked up and how far it moves. */
export function movementOf({atMs, offsetMs}: Lookup, grid: StepGrid): {firstMs: number; moveMs: number} {
  return atMs === undefined
    ? {firstMs: grid.startMs - offsetMs, moveMs: grid.stepMs}
    : {firstMs: atMs - offsetMs, moveMs: 0};
}

export function windowsOf(shape: QueryShape, node: RangeVector, grid: StepGrid): Windows {
  const {firstMs, moveMs} = movementOf(shape.lookupOf(node.kind === 'subquery' ? node : node.selector), grid);
  const rangeNs = shape.rangeNsOf(node);
  return {
    firstMs,
    moveMs,
    lastMs: firstMs + Math.max(0, grid.count - 1) * moveMs,
    rangeMs: nanosToMillis(rangeNs),
    rangeSeconds: Math.trunc(rangeNs / 1e9) + (rangeNs % 1e9) / 1e9,
  };
}
