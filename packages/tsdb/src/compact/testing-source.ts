import {KernelMemory} from '@narthex/kernels/kernel-memory.ts';
import type {PlainBlock} from '../block/testing-blocks.ts';
import type {Intervals} from '../block/tombstones.ts';
import {ChunkBuilder} from '../chunk/builder.ts';
import {ChunkDecoder} from '../chunk/decoder.ts';
import {CHUNK_XOR} from '../chunk/encoding.ts';
import {decodeChunk} from './decode-chunk.ts';
import type {CompactionSource, LoadedChunk} from './source.ts';

/** Values by time, by the labels of a series: pairs of name and value as JSON. */
export type PlainSamples = Map<string, Map<number, number>>;

const byBytes = (a: string, b: string): number => Buffer.compare(Buffer.from(a), Buffer.from(b));

interface PlainChunk {
  readonly minTime: number;
  readonly maxTime: number;
  readonly bytes: Uint8Array;
}

/** Samples as a source, in chunks of `chunkSamples`. */
export class PlainSource implements CompactionSource {
  readonly symbolCount: number;
  readonly intervals: Intervals = [];
  labelCount = 0;
  labels = new Uint32Array(0);
  chunkCount = 0;
  minTimes = new Float64Array(0);
  maxTimes = new Float64Array(0);
  isClosed = false;
  readonly #symbols: readonly string[];
  readonly #series: {labels: number[]; times: [number, number][]}[];
  readonly #chunkSamples: number;
  #chunks: PlainChunk[] = [];
  #next = 0;

  constructor(samples: PlainSamples, chunkSamples = 120) {
    const pairs = [...samples.keys()].map((key) => JSON.parse(key) as [string, string][]);
    this.#symbols = [...new Set(['', ...pairs.flat(2)])].sort(byBytes);
    this.symbolCount = this.#symbols.length;
    this.#series = [...samples.values()]
      .map((times, i) => ({
        labels: pairs[i].flat().map((text) => this.#symbols.indexOf(text)),
        times: [...times].sort((a, b) => a[0] - b[0]),
      }))
      .sort((a, b) => compare(a.labels, b.labels));
    this.#chunkSamples = chunkSamples;
  }

  symbol(i: number): Uint8Array {
    return Buffer.from(this.#symbols[i]);
  }

  next(): boolean {
    const series = this.#series[this.#next++];
    if (series === undefined) return false;
    this.labels = Uint32Array.from(series.labels);
    this.labelCount = series.labels.length / 2;
    this.#chunks = encode(series.times, this.#chunkSamples);
    this.chunkCount = this.#chunks.length;
    this.minTimes = Float64Array.from(this.#chunks, (chunk) => chunk.minTime);
    this.maxTimes = Float64Array.from(this.#chunks, (chunk) => chunk.maxTime);
    return true;
  }

  load(k: number, into: LoadedChunk): void {
    into.encoding = CHUNK_XOR;
    into.bytes = this.#chunks[k].bytes;
    into.from = 0;
    into.to = into.bytes.length;
  }

  close(): void {
    this.isClosed = true;
  }
}

function compare(a: readonly number[], b: readonly number[]): number {
  const at = a.findIndex((value, i) => value !== b[i]);
  if (at < 0) return a.length - b.length;
  return at < b.length ? a[at] - b[at] : 1;
}

function encode(samples: readonly [number, number][], chunkSamples: number): PlainChunk[] {
  const memory = new KernelMemory({maximumBytes: 1 << 24});
  const builder = new ChunkBuilder(memory, {samplesMax: chunkSamples});
  const times = memory.alloc(samples.length * 8);
  const values = memory.alloc(samples.length * 8);
  for (const [i, [time, value]] of samples.entries()) {
    memory.f64[times / 8 + i] = time;
    memory.f64[values / 8 + i] = value;
  }
  builder.begin(times, values, 0, samples.length);
  const chunks: PlainChunk[] = [];
  while (builder.next()) {
    const {minTime, maxTime, bytes} = builder;
    chunks.push({minTime, maxTime, bytes: bytes.slice()});
  }
  return chunks;
}

/** The samples of a block of floats; throws when one is there twice or out of order. */
export function decodePlainly(block: PlainBlock): PlainSamples {
  const memory = new KernelMemory({maximumBytes: 1 << 28});
  const decoder = new ChunkDecoder(memory);
  return new Map(
    block.series.map(({labels, chunks}) => {
      const texts = labels.map((symbol) => block.symbols[symbol]);
      const pairs = texts.flatMap((text, i) => (i % 2 === 0 ? [[text, texts[i + 1]]] : []));
      const times = new Map<number, number>();
      let last = -Infinity;
      for (const {encoding, data, minTime, maxTime} of chunks) {
        const columns = decodeChunk(memory, decoder, {encoding, bytes: data, from: 0, to: data.length});
        for (let i = 0; i < columns.count; i++) {
          const time = memory.f64[columns.times / 8 + i];
          if (time <= last || time < minTime || time > maxTime) throw new Error(`${time} after ${last}`);
          times.set((last = time), memory.f64[columns.values / 8 + i]);
        }
        if (last !== maxTime) throw new Error(`a chunk ends at ${last}, not at ${maxTime}`);
      }
      return [JSON.stringify(pairs), times];
    }),
  );
}
