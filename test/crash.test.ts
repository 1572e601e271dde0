// What was acknowledged survives: the process being killed, the log being torn, the disk being full. Heavier by hand, see README.md.
import assert from 'node:assert/strict';
import {spawnSync} from 'node:child_process';
import {once} from 'node:events';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import {test} from 'node:test';
import {setTimeout as sleep} from 'node:timers/promises';
import {ServerProcess} from './support/process.ts';
import {Sender} from './support/write-load.ts';

const ROUNDS = Number(process.env['NARTHEX_CRASH_ROUNDS'] ?? 3);
const CUTS = Number(process.env['NARTHEX_CRASH_CUTS'] ?? 6);
const CONNECTIONS = 4;
const KILL_WITHIN_MS = 700;
const PAGE_BYTES = 32 * 1024;
const flags = ['--web.enable-remote-write-receiver'];

/** Numbers in [0, 1) that are the same for the same seed (mulberry32). */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let x = Math.imul(state ^ (state >>> 15), 1 | state);
    x = (x + Math.imul(x ^ (x >>> 7), 61 | x)) ^ x;
    return ((x ^ (x >>> 14)) >>> 0) / 2 ** 32;
  };
}

const seed = Number(process.env['NARTHEX_CRASH_SEED'] ?? 42);

test(`killed ${ROUNDS} times under load (seed ${seed})`, async (t) => {
  const random = randomFrom(seed);
  const senders = Array.from({length: CONNECTIONS}, (_, i) => new Sender(String(i)));
  let server = await ServerProcess.start({flags});
  try {
    for (let round = 0; round < ROUNDS; round++) {
      const sending = senders.map((sender) => sender.sendOn(server));
      await sleep(50 + random() * KILL_WITHIN_MS);
      await server.kill();
      const refusals = await Promise.all(sending);
      assert.deepEqual(
        refusals,
        refusals.map(() => undefined),
        server.log,
      );
      server = await ServerProcess.start({folder: server.folder, flags});
      for (const sender of senders) await sender.check(server);
      for (const sender of senders) await sender.resume(server);
    }
    t.diagnostic(`${senders.reduce((sum, {acknowledged}) => sum + acknowledged, 0)} requests acknowledged`);
  } finally {
    await server.destroy();
  }
});

/** The newest segment of the log that holds anything. */
function lastSegment(folder: string): string {
  const wal = path.join(folder, 'data/wal');
  const names = fs.readdirSync(wal).filter((name) => /^\d+$/.test(name) && fs.statSync(path.join(wal, name)).size > 0);
  return path.join(wal, names.sort().at(-1)!);
}

test(`the log torn at ${CUTS} places of its last page (seed ${seed})`, async () => {
  const random = randomFrom(seed);
  const sender = new Sender('torn');
  const server = await ServerProcess.start({flags});
  try {
    const sizes: number[] = [];
    while (sizes.length < 60) {
      assert.equal(await sender.send(server), 204);
      sizes.push(fs.statSync(lastSegment(server.folder)).size);
    }
    await server.kill();
    const {size} = fs.statSync(lastSegment(server.folder));
    for (let i = 0; i < CUTS; i++) {
      const cut = size - 1 - Math.floor(random() * Math.min(size - 1, PAGE_BYTES));
      await checkTorn(server.folder, cut, sizes.filter((written) => written <= cut).length, sender);
    }
  } finally {
    await server.destroy();
  }
});

/** Start on a copy whose log ends at byte `cut`: what was written before is there, and writing goes on, over another restart too. */
async function checkTorn(folder: string, cut: number, whole: number, sender: Sender): Promise<void> {
  const copy = fs.mkdtempSync(path.join(os.tmpdir(), 'narthex-torn-'));
  fs.cpSync(folder, copy, {recursive: true});
  fs.truncateSync(lastSegment(copy), cut);
  let server = await ServerProcess.start({folder: copy, flags});
  try {
    await sender.check(server, whole);
    const after = new Sender('after');
    for (let i = 0; i < 3; i++) assert.equal(await after.send(server), 204);
    await server.kill();
    server = await ServerProcess.start({folder: copy, flags});
    await after.check(server);
    await sender.check(server, whole);
  } catch (error) {
    throw new Error(`cut at byte ${cut}: ${(error as Error).message}\n${server.log}`, {cause: error});
  } finally {
    await server.destroy();
  }
}

/** Run `use` in a file system of its own in memory; says why not where this machine does not let the test mount one. */
async function withFileSystem(options: string, use: (folder: string) => Promise<void>): Promise<string | undefined> {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'narthex-mount-'));
  const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', options, 'narthex-test', folder], {encoding: 'utf8'});
  try {
    if (mounted.status !== 0) return `cannot mount a file system: ${mounted.stderr ?? mounted.error?.message}`;
    await use(folder);
    return undefined;
  } finally {
    if (mounted.status === 0) spawnSync('umount', ['-l', folder]);
    fs.rmSync(folder, {recursive: true, force: true});
  }
}

test('a full disk: refuses, keeps answering, goes on when there is space', async (t) => {
  const why = await withFileSystem('size=5300k', async (folder) => {
    const ballast = path.join(folder, 'ballast');
    fs.writeFileSync(ballast, Buffer.alloc(5 << 20));
    const sender = new Sender('full');
    let server = await ServerProcess.start({folder, flags});
    try {
      const refusal = await sender.sendOn(server);
      assert.ok(refusal !== undefined && refusal >= 500, `status ${refusal}`);
      assert.match(server.log, /no space left|ENOSPC/);
      await sender.check(server);
      assert.equal((await server.get('/-/healthy')).status, 200);
      assert.ok((await sender.send(server)) >= 500, 'still full');
      fs.rmSync(ballast);
      for (let i = 0; i < 50; i++) assert.equal(await sender.send(server), 204, server.log);
      await sender.check(server);
      await server.kill();
      server = await ServerProcess.start({folder, flags});
      await sender.check(server);
    } finally {
      await server.kill();
    }
  });
  if (why !== undefined) t.skip(why);
});

test('a data folder that cannot be written: says so and ends', async (t) => {
  const why = await withFileSystem('ro,size=1m', async (folder) => {
    assert.throws(() => fs.writeFileSync(path.join(folder, 'x'), ''), /EROFS/);
    const server = await ServerProcess.spawn({data: path.join(folder, 'data')});
    try {
      const [code] = (await once(server.child, 'exit')) as [number];
      assert.equal(code, 1, server.log);
      assert.match(server.log, /level=ERROR.*read-only file system/i);
      assert.ok(server.log.includes(folder), server.log);
    } finally {
      await server.destroy();
    }
  });
  if (why !== undefined) t.skip(why);
});
