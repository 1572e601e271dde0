import type {LabelPair, Metric} from '@narthex/exposition/family.ts';
import {MetricError} from './errors.ts';
import type {Instrument} from './instrument.ts';

/** Values of labels by name; numbers are written as JavaScript writes them. */
export type LabelValues<L extends string> = Readonly<Record<L, string | number>>;

/**
 * A metric with labels: one instrument for each combination of values that was asked for. Keep the instrument of
 * `labels` where a hot path uses the same values again and again.
 */
export class Labelled<I extends Instrument, L extends string> {
  readonly name: string;
  private readonly labelNames: readonly L[];
  private readonly create: () => I;
  private readonly children = new Map<string, {readonly values: readonly string[]; readonly instrument: I}>();

  constructor(name: string, labelNames: readonly L[], create: () => I) {
    this.name = name;
    this.labelNames = labelNames;
    this.create = create;
  }

  /**
   * The instrument for these values, by name or in the order of the declaration, made when it is new. Throws
   * `MetricError` when values are missing or there are too many.
   */
  labels(...values: [LabelValues<L>] | readonly (string | number)[]): I {
    const texts = this.textsOf(values);
    const key = keyOf(texts);
    const known = this.children.get(key);
    if (known !== undefined) return known.instrument;
    const instrument = this.create();
    this.children.set(key, {values: texts, instrument});
    return instrument;
  }

  /** Takes the instrument for these values off the page; false when there was none. */
  remove(...values: [LabelValues<L>] | readonly (string | number)[]): boolean {
    return this.removeKey(keyOf(this.textsOf(values)));
  }

  /** Takes all instruments off the page whose labels have these values; returns how many. */
  removeMatching(values: Partial<LabelValues<L>>): number {
    const wanted = Object.entries(values).map(([name, value]) => ({i: this.indexOf(name), value: String(value)}));
    let removed = 0;
    for (const [key, child] of this.children) {
      if (wanted.every(({i, value}) => child.values[i] === value) && this.removeKey(key)) removed++;
    }
    return removed;
  }

  private indexOf(name: string): number {
    const i = this.labelNames.indexOf(name as L);
    if (i < 0) throw new MetricError('invalid_label', `metric ${this.name} has no label ${JSON.stringify(name)}`);
    return i;
  }

  /** Takes all instruments off the page. */
  clear(): void {
    for (const key of this.children.keys()) this.removeKey(key);
  }

  private removeKey(key: string): boolean {
    this.children.get(key)?.instrument.detach();
    return this.children.delete(key);
  }

  /** Sets every instrument back to its beginning. */
  reset(): void {
    for (const {instrument} of this.children.values()) instrument.reset();
  }

  /** The metrics as they go on a page, in the order of their first use. */
  metrics(): Metric[] {
    const metrics: Metric[] = [];
    for (const {values, instrument} of this.children.values()) {
      const labels = this.labelNames.map((name, i): LabelPair => [name, values[i]]);
      metrics.push({labels, createdMs: instrument.createdMs, point: instrument.point()});
    }
    return metrics;
  }

  private textsOf(values: readonly (LabelValues<L> | string | number)[]): string[] {
    const [first] = values;
    if (typeof first === 'object') return this.textsOfObject(first);
    if (values.length !== this.labelNames.length) {
      throw new MetricError('invalid_label', `metric ${this.name} got ${values.length} values for ${this.wanted()}`);
    }
    return values.map(String);
  }

  private textsOfObject(values: LabelValues<L>): string[] {
    const names = this.labelNames;
    const texts: string[] = [];
    for (const name of names) {
      const value: string | number | undefined = values[name];
      if (value === undefined) {
        throw new MetricError('invalid_label', `metric ${this.name} got no value for ${JSON.stringify(name)}`);
      }
      texts.push(typeof value === 'string' ? value : String(value));
    }
    for (const name in values) this.indexOf(name);
    return texts;
  }

  private wanted(): string {
    return `${this.labelNames.length} labels (${this.labelNames.join(', ')})`;
  }
}

/** Values one after the other; the lengths before them keep `['a', 'bc']` and `['ab', 'c']` apart. */
function keyOf(values: readonly string[]): string {
  if (values.length === 1) return values[0];
  let key = '';
  for (const value of values) key += `${value.length}:${value}`;
  return key;
}
