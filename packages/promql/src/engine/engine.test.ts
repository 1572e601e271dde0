import assert from 'node:assert/strict';
import {test} from 'node:test';
import {KernelMemory} from '@narthex/kernels/kernel-memory.ts';
import {formatMetric, Labels} from '@narthex/model/labels.ts';
import {STALE_NAN_BITS} from '@narthex/model/stale.ts';
import {instant, prepare, type PrepareOptions, range} from './engine.ts';
import {CHUNK_BYTES, writeResultJson} from './json-writer.ts';
import type {QueryRun} from './query-context.ts';
import type {QueryResult} from './query-result.ts';
import type {QueryStats} from './query-stats.ts';
import {bitsOf, MemoryStorage} from '../memory-storage/memory-storage.ts';
import type {Querier} from '../storage.ts';
import {syntheticQuerier} from './testing/synthetic-storage.ts';

/** Three minutes of samples, one every 15 s, for series given as text labels and a function of the sample's number. */
function storageOf(series: Readonly<Record<string, (i: number) => number>>): MemoryStorage {
  const storage = new MemoryStorage();
  for (const [labels, valueAt] of Object.entries(series)) {
    const set = Labels.of(labels.split(' ').map((pair) => pair.split('=') as [string, string]));
    for (let i = 0; i <= 12; i++) storage.append(set, i * 15_000, bitsOf(valueAt(i)));
  }
  return storage;
}

const storage = storageOf({
  '__name__=requests_total code=200 host=a': (i) => i * 30,
  '__name__=requests_total code=500 host=a': (i) => i,
  '__name__=requests_total code=200 host=b': (i) => i * 15,
  '__name__=up host=a zone=x': () => 1,
  '__name__=up host=b zone=y': () => 0,
  '__name__=down host=b zone=y': () => 0,
});

function withRun<T>(body: (run: QueryRun, memory: KernelMemory) => T, from = storage, maximumBytes = 1 << 24): T {
  const memory = new KernelMemory({maximumBytes});
  return body({querier: from.querier(memory), memory}, memory);
}

function show(result: QueryResult): string[] {
  const rows: string[] = [];
  result.forEachRow((labels, samples) =>
    rows.push(`${formatMetric(labels)} ${samples.map(({value}) => value).join(' ')}`),
  );
  return rows;
}

const at = (text: string, options: PrepareOptions = {}): string[] =>
  withRun((run) => show(instant(prepare(text, options), run, 180_000)));

const failure = (text: string, options: PrepareOptions = {}): string => {
  try {
    at(text, options);
  } catch (error) {
    return (error as Error).message;
  }
  return 'no error';
};

const instants: readonly [query: string, rows: string[]][] = [
  // Groups stand in the order of the first row that has something.
  ['count by (host) ({host!="", code!="500"} < 200)', ['{host="b"} 3', '{host="a"} 1']],
  ['up', ['up{host="a", zone="x"} 1', 'up{host="b", zone="y"} 0']],
  ['sum by (host) (rate(requests_total[2m]))', ['{host="a"} 2.0666666666666664', '{host="b"} 0.9999999999999999']],
  ['requests_total{code="500"} / ignoring (code) requests_total{code="200"}', ['{host="a"} 0.03333333333333333']],
  [
    'requests_total * on (host) group_left (zone) up > 0',
    ['{code="200", host="a", zone="x"} 360', '{code="500", host="a", zone="x"} 12'],
  ],
  ['topk(1, requests_total)', ['requests_total{code="200", host="a"} 360']],
  [
    'bottomk by (code) (1, requests_total)',
    ['requests_total{code="200", host="b"} 180', 'requests_total{code="500", host="a"} 12'],
  ],
  [
    'sort_desc(requests_total)',
    [
      'requests_total{code="200", host="a"} 360',
      'requests_total{code="200", host="b"} 180',
      'requests_total{code="500", host="a"} 12',
    ],
  ],
  ['up or on (host) down', ['up{host="a", zone="x"} 1', 'up{host="b", zone="y"} 0']],
  ['absent(nothing{a="1", b!="2"})', ['{a="1"} 1']],
  [
    'label_replace(up, "h", "$1-x", "host", "(.*)")',
    ['up{h="a-x", host="a", zone="x"} 1', 'up{h="b-x", host="b", zone="y"} 0'],
  ],
  [
    'label_join(up, "both", "/", "host", "zone")',
    ['up{both="a/x", host="a", zone="x"} 1', 'up{both="b/y", host="b", zone="y"} 0'],
  ],
  ['-up', ['{host="a", zone="x"} -1', '{host="b", zone="y"} -0']],
  ['max_over_time(sum(requests_total)[1m:30s])', ['{} 552']],
];
for (const [query, rows] of instants)
  test(query, () =>
    assert.deepEqual(
      at(query),
      rows.map((row) => row.replace(' -0', ' 0')),
    ),
  );

