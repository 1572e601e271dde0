// The work of a query thread: runs one job at a time, from parameters to encoded answer. It may block, and it may be ended at any moment.
import {parentPort, workerData} from 'node:worker_threads';
import {failure} from '@narthex/http/envelope.ts';
import {ApiError} from '@narthex/http/errors.ts';
import {MemoryLimitError} from '@narthex/kernels/kernel-memory.ts';
import {QueryError} from '@narthex/promql/engine/query-error.ts';
import {beginActiveQuery, endActiveQuery} from './active-queries.ts';
import {AnswerWriter, type ReadyAnswer} from './answer.ts';
import {AnswerSender} from './answer-sender.ts';
import {handleLabelNames, handleLabelValues, handleSeries} from './handle-labels.ts';
import {handleQuery, handleQueryRange} from './handle-query.ts';
import {monotonicMs} from './clock.ts';
import {handleFormatQuery, handleParseQuery} from './handle-syntax.ts';
import {handleTsdbStatus} from './handle-tsdb-status.ts';
import {control, isQuery, type Job, type QueryOutcome, type QueryThreadData, stopReason} from './messages.ts';
import {QueryRecord} from './query-record.ts';
import {QueryStorage} from './storage.ts';

const data = workerData as QueryThreadData;
const words = new Int32Array(data.control);
const storage = new QueryStorage(data);
const sender = new AnswerSender(parentPort!, words);

function handle(job: Job, parameters: URLSearchParams, record: QueryRecord): ReadyAnswer {
  const {settings} = data;
  switch (job.endpoint) {
    case 'query':
      return handleQuery(job, parameters, {storage, settings, cancel: words, record});
    case 'query_range':
      return handleQueryRange(job, parameters, {storage, settings, cancel: words, record});
    case 'series':
      return handleSeries(parameters, storage);
    case 'labels':
      return handleLabelNames(parameters, storage);
    case 'label_values':
      return handleLabelValues(job, parameters, storage);
    case 'status_tsdb':
      return handleTsdbStatus(parameters, storage);
    case 'format_query':
      return handleFormatQuery(job, parameters, settings);
    case 'parse_query':
      return handleParseQuery(job, parameters, settings);
    default:
      job.endpoint satisfies never;
      throw new Error(`no endpoint ${String(job.endpoint)}`);
  }
}

/** What the client is told of whatever a job threw. */
function apiErrorOf(error: unknown): ApiError {
  if (error instanceof ApiError) return error;
  if (error instanceof MemoryLimitError) {
    return new ApiError(
      'execution',
      `query processing would use too much memory: more than ${error.limitBytes} bytes`,
      {cause: error},
    );
  }
  if (error instanceof QueryError) {
    const isTimeout = error.kind === 'canceled' && Atomics.load(words, control.stop) === stopReason.timeout;
    return isTimeout
      ? new ApiError('timeout', 'query timed out in expression evaluation')
      : new ApiError(error.kind, error.message, {cause: error});
  }
  return new ApiError('internal', error instanceof Error ? error.message : String(error), {cause: error});
}

function failed(error: ApiError): ReadyAnswer {
  const {status, body} = failure(error);
  const writer = new AnswerWriter(Infinity);
  writer.text(String(body));
  return writer.finish(status);
}

/** An answer, and what is to be told of it where it is one to a query. */
interface Answered {
  readonly answer: ReadyAnswer;
  readonly query: QueryOutcome | undefined;
}

function answerOf(job: Job): Answered {
  const parameters = new URLSearchParams(job.parameters);
  const queueSeconds = Math.max(0, monotonicMs() - job.queuedMs) / 1000;
  const record = new QueryRecord(parameters.get('query') ?? '', queueSeconds);
  const outcome = (error?: ApiError) =>
    isQuery(job.endpoint) ? record.outcome(job.origin, error?.message) : undefined;
  try {
    const answer = whileActive(job, record, () => storage.read(() => handle(job, parameters, record)));
    return {answer, query: outcome()};
  } catch (error) {
    const apiError = apiErrorOf(error);
    return {answer: failed(apiError), query: outcome(apiError)};
  }
}

/** Run `body`; a query stands in the list of active ones meanwhile. */
function whileActive<T>(job: Job, {text}: QueryRecord, body: () => T): T {
  if (!isQuery(job.endpoint)) return body();
  beginActiveQuery(data.active, text, Date.now());
  try {
    return body();
  } finally {
    endActiveQuery(data.active);
  }
}

function cpuMicroseconds(): number {
  const {user, system} = process.threadCpuUsage();
  return user + system;
}

parentPort!.on('message', (job: Job) => {
  const cpuBegan = cpuMicroseconds();
  const {answer, query} = answerOf(job);
  const cpuSeconds = (cpuMicroseconds() - cpuBegan) / 1e6;
  const outcome = {complete: true, cpuSeconds, memoryBytes: storage.memory.u8.length, query};
  sender.send(job.id, answer, job.gzip, outcome);
});
