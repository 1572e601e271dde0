import assert from 'node:assert/strict';
import {test} from 'node:test';
import fc from 'fast-check';
import {StorageError} from '../errors.ts';
import {type Compression} from './compression.ts';
import {PAGE_BYTES} from './framing.ts';
import {TestDisk} from '../testing-disk.ts';
import {logBytes, noise, readLog, readSegment, testMemory} from './testing-records.ts';
import {WalWriter, type WalWriterOptions} from './writer.ts';

const FIRST = '/wal/00000000';

function open(disk: TestDisk, options: Partial<WalWriterOptions> = {}): WalWriter {
  return new WalWriter({folder: '/wal', disk, segmentBytes: 4 * PAGE_BYTES, compression: 'none', ...options});
}

const text = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex.replaceAll(' ', ''), 'hex'));

test('a record is kind, length and checksum, big-endian, and its bytes', () => {
  const disk = new TestDisk();
  // CRC-32C of "123456789" is the check value of the polynomial.
  logBytes(open(disk), testMemory(), [Buffer.from('123456789')]);
  assert.deepEqual(disk.bytes(FIRST), text('01 0009 e3069283 313233343536373839'));
});

test('records of one commit follow one another and are one write', () => {
  const disk = new TestDisk();
  logBytes(open(disk), testMemory(), [Buffer.from('123456789'), new Uint8Array(0)]);
  assert.deepEqual(disk.bytes(FIRST), text('01 0009 e3069283 313233343536373839 01 0000 00000000'));
  assert.deepEqual(disk.writes, [23]);
});

const fragments: [name: string, before: number, length: number, kinds: number[], end: number][] = [
  ['fills a page exactly', 0, PAGE_BYTES - 7, [1], PAGE_BYTES],
  ['leaves 7 bytes, where the next one begins with nothing but a header', 0, PAGE_BYTES - 14, [1], PAGE_BYTES - 7],
  ['leaves 6 bytes, which are padding', 0, PAGE_BYTES - 13, [1], PAGE_BYTES],
  ['crosses one end of a page', 0, PAGE_BYTES, [2, 4], PAGE_BYTES + 7 + 7],
  ['crosses two', 0, 2 * PAGE_BYTES, [2, 3, 4], 2 * PAGE_BYTES + 7 + 14],
  ['begins in a page with 7 bytes left', PAGE_BYTES - 14, 10, [2, 4], PAGE_BYTES + 7 + 10],
];
for (const [name, before, length, kinds, end] of fragments) {
  test(`a record that ${name}`, () => {
    const disk = new TestDisk();
    const memory = testMemory();
    const writer = open(disk);
    if (before > 0) logBytes(writer, memory, [noise(before, 1)]);
    const start = writer.position.offset;
    logBytes(writer, memory, [noise(length, 2)]);
    assert.equal(writer.position.offset, end);
    assert.equal(disk.bytes(FIRST).length, end);
    assert.deepEqual(kindsFrom(disk.bytes(FIRST), start), kinds);
    assert.deepEqual(readLog(disk, '/wal').at(-1), noise(length, 2));
  });
}

function kindsFrom(bytes: Uint8Array, start: number): number[] {
  const kinds: number[] = [];
  for (let at = start; at < bytes.length && bytes[at] !== 0;) {
    kinds.push(bytes[at]!);
    at += 7 + (bytes[at + 1]! << 8) + bytes[at + 2]!;
  }
  return kinds;
}

for (const compression of ['none', 'snappy', 'zstd'] as const satisfies Compression[]) {
  test(`what is logged is read back, whatever the sizes: ${compression}`, () => {
    const sizes = fc.oneof(
      fc.nat(100),
      fc.nat(3 * PAGE_BYTES),
      fc.constantFrom(PAGE_BYTES - 14, PAGE_BYTES - 13, PAGE_BYTES),
    );
    const record = fc.record({size: sizes, plain: fc.boolean()});
    const memory = testMemory();
    fc.assert(
      fc.property(fc.array(fc.array(record, {minLength: 1, maxLength: 3}), {maxLength: 12}), (commits) => {
        const disk = new TestDisk();
        const writer = open(disk, {compression});
        const wanted: Uint8Array[] = [];
        for (const commit of commits) {
          const records = commit.map(({size, plain}, i) => (plain ? new Uint8Array(size).fill(i) : noise(size, i)));
          logBytes(writer, memory, records);
          wanted.push(...records);
        }
        assert.deepEqual(readLog(disk, '/wal'), wanted);
      }),
      {numRuns: 30},
    );
  });
}

