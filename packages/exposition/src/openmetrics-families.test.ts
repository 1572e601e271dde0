import assert from 'node:assert/strict';
import {test} from 'node:test';
import {parseOpenMetricsFamilies} from './openmetrics-families.ts';

const faults: [name: string, lines: string, message: RegExp][] = [
  ['a family in two places', 'a 1\nb 1\na{x="1"} 1', /used before/],
  ['a metric in two places', 'a{x="1"} 1\na{x="2"} 1\na{x="1"} 2', /apart/],
  [
    'a created line of another family',
    '# TYPE a counter\na_total 1\n# TYPE a_created gauge\na_created 1',
    /used before/,
  ],
  ['a fractional bucket', '# TYPE a histogram\na_bucket{le="+Inf"} 0.5', /whole number/],
  ['a long exemplar', `# TYPE a counter\na_total 1 # {x="${'é'.repeat(128)}"} 1`, /128 UTF-8 characters/],
];
for (const [name, lines, message] of faults) {
  test(`refuses ${name}`, () => {
    assert.throws(() => parseOpenMetricsFamilies(Buffer.from(`${lines}\n# EOF\n`)), {name: 'ParseError', message});
  });
}

test('points of one histogram at several times stay apart', () => {
  const point = (time: number): string =>
    `a_bucket{le="+Inf"} ${time} ${time}\na_count ${time} ${time}\na_sum 1 ${time}\n`;
  const [family] = parseOpenMetricsFamilies(Buffer.from(`# TYPE a histogram\n${point(1)}${point(2)}# EOF\n`));
  assert.deepEqual(
    family.metrics.map((metric) => metric.timestampMs),
    [1000, 2000],
  );
});

test('errors carry the line', () => {
  assert.throws(() => parseOpenMetricsFamilies(Buffer.from('a 1\nb 1\nb -\n# EOF\n')), {name: 'ParseError', line: 3});
});

test('an exemplar has 128 characters, whatever their size', () => {
  const page = (length: number): Uint8Array =>
    Buffer.from(`# TYPE a counter\na_total 1 # {x="${'😱'.repeat(length)}"} 1\n# EOF\n`);
  parseOpenMetricsFamilies(page(127));
  assert.throws(() => parseOpenMetricsFamilies(page(128)), /128 UTF-8 characters/);
});
