// Small queries and scrapes while heavy queries run: `fairness.ts [SECONDS]`, 20 when not said. See README.md.
import {fork} from 'node:child_process';
import {once} from 'node:events';
import fs from 'node:fs';
import http from 'node:http';
import os from 'node:os';
import path from 'node:path';
import {fileURLToPath} from 'node:url';
import {setTimeout as sleep} from 'node:timers/promises';
import {ServerProcess} from '../test/support/process.ts';
import {loadHistory} from './fairness/history.ts';
import {Cleanup} from './support/cleanup.ts';
import {cpuSeconds, residentMegabytes} from './support/process-figures.ts';
import {quantile} from './support/statistics.ts';

const TARGETS = 10;
const TARGET_SERIES = 1000;
const INSTANCES = 23;
const HOURS = 3;
const STEP_S = 5;
const HEAVY_AT_ONCE = 8;
const SMALL_EVERY_MS = 30;
const SETTLE_MS = 8000;
const AFTER_S = [5, 15, 30];
const HEAVY = 'sum by (le, instance) (rate(http_request_duration_seconds_bucket[10m]))';
const SMALL = 'sum by (job) (rate(http_requests_total{instance="api-03:8080"}[5m]))';
const AIM = {smallMs: 50, lateMs: 100, resident: 1.15};

const seconds = Number(process.argv[2] ?? 20);
if (!(seconds > 0)) throw new Error(`${process.argv[2]} is no number of seconds`);
const cleanup = new Cleanup();

async function startTargets(): Promise<number> {
  const file = path.join(path.dirname(fileURLToPath(import.meta.url)), 'fairness/target-process.ts');
  const child = fork(file, [String(TARGETS), String(TARGET_SERIES)]);
  cleanup.add(() => child.disconnect());
  const [port] = (await once(child, 'message')) as [number];
  return port;
}

function scrapeFrom(server: ServerProcess, port: number): void {
  const targets = Array.from(
    {length: TARGETS},
    (_, t) =>
      `  - {targets: ['127.0.0.1:${port}'], labels: {__metrics_path__: /t/${t}/metrics, instance: 'host-${t}:9100'}}`,
  );
  const head = ['global: {scrape_interval: 1s, scrape_timeout: 1s}', 'scrape_configs:', '- job_name: load'];
  const config = [...head, '  static_configs:', ...targets].join('\n');
  fs.writeFileSync(path.join(server.folder, 'prometheus.yml'), config);
  server.child.kill('SIGHUP');
}

interface HeavyLoad {
  /** Stop after the queries that run; gives how many were answered, and what failed. */
  stop(): Promise<{answered: number; failures: string[]}>;
}

function startHeavy(server: ServerProcess): HeavyLoad {
  const end = Date.now() / 1000;
  const times = {start: String(end - HOURS * 3600), end: String(end), step: String(STEP_S)};
  const parameters = new URLSearchParams({query: HEAVY, ...times});
  const failures: string[] = [];
  let answered = 0;
  const stop = new AbortController();
  const lanes = Array.from({length: HEAVY_AT_ONCE}, async () => {
    while (!stop.signal.aborted) {
      const status = await drained(`${server.url}/api/v1/query_range?${parameters}`);
      if (status === 200) answered++;
      else failures.push(`status ${status}`);
    }
  });
  return {
    stop: async () => {
      stop.abort();
      await Promise.all(lanes);
      return {answered, failures};
    },
  };
}

/** Status of a request whose answer is read but not looked at: decoding it would delay what is measured here. */
async function drained(url: string): Promise<number | undefined> {
  const [response] = (await once(http.get(url), 'response')) as [http.IncomingMessage];
  response.resume();
  await once(response, 'end');
  return response.statusCode;
}

/** Milliseconds that each of the small queries took, asked one after the other. */
async function askSmall(server: ServerProcess): Promise<number[]> {
  const took: number[] = [];
  for (const end = Date.now() + seconds * 1000; Date.now() < end; await sleep(SMALL_EVERY_MS)) {
    const began = performance.now();
    await server.api('query', {query: SMALL});
    took.push(performance.now() - began);
  }
  return took;
}

interface Matrix {
  readonly result: readonly {values: readonly (readonly [number, string])[]}[];
}

/** How far, at most, two scrapes of a target were from a second apart, in ms, and how many intervals were seen. */
async function scrapeLateness(server: ServerProcess): Promise<{worstMs: number; intervals: number}> {
  const {result} = (await server.api('query', {query: `up{job="load"}[${seconds + 5}s]`})) as Matrix;
  const off = result.flatMap(({values}) =>
    values.slice(1).map(([time], i) => Math.abs((time - values[i]![0]) * 1000 - 1000)),
  );
  return {worstMs: Math.max(...off), intervals: off.length};
}

async function main(): Promise<void> {
  const server = await ServerProcess.start({flags: ['--web.enable-remote-write-receiver']});
  cleanup.add(() => server.destroy());
  const pid = server.child.pid!;
  const loaded = await loadHistory(server.url, INSTANCES, HOURS);
  scrapeFrom(server, await startTargets());
  await sleep(SETTLE_MS);
  const idle = residentMegabytes(pid);
  console.log(
    `${loaded.series} series with ${loaded.samples} samples loaded; idle ${idle.toFixed(0)} MB; load ${os.loadavg()[0]!.toFixed(1)}`,
  );

  const cpu = cpuSeconds(pid);
  const heavy = startHeavy(server);
  await sleep(1000);
  const small = await askSmall(server);
  const {worstMs, intervals} = await scrapeLateness(server);
  const {answered, failures} = await heavy.stop();
  const busy = (cpuSeconds(pid) - cpu).toFixed(1);
  const [p50, p95, most] = [0.5, 0.95, 1].map((q) => quantile(small, q));
  console.log(`${answered} heavy queries answered, ${failures.length} failed; ${busy} s of processor time`);
  for (const failure of new Set(failures)) console.log(`  ${failure}`);
  verdict(
    p95! <= AIM.smallMs,
    `${small.length} small queries: p50 ${p50!.toFixed(1)}, p95 ${p95!.toFixed(1)}, at most ${most!.toFixed(1)} ms`,
  );
  verdict(worstMs <= AIM.lateMs, `${intervals} intervals of scrapes: at most ${worstMs.toFixed(0)} ms from a second`);
  console.log(`resident at most ${residentMegabytes(pid, 'peak').toFixed(0)} MB`);
  await memoryAfter(pid, idle);
}

async function memoryAfter(pid: number, idle: number): Promise<void> {
  const began = Date.now();
  let resident = 0;
  for (const after of AFTER_S) {
    await sleep(began + after * 1000 - Date.now());
    resident = residentMegabytes(pid);
    console.log(
      `${after} s after: ${resident.toFixed(0)} MB, ${(100 * (resident / idle - 1)).toFixed(0)} % above idle`,
    );
  }
  verdict(resident <= AIM.resident * idle, 'memory goes back');
}

const verdict = (isWell: boolean, text: string): void => console.log(`${isWell ? 'well' : 'MISSED'}: ${text}`);

try {
  await main();
} finally {
  await cleanup.run();
}
process.exit();
