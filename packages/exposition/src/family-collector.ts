import type {MetricType} from './entry.ts';
import type {Exemplar, LabelPair, Metric, MetricFamily, Point} from './family.ts';

/** The part of a histogram or summary that a sample is. */
export type SampleRole = 'plain' | 'bucket' | 'quantile' | 'count' | 'sum' | 'created';

/** A sample as a line has it, its role in the family already known. */
export interface Sample {
  readonly role: SampleRole;
  /** Without `le` and `quantile` where they are the boundary. */
  readonly labels: readonly LabelPair[];
  readonly value: number;
  /** The `le` or `quantile`; NaN without. */
  readonly boundary: number;
  readonly timestampMs?: number | undefined;
  readonly exemplar?: Exemplar | undefined;
}

/** A metric while its lines come in. */
export interface OpenMetric {
  readonly labels: readonly LabelPair[];
  timestampMs: number | undefined;
  createdMs: number | undefined;
  value: number;
  exemplar: Exemplar | undefined;
  count: number | undefined;
  sum: number | undefined;
  readonly parts: {boundary: number; value: number; exemplar: Exemplar | undefined}[];
}

/** Collects the samples of one family; the lines of a histogram or summary become one metric. */
export class FamilyCollector {
  readonly name: string;
  help: string | undefined;
  unit: string | undefined;
  /** Undefined until a TYPE line or the first sample decides. */
  type: MetricType | undefined;
  private readonly open: OpenMetric[] = [];
  private readonly bySignature = new Map<string, OpenMetric>();
  private readonly pointPerTimestamp: boolean;

  /** `pointPerTimestamp` (OpenMetrics): lines of different times are different points of a histogram or summary. */
  constructor(name: string, pointPerTimestamp = false) {
    this.name = name;
    this.pointPerTimestamp = pointPerTimestamp;
  }

  get metrics(): readonly OpenMetric[] {
    return this.open;
  }

  get isEmpty(): boolean {
    return this.open.length === 0;
  }

  /** Whether the samples of a metric spread over several lines. */
  get isCompound(): boolean {
    return this.type === 'summary' || isHistogram(this.type);
  }

  add(sample: Sample): void {
    const metric = this.metricOf(sample);
    if (sample.timestampMs !== undefined) metric.timestampMs = sample.timestampMs;
    switch (sample.role) {
      case 'count':
        metric.count = sample.value;
        break;
      case 'sum':
        metric.sum = sample.value;
        break;
      case 'created':
        metric.createdMs = sample.value * 1000;
        break;
      case 'bucket':
      case 'quantile':
        metric.parts.push({boundary: sample.boundary, value: sample.value, exemplar: sample.exemplar});
        break;
      default:
        metric.value = sample.value;
        metric.exemplar = sample.exemplar;
    }
  }

  private metricOf(sample: Sample): OpenMetric {
    // In the text format nothing comes later for a metric of one line.
    if (!this.isCompound && !this.pointPerTimestamp) return this.openMetric(sample.labels);
    const time = this.pointPerTimestamp && this.isCompound ? `${sample.timestampMs} ` : '';
    const signature = time + signatureOf(sample.labels);
    let metric = this.bySignature.get(signature);
    // Only the `_created` line of a counter belongs to a metric that is there already.
    if (metric === undefined || (!this.isCompound && sample.role === 'plain')) {
      this.bySignature.set(signature, (metric = this.openMetric(sample.labels)));
    }
    return metric;
  }

  private openMetric(labels: readonly LabelPair[]): OpenMetric {
    const metric: OpenMetric = {
      labels,
      timestampMs: undefined,
      createdMs: undefined,
      value: 0,
      exemplar: undefined,
      count: undefined,
      sum: undefined,
      parts: [],
    };
    this.open.push(metric);
    return metric;
  }

  family(): MetricFamily {
    const type = this.type ?? 'unknown';
    const metrics = this.open.map((metric) => finish(metric, type));
    return {name: this.name, help: this.help, type, unit: this.unit, metrics};
  }
}

function isHistogram(type: MetricType | undefined): boolean {
  return type === 'histogram' || type === 'gaugehistogram';
}

function finish(metric: OpenMetric, type: MetricType): Metric {
  const {labels, timestampMs, createdMs} = metric;
  return {labels, timestampMs, createdMs, point: pointOf(metric, type)};
}

function pointOf({value, exemplar, count = 0, sum = 0, parts}: OpenMetric, type: MetricType): Point {
  if (type === 'summary') {
    const quantiles = parts.map((part) => ({quantile: part.boundary, value: part.value}));
    return {kind: 'summary', count, sum, quantiles};
  }
  if (!isHistogram(type)) return {kind: 'number', value, exemplar};
  const buckets = parts.map((part) => ({upperBound: part.boundary, count: part.value, exemplar: part.exemplar}));
  return {kind: 'histogram', count, sum, buckets};
}

/** A text that two label sets share exactly when they are equal, whatever their order. */
export function signatureOf(labels: readonly LabelPair[]): string {
  return JSON.stringify([...labels].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)));
}
