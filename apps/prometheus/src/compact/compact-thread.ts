// The compact thread: makes blocks of the head's past, longer ones of shorter, and deletes what is not to be kept. May block.
import os from 'node:os';
import {setTimeout} from 'node:timers/promises';
import path from 'node:path';
import {workerData} from 'node:worker_threads';
import {Registry} from '@narthex/client/registry.ts';
import {KernelMemory} from '@narthex/kernels/kernel-memory.ts';
import {parseMetricSelector} from '@narthex/promql/parse/parser.ts';
import {nodeDisk, folderSize} from '@narthex/tsdb/disk.ts';
import {HeadReader} from '@narthex/tsdb/head/reader.ts';
import type {HeadOwner} from '@narthex/tsdb/housekeeping/head-owner.ts';
import {Housekeeping} from '@narthex/tsdb/housekeeping/housekeeping.ts';
import type {OwnerCalls} from '../ingest/messages.ts';
import {Logger} from '../log/logger.ts';
import {watchBlocks} from '../metrics/block-metrics.ts';
import {QUERY_NICE} from '../query/messages.ts';
import {SegmentPort} from '../query/segment-port.ts';
import {Caller, serveCalls} from '../threads/rpc.ts';
import type {CompactCalls, CompactThreadData} from './messages.ts';

/** What the samples of one series may take while they are merged, and what is read of the head. */
const MEMORY_MAX = 2 ** 31;
/** Parts of the data folder that belong to the head. */
const HEAD_FOLDERS = ['wal', 'wbl', 'chunks_head'];
const FAILURE_PAUSE_MAX_MS = 60_000;

const data = workerData as CompactThreadData;
const log = new Logger(data.logLevel, data.logFormat).with({component: 'tsdb'});
const registry = new Registry();

function ownerAt(caller: Caller<OwnerCalls>): HeadOwner {
  return {
    state: () => caller.call('state', null),
    seal: (timeMs) => caller.call('seal', timeMs),
    publish: (blocks) => caller.call('publish', blocks),
    truncate: (timeMs) => caller.call('truncate', timeMs),
    closeOutOfOrder: () => caller.call('closeOutOfOrder', null),
    truncateOutOfOrder: (closed) => caller.call('truncateOutOfOrder', closed),
    beginCheckpoint: () => caller.call('beginCheckpoint', null),
    endCheckpoint: (last, minTime) => caller.call('endCheckpoint', {last, minTime}),
  };
}

function makeHousekeeping(): Housekeeping {
  const {storage, shared, readerIndex, segments, owner, retention} = data;
  const {minBlockMs, maxBlockMs, chunkSegmentBytes, compactOverlapping} = storage.blocks;
  const memory = new KernelMemory({maximumBytes: MEMORY_MAX});
  return new Housekeeping({
    disk: nodeDisk,
    folder: storage.path,
    owner: ownerAt(new Caller<OwnerCalls>(owner)),
    reader: new HeadReader(shared, memory, readerIndex, new SegmentPort(segments)),
    memory,
    retention,
    minBlockMs,
    maxBlockMs,
    compactOverlapping,
    segmentBytes: chunkSegmentBytes || undefined,
    compression: storage.walCompression,
    headBytes: () => HEAD_FOLDERS.reduce((sum, name) => sum + folderSize(nodeDisk, path.join(storage.path, name)), 0),
    log: (level, message, fields) => log[level](message, fields),
  });
}

/** Look after the folder again and again, after a failure less often. */
async function keep(housekeeping: Housekeeping, stopped: AbortSignal): Promise<void> {
  let pauseMs = 0;
  while (!stopped.aborted) {
    try {
      await housekeeping.reload();
      await housekeeping.compact();
      pauseMs = 0;
    } catch (error) {
      log.error('compaction failed', {err: (error as Error).message});
      pauseMs = Math.min(FAILURE_PAUSE_MAX_MS, Math.max(1000, 2 * pauseMs));
    }
    await setTimeout(data.storage.blocks.reloadIntervalMs + pauseMs, undefined, {signal: stopped}).catch(() => {});
  }
}

try {
  os.setPriority(QUERY_NICE);
} catch {
  // Without it compaction works as well.
}
const housekeeping = makeHousekeeping();
watchBlocks(registry, housekeeping);
const stop = new AbortController();
const calls: CompactCalls = {
  retain: (retention) => housekeeping.retain(retention),
  blocks: () => housekeeping.blocks,
  async deleteSeries({selectors, startMs, endMs}) {
    for (const selector of selectors) {
      await housekeeping.deleteSeries(parseMetricSelector(selector), startMs, endMs);
    }
  },
  cleanTombstones: () => housekeeping.cleanTombstones(),
  snapshot: ({name, skipHead}) => housekeeping.snapshot(path.join(data.storage.path, 'snapshots', name), skipHead),
  metrics: () => registry.collect(),
  async close() {
    stop.abort();
    await housekeeping.close();
  },
};
serveCalls(data.calls, calls);
await keep(housekeeping, stop.signal);
