import assert from 'node:assert/strict';
import {test} from 'node:test';
import {Labels} from '@narthex/model/labels.ts';
import {Target} from './target.ts';
import {discoveredLabels, targetLabels} from './target-labels.ts';
import {targetUrl} from './target-url.ts';
import {jobOf} from './testing/configs.ts';

const SWITCHES = {
  __always_scrape_classic_histograms__: 'false',
  __convert_classic_histograms_to_nhcb__: 'false',
  __scrape_native_histograms__: 'false',
};
const DEFAULTS = {
  __metrics_path__: '/metrics',
  __scheme__: 'http',
  __scrape_interval__: '15s',
  __scrape_timeout__: '10s',
  job: 'j',
  ...SWITCHES,
};

type LabelSet = Record<string, string>;

const discovered: [name: string, yaml: string, own: LabelSet, group: LabelSet, want: LabelSet][] = [
  ['an address', '', {__address__: 'a:1'}, {}, {...DEFAULTS, __address__: 'a:1'}],
  ['own labels before those of the group', '', {a: '1'}, {a: '2', b: '3'}, {...DEFAULTS, a: '1', b: '3'}],
  ['an empty own label hides that of the group', '', {a: ''}, {a: '2'}, DEFAULTS],
  [
    'labels before the configuration',
    '',
    {job: 'x', __scheme__: 'https'},
    {},
    {...DEFAULTS, job: 'x', __scheme__: 'https'},
  ],
  ['parameters', 'params: {a: [1, 2], b: []}', {}, {}, {...DEFAULTS, __param_a: '1'}],
  ['parameters that are set', 'params: {a: [1]}', {__param_a: '9'}, {}, {...DEFAULTS, __param_a: '9'}],
  [
    'switches',
    'convert_classic_histograms_to_nhcb: true',
    {},
    {},
    {...DEFAULTS, __convert_classic_histograms_to_nhcb__: 'true'},
  ],
];
for (const [name, yaml, own, group, want] of discovered) {
  test(`discovered: ${name}`, () => {
    assert.deepEqual(discoveredLabels(jobOf(`job_name: j\n${yaml}`), own, group), Labels.fromObject(want));
  });
}

const rule = (target: string, replacement: string) =>
  `relabel_configs: [{target_label: ${target}, replacement: ${JSON.stringify(replacement)}}]`;
const relabelled: [name: string, yaml: string, own: LabelSet, want: LabelSet | string | undefined][] = [
  ['instance is the address', '', {__address__: 'a'}, {instance: 'a', job: 'j'}],
  ['unless it is set', '', {__address__: 'a', instance: 'i'}, {instance: 'i', job: 'j'}],
  ['an address gets no port', 'scheme: https', {__address__: 'a'}, {instance: 'a', job: 'j'}],
  ['meta labels go', '', {__address__: 'a', __meta_x: 'y'}, {instance: 'a', job: 'j'}],
  [
    'a dropped target',
    'relabel_configs: [{action: drop, source_labels: [job], regex: j}]',
    {__address__: 'a'},
    undefined,
  ],
  ['no address', '', {}, 'no address'],
  ['a path in the address', rule('__address__', 'a/b'), {__address__: 'a'}, '"a/b" is not a valid hostname'],
  ['an interval of 0', rule('__scrape_interval__', '0s'), {__address__: 'a'}, 'scrape interval cannot be 0'],
  ['a timeout of 0', rule('__scrape_timeout__', '0s'), {__address__: 'a'}, 'scrape timeout cannot be 0'],
  [
    'no interval',
    rule('__scrape_interval__', ''),
    {__address__: 'a'},
    'error parsing scrape interval: empty duration string',
  ],
  [
    'a bad timeout',
    rule('__scrape_timeout__', '1x'),
    {__address__: 'a'},
    'error parsing scrape timeout: unknown unit "x" in duration "1x"',
  ],
  [
    'a timeout above the interval',
    rule('__scrape_interval__', '9s'),
    {__address__: 'a'},
    'scrape timeout cannot be greater than scrape interval ("10s" > "9s")',
  ],
  [
    'a switch that is neither on nor off',
    rule('__scrape_native_histograms__', 'maybe'),
    {__address__: 'a'},
    'error parsing scrape native histograms: strconv.ParseBool: parsing "maybe": invalid syntax',
  ],
  ['a value that is no text', '', {__address__: 'a', x: '\ud800'}, 'invalid label value for "x": "\\ud800"'],
];
for (const [name, yaml, own, want] of relabelled) {
  test(`relabelled: ${name}`, () => {
    const config = jobOf(`job_name: j\n${yaml}`);
    const discovered = discoveredLabels(config, own, {});
    if (typeof want === 'string') {
      assert.throws(() => targetLabels(config, discovered), {name: 'TargetError', message: want});
      return;
    }
    const labels = targetLabels(config, discovered);
    const target = labels && new Target(config, labels, discovered);
    assert.deepEqual(target?.publicLabels, want && Labels.fromObject(want));
  });
}

const ADDRESS = {__address__: 'a:80', __scheme__: 'http', __metrics_path__: '/metrics'};
const urls: [params: Record<string, string[]>, labels: LabelSet, want: string][] = [
  [{}, {}, 'http://a:80/metrics'],
  [{}, {__scheme__: 'https', __address__: '[::1]:9090'}, 'https://[::1]:9090/metrics'],
  [{}, {__metrics_path__: 'probe'}, 'http://a:80/probe'],
  [{}, {__metrics_path__: ''}, 'http://a:80'],
  [{}, {__metrics_path__: '/a b/ü?c#d/../$&+,;=@%'}, 'http://a:80/a%20b/%C3%BC%3Fc%23d/../$&+,;=@%25'],
  [{z: ['1'], b: ['x y', '*~']}, {}, 'http://a:80/metrics?b=x+y&b=%2A~&z=1'],
  [
    {b: ['1', '2']},
    {__param_b: '3', __param_c: 'https://x/?q'},
    'http://a:80/metrics?b=3&b=2&c=https%3A%2F%2Fx%2F%3Fq',
  ],
];
for (const [params, labels, want] of urls) {
  test(`URL: ${want}`, () => {
    assert.equal(targetUrl(new Map(Object.entries(params)), Labels.fromObject({...ADDRESS, ...labels})), want);
  });
}
