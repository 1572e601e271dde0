import {FloatHistogram} from '@narthex/model/histogram/float-histogram.ts';
import {EntryKind} from './entry.ts';
import type {LabelPair, MetricFamily, Point} from './family.ts';
import {toFloatHistogram} from './native-histogram.ts';
import {ProtobufParser} from './protobuf-parser.ts';
import {encodeProtobuf} from './protobuf-writer.ts';

const METRICS_IN_FAMILY = 100;
const BOUNDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** `metrics` metrics as instrumented services have them, with points that `point` makes. */
function families(metrics: number, type: MetricFamily['type'], point: (i: number) => Point): MetricFamily[] {
  const list: MetricFamily[] = [];
  for (let from = 0; from < metrics; from += METRICS_IN_FAMILY) {
    const size = Math.min(METRICS_IN_FAMILY, metrics - from);
    list.push({
      name: `http_requests_${from}_total`,
      help: 'Requests.',
      type,
      metrics: Array.from({length: size}, (_, i) => ({labels: labelsOf(from + i), point: point(from + i)})),
    });
  }
  return list;
}

function labelsOf(i: number): LabelPair[] {
  return [
    ['code', String(200 + (i % 5))],
    ['handler', `/api/v1/resource/${i % 37}`],
    ['instance_id', `i-${i}`],
    ['method', 'get'],
  ];
}

function nativePoint(i: number): Point {
  const side = {
    spans: [
      {offset: -40, length: 20},
      {offset: 3, length: 20},
    ],
    counts: Array.from({length: 40}, (_, bucket) => ((i + bucket) % 7) + 1),
  };
  const none = {spans: [], counts: []};
  const native = {isFloat: false, schema: 3, zeroThreshold: 1e-128, zeroCount: 2, positive: side, negative: none};
  return {kind: 'histogram', count: 162, sum: i, buckets: [], native};
}

function classicPoint(i: number): Point {
  const buckets = BOUNDS.map((upperBound, bucket) => ({upperBound, count: i + bucket * 100}));
  return {kind: 'histogram', count: i + 2000, sum: i * 17.25, buckets};
}

/** Reads as a scrape does: bytes and value of every series, native histograms as the engine wants them. */
function readSeries(parser: ProtobufParser, body: Uint8Array): {series: number; checksum: number} {
  const histogram = new FloatHistogram();
  let series = 0;
  let checksum = 0;
  parser.reset(body);
  for (let kind = parser.next(); kind !== EntryKind.End; kind = parser.next()) {
    if (kind !== EntryKind.Series && kind !== EntryKind.Histogram) continue;
    series++;
    checksum += parser.values[0] + parser.seriesEnd;
    if (kind === EntryKind.Series) continue;
    toFloatHistogram(parser.histogram, histogram);
    checksum += histogram.positive.length;
  }
  return {series, checksum};
}

function measure(name: string, body: Uint8Array, rounds: number): void {
  const parser = new ProtobufParser();
  let best = Infinity;
  let read = {series: 0, checksum: 0};
  for (let round = 0; round < rounds; round++) {
    const start = performance.now();
    read = readSeries(parser, body);
    best = Math.min(best, performance.now() - start);
  }
  const perSeries = (best * 1e6) / read.series;
  const speed = body.length / best / 1e3;
  const size = body.length / read.series;
  const figures = `${perSeries.toFixed(0)} ns a series of ${size.toFixed(0)} bytes, ${speed.toFixed(0)} MB/s`;
  console.log(`${name}: ${figures} (checksum ${read.checksum})`);
}

/** Parses bodies of some 20 000 series times `scale` and prints what a series costs. */
export function run(scale: number): void {
  const series = Math.ceil(20_000 * scale);
  const counters = families(series, 'counter', (i) => ({kind: 'number', value: i * 17.25}));
  const classic = families(Math.ceil(series / (BOUNDS.length + 3)), 'histogram', classicPoint);
  const native = families(Math.ceil(series / 4), 'histogram', nativePoint);
  measure('protobuf, counters', encodeProtobuf(counters), 8);
  measure('protobuf, classic histograms', encodeProtobuf(classic), 8);
  measure('protobuf, native histograms of 40 buckets', encodeProtobuf(native), 8);
}

if (import.meta.main) run(1);
