import assert from 'node:assert/strict';
import {test} from 'node:test';
import fc from 'fast-check';
import {ByteReader, ByteWriter} from './byte-codec.ts';
import {putRecord} from './commit-log.ts';
import {encodeSampleRecords} from './sample-records.ts';
import {SampleRun} from './sample-run.ts';
import {type PlainHistogram, cellOf, plainHistogramOf} from './testing-commits.ts';
import {testMemory} from './testing-records.ts';

const memory = testMemory();
const CUSTOM = -53;

/** The records of histograms that our encoder makes. */
function encoded(histograms: readonly PlainHistogram[], withStarts: boolean): Buffer[] {
  const mark = memory.mark();
  const column = (of: (plain: PlainHistogram) => number): number => {
    const at = memory.alloc(histograms.length * 8);
    histograms.forEach((plain, i) => (memory.f64[at / 8 + i] = of(plain)));
    return at;
  };
  const cells = histograms.map((plain) => cellOf(memory, plain));
  const values = memory.alloc(cells.length * 8);
  cells.forEach((cell, i) => (memory.u64[values / 8 + i] = cell));
  const samples = {
    memory,
    refs: column(({ref}) => ref),
    times: column(({timeMs}) => timeMs),
    values,
    starts: withStarts ? column(({startMs}) => startMs) : 0,
    count: histograms.length,
  };
  const records = encodeSampleRecords(samples).map(({at, length}) => Buffer.from(memory.u8.slice(at, at + length)));
  memory.release(mark);
  return records;
}

interface Decoded {
  readonly histograms: PlainHistogram[];
  readonly isWhole: boolean;
  readonly old: number;
  readonly beyond: number;
  readonly refused: number;
}

function decoded(record: Uint8Array, minTime = -Infinity, capacity = 16): Decoded {
  const mark = memory.mark();
  const counts = {samples: 0, samplesOld: 0, samplesBeyond: 0, histogramsRefused: 0};
  const histograms: PlainHistogram[] = [];
  const run = new SampleRun(memory, {
    minTime,
    order: 'log',
    counts,
    capacity,
    give: ({refs, times, values, starts, count}) => {
      for (let i = 0; i < count; i++) {
        const start = starts === 0 ? 0 : memory.f64[starts / 8 + i]!;
        const [ref, time] = [memory.f64[refs / 8 + i]!, memory.f64[times / 8 + i]!];
        histograms.push(plainHistogramOf(memory, memory.u64[values / 8 + i]!, ref, time, start));
      }
    },
  });
  const isWhole = run.add(putRecord(memory, record));
  run.flush();
  memory.release(mark);
  return {
    histograms,
    isWhole,
    old: counts.samplesOld,
    beyond: counts.samplesBeyond,
    refused: counts.histogramsRefused,
  };
}

// The plain encoder: upstream's documentation in a few lines.

function plainRecord(type: number, histograms: readonly PlainHistogram[]): Buffer {
  const writer = new ByteWriter();
  writer.byte(type);
  const first = histograms[0]!;
  if (type < 12) {
    writer.long(BigInt(first.ref));
    writer.long(BigInt(first.timeMs));
  }
  histograms.forEach((plain, i) => {
    const before = type < 12 ? first : histograms[i - 1];
    writer.varint(BigInt(plain.ref) - BigInt(before?.ref ?? 0));
    writer.varint(BigInt(plain.timeMs) - (type < 12 || i > 0 ? BigInt(first.timeMs) : 0n));
    if (type >= 12) writeStart(writer, plain.startMs, first.startMs, before?.startMs);
    writeHistogram(writer, plain);
  });
  return Buffer.from(writer.bytes);
}

function writeStart(writer: ByteWriter, start: number, first: number, before: number | undefined): void {
  if (before === undefined) return writer.varint(BigInt(start));
  writer.byte(start === 0 ? 0 : start === before ? 1 : 2);
  if (start !== 0 && start !== before) writer.varint(BigInt(start) - BigInt(first));
}

function writeHistogram(writer: ByteWriter, plain: PlainHistogram): void {
  const count = (value: number): void => (plain.integer ? writer.uvarint(value) : writer.float(value));
  writer.byte(plain.hint);
  writer.varint(BigInt(plain.schema));
  writer.float(plain.zeroThreshold);
  count(plain.zeroCount);
  count(plain.count);
  writer.float(plain.sum);
  for (const buckets of [plain.positive, plain.negative]) {
    const spans = spansOf(buckets.map(([index]) => index));
    writer.uvarint(spans.length);
    for (const [offset, length] of spans) {
      writer.varint(BigInt(offset));
      writer.uvarint(length);
    }
  }
  for (const buckets of [plain.positive, plain.negative]) {
    writer.uvarint(buckets.length);
    buckets.forEach(([, value], i) => {
      if (plain.integer) writer.varint(BigInt(value) - BigInt(buckets[i - 1]?.[1] ?? 0));
      else writer.float(value);
    });
  }
  if (plain.schema !== CUSTOM) return;
  writer.uvarint(plain.bounds.length);
  for (const bound of plain.bounds) writer.float(bound);
}

