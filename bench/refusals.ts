// Queries that are too large: how soon they are refused, what they take, and whether it comes back: `refusals.ts`. See README.md.
import fs from 'node:fs';
import {setTimeout as sleep} from 'node:timers/promises';
import {ServerProcess} from '../test/support/process.ts';
import {loadHistory} from './fairness/history.ts';
import {Cleanup} from './support/cleanup.ts';
import {residentMegabytes} from './support/process-figures.ts';

const INSTANCES = 46;
const HOURS = 2;
const AFTER_S = 30;
/** Time for the memory of the query before to go back. */
const SETTLE_MS = 5000;
const AIM = {refusedMs: 1000, peakMegabytes: 64, resident: 1.15};

interface Refusal {
  readonly name: string;
  readonly query: string;
  /** Points of a range query over all of the history; an instant query where there are none. */
  readonly points?: number;
  readonly timeout?: string;
}

const EVERYTHING = '{job="api"}';
const QUERIES: readonly Refusal[] = [
  {name: 'rows of more than 50 million samples', query: EVERYTHING, points: 10_999},
  {name: 'the same, held by an aggregation', query: `quantile(0.9, ${EVERYTHING})`, points: 10_999},
  {name: 'the same, of rates', query: `rate(${EVERYTHING}[5m])`, points: 10_999},
  {name: 'both sides of a join', query: `${EVERYTHING} - ${EVERYTHING}`, points: 10_999},
  {name: 'more than 11 000 points', query: EVERYTHING, points: 11_002},
  {name: 'a billion cells of a subquery', query: `sum_over_time(${EVERYTHING}[${HOURS}h:50ms])`},
  {name: 'a subquery without end', query: 'max_over_time(vector(1)[100y:1ms])'},
  {
    name: 'killed by its timeout',
    query: `sum(quantile_over_time(0.9, ${EVERYTHING}[1h]))`,
    points: 5000,
    timeout: '2s',
  },
];

const cleanup = new Cleanup();

/** Starts the most that was resident anew (Linux). */
const forgetPeak = (pid: number): void => fs.writeFileSync(`/proc/${pid}/clear_refs`, '5');

const verdict = (isWell: boolean, text: string): void => console.log(`${isWell ? 'well' : 'MISSED'}: ${text}`);

async function ask(url: string, {query, points, timeout}: Refusal): Promise<string> {
  const end = Date.now() / 1000;
  const parameters = new URLSearchParams({query, ...(timeout === undefined ? {} : {timeout})});
  if (points === undefined) parameters.set('time', String(end));
  else {
    parameters.set('start', String(end - HOURS * 3600));
    parameters.set('end', String(end));
    parameters.set('step', String((HOURS * 3600) / points));
  }
  const answer = await fetch(`${url}/api/v1/${points === undefined ? 'query' : 'query_range'}?${parameters}`);
  const text = await answer.text();
  return answer.ok ? `answered with ${text.length} bytes` : (JSON.parse(text) as {error: string}).error;
}

async function main(): Promise<void> {
  const server = await ServerProcess.start({flags: ['--web.enable-remote-write-receiver']});
  cleanup.add(() => server.destroy());
  const pid = server.child.pid!;
  const {series, samples} = await loadHistory(server.url, INSTANCES, HOURS);
  // One small query first: a query thread is up, and the plan is in its cache.
  await ask(server.url, {name: '', query: `count(${EVERYTHING})`});
  await sleep(8000);
  const idle = residentMegabytes(pid);
  console.log(`${series} series with ${samples} samples; idle ${idle.toFixed(0)} MB`);
  for (const refusal of QUERIES) {
    await sleep(SETTLE_MS);
    forgetPeak(pid);
    const began = performance.now();
    const error = await ask(server.url, refusal);
    const tookMs = performance.now() - began;
    const peak = residentMegabytes(pid, 'peak') - idle;
    const isSoon = refusal.timeout !== undefined || (tookMs <= AIM.refusedMs && peak <= AIM.peakMegabytes);
    verdict(isSoon, `${refusal.name}: ${tookMs.toFixed(0)} ms, ${peak.toFixed(0)} MB above idle at most: ${error}`);
  }
  await sleep(AFTER_S * 1000);
  const resident = residentMegabytes(pid);
  const above = (100 * (resident / idle - 1)).toFixed(0);
  verdict(resident <= AIM.resident * idle, `${AFTER_S} s after: ${resident.toFixed(0)} MB, ${above} % above idle`);
}

try {
  await main();
} finally {
  await cleanup.run();
}
process.exit();
