import assert from 'node:assert/strict';
import {test} from 'node:test';
import {KernelMemory} from '@narthex/kernels/kernel-memory.ts';
import {COUNTER_RESET, FloatHistogram} from '@narthex/model/histogram/float-histogram.ts';
import {counterResetOfRecord, readRecord, recordBytes, writeRecord} from '@narthex/model/histogram/record.ts';
import {CHUNK_FLOAT_HISTOGRAM, CHUNK_FLOAT_HISTOGRAM_START} from '../chunk/encoding.ts';
import {HISTOGRAM_HIGH, type SampleExtras} from '../chunk/extras.ts';
import {TestHead, bitsOf} from './testing-head.ts';

const HOUR = 3_600_000;
const T0 = 1_700_000_000_000;

function histogram(count: number): FloatHistogram {
  const made = new FloatHistogram();
  made.schema = 0;
  made.count = count;
  made.sum = count * 2;
  made.zeroThreshold = 0.001;
  made.zeroCount = count;
  return made;
}

/** Append histograms with so many observations at these times, and their starts; gives how many were stored out of order. */
function append(head: TestHead, samples: readonly [time: number, count: number, start: number][]): number {
  const {memory} = head;
  const slot = head.series(1);
  const mark = memory.mark();
  const records = samples.map(([, count]) => {
    const made = histogram(count);
    const at = memory.alloc(recordBytes(made));
    writeRecord(memory, at, made);
    return at;
  });
  const {length} = samples;
  const [slots, statuses] = [memory.alloc(length * 4), memory.alloc(length)];
  const [times, values, starts] = [memory.alloc(length * 8), memory.alloc(length * 8), memory.alloc(length * 8)];
  for (const [i, [time, , start]] of samples.entries()) {
    memory.u32[slots / 4 + i] = slot;
    memory.f64[times / 8 + i] = T0 + time;
    memory.u32[values / 4 + 2 * i] = records[i]!;
    memory.u32[values / 4 + 2 * i + 1] = HISTOGRAM_HIGH;
    memory.f64[starts / 8 + i] = start;
  }
  const outcome = head.head.append({memory, slots, statuses, times, values, starts, count: length});
  memory.release(mark);
  return outcome.storedOutOfOrder;
}

/** Room for what a read gives, in the memory of a test's reader. */
class Room implements SampleExtras {
  readonly #memory: KernelMemory;
  readonly times: number;
  readonly values: number;
  readonly starts: number;

  constructor(memory: KernelMemory, samples: number) {
    this.#memory = memory;
    this.times = memory.alloc(samples * 8);
    this.values = memory.alloc(samples * 8);
    this.starts = memory.alloc(samples * 8);
    memory.u8.fill(0, this.starts, this.starts + samples * 8);
  }

  histogram(bytes: number): number {
    return this.#memory.alloc(bytes);
  }
}

type Seen = [time: number, count: number | 'float', hint: number, start: number];

/** The samples of the series, or just the newest one. */
function read(head: TestHead, onlyNewest = false): Seen[] {
  const {readerMemory} = head;
  const seen = head.select(-Infinity, Infinity, (set, i) => {
    const room = new Room(readerMemory, set.samplesMax(i));
    const samples = onlyNewest
      ? set.readNewest(i, room.times, room.values, room)
      : set.read(i, room.times, room.values, room);
    const into = new FloatHistogram();
    return Array.from({length: samples}, (_, k): Seen => {
      const {u32, f64} = readerMemory;
      const record = u32[room.values / 4 + 2 * k]!;
      const isHistogram = u32[room.values / 4 + 2 * k + 1] === HISTOGRAM_HIGH;
      if (isHistogram) readRecord(readerMemory, record, into);
      return [
        f64[room.times / 8 + k]! - T0,
        isHistogram ? into.count : 'float',
        isHistogram ? counterResetOfRecord(readerMemory, record) : 0,
        f64[room.starts / 8 + k]!,
      ];
    });
  });
  return seen.get('1')!;
}

const {unknown, none} = {unknown: COUNTER_RESET.unknown, none: 2};

/** A head whose series has a float in order, later than all histograms. */
function begun(): TestHead {
  const head = new TestHead({outOfOrderWindowMs: HOUR});
  head.append([{series: 1, time: T0 + 100_000, bits: bitsOf(1)}]);
  return head;
}

test('histograms out of order are read as they came, whether open or in a chunk', () => {
  const head = begun();
  assert.equal(
    append(head, [
      [20, 2, 0],
      [10, 1, 0],
      [20, 7, 0],
    ]),
    2,
  );
  assert.equal(append(head, [[30, 3, 0]]), 1);
  const want: [number, number | 'float'][] = [
    [10, 1],
    [20, 2],
    [30, 3],
    [100_000, 'float'],
  ];
  assert.deepEqual(
    read(head).map(([time, count]) => [time, count]),
    want,
  );
  assert.deepEqual(read(head, true), [[100_000, 'float', 0, 0]]);
  while (!head.head.outOfOrder.close(head.memory).step(1e6));
  assert.deepEqual(
    read(head).map(([time, count]) => [time, count]),
    want,
  );
});

test('where chunks are merged, histograms do not know what they follow', () => {
  const head = begun();
  append(head, [
    [10, 1, 0],
    [20, 2, 0],
    [30, 3, 0],
    [60, 6, 0],
  ]);
  while (!head.head.outOfOrder.close(head.memory).step(1e6));
  assert.deepEqual(
    read(head)
      .slice(0, 4)
      .map(([, , hint]) => hint),
    [unknown, none, none, none],
  );
  append(head, [[25, 2.5, 0]]);
  while (!head.head.outOfOrder.close(head.memory).step(1e6));
  assert.deepEqual(
    read(head).map(([time, count, hint]) => [time, count, hint]),
    [
      [10, 1, unknown],
      [20, 2, none],
      [25, 2.5, unknown],
      [30, 3, unknown],
      [60, 6, none],
      [100_000, 'float', 0],
    ],
  );
});

test('starts come along, and their chunks have the encoding for them', () => {
  const head = begun();
  append(head, [
    [10, 1, 4],
    [20, 2, 4],
    [30, 3, 0],
  ]);
  assert.deepEqual(
    read(head).map(([, , , start]) => start),
    [4, 4, 0, 0],
  );
  while (!head.head.outOfOrder.close(head.memory).step(1e6));
  const encodings = head.select(-Infinity, Infinity, (set, i) =>
    Array.from({length: set.outOfOrderCount(i)}, (_, k) => set.copyOutOfOrder(i, k).encoding),
  );
  assert.deepEqual(encodings.get('1'), [CHUNK_FLOAT_HISTOGRAM_START, CHUNK_FLOAT_HISTOGRAM]);
  assert.deepEqual(
    read(head).map(([, , , start]) => start),
    [4, 4, 0, 0],
  );
});

test('records go back when their chunk is closed', () => {
  const head = begun();
  const {slabs, epochs} = head.head.arena;
  const free: number[] = [];
  for (let round = 0; round < 4; round++) {
    for (let i = 0; i < 40; i++) append(head, [[round * 100 + i, i, 0]]);
    const closing = head.head.outOfOrder.close(head.memory);
    while (!closing.step(1e6));
    const truncation = head.head.outOfOrder.truncate(closing.boundary);
    while (!truncation.step(1e6));
    epochs.reclaim(Infinity);
    slabs.trim();
    free.push(slabs.freeBytes);
  }
  assert.equal(free[3], free[1]);
});
