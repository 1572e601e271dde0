import {constants, monitorEventLoopDelay, PerformanceObserver} from 'node:perf_hooks';
import {getHeapSpaceStatistics} from 'node:v8';
import type {LabelPair, Metric} from '@narthex/exposition/family.ts';
import {type Description, familyOf, metricOf} from './constant-families.ts';
import type {Histogram} from './histogram.ts';
import type {Labelled} from './labelled.ts';
import type {Registry} from './registry.ts';
import type {Aggregate, FamilySnapshot} from './snapshot.ts';

export interface NodeMetricsOptions {
  /** How often the event loop is looked at, in milliseconds; default 10. An idle thread wakes up so often, at some 40 µs a time. */
  readonly eventLoopResolutionMs?: number;
  /** Bounds of `nodejs_gc_duration_seconds`. */
  readonly gcBuckets?: readonly number[];
}

const EVENT_LOOP_RESOLUTION_MS = 10;
const GC_BUCKETS = [0.001, 0.01, 0.1, 1, 2, 5];

const GC_KINDS: ReadonlyMap<number, string> = new Map([
  [constants.NODE_PERFORMANCE_GC_MINOR, 'minor'],
  [constants.NODE_PERFORMANCE_GC_MAJOR, 'major'],
  [constants.NODE_PERFORMANCE_GC_INCREMENTAL, 'incremental'],
  [constants.NODE_PERFORMANCE_GC_WEAKCB, 'weakcb'],
]);

function gauge(name: string, aggregate: Aggregate, help: string): Description {
  return {name, help, type: 'gauge', aggregate};
}

type IntervalHistogram = ReturnType<typeof monitorEventLoopDelay>;
/** `times` are those from one look at the loop to the next; what is longer than `interval` is lag. All in nanoseconds. */
type LagReader = (times: IntervalHistogram, interval: number) => number;

/** The event loop's lag since the page before, in nanoseconds. Of several threads the worst counts. */
const LAG: readonly [description: Description, nanoseconds: LagReader][] = [
  [
    gauge('nodejs_eventloop_lag_seconds', 'max', 'Lag of event loop in seconds.'),
    (times, interval) => times.mean - interval,
  ],
  [
    gauge('nodejs_eventloop_lag_min_seconds', 'min', 'The minimum recorded event loop delay.'),
    (times, interval) => times.min - interval,
  ],
  [
    gauge('nodejs_eventloop_lag_max_seconds', 'max', 'The maximum recorded event loop delay.'),
    (times, interval) => times.max - interval,
  ],
  [
    gauge('nodejs_eventloop_lag_mean_seconds', 'max', 'The mean of the recorded event loop delays.'),
    (times, interval) => times.mean - interval,
  ],
  [
    gauge('nodejs_eventloop_lag_stddev_seconds', 'max', 'The standard deviation of the recorded event loop delays.'),
    (times) => times.stddev,
  ],
  [
    gauge('nodejs_eventloop_lag_p50_seconds', 'max', 'The 50th percentile of the recorded event loop delays.'),
    (times, interval) => times.percentile(50) - interval,
  ],
  [
    gauge('nodejs_eventloop_lag_p90_seconds', 'max', 'The 90th percentile of the recorded event loop delays.'),
    (times, interval) => times.percentile(90) - interval,
  ],
  [
    gauge('nodejs_eventloop_lag_p99_seconds', 'max', 'The 99th percentile of the recorded event loop delays.'),
    (times, interval) => times.percentile(99) - interval,
  ],
];

type MemoryField = 'heapTotal' | 'heapUsed' | 'external';

const MEMORY: readonly [description: Description, field: MemoryField][] = [
  [gauge('nodejs_heap_size_total_bytes', 'sum', 'Process heap size from Node.js in bytes.'), 'heapTotal'],
  [gauge('nodejs_heap_size_used_bytes', 'sum', 'Process heap size used from Node.js in bytes.'), 'heapUsed'],
  [gauge('nodejs_external_memory_bytes', 'sum', 'Node.js external memory size in bytes.'), 'external'],
];

type SpaceField = 'space_size' | 'space_used_size' | 'space_available_size';

const HEAP_SPACES: readonly [description: Description, field: SpaceField][] = [
  [gauge('nodejs_heap_space_size_total_bytes', 'sum', 'Process heap space size total in bytes.'), 'space_size'],
  [gauge('nodejs_heap_space_size_used_bytes', 'sum', 'Process heap space size used in bytes.'), 'space_used_size'],
  [
    gauge('nodejs_heap_space_size_available_bytes', 'sum', 'Process heap space size available in bytes.'),
    'space_available_size',
  ],
];

