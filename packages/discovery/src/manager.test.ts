import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import {type TestContext, test} from 'node:test';
import {Registry} from '@narthex/client/registry.ts';
import {DiscoveryManager, type JobDiscovery} from './manager.ts';
import {DiscoveryMetrics} from './metrics.ts';

const INTERVAL_MS = 5000;
const REFRESH_MS = 1000;

/** A manager under a clock that the test moves, with target files in a folder of its own. Files are noticed by their refresh. */
class Discovery {
  readonly dir: string;
  readonly registry = new Registry();
  /** Jobs with their addresses, as they were passed on. */
  readonly updates: string[] = [];
  readonly manager: DiscoveryManager;
  readonly #test: TestContext;

  constructor(t: TestContext) {
    this.#test = t;
    t.mock.timers.enable({apis: ['setTimeout', 'setInterval', 'Date'], now: 1_700_000_000_000});
    // The clock is the test's, so a folder must not speak up by itself.
    t.mock.method(fs, 'watch', () => ({on() {}, close() {}}));
    this.dir = fs.mkdtempSync(path.join(os.tmpdir(), 'discovery-'));
    this.manager = new DiscoveryManager({
      update: (job, groups) => {
        const addresses = groups.flatMap(({targets}) => targets.map(({__address__}) => __address__));
        this.updates.push(`${job}: ${addresses.sort().join(' ')}`);
      },
      intervalMs: INTERVAL_MS,
      metrics: new DiscoveryMetrics(this.registry, 'scrape'),
      log: () => {},
    });
    t.after(() => {
      this.manager.stop();
      fs.rmSync(this.dir, {recursive: true});
    });
  }

  /** A job with one static target, or with files. */
  job({target, files}: {target?: string; files?: string}): JobDiscovery {
    const staticConfigs = target === undefined ? [] : [{targets: [target], labels: {}}];
    const fileSdConfigs = files === undefined ? [] : [{files: [files], refreshInterval: REFRESH_MS}];
    return {config: {staticConfigs, fileSdConfigs}, baseDir: this.dir};
  }

  apply(jobs: Record<string, JobDiscovery>): void {
    this.manager.apply(new Map(Object.entries(jobs)));
  }

  write(file: string, ...targets: readonly string[]): void {
    fs.writeFileSync(path.join(this.dir, file), JSON.stringify([{targets}]));
  }

  /** In small steps, so that timers that timers set have their turn. */
  pass(ms: number): void {
    for (let passed = 0; passed < ms; passed += 50) this.#test.mock.timers.tick(50);
  }

  async counted(name: string): Promise<Record<string, number>> {
    const {families} = await this.registry.collect();
    const metrics = families.find((family) => family.name === name)?.metrics ?? [];
    const labelled = metrics.map(({labels, point}) => {
      const key = labels
        .map((label) => (Array.isArray(label) ? label.join('=') : Object.values(label).join('=')))
        .join(',');
      return [key, 'value' in point ? Number(point.value) : NaN] as const;
    });
    return Object.fromEntries(labelled);
  }
}

test('what is known of a job comes at once, from all its mechanisms together', (t) => {
  const discovery = new Discovery(t);
  discovery.write('a.json', 'f:1', 'f:2');
  discovery.apply({
    one: {...discovery.job({target: 's:1', files: '*.json'})},
    two: discovery.job({target: 's:2'}),
    none: discovery.job({}),
  });
  assert.deepEqual(discovery.updates, ['one: f:1 f:2 s:1', 'two: s:2', 'none: ']);
  discovery.pass(INTERVAL_MS * 3);
  assert.equal(discovery.updates.length, 3);
});

test('a change comes soon when none came before it, further ones come together', (t) => {
  const discovery = new Discovery(t);
  discovery.apply({j: discovery.job({files: '*.json'})});
  discovery.pass(INTERVAL_MS * 2);
  discovery.write('a.json', 'a:1');
  discovery.pass(REFRESH_MS + 100);
  assert.deepEqual(discovery.updates, ['j: ', 'j: a:1']);
  discovery.write('a.json', 'a:2');
  discovery.pass(REFRESH_MS);
  discovery.write('b.json', 'b:1');
  discovery.pass(REFRESH_MS * 2);
  assert.equal(discovery.updates.length, 2);
  discovery.pass(INTERVAL_MS);
  assert.deepEqual(discovery.updates.slice(2), ['j: a:2 b:1']);
});

test('a group that is gone takes its targets along', (t) => {
  const discovery = new Discovery(t);
  discovery.write('a.json', 'a:1');
  discovery.apply({j: discovery.job({target: 's:1', files: '*.json'})});
  fs.rmSync(path.join(discovery.dir, 'a.json'));
  discovery.pass(INTERVAL_MS * 2);
  assert.deepEqual(discovery.updates, ['j: a:1 s:1', 'j: s:1']);
});

test('a job whose discovery stays the same goes on undisturbed, a changed one starts anew', (t) => {
  const discovery = new Discovery(t);
  const one = discovery.job({target: 's:1'});
  discovery.apply({one, two: discovery.job({target: 's:2'})});
  const changed = {...one, config: {...one.config, scrapeInterval: 5}};
  discovery.apply({one: changed, two: discovery.job({target: 's:3'})});
  assert.deepEqual(discovery.updates, ['one: s:1', 'two: s:2', 'two: s:3']);
});

test('a job that is gone finds nothing any more', async (t) => {
  const discovery = new Discovery(t);
  discovery.write('a.json', 'a:1');
  discovery.apply({j: discovery.job({files: '*.json'})});
  discovery.write('a.json', 'a:2');
  discovery.pass(REFRESH_MS);
  discovery.apply({});
  discovery.pass(INTERVAL_MS * 2);
  assert.deepEqual(discovery.updates, ['j: a:1']);
  assert.deepEqual(await discovery.counted('prometheus_sd_discovered_targets'), {});
});

test('targets and updates are counted', async (t) => {
  const discovery = new Discovery(t);
  discovery.write('a.json', 'a:1', 'a:2');
  discovery.apply({j: discovery.job({target: 's:1', files: '*.json'})});
  assert.deepEqual(await discovery.counted('prometheus_sd_discovered_targets'), {'name=scrape,config=j': 3});
  assert.deepEqual(await discovery.counted('prometheus_sd_received_updates_total'), {'name=scrape': 2});
  assert.deepEqual(await discovery.counted('prometheus_sd_updates_total'), {'name=scrape': 1});
});
