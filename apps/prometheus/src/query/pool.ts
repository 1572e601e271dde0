import fs from 'node:fs';
import os from 'node:os';
import {MessageChannel, Worker, type MessagePort} from 'node:worker_threads';
import type {HeadShared} from '@narthex/tsdb/head/head.ts';
import type {Logger} from '../log/logger.ts';
import {endActiveQuery} from './active-queries.ts';
import {monotonicMs} from './clock.ts';
import {KnownCosts} from './known-costs.ts';
import {
  control,
  isQuery,
  QUERY_NICE,
  stopReason,
  type Job,
  type JobMessage,
  type JobOutcome,
  type QuerySettings,
  type QueryThreadData,
} from './messages.ts';
import {unreadTimeoutOf} from './parameters.ts';

/** Why a job has no answer: its thread ended, its time was up while it ran or while it waited, or nobody wants it any more. */
export type Failure = 'died' | 'timeout' | 'queueTimeout' | 'canceled';

/** Where the answer to a job goes. `write` returns false when the client takes no more for now; `onDrain` says when it does. */
export interface JobSink {
  /** A small answer. */
  whole(status: number, headers: Record<string, string>, bytes: Uint8Array): void;
  head(status: number, headers: Record<string, string>): void;
  /** `taken` is called when the client has taken the bytes. */
  part(bytes: Uint8Array, taken: () => void): void;
  end(outcome: JobOutcome): void;
  /** The thread ended without an answer, or in the midst of one. */
  fail(reason: Failure): void;
}

export interface PoolOptions {
  readonly shared: HeadShared;
  readonly dataFolder: string;
  readonly settings: QuerySettings;
  readonly threadsMax: number;
  /** The file of active queries. */
  readonly activeFd: number;
  readonly log: Logger;
  /** Hands the writer's end of a channel over, by which a new reader learns of segments. */
  readonly connectSegments: (port: MessagePort) => void;
  /** Clears the epoch of a thread that is gone. */
  readonly clearReader: (readerIndex: number) => void;
}

/** Parts of at most 256 KiB that may be on their way to one client. */
const CREDIT_PARTS = 16;
/** How long a thread may ignore its stop flag before it is ended. */
const STOP_GRACE_MS = 2000;
/** A client that takes nothing for so long is cut off, so that it holds no thread. */
const STALL_MS = 10_000;
/** An idle thread beyond the warm spare ends after this. */
const IDLE_MS = 10_000;
/** A thread that holds more than this after its job is replaced, which gives its memory back at once. */
const KEEP_BYTES_MAX = 128 << 20;
/** The warm spare is replaced when it is idle and holds more than this. */
const SPARE_BYTES_MAX = 8 << 20;
/** A query that takes so much processor time gives way to shorter ones. */
const LONG_MS = 50;
/** How many queries that are expected to be long run at once: more than there are processors would only take memory from one another. */
const LONG_AT_ONCE = Math.max(2, os.availableParallelism());
/** Between two looks at a query that may be long; so much processor time after the first look, and it is. */
const LONG_LOOK_MS = 25;
/** Niceness of a thread with a long query. */
const LONG_NICE = 19;
const WORKER_HEAP_MB = 512;

interface Waiting {
  readonly job: Job;
  readonly sink: JobSink;
  /** Whether the job is expected to take long. */
  readonly isLong: boolean;
  canceled: boolean;
  timer?: NodeJS.Timeout;
}

/** Runs jobs on query threads: started on demand, the last used first, one warm spare kept, a thread that hangs or dies replaced. */
export class QueryPool {
  readonly #options: PoolOptions;
  readonly #idle: QueryThread[] = [];
  readonly #threads = new Set<QueryThread>();
  readonly #queue: Waiting[] = [];
  readonly #freeReaders: number[];
  readonly #costs = new KnownCosts(LONG_MS / 1000);
  #closed = false;

