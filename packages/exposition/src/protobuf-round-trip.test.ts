import assert from 'node:assert/strict';
import {test} from 'node:test';
import fc from 'fast-check';
import {FloatHistogram} from '@narthex/model/histogram/float-histogram.ts';
import {EntryKind, type EntryParser, type EntryParserOptions, type MetricType} from './entry.ts';
import {entryLines} from './entry-lines.test-data.ts';
import type {LabelPair, Metric, MetricFamily, NativeSide, Point} from './family.ts';
import {formatOpenMetricsFloat} from './format-float.ts';
import {toFloatHistogram} from './native-histogram.ts';
import {ParseError} from './parse-error.ts';
import {createEntryParser} from './parser.ts';
import {ProtobufParser} from './protobuf-parser.ts';
import {encodeProtobuf} from './protobuf-writer.ts';

const name = fc.string({unit: 'grapheme', minLength: 1, maxLength: 6});
const text = fc.string({unit: 'grapheme', maxLength: 6});
const labels: fc.Arbitrary<LabelPair[]> = fc.uniqueArray(
  fc.tuple(
    name.filter((label) => !['le', 'quantile', '__name__'].includes(label)),
    text,
  ),
  {maxLength: 9, selector: ([label]) => label},
);
const time = fc.option(
  fc.integer({min: -1e12, max: 1e13}).filter((ms) => ms !== 0),
  {nil: undefined},
);
const value = fc.double();
const exemplar = fc.option(fc.record({labels, value, timestampMs: time}), {nil: undefined});
const count = fc.nat(1e6);

const side: fc.Arbitrary<NativeSide> = fc
  .array(fc.tuple(fc.integer({min: -3, max: 3}), fc.array(fc.nat(3), {maxLength: 12})), {maxLength: 20})
  .map((spans) => ({
    spans: spans.map(([offset, counts], i) => ({offset: i === 0 ? offset : Math.abs(offset), length: counts.length})),
    counts: spans.flatMap(([, counts]) => counts),
  }));
const native = fc.record({
  isFloat: fc.boolean(),
  schema: fc.integer({min: -4, max: 8}),
  zeroThreshold: fc.constantFrom(0, 0.5),
  zeroCount: count,
  positive: side,
  negative: side,
});
const bucket = fc.record({upperBound: fc.double({noNaN: true}), count, exemplar});

const POINTS: Partial<Record<MetricType, fc.Arbitrary<Point>>> = {
  gauge: fc.record({kind: fc.constant('number' as const), value}),
  unknown: fc.record({kind: fc.constant('number' as const), value}),
  counter: fc.record({kind: fc.constant('number' as const), value, exemplar}),
  summary: fc.record({
    kind: fc.constant('summary' as const),
    count,
    sum: value,
    quantiles: fc.array(fc.record({quantile: fc.double({noNaN: true}), value}), {maxLength: 20}),
  }),
  histogram: fc.record({
    kind: fc.constant('histogram' as const),
    count: count.map((n) => n + 1),
    sum: value,
    buckets: fc.array(bucket, {maxLength: 40}),
    native: fc.option(native, {nil: undefined}),
  }),
};
POINTS.gaugehistogram = POINTS.histogram!;

const family: fc.Arbitrary<MetricFamily> = fc.constantFrom(...(Object.keys(POINTS) as MetricType[])).chain((type) =>
  fc.record({
    name,
    help: fc.option(text, {nil: undefined}),
    type: fc.constant(type),
    unit: fc.option(text, {nil: undefined}),
    metrics: fc.array(fc.record({labels, timestampMs: time, createdMs: time, point: POINTS[type]!}), {maxLength: 3}),
  }),
);

// What a family must give, said plainly.

/** Lines as `entryLines` has them, native histograms without their value. */
function expectedLines({name: metric, help = '', type, unit = '', metrics}: MetricFamily): string[] {
  if (metrics.length === 0) return [];
  const head = [`HELP ${metric} ${help}`, ...(unit === '' ? [] : [`UNIT ${metric} ${unit}`]), `TYPE ${metric} ${type}`];
  return [...head, ...metrics.flatMap((one) => expectedSamples(metric, type, one))];
}

