import assert from 'node:assert/strict';
import {test} from 'node:test';
import fc from 'fast-check';
import {WORD_COMMIT} from '../arena/layout.ts';
import {type PlainSample, ReferenceHead} from './reference-head.ts';
import {TestHead, bitsOf} from './testing-head.ts';

const STALE = 0x7ff0000000000002n;
const HOUR = 3_600_000;
const T0 = 1_700_000_000_000;

const sample = (series: number, time: number, value: number | bigint = 1): PlainSample => ({
  series,
  time,
  bits: typeof value === 'bigint' ? value : bitsOf(value),
});

const plain = (samples: readonly PlainSample[]) => samples.map(({time, bits}) => [time, bits]);

const cases: [name: string, batches: PlainSample[][], statuses: number[]][] = [
  ['samples in order', [[sample(1, T0), sample(1, T0 + 1)]], [0, 0]],
  ['the same sample again', [[sample(1, T0)], [sample(1, T0)]], [0, 1]],
  ['the same sample twice in a batch', [[sample(1, T0), sample(1, T0)]], [0, 1]],
  ['another value at the newest time', [[sample(1, T0), sample(1, T0, 2)]], [0, 2]],
  ['zeros of both signs differ', [[sample(1, T0, 0)], [sample(1, T0, -0)]], [0, 2]],
  ['stale markers equal themselves', [[sample(1, T0, STALE)], [sample(1, T0, STALE)]], [0, 1]],
  ['stale markers are no other NaN', [[sample(1, T0, STALE)], [sample(1, T0, NaN)]], [0, 2]],
  ['older than the newest', [[sample(1, T0)], [sample(1, T0 - 1)]], [0, 3]],
  ['older than one in the same batch', [[sample(1, T0 + 5), sample(1, T0)]], [0, 3]],
  ['an equal sample that is not the newest', [[sample(1, T0), sample(1, T0 + 1), sample(1, T0)]], [0, 0, 3]],
  ['half a range back', [[sample(1, T0)], [sample(2, T0 - HOUR)]], [0, 0]],
  ['more than half a range back', [[sample(1, T0)], [sample(2, T0 - HOUR - 1)]], [0, 4]],
  ['out of bounds goes before out of order', [[sample(1, T0)], [sample(1, T0 - HOUR - 1)]], [0, 4]],
  ['the first sample decides what time it is', [[sample(1, T0), sample(2, T0 - HOUR - 1)]], [0, 4]],
  ['bounds move between batches only', [[sample(1, T0), sample(1, T0 + 9 * HOUR), sample(2, T0)]], [0, 0, 0]],
  ['a rejected sample hides nothing', [[sample(1, T0), sample(1, T0 - 1), sample(1, T0 + 1)]], [0, 3, 0]],
];
for (const [name, batches, want] of cases) {
  test(`statuses: ${name}`, () => {
    const head = new TestHead();
    const statuses: number[] = [];
    for (const batch of batches) head.append(batch, statuses);
    assert.deepEqual(statuses, want);
  });
}

test('samples before the end of the last block are out of bounds', () => {
  const head = new TestHead();
  head.head.minValidTime = T0;
  const statuses: number[] = [];
  head.append([sample(1, T0 - 1), sample(1, T0)], statuses);
  assert.deepEqual(statuses, [4, 0]);
});

test('an empty batch changes nothing', () => {
  const head = new TestHead();
  assert.equal(head.append([]).stored, 0);
  assert.equal(head.head.maxTime, -Infinity);
});

const bits = fc.oneof(
  fc.constantFrom(STALE, bitsOf(0), bitsOf(-0), bitsOf(NaN), bitsOf(Infinity)),
  fc.integer({min: 0, max: 9}).map(bitsOf),
  fc.double().map(bitsOf),
);
const batch = fc.array(
  fc.record({series: fc.nat(12), step: fc.integer({min: -3, max: 40}), far: fc.nat(60).map((n) => n === 0), bits}),
  {maxLength: 120},
);

/** Batches whose times go on from batch to batch, with jumps, repeats and steps back. */
function timed(batches: readonly {series: number; step: number; far: boolean; bits: bigint}[][]): PlainSample[][] {
  const now = {time: T0};
  return batches.map((list) =>
    list.map(({series, step, far, bits}) => {
      now.time += far ? HOUR / 3 : step * 250;
      return {series, time: now.time, bits};
    }),
  );
}

test('reads what a plain list of samples has, and decides as it does', () => {
  const batches = fc.array(batch, {minLength: 1, maxLength: 40}).map(timed);
  fc.assert(
    fc.property(batches, fc.nat(), fc.nat(), (all, a, b) => {
      const head = new TestHead();
      const reference = new ReferenceHead(2 * HOUR);
      for (const list of all) {
        const statuses: number[] = [];
        head.append(list, statuses);
        assert.deepEqual(statuses, reference.append(list));
      }
      const span = reference.maxTime - T0 + 1000;
      const start = T0 + (a % span);
      const end = start + (b % span);
      checkReads(head, reference, -Infinity, Infinity);
      checkReads(head, reference, start, end);
    }),
    {numRuns: 60},
  );
});

function checkReads(head: TestHead, reference: ReferenceHead, start: number, end: number): void {
  const read = head.readAll(start, end);
  const newest = head.readNewest(start, end);
  for (const [name, [first, last, samples]] of head.extents(start, end)) {
    if (samples === 0) continue;
    const within = read.get(name)!.filter(({time}) => time >= first && time <= last);
    assert.deepEqual([within.length, within[0]!.time, within.at(-1)!.time], [samples, first, last]);
  }
  for (const series of reference.samples.keys()) {
    const want = plain(reference.read(series, start, end));
    assert.deepEqual(plain(read.get(String(series)) ?? []), want);
    assert.deepEqual(plain(newest.get(String(series)) ?? []), want.slice(-1));
  }
}

test('many samples of few series fill chunks of all sizes', () => {
  const head = new TestHead();
  const reference = new ReferenceHead(2 * HOUR);
  const noise = {state: 1};
  for (let i = 0; i < 1500; i++) {
    const list = Array.from({length: 5}, (_, series) => {
      noise.state = (noise.state * 48271) % 2147483647;
      const value = [1, i, noise.state / 7, noise.state % 10, i * 0.1][series]!;
      return sample(series, T0 + i * 15_000 + (noise.state % (series + 1)), value);
    });
    head.append(list);
    reference.append(list);
  }
  checkReads(head, reference, -Infinity, Infinity);
  checkReads(head, reference, T0 + 5 * HOUR, T0 + 5.5 * HOUR);
  assert.equal(head.head.counters.samplesAppended, 7500);
  assert.ok(head.head.chunkCount > 60);
});

for (const last of [0x7fff_ffff, -1]) {
  test(`numbers of commits wrap around after ${last}`, () => {
    const head = new TestHead();
    const reference = new ReferenceHead(2 * HOUR);
    Atomics.store(head.head.arena.i32, WORD_COMMIT, last - 20);
    for (let i = 0; i < 300; i++) {
      const list = [sample(i % 3, T0 + i * 1000, i), sample(3, T0 + i * 1000, i)];
      head.append(list);
      reference.append(list);
      if (i < 50) checkReads(head, reference, -Infinity, Infinity);
    }
    checkReads(head, reference, -Infinity, Infinity);
  });
}
