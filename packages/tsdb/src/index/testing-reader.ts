// A reader's thread of threads.test.ts: selects series while the writer adds more.
import {KernelMemory} from '@narthex/kernels/kernel-memory.ts';
import {Matcher} from '@narthex/model/matcher.ts';
import {parentPort, workerData} from 'node:worker_threads';
import {ReaderEpoch} from '../arena/epochs.ts';
import {ArenaReader} from '../arena/reader.ts';
import {type ReaderData, type ReaderReport, WORD_PROGRESS, WORD_STARTED, WORD_STOP} from '../arena/testing-threads.ts';
import {IndexReader} from './index-reader.ts';
import {LabelLists} from './label-lists.ts';
import {Selector} from './select.ts';
import {clusterLabels} from './synthetic-series.ts';

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

/** The labels of series `i` of the test: those of a cluster, and one that no other series has. */
export function labelsOf(i: number): string[] {
  const labels = clusterLabels(i);
  labels.splice(8, 0, 'id', String(i));
  return labels;
}

function labelMap(flat: readonly string[]): Map<string, string> {
  const map = new Map<string, string>();
  for (let i = 0; i < flat.length; i += 2) map.set(flat[i], flat[i + 1]);
  return map;
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

  /** A fault, if there is one among the series that had all been added when `progress` was read. */
  look(progress: number, query: number): string | undefined {
    const [matchers, selects] = QUERIES[query];
    const mark = this.#memory.mark();
    const slots = this.#selector.select(matchers).values();
    const known = slots.filter((slot) => slot < progress);
    let want = 0;
    for (let i = 0; i < progress; i++) if (selects(labelMap(labelsOf(i)))) want++;
    const alien = slots.find((slot) => !selects(this.#labels(slot)));
    const names = this.#lists.texts(this.#lists.names(matchers, 0));
    this.#memory.release(mark);
    if (known.length !== want) return `{${matchers.join()}}: ${known.length} of ${progress} series, want ${want}`;
    if (alien !== undefined) return `{${matchers.join()}} selects series ${alien}`;
    if (want > 0 && names.length !== 13) return `${names.length} names`;
    return undefined;
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
    const progress = Atomics.load(arena.i32, WORD_PROGRESS);
    const fault = look.look(progress, rounds % QUERIES.length);
    if (fault !== undefined && faults.length < 5) faults.push(fault);
    epoch.leave();
    rounds++;
  }
  return {rounds, faults};
}

parentPort?.postMessage(run(workerData as ReaderData));
