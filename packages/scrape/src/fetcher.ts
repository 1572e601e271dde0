import type http from 'node:http';
import type https from 'node:https';
import {quoteGo} from '@narthex/model/quote.ts';
import {readAll} from './fetched-body.ts';
import type {FetchedBody} from './fetched-body.ts';
import {networkReason, requestError, ScrapeError} from './fetch-error.ts';
import type {HttpClientConfig} from './http-client/config.ts';
import {authorizationHeader, mayShareCredentials} from './http-client/credentials.ts';
import {SecretError} from './http-client/secret.ts';
import {type TlsIdentity, TlsSettings} from './http-client/tls.ts';
import {plainHttp, secureHttp} from '@narthex/http/node-http.ts';

export interface FetchOptions {
  readonly url: string;
  /** Path of a Unix socket to connect to in place of the URL's host; '' for none. */
  readonly socketPath?: string;
  readonly timeoutMs: number;
  /** Uncompressed bytes that are too many; 0 is no limit but that of `BODY_BYTES_MAX`. */
  readonly bodySizeLimit: number;
  readonly headers: Readonly<Record<string, string>>;
}

const REDIRECTS = new Set([301, 302, 303, 307, 308]);
const REDIRECTS_MAX = 10;
/** Of an answer that is not wanted, so much is read to be able to use its connection again. */
const DISCARD_BYTES_MAX = 64 * 1024;

/** Gets bodies over connections that are kept for the next scrape. One for each scrape pool. */
export class Fetcher {
  readonly #client: HttpClientConfig;
  readonly #http = new plainHttp.Agent({keepAlive: true, scheduling: 'lifo'});
  readonly #tls: TlsSettings;
  #https: {readonly identity: TlsIdentity; readonly agent: https.Agent} | undefined;

  constructor(client: HttpClientConfig) {
    this.#client = client;
    this.#tls = new TlsSettings(client.tlsConfig);
  }

