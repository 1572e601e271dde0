import assert from 'node:assert/strict';
import {test} from 'node:test';
import {StorageError} from '../errors.ts';
import {TestDisk} from '../testing-disk.ts';
import {WblCommitLog} from './out-of-order-log.ts';
import {Replay} from './replay.ts';
import {type PlainMarker, type PlainSample, PlainTarget, pieceOf} from './testing-commits.ts';
import {readLog, testMemory} from './testing-records.ts';
import {WalWriter} from './writer.ts';

const memory = testMemory();

/** Keeps the order in which samples and markers come. */
class Recorder extends PlainTarget {
  readonly events: string[] = [];

  constructor() {
    super();
    for (const ref of [1, 2, 3]) this.series.set(ref, ['n', String(ref)]);
  }

  override replaySamples(...samples: Parameters<PlainTarget['replaySamples']>): number {
    const from = this.samples.length;
    const unknown = super.replaySamples(...samples);
    for (const [ref, time] of this.samples.slice(from)) this.events.push(`sample ${ref} ${time}`);
    return unknown;
  }

  override replayMarkers(...markers: Parameters<PlainTarget['replayMarkers']>): number {
    for (const {ref, chunk} of markers[0]) this.events.push(`marker ${ref} ${chunk}`);
    return super.replayMarkers(...markers);
  }
}

const FILE = 2 ** 32;
const PIECES: readonly (readonly [markers: readonly PlainMarker[], samples: readonly PlainSample[]])[] = [
  [[[1, 0]], [[1, 50, 1n]]],
  [
    [[1, 3 * FILE + 8]],
    [
      [1, 40, 2n],
      [2, 30, 3n],
    ],
  ],
];

const logPieces = (disk: TestDisk): void => {
  const mark = memory.mark();
  new WblCommitLog(new WalWriter({folder: '/wbl', disk})).log(
    PIECES.map(([markers, samples]) => pieceOf(memory, markers, samples)),
  );
  memory.release(mark);
};

test('markers come before the samples of their piece, pieces in their order', () => {
  const disk = new TestDisk();
  logPieces(disk);
  assert.deepEqual(
    readLog(disk, '/wbl').map((record) => record[0]),
    [5, 2, 5, 2],
  );
  const target = new Recorder();
  new Replay({disk, memory, target}).segment('/wbl/00000000');
  const marks = ['marker 1 0', 'sample 1 50', `marker 1 ${3 * FILE + 8}`];
  assert.deepEqual(target.events, [...marks, 'sample 1 40', 'sample 2 30']);
});

test('a marker, byte for byte', () => {
  const disk = new TestDisk();
  logPieces(disk);
  assert.equal(Buffer.from(readLog(disk, '/wbl')[2]!).toString('hex'), '0500000000000000010000000300000008');
});

test('all pieces are written or none', () => {
  const disk = new TestDisk();
  disk.faults.set('write', 'ENOSPC');
  assert.throws(
    () => logPieces(disk),
    (error) => error instanceof StorageError && error.code === 'wal_write' && error.errno === 'ENOSPC',
  );
  assert.equal(disk.sizeOf('/wbl/00000000'), 0);
});

test('nothing to log writes nothing', () => {
  const disk = new TestDisk();
  new WblCommitLog(new WalWriter({folder: '/wbl', disk})).log([]);
  assert.deepEqual(disk.writes, []);
});
