import assert from 'node:assert/strict';
import {test} from 'node:test';
import * as fc from 'fast-check';
import {TestMemory} from './testing.ts';

const memory = new TestMemory();
const {kernels} = memory;

type Pairwise = 'postingsIntersect' | 'postingsSubtract' | 'postingsUnion';

/** Runs a kernel of two lists; `onto` makes a list its own target. */
function run(kernel: Pairwise, a: readonly number[], b: readonly number[], onto?: 'a' | 'b'): number[] {
  return memory.scoped(() => {
    const [atA, atB] = [memory.putWords(a), memory.putWords(b)];
    const room = {
      postingsIntersect: Math.min(a.length, b.length),
      postingsSubtract: a.length,
      postingsUnion: a.length + b.length,
    };
    const out = onto === 'a' ? atA : onto === 'b' ? atB : memory.room(room[kernel] * 4);
    return memory.words(out, kernels[kernel](atA, a.length, atB, b.length, out));
  });
}

function unionMany(lists: readonly (readonly number[])[]): number[] {
  return memory.scoped(() => {
    const pairs = memory.putWords(lists.flatMap((list) => [memory.putWords(list), list.length]));
    const bitmap = memory.room(kernels.postingsSpanBytes(pairs, lists.length));
    const out = memory.room(lists.flat().length * 4);
    return memory.words(out, kernels.postingsUnionMany(pairs, lists.length, bitmap, out) >>> 0);
  });
}

const rising = (list: Iterable<number>): number[] => [...new Set(list)].sort((x, y) => x - y);
const list = fc
  .tuple(fc.array(fc.nat(300), {maxLength: 60}), fc.constantFrom(0, 64, 2 ** 32 - 301))
  .map(([values, base]) => rising(values.map((value) => base + value)));
/** Lists of very different lengths, where one gallops over the other. */
const uneven = fc.oneof(
  list,
  fc.tuple(fc.nat(1000), fc.integer({min: 1, max: 5})).map(([n, step]) => Array.from({length: n}, (_, i) => i * step)),
);

test('intersects as filtering does, also onto either list', () => {
  fc.assert(
    fc.property(uneven, uneven, fc.constantFrom(undefined, 'a', 'b'), (a, b, onto) => {
      const inB = new Set(b);
      assert.deepEqual(
        run('postingsIntersect', a, b, onto),
        a.filter((ref) => inB.has(ref)),
      );
    }),
  );
});

test('subtracts as filtering does, also onto the first list', () => {
  fc.assert(
    fc.property(uneven, uneven, fc.constantFrom(undefined, 'a'), (a, b, onto) => {
      const inB = new Set(b);
      assert.deepEqual(
        run('postingsSubtract', a, b, onto),
        a.filter((ref) => !inB.has(ref)),
      );
    }),
  );
});

test('unites two lists as a set does', () => {
  fc.assert(fc.property(uneven, uneven, (a, b) => assert.deepEqual(run('postingsUnion', a, b), rising([...a, ...b]))));
});

test('unites many lists as a set does', () => {
  const near = fc.array(list.map((one) => one.map((ref) => ref % 4096).sort((x, y) => x - y)).map(rising), {
    maxLength: 8,
  });
  fc.assert(fc.property(near, (lists) => assert.deepEqual(unionMany(lists), rising(lists.flat()))));
});

test('unites at the end of the range', () => {
  assert.deepEqual(unionMany([[2 ** 32 - 65, 2 ** 32 - 1], [], [2 ** 32 - 64]]), [
    2 ** 32 - 65,
    2 ** 32 - 64,
    2 ** 32 - 1,
  ]);
});

test('no lists and empty lists give nothing', () => {
  assert.deepEqual(unionMany([]), []);
  assert.deepEqual(unionMany([[], []]), []);
});

test('turns big-endian words around', () => {
  fc.assert(
    fc.property(fc.uint32Array({maxLength: 20}), (words) =>
      memory.scoped(() => {
        const view = new DataView(new ArrayBuffer(words.length * 4 + 12));
        for (const [i, word] of words.entries()) view.setUint32(4 * i, word, false);
        const at = memory.put(new Uint8Array(view.buffer));
        kernels.postingsFromBigEndian(at, words.length);
        assert.deepEqual(memory.words(at, words.length), [...words]);
      }),
    ),
  );
});