  constructor(options: PoolOptions) {
    this.#options = options;
    // A thread that is being ended keeps its place, and counts, until it is gone.
    this.#freeReaders = Array.from({length: options.threadsMax}, (_, i) => i);
    this.#startSpare();
  }

  /** Queries that run or wait now, and threads. */
  get load(): {queries: number; threads: number} {
    let queries = 0;
    for (const {job} of this.#queue) if (isQuery(job.endpoint)) queries++;
    for (const {job} of this.#threads) if (job && isQuery(job.endpoint)) queries++;
    return {queries, threads: this.#threads.size};
  }

  /** Start `job` as soon as a thread is free; returns a function that cancels it (the client hung up). */
  run(job: Job, sink: JobSink): () => void {
    const waiting: Waiting = {job, sink, isLong: this.#costs.isLong(job), canceled: false};
    const {timeoutMs} = this.#options.settings;
    this.#queue.push(waiting);
    this.#dispatch();
    if (this.#queue.includes(waiting)) {
      waiting.timer = setTimeout(
        () => this.#giveUp(waiting, 'queueTimeout'),
        Math.max(0, job.queuedMs + unreadTimeoutOf(job.parameters, timeoutMs) - monotonicMs()),
      );
    }
    return () => this.#cancel(waiting);
  }

  /** End all threads; jobs that wait or run fail. */
  async close(): Promise<void> {
    this.#closed = true;
    for (const waiting of this.#queue.splice(0)) this.#giveUp(waiting, 'canceled');
    await Promise.all([...this.#threads].map((thread) => thread.terminate()));
  }

  #cancel(waiting: Waiting): void {
    if (waiting.canceled) return;
    waiting.canceled = true;
    if (this.#queue.includes(waiting)) this.#giveUp(waiting, 'canceled');
    else for (const thread of this.#threads) if (thread.job === waiting.job) thread.stop(stopReason.canceled);
  }

  #giveUp(waiting: Waiting, reason: Failure): void {
    clearTimeout(waiting.timer);
    const at = this.#queue.indexOf(waiting);
    if (at >= 0) this.#queue.splice(at, 1);
    if (at >= 0 || this.#closed) waiting.sink.fail(reason);
  }

  #dispatch(): void {
    for (let at = this.#nextToRun(); at >= 0 && !this.#closed; at = this.#nextToRun()) {
      const thread = this.#idle.pop() ?? this.#start();
      if (!thread) return;
      const [waiting] = this.#queue.splice(at, 1) as [Waiting];
      clearTimeout(waiting.timer);
      thread.run(waiting.job, waiting.sink, waiting.isLong);
    }
    this.#startSpare();
  }

  /** The first job of the queue that may run: one expected to be long waits while enough long ones run. */
  #nextToRun(): number {
    let long = 0;
    for (const thread of this.#threads) if (thread.isLong) long++;
    return this.#queue.findIndex(({isLong}) => !isLong || long < LONG_AT_ONCE);
  }

  #startSpare(): void {
    if (this.#idle.length || this.#closed) return;
    const thread = this.#start();
    if (thread) this.#idle.push(thread);
  }

  #start(): QueryThread | undefined {
    if (this.#threads.size >= this.#options.threadsMax) return undefined;
    const readerIndex = this.#freeReaders.pop();
    if (readerIndex === undefined) return undefined;
    const thread = new QueryThread(this.#options, readerIndex, {
      idle: () => this.#whenIdle(thread),
      gone: () => this.#whenGone(thread),
      computed: () => this.#dispatch(),
      done: (job, outcome) => this.#costs.note(job, outcome.cpuSeconds),
    });
    this.#threads.add(thread);
    return thread;
  }

  #whenIdle(thread: QueryThread): void {
    this.#idle.push(thread);
    this.#dispatch();
    thread.endWhenIdle(IDLE_MS, () => {
      const at = this.#idle.indexOf(thread);
      if (at < 0 || (this.#idle.length < 2 && thread.memoryBytes <= SPARE_BYTES_MAX)) return false;
      this.#idle.splice(at, 1);
      return true;
    });
  }

  #whenGone(thread: QueryThread): void {
    this.#threads.delete(thread);
    const at = this.#idle.indexOf(thread);
    if (at >= 0) this.#idle.splice(at, 1);
    this.#options.clearReader(thread.readerIndex);
    endActiveQuery({fd: this.#options.activeFd, slot: thread.readerIndex});
    this.#freeReaders.push(thread.readerIndex);
    if (this.#closed) return;
    this.#dispatch();
    this.#startSpare();
  }
}

interface ThreadEvents {
  idle(): void;
  gone(): void;
  /** The answer is whole, though perhaps not sent yet. */
  computed(): void;
  done(job: Job, outcome: JobOutcome): void;
}

/** One query thread, seen from the main thread. */
class QueryThread {
  readonly readerIndex: number;
  readonly #worker: Worker;
  readonly #words: Int32Array;
  readonly #events: ThreadEvents;
  readonly #log: Logger;
  readonly #timeoutMs: number;
  #current: {job: Job; sink: JobSink} | undefined;
  #failure: Failure = 'died';
  #deadline: NodeJS.Timeout | undefined;
  #grace: NodeJS.Timeout | undefined;
  #stall: NodeJS.Timeout | undefined;
  #idleTimer: NodeJS.Timeout | undefined;
  #long: NodeJS.Timeout | undefined;
  /** Whether the thread was made to give way, and so has to get its priority back. */
  #gaveWay = false;
  /** Whether the running job is expected to be long, or has become it. */
  isLong = false;
  /** Bytes of private memory that it held after its last job. */
  memoryBytes = 0;

  constructor(options: PoolOptions, readerIndex: number, events: ThreadEvents) {
    this.readerIndex = readerIndex;
    this.#events = events;
    this.#log = options.log;
    this.#timeoutMs = options.settings.timeoutMs;
    const buffer = new SharedArrayBuffer(4 * control.words);
    this.#words = new Int32Array(buffer);
    const {port1, port2} = new MessageChannel();
    options.connectSegments(port1);
    const workerData: QueryThreadData = {
      shared: options.shared,
      dataFolder: options.dataFolder,
      readerIndex,
      segments: port2,
      control: buffer,
      active: {fd: options.activeFd, slot: readerIndex},
      settings: options.settings,
    };
    this.#worker = new Worker(new URL('./query-thread.ts', import.meta.url), {
      workerData,
      transferList: [port2],
      name: 'query',
      resourceLimits: {maxOldGenerationSizeMb: WORKER_HEAP_MB},
    });
    this.#worker.on('message', (message: JobMessage) => this.#receive(message));
    this.#worker.on('error', (error) => this.#log.error('query thread failed', {component: 'query', err: error}));
    this.#worker.on('exit', () => this.#exited());
  }

  get job(): Job | undefined {
    return this.#current?.job;
  }

  run(job: Job, sink: JobSink, isLong: boolean): void {
    clearTimeout(this.#idleTimer);
    this.#current = {job, sink};
    this.#failure = 'died';
    Atomics.store(this.#words, control.stop, stopReason.none);
    Atomics.store(this.#words, control.credit, CREDIT_PARTS);
    this.#deadline = setTimeout(
      () => this.stop(stopReason.timeout),
      Math.max(0, job.queuedMs + this.#timeoutMs - monotonicMs()),
    );
    this.isLong = isLong;
    this.#giveWayAfter(LONG_MS);
    this.#worker.postMessage(job);
  }

  /**
   * Look after `ms` whether the job has become a long one. The clock alone does not tell, for it goes on while others have the processor:
   * processor time counts, from the first look on, so that short jobs pay nothing for this.
   */
  #giveWayAfter(ms: number, cpuBeganMs?: number): void {
    this.#long = setTimeout(() => {
      const cpuMs = this.#cpuMs();
      const beganMs = cpuBeganMs ?? cpuMs;
      if (cpuMs - beganMs >= LONG_LOOK_MS) this.#giveWay();
      else this.#giveWayAfter(LONG_LOOK_MS, beganMs);
    }, ms);
  }

  #giveWay(): void {
    this.isLong = true;
    this.#gaveWay = this.#setNice(LONG_NICE);
  }

  /** Processor time of the thread so far; the clock's time where the system does not tell. */
  #cpuMs(): number {
    const thread = Atomics.load(this.#words, control.systemThread);
    if (thread === 0) return performance.now();
    try {
      const [nanoseconds] = fs.readFileSync(`/proc/self/task/${thread}/schedstat`, 'latin1').split(' ');
      return Number(nanoseconds) / 1e6;
    } catch {
      return performance.now();
    }
  }

  /** False where threads have no priority of their own, or it may not be raised again without privileges. */
  #setNice(nice: number): boolean {
    const thread = Atomics.load(this.#words, control.systemThread);
    if (thread === 0) return false;
    try {
      os.setPriority(thread, nice);
      return true;
    } catch {
      return false;
    }
  }

  /** Ask the running job to stop; the thread is ended when it does not. */
  stop(reason: number): void {
    if (!this.#current || this.#grace) return;
    this.#failure = reason === stopReason.timeout ? 'timeout' : 'canceled';
    Atomics.store(this.#words, control.stop, reason);
    Atomics.add(this.#words, control.credit, 1);
    Atomics.notify(this.#words, control.credit);
    this.#grace = setTimeout(() => {
      this.#log.warn('query thread does not stop, ending it', {
        component: 'query',
        endpoint: this.#current?.job.endpoint,
      });
      void this.terminate();
    }, STOP_GRACE_MS);
  }

  endWhenIdle(afterMs: number, mayEnd: () => boolean): void {
    this.#idleTimer = setTimeout(() => {
      if (mayEnd()) void this.terminate();
    }, afterMs);
    this.#idleTimer.unref();
  }

  async terminate(): Promise<void> {
    await this.#worker.terminate();
  }

  #receive(message: JobMessage): void {
    const {sink} = this.#current ?? {};
    if (!sink || message.id !== this.#current?.job.id) return;
    if (message.kind === 'whole') {
      sink.whole(message.status, message.headers, message.bytes);
      this.#finish(sink, message.outcome);
    } else if (message.kind === 'head') {
      // From here on it is the client's pace, which shall not hold up others.
      clearTimeout(this.#long);
      this.isLong = false;
      sink.head(message.status, message.headers);
      this.#events.computed();
    } else if (message.kind === 'part') this.#part(sink, message.bytes);
    else this.#finish(sink, message.outcome);
  }

  #part(sink: JobSink, bytes: Uint8Array): void {
    const {id} = this.#current!.job;
    this.#stall ??= setTimeout(() => this.stop(stopReason.canceled), STALL_MS);
    sink.part(bytes, () => {
      clearTimeout(this.#stall);
      this.#stall = undefined;
      if (this.job?.id !== id) return;
      Atomics.add(this.#words, control.credit, 1);
      Atomics.notify(this.#words, control.credit);
    });
  }

  #finish(sink: JobSink, outcome: JobOutcome): void {
    const {job} = this.#current!;
    this.#clear();
    this.#events.done(job, outcome);
    sink.end(outcome);
    this.memoryBytes = outcome.memoryBytes;
    const mayStay = outcome.memoryBytes <= KEEP_BYTES_MAX && (!this.#gaveWay || this.#setNice(QUERY_NICE));
    this.#gaveWay = false;
    if (mayStay) this.#events.idle();
    else void this.terminate();
  }

  #exited(): void {
    const {sink} = this.#current ?? {};
    this.#clear();
    sink?.fail(this.#failure);
    this.#events.gone();
  }

  #clear(): void {
    for (const timer of [this.#deadline, this.#grace, this.#stall, this.#idleTimer, this.#long]) clearTimeout(timer);
    this.#grace = undefined;
    this.#stall = undefined;
    this.#current = undefined;
    this.isLong = false;
  }
}
