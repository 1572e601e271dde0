import assert from 'node:assert/strict';
import {test} from 'node:test';
import * as fc from 'fast-check';
import * as layout from '../layout/scrape-lines.ts';
import {putFloatPowers} from './float-powers.ts';
import {bitsOf, TestMemory} from './testing.ts';

const memory = new TestMemory();
const powers = putFloatPowers(memory);

const GENERATION = 10;
const NOW = 1_700_000_000_000;

interface Expected {
  readonly text: string;
  readonly slot: number;
}

interface Options {
  next?: number;
  capacity?: number;
  timestamps?: number;
}

interface Walk {
  readonly reason: number;
  /** What of the body is left. */
  readonly rest: string;
  readonly next: number;
  readonly samples: number;
  readonly staged: readonly (readonly [slot: number, time: number, value: bigint])[];
  readonly seen: readonly number[];
}

function walk(body: string, expected: readonly Expected[], options: Options = {}): Walk {
  return memory.scoped(() => {
    const capacity = options.capacity ?? 100;
    const {at, length} = memory.putText(body);
    const texts = memory.putText(expected.map(({text}) => text).join(''));
    let offset = 0;
    const records = expected.flatMap(({text, slot}) => {
      const bytes = new TextEncoder().encode(text).length;
      offset += bytes;
      return [offset - bytes, bytes, slot, 0];
    });
    const table = memory.putWords(records);
    const state = memory.room(layout.LINES_STATE_BYTES);
    const slots = memory.room(capacity * 4);
    const times = memory.room(capacity * 8);
    const values = memory.room(capacity * 8);
    const fields = new Map([
      [layout.LINES_POSITION, at],
      [layout.LINES_END, at + length],
      [layout.LINES_TABLE, table],
      [layout.LINES_EXPECTED, expected.length],
      [layout.LINES_NEXT, options.next ?? 0],
      [layout.LINES_TEXT, texts.at],
      [layout.LINES_GENERATION, GENERATION],
      [layout.LINES_TIMESTAMPS, options.timestamps ?? layout.TIMESTAMPS_STOP],
      [layout.LINES_POWERS, powers],
      [layout.LINES_SLOTS, slots],
      [layout.LINES_TIMES, times],
      [layout.LINES_VALUES, values],
      [layout.LINES_STAGED, 0],
      [layout.LINES_CAPACITY, capacity],
      [layout.LINES_SAMPLES, 0],
    ]);
    for (const [field, value] of fields) memory.u32[(state + field) / 4] = value;
    memory.f64[(state + layout.LINES_TIME) / 8] = NOW;
    const reason = memory.kernels.scrapeLines(state);
    const field = (name: number): number => memory.u32[(state + name) / 4];
    const position = field(layout.LINES_POSITION);
    const staged = Array.from(
      {length: field(layout.LINES_STAGED)},
      (_, i) => [memory.u32[slots / 4 + i], memory.f64[times / 8 + i], memory.u64[values / 8 + i]] as const,
    );
    return {
      reason,
      rest: new TextDecoder().decode(memory.bytes(position, at + length - position)),
      next: field(layout.LINES_NEXT),
      samples: field(layout.LINES_SAMPLES),
      staged,
      seen: expected.map((_, i) => memory.u32[(table + i * layout.LINE_BYTES + layout.LINE_SEEN) / 4]),
    };
  });
}

const up = {text: 'up ', slot: 7};
const requests = {text: 'http_requests_total{code="200",method="get"} ', slot: 8};
const help = {text: '# HELP up Whether it is.\n# TYPE up gauge\n', slot: layout.LINE_COMMENT};
const dropped = {text: 'go_gc{x="y"} ', slot: layout.LINE_DROPPED};

test('a body with the expected lines goes through in one call', () => {
  const body = `${help.text}up 1\n${requests.text}1.5e3\n${dropped.text}NaN\n`;
  assert.deepEqual(walk(body, [help, up, requests, dropped]), {
    reason: layout.LINES_DONE,
    rest: '',
    next: 4,
    samples: 3,
    staged: [
      [7, NOW, bitsOf(1)],
      [8, NOW, bitsOf(1500)],
    ],
    seen: [GENERATION, GENERATION, GENERATION, GENERATION],
  });
});

const {TIMESTAMPS_IGNORE: IGNORE, TIMESTAMPS_STOP: STOP, TIMESTAMPS_TAKE: TAKE} = layout;
const {LINES_DIFFER: DIFFER, LINES_DONE: DONE, LINES_FULL: FULL, LINES_VALUE: VALUE} = layout;

