import assert from 'node:assert/strict';
import fs from 'node:fs';
import http from 'node:http';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import {type TestContext, test} from 'node:test';
import zlib from 'node:zlib';
import {type FetchOptions, Fetcher} from './fetcher.ts';
import {AUTHORITY, CLIENT_CERTIFICATE, CLIENT_KEY, SERVER_CERTIFICATE, SERVER_KEY} from './testing/certificates.ts';
import {jobOf} from './testing/configs.ts';
import {listen, serve} from './testing/servers.ts';

const SERVER_TLS = {cert: SERVER_CERTIFICATE, key: SERVER_KEY};
const PATIENCE_MS = 30_000;

function fetcherOf(t: TestContext, yaml = '{}', dir = ''): Fetcher {
  const fetcher = new Fetcher(jobOf(`{job_name: j, ${yaml.slice(1)}`, dir));
  t.after(() => fetcher.close());
  return fetcher;
}

const options = (url: string, more: Partial<FetchOptions> = {}): FetchOptions => ({
  url,
  timeoutMs: PATIENCE_MS,
  bodySizeLimit: 0,
  headers: {},
  ...more,
});

/** The body as text, or the message of what went wrong. */
async function fetched(fetcher: Fetcher, url: string, more: Partial<FetchOptions> = {}): Promise<string> {
  try {
    const {parts, bytes} = await fetcher.fetch(options(url, more));
    const body = Buffer.concat(parts);
    assert.equal(body.length, bytes);
    return body.toString();
  } catch (error) {
    assert.equal((error as Error).name, 'ScrapeError');
    return (error as Error).message;
  }
}

function folder(t: TestContext): string {
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'fetcher-'));
  t.after(() => fs.rmSync(dir, {recursive: true}));
  return dir;
}

test('a body comes with its type, and the headers are sent', async (t) => {
  const {origin, requests} = await serve(t, (_, response) => {
    response.setHeader('Content-Type', 'text/plain; version=0.0.4');
    response.write('up ');
    setImmediate(() => response.end('1\n'));
  });
  const got = await fetcherOf(t).fetch(options(`${origin}/metrics?x=1`, {headers: {Accept: 'text/plain'}}));
  assert.deepEqual([Buffer.concat(got.parts).toString(), got.contentType], ['up 1\n', 'text/plain; version=0.0.4']);
  assert.deepEqual([requests[0]!.url, requests[0]!.headers.accept], ['/metrics?x=1', 'text/plain']);
});

const zip = (text: string) => zlib.gzipSync(text);
const bodies: [name: string, body: Buffer, encoding: string, limit: number, want: string][] = [
  ['zipped', zip('up 1\n'), 'gzip', 0, 'up 1\n'],
  ['of nothing', Buffer.alloc(0), '', 0, ''],
  ['below the limit', Buffer.from('12345'), '', 6, '12345'],
  ['at the limit, as upstream', Buffer.from('123456'), '', 6, 'body size limit exceeded'],
  ['over the limit', Buffer.from('1234567'), '', 6, 'body size limit exceeded'],
  ['longer zipped than itself: the limit is for what comes out', zip('12345'), 'gzip', 6, '12345'],
  ['at the limit unzipped', zip('123456'), 'gzip', 6, 'body size limit exceeded'],
  ['that unzips to more than the limit', zip('x'.repeat(1 << 20)), 'gzip', 1 << 10, 'body size limit exceeded'],
  ['not zipped, against what it says', Buffer.from('plain'), 'gzip', 0, 'gzip: invalid header'],
  ['zipped and cut off', zip('x'.repeat(1000)).subarray(0, 20), 'gzip', 0, 'unexpected EOF'],
  ['with another encoding, left alone', Buffer.from('plain'), 'br', 0, 'plain'],
];
for (const [name, body, encoding, bodySizeLimit, want] of bodies) {
  test(`a body ${name}`, async (t) => {
    const {origin} = await serve(t, (_, response) => {
      if (encoding !== '') response.setHeader('Content-Encoding', encoding);
      response.end(body);
    });
    assert.equal(await fetched(fetcherOf(t), origin, {bodySizeLimit}), want);
  });
}