test('compression is used where it makes a record shorter, and the bytes saved are counted', () => {
  const disk = new TestDisk();
  const writer = open(disk, {compression: 'snappy'});
  logBytes(writer, testMemory(), [new Uint8Array(1000), noise(1000, 1)]);
  const bytes = disk.bytes(FIRST);
  const packed = (bytes[1]! << 8) | bytes[2]!;
  assert.equal(bytes[0], 1 | 8);
  assert.equal(bytes[7 + packed], 1);
  assert.equal(writer.stats.recordBytesSaved, 1000 - packed);
});

test('a commit that does not fit begins a segment; the one before is padded to its page', async () => {
  const disk = new TestDisk();
  const memory = testMemory();
  const writer = open(disk);
  logBytes(writer, memory, [noise(3 * PAGE_BYTES, 1)]);
  logBytes(writer, memory, [noise(PAGE_BYTES, 2), noise(10, 3)]);
  await writer.sync();
  assert.equal(disk.bytes(FIRST).length, 4 * PAGE_BYTES);
  assert.deepEqual(readSegment(disk, '/wal/00000001').records, [noise(PAGE_BYTES, 2), noise(10, 3)]);
  assert.deepEqual(writer.position, {segment: 1, offset: PAGE_BYTES + 7 + 7 + 10 + 7});
});

test('a commit larger than a segment has a segment of its own', () => {
  const disk = new TestDisk();
  const memory = testMemory();
  const writer = open(disk);
  for (const size of [10, 6 * PAGE_BYTES, 10]) logBytes(writer, memory, [noise(size, size)]);
  assert.deepEqual(
    ['/wal/00000000', '/wal/00000001', '/wal/00000002'].map((file) => readSegment(disk, file).records.length),
    [1, 1, 1],
  );
});

test('opening again begins the next segment and leaves the others alone', async () => {
  const disk = new TestDisk();
  const writer = open(disk);
  logBytes(writer, testMemory(), [noise(100, 1)]);
  await writer.close();
  const before = disk.bytes(FIRST).slice();
  const again = open(disk);
  logBytes(again, testMemory(), [noise(100, 2)]);
  assert.equal(again.position.segment, 1);
  assert.deepEqual(disk.bytes(FIRST), before);
  assert.equal(before.length, PAGE_BYTES);
});

test('a gap between segments is an error that names the missing one', () => {
  const disk = new TestDisk();
  for (const name of ['00000003', '00000005', 'notes.txt']) disk.put(`/wal/${name}`, new Uint8Array(0));
  assert.throws(() => open(disk), storageError('wal_corrupt', undefined, /00000004 is missing/));
});

test('old segments are removed, the current one never', () => {
  const disk = new TestDisk();
  const memory = testMemory();
  const writer = open(disk);
  for (let i = 0; i < 3; i++) {
    logBytes(writer, memory, [noise(10, i)]);
    writer.nextSegment();
  }
  writer.removeBefore(2);
  assert.deepEqual(disk.names('/wal').sort(), ['00000002', '00000003']);
  writer.removeBefore(9);
  assert.deepEqual(disk.names('/wal'), ['00000003']);
  assert.equal(writer.nextSegment(), 3, 'an empty segment is not ended');
  assert.equal(writer.stats.truncations, 2);
});

const storageError =
  (code: string, errno: string | undefined, message = /./) =>
  (error: unknown) =>
    error instanceof StorageError && error.code === code && error.errno === errno && message.test(error.message);

test('a full disk refuses the commit whole, and the log goes on when there is space', () => {
  const disk = new TestDisk();
  const memory = testMemory();
  const writer = open(disk);
  logBytes(writer, memory, [noise(5000, 1)]);
  const before = disk.bytes(FIRST).slice();
  for (const free of [0, 1, 6, 7, 100, 40_000]) {
    disk.freeBytes = free;
    assert.throws(
      () => logBytes(writer, memory, [noise(50_000, 2)]),
      storageError('wal_write', 'ENOSPC', /00000000.*ENOSPC/),
    );
    assert.deepEqual(disk.bytes(FIRST), before, `with ${free} bytes free`);
  }
  disk.freeBytes = Infinity;
  logBytes(writer, memory, [noise(20_000, 3)]);
  assert.deepEqual(readLog(disk, '/wal'), [noise(5000, 1), noise(20_000, 3)]);
  assert.equal(writer.stats.writesFailed, 6);
});

test('nothing is written while the remains of a failed commit cannot be cut off', () => {
  const disk = new TestDisk();
  const memory = testMemory();
  const writer = open(disk);
  logBytes(writer, memory, [noise(5000, 1)]);
  disk.freeBytes = 1000;
  disk.faults.set('truncate', 'EIO');
  assert.throws(() => logBytes(writer, memory, [noise(5000, 2)]), storageError('wal_write', 'ENOSPC'));
  disk.freeBytes = Infinity;
  // A short record now would leave the tail of the failed one behind it: a reader would stop there for ever.
  assert.throws(
    () => logBytes(writer, memory, [noise(10, 3)]),
    storageError('wal_write', 'EIO', /remains of a failed write/),
  );
  disk.faults.clear();
  logBytes(writer, memory, [noise(10, 4)]);
  assert.deepEqual(readLog(disk, '/wal'), [noise(5000, 1), noise(10, 4)]);
});

