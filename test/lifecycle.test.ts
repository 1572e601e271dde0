// The life of a server: start, readiness, reload, stop; and what it says of itself meanwhile.
import assert from 'node:assert/strict';
import {spawnSync} from 'node:child_process';
import {once} from 'node:events';
import fs from 'node:fs';
import http from 'node:http';
import type {AddressInfo} from 'node:net';
import path from 'node:path';
import {after, before, suite, test} from 'node:test';
import {setTimeout as sleep} from 'node:timers/promises';
import {parseOpenMetricsFamilies} from '@narthex/exposition/openmetrics-families.ts';
import {parseTextFamilies} from '@narthex/exposition/text-families.ts';
import {flagTable} from '../apps/prometheus/src/flags/flag-table.ts';
import {ours, ServerProcess} from './support/process.ts';
import {Sender} from './support/write-load.ts';

/** What `look` gives once it gives anything. */
async function until<T>(look: () => T | Promise<T>, what: string): Promise<NonNullable<T>> {
  for (const end = Date.now() + 20_000; ; await sleep(50)) {
    const found = await look();
    if (found) return found;
    assert.ok(Date.now() < end, `waited too long for ${what}`);
  }
}

const configFile = (server: ServerProcess): string => path.join(server.folder, 'prometheus.yml');
const post = async (server: ServerProcess, route: string, method = 'POST') => {
  const answer = await fetch(server.url + route, {method});
  return {status: answer.status, body: await answer.text()};
};

async function metric(server: ServerProcess, name: string): Promise<number> {
  const {body} = await server.get('/metrics');
  const line = body.split('\n').find((each) => each.startsWith(`${name} `));
  assert.ok(line, `${name} is missing`);
  return Number(line.split(' ')[1]);
}

const intervalOf = async (server: ServerProcess): Promise<string | undefined> =>
  /scrape_interval: (\S+)/.exec(((await server.api('status/config')) as {yaml: string}).yaml)?.[1];

suite('reload and quit', () => {
  let server: ServerProcess;
  before(async () => {
    server = await ServerProcess.start({config: 'global: {scrape_interval: 11s}\n', flags: ['--web.enable-lifecycle']});
  });
  after(() => server?.destroy());

  const reloads: [name: string, reload: () => Promise<unknown>][] = [
    ['POST', () => post(server, '/-/reload')],
    ['PUT', () => post(server, '/-/reload', 'PUT')],
    ['SIGHUP', async () => server.child.kill('SIGHUP')],
  ];
  for (const [i, [name, reload]] of reloads.entries()) {
    test(`reload by ${name}`, async () => {
      fs.writeFileSync(configFile(server), `global: {scrape_interval: ${20 + i}s}\n`);
      await reload();
      await until(async () => (await intervalOf(server)) === `${20 + i}s`, 'the new configuration');
      assert.equal(await metric(server, 'prometheus_config_last_reload_successful'), 1);
    });
  }

  test('a bad configuration keeps the old one and says so', async () => {
    const old = await intervalOf(server);
    fs.writeFileSync(configFile(server), 'global:\n  scrape_intervall: 5s\n');
    const {status, body} = await post(server, '/-/reload');
    assert.equal(status, 500);
    assert.match(
      body,
      /^failed to reload config: .*prometheus\.yml:2: .*\n.*field scrape_intervall not found in type config\.plain/,
    );
    assert.match(server.log, /level=ERROR msg="Error reloading config".*scrape_intervall/);
    assert.equal(await metric(server, 'prometheus_config_last_reload_successful'), 0);
    assert.equal(await intervalOf(server), old);
    const {reloadConfigSuccess} = (await server.api('status/runtimeinfo')) as {reloadConfigSuccess: boolean};
    assert.equal(reloadConfigSuccess, false);
  });

  test('a good one is taken afterwards', async () => {
    fs.writeFileSync(configFile(server), 'global: {scrape_interval: 33s}\n');
    assert.deepEqual(await post(server, '/-/reload'), {status: 200, body: ''});
    assert.equal(await metric(server, 'prometheus_config_last_reload_successful'), 1);
    assert.equal(await intervalOf(server), '33s');
  });

  test('a configuration that vanished', async () => {
    fs.rmSync(configFile(server));
    const {status, body} = await post(server, '/-/reload');
    assert.equal(status, 500);
    assert.match(body, /no such file or directory/);
  });

  test('quit', async () => {
    const exit = once(server.child, 'exit');
    assert.deepEqual(await post(server, '/-/quit'), {status: 200, body: 'Requesting termination... Goodbye!'});
    assert.deepEqual(await exit, [0, null]);
    assert.match(server.log, /See you next time!/);
  });
});

