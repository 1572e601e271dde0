import assert from 'node:assert/strict';
import {test} from 'node:test';
import fc from 'fast-check';
import {StorageError} from '../errors.ts';
import type {OutOfOrderLog, OutOfOrderPiece} from './commit-log.ts';
import type {PlainSample} from './reference-head.ts';
import {LateReference} from './reference-late.ts';
import {TestHead, bitsOf} from './testing-head.ts';
import type {SeriesRef} from './types.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const T0 = 236_112 * 2 * HOUR;

const sample = (series: number, time: number, value: number | bigint = time): PlainSample => ({
  series,
  time: T0 + time,
  bits: typeof value === 'bigint' ? value : bitsOf(value),
});

const STORED = 0;
const DUPLICATE = 1;
const CONFLICT = 2;
const OUT_OF_ORDER = 3;
const OUT_OF_BOUNDS = 4;
const TOO_OLD = 5;
const LATE = 7;

interface StatusCase {
  readonly window: number;
  readonly batches: PlainSample[][];
  readonly want: number[];
}

// Upstream: tsdb/head_append.go, memSeries.appendable, and ooo_head.go, Insert.
const cases: Record<string, StatusCase> = {
  'no window: out of order': {window: 0, batches: [[sample(1, 9)], [sample(1, 8)]], want: [STORED, OUT_OF_ORDER]},
  'no window: out of bounds': {
    window: 0,
    batches: [[sample(1, 0)], [sample(1, -HOUR - 1)]],
    want: [STORED, OUT_OF_BOUNDS],
  },
  'older than the newest': {window: HOUR, batches: [[sample(1, 9)], [sample(1, 8)]], want: [STORED, LATE]},
  'older only because of one in the same batch': {
    window: HOUR,
    batches: [[sample(1, 9), sample(1, 8)]],
    want: [STORED, LATE],
  },
  'at the edge of the window': {window: HOUR, batches: [[sample(1, HOUR)], [sample(1, 0)]], want: [STORED, LATE]},
  'beyond the window': {window: HOUR, batches: [[sample(1, HOUR)], [sample(1, -1)]], want: [STORED, TOO_OLD]},
  'beyond the window and the bounds': {
    window: MINUTE,
    batches: [[sample(1, 3 * HOUR)], [sample(1, 0)]],
    want: [STORED, TOO_OLD],
  },
  'within the bounds a small window does not matter to a new series': {
    window: 1,
    batches: [[sample(1, HOUR)], [sample(2, 0)]],
    want: [STORED, STORED],
  },
  'the first sample of a series below the bounds': {
    window: 4 * HOUR,
    batches: [[sample(1, 3 * HOUR)], [sample(2, 0)]],
    want: [STORED, LATE],
  },
  'newer than its series but below the bounds': {
    window: 9 * HOUR,
    batches: [[sample(2, 0)], [sample(1, 8 * HOUR)], [sample(2, HOUR)]],
    want: [STORED, STORED, LATE],
  },
  'the newest sample again': {
    window: HOUR,
    batches: [[sample(1, 9)], [sample(1, 9), sample(1, 9, 0)]],
    want: [STORED, DUPLICATE, CONFLICT],
  },
  'the newest sample again, below the bounds': {
    window: 9 * HOUR,
    batches: [[sample(1, 0)], [sample(2, 8 * HOUR)], [sample(1, 0)]],
    want: [STORED, STORED, LATE],
  },
  'a time that an open sample has is silently dropped, whatever the value': {
    window: HOUR,
    batches: [[sample(1, 9)], [sample(1, 5), sample(1, 5, 1)], [sample(1, 5, 2)]],
    want: [STORED, LATE, DUPLICATE, DUPLICATE],
  },
  'a time that a sample in order has, not the newest': {
    window: HOUR,
    batches: [[sample(1, 8), sample(1, 9)], [sample(1, 8)]],
    want: [STORED, STORED, LATE],
  },
  'the window is measured from the newest sample before the batch': {
    window: HOUR,
    batches: [[sample(1, 0)], [sample(2, 9 * HOUR), sample(1, -HOUR)]],
    want: [STORED, STORED, LATE],
  },
  'the first sample of all decides what time it is': {
    window: HOUR,
    batches: [[sample(1, 0), sample(2, -HOUR - 1), sample(2, -HOUR)]],
    want: [STORED, TOO_OLD, STORED],
  },
};
for (const [name, {window, batches, want}] of Object.entries(cases)) {
  test(`statuses: ${name}`, () => {
    const head = new TestHead({outOfOrderWindowMs: window});
    const statuses: number[] = [];
    for (const batch of batches) head.append(batch, statuses);
    assert.deepEqual(statuses, want);
  });
}