function expectedSamples(metric: string, type: MetricType, one: Metric): string[] {
  const {point, timestampMs, createdMs} = one;
  const hasStart = type !== 'gauge' && type !== 'unknown' && createdMs !== undefined;
  const times = `${timestampMs === undefined ? '' : ` @${timestampMs}`}${hasStart ? ` since ${createdMs}` : ''}`;
  const line = (suffix: string, number: number, boundary?: LabelPair, example?: unknown) => {
    const pairs = [...one.labels, ...(boundary === undefined ? [] : [boundary])].map(([label, of]) => [
      Buffer.from(label).toString('latin1'),
      Buffer.from(of).toString('latin1'),
    ]);
    pairs.sort(([a], [b]) => (a < b ? -1 : 1));
    const parts = [Buffer.from(metric + suffix).toString('latin1'), ...pairs.flat()];
    return `${parts.join('|')} ${number}${times}${exemplarText(example)}`;
  };
  switch (point.kind) {
    case 'number':
      return [line('', point.value, undefined, point.exemplar)];
    case 'summary':
      return [
        line('_count', point.count),
        line('_sum', point.sum),
        ...point.quantiles.map((q) => line('', q.value, ['quantile', formatOpenMetricsFloat(q.quantile)])),
      ];
    default: {
      const infinite = point.buckets.findIndex((b) => b.upperBound === Infinity);
      const given = infinite < 0 ? point.buckets : point.buckets.slice(0, infinite + 1);
      const buckets = given.map((b) =>
        line('_bucket', b.count, ['le', formatOpenMetricsFloat(b.upperBound)], b.exemplar),
      );
      if (infinite < 0) buckets.push(line('_bucket', point.count, ['le', '+Inf']));
      return [line('_count', point.count), line('_sum', point.sum), ...buckets];
    }
  }
}

function exemplarText(example: unknown): string {
  if (example === undefined) return '';
  const {labels: pairs, value: of, timestampMs} = example as {labels: LabelPair[]; value: number; timestampMs?: number};
  const written = ` # ${pairs.map(([label, is]) => `${label}=${is}`).join()} ${of}`;
  return timestampMs === undefined ? written : `${written} @${timestampMs}`;
}

test('what is written is read: classic histograms and all else', () => {
  fc.assert(
    fc.property(fc.array(family, {maxLength: 3}), (families) => {
      const lines = entryLines(new ProtobufParser({ignoreNativeHistograms: true}), encodeProtobuf(families));
      assert.deepEqual(lines, families.flatMap(expectedLines));
    }),
    {numRuns: 500},
  );
});

/** Buckets that have observations, by index. */
function bucketsOf({spans, counts}: NativeSide): [index: number, count: number][] {
  const found: [number, number][] = [];
  let index = 0;
  let next = 0;
  for (const {offset, length} of spans) {
    index += offset;
    for (let i = 0; i < length; i++) found.push([index++, counts[next++]]);
  }
  return found.filter(([, of]) => of !== 0);
}

test('what is written is read: native histograms', () => {
  const histogram = new FloatHistogram();
  fc.assert(
    fc.property(native, fc.integer({min: 1, max: 1e6}), (part, total) => {
      const point = {kind: 'histogram', count: total, sum: 2.5, buckets: [], native: part} as const;
      const parser = new ProtobufParser();
      parser.reset(encodeProtobuf([{name: 'm', type: 'histogram', metrics: [{labels: [], point}]}]));
      for (const kind of [EntryKind.Help, EntryKind.Type, EntryKind.Histogram]) assert.equal(parser.next(), kind);
      assert.equal(parser.histogram.isFloat, part.isFloat);
      assert.equal(parser.histogram.positive.spanFault(), undefined);
      toFloatHistogram(parser.histogram, histogram);
      for (const key of ['schema', 'zeroThreshold', 'zeroCount'] as const) assert.equal(histogram[key], part[key]);
      assert.equal(histogram.count, total);
      for (const sign of ['positive', 'negative'] as const) {
        const {indexes, counts, length} = histogram[sign];
        assert.deepEqual(
          [...indexes.subarray(0, length)].map((index, i) => [index, counts[i]]),
          bucketsOf(part[sign]),
        );
        const {spanCount, offsets, lengths} = parser.histogram[sign];
        for (let i = 0; i < spanCount; i++) assert.ok(lengths[i] > 0 && (i === 0 || offsets[i] > 0));
      }
      assert.equal(parser.next(), EntryKind.End);
    }),
    {numRuns: 500},
  );
});

// Hostile bodies.

const options: fc.Arbitrary<EntryParserOptions> = fc.record({
  ignoreNativeHistograms: fc.boolean(),
  keepClassicHistograms: fc.boolean(),
  convertClassicHistograms: fc.boolean(),
  typeAndUnitLabels: fc.boolean(),
});
const edit = fc.tuple(fc.nat(), fc.nat(3), fc.array(fc.nat(255), {maxLength: 4}));
const damaged = fc.tuple(fc.array(family, {maxLength: 3}), fc.array(edit, {maxLength: 4})).map(([families, edits]) => {
  const bytes = [...encodeProtobuf(families)];
  for (const [at, length, inserted] of edits) bytes.splice(at % (bytes.length + 1), length, ...inserted);
  return Uint8Array.from(bytes);
});
const body = fc.oneof(damaged, fc.uint8Array({maxLength: 60}));

