import {encodeSnapshot} from './page.ts';
import {Registry} from './registry.ts';

function measure(name: string, times: number, work: (times: number) => number): void {
  let best = Infinity;
  let checksum = 0;
  for (let round = 0; round < 5; round++) {
    const start = performance.now();
    checksum += work(times);
    best = Math.min(best, performance.now() - start);
  }
  console.log(`${name}: ${((best * 1e6) / times).toFixed(1)} ns (checksum ${checksum})`);
}

/** What counting and observing cost, a million times times `scale`, and a page of 10 000 series. */
export function run(scale: number): void {
  const times = Math.ceil(1e6 * scale);
  const registry = new Registry();
  const help = 'x';
  const counter = registry.counter({name: 'a_total', help});
  const labelled = registry.counter({name: 'b_total', help, labels: ['method', 'code']});
  const histogram = registry.histogram({name: 'h_seconds', help});
  const summary = registry.summary({name: 's_seconds', help, quantiles: [0.5, 0.9, 0.99]});
  measure('counter.inc', times, (count) => {
    for (let i = 0; i < count; i++) counter.inc();
    return counter.value;
  });
  measure('labels(values).inc', times, (count) => {
    for (let i = 0; i < count; i++) labelled.labels('GET', i & 7).inc();
    return labelled.labels('GET', 0).value;
  });
  measure('labels({...}).inc', times, (count) => {
    for (let i = 0; i < count; i++) labelled.labels({method: 'GET', code: i & 7}).inc();
    return labelled.labels('GET', 0).value;
  });
  measure('histogram.observe', times, (count) => {
    for (let i = 0; i < count; i++) histogram.observe((i & 1023) / 100);
    return histogram.count;
  });
  measure('summary.observe', times, (count) => {
    for (let i = 0; i < count; i++) summary.observe(((i * 7919) & 1023) / 100);
    return summary.count;
  });
  const series = Math.ceil(10_000 * scale);
  const wide = registry.counter({name: 'w_total', help, labels: ['id']});
  for (let i = 0; i < series; i++) wide.labels(i).inc(i);
  measure(`page of ${series} series, a series`, series, () => encodeSnapshot(registry.snapshot()).body.length);
}

if (import.meta.main) run(1);
