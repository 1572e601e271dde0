import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import {measure} from '@narthex/kernels/bench.ts';
import {KernelMemory} from '@narthex/kernels/kernel-memory.ts';
import {Head} from '../head/head.ts';
import {WalCommitLog, putRecord} from './commit-log.ts';
import type {Compression} from './compression.ts';
import {nodeDisk} from '../disk.ts';
import {Replay, type ReplayTarget, replaySources} from './replay.ts';
import type {Span} from './framing.ts';
import {encodeSampleRecords} from './sample-records.ts';
import {type LoggedSamples, SampleRun} from './sample-run.ts';
import {type PlainSeries, commitOf, histogramCommitOf} from './testing-commits.ts';
import {WalWriter} from './writer.ts';

const SCRAPE_SAMPLES = 1000;
const MEGABYTE = 1024 * 1024;

/** Times to log samples (records, compression, checksums, one write a scrape of 1000) and to replay them. */
export async function run(scale: number): Promise<void> {
  for (const compression of ['none', 'snappy'] as const) await runWith(compression, scale);
  histograms(Math.max(1, Math.round(300 * scale)));
}

const BUCKETS = 20;

/** Times to encode and to decode a record with 100 native histograms of 20 buckets. */
function histograms(rounds: number): void {
  const memory = new KernelMemory({maximumBytes: 64 * MEGABYTE});
  const samples = histogramsToLog(memory);
  let record: Uint8Array = new Uint8Array(0);
  measure('encode a histogram of 20 buckets', rounds * samples.count, 2, () => {
    for (let round = 0; round < rounds; round++) {
      const mark = memory.mark();
      const [{at, length}] = encodeSampleRecords(samples) as [Span];
      record = memory.u8.slice(at, at + length);
      memory.release(mark);
    }
    return record.length;
  });
  const span = putRecord(memory, record);
  const counts = {samples: 0, samplesOld: 0, samplesBeyond: 0, histogramsRefused: 0};
  const run = new SampleRun(memory, {minTime: 0, order: 'log', counts, give: () => {}, capacity: 1000});
  measure('decode a histogram of 20 buckets', rounds * samples.count, 2, () => {
    for (let round = 0; round < rounds; round++) {
      run.add(span);
      run.drop();
    }
    return counts.samples;
  });
  console.log(`${(record.length / samples.count).toFixed(1)} bytes a histogram`);
}

function histogramsToLog(memory: KernelMemory): LoggedSamples {
  const plain = {
    startMs: 0,
    integer: true,
    schema: 3,
    hint: 0,
    zeroThreshold: 0.001,
    zeroCount: 3,
    count: 900,
    sum: 12.5,
  };
  const positive = Array.from({length: BUCKETS}, (_, i) => [i + (i >> 2), 10 + ((i * 7) % 30)] as const);
  const list = Array.from({length: 100}, (_, i) => {
    return {...plain, positive, negative: [], bounds: [], ref: i + 1, timeMs: 1_700_000_000_000};
  });
  const {sampleRefs: refs, sampleTimes: times, sampleValues: values} = histogramCommitOf(memory, list);
  return {memory, refs, times, values, starts: 0, count: list.length};
}

async function runWith(compression: Compression, scale: number): Promise<void> {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'narthex-wal-bench-'));
  try {
    const series = Math.max(SCRAPE_SAMPLES, Math.round((50_000 * scale) / SCRAPE_SAMPLES) * SCRAPE_SAMPLES);
    const rounds = Math.max(2, Math.round(60 * scale));
    await log(folder, compression, series, rounds);
    replay(`replay without a head, ${compression}, a sample`, folder, series * rounds, () => nowhere);
    const options = {arenaBytes: Math.max(32, Math.round(1024 * scale)) * MEGABYTE};
    replay(`replay into a head, ${compression}, a sample`, folder, series * rounds, () => Head.create(options));
  } finally {
    fs.rmSync(folder, {recursive: true, force: true});
  }
}

async function log(folder: string, compression: Compression, series: number, rounds: number): Promise<void> {
  const memory = new KernelMemory({maximumBytes: 256 * MEGABYTE});
  const writer = new WalWriter({folder, compression});
  const commitLog = new WalCommitLog(writer);
  const created = Array.from({length: series}, (_, i): PlainSeries => {
    return [
      i + 1,
      '__name__',
      'http_requests_total',
      'instance',
      `host-${i % 100}:9100`,
      'job',
      'api',
      'path',
      `/p/${i}`,
    ];
  });
  commitLog.log(commitOf(memory, created, []));
  const samples = commitOf(
    memory,
    [],
    Array.from({length: SCRAPE_SAMPLES}, (_, i) => [i + 1, 1_700_000_000_000, BigInt(i)]),
  );
  measure(`log, ${compression}, a sample`, series * rounds, 1, () => {
    for (let round = 0; round < rounds; round++) {
      for (let first = 1; first <= series; first += SCRAPE_SAMPLES) {
        for (let i = 0; i < SCRAPE_SAMPLES; i++) {
          memory.f64[samples.sampleRefs / 8 + i] = first + i;
          memory.f64[samples.sampleTimes / 8 + i] = 1_700_000_000_000 + round * 15_000 + (first % 5000);
          memory.f64[samples.sampleValues / 8 + i] = round * (i % 7) + first;
        }
        commitLog.log(samples);
      }
    }
    return writer.stats.recordPartBytes;
  });
  await writer.close();
  console.log(`${(writer.sizeBytes() / (series * rounds)).toFixed(2)} bytes a sample on disk, series included`);
}

const nowhere: ReplayTarget = {replaySeries: () => 0, replaySamples: () => 0};

function replay(name: string, folder: string, samples: number, target: () => ReplayTarget): void {
  const memory = new KernelMemory({maximumBytes: 1024 * MEGABYTE});
  measure(name, samples, 2, () => {
    const reader = new Replay({disk: nodeDisk, memory, target: target()});
    for (const source of replaySources(nodeDisk, folder)) reader.segment(source.path);
    return reader.counts.samples;
  });
}

if (import.meta.main) await run(1);