test('samples are counted by what became of them', () => {
  const head = new TestHead({outOfOrderWindowMs: MINUTE});
  head.append([sample(1, 2 * MINUTE)]);
  const outcome = head.append([sample(1, 2 * MINUTE - 1), sample(1, 2 * MINUTE - 1), sample(1, 0)]);
  assert.deepEqual([outcome.stored, outcome.storedOutOfOrder, outcome.duplicates, outcome.tooOld], [1, 1, 1, 1]);
  const {samplesAppended, outOfOrderAppended, tooOld} = head.head.counters;
  assert.deepEqual([samplesAppended, outOfOrderAppended, tooOld], [2, 1, 1]);
  assert.equal(head.head.outOfOrder.minTime, T0 + 2 * MINUTE - 1);
  assert.equal(head.head.maxTime, T0 + 2 * MINUTE);
});

test('the window may change', () => {
  const head = new TestHead();
  const statuses: number[] = [];
  head.append([sample(1, 9)], statuses);
  for (const windowMs of [0, 5, 0]) {
    head.head.outOfOrder.windowMs = windowMs;
    head.append([sample(1, 5)], statuses);
  }
  assert.deepEqual(statuses, [STORED, OUT_OF_ORDER, LATE, OUT_OF_ORDER]);
});

const timesOf = (head: TestHead, series: number, startMs = -Infinity, endMs = Infinity): number[] =>
  (head.readAll(startMs, endMs).get(String(series)) ?? []).map(({time}) => time - T0);

test('a series with nothing in order is found and read', () => {
  const head = new TestHead({outOfOrderWindowMs: 9 * HOUR});
  head.append([sample(1, 8 * HOUR)]);
  head.append([sample(2, 5), sample(2, 3)]);
  assert.deepEqual(timesOf(head, 2), [3, 5]);
  assert.deepEqual(timesOf(head, 2, T0 + 4, T0 + 5), [5]);
  assert.deepEqual(timesOf(head, 2, T0 + 6), []);
  assert.equal(head.readNewest(-Infinity, T0 + 4).get('2')![0]!.time, T0 + 3);
});

/** Runs a sliced piece of work to its end. */
function finish(work: {step(limit: number): boolean}, limit = 500): void {
  for (let steps = 0; !work.step(limit); steps++) assert.ok(steps < 10_000, 'the work does not end');
}

const sampleOf = fc.record({series: fc.integer({min: 0, max: 3}), step: fc.integer({min: -40, max: 12})});
const action = fc.oneof(
  {
    weight: 12,
    arbitrary: fc.record({kind: fc.constant('append'), samples: fc.array(sampleOf, {maxLength: 40, size: 'max'})}),
  },
  {weight: 1, arbitrary: fc.record({kind: fc.constant('close')})},
  {
    weight: 2,
    arbitrary: fc.record({
      series: fc.integer({min: 0, max: 3}),
      from: fc.integer({min: -60, max: 20}),
      length: fc.nat({max: 60}),
    }),
  },
  {weight: 1, arbitrary: fc.record({kind: fc.constant('window'), minutes: fc.integer({min: 0, max: 60})})},
);

/** The head has at each time one of the values that the reference knows there, and no other times. */
function compare(head: TestHead, reference: LateReference, startMs: number, endMs: number): void {
  const found = head.readAll(startMs, endMs);
  const newest = head.readNewest(startMs, endMs);
  for (const name of reference.series.keys()) {
    const want = reference.read(name, startMs, endMs);
    const got = found.get(String(name)) ?? [];
    assert.deepEqual(
      got.map(({time}) => time - T0),
      [...want.keys()].map((time) => time - T0),
    );
    for (const {time, bits} of got) assert.ok(want.get(time)!.includes(bits), `series ${name} at ${time - T0}`);
    assert.equal(newest.get(String(name))?.[0]?.time, got.at(-1)?.time);
  }
}

