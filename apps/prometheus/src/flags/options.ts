import {parseBytes} from '@narthex/model/bytes.ts';
import {parseDuration, parseGoDuration} from '@narthex/model/duration.ts';
import type {Retention} from '@narthex/tsdb/compact/retention.ts';
import type {Level, LogFormat} from '../log/logger.ts';
import {FlagError, type FlagValues} from './parse-flags.ts';

/** The command line as the rest of the program wants it. Times in ms, sizes in bytes. */
export interface Options {
  readonly configFile: string;
  readonly listenAddresses: readonly string[];
  readonly readTimeoutMs: number;
  readonly connectionsMax: number;
  readonly externalUrl: URL;
  readonly routePrefix: string;
  readonly enableLifecycle: boolean;
  readonly enableAdminApi: boolean;
  readonly enableRemoteWriteReceiver: boolean;
  readonly acceptedMessages: readonly string[];
  readonly pageTitle: string;
  /** Undefined where every origin is allowed. */
  readonly corsOrigin: string | undefined;
  readonly storage: StorageOptions;
  readonly scrape: ScrapeOptions;
  readonly query: QueryOptions;
  readonly features: readonly string[];
  readonly logLevel: Level;
  readonly logFormat: LogFormat;
}

export interface StorageOptions {
  readonly path: string;
  /** 0: as the log's own default. */
  readonly walSegmentBytes: number;
  readonly walCompression: 'none' | 'snappy' | 'zstd';
  readonly lockFile: boolean;
  readonly samplesPerChunk: number;
  readonly blocks: BlockOptions;
}

/** How blocks are cut, merged and kept. */
export interface BlockOptions {
  readonly minBlockMs: number;
  /** 0: a tenth of the retention time, at most 31 days. */
  readonly maxBlockMs: number;
  /** 0: as blocks' own default. */
  readonly chunkSegmentBytes: number;
  /** Where the configuration does not say how long; 0 sets no limit. */
  readonly retention: Retention;
  readonly compactOverlapping: boolean;
  readonly reloadIntervalMs: number;
}

export interface ScrapeOptions {
  /** How far from its ideal time a scrape may be to get that time; 0 where times are not adjusted. */
  readonly timestampToleranceMs: number;
  readonly reloadIntervalMs: number;
}

export interface QueryOptions {
  readonly lookbackMs: number;
  readonly timeoutMs: number;
  readonly concurrency: number;
  readonly samplesMax: number;
}

const LOOKBACK_DEFAULT_MS = 300_000;
const RETENTION_DEFAULT_MS = 15 * 24 * 3_600_000;
const WAL_SEGMENT_MIN = 10 << 20;
const WAL_SEGMENT_MAX = 256 << 20;

/** Throws FlagError where flags do not go together. */
export function optionsOf(flags: FlagValues): Options {
  const externalUrl = externalUrlOf(flags.text('web.external-url'), flags.text('web.listen-address'));
  const origin = flags.text('web.cors.origin');
  return {
    configFile: flags.text('config.file'),
    listenAddresses: flags.texts('web.listen-address'),
    readTimeoutMs: parseDuration(flags.text('web.read-timeout')),
    connectionsMax: Number(flags.text('web.max-connections')),
    externalUrl,
    routePrefix: routePrefixOf(flags.text('web.route-prefix') || externalUrl.pathname),
    enableLifecycle: flags.bool('web.enable-lifecycle'),
    enableAdminApi: flags.bool('web.enable-admin-api'),
    enableRemoteWriteReceiver: flags.bool('web.enable-remote-write-receiver'),
    acceptedMessages: flags
      .texts('web.remote-write-receiver.accepted-protobuf-messages')
      .flatMap((text) => text.split(',')),
    pageTitle: flags.text('web.page-title'),
    corsOrigin: origin === '.*' ? undefined : origin,
    storage: storageOf(flags),
    scrape: {
      timestampToleranceMs: flags.bool('scrape.adjust-timestamps')
        ? parseGoDuration(flags.text('scrape.timestamp-tolerance'))
        : 0,
      reloadIntervalMs: parseDuration(flags.text('scrape.discovery-reload-interval')),
    },
    query: {
      // 0 means the default, as upstream's engine has it.
      lookbackMs: parseDuration(flags.text('query.lookback-delta')) || LOOKBACK_DEFAULT_MS,
      timeoutMs: parseDuration(flags.text('query.timeout')),
      concurrency: Number(flags.text('query.max-concurrency')),
      samplesMax: Number(flags.text('query.max-samples')),
    },
    features: flags.texts('enable-feature').flatMap((text) => text.split(',')),
    logLevel: flags.text('log.level') as Level,
    logFormat: flags.text('log.format') as LogFormat,
  };
}

function storageOf(flags: FlagValues): StorageOptions {
  const walSegmentBytes = parseBytes(flags.text('storage.tsdb.wal-segment-size'));
  if (walSegmentBytes !== 0 && (walSegmentBytes < WAL_SEGMENT_MIN || walSegmentBytes > WAL_SEGMENT_MAX)) {
    throw new FlagError("flag 'storage.tsdb.wal-segment-size' must be set between 10MB and 256MB");
  }
  return {
    path: flags.text('storage.tsdb.path'),
    walSegmentBytes,
    walCompression: flags.bool('storage.tsdb.wal-compression')
      ? (flags.text('storage.tsdb.wal-compression-type') as 'snappy' | 'zstd')
      : 'none',
    lockFile: !flags.bool('storage.tsdb.no-lockfile'),
    samplesPerChunk: Number(flags.text('storage.tsdb.samples-per-chunk')),
    blocks: blocksOf(flags),
  };
}

function blocksOf(flags: FlagValues): BlockOptions {
  const milliseconds = (name: string) => parseDuration(flags.text(name) || '0s');
  return {
    minBlockMs: milliseconds('storage.tsdb.min-block-duration'),
    maxBlockMs: milliseconds('storage.tsdb.max-block-duration'),
    chunkSegmentBytes: parseBytes(flags.text('storage.tsdb.max-block-chunk-segment-size')),
    retention: retentionOf(milliseconds('storage.tsdb.retention.time'), flags.text('storage.tsdb.retention.size')),
    compactOverlapping: flags.bool('storage.tsdb.allow-overlapping-compaction'),
    reloadIntervalMs: milliseconds('storage.tsdb.block-reload-interval'),
  };
}

/** Without any limit, data is kept for 15 days. */
function retentionOf(durationMs: number, size: string): Retention {
  const bytes = parseBytes(size);
  const isUnset = durationMs === 0 && bytes === 0;
  return {durationMs: isUnset ? RETENTION_DEFAULT_MS : durationMs, bytes, percentage: 0};
}

function externalUrlOf(text: string, listenAddress: string): URL {
  const port = listenAddress.slice(listenAddress.lastIndexOf(':') + 1);
  const whole = text === '' ? `http://localhost:${port}/` : text.includes('://') ? text : `http://${text}`;
  if (!URL.canParse(whole))
    throw new FlagError(`parse external URL ${JSON.stringify(text)}: want a URL such as https://host/path`);
  return new URL(whole);
}

/** `/prefix` without a slash at its end; empty for the root. */
function routePrefixOf(text: string): string {
  const trimmed = text.replace(/^\/+|\/+$/g, '');
  return trimmed === '' ? '' : `/${trimmed}`;
}

/** Flags that were given but cannot have an effect yet. */
export function refuseModes(flags: FlagValues): void {
  if (flags.bool('agent')) throw new FlagError('--agent: the agent mode is not there yet');
}
