import assert from 'node:assert/strict';
import {test} from 'node:test';
import {KernelMemory} from '@narthex/kernels/kernel-memory.ts';
import {COUNTER_RESET, type CounterReset, FloatHistogram} from '@narthex/model/histogram/float-histogram.ts';
import {readRecord} from '@narthex/model/histogram/record.ts';
import {Labels} from '@narthex/model/labels.ts';
import {Matcher} from '@narthex/model/matcher.ts';
import {STALE_NAN_BITS} from '@narthex/model/stale.ts';
import {HISTOGRAM_HIGH} from '../storage.ts';
import {bitsOf, floatOf, MemoryStorage, OrderError} from './memory-storage.ts';

const {unknown, reset, notReset, gauge} = COUNTER_RESET;
const up = Labels.of([['__name__', 'up']]);

interface Plain {
  hint?: CounterReset;
  schema?: number;
  zeroThreshold?: number;
  zeroCount?: number;
  count?: number;
  bounds?: number[];
  /** Index and count, one after the other. */
  positive?: [number, number][];
  negative?: [number, number][];
}

function histogramOf(plain: Plain): FloatHistogram {
  const histogram = new FloatHistogram();
  histogram.counterReset = plain.hint ?? unknown;
  histogram.schema = plain.schema ?? 0;
  histogram.zeroThreshold = plain.zeroThreshold ?? 0;
  histogram.zeroCount = plain.zeroCount ?? 0;
  histogram.count = plain.count ?? 0;
  histogram.customBounds = Float64Array.from(plain.bounds ?? []);
  for (const [index, count] of plain.positive ?? []) histogram.positive.push(index, count);
  for (const [index, count] of plain.negative ?? []) histogram.negative.push(index, count);
  return histogram;
}

/** A storage with one series, a sample a minute; `stale` and numbers are floats. */
function storageOf(samples: readonly (Plain | number | 'stale')[], stepMs = 60_000): MemoryStorage {
  const storage = new MemoryStorage();
  for (const [i, sample] of samples.entries()) {
    if (typeof sample === 'object') storage.appendHistogram(up, i * stepMs, histogramOf(sample));
    else storage.append(up, i * stepMs, sample === 'stale' ? STALE_NAN_BITS : bitsOf(sample));
  }
  return storage;
}

const hintsOf = (storage: MemoryStorage) => storage.series[0].samples.map(({histogram}) => histogram?.counterReset);

const hints: [name: string, samples: (Plain | number | 'stale')[], want: (CounterReset | undefined)[]][] = [
  [
    'the first is unknown, later ones are no reset',
    [{count: 1}, {count: 1}, {count: 2}],
    [unknown, notReset, notReset],
  ],
  ['a smaller count begins a chunk', [{count: 2}, {count: 1}, {count: 1}], [unknown, unknown, notReset]],
  [
    'a given reset begins a chunk, and is not read back',
    [{}, {hint: reset}, {hint: reset}],
    [unknown, unknown, unknown],
  ],
  [
    'given no reset is not believed',
    [
      {count: 2, hint: notReset},
      {count: 1, hint: notReset},
    ],
    [unknown, unknown],
  ],
  [
    'gauges stay gauges',
    [
      {hint: gauge, count: 5},
      {hint: gauge, count: 1},
    ],
    [gauge, gauge],
  ],
  ['a counter after a gauge', [{hint: gauge}, {}, {}], [gauge, unknown, notReset]],
  ['a gauge after a counter', [{}, {hint: gauge}, {}], [unknown, gauge, unknown]],
  ['another schema', [{}, {schema: 1}], [unknown, unknown]],
  ['another zero threshold', [{}, {zeroThreshold: 0.1}], [unknown, unknown]],
  ['a smaller zero count', [{zeroCount: 2}, {zeroCount: 1}], [unknown, unknown]],
  [
    'other bounds',
    [
      {schema: -53, bounds: [1]},
      {schema: -53, bounds: [2]},
    ],
    [unknown, unknown],
  ],
  ['a smaller bucket', [{positive: [[3, 2]]}, {positive: [[3, 1]]}], [unknown, unknown]],
  ['a smaller negative bucket', [{negative: [[3, 2]]}, {negative: [[3, 1]]}], [unknown, unknown]],
  ['a bucket that is gone', [{positive: [[3, 2]]}, {positive: [[4, 9]]}], [unknown, unknown]],
  ['an empty bucket that is gone', [{positive: [[3, 0]]}, {positive: [[4, 9]]}], [unknown, notReset]],
  [
    'a new bucket',
    [
      {positive: [[3, 1]]},
      {
        positive: [
          [1, 1],
          [3, 1],
        ],
      },
    ],
    [unknown, notReset],
  ],
  ['a float between', [{}, 1, {}], [unknown, undefined, unknown]],
  ['a stale marker between', [{}, 'stale', {}, {}], [unknown, undefined, unknown, notReset]],
];
for (const [name, samples, want] of hints) {
  test(`hints: ${name}`, () => assert.deepEqual(hintsOf(storageOf(samples)), want));
}

test('hints: a day ends a chunk', () => {
  const eightHours = 8 * 3_600_000;
  assert.deepEqual(hintsOf(storageOf([{}, {}, {}, {}, {}], eightHours)), [
    unknown,
    notReset,
    notReset,
    unknown,
    notReset,
  ]);
});

