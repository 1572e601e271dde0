import type {IncomingMessage, ServerResponse} from 'node:http';
import {ApiError} from '@narthex/http/errors.ts';
import {failure, type Answer} from '@narthex/http/envelope.ts';
import type {PathParameters} from '@narthex/http/router.ts';

/** One request with the place for its answer. */
export interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** Path without the route prefix, still encoded. */
  readonly path: string;
  /** What follows the question mark. */
  readonly query: string;
  readonly parameters: PathParameters;
}

/** Answers, or writes to the response itself and gives nothing. Throws ApiError. */
export type Handler = (exchange: Exchange) => Answer | void | Promise<Answer | void>;

/** Send a whole answer; headers that were set before stay. */
export function send(response: ServerResponse, answer: Answer): void {
  if (response.headersSent || response.destroyed) {
    response.destroy();
    return;
  }
  const body = typeof answer.body === 'string' ? Buffer.from(answer.body) : answer.body;
  response.writeHead(answer.status, {...answer.headers, 'Content-Length': body.length});
  response.end(body);
}

/** The answer to whatever a handler threw. */
export function answerToError(error: unknown): Answer {
  if (error instanceof ApiError) return failure(error);
  return failure(new ApiError('internal', error instanceof Error ? error.message : String(error)));
}
