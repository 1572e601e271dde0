// A reader's thread of threads.test.ts: selects series while the writer adds more.
import {KernelMemory} from '@narthex/kernels/kernel-memory.ts';
import {Matcher} from '@narthex/model/matcher.ts';
import {parentPort, workerData} from 'node:worker_threads';
import {ReaderEpoch} from '../arena/epochs.ts';
import {ArenaReader} from '../arena/reader.ts';
import {WORD_PROGRESS, WORD_REMOVED, WORD_STARTED, WORD_STOP} from '../arena/testing-threads.ts';
import type {ReaderData, ReaderReport} from '../arena/testing-threads.ts';
import {IndexReader} from './index-reader.ts';
import {LabelLists} from './label-lists.ts';
import {Selector} from './select.ts';
import {labelsWithId} from './synthetic-series.ts';

/** Queries, and which series of `clusterLabels` they select. */
const QUERIES: readonly [matchers: Matcher[], selects: (labels: ReadonlyMap<string, string>) => boolean][] = [
  [[new Matcher('=', 'job', 'job-7')], (labels) => labels.get('job') === 'job-7'],
  [
    [new Matcher('=', 'method', 'GET'), new Matcher('!=', 'status', '200')],
    (labels) => labels.get('method') === 'GET' && labels.get('status') !== '200',
  ],
  [[new Matcher('!=', 'method', 'GET')], (labels) => labels.get('method') !== 'GET'],
  [[new Matcher('=~', '__name__', '.*_9.*')], (labels) => labels.get('__name__')!.includes('_9')],
  [
    [new Matcher('=~', '__name__', '.+'), new Matcher('=~', 'le', '[1-3]')],
    (labels) => /^[1-3]$/.test(labels.get('le')!),
  ],
  [
    [new Matcher('=~', 'id', '.*9'), new Matcher('!=', 'le', '1')],
    (labels) => labels.get('id')!.endsWith('9') && labels.get('le') !== '1',
  ],
];

function labelMap(flat: readonly string[]): Map<string, string> {
  const map = new Map<string, string>();
  for (let i = 0; i < flat.length; i += 2) map.set(flat[i], flat[i + 1]);
  return map;
}

function isBetween(labels: ReadonlyMap<string, string>, from: number, end: number): boolean {
  const id = Number(labels.get('id'));
  return id >= from && id < end;
}

class SelectingReader {
  readonly #index: IndexReader;
  readonly #memory = new KernelMemory({maximumBytes: 64 << 20});
  readonly #selector: Selector;
  readonly #lists: LabelLists;
  readonly #out = new Uint32Array(64);

  constructor(arena: ArenaReader) {
    this.#index = new IndexReader(arena);
    this.#selector = new Selector(this.#index, this.#memory);
    this.#lists = new LabelLists(this.#index, this.#memory, this.#selector);
  }

  /** A fault, if there is one among the series that had been added when `progress` was read and are not removed yet. */
  look(progress: number, query: number): string | undefined {
    const [matchers, selects] = QUERIES[query];
    const mark = this.#memory.mark();
    const found = Array.from(this.#selector.select(matchers).values(), (slot) => this.#labels(slot));
    const names = this.#lists.texts(this.#lists.names(matchers, 0));
    const removed = Atomics.load(this.#index.arena.i32, WORD_REMOVED);
    this.#memory.release(mark);
    const known = found.filter((labels) => isBetween(labels, removed, progress));
    let want = 0;
    for (let i = removed; i < progress; i++) if (selects(labelMap(labelsWithId(i)))) want++;
    const what = `{${matchers.join()}} of ${removed} to ${progress}`;
    if (known.length !== want) return `${what}: ${known.length} series, want ${want}`;
    // A series on its way out is in some lists only, one on its way in to a slot that is used again likewise: both have no samples.
    const alien = known.find((labels) => !selects(labels));
    if (alien !== undefined) return `${what} selects ${[...alien].join()}`;
    if (want > 0 && names.length !== 13) return `${what}: names ${names.join()}`;
    return undefined;
  }

  refresh(): void {
    this.#index.refresh();
  }

  #labels(slot: number): Map<string, string> {
    const count = this.#index.labelSets.labels(slot, this.#out);
    return labelMap(Array.from(this.#out.subarray(0, 2 * count), (symbol) => this.#index.symbols.text(symbol)));
  }
}

function run({memory, reader}: ReaderData): ReaderReport {
  const arena = ArenaReader.attach(memory);
  const epoch = new ReaderEpoch(arena, reader);
  const look = new SelectingReader(arena);
  const faults: string[] = [];
  let rounds = 0;
  Atomics.add(arena.i32, WORD_STARTED, 1);
  while (Atomics.load(arena.i32, WORD_STOP) === 0) {
    epoch.enter();
    look.refresh();
    const progress = Atomics.load(arena.i32, WORD_PROGRESS);
    const fault = look.look(progress, rounds % QUERIES.length);
    if (fault !== undefined && faults.length < 5) faults.push(fault);
    epoch.leave();
    rounds++;
  }
  return {rounds, faults};
}

parentPort?.postMessage(run(workerData as ReaderData));
