import type {MessagePort} from 'node:worker_threads';
import type {RegistrySnapshot} from '@narthex/client/snapshot.ts';
import type {TargetMetadata, TargetsStatus} from '@narthex/scrape/manager.ts';
import type {BlockMeta} from '@narthex/tsdb/block/meta.ts';
import type {ReplayProgress} from '@narthex/tsdb/database.ts';
import type {HeadShared} from '@narthex/tsdb/head/head.ts';
import type {CheckpointRange, ClosedOutOfOrder, HeadState} from '@narthex/tsdb/housekeeping/head-owner.ts';
import type {Deletion} from '../compact/messages.ts';
import type {ConfigTexts} from '../config/load-config.ts';
import type {ScrapeOptions, StorageOptions} from '../flags/options.ts';
import type {Level, LogFormat} from '../log/logger.ts';

/** What the ingest thread is given when it starts. */
export interface IngestThreadData {
  readonly storage: StorageOptions;
  readonly scrape: ScrapeOptions;
  /** Message types that remote write accepts. */
  readonly acceptedMessages: readonly string[];
  readonly arenaBytes: number;
  readonly readersMax: number;
  readonly logLevel: Level;
  readonly logFormat: LogFormat;
  /** Calls come in here. */
  readonly calls: MessagePort;
}

/** What the ingest thread says by itself. */
export type IngestEvent =
  | {readonly kind: 'replay'; readonly progress: ReplayProgress}
  | {readonly kind: 'opened'; readonly shared: HeadShared}
  | {readonly kind: 'failed'; readonly message: string};

/** A remote-write request as it came, body still compressed. */
export interface WriteRequest {
  readonly body: Uint8Array<ArrayBuffer>;
  readonly contentType: string;
  readonly contentEncoding: string;
}

export interface WriteAnswer {
  readonly status: number;
  /** What went wrong; '' when nothing did. */
  readonly message: string;
}

/** What housekeeping in another thread may ask, see tsdb's `HeadOwner`. */
export type OwnerCalls = {
  state(_: null): Promise<HeadState>;
  seal(timeMs: number): Promise<void>;
  publish(blocks: readonly BlockMeta[]): Promise<void>;
  truncate(timeMs: number): Promise<void>;
  closeOutOfOrder(_: null): Promise<ClosedOutOfOrder | undefined>;
  truncateOutOfOrder(closed: ClosedOutOfOrder): Promise<void>;
  beginCheckpoint(_: null): Promise<CheckpointRange | undefined>;
  endCheckpoint(done: {last: number; minTime: number}): Promise<void>;
};

/** What the main thread may ask of the ingest thread. */
export type IngestCalls = {
  /** Scrape by this configuration from now on. */
  configure(texts: ConfigTexts): void;
  write(request: WriteRequest): WriteAnswer;
  targets(_: null): TargetsStatus;
  poolNames(_: null): string[];
  metadata(options: {family: string | undefined}): TargetMetadata[];
  metrics(_: null): Promise<RegistrySnapshot>;
  /** Delete samples of the head. */
  deleteSeries(deletion: Deletion): Promise<void>;
  /** Storage's housekeeping calls at `port`, see `OwnerCalls`. */
  serveOwner(connection: {port: MessagePort}): void;
  /** Segments are announced to a new reader at `port`. */
  connectReader(connection: {port: MessagePort}): void;
  /** The thread of this reader is gone: what it held may be recycled. */
  clearReader(readerIndex: number): void;
  /** Stop scraping, end the log. */
  close(_: null): Promise<void>;
};
