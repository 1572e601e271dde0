import {KernelMemory, MemoryLimitError} from '@narthex/kernels/kernel-memory.ts';
import {Matcher, type MatchType} from '@narthex/model/matcher.ts';
import assert from 'node:assert/strict';
import {test} from 'node:test';
import fc from 'fast-check';
import {IndexReader} from './index-reader.ts';
import {Selector} from './select.ts';
import {TestIndex} from './testing.ts';

type LabelMap = ReadonlyMap<string, string>;
const flat = (labels: LabelMap): string[] => [...labels].sort(([a], [b]) => (a < b ? -1 : 1)).flat();

/** The obvious way: every series, every matcher. */
const reference = (series: readonly LabelMap[], matchers: readonly Matcher[]): number[] =>
  [...series.keys()].filter((i) => matchers.every((m) => m.matches(series[i].get(m.name) ?? '')));

class Selection {
  readonly index = new TestIndex();
  readonly memory = new KernelMemory({maximumBytes: 64 << 20});
  readonly reader = new IndexReader(this.index.arena);
  readonly selector = new Selector(this.reader, this.memory);

  select(matchers: readonly Matcher[]): number[] {
    const mark = this.memory.mark();
    const list = this.selector.select(matchers);
    const slots = [...list.values()];
    assert.equal(this.memory.mark() - mark, Math.ceil((slots.length * 4) / 4) * 4, 'nothing else is left in memory');
    this.memory.release(mark);
    return slots;
  }
}

// Upstream's tsdb/querier_test.go TestPostingsForMatchers has this shape of data; the cases are our own.
const series: LabelMap[] = [
  {n: '1'},
  {n: '1', i: 'a'},
  {n: '1', i: 'b'},
  {n: '1', i: '\n'},
  {n: '2'},
  {n: '2.5'},
  {i: 'a'},
].map((labels) => new Map(Object.entries(labels)));

const cases: [matchers: [type: MatchType, name: string, value: string][], want: number[]][] = [
  [[], [0, 1, 2, 3, 4, 5, 6]],
  [[['=', 'n', '1']], [0, 1, 2, 3]],
  [
    [
      ['=', 'n', '1'],
      ['=', 'i', 'a'],
    ],
    [1],
  ],
  [
    [
      ['=', 'n', '1'],
      ['=', 'i', 'missing'],
    ],
    [],
  ],
  [[['=', 'missing', '']], [0, 1, 2, 3, 4, 5, 6]],
  [[['=', 'missing', 'x']], []],
  [[['!=', 'missing', '']], []],
  [[['!=', 'missing', 'x']], [0, 1, 2, 3, 4, 5, 6]],
  [[['=~', 'missing', '.+']], []],
  [[['=~', 'missing', '.*']], [0, 1, 2, 3, 4, 5, 6]],
  [[['=', 'i', '']], [0, 4, 5]],
  [[['!=', 'i', '']], [1, 2, 3, 6]],
  [[['=~', 'i', '']], [0, 4, 5]],
  [[['!~', 'i', '']], [1, 2, 3, 6]],
  [[['!=', 'n', '1']], [4, 5, 6]],
  [
    [
      ['!=', 'n', '1'],
      ['!=', 'n', ''],
    ],
    [4, 5],
  ],
  [
    [
      ['=', 'n', '1'],
      ['!=', 'i', 'a'],
    ],
    [0, 2, 3],
  ],
  [
    [
      ['=', 'n', '1'],
      ['!=', 'i', ''],
    ],
    [1, 2, 3],
  ],
  [[['=~', 'n', '1|2']], [0, 1, 2, 3, 4]],
  [[['=~', 'n', '2.*']], [4, 5]],
  [[['=~', 'n', '2']], [4]],
  [[['!~', 'n', '1|2']], [5, 6]],
  [[['!~', 'n', '2.*']], [0, 1, 2, 3, 6]],
  [[['=~', 'i', '.*']], [0, 1, 2, 3, 4, 5, 6]],
  [[['!~', 'i', '.*']], []],
  [[['=~', 'i', '.+']], [1, 2, 3, 6]],
  [[['!~', 'i', '.+']], [0, 4, 5]],
  [[['=~', 'i', 'a?']], [0, 1, 4, 5, 6]],
  [[['!~', 'i', 'a?']], [2, 3]],
  [[['=~', 'i', 'a|']], [0, 1, 4, 5, 6]],
  [[['!~', 'i', 'a|']], [2, 3]],
  [
    [
      ['=~', 'n', '.+'],
      ['=~', 'i', '.+'],
    ],
    [1, 2, 3],
  ],
  [
    [
      ['=~', 'n', '.*'],
      ['!=', 'i', 'b'],
      ['=~', 'i', 'a|b|\n'],
    ],
    [1, 3, 6],
  ],
  [[['=~', 'i', '.']], [1, 2, 3, 6]],
  [
    [
      ['=', 'n', '1'],
      ['=', 'n', '2'],
    ],
    [],
  ],
  [
    [
      ['=~', 'n', '[0-9]'],
      ['!~', 'i', '[a-c]'],
    ],
    [0, 3, 4],
  ],
];

for (const [matchers, want] of cases) {
  const list = matchers.map(([type, name, value]) => new Matcher(type, name, value));
  test(`{${list.join(', ')}}`, () => {
    const selection = new Selection();
    for (const labels of series) selection.index.add(flat(labels));
    assert.deepEqual(reference(series, list), want, 'the table is wrong');
    assert.deepEqual(selection.select(list), want);
    assert.deepEqual(selection.select(list), want, 'with cached verdicts');
  });
}

