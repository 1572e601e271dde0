// The work of a query thread: runs one job at a time, from parameters to encoded answer. It may block, and it may be ended at any moment.
import {parentPort, workerData} from 'node:worker_threads';
import {failure} from '@narthex/http/envelope.ts';
import {ApiError} from '@narthex/http/errors.ts';
import {MemoryLimitError} from '@narthex/kernels/kernel-memory.ts';
import {QueryError} from '@narthex/promql/engine/query-error.ts';
import {AnswerWriter, type ReadyAnswer} from './answer.ts';
import {AnswerSender} from './answer-sender.ts';
import {handleLabelNames, handleLabelValues, handleSeries} from './handle-labels.ts';
import {type Handled, handleQuery, handleQueryRange} from './handle-query.ts';
import {handleFormatQuery, handleParseQuery} from './handle-syntax.ts';
import {handleTsdbStatus} from './handle-tsdb-status.ts';
import {control, type Job, type QueryThreadData, stopReason} from './messages.ts';
import {QueryStorage} from './storage.ts';

const data = workerData as QueryThreadData;
const words = new Int32Array(data.control);
const storage = new QueryStorage(data);
const sender = new AnswerSender(parentPort!, words);

function handle(job: Job): Handled {
  const parameters = new URLSearchParams(job.parameters);
  const environment = {storage, settings: data.settings, cancel: words};
  const plain = (answer: ReadyAnswer): Handled => ({answer, samples: 0});
  switch (job.endpoint) {
    case 'query':
      return handleQuery(job, parameters, environment);
    case 'query_range':
      return handleQueryRange(job, parameters, environment);
    case 'series':
      return plain(handleSeries(parameters, storage));
    case 'labels':
      return plain(handleLabelNames(parameters, storage));
    case 'label_values':
      return plain(handleLabelValues(job, parameters, storage));
    case 'status_tsdb':
      return plain(handleTsdbStatus(parameters, storage));
    case 'format_query':
      return plain(handleFormatQuery(job, parameters, data.settings));
    case 'parse_query':
      return plain(handleParseQuery(job, parameters, data.settings));
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

function failed(error: unknown): Handled {
  const {status, body} = failure(apiErrorOf(error));
  const writer = new AnswerWriter(Infinity);
  writer.text(String(body));
  return {answer: writer.finish(status), samples: 0};
}

function answerOf(job: Job): Handled {
  try {
    return storage.read(() => handle(job));
  } catch (error) {
    return failed(error);
  }
}

function cpuMicroseconds(): number {
  const {user, system} = process.threadCpuUsage();
  return user + system;
}

parentPort!.on('message', (job: Job) => {
  const began = performance.now();
  const cpuBegan = cpuMicroseconds();
  const queueSeconds = Math.max(0, Date.now() - job.askedMs) / 1000;
  const {answer, samples} = answerOf(job);
  const seconds = (performance.now() - began) / 1000;
  const cpuSeconds = (cpuMicroseconds() - cpuBegan) / 1e6;
  const outcome = {complete: true, queueSeconds, seconds, cpuSeconds, samples, memoryBytes: storage.memory.u8.length};
  sender.send(job.id, answer, job.gzip, outcome);
});
