// The ingest thread: the only writer of storage. Scrapes, takes remote write, appends to log and head.
import {type MessagePort, parentPort, workerData} from 'node:worker_threads';
import {Registry} from '@narthex/client/registry.ts';
import {KernelMemory} from '@narthex/kernels/kernel-memory.ts';
import {putFloatPowers} from '@narthex/kernels/float-powers.ts';
import {DiscoveryManager} from '@narthex/discovery/manager.ts';
import {DiscoveryMetrics} from '@narthex/discovery/metrics.ts';
import {parseMetricSelector} from '@narthex/promql/parse/parser.ts';
import {checkContent} from '@narthex/remote/content.ts';
import {WriteReceiver} from '@narthex/remote/receiver.ts';
import {WriteError} from '@narthex/remote/write-error.ts';
import {ScrapeManager} from '@narthex/scrape/manager.ts';
import {ScrapeMetrics} from '@narthex/scrape/metrics.ts';
import {seedOf} from '@narthex/scrape/target.ts';
import {ArenaFullError} from '@narthex/tsdb/arena/errors.ts';
import {clearReader} from '@narthex/tsdb/arena/epochs.ts';
import {Database} from '@narthex/tsdb/database.ts';
import {StorageError} from '@narthex/tsdb/errors.ts';
import {HeadReader} from '@narthex/tsdb/head/reader.ts';
import type {Deletion} from '../compact/messages.ts';
import type {LocalOwner} from '@narthex/tsdb/housekeeping/local-owner.ts';
import {configOf} from '../config/load-config.ts';
import {Logger} from '../log/logger.ts';
import {StorageMetrics} from '../metrics/storage-metrics.ts';
import {serveCalls} from '../threads/rpc.ts';
import {USER_AGENT} from '../version.ts';
import type {IngestCalls, IngestEvent, IngestThreadData, OwnerCalls, WriteAnswer, WriteRequest} from './messages.ts';
import {SegmentPorts} from './segment-ports.ts';

/** Bodies of scrapes and the batches made of them. */
const SCRAPE_MEMORY_MAX = 2 ** 31;
/** Requests, and the label bytes of the series that senders write. */
const WRITE_MEMORY_MAX = 2 ** 32;

/** The list of series that a deletion found. */
const DELETE_MEMORY_MAX = 2 ** 30;

const data = workerData as IngestThreadData;
const log = new Logger(data.logLevel, data.logFormat);
const registry = new Registry();
const storageMetrics = new StorageMetrics(registry);
const segmentPorts = new SegmentPorts();
const isRefusal = (error: unknown): boolean => error instanceof ArenaFullError;

function tell(event: IngestEvent): void {
  parentPort!.postMessage(event);
}

function openDatabase(): Promise<Database> {
  const {path, walSegmentBytes, walCompression, lockFile} = data.storage;
  const tsdbLog = log.with({component: 'tsdb'});
  return Database.open({
    dir: path,
    head: {
      arenaBytes: data.arenaBytes,
      readersMax: data.readersMax,
      chunkRangeMs: data.storage.blocks.minBlockMs,
      announce: segmentPorts.announce,
    },
    wal: {
      ...(walSegmentBytes > 0 && {segmentBytes: walSegmentBytes}),
      compression: walCompression,
      onSync: (seconds) => storageMetrics.synced(seconds),
    },
    noLockfile: !lockFile,
    onProgress: (progress) => tell({kind: 'replay', progress}),
    log: (level, message, fields) => tsdbLog[level](message, fields),
  });
}

function makeScraping(database: Database): {scraping: ScrapeManager; discovery: DiscoveryManager} {
  const memory = new KernelMemory({maximumBytes: SCRAPE_MEMORY_MAX});
  const scrapeLog = log.with({component: 'scrape manager'});
  const scraping = new ScrapeManager({
    append: {memory, floatPowers: putFloatPowers(memory), store: database.head, isRefusal},
    metrics: new ScrapeMetrics(registry),
    log: (level, message, fields) => scrapeLog[level](message, fields),
    userAgent: USER_AGENT,
    timestampToleranceMs: data.scrape.timestampToleranceMs,
  });
  const discoveryLog = log.with({component: 'discovery manager scrape'});
  const discovery = new DiscoveryManager({
    update: (job, groups) => scraping.update(job, groups),
    intervalMs: data.scrape.reloadIntervalMs,
    metrics: new DiscoveryMetrics(registry, 'scrape'),
    log: (level, message, fields) => discoveryLog[level](message, fields),
  });
  return {scraping, discovery};
}

