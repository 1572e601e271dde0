import {Labels} from '@narthex/model/labels.ts';
import {compareUtf8} from '@narthex/model/utf8.ts';

// Flat lists name, value, name, value... of the labels of a line.

/**
 * The label set of `pairs`, which become the property of the result. Most lines have their labels in order and need
 * nothing more than that to be seen. Of equal names the last wins.
 */
export function labelsOf(pairs: string[]): Labels {
  return namesRise(pairs) && !hasEmptyValue(pairs) ? Labels.fromSorted(pairs) : Labels.of(pairsOf(pairs));
}

/** The first name that comes again in the list. */
export function duplicateName(pairs: readonly string[]): string | undefined {
  if (namesRise(pairs)) return undefined;
  const seen = new Set<string>();
  for (let i = 0; i < pairs.length; i += 2) {
    if (seen.has(pairs[i])) return pairs[i];
    seen.add(pairs[i]);
  }
  return undefined;
}

function namesRise(pairs: readonly string[]): boolean {
  for (let i = 2; i < pairs.length; i += 2) if (compareUtf8(pairs[i - 2], pairs[i]) >= 0) return false;
  return true;
}

function hasEmptyValue(pairs: readonly string[]): boolean {
  for (let i = 1; i < pairs.length; i += 2) if (pairs[i].length === 0) return true;
  return false;
}

function* pairsOf(pairs: readonly string[]): Generator<[name: string, value: string]> {
  for (let i = 0; i < pairs.length; i += 2) yield [pairs[i], pairs[i + 1]];
}