function spansOf(indexes: readonly number[]): [offset: number, length: number][] {
  const spans: [number, number][] = [];
  indexes.forEach((index, i) => {
    const gap = i === 0 ? index : index - indexes[i - 1]! - 1;
    if (i > 0 && gap === 0) spans.at(-1)![1]++;
    else if (gap > 2 ** 31 - 1) spans.push([2 ** 31 - 1, 0], [gap - (2 ** 31 - 1), 1]);
    else spans.push([gap, 1]);
  });
  return spans;
}

const index = fc.oneof(fc.integer({min: -8, max: 12}), fc.integer());
const integerCount = fc.oneof(fc.nat(100), fc.maxSafeNat());
const floatCount = fc.double({noNaN: true});
const bucketsOf = (count: fc.Arbitrary<number>) =>
  fc.dictionary(index.map(String), count, {maxKeys: 12}).map((set) =>
    Object.entries(set)
      .map(([key, value]) => [Number(key), value] as const)
      .sort(([a], [b]) => a - b),
  );
const time = fc.oneof(fc.integer({min: 1_700_000_000_000, max: 1_700_000_060_000}), fc.maxSafeInteger());

function histogramOf(integer: boolean, schema: fc.Arbitrary<number>): fc.Arbitrary<PlainHistogram> {
  const count = integer ? integerCount : floatCount;
  return fc
    .record({
      ref: fc.oneof(fc.integer({min: 1, max: 50}), fc.maxSafeNat()),
      timeMs: time,
      startMs: fc.constantFrom(0, 0, 5, 1_600_000_000_000),
      integer: fc.constant(integer),
      schema,
      hint: fc.nat(3),
      zeroThreshold: fc.double({noNaN: true}),
      zeroCount: count,
      count,
      sum: fc.double({noNaN: true}),
      positive: bucketsOf(count),
      negative: bucketsOf(count),
      bounds: fc.array(fc.double({noNaN: true}), {maxLength: 5}),
    })
    .map((plain) => ({...plain, bounds: plain.schema === CUSTOM ? plain.bounds : []}));
}

const exponential = fc.integer({min: -4, max: 8});
const KINDS: readonly (readonly [type: number, integer: boolean, schema: fc.Arbitrary<number>])[] = [
  [7, true, exponential],
  [8, false, exponential],
  [9, true, fc.constant(CUSTOM)],
  [10, false, fc.constant(CUSTOM)],
  [12, true, fc.oneof(exponential, fc.constant(CUSTOM))],
  [13, false, fc.oneof(exponential, fc.constant(CUSTOM))],
];

for (const [type, integer, schema] of KINDS) {
  const list = fc.array(histogramOf(integer, schema), {minLength: 1, maxLength: 6});
  const asRead = (plain: PlainHistogram): PlainHistogram => (type < 12 ? {...plain, startMs: 0} : plain);

  test(`type ${type} is written as the plain encoder does, and read again`, () => {
    fc.assert(
      fc.property(list, (histograms) => {
        const record = plainRecord(type, histograms);
        assert.deepEqual(encoded(histograms, type >= 12), [record]);
        const wanted = {histograms: histograms.map(asRead), isWhole: true, old: 0, beyond: 0, refused: 0};
        assert.deepEqual(decoded(record), wanted);
        assert.deepEqual(decoded(record, -Infinity, 1), wanted);
      }),
    );
  });

  test(`what is old in type ${type} is left out and counted`, () => {
    fc.assert(
      fc.property(list, (histograms) => {
        const minTime = 1_700_000_030_000;
        const kept = histograms.filter(({timeMs}) => timeMs >= minTime);
        const found = decoded(plainRecord(type, histograms), minTime);
        assert.deepEqual(found.histograms, kept.map(asRead));
        assert.equal(found.old, histograms.length - kept.length);
      }),
    );
  });

  test(`type ${type} cut short is corrupt or has fewer histograms`, () => {
    fc.assert(
      fc.property(list, fc.nat(), (histograms, cut) => {
        const whole = plainRecord(type, histograms);
        const found = decoded(whole.subarray(0, 1 + (cut % (whole.length - 1))));
        assert.ok(found.histograms.length < histograms.length);
        if (!found.isWhole) return;
        assert.deepEqual(found.histograms, histograms.map(asRead).slice(0, found.histograms.length));
      }),
    );
  });

  test(`changed bytes of type ${type} are read within bounds or called corrupt`, () => {
    fc.assert(
      fc.property(
        list,
        fc.array(fc.tuple(fc.nat(), fc.nat(255)), {minLength: 1, maxLength: 4}),
        (histograms, changes) => {
          const record = plainRecord(type, histograms);
          for (const [at, byte] of changes) record[1 + (at % (record.length - 1))] = byte;
          decoded(record);
        },
      ),
      {numRuns: 500},
    );
  });
}

