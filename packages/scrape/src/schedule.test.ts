import assert from 'node:assert/strict';
import {test} from 'node:test';
import fc from 'fast-check';
import {Labels} from '@narthex/model/labels.ts';
import {firstScrapeDelay, offsetSeed, targetHash, Ticks} from './schedule.ts';

const labels = Labels.fromObject({__address__: 'a:1', job: 'x'});
const url = 'http://a:1/metrics';

test('a target keeps its hash, other labels or another URL change it', () => {
  assert.equal(targetHash(labels, url), targetHash(Labels.fromObject({job: 'x', __address__: 'a:1'}), url));
  assert.notEqual(targetHash(labels, url), targetHash(Labels.fromObject({job: 'y', __address__: 'a:1'}), url));
  assert.notEqual(targetHash(labels, url), targetHash(labels, 'http://a:2/metrics'));
});

test('replicas with other names or external labels have other seeds', () => {
  const seeds = [
    offsetSeed('a', Labels.empty),
    offsetSeed('b', Labels.empty),
    offsetSeed('a', Labels.fromObject({replica: '1'})),
  ];
  assert.equal(new Set(seeds).size, 3);
});

test('the first scrape keeps its place in the interval, whenever the server starts', () => {
  fc.assert(
    fc.property(
      fc.bigInt({min: 0n, max: 2n ** 64n - 1n}),
      fc.integer({min: 1, max: 3_600_000}),
      fc.nat(10_000_000),
      (hash, interval, later) => {
        const now = 1_700_000_000_123;
        const at = (start: number) => start + firstScrapeDelay(hash, 7n, interval, start);
        const place = (time: number) => ((time % interval) + interval) % interval;
        const difference = Math.abs(place(at(now)) - place(at(now + later)));
        assert.ok(Math.min(difference, interval - difference) < 0.01);
        assert.ok(at(now) >= now && at(now) <= now + interval);
      },
    ),
  );
});

const cases: [name: string, nows: number[], want: number[]][] = [
  ['on time', [1000, 2000, 3000], [1000, 2000, 3000]],
  ['a little late gets the ideal time', [1000.4, 2001.9], [1000, 2000]],
  ['too late gets its own time', [1000, 2003.5], [1000, 2003]],
  ['a timer that fires early gets its ideal time', [1000, 1999.2, 2999.9], [1000, 2000, 3000]],
  ['missed ticks are skipped', [1000, 4500, 5001], [1000, 4500, 5000]],
];
for (const [name, nows, want] of cases) {
  test(`ticks: ${name}`, () => {
    const ticks = new Ticks(1000, 1000, 2);
    assert.deepEqual(
      nows.map((now) => ticks.scrapeTime(now)),
      want,
    );
  });
}

test('ticks: tolerance is at most 1 % of the interval', () => {
  assert.equal(new Ticks(0, 100, 2).scrapeTime(101.5), 101);
  assert.equal(new Ticks(0, 100, 2).scrapeTime(101), 100);
});

test('ticks: the next one is at the ideal time', () => {
  const ticks = new Ticks(1000, 1000, 2);
  ticks.scrapeTime(1001);
  assert.equal(ticks.delay(1400), 600);
  assert.equal(ticks.delay(2400), 600);
  ticks.scrapeTime(1999.5);
  assert.equal(ticks.delay(1999.5), 1000.5);
});
