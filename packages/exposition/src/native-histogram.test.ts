import assert from 'node:assert/strict';
import {test} from 'node:test';
import {SpanBuckets, SpanWriter} from './native-histogram.ts';
import {histogramText} from './entry-lines.test-data.ts';
import {NativeHistogram} from './native-histogram.ts';

/** What a writer makes of spans, as offset:counts. */
function written(spans: readonly [offset: number, ...counts: number[]][], emptyMax = 0): string {
  const histogram = new NativeHistogram();
  const writer = new SpanWriter(histogram.positive, emptyMax);
  for (const [offset, ...counts] of spans) {
    writer.skip(offset);
    for (const count of counts) writer.add(count);
  }
  return histogramText(histogram).replace(/^int 0\/0 schema 0( \+ )?/, '');
}

const cases: [what: string, spans: [number, ...number[]][], emptyMax: number, want: string][] = [
  ['nothing', [], 0, ''],
  ['buckets side by side', [[-2, 1, 2]], 0, '-2:1,2'],
  ['empty buckets go', [[1, 0, 0, 3, 0, 4, 0]], 0, '3:3 1:4'],
  ['two between others may stay', [[1, 0, 3, 0, 0, 4, 0, 0, 0, 5, 0]], 2, '2:3,0,0,4 3:5'],
  ['spans that touch are one', [[1, 1], [0, 2], [0], [1, 3]], 0, '1:1,2 1:3'], // prettier-ignore
  ['spans close by too, when that many may stay', [[1, 1], [2, 2], [3, 3]], 2, '1:1,0,0,2 3:3'], // prettier-ignore
  ['a span that is empty is a gap', [[1, 1], [1, 0, 0], [2, 3]], 0, '1:1 5:3'], // prettier-ignore
  ['overlap stays to be seen', [[1, 1, 1], [-1, 2]], 0, '1:1,1 -1:2'], // prettier-ignore
];
for (const [what, spans, emptyMax, want] of cases) test(what, () => assert.equal(written(spans, emptyMax), want));

test('spans that overlap are a fault', () => {
  const buckets = new SpanBuckets();
  const writer = new SpanWriter(buckets, 0);
  for (const offset of [-5, 2]) {
    writer.skip(offset);
    writer.add(1);
  }
  assert.equal(buckets.spanFault(), undefined);
  writer.skip(-2);
  writer.add(1);
  assert.equal(buckets.spanFault(), 'span number 3 with offset -2: histogram has a span whose offset is negative');
});
