import assert from 'node:assert/strict';
import {test} from 'node:test';
import {KernelMemory} from '@narthex/kernels/kernel-memory.ts';
import fc from 'fast-check';
import {MemoryStorage} from '../memory-storage/memory-storage.ts';
import {Marks} from './marks.ts';
import {DEFAULT_OPTIONS, QueryContext} from './query-context.ts';

test('marks are found and counted as by looking at each sample', () => {
  const memory = new KernelMemory({maximumBytes: 2 ** 24});
  const context = new QueryContext(DEFAULT_OPTIONS, {querier: new MemoryStorage().querier(memory), memory});
  const held = context.heap.heldBytes;
  const marks = new Marks(context);
  const samples = fc.array(fc.boolean(), {minLength: 1, maxLength: 40});
  const property = fc.property(samples, fc.nat(), fc.nat(), (marked, a, b) => {
    const {length} = marked;
    marks.fill(length, (i) => marked[i]);
    const from = a % length;
    const end = from + 1 + (b % (length - from));
    // The first sample has none before it.
    const places = marked.flatMap((isMarked, i) => (isMarked && i > 0 ? [i] : []));
    assert.equal(marks.within(from, end), places.filter((i) => i > from && i < end).length);
    assert.equal(marks.next(from), places.find((i) => i >= from) ?? length);
    assert.equal(marks.next(length), length);
    assert.equal(marks.isMarked(from), places.includes(from));
  });
  fc.assert(property);
  marks.free();
  assert.equal(context.heap.heldBytes, held);
});
