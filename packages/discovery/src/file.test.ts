import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import {type TestContext, test} from 'node:test';
import {Registry} from '@narthex/client/registry.ts';
import {FileDiscoverer} from './file.ts';
import {FileMetrics} from './metrics.ts';
import type {TargetGroup} from './target-group.ts';

const PATIENCE = {timeout: 30_000};
const HOUR_MS = 3_600_000;

/** File discovery in a folder of its own. */
class Files {
  readonly dir: string;
  readonly registry = new Registry();
  readonly logged: string[] = [];
  readonly updates: (readonly TargetGroup[])[] = [];
  readonly discoverer: FileDiscoverer;

  constructor(t: TestContext, patterns: readonly string[], prepare: (files: Files) => void = () => {}) {
    this.dir = fs.mkdtempSync(path.join(os.tmpdir(), 'file-sd-'));
    prepare(this);
    this.discoverer = new FileDiscoverer({
      files: patterns,
      baseDir: this.dir,
      refreshIntervalMs: HOUR_MS,
      metrics: new FileMetrics(this.registry),
      log: (level, message, fields) =>
        void this.logged.push(`${level} ${message} ${path.basename(String(fields['path']))}`),
    });
    this.discoverer.start((groups) => void this.updates.push(groups));
    t.after(() => {
      this.discoverer.stop();
      fs.rmSync(this.dir, {recursive: true, force: true});
    });
  }

  write(file: string, ...addresses: readonly string[]): void {
    this.writeText(file, JSON.stringify(addresses.map((address) => ({targets: [address]}))));
  }

  writeText(file: string, text: string): void {
    fs.mkdirSync(path.dirname(path.join(this.dir, file)), {recursive: true});
    fs.writeFileSync(path.join(this.dir, file), text);
  }

  /** Addresses by source, after all updates. */
  get targets(): Record<string, string[]> {
    const found: Record<string, string[]> = {};
    for (const {source, targets} of this.updates.flat()) {
      const key = path.relative(this.dir, source);
      if (targets.length === 0) delete found[key];
      else found[key] = targets.map(({__address__}) => __address__!);
    }
    return found;
  }

  /** Resolves when these are the targets. */
  async see(want: Record<string, string[]>): Promise<void> {
    while (JSON.stringify(this.targets) !== JSON.stringify(want)) await pause();
    assert.deepEqual(this.targets, want);
  }

  async counted(name: string): Promise<number[]> {
    const {families} = await this.registry.collect();
    const metrics = families.find((family) => family.name === name)?.metrics ?? [];
    return metrics.map(({point}) => ('value' in point ? Number(point.value) : NaN));
  }
}

const pause = (ms = 5): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

test('what is there at first comes at once, with the path of its file', (t) => {
  const files = new Files(t, ['*.json', 'one.yml'], (files) => {
    files.write('a.json', 'a:1', 'a:2');
    files.writeText('one.yml', '- targets: [b:1]');
    files.writeText('two.yml', '- targets: [c:1]');
  });
  assert.deepEqual(files.targets, {'a.json:0': ['a:1'], 'a.json:1': ['a:2'], 'one.yml:0': ['b:1']});
  assert.equal(files.updates[0]![0]!.labels['__meta_filepath'], path.join(files.dir, 'a.json'));
});

test('nothing at first is told, too', (t) => {
  assert.deepEqual(new Files(t, ['*.json']).updates, [[]]);
});

test('a file that two patterns match is one', (t) => {
  const files = new Files(t, ['*.json', 'a.json'], (files) => files.write('a.json', 'a:1'));
  assert.equal(files.updates[0]!.length, 1);
});

