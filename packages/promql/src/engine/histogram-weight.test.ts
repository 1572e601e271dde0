import assert from 'node:assert/strict';
import {test} from 'node:test';
import {KernelMemory} from '@narthex/kernels/kernel-memory.ts';
import {FloatHistogram} from '@narthex/model/histogram/float-histogram.ts';
import {Labels} from '@narthex/model/labels.ts';
import {bitsOf, MemoryStorage} from '../memory-storage/memory-storage.ts';
import {prepare, range} from './engine.ts';

const MINUTE = 60_000;
const name = Labels.of([['__name__', 'm']]);

/** Two histograms with one bucket, which upstream's 184 bytes and a time make 12 samples each, and two floats. */
function mixed(): MemoryStorage {
  const storage = new MemoryStorage();
  const histogram = new FloatHistogram();
  histogram.positive.push(3, 1);
  storage.appendHistogram(name, MINUTE, histogram);
  storage.appendHistogram(name, 2 * MINUTE, histogram);
  storage.append(name, 3 * MINUTE, bitsOf(5));
  storage.append(name, 4 * MINUTE, bitsOf(7));
  return storage;
}

/** Samples looked at and read at one and four minutes. Without buckets a histogram weighs 11. */
const cases: [query: string, queryable: number, read: number][] = [
  ['m', 12 + 1, 12 + 1],
  ['timestamp(m)', 2, 2],
  ['histogram_count(m)', 11 + 1, 11 + 1],
  ['m smoothed', 0, 0],
  ['count_over_time(m[3m])', 12 + 14, 12 + 14],
  ['count_over_time(m[4m])', 12 + 26, 12 + 14],
  ['rate(m[4m])', 12 + 26, 12 + 14],
  ['histogram_sum(rate(m[4m]))', 11 + 24, 11 + 13],
  ['max_over_time(m[1m])', 12 + 1, 12 + 1],
];
for (const [query, queryable, read] of cases) {
  test(`samples of histograms count by their size: ${query}`, () => {
    const memory = new KernelMemory({maximumBytes: 2 ** 24});
    const run = {querier: mixed().querier(memory), memory};
    const result = range(prepare(query, {extendedRangeSelectors: true}), run, MINUTE, 4 * MINUTE, 3 * MINUTE);
    assert.equal(result.stats.samples.totalQueryableSamples, queryable);
    assert.equal(result.stats.samples.samplesRead, read);
    result.release();
  });
}
