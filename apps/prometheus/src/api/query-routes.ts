import type {ServerResponse} from 'node:http';
import {chooseEncoding} from '@narthex/http/compression.ts';
import {failure} from '@narthex/http/envelope.ts';
import {ApiError} from '@narthex/http/errors.ts';
import {readParameters} from '@narthex/http/parameters.ts';
import {monotonicMs} from '../query/clock.ts';
import {
  type Endpoint,
  isQuery,
  type Job,
  type JobOutcome,
  type QueryDefaults,
  type QueryOrigin,
  type QueryOutcome,
} from '../query/messages.ts';
import type {Failure, JobSink, QueryPool} from '../query/pool.ts';
import type {QueryLog} from '../query/query-log.ts';
import {QueryRecord} from '../query/query-record.ts';
import {send, type Exchange} from '../web/exchange.ts';
import type {WebServer} from '../web/server.ts';

/** The routes that query threads answer: the path below /api/v1, its methods and the endpoint's name there. */
const routes: readonly [path: string, methods: readonly string[], endpoint: Endpoint][] = [
  ['/query', ['GET', 'POST'], 'query'],
  ['/query_range', ['GET', 'POST'], 'query_range'],
  ['/series', ['GET', 'POST'], 'series'],
  ['/labels', ['GET', 'POST'], 'labels'],
  ['/label/:name/values', ['GET'], 'label_values'],
  ['/status/tsdb', ['GET'], 'status_tsdb'],
  ['/format_query', ['GET', 'POST'], 'format_query'],
  ['/parse_query', ['GET', 'POST'], 'parse_query'],
];

export interface QueryRoutesOptions {
  /** The pool, once storage is open. */
  readonly pool: () => QueryPool;
  readonly defaults: () => QueryDefaults;
  readonly observe: (outcome: QueryOutcome) => void;
  readonly queryLog: QueryLog;
  /** Path before all routes. */
  readonly routePrefix: string;
}

/** Everything that reads series: each request becomes a job for a query thread, whose answer streams to the client. */
export function addQueryRoutes(server: WebServer, options: QueryRoutesOptions): void {
  let nextId = 1;
  for (const [path, methods, endpoint] of routes) {
    server.route(methods, `/api/v1${path}`, async ({request, response, query, parameters}: Exchange) => {
      const askedMs = Date.now();
      const queuedMs = monotonicMs();
      const job = {
        kind: 'job',
        id: nextId++,
        endpoint,
        parameters: await readParameters(request, query),
        path: parameters,
        gzip: chooseEncoding(request.headers['accept-encoding'] as string | undefined) === 'gzip',
        askedMs,
        queuedMs,
        origin: options.queryLog.enabled ? originOf(request, `${options.routePrefix}/api/v1${path}`) : undefined,
        defaults: options.defaults(),
      } as const;
      const sink = new ResponseSink(job, response, (outcome) => note(outcome, options));
      const cancel = options.pool().run(job, sink);
      response.on('close', () => {
        if (!sink.done) cancel();
      });
    });
  }
}

const originOf = ({method = '', socket}: Exchange['request'], path: string): QueryOrigin => ({
  // An address of IPv4 that came in over IPv6 is shown as what it is.
  clientIP: (socket.remoteAddress ?? '').replace(/^::ffff:(?=\d+\.)/, ''),
  method,
  path,
});

function note(outcome: QueryOutcome, {observe, queryLog}: QueryRoutesOptions): void {
  observe(outcome);
  if (outcome.logLine !== undefined) queryLog.write(outcome.logLine);
}

/** Longer forms are not read here again. */
const LOST_CHARACTERS_MAX = 64 << 10;

/** What can be said of a query whose thread did not come to its end. */
function lostOutcome({endpoint, origin, parameters, askedMs, queuedMs}: Job, error: string): QueryOutcome | undefined {
  if (!isQuery(endpoint)) return undefined;
  const form = new URLSearchParams(parameters.length <= LOST_CHARACTERS_MAX ? parameters : '');
  const record = new QueryRecord(form.get('query') ?? '', (monotonicMs() - queuedMs) / 1000);
  record.times = {startMs: askedMs, endMs: askedMs, stepMs: 0};
  return record.outcome(origin, error);
}

const failures = {
  died: new ApiError(
    'internal',
    'the query thread ended unexpectedly: the query may need more memory than it is allowed',
  ),
  timeout: new ApiError('timeout', 'query timed out in expression evaluation'),
  queueTimeout: new ApiError('timeout', 'query timed out in query queue'),
  canceled: new ApiError('canceled', 'query was canceled in expression evaluation'),
} satisfies Record<Failure, ApiError>;

/** Streams one answer of a query thread to a client. */
class ResponseSink implements JobSink {
  readonly #job: Job;
  readonly #response: ServerResponse;
  readonly #observe: (outcome: QueryOutcome) => void;
  done = false;

  constructor(job: Job, response: ServerResponse, observe: (outcome: QueryOutcome) => void) {
    this.#job = job;
    this.#response = response;
    this.#observe = observe;
  }

  whole(status: number, headers: Record<string, string>, bytes: Uint8Array): void {
    if (!this.#response.destroyed) send(this.#response, {status, headers, body: bytes});
  }

  head(status: number, headers: Record<string, string>): void {
    if (!this.#response.destroyed) this.#response.writeHead(status, headers);
  }

  part(bytes: Uint8Array, taken: () => void): void {
    if (!this.#response.destroyed) this.#response.write(bytes, taken);
  }

  end(outcome: JobOutcome): void {
    this.done = true;
    if (outcome.query) this.#observe(outcome.query);
    if (this.#response.writableEnded) return;
    if (outcome.complete) this.#response.end();
    else this.#response.destroy();
  }

  fail(reason: Failure): void {
    this.done = true;
    const lost = lostOutcome(this.#job, failures[reason].message);
    if (lost) this.#observe(lost);
    if (this.#response.headersSent) this.#response.destroy();
    else send(this.#response, failure(failures[reason]));
  }
}
