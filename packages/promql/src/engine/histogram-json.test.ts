import assert from 'node:assert/strict';
import {test} from 'node:test';
import {KernelMemory} from '@narthex/kernels/kernel-memory.ts';
import {FloatHistogram} from '@narthex/model/histogram/float-histogram.ts';
import {Labels} from '@narthex/model/labels.ts';
import {STALE_NAN_BITS} from '@narthex/model/stale.ts';
import {bitsOf, MemoryStorage} from '../memory-storage/memory-storage.ts';
import {instant, prepare, range} from './engine.ts';
import {CHUNK_BYTES, writeResultJson} from './json-writer.ts';
import type {QueryResult} from './query-result.ts';

/** A histogram that counted `count` observations of 1.5, and -3 once where `isSigned`. */
function histogramOf(count: number, isSigned = false): FloatHistogram {
  const histogram = new FloatHistogram();
  histogram.count = count + Number(isSigned);
  histogram.sum = 1.5 * count - 3 * Number(isSigned);
  histogram.positive.push(1, count);
  if (isSigned) histogram.negative.push(2, 1);
  return histogram;
}

const storage = new MemoryStorage();
const mixed = Labels.of([['__name__', 'mixed']]);
storage.append(mixed, 0, bitsOf(7));
storage.appendHistogram(mixed, 60_000, histogramOf(2, true));
storage.append(mixed, 120_000, bitsOf(-0.5));
storage.appendHistogram(mixed, 180_500, histogramOf(0));
storage.append(mixed, 181_000, STALE_NAN_BITS);
const pure = Labels.of([['__name__', 'pure']]);
for (const [i, count] of [3, 4].entries()) storage.appendHistogram(pure, i * 60_000, histogramOf(count));

function answer(
  evaluate: (run: {querier: ReturnType<MemoryStorage['querier']>; memory: KernelMemory}) => QueryResult,
): string {
  const memory = new KernelMemory({maximumBytes: 1 << 24});
  const pieces = [...writeResultJson(evaluate({querier: storage.querier(memory), memory}))];
  return Buffer.concat(pieces).toString();
}

const buckets = (count: number) => `{"count":"${count}","sum":"${1.5 * count}","buckets":[[0,"1","2","${count}"]]}`;
const signed = '{"count":"3","sum":"0","buckets":[[1,"-4","-2","1"],[0,"1","2","2"]]}';
const empty = '{"count":"0","sum":"0"}';

const instants: readonly [query: string, timeMs: number, result: string][] = [
  ['pure', 61_001, `"vector","result":[{"metric":{"__name__":"pure"},"histogram":[61.001,${buckets(4)}]}]`],
  ['mixed', 60_000, `"vector","result":[{"metric":{"__name__":"mixed"},"histogram":[60,${signed}]}]`],
  ['mixed', 120_000, '"vector","result":[{"metric":{"__name__":"mixed"},"value":[120,"-0.5"]}]'],
  ['mixed', 181_000, '"vector","result":[]'],
  [
    'label_replace({__name__=~"mixed|pure"}, "a", "b", "", "")',
    60_000,
    `"vector","result":[{"metric":{"__name__":"mixed","a":"b"},"histogram":[60,${signed}]},` +
      `{"metric":{"__name__":"pure","a":"b"},"histogram":[60,${buckets(4)}]}]`,
  ],
  // A range vector shows samples at their own times.
  [
    'mixed[5m]',
    190_000,
    '"matrix","result":[{"metric":{"__name__":"mixed"},"values":[[0,"7"],[120,"-0.5"]],' +
      `"histograms":[[60,${signed}],[180.500,${empty}]]}]`,
  ],
  ['pure[1m]', 60_000, `"matrix","result":[{"metric":{"__name__":"pure"},"histograms":[[60,${buckets(4)}]]}]`],
];
for (const [query, timeMs, wanted] of instants) {
  test(`the answer to ${query} at ${timeMs}`, () => {
    assert.equal(
      answer((run) => instant(prepare(query), run, timeMs)),
      `{"resultType":${wanted}}`,
    );
  });
}

test('rows of a matrix list floats, histograms or both', () => {
  assert.equal(
    answer((run) => range(prepare('{__name__=~"mixed|pure"}'), run, 0, 120_000, 60_000)),
    '{"resultType":"matrix","result":[{"metric":{"__name__":"mixed"},"values":[[0,"7"],[120,"-0.5"]],' +
      `"histograms":[[60,${signed}]]},{"metric":{"__name__":"pure"},` +
      `"histograms":[[0,${buckets(3)}],[60,${buckets(4)}],[120,${buckets(4)}]]}]}`,
  );
  assert.equal(
    answer((run) => range(prepare('histogram_count(pure)'), run, 0, 60_000, 60_000)),
    '{"resultType":"matrix","result":[{"metric":{},"values":[[0,"3"],[60,"4"]]}]}',
  );
});

test('a limit leaves out rows of histograms', () => {
  const text = answer((run) => {
    const result = instant(prepare('{__name__=~"mixed|pure"}'), run, 60_000);
    assert.equal(result.limitRows(1), true);
    return result;
  });
  assert.equal(text, `{"resultType":"vector","result":[{"metric":{"__name__":"mixed"},"histogram":[60,${signed}]}]}`);
});

test('large answers come in pieces, and a histogram larger than a piece in one of its own', () => {
  const many = new MemoryStorage();
  for (let series = 0; series < 3; series++) {
    const labels = Labels.of([['series', String(series)]]);
    for (let i = 0; i < 40; i++) {
      if (i % 2 === 1) many.append(labels, i * 1000, bitsOf(i));
      else {
        const histogram = new FloatHistogram();
        histogram.schema = 8;
        for (let b = 0; b < (i === 20 ? 6000 : 400); b++) histogram.positive.push(b - 200, b + 0.5);
        many.appendHistogram(labels, i * 1000, histogram);
      }
    }
  }
  const memory = new KernelMemory({maximumBytes: 1 << 26});
  const run = {querier: many.querier(memory), memory};
  const pieces = [...writeResultJson(range(prepare('{series=~".+"}', {lookbackMs: 1000}), run, 0, 39_000, 1000))];
  const large = pieces.filter(({length}) => length > CHUNK_BYTES);
  assert.equal(large.length, 3);
  assert.ok(pieces.length > 6);
  interface Row {
    readonly values: [number, string][];
    readonly histograms: [number, {buckets: [number, string, string, string][]}][];
  }
  const {result} = JSON.parse(Buffer.concat(pieces).toString()) as {result: Row[]};
  assert.equal(result.length, 3);
  for (const {values, histograms} of result) {
    assert.deepEqual(
      values,
      Array.from({length: 20}, (_, i) => [2 * i + 1, String(2 * i + 1)]),
    );
    assert.deepEqual(
      histograms.map(([time, {buckets: listed}]) => [time, listed.length]),
      Array.from({length: 20}, (_, i) => [2 * i, i === 10 ? 6000 : 400]),
    );
    assert.equal(histograms[19][1].buckets[399][3], '399.5');
  }
});
