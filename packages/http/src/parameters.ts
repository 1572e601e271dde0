import type {IncomingMessage} from 'node:http';
import {BodyTooLargeError, readBody} from './body.ts';
import {ApiError} from './errors.ts';

/** As net/http: a form of more than 10 MB is refused. */
const FORM_BYTES_MAX = 10 << 20;

/**
 * The parameters of a request as `name=value&...`, still encoded, since a large form is not for a thread that must not block: those of a
 * form body before those of the URL, so that `get` prefers the body and `getAll` unites both. Throws ApiError `bad_data` for a body that is
 * too large.
 */
export async function readParameters(request: IncomingMessage, query: string): Promise<string> {
  const isForm = /^application\/x-www-form-urlencoded\b/i.test(request.headers['content-type'] ?? '');
  if (request.method !== 'POST' || !isForm) return query;
  try {
    const body = new TextDecoder().decode(await readBody(request, FORM_BYTES_MAX));
    return query === '' ? body : `${body}&${query}`;
  } catch (error) {
    if (!(error instanceof BodyTooLargeError)) throw error;
    throw new ApiError('bad_data', 'error parsing form values: http: request body too large', {cause: error});
  }
}
