import {putFloatPowers} from '@narthex/kernels/float-powers.ts';
import {KernelMemory} from '@narthex/kernels/kernel-memory.ts';
import {Labels} from '@narthex/model/labels.ts';
import {Head} from '@narthex/tsdb/head/head.ts';
import {type Body, TargetAppender} from './target-appender.ts';
import {jobOf} from './testing/configs.ts';

const LINES = 5000;
const FAMILY_LINES = 50;
const STEP_MS = 15_000;

/** Bodies of one shape, in the order in which they are scraped. */
type Shape = (lines: number, scrape: number) => string;

/** A line of some 120 bytes; its value changes with each scrape. */
function line(i: number, scrape: number): string {
  const labels = `code="${200 + (i % 5)}",handler="/api/v1/query_range",instance_group="edge-${i % 97}",method="post",path="p${i}"`;
  return `http_request_duration_${Math.floor(i / FAMILY_LINES)}_total{${labels}} ${(i * 31 + scrape * 17) % 100_003}`;
}

function family(i: number): string {
  const name = `http_request_duration_${i / FAMILY_LINES}_total`;
  return `# HELP ${name} Requests by code, handler and method.\n# TYPE ${name} counter\n`;
}

function bodyText(lines: number, each: (i: number) => string): string {
  const parts: string[] = [];
  for (let i = 0; i < lines; i++) parts.push(i % FAMILY_LINES === 0 ? family(i) : '', each(i), '\n');
  return parts.join('');
}

const shapes: Record<string, {format: Body['format']; text: Shape}> = {
  'the same lines': {format: 'text', text: (lines, scrape) => bodyText(lines, (i) => line(i, scrape))},
  'one line comes, one goes': {
    format: 'text',
    text: (lines, scrape) =>
      bodyText(lines, (i) => (i === lines >> 1 ? `churn_total{scrape="${scrape}"} 1` : line(i, scrape))),
  },
  'lines in reverse every other time': {
    format: 'text',
    text: (lines, scrape) => bodyText(lines, (i) => line(scrape % 2 ? lines - 1 - i : i, scrape)),
  },
  'OpenMetrics, half with an exemplar': {
    format: 'openmetrics',
    text: (lines, scrape) =>
      `${bodyText(lines, (i) => `${line(i, scrape)}${i % 2 ? ' # {trace_id="abcdef0123456789"} 0.5' : ''}`)}# EOF\n`,
  },
};

/** Scrape bodies of each shape into a head without a log; prints what a line costs, from body to storage. */
export function run(scale: number): void {
  const lines = Math.max(10, Math.round(LINES * scale));
  const scrapes = Math.max(3, Math.round(40 * scale));
  for (const [name, {format, text}] of Object.entries(shapes)) {
    const {first, best, median} = measure(lines, scrapes, format, text);
    const figures = `${best.toFixed(0)} ns a line at best, ${median.toFixed(0)} in the middle, ${first.toFixed(0)} at first`;
    console.log(`scrape ${name}: ${figures}`);
  }
}

function measure(lines: number, scrapes: number, format: Body['format'], text: Shape) {
  const memory = new KernelMemory({maximumBytes: 1 << 28});
  const head = Head.create({arenaBytes: 1 << 26});
  const context = {memory, floatPowers: putFloatPowers(memory), store: head, isRefusal: () => false};
  const labels = Labels.fromObject({instance: 'host:9100', job: 'bench'});
  const appender = new TargetAppender(context, jobOf('job_name: bench'), {labels, timeoutMs: 10_000});
  const start = Date.now() - scrapes * STEP_MS;
  const times: number[] = [];
  for (let scrape = 0; scrape < scrapes; scrape++) {
    const bytes = Buffer.from(text(lines, scrape));
    const began = performance.now();
    appender.append({parts: [bytes], bytes: bytes.length, format}, start + scrape * STEP_MS, (counts) => ({
      ...counts,
      up: true,
      durationSeconds: 0,
      bodyBytes: bytes.length,
    }));
    times.push(((performance.now() - began) * 1e6) / lines);
  }
  const [first, ...rest] = times;
  const sorted = rest.sort((a, b) => a - b);
  return {first: first!, best: sorted[0]!, median: sorted[sorted.length >> 1]!};
}

if (import.meta.main) run(1);
