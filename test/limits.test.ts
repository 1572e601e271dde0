// Bad input, bad clients and heavy queries: each gets the error that a user should see, and afterwards the server is as it was.
import assert from 'node:assert/strict';
import {once} from 'node:events';
import fs from 'node:fs';
import http from 'node:http';
import type {AddressInfo} from 'node:net';
import {after, before, suite, test} from 'node:test';
import {setTimeout as sleep} from 'node:timers/promises';
import {ServerProcess} from './support/process.ts';
import {RawRequest} from './support/raw-request.ts';
import {postWrite} from './support/remote-write.ts';

/** Near enough to now to be stored beside what is scraped. */
const BEGIN_S = Math.floor(Date.now() / 1000) - 1200;
const MB = 1 << 20;

/** What a command line or a configuration that is refused prints, and the exit code. */
async function refusal(
  options: Parameters<typeof ServerProcess.spawn>[0],
): Promise<{code: number | null; log: string}> {
  const server = await ServerProcess.spawn(options);
  try {
    if (server.child.exitCode === null) await once(server.child, 'exit');
    await sleep(20);
    return {code: server.child.exitCode, log: server.log};
  } finally {
    await server.destroy();
  }
}

const refused: [name: string, options: Parameters<typeof ServerProcess.spawn>[0], code: number, want: RegExp][] = [
  ['an unknown flag', {flags: ['--nothing']}, 2, /unknown long flag '--nothing'/],
  ['a bad duration', {flags: ['--query.timeout=soon']}, 2, /invalid value 'soon' for flag '--query.timeout'.*duration/],
  ['a bad number', {flags: ['--query.max-samples=many']}, 2, /invalid value 'many' for flag '--query.max-samples'/],
  ['a flag twice', {flags: ['--query.timeout=1s', '--query.timeout=2s']}, 2, /flag 'query.timeout' cannot be repeated/],
  ['a word', {flags: ['word']}, 2, /unexpected word/],
  ['a log level', {flags: ['--log.level=loud']}, 2, /must be one of debug, info, warn, error/],
  [
    'an unknown key',
    {config: 'global:\n  foo: 1\n'},
    2,
    /prometheus\.yml:2:.*line 2: field foo not found in type config\.plain/,
  ],
  [
    'a key twice',
    {config: 'global: {}\nglobal: {}\n'},
    2,
    /prometheus\.yml:2:.*field global already set in type config\.plain/,
  ],
  ['invalid YAML', {config: 'global: [\n'}, 2, /prometheus\.yml:\d.*yaml: line \d/],
  ['a file that is missing', {flags: [], config: 'scrape_config_files: ["*.none"]\nfoo: 1'}, 2, /field foo not found/],
];
for (const [name, options, code, want] of refused) {
  test(`refused: ${name}`, async () => {
    const got = await refusal(options);
    assert.match(got.log, want);
    assert.equal(got.code, code, got.log);
  });
}

/** Answers scrapes with `body`, whatever it is. */
async function target(body: string | Buffer, type = 'text/plain; version=0.0.4'): Promise<http.Server> {
  const server = http.createServer((_, response) => response.writeHead(200, {'Content-Type': type}).end(body));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return server;
}

const portOf = (server: http.Server): number => (server.address() as AddressInfo).port;

const job = (name: string, port: number, more = ''): string =>
  `- {job_name: ${name}, scrape_interval: 1s, static_configs: [{targets: ["127.0.0.1:${port}"]}]${more}}\n`;

const flags = [
  '--web.enable-remote-write-receiver',
  '--query.max-samples=5000000',
  '--query.timeout=2s',
  '--query.max-concurrency=2',
];

