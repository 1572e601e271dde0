import assert from 'node:assert/strict';
import {test} from 'node:test';
import {parseOpenMetricsFamilies} from '@narthex/exposition/openmetrics-families.ts';
import {parseTextFamilies} from '@narthex/exposition/text-families.ts';
import {MetricError} from './errors.ts';
import {encodeSnapshot, streamSnapshot} from './page.ts';
import {Registry} from './registry.ts';

const OPEN_METRICS = 'application/openmetrics-text; version=1.0.0; escaping=allow-utf-8';

function pageOf(registry: Registry, accept?: string): string {
  return Buffer.from(encodeSnapshot(registry.snapshot(), accept).body).toString();
}

test('a page in both formats', () => {
  const registry = new Registry();
  const requests = registry.counter({name: 'requests_total', help: 'Requests.', labels: ['method', 'code']});
  requests.labels({method: 'GET', code: 200}).inc(2);
  requests.labels('POST', '500').inc();
  registry.gauge({name: 'queue_bytes', help: 'Waiting.', unit: 'bytes'}).set(12.5);
  assert.equal(
    pageOf(registry),
    `# HELP queue_bytes Waiting.
# TYPE queue_bytes gauge
queue_bytes 12.5
# HELP requests_total Requests.
# TYPE requests_total counter
requests_total{method="GET",code="200"} 2
requests_total{method="POST",code="500"} 1
`,
  );
  assert.equal(
    pageOf(registry, OPEN_METRICS),
    `# HELP queue_bytes Waiting.
# TYPE queue_bytes gauge
# UNIT queue_bytes bytes
queue_bytes 12.5
# HELP requests Requests.
# TYPE requests counter
requests_total{method="GET",code="200"} 2.0
requests_total{method="POST",code="500"} 1.0
# EOF
`,
  );
});

test('metrics without labels are there at once, labelled ones from their first use', () => {
  const registry = new Registry();
  registry.counter({name: 'a_total', help: 'A.'});
  registry.histogram({name: 'b', help: 'B.', buckets: [1]});
  registry.summary({name: 'c', help: 'C.', quantiles: [0.5]});
  const labelled = registry.counter({name: 'd_total', help: 'D.', labels: ['x']});
  const lines = (): string[] =>
    pageOf(registry)
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith('#'));
  const atOnce = ['a_total 0', 'b_bucket{le="1"} 0', 'b_bucket{le="+Inf"} 0', 'b_sum 0', 'b_count 0'];
  const summary = ['c{quantile="0.5"} NaN', 'c_sum 0', 'c_count 0'];
  assert.deepEqual(lines(), [...atOnce, ...summary]);
  assert.ok(!pageOf(registry, OPEN_METRICS).includes('TYPE d'));
  labelled.labels('1');
  assert.deepEqual(lines(), [...atOnce, ...summary, 'd_total{x="1"} 0']);
});

const mistakes: [name: string, register: (registry: Registry) => unknown, code: MetricError['code']][] = [
  ['an empty name', (registry) => registry.counter({name: '', help: 'x'}), 'invalid_name'],
  ['half a surrogate pair in a name', (registry) => registry.counter({name: 'a\ud800', help: 'x'}), 'invalid_name'],
  ['no help', (registry) => registry.gauge({name: 'a', help: ' '}), 'invalid_option'],
  ['a unit that is no suffix', (registry) => registry.gauge({name: 'a', help: 'x', unit: 'bytes'}), 'invalid_option'],
  ['a reserved label', (registry) => registry.gauge({name: 'a', help: 'x', labels: ['__a']}), 'invalid_label'],
  ['an empty label', (registry) => registry.gauge({name: 'a', help: 'x', labels: ['']}), 'invalid_label'],
  ['a label twice', (registry) => registry.gauge({name: 'a', help: 'x', labels: ['b', 'b']}), 'invalid_label'],
  ['le on a histogram', (registry) => registry.histogram({name: 'a', help: 'x', labels: ['le']}), 'invalid_label'],
  [
    'quantile on a summary',
    (registry) => registry.summary({name: 'a', help: 'x', labels: ['quantile']}),
    'invalid_label',
  ],
  ['falling buckets', (registry) => registry.histogram({name: 'a', help: 'x', buckets: [2, 1]}), 'invalid_option'],
  ['a NaN bucket', (registry) => registry.histogram({name: 'a', help: 'x', buckets: [NaN]}), 'invalid_option'],
  ['a quantile of 2', (registry) => registry.summary({name: 'a', help: 'x', quantiles: [2]}), 'invalid_option'],
  ['a name twice', (registry) => registry.gauge({name: 'taken', help: 'x'}), 'duplicate'],
  ['the count of a histogram', (registry) => registry.counter({name: 'h_count', help: 'x'}), 'duplicate'],
];
for (const [name, register, code] of mistakes) {
  test(`registering refuses ${name}`, () => {
    const registry = new Registry();
    registry.gauge({name: 'taken', help: 'x'});
    registry.histogram({name: 'h', help: 'x'});
    assert.throws(
      () => register(registry),
      (error: unknown) => error instanceof MetricError && error.code === code,
    );
  });
}

test('label values must fit the declaration', () => {
  const counter = new Registry().counter({name: 'a_total', help: 'x', labels: ['b', 'c']});
  assert.throws(() => counter.labels('1'), /a_total got 1 values for 2 labels \(b, c\)/);
  assert.throws(() => counter.labels({b: '1'} as never), /a_total got no value for "c"/);
  assert.throws(() => counter.labels({b: '1', c: '2', d: '3'} as never), /a_total has no label "d"/);
});