const statuses: [status: number, reason: string, location: string | undefined, want: string][] = [
  [404, 'Not Found', undefined, 'server returned HTTP status 404 Not Found'],
  [500, 'Our Own Words', undefined, 'server returned HTTP status 500 Our Own Words'],
  [204, 'No Content', undefined, 'server returned HTTP status 204 No Content'],
  [302, 'Found', undefined, 'server returned HTTP status 302 Found'],
  [304, 'Not Modified', '/other', 'server returned HTTP status 304 Not Modified'],
  [302, 'Found', 'ftp://x/', 'Get "ftp://x/": unsupported protocol scheme "ftp"'],
  [302, 'Found', 'http://[bad', 'Get "ORIGIN/metrics": failed to parse Location header "http://[bad"'],
  [302, 'Found', '/again', 'Get "/again": stopped after 10 redirects'],
];
for (const [status, reason, location, want] of statuses) {
  test(`status ${status} ${location ?? ''}: ${want}`, async (t) => {
    const {origin} = await serve(t, (_, response) => {
      response.writeHead(status, reason, location === undefined ? {} : {Location: location});
      response.end();
    });
    assert.equal(await fetched(fetcherOf(t), `${origin}/metrics`), want.replace('ORIGIN', origin));
  });
}

for (const status of [301, 302, 303, 307, 308]) {
  test(`redirect ${status} is followed, unless the job says otherwise`, async (t) => {
    const {origin} = await serve(t, ({url}, response) => {
      if (url === '/metrics') response.writeHead(status, {Location: '/here?x=1'}).end();
      else response.end(`body of ${url}`);
    });
    assert.equal(await fetched(fetcherOf(t), `${origin}/metrics`), 'body of /here?x=1');
    const stubborn = fetcherOf(t, '{follow_redirects: false}');
    const reason = http.STATUS_CODES[status];
    assert.equal(await fetched(stubborn, `${origin}/metrics`), `server returned HTTP status ${status} ${reason}`);
  });
}

test('connections are used again, also after an answer that was not wanted', async (t) => {
  const {origin, connections} = await serve(t, ({url}, response) => {
    if (url === '/redirect') response.writeHead(302, {Location: '/ok'}).end('see there');
    else response.writeHead(url === '/ok' ? 200 : 503).end('some body');
  });
  const fetcher = fetcherOf(t);
  for (const path of ['/ok', '/error', '/redirect', '/ok']) await fetched(fetcher, origin + path);
  assert.equal(connections(), 1);
});

test('a connection that was closed while idle is replaced', async (t) => {
  const sockets: net.Socket[] = [];
  const port = await listen(
    t,
    net.createServer((socket) => {
      sockets.push(socket);
      // Answers once, and hangs up when it is asked again.
      let asked = 0;
      socket.on('error', () => {});
      socket.on('data', () => {
        if (asked++ === 0) socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
        else socket.destroy();
      });
    }),
  );
  t.after(() => sockets.forEach((socket) => socket.destroy()));
  const fetcher = fetcherOf(t);
  assert.equal(await fetched(fetcher, `http://127.0.0.1:${port}/`), 'ok');
  assert.equal(await fetched(fetcher, `http://127.0.0.1:${port}/`), 'ok');
  assert.equal(sockets.length, 2);
});