suite('one server under all of it', () => {
  let server: ServerProcess;
  let idleBytes = 0;
  const targets: http.Server[] = [];

  before(async () => {
    targets.push(
      await target('this is { not a metric\n'),
      await target(`x ${'1'.repeat(50)}\n`.repeat(10_000)),
      await target('\u0000\u0001\u0002', 'application/octet-stream'),
      await target(`m{l="${'x'.repeat(MB)}"} 1\n`),
    );
    const [garbage, large, untyped, long] = targets.map(portOf) as [number, number, number, number];
    const config =
      'scrape_configs:\n' +
      job('garbage', garbage) +
      job('large', large, ', body_size_limit: 10KB') +
      job('untyped', untyped) +
      job('long', long, ', label_value_length_limit: 1000') +
      job('nobody', 1);
    server = await ServerProcess.start({config, flags});
    const series = Array.from({length: 300}, (_, i) => ({
      labels: [
        ['__name__', 'm'],
        ['i', String(i)],
        ['text', 'x'.repeat(200)],
      ] as const,
      samples: Array.from({length: 1000}, (_, s) => [(BEGIN_S + s) * 1000, s] as const),
    }));
    assert.equal((await postWrite(server.url, series)).status, 204);
    await sleep(500);
    idleBytes = residentBytes(server);
  });

  after(async () => {
    for (const each of targets) {
      each.close();
      each.closeAllConnections();
    }
    await server?.destroy();
  });

  const scrapes: [name: string, want: RegExp][] = [
    ['garbage', /invalid metric|expected|parse/i],
    ['large', /body size limit exceeded/],
    ['untyped', /Content-Type|media type/],
    ['long', /label_value_length_limit exceeded .*limit: 1000/],
    ['nobody', /connection refused/],
  ];
  for (const [name, want] of scrapes) {
    test(`a scrape of ${name}: up is 0 and the reason is told`, async () => {
      // The first scrapes of a busy machine may run out of time.
      await until(async () => {
        const {activeTargets} = (await server.api('targets')) as {activeTargets: ActiveTarget[]};
        return activeTargets.some(
          ({scrapePool, health, lastError}) => scrapePool === name && health === 'down' && want.test(lastError),
        );
      });
      const up = (await server.api('query', {query: `up{job="${name}"}`})) as {result: {value: [number, string]}[]};
      assert.deepEqual(
        up.result.map(({value}) => value[1]),
        ['0'],
      );
    });
  }

  test('a second server on the same data folder refuses, and names the lock', async () => {
    const got = await refusal({data: `${server.folder}/data`});
    assert.equal(got.code, 1);
    assert.match(got.log, new RegExp(`lock DB directory: ${server.folder}/data/lock .*held`));
  });

  test('a port in use', async () => {
    const got = await refusal({flags: [`--web.listen-address=127.0.0.1:${server.port}`]});
    assert.equal(got.code, 1);
    assert.match(got.log, new RegExp(`listen tcp 127.0.0.1:${server.port}: bind: address already in use`));
  });

  const label = 'x'.repeat(MB);
  test('a label of 1 MB is stored and found', async () => {
    const labels = [
      ['__name__', 'long'],
      ['l', label],
    ] as const;
    assert.equal((await postWrite(server.url, [{labels, samples: [[BEGIN_S * 1000 + 999_000, 1]]}])).status, 204);
    const {result} = (await server.api('query', {query: 'long', time: String(BEGIN_S + 1000)})) as Result;
    assert.equal(result[0]?.metric['l'], label);
  });

  const bodies: [name: string, headers: Record<string, string>, body: Buffer, status: number, want: RegExp][] = [
    ['no snappy', {}, Buffer.from('hello, this is not snappy at all'), 400, /snappy/],
    ['a claim of 4 GB', {}, Buffer.from([0xff, 0xff, 0xff, 0xff, 0x0f, 0, 0]), 400, /snappy|too large|decompressed/],
    ['an empty body', {}, Buffer.alloc(0), 400, /snappy/],
    ['JSON', {'Content-Type': 'application/json'}, Buffer.from('{}'), 415, /content.type|Content-Type/i],
    ['gzip', {'Content-Encoding': 'gzip'}, Buffer.from('x'), 415, /gzip/],
    ['no protobuf', {}, Buffer.from([3, 8, 0xff, 0xff, 0xff]), 400, /proto/],
  ];
  for (const [name, headers, body, status, want] of bodies) {
    test(`remote write of ${name}`, async () => {
      const answer = await fetch(`${server.url}/api/v1/write`, {
        method: 'POST',
        headers: {'Content-Type': 'application/x-protobuf', 'Content-Encoding': 'snappy', ...headers},
        body: new Uint8Array(body),
      });
      const text = await answer.text();
      assert.match(text, want);
      assert.equal(answer.status, status, text);
    });
  }

  for (const [path, type] of [
    ['/api/v1/write', 'application/x-protobuf'],
    ['/api/v1/query', 'application/x-www-form-urlencoded'],
  ]) {
    const head = [`POST ${path} HTTP/1.1`, `Content-Type: ${type}`];
    test(`a body of 1 GB that is declared: ${path}`, async () => {
      const raw = await RawRequest.open(server, [...head, `Content-Length: ${1024 * MB}`]);
      assert.match(await raw.status(), /^HTTP\/1.1 4(00|13) /);
      await until(() => raw.isEnded);
    });

    test(`a body of 1 GB of unknown length: ${path}`, async () => {
      const raw = await RawRequest.open(server, [...head, 'Transfer-Encoding: chunked']);
      const taken = await raw.stream(1024 * MB);
      assert.ok(taken < 200 * MB, `${taken} bytes were taken`);
      assert.match(await raw.status(), /^(HTTP\/1.1 4(00|13) |$)/);
      await until(() => raw.isEnded);
    });
  }

  const time = String(BEGIN_S + 999);
  const heavy = 'sum_over_time(sum(quantile_over_time(0.5, m{i=~".."}[900s:100ms]))[900s:200ms])';
  const queries: [name: string, parameters: Record<string, string>, status: number, want: RegExp][] = [
    ['a syntax error', {query: 'sum(\nm{'}, 400, /2:3: parse error: /],
    ['too many samples', {query: 'm[1000s:10ms]'}, 422, /query processing would load too many samples into memory/],
    ['too much time', {query: heavy, time}, 503, /"errorType":"timeout".*query timed out/],
    ['its own time limit', {query: heavy, time, timeout: '100ms'}, 503, /"errorType":"timeout".*query timed out/],
    ['a nest too deep', {query: '('.repeat(100_000)}, 400, /parse error|too deep|nest/],
    ['a text too long', {query: 'a + '.repeat(400_000)}, 400, /characters|too large|too long|header/i],
    ['a hostile expression', {query: `m{text=~"${'(x+x+)+'.repeat(5)}y"}`}, 200, /"result":\[\]/],
    ['an expression too large', {query: `m{text=~"${'(((x{1000}){1000}){1000})'}"}`}, 400, /regex|repeat|large/i],
    [
      'a join of all with all',
      {query: 'm * on () group_left m'},
      422,
      /found duplicate series for the match group {} on the right/,
    ],
  ];
  for (const [name, parameters, status, want] of queries) {
    test(`a query with ${name}`, async () => {
      const got = await fetch(`${server.url}/api/v1/query`, {
        method: 'POST',
        body: new URLSearchParams({time, ...parameters}),
      });
      const text = (await got.text()).slice(0, 500);
      assert.match(text, want);
      assert.equal(got.status, status, text);
    });
  }

  test('more queries at once than may run: all are answered in turn', async () => {
    const answers = await Promise.all(
      Array.from({length: 40}, (_, i) => server.api('query', {query: `count(m) + ${i}`, time})),
    );
    assert.deepEqual(
      (answers as Result[]).map(({result}) => Number(result[0]!.value[1])),
      Array.from({length: 40}, (_, i) => 300 + i),
    );
  });

  test('clients that hang up give their threads back', async () => {
    const query = new URLSearchParams({query: heavy, time});
    for (let i = 0; i < 6; i++) {
      const raw = await RawRequest.open(server, [`GET /api/v1/query?${query} HTTP/1.1`]);
      await sleep(20);
      raw.socket.destroy();
    }
    assert.equal(((await server.api('query', {query: '1'})) as {result: [number, string]}).result[1], '1');
  });

  test('clients that read a byte a second: others are answered meanwhile', async () => {
    const query = new URLSearchParams({query: 'm', start: String(BEGIN_S), end: time, step: '2'});
    const slow = await Promise.all(
      Array.from({length: 4}, () => RawRequest.open(server, [`GET /api/v1/query_range?${query} HTTP/1.1`])),
    );
    for (const {socket} of slow) socket.pause();
    await sleep(300);
    const {body} = await server.get('/-/healthy');
    assert.match(body, /Healthy/);
    // Threads that wait for such clients are taken from them after a while.
    assert.equal((await server.get('/api/v1/labels')).status, 200);
    for (const {socket} of slow) socket.destroy();
    assert.equal((await server.get('/api/v1/query', {query: '1'})).status, 200);
  });

  test('afterwards it works as before, near its idle memory', async (t) => {
    const {result} = (await server.api('query', {query: 'count(m)', time})) as Result;
    assert.equal(result[0]?.value[1], '300');
    const bytes = await settledBytes(server);
    t.diagnostic(`resident: idle ${(idleBytes / MB).toFixed(0)} MB, afterwards ${(bytes / MB).toFixed(0)} MB`);
    assert.ok(bytes < idleBytes + 250 * MB, `${bytes} bytes`);
    assert.doesNotMatch(server.log, /level=ERROR msg="(?!Error appending)/);
  });
});

test('a query over its memory', async () => {
  const server = await ServerProcess.start({
    flags: ['--web.enable-remote-write-receiver', '--query.max-samples=2000000000'],
  });
  try {
    const series = Array.from({length: 300}, (_, i) => ({
      labels: [
        ['__name__', 'm'],
        ['i', String(i)],
      ] as const,
      samples: [[BEGIN_S * 1000, 1]] as const,
    }));
    assert.equal((await postWrite(server.url, series)).status, 204);
    const {status, body} = await server.get('/api/v1/query', {query: 'm[250s:1ms]', time: String(BEGIN_S + 250)});
    assert.match(body.slice(0, 500), /"errorType":"execution","error":"query processing would use too much memory/);
    assert.equal(status, 422);
    assert.equal((await server.get('/api/v1/query', {query: 'count(m)', time: String(BEGIN_S)})).status, 200);
  } finally {
    await server.destroy();
  }
});

interface ActiveTarget {
  readonly scrapePool: string;
  readonly health: string;
  readonly lastError: string;
}

interface Result {
  readonly result: {metric: Record<string, string>; value: [number, string]}[];
}

/** What `look` gives once it gives anything. */
async function until<T>(look: () => T | Promise<T>): Promise<NonNullable<T>> {
  for (const end = Date.now() + 20_000; ; await sleep(50)) {
    const found = await look();
    if (found) return found;
    assert.ok(Date.now() < end, 'waited too long');
  }
}

/** Memory once it does not get less any more. */
async function settledBytes(server: ServerProcess): Promise<number> {
  let bytes = residentBytes(server);
  for (let calm = 0; calm < 4;) {
    await sleep(500);
    const now = residentBytes(server);
    calm = now < bytes - MB ? 0 : calm + 1;
    bytes = Math.min(bytes, now);
  }
  return bytes;
}

/** Memory of the process; 0 where the system does not tell. */
function residentBytes(server: ServerProcess): number {
  const file = `/proc/${server.child.pid}/statm`;
  return fs.existsSync(file) ? Number(fs.readFileSync(file, 'utf8').split(' ')[1]) * 4096 : 0;
}
