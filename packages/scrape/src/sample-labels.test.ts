import assert from 'node:assert/strict';
import {test} from 'node:test';
import fc from 'fast-check';
import {EntryKind} from '@narthex/exposition/entry.ts';
import {TextParser} from '@narthex/exposition/text-parser.ts';
import {formatMetric, Labels, LabelsBuilder} from '@narthex/model/labels.ts';
import type {ScrapeConfig} from './config.ts';
import {checkStored, LabelLimitError, storedLabels} from './sample-labels.ts';
import {jobOf} from './testing/configs.ts';

const TARGET = {job: 'j', instance: 'i:1'};

function stored(line: string, config: ScrapeConfig, target: Record<string, string> = TARGET): Labels | undefined {
  const parser = new TextParser();
  parser.reset(Buffer.from(`${line} 1\n`));
  assert.equal(parser.next(), EntryKind.Series);
  return storedLabels(parser.seriesLabels(), parser, {...config, target: Labels.fromObject(target)});
}

const HONOR = 'honor_labels: true';
const attached: [name: string, line: string, yaml: string, want: string | undefined][] = [
  ['the target labels come along', 'up{a="b"}', '', 'up{a="b", instance="i:1", job="j"}'],
  ['a clash renames the scraped label', 'up{job="x"}', '', 'up{exported_job="x", instance="i:1", job="j"}'],
  [
    'repeating the prefix while that is taken',
    'up{job="x",exported_job="y"}',
    '',
    'up{exported_exported_job="x", exported_job="y", instance="i:1", job="j"}',
  ],
  ['an empty scraped label does not clash', 'up{job=""}', '', 'up{instance="i:1", job="j"}'],
  ['honoured, the scraped label wins', 'up{job="x"}', HONOR, 'up{instance="i:1", job="x"}'],
  ['also with an empty value', 'up{job=""}', HONOR, 'up{instance="i:1"}'],
  ['also in quotes', 'up{"job"=""}', HONOR, 'up{instance="i:1"}'],
  ['honoured, other labels of the target still come', 'up{a="b"}', HONOR, 'up{a="b", instance="i:1", job="j"}'],
  [
    'rules see the labels of the target',
    'up',
    'metric_relabel_configs: [{source_labels: [job, instance], target_label: both}]',
    'up{both="j;i:1", instance="i:1", job="j"}',
  ],
  ['rules may drop', 'up', 'metric_relabel_configs: [{source_labels: [job], regex: j, action: drop}]', undefined],
  ['rules may drop all labels', 'up', "metric_relabel_configs: [{regex: '.*', action: labeldrop}]", undefined],
];
for (const [name, line, yaml, want] of attached) {
  test(`labels: ${name}`, () => {
    const labels = stored(line, jobOf(`job_name: j\n${yaml}`));
    assert.equal(labels && formatMetric(labels), want);
  });
}

test('labels: shorter names move first', () => {
  const line = 'm{exported_a="1",a="2"}';
  const labels = stored(line, jobOf('job_name: j'), {a: 't', exported_a: 'u'});
  assert.equal(
    formatMetric(labels!),
    'm{a="t", exported_a="u", exported_exported_a="2", exported_exported_exported_a="1"}',
  );
});

const name = fc.constantFrom('a', 'b', 'exported_a', 'zz', 'é', 'job', 'instance');
const pairs = fc.uniqueArray(fc.tuple(name, fc.constantFrom('', 'v', 'w')), {selector: ([name]) => name});
test('labels: two sets merged are as if they were set one by one', () => {
  const config = {...jobOf('job_name: j'), honorLabels: true};
  fc.assert(
    fc.property(pairs, pairs, (scraped, target) => {
      const line = `m{${scraped.map(([name, value]) => `"${name}"="${value}"`).join(',')}}`;
      const want = new LabelsBuilder().set('__name__', 'm');
      for (const [name, value] of target) if (!scraped.some(([other]) => other === name)) want.set(name, value);
      for (const [name, value] of scraped) want.set(name, value);
      assert.equal(String(stored(line, config, Object.fromEntries(target))), String(want.labels()));
    }),
  );
});

const LONG = 'é'.repeat(60);
const checks: [name: string, labels: Record<string, string>, yaml: string, want: string | undefined][] = [
  ['nothing to object to', {__name__: 'up', a: 'b'}, 'label_limit: 2', undefined],
  ['no name', {a: 'b'}, '', 'missing metric name (__name__ label)'],
  ['UTF-8 names', {__name__: 'ü', 'b.c': 'd'}, '', undefined],
  ['an empty name', {__name__: 'up', '': 'd'}, '', 'invalid metric name or label names: {""="d", __name__="up"}'],
  [
    'a metric that legacy names do not have',
    {__name__: 'a.b'},
    'metric_name_validation_scheme: legacy',
    'invalid metric name or label names: {__name__="a.b"}',
  ],
  [
    'a label that legacy names do not have',
    {__name__: 'a', 'b.c': 'd'},
    'metric_name_validation_scheme: legacy',
    'invalid metric name or label names: {__name__="a", "b.c"="d"}',
  ],
  [
    'too many labels, the name being one',
    {__name__: 'up', a: 'b'},
    'label_limit: 1',
    'label_limit exceeded (metric: up, number of labels: 2, limit: 1)',
  ],
  ['a name as long as it may be', {__name__: 'up', abcdefgh: 'b'}, 'label_name_length_limit: 8', undefined],
  [
    'too long a name',
    {__name__: 'up', abcdefghi: 'b'},
    'label_name_length_limit: 8',
    'label_name_length_limit exceeded (metric: up, label name: abcdefghi, length: 9, limit: 8)',
  ],
  [
    'too long a value, in bytes, shown in part',
    {__name__: 'up', a: LONG},
    'label_value_length_limit: 119',
    `label_value_length_limit exceeded (metric: up, label name: a, value: "${LONG.slice(0, 50)}", length: 120, limit: 119)`,
  ],
];
for (const [name, labels, yaml, want] of checks) {
  test(`stored or not: ${name}`, () => {
    const check = () => checkStored(Labels.fromObject(labels), jobOf(`job_name: j\n${yaml}`));
    if (want === undefined) check();
    else assert.throws(check, {message: want});
  });
}

test('limits have an error of their own', () => {
  assert.throws(
    () => checkStored(Labels.fromObject({__name__: 'up'}), {...jobOf('job_name: j'), labelNameLengthLimit: 1}),
    LabelLimitError,
  );
});