test('values that look alike when joined are different children', () => {
  const counter = new Registry().counter({name: 'a_total', help: 'x', labels: ['b', 'c']});
  assert.notEqual(counter.labels('a', 'bc'), counter.labels('ab', 'c'));
  assert.notEqual(counter.labels('1:a', ''), counter.labels('', '1:a'));
  assert.equal(counter.labels('a', 'b'), counter.labels({c: 'b', b: 'a'}));
});

test('removed children leave the page, keep working, and do not disturb the next one', () => {
  const registry = new Registry();
  const counter = registry.counter({name: 'a_total', help: 'x', labels: ['b']});
  const old = counter.labels('1');
  old.inc(5);
  assert.ok(counter.remove('1'));
  assert.ok(!counter.remove('1'));
  const next = counter.labels('1');
  old.inc();
  assert.equal(next.value, 0);
  assert.equal(old.value, 6);
  counter.labels('2').inc();
  assert.equal(counter.removeMatching({b: '2'}), 1);
  assert.match(pageOf(registry), /a_total\{b="1"\} 0\n$/);
  counter.clear();
  assert.equal(pageOf(registry), '');
});

test('removing one child leaves those that share values with it', () => {
  const counter = new Registry().counter({name: 'a_total', help: 'x', labels: ['b', 'c']});
  for (const [b, c] of ['11', '12', '21']) counter.labels(b, c).inc();
  counter.remove({b: 1, c: 1});
  assert.equal(counter.labels(1, 2).value, 1);
  assert.equal(counter.labels(2, 1).value, 1);
  assert.equal(counter.labels(1, 1).value, 0);
  assert.ok(!counter.remove('3', '3'));
});

test('unregistering frees all names of a metric', () => {
  const registry = new Registry();
  registry.histogram({name: 'h', help: 'x'});
  assert.ok(registry.unregister('h'));
  assert.ok(!registry.unregister('h'));
  registry.counter({name: 'h_count', help: 'x'});
});

test('callbacks run before each page; a broken one costs only its own family', async () => {
  const failures: string[] = [];
  const registry = new Registry({onError: (_, metric) => failures.push(metric)});
  let runs = 0;
  registry.gauge({name: 'ok', help: 'x', collect: (gauge) => gauge.set(++runs)});
  registry.gauge({
    name: 'broken',
    help: 'x',
    collect() {
      throw new Error('no disk');
    },
  });
  registry.gaugeFunction({name: 'function', help: 'x', value: () => 7});
  registry.collector({
    names: ['c'],
    collect() {
      throw new Error('no bus');
    },
  });
  const {families, errors} = registry.snapshot();
  assert.deepEqual(
    families.map((family) => family.name),
    ['function', 'ok'],
  );
  assert.deepEqual(errors, ['broken: no disk', 'c: no bus']);
  assert.deepEqual(failures, ['broken', 'c']);
  const body = Buffer.from((await registry.page()).body).toString();
  assert.match(body, /^ok 2$/m);
});

test('asynchronous callbacks are waited for, and refused where nobody waits', async () => {
  const registry = new Registry({onError: () => {}});
  registry.gauge({name: 'slow', help: 'x', collect: async (gauge) => gauge.set(await Promise.resolve(3))});
  assert.match(Buffer.from((await registry.page()).body).toString(), /^slow 3$/m);
  assert.match(registry.snapshot().errors[0], /slow is asynchronous/);
});

test('an unknown Accept gets text 0.0.4', async () => {
  const page = await new Registry().page('application/json');
  assert.equal(page.contentType, 'text/plain; version=0.0.4; charset=utf-8; escaping=underscores');
});

test('constant labels stand before the others', () => {
  const registry = new Registry({labels: {app: 'x'}});
  registry
    .counter({name: 'a_total', help: 'x', labels: ['b']})
    .labels('1')
    .inc();
  assert.match(pageOf(registry), /a_total\{app="x",b="1"\} 1/);
});

test('UTF-8 names are escaped unless the scraper knows them', () => {
  const registry = new Registry();
  registry.counter({name: 'http.requests', help: 'x'}).inc();
  assert.match(pageOf(registry), /^http_requests 1$/m);
  assert.match(pageOf(registry, OPEN_METRICS), /^\{"http.requests"\} 1.0$/m);
});

test('every page is one the strict readers accept', () => {
  const registry = new Registry();
  registry
    .counter({name: 'a_total', help: 'back\\slash\nand "quotes"', labels: ['l']})
    .labels('"\\\n')
    .inc(1, {id: 'é'});
  registry.histogram({name: 'h', help: 'h', buckets: [-1, 0, 1]}).observe(0.5, {id: 'x'});
  registry.summary({name: 's', help: 's', quantiles: [0.5]}).observe(1);
  parseTextFamilies(Buffer.from(pageOf(registry)));
  const withCreated = encodeSnapshot(registry.snapshot(), OPEN_METRICS, {created: true});
  const names = Buffer.from(withCreated.body).toString();
  assert.match(names, /^a_created\{l=.*\} 1\.\d+e\+09$/m);
  registry.unregister('h');
  const families = parseOpenMetricsFamilies(encodeSnapshot(registry.snapshot(), OPEN_METRICS, {created: true}).body);
  const [point] = families[0].metrics.map((metric) => metric.point);
  assert.equal(point.kind === 'number' && point.exemplar?.labels[0][1], 'é');
});

test('a streamed page is the page', () => {
  const registry = new Registry();
  const counter = registry.counter({name: 'a_total', help: 'x', labels: ['b']});
  for (let i = 0; i < 20_000; i++) counter.labels(i).inc();
  registry.counter({name: 'b_total', help: 'x'});
  const {chunks} = streamSnapshot(registry.snapshot());
  const pieces = [...chunks];
  assert.equal(pieces.length, 2);
  assert.equal(Buffer.concat(pieces).toString(), pageOf(registry));
});
