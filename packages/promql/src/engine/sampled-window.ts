import type {Expr, MatrixSelector, SourceRange, Subquery, VectorSelector} from '../parse/ast.ts';
import {nanosToMillis} from '../parse/ast.ts';
import type {Lookups} from './histogram-stats.ts';
import type {Lookup, QueryShape} from './query-shape.ts';
import {withoutParens} from './query-shape.ts';
import {assert, executionError} from './query-error.ts';
import type {StepGrid} from './step-grid.ts';
import type {WindowMode} from './window-kernels.ts';

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
  readonly mode: WindowMode;
  /** How far an extended window looks before its start and behind its end, in ms; 0 for a plain one. */
  readonly beforeMs: number;
  readonly afterMs: number;
}

export type RangeVector = MatrixSelector | Subquery;

/** The range vector that an argument of type matrix is. */
export function rangeVectorOf(expr: Expr): RangeVector {
  const inner = withoutParens(expr);
  assert(inner.kind === 'matrixSelector' || inner.kind === 'subquery', 'a range vector is a selector or a subquery');
  return inner;
}

/** Where upstream says that annotations about the first argument are: it forgets where subqueries stand. */
export function annotatedRange(argument: Expr): SourceRange {
  const inner = withoutParens(argument);
  return inner.kind === 'subquery' ? {start: 0, end: 0} : inner.range;
}

/** The first time looked up and how far it moves. */
export function movementOf({atMs, movesOn, offsetMs}: Lookup, grid: StepGrid): {firstMs: number; moveMs: number} {
  return atMs === undefined
    ? {firstMs: grid.startMs - offsetMs, moveMs: grid.stepMs}
    : {firstMs: atMs - offsetMs, moveMs: movesOn ? grid.stepMs : 0};
}

export function windowsOf(shape: QueryShape, node: RangeVector, grid: StepGrid, lookbackMs: number): Windows {
  const {firstMs, moveMs} = movementOf(shape.lookupOf(node.kind === 'subquery' ? node : node.selector), grid);
  const rangeNs = shape.rangeNsOf(node);
  const mode = node.kind === 'subquery' ? 'plain' : modeOf(node.selector);
  return {
    firstMs,
    moveMs,
    lastMs: firstMs + Math.max(0, grid.count - 1) * moveMs,
    rangeMs: nanosToMillis(rangeNs),
    rangeSeconds: Math.trunc(rangeNs / 1e9) + (rangeNs % 1e9) / 1e9,
    mode,
    beforeMs: mode === 'plain' ? 0 : lookbackMs,
    afterMs: mode === 'smoothed' ? lookbackMs : 0,
  };
}

/** When samples are read for windows, and how far back. */
export function lookupsOf({firstMs, moveMs, rangeMs, beforeMs, afterMs}: Windows, {count}: StepGrid): Lookups {
  return {firstMs: firstMs + afterMs, moveMs, steps: count, backMs: rangeMs + beforeMs + afterMs};
}

function modeOf({anchored, smoothed}: VectorSelector): WindowMode {
  if (anchored) return 'anchored';
  return smoothed ? 'smoothed' : 'plain';
}

const ANCHORED_FUNCTIONS = ['changes', 'delta', 'increase', 'rate', 'resets'];
const SMOOTHED_FUNCTIONS = ['delta', 'increase', 'rate'];

/** Refuses functions that do not know extended windows. */
export function checkMode(mode: WindowMode, name: string): void {
  if (mode === 'plain') return;
  const allowed = mode === 'anchored' ? ANCHORED_FUNCTIONS : SMOOTHED_FUNCTIONS;
  if (!allowed.includes(name)) {
    throw executionError(`${mode} modifier can only be used with: ${allowed.join(', ')} - not with ${name}`);
  }
}
