import assert from 'node:assert/strict';
import {test} from 'node:test';
import {FloatColumn, IntColumn} from './columns.ts';

test('columns keep what they have when they grow', () => {
  const floats = new FloatColumn();
  const ints = new IntColumn();
  const numbers = Array.from({length: 100}, (_, i) => i - 50);
  for (let round = 0; round < 2; round++) {
    for (const number of numbers) {
      floats.push(number);
      ints.push(number);
    }
    assert.deepEqual([...floats.values.subarray(0, floats.length)], numbers);
    assert.deepEqual([...ints.values.subarray(0, ints.length)], numbers);
    assert.equal(floats.words.buffer, floats.values.buffer);
    floats.clear();
    ints.clear();
  }
});