const hangUps: [name: string, bytes: string, want: string][] = [
  ['without a word', '', 'Get "URL": EOF'],
  ['in the middle of its headers', 'HTTP/1.1 200 OK\r\nContent-', 'Get "URL": EOF'],
  ['in the middle of its body', 'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nup 1', 'unexpected EOF'],
  ['in the middle of a chunk', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n64\r\nup 1', 'unexpected EOF'],
];
for (const [name, bytes, want] of hangUps) {
  test(`a server that hangs up ${name}`, async (t) => {
    const port = await listen(
      t,
      net.createServer((socket) => {
        socket.on('error', () => {});
        socket.once('data', () => socket.end(bytes));
      }),
    );
    const url = `http://127.0.0.1:${port}/`;
    assert.equal(await fetched(fetcherOf(t), url), want.replace('URL', url));
  });
}

test('a server that speaks something else', async (t) => {
  const port = await listen(
    t,
    net.createServer((socket) => {
      socket.on('error', () => {});
      socket.end('SSH-2.0-OpenSSH_9.6\r\n');
    }),
  );
  assert.match(await fetched(fetcherOf(t), `http://127.0.0.1:${port}/`), /^Get "http:[^"]*": .+/);
});

const timeouts: [name: string, answer: (response: http.ServerResponse) => void, want: string][] = [
  ['before it answers', () => {}, 'Get "URL": context deadline exceeded'],
  ['while it sends its body', (response) => void response.write('up '), 'context deadline exceeded'],
  [
    'while it sends a body that is not wanted',
    (response) => void response.writeHead(500).write('so '),
    'server returned HTTP status 500 Internal Server Error',
  ],
];
for (const [name, answer, want] of timeouts) {
  test(`a server that is too slow ${name}`, async (t) => {
    const {origin} = await serve(t, (_, response) => answer(response));
    assert.equal(await fetched(fetcherOf(t), `${origin}/`, {timeoutMs: 60}), want.replace('URL', `${origin}/`));
  });
}

test('nobody listens', async (t) => {
  const server = net.createServer();
  const port = await listen(t, server);
  await new Promise((resolve) => server.close(resolve));
  const url = `http://127.0.0.1:${port}/metrics`;
  const want = `Get "${url}": dial tcp 127.0.0.1:${port}: connect: connection refused`;
  assert.equal(await fetched(fetcherOf(t), url), want);
});

const badUrls: [url: string, want: string][] = [
  ['http://host:port/metrics', 'parse "http://host:port/metrics": invalid port ":port" after host'],
  ['http://a b/metrics', 'parse "http://a b/metrics": invalid host'],
  ['gopher://127.0.0.1:1/metrics', 'Get "gopher://127.0.0.1:1/metrics": unsupported protocol scheme "gopher"'],
];
for (const [url, want] of badUrls) {
  test(`no request can be made to ${url}`, async (t) => assert.equal(await fetched(fetcherOf(t), url), want));
}

test('a target on a Unix socket', async (t) => {
  const socketPath = path.join(folder(t), 'metrics.sock');
  const server = http.createServer((request, response) => void response.end(`host ${request.headers.host}`));
  await new Promise<void>((resolve) => server.listen(socketPath, resolve));
  t.after(() => void server.close());
  t.after(() => server.closeAllConnections());
  assert.equal(await fetched(fetcherOf(t), 'http://app:1/metrics', {socketPath}), 'host app:1');
  const missing = `${socketPath}.not`;
  assert.match(await fetched(fetcherOf(t), 'http://app:1/', {socketPath: missing}), /no such file or directory$/);
});

test('a closed fetcher lets a scrape at work end, and keeps no connection', {timeout: 10_000}, async (t) => {
  const {promise: closed, resolve: onClose} = Promise.withResolvers<void>();
  const {origin} = await serve(t, (request, response) => {
    request.socket.once('close', onClose);
    fetcher.close();
    setTimeout(() => response.end('late'), 5);
  });
  const fetcher = fetcherOf(t);
  assert.equal(await fetched(fetcher, origin), 'late');
  await closed;
});

const basic = (user: string, password: string) => `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
const credentials: [yaml: string, want: string | undefined][] = [
  ['{}', undefined],
  ['{basic_auth: {username: me, password: "pä:ss"}}', basic('me', 'pä:ss')],
  ['{basic_auth: {username_file: user, password_file: pass}}', basic('from file', 'secret file')],
  ['{basic_auth: {username: me}}', basic('me', '')],
  ['{authorization: {credentials: tok}}', 'Bearer tok'],
  ['{authorization: {type: Token, credentials_file: pass}}', 'Token secret file'],
  ['{bearer_token: tok}', 'Bearer tok'],
  ['{bearer_token_file: pass}', 'Bearer secret file'],
];
for (const [yaml, want] of credentials) {
  test(`credentials of ${yaml}`, async (t) => {
    const dir = folder(t);
    fs.writeFileSync(path.join(dir, 'user'), 'from file\n');
    fs.writeFileSync(path.join(dir, 'pass'), ' secret file \n');
    const {origin, requests} = await serve(t, (_, response) => void response.end());
    assert.equal(await fetched(fetcherOf(t, yaml, dir), origin), '');
    assert.equal(requests[0]!.headers.authorization, want);
  });
}

test('a file with credentials is read for each request, and missed when it is gone', async (t) => {
  const dir = folder(t);
  const file = path.join(dir, 'token');
  const {origin, requests} = await serve(t, (_, response) => void response.end());
  const fetcher = fetcherOf(t, '{authorization: {credentials_file: token}}', dir);
  for (const token of ['one', 'two']) {
    fs.writeFileSync(file, token);
    await fetched(fetcher, origin);
  }
  const sent = requests.map(({headers}) => headers.authorization);
  assert.deepEqual(sent, ['Bearer one', 'Bearer two']);
  fs.rmSync(file);
  const want = `Get "${origin}": unable to read authorization credentials: unable to read file ${file}: open ${file}: no such file or directory`;
  assert.equal(await fetched(fetcher, origin), want);
});

test('credentials follow redirects on the same host, and never again once these left it', async (t) => {
  const seen: (string | undefined)[] = [];
  const {origin, port} = await serve(t, ({url, headers}, response) => {
    seen.push(headers.authorization);
    const next = {'/1': '/2', '/2': `http://localhost:${port}/3`, '/3': `http://127.0.0.1:${port}/4`}[url!];
    if (next === undefined) response.end('there');
    else response.writeHead(302, {Location: next}).end();
  });
  assert.equal(await fetched(fetcherOf(t, '{bearer_token: t}'), `${origin}/1`), 'there');
  assert.deepEqual(seen, ['Bearer t', 'Bearer t', undefined, undefined]);
});

