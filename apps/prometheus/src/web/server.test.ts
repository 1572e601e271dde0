import assert from 'node:assert/strict';
import {once} from 'node:events';
import net from 'node:net';
import {test} from 'node:test';
import {text} from '@narthex/http/envelope.ts';
import {ApiError} from '@narthex/http/errors.ts';
import {AnchoredRegex} from '@narthex/model/regex.ts';
import {Logger} from '../log/logger.ts';
import {ListenError} from './listener.ts';
import {WebServer} from './server.ts';

interface Counted {
  readonly handler: string;
  readonly status: number;
}

async function withServer(
  prefix: string,
  use: (url: string, server: WebServer, counted: Counted[]) => Promise<void>,
): Promise<void> {
  const counted: Counted[] = [];
  const server = new WebServer({
    routePrefix: prefix,
    corsOrigin: new AnchoredRegex('https://ok'),
    meter: {requested: (handler, status) => void counted.push({handler, status})},
    log: new Logger('error', 'logfmt', {}, () => {}),
  });
  server.route(['GET'], '/', () => text(200, 'root'));
  server.route(['GET', 'POST'], '/api/v1/x', () => text(200, 'x'));
  server.route(['GET'], '/api/v1/bad', () => {
    throw new ApiError('bad_data', 'why');
  });
  server.route(['GET'], '/bug', () => Promise.reject(new Error('oops')));
  server.route(['GET'], '/alive', () => text(200, 'alive'), {always: true});
  await server.listen({addresses: ['127.0.0.1:0'], connectionsMax: 10, readTimeoutMs: 1000});
  server.readiness = 'ready';
  try {
    await use(`http://127.0.0.1:${server.addresses[0]!.port}`, server, counted);
  } finally {
    await server.close(0);
  }
}

const cases: [name: string, prefix: string, method: string, path: string, status: number, body: string][] = [
  ['a route', '', 'GET', '/api/v1/x?a=b', 200, 'x'],
  ['the root', '', 'GET', '/', 200, 'root'],
  ['an unknown path', '', 'GET', '/nothing', 404, '404 page not found\n'],
  ['another method', '', 'PUT', '/api/v1/x', 405, 'Method Not Allowed\n'],
  ['a fault of the client', '', 'GET', '/api/v1/bad', 400, '{"status":"error","errorType":"bad_data","error":"why"}'],
  ['a bug', '', 'GET', '/bug', 500, '{"status":"error","errorType":"internal","error":"oops"}'],
  ['a route under the prefix', '/p', 'GET', '/p/api/v1/x', 200, 'x'],
  ['the prefix alone', '/p', 'GET', '/p', 200, 'root'],
  ['the root above the prefix', '/p', 'GET', '/', 302, '<a href="/p/">Found</a>.\n'],
  ['OPTIONS of the API', '', 'OPTIONS', '/api/v1/x', 204, ''],
];
for (const [name, prefix, method, path, status, body] of cases) {
  test(`web: ${name}`, () =>
    withServer(prefix, async (url) => {
      const answer = await fetch(url + path, {method, redirect: 'manual'});
      assert.deepEqual([answer.status, await answer.text()], [status, body]);
    }));
}

test('web: what is outside the prefix is not there', () =>
  withServer('/p', async (url) => {
    assert.equal((await fetch(`${url}/api/v1/x`)).status, 404);
  }));

test('web: until it is ready, only what always answers', () =>
  withServer('', async (url, server) => {
    server.readiness = 'starting';
    const answer = await fetch(`${url}/api/v1/x`);
    assert.deepEqual([answer.status, await answer.text()], [503, 'Service Unavailable']);
    assert.equal(answer.headers.get('x-prometheus-stopping'), 'false');
    assert.equal((await fetch(`${url}/alive`)).status, 200);
    server.readiness = 'stopping';
    assert.equal((await fetch(`${url}/api/v1/x`)).headers.get('x-prometheus-stopping'), 'true');
  }));

test('web: origins of the API', () =>
  withServer('', async (url) => {
    const originOf = async (path: string, origin: string) =>
      (await fetch(url + path, {headers: {Origin: origin}})).headers.get('access-control-allow-origin');
    assert.equal(await originOf('/api/v1/x', 'https://ok'), 'https://ok');
    assert.equal(await originOf('/api/v1/x', 'https://other'), null);
    assert.equal(await originOf('/', 'https://ok'), null);
  }));

test('web: requests are counted by route, not by path', () =>
  withServer('', async (url, _, counted) => {
    for (const path of ['/api/v1/x?1', '/api/v1/bad', '/made/up']) await (await fetch(url + path)).text();
    for (let i = 0; i < 100 && counted.length < 2; i++) await new Promise((resolve) => setTimeout(resolve, 10));
    assert.deepEqual(counted, [
      {handler: '/api/v1/x', status: 200},
      {handler: '/api/v1/bad', status: 400},
    ]);
  }));

test('web: a connection serves many requests', () =>
  withServer('', async (url) => {
    const socket = net.connect(Number(new URL(url).port), '127.0.0.1');
    let received = '';
    socket.on('data', (data) => (received += data.toString()));
    for (let i = 1; i <= 3; i++) {
      socket.write('GET /api/v1/x HTTP/1.1\r\nHost: x\r\n\r\n');
      while (received.split('HTTP/1.1 200').length <= i) await once(socket, 'data');
    }
    socket.destroy();
  }));

test('web: a body that is not read ends the connection after the answer', () =>
  withServer('', async (url) => {
    const socket = net.connect(Number(new URL(url).port), '127.0.0.1');
    let received = '';
    socket.on('data', (data) => (received += data.toString()));
    socket.on('error', () => {});
    socket.write('POST /api/v1/x HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000000\r\n\r\nabc');
    await once(socket, 'close');
    assert.match(received, /^HTTP\/1.1 200 /);
  }));

test('web: a bad address', () =>
  withServer('', async (_, server) => {
    const listen = (address: string) => server.listen({addresses: [address], connectionsMax: 1, readTimeoutMs: 1});
    await assert.rejects(listen('nowhere'), ListenError);
    await assert.rejects(listen('127.0.0.1:99999'), /want host:port/);
  }));
