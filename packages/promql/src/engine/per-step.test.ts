// The table "a step at a time" of the package's README, line by line.
import assert from 'node:assert/strict';
import {test} from 'node:test';
import {KernelMemory} from '@narthex/kernels/kernel-memory.ts';
import {Labels} from '@narthex/model/labels.ts';
import {STALE_NAN_BITS} from '@narthex/model/stale.ts';
import {bitsOf, MemoryStorage} from '../memory-storage/memory-storage.ts';
import {prepare, range} from './engine.ts';

const MINUTE = 60_000;
const SAME = 'vector cannot contain metrics with the same labelset';
const DUPLICATE = 'found duplicate series for the match group';
const MULTIPLE = 'multiple matches for labels: many-to-one matching must be explicit (group_left/group_right)';

/** Samples a minute apart, `_` for none and `stale`. */
const SERIES: readonly [name: string, labels: Record<string, string>, values: string][] = [
  // `early` and `late` never meet at a step; `other` meets both.
  ['early', {x: '1'}, '1 2 stale _ _'],
  ['late', {x: '1'}, '_ _ _ 3 4'],
  ['other', {x: '1'}, '5 5 5 5 5'],
  ['pair', {x: '1', y: '1'}, '_ _ 1 1 stale'],
  ['pair', {x: '1', y: '2'}, '_ _ _ 2 2'],
  ['first', {x: '2'}, '7 7 7 7 7'],
  ['second', {x: '1'}, '7 7 7 7 7'],
];

function storageOf(): MemoryStorage {
  const storage = new MemoryStorage();
  for (const [name, labels, values] of SERIES) {
    for (const [i, value] of values.split(' ').entries()) {
      if (value === '_') continue;
      const bits = value === 'stale' ? STALE_NAN_BITS : bitsOf(Number(value));
      storage.append(Labels.of(Object.entries({__name__: name, ...labels})), i * MINUTE, bits);
    }
  }
  return storage;
}

const storage = storageOf();

/** Rows of a range query over the five minutes, a point a minute, `_` for none; or the beginning of its error. */
function answer(text: string, delayedNameRemoval: boolean): string[] | string {
  const memory = new KernelMemory({maximumBytes: 2 ** 24});
  try {
    const query = prepare(text, {delayedNameRemoval, experimentalFunctions: true});
    const result = range(query, {querier: storage.querier(memory), memory}, 0, 4 * MINUTE, MINUTE);
    const rows: string[] = [];
    result.forEachRow((labels, samples) => {
      const points = Array.from({length: 5}, (_, i) => samples.find(({timeMs}) => timeMs === i * MINUTE)?.value ?? '_');
      rows.push(`${labels} ${points.join(' ')}`);
    });
    return rows;
  } catch (error) {
    return (error as Error).message;
  }
}

const BOTH = '{__name__=~"early|late"}';
const MEETING = '{__name__=~"early|other"}';
const MERGED = ['{x="1"} 1 2 _ 3 4'];

