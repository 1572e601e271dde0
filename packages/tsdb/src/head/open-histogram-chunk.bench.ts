// Appends to open histogram chunks, series after series as scrapes do it, and decoding of what was appended.
import {KernelMemory} from '@narthex/kernels/kernel-memory.ts';
import {FloatHistogram} from '@narthex/model/histogram/float-histogram.ts';
import {markIntegerRecord, recordBytes, writeRecord} from '@narthex/model/histogram/record.ts';
import {OPEN_DATA} from '@narthex/kernels/layout/xor-chunk.ts';
import {Arena} from '../arena/arena.ts';
import {CHUNK_FLOAT_HISTOGRAM, CHUNK_HISTOGRAM} from '../chunk/encoding.ts';
import {HistogramChunkDecoder} from '../chunk/histogram-decoder.ts';
import {openChunkBytes, openChunkLength} from './open-chunk.ts';
import {HistogramAppender} from './open-histogram-chunk.ts';

const BUCKETS = 40;
const SCRAPES = 60;
const CUT_BYTES = 1024;
const CUT_SAMPLES_MIN = 10;

/** Histograms of one series after the other, in time: busy buckets in the middle, quiet ones at the sides. */
class Growing {
  readonly #sheet = new FloatHistogram();
  readonly #memory: KernelMemory;
  readonly #at: number;
  #state = 1;

  constructor(memory: KernelMemory) {
    this.#memory = memory;
    for (let i = 0; i < BUCKETS; i++) this.#sheet.positive.push(i - 10, 0);
    this.#at = memory.alloc(recordBytes(this.#sheet));
  }

  /** The record after `scrape` scrapes; valid until the next call. */
  record(scrape: number, isInteger: boolean): number {
    const sheet = this.#sheet;
    const {counts} = sheet.positive;
    sheet.count = 0;
    for (let i = 0; i < BUCKETS; i++) {
      const rate = Math.max(0, 12 - Math.abs(i - BUCKETS / 2));
      counts[i] = scrape * rate + (this.#random() % (rate + 1));
      sheet.count += counts[i];
    }
    sheet.sum = sheet.count * 0.1;
    writeRecord(this.#memory, this.#at, sheet);
    if (isInteger) markIntegerRecord(this.#memory, this.#at);
    return this.#at;
  }

  #random(): number {
    this.#state = (Math.imul(this.#state, 1_664_525) + 1_013_904_223) >>> 0;
    return this.#state >>> 8;
  }
}

/** Figures of one kind of histogram over `series` series. */
function measure(encoding: number, series: number): string {
  const arena = Arena.create({bytes: Math.max(1 << 24, series * 16_384)});
  const appender = new HistogramAppender(arena);
  const memory = new KernelMemory({maximumBytes: 1 << 26});
  const growing = new Growing(memory);
  const chunks = new Uint32Array(series);
  const isInteger = encoding === CHUNK_HISTOGRAM;
  let [appendNs, bytes, samples] = [0, 0, 0];
  for (let scrape = 1; scrape <= SCRAPES; scrape++) {
    for (let i = 0; i < series; i++) {
      const record = growing.record(scrape, isInteger);
      const start = process.hrtime.bigint();
      const before = chunks[i];
      chunks[i] = appendOrOpen(arena, appender, before, encoding, memory, scrape * 15_000 + i, record);
      appendNs += Number(process.hrtime.bigint() - start);
      if (before !== 0 && before !== chunks[i]) arena.slabs.free(before, openChunkBytes(arena, before));
    }
  }
  const decoder = new HistogramChunkDecoder();
  const times = memory.alloc(SCRAPES * 8);
  const values = memory.alloc(SCRAPES * 8);
  const records = memory.alloc(SCRAPES * 1024);
  const begin = process.hrtime.bigint();
  for (const chunk of chunks) {
    const data = chunk + arena.u8[chunk + OPEN_DATA];
    const length = openChunkLength(arena, chunk);
    let next = records;
    const extras = {starts: 0, histogram: (size: number): number => (next += size) - size};
    bytes += length;
    samples += decoder.decode(encoding, arena.u8, data, data + length, 0, 1e15, memory, times, values, extras);
  }
  const decodeNs = Number(process.hrtime.bigint() - begin) / samples;
  const name = isInteger ? 'whole counts' : 'float counts';
  return `${name}: append ${(appendNs / series / SCRAPES / 1000).toFixed(2)} us, decode ${(decodeNs / 1000).toFixed(2)} us, ${(bytes / samples).toFixed(1)} bytes a histogram of ${BUCKETS} buckets, ${series} series`;
}

/** Appends, or begins a new chunk where the head would; gives the series' chunk. */
function appendOrOpen(
  arena: Arena,
  appender: HistogramAppender,
  chunk: number,
  encoding: number,
  memory: KernelMemory,
  time: number,
  record: number,
): number {
  if (chunk !== 0) {
    const isFull = openChunkLength(arena, chunk) >= CUT_BYTES && arena.u32[chunk >>> 2] >= CUT_SAMPLES_MIN;
    if (!isFull && appender.append(chunk, memory, time, 0, record) !== 'new chunk') return appender.chunk;
  }
  return appender.open(encoding, 0, memory, time, 0, record);
}

/** Prints figures for 10,000 series at scale 1. */
export function run(scale: number): void {
  const series = Math.max(2, Math.round(10_000 * scale));
  for (const encoding of [CHUNK_HISTOGRAM, CHUNK_FLOAT_HISTOGRAM]) console.log(measure(encoding, series));
}

if (import.meta.main) run(1);
