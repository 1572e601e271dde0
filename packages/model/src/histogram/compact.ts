import type {Buckets, FloatHistogram} from './float-histogram.ts';
import {copyLayout} from './resolution.ts';

/** Drops the buckets whose count is 0. */
export function compact({positive, negative}: FloatHistogram): void {
  dropEmpty(positive);
  dropEmpty(negative);
}

function dropEmpty(buckets: Buckets): void {
  const {indexes, counts, length} = buckets;
  let kept = 0;
  for (let i = 0; i < length; i++) {
    if (counts[i] === 0) continue;
    indexes[kept] = indexes[i];
    counts[kept++] = counts[i];
  }
  buckets.length = kept;
}

/** Drops the buckets whose count and whose compensation are both 0, from both histograms. */
export function compactCompensated(histogram: FloatHistogram, missed: FloatHistogram): void {
  dropEmptyCompensated(histogram.positive, missed.positive);
  dropEmptyCompensated(histogram.negative, missed.negative);
}

function dropEmptyCompensated(buckets: Buckets, missed: Buckets): void {
  const {indexes, counts, length} = buckets;
  let kept = 0;
  for (let i = 0; i < length; i++) {
    if (counts[i] === 0 && missed.counts[i] === 0) continue;
    indexes[kept] = indexes[i];
    counts[kept] = counts[i];
    missed.counts[kept++] = missed.counts[i];
  }
  buckets.length = kept;
  copyLayout(buckets, missed);
}
