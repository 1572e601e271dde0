import {hasGaps, type PartOfQuery, stepAround} from './part-of-query.ts';
import {type StepGrid, stepTime} from './step-grid.ts';

/** Samples that a query touched, as upstream counts them; `peak` counts the cells and samples that this engine really holds at once. */
export class SampleStats {
  /** Samples in all windows and lookups of all steps: a sample counts once for each step that looks at it. */
  queryable = 0;
  /** Samples read: one that several windows of a range selector share counts once. */
  read = 0;
  peak = 0;
  /** Counts of each step, where they are wanted. */
  steps: StepSamples | undefined;
  #weight = 1;
  /** The parts that are evaluated now, outermost first. */
  readonly #parts: PartOfQuery[] = [];
  #partsWithGaps = 0;

  /** Whether samples have to be counted a step at a time, with `countAt`. */
  get isTimed(): boolean {
    return this.steps !== undefined || this.#partsWithGaps > 0;
  }

  /** Counts samples looked at, and those among them that were read from storage. Only where not `isTimed`. */
  count(queryable: number, read: number): void {
    this.queryable += queryable * this.#weight;
    this.read += read;
  }

  /** As `count`, of the step at `timeMs` of the part that is evaluated now. */
  countAt(timeMs: number, queryable: number, read: number): void {
    this.queryable += queryable * this.#weight;
    let time = timeMs;
    for (let i = this.#parts.length - 1; i >= 0; i--) {
      const step = stepAround(this.#parts[i], time);
      if (step < 0) return;
      time = stepTime(this.#parts[i].grid, step);
    }
    this.read += read;
    this.steps?.add(time, queryable * this.#weight, read, this.#weight > 1);
  }

  /** Runs `body`, in which `part` is evaluated. */
  within<T>(part: PartOfQuery, body: () => T): T {
    const outer = this.#weight;
    const gaps = hasGaps(part) ? 1 : 0;
    this.#weight = outer * part.weight;
    this.#parts.push(part);
    this.#partsWithGaps += gaps;
    try {
      return body();
    } finally {
      this.#partsWithGaps -= gaps;
      this.#parts.pop();
      this.#weight = outer;
    }
  }
}

/** Samples by the step of the query that looked at them. */
export class StepSamples {
  readonly #grid: StepGrid;
  readonly #queryable: Float64Array;
  readonly #read: Float64Array;

  constructor(grid: StepGrid) {
    this.#grid = grid;
    this.#queryable = new Float64Array(grid.count);
    this.#read = new Float64Array(grid.count);
  }

  /** Adds samples at `timeMs`, a step of the query; with `isRepeated` they are looked at by all steps, an equal number each. */
  add(timeMs: number, queryable: number, read: number, isRepeated: boolean): void {
    const {startMs, stepMs, count} = this.#grid;
    const step = Math.min(Math.max(0, Math.round((timeMs - startMs) / stepMs)), count - 1);
    this.#read[step] += read;
    if (!isRepeated) this.#queryable[step] += queryable;
    else for (let i = 0; i < count; i++) this.#queryable[i] += queryable / count;
  }

  /** As the API shows them: seconds and number of each step. */
  get points(): {queryable: StepPoint[]; read: StepPoint[]} {
    const points = (counts: Float64Array) =>
      Array.from(counts, (count, step): StepPoint => [stepTime(this.#grid, step) / 1000, count]);
    return {queryable: points(this.#queryable), read: points(this.#read)};
  }
}

export type StepPoint = readonly [seconds: number, samples: number];

/** Seconds spent in the parts of a query; names are those of the API's `stats`. */
export interface QueryTimings {
  readonly evalTotalTime: number;
  readonly resultSortTime: number;
  readonly queryPreparationTime: number;
  readonly innerEvalTime: number;
  /** Time before a thread was free; 0 here, for the engine does not know it. */
  readonly execQueueTime: number;
  readonly execTotalTime: number;
}

/** The `stats` member of an API answer. */
export interface QueryStats {
  readonly timings: QueryTimings;
  readonly samples: {
    /** Per step only where it was asked for. */
    readonly totalQueryableSamplesPerStep?: readonly StepPoint[];
    readonly totalQueryableSamples: number;
    readonly samplesReadPerStep?: readonly StepPoint[];
    readonly samplesRead: number;
    readonly peakSamples: number;
  };
}
