/** Samples that a query touched, as upstream counts them; `peak` counts the cells and samples that this engine really holds at once. */
export class SampleStats {
  /** Samples in all windows and lookups of all steps: a sample counts once for each step that looks at it. */
  queryable = 0;
  /** Samples read: one that several windows of a range selector share counts once. */
  read = 0;
  peak = 0;
  #weight = 1;

  /** Counts samples looked at, and those among them that were read from storage. */
  count(queryable: number, read: number): void {
    this.queryable += queryable * this.#weight;
    this.read += read;
  }

  /**
   * Runs `body` with samples looked at counting `weight` times: as often as there are steps in a part that is evaluated once for all of them, not at
   * all inside a subquery, whose windows are counted instead.
   */
  weighted<T>(weight: number, body: () => T): T {
    const outer = this.#weight;
    this.#weight = outer * weight;
    try {
      return body();
    } finally {
      this.#weight = outer;
    }
  }
}

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
    readonly totalQueryableSamples: number;
    readonly samplesRead: number;
    readonly peakSamples: number;
  };
}
