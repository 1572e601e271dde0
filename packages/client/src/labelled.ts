import type {LabelPair, Metric} from '@narthex/exposition/family.ts';
import {MetricError} from './errors.ts';
import type {Instrument} from './instrument.ts';

/** Values of labels by name; numbers are written as JavaScript writes them. */
export type LabelValues<L extends string> = Readonly<Record<L, string | number>>;

/** The values of one use: by name, or in the order of the declaration. */
type Given<L extends string> = [LabelValues<L>] | readonly (string | number)[];

interface Child<I> {
  readonly values: readonly string[];
  readonly instrument: I;
}

/** A step on the way to a child, one a label; finding it makes no new strings. */
interface Branch<I> {
  next: Map<string, Branch<I>> | undefined;
  child: Child<I> | undefined;
}

/**
 * A metric with labels: one instrument for each combination of values that was asked for. Keep the instrument of
 * `labels` where a hot path uses the same values again and again.
 */
export class Labelled<I extends Instrument, L extends string> {
  readonly name: string;
  private readonly labelNames: readonly L[];
  private readonly create: () => I;
  private readonly root: Branch<I> = {next: undefined, child: undefined};
  /** In the order of their first use. */
  private readonly children = new Set<Child<I>>();

  constructor(name: string, labelNames: readonly L[], create: () => I) {
    this.name = name;
    this.labelNames = labelNames;
    this.create = create;
  }

  /**
   * The instrument for these values, by name or in the order of the declaration, made when it is new. Throws
   * `MetricError` when values are missing or there are too many.
   */
  labels(...given: Given<L>): I {
    const branch = this.branchOf(given);
    return (branch.child ?? this.add(branch, given)).instrument;
  }

  private add(branch: Branch<I>, given: Given<L>): Child<I> {
    const [first] = given;
    const values = typeof first === 'object' ? this.labelNames.map((name) => first[name]) : given;
    const child = {values: values.map(String), instrument: this.create()};
    branch.child = child;
    this.children.add(child);
    return child;
  }

  private branchOf(given: Given<L>): Branch<I> {
    const [first] = given;
    return typeof first === 'object' ? this.branchByName(first) : this.branchByOrder(given);
  }

  private branchByOrder(values: Given<L>): Branch<I> {
    if (values.length !== this.labelNames.length) {
      const wanted = `${this.labelNames.length} labels (${this.labelNames.join(', ')})`;
      throw new MetricError('invalid_label', `metric ${this.name} got ${values.length} values for ${wanted}`);
    }
    let branch = this.root;
    for (const value of values) branch = nextBranch(branch, value as string | number);
    return branch;
  }

  private branchByName(values: LabelValues<L>): Branch<I> {
    let branch = this.root;
    for (const name of this.labelNames) {
      const value: string | number | undefined = values[name];
      if (value === undefined) {
        throw new MetricError('invalid_label', `metric ${this.name} got no value for ${JSON.stringify(name)}`);
      }
      branch = nextBranch(branch, value);
    }
    let count = 0;
    for (const _ in values) count++;
    if (count !== this.labelNames.length) for (const name in values) this.indexOf(name);
    return branch;
  }

  /** Takes the instrument for these values off the page; false when there was none. */
  remove(...given: Given<L>): boolean {
    const {child} = this.branchOf(given);
    return child !== undefined && this.removeAll([child]) > 0;
  }

  /** Takes all instruments off the page whose labels have these values; returns how many. */
  removeMatching(values: Partial<LabelValues<L>>): number {
    const wanted = Object.entries(values).map(([name, value]) => ({i: this.indexOf(name), value: String(value)}));
    return this.removeAll(
      [...this.children].filter((child) => wanted.every(({i, value}) => child.values[i] === value)),
    );
  }

  /** Takes all instruments off the page. */
  clear(): void {
    this.removeAll([...this.children]);
  }

  private removeAll(children: readonly Child<I>[]): number {
    for (const child of children) {
      child.instrument.detach();
      this.children.delete(child);
      prune(this.root, child.values, 0);
    }
    return children.length;
  }

  private indexOf(name: string): number {
    const i = this.labelNames.indexOf(name as L);
    if (i < 0) throw new MetricError('invalid_label', `metric ${this.name} has no label ${JSON.stringify(name)}`);
    return i;
  }

  /** Sets every instrument back to its beginning. */
  reset(): void {
    for (const {instrument} of this.children) instrument.reset();
  }

  /** The metrics as they go on a page, in the order of their first use. */
  metrics(): Metric[] {
    const metrics: Metric[] = [];
    for (const {values, instrument} of this.children) {
      const labels = this.labelNames.map((name, i): LabelPair => [name, values[i]]);
      metrics.push({labels, createdMs: instrument.createdMs, point: instrument.point()});
    }
    return metrics;
  }
}

function nextBranch<I>(branch: Branch<I>, value: string | number): Branch<I> {
  const text = typeof value === 'string' ? value : String(value);
  branch.next ??= new Map();
  let next = branch.next.get(text);
  if (next === undefined) branch.next.set(text, (next = {next: undefined, child: undefined}));
  return next;
}

/** Takes the way to a child out of the tree as far as it leads nowhere else; true when `branch` is left without any. */
function prune<I>(branch: Branch<I>, values: readonly string[], depth: number): boolean {
  if (depth === values.length) return true;
  const next = branch.next!.get(values[depth])!;
  if (prune(next, values, depth + 1)) branch.next!.delete(values[depth]);
  return branch.next!.size === 0;
}
