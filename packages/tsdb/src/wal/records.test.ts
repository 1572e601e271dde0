import assert from 'node:assert/strict';
import {test} from 'node:test';
import fc from 'fast-check';
import {ArenaFullError} from '../arena/errors.ts';
import {StorageError} from '../errors.ts';
import {WalCommitLog} from './commit-log.ts';
import {WalCorruption} from './corruption.ts';
import {RECORD_SAMPLES, RECORD_SAMPLES_2, RECORD_SERIES, RECORD_TOMBSTONES} from './record-types.ts';
import {Replay} from './replay.ts';
import type {LoggedSamples} from './sample-run.ts';
import {
  type PlainSample,
  type PlainSeries,
  PlainTarget,
  bigEndian,
  bitsOf,
  commitOf,
  uvarint,
  varint,
} from './testing-commits.ts';
import {TestDisk} from '../testing-disk.ts';
import {logBytes, readLog, testMemory} from './testing-records.ts';
import {WalWriter} from './writer.ts';

const memory = testMemory();
const STALE = 0x7ff0000000000002n;
const EXACT_MAX = BigInt(Number.MAX_SAFE_INTEGER);

/** The records that one commit writes, as hexadecimal digits. */
function logged(series: readonly PlainSeries[], samples: readonly PlainSample[]): string[] {
  const disk = new TestDisk();
  const mark = memory.mark();
  new WalCommitLog(new WalWriter({folder: '/wal', disk})).log(commitOf(memory, series, samples));
  memory.release(mark);
  return readLog(disk, '/wal').map(hex);
}

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

function replayed(records: readonly Uint8Array[], target = new PlainTarget()): {target: PlainTarget; replay: Replay} {
  const disk = new TestDisk();
  const writer = new WalWriter({folder: '/wal', disk});
  for (const record of records) logBytes(writer, memory, [record]);
  const replay = new Replay({disk, memory, target});
  replay.segment('/wal/00000000');
  return {target, replay};
}

// The plain encoder: upstream's documentation in a few lines.
const seriesRecord = (series: readonly PlainSeries[]): Uint8Array =>
  Buffer.concat([
    Uint8Array.of(RECORD_SERIES),
    ...series.flatMap(([ref, ...labels]) => [
      bigEndian(BigInt(ref)),
      uvarint(labels.length / 2),
      ...labels.flatMap((text) => [uvarint(Buffer.byteLength(text)), Buffer.from(text)]),
    ]),
  ]);

const samplesRecord = (samples: readonly (readonly [ref: bigint, time: bigint, bits: bigint])[]): Uint8Array => {
  const [firstRef, firstTime] = samples[0] ?? [0n, 0n];
  return Buffer.concat([
    Uint8Array.of(RECORD_SAMPLES),
    ...(samples.length === 0 ? [] : [bigEndian(firstRef), bigEndian(firstTime)]),
    ...samples.flatMap(([ref, time, bits]) => [varint(ref - firstRef), varint(time - firstTime), bigEndian(bits)]),
  ]);
};

const exact = (samples: readonly PlainSample[]) =>
  samples.map(([ref, time, bits]) => [BigInt(ref), BigInt(time), bits] as const);

test('a series record, byte for byte', () => {
  const parts = ['01', '0000000000000102', '02', '085f5f6e616d655f5f', '027570', '036a6f62', '02c3a4'];
  assert.deepEqual(logged([[258, '__name__', 'up', 'job', 'ä']], []), [parts.join('')]);
});

test('a samples record, byte for byte', () => {
  const samples: PlainSample[] = [
    [300, 1_700_000_000_000, bitsOf(1)],
    [299, 1_699_999_999_999, STALE],
    [400, 1_700_000_000_064, bitsOf(-0)],
  ];
  const parts = [
    '02 000000000000012c 0000018bcfe56800',
    '00 00 3ff0000000000000',
    '01 01 7ff0000000000002',
    'c801 8001 8000000000000000',
  ];
  assert.deepEqual(logged([], samples), [parts.join('').replaceAll(' ', '')]);
});

test('series come before the samples of the same commit', () => {
  const records = logged([[1, 'a', 'b']], [[1, 5, bitsOf(2)]]);
  assert.deepEqual(
    records.map((record) => record.slice(0, 2)),
    ['01', '02'],
  );
});

test('a commit without anything writes nothing', () => assert.deepEqual(logged([], []), []));

const ref = fc.maxSafeNat().filter((value) => value > 0);
const time = fc.oneof(fc.maxSafeInteger(), fc.integer({min: 1_700_000_000_000, max: 1_700_000_001_000}));
const bits = fc.oneof(fc.bigInt({min: 0n, max: 2n ** 64n - 1n}), fc.constant(STALE), fc.double().map(bitsOf));
const plainSamples = fc.array(fc.tuple(ref, time, bits), {maxLength: 40});
const labels = fc.dictionary(fc.string({minLength: 1, maxLength: 8}), fc.string({maxLength: 200}), {maxKeys: 12});
const plainSeries = fc
  .array(fc.tuple(ref, labels), {maxLength: 8})
  .map((list) => list.map(([number, set]): PlainSeries => [number, ...sorted(set)]));

