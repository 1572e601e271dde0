// A reader in a thread of its own, for threads.test.ts: looks at everything, again and again, until it is told to stop.
import {type MessagePort, parentPort, receiveMessageOnPort, workerData} from 'node:worker_threads';
import {KernelMemory} from '@narthex/kernels/kernel-memory.ts';
import {Matcher} from '@narthex/model/matcher.ts';
import type {HeadShared} from './head.ts';
import {HeadReader} from './reader.ts';
import type {SegmentMessage} from './segments.ts';
import type {HeadSeriesSet} from './series-set.ts';

export interface ReaderData {
  readonly shared: HeadShared;
  readonly reader: number;
  readonly port: MessagePort;
  readonly task: 'everything' | 'what is left' | 'newest';
  /** Words: stop when not 0, readers that have begun. */
  readonly control: Int32Array<SharedArrayBuffer>;
}

export interface ReaderReport {
  readonly rounds: number;
  /** Rounds that saw commits, not just one after another. */
  readonly wholeRounds: number;
  readonly samples: number;
  readonly lastCommit: number;
  readonly faults: readonly string[];
}

/** Groups of series; each commit adds a sample to all series of one group. */
export const GROUPS = 40;
export const SERIES_PER_GROUP = 5;
export const T0 = 1_700_000_000_000;
export const STEP_MS = 1000;

/** The group that commit `n` (from 0) is about. */
export const groupOf = (n: number): number => (Math.imul(n ^ (n >>> 7), 0x45d9f3b) >>> 8) % GROUPS;

/** The value that series `series` gets in commit `n`: few bits or many. */
export function valueOf(series: number, n: number): number {
  if (series % 4 === 0) return 7;
  if (series % 4 === 1) return n;
  return Math.imul(n + series, 0x9e3779b1) / (series % 4 === 2 ? 1 : 3);
}

class Checker {
  readonly #memory = new KernelMemory({maximumBytes: 1 << 28});
  readonly #reader: HeadReader;
  readonly #isCut: boolean;
  readonly #symbols = new Uint32Array(16);
  readonly #matchers = [new Matcher('=', '__name__', 'test')];
  /** Of each group: the commits that were about it, those before `#simulated`. */
  readonly #commits: number[][] = Array.from({length: GROUPS}, () => []);
  #simulated = 0;
  #lastCommit = 0;
  readonly faults: string[] = [];
  rounds = 0;
  wholeRounds = 0;
  samples = 0;

  constructor({shared, reader, port, task}: ReaderData) {
    const next = (): SegmentMessage | undefined => receiveMessageOnPort(port)?.message as SegmentMessage | undefined;
    this.#reader = new HeadReader(shared, this.#memory, reader, {next});
    this.#isCut = task === 'what is left';
  }

  get lastCommit(): number {
    return this.#lastCommit;
  }

