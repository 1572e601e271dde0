import os from 'node:os';
import {addNodeMetrics} from '@narthex/client/node-metrics.ts';
import {encodeSnapshot} from '@narthex/client/page.ts';
import {addProcessMetrics} from '@narthex/client/process-metrics.ts';
import {Registry} from '@narthex/client/registry.ts';
import {mergeSnapshots} from '@narthex/client/snapshot.ts';
import type {Answer} from '@narthex/http/envelope.ts';
import {AnchoredRegex} from '@narthex/model/regex.ts';
import {unsupportedMechanisms} from '@narthex/discovery/config.ts';
import {unsupportedClientKeys} from '@narthex/scrape/http-client/config.ts';
import type {Retention} from '@narthex/tsdb/compact/retention.ts';
import type {ReplayProgress} from '@narthex/tsdb/database.ts';
import type {HeadShared} from '@narthex/tsdb/head/head.ts';
import {addAdminRoutes} from './api/admin-routes.ts';
import {addLaterRoutes} from './api/later-routes.ts';
import {addQueryRoutes} from './api/query-routes.ts';
import {addStatusRoutes} from './api/status-routes.ts';
import {addTargetRoutes} from './api/target-routes.ts';
import {addWriteRoutes} from './api/write-routes.ts';
import {CompactClient} from './compact/compact-client.ts';
import {loadConfig, type LoadedConfig} from './config/load-config.ts';
import type {Options} from './flags/options.ts';
import type {FlagValues} from './flags/parse-flags.ts';
import {IngestClient} from './ingest/ingest-client.ts';
import type {Logger} from './log/logger.ts';
import {QueryMetrics, watchQueries} from './metrics/query-metrics.ts';
import {ServerMetrics} from './metrics/server-metrics.ts';
import {ActiveQueries} from './query/active-queries.ts';
import {QueryPool} from './query/pool.ts';
import {QueryLog} from './query/query-log.ts';
import {VERSION} from './version.ts';
import {landingPage} from './web/landing-page.ts';
import {addLifecycleRoutes} from './web/lifecycle-routes.ts';
import {WebServer} from './web/server.ts';

/** Shared memory for series, index and open chunks: reserved, not used, until series come. */
const ARENA_BYTES = 2 ** 32 - 65536;
/** A query's private memory: an eighth of the machine's, within these bounds. */
const QUERY_BYTES_MIN = 256 << 20;
const QUERY_BYTES_MAX = 1 << 30;
/** Rarer than the library's own, so that an idle server sleeps. */
const EVENT_LOOP_RESOLUTION_MS = 50;
const BLOCK_MAX_MS = 31 * 24 * 3_600_000;
/** How long clients may take to finish when the server stops. */
const CLOSE_GRACE_MS = 5000;

/** The whole server: its threads, its front door, and its life from start to stop. */
export class Server {
  readonly #options: Options;
  readonly #log: Logger;
  readonly #registry = new Registry();
  readonly #metrics: ServerMetrics;
  readonly #queryMetrics: QueryMetrics;
  readonly #queryLog: QueryLog;
  readonly #web: WebServer;
  readonly #ingest: IngestClient;
  readonly #startMs = Date.now();
  #activeQueries: ActiveQueries | undefined;
  #pool: QueryPool | undefined;
  #compact: CompactClient | undefined;
  #config: LoadedConfig;
  #reload = {successful: true, timeMs: Date.now()};
  #progress: ReplayProgress | undefined;
  #stopping: Promise<void> | undefined;
  /** Resolves when the server is to stop by itself, with the exit code. */
  readonly ended = Promise.withResolvers<number>();

  /** `config` was loaded and checked; `flags` are shown on the status pages. */
  constructor(options: Options, flags: FlagValues, config: LoadedConfig, log: Logger) {
    this.#options = options;
    this.#log = log;
    this.#config = config;
    this.#metrics = new ServerMetrics(this.#registry);
    this.#metrics.ready(false);
    this.#queryMetrics = new QueryMetrics(this.#registry);
    this.#queryLog = new QueryLog(log);
    addProcessMetrics(this.#registry);
    addNodeMetrics(this.#registry, {eventLoopResolutionMs: EVENT_LOOP_RESOLUTION_MS});
    const {corsOrigin, routePrefix} = options;
    this.#web = new WebServer({
      routePrefix,
      corsOrigin: corsOrigin === undefined ? undefined : new AnchoredRegex(corsOrigin),
      meter: this.#metrics,
      log,
    });
    this.#ingest = this.#startIngest();
    this.#addRoutes(flags);
  }

