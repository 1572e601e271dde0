import assert from 'node:assert/strict';
import {test} from 'node:test';
import {KernelMemory} from '@narthex/kernels/kernel-memory.ts';
import {Labels, LabelsBuilder} from '@narthex/model/labels.ts';
import fc from 'fast-check';
import {LabelTable} from './label-table.ts';
import {QueryHeap} from './query-heap.ts';

/** A table over a storage that knows these texts. */
function tableOver(...texts: string[]): LabelTable {
  const heap = new QueryHeap(new KernelMemory({maximumBytes: 1 << 24, initialBytes: 1 << 16}));
  return new LabelTable(heap, {text: (symbol) => texts[symbol], find: (text) => texts.indexOf(text)});
}

const name: fc.Arbitrary<string> = fc.constantFrom('a', 'b', 'job', '__name__', 'é', '𝛼', 'new');
const value = fc.constantFrom('1', '2', '', 'x');
const labels = fc.array(fc.tuple(name, value), {maxLength: 6}).map((pairs) => Labels.of(new Map(pairs)));

test('equal sets of labels have equal numbers, others have not', () => {
  fc.assert(
    fc.property(fc.array(labels, {maxLength: 400}), (sets) => {
      const table = tableOver('a', 'b', '1');
      const numbers = new Map<string, number>();
      for (const set of sets) {
        const id = table.ofLabels(set.entries());
        assert.equal(table.labels(id).toString(), set.toString());
        assert.equal(numbers.get(set.toString()) ?? id, id);
        numbers.set(set.toString(), id);
      }
      assert.equal(new Set(numbers.values()).size, numbers.size);
    }),
  );
});

test('a label is set and removed in its place', () => {
  fc.assert(
    fc.property(labels, name, value, (set, label, text) => {
      const table = tableOver('b', 'job', 'x');
      const wanted = new LabelsBuilder(set).set(label, text).labels();
      assert.equal(table.labels(table.with(table.ofLabels(set.entries()), label, text)).toString(), wanted.toString());
    }),
  );
});

test('a projection keeps or drops labels', () => {
  fc.assert(
    fc.property(labels, fc.array(name, {maxLength: 3}), fc.boolean(), (set, names, keep) => {
      const table = tableOver('a', '1');
      const wanted = Labels.of([...set.entries()].filter(([label]) => names.includes(label) === keep));
      const id = table.projection(names, keep).of(table.ofLabels(set.entries()));
      assert.equal(table.labels(id).toString(), wanted.toString());
    }),
  );
});

test('texts of the storage and texts of the query never have two symbols', () => {
  const table = tableOver('a', 'b');
  assert.equal(table.symbol('b'), 1);
  const made = table.symbol('made');
  assert.ok(made >= 2 ** 31);
  for (let i = 0; i < 5000; i++) table.symbol(`text ${i}`);
  assert.equal(table.symbol('made'), made);
  assert.equal(table.text(made), 'made');
  assert.equal(table.text(table.find('text 4321')), 'text 4321');
  assert.equal(table.find('never'), -1);
});
