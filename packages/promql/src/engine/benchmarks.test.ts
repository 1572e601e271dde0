import {test} from 'node:test';
import {run} from './engine.bench.ts';

test('the benchmark runs', (t) => {
  t.mock.method(console, 'log', () => undefined);
  run(0.001);
});