test('a short write without an error is continued', () => {
  const disk = new TestDisk();
  const writer = open(disk);
  const record = noise(30_000, 1);
  // The disk takes 20 000 bytes of the first write; by the second one it has room again.
  disk.onWrite = () => {
    disk.freeBytes = disk.writes.length === 1 ? 20_000 : Infinity;
  };
  logBytes(writer, testMemory(), [record]);
  assert.deepEqual(disk.writes, [30_007, 10_007]);
  assert.deepEqual(readLog(disk, '/wal'), [record]);
});

test('a segment that cannot be made refuses the commit; the log stays where it was', () => {
  const disk = new TestDisk();
  const memory = testMemory();
  const writer = open(disk);
  logBytes(writer, memory, [noise(4 * PAGE_BYTES - 1000, 1)]);
  disk.faults.set('create', 'EROFS');
  assert.throws(() => logBytes(writer, memory, [noise(2000, 2)]), storageError('wal_write', 'EROFS', /00000001/));
  disk.faults.clear();
  logBytes(writer, memory, [noise(2000, 3)]);
  assert.deepEqual(readLog(disk, '/wal'), [noise(4 * PAGE_BYTES - 1000, 1), noise(2000, 3)]);
});

test('a failure in a new segment leaves it empty, to be used by the next commit', () => {
  const disk = new TestDisk();
  const memory = testMemory();
  const writer = open(disk);
  logBytes(writer, memory, [noise(4 * PAGE_BYTES - 1000, 1)]);
  disk.faults.set('write', 'EIO');
  assert.throws(() => logBytes(writer, memory, [noise(2000, 2)]), storageError('wal_write', 'EIO'));
  disk.faults.clear();
  assert.equal(disk.sizeOf('/wal/00000001'), 0);
  logBytes(writer, memory, [noise(2000, 3)]);
  assert.deepEqual(readSegment(disk, '/wal/00000001').records, [noise(2000, 3)]);
});

test('a failing sync is counted and told, not thrown', async () => {
  const disk = new TestDisk();
  const problems: string[] = [];
  const seconds: number[] = [];
  const writer = open(disk, {onProblem: (message) => problems.push(message), onSync: (took) => seconds.push(took)});
  logBytes(writer, testMemory(), [noise(10, 1)]);
  disk.faults.set('sync', 'EIO');
  writer.nextSegment();
  await writer.close();
  assert.deepEqual(problems, ['cannot sync /wal/00000000', 'cannot sync /wal/00000001']);
  assert.equal(writer.stats.syncsFailed, 2);
  assert.equal(seconds.length, 2);
});

test('a segment is not closed while it is being synced', async () => {
  const disk = new TestDisk();
  const writer = open(disk);
  logBytes(writer, testMemory(), [noise(10, 1)]);
  const events: string[] = [];
  disk.onEvent = (event) => events.push(event);
  const syncing = writer.sync();
  writer.nextSegment();
  await Promise.all([syncing, writer.close()]);
  const first = events.filter((event) => event.endsWith('00000000'));
  assert.deepEqual(
    first,
    ['sync', 'synced', 'sync', 'synced', 'close'].map((what) => `${what} ${FIRST}`),
  );
});

test('random faults never cost an acknowledged record nor leave a refused one', () => {
  const step = fc.record({
    size: fc.integer({min: 1, max: 2 * PAGE_BYTES}),
    free: fc.oneof(fc.constant(Infinity), fc.nat(3 * PAGE_BYTES)),
    fault: fc.constantFrom(undefined, undefined, 'write', 'truncate', 'create'),
  } as const);
  const memory = testMemory();
  fc.assert(
    fc.property(fc.array(step, {maxLength: 30}), (steps) => {
      const disk = new TestDisk();
      const writer = open(disk);
      const acknowledged: Uint8Array[] = [];
      for (const [i, {size, free, fault}] of steps.entries()) {
        disk.freeBytes = free;
        disk.faults.clear();
        if (fault !== undefined) disk.faults.set(fault, 'EIO');
        const record = noise(size, i);
        try {
          logBytes(writer, memory, [record]);
          acknowledged.push(record);
        } catch (error) {
          assert.ok(storageError('wal_write', free === Infinity ? 'EIO' : (error as StorageError).errno)(error));
        }
      }
      disk.faults.clear();
      disk.freeBytes = Infinity;
      logBytes(writer, memory, [noise(3, 0)]);
      assert.deepEqual(readLog(disk, '/wal'), [...acknowledged, noise(3, 0)]);
    }),
    {numRuns: 60},
  );
});
