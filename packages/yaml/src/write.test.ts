import assert from 'node:assert/strict';
import {test} from 'node:test';
import fc from 'fast-check';
import {list, map, stringMap} from './collections.ts';
import {decodeYaml} from './decode.ts';
import {string} from './scalars.ts';
import {flow, writeYaml, yamlFloat, type YamlValue} from './write.ts';

/** What a server of upstream's printed for these texts. */
const strings: [text: string, printed: string][] = [
  ['', '""'],
  ['x: y', "'x: y'"],
  ['a:', "'a:'"],
  [':a', ':a'],
  ['a:b', 'a:b'],
  ['a #b', "'a #b'"],
  ['a#b', 'a#b'],
  ['- a', "'- a'"],
  ['-a', '-a'],
  ['-', "'-'"],
  ['?a', '?a'],
  ['*a', "'*a'"],
  ['&a', "'&a'"],
  ['@a', "'@a'"],
  ['`a', "'`a'"],
  ['%a', "'%a'"],
  ['|a', "'|a'"],
  ['!a', "'!a'"],
  [',a', "',a'"],
  ['[a', "'[a'"],
  ['a]', 'a]'],
  ['{{ $x }}', "'{{ $x }}'"],
  ['a\\b', 'a\\b'],
  ['a "quoted" b', 'a "quoted" b'],
  ['"quoted"', `'"quoted"'`],
  ["it's", "it's"],
  ["'it's", "'''it''s'"],
  [' lead', "' lead'"],
  ['trail ', "'trail '"],
  ['.', '.'],
  ['...', "'...'"],
  ['---', "'---'"],
  ['=', '='],
  ['<<', '<<'],
  ['+', '+'],
  ['1.2.3', '1.2.3'],
  ['10', '"10"'],
  ['+1', '"+1"'],
  ['1e3', '"1e3"'],
  ['1.5', '"1.5"'],
  ['0x1f', '"0x1f"'],
  ['017', '"017"'],
  ['1_000', '"1_000"'],
  ['.inf', '".inf"'],
  ['12:30:45', '"12:30:45"'],
  ['190:20:30.15', '"190:20:30.15"'],
  ['2001-01-01', '"2001-01-01"'],
  ['yes', '"yes"'],
  ['n', '"n"'],
  ['~', '"~"'],
  ['null', '"null"'],
  ['a\x01b', '"a\\x01b"'],
  ['a\tb', '"a\\tb"'],
  ['é😀', '"é\\U0001F600"'],
  ['a\u00a0b', 'a\u00a0b'],
  ['a \nb', '"a \\nb"'],
  ['a\nb\n', '|\n  a\n  b'],
  ['a\n b', '|-\n  a\n   b'],
  [' a\nb\n\n', '|2+\n   a\n  b\n'],
];
for (const [text, printed] of strings) {
  test(`prints ${JSON.stringify(text)} as upstream does`, () => {
    assert.equal(writeYaml(new Map([['k', text]])), `k: ${printed}\n`);
  });
}

test('long texts fold after 80 columns', () => {
  const words =
    'is a very long value with many words that goes on and on until it is well past the eighty columns of width';
  const labels = new Map([
    ['long', `this ${words}`],
    ['longd', `12 this\t${words.replace('words ', 'words  ')}`],
    ['longq', `this: ${words}`],
  ]);
  assert.equal(
    writeYaml(new Map([['global', new Map([['external_labels', labels]])]])),
    `global:
  external_labels:
    long: this is a very long value with many words that goes on and on until it is
      well past the eighty columns of width
    longd: "12 this\\tis a very long value with many words  that goes on and on until
      it is well past the eighty columns of width"
    longq: 'this: is a very long value with many words that goes on and on until it
      is well past the eighty columns of width'
`,
  );
});

const mapping = (entries: Record<string, YamlValue>): YamlValue => new Map(Object.entries(entries));

const structures: [name: string, value: YamlValue, printed: string][] = [
  ['lists under keys', mapping({a: ['x', 'y']}), 'a:\n- x\n- "y"\n'],
  ['mappings in lists', mapping({a: [mapping({b: 1, c: [mapping({d: true})]})]}), 'a:\n- b: 1\n  c:\n  - d: true\n'],
  ['lists in lists', [['a'], ['b', ['c']]], '- - a\n- - b\n  - - c\n'],
  ['empty ones', mapping({a: [], b: mapping({}), c: null}), 'a: []\nb: {}\nc: null\n'],
  ['lists on one line', mapping({a: flow(['x', '[y', 'z,w', 'u:v', ''])}), "a: [x, '[y', 'z,w', 'u:v', \"\"]\n"],
  ['floats', [1.5, 1e6, Infinity, NaN].map(yamlFloat), '- 1.5\n- 1e+06\n- +.inf\n- .nan\n'],
  ['whole numbers', [12, 18446744073709551615n, -3], '- 12\n- 18446744073709551615\n- -3\n'],
  ['a scalar alone', 'x', 'x\n'],
];
for (const [name, value, printed] of structures) test(`prints ${name}`, () => assert.equal(writeYaml(value), printed));

test('a long list on one line breaks between items', () => {
  const names = [
    '__address__',
    '__meta_kubernetes_service_annotation_prometheus_io_port',
    '__meta_kubernetes_service_annotation',
  ];
  assert.equal(
    writeYaml(mapping({scrape_configs: [mapping({relabel_configs: [mapping({source_labels: flow(names)})]})]})),
    `scrape_configs:
- relabel_configs:
  - source_labels: [__address__, __meta_kubernetes_service_annotation_prometheus_io_port,
      __meta_kubernetes_service_annotation]
`,
  );
});

const characters = fc.oneof(
  fc.constantFrom(...' \n\t:#-?,[]{}&*!|>\'"%@`~.0123456789abnye_+=\\é😀\u0085\u2028\ufeff'),
  fc.string({unit: 'grapheme', minLength: 1, maxLength: 1}),
);
const texts = fc.oneof(
  fc.array(characters, {maxLength: 12}).map((chars) => chars.join('')),
  fc
    .array(fc.constantFrom('word', ' ', '  ', ': ', 'x', '"', '\t', "'", ' #'), {maxLength: 60})
    .map((chars) => chars.join('')),
);

test('what is printed reads back the same', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(texts, fc.array(texts, {maxLength: 3})), {maxLength: 3}), (entries) => {
      const value = new Map(entries);
      const type = map(list(string));
      assert.deepEqual(decodeYaml(writeYaml(type.encode(value)), type), value);
      const flat = new Map(entries.map(([key, items]) => [key, items.join('')]));
      assert.deepEqual(decodeYaml(writeYaml(stringMap.encode(flat)), stringMap), flat);
    }),
    {numRuns: 3000},
  );
});