const errors: readonly [query: string, message: string][] = [
  ['{host="b", zone="y"} * 2', 'vector cannot contain metrics with the same labelset'],
  ['rate({host="b", zone="y"}[2m])', 'vector cannot contain metrics with the same labelset'],
  [
    'up * on (zone) {zone="y"}',
    'found duplicate series for the match group {zone="y"} on the right hand-side of the operation: ' +
      '[{__name__="down", host="b", zone="y"}, {__name__="up", host="b", zone="y"}]' +
      ';many-to-many matching not allowed: matching labels must be unique on one side',
  ],
  [
    'requests_total * on (host) up',
    'multiple matches for labels: many-to-one matching must be explicit (group_left/group_right)',
  ],
  [
    'sum by (code, host) (requests_total) * on (host) group_left (code) requests_total{code="200"}',
    'multiple matches for labels: grouping labels must ensure unique matches',
  ],
  ['count_values("", up)', 'invalid label name ""'],
  ['topk(NaN, up)', 'Parameter value is NaN'],
  ['topk(1e30, up)', 'Scalar value 1e+30 overflows int64'],
  ['label_replace(up, "a", "", "host", "(")', 'invalid regular expression in label_replace(): ('],
  ['label_join(up, "", "", "host")', 'invalid destination label name in label_join(): '],
  ['1 </ 2', 'operator "</" not allowed for Scalar operations'],
  ['up + (time() >/ 1)', 'operator ">/" not allowed for Scalar operations'],
];
for (const [query, message] of errors) test(`${query} fails`, () => assert.equal(failure(query), message));

test('a stale marker ends a series at once', () => {
  const ended = storageOf({'__name__=up': () => 1});
  ended.append(Labels.of([['__name__', 'up']]), 181_000, STALE_NAN_BITS);
  const query = prepare('up');
  const rows = withRun((run) => show(range(query, run, 170_000, 190_000, 10_000)), ended);
  assert.deepEqual(rows, ['up 1 1']);
});

test('rows with equal labels and no step in common become one', () => {
  const series = new MemoryStorage();
  for (const [name, from] of [
    ['first', 0],
    ['second', 600_000],
  ] as const) {
    series.append(
      Labels.of([
        ['__name__', name],
        ['a', '1'],
      ]),
      from,
      bitsOf(from),
    );
  }
  const query = prepare('{a="1"} + 1');
  const rows = withRun((run) => show(range(query, run, 0, 600_000, 300_000)), series);
  assert.deepEqual(rows, ['{a="1"} 1 600001']);
});

test('names are dropped at the end where that is asked for', () => {
  const options = {delayedNameRemoval: true};
  assert.deepEqual(at('sum by (__name__) (rate(requests_total[2m]))', options), ['{} 3.0666666666666664']);
  assert.deepEqual(at('label_replace(rate(requests_total{code="500"}[2m]), "__name__", "r", "", "")', options), [
    'r{code="500", host="a"} 0.06666666666666667',
  ]);
});

test('annotations have upstream texts and positions', () => {
  const notes = (text: string) => withRun((run) => instant(prepare(text), run, 180_000).annotations());
  assert.deepEqual(notes('1 + rate(up[2m])').infos, [
    'PromQL info: metric might not be a counter, name does not end in _total/_sum/_count/_bucket: "up" (1:10)',
  ]);
  assert.deepEqual(notes('quantile(\n 2, up)').warnings, [
    'PromQL warning: quantile value should be between 0 and 1, got 2 (2:2)',
  ]);
});

