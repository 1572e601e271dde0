import assert from 'node:assert/strict';
import {test} from 'node:test';
import {Logger} from '../log/logger.ts';
import {announceFeatures, featureConflict, featureTable} from './features.ts';

function announced(...given: string[]): string[] {
  const lines: string[] = [];
  announceFeatures(given, new Logger('info', 'logfmt', {}, (line) => lines.push(line)));
  return lines.map((line) => line.replace(/^time=\S+ /, '').trimEnd());
}

const lines: [name: string, want: string][] = [
  ['promql-experimental-functions', 'level=INFO msg="Experimental PromQL functions enabled."'],
  [
    'type-and-unit-labels',
    'level=INFO msg="Experimental type and unit labels enabled" not_yet="labels from scraping and remote write"',
  ],
  ['promql-per-step-stats', 'level=INFO msg="Experimental per-step statistics reporting"'],
  [
    'promql-duration-expr',
    'level=WARN msg="This option for --enable-feature is now permanently enabled and therefore a no-op." option=promql-duration-expr',
  ],
  [
    'native-histograms',
    'level=WARN msg="This option for --enable-feature is a no-op. To scrape native histograms, set the scrape_native_histograms scrape config setting to true." option=native-histograms',
  ],
  ['search-api', 'level=WARN msg="This option for --enable-feature has no effect yet" option=search-api'],
  ['no-such-thing', 'level=WARN msg="Unknown option for --enable-feature" option=no-such-thing'],
];
for (const [name, want] of lines)
  test(`features: the line of ${name}`, () => assert.deepEqual(announced(name), [want]));

test('features: each has one line, in the order given', () => {
  assert.equal(announced(...featureTable.map(({name}) => name)).length, featureTable.length);
  assert.equal(new Set(featureTable.map(({name}) => name)).size, 28);
});

test('features: two that exclude each other', () => {
  assert.equal(featureConflict(['otlp-deltatocumulative']), undefined);
  assert.match(featureConflict(['otlp-native-delta-ingestion', 'otlp-deltatocumulative'])!, /at the same time/);
});