/** Reads all there is, in limited time and within limited space. */
function readAll(parser: EntryParser, bytes: Uint8Array): void {
  const histogram = new FloatHistogram();
  let entries = 0;
  for (let kind = parser.next(); kind !== EntryKind.End; kind = parser.next()) {
    assert.ok(++entries <= 6 * bytes.length, 'more entries than bytes can say');
    parser.name();
    parser.text();
    if (kind !== EntryKind.Series && kind !== EntryKind.Histogram) continue;
    assert.ok(parser.seriesEnd <= parser.seriesBytes.length && parser.seriesStart < parser.seriesEnd);
    const pairs: LabelPair[] = [];
    parser.labels({set: (label, of) => pairs.push([label, of])});
    assert.equal(pairs.length, parser.labelCount + 1);
    assert.ok(parser.seriesLabels().length <= pairs.length);
    assert.equal(parser.duplicateLabel() !== undefined, new Set(pairs.map(([label]) => label)).size < pairs.length);
    while (parser.nextExemplar()) parser.exemplarLabels(new Map<string, string>());
    assert.ok(Number.isSafeInteger(parser.timestampMs) && Number.isSafeInteger(parser.startTimestampMs()));
    if (kind === EntryKind.Histogram && parser.histogram.positive.spanFault() === undefined) {
      toFloatHistogram(parser.histogram, histogram);
    }
  }
}

function refusesCleanly(bytes: Uint8Array, read: () => void): void {
  try {
    read();
  } catch (error) {
    assert.ok(error instanceof ParseError, String((error as Error).stack));
    assert.ok(error.offset !== undefined && error.offset <= bytes.length);
  }
}

test('nothing but ParseError comes out of the parser', () => {
  fc.assert(
    fc.property(body, options, (bytes, chosen) => {
      const parser = new ProtobufParser(chosen);
      refusesCleanly(bytes, () => {
        parser.reset(bytes);
        readAll(parser, bytes);
      });
      // It can be used again.
      assert.deepEqual(entryLines(parser, encodeProtobuf([])), []);
    }),
    {numRuns: 3000},
  );
});

test('what lies outside of the given range is never seen', () => {
  const outcome = (bytes: Uint8Array, start: number, end: number) => {
    const parser = new ProtobufParser();
    const found: string[] = [];
    try {
      parser.reset(bytes, start, end);
      while (parser.next() !== EntryKind.End) found.push(parser.name(), String(parser.values[0]));
    } catch (error) {
      found.push((error as Error).message.replace(/ \(at byte \d+\)$/, ''));
    }
    return found;
  };
  fc.assert(
    fc.property(body, fc.uint8Array(), fc.uint8Array(), (bytes, before, after) => {
      const around = Uint8Array.from([...before, ...bytes, ...after]);
      assert.deepEqual(outcome(around, before.length, before.length + bytes.length), outcome(bytes, 0, bytes.length));
    }),
    {numRuns: 500},
  );
});

const histogramOf = (buckets: number, pairs: LabelPair[]): Uint8Array =>
  encodeProtobuf([
    {
      name: 'm',
      type: 'histogram',
      metrics: [
        {
          labels: pairs,
          point: {
            kind: 'histogram',
            count: 1,
            sum: 1,
            buckets: Array.from({length: buckets}, (_, i) => ({upperBound: -i, count: 0})),
          },
        },
      ],
    },
  ]);
const hostile: [name: string, body: Uint8Array][] = [
  [
    'many labels in falling order',
    histogramOf(
      0,
      Array.from({length: 5e4}, (_, i) => [`l${1e6 - i}`, '']),
    ),
  ],
  ['many buckets in falling order', histogramOf(1e5, [])],
  ['many buckets of long labels', histogramOf(2e4, [['a', 'x'.repeat(1e5)]])],
  ['groups in groups', Buffer.concat([Buffer.from([0xc0, 0x84, 0x3d]), Buffer.alloc(1e6, 11)])],
  ['many empty families', Buffer.alloc(1e6, 0)],
];
for (const [what, bytes] of hostile) {
  // A quadratic reader would take minutes here.
  test(`reads in linear time: ${what}`, {timeout: 20_000}, () => {
    for (const convertClassicHistograms of [false, true]) {
      const parser = createEntryParser('protobuf', {convertClassicHistograms});
      refusesCleanly(bytes, () => {
        parser.reset(bytes);
        while (parser.next() !== EntryKind.End);
      });
    }
  });
}
