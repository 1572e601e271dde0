import assert from 'node:assert/strict';
import {test} from 'node:test';
import {MessageChannel, Worker} from 'node:worker_threads';
import {KernelMemory} from '@narthex/kernels/kernel-memory.ts';
import {Labels} from '@narthex/model/labels.ts';
import {Head} from './head.ts';
import type {Truncation} from './truncation.ts';
import type {SegmentMessage} from './segments.ts';
import {
  GROUPS,
  type ReaderData,
  type ReaderReport,
  SERIES_PER_GROUP,
  STEP_MS,
  T0,
  groupOf,
  valueOf,
} from './testing-reader.ts';

const READERS = 2;
const COMMITS = 40_000;
const BUSY_MS = 1500;

/** Adds a sample to all series of a group with each commit. */
class Writer {
  readonly #head: Head;
  readonly #memory = new KernelMemory({maximumBytes: 1 << 20});
  readonly #groups: number[][];
  readonly #batch;
  commits = 0;

  constructor(head: Head) {
    this.#head = head;
    const slots = Array.from({length: GROUPS * SERIES_PER_GROUP}, (_, i) => head.getOrCreate(labelsOf('test', i)));
    this.#groups = Array.from({length: GROUPS}, (_, group) => slots.filter((_, i) => i % GROUPS === group));
    const array = () => this.#memory.alloc(SERIES_PER_GROUP * 8);
    this.#batch = {
      memory: this.#memory,
      count: SERIES_PER_GROUP,
      slots: array(),
      times: array(),
      values: array(),
      statuses: array(),
    };
  }

  commit(): void {
    const n = this.commits++;
    const group = groupOf(n);
    const {slots, times, values} = this.#batch;
    const {u32, f64} = this.#memory;
    for (const [i, slot] of this.#groups[group]!.entries()) {
      u32[slots / 4 + i] = slot;
      f64[times / 8 + i] = T0 + n * STEP_MS;
      f64[values / 8 + i] = valueOf(group + i * GROUPS, n);
    }
    assert.equal(this.#head.append(this.#batch).stored, SERIES_PER_GROUP);
    if (n % 20 === 0) this.#head.getOrCreate(labelsOf('other', n));
  }
}

const labelsOf = (name: string, i: number): Labels => Labels.fromObject({__name__: name, series: String(i)});

/** Runs `write` again and again while readers do `task`, and gives their reports. */
async function withReaders(task: ReaderData['task'], start: (head: Head) => () => boolean): Promise<ReaderReport[]> {
  const ports: MessageChannel[] = Array.from({length: READERS}, () => new MessageChannel());
  const announce = (message: SegmentMessage): void => {
    for (const {port1} of ports) port1.postMessage(message);
  };
  const head = Head.create({arenaBytes: 1 << 26, segmentBytes: 1 << 16, announce});
  const write = start(head);
  const control = new Int32Array(new SharedArrayBuffer(8));
  const reports = ports.map(({port2}, reader) => readIn({shared: head.shared, reader, port: port2, control, task}));
  while (Atomics.load(control, 1) < READERS) await new Promise((resolve) => setTimeout(resolve, 1));
  const end = performance.now() + BUSY_MS;
  for (let step = 1; write() && performance.now() < end; step++) {
    if (step % 500 === 0) await new Promise(setImmediate);
  }
  Atomics.store(control, 0, 1);
  const all = await Promise.all(reports);
  head.arena.epochs.reclaim(Infinity);
  assert.equal(head.arena.epochs.retiredCount, 0);
  for (const {port1} of ports) port1.close();
  return all;
}

function readIn(data: ReaderData): Promise<ReaderReport> {
  const worker = new Worker(new URL('testing-reader.ts', import.meta.url), {
    workerData: data,
    transferList: [data.port],
  });
  return new Promise((resolve, reject) => {
    worker.once('message', resolve);
    worker.once('error', reject);
  });
}

test('readers in other threads see whole commits and every sample as it was written', async () => {
  const writers: Writer[] = [];
  const reports = await withReaders('everything', (head) => {
    const writer = new Writer(head);
    writers.push(writer);
    writer.commit();
    return () => {
      writer.commit();
      return writer.commits < COMMITS;
    };
  });
  for (const report of reports) {
    assert.deepEqual(report.faults, []);
    assert.equal(report.lastCommit, writers[0]!.commits);
    assert.ok(report.wholeRounds > 10 && report.samples > 10_000, JSON.stringify(report));
  }
});

test('readers see whole commits while the past is cut off behind them', async () => {
  const heads: Head[] = [];
  const reports = await withReaders('what is left', (head) => {
    heads.push(head);
    const writer = new Writer(head);
    for (let i = 0; i < GROUPS * 50; i++) writer.commit();
    const cut: {truncation: Truncation | undefined} = {truncation: undefined};
    return () => {
      writer.commit();
      if (cut.truncation?.step(500)) cut.truncation = undefined;
      if (writer.commits % 3000 === 0) cut.truncation ??= head.truncate(T0 + (writer.commits - 2500) * STEP_MS);
      return writer.commits < COMMITS;
    };
  });
  for (const report of reports) {
    assert.deepEqual(report.faults, []);
    assert.ok(report.wholeRounds > 10 && report.samples > 10_000, JSON.stringify(report));
  }
  const {chunksRemoved, seriesRemoved} = heads[0]!.counters;
  assert.ok(chunksRemoved > 200 && seriesRemoved > 10, `${chunksRemoved} chunks, ${seriesRemoved} series`);
});

test('what a record says is of one commit, however fast commits follow', async () => {
  const reports = await withReaders('newest', (head) => {
    const memory = new KernelMemory({maximumBytes: 1 << 20});
    const [slots, times, values, statuses] = [memory.alloc(8), memory.alloc(8), memory.alloc(8), memory.alloc(8)];
    memory.u32[slots / 4] = head.getOrCreate(labelsOf('test', 0));
    const commit = {n: 0};
    const write = (): boolean => {
      memory.f64[times / 8] = T0 + commit.n * STEP_MS;
      memory.f64[values / 8] = commit.n++;
      return head.append({memory, slots, times, values, statuses, count: 1}).stored === 1;
    };
    write();
    return write;
  });
  for (const report of reports) {
    assert.deepEqual(report.faults, []);
    assert.ok(report.wholeRounds > 10, JSON.stringify(report));
  }
});