/** Names and values in turn, names in byte order. */
function sorted(set: Record<string, string>): string[] {
  const entries = Object.entries(set).map(([name, value]) => [wellFormed(name), wellFormed(value)] as const);
  const unique = [...new Map(entries)];
  return unique.sort(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b))).flat();
}

const wellFormed = (value: string): string => value.toWellFormed();

test('records equal those of the plain encoder', () => {
  fc.assert(
    fc.property(plainSeries, plainSamples, (series, samples) => {
      const wanted: string[] = [];
      if (series.length > 0) wanted.push(hex(seriesRecord(series)));
      if (samples.length > 0) wanted.push(hex(samplesRecord(exact(samples))));
      assert.deepEqual(logged(series, samples), wanted);
    }),
  );
});

/** A value that looks like the cell of a histogram is a plain NaN to us. */
const asCell = ([number, at, value]: PlainSample): PlainSample => [
  number,
  at,
  value >> 32n === 0x7ff00001n ? 0x7ff8000000000001n : value,
];

/** As replay gives samples: those of a series together, in their order; series by the low 16 bits of their references. */
const grouped = (samples: readonly PlainSample[]): PlainSample[] =>
  samples.toSorted(([a], [b]) => (a % 65536) - (b % 65536));

test('what is encoded is replayed', () => {
  fc.assert(
    fc.property(plainSeries, plainSamples, (series, samples) => {
      const known = [...series, ...samples.map(([number]): PlainSeries => [number, 'r', String(number)])];
      const {target, replay} = replayed([seriesRecord(known), samplesRecord(exact(samples))]);
      assert.deepEqual(target.series, new Map(known.map(([number, ...texts]) => [number, texts])));
      assert.deepEqual(target.samples, grouped(samples).map(asCell));
      assert.equal(replay.counts.samples, samples.length);
      assert.equal(replay.counts.series, known.length);
    }),
  );
});

test('labels that are not in order are put in order', () => {
  const {target} = replayed([seriesRecord([[1, 'b', '1', 'aa', '2', 'a', '3']])]);
  assert.deepEqual(target.series.get(1), ['a', '3', 'aa', '2', 'b', '1']);
});

test('samples of unknown series and with times that are no exact numbers are counted and left out', () => {
  const samples = [
    [1n, 5n, 1n],
    [2n, 5n, 2n],
    [1n, EXACT_MAX, 3n],
    [1n, EXACT_MAX + 1n, 4n],
    [1n, -(2n ** 63n), 5n],
    [2n ** 60n, 5n, 6n],
    [1n, 6n, 7n],
  ] as const;
  const {target, replay} = replayed([seriesRecord([[1, 'a', 'b']]), samplesRecord(samples)]);
  assert.deepEqual(target.samples, [
    [1, 5, 1n],
    [1, Number(EXACT_MAX), 3n],
    [1, 6, 7n],
  ]);
  assert.equal(replay.counts.unknownSamples, 1);
  assert.equal(replay.counts.samplesBeyond, 3);
});

test('samples of the second form are read with their start times', () => {
  const parts = [
    [Uint8Array.of(RECORD_SAMPLES_2)],
    [varint(7n), varint(1000n), varint(900n), bigEndian(1n)],
    [varint(1n), varint(15n), Uint8Array.of(1), bigEndian(STALE)],
    [varint(-1n), varint(16n), Uint8Array.of(0), bigEndian(3n)],
    [varint(1n), varint(-17n), Uint8Array.of(2), varint(-300n), bigEndian(4n)],
  ];
  const record = Buffer.concat(parts.flat());
  const {target} = replayed([
    seriesRecord([
      [7, 'a', 'b'],
      [8, 'a', 'c'],
    ]),
    record,
  ]);
  assert.deepEqual(target.samples, [
    [7, 1000, 1n],
    [7, 1016, 3n],
    [8, 1015, STALE],
    [8, 983, 4n],
  ]);
  assert.deepEqual(target.starts, [900, 0, 900, 600]);
});

test('records that a target has no method for are counted by name', () => {
  const target = {replaySeries: () => {}, replaySamples: () => 0};
  const disk = new TestDisk();
  const writer = new WalWriter({folder: '/wal', disk});
  const records = [RECORD_TOMBSTONES, 4, 4, 6, 7, 13, 200].map((type) => Uint8Array.of(type, 1, 2, 3));
  logBytes(writer, memory, records);
  const replay = new Replay({disk, memory, target});
  replay.segment('/wal/00000000');
  assert.deepEqual(Object.fromEntries(replay.counts.skipped), {
    tombstones: 1,
    exemplars: 2,
    metadata: 1,
    histogram_samples: 1,
    float_histogram_samples_v2: 1,
    unknown: 1,
  });
});