/** Metrics that count things of several types, with a second one for all of them. */
interface Census {
  readonly byType: Description;
  readonly total: Description;
  readonly types: () => string[];
}

function census(name: string, what: string, types: () => string[]): Census {
  const byType = gauge(name, 'sum', `Number of active ${what} grouped by type.`);
  return {byType, total: gauge(`${name}_total`, 'sum', `Total number of active ${what}.`), types};
}

const CENSUSES: readonly Census[] = [
  census('nodejs_active_handles', 'libuv handles', () => typesOf('_getActiveHandles')),
  census('nodejs_active_requests', 'libuv requests', () => typesOf('_getActiveRequests')),
  census('nodejs_active_resources', 'resources that keep the event loop alive', () => process.getActiveResourcesInfo()),
];

const VERSION = gauge('nodejs_version_info', 'first', 'Node.js version info.');

/** Stops what `addNodeMetrics` started and takes its metrics off the page. */
export type StopNodeMetrics = () => void;

/**
 * Adds metrics of the Node.js run-time of this thread under the names that dashboards know: event loop lag, heap,
 * garbage collection, handles. Nothing here keeps the process alive.
 */
export function addNodeMetrics(registry: Registry, options: NodeMetricsOptions = {}): StopNodeMetrics {
  const resolution = options.eventLoopResolutionMs ?? EVENT_LOOP_RESOLUTION_MS;
  const times = monitorEventLoopDelay({resolution});
  times.enable();
  const durations = registry.histogram({
    name: 'nodejs_gc_duration_seconds',
    help: 'Garbage collection duration by kind, one of major, minor, incremental or weakcb.',
    labels: ['kind'],
    buckets: options.gcBuckets ?? GC_BUCKETS,
  });
  const observer = observeGc(durations);
  const names = nodeFamilyNames();
  registry.collector({names, collect: () => nodeFamilies(times, resolution)});
  return () => {
    observer.disconnect();
    times.disable();
    registry.unregister('nodejs_gc_duration_seconds');
    registry.unregister(names[0]);
  };
}

function observeGc(durations: Labelled<Histogram, 'kind'>): PerformanceObserver {
  for (const kind of GC_KINDS.values()) durations.labels(kind);
  const observer = new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) {
      const {kind} = (entry as {detail?: unknown}).detail as {kind: number};
      durations.labels(GC_KINDS.get(kind) ?? String(kind)).observe(entry.duration / 1000);
    }
  });
  observer.observe({entryTypes: ['gc']});
  return observer;
}

function nodeFamilyNames(): string[] {
  const described = [...LAG, ...MEMORY, ...HEAP_SPACES].map(([description]) => description.name);
  return [...described, ...CENSUSES.flatMap(({byType, total}) => [byType.name, total.name]), VERSION.name];
}

function* nodeFamilies(times: IntervalHistogram, resolutionMs: number): Generator<FamilySnapshot> {
  yield* lagFamilies(times, resolutionMs * 1e6);
  const memory = process.memoryUsage();
  for (const [description, field] of MEMORY) yield familyOf(description, memory[field]);
  const spaces = getHeapSpaceStatistics();
  for (const [description, field] of HEAP_SPACES) {
    const metrics = spaces.map((space) => metricOf([['space', space.space_name.replace(/_space$/, '')]], space[field]));
    yield {...description, metrics};
  }
  for (const {byType, total, types} of CENSUSES) {
    const list = types();
    yield {...byType, metrics: countByType(list)};
    yield familyOf(total, list.length);
  }
  yield {...VERSION, metrics: [metricOf(versionLabels(), 1)]};
}

function* lagFamilies(times: IntervalHistogram, interval: number): Generator<FamilySnapshot> {
  // Before the first look at the loop the histogram has no values of its own.
  const empty = times.count === 0;
  for (const [description, lag] of LAG) {
    yield familyOf(description, empty ? 0 : Math.max(0, lag(times, interval)) / 1e9);
  }
  times.reset();
}

function countByType(types: readonly string[]): Metric[] {
  const counts = new Map<string, number>();
  for (const type of types) counts.set(type, (counts.get(type) ?? 0) + 1);
  return [...counts].map(([type, count]) => metricOf([['type', type]], count));
}

/** Class names of what an unofficial list of Node's holds; none where the list is gone. */
function typesOf(list: '_getActiveHandles' | '_getActiveRequests'): string[] {
  const read = (process as unknown as Partial<Record<typeof list, () => object[]>>)[list];
  return read === undefined ? [] : read.call(process).map((item) => item.constructor?.name ?? 'Object');
}

function versionLabels(): LabelPair[] {
  const [major, minor, patch] = process.versions.node.split('.');
  return [
    ['version', process.version],
    ['major', major],
    ['minor', minor],
    ['patch', patch],
  ];
}