test('SIGTERM ends it with 0; a restart has all samples, on a clean log', async () => {
  const flags = ['--web.enable-remote-write-receiver'];
  const sender = new Sender('term');
  let server = await ServerProcess.start({flags});
  try {
    for (let i = 0; i < 20; i++) assert.equal(await sender.send(server), 204);
    assert.equal(await server.kill('SIGTERM'), 0, server.log);
    assert.match(server.log, /Received an OS signal, exiting gracefully.*signal=SIGTERM/);
    server = await ServerProcess.start({folder: server.folder, flags});
    await sender.check(server);
    assert.equal(await metric(server, 'prometheus_tsdb_wal_corruptions_total'), 0);
    assert.equal(await metric(server, 'prometheus_tsdb_clean_start'), 1);
  } finally {
    await server.destroy();
  }
});

test('SIGTERM while it starts', async () => {
  const server = await ServerProcess.spawn({});
  try {
    await until(() => server.log.includes('Listening on'), 'the port');
    server.child.kill('SIGTERM');
    await until(() => server.child.exitCode !== null || server.child.signalCode !== null, 'its end');
    assert.equal(server.child.exitCode, 0, server.log);
  } finally {
    await server.destroy();
  }
});

test('--version', () => {
  const {status, stdout} = spawnSync(ours, ['--version'], {encoding: 'utf8'});
  assert.equal(status, 0);
  assert.match(stdout, /^prometheus, version 3\.14\.0 /);
});

test('--help names every flag of the flags page', async () => {
  const {status, stdout} = spawnSync(ours, ['--help'], {encoding: 'utf8'});
  assert.equal(status, 0);
  const server = await ServerProcess.start({flags: ['--query.timeout=90s']});
  try {
    const flags = (await server.api('status/flags')) as Record<string, string>;
    assert.equal(flags['query.timeout'], '1m30s');
    assert.equal(flags['config.file'], configFile(server));
    const isNamed = (name: string) => stdout.includes(`--${name}`) || stdout.includes(`--[no-]${name}`);
    const unnamed = flagTable.filter(({hidden, name}) => !hidden && name in flags && !isNamed(name));
    assert.deepEqual(unnamed, []);
  } finally {
    await server.destroy();
  }
});

/** A target that counts, on a free port. */
async function startTarget(): Promise<http.Server> {
  const target = http.createServer((_, response) =>
    response.writeHead(200, {'Content-Type': 'text/plain; version=0.0.4'}).end('alive 1\n'),
  );
  target.listen(0, '127.0.0.1');
  await once(target, 'listening');
  return target;
}

type Vector = {result: {metric: Record<string, string>; value: [number, string]}[]};

suite('scraping', () => {
  let server: ServerProcess;
  let target: http.Server;
  let address = '';
  const list = () => path.join(server.folder, 'targets.json');
  const values = async (query: string) =>
    ((await server.api('query', {query})) as Vector).result.map(({value}) => value[1]);

  before(async () => {
    target = await startTarget();
    address = `127.0.0.1:${(target.address() as AddressInfo).port}`;
    server = await ServerProcess.start({flags: ['--web.enable-lifecycle', '--scrape.discovery-reload-interval=1s']});
    const own = `{job_name: own, scrape_interval: 1s, static_configs: [{targets: ["127.0.0.1:${server.port}"]}]}`;
    const files =
      '{job_name: files, scrape_interval: 1s, file_sd_configs: [{files: [targets.json], refresh_interval: 1s}]}';
    fs.writeFileSync(configFile(server), `scrape_configs: [${own}, ${files}]\n`);
    assert.equal((await post(server, '/-/reload')).status, 200);
  });
  after(async () => {
    target?.close();
    target?.closeAllConnections();
    await server?.destroy();
  });

  test('of itself: up is 1', async () => {
    await until(async () => (await values('up{job="own"}'))[0] === '1', 'up of itself');
  });

  test('its own samples are there', async () => {
    await until(async () => (await values('prometheus_build_info{job="own"}'))[0] === '1', 'its own metrics');
  });

  test('a target that file_sd adds, then takes away', async () => {
    fs.writeFileSync(list(), JSON.stringify([{targets: [address], labels: {zone: 'z'}}]));
    await until(async () => (await values('alive{job="files", zone="z"}'))[0] === '1', 'the target');
    fs.writeFileSync(list(), '[]');
    await until(async () => (await values('alive{job="files"}')).length === 0, 'the stale marker');
    assert.deepEqual(await values('up{job="files"}'), []);
    assert.ok(Number((await values('count_over_time(alive[5m])'))[0]) > 0, 'its past is still there');
  });

  const broken = '[{"targets": [';
  test('a broken file keeps its targets', async () => {
    fs.writeFileSync(list(), JSON.stringify([{targets: [address]}]));
    await until(async () => (await values('alive{job="files"}'))[0] === '1', 'the target');
    fs.writeFileSync(list(), broken);
    await until(
      () => server.log.includes('targets.json') && /level=(ERROR|WARN).*targets\.json/.test(server.log),
      'the log',
    );
    const {activeTargets} = (await server.api('targets')) as {activeTargets: {scrapePool: string}[]};
    assert.ok(activeTargets.some(({scrapePool}) => scrapePool === 'files'));
  });

  test('a target that is gone: up is 0, its series end', async () => {
    target.close();
    target.closeAllConnections();
    await until(async () => (await values('up{job="files"}'))[0] === '0', 'up 0');
    assert.deepEqual(await values('alive{job="files"}'), []);
  });
});