const SMALL: PlainHistogram = {
  ref: 300,
  timeMs: 1_700_000_000_000,
  startMs: 0,
  integer: true,
  schema: 1,
  hint: 2,
  zeroThreshold: 0.5,
  zeroCount: 3,
  count: 300,
  sum: -1,
  positive: [
    [-1, 5],
    [0, 4],
    [3, 288],
  ],
  negative: [],
  bounds: [],
};

test('a histogram, byte for byte', () => {
  const parts = ['07 000000000000012c 0000018bcfe56800', '00 00', '02 02 3fe0000000000000 03 ac02 bff0000000000000'];
  const buckets = ['02 01 02 04 01', '00', '03 0a 01 b804', '00'];
  assert.equal(encoded([SMALL], false)[0]!.toString('hex'), [...parts, ...buckets].join('').replaceAll(' ', ''));
});

test('kinds of one commit go to records of their own, in order', () => {
  const custom = {...SMALL, schema: CUSTOM, bounds: [1, 2], ref: 2};
  const float = {...SMALL, integer: false, ref: 3};
  const customFloat = {...custom, integer: false, ref: 4};
  const types = (starts: boolean) => encoded([customFloat, float, custom, SMALL], starts).map((record) => record[0]);
  assert.deepEqual(types(false), [7, 9, 8, 10]);
  assert.deepEqual(types(true), [12, 13]);
});

test('the samples of a series stay in order when their kind changes', () => {
  const float = {...SMALL, integer: false, timeMs: SMALL.timeMs + 1};
  const again = {...SMALL, timeMs: SMALL.timeMs + 2};
  const records = encoded([SMALL, float, again], false);
  assert.deepEqual(
    records.flatMap((record) => decoded(record).histograms.map(({timeMs}) => timeMs - SMALL.timeMs)),
    [0, 1, 2],
  );
});

/** A record with one histogram of integers without counts, whose spans are given as they are. */
function spansRecord(schema: number, spans: readonly (readonly [number, number])[], counts: readonly number[]): Buffer {
  const writer = new ByteWriter();
  writer.byte(7);
  for (let i = 0; i < 16; i++) writer.byte(0);
  writer.varint(1n);
  writer.varint(1n);
  writer.byte(0);
  writer.varint(BigInt(schema));
  writer.float(0);
  writer.uvarint(0);
  writer.uvarint(0);
  writer.float(0);
  writer.uvarint(spans.length);
  for (const [offset, length] of spans) {
    writer.varint(BigInt(offset));
    writer.uvarint(length);
  }
  writer.uvarint(0);
  writer.uvarint(counts.length);
  for (const value of counts) writer.varint(BigInt(value));
  writer.uvarint(0);
  return Buffer.from(writer.bytes);
}

test('spans of no length are read over', () => {
  const spans = [
    [2, 0],
    [0, 1],
    [3, 0],
    [1, 2],
    [0, 0],
  ] as const;
  assert.deepEqual(decoded(spansRecord(0, spans, [7, 1, 1])).histograms[0]!.positive, [
    [2, 7],
    [7, 8],
    [8, 9],
  ]);
});

const REFUSED: readonly (readonly [name: string, record: Buffer])[] = [
  ['a schema of a later version', spansRecord(60, [[0, 1]], [1])],
  [
    'spans that overlap',
    spansRecord(
      0,
      [
        [0, 2],
        [-1, 1],
      ],
      [1, 1, 1],
    ),
  ],
  ['spans of fewer buckets than there are', spansRecord(0, [[0, 1]], [1, 1])],
  ['spans of more buckets than there are', spansRecord(0, [[0, 4_000_000_000]], [1, 1])],
  [
    'spans that end beyond the last index',
    spansRecord(
      0,
      [
        [2 ** 31 - 1, 1],
        [0, 1],
      ],
      [1, 1],
    ),
  ],
];
for (const [name, record] of REFUSED) {
  test(`is left out and counted, what follows is read: ${name}`, () => {
    const found = decoded(Buffer.concat([record, spansRecord(0, [[1, 1]], [1]).subarray(17)]));
    assert.deepEqual([found.isWhole, found.refused, found.histograms.length], [true, 1, 1]);
  });
}

test('a reserved schema is read as it is: the head brings it to the finest it has', () => {
  assert.equal(decoded(spansRecord(20, [[1, 1]], [1])).histograms[0]!.schema, 20);
});

test('the plain reader and writer agree on all numbers of 64 bits', () => {
  fc.assert(
    fc.property(fc.bigInt({min: -(2n ** 63n), max: 2n ** 63n - 1n}), (value) => {
      const writer = new ByteWriter();
      writer.varint(value);
      writer.uvarint(BigInt.asUintN(64, value));
      writer.long(value);
      const reader = new ByteReader(writer.bytes);
      assert.deepEqual(
        [reader.varint(), reader.uvarint(), reader.long()],
        [value, BigInt.asUintN(64, value), BigInt.asUintN(64, value)],
      );
      assert.equal(reader.left, 0);
    }),
  );
});
