import assert from 'node:assert/strict';
import {test} from 'node:test';
import {EntryKind} from './entry.ts';
import {OpenMetricsParser} from './openmetrics-parser.ts';

/** Every series of the lines with its start. */
function startsOf(lines: string): [series: string, startMs: number][] {
  const parser = new OpenMetricsParser({createdAsStartTimestamp: true});
  const body = Buffer.from(`${lines}# EOF\n`);
  const starts: [string, number][] = [];
  parser.reset(body);
  for (let kind = parser.next(); kind !== EntryKind.End; kind = parser.next()) {
    if (kind !== EntryKind.Series) continue;
    starts.push([body.toString('utf8', parser.seriesStart, parser.seriesEnd), parser.startTimestampMs()]);
  }
  return starts;
}

const cases: [name: string, lines: string, want: [string, number][]][] = [
  [
    'each counter has its own line',
    '# TYPE a counter\na_total{x="1"} 1\na_created{x="1"} 1.5\na_total{x="2"} 1\na_created{x="2"} 2.5\n',
    [
      ['a_total{x="1"}', 1500],
      ['a_total{x="2"}', 2500],
    ],
  ],
  [
    'the line of another series is not taken',
    '# TYPE a counter\na_total{x="1"} 1\na_total{x="2"} 1\na_created{x="2"} 2.5\n',
    [
      ['a_total{x="1"}', 0],
      ['a_total{x="2"}', 2500],
    ],
  ],
  [
    'buckets and quantiles share the line of their series',
    '# TYPE h histogram\nh_bucket{x="1",le="1"} 1\nh_bucket{le="+Inf",x="1"} 1\nh_created{x="1"} 3\nh_count{x="1"} 1\n',
    [
      ['h_bucket{x="1",le="1"}', 3000],
      ['h_bucket{le="+Inf",x="1"}', 3000],
      ['h_count{x="1"}', 3000],
    ],
  ],
  // Upstream knows these two and leaves them: the line stands before its samples, or nothing says it is a counter.
  ['a line before its samples is lost', '# TYPE a counter\na_created 1\na_total 1\n', [['a_total', 0]]],
  [
    'without metadata a created line is a series',
    'a_total 1\na_created 1\n',
    [
      ['a_total', 0],
      ['a_created', 0],
    ],
  ],
  ['gauges have none', '# TYPE a_created gauge\na_created 1\n', [['a_created', 0]]],
  [
    'a line of the next family is not taken',
    '# TYPE a counter\na_total 1\n# TYPE b counter\na_created 1\n',
    [['a_total', 0]],
  ],
  ['UTF-8 names', '# TYPE "a.b" counter\n{"a.b_total"} 1\n{"a.b_created"} 2\n', [['{"a.b_total"}', 2000]]],
];
for (const [name, lines, want] of cases) test(name, () => assert.deepEqual(startsOf(lines), want));

test('a parser moves on to the next body without memory of the last', () => {
  const parser = new OpenMetricsParser({createdAsStartTimestamp: true});
  for (const seconds of [5, 7]) {
    parser.reset(Buffer.from(`# TYPE a counter\na_total 1\na_created ${seconds}\n# EOF\n`));
    while (parser.next() !== EntryKind.Series);
    assert.equal(parser.startTimestampMs(), seconds * 1000);
  }
});
