import {KernelMemory} from '@narthex/kernels/kernel-memory.ts';
import {Matcher} from '@narthex/model/matcher.ts';
import assert from 'node:assert/strict';
import {test} from 'node:test';
import fc from 'fast-check';
import {ReaderEpoch} from '../arena/epochs.ts';
import type {Collection} from './collection.ts';
import {IndexReader} from './index-reader.ts';
import {LabelLists} from './label-lists.ts';
import {Selector} from './select.ts';
import {TestIndex} from './testing.ts';

const MATCHERS = [
  [new Matcher('=', 'a', 'x1')],
  [new Matcher('!=', 'a', 'x1')],
  [new Matcher('=~', 'id', 'i.*[02468]')],
  [new Matcher('=~', 'a', '.+'), new Matcher('!~', 'id', 'i.*3')],
  [new Matcher('=', 'b', ''), new Matcher('=~', 'a', 'x[0-2]')],
  [],
];

/** An index with what its series ought to be. */
class Model {
  readonly index = new TestIndex(32);
  readonly memory = new KernelMemory({maximumBytes: 16 << 20});
  readonly reader = new IndexReader(this.index.arena);
  readonly selector = new Selector(this.reader, this.memory);
  readonly lists = new LabelLists(this.reader, this.memory, this.selector);
  /** Labels by slot, of living series only. */
  readonly living = new Map<number, readonly string[]>();
  readonly free: number[] = [];
  collection: Collection | undefined;
  #collected: number[] = [];

  add(labels: readonly string[]): void {
    const found = this.index.find(labels);
    const known = [...this.living].find(([, other]) => other.join() === labels.join());
    assert.equal(found, known?.[0] ?? -1, 'finds living series and no others');
    if (found >= 0) return;
    const slot = this.free.pop() ?? this.index.writer.slots;
    this.index.writer.add(slot);
    this.living.set(slot, labels);
  }

  remove(slots: readonly number[]): void {
    if (this.collection !== undefined || slots.length === 0) return;
    for (const slot of slots) this.living.delete(slot);
    this.#collected = [...slots];
    this.collection = this.index.writer.collect(Uint32Array.from(slots));
  }

