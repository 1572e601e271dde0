import {Labels} from '@narthex/model/labels.ts';
import {keyOf} from './label-sets.ts';
import {type Sample, sameLabelset, type Series, UndefinedUpstream} from './values.ts';

/** Puts the samples of steps together to rows, by labels, in order of first appearance. */
export class Rows {
  readonly #length: number;
  readonly #isReversed: boolean;
  readonly #byKey = new Map<string, {labels: Labels; dropName: boolean; points: Series['points'][number][]}>();

  constructor(length: number, isReversed = false) {
    this.#length = length;
    this.#isReversed = isReversed;
  }

  /** Adds the samples of a step, whose labels must differ. Whether the name goes is decided by a row's first sample. */
  addStep(step: number, samples: readonly Sample[]): void {
    if (hasEqualLabels(samples)) throw sameLabelset();
    for (const sample of samples) this.add(step, sample);
  }

  /** Decides the order of rows. */
  reserve(series: readonly Series[]): void {
    for (const {labels, dropName} of series) this.#rowOf(labels, dropName);
  }

  add(step: number, {labels, dropName, value}: Sample): void {
    const row = this.#rowOf(labels, dropName);
    if (row.points[step] !== undefined) throw new UndefinedUpstream('two values of a series at one time');
    row.points[step] = value;
  }

  #rowOf(labels: Labels, dropName: boolean): {points: Series['points'][number][]} {
    const key = keyOf(labels);
    const row = this.#byKey.get(key) ?? {
      labels,
      dropName,
      points: Array.from({length: this.#length}, () => undefined),
    };
    this.#byKey.set(key, row);
    return row;
  }

  series(): Series[] {
    return inAnyOrder(this.#byKey.values(), this.#isReversed);
  }
}

export const scalarSample = (value: number): Sample => ({labels: Labels.empty, dropName: false, value, timeMs: 0});

export function vectorAt(series: readonly Series[], step: number, timeMs: number): Sample[] {
  return series.flatMap(({labels, dropName, points}) => {
    const value = points[step];
    return value === undefined ? [] : [{labels, dropName, value, timeMs}];
  });
}

export function hasEqualLabels(rows: readonly {readonly labels: Labels}[]): boolean {
  return new Set(rows.map(({labels}) => keyOf(labels))).size < rows.length;
}

export const hasPoint = ({points}: Series): boolean => points.some((value) => value !== undefined);

/** Series that are aggregated together. */
export interface Group {
  readonly labels: Labels;
  readonly members: readonly Series[];
}

/** A list that upstream has in a hash map. */
export function inAnyOrder<T>(list: Iterable<T>, isReversed: boolean | undefined): T[] {
  return isReversed ? [...list].toReversed() : [...list];
}
