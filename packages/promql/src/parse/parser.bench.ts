import {parseExpr} from './parser.ts';
import {printExpr} from './print.ts';

// What users ask, from the smallest to a generated monster. Every dashboard panel parses once a query; rules once a
// load.
const QUERIES: readonly [name: string, query: string][] = [
  ['selector', 'up{job="node", instance="host:9100"}'],
  ['rate', 'sum by (job, code) (rate(http_requests_total{job="api", code!~"2.."}[5m])) > 0.5'],
  [
    'quantile',
    'histogram_quantile(0.99, sum by (le, route) (rate(http_request_duration_seconds_bucket{job="api"}[5m])))',
  ],
  [
    'alert',
    '(node_filesystem_avail_bytes{fstype!="",mountpoint!=""} / node_filesystem_size_bytes{fstype!=""} * 100 < 5 and ' +
      'predict_linear(node_filesystem_avail_bytes{fstype!=""}[6h], 4 * 60 * 60) < 0 and node_filesystem_readonly == 0)',
  ],
  [
    'join',
    'sum by (namespace) (kube_pod_info) * on (namespace) group_left (team) label_replace(kube_namespace_labels offset 1d, ' +
      '"team", "$1", "label_team", "(.+)")',
  ],
  ['chain of 1000', Array.from({length: 1000}, (_, i) => `metric_${i}{a="b"}`).join(' + ')],
  ['chain of 20 000', Array.from({length: 20_000}, (_, i) => `metric_${i}{a="b"}`).join(' + ')],
];

/** Prints microseconds a query for parsing and printing, the best of five runs; `scale` 1 takes a few seconds. */
export function run(scale: number): void {
  let checksum = 0;
  for (const [name, query] of QUERIES) {
    // The long ones alone would make a smoke test slow.
    if (query.length > scale * 1_000_000) continue;
    const rounds = Math.max(1, Math.round((scale * 400_000) / query.length));
    const expr = parseExpr(query);
    const parsing = bestMicros(rounds, () => (checksum += parseExpr(query).range.end));
    const printing = bestMicros(rounds, () => (checksum += printExpr(expr).length));
    const figures = `parse ${parsing.toFixed(1).padStart(8)} µs, print ${printing.toFixed(1).padStart(8)} µs`;
    console.log(`${name.padEnd(16)} ${String(query.length).padStart(7)} bytes, ${figures}`);
  }
  console.log(`checksum ${checksum}`);
}

function bestMicros(rounds: number, once: () => void): number {
  let best = Infinity;
  for (let pass = 0; pass < 5; pass++) {
    const started = performance.now();
    for (let i = 0; i < rounds; i++) once();
    best = Math.min(best, ((performance.now() - started) * 1000) / rounds);
  }
  return best;
}

if (import.meta.main) run(1);