  /** Throws ScrapeError. */
  async fetch(options: FetchOptions): Promise<FetchedBody> {
    const deadline = new AbortController();
    const timer = setTimeout(() => deadline.abort(), options.timeoutMs);
    try {
      return await new Fetch(options, this.#client, (url) => this.#agentFor(url), deadline.signal).run();
    } finally {
      clearTimeout(timer);
    }
  }

  /** Closes connections that nobody uses; the others as soon as their scrape has ended. */
  close(): void {
    retire(this.#http);
    if (this.#https) retire(this.#https.agent);
  }

  #agentFor(url: URL): http.Agent {
    if (url.protocol !== 'https:') return this.#http;
    const identity = this.#tls.read();
    if (this.#https?.identity !== identity) {
      if (this.#https) retire(this.#https.agent);
      this.#https = {
        identity,
        agent: new (secureHttp().Agent)({keepAlive: true, scheduling: 'lifo', ...identity.options}),
      };
    }
    return this.#https.agent;
  }
}

/** Let an agent keep no connection any more. */
function retire(agent: http.Agent): void {
  agent.maxFreeSockets = 0;
  for (const sockets of Object.values(agent.freeSockets)) for (const socket of sockets ?? []) socket.destroy();
}

/** One scrape's way to its body, over redirects. */
class Fetch {
  readonly #options: FetchOptions;
  readonly #client: HttpClientConfig;
  readonly #agentFor: (url: URL) => http.Agent;
  readonly #deadline: AbortSignal;
  readonly #first: URL;
  /** Whether a redirect has led to a stranger: from then on nobody is told who we are. */
  #amongStrangers = false;

  constructor(
    options: FetchOptions,
    client: HttpClientConfig,
    agentFor: (url: URL) => http.Agent,
    deadline: AbortSignal,
  ) {
    this.#options = options;
    this.#client = client;
    this.#agentFor = agentFor;
    this.#deadline = deadline;
    this.#first = parseUrl(options.url);
  }

  async run(): Promise<FetchedBody> {
    let [url, shown] = [this.#first, this.#options.url];
    for (let redirects = 0; ; redirects++) {
      const response = await this.#get(url, shown);
      const location = this.#redirectOf(response);
      if (location === undefined) return this.#bodyOf(response);
      await discard(response);
      url = resolve(location, url);
      shown = url.href;
      if (redirects === REDIRECTS_MAX - 1) throw requestError(location, `stopped after ${REDIRECTS_MAX} redirects`);
      this.#amongStrangers ||= !mayShareCredentials(this.#first.hostname, url.hostname);
    }
  }

  #redirectOf({statusCode = 0, headers}: http.IncomingMessage): string | undefined {
    return this.#client.followRedirects && REDIRECTS.has(statusCode) ? headers.location : undefined;
  }

  async #bodyOf(response: http.IncomingMessage): Promise<FetchedBody> {
    const {statusCode = 0, statusMessage = ''} = response;
    if (statusCode === 200) return readAll(response, this.#options.bodySizeLimit, this.#deadline);
    await discard(response);
    throw new ScrapeError(`server returned HTTP status ${statusCode} ${statusMessage}`);
  }

  async #get(url: URL, shown: string): Promise<http.IncomingMessage> {
    for (;;) {
      try {
        return await this.#request(url, shown);
      } catch (error) {
        // The server may have closed an idle connection in the same moment: no answer to this request, so ask again.
        if (!(error instanceof StaleConnectionError)) throw error;
      }
    }
  }

  #request(url: URL, shown: string): Promise<http.IncomingMessage> {
    const fail = (reason: string, cause?: unknown) => requestError(shown, reason, cause);
    const requestOptions = this.#requestOptions(url, fail);
    return new Promise((resolve, reject) => {
      const request = (url.protocol === 'https:' ? secureHttp() : plainHttp).request(url, requestOptions);
      request.on('response', resolve);
      request.on('error', (cause: NodeJS.ErrnoException) => {
        if (this.#deadline.aborted) reject(fail('context deadline exceeded', cause));
        else if (request.reusedSocket && isClosed(cause)) reject(new StaleConnectionError());
        else reject(fail(networkReason(cause), cause));
      });
      request.on('close', () => reject(fail('EOF')));
      request.end();
    });
  }

  #requestOptions(url: URL, fail: (reason: string) => ScrapeError): http.RequestOptions {
    if (url.protocol !== 'http:' && url.protocol !== 'https:') {
      throw fail(`unsupported protocol scheme ${quoteGo(url.protocol.slice(0, -1))}`);
    }
    const {headers, socketPath = ''} = this.#options;
    try {
      const authorization = this.#amongStrangers ? undefined : authorizationHeader(this.#client);
      return {
        agent: this.#agentFor(url),
        headers: authorization === undefined ? headers : {...headers, Authorization: authorization},
        signal: this.#deadline,
        ...(socketPath !== '' && {socketPath}),
      };
    } catch (error) {
      throw error instanceof SecretError ? fail(error.message) : error;
    }
  }
}

/** A connection that was kept turned out to be closed. */
class StaleConnectionError extends Error {}

const isClosed = ({code}: NodeJS.ErrnoException): boolean => code === 'ECONNRESET' || code === 'EPIPE';

function parseUrl(text: string): URL {
  if (URL.canParse(text)) return new URL(text);
  throw new ScrapeError(`parse ${quoteGo(text)}: ${urlFault(text)}`);
}

/** What is wrong with a URL that a target's labels make. */
function urlFault(text: string): string {
  const port = /^\w+:\/\/[^/?#]*(:[^:/?#\]]*)(?:[/?#]|$)/.exec(text)?.[1];
  return port === undefined || /^:\d{1,5}$/.test(port) ? 'invalid host' : `invalid port ${quoteGo(port)} after host`;
}

function resolve(location: string, base: URL): URL {
  if (URL.canParse(location, base)) return new URL(location, base);
  throw requestError(base.href, `failed to parse Location header ${quoteGo(location)}`);
}

/** Read the rest of an answer that is not wanted; a long one costs its connection. Ends with the scrape's deadline at the latest. */
function discard(response: http.IncomingMessage): Promise<void> {
  return new Promise((done) => {
    let bytes = 0;
    response.on('data', (part: Buffer) => {
      bytes += part.length;
      if (bytes > DISCARD_BYTES_MAX) response.destroy();
    });
    response.on('error', () => done());
    response.on('close', () => done());
    response.on('end', () => done());
  });
}
