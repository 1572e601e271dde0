import assert from 'node:assert/strict';
import {test} from 'node:test';
import {type ConfigFile, readConfig} from './prometheus-config.ts';

const read = (text: string, files: readonly ConfigFile[] = []) =>
  readConfig({file: 'p.yml', dir: '/etc', text}, () => files);

const refused: [name: string, text: string, want: RegExp][] = [
  ['an unknown key', 'global:\n  foo: 1\n', /p\.yml:2.*\n?.*line 2: field foo not found in type config\.plain/],
  ['a key twice', 'global: {}\nglobal: {}\n', /p\.yml:2.*already (set|defined)/s],
  ['invalid YAML', 'global: [\n', /p\.yml.*line/],
  ['a job twice', 'scrape_configs:\n- job_name: a\n- job_name: a\n', /found multiple scrape configs with job name "a"/],
  ['a job without a name', 'scrape_configs:\n- scheme: http\n', /p\.yml:2.*job_name is empty/],
  ['an empty job', 'scrape_configs:\n-\n', /empty or null scrape config section/],
  [
    'a timeout over the interval',
    'scrape_configs:\n- {job_name: a, scrape_interval: 5s, scrape_timeout: 6s}\n',
    /scrape timeout greater than scrape interval for scrape config with job name "a"/,
  ],
  [
    'a global timeout over the interval',
    'global: {scrape_timeout: 2m}\n',
    /global scrape timeout greater than scrape interval/,
  ],
  ['a bad duration', 'global: {scrape_interval: 1x}\n', /p\.yml:1.*duration/],
  [
    'an address with a path',
    'scrape_configs:\n- {job_name: a, static_configs: [{targets: ["h/x"]}]}\n',
    /"h\/x" is not a valid hostname/,
  ],
  ['an unknown key of storage', 'storage: {tsdb: {x: 1}}\n', /p\.yml:1.*field x not found in type config\.plain/s],
  ['a percentage over 100', 'storage: {tsdb: {retention: {percentage: 101}}}\n', /range \[0, 100\], got 101/],
  ['an unknown encoding', 'storage: {tsdb: {chunk_encoding: {floats: zip}}}\n', /must be 'xor' or 'xor2'.*got "zip"/],
  ['an unknown protocol', 'scrape_configs:\n- {job_name: a, scrape_protocols: [x]}\n', /unknown scrape protocol x/],
];
for (const [name, text, want] of refused) {
  test(`configuration: ${name} is refused`, () => assert.throws(() => read(text), want));
}

test('configuration: an empty file has the defaults', () => {
  const {global, jobs, later} = read('');
  assert.deepEqual([global.scrapeInterval, global.scrapeTimeout, global.evaluationInterval], [60_000, 10_000, 60_000]);
  assert.deepEqual([jobs, later], [[], []]);
});

test('configuration: a job takes from global what it leaves open', () => {
  const [job] = read('global: {scrape_interval: 5s, sample_limit: 7}\nscrape_configs: [{job_name: a}]\n').jobs;
  assert.deepEqual([job?.config.scrapeInterval, job?.config.scrapeTimeout, job?.config.sampleLimit], [5000, 5000, 7]);
});

test('configuration: external labels take from the environment', () => {
  process.env['NARTHEX_TEST_ZONE'] = 'z1';
  const {global} = read(
    'global: {external_labels: {a: "${NARTHEX_TEST_ZONE}-$NARTHEX_TEST_ZONE-$$", b: "x${NARTHEX_NONE}"}}\n',
  );
  assert.deepEqual(global.externalLabels.toObject(), {a: 'z1-z1-$', b: 'x'});
});

test('configuration: what is not acted on yet is named', () => {
  assert.deepEqual(read('rule_files: [x.yml]\nremote_write: [{url: "http://x"}]\n').later, [
    'rule_files',
    'remote_write',
  ]);
});

test('configuration: jobs of other files, each name once', () => {
  const other = {file: 'jobs.yml', dir: '/etc/jobs', text: 'scrape_configs: [{job_name: b}]\n'};
  const {jobs} = read('scrape_config_files: ["*.yml"]\nscrape_configs: [{job_name: a}]\n', [other]);
  assert.deepEqual(
    jobs.map(({config, baseDir}) => [config.jobName, baseDir]),
    [
      ['a', '/etc'],
      ['b', '/etc/jobs'],
    ],
  );
  const clash = {...other, text: 'scrape_configs: [{job_name: a}]\n'};
  assert.throws(
    () => read('scrape_config_files: ["*"]\nscrape_configs: [{job_name: a}]\n', [clash]),
    /first found in p\.yml/,
  );
});

test('configuration: storage', () => {
  const text = `storage:
  tsdb: {out_of_order_time_window: 30m, stale_series_compaction_threshold: 0.4, chunk_encoding: {floats: xor2}, retention: {time: 2d, size: 1GB}}
  exemplars: {max_exemplars: 5}
`;
  assert.deepEqual(read(text).storage, {
    outOfOrderWindowMs: 1_800_000,
    staleSeriesThreshold: 0.4,
    floatEncoding: 'xor2',
    retention: {durationMs: 172_800_000, bytes: 2 ** 30, percentage: 0},
    exemplarsMax: 5,
  });
  assert.deepEqual([read('').storage.retention, read('').storage.exemplarsMax], [undefined, 100_000]);
});
