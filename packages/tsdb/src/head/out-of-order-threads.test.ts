import assert from 'node:assert/strict';
import {once} from 'node:events';
import {test} from 'node:test';
import {setImmediate} from 'node:timers/promises';
import {MessageChannel, type MessagePort, Worker} from 'node:worker_threads';
import {KernelMemory} from '@narthex/kernels/kernel-memory.ts';
import {Labels} from '@narthex/model/labels.ts';
import {Head} from './head.ts';
import {
  LATE_SERIES,
  type LateReaderData,
  type LateReport,
  lateTimeOf,
  lateValueOf,
  timeOf,
} from './testing-late-reader.ts';

const READERS = 2;
const COMMITS = 4000;
const CLOSE_EVERY = 700;

/** Adds two samples to each series with each commit. */
class LateWriter {
  readonly #head: Head;
  readonly #memory = new KernelMemory({maximumBytes: 1 << 22});
  readonly #slots: number[];
  #commits = 0;

  constructor(head: Head) {
    this.#head = head;
    this.#slots = Array.from({length: LATE_SERIES}, (_, i) => head.getOrCreate(Labels.fromObject({s: String(i)})));
  }

  commit(): void {
    const n = this.#commits++;
    const memory = this.#memory;
    const mark = memory.mark();
    const count = 2 * LATE_SERIES;
    const [slots, statuses] = [memory.alloc(count * 4), memory.alloc(count)];
    const [times, values] = [memory.alloc(count * 8), memory.alloc(count * 8)];
    for (let i = 0; i < count; i++) {
      const time = i < LATE_SERIES ? timeOf(n) : lateTimeOf(n);
      memory.u32[slots / 4 + i] = this.#slots[i % LATE_SERIES]!;
      memory.f64[times / 8 + i] = time;
      memory.f64[values / 8 + i] = lateValueOf(i % LATE_SERIES, time);
    }
    const {stored} = this.#head.append({memory, count, slots, statuses, times, values});
    assert.equal(stored, count);
    memory.release(mark);
    if (n % CLOSE_EVERY === 0) while (!this.#head.outOfOrder.close(memory).step(1e6));
  }
}

function startReader(head: Head, lateReader: number, ports: MessagePort[], control: LateReaderData['control']): Worker {
  const {port1, port2} = new MessageChannel();
  ports.push(port1);
  const data: LateReaderData = {shared: head.shared, lateReader, port: port2, control};
  return new Worker(new URL('./testing-late-reader.ts', import.meta.url), {workerData: data, transferList: [port2]});
}

test('readers in other threads see commits whole, what came out of order included', async () => {
  const ports: MessagePort[] = [];
  const head = Head.create({
    arenaBytes: 1 << 25,
    segmentBytes: 1 << 17,
    outOfOrderWindowMs: 3_600_000,
    announce: (message) => ports.forEach((port) => port.postMessage(message)),
  });
  const writer = new LateWriter(head);
  writer.commit();
  const control = new Int32Array(new SharedArrayBuffer(8));
  const workers = Array.from({length: READERS}, (_, i) => startReader(head, i, ports, control));
  const reports = workers.map(async (worker) => (await once(worker, 'message'))[0] as LateReport);
  while (Atomics.load(control, 1) < READERS) await setImmediate();
  for (let n = 1; n < COMMITS; n++) {
    writer.commit();
    if (n % 50 === 0) await setImmediate();
  }
  Atomics.store(control, 0, 1);
  for (const {rounds, lastCommit, faults} of await Promise.all(reports)) {
    assert.deepEqual(faults, []);
    assert.equal(lastCommit, COMMITS - 1);
    assert.ok(rounds > 1);
  }
  for (const port of ports) port.close();
  await Promise.all(workers.map(async (worker) => worker.terminate()));
});