test('the histograms of a chunk list the same buckets', () => {
  const storage = storageOf([
    {positive: [[2, 1]]},
    {
      positive: [
        [0, 1],
        [2, 1],
      ],
    },
    {
      positive: [
        [0, 1],
        [2, 1],
        [7, 3],
      ],
    },
    {count: -1, positive: [[2, 1]]},
  ]);
  const listed = storage.series[0].samples.map(({histogram}) => {
    const {indexes, counts, length} = histogram!.positive;
    return Array.from({length}, (_, i) => [indexes[i], counts[i]]);
  });
  assert.deepEqual(listed, [
    [
      [0, 0],
      [2, 1],
      [7, 0],
    ],
    [
      [0, 1],
      [2, 1],
      [7, 0],
    ],
    [
      [0, 1],
      [2, 1],
      [7, 3],
    ],
    [[2, 1]],
  ]);
});

test('an appended histogram is copied', () => {
  const storage = new MemoryStorage();
  const histogram = histogramOf({count: 1, hint: reset});
  storage.appendHistogram(up, 0, histogram, 7);
  histogram.count = 2;
  assert.equal(histogram.counterReset, reset);
  const [{startMs, histogram: stored}] = storage.series[0].samples;
  assert.deepEqual([startMs, stored!.count], [7, 1]);
});

test('floats get to their place, histograms only to the end', () => {
  const storage = storageOf([1, 2]);
  storage.append(up, 30_000, bitsOf(7), 5);
  storage.append(up, 60_000, bitsOf(8));
  const plain = storage.series[0].samples.map(({timeMs, startMs, bits}) => [timeMs, startMs, bits]);
  assert.deepEqual(plain, [
    [0, 0, bitsOf(1)],
    [30_000, 5, bitsOf(7)],
    [60_000, 0, bitsOf(8)],
  ]);
  assert.throws(() => storage.appendHistogram(up, 60_000, new FloatHistogram()), OrderError);
  storage.appendHistogram(up, 90_000, new FloatHistogram());
  assert.throws(() => storage.append(up, 70_000, 0n), OrderError);
});

test('series come in the order of their creation', () => {
  const storage = new MemoryStorage();
  for (const name of ['b', 'a', 'b', 'c']) storage.append(Labels.of([['__name__', name]]), 0, 0n);
  assert.deepEqual(
    storage.series.map(({labels}) => labels.get('__name__')),
    ['b', 'a', 'c'],
  );
});

/** Reads a series as the engine does: time, start and value of each sample; the count stands for a histogram. */
function readAll(storage: MemoryStorage, startMs: number, endMs: number, form: 'read' | 'readNewest' = 'read') {
  const memory = new KernelMemory({maximumBytes: 4 * 1024 * 1024});
  const set = storage.querier(memory).select([new Matcher('=', '__name__', 'up')], startMs, endMs);
  const max = Math.max(1, set.samplesMax(0));
  const [times, values, starts] = [memory.alloc(max * 8, 8), memory.alloc(max * 8, 8), memory.alloc(max * 8, 8)];
  const count = set[form](0, times, values, {starts, histogram: (bytes) => memory.alloc(bytes, 8)});
  assert.ok(count <= set.samplesMax(0));
  const sheet = new FloatHistogram();
  return Array.from({length: count}, (_, i) => {
    const word = memory.u64[(values >>> 3) + i];
    const isHistogram = word >> 32n === BigInt(HISTOGRAM_HIGH);
    if (isHistogram) readRecord(memory, Number(word & 0xffff_ffffn), sheet);
    const value = isHistogram ? `{${sheet.count} ${sheet.counterReset}}` : floatOf(word);
    return [memory.f64[(times >>> 3) + i], memory.f64[(starts >>> 3) + i], value];
  });
}

test('samples are read within both borders', () => {
  const storage = storageOf([1, 2, {count: 3}, {count: 4}, 5]);
  storage.append(up, 300_000, bitsOf(6), 7);
  const all = [
    [0, 0, 1],
    [60_000, 0, 2],
    [120_000, 0, `{3 ${unknown}}`],
    [180_000, 0, `{4 ${notReset}}`],
    [240_000, 0, 5],
    [300_000, 7, 6],
  ];
  assert.deepEqual(readAll(storage, 0, 300_000), all);
  assert.deepEqual(readAll(storage, -1, 1e12), all);
  assert.deepEqual(readAll(storage, 60_000, 180_000), all.slice(1, 4));
  assert.deepEqual(readAll(storage, 60_001, 239_999), all.slice(2, 4));
  assert.deepEqual(readAll(storage, 300_001, 400_000), []);
  assert.deepEqual(readAll(storage, 60_001, 239_999, 'readNewest'), [all[3]]);
  assert.deepEqual(readAll(storage, 60_001, 119_999, 'readNewest'), []);
});

test('a NaN that looks like a histogram is read as a plain one', () => {
  const storage = new MemoryStorage();
  storage.append(up, 0, 0x7ff0000100000040n);
  assert.deepEqual(readAll(storage, 0, 0), [[0, 0, NaN]]);
});
