import {encodeFamilies} from './encode.ts';
import type {Metric, MetricFamily} from './family.ts';

function families(metrics: number): MetricFamily[] {
  const counters: Metric[] = [];
  const histograms: Metric[] = [];
  const buckets = [0.01, 0.1, 1, 10, Infinity].map((upperBound, i) => ({upperBound, count: 10 * i}));
  for (let i = 0; i < metrics; i++) {
    const labels = [['handler', `/api/v1/resource/${i % 37}`] as const, ['instance', `i-${i}`] as const];
    counters.push({labels, point: {kind: 'number', value: i * 17.25}});
    if (i % 8 === 0) histograms.push({labels, point: {kind: 'histogram', count: 40, sum: i / 3, buckets}});
  }
  return [
    {name: 'requests_total', help: 'Requests.', type: 'counter', metrics: counters},
    {name: 'duration_seconds', help: 'Duration.', type: 'histogram', metrics: histograms},
  ];
}

/** Writes a page of some 20 000 lines times `scale` in both formats and prints what a line costs. */
export function run(scale: number): void {
  const metrics = Math.ceil(10_000 * scale);
  const page = families(metrics);
  for (const format of ['text', 'openmetrics'] as const) {
    let best = Infinity;
    let bytes = 0;
    for (let round = 0; round < 5; round++) {
      const start = performance.now();
      bytes = encodeFamilies(page, {format, escaping: 'underscores'}).length;
      best = Math.min(best, performance.now() - start);
    }
    const lines = metrics + Math.ceil(metrics / 8) * 7;
    const figures = `${(bytes / best / 1e3).toFixed(0)} MB/s, ${((best * 1e6) / lines).toFixed(0)} ns a line`;
    console.log(`write ${format}: ${figures} (${bytes} bytes)`);
  }
}

if (import.meta.main) run(1);
