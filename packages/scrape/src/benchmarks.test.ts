import {test} from 'node:test';
import {run} from './scrape.bench.ts';

// Benchmarks must not rot: it runs here with next to nothing to do.
test('runs scrape.bench.ts', (t) => {
  t.mock.method(console, 'log', () => undefined);
  run(0.001);
});
