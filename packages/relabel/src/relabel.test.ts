import assert from 'node:assert/strict';
import {test} from 'node:test';
import fc from 'fast-check';
import {Labels} from '@narthex/model/labels.ts';
import {readConformance} from '@narthex/model/testing/conformance.ts';
import {decodeYaml} from '@narthex/yaml/decode.ts';
import {YamlError} from '@narthex/yaml/error.ts';
import {writeYaml} from '@narthex/yaml/write.ts';
import {
  isNameWithReferences,
  makeRelabelConfig,
  parseRelabelRegex,
  relabelConfig,
  relabelConfigs,
  RelabelError,
  validateRelabelConfig,
  type RelabelAction,
  type RelabelConfig,
} from './config.ts';
import {relabel} from './relabel.ts';

/** Rules in YAML, validated for UTF-8 names. */
function rules(yaml: string): RelabelConfig[] {
  return decodeYaml(yaml, relabelConfigs()).map((config) => validateRelabelConfig(config, 'utf8'));
}

interface RelabelCases {
  readonly cases: readonly {
    readonly input: Record<string, string>;
    readonly relabel_configs: readonly unknown[];
    readonly drop: boolean;
    readonly output?: Record<string, string>;
  }[];
}

const upstream = readConformance<RelabelCases>('relabel/relabel.json');
test('upstream’s cases', {skip: upstream.skip}, () => {
  for (const {input, relabel_configs: configs, drop, output} of upstream.read().cases) {
    const result = relabel(Labels.fromObject(input), rules(JSON.stringify(configs)));
    const want = drop ? undefined : Labels.fromObject(output ?? {}).toString();
    assert.equal(result?.toString(), want, JSON.stringify(configs));
  }
});

interface ValidateCases {
  readonly cases: readonly {
    readonly config: Record<string, unknown>;
    readonly fail: boolean;
    readonly errContains?: string;
  }[];
}

const validation = readConformance<ValidateCases>('relabel/validate.json');
test('upstream’s valid and invalid rules', {skip: validation.skip}, () => {
  for (const {config, fail, errContains} of validation.read().cases) {
    const made = makeRelabelConfig({
      action: (config.action ?? '') as RelabelAction,
      sourceLabels: config.source_labels as string[] | undefined,
      separator: '',
      replacement: (config.replacement ?? '') as string,
      targetLabel: (config.target_label ?? '') as string,
      ...(config.regex === undefined ? {} : {regex: parseRelabelRegex(config.regex as string)}),
    });
    const check = () => validateRelabelConfig(made, config.name_validation_scheme as 'utf8' | 'legacy');
    if (fail) assert.throws(check, (error) => error instanceof RelabelError && error.message.includes(errContains!));
    else check();
  }
});

const legacy = readConformance<{cases: {str: string; valid: boolean}[]}>('relabel/target-label-legacy.json');
test('upstream’s legacy target labels', {skip: legacy.skip}, () => {
  for (const {str, valid} of legacy.read().cases) assert.equal(isNameWithReferences(str, 'legacy'), valid, str);
});

const refused: [name: string, yaml: string, message: RegExp][] = [
  ['an unknown action', 'action: explode', /line 1: action: unknown relabel action "explode"/],
  ['an unknown key', 'target: x', /line 1: field target not found in type relabel\.plain/],
  ['a bad expression', 'regex: (x', /error parsing regexp: missing closing \): `\^\(\?s:\(x\)\$`/],
  ['an empty source label', "source_labels: ['']", /"" is not a valid label name/],
  ['a negative modulus', 'modulus: -1', /cannot unmarshal !!int `-1` into uint64/],
];
for (const [name, yaml, message] of refused) {
  test(`${name} is refused when it is read`, () => assert.throws(() => decodeYaml(yaml, relabelConfig), message));
}

const invalid: [yaml: string, message: string][] = [
  ['action: hashmod', 'relabel configuration for hashmod requires non-zero modulus'],
  ['action: keepequal', "relabel configuration for keepequal action requires 'target_label' value"],
  ['{action: lowercase, target_label: a, replacement: b}', "'replacement' can not be set for lowercase action"],
  ['{action: labelmap, replacement: ""}', '"" is invalid \'replacement\' for labelmap action'],
  ['{action: labeldrop, source_labels: []}', "labeldrop action requires only 'regex', and no other fields"],
  ['{action: labelkeep, separator: a}', "labelkeep action requires only 'regex', and no other fields"],
  [
    '{action: dropequal, target_label: a, regex: (.*)}',
    "dropequal action requires only 'source_labels' and `target_label`, and no other fields",
  ],
];
for (const [yaml, message] of invalid) {
  test(`${yaml} is refused`, () => {
    assert.throws(() => rules(`[${yaml.startsWith('{') ? yaml : `{${yaml}}`}]`), {
      name: 'YamlError',
      message: `line 1: [0]: ${message}`,
    });
  });
}

