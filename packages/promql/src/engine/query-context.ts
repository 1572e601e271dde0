import type {KernelMemory} from '@narthex/kernels/kernel-memory.ts';
import type {Querier} from '../storage.ts';
import {Annotations} from './annotations.ts';
import {LabelTable} from './label-table.ts';
import {QueryError} from './query-error.ts';
import {QueryHeap, tooMuchMemory} from './query-heap.ts';
import {type QueryStats, SampleStats} from './query-stats.ts';

/** What holds for all queries of a server. */
export interface EngineOptions {
  /** How far back an instant selector looks, in ms. */
  readonly lookbackMs: number;
  /** The most samples that a query may hold at once. */
  readonly samplesMax: number;
  /** Step of a subquery that names none, in ms: the default evaluation interval. */
  readonly subqueryStepMs: number;
  /** Keep `__name__` until the end of a query (feature `promql-delayed-name-removal`). */
  readonly delayedNameRemoval: boolean;
  /** Tell counters by the label `__type__` (feature `type-and-unit-labels`). */
  readonly typeAndUnitLabels: boolean;
  /** Look at the start timestamps of samples (feature `use-start-timestamps`). */
  readonly useStartTimestamps: boolean;
}

export const DEFAULT_OPTIONS: EngineOptions = {
  lookbackMs: 300_000,
  samplesMax: 50_000_000,
  subqueryStepMs: 60_000,
  delayedNameRemoval: false,
  typeAndUnitLabels: false,
  useStartTimestamps: false,
};

/** Cells that pass through a leaf count as so much less than samples that are held: a billion of them by default. */
const WORK_PER_SAMPLE = 20;

/** What one run of a query works with. */
export interface QueryRun {
  readonly querier: Querier;
  /** The private memory that the querier decodes to; its maximum is the query's budget. */
  readonly memory: KernelMemory;
  /** Word 0 turns from 0 to 1 to cancel; looked at once a batch. */
  readonly cancel?: Int32Array;
  /** When the query has to be done, in ms of `performance.now()`. */
  readonly deadlineMs?: number;
  /** Count samples for each step, too. */
  readonly countsSteps?: boolean;
  /** Called once when the evaluation ends, with a result or an error, with what it took. */
  readonly onEnd?: (stats: QueryStats) => void;
}

/** The state that all operators of a running query share. */
export class QueryContext {
  readonly options: EngineOptions;
  readonly querier: Querier;
  readonly heap: QueryHeap;
  readonly labels: LabelTable;
  readonly annotations = new Annotations();
  readonly stats = new SampleStats();
  readonly #cancel: Int32Array | undefined;
  readonly #deadline: number;
  #samples = 0;

  constructor(options: EngineOptions, run: QueryRun) {
    this.options = options;
    this.querier = run.querier;
    this.heap = new QueryHeap(run.memory);
    this.labels = new LabelTable(this.heap, run.querier.symbols);
    this.#cancel = run.cancel;
    this.#deadline = run.deadlineMs ?? Infinity;
  }

  /** Stops a query that was cancelled or ran out of time. Operators call it once a batch. */
  checkpoint(where = 'expression evaluation'): void {
    if (this.#cancel !== undefined && Atomics.load(this.#cancel, 0) !== 0) {
      throw new QueryError('canceled', `query was canceled in ${where}`);
    }
    if (performance.now() > this.#deadline) throw new QueryError('timeout', `query timed out in ${where}`);
  }

  /** Counts samples that the query holds from now on. Throws over the maximum. */
  hold(samples: number): void {
    this.#samples += samples;
    this.stats.peak = Math.max(this.stats.peak, this.#samples);
    this.#refuseOver(this.#samples);
  }

  /** Refuses a query that is certain to hold this many cells more, where that is too much. */
  foresee(cells: number): void {
    this.#refuseOver(this.#samples + cells);
    const {maximumBytes, usedBytes} = this.heap.memory;
    if (cells * 8 > maximumBytes - usedBytes) throw tooMuchMemory(undefined);
  }

  /** Refuses a leaf that is certain to compute this many cells, held or not, where that is out of all proportion. */
  refuseWork(cells: number): void {
    this.#refuseOver(cells / WORK_PER_SAMPLE);
  }

  /** Counts samples that the query holds no longer. */
  release(samples: number): void {
    this.#samples -= samples;
  }

  #refuseOver(samples: number): void {
    if (samples <= this.options.samplesMax) return;
    throw new QueryError('execution', 'query processing would load too many samples into memory in query execution');
  }
}
