import {compareLabels} from '@narthex/model/labels.ts';
import {isNaturallyBefore} from '../engine/sort-rows.ts';
import {goSorted, isLarger, isSmaller} from './floats.ts';
import {isFloat, type Sample} from './values.ts';

/** Floats by value, NaN last either way; histograms are left out. */
export function sortedByValue(vector: readonly Sample[], direction: 1 | -1): Sample[] {
  const floats = vector.filter(({value}) => isFloat(value));
  const isLess = direction === 1 ? isLarger : isSmaller;
  return goSorted(floats, (a, b) => isLess(b.value as number, a.value as number));
}

/** By the values of the labels in natural order, then by all labels. */
export function sortedByLabels(vector: readonly Sample[], names: readonly string[], direction: 1 | -1): Sample[] {
  return vector.toSorted((a, b) => direction * compared(a, b, names));
}

function compared(a: Sample, b: Sample, names: readonly string[]): number {
  for (const name of names) {
    const [x, y] = [a.labels.get(name), b.labels.get(name)];
    if (x !== y) return isNaturallyBefore(x, y) ? -1 : 1;
  }
  return compareLabels(a.labels, b.labels);
}