const changes: [name: string, change: (files: Files) => void, want: Record<string, string[]>][] = [
  [
    'a new file',
    (files) => files.write('b.json', 'b:1'),
    {'a.json:0': ['a:1'], 'a.json:1': ['a:2'], 'b.json:0': ['b:1']},
  ],
  ['a changed file', (files) => files.write('a.json', 'x:1', 'a:2'), {'a.json:0': ['x:1'], 'a.json:1': ['a:2']}],
  ['fewer groups', (files) => files.write('a.json', 'a:1'), {'a.json:0': ['a:1']}],
  ['no group', (files) => files.write('a.json'), {}],
  ['a deleted file', (files) => fs.rmSync(path.join(files.dir, 'a.json')), {}],
  [
    'a file put in place of another',
    (files) => {
      files.write('next.tmp', 'n:1');
      fs.renameSync(path.join(files.dir, 'next.tmp'), path.join(files.dir, 'a.json'));
    },
    {'a.json:0': ['n:1']},
  ],
  [
    'a link put in place of another',
    (files) => {
      files.write('data/a.json', 'l:1');
      fs.symlinkSync('data/a.json', path.join(files.dir, 'link.tmp'));
      fs.renameSync(path.join(files.dir, 'link.tmp'), path.join(files.dir, 'a.json'));
    },
    {'a.json:0': ['l:1']},
  ],
];
for (const [name, change, want] of changes) {
  test(`${name} is noticed`, PATIENCE, async (t) => {
    const files = new Files(t, ['*.json'], (files) => files.write('a.json', 'a:1', 'a:2'));
    change(files);
    await files.see(want);
  });
}

test('a file that breaks keeps its targets until it is right again', PATIENCE, async (t) => {
  const files = new Files(t, ['*.json'], (files) => files.write('a.json', 'a:1', 'a:2'));
  files.writeText('a.json', '[{"targets":');
  while (files.logged.length === 0) await pause();
  assert.deepEqual(files.logged, ['error Error reading file a.json']);
  assert.deepEqual(files.targets, {'a.json:0': ['a:1'], 'a.json:1': ['a:2']});
  assert.deepEqual(await files.counted('prometheus_sd_file_read_errors_total'), [1]);
  files.write('a.json', 'a:3');
  await files.see({'a.json:0': ['a:3']});
});

test('a bad pattern is told of, the others go on', (t) => {
  const files = new Files(t, ['[.json', '*.json'], (files) => files.write('a.json', 'a:1'));
  assert.deepEqual(files.targets, {'a.json:0': ['a:1']});
  assert.deepEqual(files.logged, ['error Error expanding glob [.json']);
});

test('a change elsewhere in the folder is no update', PATIENCE, async (t) => {
  const files = new Files(t, ['*.json'], (files) => files.write('a.json', 'a:1'));
  files.writeText('other.txt', 'x');
  files.write('a.json', 'a:1');
  await pause(250);
  assert.equal(files.updates.length, 1);
});

test('the time of each file is known, until it is gone', PATIENCE, async (t) => {
  const seconds = 1_700_000_000;
  const files = new Files(t, ['*.json'], (files) => {
    files.write('a.json', 'a:1');
    fs.utimesSync(path.join(files.dir, 'a.json'), seconds, seconds);
  });
  assert.deepEqual(await files.counted('prometheus_sd_file_mtime_seconds'), [seconds]);
  fs.rmSync(path.join(files.dir, 'a.json'));
  await files.see({});
  assert.deepEqual(await files.counted('prometheus_sd_file_mtime_seconds'), []);
});

test('a stopped discoverer reads nothing any more', async (t) => {
  const files = new Files(t, ['*.json'], (files) => files.write('a.json', 'a:1'));
  files.write('a.json', 'a:2');
  files.discoverer.stop();
  await pause(250);
  assert.equal(files.updates.length, 1);
});

test('each refresh interval files are read, and folders watched that came since', PATIENCE, async (t) => {
  t.mock.timers.enable({apis: ['setInterval']});
  const files = new Files(t, ['later/*.json']);
  files.write('later/a.json', 'a:1');
  t.mock.timers.tick(HOUR_MS - 1);
  assert.deepEqual(files.targets, {});
  t.mock.timers.tick(1);
  assert.deepEqual(files.targets, {'later/a.json:0': ['a:1']});
  files.write('later/a.json', 'a:2');
  await files.see({'later/a.json:0': ['a:2']});
});

test('a folder that was made anew is watched again after a refresh', PATIENCE, async (t) => {
  t.mock.timers.enable({apis: ['setInterval']});
  const files = new Files(t, ['in/*.json'], (files) => files.write('in/a.json', 'a:1'));
  fs.rmSync(path.join(files.dir, 'in'), {recursive: true});
  files.write('in/a.json', 'a:2');
  t.mock.timers.tick(HOUR_MS);
  assert.deepEqual(files.targets, {'in/a.json:0': ['a:2']});
  // The end of the old folder makes itself felt for a while.
  await pause(250);
  files.write('in/a.json', 'a:3');
  await files.see({'in/a.json:0': ['a:3']});
});