  /** Listen, open storage, begin to scrape. Throws ListenError, and what storage throws. */
  async start(): Promise<void> {
    const {listenAddresses, connectionsMax, readTimeoutMs, query} = this.#options;
    this.#ingest.opened.catch(() => {});
    await this.#web.listen({addresses: listenAddresses, connectionsMax, readTimeoutMs});
    for (const {address, port} of this.#web.addresses)
      this.#log.info('Listening on', {component: 'web', address: `${address}:${port}`});
    const shared = await this.#ingest.opened;
    this.#log.info('TSDB started');
    this.#compact = this.#startCompact(shared);
    this.#pool = this.#startPool(shared);
    watchQueries(this.#registry, {
      queries: () => this.#pool!.load.queries,
      concurrency: query.concurrency,
      queryLog: this.#queryLog,
    });
    await this.#apply(this.#config);
    this.#web.readiness = 'ready';
    this.#metrics.ready(true);
    this.#log.info('Server is ready to receive web requests.', {url: this.#options.externalUrl.href});
  }

  /** Read the configuration again. A failure keeps the old one, and rejects with what is wrong. */
  async reload(): Promise<void> {
    const {configFile} = this.#options;
    this.#log.info('Loading configuration file', {filename: configFile});
    try {
      await this.#apply(loadConfig(configFile));
    } catch (error) {
      this.#reload = {...this.#reload, successful: false};
      this.#metrics.reloaded(false);
      this.#log.error('Error reloading config', {err: error});
      throw error;
    }
  }

