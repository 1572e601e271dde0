// A reader's thread of threads.test.ts: looks at what the writer publishes until it is told to stop.
import {parentPort, workerData} from 'node:worker_threads';
import {ReaderEpoch} from './epochs.ts';
import {HEAD_ROOTS} from './layout.ts';
import {ArenaReader} from './reader.ts';
import {RecordsReader} from './records.ts';
import {NONE, TableReader} from './table.ts';
import {BLOCK_BYTES, RECORD_BYTES, RECORDS, scramble, TABLE, VECTOR} from './testing-threads.ts';
import {type ReaderData, type ReaderReport, WORD_PROGRESS, WORD_STARTED, WORD_STOP} from './testing-threads.ts';
import {VectorView} from './vector.ts';

/** The published block must be of one piece however long one looks. */
function lookAtBlock(arena: ArenaReader): string | undefined {
  const word = Atomics.load(arena.i32, HEAD_ROOTS >>> 2) >>> 2;
  const first = arena.u32[word];
  for (let pass = 0; pass < 20; pass++) {
    for (let i = 0; i < BLOCK_BYTES / 4; i++) {
      if (arena.u32[word + i] !== first) return `word ${i} is ${arena.u32[word + i]}, the first was ${first}`;
    }
  }
  return undefined;
}

/** What the writer has counted in its progress must be found everywhere. */
function lookAtLists(arena: ArenaReader): (progress: number, random: number) => string | undefined {
  const table = new TableReader(arena, TABLE);
  const view = new VectorView(arena);
  const records = new RecordsReader(arena, RECORDS, RECORD_BYTES);
  return (progress, random) => {
    const i = random % progress;
    let value = table.first(scramble(i));
    while (value !== NONE && value !== i) value = table.next();
    if (value !== i) return `the table of ${progress} has lost ${i}`;
    view.read(VECTOR);
    if (view.count < progress) return `the vector has ${view.count}, want ${progress}`;
    if (view.at(i) !== i) return `the vector has ${view.at(i)} at ${i}`;
    const record = records.address(i) >>> 2;
    return arena.u32[record + 2] === i ? undefined : `record ${i} has ${arena.u32[record + 2]}`;
  };
}

function run({memory, reader, task}: ReaderData): ReaderReport {
  const arena = ArenaReader.attach(memory);
  const epoch = new ReaderEpoch(arena, reader);
  const lists = lookAtLists(arena);
  const faults: string[] = [];
  let rounds = 0;
  let random = reader + 1;
  Atomics.add(arena.i32, WORD_STARTED, 1);
  while (Atomics.load(arena.i32, WORD_STOP) === 0) {
    random = (Math.imul(random, 1664525) + 1013904223) >>> 0;
    if (task !== 'blocks without epochs') epoch.enter();
    const progress = Atomics.load(arena.i32, WORD_PROGRESS);
    if (progress > 0) {
      const fault = task === 'lists' ? lists(progress, random) : lookAtBlock(arena);
      if (fault !== undefined && faults.length < 5) faults.push(fault);
      rounds++;
    }
    epoch.leave();
  }
  return {rounds, faults};
}

parentPort?.postMessage(run(workerData as ReaderData));
