import assert from 'node:assert/strict';
import {test} from 'node:test';
import {runWithReaders, WORD_PROGRESS} from '../arena/testing-threads.ts';
import {clusterLabels} from './synthetic-series.ts';
import {TestIndex} from './testing.ts';

test('readers select every series that was added, and none that does not match, while more are added', async () => {
  const index = new TestIndex(64);
  const reports = await runWithReaders(
    index.arena,
    new URL('testing-reader.ts', import.meta.url),
    'select',
    2,
    (step) => {
      const labels = clusterLabels(step);
      labels.splice(8, 0, 'id', String(step));
      assert.equal(index.add(labels), step);
      Atomics.store(index.arena.i32, WORD_PROGRESS, step + 1);
      index.arena.epochs.reclaim(8);
      return step < 20_000;
    },
  );
  assert.deepEqual(
    reports.flatMap((report) => report.faults),
    [],
  );
  for (const {rounds} of reports) assert.ok(rounds > 6, `${rounds} rounds`);
});
