import assert from 'node:assert/strict';
import {test} from 'node:test';
import fc from 'fast-check';
import {RunMerge} from './merge-runs.ts';

/** What the merge gives: [run, time, whether it stands directly behind the one before], run by run of `runs`. */
function merged(runs: readonly (readonly number[])[]): [run: number, time: number, consecutive: boolean][] {
  const starts = [0];
  for (const run of runs) starts.push(starts.at(-1)! + run.length);
  const times = Float64Array.from(runs.flat());
  const merge = new RunMerge();
  merge.begin(times, starts, runs.length);
  const result: [number, number, boolean][] = [];
  for (let at = merge.next(); at >= 0; at = merge.next()) {
    result.push([starts.findLastIndex((start) => start <= at), times[at]!, merge.isConsecutive]);
  }
  return result;
}

// Upstream: storage/merge.go, chainSampleIterator. At a tie the run that is left loses.
const cases: Record<string, {runs: number[][]; want: [number, number, boolean][]}> = {
  'one run': {
    runs: [[1, 2]],
    want: [
      [0, 1, false],
      [0, 2, true],
    ],
  },
  'a run within another': {
    runs: [
      [1, 9],
      [4, 5],
    ],
    want: [
      [0, 1, false],
      [1, 4, false],
      [1, 5, true],
      [0, 9, false],
    ],
  },
  'a tie at the beginning': {
    runs: [
      [1, 3],
      [1, 2],
    ],
    want: [
      [1, 1, false],
      [1, 2, false],
      [0, 3, false],
    ],
  },
  'a tie in the middle': {
    runs: [
      [1, 5, 7],
      [5, 8],
    ],
    want: [
      [0, 1, false],
      [1, 5, false],
      [0, 7, false],
      [1, 8, false],
    ],
  },
  'the same twice': {
    runs: [
      [1, 2],
      [1, 2],
    ],
    want: [
      [1, 1, false],
      [1, 2, false],
    ],
  },
  'nothing in the first run': {runs: [[], [1]], want: [[1, 1, false]]},
  'nothing at all': {runs: [[], []], want: []},
};
for (const [name, {runs, want}] of Object.entries(cases)) {
  test(`merging: ${name}`, () => assert.deepEqual(merged(runs), want));
}

test('each time comes once, in order', () => {
  const run = fc.uniqueArray(fc.nat({max: 60}), {maxLength: 20}).map((times) => times.sort((a, b) => a - b));
  fc.assert(
    fc.property(fc.array(run, {minLength: 1, maxLength: 9}), (runs) => {
      const want = [...new Set(runs.flat())].sort((a, b) => a - b);
      const got = merged(runs);
      assert.deepEqual(
        got.map(([, time]) => time),
        want,
      );
      for (const [from, time] of got) assert.ok(runs[from]!.includes(time));
    }),
  );
});
