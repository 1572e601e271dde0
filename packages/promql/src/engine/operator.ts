import type {RowBatch} from './row-batch.ts';
import type {StepGrid} from './step-grid.ts';

/**
 * Gives the rows of a vector expression, batch by batch, in upstream's row order. No two rows have equal labels (unless they are told apart only by
 * a dropped name that a later operator checks).
 */
export interface Operator {
  readonly grid: StepGrid;
  /** Rows are known to have different labels even after name, type and unit are dropped. */
  readonly distinctWithoutName: boolean;
  /** Replaces what `out` holds by the next rows (at least one); false at the end. Throws QueryError. */
  next(out: RowBatch): boolean;
  /**
   * Cells of rows that are certain to come, as far as that is known before anything is read: what holding all rows takes at least. Asked before the
   * first `next`, if at all.
   */
  cellsAtLeast?(): number;
  /** Gives back what the operator holds; called once, also after an error in an operator above. */
  close(): void;
}

/** Which labels of its rows an operator has to give: those that nobody looks at need not be read. */
export type LabelDemand =
  | {readonly kind: 'all'}
  | {readonly kind: 'by'; readonly names: readonly string[]}
  | {readonly kind: 'without'; readonly names: readonly string[]};

export const ALL_LABELS: LabelDemand = {kind: 'all'};
export const NO_LABELS: LabelDemand = {kind: 'by', names: []};
