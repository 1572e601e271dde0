// The query side of a running server: what features turn on, trees and printed forms of queries, the list of active queries, the query log,
// and what is counted of queries.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import {after, before, suite, test} from 'node:test';
import {setTimeout as sleep} from 'node:timers/promises';
import {ServerProcess} from './support/process.ts';
import {postWrite} from './support/remote-write.ts';

/** What `look` gives once it gives anything. */
async function until<T>(look: () => T | Promise<T>, what: string): Promise<NonNullable<T>> {
  for (const end = Date.now() + 20_000; ; await sleep(20)) {
    const found = await look();
    if (found) return found;
    assert.ok(Date.now() < end, `waited too long for ${what}`);
  }
}

const BEGIN_S = 1_700_000_000;

const samples = (names: readonly string[]) =>
  names.map((name) => ({
    labels: [['__name__', name]] as const,
    samples: Array.from({length: 600}, (_, i) => [(BEGIN_S + i) * 1000, i] as const),
  }));

const WRITABLE = ['--web.enable-remote-write-receiver'];

/** Takes minutes. */
const HEAVY = 'sum_over_time(sum(quantile_over_time(0.5, a[600s:10ms]))[600s:20ms])';

const errorOf = (body: string): string => (JSON.parse(body) as {error: string}).error;