const name = fc.constantFrom('__name__', 'a', 'b', 'c', 'é');
const value = fc.constantFrom('', 'x', 'y', 'xy', 'z1', 'z2', 'z30', 'ünï', 'UP');
const labels = fc.dictionary(name, value, {maxKeys: 5}).map((pairs) => new Map(Object.entries(pairs)));
const pattern = fc.constantFrom(
  '.*',
  '.+',
  '',
  'x|y',
  'x.*',
  '.*y',
  'z[0-9]+',
  'x?',
  '|x',
  '(?i)up',
  'nothing',
  '.',
  'z.|x',
);
const matcher = fc.oneof(
  fc.record({type: fc.constantFrom('=', '!=') as fc.Arbitrary<MatchType>, name, value}),
  fc.record({type: fc.constantFrom('=~', '!~') as fc.Arbitrary<MatchType>, name, value: pattern}),
);
const matcherList = fc
  .array(matcher, {maxLength: 4})
  .map((list) => list.map((m) => new Matcher(m.type, m.name, m.value)));

test('agrees with asking each series, few and many of them', () => {
  const setups = fc.tuple(
    fc.uniqueArray(labels, {maxLength: 150, selector: (labels) => JSON.stringify(flat(withoutEmpty(labels)))}),
    fc.constantFrom(1, 40),
    fc.array(matcherList, {minLength: 1, maxLength: 8}),
  );
  fc.assert(
    fc.property(setups, ([distinct, copies, queries]) => {
      const selection = new Selection();
      // Copies differ in a label of their own, which makes a name with many values.
      const all = distinct.flatMap((labels) =>
        Array.from({length: copies}, (_, i) => new Map([...withoutEmpty(labels), ['id', `id-${i}`]])),
      );
      for (const [i, labels] of all.entries()) assert.equal(selection.index.add(flat(labels)), i);
      for (const matchers of queries) assert.deepEqual(selection.select(matchers), reference(all, matchers));
      for (const text of ['id-1.', 'id-.*', 'id-[0-3]', '.+']) {
        const matchers = [new Matcher('=~', 'id', text), ...queries[0]];
        assert.deepEqual(selection.select(matchers), reference(all, matchers));
      }
    }),
    {numRuns: 60},
  );
});

function withoutEmpty(labels: LabelMap): Map<string, string> {
  return new Map([...labels].filter(([, value]) => value !== ''));
}

test('values that appear later are asked about, too', () => {
  const selection = new Selection();
  const matchers = [new Matcher('=~', 'a', 'v.*[13]')];
  for (let i = 0; i < 100; i++) {
    selection.index.add(['a', `v${i}`]);
    const want = Array.from({length: i + 1}, (_, k) => k).filter((k) => /^v.*[13]$/.test(`v${k}`));
    assert.deepEqual(selection.select(matchers), want);
  }
});

test('long lists meet in the right places', () => {
  const selection = new Selection();
  const all: LabelMap[] = [];
  for (let i = 0; i < 50_000; i++) {
    const labels = new Map([
      ['every', 'one'],
      ['id', String(i)],
      ['odd', String(i % 2)],
      ['third', String(i % 3)],
    ]);
    all.push(labels);
    selection.index.add(flat(labels));
  }
  const queries: [MatchType, string, string][][] = [
    [['=', 'every', 'one']],
    [
      ['=', 'odd', '1'],
      ['=', 'third', '0'],
    ],
    [
      ['=', 'odd', '1'],
      ['!=', 'third', '0'],
    ],
    [
      ['=', 'odd', '1'],
      ['=', 'id', '49999'],
    ],
    [['=~', 'id', '16383|16384|16385|32768|49999']],
    [
      ['=~', 'id', '1638[0-9]'],
      ['!=', 'id', '16384'],
    ],
    [
      ['!=', 'odd', '1'],
      ['!=', 'third', '1'],
      ['!=', 'third', '2'],
    ],
    [
      ['=~', 'odd', '0|1'],
      ['=~', 'third', '1|2'],
    ],
    [
      ['=~', 'id', '.*7.*'],
      ['=~', 'every', '.+'],
    ],
  ];
  for (const query of queries) {
    const matchers = query.map(([type, name, value]) => new Matcher(type, name, value));
    assert.deepEqual(selection.select(matchers), reference(all, matchers), matchers.join());
  }
});

test('a select that takes long can be given up', () => {
  const index = new TestIndex();
  for (let i = 0; i < 5000; i++) index.add(['id', `value ${i}`]);
  const memory = new KernelMemory({maximumBytes: 1 << 20});
  const giveUp = (): never => {
    throw new Error('canceled');
  };
  const selector = new Selector(new IndexReader(index.arena), memory, giveUp);
  assert.throws(() => selector.select([new Matcher('=~', 'id', '.*[13]')]), /canceled/);
  assert.equal(selector.select([new Matcher('=', 'id', 'value 7')]).count, 1);
});

test('a select that needs more than its memory says so', () => {
  const index = new TestIndex();
  for (let i = 0; i < 30_000; i++) index.add(['id', `value ${i}`]);
  const memory = new KernelMemory({maximumBytes: 1 << 16});
  const selector = new Selector(new IndexReader(index.arena), memory);
  assert.throws(() => selector.select([]), MemoryLimitError);
});