const stops: [name: string, body: string, reason: number, rest: string, options?: Options][] = [
  ['nothing', '', DONE, ''],
  ['another series', 'up 1\ndown 2\n', DIFFER, 'down 2\n'],
  ['a line shorter than expected', 'up 1\nhttp 2\n', DIFFER, 'http 2\n'],
  [
    'one byte differs',
    `up 1\n${requests.text.replace('get', 'got')}2\n`,
    DIFFER,
    `${requests.text.replace('get', 'got')}2\n`,
  ],
  ['more lines than expected', `up 1\n${requests.text}2\nup 3\n`, DIFFER, 'up 3\n'],
  ['an empty line', 'up 1\n\n', DIFFER, '\n'],
  ['a value for the slow path', 'up 0.12345678901234567890123\n', VALUE, 'up 0.12345678901234567890123\n'],
  ['a value that is none', 'up one\n', VALUE, 'up one\n'],
  ['no value', 'up \n', VALUE, 'up \n'],
  ['two spaces before the value', 'up  1\n', VALUE, 'up  1\n'],
  ['a carriage return', 'up 1\r\n', VALUE, 'up 1\r\n'],
  ['an underscore in the value', 'up 1_0\n', VALUE, 'up 1_0\n'],
  ['a body without its last line feed', 'up 1', VALUE, 'up 1'],
  ['a timestamp where none is taken', 'up 1 123\n', VALUE, 'up 1 123\n', {timestamps: STOP}],
  ['an exemplar', 'up 1 # {a="b"} 1\n', VALUE, 'up 1 # {a="b"} 1\n', {timestamps: TAKE}],
  ['a negative timestamp', 'up 1 -1\n', VALUE, 'up 1 -1\n', {timestamps: TAKE}],
  ['a timestamp of 16 digits', 'up 1 1234567890123456\n', VALUE, 'up 1 1234567890123456\n', {timestamps: TAKE}],
  ['text behind the timestamp', 'up 1 123 4\n', VALUE, 'up 1 123 4\n', {timestamps: IGNORE}],
  ['text at the timestamp', 'up 1 123x\n', VALUE, 'up 1 123x\n', {timestamps: IGNORE}],
  ['a timestamp and no line feed', 'up 1 123', VALUE, 'up 1 123', {timestamps: TAKE}],
  ['spaces at the end', 'up 1 \t \n', DONE, '', {timestamps: TAKE}],
  ['no room', 'up 1\n', FULL, 'up 1\n', {capacity: 0}],
];
for (const [name, body, reason, rest, options] of stops) {
  test(`stops at the line: ${name}`, () => {
    const result = walk(body, [up, requests], options);
    assert.deepEqual([result.reason, result.rest], [reason, rest]);
    assert.equal(result.samples, body.slice(0, body.length - rest.length).split('\n').length - 1);
  });
}

test('a line does not match beyond the end of the body', () => {
  // What lies behind the body in a TestMemory are Zs.
  assert.equal(walk('# Z', [{text: '# ZZ', slot: layout.LINE_COMMENT}]).reason, DIFFER);
});

test('a timestamp becomes the time of the sample and marks the record', () => {
  const result = walk('up 1 123\n', [up], {timestamps: TAKE});
  assert.deepEqual(result.staged, [[7, 123, bitsOf(1)]]);
  assert.deepEqual(result.seen, [GENERATION + 1]);
});

test('a timestamp that is ignored leaves the time of the scrape', () => {
  const result = walk('up 1\t123 \n', [up], {timestamps: IGNORE});
  assert.deepEqual(result.staged, [[7, NOW, bitsOf(1)]]);
  assert.deepEqual(result.seen, [GENERATION]);
});

test('goes on from a moved record', () => {
  const result = walk(`${requests.text}1\n`, [up, requests], {next: 1});
  assert.deepEqual([result.reason, result.next, result.seen], [DONE, 2, [0, GENERATION]]);
});

/** The same walk a line at a time, over strings. */
function plainWalk(body: string, expected: readonly Expected[], timestamps: number): Walk {
  const staged: [number, number, bigint][] = [];
  const seen = expected.map(() => 0);
  let rest = body;
  let next = 0;
  let samples = 0;
  const stop = (reason: number): Walk => ({reason, rest, next, samples, staged, seen});
  while (rest !== '') {
    const record = expected[next];
    if (record === undefined || record.text === '' || !rest.startsWith(record.text)) return stop(DIFFER);
    if (record.slot === layout.LINE_COMMENT) {
      seen[next++] = GENERATION;
      rest = rest.slice(record.text.length);
      continue;
    }
    const pattern = timestamps === STOP ? /^([^ \t\n]+)()\n/ : /^([^ \t\n]+)(?:[ \t]+(\d{1,15})?)?[ \t]*\n/;
    const match = pattern.exec(rest.slice(record.text.length));
    if (match === null || !/^[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$/i.test(match[1])) return stop(VALUE);
    const own = match[2] !== undefined && match[2] !== '' && timestamps === TAKE;
    if (record.slot !== layout.LINE_DROPPED)
      staged.push([record.slot, own ? Number(match[2]) : NOW, bitsOf(Number(match[1]))]);
    samples++;
    seen[next++] = own ? GENERATION + 1 : GENERATION;
    rest = rest.slice(record.text.length + match[0].length);
  }
  return stop(DONE);
}

const series = fc
  .tuple(
    fc.constantFrom('a', 'up', 'http_requests_total'),
    fc.string({maxLength: 40, unit: fc.constantFrom('x', 'y', 'é', '\\n')}),
  )
  .map(([name, value]) => `${name}{label="${value}"} `);
const record = fc.record({text: series, slot: fc.constantFrom(0, 1, 2, 3)});
const suffix = fc.constantFrom('1', '0.5', '-12e3', '1 5', '1  5 ', '1\t', 'x', '', '1 x', '1 5 6', '1\r', '1.');
const lines = fc.array(fc.record({record, suffix, changed: fc.integer({min: 0, max: 9})}), {maxLength: 8});

test('walks as the plain reference does', () => {
  fc.assert(
    fc.property(lines, fc.constantFrom(STOP, TAKE, IGNORE), (list, timestamps) => {
      const expected = list.map((line) => line.record);
      const body = list.map(
        ({record: {text}, suffix: end, changed}) => `${changed === 0 ? text.slice(1) : text}${end}\n`,
      );
      assert.deepEqual(walk(body.join(''), expected, {timestamps}), plainWalk(body.join(''), expected, timestamps));
    }),
    {numRuns: 1000},
  );
});
