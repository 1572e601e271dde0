import assert from 'node:assert/strict';
import {test} from 'node:test';
import fc from 'fast-check';
import {KernelMemory} from '@narthex/kernels/kernel-memory.ts';
import {chainSamples} from './chain-samples.ts';
import {allocColumns} from '../chunk/sample-columns.ts';

/** The run whose sample is taken at each time. */
function chain(runs: readonly (readonly number[])[]): [time: number, run: number][] {
  const memory = new KernelMemory({maximumBytes: 1 << 22});
  const columns = runs.map((times, run) => {
    const made = allocColumns(memory, times.length);
    memory.f64.set(times, made.times / 8);
    memory.f64.fill(run, made.values / 8, made.values / 8 + times.length);
    memory.f64.fill(run, made.starts / 8, made.starts / 8 + times.length);
    return made;
  });
  const {times, values, starts, count} = chainSamples(memory, columns);
  return Array.from({length: count}, (_, i) => {
    assert.equal(memory.f64[starts / 8 + i], memory.f64[values / 8 + i]);
    return [memory.f64[times / 8 + i], memory.f64[values / 8 + i]];
  });
}

// As Prometheus' chain of iterators does, whose first member is the chunk that began second.
const cases: [name: string, runs: number[][], want: [number, number][]][] = [
  [
    'one after the other',
    [
      [3, 4],
      [1, 2],
    ],
    [
      [1, 1],
      [2, 1],
      [3, 0],
      [4, 0],
    ],
  ],
  [
    'the same times: the chunk that began first',
    [
      [1, 2, 3],
      [1, 2, 3],
    ],
    [
      [1, 1],
      [2, 1],
      [3, 1],
    ],
  ],
  [
    'the one that began later, once both are there',
    [
      [2, 3],
      [1, 2, 3],
    ],
    [
      [1, 1],
      [2, 0],
      [3, 0],
    ],
  ],
  [
    'an empty run',
    [[], [1], [2]],
    [
      [1, 1],
      [2, 2],
    ],
  ],
];
for (const [name, runs, want] of cases) test(`chain of samples: ${name}`, () => assert.deepEqual(chain(runs), want));

const times = fc.uniqueArray(fc.nat(60), {maxLength: 30}).map((list) => list.sort((a, b) => a - b));
test('every time once, in order, from a run that has it', () => {
  fc.assert(
    fc.property(fc.array(times, {minLength: 1, maxLength: 5}), (runs) => {
      const found = chain(runs);
      assert.deepEqual(
        found.map(([time]) => time),
        [...new Set(runs.flat())].sort((a, b) => a - b),
      );
      assert.ok(found.every(([time, run]) => runs[run].includes(time)));
    }),
  );
});
