import {KernelMemory} from '@narthex/kernels/kernel-memory.ts';
import {RawLabelsBuilder, clusterLabels} from '../index/synthetic-series.ts';
import {Head} from './head.ts';
import {HeadReader} from './reader.ts';
import {SegmentBoard} from './segments.ts';

const BATCH = 5000;
const T0 = 1_700_000_000_000;
const STEP_MS = 15_000;
const MIB = 1 << 20;

/** What a head of so many series took. */
export interface HeadFigures {
  readonly series: number;
  readonly createMicroseconds: number;
  readonly appendNs: number;
  /** The slowest commit of a batch of 5000. */
  readonly slowestCommitMs: number;
  readonly arenaBytesPerSeries: number;
  readonly segmentBytesPerSample: number;
  /** Entering, selecting and pinning all series, a series. */
  readonly pinNs: number;
  readonly newestNs: number;
  /** Copying and decoding all samples, a sample. */
  readonly readNs: number;
}

/** One head with `series` series that are scraped `scrapes` times, in batches of 5000. */
export class HeadBench {
  readonly board = new SegmentBoard();
  readonly head: Head;
  readonly memory = new KernelMemory({maximumBytes: 4 * MIB});
  readonly series: number;
  readonly scrapes: number;
  readonly #slots: Uint32Array;
  readonly #values: Float64Array;
  readonly #batch;
  #createNs = 0;
  #appendNs = 0;
  #slowestNs = 0;

  constructor(series: number, scrapes: number) {
    this.series = series;
    this.scrapes = scrapes;
    this.head = Head.create({
      arenaBytes: Math.min(4096 * MIB, 64 * MIB + series * 2048),
      announce: this.board.announce,
    });
    this.#slots = new Uint32Array(series);
    this.#values = new Float64Array(series);
    const array = () => this.memory.alloc(BATCH * 8);
    this.#batch = {memory: this.memory, slots: array(), times: array(), values: array(), statuses: array(), count: 0};
  }

  run(): HeadFigures {
    this.#create();
    for (let scrape = 0; scrape < this.scrapes; scrape++) this.scrapeOnce(scrape);
    const {head, series} = this;
    return {
      series,
      createMicroseconds: this.#createNs / series / 1000,
      appendNs: this.#appendNs / series / this.scrapes,
      slowestCommitMs: this.#slowestNs / 1e6,
      arenaBytesPerSeries: head.arena.usedBytes / series,
      segmentBytesPerSample: head.segmentBytes / (series * this.scrapes),
      ...this.#read(),
    };
  }

  #create(): void {
    const raw = new RawLabelsBuilder();
    for (let i = 0; i < this.series; i++) {
      raw.set(clusterLabels(i));
      const begin = process.hrtime.bigint();
      this.#slots[i] = this.head.getOrCreateRaw(raw.bytes, raw.ranges, raw.labelCount);
      this.#createNs += Number(process.hrtime.bigint() - begin);
      if (i % 1000 === 0) this.head.arena.epochs.reclaim(1000);
    }
  }

  /** One sample for each series. */
  scrapeOnce(scrape: number): void {
    for (let from = 0; from < this.series; from += BATCH) {
      const count = Math.min(BATCH, this.series - from);
      this.#stage(scrape, from, count);
      const begin = process.hrtime.bigint();
      this.head.append({...this.#batch, count});
      const took = Number(process.hrtime.bigint() - begin);
      this.#appendNs += took;
      this.#slowestNs = Math.max(this.#slowestNs, took);
    }
  }

  /** Of ten series: three that never change, five counters at different paces, one gauge, one that needs all its bits. */
  #stage(scrape: number, from: number, count: number): void {
    const {u32, f64} = this.memory;
    const {slots, times, values} = this.#batch;
    const jitter = from % 11;
    for (let i = 0; i < count; i++) {
      const series = from + i;
      const kind = series % 10;
      const noise = (Math.imul(scrape * 31 + series, 0x9e3779b1) >>> 16) & 0xff;
      if (kind >= 3 && kind < 8) this.#values[series] += noise >>> (kind - 3);
      if (kind === 8) this.#values[series] = 50 + noise / 8;
      if (kind === 9) this.#values[series] += noise / 7;
      u32[slots / 4 + i] = this.#slots[series]!;
      f64[times / 8 + i] = T0 + scrape * STEP_MS + jitter;
      f64[values / 8 + i] = this.#values[series]!;
    }
  }

  #read(): Pick<HeadFigures, 'pinNs' | 'newestNs' | 'readNs'> {
    const memory = new KernelMemory({maximumBytes: 64 * MIB + this.series * 64});
    const reader = new HeadReader(this.head.shared, memory, 0, this.board.source());
    const times = memory.alloc(this.scrapes * 16 + 4096);
    const values = memory.alloc(this.scrapes * 16 + 4096);
    const begin = process.hrtime.bigint();
    reader.begin();
    const set = reader.select([], -Infinity, Infinity);
    const pinned = process.hrtime.bigint();
    for (let i = 0; i < set.length; i++) set.readNewest(i, times, values);
    const newest = process.hrtime.bigint();
    let samples = 0;
    for (let i = 0; i < set.length; i++) samples += set.read(i, times, values);
    const end = process.hrtime.bigint();
    reader.end();
    return {
      pinNs: Number(pinned - begin) / set.length,
      newestNs: Number(newest - pinned) / set.length,
      readNs: Number(end - newest) / samples,
    };
  }
}

/** `scale` 1: 100,000 series, scraped 240 times. */
export function run(scale: number): HeadFigures {
  return new HeadBench(Math.ceil(100_000 * scale), scale < 0.1 ? 20 : 240).run();
}

if (import.meta.main) {
  const [series, scrapes] = process.argv.slice(2).map(Number);
  console.log(series === undefined ? run(1) : new HeadBench(series, scrapes ?? 240).run());
}
