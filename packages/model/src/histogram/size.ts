import type {Buckets, FloatHistogram} from './float-histogram.ts';

/** Bytes of the bare structure in upstream's memory; a span, a bucket and a bound take 8 bytes each. */
const STRUCTURE_BYTES = 168;

/** The bytes that the histogram takes in upstream's memory. Limits and statistics of queries count a histogram by them, 16 bytes being one float sample. */
export function upstreamBytes({positive, negative, customBounds}: FloatHistogram): number {
  const words = countRuns(positive) + countRuns(negative) + positive.length + negative.length + customBounds.length;
  return STRUCTURE_BYTES + 8 * words;
}

/** Runs of buckets with consecutive indexes: upstream's spans. */
function countRuns({indexes, length}: Buckets): number {
  let runs = length > 0 ? 1 : 0;
  for (let i = 1; i < length; i++) if (indexes[i] !== indexes[i - 1] + 1) runs++;
  return runs;
}
