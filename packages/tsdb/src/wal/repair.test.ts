import assert from 'node:assert/strict';
import {test} from 'node:test';
import fc from 'fast-check';
import {StorageError} from '../errors.ts';
import {WalCorruption} from './corruption.ts';
import {PAGE_BYTES} from './framing.ts';
import {repairLog} from './repair.ts';
import {listSegments} from './segments.ts';
import {TestDisk} from '../testing-disk.ts';
import {logBytes, noise, readLog, readSegment, testMemory} from './testing-records.ts';
import {WalWriter} from './writer.ts';

const memory = testMemory();
const RECORDS = 12;
const RECORD_BYTES = 9000;

const record = (i: number): Uint8Array => noise(RECORD_BYTES, i);

/** A log of three segments with four records each, none of which ends a page. */
async function threeSegments(): Promise<TestDisk> {
  const disk = new TestDisk();
  const writer = new WalWriter({folder: '/wal', disk, compression: 'none', segmentBytes: 2 * PAGE_BYTES});
  for (let i = 0; i < RECORDS; i++) {
    logBytes(writer, memory, [record(i)]);
    if (i % 4 === 3 && i < RECORDS - 1) writer.nextSegment();
  }
  await writer.sync();
  return disk;
}

/** Read the log as replay does, repair it where that stops, and tell what happened. */
async function readAndRepair(disk: TestDisk) {
  const records: Uint8Array[] = [];
  for (const segment of listSegments(disk, '/wal')) {
    const content = readSegment(disk, segment.path, memory);
    records.push(...content.records);
    if (content.corruption === undefined) continue;
    const outcome = await repairLog(disk, '/wal', content.corruption, memory);
    return {records, corruption: content.corruption, ...outcome};
  }
  return {records, corruption: undefined, bytesCut: 0, setAside: []};
}

const file = (index: number): string => `/wal/0000000${index}`;

function flip(disk: TestDisk, name: string, at: number): void {
  const bytes = disk.bytes(name);
  bytes[at]! ^= 0x10;
}

test('a torn last record is cut off and nothing is set aside', async () => {
  const disk = await threeSegments();
  const whole = disk.bytes(file(2));
  disk.put(file(2), whole.slice(0, whole.length - 10));
  const {records, bytesCut, setAside} = await readAndRepair(disk);
  assert.deepEqual(
    records,
    Array.from({length: RECORDS - 1}, (_, i) => record(i)),
  );
  assert.ok(bytesCut > 0);
  assert.deepEqual(setAside, []);
  assert.deepEqual(readLog(disk, '/wal'), records);
});

test('a torn record of several fragments is cut off whole', async () => {
  const disk = new TestDisk();
  const writer = new WalWriter({folder: '/wal', disk, compression: 'none'});
  logBytes(writer, memory, [record(0)]);
  logBytes(writer, memory, [noise(3 * PAGE_BYTES, 1)]);
  disk.put(file(0), disk.bytes(file(0)).slice(0, 3 * PAGE_BYTES + 100));
  const {bytesCut, setAside} = await readAndRepair(disk);
  assert.deepEqual(setAside, []);
  assert.equal(bytesCut, 3 * PAGE_BYTES + 100 - (RECORD_BYTES + 7));
  assert.equal(disk.sizeOf(file(0)), RECORD_BYTES + 7);
});

test('corruption in the middle: the rest of the segment and the later segments are set aside', async () => {
  const disk = await threeSegments();
  const original = disk.bytes(file(1)).slice();
  const last = disk.bytes(file(2)).slice();
  flip(disk, file(1), RECORD_BYTES + 7 + 3000);
  const {records, corruption, setAside} = await readAndRepair(disk);
  assert.equal(records.length, 5);
  assert.equal(corruption!.offset, RECORD_BYTES + 7);
  const rest = `${file(1)}.corrupt-from-${RECORD_BYTES + 7}`;
  assert.deepEqual(setAside, [rest, `${file(2)}.corrupt`]);
  assert.deepEqual(disk.bytes(`${file(2)}.corrupt`), last);
  const kept = disk.bytes(rest).slice();
  kept[3000]! ^= 0x10;
  assert.deepEqual(kept, original.subarray(RECORD_BYTES + 7));
  assert.deepEqual(readLog(disk, '/wal'), records);
  assert.deepEqual(
    listSegments(disk, '/wal').map(({index}) => index),
    [0, 1],
  );
});

test('the log can be written on after a repair, and is repaired again under other names', async () => {
  const disk = await threeSegments();
  flip(disk, file(1), 100);
  await readAndRepair(disk);
  const writer = new WalWriter({folder: '/wal', disk, compression: 'none'});
  logBytes(writer, memory, [record(50)]);
  assert.equal(writer.position.segment, 2);
  assert.deepEqual(readLog(disk, '/wal'), [0, 1, 2, 3, 50].map(record));
  flip(disk, file(0), 100);
  const {setAside} = await readAndRepair(disk);
  assert.deepEqual(setAside, [`${file(0)}.corrupt-from-0`, `${file(2)}.corrupt.2`]);
  assert.deepEqual(readLog(disk, '/wal'), []);
});

test('empty segments after the corruption are removed: nothing is in them', async () => {
  const disk = await threeSegments();
  disk.put(file(3), new Uint8Array(0));
  disk.put(file(2), disk.bytes(file(2)).slice(0, 20));
  const {setAside} = await readAndRepair(disk);
  assert.deepEqual(setAside, []);
  assert.deepEqual(disk.names('/wal').sort(), ['00000000', '00000001', '00000002']);
});

test('a repair that fails changes nothing that a second one needs', async () => {
  for (const fault of ['create', 'write', 'truncate'] as const) {
    const disk = await threeSegments();
    flip(disk, file(1), RECORD_BYTES + 7 + 3000);
    disk.faults.set(fault, 'ENOSPC');
    await assert.rejects(
      readAndRepair(disk),
      (error) => error instanceof StorageError && error.code === 'wal_corrupt' && error.errno === 'ENOSPC',
    );
    disk.faults.clear();
    const {records, setAside} = await readAndRepair(disk);
    assert.equal(records.length, 5, fault);
    assert.ok(setAside[0]!.startsWith(`${file(1)}.corrupt-from-${RECORD_BYTES + 7}`));
    assert.deepEqual(readLog(disk, '/wal'), records);
  }
});

test('wherever a bit flips, the repaired log is what could be read, and readable to its end', async () => {
  await fc.assert(
    fc.asyncProperty(fc.nat(2), fc.nat(2 * PAGE_BYTES), async (index, at) => {
      const disk = await threeSegments();
      flip(disk, file(index), at % disk.sizeOf(file(index)));
      const {records, corruption} = await readAndRepair(disk);
      assert.ok(corruption === undefined || corruption instanceof WalCorruption);
      assert.deepEqual(readLog(disk, '/wal'), records);
    }),
    {numRuns: 60},
  );
});
