import {formatFloat} from '../value.ts';
import {BucketCursor} from './bucket-cursor.ts';
import type {FloatHistogram} from './float-histogram.ts';

const cursor = new BucketCursor();

/**
 * A histogram as the HTTP API gives it: `{"count":"3","sum":"4.5","buckets":[[3,"-0.1","0.1","1"],[0,"0.5","1","2"]]}`. Each bucket says which of its bounds
 * belong to it (0 the upper, 1 the lower, 2 none, 3 both), then its bounds and its count; buckets that count 0 are left out.
 */
export function histogramJson(histogram: FloatHistogram): string {
  let buckets = '';
  cursor.startUpwards(histogram);
  while (cursor.next()) {
    if (cursor.count === 0) continue;
    buckets += `${buckets === '' ? '' : ','}[${boundaryRule()},"${formatFloat(cursor.lower)}","${formatFloat(cursor.upper)}","${formatFloat(cursor.count)}"]`;
  }
  const totals = `"count":"${formatFloat(histogram.count)}","sum":"${formatFloat(histogram.sum)}"`;
  return buckets === '' ? `{${totals}}` : `{${totals},"buckets":[${buckets}]}`;
}

function boundaryRule(): number {
  if (cursor.isLowerInclusive) return cursor.isUpperInclusive ? 3 : 1;
  return cursor.isUpperInclusive ? 0 : 2;
}
