import assert from 'node:assert/strict';
import {test} from 'node:test';
import {cardinality} from './cardinality.ts';
import {IndexReader} from './index-reader.ts';
import {TestIndex} from './testing.ts';

test('the largest figures come first, as many as are asked for', () => {
  const index = new TestIndex();
  for (let i = 0; i < 12; i++) {
    index.add(['__name__', i < 7 ? 'up' : `metric_${i % 2}`, 'instance', `host-${i}`, 'job', 'node']);
  }
  assert.deepEqual(cardinality(new IndexReader(index.arena), '__name__', 2), {
    seriesByMetric: [
      {name: 'up', value: 7},
      {name: 'metric_1', value: 3},
    ],
    valuesByLabel: [
      {name: 'instance', value: 12},
      {name: '__name__', value: 3},
    ],
    bytesByLabel: [
      {name: 'instance', value: 12 * 9 + 74 + 12},
      {name: '__name__', value: 12 * 9 + 54 + 12},
    ],
    seriesByPair: [
      {name: 'job=node', value: 12},
      {name: '__name__=up', value: 7},
    ],
    pairCount: 16,
  });
});

test('an empty index has no figures', () => {
  const figures = cardinality(new IndexReader(new TestIndex().arena), '__name__', 10);
  assert.deepEqual(figures.seriesByMetric, []);
  assert.equal(figures.pairCount, 0);
});

test('a limit of nothing gives nothing', () => {
  const index = new TestIndex();
  index.add(['a', 'b']);
  assert.deepEqual(cardinality(new IndexReader(index.arena), 'a', 0).seriesByPair, []);
});
