import {KernelMemory} from '@narthex/kernels/kernel-memory.ts';
import {compareUtf8} from '@narthex/model/utf8.ts';
import {Matcher} from '@narthex/model/matcher.ts';
import assert from 'node:assert/strict';
import {test} from 'node:test';
import fc from 'fast-check';
import {IndexReader} from './index-reader.ts';
import {LabelLists} from './label-lists.ts';
import {Selector} from './select.ts';
import {SymbolSorter} from './sort-symbols.ts';
import {TestIndex} from './testing.ts';

function lists(index: TestIndex): LabelLists {
  const memory = new KernelMemory({maximumBytes: 16 << 20});
  const reader = new IndexReader(index.arena);
  return new LabelLists(reader, memory, new Selector(reader, memory));
}

const series = [
  ['__name__', 'up', 'instance', 'b', 'job', 'api'],
  ['__name__', 'up', 'instance', 'a', 'job', 'api'],
  ['__name__', 'up', 'instance', 'a', 'job', 'web'],
  ['__name__', 'go_info', 'instance', 'a', 'job', 'web', 'version', '1.2'],
];

const make = (): LabelLists => {
  const index = new TestIndex();
  for (const labels of series) index.add(labels);
  return lists(index);
};

const up = new Matcher('=', '__name__', 'up');
const nameCases: [matchers: Matcher[], limit: number, want: string[]][] = [
  [[], 0, ['__name__', 'instance', 'job', 'version']],
  [[], 2, ['__name__', 'instance']],
  [[up], 0, ['__name__', 'instance', 'job']],
  [[new Matcher('=', 'version', '1.2')], 0, ['__name__', 'instance', 'job', 'version']],
  [[new Matcher('=', 'job', 'nobody')], 0, []],
];
for (const [matchers, limit, want] of nameCases) {
  test(`names of {${matchers.join()}}, limit ${limit}`, () => {
    const lists = make();
    assert.deepEqual(lists.texts(lists.names(matchers, limit)), want);
  });
}

const valueCases: [name: string, matchers: Matcher[], limit: number, want: string[]][] = [
  ['instance', [], 0, ['a', 'b']],
  ['instance', [], 1, ['a']],
  ['job', [up], 0, ['api', 'web']],
  ['instance', [new Matcher('=', 'job', 'web')], 0, ['a']],
  ['__name__', [new Matcher('=~', '__name__', '.*p')], 0, ['up']],
  ['__name__', [new Matcher('!~', '__name__', 'u.'), new Matcher('!=', '__name__', 'x')], 0, ['go_info']],
  ['version', [up], 0, []],
  ['api', [], 0, []],
  ['missing', [], 0, []],
];
for (const [name, matchers, limit, want] of valueCases) {
  test(`values of ${name} of {${matchers.join()}}, limit ${limit}`, () => {
    const lists = make();
    assert.deepEqual(lists.texts(lists.values(name, matchers, limit)), want);
  });
}

test('texts with a long beginning in common sort without a deep stack', () => {
  const index = new TestIndex(64);
  const texts = Array.from({length: 400}, (_, i) => 'x'.repeat(i * 160) + String.fromCharCode(97 + (i % 26)));
  texts.push('x'.repeat(200_000), `${'x'.repeat(200_000)}y`);
  for (const text of texts) index.add(['long', text]);
  const sorted = lists(index);
  const got = sorted.texts(sorted.values('long', [], 0));
  assert.ok(got.join() === texts.toSorted().join(), 'not in order');
});

test('symbols sort by the bytes of their texts', () => {
  const piece = fc.oneof(
    fc.string({maxLength: 6}),
    fc.constantFrom('aaaa', 'aaaaaaa', '\0', 'a\0\0\0', '😀', '\uffff', 'ab'),
  );
  const text = fc.array(piece, {maxLength: 4}).map((pieces) => pieces.join('').toWellFormed());
  fc.assert(
    fc.property(fc.uniqueArray(text, {maxLength: 200}), (texts) => {
      const index = new TestIndex(8);
      const memory = new KernelMemory({maximumBytes: 1 << 20});
      const reader = new IndexReader(index.arena);
      const bytes = texts.map((text) => Buffer.from(text));
      const symbols = bytes.map((b) => {
        const {symbols} = index.writer;
        return symbols.intern(symbols.hash(b, 0, b.length), b, 0, b.length);
      });
      const address = memory.alloc(symbols.length * 4);
      memory.u32.set(symbols, address >>> 2);
      new SymbolSorter(index.arena, reader.symbols, memory).sort(address, symbols.length);
      const got = [...memory.u32.subarray(address >>> 2, (address >>> 2) + symbols.length)];
      assert.deepEqual(
        got.map((symbol) => reader.symbols.text(symbol)),
        texts.toSorted(compareUtf8),
      );
    }),
    {numRuns: 100},
  );
});
