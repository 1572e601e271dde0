import type {IncomingMessage} from 'node:http';
import zlib from 'node:zlib';
import {http, https} from '@narthex/http/node-http.ts';

/** A scrape that got no body; the message is what users see as the target's last error. */
export class ScrapeError extends Error {
  override readonly name = 'ScrapeError';
}

/** The body is larger than `body_size_limit` allows. */
export class BodySizeLimitError extends ScrapeError {
  constructor() {
    super('body size limit exceeded');
  }
}

export interface FetchOptions {
  readonly url: URL;
  readonly timeoutMs: number;
  /** Uncompressed bytes; 0 is no limit but that of `BODY_BYTES_MAX`. */
  readonly bodySizeLimit: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly followRedirects: boolean;
}

/** A body as it came, in pieces that belong to the caller. */
export interface FetchedBody {
  readonly parts: readonly Uint8Array[];
  readonly bytes: number;
  readonly contentType: string;
}

/** What no target may pass, even without a limit of its own: one hostile target must not end the server. */
export const BODY_BYTES_MAX = 256 << 20;
const REDIRECTS_MAX = 10;

/** Gets bodies over connections that are kept for the next scrape. One for each scrape pool. */
export class Fetcher {
  readonly #http = new http.Agent({keepAlive: true, scheduling: 'lifo'});
  readonly #https = new https.Agent({keepAlive: true, scheduling: 'lifo'});

  /** Throws ScrapeError. */
  async fetch(options: FetchOptions): Promise<FetchedBody> {
    const signal = AbortSignal.timeout(options.timeoutMs);
    let url = options.url;
    for (let redirects = 0; ; redirects++) {
      const response = await this.#request(url, options, signal);
      const location = redirectOf(response, options);
      if (location === undefined) return readBody(response, url, options, signal);
      response.destroy();
      if (redirects === REDIRECTS_MAX)
        throw new ScrapeError(`Get "${options.url}": stopped after ${REDIRECTS_MAX} redirects`);
      url = resolveRedirect(location, url);
    }
  }

  /** Closes all connections. */
  close(): void {
    this.#http.destroy();
    this.#https.destroy();
  }

  #request(url: URL, options: FetchOptions, signal: AbortSignal): Promise<IncomingMessage> {
    const secure = url.protocol === 'https:';
    return new Promise((resolve, reject) => {
      const request = (secure ? https : http).request(url, {
        agent: secure ? this.#https : this.#http,
        headers: options.headers,
        signal,
      });
      request.on('response', resolve);
      request.on('error', (cause) => reject(failed(url, cause, signal)));
      request.end();
    });
  }
}

function redirectOf(
  {statusCode = 0, headers}: IncomingMessage,
  {followRedirects}: FetchOptions,
): string | undefined {
  return followRedirects && [301, 302, 303, 307, 308].includes(statusCode) ? headers.location : undefined;
}

function resolveRedirect(location: string, base: URL): URL {
  if (!URL.canParse(location, base))
    throw new ScrapeError(`failed to parse Location header ${JSON.stringify(location)}`);
  const url = new URL(location, base);
  if (url.protocol === 'http:' || url.protocol === 'https:') return url;
  throw new ScrapeError(`Get "${url}": unsupported protocol scheme "${url.protocol.slice(0, -1)}"`);
}

function readBody(
  response: IncomingMessage,
  url: URL,
  options: FetchOptions,
  signal: AbortSignal,
): Promise<FetchedBody> {
  const {statusCode = 0, statusMessage = '', headers} = response;
  if (statusCode !== 200) {
    response.destroy();
    return Promise.reject(new ScrapeError(`server returned HTTP status ${statusCode} ${statusMessage}`));
  }
  const limit = options.bodySizeLimit || BODY_BYTES_MAX;
  return new Promise((resolve, reject) => {
    const parts: Uint8Array[] = [];
    let bytes = 0;
    response.on('data', (part: Buffer) => {
      bytes += part.length;
      if (bytes <= limit) parts.push(part);
      else response.destroy(new BodySizeLimitError());
    });
    response.on('error', (cause) => reject(cause instanceof ScrapeError ? cause : failed(url, cause, signal)));
    response.on('end', () => {
      try {
        resolve({
          ...unzip(parts, bytes, headers['content-encoding'], limit),
          contentType: headers['content-type'] ?? '',
        });
      } catch (error) {
        reject(error as Error);
      }
    });
  });
}

/** Synchronously: the pool of threads behind the asynchronous form is shared by the whole process. */
function unzip(parts: readonly Uint8Array[], bytes: number, encoding: string | undefined, limit: number) {
  if (encoding !== 'gzip') return {parts, bytes};
  try {
    const body = zlib.gunzipSync(Buffer.concat(parts, bytes), {maxOutputLength: limit});
    return {parts: [body], bytes: body.length};
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') throw new BodySizeLimitError();
    throw new ScrapeError(`gzip: ${(cause as Error).message}`, {cause});
  }
}

function failed(url: URL, cause: NodeJS.ErrnoException, signal: AbortSignal): ScrapeError {
  return new ScrapeError(`Get "${url}": ${signal.aborted ? 'context deadline exceeded' : reasonOf(cause)}`, {cause});
}

type NetworkError = NodeJS.ErrnoException & {address?: string; port?: number; hostname?: string};

/** In the words that operators know. */
function reasonOf(error: NetworkError): string {
  const {code, address, port, hostname, message} =
    error instanceof AggregateError ? (error.errors[0] as NetworkError) : error;
  switch (code) {
    case 'ECONNREFUSED':
      return `dial tcp ${address}:${port}: connect: connection refused`;
    case 'EHOSTUNREACH':
      return `dial tcp ${address}:${port}: connect: no route to host`;
    case 'ENOTFOUND':
      return `dial tcp: lookup ${hostname}: no such host`;
    case 'ECONNRESET':
      return message === 'socket hang up' || message === 'aborted' ? 'EOF' : 'read: connection reset by peer';
    default:
      return message;
  }
}
