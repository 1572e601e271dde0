import assert from 'node:assert/strict';
import {once} from 'node:events';
import http, {type IncomingMessage} from 'node:http';
import net, {type AddressInfo} from 'node:net';
import {test} from 'node:test';
import {BodyTooLargeError, HungUpError, readBody} from './body.ts';
import {readParameters} from './parameters.ts';

/** What `read` makes of a request whose text is `request`; `hangUp` ends the connection after it. */
async function reading<T>(
  request: string,
  read: (request: IncomingMessage) => Promise<T>,
  hangUp = false,
): Promise<T | Error> {
  const {promise, resolve} = Promise.withResolvers<T | Error>();
  const server = http.createServer((message, response) => {
    read(message)
      .then(resolve, resolve)
      .finally(() => response.end());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const socket = net.connect((server.address() as AddressInfo).port, '127.0.0.1');
  socket.on('error', () => {});
  socket.write(request, () => {
    if (hangUp) setTimeout(() => socket.destroy(), 20);
  });
  try {
    return await promise;
  } finally {
    socket.destroy();
    server.closeAllConnections();
    server.close();
  }
}

const post = (body: string, headers: string): string => `POST /x HTTP/1.1\r\nHost: x\r\n${headers}\r\n\r\n${body}`;
const sized = (body: string, length = body.length): string => post(body, `Content-Length: ${length}`);
const chunked = (...parts: string[]): string =>
  post(
    [...parts, ''].map((part) => `${part.length.toString(16)}\r\n${part}\r\n`).join(''),
    'Transfer-Encoding: chunked',
  );

const bodies: [name: string, request: string, want: string | typeof BodyTooLargeError][] = [
  ['empty', sized(''), ''],
  ['of a declared length', sized('0123456789'), '0123456789'],
  ['in pieces', chunked('01234', '56789'), '0123456789'],
  ['declared too long', sized('', 11), BodyTooLargeError],
  ['too long without saying so', chunked('01234', '567890'), BodyTooLargeError],
];
for (const [name, request, want] of bodies) {
  test(`body: ${name}`, async () => {
    const got = await reading(request, (message) => readBody(message, 10));
    if (typeof want === 'string') assert.equal(Buffer.from(got as Uint8Array).toString(), want);
    else assert.ok(got instanceof want, String(got));
  });
}

test('body: its memory is its own, to be transferred', async () => {
  const got = (await reading(sized('abc'), (message) => readBody(message, 10))) as Uint8Array;
  assert.equal(got.buffer.byteLength, 3);
});

test('body: a client that hangs up', async () => {
  const got = await reading(sized('01', 10), (message) => readBody(message, 10), true);
  assert.ok(got instanceof HungUpError, String(got));
});

test('body: nobody listens to what comes after the limit', async () => {
  const got = await reading(chunked('x'.repeat(20)), async (message) => {
    await readBody(message, 10).catch(() => {});
    return message.listenerCount('data');
  });
  assert.equal(got, 0);
});

const FORM = 'Content-Type: application/x-www-form-urlencoded';
const form = (body: string, type = FORM, length = body.length): string =>
  post(body, `${type}\r\nContent-Length: ${length}`);

const parameters: [name: string, request: string, query: string, want: string | RegExp][] = [
  ['of the URL', 'GET /x HTTP/1.1\r\nHost: x\r\n\r\n', 'a=1', 'a=1'],
  ['of a form before those of the URL', form('a=2&b=%20'), 'a=1', 'a=2&b=%20&a=1'],
  ['of a form alone', form('a=2'), '', 'a=2'],
  ['with a character set', form('a=2', `${FORM}; charset=utf-8`), '', 'a=2'],
  ['of another type', form('a=2', 'Content-Type: text/plain'), 'a=1', 'a=1'],
  [
    'of a form that is too large',
    form('', FORM, 11 << 20),
    '',
    /error parsing form values: http: request body too large/,
  ],
];
for (const [name, request, query, want] of parameters) {
  test(`parameters: ${name}`, async () => {
    const got = await reading(request, (message) => readParameters(message, query));
    if (typeof want === 'string') assert.equal(got, want);
    else assert.match((got as Error).message, want);
  });
}
