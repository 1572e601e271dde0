import {STALE_NAN_BITS} from '@narthex/model/stale.ts';
import type {PlainWrite} from '@narthex/remote/testing.ts';

/** When the first sample lies, in seconds since the epoch: a whole minute, and far from now, so that every run asks the same. */
export const BEGIN_S = 1_700_000_100;
export const STEP_S = 15;
const STEPS = 160;

/** A time `minutes` after the begin, away from all samples and from multiples of all steps: no range ends on a sample. */
export const at = (minutes: number): string => String(BEGIN_S + 60 * minutes + 7);

type Value = number | bigint | undefined;

const series = (labels: Record<string, string>, valueOf: (i: number) => Value): PlainWrite => ({
  labels: Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1)),
  samples: Array.from({length: STEPS}, (_, i) => [(BEGIN_S + STEP_S * i) * 1000, valueOf(i)] as const).filter(
    (sample): sample is [number, number | bigint] => sample[1] !== undefined,
  ),
});

const counters = ['api', 'web'].flatMap((job, j) =>
  ['a:1', 'b:2'].flatMap((instance, n) =>
    ['200', '404', '500'].map((code, c) =>
      series({__name__: 'requests_total', job, instance, code}, (i) => ((i + 40 * n) % (90 + 20 * c)) * (j + c + 1)),
    ),
  ),
);

const buckets = ['0.1', '0.5', '1', '+Inf'].flatMap((le, b) =>
  ['api', 'web'].map((job, j) => series({__name__: 'latency_bucket', job, le}, (i) => i * (b + 1 + j * b))),
);

const edges: readonly (readonly [kind: string, value: number])[] = [
  ['not a number', Number.NaN],
  ['plus infinity', Infinity],
  ['minus infinity', -Infinity],
  ['minus zero', -0],
  ['tiny', 1e-7],
  ['smallest', 5e-324],
  ['huge', 1e21],
  ['largest', Number.MAX_VALUE],
  ['not exact', 0.1 + 0.2],
  ['above 2^53', 2 ** 53 + 2],
];

const texts: readonly (readonly [kind: string, text: string])[] = [
  ['quotes', 'say "hi"'],
  ['backslash', 'C:\\temp\\'],
  ['line end', 'one\ntwo\r'],
  ['control', 'bell\u0007 tab\t nul-free \u001f'],
  ['markup', '<b>&amp;</b>'],
  ['separators', 'a\u2028b\u2029c'],
  ['beyond ASCII', 'héllo 日本 😀'],
  ['order', '\u{1F600} \uFFFD'],
];

/** What both servers are given: resets, stale markers, gaps, odd numbers, odd texts, buckets of histograms. */
export const sampleData: readonly PlainWrite[] = [
  ...counters,
  ...buckets,
  ...edges.map(([kind, value]) => series({__name__: 'edge', kind}, () => value)),
  ...texts.map(([kind, text], n) => series({__name__: 'text', kind, text}, (i) => n + i)),
  ...['cellar', 'roof', 'shed'].map((site, n) =>
    series({__name__: 'temperature', site}, (i) => Math.round(1000 * Math.sin(i / 9 + n)) / 100 + 10 * n),
  ),
  series({__name__: 'gone', how: 'marked'}, (i) => (i < 60 ? i : i === 60 ? STALE_NAN_BITS : undefined)),
  series({__name__: 'gone', how: 'and back'}, (i) => (i === 60 ? STALE_NAN_BITS : i > 60 && i < 80 ? undefined : i)),
  series({__name__: 'gone', how: 'silently'}, (i) => (i < 60 ? i : undefined)),
  series({__name__: 'limits', site: 'roof'}, () => 12),
  series({__name__: 'owner', site: 'roof', team: 'sky'}, () => 1),
  series({__name__: 'owner', site: 'shed', team: 'garden'}, () => 1),
  series({__name__: 'up', job: 'api', instance: 'a:1'}, (i) => (i % 7 === 0 ? 0 : 1)),
];
