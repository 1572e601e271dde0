import assert from 'node:assert/strict';
import {test} from 'node:test';
import type {EntryParserOptions} from './entry.ts';
import {entryLines} from './entry-lines.test-data.ts';
import {createEntryParser} from './parser.ts';

function read(body: string, options: EntryParserOptions = {}): string[] {
  const format = body.endsWith('# EOF\n') ? 'openmetrics' : 'text';
  return entryLines(createEntryParser(format, {convertClassicHistograms: true, ...options}), Buffer.from(body));
}

const cases: [name: string, body: string, want: string[]][] = [
  [
    'a histogram at the end of the body',
    '# TYPE h histogram\nh_bucket{le="1"} 2\nh_bucket{le="+Inf"} 5\nh_sum 7.5\nh_count 5\n',
    ['TYPE h histogram', 'h int 5/7.5 schema -53 + 0:2,3 bounds 1'],
  ],
  [
    'what follows it comes behind it',
    '# TYPE h histogram\nh_bucket{le="1"} 2 7\nh_count 2 7\n# TYPE g gauge\ng 1 9\n',
    ['TYPE h histogram', 'h int 2/0 schema -53 + 0:2 bounds 1 @7', 'TYPE g gauge', 'g 1 @9'],
  ],
  [
    'other labels are another histogram, the order of lines and of labels is free',
    '# TYPE h histogram\nh_count{a="b",c="d"} 3\nh_bucket{c="d",le="2",a="b"} 3\nh_bucket{le="1",a="b",c="d"} 1\nh_bucket{le="1"} 4\n',
    ['TYPE h histogram', 'h{a="b",c="d"} int 3/0 schema -53 + 0:1,2 bounds 1,2', 'h int 4/0 schema -53 + 0:4 bounds 1'],
  ],
  [
    'counts that are no whole numbers',
    '# TYPE h histogram\nh_bucket{le="1"} 1.5\nh_bucket{le="2"} 1.5\nh_bucket{le="3"} 1.5\nh_bucket{le="+Inf"} 2\n',
    ['TYPE h histogram', 'h float 2/0 schema -53 + 0:1.5 2:0.5 bounds 1,2,3'],
  ],
  [
    'up to two empty buckets between others stay',
    `# TYPE h histogram\n${[0, 1, 1, 1, 2, 2, 2, 2, 3, 3].map((n, i) => `h_bucket{le="${i}"} ${n}\n`).join('')}`,
    ['TYPE h histogram', 'h int 3/0 schema -53 + 1:1,0,0,1 3:1 bounds 0,1,2,3,4,5,6,7,8,9'],
  ],
  [
    'counts that fall give nothing, and the next histogram is none the worse',
    '# TYPE h histogram\nh_bucket{le="1"} 9\nh_bucket{le="+Inf"} 1\nh_count{a="b"} 2\n# EOF\n',
    ['TYPE h histogram', 'h{a="b"} int 2/0 schema -53 + 0:2'],
  ],
  [
    'neither does a count that is less than the buckets',
    '# TYPE h histogram\nh_bucket{le="1"} 9\nh_count 3\n# TYPE i histogram\ni_count 1\n',
    ['TYPE h histogram', 'TYPE i histogram', 'i int 1/0 schema -53 + 0:1'],
  ],
  [
    'nor does anything of it stay',
    '# TYPE h histogram\nh_bucket{le="1"} 9 # {id="a"} 1\nh_count 3\nh_count{a="b"} 1 # {id="b"} 2\n# EOF\n',
    ['TYPE h histogram', 'h{a="b"} int 1/0 schema -53 + 0:1 # id=b 2'],
  ],
  [
    'of one bound the first count is taken',
    '# TYPE h histogram\nh_bucket{le="1"} 2\nh_bucket{le="1.0"} 3\nh_bucket{le="2"} 4\nh_bucket{le="1"} 1\n',
    ['TYPE h histogram', 'h int 4/0 schema -53 + 0:2,2 bounds 1,2'],
  ],
  [
    'of one bound twice in a row too',
    '# TYPE h histogram\nh_bucket{le="1"} 2\nh_bucket{le="1.0"} 3\nh_bucket{le="2"} 4\n',
    ['TYPE h histogram', 'h int 4/0 schema -53 + 0:2,2 bounds 1,2'],
  ],
  [
    'lines of another name, without a bound, or of another type stay',
    '# TYPE h histogram\nh_bucket 1\nh_bucket{le="x"} 1\nh 1\nhh_bucket{le="1"} 1\n# TYPE g gauge\ng_bucket{le="1"} 1\n',
    [
      'TYPE h histogram',
      'h_bucket 1',
      'h_bucket{le="x"} 1',
      'h 1',
      'hh_bucket{le="1"} 1',
      'TYPE g gauge',
      'g_bucket{le="1"} 1',
    ],
  ],
  [
    'a gauge histogram is none',
    '# TYPE h gaugehistogram\nh_bucket{le="+Inf"} 1\n# EOF\n',
    ['TYPE h gaugehistogram', 'h_bucket{le="+Inf"} 1'],
  ],
  [
    'exemplars of all lines, with or without a time',
    '# TYPE h histogram\nh_bucket{le="1"} 1 # {id="a"} 0.5 2\nh_bucket{le="+Inf"} 1\nh_count 1 # {id="b"} 4\n# EOF\n',
    ['TYPE h histogram', 'h int 1/0 schema -53 + 0:1 bounds 1 # id=a 0.5 @2000 # id=b 4'],
  ],
];
for (const [name, body, want] of cases) test(name, () => assert.deepEqual(read(body), want));

