import {test} from 'node:test';
import assert from 'node:assert/strict';
import {pseudoRandom} from '@narthex/kernels/bench.ts';
import {StorageError} from '../errors.ts';
import {TestDisk} from '../testing-disk.ts';
import {writeCheckpoint} from './checkpoint.ts';
import {WalCommitLog} from './commit-log.ts';
import {WalCorruption} from './corruption.ts';
import {WblCommitLog} from './out-of-order-log.ts';
import {Replay} from './replay.ts';
import {PlainTarget, bitsOf, commitOf, histogramCommitOf, pieceOf} from './testing-commits.ts';
import {logBytes, readLog, testMemory} from './testing-records.ts';
import {WalWriter} from './writer.ts';

const memory = testMemory();
/** Set FUZZ_ROUNDS to a million for a long run. */
const ROUNDS = Number(process.env['FUZZ_ROUNDS'] ?? 3000);

/** Records of all types. */
function sampleRecords(): Uint8Array[] {
  const disk = new TestDisk();
  const writer = new WalWriter({folder: '/wal', disk});
  const mark = memory.mark();
  const plain = {startMs: 900, integer: true, schema: 1, hint: 1, zeroThreshold: 0.1, zeroCount: 1, count: 7, sum: 2};
  const buckets = {
    positive: [
      [0, 3],
      [4, 2],
    ] as const,
    negative: [[-1, 1]] as const,
    bounds: [],
  };
  const histograms = [1, 2, 3].map((ref) => ({...plain, ...buckets, ref, timeMs: 1000 + ref, integer: ref !== 2}));
  const custom = {...histograms[0]!, ref: 4, schema: -53, bounds: [1, 2, 5]};
  const samples = [1, 2, 3].map((ref) => [ref, 1000, bitsOf(ref / 3)] as const);
  for (const startTimestamps of [false, true]) {
    const log = new WalCommitLog(writer, {startTimestamps});
    const exemplars = samples.map(([ref, timeMs]) => ({ref, timeMs, value: 1, labels: ['a', 'b']}));
    const metadata = [{ref: 1, type: 'counter', unit: 's', help: 'help'}];
    log.log({
      ...commitOf(
        memory,
        [
          [1, 'a', 'b', 'c', 'd'],
          [2, 'a', 'c'],
        ],
        samples,
      ),
      exemplars,
      metadata,
    });
    log.log(histogramCommitOf(memory, [...histograms, custom, {...custom, ref: 5, integer: false}]));
    log.log({...commitOf(memory, [], samples), sampleStarts: commitOf(memory, [], samples).sampleTimes});
    const {sampleRefs: refs, sampleTimes: times} = commitOf(memory, [], samples);
    log.logDeletion({memory, count: 3, refs, minTimes: times, maxTimes: times});
  }
  new WblCommitLog(writer).log([pieceOf(memory, [[1, 2 ** 32 + 8]], [])]);
  memory.release(mark);
  return readLog(disk, '/wal');
}

/** Change, cut or lengthen a record at places of chance. */
function mutated(record: Uint8Array, random: () => number): Uint8Array {
  const below = (end: number): number => Math.floor(random() * end);
  const bytes = Buffer.concat([record, Buffer.alloc(below(3))]);
  for (let i = below(4); i >= 0; i--) bytes[below(bytes.length)] = random() < 0.5 ? below(256) : 0xff * below(2);
  return random() < 0.2 ? bytes.subarray(0, 1 + below(bytes.length)) : bytes;
}

test('changed records are read, left out or called corrupt, and nothing else', async () => {
  const records = sampleRecords();
  assert.deepEqual(
    [...new Set(records.map((record) => record[0]!))].sort((a, b) => a - b),
    [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13],
  );
  const numbers = pseudoRandom(11);
  const random = (): number => numbers() / 2 ** 32;
  for (let round = 0; round < ROUNDS; round++) {
    const disk = new TestDisk();
    const writer = new WalWriter({folder: '/wal', disk, compression: 'none'});
    const record = mutated(records[Math.floor(random() * records.length)]!, random);
    logBytes(writer, memory, [...records.slice(0, 1), record]);
    const mark = memory.mark();
    const why = `round ${round}: ${Buffer.from(record).toString('hex')}`;
    try {
      new Replay({disk, memory, target: new PlainTarget()}).segment('/wal/00000000');
    } catch (error) {
      assert.ok(error instanceof WalCorruption || error instanceof StorageError, `${why}: ${error}`);
    }
    memory.release(mark);
    if (round % 10 > 0) continue;
    const options = {folder: '/wal', disk, last: 0, minTime: 1001, keeps: () => true, memory};
    await writeCheckpoint(options).catch((error: unknown) =>
      assert.ok(error instanceof StorageError, `${why}: ${error}`),
    );
  }
});
