import {setTimeout} from 'node:timers/promises';
import {MessageChannel, type MessagePort, Worker} from 'node:worker_threads';
import type {RegistrySnapshot} from '@narthex/client/snapshot.ts';
import type {BlockMeta} from '@narthex/tsdb/block/meta.ts';
import type {Retention} from '@narthex/tsdb/compact/retention.ts';
import type {Logger} from '../log/logger.ts';
import {Caller} from '../threads/rpc.ts';
import type {CompactCalls, CompactThreadData, Deletion} from './messages.ts';

export interface CompactClientOptions {
  readonly data: Omit<CompactThreadData, 'calls' | 'owner' | 'segments'>;
  /** Let the writer of the head answer at this port, and announce segments at the other. */
  readonly connect: (owner: MessagePort, segments: MessagePort) => void;
  /** The thread is gone: what it held as a reader may be recycled. */
  readonly clearReader: () => void;
  readonly log: Logger;
}

const METRICS_WAIT_MS = 200;
const PAUSE_MIN_MS = 1000;
const PAUSE_MAX_MS = 60_000;

/** The compact thread, seen from the main thread: started again, after a pause, when it dies. */
export class CompactClient {
  readonly #options: CompactClientOptions;
  #retention: Retention;
  #worker: Worker | undefined;
  #caller: Caller<CompactCalls> | undefined;
  #metrics: RegistrySnapshot | undefined;
  #pauseMs = PAUSE_MIN_MS;
  #restart: NodeJS.Timeout | undefined;
  #closing = false;

  constructor(options: CompactClientOptions) {
    this.#options = options;
    this.#retention = options.data.retention;
    this.#start();
  }

  /** Keep data so long from now on. */
  retain(retention: Retention): void {
    this.#retention = retention;
    this.#caller?.call('retain', retention).catch(() => {});
  }

  /** Blocks that are there now, by the time they begin at. */
  async blocks(): Promise<readonly BlockMeta[]> {
    return (await this.#caller?.call('blocks', null)) ?? [];
  }

  /** Delete samples of blocks. */
  deleteSeries(deletion: Deletion): Promise<void> {
    return this.#call('deleteSeries', deletion);
  }

  /** Write blocks of which something was deleted anew without it. */
  cleanTombstones(): Promise<void> {
    return this.#call('cleanTombstones', null);
  }

  /** Copy the database to a new folder `name` below `snapshots`. */
  snapshot(name: string, skipHead: boolean): Promise<void> {
    return this.#call('snapshot', {name, skipHead});
  }

  /** Of now, or the last ones when the thread is busy or not there: it may work for seconds, and whoever scrapes does not wait. */
  async metrics(): Promise<RegistrySnapshot | undefined> {
    const fresh = this.#caller?.call('metrics', null).then((snapshot) => {
      this.#metrics = snapshot;
    });
    await Promise.race([fresh?.catch(() => {}), setTimeout(METRICS_WAIT_MS, undefined, {ref: false})]);
    return this.#metrics;
  }

  /** End what is under way, and the thread. */
  async close(): Promise<void> {
    this.#closing = true;
    clearTimeout(this.#restart);
    await this.#caller?.call('close', null).catch(() => {});
    await this.#worker?.terminate();
  }

  #call<K extends 'deleteSeries' | 'cleanTombstones' | 'snapshot'>(
    name: K,
    argument: Parameters<CompactCalls[K]>[0],
  ): Promise<void> {
    if (this.#caller === undefined) return Promise.reject(new Error('storage is not open yet'));
    return this.#caller.call(name, argument);
  }

  #start(): void {
    const {data, connect} = this.#options;
    const [calls, owner, segments] = [new MessageChannel(), new MessageChannel(), new MessageChannel()];
    const workerData: CompactThreadData = {
      ...data,
      retention: this.#retention,
      calls: calls.port2,
      owner: owner.port2,
      segments: segments.port2,
    };
    connect(owner.port1, segments.port1);
    this.#caller = new Caller<CompactCalls>(calls.port1);
    this.#worker = new Worker(new URL('./compact-thread.ts', import.meta.url), {
      workerData,
      transferList: [calls.port2, owner.port2, segments.port2],
      name: 'compact',
    });
    this.#worker.on('error', (error) => this.#options.log.error('The compact thread failed', {err: error}));
    this.#worker.on('exit', () => this.#whenGone());
  }

  #whenGone(): void {
    this.#caller?.fail('the compact thread is gone');
    this.#options.clearReader();
    if (this.#closing) return;
    this.#restart = globalThis.setTimeout(() => this.#start(), this.#pauseMs);
    this.#pauseMs = Math.min(PAUSE_MAX_MS, 2 * this.#pauseMs);
  }
}