  /** Stop taking requests, end queries and scraping, flush the log. May be called twice. */
  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  async #stop(): Promise<void> {
    this.#web.readiness = 'stopping';
    this.#metrics.ready(false);
    const closed = this.#web.close(CLOSE_GRACE_MS);
    await this.#pool?.close();
    this.#activeQueries?.close();
    await closed;
    await this.#queryLog.close();
    await this.#compact?.close();
    await this.#ingest.close();
    this.#log.info('See you next time!');
  }

  async #apply(loaded: LoadedConfig): Promise<void> {
    const queryLog = this.#queryLog.prepare(loaded.config.global.queryLogFile);
    try {
      await this.#ingest.caller.call('configure', loaded.texts);
    } catch (error) {
      queryLog.giveUp();
      throw error;
    }
    queryLog.use();
    this.#config = loaded;
    this.#compact?.retain(this.#retention());
    this.#reload = {successful: true, timeMs: Date.now()};
    this.#metrics.reloaded(true);
    this.#warnOfLater(loaded);
    this.#log.info('Completed loading of configuration file', {filename: this.#options.configFile});
  }

  /** One line for each part of the configuration that is recognised but has no effect yet. */
  #warnOfLater({config}: LoadedConfig): void {
    for (const section of config.later) this.#log.warn('This part of the configuration has no effect yet', {section});
    for (const {config: job} of config.jobs) {
      for (const key of [...unsupportedMechanisms(job), ...unsupportedClientKeys(job)]) {
        this.#log.warn('This key of a scrape configuration has no effect yet', {scrape_pool: job.jobName, key});
      }
    }
  }

  #startIngest(): IngestClient {
    const {storage, scrape, acceptedMessages, logLevel, logFormat, query} = this.#options;
    return new IngestClient({
      data: {
        storage,
        scrape,
        acceptedMessages,
        arenaBytes: ARENA_BYTES,
        // The query pool's, the compact thread's, and one for deletions.
        readersMax: query.concurrency + 4,
        logLevel,
        logFormat,
      },
      onProgress: (progress) => {
        this.#progress = progress;
      },
      onDeath: (why) => {
        this.#log.error('Storage is gone, ending', {err: why});
        this.ended.resolve(1);
      },
    });
  }

  /** The limits of the configuration, or where it has none those of the flags. */
  #retention(): Retention {
    return this.#config.config.storage.retention ?? this.#options.storage.blocks.retention;
  }

  #startCompact(shared: HeadShared): CompactClient {
    const {storage, query, logLevel, logFormat} = this.#options;
    const {caller} = this.#ingest;
    const readerIndex = query.concurrency + 2;
    const retention = this.#retention();
    const maxBlockMs = storage.blocks.maxBlockMs || longestBlock(retention.durationMs);
    const blocks = {...storage.blocks, maxBlockMs};
    return new CompactClient({
      data: {storage: {...storage, blocks}, shared, readerIndex, retention, logLevel, logFormat},
      connect: (owner, segments) => {
        caller.call('serveOwner', {port: owner}, [owner]).catch(() => {});
        caller.call('connectReader', {port: segments}, [segments]).catch(() => {});
      },
      clearReader: () => void caller.call('clearReader', readerIndex).catch(() => {}),
      log: this.#log,
    });
  }

  #startPool(shared: HeadShared): QueryPool {
    const {query, storage, features, logLevel, logFormat} = this.#options;
    const activeLog = this.#log.with({component: 'activeQueryTracker'});
    this.#activeQueries = new ActiveQueries(storage.path, query.concurrency, activeLog);
    const {caller} = this.#ingest;
    const memoryBytesMax = Math.min(QUERY_BYTES_MAX, Math.max(QUERY_BYTES_MIN, os.totalmem() / 8));
    return new QueryPool({
      shared,
      dataFolder: storage.path,
      settings: {...query, memoryBytesMax, features, logLevel, logFormat},
      threadsMax: query.concurrency,
      activeFd: this.#activeQueries.fd,
      log: this.#log,
      connectSegments: (port) => void caller.call('connectReader', {port}, [port]).catch(() => {}),
      clearReader: (readerIndex) => void caller.call('clearReader', readerIndex).catch(() => {}),
    });
  }

  #addRoutes(flags: FlagValues): void {
    const {enableLifecycle, enableRemoteWriteReceiver, externalUrl, pageTitle, routePrefix} = this.#options;
    const web = this.#web;
    addLifecycleRoutes(web, {enabled: enableLifecycle, reload: () => this.reload(), quit: () => this.#quit()});
    addQueryRoutes(web, {
      pool: () => this.#pool!,
      defaults: () => ({evaluationIntervalMs: this.#config.config.global.evaluationInterval}),
      observe: (outcome) => this.#queryMetrics.queried(outcome),
      queryLog: this.#queryLog,
      routePrefix,
    });
    addWriteRoutes(web, {enabled: enableRemoteWriteReceiver, ingest: this.#ingest});
    addAdminRoutes(web, this.#options.enableAdminApi, {
      deleteSeries: async (deletion) => {
        await this.#ingest.caller.call('deleteSeries', deletion);
        await this.#compact!.deleteSeries(deletion);
      },
      cleanTombstones: () => this.#compact!.cleanTombstones(),
      snapshot: (name, skipHead) => this.#compact!.snapshot(name, skipHead),
    });
    addLaterRoutes(web);
    addTargetRoutes(web, this.#ingest, externalUrl);
    addStatusRoutes(web, flags, {
      startMs: this.#startMs,
      configYaml: () => this.#config.config.printed,
      lastReload: () => this.#reload,
      replayProgress: () => this.#progress,
      blocks: async () => (await this.#compact?.blocks()) ?? [],
      threads: () => 3 + (this.#pool?.load.threads ?? 0),
      corruptions: () => 0,
    });
    web.route(['GET'], '/metrics', ({request}) => this.#metricsPage(request.headers.accept), {always: true});
    web.route(['GET'], '/', () => landingPage(pageTitle, routePrefix), {always: true});
  }

  #quit(): boolean {
    const first = this.#stopping === undefined;
    this.ended.resolve(0);
    return first;
  }

  async #metricsPage(accept: string | undefined): Promise<Answer> {
    const own = this.#registry.collect();
    const ingest = this.#web.readiness === 'ready' ? [await this.#ingest.caller.call('metrics', null)] : [];
    const compact = (await this.#compact?.metrics()) ?? [];
    const {body, contentType} = encodeSnapshot(mergeSnapshots([await own, ...ingest].concat(compact)), accept);
    return {status: 200, headers: {'Content-Type': contentType}, body};
  }
}

/** Upstream's longest block: a tenth of the time that data is kept, at most 31 days. */
function longestBlock(retentionMs: number): number {
  return retentionMs > 0 ? Math.min(BLOCK_MAX_MS, retentionMs / 10) : BLOCK_MAX_MS;
}

export const versionText = `prometheus, version ${VERSION} (narthex)
  platform:         ${process.platform}/${process.arch}
  node version:     ${process.version}
`;
