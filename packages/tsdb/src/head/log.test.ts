import assert from 'node:assert/strict';
import {test} from 'node:test';
import fc from 'fast-check';
import {Labels} from '@narthex/model/labels.ts';
import {StorageError} from '../errors.ts';
import type {CommitLog, LogCommit} from './commit-log.ts';
import type {PlainSample} from './reference-head.ts';
import {TestHead, bitsOf} from './testing-head.ts';

const T0 = 1_700_000_000_000;
const STALE = 0x7ff0000000000002n;
const sample = (series: number, time: number, bits = bitsOf(1)): PlainSample => ({series, time: T0 + time, bits});

interface Logged {
  readonly series: [ref: number, labels: string[]][];
  readonly samples: [ref: number, time: number, bits: bigint][];
}

/** Keeps what it is told, decoded; fails when it is told to. */
class FakeLog implements CommitLog {
  readonly commits: Logged[] = [];
  isFailing = false;

  log(commit: LogCommit): void {
    if (this.isFailing) throw new StorageError('wal_write', 'no space left on device');
    this.commits.push({series: seriesOf(commit), samples: samplesOf(commit)});
  }
}

function seriesOf({memory, seriesCount, seriesRefs, seriesLabels, seriesLabelEnds}: LogCommit): Logged['series'] {
  return Array.from({length: seriesCount}, (_, i) => {
    const start = i === 0 ? 0 : memory.u32[seriesLabelEnds / 4 + i - 1]!;
    const end = memory.u32[seriesLabelEnds / 4 + i]!;
    return [memory.f64[seriesRefs / 8 + i]!, decodeLabels(memory.u8.slice(seriesLabels + start, seriesLabels + end))];
  });
}

function decodeLabels(bytes: Uint8Array): string[] {
  const at = {byte: 0};
  const uvarint = () => {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = bytes[at.byte++]!;
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return value;
    }
  };
  const count = uvarint();
  const texts = Array.from({length: 2 * count}, () => {
    const length = uvarint();
    at.byte += length;
    return Buffer.from(bytes.subarray(at.byte - length, at.byte)).toString();
  });
  assert.equal(at.byte, bytes.length);
  return texts;
}

function samplesOf({memory, sampleCount, sampleRefs, sampleTimes, sampleValues}: LogCommit): Logged['samples'] {
  return Array.from({length: sampleCount}, (_, i) => [
    memory.f64[sampleRefs / 8 + i]!,
    memory.f64[sampleTimes / 8 + i]! - T0,
    memory.u64[sampleValues / 8 + i]!,
  ]);
}

function withLog(): {head: TestHead; log: FakeLog} {
  const head = new TestHead();
  const log = new FakeLog();
  head.head.attachLog(log);
  return {head, log};
}

test('new series and accepted samples are logged, rejected ones are not', () => {
  const {head, log} = withLog();
  head.append([sample(7, 0), sample(8, 5, STALE), sample(7, -1), sample(7, 0)]);
  head.append([sample(7, 15)]);
  assert.deepEqual(log.commits, [
    {
      series: [
        [1, ['__name__', 'test', 'series', '7']],
        [2, ['__name__', 'test', 'series', '8']],
      ],
      samples: [
        [1, 0, bitsOf(1)],
        [2, 5, STALE],
      ],
    },
    {series: [], samples: [[1, 15, bitsOf(1)]]},
  ]);
});

test('labels of any length and alphabet are logged as they are', () => {
  const {head, log} = withLog();
  const pairs = {a: 'é'.repeat(100), b: '𝄞', ключ: 'x'.repeat(20_000), empty: ''};
  head.head.getOrCreate(Labels.fromObject(pairs));
  head.append([sample(1, 0)]);
  assert.deepEqual(log.commits[0]!.series[0]![1], ['a', 'é'.repeat(100), 'b', '𝄞', 'ключ', 'x'.repeat(20_000)]);
});

test('a batch without accepted samples still logs new series', () => {
  const {head, log} = withLog();
  head.append([sample(1, 0)]);
  head.append([sample(2, -9_999_999)]);
  assert.deepEqual(log.commits[1], {series: [[2, ['__name__', 'test', 'series', '2']]], samples: []});
  head.append([sample(1, 0)]);
  assert.equal(log.commits.length, 2);
});

test('when the log fails nothing is stored, and the next commit carries the series once more', () => {
  const {head, log} = withLog();
  head.append([sample(1, 0)]);
  log.isFailing = true;
  assert.throws(() => head.append([sample(1, 10), sample(2, 10), sample(2, 20)]), {code: 'wal_write'});
  assert.deepEqual([...head.readAll().keys()], ['1']);
  assert.deepEqual(
    head
      .readAll()
      .get('1')!
      .map(({time}) => time - T0),
    [0],
  );
  assert.equal(head.head.maxTime, T0);
  assert.equal(head.head.counters.samplesAppended, 1);

  log.isFailing = false;
  const statuses: number[] = [];
  head.append([sample(2, 10), sample(1, 10), sample(2, 10), sample(2, 15)], statuses);
  assert.deepEqual(statuses, [0, 0, 1, 0]);
  assert.deepEqual(log.commits.at(-1)!.series, [[2, ['__name__', 'test', 'series', '2']]]);
  assert.deepEqual(
    head
      .readAll()
      .get('2')!
      .map(({time}) => time - T0),
    [10, 15],
  );
});

test('label sets of all sizes are logged, whether they fit into a piece or not', () => {
  const value = fc.oneof(
    {weight: 8, arbitrary: fc.nat(200)},
    {weight: 1, arbitrary: fc.constantFrom(14_000, 15_300, 15_340, 20_000, 70_000)},
  );
  fc.assert(
    fc.property(fc.array(fc.array(value, {maxLength: 4}), {maxLength: 300}), (sizes) => {
      const {head, log} = withLog();
      const labels = sizes.map((lengths, i) => [
        ['__name__', `m${i}`],
        ...lengths.map((length, k) => [`l${k}`, 'x'.repeat(length + 1)] as const),
      ]);
      for (const pairs of labels) head.head.getOrCreate(Labels.of(pairs as [string, string][]));
      head.append([sample(1, 0)]);
      const logged = log.commits[0]!.series.slice(0, labels.length);
      assert.deepEqual(
        logged,
        labels.map((pairs, i) => [i + 1, pairs.flat()]),
      );
    }),
    {numRuns: 30},
  );
});
