import assert from 'node:assert/strict';
import {test} from 'node:test';
import fc from 'fast-check';
import {KernelMemory} from '@narthex/kernels/kernel-memory.ts';
import {sortRanges} from './label-ranges.ts';

const memory = new KernelMemory({maximumBytes: 1 << 20});

type Pair = readonly [name: string, value: string];

/** Puts labels into the memory and says what the kernels and `sortRanges` think of them. */
function judge(pairs: readonly Pair[]) {
  const mark = memory.mark();
  const out = memory.alloc(16 * pairs.length);
  const texts = pairs.flat().map((text) => Buffer.from(text));
  const ranges: number[] = [];
  for (const text of texts) {
    // One byte apart, as in a request: where one text ends says nothing of the next.
    const at = memory.alloc(text.length + 1, 1) + 1;
    memory.u8.set(text, at);
    ranges.push(at, at + text.length);
  }
  memory.alloc(16);
  memory.u32.set(ranges, out / 4);
  memory.release(mark);
  const {kernels} = memory;
  return {
    isPlain: kernels.labelsArePlain(out, pairs.length) !== 0,
    rise: kernels.labelsRise(out, pairs.length) !== 0,
    ranges,
    sorted: sortRanges(memory.u8, ranges, pairs.length),
  };
}

const cases: [name: string, pairs: Pair[], isPlain: boolean][] = [
  ['a metric name alone', [['__name__', 'up']], true],
  [
    'a label behind it',
    [
      ['__name__', 'up'],
      ['job', 'a'],
    ],
    true,
  ],
  [
    'a name before it',
    [
      ['A', 'a'],
      ['__name__', 'up'],
    ],
    true,
  ],
  [
    'a name that begins as the one before',
    [
      ['__name__', 'up'],
      ['job', 'a'],
      ['job_', 'a'],
    ],
    true,
  ],
  [
    'an empty value',
    [
      ['__name__', 'up'],
      ['job', ''],
    ],
    true,
  ],
  ['no labels', [], false],
  ['no metric name', [['job', 'a']], false],
  ['an empty metric name', [['__name__', '']], false],
  [
    'names out of order',
    [
      ['job', 'a'],
      ['__name__', 'up'],
    ],
    false,
  ],
  [
    'a name twice',
    [
      ['__name__', 'up'],
      ['job', 'a'],
      ['job', 'a'],
    ],
    false,
  ],
  [
    'an empty name',
    [
      ['', 'a'],
      ['__name__', 'up'],
    ],
    false,
  ],
  [
    'more than ASCII',
    [
      ['__name__', 'up'],
      ['job', 'ü'],
    ],
    false,
  ],
];
for (const [name, pairs, isPlain] of cases) {
  test(`labels are plain or not: ${name}`, () => assert.equal(judge(pairs).isPlain, isPlain));
}

const name = fc.oneof(
  fc.constantFrom('__name__', '__name_', '__name__x', 'job'),
  fc.string({maxLength: 3, unit: fc.constantFrom('a', 'b', '_', 'ü')}),
);
const value = fc.string({maxLength: 20, unit: fc.constantFrom('a', 'b', '\x7f', 'ü')});
const pairs = fc.array(fc.tuple(name, value), {maxLength: 5});
const byName = ([a]: Pair, [b]: Pair): number => Buffer.compare(Buffer.from(a), Buffer.from(b));

test('plain labels are those that sorting leaves as they are', () => {
  const inOrder = pairs.map((list) => [...list].sort(byName));
  fc.assert(
    fc.property(fc.oneof(pairs, inOrder), (list) => {
      const {isPlain, rise, ranges, sorted} = judge(list);
      assert.equal(
        rise,
        list.every((pair, i) => i === 0 || byName(list[i - 1]!, pair) < 0),
      );
      const isAscii = list.flat().every((text) => /^[\0-\x7f]*$/.test(text));
      if (typeof sorted === 'string' || !isAscii || !rise) return assert.equal(isPlain, false);
      assert.equal(isPlain, true);
      const kept = ranges.filter((_, i) => list[Math.floor(i / 4)]![1] !== '');
      assert.deepEqual([...sorted.ranges.subarray(0, 4 * sorted.count)], kept);
    }),
    {numRuns: 1000},
  );
});
