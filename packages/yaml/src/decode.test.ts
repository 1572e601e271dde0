import assert from 'node:assert/strict';
import {test} from 'node:test';
import fc from 'fast-check';
import {compareKeys, list, map, stringMap} from './collections.ts';
import {located, nullable, refine} from './custom.ts';
import {decodeYaml, type DecodeOptions} from './decode.ts';
import {YamlError, YamlValueError} from './error.ts';
import {bool, bytes, duration, float, goDuration, int, oneOf, secret, string, uint, uint64} from './scalars.ts';
import {field, omitEmpty, optional, required, struct, unprinted} from './struct.ts';
import type {YamlType} from './type.ts';
import {writeYaml} from './write.ts';

const values: [yaml: string, type: YamlType<unknown>, want: unknown][] = [
  ['abc', string, 'abc'],
  ['12', string, '12'],
  ['yes', string, 'yes'],
  ['"a\\tb"', string, 'a\tb'],
  ['|\n a\n b\n', string, 'a\nb\n'],
  ['!!str 12', string, '12'],
  ['!!binary aGk=', string, 'hi'],
  ['!!binary /w==', string, '\udcff'],
  ['!vault x', string, 'x'],
  ['2001-01-01', string, '2001-01-01'],
  ['yes', bool, true],
  ['Off', bool, false],
  ['true', bool, true],
  ['12', int, 12],
  ['-0x1F', int, -31],
  ['0b101', int, 5],
  ['0755', int, 493],
  ['0o17', int, 15],
  ['08', int, 8],
  ['1_000', int, 1000],
  ['1e3', int, 1000],
  ['1.9', int, 1],
  ['0', uint, 0],
  ['18446744073709551615', uint, Number.MAX_SAFE_INTEGER],
  ['-9007199254740993', int, -Number.MAX_SAFE_INTEGER],
  ['18446744073709551615', uint64, 18446744073709551615n],
  ['1.5', float, 1.5],
  ['3', float, 3],
  ['.inf', float, Infinity],
  ['-.Inf', float, -Infinity],
  ['.nan', float, NaN],
  ['!!float 3', float, 3],
  ['1h30m', duration, 5_400_000],
  ['0', duration, 0],
  ['1.5s', goDuration, 1500],
  ['512MB', bytes, 512 * 2 ** 20],
  ['[a, b]', list(string), ['a', 'b']],
  ['- a\n-\n- c', list(string), ['a', '', 'c']],
  ['[1, ~]', list(nullable(int)), [1, null]],
  [
    '{a: 1, b: 2}',
    map(int),
    new Map([
      ['a', 1],
      ['b', 2],
    ]),
  ],
  [
    '{1: x, yes: y}',
    stringMap,
    new Map([
      ['1', 'x'],
      ['yes', 'y'],
    ]),
  ],
  ['', string, ''],
  ['# nothing', list(string), []],
  ['---\na\n...', string, 'a'],
  ['\ufeffa', string, 'a'],
  ['a\n---\n', string, 'a'],
  ['[&x a, *x]', list(string), ['a', 'a']],
];
for (const [yaml, type, want] of values) {
  test(`${JSON.stringify(yaml)} as ${type.goType}`, () => assert.deepEqual(decodeYaml(yaml, type), want));
}

