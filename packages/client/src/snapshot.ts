import {signatureOf} from '@narthex/exposition/family-collector.ts';
import type {HistogramPoint, Metric, MetricFamily, Point, SummaryPoint} from '@narthex/exposition/family.ts';
import {compareUtf8} from '@narthex/model/utf8.ts';
import {MetricError} from './errors.ts';

/**
 * How one metric of several threads or processes becomes one: `first` takes the first snapshot that has it (for what
 * belongs to the whole process), `omit` leaves it out.
 */
export type Aggregate = 'sum' | 'min' | 'max' | 'average' | 'first' | 'omit';

export interface FamilySnapshot extends MetricFamily {
  readonly aggregate: Aggregate;
}

/** The metrics of a registry at one moment: plain data, which `postMessage` can send to another thread. */
export interface RegistrySnapshot {
  /** By name. */
  readonly families: readonly FamilySnapshot[];
  /** What went wrong in callbacks and collectors, whose families are missing. */
  readonly errors: readonly string[];
}

/**
 * One page's worth of metrics from several threads or processes. Counters and histograms add up, gauges as they were
 * declared; quantiles of summaries are kept only where one snapshot alone has observations, since they cannot be
 * combined. Throws `MetricError` when a name means different things in two snapshots.
 */
export function mergeSnapshots(snapshots: Iterable<RegistrySnapshot>): RegistrySnapshot {
  const families = new Map<string, FamilySnapshot[]>();
  const errors: string[] = [];
  for (const snapshot of snapshots) {
    errors.push(...snapshot.errors);
    for (const family of snapshot.families) {
      const others = families.get(family.name);
      if (others === undefined) families.set(family.name, [family]);
      else others.push(family);
    }
  }
  const merged = [...families.values()].map(mergeFamilies).filter((family) => family.aggregate !== 'omit');
  return {families: merged.sort((a, b) => compareUtf8(a.name, b.name)), errors};
}

function mergeFamilies(families: readonly FamilySnapshot[]): FamilySnapshot {
  const [first] = families;
  if (families.length === 1) return first;
  const groups = new Map<string, Metric[]>();
  for (const family of families) {
    if (family.type !== first.type || family.aggregate !== first.aggregate) {
      throw new MetricError('merge', `metric ${first.name} is declared in two different ways`);
    }
    for (const metric of family.metrics) {
      const signature = signatureOf(metric.labels);
      const group = groups.get(signature);
      if (group === undefined) groups.set(signature, [metric]);
      else group.push(metric);
    }
  }
  return {...first, metrics: [...groups.values()].map((group) => mergeMetrics(first, group))};
}

function mergeMetrics(family: FamilySnapshot, metrics: readonly Metric[]): Metric {
  const [first] = metrics;
  if (metrics.length === 1 || family.aggregate === 'first') return first;
  let createdMs = first.createdMs;
  for (const metric of metrics)
    if (createdMs !== undefined) createdMs = Math.min(createdMs, metric.createdMs ?? createdMs);
  return {
    labels: first.labels,
    createdMs,
    point: mergePoints(
      family,
      metrics.map((metric) => metric.point),
    ),
  };
}

function mergePoints(family: FamilySnapshot, points: readonly Point[]): Point {
  const [first] = points;
  switch (first.kind) {
    case 'number': {
      const numbers = points.map((point) => (point.kind === 'number' ? point : wrongKind(family)));
      const exemplar = numbers.findLast((point) => point.exemplar !== undefined)?.exemplar;
      return {
        kind: 'number',
        value: mergeNumbers(
          family.aggregate,
          numbers.map((point) => point.value),
        ),
        exemplar,
      };
    }
    case 'histogram':
      return mergeHistograms(
        family,
        points.map((point) => (point.kind === 'histogram' ? point : wrongKind(family))),
      );
    case 'summary':
      return mergeSummaries(points.map((point) => (point.kind === 'summary' ? point : wrongKind(family))));
    default:
      return first satisfies never;
  }
}

function wrongKind(family: FamilySnapshot): never {
  throw new MetricError('merge', `metric ${family.name} is declared in two different ways`);
}

function mergeNumbers(aggregate: Aggregate, values: readonly number[]): number {
  if (aggregate === 'min') return Math.min(...values);
  if (aggregate === 'max') return Math.max(...values);
  const sum = values.reduce((total, value) => total + value, 0);
  return aggregate === 'average' ? sum / values.length : sum;
}

function mergeHistograms(family: FamilySnapshot, points: readonly HistogramPoint[]): HistogramPoint {
  const [first, ...rest] = points;
  const counts = first.buckets.map((bucket) => bucket.count);
  let {count, sum} = first;
  const exemplars = first.buckets.map((bucket) => bucket.exemplar);
  for (const point of rest) {
    if (point.buckets.length !== counts.length) wrongKind(family);
    for (const [i, bucket] of point.buckets.entries()) {
      if (bucket.upperBound !== first.buckets[i].upperBound) wrongKind(family);
      counts[i] += bucket.count;
      exemplars[i] = bucket.exemplar ?? exemplars[i];
    }
    count += point.count;
    sum += point.sum;
  }
  const buckets = first.buckets.map(({upperBound}, i) => ({upperBound, count: counts[i], exemplar: exemplars[i]}));
  return {kind: 'histogram', count, sum, buckets};
}

function mergeSummaries(points: readonly SummaryPoint[]): SummaryPoint {
  const observed = points.filter((point) => point.count > 0);
  if (observed.length <= 1) return observed[0] ?? points[0];
  const total = (of: (point: SummaryPoint) => number): number => observed.reduce((sum, point) => sum + of(point), 0);
  return {kind: 'summary', count: total((point) => point.count), sum: total((point) => point.sum), quantiles: []};
}
