// Prometheus 2.42 and this server side by side on live targets: `side-by-side.ts [SECONDS]`, 600 when not said. See README.md.
import {spawn} from 'node:child_process';
import {once} from 'node:events';
import fs from 'node:fs';
import path from 'node:path';
import {setTimeout as sleep} from 'node:timers/promises';
import {freePort, peersFolder, ServerProcess} from '../test/support/process.ts';
import {compareList, compareQuery, faultLines, type Moments, type Verdict} from './side-by-side/compare.ts';
import {comparisons, lists} from './side-by-side/queries.ts';
import {load, movedOffSeconds, readBack} from './side-by-side/recording.ts';
import {Cleanup} from './support/cleanup.ts';
import {cpuSeconds, residentMegabytes} from './support/process-figures.ts';
import {table} from './support/statistics.ts';

type Servers = readonly [ours: ServerProcess, theirs: ServerProcess];

const RELATIVE_REPLAYED = 1e-9;
const SECONDS_MIN = 25;
/** Beyond this from its second, a scrape counts as missed. */
const GAP_MS = 500;
/** Before the recording: 2.42 looks for targets some seconds late, and no window of a query shall reach before its first scrape. */
const SETTLE_MS = 20_000;
/** Other mounts come and go, and live shorter than the time between two servers' scrapes. */
const ONLY_ROOT = '--collector.filesystem.mount-points-exclude=^/.+';
/** The default step of subqueries is the interval of evaluation. */
const GLOBAL = 'global: {scrape_interval: 1s, scrape_timeout: 1s, evaluation_interval: 1s}';

const seconds = Number(process.argv[2] ?? 600);
if (!(seconds >= SECONDS_MIN)) throw new Error(`${process.argv[2]} is no number of seconds of at least ${SECONDS_MIN}`);
if (peersFolder === undefined)
  throw new Error('no real Prometheus: PEERS_DIR names a folder that has root/usr/bin/prometheus');
const cleanup = new Cleanup();
let failures = 0;

async function startServers(peers: string): Promise<Servers> {
  const flags = ['--web.enable-remote-write-receiver'];
  const ours = await ServerProcess.start({flags, config: GLOBAL});
  cleanup.add(() => ours.destroy());
  const theirs = await ServerProcess.start({flags, config: GLOBAL, command: path.join(peers, 'prometheus')});
  cleanup.add(() => theirs.destroy());
  return [ours, theirs];
}

async function startExporter(peers: string): Promise<number> {
  const port = await freePort();
  const command = path.join(peers, 'prometheus-node-exporter');
  const child = spawn(command, [`--web.listen-address=127.0.0.1:${port}`, ONLY_ROOT], {stdio: 'ignore'});
  cleanup.add(async () => {
    if (child.exitCode === null && child.kill()) await once(child, 'exit');
  });
  for (let tries = 0; tries < 200; tries++, await sleep(50)) {
    const answer = await fetch(`http://127.0.0.1:${port}/metrics`).catch(() => undefined);
    await answer?.arrayBuffer();
    if (answer?.ok) return port;
  }
  throw new Error('the node exporter does not answer');
}

const configOf = (targets: Readonly<Record<string, number>>): string =>
  [
    GLOBAL,
    'scrape_configs:',
    ...Object.entries(targets).map(
      ([job, port]) => `- {job_name: ${job}, static_configs: [{targets: ['127.0.0.1:${port}']}]}`,
    ),
  ].join('\n');

/** Series of the servers' own metrics come to be with the first request of a kind: make those before it counts. */
async function touch(servers: Servers): Promise<void> {
  for (const server of servers) {
    await server.api('query', {query: 'up'});
    await server.api('query_range', {query: 'up', start: '1', end: '2', step: '1'});
    for (const [route, parameters] of lists) await server.api(route, parameters);
    await server.get('/metrics');
  }
}

async function record(servers: Servers, exporterPort: number): Promise<void> {
  const config = configOf({node: exporterPort, narthex: servers[0].port, prometheus: servers[1].port});
  for (const server of servers) {
    fs.writeFileSync(path.join(server.folder, 'prometheus.yml'), config);
    server.child.kill('SIGHUP');
  }
  await touch(servers);
  await sleep(SETTLE_MS);
  const began = servers.map((server) => cpuSeconds(server.child.pid!));
  await sleep(seconds * 1000);
  for (const [i, server] of servers.entries()) {
    const pid = server.child.pid!;
    const cpu = (cpuSeconds(pid) - began[i]!).toFixed(2);
    const resident = `${residentMegabytes(pid).toFixed(0)} MB, at most ${residentMegabytes(pid, 'peak').toFixed(0)} MB`;
    console.log(`${nameOf(i)}: ${cpu} s of processor time in ${seconds} s, resident ${resident}`);
  }
}