function makeReceiver(database: Database): (request: WriteRequest) => WriteAnswer {
  // Made for the first request: its memory, and the whole of node:crypto for its key, are only for servers that someone writes to.
  const makeOne = () =>
    new WriteReceiver({
      memory: new KernelMemory({maximumBytes: WRITE_MEMORY_MAX}),
      store: database.head,
      isRefusal,
    });
  let receiver: WriteReceiver | undefined;
  const invalid = registry.counter({
    name: 'prometheus_api_remote_write_invalid_labels_samples_total',
    help: 'Series left out of remote-write requests for their labels.',
  });
  return ({body, contentType, contentEncoding}) => {
    try {
      checkContent(contentType, contentEncoding, data.acceptedMessages);
      receiver ??= makeOne();
      invalid.inc(receiver.write(body).invalidSeries);
      return {status: 204, message: ''};
    } catch (error) {
      return refusalOf(error);
    }
  };
}

function refusalOf(error: unknown): WriteAnswer {
  const {message} = error as Error;
  if (error instanceof WriteError) {
    log.debug('Remote write refused', {component: 'web', status: error.status, err: message});
    return {status: error.status, message};
  }
  log.error('Error appending remote write', {component: 'web', err: message});
  return {status: error instanceof StorageError ? 500 : 503, message};
}

/** The head is read for it in this thread, with memory that goes when it is done. */
function makeDeletion(database: Database): (deletion: Deletion) => Promise<void> {
  return async ({selectors, startMs, endMs}) => {
    const memory = new KernelMemory({maximumBytes: DELETE_MEMORY_MAX});
    const reader = new HeadReader(database.head.shared, memory, data.readersMax - 1, {next: () => undefined});
    for (const selector of selectors) {
      await database.deleteSeries(reader, memory, parseMetricSelector(selector), startMs, endMs);
    }
  };
}

/** Housekeeping has a thread of its own, which comes back here for all that concerns head and log. */
function serveOwner(port: MessagePort, owner: LocalOwner): void {
  const calls: OwnerCalls = {
    state: () => owner.state(),
    seal: (timeMs) => owner.seal(timeMs),
    publish: (blocks) => owner.publish(blocks),
    truncate: (timeMs) => owner.truncate(timeMs),
    closeOutOfOrder: () => owner.closeOutOfOrder(),
    truncateOutOfOrder: (closed) => owner.truncateOutOfOrder(closed),
    beginCheckpoint: () => owner.beginCheckpoint(),
    endCheckpoint: ({last, minTime}) => owner.endCheckpoint(last, minTime),
  };
  serveCalls(port, calls);
}

async function run(): Promise<void> {
  const database = await openDatabase();
  storageMetrics.watch(database);
  segmentPorts.announceBlocks(database.blocks);
  const {scraping, discovery} = makeScraping(database);
  // One for good: it knows what was taken out of the head, whatever becomes of the thread that asked for it.
  const owner = database.owner(segmentPorts.announceBlocks);
  const calls: IngestCalls = {
    configure(texts) {
      const config = configOf(texts);
      database.setOutOfOrderWindow(config.storage.outOfOrderWindowMs);
      scraping.apply(
        config.jobs.map((job) => job.config),
        seedOf(config.global.externalLabels),
      );
      discovery.apply(new Map(config.jobs.map((job) => [job.config.jobName, job])));
    },
    write: makeReceiver(database),
    targets: () => scraping.targets(),
    poolNames: () => scraping.poolNames,
    metadata: ({family}) => scraping.metadata(family),
    metrics: () => registry.collect(),
    deleteSeries: makeDeletion(database),
    serveOwner: ({port}) => serveOwner(port, owner),
    connectReader: ({port}) => segmentPorts.connect(port, database.head.shared.segments),
    clearReader: (readerIndex) => clearReader(database.head.arena, readerIndex),
    async close() {
      discovery.stop();
      scraping.close();
      await database.close();
      segmentPorts.close();
    },
  };
  serveCalls(data.calls, calls);
  tell({kind: 'opened', shared: {memory: database.head.shared.memory, segments: []}});
}

try {
  await run();
} catch (error) {
  tell({kind: 'failed', message: (error as Error).message});
}