/** Upstream's names for what is there. */
const names = [
  'process_cpu_seconds_total',
  'process_max_fds',
  'process_open_fds',
  'process_resident_memory_bytes',
  'process_start_time_seconds',
  'process_virtual_memory_bytes',
  'prometheus_build_info',
  'prometheus_config_last_reload_success_timestamp_seconds',
  'prometheus_config_last_reload_successful',
  'prometheus_engine_queries',
  'prometheus_engine_queries_concurrent_max',
  'prometheus_engine_query_duration_histogram_seconds',
  'prometheus_engine_query_duration_seconds',
  'prometheus_engine_query_samples_total',
  'prometheus_http_request_duration_seconds',
  'prometheus_http_requests_total',
  'prometheus_http_response_size_bytes',
  'prometheus_ready',
  'prometheus_target_scrape_pools_total',
  'prometheus_target_scrapes_exceeded_body_size_limit_total',
  'prometheus_target_scrapes_exceeded_sample_limit_total',
  'prometheus_target_scrapes_sample_duplicate_timestamp_total',
  'prometheus_target_scrapes_sample_out_of_bounds_total',
  'prometheus_target_scrapes_sample_out_of_order_total',
  'prometheus_tsdb_clean_start',
  'prometheus_tsdb_head_chunks',
  'prometheus_tsdb_head_max_time_seconds',
  'prometheus_tsdb_head_min_time_seconds',
  'prometheus_tsdb_head_samples_appended_total',
  'prometheus_tsdb_head_series',
  'prometheus_tsdb_head_series_created_total',
  'prometheus_tsdb_lowest_timestamp_seconds',
  'prometheus_tsdb_out_of_order_samples_total',
  'prometheus_tsdb_wal_corruptions_total',
  'prometheus_tsdb_wal_fsync_duration_seconds',
  'prometheus_tsdb_wal_page_flushes_total',
  'prometheus_tsdb_wal_segment_current',
  'prometheus_tsdb_wal_storage_size_bytes',
];

suite('/metrics', () => {
  let server: ServerProcess;
  const page = async (accept: string) => {
    const answer = await fetch(`${server.url}/metrics`, {headers: {Accept: accept}});
    return {type: answer.headers.get('content-type') ?? '', bytes: new Uint8Array(await answer.arrayBuffer())};
  };
  before(async () => {
    server = await ServerProcess.start();
    await server.api('query', {query: '1'});
  });
  after(() => server?.destroy());

  test('in text', async () => {
    const {type, bytes} = await page('text/plain;version=0.0.4');
    assert.match(type, /^text\/plain; version=0\.0\.4; charset=utf-8/);
    const families = parseTextFamilies(bytes);
    const found = new Set(families.map(({name}) => name));
    assert.deepEqual(
      names.filter((name) => !found.has(name)),
      [],
    );
    for (const {name, help} of families) assert.ok(help, `${name} has no help`);
  });

  test('in OpenMetrics', async () => {
    const {type, bytes} = await page('application/openmetrics-text;version=1.0.0');
    assert.match(type, /^application\/openmetrics-text; version=1\.0\.0; charset=utf-8/);
    const found = new Set(parseOpenMetricsFamilies(bytes).map(({name}) => name));
    const wanted = names.map((name) => name.replace(/_total$/, ''));
    assert.deepEqual(
      wanted.filter((name) => !found.has(name) && !found.has(`${name}_total`)),
      [],
    );
  });
});
