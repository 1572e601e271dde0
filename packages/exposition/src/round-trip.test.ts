import assert from 'node:assert/strict';
import {test} from 'node:test';
import fc from 'fast-check';
import {encodeFamilies} from './encode.ts';
import {EntryKind, type ExpositionParser, type MetricType} from './entry.ts';
import type {Exemplar, LabelPair, Metric, MetricFamily, Point} from './family.ts';
import {formatOpenMetricsFloat} from './format-float.ts';
import {parseOpenMetricsFamilies} from './openmetrics-families.ts';
import {OpenMetricsParser} from './openmetrics-parser.ts';
import {parseTextFamilies} from './text-families.ts';
import {TextParser} from './text-parser.ts';

// Families that both formats can say: whole counts, times in whole seconds, label sets told apart by a serial number.

const text = fc.string({
  unit: fc.oneof(
    fc.constantFrom('\\', '"', '\n', '{', '}', ',', '=', '#', ' '),
    fc.string({unit: 'grapheme', minLength: 1, maxLength: 1}),
  ),
});
const plainName = fc.stringMatching(/^[a-z_][a-z0-9_]{0,8}$/).filter((name) => !name.startsWith('__'));
const anyName = fc.string({unit: 'grapheme', minLength: 1, maxLength: 6}).filter((name) => !name.includes('\0'));
const labelName = fc
  .oneof(plainName, anyName)
  .filter((name) => !['le', 'quantile', '__name__', 'serial'].includes(name));
const labels = fc
  .uniqueArray(fc.tuple(labelName, text), {maxLength: 4, selector: ([name]) => name})
  .map((pairs) => pairs as LabelPair[]);
const value = fc.double({noNaN: true});
const count = fc.nat(1e6);
const exemplar: fc.Arbitrary<Exemplar | undefined> = fc.option(
  fc.record({
    labels: fc.tuple(plainName, fc.string({maxLength: 20})).map((pair) => [pair] as LabelPair[]),
    value,
    timestampMs: fc.option(
      fc.nat(1e9).map((seconds) => seconds * 1000),
      {nil: undefined},
    ),
  }),
  {nil: undefined},
);

const gaugePoint: fc.Arbitrary<Point> = value.map((number) => ({kind: 'number', value: number, exemplar: undefined}));
const counterPoint: fc.Arbitrary<Point> = fc.record({
  kind: fc.constant('number' as const),
  value: fc.double({noNaN: true, min: 0, noDefaultInfinity: true}),
  exemplar,
});
const summaryPoint: fc.Arbitrary<Point> = fc.record({
  kind: fc.constant('summary' as const),
  count,
  sum: fc.double({noNaN: true, min: 0}),
  quantiles: fc.constantFrom(
    [],
    [{quantile: 0.5, value: 1.5}],
    [
      {quantile: 0.9, value: -2},
      {quantile: 1, value: 3},
    ],
  ),
});
const histogramPoint: fc.Arbitrary<Point> = fc
  .tuple(
    fc.uniqueArray(fc.integer({min: 0, max: 99}), {maxLength: 5}),
    fc.array(count, {minLength: 6, maxLength: 6}),
    exemplar,
  )
  .map(([bounds, increments, example]) => {
    let total = 0;
    const buckets = [...bounds.sort((a, b) => a - b), Infinity].map((upperBound, i) => {
      total += increments[i];
      return {upperBound, count: total, exemplar: i === 0 ? example : undefined};
    });
    return {kind: 'histogram', count: total, sum: increments[0], buckets};
  });

const POINTS: Partial<Record<MetricType, fc.Arbitrary<Point>>> = {
  counter: counterPoint,
  gauge: gaugePoint,
  unknown: gaugePoint,
  summary: summaryPoint,
  histogram: histogramPoint,
};

function familyArbitrary(type: MetricType): fc.Arbitrary<MetricFamily> {
  const metric = fc.record({
    labels,
    timestampMs: fc.option(
      fc.nat(1e9).map((seconds) => seconds * 1000),
      {nil: undefined},
    ),
    createdMs: fc.constant(undefined),
    point: POINTS[type]!,
  });
  const name = fc.oneof(plainName, anyName).map((stem) => (type === 'counter' ? `${stem}_total` : stem));
  const metrics = fc.array(metric, {minLength: 1, maxLength: 4}).map(numbered);
  const help = fc.option(
    text.filter((line) => line.trim() !== ''),
    {nil: undefined},
  );
  return fc.record({name, help, type: fc.constant(type), unit: fc.constant(undefined), metrics});
}

function numbered(metrics: Metric[]): Metric[] {
  return metrics.map(({labels: pairs, timestampMs, createdMs, point}, i) => {
    const all: LabelPair[] = [...pairs, ['serial', String(i)]];
    return {labels: all, timestampMs, createdMs, point};
  });
}

