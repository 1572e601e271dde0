import type http from 'node:http';
import zlib from 'node:zlib';
import {bodyReason, BodySizeLimitError, ScrapeError} from './fetch-error.ts';

/** A body as it came, uncompressed, in pieces that belong to the caller. */
export interface FetchedBody {
  readonly parts: readonly Uint8Array[];
  readonly bytes: number;
  readonly contentType: string;
}

/** What no target may reach, even without a limit of its own: one hostile target must not end the server. */
export const BODY_BYTES_MAX = 256 << 20;

/** Compressed, a body may be longer than itself by so much. */
const GZIP_OVERHEAD_BYTES = 64 * 1024;

/**
 * Read the body of `response`; `limit` is the number of uncompressed bytes that are too many, 0 for `BODY_BYTES_MAX`. Throws
 * ScrapeError; `deadline` is what ends the request from outside.
 */
export async function readAll(
  response: http.IncomingMessage,
  limit: number,
  deadline: AbortSignal,
): Promise<FetchedBody> {
  const {headers} = response;
  const limitBytes = Math.min(limit || BODY_BYTES_MAX, BODY_BYTES_MAX);
  const isZipped = headers['content-encoding'] === 'gzip';
  const body = await collect(response, isZipped ? limitBytes + GZIP_OVERHEAD_BYTES : limitBytes, deadline);
  return {...(isZipped ? unzip(body, limitBytes) : body), contentType: headers['content-type'] ?? ''};
}

interface Pieces {
  readonly parts: readonly Uint8Array[];
  readonly bytes: number;
}

function collect(response: http.IncomingMessage, limitBytes: number, deadline: AbortSignal): Promise<Pieces> {
  return new Promise((resolve, reject) => {
    const parts: Uint8Array[] = [];
    let bytes = 0;
    response.on('data', (part: Buffer) => {
      bytes += part.length;
      if (bytes < limitBytes) parts.push(part);
      else response.destroy(new BodySizeLimitError());
    });
    response.on('error', (cause) => {
      if (cause instanceof ScrapeError) reject(cause);
      else reject(new ScrapeError(deadline.aborted ? 'context deadline exceeded' : bodyReason(cause), {cause}));
    });
    response.on('end', () => resolve({parts, bytes}));
    response.on('close', () => reject(new ScrapeError('unexpected EOF')));
  });
}

/** Synchronously: the pool of threads behind the asynchronous form is shared by the whole process. */
function unzip({parts, bytes}: Pieces, limitBytes: number): Pieces {
  try {
    const body = zlib.gunzipSync(Buffer.concat(parts, bytes), {maxOutputLength: limitBytes});
    if (body.length >= limitBytes) throw new BodySizeLimitError();
    return {parts: [body], bytes: body.length};
  } catch (cause) {
    if (cause instanceof ScrapeError) throw cause;
    const {code, message} = cause as NodeJS.ErrnoException;
    if (code === 'ERR_BUFFER_TOO_LARGE') throw new BodySizeLimitError();
    throw new ScrapeError(ZIP_REASONS[message] ?? `gzip: ${message}`, {cause});
  }
}

/** Upstream's words for what zlib says. */
const ZIP_REASONS: Readonly<Record<string, string>> = {
  'incorrect header check': 'gzip: invalid header',
  'incorrect data check': 'gzip: invalid checksum',
  'unexpected end of file': 'unexpected EOF',
};
