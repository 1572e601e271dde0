import {MessageChannel, Worker} from 'node:worker_threads';
import type {ReplayProgress} from '@narthex/tsdb/database.ts';
import type {HeadShared} from '@narthex/tsdb/head/head.ts';
import {Caller} from '../threads/rpc.ts';
import type {IngestCalls, IngestEvent, IngestThreadData} from './messages.ts';

export interface IngestClientOptions {
  readonly data: Omit<IngestThreadData, 'calls'>;
  readonly onProgress: (progress: ReplayProgress) => void;
  /** The thread ended though nobody asked it to: nothing can be stored any more. */
  readonly onDeath: (why: string) => void;
}

/** The ingest thread, seen from the main thread. */
export class IngestClient {
  readonly caller: Caller<IngestCalls>;
  /** Resolves when storage is open; rejects with why it can't be opened. */
  readonly opened: Promise<HeadShared>;
  readonly #worker: Worker;
  #closing = false;

  constructor({data, onProgress, onDeath}: IngestClientOptions) {
    const {port1, port2} = new MessageChannel();
    this.caller = new Caller<IngestCalls>(port1);
    const workerData: IngestThreadData = {...data, calls: port2};
    this.#worker = new Worker(new URL('./ingest-thread.ts', import.meta.url), {
      workerData,
      transferList: [port2],
      name: 'ingest',
    });
    const {promise, resolve, reject} = Promise.withResolvers<HeadShared>();
    this.opened = promise;
    let isOpen = false;
    this.#worker.on('message', (event: IngestEvent) => {
      if (event.kind === 'replay') onProgress(event.progress);
      else if (event.kind === 'failed') reject(new Error(event.message));
      else {
        isOpen = true;
        resolve(event.shared);
      }
    });
    const ended = (why: string) => {
      this.caller.fail(why);
      if (!isOpen) reject(new Error(why));
      else if (!this.#closing) onDeath(why);
    };
    this.#worker.on('error', (error) => ended(`the ingest thread failed: ${(error as Error).stack ?? String(error)}`));
    this.#worker.on('exit', () => ended('the ingest thread ended'));
  }

  /** Ends the log and the thread. */
  async close(): Promise<void> {
    this.#closing = true;
    await this.caller.call('close', null);
    await this.#worker.terminate();
  }
}
