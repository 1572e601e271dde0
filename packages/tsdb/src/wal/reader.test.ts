import assert from 'node:assert/strict';
import {test} from 'node:test';
import fc from 'fast-check';
import {StorageError} from '../errors.ts';
import {PAGE_BYTES} from './framing.ts';
import {TestDisk} from '../testing-disk.ts';
import {type SegmentContent, logBytes, noise, readSegment, testMemory} from './testing-records.ts';
import {WalWriter} from './writer.ts';

const memory = testMemory();
const FILE = '/wal/00000000';

/** The bytes of a segment with these records. */
function segmentOf(records: readonly Uint8Array[], compression: 'none' | 'snappy' = 'none'): Uint8Array {
  const disk = new TestDisk();
  const writer = new WalWriter({folder: '/wal', disk, compression});
  for (const record of records) logBytes(writer, memory, [record]);
  return disk.bytes(FILE);
}

function read(bytes: Uint8Array): SegmentContent {
  const disk = new TestDisk();
  disk.put(FILE, bytes);
  return readSegment(disk, FILE, memory);
}

test('an empty segment has no records and is not corrupt', () => {
  assert.deepEqual(read(new Uint8Array(0)), {records: [], ends: [], corruption: undefined});
});

test('a segment cut at any byte of its last pages gives the whole records before', () => {
  const records = [PAGE_BYTES - 1500, 300, 2000, 900, 0, 1, 50].map((size, i) => noise(size, i));
  const bytes = segmentOf(records);
  const {ends} = read(bytes);
  assert.equal(ends.length, records.length);
  for (let length = PAGE_BYTES - 1600; length <= bytes.length; length++) {
    const got = read(bytes.subarray(0, length));
    const whole = ends.filter((end) => end <= length).length;
    assert.deepEqual(got.ends, ends.slice(0, whole), `cut at ${length}`);
    const lastEnd = ends[whole - 1] ?? 0;
    assert.equal(got.corruption === undefined, isBoundary(bytes, lastEnd, length), `cut at ${length}`);
    if (got.corruption !== undefined) assert.ok(got.corruption.offset <= length && got.corruption.offset >= lastEnd);
  }
});

/** Nothing but padding lies between the last whole record and the cut. */
const isBoundary = (bytes: Uint8Array, from: number, to: number): boolean =>
  bytes.subarray(from, to).every((byte) => byte === 0);

const tails: [name: string, tail: (at: number) => Uint8Array, reason: RegExp | undefined][] = [
  ['zeros to the end of the page', (at) => new Uint8Array(PAGE_BYTES - at), undefined],
  ['zeros over several pages', (at) => new Uint8Array(4 * PAGE_BYTES - at), undefined],
  ['zeros that end within a page', () => new Uint8Array(100), undefined],
  ['garbage', () => noise(1000, 5).fill(0xff, 0, 1), /invalid record size|checksum|torn|record type/],
  ['zeros and then garbage', () => Uint8Array.of(...new Uint8Array(50), 1, 2, 3), /non-zero byte in padded page/],
  ['a header without data', () => Uint8Array.of(1, 0, 9, 0xe3, 0x06, 0x92, 0x83), /last record is torn/],
  ['part of a header', () => Uint8Array.of(1, 0), /header of the last record is torn/],
  [
    'a record whose data was never written',
    () => Uint8Array.of(1, 0, 9, 0xe3, 6, 0x92, 0x83, ...new Uint8Array(9)),
    /unexpected checksum/,
  ],
  ['a first fragment without its last', () => Uint8Array.of(2, 0, 0, 0, 0, 0, 0), /last record is torn/],
  ['a last fragment without its first', () => Uint8Array.of(4, 0, 0, 0, 0, 0, 0), /unexpected last record/],
  ['a middle fragment without its first', () => Uint8Array.of(3, 0, 0, 0, 0, 0, 0), /unexpected middle record/],
  [
    'a full record within another',
    () => Uint8Array.of(2, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0),
    /unexpected full record/,
  ],
  ['a fragment of no known kind', () => Uint8Array.of(5, 0, 0, 0, 0, 0, 0), /unexpected record type 5/],
  ['a length above a page', () => Uint8Array.of(1, 0xff, 0xff, 0, 0, 0, 0), /invalid record size 65535/],
  [
    'a compressed record that is none',
    () => Uint8Array.of(9, 0, 0, 0, 0, 0, 0),
    /cannot decompress the record: snappy/,
  ],
  ['a Zstandard record that is none', () => Uint8Array.of(17, 0, 0, 0, 0, 0, 0), /cannot decompress the record/],
];
for (const [name, tail, reason] of tails) {
  test(`a segment ends with ${name}`, () => {
    const good = segmentOf([noise(100, 1), noise(200, 2)]);
    const {records, corruption} = read(Buffer.concat([good, tail(good.length)]));
    assert.equal(records.length, 2);
    if (reason === undefined) return assert.equal(corruption, undefined);
    assert.match(corruption!.reason, reason);
    assert.equal(corruption!.file, FILE);
    assert.equal(corruption!.offset, good.length);
    assert.match(corruption!.message, new RegExp(`^corruption in segment ${FILE} at ${good.length}: `));
  });
}

test('one flipped bit never gives a wrong record', () => {
  const records = [20, 40_000, 30, 100].map((size, i) => noise(size, i));
  const bytes = segmentOf(records);
  const {ends} = read(bytes);
  fc.assert(
    fc.property(fc.nat(bytes.length - 1), fc.nat(7), (at, bit) => {
      const broken = bytes.slice();
      broken[at]! ^= 1 << bit;
      const got = read(broken);
      // The bits of a header outside of the checksum may turn a record into none, or change what is meant by it;
      // what comes out is whole records, in order, all from before the flip.
      const before = ends.filter((end) => end <= at).length;
      assert.deepEqual(got.records.slice(0, before), records.slice(0, before));
      for (const record of got.records) assert.ok(records.some((known) => Buffer.compare(known, record) === 0));
    }),
    {numRuns: 300},
  );
});

test('records that lie across the reads of 1 MiB are whole', () => {
  const records = Array.from({length: 120}, (_, i) => noise(20_000 + i * 37, i));
  assert.deepEqual(read(segmentOf(records)).records, records);
});

test('large compressed records are whole', () => {
  const records = [1, 2, 3].map((i) => Uint8Array.from({length: 3_000_000}, (_, j) => (j * i) >>> 5));
  assert.deepEqual(read(segmentOf(records, 'snappy')).records, records);
});

test('a compressed record that claims to be huge takes no memory', () => {
  // Varint 2^31 in front of a Snappy block of 9 bytes.
  const block = Uint8Array.of(0x80, 0x80, 0x80, 0x80, 0x08, 0, 0, 0, 0);
  const bytes = segmentOf([block]);
  bytes[0]! |= 8;
  const small = testMemory();
  const disk = new TestDisk();
  disk.put(FILE, bytes);
  assert.match(readSegment(disk, FILE, small).corruption!.reason, /snappy: corrupt input/);
  assert.ok(small.peakBytes < 4 * 1024 * 1024);
});

test('a disk that cannot be read is not a corrupt log', () => {
  const disk = new TestDisk();
  disk.put(FILE, segmentOf([noise(10, 1)]));
  disk.faults.set('read', 'EIO');
  assert.throws(
    () => readSegment(disk, FILE, memory),
    (error) => error instanceof StorageError && error.code === 'wal_read' && error.errno === 'EIO',
  );
});
