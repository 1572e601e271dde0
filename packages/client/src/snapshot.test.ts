import assert from 'node:assert/strict';
import {test} from 'node:test';
import {Worker} from 'node:worker_threads';
import {encodeSnapshot} from './page.ts';
import {Registry} from './registry.ts';
import {type Aggregate, mergeSnapshots, type RegistrySnapshot} from './snapshot.ts';

const help = 'x';

function lines(snapshot: RegistrySnapshot): string[] {
  const page = Buffer.from(encodeSnapshot(snapshot).body).toString();
  return page.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
}

/** A snapshot of a registry that `fill` has filled, as another thread would get it. */
function sent(fill: (registry: Registry) => void): RegistrySnapshot {
  const registry = new Registry();
  fill(registry);
  return structuredClone(registry.snapshot());
}

test('counters and histograms of threads add up', () => {
  const fill =
    (by: number) =>
    (registry: Registry): void => {
      const counter = registry.counter({name: 'a_total', help, labels: ['l']});
      counter.labels('both').inc(by);
      counter.labels(`only ${by}`).inc(by);
      registry.histogram({name: 'h', help, buckets: [2]}).observe(by);
    };
  assert.deepEqual(lines(mergeSnapshots([sent(fill(1)), sent(fill(3))])), [
    'a_total{l="both"} 4',
    'a_total{l="only 1"} 1',
    'a_total{l="only 3"} 3',
    'h_bucket{le="2"} 1',
    'h_bucket{le="+Inf"} 2',
    'h_sum 4',
    'h_count 2',
  ]);
});

const aggregates: [aggregate: Aggregate, want: string[]][] = [
  ['sum', ['a 9']],
  ['min', ['a 1']],
  ['max', ['a 5']],
  ['average', ['a 3']],
  ['first', ['a 1']],
  ['omit', []],
];
for (const [aggregate, want] of aggregates) {
  test(`gauges of threads combine by ${aggregate}`, () => {
    const snapshots = [1, 5, 3].map((value) =>
      sent((registry) => registry.gauge({name: 'a', help, aggregate}).set(value)),
    );
    assert.deepEqual(lines(mergeSnapshots(snapshots)), want);
  });
}

test('quantiles are kept where one thread alone has observations', () => {
  const fill =
    (...values: number[]) =>
    (registry: Registry): void => {
      const summary = registry.summary({name: 's', help, quantiles: [0.5]});
      for (const value of values) summary.observe(value);
    };
  assert.deepEqual(lines(mergeSnapshots([sent(fill()), sent(fill(7))])), [
    's{quantile="0.5"} 7',
    's_sum 7',
    's_count 1',
  ]);
  assert.deepEqual(lines(mergeSnapshots([sent(fill(1)), sent(fill(7))])), ['s_sum 8', 's_count 2']);
  assert.deepEqual(lines(mergeSnapshots([sent(fill()), sent(fill())])), [
    's{quantile="0.5"} NaN',
    's_sum 0',
    's_count 0',
  ]);
});

test('different declarations of one name are refused', () => {
  const counter = sent((registry) => registry.counter({name: 'a', help}));
  const gauge = sent((registry) => registry.gauge({name: 'a', help}));
  assert.throws(() => mergeSnapshots([counter, gauge]), {name: 'MetricError', code: 'merge'});
  const one = sent((registry) => registry.histogram({name: 'h', help, buckets: [1]}));
  const two = sent((registry) => registry.histogram({name: 'h', help, buckets: [2]}));
  assert.throws(() => mergeSnapshots([one, two]), {name: 'MetricError', code: 'merge'});
});

test('errors of all threads come along', () => {
  const snapshot = {families: [], errors: ['a: broken']};
  assert.deepEqual(mergeSnapshots([snapshot, snapshot]).errors, ['a: broken', 'a: broken']);
});

test('a worker sends its metrics', async () => {
  const source = `
    import {parentPort} from 'node:worker_threads';
    import {Registry} from ${JSON.stringify(new URL('registry.ts', import.meta.url).href)};
    const registry = new Registry();
    registry.counter({name: 'a_total', help: 'x'}).inc(2);
    parentPort.postMessage(registry.snapshot());
  `;
  const worker = new Worker(new URL(`data:text/javascript,${encodeURIComponent(source)}`));
  const snapshot = await new Promise<RegistrySnapshot>((resolve, reject) => {
    worker.once('message', resolve);
    worker.once('error', reject);
  });
  await worker.terminate();
  assert.deepEqual(lines(snapshot), ['a_total 2']);
});
