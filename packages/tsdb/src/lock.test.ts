import assert from 'node:assert/strict';
import {type ChildProcess, execFileSync, spawn} from 'node:child_process';
import {once} from 'node:events';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import {type TestContext, test} from 'node:test';
import {setTimeout as sleep} from 'node:timers/promises';
import {StorageError} from './errors.ts';
import {FolderLock, lockHolder} from './lock.ts';
import {prometheusBinary} from './wal/testing-peers.ts';

function folderFor(t: TestContext): string {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'narthex-lock-'));
  t.after(() => fs.rmSync(folder, {recursive: true, force: true}));
  return folder;
}

const lockOf = (folder: string): string => path.join(folder, 'lock');

const isLocked = (pattern: RegExp) => (error: unknown) =>
  error instanceof StorageError && error.code === 'locked' && pattern.test(error.message);

test('a folder that is free is taken cleanly and given back', (t) => {
  const folder = folderFor(t);
  const lock = FolderLock.acquire(folder, () => assert.fail('nothing to warn of'));
  assert.equal(lock.cleanStart, 1);
  assert.deepEqual(fs.readdirSync(folder), ['lock']);
  lock.release();
  assert.deepEqual(fs.readdirSync(folder), []);
});

test('opening twice in one process fails and names the file and this process', (t) => {
  const folder = folderFor(t);
  const lock = FolderLock.acquire(folder);
  assert.throws(() => FolderLock.acquire(folder), isLocked(new RegExp(`${lockOf(folder)} is held by this process`)));
  lock.release();
  FolderLock.acquire(folder).release();
});

/** Another process that takes the lock of `folder` and keeps it until it is killed. */
async function otherHolder(t: TestContext, folder: string): Promise<ChildProcess> {
  const code = `import {FolderLock} from ${JSON.stringify(import.meta.resolve('./lock.ts'))};
    globalThis.lock = FolderLock.acquire(${JSON.stringify(folder)}); console.log('taken'); setInterval(() => {}, 1000);`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', code], {stdio: ['ignore', 'pipe', 'inherit']});
  t.after(() => child.kill('SIGKILL'));
  await once(child.stdout, 'data');
  return child;
}

test('another process holds the folder until it dies; then its lock is replaced with a warning', async (t) => {
  const folder = folderFor(t);
  const other = await otherHolder(t, folder);
  assert.throws(() => FolderLock.acquire(folder), isLocked(new RegExp(`is held by process ${other.pid}`)));
  const gone = once(other, 'exit');
  other.kill('SIGKILL');
  await gone;
  const warnings: string[] = [];
  const lock = FolderLock.acquire(folder, (message) => warnings.push(message));
  assert.equal(lock.cleanStart, 0);
  assert.match(warnings.join(), new RegExp(`It was replaced: ${lockOf(folder)}`));
  lock.release();
});

test('processes that want the folder at once: one gets it, whoever went before', async (t) => {
  const folder = folderFor(t);
  const first = FolderLock.acquire(folder);
  const race = `import {FolderLock} from ${JSON.stringify(import.meta.resolve('./lock.ts'))};
    process.stdin.once('data', () => {
      try { globalThis.lock = FolderLock.acquire(${JSON.stringify(folder)}); console.log('taken'); }
      catch (error) { console.log(error.code); }
      process.stdin.once('data', () => process.exit());
    });
    console.log('ready');`;
  const children = Array.from({length: 4}, () => {
    const child = spawn(process.execPath, ['--input-type=module', '-e', race], {stdio: ['pipe', 'pipe', 'inherit']});
    t.after(() => child.kill('SIGKILL'));
    return child;
  });
  const said = async (child: (typeof children)[number]) => String((await once(child.stdout, 'data'))[0]).trim();
  await Promise.all(children.map(said));
  const answers = children.map(said);
  for (const child of children) child.stdin.write('go');
  first.release();
  const sorted = (await Promise.all(answers)).sort();
  assert.ok(sorted.filter((answer) => answer === 'taken').length <= 1, sorted.join());
  assert.ok(
    sorted.every((answer) => answer === 'taken' || answer === 'locked'),
    sorted.join(),
  );
});

const PROC_LOCKS = `1: FLOCK  ADVISORY  WRITE 4711 fe:00:131 0 EOF
2: POSIX  ADVISORY  WRITE 29262 fe:00:2155363 1073741824 1073742335
3: -> POSIX  ADVISORY  WRITE 5 fe:00:2155363 0 EOF
4: FLOCK  ADVISORY  WRITE 12 103:04:77 0 EOF
`;
const lines: [name: string, kind: 'FLOCK' | 'POSIX', dev: number, ino: number, pid: number | undefined][] = [
  ['a Prometheus', 'FLOCK', 0xfe00, 131, 4711],
  ['one of ours', 'POSIX', 0xfe00, 2155363, 29262],
  ['a lock of another kind', 'POSIX', 0xfe00, 131, undefined],
  ['a file of the same number on another disk', 'FLOCK', 0xfd00, 131, undefined],
  ['a disk with a large number', 'FLOCK', 0x10304, 77, 12],
  ['a file that nobody has locked', 'FLOCK', 0xfe00, 1, undefined],
];
for (const [name, kind, dev, ino, pid] of lines) {
  test(`the holder in /proc/locks: ${name}`, () => assert.equal(lockHolder(PROC_LOCKS, kind, dev, ino), pid));
}

for (const [name, content] of [
  ['the empty file that a killed Prometheus leaves', ''],
  ['a short text', 'pid 1'],
  ['a longer text', 'hello '.repeat(1000)],
] as const) {
  test(`is replaced: ${name}`, (t) => {
    const folder = folderFor(t);
    fs.writeFileSync(lockOf(folder), content);
    const lock = FolderLock.acquire(folder);
    assert.equal(lock.cleanStart, 0);
    lock.release();
  });
}

test('a folder that cannot be written to is an error that names the file', (t) => {
  const missing = path.join(folderFor(t), 'missing');
  assert.throws(
    () => FolderLock.acquire(missing),
    (error) => error instanceof StorageError && error.code === 'data_folder' && error.message.includes(lockOf(missing)),
  );
});

test('a running Prometheus holds the folder', async (t) => {
  const binary = prometheusBinary();
  if (binary === undefined || process.platform !== 'linux') return t.skip('needs the Prometheus binary, on Linux');
  const folder = folderFor(t);
  const flags = ['--config.file=/dev/null', `--storage.tsdb.path=${folder}`, '--web.listen-address=127.0.0.1:0'];
  // Debian turned the default round.
  const help = execFileSync(binary, ['--help-long'], {encoding: 'utf8'});
  if (help.includes('--storage.tsdb.use-lockfile')) flags.push('--storage.tsdb.use-lockfile');
  const child = spawn(binary, flags, {stdio: 'ignore'});
  const gone = once(child, 'exit');
  t.after(async () => {
    child.kill('SIGKILL');
    await gone;
  });
  while (!fs.existsSync(path.join(folder, 'wal'))) await sleep(50);
  if (!fs.readFileSync('/proc/locks', 'latin1').includes(` ${child.pid} `))
    return t.skip('/proc/locks does not show it');
  assert.throws(() => FolderLock.acquire(folder), isLocked(new RegExp(`is held by process ${child.pid}`)));
});
