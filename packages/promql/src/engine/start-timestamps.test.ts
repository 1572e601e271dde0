import assert from 'node:assert/strict';
import {test} from 'node:test';
import {isStartOverlap, isStartReset} from './start-timestamps.ts';

type Pair = [previousStart: number, previousTime: number, start: number, time: number];

const cases: [name: string, pair: Pair, isReset: boolean, isOverlap: boolean][] = [
  ['unknown starts', [0, 10, 0, 20], false, false],
  ['one start for both', [5, 10, 5, 20], false, false],
  ['a start between the samples', [5, 10, 15, 20], true, false],
  ['a start between, the one before unknown', [0, 10, 15, 20], true, false],
  ['a start at the sample before: a delta', [5, 10, 10, 20], true, false],
  ['a start at the sample before, whose start is unknown', [0, 10, 10, 20], false, false],
  ['a start at the sample before, which starts at itself', [10, 10, 10, 20], false, false],
  ['a start at the sample before, which starts behind itself', [12, 10, 10, 20], false, false],
  ['a start at the sample itself says nothing', [5, 10, 20, 20], false, false],
  ['a start behind the sample is nonsense', [5, 10, 25, 20], false, false],
  ['another start before the sample before', [5, 10, 7, 20], false, true],
  ['an earlier start', [5, 10, 3, 20], false, true],
  ['a start before a sample whose start is unknown', [0, 10, 7, 20], false, true],
];
for (const [name, [previousStart, previousTime, start, time], wantReset, wantOverlap] of cases) {
  test(name, () => {
    assert.equal(isStartReset(previousStart, previousTime, start, time), wantReset);
    assert.equal(isStartOverlap(previousStart, previousTime, start), wantOverlap);
  });
}
