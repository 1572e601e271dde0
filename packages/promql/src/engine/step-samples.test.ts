// How many samples each step looks at and reads: the cases of upstream's TestQueryStatistics (promql/engine_test.go).
import assert from 'node:assert/strict';
import {test} from 'node:test';
import {KernelMemory} from '@narthex/kernels/kernel-memory.ts';
import {MemoryStorage} from '../memory-storage/memory-storage.ts';
import {load} from '../promqltest/load.ts';
import {readScript} from '../promqltest/read-script.ts';
import {instant, prepare, range} from './engine.ts';
import type {QueryRun} from './query-context.ts';
import type {QueryStats} from './query-stats.ts';

const SCRIPT = `load 10s
  one 1+1x100
  three{a="1",b="1"} 1+1x100
  three{a="2",b="2"} 1+1x100
  three{a="3",b="2"} 1+1x100
  histogram {{schema:1 count:5 sum:20 buckets:[1 2 1 1]}}+{{schema:1 count:10 sum:5 buckets:[1 2 3 4]}}x100
`;

const storage = new MemoryStorage();
for (const command of readScript(SCRIPT)) if (command.kind === 'load') load(storage, command);

function samplesOf(
  query: string,
  start: number,
  end: number,
  step: number,
  countsSteps: boolean,
): QueryStats['samples'] {
  const memory = new KernelMemory({maximumBytes: 1 << 24});
  const run: QueryRun = {querier: storage.querier(memory), memory, countsSteps};
  const prepared = prepare(query);
  const result =
    step === 0 ? instant(prepared, run, start * 1000) : range(prepared, run, start * 1000, end * 1000, step * 1000);
  return result.stats.samples;
}

type Case = [
  query: string,
  start: number,
  end: number,
  step: number,
  queryable: readonly number[],
  read: readonly number[],
];