const applied: [name: string, yaml: string, input: Record<string, string>, want: Record<string, string> | undefined][] =
  [
    [
      'no match leaves everything',
      '{source_labels: [a], regex: x, target_label: b}',
      {a: 'y', b: '1'},
      {a: 'y', b: '1'},
    ],
    ['an empty result deletes', '{source_labels: [c], target_label: b}', {a: 'y', b: '1'}, {a: 'y'}],
    ['a blank replacement deletes', '{target_label: b, replacement: }', {a: 'y', b: '1'}, {a: 'y'}],
    ['missing labels are empty', '{source_labels: [x, y], regex: ;, action: keep}', {a: '1'}, {a: '1'}],
    ['$1a names a group', '{source_labels: [a], target_label: b, replacement: $1a}', {a: 'y'}, {a: 'y'}],
    [
      'the target may refer',
      '{source_labels: [a], target_label: "x_$1", replacement: v}',
      {a: 'y'},
      {a: 'y', x_y: 'v'},
    ],
    [
      'a name in a group',
      '{source_labels: [a], regex: "(?P<n>.).*", target_label: b, replacement: "${n}"}',
      {a: 'yz'},
      {a: 'yz', b: 'y'},
    ],
    [
      'labelmap keeps the old',
      '{action: labelmap, regex: m_(.*)}',
      {m_a: '1', m_m_b: '2'},
      {m_a: '1', m_m_b: '2', a: '1', m_b: '2'},
    ],
    ['labelkeep drops addresses too', '{action: labelkeep, regex: a}', {a: '1', __address__: 'x'}, {a: '1'}],
    ['actions in capitals', '{action: DROP, source_labels: [a], regex: "1"}', {a: '1'}, undefined],
    [
      'cases change as in Go',
      '{action: uppercase, source_labels: [a], target_label: b}',
      {a: 'straße'},
      {a: 'straße', b: 'STRAßE'},
    ],
    ['everything may go', '{action: labeldrop, regex: .*}', {a: '1'}, {}],
  ];
for (const [name, yaml, input, want] of applied) {
  test(name, () => {
    const result = relabel(Labels.fromObject(input), rules(`[${yaml}]`));
    assert.equal(result?.toString(), want && Labels.fromObject(want).toString());
  });
}

test('an empty item is refused by the name of its list', () => {
  assert.throws(
    () => decodeYaml('- action: labelmap\n-\n', relabelConfigs('alert relabeling rule')),
    /empty or null alert relabeling rule/,
  );
});

test('a target that is no legacy name is left alone under legacy names', () => {
  const config = validateRelabelConfig(
    makeRelabelConfig({sourceLabels: ['a'], targetLabel: '$1', replacement: 'x'}),
    'legacy',
  );
  assert.equal(relabel(Labels.fromObject({a: 'b.c'}), [config])?.get('b.c'), '');
  assert.equal(relabel(Labels.fromObject({a: 'bc'}), [config])?.get('bc'), 'x');
});

test('rules are printed as upstream prints them', () => {
  const yaml = `- source_labels: [a, b]
  separator: ;
  regex: x(.*)
  target_label: c
  replacement: $1
  action: replace
- separator: ;
  regex: m_(.*)
  replacement: $1
  action: labelmap
`;
  const configs = decodeYaml(yaml, relabelConfigs());
  assert.equal(writeYaml(relabelConfigs().encode(configs)), yaml);
});

test('any document is a rule or refused with YamlError', () => {
  const words = fc.constantFrom(
    'action',
    'replace',
    'regex',
    '(.*)',
    'modulus',
    '8',
    ': ',
    '\n',
    '- ',
    '[',
    ']',
    '{',
    '}',
    ', ',
    '"',
    '$1',
    '&a ',
    '*a',
    'source_labels',
    '!!binary ',
    '|',
    '<<',
  );
  fc.assert(
    fc.property(fc.array(words, {maxLength: 12}), (parts) => {
      try {
        decodeYaml(parts.join(''), relabelConfigs());
      } catch (error) {
        assert.ok(error instanceof YamlError, String(error));
      }
    }),
    {numRuns: 2000},
  );
});
