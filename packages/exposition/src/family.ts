import type {MetricType} from './entry.ts';

/** A label as written: name and value. */
export type LabelPair = readonly [name: string, value: string];

/** An example observation beside a counter or a bucket. */
export interface Exemplar {
  readonly labels: readonly LabelPair[];
  readonly value: number;
  readonly timestampMs?: number | undefined;
}

/** Value of a counter, gauge, info, state or untyped metric. */
export interface NumberPoint {
  readonly kind: 'number';
  readonly value: number;
  readonly exemplar?: Exemplar | undefined;
}

/** One bucket of a histogram: the observations up to and including `upperBound`. */
export interface Bucket {
  readonly upperBound: number;
  /** Cumulative. */
  readonly count: number;
  readonly exemplar?: Exemplar | undefined;
}

/** Native buckets of one sign. */
export interface NativeSide {
  /** Buckets side by side: `offset` is the index of the first, then the gap behind the span before. */
  readonly spans: readonly {readonly offset: number; readonly length: number}[];
  /** Observations in each bucket, not cumulative. */
  readonly counts: readonly number[];
}

/** What a histogram says as a native one; only protobuf carries it. */
export interface NativePoint {
  /** Floats among the counts need this. */
  readonly isFloat: boolean;
  readonly schema: number;
  readonly zeroThreshold: number;
  readonly zeroCount: number;
  readonly positive: NativeSide;
  readonly negative: NativeSide;
  readonly exemplars?: readonly Exemplar[] | undefined;
}

export interface HistogramPoint {
  readonly kind: 'histogram';
  readonly count: number;
  readonly sum: number;
  /** By upper bound; the one for +Inf may be missing and is then `count`. */
  readonly buckets: readonly Bucket[];
  readonly native?: NativePoint | undefined;
}

export interface Quantile {
  /** Between 0 and 1. */
  readonly quantile: number;
  readonly value: number;
}

export interface SummaryPoint {
  readonly kind: 'summary';
  readonly count: number;
  readonly sum: number;
  readonly quantiles: readonly Quantile[];
}

export type Point = NumberPoint | HistogramPoint | SummaryPoint;

/** One metric of a family, told from the others by its labels. */
export interface Metric {
  readonly labels: readonly LabelPair[];
  readonly timestampMs?: number | undefined;
  /** When counting began (counters, histograms, summaries). */
  readonly createdMs?: number | undefined;
  readonly point: Point;
}

/**
 * All metrics of one name, as they stand on a page. The name of a counter is that of its samples, with `_total`,
 * the name of an info without `_info`. Which kind of point a metric has follows from the type.
 */
export interface MetricFamily {
  readonly name: string;
  readonly help?: string | undefined;
  readonly type: MetricType;
  readonly unit?: string | undefined;
  readonly metrics: readonly Metric[];
}