test('chains of 20 000 operators evaluate', () => {
  const chain = (term: string, op: string, count: number) => Array.from({length: count}, () => term).join(` ${op} `);
  withRun((run) => {
    const sum = instant(prepare(chain('1', '+', 20_000)), run, 0);
    assert.deepEqual(sum.value, {type: 'scalar', sample: {timeMs: 0, value: 20_000}});
    sum.release();
    assert.deepEqual(show(instant(prepare(`up{host="a"} + ${chain('1', '+', 20_000)}`), run, 180_000)), [
      '{host="a", zone="x"} 20001',
    ]);
  });
  assert.deepEqual(at(chain('up{host="a"}', '+', 5000)), ['{host="a", zone="x"} 5000']);
  assert.deepEqual(at(chain('up{host="a"}', 'or', 5000)), ['up{host="a", zone="x"} 1']);
});

test('a query cannot take more than its memory, and gives back what it took', () => {
  const memory = new KernelMemory({maximumBytes: 2 ** 21});
  const querier = syntheticQuerier(memory, {series: 2000, samples: 480, intervalMs: 15_000});
  const used = memory.usedBytes;
  const query = prepare('quantile(0.5, http_requests_total)');
  const run = () => range(query, {querier, memory}, 3_600_000, 7_200_000, 15_000);
  assert.throws(run, {name: 'QueryError', message: 'query processing would use too much memory in query execution'});
  assert.equal(memory.usedBytes, used);
  const small = instant(prepare('count(http_requests_total)'), {querier, memory}, 7_000_000);
  assert.deepEqual(show(small), ['{} 2000']);
  small.release();
  assert.equal(memory.usedBytes, used);
});

test('a query holds no more samples than it may', () => {
  const message = 'query processing would load too many samples into memory in query execution';
  assert.equal(failure('quantile(0.5, requests_total)', {samplesMax: 2}), message);
});

test('a query that is certain to hold too much is refused before it takes memory', () => {
  const memory = new KernelMemory({maximumBytes: 2 ** 30});
  const storage = syntheticQuerier(memory, {series: 100_000, samples: 480, intervalMs: 15_000});
  const unread = () => assert.fail('nothing is read');
  const querier: Querier = {
    symbols: storage.symbols,
    select: (...args) => {
      const set = storage.select(...args);
      return {
        length: set.length,
        labels: (i, out) => set.labels(i, out),
        samplesMax: (i) => set.samplesMax(i),
        extent: (i, out) => set.extent!(i, out),
        read: unread,
        readNewest: unread,
      };
    },
  };
  const message = 'query processing would load too many samples into memory in query execution';
  const used = memory.usedBytes;
  const texts = [
    'http_requests_total',
    'quantile(0.5, http_requests_total)',
    'http_requests_total and b',
    'rate(http_requests_total[5m])',
    // Not held, but a billion cells.
    'sum(sum_over_time(http_requests_total[5m]))',
    'sum by (code) (http_requests_total)',
  ];
  for (const text of texts) {
    assert.throws(() => range(prepare(text), {querier, memory}, 0, 7_200_000, 720), {message}, text);
    assert.equal(memory.usedBytes, used);
    assert.ok(memory.peakBytes - used < 2 ** 22, `${text} took ${memory.peakBytes - used} bytes`);
  }
  const small = {querier, memory: new KernelMemory({maximumBytes: 2 ** 24})};
  assert.throws(() => range(prepare('http_requests_total'), small, 0, 7_200_000, 20_000), /too much memory/);
});

test('a query is cancelled and timed out between batches', () => {
  withRun(({querier, memory}) => {
    const cancelled = {querier, memory, cancel: Int32Array.of(1)};
    assert.throws(() => instant(prepare('up'), cancelled, 0), {
      kind: 'canceled',
      message: 'query was canceled in query execution',
    });
    const late = {querier, memory, deadlineMs: 0};
    assert.throws(() => instant(prepare('up'), late, 0), {
      kind: 'timeout',
      message: 'query timed out in query execution',
    });
  });
});

test('a range query wants a vector or a scalar', () => {
  withRun((run) => {
    assert.throws(() => range(prepare('up[1m]'), run, 0, 1, 1), {
      kind: 'bad_data',
      message: 'invalid expression type "range vector" for range query, must be Scalar or instant Vector',
    });
  });
});