test('reads what a plain list has, and decides as it does', () => {
  fc.assert(
    fc.property(fc.array(action, {maxLength: 60, size: 'max'}), fc.nat(), fc.nat(), (actions, a, b) => {
      const head = new TestHead({outOfOrderWindowMs: HOUR});
      const reference = new LateReference(2 * HOUR);
      reference.windowMs = HOUR;
      let now = 0;
      let value = 0;
      for (const act of actions) {
        if ('samples' in act) {
          now += 3;
          const batch = act.samples.map(({series, step}) => sample(series, (now + step) * MINUTE, value++));
          const statuses: number[] = [];
          head.append(batch, statuses);
          assert.deepEqual(statuses, reference.append(batch));
        } else if ('length' in act) {
          const [from, to] = [now + act.from, now + act.from + act.length].map((time) => T0 + time * MINUTE);
          head.head.delete([head.series(act.series)], from!, to!, head.memory);
          reference.delete(act.series, from!, to!);
        } else if ('minutes' in act) {
          head.head.outOfOrder.windowMs = reference.windowMs = act.minutes * MINUTE;
        } else {
          finish(head.head.outOfOrder.close(head.memory));
          reference.close();
        }
      }
      compare(head, reference, -Infinity, Infinity);
      const [from, to] = [a % (now + 50), b % (now + 50)]
        .sort((x, y) => x - y)
        .map((time) => T0 + (time - 20) * MINUTE);
      compare(head, reference, from!, to!);
    }),
    {numRuns: 150},
  );
});

test('chunks are closed when there are 32 samples, as upstream', () => {
  const head = new TestHead({outOfOrderWindowMs: HOUR});
  head.append([sample(1, 1000)]);
  for (let i = 0; i < 33; i++) head.append([sample(1, i)]);
  const counts = head.select(-Infinity, Infinity, (set, i) => set.outOfOrderCount(i));
  assert.deepEqual([...counts.values()], [1]);
  const copy = head.select(-Infinity, Infinity, (set, i) => set.copyOutOfOrder(i, 0)).get('1')!;
  assert.deepEqual([copy.samples, copy.minTime - T0, copy.maxTime - T0, copy.encoding], [32, 0, 31, 1]);
  assert.equal(timesOf(head, 1).length, 34);
});

test('what was there when a closing ended goes, what came later stays', () => {
  const head = new TestHead({outOfOrderWindowMs: 9 * HOUR});
  const {outOfOrder} = head.head;
  head.append([sample(1, 8 * HOUR), sample(2, 8 * HOUR)]);
  for (let i = 0; i < 100; i++) head.append([sample(1, i), sample(2, i), sample(3, i)]);
  const closing = outOfOrder.close(head.memory);
  finish(closing);
  for (let i = 200; i < 240; i++) head.append([sample(1, i)]);
  assert.equal(timesOf(head, 1).length, 141);
  const bytes = head.head.segmentBytes;
  finish(outOfOrder.truncate(closing.boundary));
  assert.deepEqual([timesOf(head, 1).length, timesOf(head, 2).length, timesOf(head, 3).length], [41, 1, 0]);
  assert.deepEqual([outOfOrder.minTime - T0, outOfOrder.maxTime - T0], [200, 239]);
  assert.ok(head.head.segmentBytes < bytes);
  const last = outOfOrder.close(head.memory);
  finish(last);
  finish(outOfOrder.truncate(last.boundary));
  assert.deepEqual([outOfOrder.minTime, outOfOrder.maxTime], [Infinity, -Infinity]);
});

test('memory comes back', () => {
  const head = new TestHead({outOfOrderWindowMs: 9 * HOUR});
  head.append([sample(1, 8 * HOUR)]);
  const {slabs, epochs} = head.head.arena;
  let free = 0;
  for (let round = 0; round < 6; round++) {
    for (let i = 0; i < 300; i++) head.append([sample(1, i), sample(2, 300 - i)]);
    const closing = head.head.outOfOrder.close(head.memory);
    finish(closing);
    finish(head.head.outOfOrder.truncate(closing.boundary));
    epochs.reclaim(Infinity);
    slabs.trim();
    if (round === 1) free = slabs.freeBytes;
  }
  assert.equal(slabs.freeBytes, free);
  assert.equal(epochs.retiredCount, 0);
});

