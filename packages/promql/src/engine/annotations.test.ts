import assert from 'node:assert/strict';
import {test} from 'node:test';
import {Annotations} from './annotations.ts';

const QUERY = 'sum(rate(x[5m]))';
const inner = {start: 9, end: 14};
const outer = {start: 4, end: 15};

test('of equal annotations the last place in the order of evaluation counts, whenever each is added', () => {
  for (const order of [
    [0, 1],
    [1, 0],
    [1, 0, 1, 0],
  ]) {
    const annotations = new Annotations();
    const places = [annotations.at(inner), annotations.at(outer)];
    for (const i of order) places[i].warn('x');
    assert.deepEqual(annotations.texts(QUERY), {warnings: ['PromQL warning: x (1:5)'], infos: []});
  }
});

test('of annotations that are counted the first place counts, and they add up', () => {
  for (const order of [
    [0, 1],
    [1, 0],
  ]) {
    const annotations = new Annotations();
    const places = [annotations.at(inner), annotations.at(outer)];
    for (const i of order) places[i].warnCounted('x', i + 1);
    assert.deepEqual(annotations.texts(QUERY).warnings, ['PromQL warning: x (3 occurrences) (1:10)']);
  }
});

test('ten of a kind are shown, first by position, and the others are counted', () => {
  const annotations = new Annotations();
  for (let i = 12; i > 0; i--) annotations.at({start: i, end: 16}).info(`text ${i}`);
  annotations.at(inner).warn('alone');
  const {warnings, infos} = annotations.texts(QUERY);
  assert.deepEqual(warnings, ['PromQL warning: alone (1:10)']);
  assert.equal(infos.length, 11);
  assert.deepEqual(infos.slice(0, 2), ['PromQL info: text 1 (1:2)', 'PromQL info: text 2 (1:3)']);
  assert.equal(infos.at(-1), '2 more info annotations omitted');
  assert.equal(annotations.texts(QUERY, 0).infos.length, 12);
});