const refused: [yaml: string, type: YamlType<unknown>, message: string][] = [
  ['abc', int, 'line 1: cannot unmarshal !!str `abc` into int'],
  ['abcdefghijkl', int, 'line 1: cannot unmarshal !!str `abcdefg...` into int'],
  ['"12"', int, 'line 1: cannot unmarshal !!str `12` into int'],
  ['yes', int, 'line 1: cannot unmarshal !!bool `yes` into int'],
  ['1.5', bool, 'line 1: cannot unmarshal !!float `1.5` into bool'],
  ['-1', uint, 'line 1: cannot unmarshal !!int `-1` into uint'],
  ['18446744073709551616', uint64, 'line 1: cannot unmarshal !!float `1844674...` into uint64'],
  ['9223372036854775808', int, 'line 1: cannot unmarshal !!int `9223372...` into int'],
  ['.inf', int, 'line 1: cannot unmarshal !!float `.inf` into int'],
  ['2001-01-01', int, 'line 1: cannot unmarshal !!timestamp `2001-01-01` into int'],
  ['[a]', string, 'line 1: cannot unmarshal !!seq into string'],
  ['{a: b}', list(string), 'line 1: cannot unmarshal !!map into []string'],
  ['abc', list(map(int)), 'line 1: cannot unmarshal !!str `abc` into []map[string]int'],
  ['- 1\n- x', list(int), 'line 2: cannot unmarshal !!str `x` into int (at [1])'],
  ['a: {b c: x}', map(map(int)), 'line 1: cannot unmarshal !!str `x` into int (at a."b c")'],
  ['a: 1\nb: 2\na: 3', map(int), 'line 3: key "a" already set in map'],
  ['[a]: 1', map(int), 'line 1: cannot unmarshal !!seq into string'],
  ['<<: 1', map(int), 'line 1: map merge requires map or sequence of maps as the value'],
];
for (const [yaml, type, message] of refused) {
  test(`${JSON.stringify(yaml)} is no ${type.goType}`, () => {
    assert.throws(() => decodeYaml(yaml, type), {name: 'YamlError', message: `yaml: unmarshal errors:\n  ${message}`});
  });
}

const job = struct(
  'config.plain',
  {
    job_name: required(string),
    scrape_interval: field(duration, 60_000),
    honor_labels: field(bool),
    mode: field(oneOf(['fast', 'slow']), 'fast'),
    password: field(secret),
    proxy_url: optional(string),
    labels: field(stringMap),
  },
  {goType: '*config.ScrapeConfig'},
);
const config = struct('config.plain', {
  jobs: field(list(job)),
  retention: omitEmpty(field(duration, 5000)),
  note: unprinted(field(string)),
});

test('a struct has its defaults, and its keys in camel case', () => {
  assert.deepEqual(decodeYaml('jobs: [{job_name: a}]', config), {
    jobs: [
      {
        jobName: 'a',
        scrapeInterval: 60_000,
        honorLabels: false,
        mode: 'fast',
        password: '',
        proxyUrl: undefined,
        labels: new Map(),
      },
    ],
    retention: 5000,
    note: '',
  });
});

const nulls = 'jobs: [{job_name: a, scrape_interval: , honor_labels: ~, proxy_url: null, mode:}]';
test('null is the zero value in v2', () => {
  const [{scrapeInterval, proxyUrl, mode}] = decodeYaml(nulls.replace('mode:', 'mode: null'), config).jobs;
  assert.deepEqual([scrapeInterval, proxyUrl, mode], [0, undefined, '']);
});
test('null is the default in v3', () => {
  const [{scrapeInterval, proxyUrl, mode}] = decodeYaml(nulls.replace('mode:', 'mode: null'), config, {
    dialect: 'v3',
  }).jobs;
  assert.deepEqual([scrapeInterval, proxyUrl, mode], [60_000, undefined, 'fast']);
});

test('a struct prints what is set, secrets hidden', () => {
  const value = decodeYaml('{jobs: [{job_name: a, password: x, labels: {b: c}}], note: y}', config);
  assert.equal(
    writeYaml(config.encode(value)),
    'jobs:\n- job_name: a\n  scrape_interval: 1m\n  mode: fast\n  password: <secret>\n  labels:\n    b: c\nretention: 5s\n',
  );
});

test('every problem is told with file, line, key and what was expected', () => {
  const yaml = `jobs:
- job_nam: a
  scrape_interval: 5x
- job_name: b
  honor_labels: "true"
  mode: medium
  labels: {a: 1, a: 2}
  job_name: c
`;
  assert.throws(() => decodeYaml(yaml, config, {file: 'p.yml'}), {
    name: 'YamlError',
    message: `p.yml:2: yaml: unmarshal errors:
  line 2: field job_nam not found in type config.plain, did you mean job_name? (at jobs[0])
  line 2: jobs[0].job_name: missing key job_name
  line 3: jobs[0].scrape_interval: unknown unit "x" in duration "5x"
  line 5: cannot unmarshal !!str \`true\` into bool (at jobs[1].honor_labels)
  line 6: jobs[1].mode: unknown value "medium", expected one of fast, slow
  line 7: key "a" already set in map (at jobs[1].labels)
  line 8: field job_name already set in type config.plain (at jobs[1])`,
  });
});

