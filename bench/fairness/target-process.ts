// Serves TARGETS pages of SERIES series each at /t/0/metrics, /t/1/metrics, ... on a free port, which it sends to its parent. About half of the
// values change with each scrape. A process of its own, so that neither the measured server nor the measuring program waits for it.
import http from 'node:http';
import type net from 'node:net';

const [targets, series] = process.argv.slice(2).map(Number) as [number, number];
const FAMILY_SERIES = 50;

/** Each line up to its value. */
const lines: string[] = [];
for (let i = 0; i < series; i++) {
  const family = Math.floor(i / FAMILY_SERIES);
  if (i % FAMILY_SERIES === 0) lines.push(`# TYPE work_${family}_total counter\n`);
  lines.push(`work_${family}_total{queue="queue-${i % 10}",shard="${Math.floor(i / 10) % 5}",version="v1.4.2"} `);
}
const scrapes = new Uint32Array(targets);

function page(target: number): string {
  const scrape = scrapes[target]!++;
  let text = '';
  for (const [i, line] of lines.entries()) {
    text += line;
    if (!line.startsWith('#')) text += `${i % 2 ? i : 1000 * target + i * scrape}\n`;
  }
  return text;
}

const server = http.createServer((request, response) => {
  const target = Number(/^\/t\/(\d+)\/metrics/.exec(request.url ?? '')?.[1] ?? targets);
  const body = target < targets ? page(target) : undefined;
  response.writeHead(body === undefined ? 404 : 200, {'Content-Type': 'text/plain; version=0.0.4; charset=utf-8'});
  response.end(body);
});
server.listen(0, '127.0.0.1', () => process.send!((server.address() as net.AddressInfo).port));
process.on('disconnect', () => process.exit());
