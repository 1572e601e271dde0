import assert from 'node:assert/strict';
import fs from 'node:fs';
import type http from 'node:http';
import os from 'node:os';
import path from 'node:path';
import {type TestContext, test} from 'node:test';
import {Registry} from '@narthex/client/registry.ts';
import type {LabelSet, TargetGroup} from '@narthex/discovery/target-group.ts';
import {STALE_NAN_BITS} from '@narthex/model/stale.ts';
import {ScrapeManager, type TargetStatus} from './manager.ts';
import {ScrapeMetrics} from './metrics.ts';
import {jobOf} from './testing/configs.ts';
import {serve, until} from './testing/servers.ts';
import {TestStore} from './testing/test-store.ts';

const QUICK = 'scrape_interval: 100ms\nscrape_timeout: 100ms';
const NEVER = 'scrape_interval: 1000d\nscrape_timeout: 10s';
const PATIENCE = {timeout: 30_000};

/** A manager over a real head. */
class Scraping {
  readonly store = new TestStore();
  readonly registry = new Registry();
  readonly logged: string[] = [];
  readonly manager: ScrapeManager;

  constructor(t: TestContext) {
    this.manager = new ScrapeManager({
      append: this.store.context,
      metrics: new ScrapeMetrics(this.registry),
      log: (level, message, {err = ''}) => void this.logged.push(`${level} ${message} ${err}`.trim()),
      userAgent: 'Narthex/test',
      timestampToleranceMs: 2,
    });
    t.after(() => this.manager.close());
  }

  /** These jobs, from YAML, are all there are. */
  apply(...jobs: readonly string[]): void {
    this.manager.apply(
      jobs.map((yaml) => jobOf(yaml)),
      7n,
    );
  }

  /** Discovery found these targets of job `j`. */
  find(...targets: readonly LabelSet[]): void {
    this.manager.update('j', [groupOf(targets)]);
  }

  get active(): readonly TargetStatus[] {
    return this.manager.targets().active;
  }

  /** The first target, once it has been scraped. */
  async scraped(): Promise<TargetStatus> {
    await until(() => this.active[0]?.lastScrapeMs !== undefined);
    return this.active[0]!;
  }

  /** Values of the series whose printed labels include `text`, a marker as 'stale'. */
  values(text: string): (number | 'stale')[] {
    const found = [...this.store.read()].filter(([labels]) => labels.includes(text));
    return found.flatMap(([, samples]) => samples.map(([, bits]) => valueOf(bits)));
  }

  /** The one value of a counter or gauge; undefined when it has none. */
  async counted(name: string): Promise<number | undefined> {
    const {families} = await this.registry.collect();
    const point = families.find((family) => family.name === name)?.metrics[0]?.point;
    return point && 'value' in point ? Number(point.value) : undefined;
  }
}

const groupOf = (targets: readonly LabelSet[]): TargetGroup => ({source: 'file:0', targets, labels: {}});

function valueOf(bits: bigint): number | 'stale' {
  return bits === STALE_NAN_BITS ? 'stale' : new Float64Array(BigUint64Array.of(bits).buffer)[0]!;
}

function answer(body: string, type = 'text/plain') {
  return (_: http.IncomingMessage, response: http.ServerResponse) => {
    if (type !== '') response.setHeader('Content-Type', type);
    response.end(body);
  };
}

test('a target is scraped, its samples and its report are stored', PATIENCE, async (t) => {
  const {port, requests} = await serve(t, answer('# TYPE a counter\n# HELP a Some \\\\ help.\na{b="c"} 5\n'));
  const scraping = new Scraping(t);
  scraping.apply(`job_name: j\n${QUICK}\nparams: {p: [q]}`);
  scraping.find({__address__: `127.0.0.1:${port}`, zone: 'z'});
  const target = await scraping.scraped();
  assert.deepEqual(
    [target.health, target.lastError, target.scrapeUrl, target.scrapePool, target.scrapeInterval],
    ['up', '', `http://127.0.0.1:${port}/metrics?p=q`, 'j', '100ms'],
  );
  assert.deepEqual(target.labels, {instance: `127.0.0.1:${port}`, job: 'j', zone: 'z'});
  assert.equal(scraping.values(`{__name__="a", b="c", instance="127.0.0.1:${port}", job="j", zone="z"}`)[0], 5);
  assert.equal(scraping.values('"up"')[0], 1);
  assert.deepEqual(scraping.manager.metadata(), [
    {family: 'a', type: 'counter', help: 'Some \\ help.', unit: '', target: target.labels},
  ]);
  assert.deepEqual(scraping.manager.metadata('other'), []);
  const {url, headers} = requests[0]!;
  assert.deepEqual(
    [url, headers['user-agent'], headers['x-prometheus-scrape-timeout-seconds'], headers['accept-encoding']],
    ['/metrics?p=q', 'Narthex/test', '0.1', 'gzip'],
  );
});