test('classic lines are given too when wanted', () => {
  const body = '# TYPE h histogram\nh_bucket{le="+Inf"} 1\nh_count 1\n# HELP h x\n';
  assert.deepEqual(read(body, {keepClassicHistograms: true}), [
    'TYPE h histogram',
    'h_bucket{le="+Inf"} 1',
    'h_count 1',
    'h int 1/0 schema -53 + 0:1',
    'HELP h x',
  ]);
});

test('a histogram began when its created line says, if that is asked for', () => {
  const body = '# TYPE h histogram\nh_count 1\nh_created 2\nh_bucket{le="+Inf"} 1\n# EOF\n';
  const want = ['TYPE h histogram', 'h int 1/0 schema -53 + 0:1 since 2000'];
  assert.deepEqual(read(body, {createdAsStartTimestamp: true}), want);
  assert.deepEqual(read(body), [want[0], 'h int 1/0 schema -53 + 0:1', 'h_created 2', 'h int 1/0 schema -53 + 0:1']);
});

test('labels of type and unit stay', () => {
  const parser = createEntryParser('openmetrics', {convertClassicHistograms: true, typeAndUnitLabels: true});
  parser.reset(Buffer.from('# TYPE h_seconds histogram\n# UNIT h_seconds seconds\nh_seconds_count{a="b"} 1\n# EOF\n'));
  parser.next();
  parser.next();
  parser.next();
  assert.equal(
    parser.seriesLabels().toString(),
    '{__name__="h_seconds", __type__="histogram", __unit__="seconds", a="b"}',
  );
  assert.equal(parser.labelCount, 3);
  assert.equal(parser.name(), 'h_seconds');
});

test('a parser moves on to the next body without memory of the last', () => {
  const parser = createEntryParser('text', {convertClassicHistograms: true});
  parser.reset(Buffer.from('# TYPE h histogram\nh_bucket{le="1"} 5\nh_sum'));
  assert.throws(() => {
    while (parser.next());
  });
  const body = '# TYPE h histogram\nh_bucket{le="2"} 3\n';
  for (let i = 0; i < 2; i++) {
    assert.deepEqual(entryLines(parser, Buffer.from(body)), [
      'TYPE h histogram',
      'h int 3/0 schema -53 + 0:3 bounds 2',
    ]);
  }
});
