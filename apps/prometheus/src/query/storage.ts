import {KernelMemory} from '@narthex/kernels/kernel-memory.ts';
import type {Matcher} from '@narthex/model/matcher.ts';
import type {Querier, SeriesSet, SymbolTable} from '@narthex/promql/storage.ts';
import {nodeDisk} from '@narthex/tsdb/disk.ts';
import {HeadReader} from '@narthex/tsdb/head/reader.ts';
import {DatabaseQuerier} from '@narthex/tsdb/querier/database-querier.ts';
import type {QueryThreadData} from './messages.ts';
import {SegmentPort} from './segment-port.ts';

/** What a query thread reads through: head and blocks, in an epoch that lasts as long as `read` runs, and a memory that is the query's budget. */
export class QueryStorage implements Querier {
  readonly memory: KernelMemory;
  readonly head: HeadReader;
  readonly database: DatabaseQuerier;
  readonly #port: SegmentPort;

  constructor({shared, readerIndex, segments, settings, dataFolder}: QueryThreadData) {
    this.memory = new KernelMemory({maximumBytes: settings.memoryBytesMax});
    this.#port = new SegmentPort(segments);
    this.head = new HeadReader(shared, this.memory, readerIndex, this.#port);
    const {head, memory} = this;
    this.database = new DatabaseQuerier({head, memory, disk: nodeDisk, folder: dataFolder});
  }

  get symbols(): SymbolTable {
    return this.database.symbols;
  }

  select(matchers: readonly Matcher[], startMs: number, endMs: number): SeriesSet {
    return this.database.select(matchers, startMs, endMs);
  }

  /** Whether there may be anything in [startMs, endMs]. */
  overlaps(startMs: number, endMs: number): boolean {
    return this.database.overlaps(startMs, endMs);
  }

  /** Run `use` inside an epoch; all memory that it takes is given back. */
  read<T>(use: () => T): T {
    const mark = this.memory.mark();
    this.database.begin();
    this.database.useBlocks(this.#port.blocks);
    try {
      return use();
    } finally {
      this.database.end();
      this.memory.release(mark);
    }
  }
}