  step(limit: number): void {
    if (this.collection?.step(limit) !== true) return;
    this.free.push(...this.#collected);
    this.collection = undefined;
    this.#collected = [];
  }

  finish(): void {
    while (this.collection !== undefined) this.step(50);
    this.index.arena.epochs.reclaim(Infinity);
  }

  check(): void {
    this.reader.refresh();
    const dead = new Set(this.#collected);
    for (const matchers of MATCHERS) {
      const mark = this.memory.mark();
      const got = [...this.selector.select(matchers).values()].filter((slot) => !dead.has(slot));
      this.memory.release(mark);
      const want = [...this.living]
        .filter(([, labels]) => matchers.every((m) => m.matches(valueOf(labels, m.name))))
        .map(([slot]) => slot)
        .sort((a, b) => a - b);
      assert.deepEqual(got, want, matchers.join());
    }
    if (dead.size === 0) this.#checkNames();
  }

  #checkNames(): void {
    const mark = this.memory.mark();
    const ids = [...this.living.values()].map((labels) => valueOf(labels, 'id')).filter((id) => id !== '');
    assert.deepEqual(this.lists.texts(this.lists.values('id', [], 0)), [...new Set(ids)].sort());
    this.memory.release(mark);
  }
}

const valueOf = (labels: readonly string[], name: string): string => {
  const at = labels.findIndex((text, i) => i % 2 === 0 && text === name);
  return at < 0 ? '' : labels[at + 1];
};

const labelsOf = (k: number): string[] => [
  'a',
  `x${k % 5}`,
  ...(k % 3 === 0 ? ['b', `y${k % 2}`] : []),
  'id',
  `i${k % 60}`,
];

test('living series are found and selected whatever is removed meanwhile', () => {
  const operation = fc.oneof(
    fc.record({kind: fc.constant('add' as const), from: fc.nat(300), count: fc.nat(40)}),
    fc.record({kind: fc.constant('remove' as const), from: fc.nat(100), count: fc.nat(60)}),
    fc.record({kind: fc.constant('step' as const), from: fc.nat(), count: fc.integer({min: 1, max: 200})}),
  );
  fc.assert(
    fc.property(fc.array(operation, {maxLength: 40}), (operations) => {
      const model = new Model();
      for (const {kind, from, count} of operations) {
        if (kind === 'add') for (let k = from; k < from + count; k++) model.add(labelsOf(k));
        if (kind === 'remove') model.remove([...model.living.keys()].slice(from, from + count));
        if (kind === 'step') model.step(count);
        model.index.arena.epochs.reclaim(5);
        model.check();
      }
      model.finish();
      model.check();
    }),
    {numRuns: 30},
  );
});

test('series that come and go take no more memory in the end', () => {
  const model = new Model();
  const {arena} = model.index;
  const used: number[] = [];
  for (let round = 0; round < 6; round++) {
    for (let k = 0; k < 2000; k++) model.index.add(['id', `round ${round} number ${k}`, 'round', String(round)]);
    for (let slot = round * 2000; slot < (round + 1) * 2000; slot++) model.living.set(slot, []);
    model.remove([...model.living.keys()]);
    model.finish();
    arena.slabs.trim();
    used.push(arena.usedBytes);
  }
  // Only what leads from slots to label sets grows here, since the test never uses a slot again: 4 bytes each.
  assert.ok(used[5] - used[1] <= 65536, used.join());
  assert.equal(model.index.writer.postings.pairCount, 0);
  assert.equal(model.index.writer.symbols.count, 2, 'the names stay');
});

test('nothing is given back while a reader from before is there', () => {
  const model = new Model();
  for (let k = 0; k < 500; k++) model.add(labelsOf(k));
  const epoch = new ReaderEpoch(model.index.arena, 0);
  epoch.enter();
  model.reader.refresh();
  const mark = model.memory.mark();
  const slots = [...model.selector.select([new Matcher('=', 'a', 'x1')]).values()];
  const texts = (): string[] =>
    slots.map((slot) =>
      model.reader.symbols.decode(model.reader.labelSets.value(slot, model.reader.symbols.find('id'))),
    );
  const before = texts();
  model.remove([...model.living.keys()]);
  for (let i = 0; i < 1000; i++) model.step(1000);
  assert.ok(model.collection !== undefined, 'waits');
  for (let k = 1000; k < 1500; k++) model.add(['id', `new ${k}`]);
  assert.deepEqual(texts(), before);
  epoch.leave();
  model.memory.release(mark);
  model.finish();
  assert.equal(model.collection, undefined);
  model.check();
});

test('long lists out of order come into order', () => {
  const model = new Model();
  for (let k = 0; k < 30_000; k++) model.index.add(['all', '1', 'id', String(k)]);
  const remove = (slots: number[]): void => {
    const collection = model.index.writer.collect(Uint32Array.from(slots));
    while (!collection.step(300));
  };
  remove(Array.from({length: 5000}, (_, i) => i * 3));
  // The lowest slot last: the lists are far from any order.
  for (let i = 4999; i >= 0; i--) {
    model.index.find(['all', '1', 'id', `again ${i}`]);
    model.index.writer.add(i * 3);
  }
  const select = (): Uint32Array => {
    model.reader.refresh();
    return model.selector
      .select([new Matcher('=', 'all', '1')])
      .values()
      .slice();
  };
  const everything = Uint32Array.from({length: 30_000}, (_, i) => i);
  assert.deepEqual(select(), everything);
  remove([29_999]);
  assert.deepEqual(select(), everything.subarray(0, 29_999));
  const {postings} = model.reader;
  const pair = postings.find(model.reader.symbols.find('all'), model.reader.symbols.find('1'));
  assert.ok(postings.isSorted(postings.slotsOf(pair)));
  assert.ok(postings.isSorted(postings.allSlots()));
});

test('slots that are used again while their lists are copied are seen in order', () => {
  const model = new Model();
  const {writer, arena} = model.index;
  for (let k = 0; k < 30_000; k++) model.index.add(['all', '1', 'id', String(k)]);
  const free = Array.from({length: 100}, (_, i) => 10 * i);
  const first = writer.collect(Uint32Array.from(free));
  while (!first.step(1000));
  const second = writer.collect(Uint32Array.of(29_999));
  // Steps as small as they can be: a slot comes back at each stage of the copies.
  for (let isDone = false; !isDone;) {
    isDone = second.step(1);
    const slot = free.pop();
    if (slot === undefined) continue;
    assert.equal(model.index.find(['all', '1', 'id', `again ${slot}`]), -1);
    writer.add(slot);
    arena.epochs.reclaim(10);
  }
  const expected = Uint32Array.from({length: 29_999}, (_, i) => i).filter((slot) => !free.includes(slot));
  model.reader.refresh();
  assert.deepEqual(
    model.selector
      .select([new Matcher('=', 'all', '1')])
      .values()
      .slice(),
    expected,
  );
  assert.deepEqual(
    model.selector
      .select([new Matcher('!=', 'id', '7')])
      .values()
      .slice(),
    expected.filter((k) => k !== 7),
  );
});
