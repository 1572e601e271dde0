import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import {test} from 'node:test';
import fc from 'fast-check';
import {KernelMemory} from '@narthex/kernels/kernel-memory.ts';
import {nodeDisk} from '../disk.ts';
import {WalCommitLog} from '../wal/commit-log.ts';
import {WblCommitLog} from '../wal/out-of-order-log.ts';
import {Replay, type ReplayTarget, replaySources} from '../wal/replay.ts';
import {WalWriter} from '../wal/writer.ts';
import type {ChunkKeeper} from './chunk-keeper.ts';
import type {PlainSample} from './reference-head.ts';
import {TestHead, bitsOf} from './testing-head.ts';
import type {SeriesRef} from './types.ts';

const HOUR = 3_600_000;
const T0 = 1_700_000_000_000;
const FILE = 1;

interface KeptChunk {
  readonly ref: SeriesRef;
  readonly minTime: number;
  readonly maxTime: number;
  readonly encoding: number;
  readonly samples: number;
  readonly file: number;
  readonly fileOffset: number;
  readonly bytes: Uint8Array;
}

/** Chunks as if on disk. */
class PlainKeeper implements ChunkKeeper {
  readonly chunks: KeptChunk[] = [];
  file = 0;
  fileOffset = 0;

  keep(ref: SeriesRef, minTime: number, maxTime: number, encoding: number, data: Uint8Array, late: boolean): void {
    this.file = FILE;
    this.fileOffset += 100;
    const {file, fileOffset} = this;
    const samples = data[0]! * 256 + data[1]!;
    if (late) this.chunks.push({ref, minTime, maxTime, encoding, samples, file, fileOffset, bytes: data.slice()});
  }
}

function replayFolder(folder: string, target: ReplayTarget): void {
  const replay = new Replay({disk: nodeDisk, memory: new KernelMemory({maximumBytes: 1 << 26}), target});
  for (const source of replaySources(nodeDisk, folder)) replay.segment(source.path);
  assert.equal(replay.counts.unknownSamples + replay.counts.unknownOthers, 0);
}

/** A head as it comes back from its logs and the first `kept` chunks. */
function restarted(folder: string, chunks: readonly KeptChunk[]): TestHead {
  const head = new TestHead();
  const {memory} = head;
  replayFolder(path.join(folder, 'wal'), head.head);
  for (const {ref, bytes, ...chunk} of chunks) {
    assert.ok(head.head.replayOutOfOrderChunk(ref, chunk, bytes, memory));
  }
  const last = chunks.at(-1);
  const newest = last === undefined ? -1 : last.file * 2 ** 32 + last.fileOffset;
  replayFolder(path.join(folder, 'wbl'), head.head.outOfOrderReplay(memory, newest));
  head.head.endReplay();
  return head;
}

const late = fc.record({
  series: fc.integer({min: 0, max: 2}),
  back: fc.integer({min: 1, max: 300}),
});
const batch = fc.array(late, {maxLength: 60, size: 'max'});

test('after a restart the head has what it had, however many chunks have reached the disk', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(batch, {maxLength: 12, size: 'max'}), fc.nat({max: 9}), async (batches, lost) => {
      const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'narthex-late-'));
      const writers = ['wal', 'wbl'].map((name) => new WalWriter({folder: path.join(folder, name), onProblem() {}}));
      const head = new TestHead({outOfOrderWindowMs: HOUR});
      const keeper = new PlainKeeper();
      head.head.attachLog(new WalCommitLog(writers[0]!));
      head.head.outOfOrder.attachLog(new WblCommitLog(writers[1]!));
      head.head.outOfOrder.keepChunks(keeper);
      const at = (series: number, time: number): PlainSample => ({series, time, bits: bitsOf(time * 4 + series)});
      for (const [n, samples] of batches.entries()) {
        const now = T0 + n * 20;
        head.append([0, 1, 2].map((series) => at(series, now)));
        head.append(samples.map(({series, back}) => at(series, now - back)));
        if (n % 5 === 4) head.head.delete([head.series(1)], now - 50, now - 10, head.memory);
      }
      await Promise.all(writers.map(async (writer) => writer.close()));
      const again = restarted(folder, keeper.chunks.slice(0, Math.max(0, keeper.chunks.length - lost)));
      fs.rmSync(folder, {recursive: true});
      assert.deepEqual(again.readAll(), head.readAll());
      assert.equal(again.head.outOfOrder.minTime, head.head.outOfOrder.minTime);
    }),
    // Making a failure smaller takes longer than looking at it.
    {numRuns: 25, endOnFailure: true},
  );
});
