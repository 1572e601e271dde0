import type {MetricType} from './entry.ts';
import type {
  Exemplar,
  HistogramPoint,
  LabelPair,
  Metric,
  MetricFamily,
  NativePoint,
  NativeSide,
  NumberPoint,
  SummaryPoint,
} from './family.ts';
import {FAMILY_TYPE, POINT_FIELD} from './protobuf/metric-message.ts';
import {WireWriter} from './protobuf/wire-writer.ts';

/** The format has no info and no state set; client libraries write both as gauges. */
const TYPE_NUMBER: Readonly<Record<MetricType, number>> = {
  counter: FAMILY_TYPE.counter,
  gauge: FAMILY_TYPE.gauge,
  summary: FAMILY_TYPE.summary,
  unknown: FAMILY_TYPE.untyped,
  histogram: FAMILY_TYPE.histogram,
  gaugehistogram: FAMILY_TYPE.gaugeHistogram,
  info: FAMILY_TYPE.gauge,
  stateset: FAMILY_TYPE.gauge,
};

/** Families as delimited `io.prometheus.client.MetricFamily` messages. */
export function encodeProtobuf(families: Iterable<MetricFamily>): Uint8Array {
  const page = new WireWriter();
  const message = new WireWriter();
  for (const family of families) {
    message.clear();
    putFamily(message, family);
    page.delimited(message.written);
  }
  return page.written.slice();
}

function putFamily(out: WireWriter, {name, help, type, unit, metrics}: MetricFamily): void {
  out.text(1, name);
  if (help !== undefined) out.text(2, help);
  out.varint(3, TYPE_NUMBER[type]);
  for (const metric of metrics) out.message(4, (inner) => putMetric(inner, metric, TYPE_NUMBER[type]));
  if (unit !== undefined) out.text(5, unit);
}

function putMetric(out: WireWriter, {labels, point, timestampMs, createdMs}: Metric, type: number): void {
  putLabels(out, labels);
  switch (point.kind) {
    case 'number':
      putNumber(out, point, type, createdMs);
      break;
    case 'summary':
      out.message(POINT_FIELD.summary, (inner) => putSummary(inner, point, createdMs));
      break;
    case 'histogram':
      out.message(POINT_FIELD.histogram, (inner) => putHistogram(inner, point, createdMs));
      break;
    default:
      point satisfies never;
  }
  if (timestampMs !== undefined) out.varint(6, timestampMs);
}

function putLabels(out: WireWriter, labels: readonly LabelPair[]): void {
  for (const [name, value] of labels) {
    out.message(1, (inner) => {
      inner.text(1, name);
      inner.text(2, value);
    });
  }
}

function putNumber(out: WireWriter, point: NumberPoint, type: number, createdMs: number | undefined): void {
  const {value, exemplar} = point;
  const isCounter = type === FAMILY_TYPE.counter;
  const gauge = type === FAMILY_TYPE.gauge ? POINT_FIELD.gauge : POINT_FIELD.untyped;
  out.message(isCounter ? POINT_FIELD.counter : gauge, (inner) => {
    inner.double(1, value);
    if (!isCounter) return;
    if (exemplar !== undefined) inner.message(2, (part) => putExemplar(part, exemplar));
    putTime(inner, 3, createdMs);
  });
}

function putSummary(out: WireWriter, {count, sum, quantiles}: SummaryPoint, createdMs: number | undefined): void {
  out.varint(1, count);
  out.double(2, sum);
  for (const {quantile, value} of quantiles) {
    out.message(3, (inner) => {
      inner.double(1, quantile);
      inner.double(2, value);
    });
  }
  putTime(out, 4, createdMs);
}

function putHistogram(out: WireWriter, point: HistogramPoint, createdMs: number | undefined): void {
  const {count, sum, buckets, native} = point;
  const isFloat = native?.isFloat ?? !Number.isInteger(count);
  if (isFloat) out.double(4, count);
  else out.varint(1, count);
  out.double(2, sum);
  for (const bucket of buckets) {
    out.message(3, (inner) => {
      if (isFloat || !Number.isInteger(bucket.count)) inner.double(4, bucket.count);
      else inner.varint(1, bucket.count);
      inner.double(2, bucket.upperBound);
      const {exemplar} = bucket;
      if (exemplar !== undefined) inner.message(3, (part) => putExemplar(part, exemplar));
    });
  }
  putTime(out, 15, createdMs);
  if (native !== undefined) putNative(out, native);
}

function putNative(out: WireWriter, native: NativePoint): void {
  const {isFloat, schema, zeroThreshold, zeroCount, negative, positive, exemplars = []} = native;
  out.zigzag(5, schema);
  out.double(6, zeroThreshold);
  if (isFloat) out.double(8, zeroCount);
  else out.varint(7, zeroCount);
  putSide(out, negative, 9, isFloat);
  putSide(out, positive, 12, isFloat);
  for (const exemplar of exemplars) out.message(16, (inner) => putExemplar(inner, exemplar));
  // A span of nothing says that a histogram without observations is a native one.
  if (negative.spans.length === 0 && positive.spans.length === 0) out.message(12, () => {});
}

/** Spans are field `first`, the differences of counts the next, counts as floats the one behind that. */
function putSide(out: WireWriter, {spans, counts}: NativeSide, first: number, isFloat: boolean): void {
  for (const {offset, length} of spans) {
    out.message(first, (inner) => {
      inner.zigzag(1, offset);
      inner.varint(2, length);
    });
  }
  if (counts.length === 0) return;
  const deltas = () => counts.map((count, i) => (i === 0 ? count : count - counts[i - 1]));
  if (isFloat) out.packedDoubles(first + 2, counts);
  else out.packedZigzag(first + 1, deltas());
}

function putExemplar(out: WireWriter, {labels, value, timestampMs}: Exemplar): void {
  putLabels(out, labels);
  out.double(2, value);
  putTime(out, 3, timestampMs);
}

/** Writes google.protobuf.Timestamp: the part behind whole seconds is never negative. */
function putTime(out: WireWriter, field: number, timeMs: number | undefined): void {
  if (timeMs === undefined) return;
  const seconds = Math.floor(timeMs / 1000);
  out.message(field, (inner) => {
    inner.varint(1, seconds);
    inner.varint(2, (timeMs - seconds * 1000) * 1e6);
  });
}
