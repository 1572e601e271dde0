import assert from 'node:assert/strict';
import type {MetricType} from '../entry.ts';
import type {Bucket, Exemplar, LabelPair, Metric, MetricFamily, Point} from '../family.ts';

type JsonNumber = number | 'NaN' | '+Inf' | '-Inf';

/** Families as the conformance lists have them: field names of the protobuf data model, absent = default. */
export interface JsonFamily {
  Name: string;
  Help?: string;
  Type?: string;
  Unit?: string;
  Metric?: JsonMetric[];
}

interface JsonMetric {
  Label?: {Name: string; Value: string}[];
  TimestampMs?: number;
  Counter?: {Value?: JsonNumber; Exemplar?: JsonExemplar};
  Gauge?: {Value?: JsonNumber};
  Untyped?: {Value?: JsonNumber};
  Summary?: {SampleCount?: number; SampleSum?: JsonNumber; Quantile?: {Quantile?: number; Value?: JsonNumber}[]};
  Histogram?: {SampleCount?: number; SampleCountFloat?: number; SampleSum?: JsonNumber; Bucket?: JsonBucket[]};
}

interface JsonBucket {
  UpperBound?: JsonNumber;
  CumulativeCount?: number;
  CumulativeCountFloat?: number;
  Exemplar?: JsonExemplar;
}

interface JsonExemplar {
  Label?: {Name: string; Value: string}[];
  Value?: JsonNumber;
}

const TYPES: Record<string, MetricType> = {
  COUNTER: 'counter',
  GAUGE: 'gauge',
  SUMMARY: 'summary',
  UNTYPED: 'unknown',
  HISTOGRAM: 'histogram',
  GAUGE_HISTOGRAM: 'gaugehistogram',
};

/** The lists lost the sign of infinities: `-Inf` may be either; `infinity` says which is meant. */
function numberOf(value: JsonNumber | undefined, infinity: number): number {
  if (typeof value === 'number') return value;
  if (value === undefined) return 0;
  return value === 'NaN' ? Number.NaN : infinity;
}

/** A family of the lists in our model. */
export function familyOf(json: JsonFamily, infinity: number): MetricFamily {
  const family = {name: json.Name, help: json.Help, type: TYPES[json.Type ?? 'COUNTER'], unit: json.Unit};
  return {...family, metrics: (json.Metric ?? []).map((metric) => metricOf(metric, infinity))};
}

function metricOf(json: JsonMetric, infinity: number): Metric {
  return {labels: labelsOf(json.Label), timestampMs: json.TimestampMs, point: pointOf(json, infinity)};
}

function labelsOf(labels: {Name: string; Value: string}[] = []): LabelPair[] {
  return labels.map(({Name, Value}) => [Name, Value]);
}

function pointOf({Summary, Histogram, Counter, Gauge, Untyped}: JsonMetric, infinity: number): Point {
  if (Summary !== undefined) {
    const quantiles = (Summary.Quantile ?? []).map(({Quantile, Value}) => ({
      quantile: Quantile ?? 0,
      value: numberOf(Value, infinity),
    }));
    return {kind: 'summary', count: Summary.SampleCount ?? 0, sum: numberOf(Summary.SampleSum, infinity), quantiles};
  }
  if (Histogram !== undefined) {
    const count = Histogram.SampleCountFloat ?? Histogram.SampleCount ?? 0;
    const buckets = (Histogram.Bucket ?? []).map(bucketOf);
    return {kind: 'histogram', count, sum: numberOf(Histogram.SampleSum, infinity), buckets};
  }
  const value = numberOf((Counter ?? Gauge ?? Untyped)?.Value, infinity);
  return {kind: 'number', value, exemplar: exemplarOf(Counter?.Exemplar)};
}

function bucketOf(json: JsonBucket): Bucket {
  return {
    upperBound: numberOf(json.UpperBound, Infinity),
    count: json.CumulativeCountFloat ?? json.CumulativeCount ?? 0,
    exemplar: exemplarOf(json.Exemplar),
  };
}

function exemplarOf(json: JsonExemplar | undefined): Exemplar | undefined {
  return json && {labels: labelsOf(json.Label), value: numberOf(json.Value, Infinity)};
}

/** Compares families by name, without regard to their order or to the sign of infinities. */
export function assertSameFamilies(got: readonly MetricFamily[], want: readonly JsonFamily[]): void {
  const plain = (family: MetricFamily): unknown => JSON.parse(JSON.stringify(family, unsigned));
  const sorted = (families: readonly MetricFamily[]): unknown[] =>
    families.toSorted((a, b) => (a.name < b.name ? -1 : 1)).map(plain);
  assert.deepEqual(sorted(got), sorted(want.map((json) => familyOf(json, Infinity))));
}

function unsigned(_key: string, value: unknown): unknown {
  if (typeof value !== 'number' || Number.isFinite(value)) return value;
  return Number.isNaN(value) ? 'NaN' : 'Inf';
}
