import assert from 'node:assert/strict';
import {test} from 'node:test';
import {EntryKind} from './entry.ts';
import {createParser} from './parser.ts';

test('protobuf is refused by its name', () => {
  assert.throws(() => createParser('protobuf'), {name: 'ParseError', message: /PrometheusProto/});
});

test('the last line of the text format needs no newline', () => {
  const parser = createParser('text');
  for (const [line, value, timestampMs] of [
    ['a 1', 1, 0],
    ['a{b="c"} 2 3', 2, 3],
  ] as const) {
    parser.reset(Buffer.from(line));
    assert.equal(parser.next(), EntryKind.Series);
    assert.equal(parser.values[0], value);
    assert.equal(parser.hasTimestamp ? parser.timestampMs : 0, timestampMs);
    assert.equal(parser.position, line.length);
    assert.equal(parser.next(), EntryKind.End);
  }
});

test('a carriage return is part of what it follows', () => {
  const parser = createParser('text');
  parser.reset(Buffer.from('a 1\r\n'));
  assert.throws(() => parser.next(), {message: /parsing "1\\r": invalid syntax/});
  parser.reset(Buffer.from('# HELP a x\r\n'));
  assert.equal(parser.next(), EntryKind.Help);
  assert.equal(parser.text(), 'x\r');
});

test('one line at a time, with the metadata that came before', () => {
  const body = Buffer.from('# TYPE h histogram\nh_bucket{le="1"} 7\nh_sum 3\n');
  const parser = createParser('text');
  parser.reset(body);
  assert.equal(parser.next(), EntryKind.Type);
  const line = body.indexOf('h_bucket');
  const end = body.indexOf('h_sum');
  parser.parseSeriesLine(body, line, end);
  assert.equal(parser.seriesLabels().toString(), '{__name__="h_bucket", le="1.0"}');
  assert.equal(parser.position, end);
  for (const [start, stop] of [
    [0, line],
    [line, body.length],
    [line, line],
  ]) {
    assert.throws(() => parser.parseSeriesLine(body, start, stop), {name: 'ParseError', message: /one sample line/});
  }
});

test('a caller that has consumed lines itself moves the position', () => {
  const parser = createParser('openmetrics');
  const body = Buffer.from('a 1\nnonsense\nb 2\n# EOF\n');
  parser.reset(body);
  parser.next();
  parser.position = body.indexOf('b 2');
  assert.equal(parser.next(), EntryKind.Series);
  assert.equal(parser.name(), 'b');
  assert.equal(parser.next(), EntryKind.End);
});

const times: [format: 'text' | 'openmetrics', line: string, timestampMs: number | RegExp][] = [
  ['text', 'a 1 1234', 1234],
  ['text', 'a 1 9223372036854775807', Number.MAX_SAFE_INTEGER],
  ['text', 'a 1 0000000000000000000000012', 12],
  ['text', 'a 1 9223372036854775808', /strconv.ParseInt: parsing "9223372036854775808": value out of range/],
  ['text', 'a 1 -1', /expected timestamp or new record/],
  ['openmetrics', 'a 1 -1.5', -1500],
  ['openmetrics', 'a 1 1.0015', 1001],
  ['openmetrics', 'a 1 1e300', Number.MAX_SAFE_INTEGER],
];
for (const [format, line, want] of times) {
  test(`time of ${JSON.stringify(line)} in ${format}`, () => {
    const parser = createParser(format);
    parser.reset(Buffer.from(`${line}\n# EOF\n`));
    if (typeof want === 'object') return void assert.throws(() => parser.next(), {message: want});
    parser.next();
    assert.equal(parser.timestampMs, want);
  });
}

test('labels given twice are seen', () => {
  const duplicates: [line: string, want: string | undefined][] = [
    ['a{b="1",c="2"} 1', undefined],
    ['a{c="1",b="2"} 1', undefined],
    ['a{b="1",b="1"} 1', 'b'],
    ['a{c="1",b="1",c="2"} 1', 'c'],
    ['a{__name__="b"} 1', '__name__'],
  ];
  for (const [line, want] of duplicates) {
    const parser = createParser('text');
    parser.reset(Buffer.from(line));
    parser.next();
    assert.equal(parser.duplicateLabel(), want, line);
  }
});

test('names that are not UTF-8 are refused', () => {
  for (const line of ['{"\xff"} 1', '{"a","\xff"="b"} 1', '# HELP "\xff" x']) {
    for (const format of ['text', 'openmetrics'] as const) {
      const parser = createParser(format);
      parser.reset(Buffer.from(`${line}\n# EOF\n`, 'latin1'));
      assert.throws(() => parser.next(), {
        name: 'ParseError',
        message: /invalid metric name or label names: "\\"\\xff/,
      });
    }
  }
});
