import {KernelMemory} from '@narthex/kernels/kernel-memory.ts';
import {instant, prepare, range} from './engine.ts';
import {writeResultJson} from './json-writer.ts';
import {syntheticQuerier} from './testing/synthetic-storage.ts';

const HOUR = 3_600_000;
const INTERVAL = 15_000;

/** Queries over `series` series of 15 s samples; a range query has 240 steps over an hour. */
const rangeQueries: readonly [query: string, series: number][] = [
  ['sum by (handler) (rate(http_requests_total[5m]))', 5000],
  ['rate(http_requests_total[5m])', 500],
  ['http_requests_total', 500],
  ['sum(http_requests_total)', 5000],
  ['max_over_time(http_requests_total[5m])', 500],
  ['sum by (handler) (avg_over_time(http_requests_total[5m]))', 1000],
  ['http_requests_total / on (handler, instance, code, job) http_requests_total', 500],
  ['topk(5, rate(http_requests_total[5m]))', 1000],
  ['quantile by (handler) (0.9, http_requests_total)', 1000],
];

const instantQueries: readonly [query: string, series: number][] = [
  ['count({__name__=~".+"})', 1_000_000],
  ['sum by (handler) (http_requests_total)', 100_000],
  ['topk(10, http_requests_total)', 100_000],
  ['http_requests_total', 10_000],
];

/** Milliseconds for whole queries, JSON included. */
export function run(scale: number): void {
  for (const [query, series] of rangeQueries) measureQuery(query, Math.ceil(series * scale), scale, true);
  for (const [query, series] of instantQueries) measureQuery(query, Math.ceil(series * scale), scale, false);
}

function measureQuery(text: string, series: number, scale: number, isRange: boolean): void {
  const memory = new KernelMemory({maximumBytes: 1 << 30});
  const querier = syntheticQuerier(memory, {series, samples: 480, intervalMs: INTERVAL});
  const query = prepare(text);
  let best = Infinity;
  let bytes = 0;
  for (let pass = 0; pass < Math.max(1, Math.round(5 * scale)); pass++) {
    const begin = performance.now();
    const result = isRange
      ? range(query, {querier, memory}, HOUR, 2 * HOUR - INTERVAL, INTERVAL)
      : instant(query, {querier, memory}, 2 * HOUR - INTERVAL);
    bytes = 0;
    for (const chunk of writeResultJson(result)) bytes += chunk.length;
    result.release();
    best = Math.min(best, performance.now() - begin);
  }
  const kind = isRange ? '240 steps' : 'instant';
  console.log(
    `${text.padEnd(78)} ${String(series).padStart(8)} series ${kind.padStart(9)} ${best.toFixed(1).padStart(8)} ms ${bytes} bytes, memory ${(memory.peakBytes / 1e6).toFixed(0)} MB`,
  );
}

if (import.meta.main) run(1);