const family = fc.oneof(...(Object.keys(POINTS) as MetricType[]).map(familyArbitrary));

/** The family as the text format keeps it: without exemplars, its help without blanks in front. */
function withoutExemplars(whole: MetricFamily): MetricFamily {
  return JSON.parse(
    JSON.stringify({...whole, help: whole.help?.replace(/^[ \t]+/, '')}, (key, part: unknown) => {
      if (key === 'exemplar') return undefined;
      return typeof part === 'number' ? String(part) : part;
    }),
  ) as MetricFamily;
}

function stringified(whole: MetricFamily): unknown {
  return JSON.parse(JSON.stringify(whole, (_, part: unknown) => (typeof part === 'number' ? String(part) : part)));
}

test('families survive the text format', () => {
  fc.assert(
    fc.property(family, (whole) => {
      const page = encodeFamilies([whole], {format: 'text', escaping: 'allow-utf-8'});
      assert.deepEqual(parseTextFamilies(page).map(withoutExemplars), [withoutExemplars(whole)]);
    }),
    {numRuns: 500},
  );
});

test('families survive OpenMetrics', () => {
  fc.assert(
    fc.property(family, (whole) => {
      const page = encodeFamilies([whole], {format: 'openmetrics', escaping: 'allow-utf-8'});
      assert.deepEqual(parseOpenMetricsFamilies(page).map(stringified), [stringified(whole)]);
    }),
    {numRuns: 500},
  );
});

/** The label sets of a page as the scrape reads them. */
function scraped(parser: ExpositionParser, page: Uint8Array): Map<string, string>[] {
  const found: Map<string, string>[] = [];
  parser.reset(page);
  for (let kind = parser.next(); kind !== EntryKind.End; kind = parser.next()) {
    if (kind !== EntryKind.Series) continue;
    const out = new Map<string, string>();
    parser.labels(out);
    found.push(out);
  }
  return found;
}

test('the scrape reads the same labels from both formats', () => {
  fc.assert(
    fc.property(family, (whole) => {
      const open = encodeFamilies([whole], {format: 'openmetrics', escaping: 'allow-utf-8'});
      const plain = encodeFamilies([whole], {format: 'text', escaping: 'allow-utf-8'});
      const fromOpen = scraped(new OpenMetricsParser(), open);
      assert.deepEqual(scraped(new TextParser(), plain), fromOpen);
      for (const [i, {labels: pairs, point}] of whole.metrics.entries()) {
        const own = fromOpen.filter((out) => out.get('serial') === String(i));
        for (const out of own) for (const [name, of] of pairs) assert.equal(out.get(name), of);
        if (point.kind !== 'histogram') continue;
        const bounds = own.flatMap((out) => out.get('le') ?? []);
        assert.deepEqual(
          bounds,
          point.buckets.map((bucket) => formatOpenMetricsFloat(bucket.upperBound)),
        );
      }
    }),
    {numRuns: 500},
  );
});

test('a label name with a colon is in quotes', () => {
  const metric: Metric = {labels: [[':', 'x']], point: {kind: 'number', value: 1}};
  const families: MetricFamily[] = [{name: 'a:b', type: 'gauge', metrics: [metric]}];
  for (const format of ['text', 'openmetrics'] as const) {
    const page = encodeFamilies(families, {format, escaping: 'allow-utf-8'});
    const [out] = scraped(format === 'text' ? new TextParser() : new OpenMetricsParser(), page);
    assert.deepEqual([...out], [['__name__', 'a:b'], [':', 'x']]); // prettier-ignore
  }
});

test('escaped pages have legacy names only', () => {
  fc.assert(
    fc.property(family, (whole) => {
      // Escaping keeps colons, as upstream: names of metrics may have them, those of labels may not.
      fc.pre(whole.metrics.every((metric) => metric.labels.every(([name]) => !name.includes(':'))));
      for (const escaping of ['underscores', 'dots', 'values'] as const) {
        const page = encodeFamilies([whole], {format: 'text', escaping});
        for (const {name, metrics} of parseTextFamilies(dropDuplicates(page), 'legacy')) {
          assert.match(name, /^[A-Za-z0-9_:]+$/);
          assert.equal(metrics.length, whole.metrics.length);
        }
      }
    }),
    {numRuns: 200},
  );
});

/** Different names may become one by escaping; such pages are not what this test is about. */
function dropDuplicates(page: Uint8Array): Uint8Array {
  try {
    parseTextFamilies(page, 'legacy');
    return page;
  } catch (error) {
    assert.match((error as Error).message, /duplicate label names/);
    return new Uint8Array(0);
  }
}