const answers: [name: string, body: string, type: string, yaml: string, error: string][] = [
  ['an empty body is fine, whatever its type', '', 'nonsense', '', ''],
  [
    'no type',
    'a 1\n',
    '',
    '',
    'non-compliant scrape target sending blank Content-Type and no fallback_scrape_protocol specified for target',
  ],
  ['no type, and a fallback', 'a 1\n', '', 'fallback_scrape_protocol: PrometheusText0.0.4', ''],
  [
    'an unknown type',
    'a 1\n',
    'text/html',
    '',
    'received unsupported Content-Type "text/html" and no fallback_scrape_protocol specified for target',
  ],
  ['OpenMetrics without its end', 'a 1\n', 'application/openmetrics-text', '', 'data does not end with # EOF'],
  ['a sample limit', 'a 1\nb 1\n', 'text/plain', 'sample_limit: 1', 'sample limit exceeded'],
  ['a body limit', 'a 1\nb 1\n', 'text/plain', 'body_size_limit: 5B', 'body size limit exceeded'],
  [
    'a label limit',
    'a{b="c"} 1\n',
    'text/plain',
    'label_limit: 3',
    'label_limit exceeded (metric: a, number of labels: 4, limit: 3)',
  ],
];
for (const [name, body, type, yaml, error] of answers) {
  test(`${name}: ${error || 'up'}`, PATIENCE, async (t) => {
    const {port} = await serve(t, answer(body, type));
    const scraping = new Scraping(t);
    scraping.apply(`job_name: j\n${QUICK}\n${yaml}\nextra_scrape_metrics: true`);
    scraping.find({__address__: `127.0.0.1:${port}`});
    await until(() => scraping.active[0]?.lastScrapeMs !== undefined && scraping.active[0].lastError === error);
    assert.equal(scraping.active[0]!.health, error === '' ? 'up' : 'down');
    assert.equal(scraping.values('"up"').at(-1), error === '' ? 1 : 0);
    const size = error.startsWith('body size') ? -1 : body.length;
    assert.equal(scraping.values('"scrape_body_size_bytes"').at(-1), size);
    if (error !== '') assert.deepEqual(scraping.values('__name__="a"'), []);
  });
}

test('a scrape that fails ends the series, one that succeeds begins them again', PATIENCE, async (t) => {
  let isBroken = false;
  const {port} = await serve(t, (request, response) => answer(isBroken ? 'a{' : 'a 1\n')(request, response));
  const scraping = new Scraping(t);
  scraping.apply(`job_name: j\n${QUICK}`);
  scraping.find({__address__: `127.0.0.1:${port}`});
  await until(() => scraping.values('__name__="a"').length > 0);
  isBroken = true;
  await until(() => scraping.values('__name__="a"').includes('stale'));
  isBroken = false;
  await until(() => scraping.values('__name__="a"').at(-1) === 1);
  assert.ok(scraping.values('"up"').includes(0));
});

test('a log that cannot be written fails the scrape, and nothing else', PATIENCE, async (t) => {
  const {port} = await serve(t, answer('a 1\n'));
  const scraping = new Scraping(t);
  scraping.apply(`job_name: j\n${QUICK}`);
  scraping.find({__address__: `127.0.0.1:${port}`});
  await until(() => scraping.values('__name__="a"').length > 0);
  scraping.store.isBroken = true;
  await until(() => scraping.active[0]!.health === 'down');
  assert.equal(scraping.active[0]!.lastError, 'cannot write the log');
  assert.ok(scraping.logged.includes('error Scrape commit failed cannot write the log'));
  scraping.store.isBroken = false;
  await until(() => scraping.active[0]!.health === 'up');
  assert.ok(scraping.values('__name__="a"').every((value) => value === 1));
});

test('scrapes that get no body are logged to a file, which a reload opens anew', PATIENCE, async (t) => {
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'failures-'));
  t.after(() => fs.rmSync(dir, {recursive: true}));
  const {port} = await serve(t, (_, response) => void response.writeHead(503).end());
  const scraping = new Scraping(t);
  const yaml = `job_name: j\n${QUICK}\nscrape_failure_log_file: ${dir}/failures.json`;
  scraping.apply(yaml);
  scraping.find({__address__: `127.0.0.1:${port}`});
  const lines = (file: string) => fs.readFileSync(path.join(dir, file), 'utf8').split('\n').slice(0, -1);
  await until(() => lines('failures.json').length > 0);
  const {time, ...line} = JSON.parse(lines('failures.json')[0]!) as Record<string, string>;
  assert.match(time!, /^\d{4}-.*Z$/);
  assert.deepEqual(line, {
    level: 'ERROR',
    msg: 'server returned HTTP status 503 Service Unavailable',
    job_name: 'j',
    target: `http://127.0.0.1:${port}/metrics`,
  });
  fs.renameSync(path.join(dir, 'failures.json'), path.join(dir, 'rotated.json'));
  scraping.apply(yaml);
  await until(() => lines('failures.json').length > 0);
  scraping.apply(`job_name: j\n${QUICK}\nscrape_failure_log_file: ${dir}/missing/failures.json`);
  assert.match(scraping.logged.at(-1)!, /^error Scrape failure log cannot be written ENOENT/);
});

