import type {IncomingMessage, ServerResponse} from 'node:http';
import {corsHeaders} from '@narthex/http/cors.ts';
import {text} from '@narthex/http/envelope.ts';
import {Router} from '@narthex/http/router.ts';
import type {AnchoredRegex} from '@narthex/model/regex.ts';
import type {Logger} from '../log/logger.ts';
import {answerToError, send, type Handler} from './exchange.ts';
import {Listener, type ListenerOptions} from './listener.ts';

export type Readiness = 'starting' | 'ready' | 'stopping';

/** What is counted of every request. */
export interface RequestMeter {
  /** `handler` is the route, never the path, so that clients can't make up series. */
  requested(handler: string, status: number, seconds: number, bytes: number): void;
}

export interface WebServerOptions {
  /** Path before all routes, without a slash at its end. */
  readonly routePrefix: string;
  readonly corsOrigin: AnchoredRegex | undefined;
  readonly meter: RequestMeter;
  readonly log: Logger;
}

export interface RouteOptions {
  /** Answered while the server starts and stops, too. */
  readonly always?: boolean;
}

interface Route {
  readonly name: string;
  readonly handler: Handler;
  readonly always: boolean;
}

const API = '/api/';
/** A path that no route has. */
const OUTSIDE = '';
/** How much of a refused body is still taken, and for how long. */
const LINGER_BYTES = 1 << 20;
const LINGER_MS = 2000;

/** Finds the handler of a request, and gives every answer what all have in common: readiness, CORS, metrics, errors. */
export class WebServer {
  readonly #options: WebServerOptions;
  readonly #router = new Router<Route>();
  readonly #listener = new Listener();
  readiness: Readiness = 'starting';

  constructor(options: WebServerOptions) {
    this.#options = options;
  }

  route(methods: readonly string[], path: string, handler: Handler, {always = false}: RouteOptions = {}): void {
    this.#router.add(methods, path, {name: path, handler, always});
  }

  listen(options: ListenerOptions): Promise<void> {
    return this.#listener.listen(options, (request, response) => void this.#handle(request, response));
  }

  get addresses(): ReturnType<() => Listener['addresses']> {
    return this.#listener.addresses;
  }

  close(graceMs: number): Promise<void> {
    return this.#listener.close(graceMs);
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const began = performance.now();
    const {path, query} = splitTarget(request.url ?? '/');
    const inside = this.#withoutPrefix(path);
    if (inside === undefined) return redirect(response, `${this.#options.routePrefix}/`);
    const found = this.#router.find(request.method ?? 'GET', inside);
    if (inside.startsWith(API)) this.#setCors(request, response);
    if (found.kind !== 'found') return send(response, notFound(request, response, inside, found));
    response.on('close', () => this.#count(found.handler.name, response, began));
    if (!found.handler.always && this.readiness !== 'ready') return this.#unavailable(response);
    await this.#answer(found.handler, {request, response, path: inside, query, parameters: found.parameters});
    return undefined;
  }

  async #answer(route: Route, exchange: Parameters<Handler>[0]): Promise<void> {
    const {request, response} = exchange;
    try {
      const answer = await route.handler(exchange);
      if (answer) send(response, answer);
    } catch (error) {
      this.#options.log.debug('request failed', {component: 'web', path: exchange.path, err: error});
      send(response, answerToError(error));
    }
    if (!request.complete) dropRest(request);
  }

  /** Undefined where the client is to be sent to the prefix. */
  #withoutPrefix(path: string): string | undefined {
    const {routePrefix} = this.#options;
    if (path === routePrefix) return '/';
    if (path.startsWith(`${routePrefix}/`)) return path.slice(routePrefix.length);
    return path === '/' ? undefined : OUTSIDE;
  }

  #setCors(request: IncomingMessage, response: ServerResponse): void {
    const headers = corsHeaders(request.headers.origin, this.#options.corsOrigin);
    for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
  }

  #unavailable(response: ServerResponse): void {
    response.setHeader('X-Prometheus-Stopping', String(this.readiness === 'stopping'));
    send(response, text(503, 'Service Unavailable'));
  }

  #count(name: string, response: ServerResponse, began: number): void {
    const bytes = Number(response.getHeader('content-length') ?? 0);
    this.#options.meter.requested(name, response.statusCode, (performance.now() - began) / 1000, bytes);
  }
}

function splitTarget(url: string): {path: string; query: string} {
  const mark = url.indexOf('?');
  return mark < 0 ? {path: url, query: ''} : {path: url.slice(0, mark), query: url.slice(mark + 1)};
}

function notFound(
  request: IncomingMessage,
  response: ServerResponse,
  path: string,
  found: {kind: string; allowed?: readonly string[]},
) {
  if (request.method === 'OPTIONS' && path.startsWith(API)) return {status: 204, headers: {}, body: ''};
  if (!found.allowed) return text(404, '404 page not found\n');
  response.setHeader('Allow', found.allowed.join(', '));
  return text(405, 'Method Not Allowed\n');
}

function redirect(response: ServerResponse, location: string): void {
  response.setHeader('Location', location);
  send(response, text(302, `<a href="${location}">Found</a>.\n`));
}

/**
 * A body that nobody reads any more would hold the connection. After the answer a little of it is still taken, since a client that is
 * sending and finds the connection closed never sees why; then it is cut off.
 */
function dropRest(request: IncomingMessage): void {
  const {socket} = request;
  let left = LINGER_BYTES;
  request.on('data', (part: Buffer) => {
    left -= part.length;
    if (left < 0) socket.destroy();
  });
  request.resume();
  socket.end();
  const timer = setTimeout(() => socket.destroy(), LINGER_MS);
  socket.once('close', () => clearTimeout(timer));
}
