import {EntryKind, type ExpositionParser} from './entry.ts';
import {OpenMetricsParser} from './openmetrics-parser.ts';
import {parseTextFamilies} from './text-families.ts';
import {TextParser} from './text-parser.ts';

/** A page of `lines` sample lines as node_exporter and instrumented services write them. */
export function samplePage(lines: number): string {
  let page = '';
  for (let i = 0; i < lines; i++) {
    if (i % 100 === 0) page += `# HELP http_requests_${i}_total Requests.\n# TYPE http_requests_${i}_total counter\n`;
    const name = `http_requests_${i - (i % 100)}_total`;
    const path = `/api/v1/resource/${i % 37}`;
    page += `${name}{code="${200 + (i % 5)}",handler="${path}",instance_id="i-${i}",method="get"} ${i * 17.25}\n`;
  }
  return page;
}

interface Figures {
  readonly megabytesPerSecond: number;
  readonly nanosecondsPerLine: number;
  readonly checksum: number;
}

function measure(body: Uint8Array, lines: number, rounds: number, read: () => number): Figures {
  let checksum = 0;
  let best = Infinity;
  for (let round = 0; round < rounds; round++) {
    const start = performance.now();
    checksum += read();
    best = Math.min(best, performance.now() - start);
  }
  const perLine = (best * 1e6) / lines;
  return {megabytesPerSecond: body.length / best / 1e3, nanosecondsPerLine: perLine, checksum};
}

function readLines(parser: ExpositionParser, body: Uint8Array): number {
  parser.reset(body);
  let sum = 0;
  for (let kind = parser.next(); kind !== EntryKind.End; kind = parser.next()) {
    if (kind === EntryKind.Series) sum += parser.values[0] + parser.labelCount;
  }
  return sum;
}

function readLabels(parser: ExpositionParser, body: Uint8Array): number {
  parser.reset(body);
  let sum = 0;
  for (let kind = parser.next(); kind !== EntryKind.End; kind = parser.next()) {
    if (kind === EntryKind.Series) sum += parser.seriesLabels().length;
  }
  return sum;
}

/** Parses a page of 20 000 lines times `scale` in several ways and prints what a line costs. */
export function run(scale: number): void {
  const lines = Math.ceil(20_000 * scale);
  const page = samplePage(lines);
  const text = Buffer.from(page);
  const openMetrics = Buffer.from(`${page}# EOF\n`);
  const cases: [name: string, body: Uint8Array, read: () => number][] = [
    ['text, lines', text, () => readLines(new TextParser(), text)],
    ['text, labels', text, () => readLabels(new TextParser(), text)],
    ['openmetrics, lines', openMetrics, () => readLines(new OpenMetricsParser(), openMetrics)],
    ['openmetrics, labels', openMetrics, () => readLabels(new OpenMetricsParser(), openMetrics)],
    ['text, families', text, () => parseTextFamilies(text).length],
  ];
  for (const [name, body, read] of cases) {
    const {megabytesPerSecond, nanosecondsPerLine, checksum} = measure(body, lines, 8, read);
    const figures = `${megabytesPerSecond.toFixed(0)} MB/s, ${nanosecondsPerLine.toFixed(0)} ns a line`;
    console.log(`${name}: ${figures} (checksum ${checksum})`);
  }
}

if (import.meta.main) run(1);