const cases: [line: string, query: string, dropped: string[] | string, delayed: string[] | string][] = [
  ['functions over ranges: the whole matrix', `sum_over_time(${BOTH}[1m])`, SAME, MERGED],
  [
    'functions over ranges that keep names',
    `last_over_time(late[1m])`,
    ['{__name__="late", x="1"} _ _ _ 3 4'],
    ['{__name__="late", x="1"} _ _ _ 3 4'],
  ],
  ['functions over vectors: merged', `abs(${BOTH})`, MERGED, MERGED],
  ['functions over vectors: rows that meet', `abs(${MEETING})`, SAME, SAME],
  ['arithmetic with a scalar: merged', `${BOTH} * 1`, MERGED, MERGED],
  ['arithmetic with a scalar: rows that meet', `1 * ${MEETING}`, SAME, SAME],
  ['comparison with bool: merged', `${BOTH} > bool 2`, ['{x="1"} 0 0 _ 1 1'], ['{x="1"} 0 0 _ 1 1']],
  ['unary minus: merged', `-${BOTH}`, ['{x="1"} -1 -2 _ -3 -4'], ['{x="1"} -1 -2 _ -3 -4']],
  ['unary minus: rows that meet', `-${MEETING}`, SAME, SAME],
  [
    'label functions: merged',
    `label_replace(${BOTH}, "__name__", "n", "", "")`,
    ['{__name__="n", x="1"} 1 2 _ 3 4'],
    ['{__name__="n", x="1"} 1 2 _ 3 4'],
  ],
  ['label functions: rows that meet', `label_replace(${MEETING}, "__name__", "n", "", "")`, SAME, SAME],
  ['aggregations: groups are distinct', `sum(${MEETING})`, ['{} 6 7 5 5 5'], ['{} 6 7 5 5 5']],
  [
    'aggregations see names that are to go',
    `label_replace(count by (__name__) (abs(${MEETING})), "n", "$1", "__name__", "(.*)")`,
    SAME,
    ['{n="early"} 1 1 _ _ _', '{n="other"} 1 1 1 1 1'],
  ],
  [
    'selecting aggregations: ties go to the first row',
    `topk(1, {__name__=~"first|second"})`,
    ['{__name__="first", x="2"} 7 7 7 7 7'],
    ['{__name__="first", x="2"} 7 7 7 7 7'],
  ],
  [
    'selecting aggregations: the parameter before all steps',
    'topk(scalar(none), other)',
    'Parameter value is NaN',
    'Parameter value is NaN',
  ],
  ['joins: the first step that fails', 'other + on (x) pair', DUPLICATE, DUPLICATE],
  ['joins: many to one', 'pair + on (x) other', MULTIPLE, MULTIPLE],
  ['joins: errors of the left side first', '(pair + on (x) other) + (other + on (x) pair)', MULTIPLE, MULTIPLE],
  ['joins: equal results of one step', `${MEETING} + on (__name__, x) ${MEETING}`, SAME, SAME],
  [
    'joins: equal results that never meet',
    `${BOTH} + on (__name__, x) ${BOTH}`,
    ['{x="1"} 2 4 _ 6 8'],
    ['{x="1"} 2 4 _ 6 8'],
  ],
  [
    'and, unless: rows of the left side',
    'other unless on (x) early',
    ['{__name__="other", x="1"} _ _ 5 5 5'],
    ['{__name__="other", x="1"} _ _ 5 5 5'],
  ],
  ['or: merged', 'abs(early) or abs(late)', MERGED, MERGED],
  ['absent: one row', 'absent(early)', ['{} _ _ 1 1 1'], ['{} _ _ 1 1 1']],
  ['scalar: NaN where there is not one row', `scalar(${MEETING})`, ['{} NaN NaN 5 5 5'], ['{} NaN NaN 5 5 5']],
  [
    'count_values: a row a value',
    'count_values("v", early)',
    ['{v="1"} 1 _ _ _ _', '{v="2"} _ 1 _ _ _'],
    ['{v="1"} 1 _ _ _ _', '{v="2"} _ 1 _ _ _'],
  ],
  [
    'the end of the query: names go, rows that never meet merge',
    'abs(early) or late',
    ['{__name__="late", x="1"} _ _ _ 3 4', '{x="1"} 1 2 _ _ _'],
    ['{__name__="late", x="1"} _ _ _ 3 4', '{x="1"} 1 2 _ _ _'],
  ],
  ['the end of the query: rows that meet', 'abs({__name__=~"first|second|other"})', SAME, SAME],
];
for (const [line, query, dropped, delayed] of cases) {
  for (const [mode, want] of [
    ['names dropped at once', dropped],
    ['names dropped at the end', delayed],
  ] as const) {
    test(`${line} (${mode})`, () => {
      const got = answer(query, mode === 'names dropped at the end');
      if (typeof want === 'string')
        assert.ok(typeof got === 'string' && got.startsWith(want), `${query}: ${String(got)}`);
      else assert.deepEqual(got, want, query);
    });
  }
}
