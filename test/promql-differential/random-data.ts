import type {Random} from '@narthex/promql/random-expressions/random.ts';
import {compareLabels, Labels} from '@narthex/model/labels.ts';
import {STALE_NAN_BITS} from '@narthex/model/stale.ts';
import type {PlainWrite} from '@narthex/remote/testing.ts';

/** When the first sample may lie. Samples lie 123 ms behind whole seconds, and nothing that is asked ends there (`QUERY_MS`). */
export const BEGIN_MS = 1_700_000_100_123;
/** Below an hour: a head of 2.42 takes no sample that is an hour older than the newest. */
export const SPAN_MS = 40 * 60_000;
/** What is added to whole seconds where a query begins or `@` points to. Steps of subqueries fall on whole seconds. */
export const QUERY_MS = 377;

type Value = number | bigint;
type Next = () => Value;

/**
 * Floats of all kinds: dyadic with few digits, so that most sums are exact, and odd ones. Series come in the order of their labels: 2.42 reads them so,
 * 3.14 in the order of their creation.
 */
export function randomData(random: Random): PlainWrite[] {
  const data = [
    ...labelSets(['a', 'b'], ['1', '2', '3']).map((labels) => series(random, labels, gauge(random))),
    ...labelSets(['c_total', 'd_total'], ['1', '2']).map((labels) => series(random, labels, counter(random))),
    ...['1', '2', '3'].map((x) => series(random, {__name__: 'odd', x}, odd(random))),
    ...['api', 'web'].map((job) => series(random, {__name__: 'team', job, team: `of ${job}`}, () => 1)),
    series(random, {__name__: 'constant', job: 'api'}, () => 0.75),
    series(random, {__name__: 'tie', job: 'api', x: '1'}, () => 2),
    series(random, {__name__: 'tie', job: 'api', x: '2'}, () => 2),
    series(random, {__name__: 'tie', job: 'web', x: '1'}, () => 2),
    ...['api', 'web'].flatMap((job) => buckets(random, job)),
  ];
  return data.sort((a, b) => compareLabels(Labels.of(a.labels), Labels.of(b.labels)));
}

/** Names in groups whose other labels are the same: they meet once their names are dropped. */
function labelSets(names: readonly string[], xs: readonly string[]): Record<string, string>[] {
  return names.flatMap((name) => ['api', 'web'].flatMap((job) => xs.map((x) => ({__name__: name, job, x}))));
}

function series(random: Random, labels: Record<string, string>, next: Next): PlainWrite {
  const every = random.pick([10, 15, 15, 15, 30, 60]) * 1000;
  const samples: (readonly [number, Value])[] = [];
  let time = BEGIN_MS + random.between(0, 40) * 1000;
  for (const end = BEGIN_MS + SPAN_MS * random.pick([1, 1, 1, 0.5]); time < end; time += pause(random, every)) {
    samples.push([time, random.chance(0.02) ? STALE_NAN_BITS : next()]);
  }
  return {labels: sorted(labels), samples};
}

/** Mostly regular, now and then some seconds off, now and then a gap. */
function pause(random: Random, every: number): number {
  if (random.chance(0.01)) return every * random.between(2, 40);
  return random.chance(0.2) ? every + random.between(-3, 3) * 1000 : every;
}

const sorted = (labels: Record<string, string>): PlainWrite['labels'] =>
  Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1));

const gauge = (random: Random): Next => {
  const unit = random.pick([1, 0.25, 0.5]);
  return () => random.between(-40, 80) * unit;
};

function counter(random: Random): Next {
  let value = random.between(0, 30);
  return () => {
    value = random.chance(0.03) ? random.between(0, 2) : value + random.pick([0, 0.5, 1, 2, 8]);
    return value;
  };
}

const ODD: readonly number[] = [NaN, Infinity, -Infinity, -0, 0, 1, -1, 2 ** 40, -(2 ** -20), 2 ** -30, 1e21, 0.1];

const odd = (random: Random): Next => {
  const known = [random.pick(ODD), random.pick(ODD), random.pick(ODD)];
  return () => (random.chance(0.5) ? random.pick(known) : random.between(-3, 3));
};

/** A classic histogram whose buckets are written at the same times. */
function buckets(random: Random, job: string): PlainWrite[] {
  const bounds = random.pick([
    ['0.25', '1', '4', '+Inf'],
    ['-1', '0', '8', '+Inf'],
    ['1', '2'],
    ['0.5', '+Inf'],
  ]);
  const columns: [number, number][][] = bounds.map(() => []);
  const counts = bounds.map(() => 0);
  for (let time = BEGIN_MS; time < BEGIN_MS + SPAN_MS; time += 15_000) {
    let below = 0;
    for (const [i, column] of columns.entries()) {
      below += counts[i] += random.between(0, 3);
      if (!random.chance(0.02)) column.push([time, below]);
    }
  }
  return columns.map((samples, i) => ({labels: sorted({__name__: 'lat_bucket', job, le: bounds[i]!}), samples}));
}
