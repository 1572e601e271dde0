import type {QueryStats} from '@narthex/promql/engine/query-stats.ts';
import type {QueryOrigin, QueryOutcome} from './messages.ts';

const NO_STATS: QueryStats = {
  timings: {
    evalTotalTime: 0,
    resultSortTime: 0,
    queryPreparationTime: 0,
    innerEvalTime: 0,
    execQueueTime: 0,
    execTotalTime: 0,
  },
  samples: {totalQueryableSamples: 0, samplesRead: 0, peakSamples: 0},
};

/** Ids of a trace, which there is none of. */
const NO_SPAN = {spanID: '0'.repeat(16), traceID: '0'.repeat(32)};

export interface QueryTimes {
  readonly startMs: number;
  readonly endMs: number;
  /** 0: one moment. */
  readonly stepMs: number;
}

/** What is known of a query for metrics and the query log, in the end or where it failed. */
export class QueryRecord {
  readonly text: string;
  /** Seconds before a thread was free. */
  readonly queueSeconds: number;
  /** Undefined until the query has been read: what is no query is not logged. */
  times: QueryTimes | undefined;
  #stats = NO_STATS;

  constructor(text: string, queueSeconds: number) {
    this.text = text;
    this.queueSeconds = queueSeconds;
  }

  /** What it took, the time that it waited included. */
  get stats(): QueryStats {
    const {timings, samples} = this.#stats;
    const execTotalTime = this.queueSeconds + timings.evalTotalTime;
    return {timings: {...timings, execQueueTime: this.queueSeconds, execTotalTime}, samples};
  }

  /** What the engine says at the end of the evaluation. */
  set stats(stats: QueryStats) {
    this.#stats = stats;
  }

  /** For the main thread; with a line for the query log where `origin` is given. */
  outcome(origin: QueryOrigin | undefined, error: string | undefined): QueryOutcome {
    const {timings, samples} = this.#stats;
    return {
      queueSeconds: this.queueSeconds,
      prepareSeconds: timings.queryPreparationTime,
      evalSeconds: timings.innerEvalTime,
      sortSeconds: timings.resultSortTime,
      samples: samples.totalQueryableSamples,
      samplesRead: samples.samplesRead,
      logLine: origin && this.times ? this.#logLine(origin, this.times, error) : undefined,
    };
  }

  /** A line of the query log, with upstream's members (promql/engine.go, exec). */
  #logLine(httpRequest: QueryOrigin, {startMs, endMs, stepMs}: QueryTimes, error: string | undefined): string {
    const params = {
      end: dateOf(endMs),
      query: this.text,
      start: dateOf(startMs),
      step: Math.trunc(stepMs / 1000),
    };
    const line = {
      time: dateOf(Date.now()),
      level: 'INFO',
      msg: 'promql query logged',
      params,
      error,
      stats: this.stats,
      ...NO_SPAN,
      httpRequest,
    };
    return `${JSON.stringify(line)}\n`;
  }
}

/** As far as there are dates. */
const DATE_MAX = 8.64e15;

const dateOf = (ms: number): string => new Date(Math.min(Math.max(ms, -DATE_MAX), DATE_MAX)).toISOString();