suite('features', () => {
  const queries: [query: string, error: string][] = [
    ['mad_over_time(a[5m])', 'function "mad_over_time" is not enabled'],
    ['step()', 'function "step" is not enabled'],
    [
      'limitk(1, a)',
      'limitk() is experimental and must be enabled with --enable-feature=promql-experimental-functions',
    ],
    ['a[5m] anchored', 'anchored modifier is experimental and not enabled'],
    ['a + fill(0) b', 'binop fill modifiers are experimental and not enabled'],
  ];

  test("without them: upstream's errors, wherever a query is read", async () => {
    const server = await ServerProcess.start();
    try {
      for (const [query, error] of queries) {
        for (const route of ['query', 'query_range', 'format_query', 'parse_query']) {
          const {status, body} = await server.get(`/api/v1/${route}`, {query, start: '1', end: '2', step: '1'});
          assert.deepEqual(
            [status, errorOf(body)],
            [400, `invalid parameter "query": 1:1: parse error: ${error}`],
            `${route} ${query}`,
          );
        }
      }
    } finally {
      await server.destroy();
    }
  });

  test('with them: read by each route, said in the log', async () => {
    const server = await ServerProcess.start({
      flags: [
        '--enable-feature=promql-experimental-functions,promql-extended-range-selectors',
        '--enable-feature=promql-binop-fill-modifiers,promql-duration-expr,search-api,nonsense',
      ],
    });
    try {
      for (const [query] of queries) {
        for (const route of ['format_query', 'parse_query']) {
          assert.equal((await server.get(`/api/v1/${route}`, {query})).status, 200, `${route} ${query}`);
        }
      }
      assert.match(server.log, /level=INFO msg="Experimental PromQL functions enabled\."/);
      assert.match(server.log, /level=WARN .*permanently enabled and therefore a no-op\." option=promql-duration-expr/);
      assert.match(server.log, /level=WARN msg="[^"]*no effect yet" option=search-api/);
      assert.match(server.log, /level=WARN msg="Unknown option for --enable-feature" option=nonsense/);
    } finally {
      await server.destroy();
    }
  });

  test('two that exclude each other end the program', async () => {
    const flags = ['--enable-feature=otlp-deltatocumulative,otlp-native-delta-ingestion'];
    const server = await ServerProcess.spawn({flags});
    try {
      await until(() => server.child.exitCode !== null, 'its end');
      await sleep(20);
      assert.match(server.log, /Error parsing feature list: cannot enable otlp-deltatocumulative and otlp-native/);
      assert.equal(server.child.exitCode, 1);
    } finally {
      await server.destroy();
    }
  });
});

suite('texts and trees', () => {
  let server: ServerProcess;
  before(async () => {
    server = await ServerProcess.start();
  });
  after(() => server?.destroy());

  const routes = ['format_query', 'parse_query'];

  test('the tree of a query', async () => {
    assert.deepEqual(await server.api('parse_query', {query: '-(1)'}), {
      type: 'unaryExpr',
      op: '-',
      expr: {type: 'parenExpr', expr: {type: 'numberLiteral', val: '1'}},
    });
  });

  test('a form is read, too', async () => {
    const body = new URLSearchParams({query: 'sum by(x)(a)'});
    const answers = await Promise.all(
      routes.map(async (route) => {
        const answer = await fetch(`${server.url}/api/v1/${route}`, {method: 'POST', body});
        return ((await answer.json()) as {data: unknown}).data;
      }),
    );
    assert.equal(answers[0], 'sum by (x) (a)');
    assert.equal((answers[1] as {type: string}).type, 'aggregation');
  });

  test('a chain of 20 000 operators', async () => {
    const query = `a${'+a'.repeat(20_000)}`;
    for (const route of routes) {
      const answer = await fetch(`${server.url}/api/v1/${route}`, {method: 'POST', body: new URLSearchParams({query})});
      assert.equal(answer.status, 200);
      assert.ok((await answer.text()).length > query.length);
    }
  });

  const faults: [query: string, error: string][] = [
    ['', 'invalid parameter "query": unknown position: parse error: no expression found in input'],
    ['up+', 'invalid parameter "query": 1:4: parse error: unexpected end of input'],
    ['x'.repeat(1 << 20) + 'xy', 'invalid parameter "query": 1048578 characters, want at most 1048576'],
  ];
  for (const [query, error] of faults) {
    test(`a fault: ${query.slice(0, 10)}`, async () => {
      for (const route of routes) {
        const answer = await fetch(`${server.url}/api/v1/${route}`, {
          method: 'POST',
          body: new URLSearchParams({query}),
        });
        assert.deepEqual([answer.status, errorOf(await answer.text())], [400, error]);
      }
    });
  }
});

suite('parameters that 2.42 does not know, or answers by chance', () => {
  let server: ServerProcess;
  before(async () => {
    server = await ServerProcess.start({flags: [...WRITABLE, '--query.lookback-delta=1m']});
    await postWrite(server.url, samples(['a', 'b', 'c']));
  });
  after(() => server?.destroy());

  const after90s = String(BEGIN_S + 599 + 90);
  const range = {start: String(BEGIN_S), end: String(BEGIN_S + 2), step: '1'};
  const answers: [name: string, route: string, parameters: Record<string, string>, rows: number][] = [
    ['the lookback of the flag', 'query', {query: 'a', time: after90s}, 0],
    ['a longer lookback', 'query', {query: 'a', time: after90s, lookback_delta: '2m'}, 1],
    ['a lookback in seconds', 'query', {query: 'a', time: after90s, lookback_delta: '90.5'}, 1],
    ['a shorter lookback', 'query', {query: 'a', time: String(BEGIN_S + 599 + 10), lookback_delta: '5s'}, 0],
    ['a lookback of 0', 'query', {query: 'a', time: String(BEGIN_S + 599 + 10), lookback_delta: '0'}, 1],
    ['a lookback over a range', 'query_range', {...range, query: 'a @ 1700000689', lookback_delta: '2m'}, 1],
    ['a limit of 0', 'query', {query: '{__name__=~"."}', time: after90s, lookback_delta: '2m', limit: '0'}, 3],
    ['a limit that is not reached', 'query_range', {...range, query: '{__name__=~"."}', limit: '3'}, 3],
    ['a limit', 'query_range', {...range, query: '{__name__=~"."}', limit: '2'}, 2],
    ['a limit of a range vector', 'query', {query: '{__name__=~"."}[5m]', time: after90s, limit: '1'}, 1],
    ['a limit of a scalar', 'query', {query: '1', limit: '1'}, 2],
  ];
  for (const [name, route, parameters, rows] of answers) {
    test(name, async () => {
      const {status, body} = await server.get(`/api/v1/${route}`, parameters);
      assert.equal(status, 200, body);
      const {data, warnings} = JSON.parse(body) as {data: {result: unknown[]}; warnings?: string[]};
      assert.equal(data.result.length, rows);
      const isTruncated = ['a limit', 'a limit of a range vector'].includes(name);
      assert.deepEqual(warnings, isTruncated ? ['results truncated due to limit'] : undefined);
    });
  }

  const refused: [name: string, parameters: Record<string, string>, status: number, error: string][] = [
    ['no time left', {query: 'a', timeout: '0'}, 503, 'query timed out in query execution'],
    ['less than no time left', {query: 'a', timeout: '-1'}, 503, 'query timed out in query execution'],
    ['a timeout that is no number', {query: 'a', timeout: 'NaN'}, 503, 'query timed out in query execution'],
    [
      'a fault before no time left',
      {query: 'a(', timeout: '0'},
      400,
      'invalid parameter "query": 1:3: parse error: unclosed left parenthesis',
    ],
    [
      'a bad lookback',
      {query: 'a', lookback_delta: 'x'},
      400,
      'error parsing lookback delta duration: cannot parse "x" to a valid duration',
    ],
    [
      'a bad limit before a bad time',
      {query: 'a', limit: 'x', time: 'y'},
      400,
      'invalid parameter "limit": strconv.Atoi: parsing "x": invalid syntax',
    ],
    [
      'a bad time before a bad timeout',
      {query: 'a', time: 'y', timeout: 'z'},
      400,
      `invalid parameter "time": invalid time value for 'time': cannot parse "y" to a valid timestamp`,
    ],
    [
      'a bad timeout before a bad lookback',
      {query: 'a', timeout: 'z', lookback_delta: 'x'},
      400,
      'invalid parameter "timeout": cannot parse "z" to a valid duration',
    ],
    [
      'a bad lookback before a bad query',
      {query: '(', lookback_delta: 'x'},
      400,
      'error parsing lookback delta duration: cannot parse "x" to a valid duration',
    ],
  ];
  for (const [name, parameters, status, error] of refused) {
    test(name, async () => {
      const got = await server.get('/api/v1/query', parameters);
      assert.deepEqual([got.status, errorOf(got.body)], [status, error]);
    });
  }

  test('statistics', async () => {
    const answer = async (stats: string) =>
      JSON.parse((await server.get('/api/v1/query_range', {...range, query: 'sum(a)', stats})).body) as {
        data: {stats?: {timings: Record<string, number>; samples: Record<string, unknown>}};
        warnings?: string[];
      };
    assert.equal((await answer('')).data.stats, undefined);
    for (const wanted of ['true', 'all', 'yes']) {
      const {data, warnings} = await answer(wanted);
      const {timings, samples: counts} = data.stats!;
      assert.deepEqual(Object.keys(timings), [
        'evalTotalTime',
        'resultSortTime',
        'queryPreparationTime',
        'innerEvalTime',
        'execQueueTime',
        'execTotalTime',
      ]);
      assert.deepEqual(Object.keys(counts), ['totalQueryableSamples', 'samplesRead', 'peakSamples']);
      assert.equal(counts['totalQueryableSamples'], 3);
      assert.ok(timings['execQueueTime']! > 0 && timings['execTotalTime']! > timings['evalTotalTime']!);
      assert.deepEqual(
        warnings,
        wanted === 'yes'
          ? [
              'value "yes" for parameter "stats" is deprecated and will be rejected in the next major release, use "true" or "all"',
            ]
          : undefined,
      );
    }
  });
});

test('statistics of each step, where they are turned on and asked for', async () => {
  const server = await ServerProcess.start({flags: [...WRITABLE, '--enable-feature=promql-per-step-stats']});
  try {
    await postWrite(server.url, samples(['a']));
    const samplesOf = async (stats: string) => {
      const range = {start: String(BEGIN_S + 60), end: String(BEGIN_S + 80), step: '10'};
      const parameters = {...range, query: 'max_over_time(a[20s])', stats};
      return ((await server.api('query_range', parameters)) as {stats: {samples: Record<string, unknown>}}).stats
        .samples;
    };
    const {peakSamples, ...counts} = await samplesOf('all');
    assert.ok(Number(peakSamples) > 0);
    const times = [BEGIN_S + 60, BEGIN_S + 70, BEGIN_S + 80];
    assert.deepEqual(counts, {
      totalQueryableSamplesPerStep: times.map((time) => [time, 20]),
      totalQueryableSamples: 60,
      samplesReadPerStep: times.map((time, i) => [time, i === 0 ? 20 : 10]),
      samplesRead: 40,
    });
    assert.equal((await samplesOf('true'))['samplesReadPerStep'], undefined);
  } finally {
    await server.destroy();
  }
});

test('a query that waits longer than its time limit', async () => {
  const server = await ServerProcess.start({flags: [...WRITABLE, '--query.max-concurrency=1']});
  try {
    await postWrite(server.url, samples(['a']));
    const stop = new AbortController();
    const query = new URLSearchParams({query: HEAVY, time: String(BEGIN_S + 599)});
    const heavy = fetch(`${server.url}/api/v1/query?${query}`, {signal: stop.signal}).catch(() => undefined);
    const queries = async () =>
      Number(/^prometheus_engine_queries (.*)$/m.exec((await server.get('/metrics')).body)?.[1]);
    await until(async () => (await queries()) === 1, 'the query to run');
    const got = await server.get('/api/v1/query', {query: '1', timeout: '300ms'});
    assert.deepEqual([got.status, errorOf(got.body)], [503, 'query timed out in query queue']);
    const waits = server.get('/api/v1/query', {query: '1'});
    await until(async () => (await queries()) === 2, 'another to wait');
    stop.abort();
    await heavy;
    assert.equal((await waits).status, 200);
  } finally {
    await server.destroy();
  }
});

test('after a crash the log names the queries that ran', async () => {
  const flags = [...WRITABLE, '--query.max-concurrency=2'];
  const first = await ServerProcess.start({flags});
  const {folder} = first;
  try {
    await postWrite(first.url, samples(['a']));
    const file = path.join(folder, 'data/queries.active');
    assert.equal(fs.statSync(file).size, 2001);
    await first.api('query', {query: 'count(a)'});
    assert.doesNotMatch(fs.readFileSync(file, 'latin1'), /count/);
    const query = `${HEAVY} # ö < "x"`;
    const lost = first.get('/api/v1/query', {query, time: String(BEGIN_S + 599)}).catch(() => undefined);
    await until(() => fs.readFileSync(file, 'latin1').includes('quantile_over_time'), 'the query to run');
    await first.kill('SIGKILL');
    await lost;
    assert.doesNotMatch(first.log, /didn't finish/);

    const second = await ServerProcess.start({flags, folder});
    const [, queries] = /component=activeQueryTracker queries="(.*)"\n/.exec(second.log)!;
    assert.match(second.log, /level=INFO msg="These queries didn't finish in prometheus' last run:"/);
    const [entry, ...more] = JSON.parse(JSON.parse(`"${queries}"`) as string) as {
      query: string;
      timestamp_sec: number;
    }[];
    assert.deepEqual([entry!.query, more], [query, []]);
    assert.ok(Math.abs(entry!.timestamp_sec - Date.now() / 1000) < 60);
    await second.kill('SIGTERM');

    const third = await ServerProcess.start({flags, folder});
    assert.doesNotMatch(third.log, /didn't finish/);
    await third.kill();
  } finally {
    await first.destroy();
  }
});

interface LogLine {
  readonly params: {readonly query: string; readonly start: string; readonly end: string; readonly step: number};
  readonly error?: string;
  readonly stats: {
    readonly timings: Record<string, number>;
    readonly samples: Record<string, number>;
  };
  readonly httpRequest: {readonly clientIP: string; readonly method: string; readonly path: string};
}

test('a query log that cannot be opened ends the start', async () => {
  const server = await ServerProcess.spawn({config: 'global: {query_log_file: none/q.json}\n'});
  try {
    await until(() => server.child.exitCode !== null, 'its end');
    await sleep(20);
    assert.equal(server.child.exitCode, 1);
    assert.match(server.log, /can't create json log file: open .*\/none\/q\.json: no such file or directory/);
  } finally {
    await server.destroy();
  }
});

suite('the query log', () => {
  let server: ServerProcess;
  let file: string;
  const reload = async (config: string) => {
    fs.writeFileSync(path.join(server.folder, 'prometheus.yml'), config);
    const answer = await fetch(`${server.url}/-/reload`, {method: 'POST'});
    return {status: answer.status, body: await answer.text()};
  };
  const lines = (): LogLine[] =>
    fs
      .readFileSync(file, 'utf8')
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line) as LogLine);
  /** The line of a query; it is written soon after the answer. */
  const lineOf = (query: string) =>
    until(() => lines().find(({params}) => params.query === query), `the line of ${query}`);
  const metric = async (name: string) =>
    Number(new RegExp(`^${name} (.*)$`, 'm').exec((await server.get('/metrics')).body)?.[1]);
  const LOGGED = 'global: {query_log_file: q.json}\n';

  before(async () => {
    const flags = [...WRITABLE, '--web.enable-lifecycle'];
    server = await ServerProcess.start({config: LOGGED, flags});
    file = path.join(server.folder, 'q.json');
    await postWrite(server.url, samples(['a', 'b']));
  });
  after(() => server?.destroy());

  test('a query over a range', async () => {
    await server.api('query_range', {
      query: 'rate(a[1m])',
      start: String(BEGIN_S + 60),
      end: '1700000300',
      step: '7.5',
    });
    const {params, stats, httpRequest, error} = await lineOf('rate(a[1m])');
    assert.deepEqual(params, {
      query: 'rate(a[1m])',
      start: '2023-11-14T22:14:20.000Z',
      end: '2023-11-14T22:18:20.000Z',
      step: 7,
    });
    assert.deepEqual(httpRequest, {clientIP: '127.0.0.1', method: 'GET', path: '/api/v1/query_range'});
    assert.equal(error, undefined);
    assert.equal(stats.samples['totalQueryableSamples'], 33 * 60);
    const {execTotalTime, evalTotalTime, execQueueTime, innerEvalTime} = stats.timings as Record<string, number>;
    assert.ok(innerEvalTime! > 0 && evalTotalTime! > innerEvalTime!);
    assert.ok(Math.abs(execTotalTime! - evalTotalTime! - execQueueTime!) < 1e-9);
  });

  test('one that failed, one that ran out of time', async () => {
    const time = String(BEGIN_S + 599);
    assert.equal(
      (await server.get('/api/v1/query', {query: 'a * on () group_left {__name__=~"."}', time})).status,
      422,
    );
    const failed = await lineOf('a * on () group_left {__name__=~"."}');
    assert.match(failed.error!, /found duplicate series for the match group/);
    assert.ok(failed.stats.samples['totalQueryableSamples']! > 0);
    assert.equal((await server.get('/api/v1/query', {query: HEAVY, time, timeout: '500ms'})).status, 503);
    assert.match((await lineOf(HEAVY)).error!, /^query timed out in /);
  });

  test('what is no query is not logged', async () => {
    const before = lines().length;
    await server.get('/api/v1/query', {query: 'sum('});
    await server.get('/api/v1/query_range', {query: 'a[5m]', start: '1', end: '2', step: '1'});
    await server.get('/api/v1/labels');
    await server.get('/api/v1/format_query', {query: 'a'});
    await server.api('query', {query: '"last"'});
    await lineOf('"last"');
    assert.equal(lines().length, before + 1);
  });

  test('a reload goes on in a new file, and turns it off and on', async () => {
    fs.renameSync(file, `${file}.1`);
    assert.equal((await reload(LOGGED)).status, 200);
    await server.api('query', {query: '"moved"'});
    await lineOf('"moved"');
    assert.equal(await metric('prometheus_engine_query_log_enabled'), 1);
    assert.equal((await reload('')).status, 200);
    assert.equal(await metric('prometheus_engine_query_log_enabled'), 0);
    await server.api('query', {query: '"unseen"'});
    assert.equal((await reload(LOGGED)).status, 200);
    await server.api('query', {query: '"seen"'});
    await lineOf('"seen"');
    assert.deepEqual(
      lines().map(({params}) => params.query),
      ['"moved"', '"seen"'],
    );
  });

  test('a reload to a file that cannot be opened is refused, and the old one goes on', async () => {
    const {status, body} = await reload('global: {query_log_file: none/q.json, scrape_interval: 7s}\n');
    assert.equal(status, 500);
    assert.match(body, /^failed to reload config: can't create json log file: open .*: no such file or directory\n$/);
    assert.equal(await metric('prometheus_config_last_reload_successful'), 0);
    assert.doesNotMatch(JSON.stringify(await server.api('status/config')), /scrape_interval: 7s/);
    await server.api('query', {query: '"still"'});
    await lineOf('"still"');
  });

  test('metrics of queries', async () => {
    const count = (slice: string) => metric(`prometheus_engine_query_duration_seconds_count\\{slice="${slice}"\\}`);
    const slices = ['queue_time', 'prepare_time', 'inner_eval', 'result_sort'];
    const before = await Promise.all(slices.map(count));
    const samplesBefore = await metric('prometheus_engine_query_samples_total');
    const readBefore = await metric('prometheus_engine_query_samples_read_total');
    await server.get('/api/v1/query', {query: 'sum('});
    await server.api('query', {query: 'a', time: String(BEGIN_S + 9)});
    await server.api('query_range', {
      query: 'count_over_time(a[20s])',
      start: '1700000100',
      end: '1700000110',
      step: '10',
    });
    await until(async () => (await count('queue_time')) === before[0]! + 3, 'three more queries');
    assert.deepEqual(await Promise.all(slices.map(count)), [
      before[0]! + 3,
      before[1]! + 2,
      before[2]! + 2,
      before[3]! + 1,
    ]);
    assert.equal(await metric('prometheus_engine_query_samples_total'), samplesBefore + 1 + 40);
    assert.equal(await metric('prometheus_engine_query_samples_read_total'), readBefore + 1 + 30);
    assert.equal(
      await metric('prometheus_engine_query_duration_histogram_seconds_count\\{slice="inner_eval"\\}'),
      before[2]! + 2,
    );
    assert.equal(await metric('prometheus_engine_queries'), 0);
    assert.equal(await metric('prometheus_engine_queries_concurrent_max'), 20);
    assert.equal(await metric('prometheus_engine_query_log_failures_total'), 0);
  });
});