test('answers are JSON in pieces of bounded size', () => {
  const memory = new KernelMemory({maximumBytes: 2 ** 26});
  const querier = syntheticQuerier(memory, {series: 300, samples: 480, intervalMs: 15_000});
  const result = range(prepare('http_requests_total'), {querier, memory}, 3_600_000, 7_185_000, 15_000);
  const pieces = [...writeResultJson(result, ',"stats":{}')];
  assert.ok(pieces.length > 2);
  for (const {length} of pieces) assert.ok(length <= CHUNK_BYTES);
  const {
    resultType,
    result: rows,
    stats,
  } = JSON.parse(Buffer.concat(pieces).toString()) as {
    resultType: string;
    result: {metric: Record<string, string>; values: [number, string][]}[];
    stats: object;
  };
  assert.equal(resultType, 'matrix');
  assert.equal(rows.length, 300);
  assert.deepEqual(stats, {});
  const wanted: [number, string][] = [];
  let metric = {};
  let row = 0;
  result.forEachRow((labels, samples) => {
    if (row++ > 0) return;
    metric = labels.toObject();
    for (const {timeMs, value} of samples) wanted.push([timeMs / 1000, String(value)]);
  });
  assert.deepEqual(rows[0], {metric, values: wanted});
});

test('texts in an answer are escaped', () => {
  const odd = new MemoryStorage();
  odd.append(
    Labels.of([
      ['__name__', 'up'],
      ['a', '"\\\n\u0001é'],
    ]),
    0,
    bitsOf(1),
  );
  const text = withRun((run) => Buffer.concat([...writeResultJson(instant(prepare('up'), run, 0))]).toString(), odd);
  assert.equal(
    text,
    '{"resultType":"vector","result":[{"metric":{"__name__":"up","a":"\\"\\\\\\n\\u0001é"},"value":[0,"1"]}]}',
  );
});

const lone: readonly [query: string, result: string][] = [
  ['1e21', '"scalar","result":[12.345,"1000000000000000000000"]'],
  ['-1/0', '"scalar","result":[12.345,"-Inf"]'],
  ['"a<b"', '"string","result":[12.345,"a\\u003cb"]'],
];
for (const [query, wanted] of lone) {
  test(`the answer to ${query}`, () => {
    const text = withRun((run) => Buffer.concat([...writeResultJson(instant(prepare(query), run, 12_345))]).toString());
    assert.equal(text, `{"resultType":${wanted}}`);
  });
}

test('statistics count as upstream does', () => {
  const samplesOf = (text: string) =>
    withRun((run) => range(prepare(text), run, 60_000, 180_000, 60_000).stats.samples);
  const {totalQueryableSamples, samplesRead} = samplesOf('rate(requests_total{code="500"}[2m])');
  assert.deepEqual([totalQueryableSamples, samplesRead], [5 + 8 + 8, 5 + 4 + 4]);
  assert.equal(samplesOf('up').totalQueryableSamples, 6);
  assert.equal(samplesOf('up @ 60').totalQueryableSamples, 6);
  assert.equal(samplesOf('up @ 60').samplesRead, 2);
  assert.equal(samplesOf('sum(up @ 60) + 1').totalQueryableSamples, 6);
  // Windows of a subquery count, not what they are made of.
  assert.equal(samplesOf('max_over_time(up{host="a"}[1m:30s])').totalQueryableSamples, 6);
});

test('what a query took is told when it fails, too', () => {
  const told: QueryStats[] = [];
  const onEnd = (stats: QueryStats) => void told.push(stats);
  const run = (text: string) => withRun((inner) => instant(prepare(text), {...inner, onEnd}, 180_000));
  const {stats} = run('sum(up)');
  assert.deepEqual(told.splice(0), [stats]);
  assert.throws(() => run('up * on () down + up'), /many-to-one|many-to-many/);
  const [{samples, timings}] = told;
  assert.equal(told.length, 1);
  assert.equal(samples.totalQueryableSamples, 3);
  assert.ok(timings.evalTotalTime > 0 && timings.innerEvalTime > 0 && timings.queryPreparationTime > 0);
});