const nameOf = (i: number): string => (i === 0 ? 'narthex    ' : 'prometheus ');

interface Matrix {
  readonly result: readonly {metric: Record<string, string>; values: readonly (readonly [number, string])[]}[];
}

/** How regular the scrapes of a server were, and what it has of them. */
async function reportScrapes(server: ServerProcess, name: string, time: number): Promise<void> {
  const query = `up[${seconds - 5}s]`;
  const {result} = (await server.api('query', {query, time: String(time)})) as Matrix;
  const apart = result.flatMap(({values}) =>
    values.slice(1).map(([at], i) => Math.abs((at - values[i]![0]) * 1000 - 1000)),
  );
  const down = result.flatMap(({values}) => values.filter(([, value]) => value !== '1')).length;
  const gaps = apart.filter((off) => off > GAP_MS).length;
  const [series, samples] = await Promise.all(
    ['count({__name__=~".+"})', `sum(sum_over_time(scrape_samples_scraped[${seconds}s]))`].map(async (text) => {
      const answer = (await server.api('query', {query: text, time: String(time)})) as {
        result: {value: [number, string]}[];
      };
      return answer.result[0]?.value[1] ?? '0';
    }),
  );
  const off = Math.max(...apart).toFixed(0);
  console.log(
    `${name}: ${series} series, ${samples} samples scraped, ${apart.length} intervals of scrapes at most ${off} ms from 1 s, ${gaps} gaps, ${down} failed`,
  );
  if (gaps > 0 || down > 0) console.log(`  ${name.trim()} missed scrapes`);
}

type Row = readonly [what: string, rows: string, points: string, worst: string, allowed: string];

function report(rows: Row[], what: string, allowed: string, verdict: Verdict): void {
  const worst = verdict.faults.length ? 'DIFFERS' : `${(100 * verdict.worst).toFixed(0)} %`;
  rows.push([what, String(verdict.rows), String(verdict.points), worst, allowed]);
  if (!verdict.faults.length) return;
  failures++;
  console.log(`DIFFERS: ${what}`);
  for (const line of faultLines(verdict)) console.log(`    ${line}`);
}

/** Compare all queries; `relative`, where given, stands for each query's own allowance. */
async function compareAll(title: string, servers: Servers, endSeconds: number, relative?: number): Promise<void> {
  const rows: Row[] = [['query', 'series', 'points', 'of allowed', 'allowed']];
  const step = Math.max(1, Math.floor(seconds / 60));
  const steps = Math.floor((0.5 * seconds - 10) / step);
  const range = {start: endSeconds - steps * step, end: endSeconds, step};
  for (const {query, ...own} of comparisons) {
    const allowance = relative === undefined ? own : {absolute: 0, relative};
    const allowed =
      [allowance.absolute || '', allowance.relative ? `${allowance.relative} of it` : ''].filter(Boolean).join(' + ') ||
      'exact';
    for (const moments of [{time: endSeconds}, range] satisfies Moments[]) {
      const missingPoints = relative === undefined && 'start' in moments ? 1 : 0;
      const mayBeEmpty = query === 'absent(up)';
      const verdict = await compareQuery(servers, query, moments, {...allowance, missingPoints, mayBeEmpty});
      report(rows, 'time' in moments ? query : `range: ${query}`, allowed, verdict);
    }
  }
  for (const [route, parameters] of lists) {
    const selected = parameters['match[]'] === undefined ? '' : ` of ${String(parameters['match[]'])}`;
    report(rows, `${route}${selected}`, 'exact', await compareList(servers, route, parameters));
  }
  console.log(`\n${title}\n${table(rows)}\n`);
}

async function main(peers: string): Promise<void> {
  const exporterPort = await startExporter(peers);
  const scraping = await startServers(peers);
  await record(scraping, exporterPort);
  // What is asked now counts in both servers' metrics: look at what was before.
  const endSeconds = Math.floor(Date.now() / 1000) - 1.5;
  for (const [i, server] of scraping.entries()) await reportScrapes(server, nameOf(i), endSeconds);
  await compareAll('As scraped, each at its own moments', scraping, endSeconds);
  const {series, endMs} = movedOffSeconds(await readBack(scraping[0], endSeconds, seconds));
  for (const server of scraping) await server.kill('SIGTERM');
  const loaded = await startServers(peers);
  for (const server of loaded) await load(server, series);
  const samples = series.reduce((sum, {times}) => sum + times.length, 0);
  await compareAll(`The same ${samples} samples in both`, loaded, endMs / 1000, RELATIVE_REPLAYED);
  console.log(failures ? `${failures} disagreements` : 'no disagreement');
}

try {
  await main(peersFolder);
} finally {
  await cleanup.run();
}
process.exit(failures ? 1 : 0);
