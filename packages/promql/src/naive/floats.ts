// Arithmetic of floats in upstream's order, to the last digit.

import {UndefinedUpstream} from './values.ts';

/** A sum with Neumaier's compensation `c`: [sum, c] with one more value. */
export function kahan(value: number, sum: number, c: number): [sum: number, c: number] {
  const total = sum + value;
  if (Math.abs(total) === Infinity) return [total, 0];
  if (Math.abs(sum) >= Math.abs(value)) return [total, c + (sum - total + value)];
  return [total, c + (value - total + sum)];
}

/** The mean: sum over number, or step by step from where the sum would overflow. */
export function meanOf(values: readonly number[]): number {
  let [sum, c] = [values[0], 0];
  let isIncremental = false;
  for (let count = 2; count <= values.length; count++) {
    const value = values[count - 1];
    if (!isIncremental) {
      const [nextSum, nextC] = kahan(value, sum, c);
      if (Math.abs(nextSum) !== Infinity) {
        [sum, c] = [nextSum, nextC];
        continue;
      }
      isIncremental = true;
      sum /= count - 1;
      c /= count - 1;
    }
    const q = (count - 1) / count;
    [sum, c] = kahan(value / count, q * sum, q * c);
  }
  return isIncremental ? sum + c : sum / values.length + c / values.length;
}

/** The quantile `q` of values in any order; NaN is the smallest of all. */
export function quantileOf(q: number, values: readonly number[]): number {
  if (values.length === 0 || Number.isNaN(q)) return NaN;
  if (q < 0) return -Infinity;
  if (q > 1) return Infinity;
  const sorted = goSorted(values, isSmaller);
  const rank = q * (sorted.length - 1);
  const lower = Math.max(0, Math.floor(rank));
  const upper = Math.min(sorted.length - 1, lower + 1);
  const weight = rank - Math.floor(rank);
  const result = sorted[lower] * (1 - weight) + sorted[upper] * weight;
  const hasBothZeros = values.some((x) => Object.is(x, 0)) && values.some((x) => Object.is(x, -0));
  if (result === 0 && hasBothZeros && values.length > 12) throw new UndefinedUpstream('the order of 0 and -0');
  return result;
}

/** Upstream's orders of values for sort, topk and quantile. NaN comes before everything, also before NaN. */
export const isSmaller = (a: number, b: number): boolean => Number.isNaN(a) || a < b;
export const isLarger = (a: number, b: number): boolean => Number.isNaN(a) || a > b;

/**
 * Sorted as Go's sort.Sort does up to 12 elements, where equal elements may change places if `isLess` holds for them both ways (NaN). Longer lists Go sorts by another
 * method; the order of equal elements is then not the one here.
 */
export function goSorted<T>(list: readonly T[], isLess: (a: T, b: T) => boolean): T[] {
  const sorted = [...list];
  for (let i = 1; i < sorted.length; i++) {
    for (let j = i; j > 0 && isLess(sorted[j], sorted[j - 1]); j--) swap(sorted, j, j - 1);
  }
  return sorted;
}

/** A binary heap as Go's container/heap keeps it: the order of its list is visible in results. */
export class GoHeap<T> {
  readonly list: T[] = [];
  readonly #isLess: (a: T, b: T) => boolean;

  constructor(isLess: (a: T, b: T) => boolean) {
    this.#isLess = isLess;
  }

  push(element: T): void {
    this.list.push(element);
    for (let child = this.list.length - 1; child > 0;) {
      const parent = (child - 1) >> 1;
      if (!this.#isLess(this.list[child], this.list[parent])) break;
      swap(this.list, parent, child);
      child = parent;
    }
  }

  /** Puts another element in place of the first one. */
  replaceFirst(element: T): void {
    this.list[0] = element;
    for (let parent = 0; ;) {
      let child = 2 * parent + 1;
      if (child >= this.list.length) return;
      if (child + 1 < this.list.length && this.#isLess(this.list[child + 1], this.list[child])) child++;
      if (!this.#isLess(this.list[child], this.list[parent])) return;
      swap(this.list, parent, child);
      parent = child;
    }
  }
}

function swap<T>(list: T[], i: number, j: number): void {
  [list[i], list[j]] = [list[j], list[i]];
}
