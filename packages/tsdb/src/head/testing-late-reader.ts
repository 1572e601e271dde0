// A reader in a thread of its own, for out-of-order-threads.test.ts: every commit gives each series a sample in order and one out of order.
import {type MessagePort, parentPort, receiveMessageOnPort, workerData} from 'node:worker_threads';
import {KernelMemory} from '@narthex/kernels/kernel-memory.ts';
import type {HeadShared} from './head.ts';
import {HeadReader} from './reader.ts';
import type {SegmentMessage} from './segments.ts';
import type {HeadSeriesSet} from './series-set.ts';

export interface LateReaderData {
  readonly shared: HeadShared;
  readonly lateReader: number;
  readonly port: MessagePort;
  /** Words: stop when not 0, readers that have begun. */
  readonly control: Int32Array<SharedArrayBuffer>;
}

export interface LateReport {
  readonly rounds: number;
  readonly lastCommit: number;
  readonly faults: readonly string[];
}

export const LATE_SERIES = 8;
export const LATE_T0 = 1_700_000_000_000;
const STEP_MS = 10;
const BLOCK = 64;

/** Time of the sample in order of commit `n`. */
export const timeOf = (n: number): number => LATE_T0 + n * STEP_MS;

/** Time of its sample out of order: each once, shuffled within some commits, between two times of samples in order. */
export function lateTimeOf(n: number): number {
  const place = n % BLOCK;
  return timeOf(n - place + ((place * 37) % BLOCK) - BLOCK) - STEP_MS / 2;
}

/** The value of any sample. */
export const lateValueOf = (series: number, time: number): number => (time - LATE_T0) * 8 + series;

class LateChecker {
  readonly #memory = new KernelMemory({maximumBytes: 1 << 28});
  readonly #reader: HeadReader;
  readonly #symbols = new Uint32Array(16);
  readonly faults: string[] = [];
  rounds = 0;
  lastCommit = -1;

  constructor({shared, lateReader, port}: LateReaderData) {
    const next = (): SegmentMessage | undefined => receiveMessageOnPort(port)?.message as SegmentMessage | undefined;
    this.#reader = new HeadReader(shared, this.#memory, lateReader, {next});
  }

  round(): void {
    const mark = this.#memory.mark();
    this.#reader.begin();
    const set = this.#reader.select([], -Infinity, Infinity);
    const commits = Array.from({length: set.length}, (_, i) => this.#checkSeries(set, i));
    if (set.isWhole && new Set(commits).size > 1) this.#fault(`series of commits ${commits.join(' ')}`);
    this.#reader.end();
    this.#memory.release(mark);
    this.lastCommit = Math.max(...commits);
    this.rounds++;
  }

  /** The commit that the series is of. */
  #checkSeries(set: HeadSeriesSet, i: number): number {
    set.labels(i, this.#symbols);
    const series = Number(this.#reader.symbols.text(this.#symbols[1]!));
    const mark = this.#memory.mark();
    const room = set.samplesMax(i);
    const times = this.#memory.alloc(room * 8);
    const values = this.#memory.alloc(room * 8);
    const count = set.read(i, times, values);
    const {f64} = this.#memory;
    const last = f64[times / 8 + count - 1]!;
    const commit = (last - LATE_T0) / STEP_MS;
    if (count !== 2 * (commit + 1)) this.#fault(`series ${series}: ${count} samples after commit ${commit}`);
    for (let k = 0; k < count; k++) {
      const time = f64[times / 8 + k]!;
      if (k > 0 && time <= f64[times / 8 + k - 1]!) this.#fault(`series ${series}: time ${time} at ${k}`);
      if (f64[values / 8 + k] !== lateValueOf(series, time)) this.#fault(`series ${series}: value at ${time}`);
    }
    const newest = set.readNewest(i, times, values) === 1 ? this.#memory.f64[times / 8] : NaN;
    if (newest !== last) this.#fault(`series ${series}: newest sample at ${newest}, want ${last}`);
    this.#memory.release(mark);
    return commit;
  }

  #fault(text: string): void {
    if (this.faults.length < 10) this.faults.push(text);
  }
}

function main(data: LateReaderData): void {
  const checker = new LateChecker(data);
  Atomics.add(data.control, 1, 1);
  let isLast = false;
  while (!isLast && checker.faults.length === 0) {
    isLast = Atomics.load(data.control, 0) !== 0;
    checker.round();
  }
  const {rounds, lastCommit, faults} = checker;
  parentPort!.postMessage({rounds, lastCommit, faults} satisfies LateReport);
  data.port.close();
}

// The test imports this file, too, for its constants.
if (parentPort !== null && (workerData as LateReaderData | null)?.lateReader !== undefined) {
  main(workerData as LateReaderData);
}