const inYaml = (pem: string) => JSON.stringify(pem);
const UNKNOWN = 'tls: failed to verify certificate: x509: certificate signed by unknown authority';
const tlsCases: [name: string, yaml: string, want: string | RegExp][] = [
  ['an unknown authority is not trusted', '{}', `Get "URL": ${UNKNOWN}`],
  ['unless nobody looks', '{tls_config: {insecure_skip_verify: true}}', 'safe'],
  ['a known one is', `{tls_config: {ca: ${inYaml(AUTHORITY)}}}`, 'safe'],
  ['its file may be named', '{tls_config: {ca_file: ca.pem}}', 'safe'],
  ['the certificate may have another name', '{tls_config: {ca_file: ca.pem, server_name: named.example}}', 'safe'],
  ['which must be its name', '{tls_config: {ca_file: ca.pem, server_name: other.example}}', /other\.example/],
  ['versions are bounded', '{tls_config: {ca_file: ca.pem, min_version: TLS12, max_version: TLS13}}', 'safe'],
  ['too old a version', '{tls_config: {ca_file: ca.pem, min_version: TLS10, max_version: TLS11}}', /^Get "URL": .+/],
  [
    'no file',
    '{tls_config: {ca_file: nothing.pem}}',
    /^Get "URL": unable to read CA cert: unable to read file .*nothing.pem: open .*: no such file or directory$/,
  ],
  ['no certificate', '{tls_config: {ca: rubbish}}', 'Get "URL": unable to use specified CA cert inline'],
];
for (const [name, yaml, want] of tlsCases) {
  test(`TLS: ${name}`, async (t) => {
    const dir = folder(t);
    fs.writeFileSync(path.join(dir, 'ca.pem'), AUTHORITY);
    const {origin} = await serve(t, (_, response) => void response.end('safe'), {...SERVER_TLS, minVersion: 'TLSv1.2'});
    const got = (await fetched(fetcherOf(t, yaml, dir), origin)).replace(origin, 'URL');
    if (want instanceof RegExp) assert.match(got, want);
    else assert.equal(got, want);
  });
}

test('TLS: a client certificate, exchanged while scraping', async (t) => {
  const dir = folder(t);
  const write = (name: string, pem: string) => fs.writeFileSync(path.join(dir, name), pem);
  write('cert.pem', CLIENT_CERTIFICATE);
  write('key.pem', CLIENT_KEY);
  const {origin, connections} = await serve(
    t,
    (request, response) => {
      const {subject} = (request.socket as import('node:tls').TLSSocket).getPeerCertificate();
      response.end(subject?.CN ?? 'nobody');
    },
    {...SERVER_TLS, ca: AUTHORITY, requestCert: true, rejectUnauthorized: false},
  );
  const yaml = '{tls_config: {insecure_skip_verify: true, cert_file: cert.pem, key_file: key.pem}}';
  const fetcher = fetcherOf(t, yaml, dir);
  assert.equal(await fetched(fetcher, origin), 'narthex-test-client');
  assert.equal(await fetched(fetcher, origin), 'narthex-test-client');
  assert.equal(connections(), 1);
  write('cert.pem', SERVER_CERTIFICATE);
  write('key.pem', SERVER_KEY);
  assert.equal(await fetched(fetcher, origin), 'narthex-test-server');
  write('key.pem', CLIENT_KEY);
  assert.match(await fetched(fetcher, origin), /unable to use specified client cert \(file .*cert.pem\) & key \(file/);
});

test('TLS: a server without it', async (t) => {
  const {port} = await serve(t, (_, response) => void response.end());
  const url = `https://127.0.0.1:${port}/`;
  const want = `Get "${url}": http: server gave HTTP response to HTTPS client`;
  assert.equal(await fetched(fetcherOf(t), url), want);
});
