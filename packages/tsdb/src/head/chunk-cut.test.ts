import assert from 'node:assert/strict';
import {test} from 'node:test';
import fc from 'fast-check';
import {type PlainSample, chunkStarts} from './reference-head.ts';
import {TestHead, bitsOf} from './testing-head.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
/** A multiple of two hours. */
const T0 = 236_112 * 2 * HOUR;

interface Chunk {
  readonly minTime: number;
  readonly maxTime: number;
  readonly samples: number;
  readonly length: number;
}

/** The chunks that a head makes of one series. */
function chunksOf(samples: readonly PlainSample[]): Chunk[] {
  const test = new TestHead();
  for (let i = 0; i < samples.length; i += 100) {
    const batch = samples.slice(i, i + 100);
    // Half a range back is in bounds only if the head's time comes along.
    assert.equal(test.append(batch).stored, batch.length);
  }
  const [chunks] = test
    .select(-Infinity, Infinity, (set, i) => Array.from({length: set.chunkCount(i)}, (_, k) => set.copyChunk(i, k)))
    .values();
  return chunks!.map(({minTime, maxTime, samples, length}) => ({minTime, maxTime, samples, length}));
}

const every = (stepMs: number, count: number, from = T0, value: (i: number) => number = () => 1): PlainSample[] =>
  Array.from({length: count}, (_, i) => ({series: 1, time: from + i * stepMs, bits: bitsOf(value(i))}));

// What Prometheus makes of these, worked out by its rules.
const cases: [name: string, samples: PlainSample[], want: number[]][] = [
  ['every 15 s: four chunks of 120 in two hours', every(15_000, 480), [120, 120, 120, 120]],
  ['every 60 s: one chunk a range', every(MINUTE, 240), [120, 120]],
  ['every 30 s: two chunks a range', every(30_000, 240), [120, 120]],
  ['every 20 s: three chunks a range', every(20_000, 360), [120, 120, 120]],
  ['every 5 min: the range ends first', every(5 * MINUTE, 48), [24, 24]],
  ['every second: the plan counts a millisecond more a chunk', every(1000, 241), [117, 117, 7]],
  ['from the middle of a range', every(15_000, 300, T0 + HOUR), [120, 120, 60]],
  ['before the epoch, where ranges meet at zero', every(MINUTE, 60, -30 * MINUTE), [60]],
];
for (const [name, samples, want] of cases) {
  test(`cut: ${name}`, () => {
    const chunks = chunksOf(samples);
    assert.deepEqual(
      chunks.map((chunk) => chunk.samples),
      want,
    );
    assert.equal(chunks[0]!.minTime, samples[0]!.time);
    assert.equal(chunks.at(-1)!.maxTime, samples.at(-1)!.time);
  });
}

test('cut: at 240 samples when they come faster than planned', () => {
  const samples = [...every(15_000, 31), ...every(10, 500, T0 + 31 * 15_000)];
  assert.deepEqual(
    chunksOf(samples).map((chunk) => chunk.samples),
    [240, 117, 117, 57],
  );
});

test('cut: before a chunk has more than 1024 bytes', () => {
  // No two values have a bit pattern in common, so that each takes some 70 bits.
  const noise = (i: number) =>
    (i % 2 === 0 ? 1 : -1) * 2 ** (((i * 7919) % 2000) - 1000) * (1 + ((i * 48271) % 65537) / 65537.1);
  const chunks = chunksOf(every(15_000, 480, T0, noise));
  assert.ok(chunks.length > 4);
  assert.ok(chunks.some(({length}) => length > 1005));
  for (const chunk of chunks) assert.ok(chunk.length <= 1024, JSON.stringify(chunk));
});

test('cut: as upstream for any times', () => {
  const gap = fc.oneof(
    {weight: 8, arbitrary: fc.integer({min: 1, max: 40_000})},
    {weight: 1, arbitrary: fc.integer({min: 1, max: 3 * HOUR})},
  );
  // Gaps repeat, or hardly a chunk would be planned.
  const runs = fc.array(fc.tuple(gap, fc.integer({min: 1, max: 150})), {minLength: 1, maxLength: 12});
  fc.assert(
    fc.property(runs, fc.integer({min: -HOUR, max: 4 * HOUR}), fc.boolean(), (gaps, offset, old) => {
      const clock = {time: (old ? 0 : T0) + offset};
      const times = gaps.flatMap(([ms, count]) => Array.from({length: count}, () => (clock.time += ms)));
      const samples = times.map((time) => ({series: 1, time, bits: bitsOf(1)}));
      assert.deepEqual(
        chunksOf(samples).map((chunk) => chunk.minTime),
        chunkStarts(times, 2 * HOUR),
      );
    }),
    {numRuns: 60},
  );
});
