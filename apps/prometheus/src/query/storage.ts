import {KernelMemory} from '@narthex/kernels/kernel-memory.ts';
import type {Matcher} from '@narthex/model/matcher.ts';
import type {Querier, SeriesSet, SymbolTable} from '@narthex/promql/storage.ts';
import {HeadReader} from '@narthex/tsdb/head/reader.ts';
import type {QueryThreadData} from './messages.ts';
import {SegmentPort} from './segment-port.ts';

/** What a query thread reads through: the head, in an epoch that lasts as long as `read` runs, and a memory that is the query's budget. */
export class QueryStorage implements Querier {
  readonly memory: KernelMemory;
  readonly head: HeadReader;

  constructor({shared, readerIndex, segments, settings}: QueryThreadData) {
    this.memory = new KernelMemory({maximumBytes: settings.memoryBytesMax});
    this.head = new HeadReader(shared, this.memory, readerIndex, new SegmentPort(segments));
  }

  get symbols(): SymbolTable {
    return this.head.symbols;
  }

  select(matchers: readonly Matcher[], startMs: number, endMs: number): SeriesSet {
    return this.head.select(matchers, startMs, endMs);
  }

  /** Whether the head has anything in [startMs, endMs]. */
  overlaps(startMs: number, endMs: number): boolean {
    return startMs <= this.head.maxTime && endMs >= this.head.minTime;
  }

  /** Run `use` inside an epoch; all memory that it takes is given back. */
  read<T>(use: () => T): T {
    const mark = this.memory.mark();
    this.head.begin();
    try {
      return use();
    } finally {
      this.head.end();
      this.memory.release(mark);
    }
  }
}
