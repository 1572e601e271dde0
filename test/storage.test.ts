// What lies in a data folder of Prometheus, and what the admin API does to it.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import {suite, test, type TestContext} from 'node:test';
import {fileURLToPath} from 'node:url';
import {ServerProcess} from './support/process.ts';

const recorded = fileURLToPath(new URL('../../shared/conformance/tsdb-2.42/data', import.meta.url));
const skip = fs.existsSync(recorded) ? false : `no conformance data: ${recorded}`;
const flags = ['--storage.tsdb.retention.time=30y', '--web.enable-admin-api'];
const config = 'storage: {tsdb: {out_of_order_time_window: 40m}}\n';
/** Behind the last sample. */
const END = 1_700_022_960;

interface Block {
  readonly ulid: string;
  readonly stats: {readonly numSamples: number; readonly numTombstones?: number};
}

function folderOfPrometheus(): string {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'narthex-test-'));
  fs.cpSync(recorded, path.join(folder, 'data'), {recursive: true});
  return folder;
}

async function start(t: TestContext, folder: string): Promise<ServerProcess> {
  const server = await ServerProcess.start({folder, config, flags});
  t.after(() => server.kill('SIGTERM'));
  return server;
}

const blocksOf = async (server: ServerProcess): Promise<readonly Block[]> =>
  ((await server.api('status/tsdb/blocks')) as {blocks: Block[]}).blocks;

/** Samples of twelve hours that a selector finds. */
async function countOf(server: ServerProcess, selector: string): Promise<number> {
  const query = `sum(count_over_time(${selector}[12h]))`;
  const {result} = (await server.api('query', {query, time: String(END)})) as {result: {value: [number, string]}[]};
  return Number(result[0]?.value[1] ?? 0);
}

const post = async (server: ServerProcess, route: string): Promise<number> =>
  (await fetch(`${server.url}/api/v1/admin/tsdb/${route}`, {method: 'POST'})).status;

suite('a data folder of Prometheus', {skip}, () => {
  test('its blocks, log and out-of-order samples are read', async (t) => {
    const server = await start(t, folderOfPrometheus());
    const blocks = await blocksOf(server);
    assert.deepEqual(
      blocks.map(({stats}) => stats.numSamples),
      [2940, 2940, 2940, 4086],
    );
    // As Prometheus answers (answers.json beside the data).
    const found = (await countOf(server, 'node_requests_total')) + (await countOf(server, 'node_temperature'));
    assert.equal(found, 10_829);
    assert.ok((await countOf(server, 'node_ooo')) > 10);
  });

  test('what is deleted is gone from head and blocks, also after they are cleaned and after a restart', async (t) => {
    const folder = folderOfPrometheus();
    const server = await start(t, folder);
    const [before, others] = [await countOf(server, 'node_temperature'), await countOf(server, 'node_gone')];
    assert.equal(await post(server, 'delete_series?match[]=node_temperature&start=1700000000&end=1700020000'), 204);
    const left = await countOf(server, 'node_temperature');
    assert.ok(left > 0 && left < before);
    assert.equal(await post(server, 'clean_tombstones'), 204);
    assert.ok((await blocksOf(server)).every(({stats}) => !stats.numTombstones));
    assert.equal(await countOf(server, 'node_temperature'), left);
    await server.kill('SIGTERM');
    const again = await start(t, folder);
    assert.equal(await countOf(again, 'node_temperature'), left);
    assert.equal(await countOf(again, 'node_gone'), others);
  });

  test('a snapshot is a data folder with the same blocks', async (t) => {
    const folder = folderOfPrometheus();
    const server = await start(t, folder);
    // The log of this folder has histograms.
    assert.equal(await post(server, 'snapshot'), 500);
    const answer = await fetch(`${server.url}/api/v1/admin/tsdb/snapshot?skip_head=true`, {method: 'POST'});
    const {data} = (await answer.json()) as {data: {name: string}};
    assert.match(data.name, /^\d{8}T\d{6}Z-[0-9a-f]{16}$/);
    const copy = fs.mkdtempSync(path.join(os.tmpdir(), 'narthex-test-'));
    fs.cpSync(path.join(folder, 'data/snapshots', data.name), path.join(copy, 'data'), {recursive: true});
    const other = await start(t, copy);
    assert.deepEqual(await blocksOf(other), await blocksOf(server));
  });

  test('without its flag the admin API does nothing', async (t) => {
    const server = await ServerProcess.start();
    t.after(() => server.kill('SIGTERM'));
    assert.equal(await post(server, 'delete_series?match[]=up'), 500);
    assert.equal(await post(server, 'clean_tombstones'), 500);
  });
});
