import {KernelMemory} from '@narthex/kernels/kernel-memory.ts';
import {Labels} from '@narthex/model/labels.ts';
import {Matcher} from '@narthex/model/matcher.ts';
import {Head, type HeadOptions} from './head.ts';
import {HeadReader} from './reader.ts';
import type {PlainSample} from './reference-head.ts';
import {SegmentBoard} from './segments.ts';
import type {HeadSeriesSet} from './series-set.ts';
import type {AppendOutcome, SeriesSlot} from './types.ts';

/** The bits of a number. */
export const bitsOf = (value: number): bigint => new BigUint64Array(Float64Array.of(value).buffer)[0]!;

/** A matcher of all series. */
export const EVERYTHING = [new Matcher('=~', '__name__', '.*')];

/** A head with one reader in the same thread, and plain ways in and out. */
export class TestHead {
  readonly board = new SegmentBoard();
  readonly memory = new KernelMemory({maximumBytes: 1 << 26});
  readonly readerMemory = new KernelMemory({maximumBytes: 1 << 26});
  readonly head: Head;
  readonly reader: HeadReader;

  constructor(options: Partial<HeadOptions> = {}) {
    this.head = Head.create({arenaBytes: 1 << 25, segmentBytes: 1 << 17, announce: this.board.announce, ...options});
    this.reader = new HeadReader(this.head.shared, this.readerMemory, 0, this.board.source());
  }

  /** The slot of `{__name__="test", series="…"}`. */
  series(name: number | string): SeriesSlot {
    return this.head.getOrCreate(Labels.fromObject({__name__: 'test', series: String(name)}));
  }

  /** Append one commit; `statuses` gets each sample's status. */
  append(batch: readonly PlainSample[], statuses: number[] = []): AppendOutcome {
    const {memory} = this;
    const mark = memory.mark();
    const slots = batch.map(({series}) => this.series(series));
    const staged = {
      memory,
      count: batch.length,
      slots: memory.alloc(batch.length * 4),
      times: memory.alloc(batch.length * 8),
      values: memory.alloc(batch.length * 8),
      statuses: memory.alloc(batch.length),
    };
    for (const [i, {time, bits}] of batch.entries()) {
      memory.u32[staged.slots / 4 + i] = slots[i]!;
      memory.f64[staged.times / 8 + i] = time;
      memory.u64[staged.values / 8 + i] = bits;
    }
    try {
      const outcome = this.head.append(staged);
      statuses.push(...memory.u8.subarray(staged.statuses, staged.statuses + batch.length));
      return outcome;
    } finally {
      memory.release(mark);
    }
  }

  /** All that a select of everything finds, by name of the series. */
  readAll(startMs = -Infinity, endMs = Infinity): Map<string, PlainSample[]> {
    return this.select(startMs, endMs, (set, i) => this.read(set, i));
  }

  /** What readNewest says of each series. */
  readNewest(startMs = -Infinity, endMs = Infinity): Map<string, PlainSample[]> {
    return this.select(startMs, endMs, (set, i) => {
      const at = this.readerMemory.alloc(16);
      return this.#samples(set.readNewest(i, at, at + 8), at, at + 8);
    });
  }

  /** What `extent` knows of each series: times of an early and a late sample, and how many there are from one to the other. */
  extents(startMs: number, endMs: number): Map<string, [first: number, last: number, samples: number]> {
    const times = new Float64Array(2);
    return this.select(startMs, endMs, (set, i) => {
      const samples = set.extent(i, times);
      return [times[0]!, times[1]!, samples];
    });
  }

  /** Run `look` for each series between a begin and an end. */
  select<Seen>(startMs: number, endMs: number, look: (set: HeadSeriesSet, i: number) => Seen): Map<string, Seen> {
    const mark = this.readerMemory.mark();
    this.reader.begin();
    const set = this.reader.select(EVERYTHING, startMs, endMs);
    const seen = new Map<string, Seen>();
    for (let i = 0; i < set.length; i++) seen.set(this.nameOf(set, i), look(set, i));
    this.reader.end();
    this.readerMemory.release(mark);
    return seen;
  }

  /** The value of label `series`. */
  nameOf(set: HeadSeriesSet, i: number): string {
    const symbols = new Uint32Array(16);
    set.labels(i, symbols);
    return this.reader.symbols.text(symbols[3]!);
  }

  /** The samples of one series; `series` in them is meaningless. */
  read(set: HeadSeriesSet, i: number): PlainSample[] {
    const {readerMemory} = this;
    const mark = readerMemory.mark();
    const room = set.samplesMax(i);
    const times = readerMemory.alloc(room * 8);
    const values = readerMemory.alloc(room * 8);
    const samples = this.#samples(set.read(i, times, values), times, values);
    readerMemory.release(mark);
    return samples;
  }

  #samples(count: number, times: number, values: number): PlainSample[] {
    const {f64, u64} = this.readerMemory;
    return Array.from({length: count}, (_, k) => ({series: 0, time: f64[times / 8 + k]!, bits: u64[values / 8 + k]!}));
  }
}
