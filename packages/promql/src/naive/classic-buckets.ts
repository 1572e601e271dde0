import type {ForcedBuckets} from './notes.ts';

/** A bucket of a classic histogram: how many observations are at or below its bound. */
export interface Bucket {
  readonly bound: number;
  readonly count: number;
}

const SMALL_DELTA = 1e-12;
const NORMAL_MIN = 2 ** -1022;

/** Sorted by bound, equal bounds put together. */
function coalesced(buckets: readonly Bucket[]): Bucket[] {
  const result: Bucket[] = [];
  for (const bucket of buckets.toSorted((a, b) => (a.bound < b.bound ? -1 : Number(a.bound > b.bound)))) {
    const last = result.at(-1);
    if (last?.bound === bucket.bound) result[result.length - 1] = {bound: last.bound, count: last.count + bucket.count};
    else result.push(bucket);
  }
  return result;
}

/** The estimated quantile, and what had to be changed for it. */
export function bucketQuantile(
  q: number,
  unsorted: readonly Bucket[],
): {value: number; forced: ForcedBuckets | undefined} {
  if (Number.isNaN(q)) return {value: NaN, forced: undefined};
  if (q < 0) return {value: -Infinity, forced: undefined};
  if (q > 1) return {value: Infinity, forced: undefined};
  const sorted = coalesced(unsorted);
  if (sorted.at(-1)!.bound !== Infinity) return {value: NaN, forced: undefined};
  const {buckets, forced} = monotonic(sorted);
  const observations = buckets.at(-1)!.count;
  if (buckets.length < 2 || observations === 0) return {value: NaN, forced};
  return {value: atRank(q * observations, buckets), forced};
}

function atRank(rank: number, buckets: readonly Bucket[]): number {
  const last = buckets.length - 1;
  const found = searched(last, (i) => buckets[i].count >= rank);
  if (found === last) return buckets[last - 1].bound;
  if (found === 0 && buckets[0].bound <= 0) return buckets[0].bound;
  const below = found === 0 ? {bound: 0, count: 0} : buckets[found - 1];
  const {bound, count} = buckets[found];
  return below.bound + (bound - below.bound) * ((rank - below.count) / (count - below.count));
}

/** Go's sort.Search: by halving, which matters where a NaN makes `holds` change more than once. */
function searched(length: number, holds: (i: number) => boolean): number {
  let [low, high] = [0, length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (holds(middle)) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** Counts that never fall: tiny differences are levelled, larger ones also noted. */
function monotonic(buckets: readonly Bucket[]): {buckets: Bucket[]; forced: ForcedBuckets | undefined} {
  let before = buckets[0].count;
  const forced: {bound: number; diff: number}[] = [];
  const result = buckets.map(({bound, count}, i) => {
    if (i === 0 || count === before) return {bound, count};
    if (!isAlmostEqual(before, count)) {
      if (!(count < before)) {
        before = count;
        return {bound, count};
      }
      forced.push({bound, diff: before - count});
    }
    return {bound, count: before};
  });
  if (forced.length === 0) return {buckets: result, forced: undefined};
  const bounds = forced.map(({bound}) => bound);
  const maxDiff = Math.max(...forced.map(({diff}) => diff));
  return {buckets: result, forced: {minBound: Math.min(...bounds), maxBound: Math.max(...bounds), maxDiff}};
}

function isAlmostEqual(a: number, b: number): boolean {
  if ((Number.isNaN(a) && Number.isNaN(b)) || a === b) return true;
  const sum = Math.abs(a) + Math.abs(b);
  const difference = Math.abs(a - b);
  if (a === 0 || b === 0 || sum < NORMAL_MIN) return difference < SMALL_DELTA * NORMAL_MIN;
  return difference / Math.min(sum, Number.MAX_VALUE) < SMALL_DELTA;
}

/** The estimated share of observations between two values. */
export function bucketFraction(lower: number, upper: number, unsorted: readonly Bucket[]): number {
  const buckets = coalesced(unsorted);
  if (buckets.at(-1)!.bound !== Infinity) return NaN;
  const {count} = buckets.at(-1)!;
  if (count === 0 || Number.isNaN(lower) || Number.isNaN(upper)) return NaN;
  if (lower >= upper) return 0;
  const capped = (rank: number | undefined) => (rank === undefined || rank > count ? count : rank);
  return (capped(rankOf(upper, buckets)) - capped(rankOf(lower, buckets))) / count;
}

/** Observations at or below `value`; undefined above all bounds. */
function rankOf(value: number, buckets: readonly Bucket[]): number | undefined {
  let lower = buckets[0].bound <= 0 ? -Infinity : 0;
  let rank = 0;
  for (const {bound, count} of buckets) {
    if (lower >= value) return rank;
    if (bound > value) {
      if (lower === -Infinity) return count;
      return rank + ((count - rank) * (value - lower)) / (bound - lower);
    }
    lower = bound;
    rank = count;
  }
  return undefined;
}
