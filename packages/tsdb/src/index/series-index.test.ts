import assert from 'node:assert/strict';
import {test} from 'node:test';
import {Arena} from '../arena/arena.ts';
import {ArenaFullError} from '../arena/errors.ts';
import {NONE} from '../arena/table.ts';
import {LabelSetReader} from './label-sets.ts';
import {SeriesIndex} from './series-index.ts';
import {SymbolReader, SymbolTooLongError, SYMBOL_BYTES_MAX} from './symbols.ts';
import {clusterLabels, RawLabelsBuilder} from './synthetic-series.ts';

const raw = new RawLabelsBuilder();
const find = (index: SeriesIndex, labels: string[]): number => {
  raw.set(labels);
  return index.find(raw.bytes, raw.ranges, raw.labelCount);
};

test('each label set gets its own slot, and is found by its text again', () => {
  const arena = Arena.create({bytes: 32 << 20});
  const index = new SeriesIndex(arena);
  for (let i = 0; i < 3000; i++) {
    assert.equal(find(index, clusterLabels(i)), NONE);
    index.add(i);
  }
  const symbols = new SymbolReader(arena);
  const sets = new LabelSetReader(arena);
  const out = new Uint32Array(24);
  for (let i = 0; i < 3000; i++) {
    assert.equal(find(index, clusterLabels(i)), i);
    assert.equal(sets.labels(i, out), 12);
    assert.deepEqual(
      [...out].map((symbol) => symbols.text(symbol)),
      clusterLabels(i),
    );
    assert.equal(symbols.text(sets.value(i, symbols.find('node'))), clusterLabels(i)[19]);
  }
  assert.equal(symbols.find('nowhere'), NONE);
  assert.equal(sets.value(0, symbols.find('production')), NONE);
});

test('a label with an empty value is no label', () => {
  const index = new SeriesIndex(Arena.create({bytes: 8 << 20}));
  find(index, ['a', '1', 'b', '', 'c', '2']);
  index.add(0);
  assert.equal(find(index, ['a', '1', 'c', '2']), 0);
  assert.equal(find(index, ['a', '1', 'b', '', 'c', '2', 'd', '']), 0);
  assert.equal(find(index, ['a', '1', 'b', '1', 'c', '2']), NONE);
});

test('the same text twice in one new label set is one symbol', () => {
  const index = new SeriesIndex(Arena.create({bytes: 8 << 20}));
  assert.equal(find(index, ['x', 'y', 'y', 'x']), NONE);
  index.add(0);
  assert.equal(index.symbols.count, 2);
  assert.equal(find(index, ['x', 'y', 'y', 'x']), 0);
});

test('label sets of any length', () => {
  const index = new SeriesIndex(Arena.create({bytes: 32 << 20}));
  for (const [slot, count] of [0, 1, 63, 64, 65, 1000].entries()) {
    const labels = Array.from({length: count}, (_, i) => [`n${String(i).padStart(5, '0')}`, `v${i % 7}`]).flat();
    const bytes = new TextEncoder().encode(labels.join(''));
    const ranges = new Uint32Array(4 * count);
    let at = 0;
    for (const [i, text] of labels.entries()) {
      ranges[2 * i] = at;
      ranges[2 * i + 1] = at += text.length;
    }
    assert.equal(index.find(bytes, ranges, count), NONE);
    index.add(slot);
    assert.equal(index.find(bytes, ranges, count), slot);
  }
});

test('a text that is too long is refused and leaves no series', () => {
  const index = new SeriesIndex(Arena.create({bytes: 32 << 20}));
  const bytes = new Uint8Array(SYMBOL_BYTES_MAX + 2).fill(97);
  const ranges = Uint32Array.of(0, 1, 1, bytes.length);
  assert.equal(index.find(bytes, ranges, 1), NONE);
  assert.throws(() => index.add(0), SymbolTooLongError);
  assert.equal(index.find(bytes, ranges, 1), NONE);
  assert.equal(find(index, ['a', 'b']), NONE);
  index.add(0);
  assert.equal(find(index, ['a', 'b']), 0);
});

test('a full arena refuses new series and keeps the old ones', () => {
  const index = new SeriesIndex(Arena.create({bytes: 6 << 20}));
  let count = 0;
  assert.throws(() => {
    for (; count < 100_000; count++) {
      find(index, clusterLabels(count));
      index.add(count);
    }
  }, ArenaFullError);
  assert.ok(count > 1000);
  for (let i = 0; i < count; i++) assert.equal(find(index, clusterLabels(i)), i);
  assert.equal(find(index, clusterLabels(count)), NONE);
});
