import {KernelMemory} from '@narthex/kernels/kernel-memory.ts';
import {Matcher, type MatchType} from '@narthex/model/matcher.ts';
import {Arena} from '../arena/arena.ts';
import {IndexReader} from './index-reader.ts';
import {LabelLists} from './label-lists.ts';
import {Selector} from './select.ts';
import {SeriesIndex} from './series-index.ts';
import {clusterLabels, RawLabelsBuilder} from './synthetic-series.ts';

const QUERIES: readonly (readonly [MatchType, string, string])[][] = [
  [['=', '__name__', 'container_metric_7_total']],
  [
    ['=', '__name__', 'container_metric_7_total'],
    ['=', 'namespace', 'team-7'],
  ],
  [
    ['=', '__name__', 'container_metric_7_total'],
    ['=~', 'pod', 'server-.*-1.'],
  ],
  [
    ['=', '__name__', 'container_metric_7_total'],
    ['!~', 'node', '.*-(1|2)-17.*'],
  ],
  [
    ['=~', '__name__', 'container_metric_1.*'],
    ['=', 'job', 'job-10'],
  ],
  [
    ['=~', 'status', '200|201'],
    ['=', 'namespace', 'team-3'],
  ],
  [['=~', 'pod', '.*9.*']],
  [['!=', 'method', 'GET']],
  [['=~', '__name__', '.+']],
  [
    ['!=', 'missing', 'x'],
    ['=~', 'le', '1.*'],
  ],
];

export interface SelectFigure {
  readonly what: string;
  readonly found: number;
  readonly firstMs: number;
  readonly nextMs: number;
}

/** Selects among scale × 1 million series. */
export function run(scale: number): SelectFigure[] {
  const series = Math.ceil(scale * 1_000_000);
  const arena = Arena.create({bytes: 64 * 1024 * 1024 + series * 1024});
  const index = new SeriesIndex(arena);
  const raw = new RawLabelsBuilder();
  for (let i = 0; i < series; i++) {
    raw.set(clusterLabels(i));
    if (index.find(raw.bytes, raw.ranges, raw.labelCount) < 0) index.add(i);
  }
  const memory = new KernelMemory({maximumBytes: 256 << 20, initialBytes: 64 << 20});
  const reader = new IndexReader(arena);
  const selector = new Selector(reader, memory);
  const lists = new LabelLists(reader, memory, selector);
  const figures = QUERIES.map((query) => {
    const matchers = query.map(([type, name, value]) => new Matcher(type, name, value));
    return measure(`{${matchers.join()}}`, memory, () => selector.select(matchers).count);
  });
  const one = [new Matcher('=', '__name__', 'container_metric_7_total')];
  return [
    ...figures,
    measure('all names', memory, () => lists.names([], 0).count),
    measure('names of one metric', memory, () => lists.names(one, 0).count),
    measure('names of a twelfth', memory, () => lists.names([new Matcher('=', 'le', '1')], 0).count),
    measure('all metric names', memory, () => lists.values('__name__', [], 0).count),
    measure('all pods', memory, () => lists.values('pod', [], 0).count),
    measure('pods of one metric', memory, () => lists.values('pod', one, 0).count),
  ];
}

function measure(what: string, memory: KernelMemory, ask: () => number): SelectFigure {
  const times: number[] = [];
  let found = 0;
  for (let pass = 0; pass < 6; pass++) {
    const mark = memory.mark();
    const start = performance.now();
    found = ask();
    times.push(performance.now() - start);
    memory.release(mark);
  }
  return {what, found, firstMs: times[0], nextMs: Math.min(...times.slice(1))};
}

if (import.meta.main) {
  for (const {what, found, firstMs, nextMs} of run(Number(process.argv[2] ?? 1))) {
    console.log(
      `${firstMs.toFixed(3).padStart(9)} ms first ${nextMs.toFixed(3).padStart(9)} ms next ${String(found).padStart(8)}  ${what}`,
    );
  }
}