const wordings: [yaml: string, options: DecodeOptions, message: string][] = [
  ['retention: 5x', {}, 'line 1: retention: unknown unit "x" in duration "5x"'],
  ['retention: 5x', {file: 'a.yml'}, 'a.yml:1: retention: unknown unit "x" in duration "5x"'],
  ['a: [', {file: 'a.yml'}, "a.yml:1: yaml: line 1: did not find expected ',' or ']'"],
  [
    'jobs: x',
    {},
    'yaml: unmarshal errors:\n  line 1: cannot unmarshal !!str `x` into []*config.ScrapeConfig (at jobs)',
  ],
  ['jobs: [x]', {}, 'yaml: unmarshal errors:\n  line 1: cannot unmarshal !!str `x` into config.plain (at jobs[0])'],
  ['a: 1', {}, 'yaml: unmarshal errors:\n  line 1: field a not found in type config.plain'],
  [
    'note: a\nnote: b',
    {dialect: 'v3'},
    'yaml: unmarshal errors:\n  line 2: mapping key "note" already defined at line 1',
  ],
  ['{}\n---\n{}', {}, 'yaml: line 3: found another document, expected a single one'],
  [
    'x: 1\nx: 2',
    {},
    'yaml: unmarshal errors:\n  line 1: field x not found in type config.plain\n  line 2: field x not found in type config.plain',
  ],
  ['note: a: b', {}, 'yaml: line 1: mapping values are not allowed in this context'],
  ['note: - b', {}, 'yaml: line 1: block sequence entries are not allowed in this context'],
  ['note: @b', {}, 'yaml: line 1: found character that cannot start any token'],
  ['note: "\\q"', {}, 'yaml: line 1: found unknown escape character'],
  ['note: "', {}, 'yaml: line 1: found unexpected end of stream'],
  ['jobs:\n  - a: b\n note: a', {}, 'yaml: line 3: did not find expected key'],
  ['jobs: [\nnote: a', {}, "yaml: line 2: did not find expected ',' or ']'"],
  ['note: !!int b', {}, 'yaml: line 1: cannot decode !!str `b` as a !!int'],
  [
    'jobs: !!str [a]',
    {},
    'yaml: unmarshal errors:\n  line 1: cannot unmarshal !!str `a` into config.plain (at jobs[0])',
  ],
  ['a: *x', {}, "yaml: line 1: unknown anchor 'x' referenced"],
  ['a: &x [*x]', {}, "yaml: line 1: anchor 'x' value contains itself"],
  ['note: !!binary "a"', {}, 'line 1: note: !!binary value contains invalid base64 data'],
];
for (const [yaml, options, message] of wordings) {
  test(`${JSON.stringify(yaml)} is refused in upstream’s words`, () => {
    assert.throws(() => decodeYaml(yaml, config, options), {name: 'YamlError', message});
  });
}

test('unknown and repeated keys pass where they may', () => {
  assert.equal(decodeYaml('{note: a, other: 1, note: b}', config, {strict: false}).note, 'a');
});

test('merge keys fill what is missing, the first merged mapping first', () => {
  const yaml = 'a: &a {x: 1, y: 1}\nb: &b {y: 2, z: 2}\nc: {<<: [*b, *a], z: 3}\nd: {<<: *a}\n';
  const c = decodeYaml(yaml, map(map(int))).get('c');
  assert.deepEqual(
    c,
    new Map([
      ['z', 3],
      ['y', 2],
      ['x', 1],
    ]),
  );
});

test('a check refuses a struct at its place, and its own bugs are not hidden', () => {
  const refusing = struct(
    't',
    {a: field(int)},
    {
      check: ({a}) => {
        if (a > 1) throw new YamlValueError(`a is ${a}`);
        return a;
      },
    },
  );
  assert.equal(decodeYaml('a: 1', refusing), 1);
  assert.throws(() => decodeYaml('x:\n- a: 2', map(list(refusing))), {message: 'line 2: x[0]: a is 2'});
  const broken = refine(
    string,
    (): string => {
      throw new TypeError('bug');
    },
    String,
  );
  assert.throws(() => decodeYaml('a', broken), TypeError);
});

