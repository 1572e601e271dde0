import assert from 'node:assert/strict';
import {test} from 'node:test';
import {KnownCosts} from './known-costs.ts';
import type {Job} from './messages.ts';

const job = (endpoint: Job['endpoint'], parameters: string): Job => ({
  kind: 'job',
  id: 1,
  endpoint,
  parameters,
  path: {},
  gzip: false,
  askedMs: 0,
  queuedMs: 0,
  origin: undefined,
  defaults: {evaluationIntervalMs: 60_000},
});

const panel = (query: string, end: number): Job => job('query_range', `query=${query}&start=0&end=${end}&step=15`);

test('queries over a range are presumed long, others short', () => {
  const costs = new KnownCosts(0.05);
  assert.equal(costs.isLong(panel('up', 1)), true);
  assert.equal(costs.isLong(job('query', 'query=up')), false);
  assert.equal(costs.isLong(job('series', 'match%5B%5D=up')), false);
});

test('what a job took counts for the next like it, at whatever time', () => {
  const costs = new KnownCosts(0.05);
  costs.note(panel('up', 1), 0.001);
  assert.equal(costs.isLong(panel('up', 2)), false);
  assert.equal(costs.isLong(panel('down', 2)), true);
  costs.note(panel('up', 3), 0.05);
  assert.equal(costs.isLong(panel('up', 4)), true);
  costs.note(job('query', 'query=up&time=1'), 7);
  assert.equal(costs.isLong(job('query', 'query=up&time=2')), true);
});

test('the oldest of many are forgotten', () => {
  const costs = new KnownCosts(0.05);
  for (let i = 0; i < 1001; i++) costs.note(job('query', `query=${i}`), 1);
  assert.deepEqual(
    [0, 1, 1000].map((i) => costs.isLong(job('query', `query=${i}`))),
    [false, true, true],
  );
});

test('texts without end are not kept', () => {
  const costs = new KnownCosts(0.05);
  const long = job('query', `query=${'a'.repeat(5000)}`);
  costs.note(long, 1);
  assert.equal(costs.isLong(long), false);
});
