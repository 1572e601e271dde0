import fs from 'node:fs';
import {test} from 'node:test';

// Benchmarks must not rot: each runs here with next to nothing to do.
for (const file of fs.readdirSync(import.meta.dirname).filter((name) => name.endsWith('.bench.ts'))) {
  test(`runs ${file}`, async (t) => {
    t.mock.method(console, 'log', () => undefined);
    const {run} = (await import(`./${file}`)) as {run: (scale: number) => void};
    run(0.001);
  });
}