const address = (name: string, more: LabelSet = {}): LabelSet => ({__address__: name, ...more});

test('two discovered targets with the same labels are one', (t) => {
  const scraping = new Scraping(t);
  scraping.apply(`job_name: j\n${NEVER}\nrelabel_configs: [{regex: zone, action: labeldrop}]`);
  scraping.find(address('a:1', {zone: '1'}), address('a:1', {zone: '2'}), address('b:1'));
  const urls = scraping.active.map(({scrapeUrl}) => scrapeUrl);
  assert.deepEqual(urls, ['http://a:1/metrics', 'http://b:1/metrics']);
});

test('dropped targets are counted, and shown as far as wanted', (t) => {
  const scraping = new Scraping(t);
  const drop = 'relabel_configs: [{source_labels: [zone], regex: x, action: drop}]';
  scraping.apply(`job_name: j\n${NEVER}\nkeep_dropped_targets: 1\n${drop}`);
  scraping.find(address('a:1', {zone: 'x'}), address('b:1', {zone: 'x'}), address('c:1'));
  const {active, dropped, droppedCounts} = scraping.manager.targets();
  assert.deepEqual([active.length, droppedCounts], [1, {j: 2}]);
  assert.deepEqual(
    dropped.map(({discoveredLabels}) => discoveredLabels['__address__']),
    ['a:1'],
  );
});

test('targets that cannot be scraped are left out and told of', async (t) => {
  const scraping = new Scraping(t);
  scraping.apply(`job_name: j\n${NEVER}`);
  scraping.find(address('a:1'), address('b/c'), {});
  assert.equal(scraping.active.length, 1);
  assert.deepEqual(scraping.logged, [
    'error Creating target failed instance 1 in group file:0: "b/c" is not a valid hostname',
    'error Creating target failed instance 2 in group file:0: no address',
  ]);
  assert.equal(await scraping.counted('prometheus_target_sync_failed_total'), 2);
});

test('with more targets than allowed none is scraped, until there are fewer', PATIENCE, async (t) => {
  const {port, requests} = await serve(t, answer('a 1\n'));
  const scraping = new Scraping(t);
  scraping.apply(`job_name: j\n${QUICK}\ntarget_limit: 1`);
  const [one, two] = [address(`127.0.0.1:${port}`), address(`127.0.0.1:${port}`, {zone: '2'})];
  scraping.find(one, two);
  await until(() => scraping.active.every(({lastScrapeMs}) => lastScrapeMs !== undefined));
  for (const {lastError} of scraping.active) {
    assert.equal(lastError, 'target_limit exceeded (number of targets: 2, limit: 1)');
  }
  assert.equal(requests.length, 0);
  assert.ok(scraping.values('"up"').every((value) => value === 0));
  scraping.find(one);
  await until(() => scraping.active[0]!.health === 'up');
});

const firstTarget = ({manager}: Scraping) => manager.targets().active[0]!;

test('a reload leaves a job alone that stays the same', PATIENCE, async (t) => {
  const {port} = await serve(t, answer('a 1\n'));
  const scraping = new Scraping(t);
  scraping.apply(`job_name: j\n${QUICK}`);
  scraping.find(address(`127.0.0.1:${port}`));
  const {lastScrapeMs} = await scraping.scraped();
  scraping.apply(`job_name: j\n${QUICK}`, `job_name: other\n${NEVER}`);
  assert.ok(firstTarget(scraping).lastScrapeMs! >= lastScrapeMs!);
  assert.deepEqual(scraping.manager.poolNames, ['j', 'other']);
  assert.equal(await scraping.counted('prometheus_target_scrape_pool_reloads_total'), 0);
});