test('places are known where they are asked for', () => {
  const [, second, third, fourth] = decodeYaml('- a\n-   "b"\n- &x !!str b\n- |- # c\n\n  b\n', list(located(string)));
  assert.deepEqual(second, {value: 'b', line: 2, column: 5});
  assert.deepEqual(third, {value: 'b', line: 3, column: 4});
  assert.deepEqual(fourth, {value: '\nb', line: 4, column: 3});
});

test('aliases cannot multiply a document', () => {
  const lines = ['a0: &a0 [x, x, x, x, x, x, x, x, x, x]'];
  for (let i = 1; i < 9; i++)
    lines.push(
      `a${i}: &a${i} [${Array(10)
        .fill(`*a${i - 1}`)
        .join(', ')}]`,
    );
  let deep: YamlType<unknown> = list(string);
  for (let i = 1; i < 9; i++) deep = list(deep);
  const bomb = struct('t', {a8: field(deep)});
  assert.throws(() => decodeYaml(lines.join('\n'), bomb, {strict: false}), /document contains excessive aliasing/);
  const merges = ['a0: &a0 {x: 1}'];
  for (let i = 1; i < 30; i++) merges.push(`a${i}: &a${i} {<<: [*a${i - 1}, *a${i - 1}]}`);
  assert.throws(() => decodeYaml(merges.join('\n'), map(stringMap)), /document contains excessive aliasing/);
  const chain = ['a0: &a0 {x: 1}'];
  for (let i = 1; i < 20_000; i++) chain.push(`a${i}: &a${i} {<<: *a${i - 1}}`);
  const last = struct('t', {a19999: field(stringMap)});
  assert.throws(
    () => decodeYaml(chain.join('\n'), last, {strict: false}),
    /more than 100 mappings merged into each other/,
  );
});

test('a hundred problems are enough', () => {
  const yaml = Array.from({length: 200_000}, (_, i) => `not${i}: 1`).join('\n');
  assert.throws(
    () => decodeYaml(yaml, config),
    (error) => error instanceof YamlError && error.problems.length === 100,
  );
});

test('depth and length are bounded', () => {
  assert.throws(() => decodeYaml('['.repeat(5000), string), YamlError);
  assert.throws(() => decodeYaml('a'.repeat(100), string, {lengthMax: 99}), /too long/);
});

const orders: [a: string, b: string][] = [
  ['a', 'b'],
  ['a2', 'a10'],
  ['a', 'a1'],
  ['a1b', 'ab'],
  ['_1_', '_10'],
  ['_1a', '_5'],
  ['_5', '_10'],
  ['_1a', '_10'],
  ['B', 'a'],
  ['_a', 'a'],
  ['a1', 'a1_'],
  ['a9', 'a10'],
];
for (const [a, b] of orders) {
  test(`${a} is printed before ${b}`, () => {
    assert.ok(compareKeys(a, b) < 0);
    assert.ok(compareKeys(b, a) > 0);
  });
}

const pieces = fc.constantFrom(
  'jobs',
  'job_name',
  'labels',
  'scrape_interval',
  '5m',
  ': ',
  ':',
  '\n',
  '\n  ',
  '- ',
  '-',
  '[',
  ']',
  '{',
  '}',
  ', ',
  '"',
  "'",
  '&a ',
  '*a',
  '<<',
  '!!int ',
  '!!binary ',
  '!<x> ',
  '|\n',
  '>-\n',
  '# ',
  '? ',
  '---\n',
  '...\n',
  '%YAML 1.1\n',
  '~',
  '0x',
  '\t',
  '😀',
  '\u0000',
  '\ud800',
  '\\x',
);
test('any text is decoded or refused with YamlError', () => {
  fc.assert(
    fc.property(fc.array(pieces, {maxLength: 20}), fc.constantFrom('v2' as const, 'v3' as const), (parts, dialect) => {
      try {
        decodeYaml(parts.join(''), config, {dialect});
      } catch (error) {
        assert.ok(error instanceof YamlError, String(error));
        assert.ok(error.problems.length > 0 && error.problems.every(({line}) => line >= 1));
      }
    }),
    {numRuns: 5000},
  );
});
