import type {MessagePort} from 'node:worker_threads';
import type {HeadShared} from '@narthex/tsdb/head/shared.ts';
import type {ScrapeOptions, StorageOptions} from '../flags/options.ts';
import type {Level, LogFormat} from '../log/logger.ts';

/** What the ingest thread is given when it starts. */
export interface IngestThreadData {
  readonly storage: StorageOptions;
  readonly scrape: ScrapeOptions;
  readonly arenaBytes: number;
  readonly readersMax: number;
  readonly features: readonly string[];
  readonly logLevel: Level;
  readonly logFormat: LogFormat;
}

/** Messages of the ingest thread that answer no call. */
export type IngestEvent =
  | {readonly kind: 'replay'; readonly segment: number; readonly first: number; readonly last: number}
  | {readonly kind: 'opened'; readonly shared: HeadShared}
  | {readonly kind: 'failed'; readonly message: string; readonly code: string | undefined};

/** A remote-write request as it came, body still compressed. */
export interface WriteRequest {
  readonly body: Uint8Array<ArrayBuffer>;
  readonly contentType: string;
  readonly contentEncoding: string;
}

/** A configuration that the main thread has checked, as text with what is needed to read it again. */
export interface ConfigText {
  readonly file: string;
  readonly text: string;
}

/** A new reader: segments of the head are announced at `port`. */
export interface ReaderConnection {
  readonly port: MessagePort;
}
