import {type Buckets, CUSTOM_BUCKETS_SCHEMA, type FloatHistogram} from './float-histogram.ts';
import {compensate} from './kahan.ts';

/** The bucket of a coarser schema that the bucket `index` falls into; `steps` is the difference of the schemas. */
export function coarserIndex(index: number, steps: number): number {
  return (((index - 1) >> (steps < 31 ? steps : 31)) + 1) | 0;
}

/** Merges the buckets of an exponential histogram into those of a coarser schema; a no-op when it has that schema. */
export function reduceResolution(histogram: FloatHistogram, schema: number): void {
  const steps = histogram.schema - schema;
  if (steps === 0) return;
  if (steps < 0 || histogram.schema === CUSTOM_BUCKETS_SCHEMA || schema === CUSTOM_BUCKETS_SCHEMA)
    throw new RangeError(`cannot reduce resolution from schema ${histogram.schema} to ${schema}`);
  mergeBuckets(histogram.positive, steps);
  mergeBuckets(histogram.negative, steps);
  histogram.schema = schema;
}

/** The buckets of a schema coarser by `steps`, in place. Counts are added in ascending order of their buckets. */
export function mergeBuckets(buckets: Buckets, steps: number): void {
  const {indexes, counts, length} = buckets;
  let last = -1;
  for (let i = 0; i < length; i++) {
    const index = coarserIndex(indexes[i], steps);
    if (last >= 0 && indexes[last] === index) counts[last] += counts[i];
    else {
      indexes[++last] = index;
      counts[last] = counts[i];
    }
  }
  buckets.length = last + 1;
}

/** `mergeBuckets` for sums with compensation: `missed` lists the same buckets and is merged alike. */
export function mergeCompensatedBuckets(buckets: Buckets, missed: Buckets, steps: number): void {
  const {indexes, counts, length} = buckets;
  let last = -1;
  for (let i = 0; i < length; i++) {
    const index = coarserIndex(indexes[i], steps);
    if (last >= 0 && indexes[last] === index) {
      addCompensated(buckets, missed, last, counts[i]);
      addCompensated(buckets, missed, last, missed.counts[i]);
    } else {
      indexes[++last] = index;
      counts[last] = counts[i];
      missed.counts[last] = missed.counts[i];
    }
  }
  buckets.length = last + 1;
  copyLayout(buckets, missed);
}

/** Adds to bucket `at` of the list and keeps what the sum misses in `missed`. */
export function addCompensated(buckets: Buckets, missed: Buckets, at: number, count: number): void {
  const sum = buckets.counts[at];
  missed.counts[at] = compensate(sum, count, missed.counts[at]);
  buckets.counts[at] = sum + count;
}

/** Makes `missed`, which has room for them, list the same buckets as `buckets`. */
export function copyLayout(buckets: Buckets, missed: Buckets): void {
  missed.length = buckets.length;
  for (let i = 0; i < buckets.length; i++) missed.indexes[i] = buckets.indexes[i];
}
