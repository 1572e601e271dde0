import assert from 'node:assert/strict';
import {type TestContext, test} from 'node:test';
import {setImmediate} from 'node:timers/promises';
import {ScrapeLoop} from './loop.ts';

const INTERVAL_MS = 1000;
const START_MS = 1_700_000_000_000;

/** A loop under a clock that the test moves; `took` is how long each scrape takes. */
class LoopUnderTest {
  readonly scrapes: number[] = [];
  readonly ends: number[] = [];
  readonly loop: ScrapeLoop;
  isOver = false;
  readonly #test: TestContext;

  constructor(t: TestContext, took: (scrape: number) => number = () => 0, intervalMs = INTERVAL_MS) {
    this.#test = t;
    t.mock.timers.enable({apis: ['setTimeout', 'Date'], now: START_MS});
    this.loop = new ScrapeLoop({
      intervalMs,
      firstDelayMs: 300,
      timestampToleranceMs: 2,
      scrape: async (timeMs) => {
        this.scrapes.push(timeMs - START_MS);
        const ms = took(this.scrapes.length - 1);
        if (ms > 0) await new Promise((resolve) => setTimeout(resolve, ms));
      },
      end: (timeMs) => void this.ends.push(timeMs - START_MS),
    });
    void this.loop.run().then(() => (this.isOver = true));
  }

  /** Let so much time pass. */
  async pass(ms: number): Promise<void> {
    for (let passed = 0; passed < ms; passed += 50) {
      this.#test.mock.timers.tick(50);
      await setImmediate();
    }
  }
}

const cases: [name: string, took: (scrape: number) => number, want: number[]][] = [
  ['in their rhythm', () => 0, [300, 1300, 2300, 3300, 4300]],
  ['slow ones too, while they fit', () => 900, [300, 1300, 2300, 3300, 4300]],
  ['after a slow one missed ticks are skipped', (i) => (i === 0 ? 2100 : 0), [300, 3300, 4300]],
];
for (const [name, took, want] of cases) {
  test(`scrapes come ${name}`, async (t) => {
    const run = new LoopUnderTest(t, took);
    await run.pass(5000);
    assert.deepEqual(run.scrapes, want);
    run.loop.abandon();
  });
}

test('a stopped loop ends its series after two intervals and a tenth, as of the first missed scrape', async (t) => {
  const run = new LoopUnderTest(t);
  await run.pass(1500);
  run.loop.stop();
  await run.pass(1800);
  assert.deepEqual(run.ends, []);
  await run.pass(200);
  assert.deepEqual([run.scrapes, run.ends, run.isOver], [[300, 1300], [2300], true]);
});

test('a scrape at work is finished before the loop stops', async (t) => {
  const run = new LoopUnderTest(t, () => 700);
  await run.pass(500);
  run.loop.stop();
  await run.pass(4000);
  assert.deepEqual([run.scrapes, run.ends, run.isOver], [[300], [1300], true]);
});

test('stopped before its first scrape a loop has nothing to end', async (t) => {
  const run = new LoopUnderTest(t);
  await run.pass(200);
  run.loop.stop();
  await run.pass(5000);
  assert.deepEqual([run.scrapes, run.ends, run.isOver], [[], [], true]);
});

const abandonings: [name: string, beforeMs: number, stopFirst: boolean][] = [
  ['before its first scrape', 100, false],
  ['between two scrapes', 1500, false],
  ['when it was stopped before', 1500, true],
];
for (const [name, beforeMs, stopFirst] of abandonings) {
  test(`an abandoned loop writes nothing any more: ${name}`, async (t) => {
    const run = new LoopUnderTest(t);
    await run.pass(beforeMs);
    if (stopFirst) run.loop.stop();
    run.loop.abandon();
    const before = [...run.scrapes];
    await run.pass(5000);
    assert.deepEqual([run.scrapes, run.ends, run.isOver, run.loop.isAbandoned], [before, [], true, true]);
  });
}

test('an interval longer than a timer takes is waited for all the same', async (t) => {
  const days = 86_400_000;
  const run = new LoopUnderTest(t, () => 0, 30 * days);
  await run.pass(500);
  t.mock.timers.tick(2 ** 31 - 1);
  await setImmediate();
  assert.equal(run.scrapes.length, 1);
  t.mock.timers.tick(30 * days - 2 ** 31 + 1);
  await setImmediate();
  assert.equal(run.scrapes.length, 2);
  run.loop.abandon();
});