  round(): void {
    const mark = this.#memory.mark();
    this.#reader.begin();
    const set = this.#reader.select(this.#matchers, -Infinity, Infinity);
    const counts = Array.from({length: set.length}, (_, i) => this.#checkSeries(set, i));
    if (set.isWhole) this.#checkCommit(counts);
    this.#reader.end();
    this.#memory.release(mark);
    this.rounds++;
  }

  /** Samples that the series ever got, after those of the row were compared with what the writer wrote. */
  #checkSeries(set: HeadSeriesSet, i: number): {series: number; count: number} {
    set.labels(i, this.#symbols);
    const series = Number(this.#reader.symbols.text(this.#symbols[3]!));
    const room = set.samplesMax(i);
    const times = this.#memory.alloc(room * 8);
    const values = this.#memory.alloc(room * 8);
    const count = set.read(i, times, values);
    const {f64} = this.#memory;
    const commitAt = (address: number) => (f64[address / 8]! - T0) / STEP_MS;
    const commits = this.#commitsTo(commitAt(times + 8 * (count - 1)), series % GROUPS);
    const cut = this.#isCut ? commits.indexOf(commitAt(times)) : 0;
    for (let k = 0; k < count; k++) {
      const n = commits[cut + k]!;
      if (commitAt(times + 8 * k) === n && f64[values / 8 + k] === valueOf(series, n)) continue;
      this.#fault(`series ${series}, sample ${k}: ${f64[times / 8 + k]} ${f64[values / 8 + k]}, want commit ${n}`);
      break;
    }
    if (count !== room) this.#fault(`series ${series}: ${count} samples, ${room} promised`);
    if (set.readNewest(i, times, values) !== 1 || commitAt(times) !== commits[cut + count - 1]) {
      this.#fault(`series ${series}: newest sample at ${f64[times / 8]}, want commit ${commits[cut + count - 1]}`);
    }
    this.samples += count;
    return {series, count: cut + count};
  }

  /** Each group has the samples that it had after one and the same commit. */
  #checkCommit(rows: readonly {series: number; count: number}[]): void {
    const samples = rows.reduce((sum, {count}) => sum + count, 0);
    const commit = samples / SERIES_PER_GROUP;
    const want = new Array<number>(GROUPS).fill(0);
    for (let n = 0; n < commit; n++) want[groupOf(n)]!++;
    for (const {series, count} of rows) {
      if (count === want[series % GROUPS]) continue;
      this.#fault(`after commit ${commit}: series ${series} has ${count} samples, want ${want[series % GROUPS]}`);
    }
    if (commit < this.#lastCommit) this.#fault(`commit ${commit} after commit ${this.#lastCommit}`);
    if (commit > this.#lastCommit) this.wholeRounds++;
    this.#lastCommit = commit;
  }

  /** The commits about `group`, at least up to commit `last`. */
  #commitsTo(last: number, group: number): number[] {
    while (this.#simulated <= last) this.#commits[groupOf(this.#simulated)]!.push(this.#simulated++);
    return this.#commits[group]!;
  }

  #fault(text: string): void {
    if (this.faults.length < 10) this.faults.push(text);
  }
}

/** Compares what a record says of one and the same commit, millions of times: all of it lies in the same bank. */
class NewestChecker {
  readonly #memory = new KernelMemory({maximumBytes: 1 << 20});
  readonly #reader: HeadReader;
  readonly faults: string[] = [];
  rounds = 0;
  wholeRounds = 0;
  samples = 0;
  lastCommit = 0;

  constructor({shared, reader, port}: ReaderData) {
    const next = (): SegmentMessage | undefined => receiveMessageOnPort(port)?.message as SegmentMessage | undefined;
    this.#reader = new HeadReader(shared, this.#memory, reader, {next});
  }

  round(): void {
    const mark = this.#memory.mark();
    const at = this.#memory.alloc(16);
    this.#reader.begin();
    const set = this.#reader.select([], -Infinity, Infinity);
    this.samples += set.readNewest(0, at, at + 8);
    const n = (this.#memory.f64[at / 8]! - T0) / STEP_MS;
    const value = this.#memory.f64[at / 8 + 1]!;
    const count = set.samplesMax(0);
    this.#reader.end();
    this.#memory.release(mark);
    if (value !== n || count !== n + 1) this.faults.push(`commit ${n} has value ${value} and ${count} samples`);
    if (n < this.lastCommit) this.faults.push(`commit ${n} after ${this.lastCommit}`);
    if (n > this.lastCommit) this.wholeRounds++;
    this.lastCommit = n;
    this.rounds++;
  }
}

function main(data: ReaderData): void {
  const checker = data.task === 'newest' ? new NewestChecker(data) : new Checker(data);
  Atomics.add(data.control, 1, 1);
  let isLast = false;
  while (!isLast && checker.faults.length === 0) {
    isLast = Atomics.load(data.control, 0) !== 0;
    checker.round();
  }
  const {rounds, wholeRounds, samples, lastCommit, faults} = checker;
  parentPort!.postMessage({rounds, wholeRounds, samples, lastCommit, faults} satisfies ReaderReport);
  data.port.close();
}

// The test imports this file, too, for its constants.
if (parentPort !== null && (workerData as ReaderData | null)?.control !== undefined) main(workerData as ReaderData);