test('a reload goes on with targets that stay, under the changed configuration', PATIENCE, async (t) => {
  const {port} = await serve(t, answer('a 1\nb 2\n'));
  const scraping = new Scraping(t);
  scraping.apply(`job_name: j\n${QUICK}`);
  scraping.find(address(`127.0.0.1:${port}`));
  const {lastScrapeMs} = await scraping.scraped();
  const rename =
    'metric_relabel_configs: [{source_labels: [__name__], regex: b, target_label: __name__, replacement: c}]';
  scraping.apply(`job_name: j\n${QUICK}\n${rename}`);
  assert.ok(firstTarget(scraping).lastScrapeMs! >= lastScrapeMs!);
  await until(() => scraping.values('__name__="c"').length > 0);
  assert.equal(scraping.values('__name__="b"').at(-1), 'stale');
  assert.ok(!scraping.values('__name__="a"').includes('stale'));
  scraping.apply(`job_name: j\n${QUICK}\n${rename}\nsample_limit: 1`);
  await until(() => firstTarget(scraping).lastError === 'sample limit exceeded');
  assert.equal(scraping.values('__name__="a"').at(-1), 'stale');
  assert.equal(await scraping.counted('prometheus_target_scrape_pool_reloads_total'), 2);
});

test('a limit on labels holds from the reload on for known series, too', PATIENCE, async (t) => {
  const {port} = await serve(t, answer('a{b="c"} 1\n'));
  const scraping = new Scraping(t);
  scraping.apply(`job_name: j\n${QUICK}`);
  scraping.find(address(`127.0.0.1:${port}`));
  await until(() => scraping.active[0]?.health === 'up');
  scraping.apply(`job_name: j\n${QUICK}\nlabel_limit: 3`);
  await until(() => firstTarget(scraping).lastError.startsWith('label_limit exceeded'));
});

test('a reload that changes only a password asks with it', PATIENCE, async (t) => {
  const {port, requests} = await serve(t, answer('a 1\n'));
  const scraping = new Scraping(t);
  for (const password of ['one', 'two']) {
    scraping.apply(`job_name: j\n${QUICK}\nbearer_token: ${password}`);
    scraping.find(address(`127.0.0.1:${port}`));
    await until(() => requests.at(-1)?.headers.authorization === `Bearer ${password}`);
  }
});

test('another interval is another target: the old series do not end', PATIENCE, async (t) => {
  const {port} = await serve(t, answer('a 1\n'));
  const scraping = new Scraping(t);
  scraping.apply(`job_name: j\n${QUICK}`);
  scraping.find(address(`127.0.0.1:${port}`));
  await scraping.scraped();
  scraping.apply('job_name: j\nscrape_interval: 80ms\nscrape_timeout: 80ms');
  assert.deepEqual(
    scraping.active.map(({scrapeInterval}) => scrapeInterval),
    ['80ms'],
  );
  const before = scraping.values('__name__="a"').length;
  // By then the old loop has written its markers, which came too late.
  await until(() => scraping.values('__name__="a"').length > before + 5);
  assert.ok(!scraping.values('__name__="a"').includes('stale'));
});

test('series of a target that is gone end, its own included', PATIENCE, async (t) => {
  const {port} = await serve(t, answer('a 1\n'));
  const scraping = new Scraping(t);
  scraping.apply(`job_name: j\n${QUICK}`);
  scraping.find(address(`127.0.0.1:${port}`));
  await scraping.scraped();
  scraping.find();
  assert.deepEqual(scraping.active, []);
  await until(() => scraping.values('__name__="a"').at(-1) === 'stale');
  assert.equal(scraping.values('"up"').at(-1), 'stale');
});

test('a job that is gone: the scrape at work is stored, then its series end', PATIENCE, async (t) => {
  const {promise: isAsked, resolve: ask} = Promise.withResolvers<() => void>();
  const {port} = await serve(t, (request, response) => ask(() => answer('a 1\n')(request, response)));
  const scraping = new Scraping(t);
  scraping.apply(`job_name: j\n${QUICK}`);
  scraping.find(address(`127.0.0.1:${port}`));
  assert.equal(await scraping.counted('prometheus_target_scrape_pool_targets'), 1);
  const release = await isAsked;
  scraping.apply();
  assert.deepEqual(scraping.manager.poolNames, []);
  release();
  await until(() => scraping.values('__name__="a"').at(-1) === 'stale');
  assert.deepEqual(scraping.values('__name__="a"'), [1, 'stale']);
  assert.equal(await scraping.counted('prometheus_target_scrape_pool_targets'), undefined);
});

test('when the server stops, a scrape at work writes nothing', PATIENCE, async (t) => {
  let isAsked = false;
  let isBlocked = false;
  const {port} = await serve(t, (request, response) => {
    isAsked = isBlocked;
    if (!isBlocked) answer('a 1\n')(request, response);
  });
  const scraping = new Scraping(t);
  scraping.apply(`job_name: j\n${QUICK}`);
  scraping.find(address(`127.0.0.1:${port}`));
  await scraping.scraped();
  isBlocked = true;
  await until(() => isAsked);
  scraping.manager.close();
  const before = scraping.store.read();
  await new Promise((resolve) => setTimeout(resolve, 250));
  assert.deepEqual(scraping.store.read(), before);
});
