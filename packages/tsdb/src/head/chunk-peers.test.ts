// The chunks of this head against those that the real promtool makes of the same samples, byte for byte.
import assert from 'node:assert/strict';
import {execFile} from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import {test} from 'node:test';
import {promisify} from 'node:util';
import {pseudoRandom} from '@narthex/kernels/bench.ts';
import {prometheusBinary} from '../wal/testing-peers.ts';
import type {PlainSample} from './reference-head.ts';
import {TestHead, bitsOf} from './testing-head.ts';

const HOUR = 3_600_000;
/** promtool pretends that ranges are twice as long as its blocks. */
const RANGE = 4 * HOUR;
const T0 = 118_056 * RANGE;

const random = pseudoRandom(7);
/** Patterns of (gap in ms, value), none with more than a few bytes a sample: promtool 2.42 knows no limit of bytes. */
const patterns: [gap: (i: number) => number, value: (i: number) => number][] = [
  [() => 15_000, () => 1],
  [() => 15_000, (i) => i * 3],
  [() => 15_000 + (random() % 7), (i) => i + (random() % 5)],
  [() => 60_000, () => random() % 100],
  [() => 1000, () => (random() % 3) / 2],
  [(i) => (i < 35 ? 15_000 : 100), (i) => i],
  [(i) => (i < 35 ? 100 : 15_000), (i) => -i - 1],
  [() => 1 + (random() % 30_000), () => random() % 2],
  [(i) => (i % 50 === 0 ? 600_000 : 5000), () => NaN],
];

function samplesOf(series: number): PlainSample[] {
  const [gap, value] = patterns[series]!;
  const samples: PlainSample[] = [];
  // promtool reads seconds as floats and cuts them to milliseconds.
  const cut = (time: number) => Math.trunc((time / 1000) * 1000);
  for (let i = 0, time = T0 + gap(0); time < T0 + RANGE / 2 && i < 2000; time += gap(i++)) {
    const v = value(i);
    if (cut(time) === samples.at(-1)?.time) continue;
    samples.push({series, time: cut(time), bits: Number.isNaN(v) ? 0x7ff8000000000001n : bitsOf(v)});
  }
  return samples;
}

/** As OpenMetrics text, all samples in the order of time. */
function openMetrics(samples: readonly PlainSample[]): string {
  const lines = samples.map(({series, time, bits}) => {
    const value = new Float64Array(BigUint64Array.of(bits).buffer)[0];
    return `test{series="${series}"} ${value} ${(time / 1000).toFixed(3)}`;
  });
  return [...lines, '# EOF', ''].join('\n');
}

/** The encoded data of all chunks in a file of a block. */
function chunksIn(bytes: Buffer): string[] {
  const chunks: string[] = [];
  for (let at = 8; at < bytes.length;) {
    let length = 0;
    let shift = 0;
    do length += (bytes[at]! & 0x7f) * 2 ** shift;
    while (((shift += 7), bytes[at++]! >= 0x80));
    assert.equal(bytes[at], 1, 'encoding XOR');
    chunks.push(bytes.toString('hex', at + 1, at + 1 + length));
    at += 1 + length + 4;
  }
  return chunks;
}

function ours(samples: readonly PlainSample[]): string[] {
  const head = new TestHead({chunkRangeMs: RANGE});
  for (let i = 0; i < samples.length; i += 500) head.append(samples.slice(i, i + 500));
  const chunks = head.select(-Infinity, Infinity, (set, row) =>
    Array.from({length: set.chunkCount(row)}, (_, k) => {
      const {address, length} = set.copyChunk(row, k);
      return Buffer.from(head.readerMemory.u8.subarray(address, address + length)).toString('hex');
    }),
  );
  return patterns.flatMap((_, series) => chunks.get(String(series))!);
}

const binary = prometheusBinary();
const promtool = binary === undefined ? '' : path.join(path.dirname(binary), 'promtool');

test(
  'chunks equal those of promtool',
  {skip: fs.existsSync(promtool) ? false : 'promtool is not installed'},
  async () => {
    const samples = patterns.flatMap((_, series) => samplesOf(series)).sort((a, b) => a.time - b.time);
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'narthex-chunks-'));
    try {
      fs.writeFileSync(path.join(folder, 'in.om'), openMetrics(samples));
      const flags = ['tsdb', 'create-blocks-from', 'openmetrics', 'in.om', 'out'];
      await promisify(execFile)(promtool, flags, {cwd: folder});
      const [block] = fs.readdirSync(path.join(folder, 'out'));
      const theirs = chunksIn(fs.readFileSync(path.join(folder, 'out', block!, 'chunks', '000001')));
      assert.ok(theirs.length > 40);
      // In 2.42 an empty byte followed when the last sample ended a byte.
      const made = ours(samples);
      const trimmed = theirs.map((chunk, i) => (chunk === `${made[i]}00` ? made[i] : chunk));
      assert.deepEqual(made, trimmed);
    } finally {
      fs.rmSync(folder, {recursive: true});
    }
  },
);
