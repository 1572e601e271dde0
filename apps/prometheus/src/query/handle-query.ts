import {instant, type PrepareOptions, type PreparedQuery, prepare, range} from '@narthex/promql/engine/engine.ts';
import {writeResultJson} from '@narthex/promql/engine/json-writer.ts';
import type {QueryRun} from '@narthex/promql/engine/query-context.ts';
import {QueryError} from '@narthex/promql/engine/query-error.ts';
import type {QueryResult} from '@narthex/promql/engine/query-result.ts';
import {parseTime} from '@narthex/model/timestamp.ts';
import {AnswerWriter, type ReadyAnswer} from './answer.ts';
import {monotonicMs} from './clock.ts';
import type {Job, QuerySettings} from './messages.ts';
import {forParameter, limitOf, lookbackOf, type RangeParameters, rangeOf, statsOf, timeoutOf} from './parameters.ts';
import type {QueryRecord} from './query-record.ts';
import type {QueryStorage} from './storage.ts';

/** What a query needs besides its own parameters. */
export interface QueryEnvironment {
  readonly storage: QueryStorage;
  readonly settings: QuerySettings;
  /** Word 0 says when to stop. */
  readonly cancel: Int32Array;
  /** Filled as the query goes on. */
  readonly record: QueryRecord;
}

/** A longer query text costs more to read than any answer is worth. */
export const QUERY_CHARACTERS_MAX = 1 << 20;
const TRUNCATED = 'results truncated due to limit';

/** `/api/v1/query`: one moment. */
export function handleQuery(job: Job, parameters: URLSearchParams, environment: QueryEnvironment): ReadyAnswer {
  const limit = limitOf(parameters);
  const time = parameters.get('time') ?? '';
  const timeMs = time === '' ? job.askedMs : forParameter('time', () => timeOf(time));
  const run = runOf(job, parameters, environment);
  const query = prepared(job, parameters, environment.settings);
  environment.record.times = {startMs: timeMs, endMs: timeMs, stepMs: 0};
  return evaluated(parameters, limit, environment, () => instant(query, run, timeMs));
}

/** `/api/v1/query_range`: many moments. */
export function handleQueryRange(job: Job, parameters: URLSearchParams, environment: QueryEnvironment): ReadyAnswer {
  const limit = limitOf(parameters);
  const times = rangeOf(parameters);
  const run = runOf(job, parameters, environment);
  const query = prepared(job, parameters, environment.settings);
  environment.record.times = times;
  return evaluated(parameters, limit, environment, () => rangeResult(query, run, times, environment.record));
}

/** A query of a type that has no range is a fault of the parameter, known before anything is evaluated. */
function rangeResult(
  query: PreparedQuery,
  run: QueryRun,
  {startMs, endMs, stepMs}: RangeParameters,
  record: QueryRecord,
): QueryResult {
  try {
    return range(query, run, startMs, endMs, stepMs);
  } catch (error) {
    if (!(error instanceof QueryError) || error.kind !== 'bad_data') throw error;
    record.times = undefined;
    return forParameter('query', () => {
      throw error;
    });
  }
}

function timeOf(text: string): number {
  try {
    return parseTime(text);
  } catch (error) {
    throw new Error(`invalid time value for 'time': ${(error as Error).message}`, {cause: error});
  }
}

function runOf(job: Job, parameters: URLSearchParams, {storage, settings, cancel, record}: QueryEnvironment): QueryRun {
  const leftMs = timeoutOf(parameters, settings.timeoutMs) - (monotonicMs() - job.queuedMs);
  return {
    querier: storage,
    memory: storage.memory,
    cancel,
    deadlineMs: performance.now() + leftMs,
    countsSteps: statsOf(parameters).perStep && settings.features.includes('promql-per-step-stats'),
    onEnd: (stats) => {
      record.stats = stats;
    },
  };
}

function prepared(job: Job, parameters: URLSearchParams, settings: QuerySettings): PreparedQuery {
  const text = parameters.get('query') ?? '';
  const options = optionsOf(job, settings, lookbackOf(parameters, settings.lookbackMs));
  return forParameter('query', () => {
    if (text.length > QUERY_CHARACTERS_MAX)
      throw new Error(`${text.length} characters, want at most ${QUERY_CHARACTERS_MAX}`);
    return prepare(text, options);
  });
}

/** What of the feature flags and settings the language and the engine look at. */
export function optionsOf(job: Job, settings: QuerySettings, lookbackMs: number): PrepareOptions {
  const has = (feature: string) => settings.features.includes(feature);
  return {
    lookbackMs,
    samplesMax: settings.samplesMax,
    subqueryStepMs: job.defaults.evaluationIntervalMs,
    delayedNameRemoval: has('promql-delayed-name-removal'),
    typeAndUnitLabels: has('type-and-unit-labels'),
    experimentalFunctions: has('promql-experimental-functions'),
    durationExpressions: true,
    extendedRangeSelectors: has('promql-extended-range-selectors'),
    fillModifiers: has('promql-binop-fill-modifiers'),
    useStartTimestamps: has('use-start-timestamps'),
  };
}

function evaluated(
  parameters: URLSearchParams,
  limit: number,
  {storage, record}: QueryEnvironment,
  evaluate: () => QueryResult,
): ReadyAnswer {
  const stats = statsOf(parameters);
  const result = evaluate();
  const isTruncated = limit > 0 && result.limitRows(limit);
  const writer = new AnswerWriter(storage.memory.maximumBytes - storage.memory.usedBytes);
  writer.text('{"status":"success","data":');
  for (const piece of writeResultJson(result, stats.wanted ? `,"stats":${JSON.stringify(record.stats)}` : ''))
    writer.piece(piece);
  const {warnings, infos} = result.annotations();
  writer.text(notes('warnings', [...warnings, ...(isTruncated ? [TRUNCATED] : []), ...stats.warnings]));
  writer.text(`${notes('infos', infos)}}`);
  result.release();
  return writer.finish(200);
}

const notes = (key: string, list: readonly string[]): string =>
  list.length ? `,"${key}":${JSON.stringify(list)}` : '';