test('a truncation of what is in order keeps series that have samples out of order', () => {
  const head = new TestHead({outOfOrderWindowMs: 9 * HOUR});
  head.append([sample(1, 0), sample(2, 0)]);
  head.append([sample(3, 8 * HOUR)]);
  head.append([sample(1, 5)]);
  for (let round = 0; round < 3; round++) finish(head.head.truncate(T0 + 4 * HOUR));
  assert.deepEqual([timesOf(head, 1), timesOf(head, 2)], [[5], []]);
  assert.equal(head.head.seriesCount, 2);
  const closing = head.head.outOfOrder.close(head.memory);
  finish(closing);
  finish(head.head.outOfOrder.truncate(closing.boundary));
  for (let round = 0; round < 2; round++) finish(head.head.truncate(T0 + 4 * HOUR));
  assert.equal(head.head.seriesCount, 1);
});

interface LoggedPiece {
  readonly markers: [ref: number, chunk: number][];
  readonly samples: [ref: number, time: number][];
}

class FakeLateLog implements OutOfOrderLog {
  readonly commits: LoggedPiece[][] = [];
  isFailing = false;

  log(pieces: readonly OutOfOrderPiece[]): void {
    if (this.isFailing) throw new StorageError('wal_write', 'no space left on device');
    this.commits.push(
      pieces.map(({memory: {f64}, ...at}) => ({
        markers: Array.from({length: at.markerCount}, (_, i) => [
          f64[at.markerRefs / 8 + i]!,
          f64[at.markerChunks / 8 + i]!,
        ]),
        samples: Array.from({length: at.sampleCount}, (_, i) => [
          f64[at.sampleRefs / 8 + i]!,
          f64[at.sampleTimes / 8 + i]! - T0,
        ]),
      })),
    );
  }
}

/** Says that it has written chunks, one after the other. */
class FakeKeeper {
  file = 0;
  fileOffset = 0;
  isFailing = false;
  readonly kept: [ref: number, isOutOfOrder: boolean][] = [];

  keep(ref: SeriesRef, _minTime: number, _maxTime: number, _encoding: number, _data: Uint8Array, late: boolean): void {
    this.kept.push([ref, late]);
    this.file = this.isFailing ? 0 : 2;
    this.fileOffset = this.isFailing ? 0 : this.kept.length * 100;
  }
}

const MARKED = 2 * 2 ** 32 + 100;

test('the log gets markers between the samples in the chunk and those after it', () => {
  const head = new TestHead({outOfOrderWindowMs: HOUR});
  const log = new FakeLateLog();
  const keeper = new FakeKeeper();
  head.head.outOfOrder.attachLog(log);
  head.head.outOfOrder.keepChunks(keeper);
  head.append([sample(1, 1000), sample(2, 1000)]);
  head.append(Array.from({length: 30}, (_, i) => sample(1, i)));
  head.append([sample(1, 30), sample(2, 7), sample(1, 31), sample(1, 32), sample(1, 32), sample(1, 20)]);
  const [one, two] = [head.head.ref(head.series(1)), head.head.ref(head.series(2))];
  assert.equal(log.commits[0]![0]!.samples.length, 30);
  assert.deepEqual(log.commits[1], [
    {
      markers: [],
      samples: [
        [one, 30],
        [one, 31],
        [two, 7],
      ],
    },
    {
      markers: [[one, MARKED]],
      samples: [
        [one, 32],
        [one, 20],
      ],
    },
  ]);
  assert.deepEqual(keeper.kept, [[one, true]]);
});

test('a chunk that is not on disk has no marker', () => {
  const head = new TestHead({outOfOrderWindowMs: HOUR});
  const log = new FakeLateLog();
  const keeper = new FakeKeeper();
  keeper.isFailing = true;
  head.head.outOfOrder.attachLog(log);
  head.head.outOfOrder.keepChunks(keeper);
  head.append([sample(1, 1000)]);
  head.append(Array.from({length: 33}, (_, i) => sample(1, i)));
  assert.deepEqual(
    log.commits[0]!.map(({markers, samples}) => [markers.length, samples.length]),
    [
      [0, 32],
      [0, 1],
    ],
  );
});

