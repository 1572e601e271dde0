import {isValidLabelName, METRIC_NAME} from '@narthex/model/labels.ts';
import {AnchoredRegex} from '@narthex/model/regex.ts';
import {type LabelSetId, labelSetIdOf} from './label-table.ts';
import type {Operator} from './operator.ts';
import type {QueryContext} from './query-context.ts';
import {executionError} from './query-error.ts';
import type {RowBatch} from './row-batch.ts';
import type {StepGrid} from './step-grid.ts';
import {U32Column} from './query-heap.ts';

const UNKNOWN = 0xffffffff;
/** Marks a label set whose name was set here. */
const RENAMED = 2 ** 31;

/** The new labels of a row, or undefined to leave it alone. */
type Relabel = (id: LabelSetId) => LabelSetId | undefined;

/** label_replace() and label_join(): new labels for rows, the same cells. Equal labels that arise are for DistinctRows to merge. */
export class MapLabels implements Operator {
  readonly grid: StepGrid;
  readonly distinctWithoutName = false;
  readonly #context: QueryContext;
  readonly #child: Operator;
  readonly #relabel: Relabel;
  readonly #setsName: boolean;
  readonly #known: U32Column;

  constructor(context: QueryContext, child: Operator, destination: string, relabel: Relabel) {
    this.#context = context;
    this.#child = child;
    this.#relabel = relabel;
    this.#setsName = destination === METRIC_NAME;
    this.grid = child.grid;
    this.#known = new U32Column(context.heap);
  }

  cellsAtLeast(): number {
    return this.#child.cellsAtLeast?.() ?? 0;
  }

  next(out: RowBatch): boolean {
    if (!this.#child.next(out)) return false;
    for (let row = 0; row < out.rows; row++) {
      const ref = this.#context.heap.memory.u32[(out.labels >>> 2) + row];
      const mapped = this.#map(ref);
      this.#context.heap.memory.u32[(out.labels >>> 2) + row] = mapped;
    }
    return true;
  }

  close(): void {
    this.#child.close();
    this.#known.free();
  }

  /** A new name survives the delayed removal; an untouched row keeps its mark. */
  #map(ref: number): number {
    const id = labelSetIdOf(ref);
    if (id >= this.#known.length) this.#known.resize(Math.max(id + 1, this.#context.labels.size), UNKNOWN);
    let mapped = this.#known.get(id);
    if (mapped === UNKNOWN) {
      const changed = this.#relabel(id);
      mapped = changed === undefined || !this.#setsName ? (changed ?? id) : (changed | RENAMED) >>> 0;
      this.#known.set(id, mapped);
    }
    const mark = mapped >= RENAMED ? 0 : ref - id;
    return (labelSetIdOf(mapped) | mark) >>> 0;
  }
}

/** What label_replace() does to labels. */
export function labelReplace(
  context: QueryContext,
  [destination, replacement, source, pattern]: readonly string[],
): Relabel {
  const regex = compile(pattern);
  if (!isValidLabelName(destination)) {
    throw executionError(`invalid destination label name in label_replace(): ${destination}`);
  }
  return (id) => {
    const value = regex.expand(replacement, context.labels.value(id, source));
    return value === undefined ? undefined : context.labels.with(id, destination, value);
  };
}

/** What label_join() does to labels. */
export function labelJoin(context: QueryContext, [destination, separator, ...sources]: readonly string[]): Relabel {
  const bad = sources.find((source) => !isValidLabelName(source));
  if (bad !== undefined) throw executionError(`invalid source label name in label_join(): ${bad}`);
  if (!isValidLabelName(destination)) {
    throw executionError(`invalid destination label name in label_join(): ${destination}`);
  }
  return (id) => {
    const value = sources.map((source) => context.labels.value(id, source)).join(separator);
    return context.labels.with(id, destination, value);
  };
}

function compile(pattern: string): AnchoredRegex {
  try {
    return new AnchoredRegex(pattern);
  } catch (error) {
    throw executionError(`invalid regular expression in label_replace(): ${pattern}`, {cause: error});
  }
}