const cases: Case[] = [
  ['"literal string"', 21, 21, 0, [0], [0]],
  ['1', 21, 21, 0, [0], [0]],
  ['one', 21, 21, 0, [1], [1]],
  ['histogram', 21, 21, 0, [13], [13]],
  ['timestamp(one)', 21, 21, 0, [1], [1]],
  ['timestamp(histogram)', 21, 21, 0, [1], [1]],
  ['one', 22, 22, 0, [1], [1]],
  ['one offset 10s', 21, 21, 0, [1], [1]],
  ['one @ 15', 21, 21, 0, [1], [1]],
  ['three{a="1"}', 21, 21, 0, [1], [1]],
  ['three{a="1"} @ 19', 21, 21, 0, [1], [1]],
  ['three{a="1"}[20s] @ 19', 21, 21, 0, [2], [2]],
  ['three', 21, 21, 0, [3], [3]],
  ['one[60s]', 201, 201, 0, [6], [6]],
  ['histogram[60s]', 201, 201, 0, [78], [78]],
  ['max_over_time(one[60s])[20s:5s]', 201, 201, 0, [24], [8]],
  ['max_over_time(one[61s])[20s:5s]', 201, 201, 0, [26], [8]],
  ['max_over_time(histogram[60s])[20s:5s]', 201, 201, 0, [312], [104]],
  ['one[60s] @ 30', 201, 201, 0, [4], [4]],
  ['histogram[60s] @ 30', 201, 201, 0, [52], [52]],
  ['sum(max_over_time(three[60s] @ 30))', 201, 201, 0, [12], [12]],
  ['sum by (b) (max_over_time(three[60s] @ 30))', 201, 201, 0, [12], [12]],
  ['one[60s] offset 10s', 201, 201, 0, [6], [6]],
  ['three[60s]', 201, 201, 0, [18], [18]],
  ['max_over_time(one[60s])', 201, 201, 0, [6], [6]],
  ['absent_over_time(one[60s])', 201, 201, 0, [6], [6]],
  ['max_over_time(three[60s])', 201, 201, 0, [18], [18]],
  ['one[60s:5s]', 201, 201, 0, [12], [12]],
  ['one[60s:5s] offset 10s', 201, 201, 0, [12], [12]],
  ['max_over_time(three[60s:5s])', 201, 201, 0, [36], [36]],
  ['sum(max_over_time(three[60s:5s])) + sum(max_over_time(three[60s:5s]))', 201, 201, 0, [72], [72]],
  ['three{a="1"}', 201, 220, 5, [1, 1, 1, 1], [1, 1, 1, 1]],
  ['three{a="1"}', 204, 223, 5, [1, 1, 1, 1], [1, 1, 1, 1]],
  ['histogram', 204, 223, 5, [13, 13, 13, 13], [13, 13, 13, 13]],
  ['timestamp(one)', 201, 220, 5, [1, 1, 1, 1], [1, 1, 1, 1]],
  ['timestamp(histogram)', 201, 220, 5, [1, 1, 1, 1], [1, 1, 1, 1]],
  ['max_over_time(three{a="1"}[10s])', 991, 1021, 10, [1, 1, 0, 0], [1, 1, 0, 0]],
  ['three{a="1"} offset 10s', 201, 220, 5, [1, 1, 1, 1], [1, 1, 1, 1]],
  ['max_over_time(three[60s] @ 30)', 201, 220, 5, [12, 12, 12, 12], [12, 0, 0, 0]],
  ['three', 201, 220, 5, [3, 3, 3, 3], [3, 3, 3, 3]],
  ['max_over_time(three[60s])', 201, 220, 5, [18, 18, 18, 18], [18, 0, 3, 0]],
  ['max_over_time(three[60s:5s])', 201, 216, 5, [36, 36, 36, 36], [36, 3, 3, 3]],
  ['max_over_time(three[60s:5s])', 201, 220, 5, [36, 36, 36, 36], [36, 3, 3, 3]],
  ['max_over_time(one[60s:5s])', 201, 220, 5, [12, 12, 12, 12], [12, 1, 1, 1]],
  ['sum by (b) (max_over_time(one[60s:5s]))', 201, 220, 5, [12, 12, 12, 12], [12, 1, 1, 1]],
  [
    'sum(max_over_time(three[60s:5s])) + sum(max_over_time(three[60s:5s]))',
    201,
    220,
    5,
    [72, 72, 72, 72],
    [72, 6, 6, 6],
  ],
  ['sum(max_over_time(three[60s:5s])) + sum(max_over_time(one[60s:5s]))', 201, 216, 5, [48, 48, 48, 48], [48, 4, 4, 4]],
  ['sum(max_over_time(three[60s:5s])) + sum(max_over_time(one[60s:5s]))', 201, 220, 5, [48, 48, 48, 48], [48, 4, 4, 4]],
  ['max_over_time(one[20s:10s])', 201, 201, 0, [2], [2]],
  ['sum_over_time(one[30s:30s])', 90, 90, 0, [1], [1]],
  ['max_over_time(one[30s:2m])', 240, 240, 0, [1], [1]],
  ['max_over_time(one[30s:10s])', 201, 231, 30, [3, 3], [3, 3]],
  ['max_over_time(one[20s:10s])', 201, 261, 10, [2, 2, 2, 2, 2, 2, 2], [2, 1, 1, 1, 1, 1, 1]],
  ['max_over_time(one[30s:10s])', 201, 261, 60, [3, 3], [3, 3]],
  ['histogram_count(max_over_time(histogram[20s:10s]))', 201, 201, 0, [26], [26]],
  ['avg_over_time(histogram[2m:1m])', 120, 240, 60, [26, 26, 26], [26, 13, 13]],
  ['max_over_time(three[60s:10s])', 200, 400, 30, [18, 18, 18, 18, 18, 18, 18], [18, 9, 9, 9, 9, 9, 9]],
  ['predict_linear(one[60s] @ 100, 60)', 100, 300, 100, [6, 6, 6], [6, 0, 0]],
  ['sum_over_time(three[20s:10s] @ 200)', 250, 250, 0, [6], [6]],
  ['sum_over_time(one[20s:10s] offset 1m)', 240, 240, 0, [2], [2]],
  ['sum_over_time(three[1m:10s] @ 200 offset 1m)', 300, 300, 0, [18], [18]],
  ['sum_over_time(max_over_time(three[60s] @ 300)[5m:1m] @ 600)[10m:2m]', 800, 800, 0, [75], [18]],
  ['rate(sum_over_time(one[30s])[1m:30s])', 240, 240, 0, [2], [6]],
];

const sum = (counts: readonly number[]): number => counts.reduce((a, b) => a + b, 0);

for (const [query, start, end, step, queryable, read] of cases) {
  test(`samples of ${query} from ${start} to ${end} by ${step}`, () => {
    const points = (counts: readonly number[]) => counts.map((count, i) => [start + i * step, count]);
    const each = samplesOf(query, start, end, step, true);
    assert.deepEqual(each.totalQueryableSamplesPerStep, points(queryable));
    assert.deepEqual(each.samplesReadPerStep, points(read));
    for (const totals of [each, samplesOf(query, start, end, step, false)]) {
      assert.deepEqual([totals.totalQueryableSamples, totals.samplesRead], [sum(queryable), sum(read)]);
    }
  });
}