test('when its log fails nothing out of order is stored, all else is, and the same samples may come again', () => {
  const head = new TestHead({outOfOrderWindowMs: HOUR});
  const log = new FakeLateLog();
  head.head.outOfOrder.attachLog(log);
  head.append([sample(1, 1000), ...Array.from({length: 32}, (_, i) => sample(1, i))]);
  const before = head.head.arena.slabs.freeBytes;
  log.isFailing = true;
  const batch = [sample(2, 1000), sample(1, 500), sample(1, 1001)];
  for (let attempt = 0; attempt < 3; attempt++) {
    assert.throws(() => head.append(batch), {code: 'wal_write'});
    assert.deepEqual([timesOf(head, 1).length, timesOf(head, 2).length], [34, 1]);
  }
  assert.equal(head.head.counters.outOfOrderAppended, 32);
  log.isFailing = false;
  const statuses: number[] = [];
  head.append(batch, statuses);
  assert.deepEqual(statuses, [DUPLICATE, LATE, DUPLICATE]);
  assert.ok(head.head.arena.slabs.freeBytes <= before);
});

test('samples and chunks come back', () => {
  const head = new TestHead();
  const {memory} = head;
  const slot = head.series(1);
  head.append([sample(1, 1000)]);
  const replay = (times: number[]): void => {
    const slots = memory.alloc(times.length * 4);
    const columns = memory.alloc(times.length * 16);
    for (const [i, time] of times.entries()) {
      memory.u32[slots / 4 + i] = slot;
      memory.f64[columns / 8 + i] = T0 + time;
      memory.f64[columns / 8 + times.length + i] = time;
    }
    const values = columns + times.length * 8;
    head.head.outOfOrder.replay({memory, slots, times: columns, values, statuses: 0, count: times.length});
  };
  const donor = new TestHead({outOfOrderWindowMs: HOUR});
  donor.append([sample(1, 1000), sample(1, 3), sample(1, 2)]);
  finish(donor.head.outOfOrder.close(donor.memory));
  const chunk = donor.select(-Infinity, Infinity, (set, i) => {
    const copy = set.copyOutOfOrder(i, 0);
    return {...copy, bytes: donor.readerMemory.u8.slice(copy.address, copy.address + copy.length)};
  });
  const found = chunk.get('1')!;
  head.head.outOfOrder.replayChunk(memory, slot, {...found, file: 1, fileOffset: 8}, found.bytes);
  replay([3, 2]);
  assert.deepEqual(timesOf(head, 1), [2, 3, 1000]);
  head.head.outOfOrder.replayMarker(memory, slot);
  replay([7, 5, 5]);
  assert.deepEqual(timesOf(head, 1), [2, 3, 5, 7, 1000]);
  assert.deepEqual([head.head.outOfOrder.minTime - T0, head.head.outOfOrder.maxTime - T0], [2, 7]);
  assert.equal(head.head.counters.outOfOrderAppended, 0);
});

test('a reader that began before keeps reading what was there', () => {
  const head = new TestHead({outOfOrderWindowMs: HOUR});
  head.append([sample(1, 1000)]);
  for (let i = 0; i < 20; i++) head.append([sample(1, 2 * i)]);
  const mark = head.readerMemory.mark();
  head.reader.begin();
  const set = head.reader.select([], -Infinity, Infinity);
  for (let i = 0; i < 20; i++) head.append([sample(1, 2 * i + 1)]);
  const closing = head.head.outOfOrder.close(head.memory);
  finish(closing);
  const truncation = head.head.outOfOrder.truncate(closing.boundary);
  for (let i = 0; i < 20; i++) assert.equal(truncation.step(10_000), false, 'it waits for the reader');
  assert.equal(head.read(set, 0).length, 21);
  head.reader.end();
  head.readerMemory.release(mark);
  finish(truncation);
  assert.deepEqual(timesOf(head, 1), [1000]);
});
