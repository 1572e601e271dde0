import type {Registry} from '@narthex/client/registry.ts';
import type {QueryOutcome} from '../query/messages.ts';

const PREFIX = 'prometheus_engine_';
const BUCKETS = [0.01, 0.1, 1, 10];
const HELP =
  'Query timings by slice: queue_time until a thread is free; prepare_time from the syntax tree to operators, series found; ' +
  'inner_eval reading samples and evaluating; result_sort putting rows in order. Parsing and writing the answer are in none.';

/** What queries took, counted on the main thread from what query threads tell at the end of each. */
export class QueryMetrics {
  readonly #slices;
  readonly #samples;
  readonly #samplesRead;

  constructor(registry: Registry) {
    const timings = {help: HELP, labels: ['slice']} as const;
    const summary = registry.summary({
      name: `${PREFIX}query_duration_seconds`,
      ...timings,
      quantiles: [0.5, 0.9, 0.99],
    });
    const histogram = registry.histogram({
      name: `${PREFIX}query_duration_histogram_seconds`,
      ...timings,
      buckets: BUCKETS,
    });
    const slice = (name: string) => ({summary: summary.labels(name), histogram: histogram.labels(name)});
    this.#slices = {
      queue: slice('queue_time'),
      prepare: slice('prepare_time'),
      eval: slice('inner_eval'),
      sort: slice('result_sort'),
    };
    this.#samples = registry.counter({
      name: `${PREFIX}query_samples_total`,
      help: 'Samples that queries looked at; one in the windows of several steps counts for each.',
    });
    this.#samplesRead = registry.counter({
      name: `${PREFIX}query_samples_read_total`,
      help: 'Samples that queries read; one in the windows of several steps counts once.',
    });
  }

  queried(outcome: QueryOutcome): void {
    this.#observe('queue', outcome.queueSeconds);
    // A query that failed did not come to all of these.
    if (outcome.prepareSeconds > 0) this.#observe('prepare', outcome.prepareSeconds);
    if (outcome.evalSeconds > 0) this.#observe('eval', outcome.evalSeconds);
    if (outcome.sortSeconds > 0) this.#observe('sort', outcome.sortSeconds);
    this.#samples.inc(outcome.samples);
    this.#samplesRead.inc(outcome.samplesRead);
  }

  #observe(name: 'queue' | 'prepare' | 'eval' | 'sort', seconds: number): void {
    const {summary, histogram} = this.#slices[name];
    summary.observe(seconds);
    histogram.observe(seconds);
  }
}

/** What the metrics ask when they are shown. */
export interface QueryGauges {
  /** Queries that run or wait. */
  queries(): number;
  readonly concurrency: number;
  readonly queryLog: {readonly enabled: boolean; readonly failures: number};
}

export function watchQueries(registry: Registry, {queries, concurrency, queryLog}: QueryGauges): void {
  const gauge = (name: string, help: string, value: () => number) =>
    registry.gaugeFunction({name: PREFIX + name, help, value});
  gauge('queries', 'Queries that run or wait.', queries);
  gauge('queries_concurrent_max', 'Queries that may run at once.', () => concurrency);
  gauge('query_log_enabled', 'Whether a query log is kept.', () => (queryLog.enabled ? 1 : 0));
  registry.counterFunction({
    name: `${PREFIX}query_log_failures_total`,
    help: 'Lines of the query log that could not be written.',
    value: () => queryLog.failures,
  });
}
