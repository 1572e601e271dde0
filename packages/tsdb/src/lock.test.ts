import assert from 'node:assert/strict';
import {type ChildProcess, execFileSync, spawn} from 'node:child_process';
import {once} from 'node:events';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import {type TestContext, test} from 'node:test';
import {setTimeout as sleep} from 'node:timers/promises';
import {StorageError} from './errors.ts';
import {FolderLock} from './lock.ts';
import {type ProcessIdentity, isRunning, ownIdentity} from './process-identity.ts';
import {prometheusBinary} from './wal/test-peers.ts';

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
  assert.match(fs.readFileSync(lockOf(folder), 'utf8'), new RegExp(`^pid ${process.pid}\n`));
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
    FolderLock.acquire(${JSON.stringify(folder)}); console.log('taken'); setInterval(() => {}, 1000);`;
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
  assert.match(warnings.join(), new RegExp(`It was replaced: ${lockOf(folder)} .*pid ${other.pid}`));
  lock.release();
});

const own = ownIdentity();
const strangers: [name: string, other: ProcessIdentity, running: boolean][] = [
  ['this process', own, true],
  ['a PID that was used again', {...own, start: '1'}, false],
  ['the same PID before the machine was booted', {...own, boot: 'an earlier one'}, false],
  ['PID 1 of a container that is gone', {...own, namespace: 'pid:[1]'}, false],
  ['a PID that is not used', {...own, pid: 4_194_305}, false],
];
for (const [name, other, running] of strangers) {
  const skip = process.platform === 'linux' ? false : 'only Linux tells all of it';
  test(`whether it runs: ${name}`, {skip}, () => assert.equal(isRunning(other), running));
}

for (const [name, content] of [
  ['the empty file that a killed Prometheus leaves', ''],
  ['a file with other content', 'hello'],
] as const) {
  test(`is replaced: ${name}`, (t) => {
    const folder = folderFor(t);
    fs.writeFileSync(lockOf(folder), content);
    const lock = FolderLock.acquire(folder);
    assert.equal(lock.cleanStart, 0);
    lock.release();
  });
}

test('release leaves the lock of someone else alone', (t) => {
  const folder = folderFor(t);
  const lock = FolderLock.acquire(folder);
  fs.writeFileSync(lockOf(folder), 'pid 1\n');
  lock.release();
  assert.equal(fs.readFileSync(lockOf(folder), 'utf8'), 'pid 1\n');
});

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
  assert.throws(() => FolderLock.acquire(folder), isLocked(new RegExp(`is held by process ${child.pid}, which`)));
});
