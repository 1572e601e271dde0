import type {MessagePort} from 'node:worker_threads';
import type {RegistrySnapshot} from '@narthex/client/snapshot.ts';
import type {BlockMeta} from '@narthex/tsdb/block/meta.ts';
import type {Retention} from '@narthex/tsdb/compact/retention.ts';
import type {HeadShared} from '@narthex/tsdb/head/head.ts';
import type {StorageOptions} from '../flags/options.ts';
import type {Level, LogFormat} from '../log/logger.ts';

/** What the compact thread is given when it starts. */
export interface CompactThreadData {
  /** Lengths of blocks are settled: `maxBlockMs` is not 0. */
  readonly storage: StorageOptions;
  readonly shared: HeadShared;
  /** Its place in the readers' table of the arena. */
  readonly readerIndex: number;
  /** Brings new segments of the head. */
  readonly segments: MessagePort;
  /** Calls to the one who writes the head, see `OwnerCalls`. */
  readonly owner: MessagePort;
  readonly retention: Retention;
  readonly logLevel: Level;
  readonly logFormat: LogFormat;
  /** Calls come in here. */
  readonly calls: MessagePort;
}

/** Series to delete samples of: selectors as the client wrote them; times in ms, both included. */
export interface Deletion {
  readonly selectors: readonly string[];
  readonly startMs: number;
  readonly endMs: number;
}

/** What the main thread may ask of the compact thread. */
export type CompactCalls = {
  /** Keep data so long from now on. */
  retain(retention: Retention): void;
  /** Blocks that are there now, by the time they begin at. */
  blocks(_: null): readonly BlockMeta[];
  /** Delete samples of blocks; those of the head are the ingest thread's. */
  deleteSeries(deletion: Deletion): Promise<void>;
  cleanTombstones(_: null): Promise<void>;
  /** Copy the database to a new folder below `snapshots`. */
  snapshot(options: {name: string; skipHead: boolean}): Promise<void>;
  metrics(_: null): Promise<RegistrySnapshot>;
  /** End what is under way without a trace of it. */
  close(_: null): Promise<void>;
};