test('a record cut anywhere is corrupt or gives a part of its samples, never a wrong one', () => {
  const samples: PlainSample[] = [
    [1, 1000, 1n],
    [1, 2000, STALE],
    [1, 90_000, 3n],
  ];
  for (const second of [false, true]) {
    const whole = second
      ? Buffer.concat([Uint8Array.of(RECORD_SAMPLES_2), varint(1n), varint(9n), varint(0n), bigEndian(7n)])
      : samplesRecord(exact(samples));
    for (let length = 0; length < whole.length; length++) {
      const records = [seriesRecord([[1, 'a', 'b']]), whole.subarray(0, length)];
      try {
        const {target} = replayed(records);
        assert.deepEqual(target.samples, samples.slice(0, target.samples.length), `cut at ${length}`);
      } catch (error) {
        assert.ok(error instanceof WalCorruption, `cut at ${length}: ${error}`);
      }
    }
  }
});

test('a series record that gives a reference again does not touch the samples before it', () => {
  const events: string[] = [];
  class Recorder extends PlainTarget {
    override replaySeries(ref: number, ...rest: [Uint8Array, Uint32Array, number]): void {
      super.replaySeries(ref, ...rest);
      events.push(`series ${ref} ${this.series.get(ref)!.join('=')}`);
    }
    override replaySamples(batch: LoggedSamples): number {
      events.push(`samples ${batch.count}`);
      return super.replaySamples(batch);
    }
  }
  const sample = samplesRecord([[1n, 5n, 1n]]);
  const series = (ref: number, value: string) => seriesRecord([[ref, 'a', value]]);
  replayed([series(1, 'b'), sample, series(2, 'c'), sample, series(1, 'd'), sample], new Recorder());
  assert.deepEqual(events, ['series 1 a=b', 'series 2 a=c', 'samples 2', 'series 1 a=d', 'samples 1']);
});

test('a record of more samples than are usually kept back is replayed whole', () => {
  const samples = Array.from({length: 600_000}, (_, i) => [1n, BigInt(i), 0n] as const);
  const records = [seriesRecord([[1, 'a', 'b']]), samplesRecord([[1n, -1n, 0n]]), samplesRecord(samples)];
  const {target, replay} = replayed(records);
  assert.equal(replay.counts.samples, 600_001);
  assert.deepEqual(
    target.samples.map(([, time]) => time),
    Array.from({length: 600_001}, (_, i) => i - 1),
  );
});

test('a head that is almost full is given fewer samples at once', () => {
  const samples = Array.from({length: 3000}, (_, i): PlainSample => [1, i, BigInt(i)]);
  let refused = 0;
  class AlmostFull extends PlainTarget {
    override replaySamples(batch: LoggedSamples): number {
      if (batch.count <= 200) return super.replaySamples(batch);
      refused++;
      throw new ArenaFullError(0);
    }
  }
  const {target} = replayed([seriesRecord([[1, 'a', 'b']]), samplesRecord(exact(samples))], new AlmostFull());
  assert.ok(refused > 0);
  assert.deepEqual(target.samples, samples);
});

test('a reference beyond 2^53 is refused, and is no corruption: nothing would be gained by a repair', () => {
  assert.throws(
    () => replayed([Uint8Array.of(1, ...bigEndian(2n ** 53n), 0)]),
    (error) =>
      error instanceof StorageError && error.code === 'wal_read' && /00000000 at 0: .*2\^53/.test(error.message),
  );
});

const broken: [name: string, record: Uint8Array, reason: RegExp][] = [
  ['a series record that ends in a reference', Uint8Array.of(1, 0, 0), /decode series: invalid size/],
  [
    'a series record that claims more labels than it has bytes',
    Uint8Array.of(1, ...bigEndian(1n), 0xff, 0xff, 3),
    /decode series/,
  ],
  [
    'a label that is longer than its record',
    Uint8Array.of(1, ...bigEndian(1n), 1, 200, 97),
    /decode series: invalid size/,
  ],
  [
    'a number that never ends',
    Uint8Array.of(1, ...bigEndian(1n), ...Array(12).fill(0xff)),
    /decode series: invalid size/,
  ],
  ['a samples record without its base', Uint8Array.of(2, 0, 0, 0), /decode samples/],
  ['a sample with half a value', Uint8Array.of(2, ...bigEndian(1n), ...bigEndian(1n), 0, 0, 1, 2, 3), /decode samples/],
];
for (const [name, record, reason] of broken) {
  test(`is corrupt at its beginning: ${name}`, () => {
    const good = seriesRecord([[1, 'a', 'b']]);
    assert.throws(
      () => replayed([good, record]),
      (error) => error instanceof WalCorruption && error.offset === 7 + good.length && reason.test(error.reason),
    );
  });
}
