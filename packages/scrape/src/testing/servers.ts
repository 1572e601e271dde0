import http from 'node:http';
import https from 'node:https';
import type net from 'node:net';
import type {TestContext} from 'node:test';

/** A server of one test on a port of its own. */
export interface TestServer {
  readonly port: number;
  /** `http://127.0.0.1:<port>`, or `https:`. */
  readonly origin: string;
  readonly requests: readonly http.IncomingMessage[];
  /** Connections that were ever made. */
  readonly connections: () => number;
}

type Answer = (request: http.IncomingMessage, response: http.ServerResponse) => void;

/** Answers requests as told, until the test ends. */
export async function serve(t: TestContext, answer: Answer, tls?: https.ServerOptions): Promise<TestServer> {
  const requests: http.IncomingMessage[] = [];
  const handle: Answer = (request, response) => {
    requests.push(request);
    answer(request, response);
  };
  const server = tls ? https.createServer(tls, handle) : http.createServer(handle);
  // Idle connections are the client's to close.
  server.keepAliveTimeout = 0;
  const port = await listen(t, server);
  let connections = 0;
  server.on(tls ? 'secureConnection' : 'connection', () => connections++);
  t.after(() => server.closeAllConnections());
  return {port, origin: `${tls ? 'https' : 'http'}://127.0.0.1:${port}`, requests, connections: () => connections};
}

/** The port on which `server` listens until the test ends. */
export async function listen(t: TestContext, server: net.Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => void server.close());
  return (server.address() as net.AddressInfo).port;
}

/** Resolves as soon as `is` is true; the test's own timeout is the limit. */
export async function until(is: () => boolean): Promise<void> {
  while (!is()) await new Promise((resolve) => setTimeout(resolve, 2));
}
