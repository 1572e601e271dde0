import {XOR_DATA, XOR_OVERHEAD} from '@narthex/kernels/layout/xor-chunk.ts';
import type {KernelMemory} from '@narthex/kernels/kernel-memory.ts';
import type {Matcher} from '@narthex/model/matcher.ts';
import type {Querier, SeriesSet} from '../../storage.ts';

const CHUNK_SAMPLES = 120;
const CHUNK_BYTES = 4096;
const WORDS = ['__name__', 'code', 'handler', 'instance', 'job', 'http_requests_total', '200', '500', 'api'];
const HANDLERS = 50;

export interface SyntheticOptions {
  readonly series: number;
  /** Samples of each series, one every `intervalMs` from time 0 on. */
  readonly samples: number;
  readonly intervalMs: number;
}

/**
 * A storage for benchmarks: any number of counters `http_requests_total{code, handler, instance, job}` that share encoded chunks, so that reading costs
 * what it costs in a head: a decode of XOR chunks and a few array reads for labels. Every select finds all series.
 */
export function syntheticQuerier(memory: KernelMemory, options: SyntheticOptions): Querier {
  const chunks = encodeChunks(memory, options);
  return {
    symbols: {text: textOf, find: symbolOf},
    select: (_matchers: readonly Matcher[], startMs: number, endMs: number) =>
      new SyntheticSeries(memory, options, chunks, startMs, endMs),
  };
}

function textOf(symbol: number): string {
  if (symbol < WORDS.length) return WORDS[symbol];
  const i = symbol - WORDS.length;
  return i < HANDLERS ? `/api/v1/handler/${i}` : `10.0.0.${i - HANDLERS}:9090`;
}

function symbolOf(text: string): number {
  const word = WORDS.indexOf(text);
  if (word >= 0) return word;
  if (text.startsWith('/api/v1/handler/')) return WORDS.length + Number(text.slice(16));
  if (text.startsWith('10.0.0.')) return WORDS.length + HANDLERS + Number(text.slice(7).split(':')[0]);
  return -1;
}

interface Chunk {
  readonly address: number;
  readonly bytes: number;
  readonly minMs: number;
  readonly maxMs: number;
  readonly samples: number;
  readonly newest: number;
}

function encodeChunks(memory: KernelMemory, {samples, intervalMs}: SyntheticOptions): Chunk[] {
  const chunks: Chunk[] = [];
  const times = memory.alloc(CHUNK_SAMPLES * 8);
  const values = memory.alloc(CHUNK_SAMPLES * 8);
  for (let begin = 0; begin < samples; begin += CHUNK_SAMPLES) {
    const count = Math.min(CHUNK_SAMPLES, samples - begin);
    const valueAt = (i: number) => i * 100 + ((i * 7919) % 17);
    for (let i = 0; i < count; i++) {
      memory.f64[(times >>> 3) + i] = (begin + i) * intervalMs;
      memory.f64[(values >>> 3) + i] = valueAt(begin + i);
    }
    const address = memory.alloc(CHUNK_BYTES + XOR_OVERHEAD);
    memory.kernels.xorInit(address, CHUNK_BYTES);
    memory.kernels.xorAppendMany(address, times, values, count);
    const last = begin + count - 1;
    const bytes = memory.kernels.xorBytes(address);
    chunks.push({
      address,
      bytes,
      minMs: begin * intervalMs,
      maxMs: last * intervalMs,
      samples: count,
      newest: valueAt(last),
    });
  }
  return chunks;
}

class SyntheticSeries implements SeriesSet {
  readonly length: number;
  readonly #memory: KernelMemory;
  readonly #chunks: readonly Chunk[];
  readonly #startMs: number;
  readonly #endMs: number;
  readonly #samplesMax: number;

  constructor(
    memory: KernelMemory,
    options: SyntheticOptions,
    chunks: readonly Chunk[],
    startMs: number,
    endMs: number,
  ) {
    this.#memory = memory;
    this.length = options.series;
    this.#chunks = chunks.filter(({minMs, maxMs}) => maxMs >= startMs && minMs <= endMs);
    this.#startMs = startMs;
    this.#endMs = endMs;
    this.#samplesMax = this.#chunks.reduce((sum, {samples}) => sum + samples, 0);
  }

  labels(i: number, out: Uint32Array): number {
    out[0] = 0;
    out[1] = 5;
    out[2] = 1;
    out[3] = 6 + (i & 1);
    out[4] = 2;
    out[5] = WORDS.length + (i % HANDLERS);
    out[6] = 3;
    out[7] = WORDS.length + HANDLERS + Math.floor(i / HANDLERS);
    out[8] = 4;
    out[9] = 8;
    return 5;
  }

  samplesMax(): number {
    return this.#samplesMax;
  }

  extent(_i: number, out: Float64Array): number {
    const whole = this.#chunks.filter(({minMs, maxMs}) => minMs >= this.#startMs && maxMs <= this.#endMs);
    if (whole.length === 0) return 0;
    out[0] = whole[0].minMs;
    out[1] = whole.at(-1)!.maxMs;
    return whole.reduce((sum, {samples}) => sum + samples, 0);
  }

  read(_i: number, times: number, values: number): number {
    const {kernels} = this.#memory;
    let count = 0;
    for (const {address, bytes, samples} of this.#chunks) {
      const at = count * 8;
      count += kernels.xorDecode(
        address + XOR_DATA,
        bytes,
        samples,
        this.#startMs,
        this.#endMs,
        times + at,
        values + at,
      );
    }
    return count;
  }

  readNewest(_i: number, times: number, values: number): number {
    const chunk = this.#chunks.at(-1);
    if (chunk === undefined) return 0;
    this.#memory.f64[times >>> 3] = chunk.maxMs;
    this.#memory.f64[values >>> 3] = chunk.newest;
    return 1;
  }
}
