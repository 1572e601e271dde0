import type {MessagePort} from 'node:worker_threads';
import type {HeadShared} from '@narthex/tsdb/head/head.ts';
import type {Level, LogFormat} from '../log/logger.ts';
import type {ActiveQuerySlot} from './active-queries.ts';

/** What a query thread is given when it starts. */
export interface QueryThreadData {
  readonly shared: HeadShared;
  /** Its place in the readers' table of the arena. */
  readonly readerIndex: number;
  readonly dataFolder: string;
  /** Brings new segments of the head and lists of blocks; read synchronously when one is missed. */
  readonly segments: MessagePort;
  /** Shared words, see `control`. */
  readonly control: SharedArrayBuffer;
  /** Where it notes the query that it runs. */
  readonly active: ActiveQuerySlot;
  readonly settings: QuerySettings;
}

export interface QuerySettings {
  readonly lookbackMs: number;
  readonly timeoutMs: number;
  readonly samplesMax: number;
  /** The most that a query may hold in its private memory. */
  readonly memoryBytesMax: number;
  readonly features: readonly string[];
  readonly logLevel: Level;
  readonly logFormat: LogFormat;
}

/** What of the configuration a query needs; sent with each job, so that a reload counts at once. */
export interface QueryDefaults {
  /** Default step of a subquery: `global.evaluation_interval`. */
  readonly evaluationIntervalMs: number;
}

/** Who asked, as the query log says it. */
export interface QueryOrigin {
  readonly clientIP: string;
  readonly method: string;
  /** The route with its prefix. */
  readonly path: string;
}

export type Endpoint =
  | 'query'
  | 'query_range'
  | 'series'
  | 'labels'
  | 'label_values'
  | 'status_tsdb'
  | 'format_query'
  | 'parse_query';

/** One request for a query thread. */
export interface Job {
  readonly kind: 'job';
  readonly id: number;
  readonly endpoint: Endpoint;
  /** Parameters of URL and form, in order, as `name=value&...`. */
  readonly parameters: string;
  /** Parts of the path, such as the label name. */
  readonly path: Readonly<Record<string, string>>;
  readonly gzip: boolean;
  /** When the client asked, in ms since the epoch: "now" of the query. */
  readonly askedMs: number;
  /** The same moment by `monotonicMs()`: the start of its time limit. */
  readonly queuedMs: number;
  /** Who asked; undefined where no query log is kept. */
  readonly origin: QueryOrigin | undefined;
  readonly defaults: QueryDefaults;
}

/** What a query thread sends back: a small answer whole; a large one as a head, parts while there is credit, and an end. */
export type JobMessage =
  | {
      readonly kind: 'whole';
      readonly id: number;
      readonly status: number;
      readonly headers: Record<string, string>;
      readonly bytes: Uint8Array<ArrayBuffer>;
      readonly outcome: JobOutcome;
    }
  | {readonly kind: 'head'; readonly id: number; readonly status: number; readonly headers: Record<string, string>}
  | {readonly kind: 'part'; readonly id: number; readonly bytes: Uint8Array<ArrayBuffer>}
  | {readonly kind: 'end'; readonly id: number; readonly outcome: JobOutcome};

/** How a job went, for metrics and for the decision whether to keep the thread. */
export interface JobOutcome {
  /** False where the answer was cut off after its head. */
  readonly complete: boolean;
  /** Processor time of the thread. */
  readonly cpuSeconds: number;
  /** Bytes of private memory the thread holds now. */
  readonly memoryBytes: number;
  /** Of a job that is a query, even where it failed. */
  readonly query: QueryOutcome | undefined;
}

/** What a query took; 0 for what it did not come to. */
export interface QueryOutcome {
  readonly queueSeconds: number;
  readonly prepareSeconds: number;
  readonly evalSeconds: number;
  readonly sortSeconds: number;
  readonly samples: number;
  readonly samplesRead: number;
  /** A line for the query log, where one is kept and the query was one. */
  readonly logLine: string | undefined;
}

/** Whether a job evaluates a query, and so is counted and logged as one. */
export const isQuery = (endpoint: Endpoint): boolean => endpoint === 'query' || endpoint === 'query_range';

/** Indexes of the shared words by which the main thread steers a query thread. */
export const control = {
  /** Why to stop: 0 go on, else a `stopReason`. Polled by operators once a batch. */
  stop: 0,
  /** Parts that the thread may send before it has to wait. */
  credit: 1,
  /** The thread's number in the system, where it has one of its own (Linux); 0 elsewhere. */
  systemThread: 2,
  words: 3,
} as const;

export const stopReason = {none: 0, timeout: 1, canceled: 2} as const;

/** Niceness of query threads: scraping and the front door go first when processors are short. */
export const QUERY_NICE = 10;
