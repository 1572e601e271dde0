// What compaction costs: chunks copied as they are (blocks one after the other), and samples merged (blocks that overlap).
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import {fileURLToPath} from 'node:url';
import {KernelMemory} from '@narthex/kernels/kernel-memory.ts';
import type {BlockMeta} from '../block/meta.ts';
import type {Intervals} from '../block/tombstones.ts';
import {ChunkBuilder} from '../chunk/builder.ts';
import {nodeDisk} from '../disk.ts';
import {Compactor, finishWork} from './compactor.ts';
import type {CompactionSource, LoadedChunk} from './source.ts';

const LABELS = 10;
const CHUNKS = 4;
const SAMPLES = 120;
const STEP_MS = 15_000;
const SPAN_MS = CHUNKS * SAMPLES * STEP_MS;
const encoder = new TextEncoder();

/** Series of ten labels, one of them their own, with the same four chunks of 120 samples each. */
class SyntheticSource implements CompactionSource {
  readonly symbolCount: number;
  readonly intervals: Intervals = [];
  readonly labelCount = LABELS;
  readonly labels = new Uint32Array(2 * LABELS);
  readonly chunkCount = CHUNKS;
  readonly minTimes = new Float64Array(CHUNKS);
  readonly maxTimes = new Float64Array(CHUNKS);
  readonly #chunks: {encoding: number; bytes: Uint8Array}[] = [];
  readonly #series: number;
  #next = 0;

  constructor(series: number, start: number) {
    this.#series = series;
    this.symbolCount = 2 * LABELS + series;
    const memory = new KernelMemory({maximumBytes: 1 << 22});
    const times = memory.alloc(CHUNKS * SAMPLES * 8);
    const values = memory.alloc(CHUNKS * SAMPLES * 8);
    for (let i = 0; i < CHUNKS * SAMPLES; i++) {
      memory.f64[times / 8 + i] = start + i * STEP_MS;
      memory.f64[values / 8 + i] = Math.round(Math.sin(i) * 1000) + i;
    }
    const builder = new ChunkBuilder(memory);
    builder.begin(times, values, 0, CHUNKS * SAMPLES);
    while (builder.next()) {
      this.minTimes[this.#chunks.length] = builder.minTime;
      this.maxTimes[this.#chunks.length] = builder.maxTime;
      this.#chunks.push({encoding: builder.encoding, bytes: builder.bytes.slice()});
    }
    for (let i = 0; i < LABELS; i++) {
      this.labels[2 * i] = i;
      this.labels[2 * i + 1] = LABELS + i;
    }
  }

  symbol(i: number): Uint8Array {
    const [prefix, number] = i < LABELS ? ['a_name', i] : i < 2 * LABELS ? ['b_value', i] : ['c_instance', i];
    return encoder.encode(prefix + String(number).padStart(8, '0'));
  }

  next(): boolean {
    this.labels[2 * LABELS - 1] = 2 * LABELS + this.#next;
    return this.#next++ < this.#series;
  }

  load(k: number, into: LoadedChunk): void {
    const {encoding, bytes} = this.#chunks[k];
    into.encoding = encoding;
    into.bytes = bytes;
    into.from = 0;
    into.to = bytes.length;
  }

  close(): void {}
}

/** `scale` 1 takes 20,000 series of 480 samples, three blocks. */
export function run(scale: number): void {
  const series = Math.max(10, Math.round(20_000 * scale));
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'narthex-compact-bench-'));
  try {
    const compactor = new Compactor({disk: nodeDisk, folder});
    const write = (start: number): BlockMeta =>
      finishWork(compactor.write(new SyntheticSource(series, start), {minTime: start, maxTime: start + SPAN_MS}))!;
    const blocks = measure('write a block', () => [write(0)]);
    blocks.push(write(SPAN_MS), write(2 * SPAN_MS));
    measure('three blocks made into one', () => [finishWork(compactor.compact(blocks))!]);
    const overlapping = [write(0), write(STEP_MS / 3)];
    measure('two overlapping blocks made into one', () => [finishWork(compactor.compact(overlapping))!]);
  } finally {
    fs.rmSync(folder, {recursive: true});
  }
}

function measure(what: string, work: () => BlockMeta[]): BlockMeta[] {
  const start = process.cpuUsage();
  const made = work();
  const {user, system} = process.cpuUsage(start);
  const seconds = (user + system) / 1e6;
  const {numSamples, numSeries} = made[0].stats;
  const rss = Math.round(process.memoryUsage().rss / 2 ** 20);
  console.log(
    `${what}: ${numSeries} series, ${numSamples} samples, ${seconds.toFixed(2)} s of CPU, ` +
      `${((seconds * 1e6) / numSeries).toFixed(1)} µs a series, ${((seconds * 1e9) / numSamples).toFixed(0)} ns a sample, ${rss} MiB`,
  );
  return made;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) run(Number(process.argv[2] ?? 1));
